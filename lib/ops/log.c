/* SPDX-License-Identifier: MIT
 *
 * log - y = the natural logarithm of x, element by element.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1 / x.
 * Numerics: x = 0 gives minus infinity, and dy / 0 as its gradient; x below 0 gives NaN. The
 *   logarithm of a softmax or a sigmoid has ops of its own that stay finite: log_softmax, softplus.
 * Cost: one logarithm an element forward, a division backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, grove_log_of(x));
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_div(dy, grove_node_input(y, 0));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_log(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(1, 2, 0.5)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.69314718055994531, -0.69314718055994531),
     .dy = GROVE_NUMBERS(1, 3, -2),
     .dx = {GROVE_NUMBERS(1, 1.5, -4)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(log) = {
    .name = "log",
    .formula = "y = log(x)",
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

grove_tensor grove_log(grove_tensor x) {
    return grove_append1(&grove_op_log, x, NULL);
}
