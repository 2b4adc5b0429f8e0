/* SPDX-License-Identifier: MIT
 *
 * abs - y = |x|, element by element, and its slope sign: -1, 0 or 1.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = sign(x). At 0, where |x| has a corner, sign says 0: between its two slopes.
 *   sign itself is flat wherever it is not 0 or jumps, so it hands no gradient on.
 * Numerics: exact. The sign of NaN is 0, while its absolute value stays NaN.
 * Cost: one operation an element forward, a sign and a product backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, fabs(x));
    return GROVE_OK;
}

GROVE_RUN(run_sign) {
    GROVE_MAP(call, begin, end, x, (x > 0) - (x < 0));
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_mul(dy, grove_sign(grove_node_input(y, 0)));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_abs(in[0]);
}
static grove_tensor build_sign(const grove_tensor *in) {
    return grove_sign(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-2, 0.5, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(2, 0.5, 3),
     .dy = GROVE_NUMBERS(1, 2, -3),
     .dx = {GROVE_NUMBERS(-1, 2, -3)}},
    /* At the corner there is no derivative to be held against. */
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, -1), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(0, 1),
     .dy = GROVE_NUMBERS(5, 5),
     .dx = {GROVE_NUMBERS(0, -5)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_sign[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-2, 0, 0.5)}},
     .build = build_sign,
     .out = GROVE_NUMBERS(-1, 0, 1)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_sign,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(abs) = {
    .name = "abs",
    .formula = "y = |x|",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(sign) = {
    .name = "sign",
    .formula = "y = (x > 0) - (x < 0)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .shape = grove_same_shape,
    .run = run_sign,
    .items = grove_by_element,
    .no_gradient = "it is constant but for a jump at 0, so its slope is 0 wherever there is one",
    .examples = examples_of_sign,
};

grove_tensor grove_abs(grove_tensor x) {
    return grove_append1(&grove_op_abs, x, NULL);
}

grove_tensor grove_sign(grove_tensor x) {
    return grove_append1(&grove_op_sign, x, NULL);
}
