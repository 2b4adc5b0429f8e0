/* SPDX-License-Identifier: MIT
 *
 * attention.c - multi-head attention, positions, the transformer block.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "grove/layers.h"
#include "grove/nn.h"
#include "layer.h"

/* Added to the score of what is not to be seen: far below any score, so that exp yields 0 exactly;
 * and finite, so that a row in which nothing is to be seen has no NaN. */
static const double unseen = 1e30;

/* What is being built. */
typedef struct attention {
    const char *name;
    grove_attention_options wish;
    grove_tensor x, memory; /* [batch, time, width], [batch, keys, any] */
    int64_t batch, time, keys, width, head_width, heads;
} attention;

/* ---- checks ---------------------------------------------------------------------------------- */

static bool is_sequence(grove_tensor x) {
    grove_shape shape = grove_node_shape(x);
    return shape.rank == 3 && shape.dim[1] > 0 && shape.dim[2] > 0;
}

static bool want_sequence(grove_tensor x, const char *layer, const char *name, const char *what) {
    char text[96];
    if (!grove_layer_takes(GROVE_REAL, x, layer, name)) {
        return false;
    }
    if (is_sequence(x)) {
        return true;
    }
    grove_mistake(x.graph, GROVE_BAD_SHAPE,
                  "%s '%.80s': %s must have the shape [batch, time, width], time and width fixed "
                  "and above 0, not %s",
                  layer, name, what, grove_shape_text(grove_node_shape(x), text, sizeof text));
    return false;
}

static bool check_keep(const attention *a) {
    char wanted[96], given[96];
    grove_shape shape = GROVE_SHAPE(a->batch, a->keys);
    if (!grove_is_valid(a->wish.keep) || grove_shape_equal(grove_node_shape(a->wish.keep), shape)) {
        return true;
    }
    grove_mistake(a->x.graph, GROVE_BAD_SHAPE,
                  "attention '%.80s': keep must have the shape %s, one number for each key, not %s",
                  a->name, grove_shape_text(shape, wanted, sizeof wanted),
                  grove_shape_text(grove_node_shape(a->wish.keep), given, sizeof given));
    return false;
}

static bool check(const attention *a, int64_t memory_batch) {
    grove_graph *graph = a->x.graph;
    if (a->heads <= 0 || a->width % a->heads != 0) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT,
                      "attention '%.80s': %" PRId64 " heads do not divide the width %" PRId64,
                      a->name, a->heads, a->width);
        return false;
    }
    if (memory_batch != a->batch) {
        grove_mistake(graph, GROVE_BAD_SHAPE,
                      "attention '%.80s': x and memory must have the same first axis", a->name);
        return false;
    }
    if (a->wish.causal && grove_is_valid(a->wish.memory)) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT,
                      "attention '%.80s': causal says which places of x itself are seen; there is "
                      "no such order in a memory",
                      a->name);
        return false;
    }
    return check_keep(a);
}

static bool open_attention(attention *a) {
    grove_shape x = grove_node_shape(a->x), memory = grove_node_shape(a->memory);
    if (!want_sequence(a->x, "attention", a->name, "x") ||
        !want_sequence(a->memory, "attention", a->name, "memory")) {
        return false;
    }
    a->batch = x.dim[0];
    a->time = x.dim[1];
    a->width = x.dim[2];
    a->keys = memory.dim[1];
    a->head_width = a->heads > 0 ? a->width / a->heads : 0;
    return check(a, memory.dim[0]);
}

/* ---- masks: 1 for what is seen, else 0 ------------------------------------------------------- */

