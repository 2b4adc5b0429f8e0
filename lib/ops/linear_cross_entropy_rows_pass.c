/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy_rows_pass - once over the logits z = x W^T + b of a linear layer, block by
 * block: all that linear_cross_entropy_rows and its adjoints want to know of them. The letters are
 * those of that room.
 *
 *     y[i] = (loss, L)   or   (loss, L, o),   o = sum over c of p_c * W_c, a mean of W's rows
 *
 * o is what the divisor gives x: dL/dx = o. With it the gradient of x costs no pass of its own.
 *
 * Shapes: x [n, width], W [classes, width], labels ids [n], b [classes] or none, class weights
 *   [classes] or none -> [n, 2], or with the mean [n, 2 + width].
 * Method: online (Milakov & Gimelshein 2018). For blocks of classes, with m' = max(m, largest z of
 *   the block), sum' = sum * exp(m - m') + sum of exp(z - m'); o goes along with the sum, as in
 *   flash attention (Dao et al. 2022).
 * Gradient: none of its own. linear_cross_entropy_rows has the loss's.
 * Numerics: no exp overflows. Sums over blocks, L - z and the loss are kept in double; o is added
 *   up in grove_real. L is stored in grove_real: for float and logits near 10^4, p is good to
 *   10^-3, as such logits are themselves.
 * Errors: a label outside 0..classes-1 (and not the ignored one) fails the run, in words, before
 *   anything is written.
 * Cost: n * classes * width multiply-adds, with the mean twice as many; n * classes exps.
 */
#include <math.h>

#include "base/exps.h"
#include "largest.h"
#include "linear_cross_entropy.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_FIELD(grove_target, with_mean, FLAG),
                                     GROVE_NO_MORE_FIELDS};

enum { OPTIONAL = 3 }; /* where optional inputs begin */

