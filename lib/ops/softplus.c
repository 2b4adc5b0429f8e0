/* SPDX-License-Identifier: MIT
 *
 * softplus - y = log(1 + exp(x)), element by element: max(x, 0) with its corner rounded off.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = exp(x) / (1 + exp(x)) = sigmoid(x).
 * Numerics: for large x the exp overflows; max(x, 0) + log(1 + exp(-|x|)) is the same, and exact at
 *   both ends. log1p keeps the digits of a small exp. -softplus(-x) is log(sigmoid(x)).
 * Cost: an exp and a logarithm an element forward, a sigmoid and a product backward.
 */
#include "elementwise.h"

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, (x > 0 ? x : 0) + grove_log1p_of(grove_exp_of(-fabs(x))));
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 2 * grove_cost_of_exp(call);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_mul(grove_sigmoid(grove_node_input(y, 0)), dy);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_softplus(in[0]);
}

static const grove_example examples[] = {
    /* The logarithms of 1 + 1, 1 + 3 and 1 + 1/3. */
    {.inputs = 1,
     .in = {{.shape = {1, {3}},
             .values = GROVE_NUMBERS(0, 1.0986122886681098, -1.0986122886681098)}},
     .build = build,
     .out = GROVE_NUMBERS(0.69314718055994531, 1.3862943611198906, 0.28768207245178093),
     .dy = GROVE_NUMBERS(1, 2, -4),
     .dx = {GROVE_NUMBERS(0.5, 1.5, -1)}},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(-1000, 1000)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 1000),
     .dy = GROVE_NUMBERS(1, 1),
     .dx = {GROVE_NUMBERS(0, 1)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(softplus) = {
    .name = "softplus",
    .formula = "y = log(1 + e^x)",
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

grove_tensor grove_softplus(grove_tensor x) {
    return grove_append1(&grove_op_softplus, x, NULL);
}
