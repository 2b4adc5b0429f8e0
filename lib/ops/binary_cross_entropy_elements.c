/* SPDX-License-Identifier: MIT
 *
 * binary_cross_entropy_elements - y = -(t * log s + (1 - t) * log(1 - s)) with s = sigmoid(z), from
 * the logit z and the target t: 0, 1, or a probability in between.
 *
 * Shapes: z and t of one shape, any; so the result.
 * Gradient: log s = -log(1 + exp(-z)) and log(1 - s) = -z - log(1 + exp(-z)), so
 *   y = (1 - t) * z + log(1 + exp(-z)), and dy/dz = 1 - t - exp(-z) / (1 + exp(-z)) = s - t,
 *   dy/dt = -z.
 * Numerics: for large negative z that overflows; max(z, 0) - z * t + log(1 + exp(-|z|)) is the
 *   same, and exact at both ends.
 * Cost: an exp and a logarithm an element.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP2(call, begin, end, z, t,
               (z > 0 ? z : 0) - z * t + grove_log1p_of(grove_exp_of(-fabs(z))));
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 2 * grove_cost_of_exp(call);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor z = grove_node_input(y, 0), t = grove_node_input(y, 1);
    dx[0] = grove_mul(grove_sub(grove_sigmoid(z), t), dy);
    dx[1] = grove_neg(grove_mul(z, dy));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_binary_cross_entropy_elements(in[0], in[1]);
}

static const grove_example examples[] = {
    /* sigmoid: 0.5, 0.75, 0, 1. At the ends the loss is linear in z, or 0. */
    {.inputs = 2,
     .in = {{.shape = {1, {4}}, .values = GROVE_NUMBERS(0, 1.0986122886681098, -1000, 1000)},
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(1, 0, 1, 1)}},
     .build = build,
     .out = GROVE_NUMBERS(0.69314718055994531, 1.3862943611198906, 1000, 0),
     .dy = GROVE_NUMBERS(1, 2, 1, 1),
     .dx = {GROVE_NUMBERS(-0.5, 1.5, -1, 0), GROVE_NUMBERS(0, -2.1972245773362196, 1000, -1000)}},
    {.inputs = 2, .in = {{.shape = {2, {2, 3}}}, {.shape = {2, {2, 3}}}}, .build = build},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 1}}}, {.shape = {1, {2}}}},
     .build = build,
     .refused = "its inputs must have one shape"},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build,
     .refused = "input 1 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(binary_cross_entropy_elements) = {
    .name = "binary_cross_entropy_elements",
    .formula = "y = -(t * log s + (1 - t) * log(1 - s)), s = sigmoid(z)",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_binary_cross_entropy_elements(grove_tensor logits, grove_tensor targets) {
    return grove_append2(&grove_op_binary_cross_entropy_elements, logits, targets, NULL);
}
