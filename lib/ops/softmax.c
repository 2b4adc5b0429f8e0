/* SPDX-License-Identifier: MIT
 *
 * softmax - y_j = exp(x_j) / sum over k of exp(x_k), along the last axis: scores become shares.
 *
 * Shapes: [..., width], width at least 1 -> the same.
 * Gradient: dy_j/dx_k = y_j * ([j = k] - y_k), so dx_k = y_k * (dy_k - sum over j of dy_j * y_j):
 *   only what differs from the weighted mean of dy moves the shares.
 * Numerics: the largest x of a row is taken from all of it first: that changes no share, and keeps
 *   exp from overflowing. The sum is kept in double. A row with a NaN, or with +infinity, is all
 *   NaN.
 * Cost: one exp an element. An item is a row.
 */
#include "elementwise.h"
#include "largest.h"
#include "short_rows.h"

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    if (s->shape.rank == 0 || s->shape.dim[s->shape.rank - 1] == 0) {
        return grove_refuse(s, GROVE_BAD_SHAPE,
                            "its input must have a last axis, and that must not be empty");
    }
    return grove_want_type(s, 0, GROVE_REAL);
}

/* x, y [rows, width] */
GROVE_KERNEL void long_row(size_t row, const grove_real *x, size_t width, grove_real *y) {
    x += row * width;
    y += row * width;
    const grove_real largest = grove_largest(x[0], x, width);
    const grove_real share = (grove_real)(1 / grove_exps(x, width, largest, 1, y));
    for (size_t k = 0; k < width; k++) {
        y[k] *= share;
    }
}

GROVE_KERNEL void short_rows(const grove_short_rows *s, size_t first, size_t rows,
                             const grove_real *x, size_t width, grove_real *y) {
    (void)x; /* read already */
    const double *sums = (const double *)s->sum;
    for (size_t i = 0; i < rows; i++) {
        grove_short_row(s, i, width, (grove_real)(1 / sums[i]), y + (first + i) * width);
    }
}

GROVE_RUN(run) {
    const size_t width = grove_width(call->out);
    const grove_real *x = grove_reals(call, 0);
    GROVE_BY_LENGTH(short_rows, long_row, x, width, begin, end, x, width, grove_out(call))
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 16 * grove_width(call->out);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor mean = grove_sum(grove_mul(dy, y), GROVE_AXES(-1));
    grove_tensor rows = grove_broadcast(mean, grove_node_shape(y), GROVE_AXES(-1));
    dx[0] = grove_mul(y, grove_sub(dy, rows));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_softmax(in[0]);
}

static const grove_example examples[] = {
    /* exp(0) : exp(log 3) = 1 : 3; adding 100 to both changes nothing. */
    {.inputs = 1,
     .in = {{.shape = {2, {2, 2}},
             .values = GROVE_NUMBERS(0, 1.0986122886681098, 100, 101.09861228866811)}},
     .build = build,
     .out = GROVE_NUMBERS(0.25, 0.75, 0.25, 0.75),
     .dy = GROVE_NUMBERS(1, 0, 4, 8),
     .dx = {GROVE_NUMBERS(0.1875, -0.1875, -0.75, 0.75)}},
    {.inputs = 1, .in = {{.shape = {3, {2, 1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 0}}}},
     .build = build,
     .refused = "its input must have a last axis, and that must not be empty"},
    {.inputs = 1,
     .in = {{.shape = {0}}},
     .build = build,
     .refused = "its input must have a last axis, and that must not be empty"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(softmax) = {
    .name = "softmax",
    .formula = "y = exp(x) / sum(exp(x))",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = shape,
    .run = run,
    .items = grove_by_row,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_softmax(grove_tensor x) {
    return grove_append1(&grove_op_softmax, x, NULL);
}
