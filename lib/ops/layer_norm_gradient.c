/* SPDX-License-Identifier: MIT
 *
 * layer_norm_gradient - what x gets from layer_norm, in whose room the letters are explained:
 *
 *     dx = r * (g - mean(g) - n * mean(g * n)),   g = dy * w
 *
 * What weight and bias get is in the room layer_norm_weight_gradient.
 *
 * Shapes: dy and x [..., width], w [width] -> x's.
 * Gradient: dx = r * P(g), where P(g) = g - mean(g) - n * mean(g * n) is symmetric. For an incoming
 *   D, with t = r * P(D), a layer_norm_gradient itself,
 *     dy gets w * t,   w gets the sum over rows of dy * t,
 *     x gets -r * (r * P(D * mean(g * n) + g * mean(D * n)) + n * mean(t * g)).
 * Numerics: those of layer_norm.
 * Cost: a row of dy and one of x are read, n is made in scratch. An item is a row.
 */
#include "layer_norm.h"

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 1);
    return layer_norm_want(s, 1) && grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_shape(s, 0, s->shape, "dy, as x,") &&
           layer_norm_want_list(s, 1, 2, "the weight");
}

/* ---- run ------------------------------------------------------------------------------------- */

/* centred = n / factor; dx may be dy. */
GROVE_KERNEL void row(const grove_real *dy, const grove_real *weight, const grove_real *centred,
                      grove_real factor, size_t width, grove_real *dx) {
    const grove_real share = 1 / (grove_real)width;
    grove_lanes sum = {0}, products = {0}, g, w, c;
    for (size_t k = 0; k < width; k += GROVE_LANES) {
        grove_lanes_load(&g, dy + k, width - k);
        grove_lanes_load(&w, weight + k, width - k);
        grove_lanes_load(&c, centred + k, width - k);
        g *= w;
        sum += g;
        products += g * c;
    }
    const grove_real mean = grove_lanes_sum(&sum) * share;
    const grove_real slope = grove_lanes_sum(&products) * share * factor * factor;
    for (size_t k = 0; k < width; k += GROVE_LANES) {
        grove_lanes_load(&g, dy + k, width - k);
        grove_lanes_load(&w, weight + k, width - k);
        grove_lanes_load(&c, centred + k, width - k);
        g = factor * (g * w - mean - c * slope);
        grove_lanes_store(&g, dx + k, width - k);
    }
}

GROVE_KERNEL void rows(const grove_call *call, size_t begin, size_t end, size_t width) {
    const struct layer_norm *attributes = call->attributes;
    grove_real *centred = call->scratch;
    for (size_t i = begin; i < end; i++) {
        const grove_real factor = layer_norm_centre(grove_reals(call, 1) + i * width, width,
                                                    attributes->epsilon, centred);
        row(grove_reals(call, 0) + i * width, grove_reals(call, 2), centred, factor, width,
            grove_out(call) + i * width);
    }
}

GROVE_RUN(run) {
    LAYER_NORM_BY_WIDTH(rows, grove_width(call->out), call, begin, end)
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 4 * grove_width(call->out) + 32;
}
static size_t scratch(const grove_call *call) {
    return grove_width(call->out) * sizeof(grove_real);
}
/* ---- grad ------------------------------------------------------------------------------------ */

static grove_tensor over_row(grove_tensor x) {
    return grove_broadcast(grove_mean(x, GROVE_AXES(-1)), grove_node_shape(x), GROVE_AXES(-1));
}

static void grad(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    const double epsilon = ((const struct layer_norm *)grove_attributes(y))->epsilon;
    grove_tensor dy = grove_node_input(y, 0), x = grove_node_input(y, 1);
    grove_tensor weight = grove_node_input(y, 2), g = grove_mul(dy, weight);
    grove_shape shape = grove_node_shape(x), last = GROVE_AXES(-1);
    grove_tensor one = grove_fill(x.graph, grove_node_shape(weight), 1);
    grove_tensor zero = grove_fill(x.graph, grove_node_shape(weight), 0);
    grove_tensor n = grove_layer_norm(x, one, zero, epsilon);
    grove_tensor centred = grove_sub(x, over_row(x));
    grove_tensor spread = grove_shift(grove_mean(grove_mul(centred, centred), last), epsilon);
    grove_tensor r = grove_broadcast(grove_pow(spread, -0.5), shape, last);
    grove_tensor t = grove_layer_norm_gradient(d, x, one, epsilon);
    grove_tensor mixed =
        grove_add(grove_mul(d, over_row(grove_mul(g, n))), grove_mul(g, over_row(grove_mul(d, n))));
    grove_tensor by_n = grove_layer_norm_gradient(mixed, x, one, epsilon);
    grove_tensor by_r = grove_mul(n, over_row(grove_mul(t, g)));
    dx[0] = grove_mul(t, weight);
    dx[1] = grove_neg(grove_mul(r, grove_add(by_n, by_r)));
    dx[2] = grove_sum_to(grove_mul(dy, t), weight);
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_layer_norm_gradient(in[0], in[1], in[2], 3);
}
static const grove_example examples[] = {
    {.inputs = 3,
     .in = {{.shape = {2, {1, 2}}, .values = GROVE_NUMBERS(4, 1)},
            {.shape = {2, {1, 2}}, .values = GROVE_NUMBERS(4, 6)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(2, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(0.75, -0.75)},
    {.inputs = 3,
     .in = {{.shape = {3, {-1, 2, 3}}}, {.shape = {3, {-1, 2, 3}}}, {.shape = {1, {3}}}},
     .build = build},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 17}}}, {.shape = {2, {2, 17}}}, {.shape = {1, {17}}}},
     .build = build},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {2, {3, 3}}}, {.shape = {1, {3}}}},
     .build = build,
     .refused = "dy, as x, must have the shape [3, 3]"},
    {.inputs = 3,
     .in = {{.shape = {2, {3, 3}}}, {.shape = {2, {3, 3}}}, {.shape = {1, {2}}}},
     .build = build,
     .refused = "the weight must have the shape [3]"},
    {0},
};

GROVE_ROOM(layer_norm_gradient) = {
    .name = "layer_norm_gradient",
    .formula = "dx = r * (g - mean(g) - n * mean(g * n)), g = dy * w",
    .min_inputs = 3,
    .max_inputs = 3,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(struct layer_norm),
    .fields = layer_norm_fields,
    .shape = shape,
    .run = run,
    .items = grove_by_row,
    .cost = cost,
    .scratch = scratch,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_layer_norm_gradient(grove_tensor dy, grove_tensor x, grove_tensor weight,
                                       double epsilon) {
    return grove_append(&grove_op_layer_norm_gradient, NULL, (grove_tensor[]){dy, x, weight}, 3,
                        &(struct layer_norm){.epsilon = epsilon});
}
