/* SPDX-License-Identifier: MIT
 *
 * floor - y = the largest whole number that is not above x, element by element.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: none: it is constant but for its jumps.
 * Numerics: exact. NaN and the infinities stay what they are.
 * Cost: one rounding an element.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, floor(x));
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_floor(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {4}}, .values = GROVE_NUMBERS(-0.5, 0, 1.75, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(-1, 0, 1, 3)},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(floor) = {
    .name = "floor",
    .formula = "y = the largest whole number <= x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "it is constant but for its jumps, so its slope is 0 wherever there is one",
    .examples = examples,
};

grove_tensor grove_floor(grove_tensor x) {
    return grove_append1(&grove_op_floor, x, NULL);
}
