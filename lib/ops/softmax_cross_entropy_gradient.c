/* SPDX-License-Identifier: MIT
 *
 * softmax_cross_entropy_gradient - dz_j = dy * (p_j * W - t_j * w_j), p = softmax(z): the adjoint
 * of softmax_cross_entropy_rows, where this is derived and the letters are explained.
 *
 * Without class weights W = 1, and it is dy * (p - t): prediction minus target. A row with the
 * ignored label is exactly 0.
 *
 * Shapes: z [n, C], labels ids [n], dy [n], class weights w [C] or none -> [n, C].
 * Gradient: for an incoming D [n, C], dy gets the sum over j of D_j * (p_j * W - t_j * w_j): the op
 *   itself with dy = 1, times D. With dp_j/dz_k = p_j * ([j = k] - p_k), z gets
 *   dy * W * p_k * (D_k - sum over j of D_j * p_j). W [n] is made of label_weights, which knows the
 *   ignored rows. Labels and class weights are given, not learned: they get none.
 * Numerics: those of softmax_cross_entropy_rows, and its errors. p is made anew, from the logits.
 * Cost: one exp a logit.
 */
#include "elementwise.h"
#include "labels.h"
#include "largest.h"
#include "short_rows.h"

static const grove_field fields[] = {
    GROVE_FIELD(grove_target, ignore, FLAG), GROVE_FIELD(grove_target, ignored_label, INT),
    GROVE_FIELD(grove_target, smoothing, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return grove_want_rows(s, 3) && grove_want_type(s, 2, GROVE_REAL) &&
           grove_want_shape(s, 2, GROVE_SHAPE(s->shape.dim[0]), "the gradient of the loss");
}

/* What the row's exponentials, whose sum that is, are multiplied with. */
GROVE_KERNEL grove_real factor_of(const grove_weighting *w, size_t label, double dy, double sum) {
    const double own = (1 - w->smoothing) * grove_weight_of(w, label);
    return (grove_real)(dy * (own + w->smoothing * w->mean) / sum);
}

/* Takes the target off: dz [classes] is dy * p * W. */
GROVE_KERNEL void take_target(const grove_weighting *w, size_t label, double dy, grove_real *dz) {
    const double part = w->smoothing / (double)w->classes;
    dz[label] -= (grove_real)(dy * (1 - w->smoothing) * grove_weight_of(w, label));
    for (size_t c = 0; c < w->classes && part > 0; c++) {
        dz[c] -= (grove_real)(dy * part * grove_weight_of(w, c));
    }
}

/* Labels have been checked. dz may be z: each z is read a last time when its place is written. */
GROVE_KERNEL void long_row(size_t row, const grove_call *call, const grove_weighting *w) {
    const grove_id label = grove_ids(call, 1)[row];
    const grove_real *z = grove_reals(call, 0) + row * w->classes;
    const double dy = (double)grove_reals(call, 2)[row];
    grove_real *dz = grove_out(call) + row * w->classes;
    if (grove_is_ignored(call->attributes, label)) {
        memset(dz, 0, w->classes * sizeof *dz);
        return;
    }
    const grove_real largest = grove_largest(z[0], z, w->classes);
    const double sum = grove_exps(z, w->classes, largest, 1, dz);
    const grove_real factor = factor_of(w, (size_t)label, dy, sum);
    for (size_t c = 0; c < w->classes; c++) {
        dz[c] *= factor;
    }
    take_target(w, (size_t)label, dy, dz);
}

GROVE_KERNEL void short_rows(const grove_short_rows *s, size_t first, size_t rows,
                             const grove_call *call, const grove_weighting *w) {
    const grove_id *labels = grove_ids(call, 1) + first;
    const grove_real *dy = grove_reals(call, 2) + first;   /* [rows] */
    grove_real *dz = grove_out(call) + first * w->classes; /* [rows, classes] */
    const double *sums = (const double *)s->sum;
    for (size_t i = 0; i < rows; i++, dz += w->classes) {
        const size_t label = (size_t)labels[i];
        const double slope = (double)dy[i];
        if (grove_is_ignored(call->attributes, labels[i])) {
            memset(dz, 0, w->classes * sizeof *dz);
        } else {
            grove_short_row(s, i, w->classes, factor_of(w, label, slope, sums[i]), dz);
            take_target(w, label, slope, dz);
        }
    }
}

GROVE_RUN(run) {
    grove_weighting w = grove_weighting_of(call, 3, grove_width(call->in[0]));
    grove_status status = grove_check_labels(call, 1, begin, end, w.classes);
    if (status == GROVE_OK) {
        GROVE_BY_LENGTH(short_rows, long_row, grove_reals(call, 0), w.classes, begin, end, call, &w)
    }
    return status;
}

static void grad(grove_tensor dz, grove_tensor d, grove_tensor *dx) {
    grove_tensor z = grove_node_input(dz, 0), labels = grove_node_input(dz, 1);
    grove_tensor dy = grove_node_input(dz, 2), weights = grove_node_input(dz, 3);
    grove_shape all = grove_node_shape(dz), last = GROVE_AXES(1);
    grove_cross_entropy_options options = grove_target_options(grove_attributes(dz));
    grove_tensor p = grove_softmax(z);
    grove_tensor centre = grove_broadcast(grove_sum(grove_mul(d, p), last), all, last);
    grove_tensor rows =
        grove_mul(dy, grove_weight_of_targets(labels, weights, all.dim[1], &options));
    dx[0] = grove_mul(grove_mul(p, grove_sub(d, centre)), grove_broadcast(rows, all, last));
    grove_tensor ones = grove_fill(dz.graph, grove_node_shape(dy), 1);
    grove_tensor slope = grove_softmax_cross_entropy_gradient(z, labels, ones, weights, &options);
    dx[2] = grove_sum(grove_mul(d, slope), last);
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options all_of_it = {
    .ignore = true, .ignored_label = 1, .smoothing = 0.25};

static grove_tensor build_gradient(const grove_tensor *in) {
    return grove_softmax_cross_entropy_gradient(in[0], in[1], in[2], GROVE_NONE, NULL);
}
static grove_tensor build_whole_gradient(const grove_tensor *in) {
    return grove_softmax_cross_entropy_gradient(in[0], in[1], in[2], in[3], &all_of_it);
}

/* The shares of this row are 1/4 and 3/4: log 3 = 1.0986, log 4 = 1.3863, log(4/3) = 0.2877. */
#define A_ROW 0, 1.0986122886681098

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(A_ROW, A_ROW)},
            {.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(0, 1)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(1, 2)}},
     .build = build_gradient,
     .out = GROVE_NUMBERS(-0.75, 0.75, 0.5, -0.5),
     .dy = GROVE_NUMBERS(16, 0, 0, 16),
     .dx = {GROVE_NUMBERS(3, -3, -6, 6), NULL, GROVE_NUMBERS(-12, -4)}},
    {.inputs = 4,
     .in = {{.shape = {2, {3, 4}}},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(3, 1, 0)},
            {.shape = {1, {3}}},
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(2, 1, 0, 0.5), .no_check = true}},
     .build = build_whole_gradient},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}}, {.type = GROVE_ID, .shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_gradient,
     .refused = "the gradient of the loss must have the shape [2]"},
    {0},
};

GROVE_ROOM(softmax_cross_entropy_gradient) = {
    .name = "softmax_cross_entropy_gradient",
    .formula = "dz = dy * (softmax(z) - target)",
    .min_inputs = 3,
    .max_inputs = 4,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_rows_of_logits,
    .cost = grove_cost_of_logits,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_softmax_cross_entropy_gradient(grove_tensor logits, grove_tensor labels,
                                                  grove_tensor dy, grove_tensor class_weights,
                                                  const grove_cross_entropy_options *options) {
    grove_tensor in[4] = {logits, labels, dy};
    return grove_append_with_weights(&grove_op_softmax_cross_entropy_gradient, in, 3, class_weights,
                                     options);
}
