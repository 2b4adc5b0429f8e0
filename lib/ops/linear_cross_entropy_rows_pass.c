/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy_rows_pass - joins what linear_cross_entropy_rows_parts found in its parts of
 * the classes: all that linear_cross_entropy_rows and its adjoints want to know of the logits z =
 * x W^T + b. The letters are those of that room.
 *
 *     y[i] = (loss, L)   or   (loss, L, o),   o = sum over c of p_c * W_c, a mean of W's rows
 *
 * o is what the divisor gives x: dL/dx = o. With it the gradient of x costs no pass of its own.
 *
 * Shapes: x [n, width], W [classes, width], labels ids [n], the parts [parts, n, 4 or 4 + width], b
 *   [classes] or none, class weights [classes] or none -> [n, 2], or with the mean [n, 2 + width].
 *   Of x, W and b it wants the shapes alone.
 * Method: with m the largest of all, a part with the largest m' counts exp(m' - m) times: L = m +
 *   log of the sum of these sums.
 * Gradient: none of its own. linear_cross_entropy_rows has the loss's.
 * Numerics: parts are added up, and L - z and the loss made, in double; o is added up in
 *   grove_real. L is stored in grove_real: for float and logits near 10^4, p is good to 10^-3, as
 *   such logits are themselves.
 * Errors: a label outside 0..classes-1 (and not the ignored one) fails the run, in words, before
 *   anything is written.
 * Cost: n * parts * width multiply-adds; there are 16 parts at most.
 */
#include <math.h>

#include "linear_cross_entropy.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_FIELD(grove_target, with_mean, FLAG),
                                     GROVE_NO_MORE_FIELDS};

enum { OPTIONAL = 4 }; /* where optional inputs begin */

static bool shape(grove_shaping *s) {
    const grove_target *target = s->attributes;
    if (!linear_want(s, 0, OPTIONAL) || !grove_want_type(s, 3, GROVE_REAL) ||
        !grove_want_shape(s, 3, linear_shape_of_parts(s, 0, target->with_mean), "the parts")) {
        return false;
    }
    s->shape = GROVE_SHAPE(grove_in_shape(s, 0).dim[0], 2);
    s->shape.dim[1] += target->with_mean ? grove_in_shape(s, 1).dim[1] : 0;
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* What is known of a row; largest may be -infinity, where no class counts. */
typedef struct joined {
    double largest, sum, of_label, spread;
} joined;

/* exp(m' - m), what a part [4 or 4 + width] counts. */
GROVE_KERNEL double share_of(const grove_real *part, double largest) {
    const bool none = (double)part[0] == -INFINITY;
    return none ? 0 : exp((double)part[0] - largest);
}

/* mean [width] is left alone unless it is asked for. `next` is the way to the next part. */
GROVE_KERNEL joined join(const linear *l, const grove_real *part, size_t next, grove_real *mean) {
    const size_t parts = linear_parts(l->classes), width = l->target->with_mean ? l->width : 0;
    joined row = {.largest = -INFINITY};
    for (size_t p = 0; p < parts; p++) {
        const double largest = (double)part[p * next];
        row.largest = largest > row.largest ? largest : row.largest;
    }
    memset(mean, 0, width * sizeof *mean);
    for (size_t p = 0; p < parts; p++, part += next) {
        const double share = share_of(part, row.largest);
        row.sum += share * (1 + (double)part[1]);
        row.of_label += (double)part[2];
        row.spread += (double)part[3];
        for (size_t k = 0; k < width; k++) {
            mean[k] += (grove_real)share * part[4 + k];
        }
    }
    for (size_t k = 0; k < width; k++) {
        mean[k] = (grove_real)((double)mean[k] / row.sum);
    }
    return row;
}

GROVE_KERNEL void finish(const linear *l, const joined *r, grove_id label, grove_real *y) {
    const double log_sum = r->largest + log(r->sum);
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
}

GROVE_RUN(run) {
    const linear l = linear_of(call, OPTIONAL);
    const size_t of_part = call->in[3]->dim[2], of_row = call->out->dim[1];
    grove_status status = grove_check_labels(call, 2, begin, end, l.classes);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        grove_real *y = grove_out(call) + i * of_row;
        const joined row = join(&l, grove_reals(call, 3) + i * of_part, l.n * of_part, y + 2);
        finish(&l, &row, l.labels[i], y);
    }
    return status;
}

static size_t cost(const grove_call *call) {
    return 200 + 2 * call->in[3]->dim[0] * call->in[3]->dim[2];
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor append(grove_tensor x, grove_tensor weight, grove_tensor bias,
                           grove_tensor labels, grove_tensor parts, grove_tensor class_weights,
                           bool with_mean, const grove_cross_entropy_options *options);

static const grove_cross_entropy_options smooth = {.smoothing = 0.5};

static grove_tensor build(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_pass(in[0], in[1], GROVE_NONE, in[2], GROVE_NONE, true,
                                                NULL);
}
static grove_tensor build_weighted(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_pass(in[0], in[1], GROVE_NONE, in[2], in[3], true,
                                                &smooth);
}

static grove_tensor build_of_parts(const grove_tensor *in) {
    return append(in[0], in[1], GROVE_NONE, in[2], in[3], GROVE_NONE, true, NULL);
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
    {.inputs = 4,
     .in = {LINEAR_MATRIX(2, 3),
            LINEAR_MATRIX(3, 3),
            LINEAR_LABELS(2, 2, 0),
            {.shape = {3, {1, 2, 4}}}},
     .build = build_of_parts,
     .refused = "the parts must have the shape [1, 2, 7]"},
    {0},
};

GROVE_ROOM(linear_cross_entropy_rows_pass) = {
    .name = "linear_cross_entropy_rows_pass",
    .formula = "y = (-log softmax(z)[label], log sum exp(z), softmax(z) W), z = x W^T + b",
    .min_inputs = 4,
    .max_inputs = 6,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_row,
    .cost = cost,
    .no_gradient = "it is a part of linear_cross_entropy_rows, which has the gradient",
    .examples = examples,
};

static grove_tensor append(grove_tensor x, grove_tensor weight, grove_tensor bias,
                           grove_tensor labels, grove_tensor parts, grove_tensor class_weights,
                           bool with_mean, const grove_cross_entropy_options *options) {
    grove_tensor in[6] = {x, weight, labels, parts};
    return linear_append(&grove_op_linear_cross_entropy_rows_pass, in, OPTIONAL, bias,
                         class_weights, with_mean, options);
}

grove_tensor grove_linear_cross_entropy_rows_pass(grove_tensor x, grove_tensor weight,
                                                  grove_tensor bias, grove_tensor labels,
                                                  grove_tensor class_weights, bool with_mean,
                                                  const grove_cross_entropy_options *options) {
    grove_tensor parts = grove_linear_cross_entropy_rows_parts(x, weight, bias, labels,
                                                               class_weights, with_mean, options);
    return append(x, weight, bias, labels, parts, class_weights, with_mean, options);
}
