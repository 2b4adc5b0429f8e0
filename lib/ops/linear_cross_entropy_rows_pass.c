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
 * Shapes: the parts [parts, n, 4 or 4 + width], labels ids [n], class weights [classes] or none ->
 *   [n, 2], or with the mean [n, 2 + width].
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

static const grove_field fields[] = {GROVE_FIELD(grove_target, ignore, FLAG),
                                     GROVE_FIELD(grove_target, ignored_label, INT),
                                     GROVE_FIELD(grove_target, smoothing, REAL),
                                     GROVE_FIELD(grove_target, classes, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const int64_t classes = ((const grove_target *)s->attributes)->classes;
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 3) ||
        !grove_want_type(s, 1, GROVE_ID) || !grove_want_target(s, classes)) {
        return false;
    }
    const grove_shape parts = grove_in_shape(s, 0);
    const int64_t count = (int64_t)linear_parts((size_t)classes), n = parts.dim[1];
    if (parts.dim[0] != count || parts.dim[2] < 4) {
        return grove_refuse(s, GROVE_BAD_SHAPE,
                            "the parts must have the shape [%" PRId64 ", n, 4 or more]", count);
    }
    s->shape = GROVE_SHAPE(n, parts.dim[2] - 2);
    return grove_want_shape(s, 1, GROVE_SHAPE(n), "the labels, one for each row,") &&
           grove_want_class_weights(s, 2, classes);
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

/* Parts of a row -> mean [width], 0 numbers where none is asked for. `next` is the way from a part
 * to the next one. */
GROVE_KERNEL joined join(const grove_real *part, size_t parts, size_t next, size_t width,
                         grove_real *mean) {
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

GROVE_KERNEL void finish(const grove_target *target, const grove_weighting *w, const joined *r,
                         grove_id label, grove_real *y) {
    const double log_sum = r->largest + log(r->sum);
    double loss = 0;
    if (!grove_is_ignored(target, label)) {
        loss = (1 - w->smoothing) * grove_weight_of(w, (size_t)label) * (log_sum - r->of_label);
        if (w->smoothing > 0) {
            loss += w->smoothing * (w->mean * log_sum - r->spread / (double)w->classes);
        }
    }
    y[0] = (grove_real)loss;
    y[1] = (grove_real)log_sum;
}

GROVE_RUN(run) {
    const grove_target *target = call->attributes;
    const grove_view *parts = call->in[0];
    const size_t n = parts->dim[1], of_part = parts->dim[2], classes = (size_t)target->classes;
    const grove_weighting weighting = grove_weighting_of(call, 2, classes);
    grove_status status = grove_check_labels(call, 1, begin, end, classes);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        grove_real *y = grove_out(call) + i * call->out->dim[1];
        const joined row = join(grove_reals(call, 0) + i * of_part, parts->dim[0], n * of_part,
                                of_part - 4, y + 2);
        finish(target, &weighting, &row, grove_ids(call, 1)[i], y);
    }
    return status;
}

static size_t cost(const grove_call *call) {
    return 200 + 2 * call->in[0]->dim[0] * call->in[0]->dim[2];
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor append(grove_tensor parts, grove_tensor labels, int64_t classes,
                           grove_tensor class_weights, const grove_cross_entropy_options *options);

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
    return append(in[0], in[1], 513, GROVE_NONE, NULL);
}
static grove_tensor build_of_no_class(const grove_tensor *in) {
    return append(in[0], in[1], 0, GROVE_NONE, NULL);
}
static grove_tensor build_of_parts_weighted(const grove_tensor *in) {
    return append(in[0], in[1], 513, in[2], NULL);
}

#define LOG_4 1.3862943611198906

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {LINEAR_WORKED},
     .build = build,
     .out = GROVE_NUMBERS(LOG_4, LOG_4, 0.25, 0.75, LOG_4 - LINEAR_LOG_3, LOG_4, 0.25, 0.75)},
    {.inputs = 4, .in = {LINEAR_WEIGHTED}, .build = build_weighted},
    {.inputs = 2,
     .in = {{.shape = {3, {1, 2, 7}}}, LINEAR_LABELS(2, 2, 0)},
     .build = build_of_parts,
     .refused = "the parts must have the shape [2, n, 4 or more]"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 3}}}, LINEAR_LABELS(2, 2, 0)},
     .build = build_of_parts,
     .refused = "the parts must have the shape [2, n, 4 or more]"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 4}}}, LINEAR_LABELS(3, 2, 0, 0)},
     .build = build_of_parts,
     .refused = "the labels, one for each row, must have the shape [2]"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 4}}}, LINEAR_LABELS(2, 2, 0)},
     .build = build_of_no_class,
     .refused = "the number of classes must be fixed, and at least 1"},
    {.inputs = 3,
     .in = {{.shape = {3, {2, 2, 4}}}, LINEAR_LABELS(2, 2, 0), LINEAR_LIST(3)},
     .build = build_of_parts_weighted,
     .refused = "the class weights must have the shape [513]"},
    {0},
};

GROVE_ROOM(linear_cross_entropy_rows_pass) = {
    .name = "linear_cross_entropy_rows_pass",
    .formula = "y = (-log softmax(z)[label], log sum exp(z), softmax(z) W), z = x W^T + b",
    .min_inputs = 2,
    .max_inputs = 3,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_row,
    .cost = cost,
    .no_gradient = "it is a part of linear_cross_entropy_rows, which has the gradient",
    .examples = examples,
};

static grove_tensor append(grove_tensor parts, grove_tensor labels, int64_t classes,
                           grove_tensor class_weights, const grove_cross_entropy_options *options) {
    const grove_tensor in[3] = {parts, labels, class_weights};
    grove_target attributes = grove_target_of(options);
    attributes.classes = classes;
    return grove_append(&grove_op_linear_cross_entropy_rows_pass, NULL, in,
                        grove_is_valid(class_weights) ? 3 : 2, &attributes);
}

grove_tensor grove_linear_cross_entropy_rows_pass(grove_tensor x, grove_tensor weight,
                                                  grove_tensor bias, grove_tensor labels,
                                                  grove_tensor class_weights, bool with_mean,
                                                  const grove_cross_entropy_options *options) {
    grove_tensor parts = grove_linear_cross_entropy_rows_parts(x, weight, bias, labels,
                                                               class_weights, with_mean, options);
    return append(parts, labels, grove_node_shape(weight).dim[0], class_weights, options);
}
