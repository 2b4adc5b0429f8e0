/* SPDX-License-Identifier: MIT
 *
 * ops/room.c - what many rooms need: checks of shapes, counts of items, checks of ids.
 */
#include "room.h"

#include <inttypes.h>

/* Whoever writes a shape function may miscount. */
static bool has_input(const grove_shaping *shaping, int position) {
    return position >= 0 && position < shaping->inputs;
}

grove_shape grove_in_shape(const grove_shaping *shaping, int position) {
    return grove_node_shape(has_input(shaping, position) ? shaping->in[position] : GROVE_NONE);
}

bool grove_want_type(grove_shaping *shaping, int position, grove_type type) {
    if (!has_input(shaping, position)) {
        return grove_refuse(shaping, GROVE_BAD_ARGUMENT, "there is no input %d", position);
    }
    if (grove_node_type(shaping->in[position]) == type) {
        return true;
    }
    return grove_refuse(shaping, GROVE_BAD_TYPE, "input %d must be a tensor of %s", position,
                        type == GROVE_ID ? "ids" : "real numbers");
}

bool grove_want_shape(grove_shaping *shaping, int position, grove_shape shape, const char *what) {
    if (grove_shape_equal(grove_in_shape(shaping, position), shape)) {
        return true;
    }
    char text[96];
    return grove_refuse(shaping, GROVE_BAD_SHAPE, "%s must have the shape %s", what,
                        grove_shape_text(shape, text, sizeof text));
}

bool grove_want_rank(grove_shaping *shaping, int position, int rank) {
    if (grove_in_shape(shaping, position).rank == rank) {
        return true;
    }
    return grove_refuse(shaping, GROVE_BAD_SHAPE, "input %d must have %d dimension%s", position,
                        rank, rank == 1 ? "" : "s");
}

static bool all_real(grove_shaping *shaping) {
    for (int i = 0; i < shaping->inputs; i++) {
        if (!grove_want_type(shaping, i, GROVE_REAL)) {
            return false;
        }
    }
    return true;
}

/* Whoever mixes ids and numbers is told of that first: their shapes then rarely fit either. */
bool grove_same_shape(grove_shaping *shaping) {
    if (!all_real(shaping)) {
        return false;
    }
    shaping->shape = grove_in_shape(shaping, 0);
    for (int i = 1; i < shaping->inputs; i++) {
        if (!grove_shape_equal(shaping->shape, grove_in_shape(shaping, i))) {
            return grove_refuse(shaping, GROVE_BAD_SHAPE, "its inputs must have one shape");
        }
    }
    return true;
}

/* Is `end` the end of `whole`? */
static bool is_end_of(grove_shape end, grove_shape whole) {
    for (int i = 1; i <= end.rank; i++) {
        if (i > whole.rank || end.dim[end.rank - i] != whole.dim[whole.rank - i]) {
            return false;
        }
    }
    return true;
}

bool grove_broadcast_shapes(grove_shaping *shaping) {
    if (!all_real(shaping)) {
        return false;
    }
    grove_shape a = grove_in_shape(shaping, 0), b = grove_in_shape(shaping, 1);
    if (is_end_of(b, a)) {
        shaping->shape = a;
    } else if (is_end_of(a, b)) {
        shaping->shape = b;
    } else {
        return grove_refuse(shaping, GROVE_BAD_SHAPE,
                            "the shapes do not broadcast: one must be the end of the other");
    }
    return true;
}

bool grove_update_shape(grove_shaping *shaping) {
    shaping->shape = (grove_shape){.rank = 1, .dim = {0}};
    return true;
}

bool grove_want_values(grove_shaping *s, int ids, int values) {
    if (!grove_want_type(s, ids, GROVE_ID) || !grove_want_type(s, values, GROVE_REAL)) {
        return false;
    }
    grove_shape leading = grove_in_shape(s, values);
    if (leading.rank != grove_in_shape(s, ids).rank + 1) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the values must be a row for each id");
    }
    leading.rank--;
    return grove_shape_equal(leading, grove_in_shape(s, ids)) ||
           grove_refuse(s, GROVE_BAD_SHAPE, "the values must be a row for each id");
}

