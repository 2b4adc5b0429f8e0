/* SPDX-License-Identifier: MIT
 *
 * exp - y = e^x, element by element.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = y, the output itself, which is at hand.
 * Numerics: a float's y is infinite for x > 88.7 and 0 for x < -103.9 (a double's: 709.8, -745.1).
 *   Where a sum of exps is wanted, take softmax or log_softmax, which are safe from that.
 * Cost: one exp an element forward, a product backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, grove_exp_of(x));
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_mul(dy, y);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_exp(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.69314718055994531, -1)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2, 0.36787944117144233),
     .dy = GROVE_NUMBERS(1, -3, 2),
     .dx = {GROVE_NUMBERS(1, -6, 0.73575888234288467)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(exp) = {
    .name = "exp",
    .formula = "y = e^x",
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

grove_tensor grove_exp(grove_tensor x) {
    return grove_append1(&grove_op_exp, x, NULL);
}
