/* SPDX-License-Identifier: MIT
 *
 * mean - y = the mean of x over axes; and its adjoint spread: x repeated over axes, each copy
 * divided by the number of copies.
 *
 * Shapes: mean takes x [...] and drops the axes; spread takes what is left of `shape` without the
 *   axes, and yields `shape`. No axes at all mean all axes: -> a scalar.
 * Gradient: y = (x_1 + .. + x_n) / n, so every x_i gets dy / n: spread(dy). Seen from the other
 *   side, a number that spread copies n times as x / n gets the mean of their gradients. A pair of
 *   adjoints.
 * Numerics: the sum is kept in double, in a fixed order (sums.h), and divided there. The mean of
 *   nothing is 0: an empty batch has no loss, not a NaN.
 * Cost: an addition for each number of the larger side.
 */
#include "sums.h"

static const grove_field fields[] = {GROVE_FIELD(grove_reduction, axes, SHAPE),
                                     GROVE_NO_MORE_FIELDS};

GROVE_RUN(run) {
    grove_sum_reduce(call, begin, end, true);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const grove_reduction *attributes = grove_attributes(y);
    dx[0] = grove_spread(dy, grove_node_shape(grove_node_input(y, 0)), attributes->axes);
}

/* ---- spread ---------------------------------------------------------------------------------- */

static const grove_field repetition_fields[] = {GROVE_FIELD(grove_repetition, shape, SHAPE),
                                                GROVE_FIELD(grove_repetition, axes, SHAPE),
                                                GROVE_NO_MORE_FIELDS};

GROVE_RUN(run_spread) {
    grove_repeat(call, begin, end, true);
    return GROVE_OK;
}

static void grad_of_spread(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const grove_repetition *attributes = grove_attributes(y);
    dx[0] = grove_mean(dy, attributes->axes);
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor mean_all(const grove_tensor *in) {
    return grove_mean(in[0], GROVE_ALL_AXES);
}
static grove_tensor mean_middle(const grove_tensor *in) {
    return grove_mean(in[0], GROVE_AXES(-2));
}
static grove_tensor spread_rows(const grove_tensor *in) {
    return grove_spread(in[0], GROVE_SHAPE(2, 3), GROVE_AXES(0));
}
static grove_tensor spread_all(const grove_tensor *in) {
    return grove_spread(in[0], GROVE_SHAPE(2, 3), GROVE_ALL_AXES);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 2, 3, 6)}},
     .build = mean_all,
     .out = GROVE_NUMBERS(3),
     .dy = GROVE_NUMBERS(4),
     .dx = {GROVE_NUMBERS(1, 1, 1, 1)}},
    {.inputs = 1, .in = {{.shape = {3, {2, 3, 2}}}}, .build = mean_middle},
    /* The mean of nothing is 0. */
    {.inputs = 1,
     .in = {{.shape = {2, {0, 2}}, .no_check = true}},
     .build = mean_middle,
     .out = GROVE_NUMBERS(0, 0)},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = mean_middle,
     .refused = "there is no axis -2"},
    {0},
};

static const grove_example examples_of_spread[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(2, 4, 6)}},
     .build = spread_rows,
     .out = GROVE_NUMBERS(1, 2, 3, 1, 2, 3),
     .dy = GROVE_NUMBERS(1, 2, 3, 5, 6, 7),
     .dx = {GROVE_NUMBERS(3, 4, 5)}},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = spread_all},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = spread_all,
     .refused = "what is repeated must have the shape []"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(mean) = {
    .name = "mean",
    .formula = "y = mean of x over axes",
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

GROVE_ROOM(spread) = {
    .name = "spread",
    .formula = "y = x repeated n times over axes, / n",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(grove_repetition),
    .fields = repetition_fields,
    .shape = grove_repeat_shape,
    .run = run_spread,
    .items = grove_by_element,
    .grad = grad_of_spread,
    .examples = examples_of_spread,
};

grove_tensor grove_mean(grove_tensor x, grove_shape axes) {
    return grove_append1(&grove_op_mean, x, &(grove_reduction){.axes = axes});
}

grove_tensor grove_spread(grove_tensor x, grove_shape shape, grove_shape axes) {
    return grove_append1(&grove_op_spread, x, &(grove_repetition){.shape = shape, .axes = axes});
}