/* [time, time], 1 on and below the diagonal: one constant for all layers of a length. */
static grove_tensor causal_mask(grove_graph *graph, int64_t time) {
    char name[48];
    snprintf(name, sizeof name, "causal_mask.%" PRId64, time);
    grove_tensor mask = grove_find(graph, name);
    if (strcmp(grove_node_op(mask), "constant") == 0) {
        return mask;
    }
    grove_allocator allocator = grove_graph_allocator(graph);
    size_t side = (size_t)time, count = 0;
    grove_real *values = grove_multiply(side, side, &count)
                             ? grove_alloc_zero(&allocator, count, sizeof *values)
                             : NULL;
    if (!values) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: %s was not made", name);
        return GROVE_NONE;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = i % side <= i / side;
    }
    mask = grove_constant(graph, name, GROVE_SHAPE(time, time), values);
    grove_release(&allocator, values);
    return mask;
}

/* [time, keys], [batch, time, keys], or GROVE_NONE where all is seen. */
static grove_tensor mask_of(const attention *a) {
    grove_tensor causal = a->wish.causal ? causal_mask(a->x.graph, a->time) : GROVE_NONE;
    if (!grove_is_valid(a->wish.keep)) {
        return causal;
    }
    bool ids = grove_node_type(a->wish.keep) == GROVE_ID;
    grove_tensor numbers = ids ? grove_real_of(a->wish.keep) : a->wish.keep; /* [batch, keys] */
    grove_tensor mask = grove_broadcast(grove_above(numbers, 0),
                                        GROVE_SHAPE(a->batch, a->time, a->keys), GROVE_AXES(1));
    return a->wish.causal ? grove_mul(mask, causal) : mask;
}

/* ---- attention ------------------------------------------------------------------------------- */

/* What a part of the layer learns; the bias may be GROVE_NONE. */
typedef struct projection {
    grove_tensor weight, bias;
} projection;

static projection learn(const attention *a, int64_t inputs, const char *part) {
    grove_part_name layer;
    grove_part(&layer, a->name, part);
    projection made = {.bias = GROVE_NONE};
    made.weight =
        grove_part_parameter(a->x.graph, layer.text, "weight", GROVE_SHAPE(a->width, inputs),
                             (grove_init){.kind = GROVE_INIT_XAVIER_UNIFORM});
    if (!a->wish.no_bias) {
        made.bias = grove_part_parameter(a->x.graph, layer.text, "bias", GROVE_SHAPE(a->width),
                                         (grove_init){0});
    }
    return made;
}

/* x W^T + b without a name of its own: [batch, time, width]. */
static grove_tensor project(grove_tensor x, projection p) {
    grove_tensor y = grove_matmul(x, p.weight, false, true);
    return grove_is_valid(p.bias) ? grove_add(y, p.bias) : y;
}

/* Several of them side by side, by one product: [batch, time, count * width]. What is copied for
 * it are the weights, which are few beside x and y. */
static grove_tensor project_together(grove_tensor x, const projection *p, int count) {
    grove_tensor weights[3], biases[3];
    for (int i = 0; i < count; i++) {
        weights[i] = p[i].weight;
        biases[i] = p[i].bias;
    }
    projection all = {.weight = grove_concat(weights, count, 0), .bias = GROVE_NONE};
    if (grove_is_valid(p[0].bias)) {
        all.bias = grove_concat(biases, count, 0);
    }
    return project(x, all);
}

/* [batch, time, width] -> [batch, heads, time, head_width] */
static grove_tensor by_head(const attention *a, grove_tensor x, int64_t time) {
    grove_shape parts = GROVE_SHAPE(a->batch, time, a->heads, a->head_width);
    return grove_transpose(grove_reshape(x, parts), GROVE_AXES(0, 2, 1, 3));
}

/* softmax over what the mask lets through: [batch, heads, time, keys]. */
static grove_tensor weights_of(const attention *a, grove_tensor scores) {
    grove_tensor mask = mask_of(a);
    if (!grove_is_valid(mask)) {
        return grove_softmax(scores);
    }
    grove_tensor penalty = grove_scale(grove_shift(mask, -1), unseen); /* 0, or -unseen */
    if (!grove_is_valid(a->wish.keep)) {
        return grove_softmax(grove_add(scores, penalty)); /* each place sees itself */
    }
    grove_shape shape = grove_node_shape(scores), heads = GROVE_AXES(1);
    grove_tensor weights = grove_softmax(grove_add(scores, grove_broadcast(penalty, shape, heads)));
    /* Where nothing is seen all scores are equally bad, and the softmax shares among them. */
    return grove_mul(weights, grove_broadcast(mask, shape, heads));
}

