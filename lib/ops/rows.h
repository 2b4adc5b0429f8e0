/* SPDX-License-Identifier: MIT
 *
 * ops/rows.h - what the row forms of all updates share: a row-sparse gradient is a list of ids and
 * a row of values for each; rows that stand in the list more than once are merged first, and
 * GROVE_NOBODY's values are passed over.
 */
#ifndef GROVE_OPS_ROWS_H
#define GROVE_OPS_ROWS_H

#include "base/merge.h"
#include "room.h"

/* The distinct rows of a list, and the sum of the values of each. */
typedef struct grove_row_gradient {
    grove_merged merged;
    const grove_real *sums; /* [merged.count, width] */
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

/* A row far away in memory costs about as much as a hundred additions (embedding.c). */
static inline size_t grove_cost_of_share(const grove_call *call) {
    return call->in[1]->count / grove_row_shares(call) * (100 + 4 * grove_width(call->in[0]));
}

/* Of merging; of the ids of some shares and their places in the list; of the sums. */
static inline size_t grove_row_gradient_scratch(const grove_call *call) {
    size_t ids = call->in[1]->count;
    return grove_merge_scratch(ids) + ids * (sizeof(grove_id) + sizeof(int32_t)) +
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
static inline size_t grove_ids_of_shares(const grove_call *call, size_t begin, size_t end,
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

/* For updates whose inputs begin (table [rows, width], ids [...], values [..., width]): checks the
 * ids, then merges those of the shares begin..end-1. Nothing is written but scratch. */
static inline grove_status grove_gather_rows(const grove_call *call, size_t begin, size_t end,
                                             grove_row_gradient *gradient) {
    size_t count = call->in[1]->count, width = grove_width(call->in[0]);
    grove_status status = grove_check_row_update(call);
    if (status != GROVE_OK) {
        return status;
    }
    grove_id *own = (grove_id *)((char *)call->scratch + grove_merge_scratch(count));
    int32_t *place = own + count;
    grove_real *sums = (grove_real *)(place + count); /* 8 * count bytes on: aligned for a real */
    const grove_real *values = grove_reals(call, 2);
    gradient->width = width;
    gradient->sums = sums;
    if (end - begin == grove_row_shares(call)) {
        gradient->merged = grove_merge(grove_ids(call, 1), count, call->scratch);
        grove_merge_sum(&gradient->merged, values, count, width, sums);
        return GROVE_OK;
    }
    count = grove_ids_of_shares(call, begin, end, own, place);
    gradient->merged = grove_merge(own, count, call->scratch);
    grove_merge_sum_at(&gradient->merged, values, place, count, width, sums);
    return GROVE_OK;
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

/* Brings rows up to date: those that `ids` (input `position`) names, or all of the items where the
 * op has no such input. A row that is named twice is found up to date the second time. */
typedef void grove_catch_up_row(const grove_call *call, const void *context, size_t row);
static inline grove_status grove_catch_up(const grove_call *call, int position, size_t begin,
                                          size_t end, grove_catch_up_row *catch_up,
                                          const void *context) {
    if (call->inputs <= position) {
        for (size_t row = begin; row < end; row++) {
            catch_up(call, context, row);
        }
        return GROVE_OK;
    }
    size_t count = call->in[position]->count;
    const grove_id *ids = grove_ids(call, position);
    grove_status status = grove_check_row_ids(call, position, 0, count, call->in[0]->dim[0]);
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        if (ids[i] != GROVE_NOBODY) {
            catch_up(call, context, (size_t)ids[i]);
        }
    }
    return status;
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
