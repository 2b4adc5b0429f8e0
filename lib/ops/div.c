/* SPDX-License-Identifier: MIT
 *
 * div - y = a / b, element by element, with broadcasting.
 *
 * Shapes: a and b of one shape; or one is the end of the other and is repeated over the leading
 * axes it lacks: [batch, 32] / [32] divides each row by a deviation.
 * Gradient: dy/da = 1 / b and dy/db = -a / b^2 = -y / b. It is written with the output y, which is
 *   at hand; an operand that was repeated gets the sum over its copies.
 * Numerics: nothing guards against b = 0: the result is infinite, or NaN where a is 0 too.
 * Cost: one division an element, worth about four additions.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP2_BROADCAST(call, begin, end, a, b, a / b);
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    (void)call;
    return 4;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor a = grove_node_input(y, 0), b = grove_node_input(y, 1);
    grove_tensor quotient = grove_div(dy, b);
    dx[0] = grove_sum_to(quotient, a);
    dx[1] = grove_neg(grove_sum_to(grove_mul(quotient, y), b));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_div(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(2, 4, 6, 8)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(2, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 1, 3, 2),
     .dy = GROVE_NUMBERS(1, 2, 3, 4),
     .dx = {GROVE_NUMBERS(0.5, 0.5, 1.5, 1), GROVE_NUMBERS(-5, -2.5)}},
    {.inputs = 2, .in = {{.shape = {0}}, {.shape = {3, {2, 1, 2}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {1, {2}}}, {.shape = {2, {-1, 2}}}}, .build = build},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.shape = {1, {3}}, .values = GROVE_NUMBERS(-1, 2, -4)}},
     .build = build},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {2}}}},
     .build = build,
     .refused = "the shapes do not broadcast: one must be the end of the other"},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 1 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(div) = {
    .name = "div",
    .formula = "y = a / b",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .shape = grove_broadcast_shapes,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_div(grove_tensor a, grove_tensor b) {
    return grove_append2(&grove_op_div, a, b, NULL);
}
