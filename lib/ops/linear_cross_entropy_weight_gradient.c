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
 * Numerics: those of the forward op, and its errors. Blocks of rows are added up in
 *   grove_real, and so are the rows of a block in db, in sixteen lanes.
 * Cost: 2 * n * classes * width multiply-adds, n * classes exps; W is read and dW written once.
 */
#include "linear_cross_entropy_slopes.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_NO_MORE_FIELDS};

/* Classes of an item: so many that dW of them stays in a second-level cache from one block of rows
 * to the next. */
enum { STRIP = 8 * LINEAR_CLASSES };

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

/* db [count] (+)= the sums of the block's rows. */
GROVE_KERNEL void add_rows(const linear *l, size_t count, grove_real *db) {
    for (size_t c = 0; c < count; c++) {
        grove_lanes sum = {0};
        for (size_t i = 0; i < l->rows; i += GROVE_LANES) {
            grove_lanes part;
            grove_lanes_load(&part, l->block + c * l->step + i, l->rows - i);
            sum += part;
        }
        db[c] = (l->row > 0 ? db[c] : 0) + grove_lanes_sum(&sum);
    }
}

/* dW, and db where there is a bias, get what the rows at hand add for the classes first..last-1.
 * The first rows overwrite what lies there. */
GROVE_KERNEL void run_rows(const grove_call *call, const linear *l, const linear_slopes *s,
                           size_t first, size_t last) {
    grove_real *dw = grove_out(call), *db = dw + l->classes * l->width;
    for (; first < last; first += LINEAR_CLASSES) {
        size_t count = linear_least(last - first, LINEAR_CLASSES);
        linear_make_slopes(l, s, first, count);
        grove_matrix_product(&(grove_product){.add = l->row > 0,
                                              .m = count,
                                              .n = l->width,
                                              .k = l->rows,
                                              .a = l->block,
                                              .a_step = l->step,
                                              .b = l->x + l->row * l->width,
                                              .b_step = l->width,
                                              .c = dw + first * l->width,
                                              .c_step = l->width},
                             l->product);
        if (l->bias) {
            add_rows(l, count, db + first);
        }
    }
}

/* An item is a strip of classes. What is left of the last row behind db is 0; so is all of it where
 * there are no rows. */
GROVE_RUN(run) {
    linear l = linear_of(call, LINEAR_OPTIONAL);
    linear_slopes s;
    grove_status status = grove_check_labels(call, 2, 0, l.n, l.classes);
    size_t first = begin * STRIP, last = linear_least(end * STRIP, l.classes);
    size_t zeros = l.n > 0 ? l.classes * (l.width + (l.bias != NULL)) : 0;
    if (last == l.classes && status == GROVE_OK) {
        memset(grove_out(call) + zeros, 0, (call->out->count - zeros) * sizeof(grove_real));
    }
    for (; first < last && status == GROVE_OK; first += STRIP) {
        for (size_t row = 0; row < l.n; row += LINEAR_ROWS) {
            if (l.rows == 0 || l.row != row) {
                linear_take_rows(&l, row);
                linear_take_slopes(call, &l, &s);
            }
            run_rows(call, &l, &s, first, linear_least(l.classes, first + STRIP));
        }
    }
    return status;
}

static size_t strips(const grove_call *call) {
    return linear_pieces(call->in[1]->dim[0], STRIP);
}

static size_t cost(const grove_call *call) {
    return linear_cost(call->in[0]->dim[0], STRIP, call->in[1]->dim[1], 2);
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
     .in = {LINEAR_WORKED, {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 0, 2, 4)}},
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
    .items = strips,
    .cost = cost,
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
