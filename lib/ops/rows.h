/* SPDX-License-Identifier: MIT
 *
 * ops/rows.h - what the row forms of all updates share: a row-sparse gradient is a list of ids and
 * a row of values for each; rows that stand in the list more than once are merged first, and
 * GROVE_NOBODY's values are passed over.
 */
#ifndef GROVE_OPS_ROWS_H
#define GROVE_OPS_ROWS_H

#include "base/merge.h"
#include "widths.h"

/* The distinct rows of a list, and the sum of the values of each; where there is but one value, it
 * is that one, where it stands. */
typedef struct grove_row_gradient {
    grove_merged merged;
    const grove_real **values; /* [merged.count] of [width] */
    size_t width;
} grove_row_gradient;

/* Row updates are cut by rows, not by places in the list: an item is a share of the table, the rows
 * whose ids hash to its number. Each tile goes through the whole list, which is short, and takes
 * what is its own; so no two meet in a row, and a row's values are added in the list's order. */
enum { GROVE_SHARE_OF_IDS = 1024, GROVE_MOST_SHARES = 32 };

static inline size_t grove_row_shares(const grove_call *call) {
    size_t shares = call->in[1]->count / GROVE_SHARE_OF_IDS;
    return shares < 1 ? 1 : shares < GROVE_MOST_SHARES ? shares : GROVE_MOST_SHARES;
}

/* A row of 12 numbers takes 13 to 35 ns, from sgd to adagrad, one of 128 takes 35 to 90; where rows
 * are near, or named many times, a third of that (measured: build/tests/cost_ops; an addition
 * counts 0.125). */
static inline size_t grove_cost_of_share(const grove_call *call) {
    return call->in[1]->count / grove_row_shares(call) * (100 + 4 * grove_width(call->in[0]));
}

/* Where each row's values stand, the ids of some shares, and their places in the list. */
static inline size_t grove_row_lists(size_t ids) {
    size_t bytes = ids * (sizeof(grove_real *) + sizeof(grove_id) + sizeof(int32_t));
    return (bytes + GROVE_LINE - 1) / GROVE_LINE * GROVE_LINE;
}

/* Of merging; of these lists; of the sums. */
static inline size_t grove_row_gradient_scratch(const grove_call *call) {
    size_t ids = call->in[1]->count;
    return grove_merge_scratch(ids) + grove_row_lists(ids) +
           call->in[2]->count * sizeof(grove_real);
}

/* For the descriptor's check: are the ids (input 1) rows of the table (input 0)? */
static inline grove_status grove_check_row_update(const grove_call *call) {
    return grove_check_row_ids(call, 1, 0, call->in[1]->count, call->in[0]->dim[0]);
}

/* The number of the update that is being made: one after those done, up to the last that counts. */
static inline grove_id grove_update_number(grove_id step) {
    return step < INT32_MAX ? step + 1 : INT32_MAX;
}

/* The ids of the shares begin..end-1 and their places; returns how many. (A product with 2^32 /
 * golden ratio spreads the ids; its high bits choose the share.) */
GROVE_KERNEL size_t grove_ids_of_shares(const grove_call *call, size_t begin, size_t end,
                                        grove_id *own, int32_t *place) {
    const grove_id *ids = grove_ids(call, 1);
    size_t count = 0, shares = grove_row_shares(call);
    for (size_t i = 0; i < call->in[1]->count; i++) {
        size_t share = (size_t)((uint64_t)((uint32_t)ids[i] * 2654435769u) * shares >> 32);
        own[count] = ids[i];
        place[count] = (int32_t)i;
        count += share >= begin && share < end;
    }
    return count;
}

/* sum [width] = before + value; before may be sum itself. */
GROVE_KERNEL void grove_add_values(const grove_real *before, const grove_real *restrict value,
                                   grove_real *restrict sum, size_t width) {
    if (before != sum) {
        memcpy(sum, before, width * sizeof *sum);
    }
    for (size_t k = 0; k < width; k++) {
        sum[k] += value[k];
    }
}

