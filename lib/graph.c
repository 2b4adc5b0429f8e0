/* SPDX-License-Identifier: MIT
 *
 * graph.c - stage two: nodes are appended, never changed.
 *
 * Everything goes through grove_append: it checks the handles, asks the op's room whether the node
 * is possible, and only then makes room for it. So a node in the array is always a good one.
 */
#include "graph.h"

#include <stdio.h>

static const grove_error no_memory = {GROVE_NO_MEMORY, "out of memory: the graph was not made"};

grove_graph *grove_graph_new(const grove_graph_options *options) {
    grove_allocator allocator = grove_allocator_or_default(options ? &options->allocator : NULL);
    grove_graph *graph = grove_alloc_zero(&allocator, 1, sizeof *graph);
    if (graph) {
        graph->allocator = allocator;
        graph->arena.allocator = allocator;
        graph->seed = options ? options->seed : 0;
    }
    return graph;
}

void grove_graph_free(grove_graph *graph) {
    if (!graph) {
        return;
    }
    grove_allocator allocator = graph->allocator;
    for (size_t i = 0; i < graph->stored_count; i++) {
        grove_release_aligned(&allocator, graph->stored[i]->data);
    }
    grove_release(&allocator, graph->stored);
    grove_release(&allocator, graph->ops);
    grove_release(&allocator, graph->names.slots);
    grove_release(&allocator, graph->nodes);
    grove_arena_free(&graph->arena);
    grove_release(&allocator, graph);
}

const grove_error *grove_graph_error(const grove_graph *graph) {
    return graph ? &graph->error : &no_memory;
}

const grove_error *grove_graph_notice(const grove_graph *graph) {
    return graph ? &graph->notice : &no_memory;
}

grove_allocator grove_graph_allocator(const grove_graph *graph) {
    return grove_allocator_or_default(graph ? &graph->allocator : NULL);
}

void grove_mistake(grove_graph *graph, grove_status status, const char *format, ...) {
    if (graph && graph->error.status == GROVE_OK) {
        va_list arguments;
        va_start(arguments, format);
        grove_fail_va(&graph->error, status, format, arguments);
        va_end(arguments);
    }
}

grove_status grove_notice(grove_graph *graph, grove_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    grove_fail_va(graph ? &graph->notice : NULL, status, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

size_t grove_type_size(grove_type type) {
    return type == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id);
}

bool grove_shape_count(grove_shape shape, size_t batch, size_t *count) {
    size_t product = 1;
    bool fits = shape.rank >= 0;
    for (int i = 0; i < shape.rank && fits; i++) {
        size_t more = (size_t)grove_dim_more(shape.dim[i]), size;
        fits = grove_multiply((size_t)grove_dim_batches(shape.dim[i]), batch, &size) &&
               size <= SIZE_MAX - more && grove_multiply(product, size + more, &product);
    }
    *count = product;
    return fits && product <= SIZE_MAX / 2 / sizeof(double);
}

/* ---- words for mistakes ---------------------------------------------------------------------- */

const char *grove_node_words(const grove_graph *graph, int32_t index, char *text, size_t size) {
    const grove_node *node = &graph->nodes[index];
    if (node->name) {
        snprintf(text, size, "%s (node %d, '%s')", node->op->name, (int)index, node->name);
    } else {
        snprintf(text, size, "%s (node %d)", node->op->name, (int)index);
    }
    return text;
}

/* "; its inputs are 'species' [batch], matmul (node 3) [batch, 12]" */
static void inputs_text(const grove_shaping *shaping, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < shaping->inputs && i < 6 && used < size; i++) {
        char shape[96], node[160];
        const grove_node *in = grove_node_of(shaping->in[i]);
        if (in->name) {
            snprintf(node, sizeof node, "'%s'", in->name);
        } else {
            grove_node_words(shaping->graph, shaping->in[i].index, node, sizeof node);
        }
        int written = snprintf(
            text + used, size - used, "%s %s %s%s",
            i ? "," : (shaping->inputs == 1 ? "; its input is" : "; its inputs are"), node,
            in->type == GROVE_ID ? "ids " : "", grove_shape_text(in->shape, shape, sizeof shape));
        used += written > 0 ? (size_t)written : 0;
    }
}

