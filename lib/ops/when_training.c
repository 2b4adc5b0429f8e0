/* SPDX-License-Identifier: MIT
 *
 * when_training - y = a in training plans, b outside: one graph for both, where a layer computes
 * otherwise when it learns. Batch normalization takes the batch's mean here, a running one there.
 *
 * Shapes: a and b of one shape; so the result.
 * Gradient: whoever was chosen gets dy, the other one nothing. Which one that is is known to the
 *   plan, not to the graph, so the gradient chooses as well: da = dy in training, else 0.
 * Cost: none. The result is the chosen one's own memory, and the other one is not computed.
 */
#include "room.h"

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor none = grove_fill(y.graph, grove_node_shape(y), 0);
    dx[0] = grove_when_training(dy, none);
    dx[1] = grove_when_training(none, dy);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_when_training(in[0], in[1]);
}

/* What examples show is a training plan. */
static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(1, 2, 3)},
            {.shape = {1, {3}}, .values = GROVE_NUMBERS(4, 5, 6), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2, 3),
     .dy = GROVE_NUMBERS(7, 8, 9),
     .dx = {GROVE_NUMBERS(7, 8, 9), GROVE_NUMBERS(0, 0, 0)}},
    {.inputs = 2,
     .in = {{.shape = {2, {-1, 3}}}, {.shape = {2, {-1, 3}}, .no_check = true}},
     .build = build},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {3}}}},
     .build = build,
     .refused = "its inputs must have one shape"},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 1 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(when_training) = {
    .name = "when_training",
    .formula = "y = a in training, else b",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_ALIAS | GROVE_TRAINING | GROVE_PIECEWISE,
    .shape = grove_same_shape,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_when_training(grove_tensor training_value, grove_tensor inference_value) {
    return grove_append2(&grove_op_when_training, training_value, inference_value, NULL);
}