/* Adds up the values of repeated rows, in the order of the list, in sums [merged.count, width]. The
 * values of id i stand at place[i]; at i where place is NULL. */
GROVE_KERNEL void grove_merge_values(const grove_row_gradient *g, const grove_real *values,
                                     const int32_t *place, size_t count, grove_real *sums,
                                     size_t width) {
    int32_t seen = 0; /* slots are given in the order of appearance */
    for (size_t i = 0; i < count; i++) {
        int32_t slot = g->merged.slot[i];
        const grove_real *value = values + (place ? (size_t)place[i] : i) * width;
        if (slot == seen) {
            g->values[seen++] = value;
        } else if (slot >= 0) {
            grove_real *sum = sums + (size_t)slot * width;
            grove_add_values(g->values[slot], value, sum, width);
            g->values[slot] = sum;
        }
    }
}

/* For updates whose inputs begin (table [rows, width], ids [...], values [..., width]): checks the
 * ids, then merges those of the shares begin..end-1. Nothing is written but scratch. */
GROVE_KERNEL grove_status grove_gather_rows(const grove_call *call, size_t begin, size_t end,
                                            grove_row_gradient *gradient) {
    size_t count = call->in[1]->count, width = grove_width(call->in[0]);
    size_t rows = call->in[0]->dim[0];
    grove_status status = grove_check_row_update(call);
    if (status != GROVE_OK) {
        return status;
    }
    char *lists = (char *)call->scratch + grove_merge_scratch(count);
    grove_real *sums = (grove_real *)(lists + grove_row_lists(count));
    gradient->width = width;
    gradient->values = (const grove_real **)lists;
    grove_id *own = (grove_id *)(gradient->values + count);
    int32_t *place = own + count;
    if (end - begin == grove_row_shares(call)) {
        gradient->merged = grove_merge_among(grove_ids(call, 1), count, rows, call->scratch);
        place = NULL;
    } else {
        count = grove_ids_of_shares(call, begin, end, own, place);
        gradient->merged = grove_merge_among(own, count, rows, call->scratch);
    }
    GROVE_BY_WIDTH(grove_merge_values, width, gradient, grove_reals(call, 2), place, count, sums)
    return GROVE_OK;
}

/* In the loop over the rows: number i's turn is to come; what the update reads of a table [rows,
 * width], and of a clock [rows], is fetched. */
GROVE_KERNEL void grove_fetch_row(const grove_row_gradient *g, size_t i, const grove_real *table,
                                  size_t width) {
    if (table && i + GROVE_ROWS_AHEAD < g->merged.count) {
        size_t row = (size_t)g->merged.rows[i + GROVE_ROWS_AHEAD];
        grove_fetch(table + row * width, width * sizeof *table);
    }
}
GROVE_KERNEL void grove_fetch_clock(const grove_row_gradient *g, size_t i, const grove_id *last) {
    if (last && i + GROVE_ROWS_AHEAD < g->merged.count) {
        __builtin_prefetch(last + g->merged.rows[i + GROVE_ROWS_AHEAD]);
    }
}

/* Does a row rest that `ids` (input `position`, which was checked) name, or one of the items where
 * the op has no such input? Mostly none does: then nothing has to be made ready. */
static inline bool grove_any_rests(const grove_call *call, const grove_id *last, grove_id step,
                                   int position, size_t begin, size_t end) {
    bool some = call->inputs > position, any = false;
    const grove_id *ids = some ? grove_ids(call, position) : NULL;
    begin = some ? 0 : begin;
    end = some ? call->in[position]->count : end;
    for (size_t i = begin; i < end; i++) {
        if (some && i + GROVE_ROWS_AHEAD < end && ids[i + GROVE_ROWS_AHEAD] >= 0) {
            __builtin_prefetch(last + ids[i + GROVE_ROWS_AHEAD]);
        }
        any |= !(some && ids[i] == GROVE_NOBODY) && step > last[some ? (size_t)ids[i] : i];
    }
    return any;
}

