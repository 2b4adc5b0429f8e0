/* SPDX-License-Identifier: MIT
 *
 * sqrt - y = the square root of x, element by element.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1 / (2 * y). It is written with the output y, which is at hand.
 * Numerics: x below 0 gives NaN. At x = 0 the slope is infinite: where x may be 0, take the root of
 *   x plus a little number.
 * Cost: one root an element, worth about six additions; a division and a product backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, sqrt(x));
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    (void)call;
    return 6;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_scale(grove_div(dy, y), 0.5);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_sqrt(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0.25, 1, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(0.5, 1, 2),
     .dy = GROVE_NUMBERS(1, 3, 2),
     .dx = {GROVE_NUMBERS(1, 1.5, 0.5)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(sqrt) = {
    .name = "sqrt",
    .formula = "y = sqrt(x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_sqrt(grove_tensor x) {
    return grove_append1(&grove_op_sqrt, x, NULL);
}