bool grove_refuse(grove_shaping *shaping, grove_status status, const char *format, ...) {
    char words[256], inputs[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    inputs_text(shaping, inputs, sizeof inputs);
    grove_mistake(shaping->graph, status, "%s (node %zu): %s%s", shaping->op->name,
                  shaping->graph->node_count, words, inputs);
    return false;
}

grove_tensor grove_refuse_builder(grove_graph *graph, const grove_op *op, grove_status status,
                                  const char *format, ...) {
    char words[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (graph) {
        grove_mistake(graph, status, "%s (node %zu): %s", op && op->name ? op->name : "an op",
                      graph->node_count, words);
    }
    return GROVE_NONE;
}

/* ---- appending ------------------------------------------------------------------------------- */

/* Takes an op into the graph's list. An op of the table works; that another one can is to be seen.
 * A name belongs to one op: files tell ops by name. */
static bool admit_op(grove_graph *graph, const grove_op *op) {
    char fault[200];
    for (size_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i] == op) {
            return true;
        }
    }
    bool own = op && op->name && grove_op_named(op->name) == op;
    if (!own && !grove_op_is_sound(op, fault, sizeof fault)) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT, "%s", fault);
        return false;
    }
    for (size_t i = 0; i < graph->op_count; i++) {
        if (strcmp(graph->ops[i]->name, op->name) == 0) {
            grove_mistake(graph, GROVE_BAD_ARGUMENT,
                          "the op '%s' cannot be used: the graph has another op of that name",
                          op->name);
            return false;
        }
    }
    const grove_op **ops = grove_grow(&graph->allocator, graph->ops, graph->op_count,
                                      &graph->op_capacity, sizeof *ops);
    if (!ops) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: %s (node %zu) was not made", op->name,
                      graph->node_count);
        return false;
    }
    graph->ops = ops;
    ops[graph->op_count++] = op;
    return true;
}

/* The graph that the inputs belong to, or NULL (with the mistake noted) if they do not fit. */
static grove_graph *common_graph(const grove_op *op, grove_graph *graph, const grove_tensor *in,
                                 int inputs) {
    for (int i = 0; i < inputs && in && !graph; i++) {
        graph = in[i].graph;
    }
    if (!graph || graph->error.status != GROVE_OK || !admit_op(graph, op)) {
        return NULL;
    }
    for (int i = 0; i < inputs && in; i++) {
        bool is_node = grove_is_valid(in[i]) && (size_t)in[i].index < in[i].graph->node_count;
        if (!is_node || in[i].graph != graph) {
            grove_mistake(graph, GROVE_BAD_ARGUMENT, "%s (node %zu): its input %d is %s", op->name,
                          graph->node_count, i,
                          is_node ? "a tensor of another graph" : "no tensor");
            return NULL;
        }
    }
    if (inputs < op->min_inputs || inputs > op->max_inputs || (inputs > 0 && !in)) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT, "%s (node %zu): it takes %d to %d inputs, not %d",
                      op->name, graph->node_count, op->min_inputs, op->max_inputs, inputs);
        return NULL;
    }
    return graph;
}

/* Only memory that the graph owns may be changed in place; and an update, which yields no numbers
 * and is done in training alone, is of use to nothing but a group of updates. */
static bool inputs_are_fit(grove_shaping *shaping) {
    for (int i = 0; i < shaping->inputs; i++) {
        const grove_node *in = grove_node_of(shaping->in[i]);
        if ((in->op->flags & GROVE_UPDATE) && !(shaping->op->flags & GROVE_UPDATE)) {
            return grove_refuse(shaping, GROVE_BAD_ARGUMENT,
                                "its input %d is an update (%s), which has no numbers", i,
                                in->op->name);
        }
        if (i >= 32) {
            continue; /* no op writes so far back */
        }
        if ((shaping->op->written >> i & 1u) && !in->storage) {
            return grove_refuse(shaping, GROVE_BAD_ARGUMENT,
                                "it changes input %d in place, which must be a parameter or state",
                                i);
        }
    }
    return true;
}

static grove_storage *add_storage(grove_graph *graph, const grove_shaping *shaping, int32_t index) {
    size_t count, bytes = 0;
    if (!grove_shape_count(shaping->shape, 0, &count) ||
        !grove_multiply(count, grove_type_size(shaping->type), &bytes)) {
        return NULL;
    }
    grove_storage **stored = grove_grow(&graph->allocator, graph->stored, graph->stored_count,
                                        &graph->stored_capacity, sizeof *stored);
    if (!stored) {
        return NULL;
    }
    graph->stored = stored;
    grove_storage *storage = grove_arena_alloc(&graph->arena, sizeof *storage);
    void *data = storage ? grove_alloc_aligned(&graph->allocator, bytes) : NULL;
    if (!data) {
        return NULL;
    }
    memset(data, 0, bytes);
    *storage = (grove_storage){.node = index, .data = data, .count = count};
    graph->stored[graph->stored_count++] = storage;
    return storage;
}

/* Copies what the node keeps into the graph's arena. */
static bool fill_node(grove_graph *graph, const grove_shaping *shaping, grove_node *node) {
    const grove_op *op = shaping->op;
    int32_t *in = grove_arena_alloc(&graph->arena, (size_t)shaping->inputs * sizeof *in);
    void *attributes = grove_arena_alloc(&graph->arena, op->attribute_size);
    if (!in || !attributes) {
        return false;
    }
    for (int i = 0; i < shaping->inputs; i++) {
        in[i] = shaping->in[i].index;
    }
    if (op->attribute_size) {
        memcpy(attributes, shaping->attributes, op->attribute_size);
    }
    *node = (grove_node){.op = op,
                         .in = in,
                         .inputs = shaping->inputs,
                         .type = shaping->type,
                         .shape = shaping->shape,
                         .attributes = attributes,
                         .gradient = -1,
                         .backward_of = -1};
    if (op->flags & GROVE_STORED) {
        node->storage = add_storage(graph, shaping, (int32_t)graph->node_count);
        return node->storage != NULL;
    }
    return true;
}