/* Checks of shape that row updates share: table, ids, values, and the rate, a scalar at position
 * `rate`. */
static inline bool grove_want_row_update(grove_shaping *s, int rate) {
    if (!grove_want_rank(s, 0, 2) || !grove_want_type(s, 0, GROVE_REAL) ||
        !grove_want_type(s, 1, GROVE_ID) || !grove_want_type(s, 2, GROVE_REAL) ||
        !grove_want_type(s, rate, GROVE_REAL) ||
        !grove_want_shape(s, rate, GROVE_SCALAR, "the rate")) {
        return false;
    }
    grove_shape values = grove_in_shape(s, 1);
    if (values.rank < GROVE_MAX_RANK) {
        values.dim[values.rank++] = grove_in_shape(s, 0).dim[1];
    }
    return grove_want_shape(s, 2, values, "the values, a row for each id,");
}

/* A state that keeps a number of the table's shape for each of its elements. */
static inline bool grove_want_moment(grove_shaping *s, int position, const char *what) {
    return grove_want_type(s, position, GROVE_REAL) &&
           grove_want_shape(s, position, grove_in_shape(s, 0), what);
}

/* The two clocks of lazy updates: `step`, a scalar id, counts updates done; `last` [rows] tells up
 * to which update each row has been brought. */
static inline bool grove_want_clock(grove_shaping *s, int step) {
    return grove_want_type(s, step, GROVE_ID) &&
           grove_want_shape(s, step, GROVE_SCALAR, "the step");
}
static inline bool grove_want_row_clock(grove_shaping *s, int last) {
    return grove_want_type(s, last, GROVE_ID) &&
           grove_want_shape(s, last, GROVE_SHAPE(grove_in_shape(s, 0).dim[0]),
                            "the clock of the rows");
}

/* The elements of the parameter: what dense updates go by. */
static inline size_t grove_by_parameter(const grove_call *call) {
    return call->in[0]->count;
}

/* With a root and a division for each, in vectors: measured against additions. */
static inline size_t grove_cost_of_update(const grove_call *call) {
    (void)call;
    return 4;
}

/* Brings rows up to date that are not: of those that `ids` (input `position`, which was checked)
 * names, or of all items where the op has no such input. `last` [rows] tells up to which update
 * each has been brought, catch_up sets it to `step`; so a row that is named twice is up to date the
 * second time. */
typedef void grove_catch_up_row(const grove_call *call, void *context, size_t row);
static inline void grove_catch_up(const grove_call *call, int position, size_t begin, size_t end,
                                  const grove_id *last, grove_id step, grove_catch_up_row *catch_up,
                                  void *context) {
    const bool some = call->inputs > position;
    const grove_id *ids = some ? grove_ids(call, position) : NULL;
    begin = some ? 0 : begin;
    end = some ? call->in[position]->count : end;
    for (size_t i = begin; i < end; i++) {
        if (some && ids[i] == GROVE_NOBODY) {
            continue;
        }
        const size_t row = some ? (size_t)ids[i] : i;
        if (step > last[row]) {
            catch_up(call, context, row);
        }
    }
}

/* Pieces of worked examples: a scalar; a clock of the optimizer; a table [3, 1]; clocks of its
 * rows. */
#define GROVE_SCALAR_OF(x)                                                                         \
    { .shape = {0}, .values = GROVE_NUMBERS(x) }
#define GROVE_STEP_OF(x)                                                                           \
    { .type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(x), .stored = true }
#define GROVE_TABLE_OF(...)                                                                        \
    { .shape = {2, {3, 1}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }
#define GROVE_CLOCK_OF(...)                                                                        \
    { .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }

#endif