/* softmax(q k^T / sqrt(head_width)), named; each [batch, heads, time, ...]. */
static grove_tensor named_weights(const attention *a, grove_tensor query, grove_tensor key) {
    /* Queries are scaled rather than scores, of which there are more. */
    grove_tensor scaled = grove_scale(query, 1 / sqrt((double)a->head_width));
    grove_tensor scores =
        grove_matmul(by_head(a, scaled, a->time), by_head(a, key, a->keys), false, true);
    grove_part_name part;
    return grove_name(weights_of(a, scores), grove_part(&part, a->name, "weights"));
}

/* Of ordinary ops, with the weights in memory: [batch, time, width]. */
static grove_tensor composed(const attention *a, const projection *p) {
    grove_tensor query = project(a->x, p[0]), key = project(a->memory, p[1]);
    grove_tensor value = by_head(a, project(a->memory, p[2]), a->keys);
    grove_tensor weights = grove_dropout(named_weights(a, query, key), a->wish.dropout);
    grove_tensor found = grove_matmul(weights, value, false, false);
    return grove_reshape(grove_transpose(found, GROVE_AXES(0, 2, 1, 3)), grove_node_shape(a->x));
}

/* By an op that makes the weights block by block and forgets them. The named ones beside it are
 * computed only in a plan that asks for them. */
static grove_tensor fused(const attention *a, const projection *p) {
    bool apart = grove_is_valid(a->wish.memory);
    grove_tensor query = apart ? project(a->x, p[0]) : project_together(a->x, p, 3);
    grove_tensor memory = apart ? project_together(a->memory, p + 1, 2) : GROVE_NONE;
    grove_tensor keep = a->wish.keep;
    if (grove_is_valid(keep) && grove_node_type(keep) == GROVE_ID) {
        keep = grove_real_of(keep);
    }
    grove_tensor keys = apart ? memory : query;
    named_weights(a, apart ? query : grove_slice(query, 2, 0, a->width),
                  grove_slice(keys, 2, apart ? 0 : a->width, a->width));
    return grove_attention(query, memory, keep, a->heads, a->wish.causal);
}

grove_tensor grove_nn_attention(grove_tensor x, int64_t heads, const char *name,
                                const grove_attention_options *options) {
    static const grove_attention_options usual = {.dropout = 0};
    attention a = {.name = name, .wish = options ? *options : usual, .x = x, .heads = heads};
    a.memory = grove_is_valid(a.wish.memory) ? a.wish.memory : x;
    if (!grove_is_valid(x) || !open_attention(&a)) {
        return GROVE_NONE;
    }
    int64_t other = grove_last_dimension(a.memory);
    projection parts[3] = {learn(&a, a.width, "query")};
    parts[1] = learn(&a, other, "key");
    parts[2] = learn(&a, other, "value");
    /* Dropout draws for each weight, by its place among all: so they are all there. */
    grove_tensor found = a.wish.dropout != 0 ? composed(&a, parts) : fused(&a, parts);
    return grove_name_if_free(project(found, learn(&a, a.width, "out")), name);
}

/* ---- positions ------------------------------------------------------------------------------- */

grove_tensor grove_nn_position_embedding(grove_tensor x, const char *name) {
    if (!grove_is_valid(x) || !want_sequence(x, "position_embedding", name, "x")) {
        return GROVE_NONE;
    }
    grove_shape shape = grove_node_shape(x);
    grove_tensor rows =
        grove_part_parameter(x.graph, name, "weight", GROVE_SHAPE(shape.dim[1], shape.dim[2]),
                             (grove_init){.kind = GROVE_INIT_NORMAL, .b = 0.02});
    return grove_name_if_free(grove_add(x, rows), name);
}

