/* SPDX-License-Identifier: MIT
 *
 * attention - each place asks, and takes from what others have, by how well their keys answer: for
 * each head h, with q, k, v [time or keys, head] its columns of queries, keys and values,
 *
 *     s = q k^T / sqrt(head),   p = softmax(s) over what is seen,   y = p v
 *
 * (Vaswani et al. 2017). What is not seen has the weight 0: with `causal` the keys behind the
 * query's own place, and those whose keep is not above 0. A query that sees nothing has y = 0.
 *
 * Shapes: query [batch, time, 3 * width], queries, keys and values side by side as one product
 *   makes them; or with a memory, keys beside values [batch, keys, 2 * width], query [batch, time,
 *   width]. Heads divide the width; head = width / heads. keep [batch, keys] or none
 *   -> [batch, time, width], the heads side by side.
 * Gradient: with dp = dy v^T and ds = p * (dp - the sum over keys of p * dp),
 *     dq = ds k / sqrt(head),   dk = ds^T q / sqrt(head),   dv = p^T dy.
 *   It is an op in a room of its own, which makes p again.
 * Method: p is never there as a whole: a block of ATTENTION_ROWS queries has its weights in
 *   scratch, is multiplied by the values, and forgotten (Rabe & Staats 2021; Dao et al. 2022, who
 *   cut keys into blocks as well: here a block holds all keys that its queries see). Heads are read
 *   and written where they lie, with a step from row to row.
 * Numerics: the largest score of a row is taken from all of it before exp; the sum of exps is kept
 *   in lanes of grove_real. Weights of less than about 2^-126 of the largest are 0. A score that
 *   is NaN, or infinite, makes all of its row NaN.
 * Cost: 2 * batch * time * keys * width multiply-adds, half with `causal`, and as many exps as
 *   weights. An item is a block of queries of a head.
 * Measured: a step of char_gpt (tools/bench; 4 layers, 64 places, 4 heads of 16, batch 32) needs
 *   48.5 MB with this op and 56.7 with the composition; with layer_norm as an op, too, 38.5 MB. The
 *   two bring it from 42 ms to 30, on one core of an AMD EPYC (family 26) with AVX-512.
 */
#include "attention_turned.h"

static const grove_field fields[] = {ATTENTION_FIELDS, GROVE_NO_MORE_FIELDS};

enum { OPTIONAL = 1 };

static bool shape(grove_shaping *s) {
    return attention_want(s, OPTIONAL);
}

/* ---- run ------------------------------------------------------------------------------------- */

static size_t blocks_of(const attention_sizes *of) {
    return (of->time + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
}

static size_t items(const grove_call *call) {
    attention_sizes of = attention_sizes_of(call, OPTIONAL);
    return of.batch * of.heads * blocks_of(&of);
}

GROVE_KERNEL size_t weigh_any(const attention_sizes *of, size_t first, size_t rows,
                              const grove_real *keep, grove_real *scores) {
    grove_real shares[ATTENTION_ROWS];
    if (of->turned) {
        const size_t seen = attention_turned_exps(of, first, rows, keep, scores, shares);
        const grove_lanes share = *(const grove_lanes *)shares;
        for (size_t k = 0; k < seen; k++) {
            ((grove_lanes *)scores)[k] *= share;
        }
        return seen;
    }
    const size_t seen = attention_exps(of, first, rows, keep, scores, shares);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < seen; k++) {
            scores[i * of->row + k] *= shares[i];
        }
    }
    return seen;
}
/* A block of scores becomes one of weights. */
GROVE_BY_LEVEL(size_t, weigh, weigh_any,
               (const attention_sizes *of, size_t first, size_t rows, const grove_real *keep,
                grove_real *scores),
               (of, first, rows, keep, scores))

/* y [rows, head] of queries from `first` on. */
static void run_block(const attention_sizes *of, size_t first, const grove_real *query,
                      const grove_real *pairs, const grove_real *keep, grove_real *y,
                      char *scratch) {
    const size_t rows = attention_least(of->time - first, ATTENTION_ROWS);
    const size_t seen = attention_seen(of, first + rows);
    grove_real *scores = (grove_real *)scratch;
    void *room = scratch + attention_block_bytes(of);
    attention_score(of, rows, seen, query, of->query_step, pairs + of->key, scores, room);
    weigh(of, first, rows, keep, scores);
    grove_product product = attention_product(of, false, rows, seen);
    product.a = scores;
    product.b = pairs + of->value;
    product.b_step = of->pair_step;
    product.c = y;
    product.c_step = of->width;
    grove_matrix_product(&product, room);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct attention *attributes = call->attributes;
    const attention_sizes of = attention_sizes_of(call, OPTIONAL);
    const grove_real *all_pairs = grove_reals(call, attributes->has_memory ? OPTIONAL : 0);
    const int keep = OPTIONAL + attributes->has_memory;
    for (size_t item = begin; item < end; item++) {
        size_t first = item % blocks_of(&of) * ATTENTION_ROWS;
        size_t head = item / blocks_of(&of) % of.heads, b = item / blocks_of(&of) / of.heads;
        size_t row = b * of.time + first;
        run_block(&of, first, grove_reals(call, 0) + row * of.query_step + head * of.head,
                  all_pairs + b * of.keys * of.pair_step + head * of.head,
                  keep < call->inputs ? grove_reals(call, keep) + b * of.keys : NULL,
                  grove_out(call) + row * of.width + head * of.head, call->scratch);
    }
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    const attention_sizes of = attention_sizes_of(call, OPTIONAL);
    return attention_cost(&of, attention_least(of.time, ATTENTION_ROWS), 2);
}

