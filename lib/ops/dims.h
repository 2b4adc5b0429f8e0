/* SPDX-License-Identifier: MIT
 *
 * ops/dims.h - arithmetic with dimensions that may have the batch in them: what the rooms that
 * change the form of a tensor share.
 */
#ifndef GROVE_OPS_DIMS_H
#define GROVE_OPS_DIMS_H

#include "base/memory.h"
#include "room.h"

/* "12", "batch", "3*batch + 12": a dimension as shapes write it. */
static inline const char *grove_dim_text(int64_t dim, char *text, size_t size) {
    grove_shape_text((grove_shape){1, {dim}}, text, size);
    text[strcspn(text, "]")] = '\0';
    return memmove(text, text + 1, strlen(text)); /* without the brackets */
}

/* a + b, as dimensions; false where that is too large a number. */
static inline bool grove_add_dims(int64_t a, int64_t b, int64_t *sum) {
    int64_t batches = grove_dim_batches(a) + grove_dim_batches(b);
    int64_t more = grove_dim_more(a) + grove_dim_more(b);
    bool fits = batches <= INT32_MAX && more <= INT32_MAX;
    *sum = fits ? grove_dim(batches, more) : 0;
    return fits;
}

/* What dimensions multiply to, whatever the batch: the sum of of[k] * batch^k. */
typedef struct grove_extent {
    size_t of[GROVE_MAX_RANK + 1];
} grove_extent;

/* The extent of the first `axes` dimensions; false where it is too large a number. */
static inline bool grove_extent_of(grove_shape shape, int axes, grove_extent *extent) {
    *extent = (grove_extent){.of = {1}};
    for (int i = 0; i < axes; i++) {
        size_t batches = (size_t)grove_dim_batches(shape.dim[i]);
        size_t more = (size_t)grove_dim_more(shape.dim[i]);
        for (int k = i + 1; k >= 0; k--) {
            size_t raised = 0, kept;
            bool fits = grove_multiply(extent->of[k], more, &kept) &&
                        (k == 0 || grove_multiply(extent->of[k - 1], batches, &raised));
            if (!fits || kept > SIZE_MAX - raised) {
                return false;
            }
            extent->of[k] = kept + raised;
        }
    }
    return true;
}

/* The extent as one dimension; false where it is none: batch x batch, or too large. */
static inline bool grove_extent_as_dim(const grove_extent *extent, int64_t *dim) {
    bool is_dim = extent->of[0] <= INT32_MAX && extent->of[1] <= INT32_MAX;
    for (int k = 2; k <= GROVE_MAX_RANK; k++) {
        is_dim = is_dim && extent->of[k] == 0;
    }
    *dim = is_dim ? grove_dim((int64_t)extent->of[1], (int64_t)extent->of[0]) : 0;
    return is_dim;
}

/* The number that the axis of a checked node means: -1 is the last one. */
static inline int grove_axis_of(int64_t axis, int rank) {
    return (int)(axis < 0 ? axis + rank : axis);
}

/* Is there such an axis? */
static inline bool grove_want_axis(grove_shaping *s, int64_t axis, int rank, int *found) {
    grove_shape sorted;
    if (!grove_want_axes(s, (grove_shape){1, {axis}}, rank, &sorted)) {
        return false;
    }
    *found = (int)sorted.dim[0];
    return true;
}

/* How often the axes from `first` to before `end` repeat what lies behind them. */
static inline size_t grove_times(const grove_view *view, int first, int end) {
    size_t times = 1;
    for (int i = first; i < end; i++) {
        times *= view->dim[i];
    }
    return times;
}

static inline size_t grove_element_size(const grove_view *view) {
    return view->type == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id);
}

#endif
