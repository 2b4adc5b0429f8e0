/* SPDX-License-Identifier: MIT
 *
 * log_softmax - y_j = log softmax(x)_j = x_j - log(sum over k of exp(x_k)), along the last axis.
 *
 * Shapes: [..., width], width at least 1 -> the same.
 * Gradient: dy_j/dx_k = [j = k] - softmax(x)_k, so dx_k = dy_k - exp(y_k) * sum over j of dy_j.
 * Numerics: computed as (x_j - m) - log(sum of exp(x_k - m)), m the largest of the row: no exp
 *   overflows, and a share of 1e-60 still has its logarithm (log(softmax(x)) would be -infinity).
 *   The sum is kept in double. A row with a NaN, or with +infinity, is all NaN.
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
    const grove_real log_sum = (grove_real)log(grove_exps(x, width, largest, 1, NULL));
    for (size_t k = 0; k < width; k++) {
        y[k] = (x[k] - largest) - log_sum;
    }
}

GROVE_KERNEL void short_rows(const grove_short_rows *s, size_t first, size_t rows,
                             const grove_real *x, size_t width, grove_real *y) {
    const grove_real *largest = (const grove_real *)&s->largest;
    grove_real logs[GROVE_LANES];
    grove_short_rows_logs(s, logs);
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = (first + i) * width; k < (first + i + 1) * width; k++) {
            y[k] = (x[k] - largest[i]) - logs[i];
        }
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
    grove_tensor sum = grove_sum(dy, GROVE_AXES(-1));
    grove_tensor rows = grove_broadcast(sum, grove_node_shape(y), GROVE_AXES(-1));
    dx[0] = grove_sub(dy, grove_mul(grove_exp(y), rows));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_log_softmax(in[0]);
}

static const grove_example examples[] = {
    /* The shares are 1/4 and 3/4, and then 1 and exp(-1000). */
    {.inputs = 1,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(0, 1.0986122886681098, 1000, 0)}},
     .build = build,
     .out = GROVE_NUMBERS(-1.3862943611198906, -0.28768207245178093, 0, -1000),
     .dy = GROVE_NUMBERS(1, 3, 5, 2),
     .dx = {GROVE_NUMBERS(0, 0, -2, 2)}},
    {.inputs = 1, .in = {{.shape = {3, {2, 1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 0}}}},
     .build = build,
     .refused = "its input must have a last axis, and that must not be empty"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(log_softmax) = {
    .name = "log_softmax",
    .formula = "y = x - log(sum(exp(x)))",
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

grove_tensor grove_log_softmax(grove_tensor x) {
    return grove_append1(&grove_op_log_softmax, x, NULL);
}