/* No dimension beyond 2^31 - 1: products and ids count no further. */
static bool has_sane_dimensions(grove_shape shape) {
    bool sane = shape.rank >= 0 && shape.rank <= GROVE_MAX_RANK;
    for (int i = 0; i < shape.rank && sane; i++) {
        int64_t dim = shape.dim[i], batches = grove_dim_batches(dim);
        sane =
            (dim >= 0 || batches > 0) && batches <= INT32_MAX && grove_dim_more(dim) <= INT32_MAX;
    }
    return sane;
}

/* As many elements at every size of the batch? Both counts are polynomials in it of no degree above
 * the rank, so they are one if they agree at one place more. */
static bool same_count(grove_shape a, grove_shape b) {
    bool same = true;
    for (size_t batch = 0; batch <= GROVE_MAX_RANK && same; batch++) {
        size_t of_a, of_b;
        bool a_fits = grove_shape_count(a, batch, &of_a),
             b_fits = grove_shape_count(b, batch, &of_b);
        same = a_fits == b_fits && (!a_fits || of_a == of_b);
    }
    return same;
}

/* The first rows of a fixed number? */
static bool is_beginning_of(grove_shape part, grove_shape whole) {
    bool fixed = part.rank > 0 && whole.rank > 0 && part.dim[0] >= 0;
    bool fewer = fixed && part.dim[0] <= whole.dim[0];
    whole.dim[0] = part.dim[0];
    return fewer && grove_shape_equal(part, whole);
}

/* An alias is read where its input lies, so it must not reach beyond it. */
static bool has_memory_of(const grove_shaping *shaping, int input) {
    const grove_node *in = grove_node_of(shaping->in[input]);
    return in->type == shaping->type &&
           (same_count(in->shape, shaping->shape) || is_beginning_of(shaping->shape, in->shape));
}

static bool check_aliases(grove_shaping *shaping) {
    unsigned flags = shaping->op->flags;
    bool fits = !(flags & GROVE_ALIAS) || has_memory_of(shaping, 0);
    fits = fits && (!(flags & GROVE_TRAINING) || has_memory_of(shaping, shaping->inputs - 1));
    return fits || grove_refuse(shaping, GROVE_BAD_SHAPE,
                                "as an alias of its input it must have as many elements, of the "
                                "same type");
}

static bool check_result(grove_shaping *shaping) {
    size_t count;
    if (shaping->type != GROVE_REAL && shaping->type != GROVE_ID) {
        return grove_refuse(shaping, GROVE_BAD_TYPE, "its result is neither of reals nor of ids");
    }
    if (!has_sane_dimensions(shaping->shape) || !grove_shape_count(shaping->shape, 1, &count)) {
        char text[96];
        return grove_refuse(shaping, GROVE_BAD_SHAPE,
                            "a tensor of the shape %s does not fit in memory",
                            grove_shape_text(shaping->shape, text, sizeof text));
    }
    if (shaping->graph->node_count >= INT32_MAX) {
        return grove_refuse(shaping, GROVE_UNSUPPORTED, "the graph has as many nodes as it can");
    }
    return check_aliases(shaping);
}

static bool check_shape(grove_shaping *shaping) {
    if (shaping->op->attribute_size && !shaping->attributes) {
        return grove_refuse(shaping, GROVE_BAD_ARGUMENT, "its attributes are missing");
    }
    /* Of a refusal without words the first are kept: these. */
    return shaping->op->shape(shaping) ? check_result(shaping)
                                       : grove_refuse(shaping, GROVE_BAD_ARGUMENT,
                                                      "its shape function says no, and not why");
}

grove_tensor grove_append(const grove_op *op, grove_graph *graph, const grove_tensor *in,
                          int inputs, const void *attributes) {
    graph = common_graph(op, graph, in, inputs);
    if (!graph) {
        return GROVE_NONE;
    }
    grove_shaping shaping = {.op = op,
                             .graph = graph,
                             .in = in,
                             .inputs = inputs,
                             .attributes = attributes,
                             .type = GROVE_REAL};
    if (!inputs_are_fit(&shaping) || !check_shape(&shaping)) {
        return GROVE_NONE;
    }
    grove_node *nodes = grove_grow(&graph->allocator, graph->nodes, graph->node_count,
                                   &graph->node_capacity, sizeof *nodes);
    if (nodes) {
        graph->nodes = nodes;
    }
    if (!nodes || !fill_node(graph, &shaping, &nodes[graph->node_count])) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: %s (node %zu) was not made", op->name,
                      graph->node_count);
        return GROVE_NONE;
    }
    return (grove_tensor){graph, (int32_t)graph->node_count++};
}

grove_tensor grove_append1(const grove_op *op, grove_tensor x, const void *attributes) {
    return grove_append(op, NULL, &x, 1, attributes);
}

grove_tensor grove_append2(const grove_op *op, grove_tensor a, grove_tensor b,
                           const void *attributes) {
    return grove_append(op, NULL, (grove_tensor[]){a, b}, 2, attributes);
}
