/* SPDX-License-Identifier: MIT
 *
 * attention_gradient - what queries, keys and values get from attention, in whose room the formulas
 * are derived: with p the weights, dp = dy v^T and ds = p * (dp - the sum over keys of p * dp),
 *
 *     dq = ds k * c,   dk = ds^T q * c,   dv = p^T dy,   c = 1 / sqrt(head)
 *
 * Shapes: query [batch, time, 3 * width], dy [batch, time, width], keep [batch, keys] or none
 *   -> [batch, time, 3 * width], dq, dk and dv side by side. With a memory [batch, keys, 2 * width]
 *   and query [batch, time, width] it is one of two: what the query gets, or with `of_memory` what
 *   the memory gets.
 * Method: as in attention; p is made again, block by block. Blocks are taken from the last one to
 *   the first, so that the first to be met sees all keys, and fills dk and dv; the others add.
 * Gradient: attention_second.h.
 * Numerics: those of attention. The sums over keys are kept in lanes of grove_real.
 * Cost: 5 * batch * time * keys * width multiply-adds, half with `causal`, and as many exps as
 *   weights; with a memory 7 and twice as many, for both. An item is a head of a row of the batch.
 */
#include "attention_second.h"
#include "attention_turned.h"

static const grove_field fields[] = {
    ATTENTION_FIELDS, GROVE_FIELD(struct attention, of_memory, FLAG), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct attention *attributes = s->attributes;
    if (!attention_want(s, ATTENTION_OPTIONAL)) {
        return false;
    }
    if (attributes->of_memory && !attributes->has_memory) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "there is no memory");
    }
    grove_shape y = s->shape;
    s->shape = grove_in_shape(s, attributes->of_memory ? ATTENTION_OPTIONAL : 0);
    return grove_want_type(s, 1, GROVE_REAL) && grove_want_shape(s, 1, y, "the gradient of y");
}

/* ---- run ------------------------------------------------------------------------------------- */

/* From x = exp(score - largest) and dp, rows of a block, both [count]: p and ds * c. */
GROVE_KERNEL void slopes_of_row(grove_real *x, grove_real *dp, size_t count, grove_real share,
                                grove_real scale) {
    grove_lanes sum = {0}, p, d;
    for (size_t k = 0; k < count; k += GROVE_LANES) {
        grove_lanes_load(&p, x + k, count - k);
        grove_lanes_load(&d, dp + k, count - k);
        p *= share;
        sum += p * d;
        grove_lanes_store(&p, x + k, count - k);
    }
    const grove_real mean = grove_lanes_sum(&sum);
    for (size_t k = 0; k < count; k += GROVE_LANES) {
        grove_lanes_load(&p, x + k, count - k);
        grove_lanes_load(&d, dp + k, count - k);
        d = p * (d - mean) * scale;
        grove_lanes_store(&d, dp + k, count - k);
    }
}

GROVE_KERNEL size_t slopes_any(const attention_sizes *of, size_t first, size_t rows,
                               const grove_real *keep, grove_real *scores, grove_real *dp) {
    grove_real shares[ATTENTION_ROWS];
    if (of->turned) {
        const size_t seen = attention_turned_exps(of, first, rows, keep, scores, shares);
        attention_turned_slopes(scores, dp, seen, shares, of->scale);
        return seen;
    }
    const size_t seen = attention_exps(of, first, rows, keep, scores, shares);
    for (size_t i = 0; i < rows; i++) {
        slopes_of_row(scores + i * of->row, dp + i * of->row, seen, shares[i], of->scale);
    }
    return seen;
}
/* scores become p, dp becomes ds * c: blocks. */
GROVE_BY_LEVEL(size_t, slopes, slopes_any,
               (const attention_sizes *of, size_t first, size_t rows, const grove_real *keep,
                grove_real *scores, grove_real *dp),
               (of, first, rows, keep, scores, dp))

