/* SPDX-License-Identifier: MIT
 *
 * tanh - y = tanh(x) = (e^x - e^-x) / (e^x + e^-x), and its adjoint tanh_gradient.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1 - y^2. It is written with the output y, which is at hand, not with x.
 *   tanh_gradient(dy, y) = dy * (1 - y^2) has gradients itself: for dy the factor 1 - y^2 again,
 *   for y the factor -2 * y * dy.
 * Numerics: |y| <= 1; for |x| > 9 a float's y is +-1 and its gradient 0: a saturated unit.
 * Cost: one tanh an element forward, two products backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, grove_tanh_of(x));
    return GROVE_OK;
}

GROVE_RUN(run_gradient) {
    GROVE_MAP2(call, begin, end, dy, y, dy * (1 - y * y));
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_tanh_gradient(dy, y);
}

static void grad_of_gradient(grove_tensor result, grove_tensor d, grove_tensor *dx) {
    grove_tensor dy = grove_node_input(result, 0), y = grove_node_input(result, 1);
    dx[0] = grove_tanh_gradient(d, y);
    dx[1] = grove_scale(grove_mul(grove_mul(d, dy), y), -2);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_tanh(in[0]);
}

static grove_tensor build_gradient(const grove_tensor *in) {
    return grove_tanh_gradient(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.46211715726000979, -0.96402758007581690),
     .dy = GROVE_NUMBERS(1, 2, 3),
     .dx = {GROVE_NUMBERS(1, 1.5728954659318548, 0.21195247459881957)}},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_gradient[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(3, 1)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(0.5, -0.25)}},
     .build = build_gradient,
     .out = GROVE_NUMBERS(2.25, 0.9375),
     .dy = GROVE_NUMBERS(1, 2),
     .dx = {GROVE_NUMBERS(0.75, 1.875), GROVE_NUMBERS(-3, 1)}},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_gradient,
     .refused = "its inputs must have one shape"},
    {0},
};

GROVE_ROOM(tanh) = {
    .name = "tanh",
    .formula = "y = tanh(x)",
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

GROVE_ROOM(tanh_gradient) = {
    .name = "tanh_gradient",
    .formula = "dx = dy * (1 - y^2)",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run_gradient,
    .items = grove_by_element,
    .grad = grad_of_gradient,
    .examples = examples_of_gradient,
};

grove_tensor grove_tanh(grove_tensor x) {
    return grove_append1(&grove_op_tanh, x, NULL);
}

grove_tensor grove_tanh_gradient(grove_tensor dy, grove_tensor y) {
    return grove_append2(&grove_op_tanh_gradient, dy, y, NULL);
}
