/* SPDX-License-Identifier: MIT
 *
 * ops/part.h - what slice and its adjoint pad share: a part begin..begin+size-1 of an axis. Of the
 * longer tensor of the two it is a part, and the shorter one is that part.
 */
#ifndef GROVE_OPS_PART_H
#define GROVE_OPS_PART_H

#include "copy.h"
#include "dims.h"

typedef struct part {
    int64_t axis, begin, size;
} part;

#define PART_FIELDS                                                                                \
    {                                                                                              \
        GROVE_FIELD(part, axis, INT), GROVE_FIELD(part, begin, INT), GROVE_FIELD(part, size, INT), \
            GROVE_NO_MORE_FIELDS                                                                   \
    }

/* Does begin..begin+size-1 lie within an axis of this dimension, whatever the batch? It does for a
 * batch of 0 and for a very large one, so for all between. */
static inline bool part_lies_within(grove_shaping *s, int64_t begin, int64_t size, int64_t dim) {
    int64_t batches = grove_dim_batches(dim) - grove_dim_batches(begin);
    int64_t more = grove_dim_more(dim) - grove_dim_more(begin);
    if (grove_dim_batches(size) <= batches && more >= 0 && grove_dim_more(size) <= more) {
        return true;
    }
    char from[32], length[32], whole[32];
    return grove_refuse(
        s, GROVE_BAD_ARGUMENT,
        "a part that begins at %s and is %s long does not lie within an axis "
        "of %s%s",
        grove_dim_text(begin, from, sizeof from), grove_dim_text(size, length, sizeof length),
        grove_dim_text(dim, whole, sizeof whole),
        dim < 0 && grove_dim_more(dim) == 0 ? " (it must be counted in batches)" : "");
}

/* Of what is longer, the part begins at begin; the result is `size` long. */
static inline bool part_shape(grove_shaping *s, bool pads) {
    const part *p = s->attributes;
    int axis;
    s->type = grove_node_type(s->in[0]);
    s->shape = grove_in_shape(s, 0);
    if (!grove_want_axis(s, p->axis, s->shape.rank, &axis)) {
        return false;
    }
    int64_t dim = s->shape.dim[axis];
    s->shape.dim[axis] = p->size;
    return pads ? part_lies_within(s, p->begin, dim, p->size)
                : part_lies_within(s, p->begin, p->size, dim);
}

/* ---- for kernels ----------------------------------------------------------------------------- */

/* Rows of bytes: each of x and y, and how far into the longer one the shorter one begins. */
typedef struct part_rows {
    size_t x, y, begin;
} part_rows;

static inline part_rows part_rows_of(const grove_call *call) {
    const part *p = call->attributes;
    const grove_view *x = call->in[0], *y = call->out;
    int axis = grove_axis_of(p->axis, y->rank);
    size_t bytes = grove_times(y, axis + 1, y->rank) * grove_element_size(y);
    size_t begin =
        (size_t)grove_dim_batches(p->begin) * call->batch + (size_t)grove_dim_more(p->begin);
    return (part_rows){
        .x = x->dim[axis] * bytes, .y = y->dim[axis] * bytes, .begin = begin * bytes};
}

static inline size_t part_items(const grove_call *call) {
    const int64_t axis = ((const part *)call->attributes)->axis;
    return call->out->count ? grove_times(call->out, 0, grove_axis_of(axis, call->out->rank)) : 0;
}

static inline size_t part_cost(const grove_call *call) {
    return part_rows_of(call).y / sizeof(grove_real) + 8;
}

#endif