/* A head of a row of the batch: where its matrices begin. */
typedef struct head {
    const grove_real *query, *key, *value, *keep, *dy;
    grove_real *dq, *dk, *dv; /* NULL for those that are not wanted */
    size_t dq_step, pair_step;
} head;

/* d (+)= weights x, or by key weights^T x: columns of a head, `step` from row to row. */
static void multiply(grove_product product, const grove_real *weights, const grove_real *x,
                     size_t x_step, grove_real *d, size_t d_step, void *room) {
    product.a = weights;
    product.b = x;
    product.b_step = x_step;
    product.c = d;
    product.c_step = d_step;
    grove_matrix_product(&product, room);
}

static void run_block(const attention_sizes *of, const head *h, size_t first, char *scratch) {
    const size_t rows = attention_least(of->time - first, ATTENTION_ROWS);
    const size_t seen = attention_seen(of, first + rows);
    const grove_real *query = h->query + first * of->query_step, *dy = h->dy + first * of->width;
    grove_real *p = (grove_real *)scratch;
    grove_real *ds = (grove_real *)(scratch + attention_block_bytes(of));
    void *room = scratch + 2 * attention_block_bytes(of);
    grove_product by_key = attention_product(of, true, rows, seen);
    by_key.add = first + rows < of->time;
    attention_score(of, rows, seen, query, of->query_step, h->key, p, room);
    attention_score(of, rows, seen, dy, of->width, h->value, ds, room);
    slopes(of, first, rows, h->keep, p, ds);
    if (h->dq) {
        multiply(attention_product(of, false, rows, seen), ds, h->key, h->pair_step,
                 h->dq + first * h->dq_step, h->dq_step, room);
    }
    if (h->dk) {
        multiply(by_key, ds, query, of->query_step, h->dk, h->pair_step, room);
        multiply(by_key, p, dy, of->width, h->dv, h->pair_step, room);
    }
}

