/* SPDX-License-Identifier: MIT
 *
 * sigmoid - y = 1 / (1 + exp(-x)), element by element, and its adjoint sigmoid_gradient.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = exp(-x) / (1 + exp(-x))^2 = y * (1 - y). It is written with the output y, which
 *   is at hand, not with x.
 *   sigmoid_gradient(dy, y) = dy * y * (1 - y) has gradients itself: for dy the factor y * (1 - y)
 *   again, for y the factor dy * (1 - 2 * y).
 * Numerics: with e = exp(-|x|), which never overflows, y is 1 / (1 + e) on the right and e / (1 +
 *   e) on the left, where it keeps its digits down to the smallest numbers. On the right a float's
 *   y is 1 for x > 17, and its gradient 0: a saturated unit.
 * Cost: an exp and a division an element forward, two products backward.
 */
#include "elementwise.h"

GROVE_KERNEL grove_real sigmoid(grove_real x) {
    const grove_real e = grove_exp_of(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, sigmoid(x));
    return GROVE_OK;
}

GROVE_RUN(run_gradient) {
    GROVE_MAP2(call, begin, end, dy, y, dy * (y * (1 - y)));
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_sigmoid_gradient(dy, y);
}

static void grad_of_gradient(grove_tensor result, grove_tensor d, grove_tensor *dx) {
    grove_tensor dy = grove_node_input(result, 0), y = grove_node_input(result, 1);
    dx[0] = grove_sigmoid_gradient(d, y);
    dx[1] = grove_mul(grove_mul(d, dy), grove_shift(grove_scale(y, -2), 1));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_sigmoid(in[0]);
}
static grove_tensor build_gradient(const grove_tensor *in) {
    return grove_sigmoid_gradient(in[0], in[1]);
}

static const grove_example examples[] = {
    /* The logarithm of 3 to 1, and of 1 to 3. */
    {.inputs = 1,
     .in = {{.shape = {1, {3}},
             .values = GROVE_NUMBERS(0, 1.0986122886681098, -1.0986122886681098)}},
     .build = build,
     .out = GROVE_NUMBERS(0.5, 0.75, 0.25),
     .dy = GROVE_NUMBERS(1, 2, -16),
     .dx = {GROVE_NUMBERS(0.25, 0.375, -3)}},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(-1000, 1000)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 1),
     .dy = GROVE_NUMBERS(1, 1),
     .dx = {GROVE_NUMBERS(0, 0)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_gradient[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(3, 8)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(0.5, 0.25)}},
     .build = build_gradient,
     .out = GROVE_NUMBERS(0.75, 1.5),
     .dy = GROVE_NUMBERS(1, 2),
     .dx = {GROVE_NUMBERS(0.25, 0.375), GROVE_NUMBERS(0, 8)}},
    {.inputs = 2,
     .in = {{.shape = {2, {-1, 3}}}, {.shape = {2, {-1, 3}}}},
     .build = build_gradient},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_gradient,
     .refused = "its inputs must have one shape"},
    {0},
};

GROVE_ROOM(sigmoid) = {
    .name = "sigmoid",
    .formula = "y = 1 / (1 + e^-x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .cost = grove_cost_of_exp,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(sigmoid_gradient) = {
    .name = "sigmoid_gradient",
    .formula = "dx = dy * y * (1 - y)",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run_gradient,
    .items = grove_by_element,
    .grad = grad_of_gradient,
    .examples = examples_of_gradient,
};

grove_tensor grove_sigmoid(grove_tensor x) {
    return grove_append1(&grove_op_sigmoid, x, NULL);
}

grove_tensor grove_sigmoid_gradient(grove_tensor dy, grove_tensor y) {
    return grove_append2(&grove_op_sigmoid_gradient, dy, y, NULL);
}
