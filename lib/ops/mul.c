/* SPDX-License-Identifier: MIT
 *
 * mul - y = a * b, element by element, with broadcasting. (The product of matrices is matmul.)
 *
 * Shapes: a and b of one shape; or one is the end of the other and is repeated over the leading
 * axes it lacks: [batch, 32] * [32] weighs each column.
 * Gradient: dy/da = b and dy/db = a: each operand gets dy times the other one; an operand that was
 *   repeated gets the sum over its copies. In a * a both contributions meet: 2 * a * dy.
 * Cost: one multiplication an element.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP2_BROADCAST(call, begin, end, a, b, a * b);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor a = grove_node_input(y, 0), b = grove_node_input(y, 1);
    dx[0] = grove_sum_to(grove_mul(dy, b), a);
    dx[1] = grove_sum_to(grove_mul(dy, a), b);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_mul(in[0], in[1]);
}
static grove_tensor build_square(const grove_tensor *in) {
    return grove_mul(in[0], in[0]);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)},
            {.shape = {1, {3}}, .values = GROVE_NUMBERS(10, 20, 30)}},
     .build = build,
     .out = GROVE_NUMBERS(10, 40, 90, 40, 100, 180),
     .dy = GROVE_NUMBERS(1, 1, 1, 2, 2, 2),
     .dx = {GROVE_NUMBERS(10, 20, 30, 20, 40, 60), GROVE_NUMBERS(9, 12, 15)}},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-1, 2, 3)}},
     .build = build_square,
     .out = GROVE_NUMBERS(1, 4, 9),
     .dy = GROVE_NUMBERS(1, 10, 100),
     .dx = {GROVE_NUMBERS(-2, 40, 600)}},
    {.inputs = 2, .in = {{.shape = {0}}, {.shape = {3, {2, 1, 2}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {1, {2}}}, {.shape = {3, {-1, 2, 2}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {2, {-1, 3}}}, {.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {2, {0, 3}}}, {.shape = {1, {3}}}}, .build = build},
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

GROVE_ROOM(mul) = {
    .name = "mul",
    .formula = "y = a * b",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .shape = grove_broadcast_shapes,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_mul(grove_tensor a, grove_tensor b) {
    return grove_append2(&grove_op_mul, a, b, NULL);
}
