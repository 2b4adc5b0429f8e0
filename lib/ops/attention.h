/* SPDX-License-Identifier: MIT
 *
 * ops/attention.h - what attention and its adjoint share: their inputs, and the weights of a block
 * of queries, made in scratch.
 *
 *                  keys ->
 *      queries | block of weights |      ATTENTION_ROWS x keys numbers; with a causal mask a block
 *         |    | block of weights |      ends where its last query does
 *
 * A block lies turned, [keys, ATTENTION_ROWS], so that each query has a lane of its own and sums
 * over keys are sums of vectors (attention_turned.h). Where there are few queries, whose lanes
 * would be empty, it lies by rows, [queries, keys up to a whole number of lanes].
 *
 * Inputs: query, and after what the op has besides, from position `at` on, the memory and keep,
 * where they are given. Queries, keys and values are read where they lie: a head's are `head`
 * numbers of each row.
 */
#ifndef GROVE_OPS_ATTENTION_H
#define GROVE_OPS_ATTENTION_H

#include <math.h>

#include "base/functions.h"
#include "base/lanes.h"
#include "base/product.h"
#include "room.h"

struct attention {
    int64_t heads;
    bool causal, has_memory;
    bool of_memory; /* the adjoint: which of two gradients it is */
};

#define ATTENTION_FIELDS                                                                           \
    GROVE_FIELD(struct attention, heads, INT), GROVE_FIELD(struct attention, causal, FLAG),        \
        GROVE_FIELD(struct attention, has_memory, FLAG)

/* `in` holds the first `inputs`, and has room for two more. */
static inline grove_tensor attention_append(const grove_op *op, grove_tensor *in, int inputs,
                                            grove_tensor memory, grove_tensor keep,
                                            const struct attention *attributes) {
    struct attention complete = *attributes;
    complete.has_memory = grove_is_valid(memory);
    if (complete.has_memory) {
        in[inputs++] = memory;
    }
    if (grove_is_valid(keep)) {
        in[inputs++] = keep;
    }
    return grove_append(op, NULL, in, inputs, &complete);
}

/* For gradient rules: the optional inputs of a node, or GROVE_NONE. */
static inline grove_tensor attention_memory(grove_tensor node, int at) {
    const struct attention *attributes = grove_attributes(node);
    return attributes->has_memory ? grove_node_input(node, at) : GROVE_NONE;
}
static inline grove_tensor attention_keep(grove_tensor node, int at) {
    const struct attention *attributes = grove_attributes(node);
    at += attributes->has_memory;
    return at < grove_node_inputs(node) ? grove_node_input(node, at) : GROVE_NONE;
}

/* Fills in the shape of what attention yields, [batch, time, width]. */
static inline bool attention_want(grove_shaping *s, int at) {
    const struct attention *attributes = s->attributes;
    const bool apart = attributes->has_memory;
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 3)) {
        return false;
    }
    if (s->inputs < at + apart || s->inputs > at + apart + 1) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it must have %d inputs, or keep too",
                            at + apart);
    }
    grove_shape query = grove_in_shape(s, 0), pairs = apart ? grove_in_shape(s, at) : query;
    int64_t width = apart ? query.dim[2] : query.dim[2] / 3, keys = pairs.dim[1];
    if (query.dim[1] <= 0 || query.dim[2] <= 0 || (!apart && query.dim[2] % 3 != 0)) {
        return grove_refuse(s, GROVE_BAD_SHAPE,
                            "query must be [batch, time, width], or without a memory [batch, time, "
                            "3 * width], with time and width fixed");
    }
    if (attributes->heads <= 0 || width % attributes->heads != 0) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the heads must divide the width");
    }
    if (apart && attributes->causal) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "there is no causal order in a memory");
    }
    if (apart && (pairs.rank != 3 || keys <= 0)) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the memory must hold a fixed number of keys");
    }
    s->shape = GROVE_SHAPE(query.dim[0], query.dim[1], width);
    grove_shape wanted = GROVE_SHAPE(query.dim[0], keys, 2 * width);
    int keep = at + apart;
    return (!apart || (grove_want_type(s, at, GROVE_REAL) &&
                       grove_want_shape(s, at, wanted, "the memory, keys beside values,"))) &&
           (keep >= s->inputs ||
            (grove_want_type(s, keep, GROVE_REAL) &&
             grove_want_shape(s, keep, GROVE_SHAPE(query.dim[0], keys), "keep")));
}

