/* SPDX-License-Identifier: MIT
 *
 * ops/layer_norm.h - what layer_norm and its adjoints share: mean and spread of a row, and sums
 * along it.
 */
#ifndef GROVE_OPS_LAYER_NORM_H
#define GROVE_OPS_LAYER_NORM_H

#include <math.h>

#include "base/lanes.h"
#include "room.h"

struct layer_norm {
    double epsilon;
};

static const grove_field layer_norm_fields[] = {GROVE_FIELD(struct layer_norm, epsilon, REAL),
                                                GROVE_NO_MORE_FIELDS};

/* x, at this position, has rows of a fixed width; epsilon is a number to divide by. */
static inline bool layer_norm_want(grove_shaping *s, int x) {
    const struct layer_norm *attributes = s->attributes;
    grove_shape shape = grove_in_shape(s, x);
    if (!grove_want_type(s, x, GROVE_REAL)) {
        return false;
    }
    if (shape.rank == 0 || shape.dim[shape.rank - 1] <= 0) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "x must have a last axis of fixed size, above 0");
    }
    if (!(attributes->epsilon > 0) || !isfinite(attributes->epsilon)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "epsilon must be a finite number above 0");
    }
    return true;
}
/* A number for each column. */
static inline bool layer_norm_want_list(grove_shaping *s, int x, int list, const char *what) {
    grove_shape shape = grove_in_shape(s, x);
    return grove_want_type(s, list, GROVE_REAL) &&
           grove_want_shape(s, list, GROVE_SHAPE(shape.dim[shape.rank - 1]), what);
}

/* ---- kernels --------------------------------------------------------------------------------- */

/* `kernel(..., width);` with widths that models often have as constants: a row stays in registers
 * then, and no lane is looked at for whether it is there. The bits are the same. */
#define LAYER_NORM_BY_WIDTH(kernel, width, ...)                                                    \
    switch (width) {                                                                               \
    case 32:                                                                                       \
        kernel(__VA_ARGS__, 32);                                                                   \
        break;                                                                                     \
    case 64:                                                                                       \
        kernel(__VA_ARGS__, 64);                                                                   \
        break;                                                                                     \
    case 128:                                                                                      \
        kernel(__VA_ARGS__, 128);                                                                  \
        break;                                                                                     \
    default:                                                                                       \
        kernel(__VA_ARGS__, width);                                                                \
    }

/* y = x - mean (y may be x); returns 1 / sqrt(variance + epsilon). */
GROVE_KERNEL grove_real layer_norm_centre(const grove_real *x, size_t width, double epsilon,
                                          grove_real *y) {
    const grove_real share = 1 / (grove_real)width;
    grove_lanes sum = {0}, squares = {0}, part;
    for (size_t k = 0; k < width; k += GROVE_LANES) {
        grove_lanes_load(&part, x + k, width - k);
        sum += part;
    }
    const grove_real mean = grove_lanes_sum(&sum) * share;
    for (size_t k = 0; k < width; k += GROVE_LANES) {
        grove_lanes_load(&part, x + k, width - k);
        part -= mean;
        grove_lanes_cut(&part, width - k, 0);
        squares += part * part;
        grove_lanes_store(&part, y + k, width - k);
    }
    const double variance = (double)(grove_lanes_sum(&squares) * share);
    return (grove_real)(1 / sqrt(variance + epsilon));
}

#endif
