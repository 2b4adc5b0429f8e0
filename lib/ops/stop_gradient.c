/* SPDX-License-Identifier: MIT
 *
 * stop_gradient - y = x, through which no gradient passes.
 *
 * The number is used, and whoever made it does not learn from this use: a target that the model
 * itself computes, a weight that is to be taken as given.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: none, by intent; the derivative would be 1.
 * Cost: none. The result is x's own memory.
 */
#include "room.h"

static grove_tensor build(const grove_tensor *in) {
    return grove_stop_gradient(in[0]);
}
/* x * stop_gradient(x) is x^2, but its gradient is x, not 2 * x. */
static grove_tensor build_half_square(const grove_tensor *in) {
    return grove_mul(in[0], grove_stop_gradient(in[0]));
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.5, -2)},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(3, -2)}},
     .build = build_half_square,
     .out = GROVE_NUMBERS(9, 4)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(stop_gradient) = {
    .name = "stop_gradient",
    .formula = "y = x, without a gradient",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_ALIAS,
    .shape = grove_same_shape,
    .no_gradient = "to let none pass is what it is for",
    .examples = examples,
};

grove_tensor grove_stop_gradient(grove_tensor x) {
    return grove_append1(&grove_op_stop_gradient, x, NULL);
}