/* ---- kernels --------------------------------------------------------------------------------- */

enum {
    ATTENTION_ROWS = GROVE_LANES,
    ATTENTION_FEW = 8, /* queries, of which fewer are not worth lanes of their own */
};

typedef struct attention_sizes {
    size_t batch, time, keys, heads, head, width;
    bool causal;
    size_t query_step, pair_step; /* from row to row of queries; of keys and values */
    size_t key, value;            /* where they begin in their row */
    size_t row;                   /* of a block: keys, up to a whole number of lanes */
    bool turned;                  /* how a block lies */
    grove_real scale;
} attention_sizes;

static inline attention_sizes attention_sizes_of(const grove_call *call, int at) {
    const struct attention *attributes = call->attributes;
    const grove_view *query = call->in[0], *pairs = call->in[attributes->has_memory ? at : 0];
    attention_sizes of = {.batch = query->dim[0],
                          .time = query->dim[1],
                          .keys = pairs->dim[1],
                          .heads = (size_t)attributes->heads,
                          .width = query->dim[2] / (attributes->has_memory ? 1 : 3),
                          .causal = attributes->causal,
                          .query_step = query->dim[2],
                          .pair_step = pairs->dim[2]};
    of.head = of.width / of.heads;
    of.key = attributes->has_memory ? 0 : of.width;
    of.value = of.key + of.width;
    of.row = (of.keys + GROVE_LANES - 1) / GROVE_LANES * GROVE_LANES;
    of.turned = of.time >= ATTENTION_FEW;
    of.scale = (grove_real)(1 / sqrt((double)of.head));
    return of;
}

static inline size_t attention_least(size_t a, size_t b) {
    return a < b ? a : b;
}
/* How many keys a block that ends before this query sees. */
static inline size_t attention_seen(const attention_sizes *of, size_t end) {
    return of->causal ? attention_least(end, of->keys) : of->keys;
}

/* A product whose first matrix is a block, or with `by_key` what stands in it for each key. */
static inline grove_product attention_product(const attention_sizes *of, bool by_key, size_t rows,
                                              size_t seen) {
    return (grove_product){.transpose_a = of->turned != by_key,
                           .m = by_key ? seen : rows,
                           .n = of->head,
                           .k = by_key ? rows : seen,
                           .a_step = of->turned ? ATTENTION_ROWS : of->row};
}
/* One whose result is a block: of rows [rows, head], and what keys have for them [seen, head]. */
static inline grove_product attention_scores(const attention_sizes *of, size_t rows, size_t seen) {
    return (grove_product){.transpose_b = true,
                           .m = of->turned ? seen : rows,
                           .n = of->turned ? rows : seen,
                           .k = of->head,
                           .c_step = of->turned ? ATTENTION_ROWS : of->row};
}

/* As large as they get. */
static inline size_t attention_product_scratch(const attention_sizes *of) {
    const grove_product kinds[] = {attention_scores(of, ATTENTION_ROWS, of->keys),
                                   attention_product(of, false, ATTENTION_ROWS, of->keys),
                                   attention_product(of, true, ATTENTION_ROWS, of->keys)};
    size_t most = 0;
    for (int i = 0; i < 3; i++) {
        size_t bytes = grove_product_scratch(&kinds[i]);
        most = bytes > most ? bytes : most;
    }
    return most;
}
static inline size_t attention_block_bytes(const attention_sizes *of) {
    return ATTENTION_ROWS * of->row * sizeof(grove_real);
}

