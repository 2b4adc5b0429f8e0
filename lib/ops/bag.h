/* SPDX-License-Identifier: MIT
 *
 * ops/bag.h - what embedding_bag and its adjoint share: which ids a bag holds.
 *
 * Bags come in two forms. As a matrix: ids [..., n], each row of it a bag; shorter bags are filled
 * up with the padding. As one list: ids [total], and offsets [bags] that say where each bag begins;
 * it ends where the next one does. Whatever the caller's padding is, embedding_bag_ids has made it
 * GROVE_NOBODY.
 *
 * Inputs, from position `at` on: table [rows, width], ids, offsets where there are some, weights
 * (one for each id) where there are some.
 */
#ifndef GROVE_OPS_BAG_H
#define GROVE_OPS_BAG_H

#include <inttypes.h>

#include "widths.h"

typedef struct bag_attributes {
    int64_t mode; /* a grove_bag_mode */
    bool padded;  /* GROVE_NOBODY is not in the bag; else it is a mistake */
    bool offsets; /* there are some among the inputs */
    bool include_last_offset;
} bag_attributes;

#define BAG_FIELDS                                                                                 \
    {                                                                                              \
        GROVE_FIELD(bag_attributes, mode, INT), GROVE_FIELD(bag_attributes, padded, FLAG),         \
            GROVE_FIELD(bag_attributes, offsets, FLAG),                                            \
            GROVE_FIELD(bag_attributes, include_last_offset, FLAG), GROVE_NO_MORE_FIELDS           \
    }

/* `in` holds what comes first, table and ids at `at`, and has room for all. */
static inline grove_tensor bag_append(const grove_op *op, grove_tensor *in, int at,
                                      grove_tensor offsets, grove_tensor weights,
                                      const grove_embedding_bag_options *options) {
    grove_embedding_bag_options o = options ? *options : (grove_embedding_bag_options){0};
    bag_attributes attributes = {.mode = o.mode,
                                 .padded = o.padded,
                                 .offsets = grove_is_valid(offsets),
                                 .include_last_offset = o.include_last_offset};
    int inputs = at + 2;
    grove_shape table = grove_node_shape(in[at]);
    if (!o.padded && o.padding != 0) {
        return grove_refuse_builder(in[at + 1].graph, op, GROVE_BAD_ARGUMENT,
                                    "its padding is %" PRId32 ", which counts with .padded alone",
                                    o.padding);
    }
    if (o.padded && o.padding != GROVE_NOBODY && table.rank > 0) {
        in[at + 1] = grove_embedding_bag_ids(in[at + 1], o.padding, table.dim[0]);
    }
    if (grove_is_valid(offsets)) {
        in[inputs++] = offsets;
    }
    if (grove_is_valid(weights)) {
        in[inputs++] = weights;
    }
    return grove_append(op, NULL, in, inputs, &attributes);
}

/* ---- shape ----------------------------------------------------------------------------------- */

static inline bool bag_want_attributes(grove_shaping *s, int at) {
    const bag_attributes *a = s->attributes;
    if (a->mode < GROVE_BAG_SUM || a->mode > GROVE_BAG_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "its mode must be sum, mean or max");
    }
    int least = at + 2 + a->offsets;
    if (s->inputs < least || s->inputs > least + 1) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it must have %d inputs, or with weights %d",
                            least, least + 1);
    }
    return a->offsets || !a->include_last_offset ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "include_last_offset needs offsets");
}

static inline bool bag_want_weights(grove_shaping *s, int at) {
    const bag_attributes *a = s->attributes;
    int weights = at + 2 + a->offsets;
    if (s->inputs == weights) {
        return true;
    }
    if (a->mode != GROVE_BAG_SUM) {
        return grove_refuse(s, GROVE_UNSUPPORTED,
                            "weights are for the mode sum: for a weighted mean, divide them first");
    }
    return grove_want_type(s, weights, GROVE_REAL) &&
           grove_want_shape(s, weights, grove_in_shape(s, at + 1), "the weights, one for each id,");
}