bool grove_want_axes(grove_shaping *shaping, grove_shape axes, int rank, grove_shape *sorted) {
    bool chosen[GROVE_MAX_RANK] = {false};
    if (axes.rank < 0 || axes.rank > GROVE_MAX_RANK) {
        return grove_refuse(shaping, GROVE_BAD_ARGUMENT, "there are too many axes");
    }
    for (int i = 0; i < axes.rank; i++) {
        int64_t axis = axes.dim[i] < 0 && axes.dim[i] >= -rank ? axes.dim[i] + rank : axes.dim[i];
        if (axis < 0 || axis >= rank) {
            return grove_refuse(shaping, GROVE_BAD_ARGUMENT, "there is no axis %" PRId64,
                                axes.dim[i]);
        }
        if (chosen[axis]) {
            return grove_refuse(shaping, GROVE_BAD_ARGUMENT, "axis %" PRId64 " is named twice",
                                axis);
        }
        chosen[axis] = true;
    }
    *sorted = (grove_shape){0};
    for (int axis = 0; axis < rank; axis++) {
        if (chosen[axis] || axes.rank == 0) {
            sorted->dim[sorted->rank++] = axis;
        }
    }
    return true;
}

size_t grove_by_element(const grove_call *call) {
    return call->out->count;
}

size_t grove_by_row(const grove_call *call) {
    return grove_row_count(call->out);
}

size_t grove_as_one(const grove_call *call) {
    (void)call;
    return 1;
}

static grove_status bad_id(const grove_call *call, int input, size_t position, size_t rows) {
    grove_id id = grove_ids(call, input)[position];
    if (rows == 0) {
        return grove_call_fail(call, input, position, GROVE_BAD_DATA,
                               "is %" PRId32 ", but the table has no rows", id);
    }
    return grove_call_fail(call, input, position, GROVE_BAD_DATA,
                           "is %" PRId32 ", it must be from 0 to %zu", id, rows - 1);
}

/* Each a row, or nobody where that is fine? Without a way out of the loop, so that it becomes
 * vectors of comparisons; negative ids count as large ones. */
static bool all_within(const grove_id *ids, size_t begin, size_t end, size_t rows, bool nobody) {
    const uint32_t limit = rows > INT32_MAX ? (uint32_t)INT32_MAX + 1 : (uint32_t)rows;
    uint32_t outside = 0;
    for (size_t i = begin; i < end; i++) {
        outside |= ((uint32_t)ids[i] >= limit) & !(nobody & (ids[i] == GROVE_NOBODY));
    }
    return !outside;
}

grove_status grove_check_ids(const grove_call *call, int input, size_t begin, size_t end,
                             size_t rows) {
    const grove_id *ids = grove_ids(call, input);
    if (all_within(ids, begin, end, rows, false)) {
        return GROVE_OK;
    }
    while (ids[begin] >= 0 && (size_t)ids[begin] < rows) {
        begin++;
    }
    return bad_id(call, input, begin, rows);
}

grove_status grove_check_row_ids(const grove_call *call, int input, size_t begin, size_t end,
                                 size_t rows) {
    const grove_id *ids = grove_ids(call, input);
    bool all = all_within(ids, begin, end, rows, true);
    for (size_t i = begin; i < end && !all; i++) {
        if (ids[i] != GROVE_NOBODY && (ids[i] < 0 || (size_t)ids[i] >= rows)) {
            return bad_id(call, input, i, rows);
        }
    }
    return GROVE_OK;
}

grove_tensor grove_sum_to(grove_tensor dx, grove_tensor x) {
    int extra = grove_node_shape(dx).rank - grove_node_shape(x).rank;
    if (extra <= 0) {
        return dx;
    }
    grove_shape axes = {.rank = extra};
    for (int i = 0; i < extra; i++) {
        axes.dim[i] = i;
    }
    return grove_sum(dx, axes);
}
