/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy_weight_gradient - dW = dz^T x, and behind it db, the column sums of dz: what
 * W and b get from linear_cross_entropy_rows, in whose room dz is derived.
 *
 * Two results in one, for dz is dear: db alone would cost a third product and the exps once more.
 *
 * Shapes: x [n, width], W [classes, width], labels ids [n], the pass [n, 2 + width], dy [n, 2], b
 *   and class weights [classes] or none -> [classes + rows, width]; the `rows` last rows, as many
 *   as it takes, hold db, filled up with 0. Without a bias there are none.
 * Gradient: linear_cross_entropy_slopes.h, with the kernel of dz.
 * Numerics: those of the forward op, and its errors. In dW, blocks of rows are added up in
 *   grove_real; in db, four rows at a time are, and these sums in double.
 * Cost: 2 * n * classes * width multiply-adds, n * classes exps; W is read and dW written once.
 */
#include "linear_cross_entropy_slopes.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const grove_target *target = s->attributes;
    if (!linear_want_slopes(s)) {
        return false;
    }
    s->shape = grove_in_shape(s, 1);
    if (target->has_bias) {
        s->shape.dim[0] += (s->shape.dim[0] - 1) / s->shape.dim[1] + 1;
    }
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* sums [count] += the rows of the block. */
GROVE_KERNEL void add_rows(const grove_real *block, size_t rows, size_t count, double *sums) {
    size_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const grove_real *a = block + i * count, *b = a + count, *c = b + count, *d = c + count;
        for (size_t k = 0; k < count; k++) {
            sums[k] += (double)((a[k] + b[k]) + (c[k] + d[k]));
        }
    }
    for (; i < rows; i++) {
        for (size_t k = 0; k < count; k++) {
            sums[k] += (double)block[i * count + k];
        }
    }
}

/* dW, and db where there is a bias, for the classes first..first+count-1. */
GROVE_KERNEL void run_classes(const grove_call *call, const linear *l, size_t first, size_t count) {
    grove_real *dw = grove_out(call) + first * l->width;              /* [count, width] */
    grove_real *db = grove_out(call) + l->classes * l->width + first; /* [count] */
    double sums[LINEAR_CLASSES] = {0};
    memset(dw, 0, count * l->width * sizeof *dw);
    for (size_t row = 0; row < l->n; row += LINEAR_ROWS) {
        size_t rows = linear_least(l->n - row, LINEAR_ROWS);
        linear_slopes(call, l, row, rows, first, count);
        grove_matrix_product(&(grove_product){.transpose_a = true,
                                              .add = true,
                                              .m = count,
                                              .n = l->width,
                                              .k = rows,
                                              .a = l->block,
                                              .a_step = count,
                                              .b = l->x + row * l->width,
                                              .b_step = l->width,
                                              .c = dw,
                                              .c_step = l->width},
                             l->product);
        if (l->bias) {
            add_rows(l->block, rows, count, sums);
        }
    }
    for (size_t k = 0; k < count && l->bias; k++) {
        db[k] = (grove_real)sums[k];
    }
}

