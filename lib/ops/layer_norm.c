/* SPDX-License-Identifier: MIT
 *
 * layer_norm - each row brought to mean 0 and variance 1, then stretched and moved by what is
 * learned (Ba, Kiros & Hinton 2016):
 *
 *     y = n * w + b,   n = (x - m) * r,   r = 1 / sqrt(v + epsilon)
 *
 * with m and v the mean and the variance (divided by the width) of the row.
 *
 * Shapes: x [..., width], w and b [width] -> x's.
 * Gradient: m and v move with each x of the row. dn_i/dx_j = r * ([i = j] - (1 + n_i * n_j) /
 *   width), so with g = dy * w
 *     dx = r * (g - mean(g) - n * mean(g * n)),   dw = the sum over rows of dy * n,   db = of dy.
 *   They are ops in a room of their own; both make n again.
 * Numerics: v is made of x - m, in a second pass over the row, so nothing cancels. Sums along a row
 *   are kept in lanes of grove_real.
 * Cost: a row is read once, and written twice while it lies in the nearest cache.
 */
#include "layer_norm.h"

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return layer_norm_want(s, 0) && layer_norm_want_list(s, 0, 1, "the weight") &&
           layer_norm_want_list(s, 0, 2, "the bias");
}

GROVE_KERNEL void row(const grove_real *x, const grove_real *weight, const grove_real *bias,
                      size_t width, double epsilon, grove_real *y) {
    const grove_real factor = layer_norm_centre(x, width, epsilon, y);
    grove_lanes part, w, b;
    for (size_t k = 0; k < width; k += GROVE_LANES) {
        grove_lanes_load(&part, y + k, width - k);
        grove_lanes_load(&w, weight + k, width - k);
        grove_lanes_load(&b, bias + k, width - k);
        part = part * factor * w + b;
        grove_lanes_store(&part, y + k, width - k);
    }
}

GROVE_KERNEL void rows(const grove_call *call, size_t begin, size_t end, size_t width) {
    const struct layer_norm *attributes = call->attributes;
    for (size_t i = begin; i < end; i++) {
        row(grove_reals(call, 0) + i * width, grove_reals(call, 1), grove_reals(call, 2), width,
            attributes->epsilon, grove_out(call) + i * width);
    }
}

GROVE_RUN(run) {
    LAYER_NORM_BY_WIDTH(rows, grove_width(call->out), call, begin, end)
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 2 * grove_width(call->out) + 16;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct layer_norm *attributes = grove_attributes(y);
    grove_tensor x = grove_node_input(y, 0), weight = grove_node_input(y, 1);
    grove_shape width = grove_node_shape(weight);
    grove_tensor both = grove_layer_norm_weight_gradient(dy, x, attributes->epsilon);
    dx[0] = grove_layer_norm_gradient(dy, x, weight, attributes->epsilon);
    dx[1] = grove_reshape(grove_first_rows(both, 1), width);
    dx[2] = grove_reshape(grove_slice(both, 0, 1, 1), width);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_layer_norm(in[0], in[1], in[2], 3);
}
static grove_tensor build_usual(const grove_tensor *in) {
    return grove_layer_norm(in[0], in[1], in[2], 1e-5);
}
static grove_tensor build_nothing_to_add(const grove_tensor *in) {
    return grove_layer_norm(in[0], in[1], in[2], 0);
}

static const grove_example examples[] = {
    /* Mean 5, variance 1, so r = 1/2 and n = (-1/2, 1/2). */
    {.inputs = 3,
     .in = {{.shape = {2, {1, 2}}, .values = GROVE_NUMBERS(4, 6)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(2, 4)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(10, 20)}},
     .build = build,
     .out = GROVE_NUMBERS(9, 22),
     .dy = GROVE_NUMBERS(4, 1),
     .dx = {GROVE_NUMBERS(0.75, -0.75), GROVE_NUMBERS(-2, 0.5), GROVE_NUMBERS(4, 1)}},
    {.inputs = 3,
     .in = {{.shape = {3, {-1, 2, 3}}}, {.shape = {1, {3}}}, {.shape = {1, {3}}}},
     .build = build_usual},
    /* more than a register holds */
    {.inputs = 3,
     .in = {{.shape = {2, {2, 19}}}, {.shape = {1, {19}}}, {.shape = {1, {19}}}},
     .build = build},
    {.inputs = 3,
     .in = {{.shape = {1, {1}}}, {.shape = {1, {1}}}, {.shape = {1, {1}}}},
     .build = build_usual},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_usual,
     .refused = "the weight must have the shape [3]"},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {3}}}, {.shape = {2, {1, 3}}}},
     .build = build_usual,
     .refused = "the bias must have the shape [3]"},
    {.inputs = 3,
     .in = {{.shape = {2, {2, -1}}}, {.shape = {1, {3}}}, {.shape = {1, {3}}}},
     .build = build_usual,
     .refused = "x must have a last axis of fixed size, above 0"},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {3}}}, {.shape = {1, {3}}}},
     .build = build_nothing_to_add,
     .refused = "epsilon must be a finite number above 0"},
    {0},
};

GROVE_ROOM(layer_norm) = {
    .name = "layer_norm",
    .formula = "y = (x - mean) / sqrt(variance + epsilon) * w + b, row by row",
    .min_inputs = 3,
    .max_inputs = 3,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(struct layer_norm),
    .fields = layer_norm_fields,
    .shape = shape,
    .run = run,
    .items = grove_by_row,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_layer_norm(grove_tensor x, grove_tensor weight, grove_tensor bias,
                              double epsilon) {
    return grove_append(&grove_op_layer_norm, NULL, (grove_tensor[]){x, weight, bias}, 3,
                        &(struct layer_norm){.epsilon = epsilon});
}