static bool shape(grove_shaping *s) {
    const grove_target *target = s->attributes;
    if (!linear_want(s, 0, OPTIONAL)) {
        return false;
    }
    s->shape = GROVE_SHAPE(grove_in_shape(s, 0).dim[0], 2);
    s->shape.dim[1] += target->with_mean ? grove_in_shape(s, 1).dim[1] : 0;
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* What is known of a row after some of its classes. */
typedef struct passed {
    grove_real largest; /* m */
    double sum;         /* of exp(z - m) */
    double of_label;    /* the label's z, once it was met */
    double spread;      /* sum of w_c * z_c, where smoothing asks for it */
    grove_real *mean;   /* [width] the sum of exp(z_c - m) * W_c, or NULL */
} passed;

/* A larger m makes all that was added so far smaller. */
GROVE_KERNEL void rise(const linear *l, passed *r, grove_real largest) {
    const double fall = exp((double)r->largest - (double)largest);
    r->sum *= fall;
    for (size_t k = 0; k < l->width && r->mean; k++) {
        r->mean[k] *= (grove_real)fall;
    }
    r->largest = largest;
}

/* Adds z [count], the logits of classes from `first` on. For the mean they become exp(z - m). */
GROVE_KERNEL void pass(const linear *l, passed *r, grove_id label, size_t first, size_t count,
                 grove_real *z) {
    const grove_real largest = grove_largest(r->largest, z, count);
    const size_t place = linear_place(label, first, count);
    if (place < count) {
        r->of_label = (double)z[place];
    }
    for (size_t c = 0; c < count && l->w.smoothing > 0; c++) {
        r->spread += grove_weight_of(&l->w, first + c) * (double)z[c];
    }
    if (largest != r->largest) { /* so is a NaN, which stays */
        rise(l, r, largest);
    }
    if (largest == -(grove_real)INFINITY) { /* none of these counts */
        memset(z, 0, count * sizeof *z);
    } else if (r->mean) {
        r->sum += grove_exps(z, count, largest, 1, z);
    } else {
        r->sum += grove_exps(z, count, largest, 1, NULL);
    }
}

GROVE_KERNEL void finish(const linear *l, const passed *r, grove_id label, grove_real *y) {
    const double log_sum = (double)r->largest + log(r->sum);
    double loss = 0;
    if (!grove_is_ignored(l->target, label)) {
        loss =
            (1 - l->w.smoothing) * grove_weight_of(&l->w, (size_t)label) * (log_sum - r->of_label);
        if (l->w.smoothing > 0) {
            loss += l->w.smoothing * (l->w.mean * log_sum - r->spread / (double)l->classes);
        }
    }
    y[0] = (grove_real)loss;
    y[1] = (grove_real)log_sum;
    for (size_t k = 0; k < l->width && r->mean; k++) {
        y[2 + k] = (grove_real)((double)r->mean[k] / r->sum);
    }
}

/* y [rows, 2 + width or nothing], from the row on. The means are added up behind the block. */
GROVE_KERNEL void run_rows(const linear *l, size_t row, size_t rows, grove_real *y) {
    const bool with_mean = l->target->with_mean;
    const size_t step = with_mean ? 2 + l->width : 2;
    grove_real *means = l->block + linear_block_size(l->n, l->classes); /* [rows, width] */
    passed passed_rows[LINEAR_ROWS];
    for (size_t i = 0; i < rows; i++) {
        passed_rows[i] = (passed){.largest = -(grove_real)INFINITY};
        passed_rows[i].mean = with_mean ? means + i * l->width : NULL;
    }
    for (size_t first = 0; first < l->classes; first += LINEAR_CLASSES) {
        size_t count = linear_least(l->classes - first, LINEAR_CLASSES);
        linear_logits(l, row, rows, first, count);
        for (size_t i = 0; i < rows; i++) {
            pass(l, &passed_rows[i], l->labels[row + i], first, count, l->block + i * count);
        }
        if (with_mean) {
            grove_matrix_product(&(grove_product){.add = first > 0,
                                                  .m = rows,
                                                  .n = l->width,
                                                  .k = count,
                                                  .a = l->block,
                                                  .a_step = count,
                                                  .b = l->weight + first * l->width,
                                                  .b_step = l->width,
                                                  .c = means,
                                                  .c_step = l->width},
                                 l->product);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        finish(l, &passed_rows[i], l->labels[row + i], y + i * step);
    }
}

/* An item is a block of rows. */
GROVE_RUN(run) {
    linear l = linear_of(call, OPTIONAL);
    size_t row = begin * LINEAR_ROWS, last = linear_least(end * LINEAR_ROWS, l.n);
    grove_status status = grove_check_labels(call, 2, row, last, l.classes);
    for (; row < last && status == GROVE_OK; row += LINEAR_ROWS) {
        grove_real *y = grove_out(call) + row * call->out->dim[1];
        run_rows(&l, row, linear_least(last - row, LINEAR_ROWS), y);
    }
    return status;
}

static size_t scratch(const grove_call *call) {
    const grove_target *target = call->attributes;
    size_t means = linear_least(call->in[0]->dim[0], LINEAR_ROWS) * call->in[1]->dim[1];
    return linear_scratch(call) + (target->with_mean ? means * sizeof(grove_real) : 0);
}

static size_t cost(const grove_call *call) {
    const grove_target *target = call->attributes;
    return linear_cost_of_rows(call) * (target->with_mean ? 2 : 1);
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options smooth = {.smoothing = 0.5};

static grove_tensor build(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_pass(in[0], in[1], GROVE_NONE, in[2], GROVE_NONE, true,
                                                NULL);
}
static grove_tensor build_biased(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_pass(in[0], in[1], in[2], in[3], GROVE_NONE, false,
                                                &smooth);
}
static grove_tensor build_weighted(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_pass(in[0], in[1], GROVE_NONE, in[2], in[3], true,
                                                &smooth);
}

#define LOG_4 1.3862943611198906

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(0, LINEAR_LOG_3, 0, LINEAR_LOG_3)},
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 0, 0, 1)},
            LINEAR_LABELS(2, 0, 1)},
     .build = build,
     .out = GROVE_NUMBERS(LOG_4, LOG_4, 0.25, 0.75, LOG_4 - LINEAR_LOG_3, LOG_4, 0.25, 0.75)},
    {.inputs = 4,
     .in = {LINEAR_MATRIX(2, 3),
            LINEAR_MATRIX(3, 3),
            LINEAR_LABELS(2, 2, 0),
            {.shape = {1, {3}}, .no_check = true}},
     .build = build_weighted},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 2), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "x, as wide as the weight, must have the shape [2, 2]"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LABELS(3, 0, 0, 0)},
     .build = build,
     .refused = "the labels, one for each row, must have the shape [2]"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LIST(2)},
     .build = build,
     .refused = "input 2 must be a tensor of ids"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(-1, 3), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "the number of classes must be fixed, and at least 1"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, -1), LINEAR_MATRIX(4, -1), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "the width must be fixed, and at least 1"},
    {.inputs = 4,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LIST(3), LINEAR_LABELS(2, 0, 0)},
     .build = build_biased,
     .refused = "the bias must have the shape [4]"},
    {.inputs = 4,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LABELS(2, 0, 0), LINEAR_LIST(3)},
     .build = build_weighted,
     .refused = "the class weights must have the shape [4]"},
    {0},
};

GROVE_ROOM(linear_cross_entropy_rows_pass) = {
    .name = "linear_cross_entropy_rows_pass",
    .formula = "y = (-log softmax(z)[label], log sum exp(z), softmax(z) W), z = x W^T + b",
    .min_inputs = 3,
    .max_inputs = 5,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = linear_row_blocks,
    .cost = cost,
    .scratch = scratch,
    .no_gradient = "it is a part of linear_cross_entropy_rows, which has the gradient",
    .examples = examples,
};

grove_tensor grove_linear_cross_entropy_rows_pass(grove_tensor x, grove_tensor weight,
                                                  grove_tensor bias, grove_tensor labels,
                                                  grove_tensor class_weights, bool with_mean,
                                                  const grove_cross_entropy_options *options) {
    grove_tensor in[5] = {x, weight, labels};
    return linear_append(&grove_op_linear_cross_entropy_rows_pass, in, OPTIONAL, bias,
                         class_weights, with_mean, options);
}