/* An item is a block of classes. What is left of the last row behind db is 0. */
GROVE_RUN(run) {
    linear l = linear_of(call, LINEAR_OPTIONAL);
    grove_status status = grove_check_labels(call, 2, 0, l.n, l.classes);
    for (size_t item = begin; item < end && status == GROVE_OK; item++) {
        size_t first = item * LINEAR_CLASSES;
        size_t count = linear_least(l.classes - first, LINEAR_CLASSES);
        run_classes(call, &l, first, count);
        if (l.bias && first + count == l.classes) {
            size_t used = l.classes * (l.width + 1);
            memset(grove_out(call) + used, 0, (call->out->count - used) * sizeof(grove_real));
        }
    }
    return status;
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    linear_second s = linear_open_second(y);
    grove_shape both = grove_node_shape(d), weight = grove_node_shape(s.weight);
    grove_tensor of_weight = grove_slice(d, 0, 0, weight.dim[0]);
    grove_tensor e = grove_matmul(s.x, of_weight, false, true);
    if (grove_is_valid(s.bias)) {
        int64_t rows = both.dim[0] - weight.dim[0];
        grove_tensor behind = grove_reshape(grove_slice(d, 0, weight.dim[0], rows),
                                            GROVE_SHAPE(rows * weight.dim[1]));
        e = grove_add(e, grove_slice(behind, 0, 0, weight.dim[0]));
    }
    linear_through_logits(&s, e, dx);
    grove_tensor by_h = grove_matmul(s.h, s.weight, false, false);
    dx[0] = grove_add(by_h, grove_matmul(s.dz, of_weight, false, false));
    dx[1] = grove_matmul(s.h, s.x, true, false);
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options all_of_it = {
    .ignore = true, .ignored_label = 1, .smoothing = 0.25};

static grove_tensor build_with(const grove_tensor *in, grove_tensor bias, grove_tensor weights,
                               const grove_cross_entropy_options *o) {
    grove_tensor pass = linear_example_pass(in[0], in[1], bias);
    return grove_linear_cross_entropy_weight_gradient(in[0], in[1], bias, in[2], pass, in[3],
                                                      weights, o);
}
static grove_tensor build(const grove_tensor *in) {
    return build_with(in, GROVE_NONE, GROVE_NONE, NULL);
}
static grove_tensor build_all_of_it(const grove_tensor *in) {
    return build_with(in, in[4], in[5], &all_of_it);
}
static grove_tensor build_from_pass(const grove_tensor *in) {
    return grove_linear_cross_entropy_weight_gradient(in[0], in[1], GROVE_NONE, in[2], in[3], in[4],
                                                      GROVE_NONE, NULL);
}

static const grove_example examples[] = {
    {.inputs = 4,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(0, LINEAR_LOG_3, 0, LINEAR_LOG_3)},
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 0, 0, 1)},
            LINEAR_LABELS(2, 0, 1),
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 0, 2, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(0, LINEAR_LOG_3 * 0.75, 0, LINEAR_LOG_3 * 3.25)},
    /* the middle row is ignored */
    {.inputs = 6,
     .in = {{.shape = {2, {3, 2}}},
            {.shape = {2, {5, 2}}},
            LINEAR_LABELS(3, 3, 1, 0),
            {.shape = {2, {3, 2}}},
            {.shape = {1, {5}}},
            {.shape = {1, {5}}, .values = GROVE_NUMBERS(2, 1, 0, 0.5, 3), .no_check = true}},
     .build = build_all_of_it},
    {.inputs = 5,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LABELS(2, 0, 0), LINEAR_MATRIX(2, 2),
            LINEAR_MATRIX(2, 2)},
     .build = build_from_pass,
     .refused = "what the pass yields must have the shape [2, 5]"},
    {.inputs = 5,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LABELS(2, 0, 0), LINEAR_MATRIX(2, 5),
            LINEAR_LIST(2)},
     .build = build_from_pass,
     .refused = "loss and divisor, or their gradient, must have the shape [2, 2]"},
    {0},
};

GROVE_ROOM(linear_cross_entropy_weight_gradient) = {
    .name = "linear_cross_entropy_weight_gradient",
    .formula = "(dW, db) = (dz^T x, column sums of dz)",
    .min_inputs = 5,
    .max_inputs = 7,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = linear_class_blocks,
    .cost = linear_cost_of_classes,
    .scratch = linear_scratch,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_linear_cross_entropy_weight_gradient(
    grove_tensor x, grove_tensor weight, grove_tensor bias, grove_tensor labels, grove_tensor pass,
    grove_tensor dy, grove_tensor class_weights, const grove_cross_entropy_options *options) {
    const grove_tensor in[5] = {x, weight, labels, pass, dy};
    return linear_append_slopes(&grove_op_linear_cross_entropy_weight_gradient, in, bias,
                                class_weights, options);
}
