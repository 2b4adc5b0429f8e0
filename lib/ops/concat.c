/* SPDX-License-Identifier: MIT
 *
 * concat - y = x_0, x_1, ..., one after another along an axis.
 *
 * Shapes: all of one rank and equal but for the axis, whose dimensions add up: 12 and the batch to
 *   batch + 12. All real numbers, or all ids.
 * Gradient: each number is copied once, so each input gets its part of dy: a slice. Ids have none.
 * Cost: one copy an element. An item is a row of the axes before the joined one.
 */
#include "copy.h"
#include "dims.h"

struct concat {
    int64_t axis;
};

static const grove_field fields[] = {GROVE_FIELD(struct concat, axis, INT), GROVE_NO_MORE_FIELDS};

static bool add_input(grove_shaping *s, int position, int axis) {
    grove_shape part = grove_in_shape(s, position);
    int64_t dim = part.rank == s->shape.rank ? part.dim[axis] : 0;
    part.dim[axis] = s->shape.dim[axis];
    if (!grove_shape_equal(part, s->shape)) {
        return grove_refuse(s, GROVE_BAD_SHAPE,
                            "input %d differs from the ones before it, and not "
                            "only along axis %d",
                            position, axis);
    }
    return grove_add_dims(s->shape.dim[axis], dim, &s->shape.dim[axis]) ||
           grove_refuse(s, GROVE_BAD_SHAPE, "along axis %d its inputs are too long together", axis);
}

static bool shape(grove_shaping *s) {
    const struct concat *attributes = s->attributes;
    s->type = grove_node_type(s->in[0]);
    s->shape = grove_in_shape(s, 0);
    int axis;
    if (!grove_want_axis(s, attributes->axis, s->shape.rank, &axis)) {
        return false;
    }
    for (int i = 1; i < s->inputs; i++) {
        if (!grove_want_type(s, i, s->type) || !add_input(s, i, axis)) {
            return false;
        }
    }
    return true;
}

enum { ROWS_TOGETHER = 16384 }; /* in bytes */

static size_t items(const grove_call *call) {
    const struct concat *attributes = call->attributes;
    return grove_times(call->out, 0, grove_axis_of(attributes->axis, call->out->rank));
}

/* How many elements of a tensor one item is. */
static size_t item_size(const grove_call *call, const grove_view *view) {
    const struct concat *attributes = call->attributes;
    return grove_times(view, grove_axis_of(attributes->axis, view->rank), view->rank);
}

static size_t cost(const grove_call *call) {
    return item_size(call, call->out) + 8 * (size_t)call->inputs;
}

/* Some rows at a time, which stay in the first cache while each input lays its pieces into them. */
GROVE_RUN(run) {
    size_t element = grove_element_size(call->out), row = item_size(call, call->out) * element;
    size_t some = row < ROWS_TOGETHER ? ROWS_TOGETHER / (row + 1) : 1;
    for (size_t item = begin; item < end; item += some) {
        char *y = (char *)call->out->data + item * row;
        for (int i = 0; i < call->inputs; i++) {
            size_t part = item_size(call, call->in[i]) * element;
            grove_pieces pieces = {.to = y,
                                   .from = (const char *)call->in[i]->data + item * part,
                                   .to_step = row,
                                   .from_step = part,
                                   .count = end - item < some ? end - item : some,
                                   .length = part};
            grove_copy_pieces(&pieces);
            y += part;
        }
    }
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct concat *attributes = grove_attributes(y);
    int axis = grove_axis_of(attributes->axis, grove_node_shape(y).rank);
    int64_t begin = 0;
    for (int i = 0; i < grove_node_inputs(y); i++) {
        int64_t size = grove_node_shape(grove_node_input(y, i)).dim[axis];
        dx[i] = grove_slice(dy, axis, begin, size);
        grove_add_dims(begin, size, &begin);
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_concat(in, 2, 1);
}
static grove_tensor build_first(const grove_tensor *in) {
    return grove_concat(in, 3, 0);
}
static grove_tensor build_middle(const grove_tensor *in) {
    return grove_concat(in, 2, -2);
}
static grove_tensor build_one(const grove_tensor *in) {
    return grove_concat(in, 1, 0);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 1}}, .values = GROVE_NUMBERS(1, 2)},
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(3, 4, 5, 6)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 3, 4, 2, 5, 6),
     .dy = GROVE_NUMBERS(10, 20, 30, 40, 50, 60),
     .dx = {GROVE_NUMBERS(10, 40), GROVE_NUMBERS(20, 30, 50, 60)}},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}},
            {.shape = {2, {0, 3}}, .no_check = true},
            {.shape = {2, {1, 3}}}},
     .build = build_first},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 1, 2}}}, {.shape = {3, {2, 3, 2}}}},
     .build = build_middle},
    {.inputs = 1, .in = {{.shape = {1, {3}}}}, .build = build_one},
    /* ids */
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {2, {1, 2}}, .values = GROVE_NUMBERS(1, 2)},
            {.type = GROVE_ID, .shape = {2, {1, 1}}, .values = GROVE_NUMBERS(7)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2, 7)},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 1}}}, {.shape = {2, {3, 1}}}},
     .build = build,
     .refused = "input 1 differs from the ones before it, and not only along axis 1"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 1}}}, {.shape = {3, {2, 1, 1}}}},
     .build = build,
     .refused = "input 1 differs from the ones before it, and not only along axis 1"},
    /* [2, batch] and [2, 3] make [2, batch + 3]. */
    {.inputs = 2,
     .in = {{.shape = {2, {2, -1}}, .values = GROVE_NUMBERS(1, 2, 3, 4)},
            {.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(5, 6, 7, 8, 9, 10)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2, 5, 6, 7, 3, 4, 8, 9, 10),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
     .dx = {GROVE_NUMBERS(1, 2, 6, 7), GROVE_NUMBERS(3, 4, 5, 8, 9, 10)}},
    {.inputs = 2,
     .in = {{.shape = {2, {0, INT32_MAX}}}, {.shape = {2, {0, 1}}}},
     .build = build,
     .refused = "along axis 1 its inputs are too long together"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 1}}}, {.type = GROVE_ID, .shape = {2, {2, 1}}}},
     .build = build,
     .refused = "input 1 must be a tensor of real numbers"},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = build_one, .refused = "there is no axis 0"},
    {0},
};

GROVE_ROOM(concat) = {
    .name = "concat",
    .formula = "y = x0, x1, ... along an axis",
    .min_inputs = 1,
    .max_inputs = INT16_MAX,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(struct concat),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_concat(const grove_tensor *x, int count, int axis) {
    return grove_append(&grove_op_concat, NULL, x, count, &(struct concat){.axis = axis});
}
