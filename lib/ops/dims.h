/* SPDX-License-Identifier: MIT
 *
 * ops/dims.h - arithmetic with dimensions that may be multiples of the batch: what the rooms that
 * change the form of a tensor share.
 */
#ifndef GROVE_OPS_DIMS_H
#define GROVE_OPS_DIMS_H

#include "base/memory.h"
#include "room.h"

/* "12", "batch", "3*batch": a dimension as shapes write it. */
static inline const char *grove_dim_text(int64_t dim, char *text, size_t size) {
    grove_shape_text((grove_shape){1, {dim}}, text, size);
    text[strcspn(text, "]")] = '\0';
    return memmove(text, text + 1, strlen(text)); /* without the brackets */
}

/* What dimensions multiply to: size times the batch to the power of `batches`. */
typedef struct grove_extent {
    size_t size;
    int batches;
} grove_extent;

/* The extent of the first `axes` dimensions; false where it is too large a number. */
static inline bool grove_extent_of(grove_shape shape, int axes, grove_extent *extent) {
    *extent = (grove_extent){.size = 1};
    for (int i = 0; i < axes; i++) {
        uint64_t dim = (uint64_t)shape.dim[i];
        bool is_batch = shape.dim[i] < 0;
        extent->batches += is_batch;
        if (!grove_multiply(extent->size, (size_t)(is_batch ? 0 - dim : dim), &extent->size)) {
            return false;
        }
    }
    if (extent->size == 0) {
        extent->batches = 0; /* nothing, whatever the batch */
    }
    return extent->size <= INT64_MAX;
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