static size_t scratch(const grove_call *call) {
    const attention_sizes of = attention_sizes_of(call, OPTIONAL);
    return attention_block_bytes(&of) + attention_product_scratch(&of);
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct attention *of = grove_attributes(y);
    grove_tensor query = grove_node_input(y, 0);
    grove_tensor memory = attention_memory(y, OPTIONAL), keep = attention_keep(y, OPTIONAL);
    dx[0] = grove_attention_gradient(query, memory, keep, dy, of->heads, of->causal, false);
    if (of->has_memory) {
        dx[1] = grove_attention_gradient(query, memory, keep, dy, of->heads, of->causal, true);
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_attention(in[0], GROVE_NONE, GROVE_NONE, 1, false);
}
static grove_tensor build_causal(const grove_tensor *in) {
    return grove_attention(in[0], GROVE_NONE, GROVE_NONE, 2, true);
}
static grove_tensor build_kept(const grove_tensor *in) {
    return grove_attention(in[0], GROVE_NONE, in[1], 1, true);
}
static grove_tensor build_memory(const grove_tensor *in) {
    return grove_attention(in[0], in[1], GROVE_NONE, 2, false);
}
static grove_tensor build_all_of_it(const grove_tensor *in) {
    return grove_attention(in[0], in[1], in[2], 1, false);
}
static grove_tensor build_causal_memory(const grove_tensor *in) {
    return grove_attention(in[0], in[1], GROVE_NONE, 1, true);
}

static const grove_example examples[] = {
    /* Two places, one head of width 1. Both ask 1; the keys are 0 and log 3, so the weights 1/4 and
     * 3/4, and the values 8 and 4. */
    {.inputs = 1,
     .in = {{.shape = {3, {1, 2, 3}}, .values = GROVE_NUMBERS(1, 0, 8, 1, ATTENTION_LOG_3, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(5, 5),
     .dy = GROVE_NUMBERS(1, 0),
     .dx = {GROVE_NUMBERS(ATTENTION_LOG_3 * -0.75, 0.75, 0.25, 0, -0.75, 0.75)}},
    {.inputs = 1, .in = {{.shape = {3, {-1, 3, 6}}}}, .build = build_causal},
    /* a place that sees nothing, and one that sees itself alone */
    {.inputs = 2,
     .in = {{.shape = {3, {2, 3, 6}}},
            {.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(0, 1, 2, 1, 0, 0), .no_check = true}},
     .build = build_kept},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 4}}}, {.shape = {3, {2, 3, 8}}}},
     .build = build_memory},
    {.inputs = 3,
     .in = {{.shape = {3, {1, 2, 2}}},
            {.shape = {3, {1, 3, 4}}},
            {.shape = {2, {1, 3}}, .values = GROVE_NUMBERS(1, 0, 1), .no_check = true}},
     .build = build_all_of_it},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build,
     .refused = "input 0 must have 3 dimensions"},
    {.inputs = 1,
     .in = {{.shape = {3, {2, 3, 4}}}},
     .build = build,
     .refused = "query must be [batch, time, width]"},
    {.inputs = 1,
     .in = {{.shape = {3, {2, 2, 9}}}},
     .build = build_causal,
     .refused = "the heads must divide the width"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 4}}}, {.shape = {3, {2, 2, 8}}}},
     .build = build_causal_memory,
     .refused = "there is no causal order in a memory"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 4}}}, {.shape = {3, {2, -1, 8}}}},
     .build = build_memory,
     .refused = "the memory must hold a fixed number of keys"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 4}}}, {.shape = {3, {2, 2, 6}}}},
     .build = build_memory,
     .refused = "the memory, keys beside values, must have the shape [2, 2, 8]"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 3}}}, {.shape = {2, {2, 3}}}},
     .build = build_kept,
     .refused = "keep must have the shape [2, 2]"},
    {0},
};

GROVE_ROOM(attention) = {
    .name = "attention",
    .formula = "y = softmax(q k^T / sqrt(head)) v, head by head",
    .min_inputs = 1,
    .max_inputs = 3,
    .attribute_size = sizeof(struct attention),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .scratch = scratch,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_attention(grove_tensor query, grove_tensor memory, grove_tensor keep,
                             int64_t heads, bool causal) {
    grove_tensor in[3] = {query};
    return attention_append(&grove_op_attention, in, OPTIONAL, memory, keep,
                            &(struct attention){.heads = heads, .causal = causal});
}
