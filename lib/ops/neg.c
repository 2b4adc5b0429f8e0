/* SPDX-License-Identifier: MIT
 *
 * neg - y = -x, element by element.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = -1.
 * Numerics: exact.
 * Cost: one change of sign an element.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, -x);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)y;
    dx[0] = grove_neg(dy);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_neg(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(0, -0.5, 2),
     .dy = GROVE_NUMBERS(1, 2, -3),
     .dx = {GROVE_NUMBERS(-1, -2, 3)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(neg) = {
    .name = "neg",
    .formula = "y = -x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_neg(grove_tensor x) {
    return grove_append1(&grove_op_neg, x, NULL);
}
