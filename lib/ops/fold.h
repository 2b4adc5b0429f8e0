/* SPDX-License-Identifier: MIT
 *
 * ops/fold.h - how the ops that reduce axes (sum, mean, max) and their adjoints walk through
 * memory.
 *
 * Neighbouring axes that are all kept, or all reduced, are seen as one. What remains is a last run,
 * which lies dense in memory, and the runs before it:
 *
 *     the last run is reduced:   y = f(`length` numbers beside each other), for `chunks` of these
 *     the last run is kept:      `width` results beside each other = f(`chunks` such rows)
 *
 * So [batch, 32] over axis 0 has width 32, length 1 and batch chunks; over axis 1 width 1, length
 * 32 and one chunk; over all axes width 1, length batch*32, one chunk.
 */
#ifndef GROVE_OPS_FOLD_H
#define GROVE_OPS_FOLD_H

#include "room.h"

/* The attributes of all that reduce. */
typedef struct grove_reduction {
    grove_shape axes; /* as given: negative ones count from the end, none means all */
} grove_reduction;

enum { GROVE_FOLD_BLOCK = 256 }; /* results that are made together: their sums stay in the cache */

typedef struct grove_fold {
    struct {
        size_t size, step;
        bool reduced;
    } run[GROVE_MAX_RANK]; /* the last one first */
    int runs;
    size_t width, length; /* one of them is 1 */
    size_t chunks;
    size_t reduced; /* how many numbers fold into one: length * chunks */
    size_t blocks;  /* of at most GROVE_FOLD_BLOCK, that a width is cut into */
} grove_fold;

/* A block of results: where its numbers begin in x, where it begins in y, and its width. */
typedef struct grove_fold_piece {
    size_t x, y, width;
} grove_fold_piece;

static inline bool grove_is_reduced(const grove_shape *axes, int axis, int rank) {
    for (int i = 0; i < axes->rank; i++) {
        if (axes->dim[i] == axis || axes->dim[i] + rank == axis) {
            return true;
        }
    }
    return axes->rank == 0;
}

/* What is left of `whole` without the axes; refuses axes that it does not have. */
static inline bool grove_want_fold(grove_shaping *s, grove_shape whole, grove_shape axes,
                                   grove_shape *kept) {
    grove_shape sorted;
    if (!grove_want_axes(s, axes, whole.rank, &sorted)) {
        return false;
    }
    *kept = (grove_shape){0};
    for (int i = 0; i < whole.rank; i++) {
        if (!grove_is_reduced(&sorted, i, whole.rank)) {
            kept->dim[kept->rank++] = whole.dim[i];
        }
    }
    return true;
}

static inline grove_fold grove_fold_of(const grove_view *whole, const grove_shape *axes) {
    grove_fold f = {.width = 1, .length = 1};
    size_t step = 1;
    for (int i = whole->rank; i-- > 0;) {
        bool reduced = grove_is_reduced(axes, i, whole->rank);
        if (whole->dim[i] == 1) {
            continue;
        }
        if (f.runs == 0 || f.run[f.runs - 1].reduced != reduced) {
            f.run[f.runs].size = 1;
            f.run[f.runs].step = step;
            f.run[f.runs++].reduced = reduced;
        }
        f.run[f.runs - 1].size *= whole->dim[i];
        step *= whole->dim[i];
    }
    if (f.runs > 0) {
        *(f.run[0].reduced ? &f.length : &f.width) = f.run[0].size;
    }
    f.chunks = whole->count > 0;
    for (int i = 1; i < f.runs; i++) {
        f.chunks *= f.run[i].reduced ? f.run[i].size : 1;
    }
    f.reduced = f.chunks * f.length;
    f.blocks = (f.width + GROVE_FOLD_BLOCK - 1) / GROVE_FOLD_BLOCK;
    return f;
}

/* Where the chunk of that number begins, counted over the reduced runs or over the kept ones. */
static inline size_t grove_fold_start(const grove_fold *f, bool reduced, size_t number) {
    size_t start = 0;
    for (int i = 1; i < f->runs; i++) {
        if (f->run[i].reduced == reduced && number < f->run[i].size) {
            return start + number * f->run[i].step; /* mostly: and two divisions cost more */
        }
        if (f->run[i].reduced == reduced) {
            start += number % f->run[i].size * f->run[i].step;
            number /= f->run[i].size;
        }
    }
    return start;
}

static inline grove_fold_piece grove_fold_piece_at(const grove_fold *f, size_t item) {
    size_t first = item % f->blocks * GROVE_FOLD_BLOCK, outer = item / f->blocks;
    size_t left = f->width - first;
    return (grove_fold_piece){.x = grove_fold_start(f, false, outer) + first,
                              .y = outer * f->width + first,
                              .width = left < GROVE_FOLD_BLOCK ? left : GROVE_FOLD_BLOCK};
}

/* Items and cost of ops that reduce their input 0: an item is a piece. `results` are as many as the
 * result of the reduction has. */
static inline size_t grove_fold_items(const grove_call *call, size_t results) {
    const grove_reduction *attributes = call->attributes;
    grove_fold f = grove_fold_of(call->in[0], &attributes->axes);
    return results ? results / f.width * f.blocks : 0;
}
static inline size_t grove_fold_cost(const grove_call *call) {
    const grove_reduction *attributes = call->attributes;
    grove_fold f = grove_fold_of(call->in[0], &attributes->axes);
    return f.reduced * (f.width < GROVE_FOLD_BLOCK ? f.width : GROVE_FOLD_BLOCK) + 1;
}

#endif