static head head_of(const grove_call *call, const attention_sizes *of, size_t item) {
    const struct attention *attributes = call->attributes;
    const int keep = ATTENTION_OPTIONAL + attributes->has_memory;
    const size_t b = item / of->heads, column = item % of->heads * of->head;
    const size_t rows = b * of->time, pairs = b * of->keys;
    const grove_real *memory = grove_reals(call, attributes->has_memory ? ATTENTION_OPTIONAL : 0);
    grove_real *dx = grove_out(call) + column;
    memory += pairs * of->pair_step + column;
    head h = {.query = grove_reals(call, 0) + rows * of->query_step + column,
              .key = memory + of->key,
              .value = memory + of->value,
              .keep = keep < call->inputs ? grove_reals(call, keep) + pairs : NULL,
              .dy = grove_reals(call, 1) + rows * of->width + column,
              .dq_step = of->query_step,
              .pair_step = of->pair_step};
    if (!attributes->of_memory) {
        h.dq = dx + rows * of->query_step;
    }
    if (attributes->of_memory || !attributes->has_memory) {
        h.dk = dx + pairs * of->pair_step + of->key;
        h.dv = dx + pairs * of->pair_step + of->value;
    }
    return h;
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const attention_sizes of = attention_sizes_of(call, ATTENTION_OPTIONAL);
    const size_t blocks = (of.time + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    for (size_t item = begin; item < end; item++) {
        const head h = head_of(call, &of, item);
        for (size_t left = blocks; left > 0; left--) {
            run_block(&of, &h, (left - 1) * ATTENTION_ROWS, call->scratch);
        }
    }
    return GROVE_OK;
}

static size_t items(const grove_call *call) {
    const attention_sizes of = attention_sizes_of(call, ATTENTION_OPTIONAL);
    return of.batch * of.heads;
}

static size_t cost(const grove_call *call) {
    const attention_sizes of = attention_sizes_of(call, ATTENTION_OPTIONAL);
    return attention_cost(&of, of.time, 5);
}

static size_t scratch(const grove_call *call) {
    const attention_sizes of = attention_sizes_of(call, ATTENTION_OPTIONAL);
    return 2 * attention_block_bytes(&of) + attention_product_scratch(&of);
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_attention_gradient(in[0], GROVE_NONE, GROVE_NONE, in[1], 1, false, false);
}
static grove_tensor build_causal(const grove_tensor *in) {
    return grove_attention_gradient(in[0], GROVE_NONE, GROVE_NONE, in[1], 2, true, false);
}
static grove_tensor build_kept(const grove_tensor *in) {
    return grove_attention_gradient(in[0], GROVE_NONE, in[2], in[1], 1, true, false);
}
static grove_tensor build_query(const grove_tensor *in) {
    return grove_attention_gradient(in[0], in[2], GROVE_NONE, in[1], 2, false, false);
}
static grove_tensor build_memory(const grove_tensor *in) {
    return grove_attention_gradient(in[0], in[2], in[3], in[1], 1, false, true);
}
static grove_tensor build_no_memory(const grove_tensor *in) {
    return grove_attention_gradient(in[0], GROVE_NONE, GROVE_NONE, in[1], 1, false, true);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {3, {1, 2, 3}}, .values = GROVE_NUMBERS(1, 0, 8, 1, ATTENTION_LOG_3, 4)},
            {.shape = {3, {1, 2, 1}}, .values = GROVE_NUMBERS(1, 0)}},
     .build = build,
     .out = GROVE_NUMBERS(ATTENTION_LOG_3 * -0.75, 0.75, 0.25, 0, -0.75, 0.75)},
    {.inputs = 2,
     .in = {{.shape = {3, {-1, 2, 6}}}, {.shape = {3, {-1, 2, 2}}}},
     .build = build_causal},
    /* a place that sees nothing, and one that sees itself alone */
    {.inputs = 3,
     .in = {{.shape = {3, {1, 3, 6}}},
            {.shape = {3, {1, 3, 2}}},
            {.shape = {2, {1, 3}}, .values = GROVE_NUMBERS(0, 1, 2), .no_check = true}},
     .build = build_kept},
    {.inputs = 3,
     .in = {{.shape = {3, {1, 2, 4}}}, {.shape = {3, {1, 2, 4}}}, {.shape = {3, {1, 3, 8}}}},
     .build = build_query},
    {.inputs = 4,
     .in = {{.shape = {3, {1, 2, 2}}},
            {.shape = {3, {1, 2, 2}}},
            {.shape = {3, {1, 3, 4}}},
            {.shape = {2, {1, 3}}, .values = GROVE_NUMBERS(1, 0, 1), .no_check = true}},
     .build = build_memory},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 3, 3}}}, {.shape = {3, {2, 3, 2}}}},
     .build = build,
     .refused = "the gradient of y must have the shape [2, 3, 1]"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 3, 3}}}, {.shape = {3, {2, 3, 1}}}},
     .build = build_no_memory,
     .refused = "there is no memory"},
    {0},
};

GROVE_ROOM(attention_gradient) = {
    .name = "attention_gradient",
    .formula = "(dq, dk, dv) = (ds k c, ds^T q c, p^T dy), ds = p * (dp - sum(p * dp))",
    .min_inputs = 2,
    .max_inputs = 4,
    .attribute_size = sizeof(struct attention),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .scratch = scratch,
    .grad = attention_second_order,
    .examples = examples,
};

grove_tensor grove_attention_gradient(grove_tensor query, grove_tensor memory, grove_tensor keep,
                                      grove_tensor dy, int64_t heads, bool causal, bool of_memory) {
    grove_tensor in[4] = {query, dy};
    const struct attention attributes = {.heads = heads, .causal = causal, .of_memory = of_memory};
    return attention_append(&grove_op_attention_gradient, in, ATTENTION_OPTIONAL, memory, keep,
                            &attributes);
}
