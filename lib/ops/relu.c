/* SPDX-License-Identifier: MIT
 *
 * relu - y = max(x, 0), element by element, and its adjoint relu_gradient.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1 where x > 0, else 0; at the corner x = 0 it is 0. The adjoint is given y for
 *   its x, since y > 0 exactly where x > 0: so x need not live on.
 *   relu_gradient(dy, x) is linear in dy, with the same mask as its own gradient; in x it is flat
 *   wherever it does not jump, so x gets none.
 * Numerics: exact. NaN stays NaN, so that nobody misses it; its gradient is 0.
 * Cost: one comparison an element, forward and backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, 0 > x ? 0 : x);
    return GROVE_OK;
}

GROVE_RUN(run_gradient) {
    GROVE_MAP2(call, begin, end, dy, x, x > 0 ? dy : 0);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_relu_gradient(dy, y);
}

static void grad_of_gradient(grove_tensor result, grove_tensor d, grove_tensor *dx) {
    dx[0] = grove_relu_gradient(d, grove_node_input(result, 1));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_relu(in[0]);
}
static grove_tensor build_gradient(const grove_tensor *in) {
    return grove_relu_gradient(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-2, 0.5, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.5, 3),
     .dy = GROVE_NUMBERS(1, 2, -3),
     .dx = {GROVE_NUMBERS(0, 2, -3)}},
    /* At the corner there is no derivative to be held against. */
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, 1), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(0, 1),
     .dy = GROVE_NUMBERS(5, 5),
     .dx = {GROVE_NUMBERS(0, 5)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1, .in = {{.shape = {2, {0, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_gradient[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {4}}, .values = GROVE_NUMBERS(1, 2, 3, -4)},
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(-2, 0, 0.5, 3), .no_check = true}},
     .build = build_gradient,
     .out = GROVE_NUMBERS(0, 0, 3, -4),
     .dy = GROVE_NUMBERS(1, 2, 3, 4),
     .dx = {GROVE_NUMBERS(0, 0, 3, 4)}},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_gradient,
     .refused = "its inputs must have one shape"},
    {0},
};

GROVE_ROOM(relu) = {
    .name = "relu",
    .formula = "y = max(x, 0)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE | GROVE_CLIPS,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(relu_gradient) = {
    .name = "relu_gradient",
    .formula = "dx = dy where x > 0, else 0",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE | GROVE_MASKS,
    .shape = grove_same_shape,
    .run = run_gradient,
    .items = grove_by_element,
    .grad = grad_of_gradient,
    .examples = examples_of_gradient,
};

grove_tensor grove_relu(grove_tensor x) {
    return grove_append1(&grove_op_relu, x, NULL);
}

grove_tensor grove_relu_gradient(grove_tensor dy, grove_tensor x) {
    return grove_append2(&grove_op_relu_gradient, dy, x, NULL);
}