static void fill_waves(grove_real *rows, size_t time, size_t width) {
    for (size_t i = 0; i < time * width; i++) {
        size_t t = i / width, k = i % width;
        double angle = (double)t / pow(10000, (double)(k - k % 2) / (double)width);
        rows[i] = (grove_real)(k % 2 ? cos(angle) : sin(angle));
    }
}

grove_tensor grove_nn_position_waves(grove_tensor x, const char *name) {
    if (!grove_is_valid(x) || !want_sequence(x, "position_waves", name, "x")) {
        return GROVE_NONE;
    }
    grove_shape shape = grove_node_shape(x);
    size_t time = (size_t)shape.dim[1], width = (size_t)shape.dim[2], count = 0;
    grove_allocator allocator = grove_graph_allocator(x.graph);
    grove_real *values = grove_multiply(time, width, &count)
                             ? grove_alloc_zero(&allocator, count, sizeof *values)
                             : NULL;
    if (!values) {
        grove_mistake(x.graph, GROVE_NO_MEMORY, "out of memory: position_waves were not made");
        return GROVE_NONE;
    }
    fill_waves(values, time, width);
    grove_part_name part;
    grove_tensor rows = grove_constant(x.graph, grove_part(&part, name, "weight"),
                                       GROVE_SHAPE(shape.dim[1], shape.dim[2]), values);
    grove_release(&allocator, values);
    return grove_name_if_free(grove_add(x, rows), name);
}

/* ---- the transformer block ------------------------------------------------------------------- */

/* The two parts of a block, and the layer norm that belongs to each. */
typedef struct block {
    const char *name;
    int64_t heads;
    grove_transformer_options wish;
} block;

static grove_tensor norm(const block *b, grove_tensor x, const char *part) {
    grove_part_name name;
    grove_layer_norm_options options = {.epsilon = b->wish.epsilon};
    return grove_nn_layer_norm(x, grove_part(&name, b->name, part), &options);
}

static grove_tensor dropped(const block *b, grove_tensor x) {
    return b->wish.dropout != 0 ? grove_dropout(x, b->wish.dropout) : x;
}

static grove_tensor exchange(const block *b, grove_tensor x) {
    grove_part_name name;
    grove_attention_options options = {
        .keep = b->wish.keep, .causal = b->wish.causal, .dropout = b->wish.dropout};
    grove_part(&name, b->name, "attention");
    return dropped(b, grove_nn_attention(x, b->heads, name.text, &options));
}

static grove_tensor think(const block *b, grove_tensor x) {
    grove_part_name name;
    int64_t width = grove_last_dimension(x);
    int64_t hidden = b->wish.hidden != 0 ? b->wish.hidden : 4 * width;
    grove_tensor h = grove_nn_dense(x, hidden, grove_part(&name, b->name, "linear1"));
    h = dropped(b, b->wish.relu ? grove_relu(h) : grove_gelu(h));
    return dropped(b, grove_nn_dense(h, width, grove_part(&name, b->name, "linear2")));
}

grove_tensor grove_nn_transformer_block(grove_tensor x, int64_t heads, const char *name,
                                        const grove_transformer_options *options) {
    static const grove_transformer_options usual = {.dropout = 0};
    block b = {.name = name, .heads = heads, .wish = options ? *options : usual};
    if (!grove_is_valid(x) || !want_sequence(x, "transformer_block", name, "x")) {
        return GROVE_NONE;
    }
    if (b.wish.post_norm) {
        x = norm(&b, grove_add(x, exchange(&b, x)), "norm1");
        x = norm(&b, grove_add(x, think(&b, x)), "norm2");
        x = grove_reshape(x, grove_node_shape(x)); /* the same under the block's name */
    } else {
        x = grove_add(x, exchange(&b, norm(&b, x, "norm1")));
        x = grove_add(x, think(&b, norm(&b, x, "norm2")));
    }
    return grove_name_if_free(x, name);
}