/* How many bags: one dimension, that of the offsets, or the leading ones of the ids. */
static inline bool bag_want_bags(grove_shaping *s, int at, grove_shape *bags) {
    const bag_attributes *a = s->attributes;
    *bags = grove_in_shape(s, at + 1 + a->offsets);
    if (!a->offsets) {
        if (bags->rank < 1 || bags->rank == GROVE_MAX_RANK) {
            return grove_refuse(s, GROVE_BAD_SHAPE, "the ids must have 1 to %d dimensions",
                                GROVE_MAX_RANK - 1);
        }
        bags->rank--;
        return true;
    }
    if (!grove_want_rank(s, at + 1, 1) || !grove_want_type(s, at + 2, GROVE_ID) ||
        !grove_want_rank(s, at + 2, 1)) {
        return false;
    }
    bags->dim[0] -= a->include_last_offset;
    return !a->include_last_offset || bags->dim[0] >= 0 ||
           grove_refuse(s, GROVE_BAD_SHAPE,
                        "offsets that include the last one must have a fixed size of 1 or more "
                        "(batch + 1 is no dimension: leave the last one out)");
}

/* Checks the inputs from `at` on. *y is what embedding_bag yields: [bags..., width]. */
static inline bool bag_want(grove_shaping *s, int at, grove_shape *y) {
    if (!bag_want_attributes(s, at) || !grove_want_type(s, at, GROVE_REAL) ||
        !grove_want_rank(s, at, 2) || !grove_want_type(s, at + 1, GROVE_ID) ||
        !bag_want_bags(s, at, y) || !bag_want_weights(s, at)) {
        return false;
    }
    y->dim[y->rank++] = grove_in_shape(s, at).dim[1];
    return true;
}

/* ---- for gradient rules ---------------------------------------------------------------------- */

typedef struct bag_inputs {
    grove_tensor table, ids, offsets, weights; /* the last two perhaps GROVE_NONE */
    int weights_at;
    grove_embedding_bag_options o;
} bag_inputs;

static inline bag_inputs bag_inputs_of(grove_tensor y, int at) {
    const bag_attributes *a = grove_attributes(y);
    return (bag_inputs){.table = grove_node_input(y, at),
                        .ids = grove_node_input(y, at + 1),
                        .offsets = a->offsets ? grove_node_input(y, at + 2) : GROVE_NONE,
                        .weights = grove_node_input(y, at + 2 + a->offsets),
                        .weights_at = at + 2 + a->offsets,
                        .o = {.mode = (grove_bag_mode)a->mode,
                              .padded = a->padded,
                              .padding = a->padded ? GROVE_NOBODY : 0,
                              .include_last_offset = a->include_last_offset}};
}

/* ---- run ------------------------------------------------------------------------------------- */

typedef struct bags {
    const bag_attributes *a;
    const grove_real *table;   /* [rows, width] */
    const grove_id *ids;       /* [total] */
    const grove_id *offsets;   /* [stored], or NULL */
    const grove_real *weights; /* [total], or NULL */
    size_t rows, width, total, stored;
    size_t count; /* of bags */
    int at;
} bags;

/* One bag: the places begin..end-1 among the ids, of which `size` are no padding. */
typedef struct bag {
    size_t begin, end, size;
} bag;

static inline bags bags_of(const grove_call *call, int at) {
    const bag_attributes *a = call->attributes;
    const grove_view *ids = call->in[at + 1];
    bags b = {.a = a,
              .table = grove_reals(call, at),
              .ids = grove_ids(call, at + 1),
              .rows = call->in[at]->dim[0],
              .width = call->in[at]->dim[1],
              .total = ids->count,
              .count = 1,
              .at = at};
    if (a->offsets) {
        b.offsets = grove_ids(call, at + 2);
        b.stored = call->in[at + 2]->count;
        b.count = b.stored - a->include_last_offset;
    }
    for (int i = 0; i < ids->rank - 1; i++) {
        b.count *= ids->dim[i];
    }
    int weights = at + 2 + a->offsets;
    b.weights = call->inputs > weights ? grove_reals(call, weights) : NULL;
    return b;
}

static inline bool bag_is_padding(const bags *b, size_t i) {
    return b->ids[i] == GROVE_NOBODY;
}

static inline bag bag_at(const bags *b, size_t number) {
    bag it = {0};
    if (b->offsets) {
        it.begin = (size_t)b->offsets[number];
        it.end = number + 1 < b->stored ? (size_t)b->offsets[number + 1] : b->total;
    } else {
        size_t n = b->total / b->count;
        it.begin = number * n;
        it.end = it.begin + n;
    }
    for (size_t i = it.begin; i < it.end; i++) {
        it.size += !bag_is_padding(b, i);
    }
    return it;
}

