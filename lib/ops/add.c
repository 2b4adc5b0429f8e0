/* SPDX-License-Identifier: MIT
 *
 * add - y = a + b, element by element, with broadcasting.
 *
 * Shapes: a and b of one shape; or one is the end of the other and is repeated over the leading
 * axes it lacks: [batch, 32] + [32] adds a bias to each row.
 * Gradient: dy/da = dy/db = 1, so both get dy; an operand that was repeated gets the sum over its
 * copies.
 * Cost: one addition an element.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP2_BROADCAST(call, begin, end, a, b, a + b);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_sum_to(dy, grove_node_input(y, 0));
    dx[1] = grove_sum_to(dy, grove_node_input(y, 1));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_add(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)},
            {.shape = {1, {3}}, .values = GROVE_NUMBERS(10, 20, 30)}},
     .build = build,
     .out = GROVE_NUMBERS(11, 22, 33, 14, 25, 36),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5, 6),
     .dx = {GROVE_NUMBERS(1, 2, 3, 4, 5, 6), GROVE_NUMBERS(5, 7, 9)}},
    {.inputs = 2, .in = {{.shape = {0}}, {.shape = {3, {2, 1, 2}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {2, {2, 3}}}, {.shape = {2, {2, 3}}}}, .build = build},
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

GROVE_ROOM(add) = {
    .name = "add",
    .formula = "y = a + b",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE | GROVE_ADDS,
    .shape = grove_broadcast_shapes,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_add(grove_tensor a, grove_tensor b) {
    return grove_append2(&grove_op_add, a, b, NULL);
}
