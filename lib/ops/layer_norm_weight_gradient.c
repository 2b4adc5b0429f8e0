/* SPDX-License-Identifier: MIT
 *
 * layer_norm_weight_gradient - what weight and bias get from layer_norm, in whose room the letters
 * are explained:
 *
 *     dw = the sum over rows of dy * n,   db = the sum over rows of dy
 *
 * Shapes: dy and x [..., width] -> [2, width], dw and then db.
 * Gradient: for an incoming (D, E), dy gets n * D + E, which is a layer_norm of x, and x what a
 *   layer_norm with the weight D would hand on.
 * Numerics: those of layer_norm. The sums over rows are kept in grove_real for ROWS of them, and
 *   these in double.
 * Cost: all rows of dy and x are read, n is made in scratch. It is not cut.
 */
#include "layer_norm.h"

static bool shape(grove_shaping *s) {
    grove_shape x = grove_in_shape(s, 1);
    if (!layer_norm_want(s, 1) || !grove_want_type(s, 0, GROVE_REAL) ||
        !grove_want_shape(s, 0, x, "dy, as x,")) {
        return false;
    }
    s->shape = GROVE_SHAPE(2, x.dim[x.rank - 1]);
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

enum { ROWS = 32 };

/* sums [2, width] += those of a few rows, made in part [2, width]. */
GROVE_KERNEL void add_rows(const grove_real *dy, const grove_real *x, size_t rows, double epsilon,
                           grove_real *centred, grove_real *part, double *sums, size_t width) {
    memset(part, 0, 2 * width * sizeof *part);
    for (size_t i = 0; i < rows; i++, dy += width, x += width) {
        const grove_real factor = layer_norm_centre(x, width, epsilon, centred);
        for (size_t k = 0; k < width; k++) {
            part[k] += dy[k] * (centred[k] * factor);
        }
        for (size_t k = 0; k < width; k++) {
            part[width + k] += dy[k];
        }
    }
    for (size_t k = 0; k < 2 * width; k++) {
        sums[k] += (double)part[k];
    }
}

GROVE_KERNEL void all_rows(const grove_call *call, size_t width) {
    const struct layer_norm *attributes = call->attributes;
    const size_t rows = grove_row_count(call->in[1]);
    double *sums = call->scratch; /* [2, width], then as many numbers of a part, then a row */
    grove_real *part = (grove_real *)(sums + 2 * width), *centred = part + 2 * width;
    memset(sums, 0, 2 * width * sizeof *sums);
    for (size_t i = 0; i < rows; i += ROWS) {
        add_rows(grove_reals(call, 0) + i * width, grove_reals(call, 1) + i * width,
                 rows - i < ROWS ? rows - i : ROWS, attributes->epsilon, centred, part, sums,
                 width);
    }
    for (size_t k = 0; k < 2 * width; k++) {
        grove_out(call)[k] = (grove_real)sums[k];
    }
}

GROVE_RUN(run) {
    (void)begin, (void)end;
    LAYER_NORM_BY_WIDTH(all_rows, grove_width(call->out), call)
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 3 * call->in[1]->count;
}

static size_t scratch(const grove_call *call) {
    return grove_width(call->out) * (2 * sizeof(double) + 3 * sizeof(grove_real));
}

static void grad(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    const double epsilon = ((const struct layer_norm *)grove_attributes(y))->epsilon;
    grove_tensor dy = grove_node_input(y, 0), x = grove_node_input(y, 1);
    grove_shape width = GROVE_SHAPE(grove_node_shape(d).dim[1]);
    grove_tensor of_weight = grove_reshape(grove_slice(d, 0, 0, 1), width);
    grove_tensor of_bias = grove_reshape(grove_slice(d, 0, 1, 1), width);
    dx[0] = grove_layer_norm(x, of_weight, of_bias, epsilon);
    dx[1] = grove_layer_norm_gradient(dy, x, of_weight, epsilon);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_layer_norm_weight_gradient(in[0], in[1], 3);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(4, 1, 2, 8)},
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(4, 6, 1, -1)}},
     .build = build,
     .out = GROVE_NUMBERS(-1, -3.5, 6, 9)},
    {.inputs = 2, .in = {{.shape = {3, {-1, 2, 3}}}, {.shape = {3, {-1, 2, 3}}}}, .build = build},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {2, {3, 3}}}},
     .build = build,
     .refused = "dy, as x, must have the shape [3, 3]"},
    {0},
};

GROVE_ROOM(layer_norm_weight_gradient) = {
    .name = "layer_norm_weight_gradient",
    .formula = "(dw, db) = the sums over rows of dy * n and dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .attribute_size = sizeof(struct layer_norm),
    .fields = layer_norm_fields,
    .shape = shape,
    .run = run,
    .cost = cost,
    .scratch = scratch,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_layer_norm_weight_gradient(grove_tensor dy, grove_tensor x, double epsilon) {
    return grove_append2(&grove_op_layer_norm_weight_gradient, dy, x,
                         &(struct layer_norm){.epsilon = epsilon});
}