/* One offset by all that is asked of it, so that whoever meets it says the same. */
static inline grove_status bag_check_offset(const grove_call *call, const bags *b, size_t i) {
    grove_id offset = b->offsets[i];
    int input = b->at + 2;
    if (offset < 0 || (size_t)offset > b->total) {
        return grove_call_fail(call, input, i, GROVE_BAD_DATA,
                               "is %" PRId32 ", it must be from 0 to %zu, the number of ids",
                               offset, b->total);
    }
    if (i == 0 && offset != 0) {
        return grove_call_fail(call, input, i, GROVE_BAD_DATA,
                               "is %" PRId32 ", the first bag must begin at 0", offset);
    }
    if (i > 0 && offset < b->offsets[i - 1]) {
        return grove_call_fail(call, input, i, GROVE_BAD_DATA,
                               "is %" PRId32 ", but the one before it is %" PRId32
                               ": offsets must not fall",
                               offset, b->offsets[i - 1]);
    }
    if (b->a->include_last_offset && i == b->stored - 1 && (size_t)offset != b->total) {
        return grove_call_fail(call, input, i, GROVE_BAD_DATA,
                               "is %" PRId32 ", the last one must be the number of ids, %zu",
                               offset, b->total);
    }
    return GROVE_OK;
}

/* Ids that no bag holds are a mistake. */
static inline grove_status bag_check_none(const grove_call *call, const bags *b) {
    if (!b->offsets || b->total == 0) {
        return GROVE_OK;
    }
    return b->stored > 0 ? bag_check_offset(call, b, 0)
                         : grove_call_fail(call, b->at + 2, 0, GROVE_BAD_DATA,
                                           "is missing: there are %zu ids, and no bag", b->total);
}

/* Offsets and ids of the bags begin..end-1: all that a kernel may follow. */
static inline grove_status bag_check(const grove_call *call, const bags *b, size_t begin,
                                     size_t end) {
    grove_status status = b->count == 0 ? bag_check_none(call, b) : GROVE_OK;
    for (size_t i = begin; b->offsets && i <= end && i < b->stored && status == GROVE_OK; i++) {
        status = bag_check_offset(call, b, i);
    }
    for (size_t number = begin; number < end && status == GROVE_OK; number++) {
        bag it = bag_at(b, number);
        status = (b->a->padded ? grove_check_row_ids : grove_check_ids)(call, b->at + 1, it.begin,
                                                                        it.end, b->rows);
    }
    return status;
}

/* ---- the largest of a bag, column by column -------------------------------------------------- */

enum { BAG_COLUMNS = 64 }; /* worked on together */

typedef struct bag_peak {
    grove_real most[BAG_COLUMNS];
    size_t place[BAG_COLUMNS]; /* of the first id whose row has it */
} bag_peak;

/* For the columns first..first+count-1; the bag holds an id. A NaN wins, and stays. */
static inline void bag_find_peak(const bags *b, const bag *it, size_t first, size_t count,
                                 bag_peak *peak) {
    bool any = false;
    for (size_t i = it->begin; i < it->end; i++) {
        if (bag_is_padding(b, i)) {
            continue;
        }
        const grove_real *row = b->table + (size_t)b->ids[i] * b->width + first;
        for (size_t k = 0; k < count; k++) {
            bool larger = !any | (row[k] > peak->most[k]) | (row[k] != row[k]);
            peak->most[k] = larger ? row[k] : peak->most[k];
            peak->place[k] = larger ? i : peak->place[k];
        }
        any = true;
    }
}

/* ---- items: a bag each; one where there is none, so that this is looked at ------------------- */

static inline size_t bag_items(const grove_call *call, int at) {
    size_t count = bags_of(call, at).count;
    return count ? count : 1;
}

/* A row of 12 numbers takes 2 to 3 ns, one of 128 takes 20; one of 16 out of 64 megabytes 8
 * (measured: build/tests/cost_ops; an addition counts 0.125). */
static inline size_t bag_cost(const grove_call *call, int at) {
    bags b = bags_of(call, at);
    return (b.count ? b.total / b.count + 1 : 1) * (4 + b.width);
}

/* ---- pieces of worked examples --------------------------------------------------------------- */

#define BAG_IDS(rank, dims, ...)                                                                   \
    { .type = GROVE_ID, .shape = {rank, dims}, .values = GROVE_NUMBERS(__VA_ARGS__) }
#define BAG_MATRIX                                                                                 \
    { 2, 3 }
#define BAG_TABLE(checked)                                                                         \
    {                                                                                              \
        .shape = {2, {4, 2}}, .values = GROVE_NUMBERS(1, 40, 2, 30, 3, 20, 4, 10),                 \
        .no_check = !(checked)                                                                     \
    }

#endif