/* scores = a [rows, head] x b [seen, head]^T, where they lie. */
static inline void attention_score(const attention_sizes *of, size_t rows, size_t seen,
                                   const grove_real *a, size_t a_step, const grove_real *b,
                                   grove_real *scores, void *scratch) {
    grove_product product = attention_scores(of, rows, seen);
    product.a = of->turned ? b : a;
    product.a_step = of->turned ? of->pair_step : a_step;
    product.b = of->turned ? a : b;
    product.b_step = of->turned ? a_step : of->pair_step;
    product.c = scores;
    grove_matrix_product(&product, scratch);
}

/* The scores x [count] are scaled; those of padding become -infinity, and so does what lies behind
 * up to a whole number of lanes. Returns the largest, where a NaN is none: it will show in the sum
 * of the row. */
GROVE_KERNEL grove_real attention_scale(grove_real *x, size_t count, const grove_real *keep,
                                        grove_real scale) {
    grove_lanes most, part;
    for (size_t k = 0; k < count && keep; k++) {
        x[k] = keep[k] > 0 ? x[k] : -(grove_real)INFINITY;
    }
    most = (grove_lanes){0} - (grove_real)INFINITY;
    for (size_t k = 0; k < count; k += GROVE_LANES) {
        part = *(const grove_lanes *)(x + k) * scale;
        grove_lanes_cut(&part, count - k, -(grove_real)INFINITY);
        grove_lanes_raise(&most, &part);
        *(grove_lanes *)(x + k) = part;
    }
    return grove_lanes_most(&most);
}

/* x [count], a whole number of lanes, becomes exp(x - largest); returns the sum. */
GROVE_KERNEL grove_real attention_exps_of_row(grove_real *x, size_t count, grove_real largest) {
    grove_lanes sum = {0};
    for (size_t k = 0; k < count; k += GROVE_LANES) {
        for (size_t i = 0; i < GROVE_LANES; i++) {
            x[k + i] = grove_exp_of_negative(x[k + i] - largest);
        }
        sum += *(const grove_lanes *)(x + k);
    }
    return grove_lanes_sum(&sum);
}

GROVE_KERNEL bool attention_sees(const grove_real *keep, size_t count) {
    size_t k = 0;
    while (k < count && !(keep[k] > 0)) {
        k++;
    }
    return k < count;
}

/* scores [rows, of->row], of queries from `first` on, become exp(score - largest), 0 where nothing
 * is seen; shares [rows] are what makes weights of them: 1 / their sum, or 0. Returns how many keys
 * the block sees. */
GROVE_KERNEL size_t attention_exps(const attention_sizes *of, size_t first, size_t rows,
                                   const grove_real *keep, grove_real *scores, grove_real *shares) {
    const size_t seen = attention_seen(of, first + rows);
    for (size_t i = 0; i < rows; i++) {
        grove_real *x = scores + i * of->row;
        size_t count = attention_seen(of, first + i + 1);
        bool any = !keep || attention_sees(keep, count);
        if (any) {
            const grove_real largest = attention_scale(x, count, keep, of->scale);
            count = (count + GROVE_LANES - 1) / GROVE_LANES * GROVE_LANES;
            shares[i] = 1 / attention_exps_of_row(x, count, largest);
        } else {
            count = 0;
            shares[i] = 0;
        }
        for (size_t k = count; k < seen; k += GROVE_LANES) {
            *(grove_lanes *)(x + k) = (grove_lanes){0};
        }
    }
    return seen;
}

/* In additions: a weight costs its products, `products` of them (matmul.c), and an exp. */
static inline size_t attention_cost(const attention_sizes *of, size_t rows, size_t products) {
    return rows * of->keys * (of->head * products / 16 + 8) / (of->causal ? 2 : 1) + 1;
}

/* Of worked examples: a query of 1 and keys of 0 and log 3 make weights of 1/4 and 3/4. */
#define ATTENTION_LOG_3 1.0986122886681098

#endif
