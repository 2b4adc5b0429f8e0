/* SPDX-License-Identifier: MIT
 *
 * ops/sums.h - the kernels that sum and mean share, and those of their adjoints: adding up along
 * axes, and repeating along axes.
 *
 * Sums are kept in double, in an order that depends on the shapes alone: along memory in eight
 * lanes that are added at the end, across memory four rows at a time.
 */
#ifndef GROVE_OPS_SUMS_H
#define GROVE_OPS_SUMS_H

#include "fold.h"

/* ---- adding up: sum, mean -------------------------------------------------------------------- */

static inline bool grove_sum_shape(grove_shaping *s) {
    const grove_reduction *attributes = s->attributes;
    return grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_fold(s, grove_in_shape(s, 0), attributes->axes, &s->shape);
}

/* The sum of x [length]. */
GROVE_KERNEL double grove_sum_along(const grove_real *x, size_t length) {
    double lane[8] = {0}, total = 0;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            lane[k] += (double)x[i + k];
        }
    }
    for (; i < length; i++) {
        total += (double)x[i];
    }
    for (size_t k = 0; k < 8; k++) {
        total += lane[k];
    }
    return total;
}

/* total [width] += rows of x, four at a time: that reads and writes the totals less often. */
GROVE_KERNEL void grove_sum_rows(const grove_fold *f, const grove_real *x, size_t width,
                                 double *total) {
    size_t chunk = 0;
    for (; chunk + 4 <= f->chunks; chunk += 4) {
        const grove_real *a = x + grove_fold_start(f, true, chunk);
        const grove_real *b = x + grove_fold_start(f, true, chunk + 1);
        const grove_real *c = x + grove_fold_start(f, true, chunk + 2);
        const grove_real *d = x + grove_fold_start(f, true, chunk + 3);
        for (size_t k = 0; k < width; k++) {
            total[k] += ((double)a[k] + (double)b[k]) + ((double)c[k] + (double)d[k]);
        }
    }
    for (; chunk < f->chunks; chunk++) {
        const grove_real *row = x + grove_fold_start(f, true, chunk);
        for (size_t k = 0; k < width; k++) {
            total[k] += (double)row[k];
        }
    }
}

/* y [width] = the sum of the chunks of x, divided. */
GROVE_KERNEL void grove_sum_piece(const grove_fold *f, const grove_real *x, size_t width,
                                  double divisor, grove_real *y) {
    double total[GROVE_FOLD_BLOCK] = {0};
    if (f->length == 1) {
        grove_sum_rows(f, x, width, total);
    } else {
        for (size_t chunk = 0; chunk < f->chunks; chunk++) {
            total[0] += grove_sum_along(x + grove_fold_start(f, true, chunk), f->length);
        }
    }
    for (size_t k = 0; k < width; k++) {
        y[k] = (grove_real)(total[k] / divisor);
    }
}

/* The items begin..end-1 of sum, or of mean. */
GROVE_KERNEL void grove_sum_reduce(const grove_call *call, size_t begin, size_t end, bool is_mean) {
    const grove_reduction *attributes = call->attributes;
    grove_fold f = grove_fold_of(call->in[0], &attributes->axes);
    double divisor = is_mean && f.reduced > 0 ? (double)f.reduced : 1;
    for (size_t item = begin; item < end; item++) {
        grove_fold_piece piece = grove_fold_piece_at(&f, item);
        grove_sum_piece(&f, grove_reals(call, 0) + piece.x, piece.width, divisor,
                        grove_out(call) + piece.y);
    }
}

static inline size_t grove_sum_items(const grove_call *call) {
    return grove_fold_items(call, call->out->count);
}

/* ---- repeating: broadcast, spread ------------------------------------------------------------ */

typedef struct grove_repetition {
    grove_shape shape, axes;
} grove_repetition;

GROVE_KERNEL bool grove_repeat_shape(grove_shaping *s) {
    const grove_repetition *attributes = s->attributes;
    grove_shape kept;
    s->shape = attributes->shape;
    if (s->shape.rank < 0 || s->shape.rank > GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the new shape has more than %d dimensions",
                            GROVE_MAX_RANK);
    }
    return grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_fold(s, s->shape, attributes->axes, &kept) &&
           grove_want_shape(s, 0, kept, "what is repeated");
}

/* Which number of x the stretch of y begins with: the kept runs alone count. */
GROVE_KERNEL size_t grove_repeat_source(const grove_fold *f, size_t stretch) {
    size_t source = 0, step = f->width;
    for (int i = 1; i < f->runs; i++) {
        if (!f->run[i].reduced) {
            source += stretch % f->run[i].size * step;
            step *= f->run[i].size;
        }
        stretch /= f->run[i].size;
    }
    return source;
}

/* y [count] = copies of one number, or a copy of a row. */
GROVE_KERNEL void grove_repeat_stretch(const grove_real *x, bool is_row, grove_real copies,
                                       grove_real *y, size_t count) {
    if (!is_row) {
        const grove_real value = *x / copies;
        for (size_t k = 0; k < count; k++) {
            y[k] = value;
        }
    } else if (copies == 1) {
        memcpy(y, x, count * sizeof *y);
    } else {
        for (size_t k = 0; k < count; k++) {
            y[k] = x[k] / copies;
        }
    }
}

/* The elements begin..end-1 of broadcast, or of spread: shared among the copies. */
GROVE_KERNEL void grove_repeat(const grove_call *call, size_t begin, size_t end, bool share) {
    const grove_repetition *attributes = call->attributes;
    grove_fold f = grove_fold_of(call->out, &attributes->axes);
    size_t stretch = f.width * f.length;
    bool is_row = f.width > 1;
    const grove_real copies = share ? (grove_real)f.reduced : 1;
    while (begin < end) {
        size_t inside = begin % stretch;
        size_t count = end - begin < stretch - inside ? end - begin : stretch - inside;
        const grove_real *x = grove_reals(call, 0) + grove_repeat_source(&f, begin / stretch);
        grove_repeat_stretch(is_row ? x + inside : x, is_row, copies, grove_out(call) + begin,
                             count);
        begin += count;
    }
}

#endif
