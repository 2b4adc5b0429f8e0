/* SPDX-License-Identifier: MIT
 *
 * sum - y = the sum of x over axes; and its adjoint broadcast: x repeated over axes.
 *
 * Shapes: sum takes x [...] and drops the axes; broadcast takes what is left of `shape` without the
 *   axes, and yields `shape`. No axes at all mean all axes: -> a scalar.
 * Gradient: y = x_1 + .. + x_n, so every x_i gets dy: broadcast(dy). Seen from the other side, a
 *   number that broadcast copies n times gets the sum of their gradients. A pair of adjoints.
 * Numerics: sums are kept in double, in a fixed order (sums.h). The sum of nothing is 0.
 * Cost: an addition for each number of the larger side.
 */
#include "sums.h"

static const grove_field fields[] = {GROVE_FIELD(grove_reduction, axes, SHAPE),
                                     GROVE_NO_MORE_FIELDS};

GROVE_RUN(run) {
    grove_sum_reduce(call, begin, end, false);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const grove_reduction *attributes = grove_attributes(y);
    dx[0] = grove_broadcast(dy, grove_node_shape(grove_node_input(y, 0)), attributes->axes);
}

/* ---- broadcast ------------------------------------------------------------------------------- */

static const grove_field repetition_fields[] = {GROVE_FIELD(grove_repetition, shape, SHAPE),
                                                GROVE_FIELD(grove_repetition, axes, SHAPE),
                                                GROVE_NO_MORE_FIELDS};

GROVE_RUN(run_broadcast) {
    grove_repeat(call, begin, end, false);
    return GROVE_OK;
}

static void grad_of_broadcast(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const grove_repetition *attributes = grove_attributes(y);
    dx[0] = grove_sum(dy, attributes->axes);
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor sum_all(const grove_tensor *in) {
    return grove_sum(in[0], GROVE_ALL_AXES);
}
static grove_tensor sum_first(const grove_tensor *in) {
    return grove_sum(in[0], GROVE_AXES(0));
}
static grove_tensor sum_last(const grove_tensor *in) {
    return grove_sum(in[0], GROVE_AXES(-1));
}
static grove_tensor sum_two(const grove_tensor *in) {
    return grove_sum(in[0], GROVE_AXES(1, 3));
}
static grove_tensor broadcast_rows(const grove_tensor *in) {
    return grove_broadcast(in[0], GROVE_SHAPE(2, 3), GROVE_AXES(0));
}
static grove_tensor broadcast_columns(const grove_tensor *in) {
    return grove_broadcast(in[0], GROVE_SHAPE(2, 3), GROVE_AXES(-1));
}
static grove_tensor broadcast_two(const grove_tensor *in) {
    return grove_broadcast(in[0], GROVE_SHAPE(2, 3, 2, 2), GROVE_AXES(1, 3));
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)}},
     .build = sum_first,
     .out = GROVE_NUMBERS(5, 7, 9),
     .dy = GROVE_NUMBERS(1, 2, 3),
     .dx = {GROVE_NUMBERS(1, 2, 3, 1, 2, 3)}},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)}},
     .build = sum_last,
     .out = GROVE_NUMBERS(6, 15),
     .dy = GROVE_NUMBERS(1, 2),
     .dx = {GROVE_NUMBERS(1, 1, 1, 2, 2, 2)}},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = sum_all},
    {.inputs = 1, .in = {{.shape = {2, {3, 7}}}}, .build = sum_all},
    {.inputs = 1, .in = {{.shape = {4, {2, 3, 2, 2}}}}, .build = sum_two},
    {.inputs = 1, .in = {{.shape = {5, {2, 3, 1, 2, 2}}}}, .build = sum_two},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = sum_two,
     .refused = "there is no axis 3"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = sum_all,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_broadcast[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(7, 8)}},
     .build = broadcast_columns,
     .out = GROVE_NUMBERS(7, 7, 7, 8, 8, 8),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5, 6),
     .dx = {GROVE_NUMBERS(6, 15)}},
    {.inputs = 1, .in = {{.shape = {1, {3}}}}, .build = broadcast_rows},
    {.inputs = 1, .in = {{.shape = {2, {2, 2}}}}, .build = broadcast_two},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = broadcast_columns,
     .refused = "what is repeated must have the shape [2]"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(sum) = {
    .name = "sum",
    .formula = "y = sum of x over axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(grove_reduction),
    .fields = fields,
    .shape = grove_sum_shape,
    .run = run,
    .items = grove_sum_items,
    .cost = grove_fold_cost,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(broadcast) = {
    .name = "broadcast",
    .formula = "y = x repeated over axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(grove_repetition),
    .fields = repetition_fields,
    .shape = grove_repeat_shape,
    .run = run_broadcast,
    .items = grove_by_element,
    .grad = grad_of_broadcast,
    .examples = examples_of_broadcast,
};

grove_tensor grove_sum(grove_tensor x, grove_shape axes) {
    return grove_append1(&grove_op_sum, x, &(grove_reduction){.axes = axes});
}

grove_tensor grove_broadcast(grove_tensor x, grove_shape shape, grove_shape axes) {
    return grove_append1(&grove_op_broadcast, x, &(grove_repetition){.shape = shape, .axes = axes});
}
