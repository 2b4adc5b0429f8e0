/* SPDX-License-Identifier: MIT
 *
 * softmax_cross_entropy_rows - how far softmax(z) is from the label of each row: y = -log p[label].
 *
 * With p = softmax(z) and l = the label of a row of C classes, in full:
 *
 *     y = - sum over c of t_c * w_c * log p_c,     t_c = (1 - s) * [c = l] + s / C
 *
 * where w are the class weights (1 if there are none) and s is the label smoothing. A row with the
 * ignored label is exactly 0, and so is its gradient.
 *
 * Shapes: z [n, C], labels ids [n], w [C] or none -> [n].
 * Gradient: d log p_c / dz_j = [c = j] - p_j, so
 *     dz_j = dy * (p_j * W - t_j * w_j),     W = sum over c of t_c * w_c.
 *   Without weights W = 1 and that is p - t: prediction minus target. Labels, weights and smoothing
 *   are given, not learned: they get none. One kernel does all of that in one pass, so it is an op
 *   with a room of its own: softmax_cross_entropy_gradient.
 * Numerics: log p_c = (z_c - m) - log(sum of exp(z - m)), m the largest z of the row: no exp
 *   overflows, no logarithm of 0 is taken. Sums and the loss of a row are kept in double.
 * Errors: a label outside 0..C-1 (and not the ignored one) fails the run, in words, before anything
 *   is written.
 * Cost: one exp a logit, forward as backward (p is made anew: that is cheaper than to keep it).
 */
#include "elementwise.h"
#include "labels.h"
#include "largest.h"
#include "short_rows.h"

static const grove_field fields[] = {
    GROVE_FIELD(grove_target, ignore, FLAG), GROVE_FIELD(grove_target, ignored_label, INT),
    GROVE_FIELD(grove_target, smoothing, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    s->shape = GROVE_SHAPE(grove_in_shape(s, 0).dim[0]);
    return grove_want_rows(s, 2);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* log_sum is that of exp(z - largest). */
GROVE_KERNEL double loss_of(const grove_weighting *w, const grove_real *z, size_t label,
                            grove_real largest, double log_sum) {
    double spread = 0;
    double of_label = grove_weight_of(w, label) * (log_sum - (double)(z[label] - largest));
    for (size_t c = 0; c < w->classes && w->smoothing > 0; c++) {
        spread += grove_weight_of(w, c) * (log_sum - (double)(z[c] - largest));
    }
    return (1 - w->smoothing) * of_label + w->smoothing / (double)w->classes * spread;
}

/* Labels have been checked. */
GROVE_KERNEL void long_row(size_t row, const grove_call *call, const grove_weighting *w) {
    const grove_id label = grove_ids(call, 1)[row];
    const grove_real *z = grove_reals(call, 0) + row * w->classes;
    double loss = 0;
    if (!grove_is_ignored(call->attributes, label)) {
        const grove_real largest = grove_largest(z[0], z, w->classes);
        const double log_sum = log(grove_exps(z, w->classes, largest, 1, NULL));
        loss = loss_of(w, z, (size_t)label, largest, log_sum);
    }
    grove_out(call)[row] = (grove_real)loss;
}

GROVE_KERNEL void short_rows(const grove_short_rows *s, size_t first, size_t rows,
                             const grove_call *call, const grove_weighting *w) {
    const grove_id *labels = grove_ids(call, 1) + first;             /* [rows] */
    const grove_real *z = grove_reals(call, 0) + first * w->classes; /* [rows, classes] */
    const grove_real *largest = (const grove_real *)&s->largest;
    grove_real *y = grove_out(call) + first, logs[GROVE_LANES];
    grove_short_rows_logs(s, logs);
    for (size_t i = 0; i < rows; i++) {
        bool ignored = grove_is_ignored(call->attributes, labels[i]);
        y[i] = ignored ? 0
                       : (grove_real)loss_of(w, z + i * w->classes, (size_t)labels[i], largest[i],
                                             (double)logs[i]);
    }
}

GROVE_RUN(run) {
    grove_weighting w = grove_weighting_of(call, 2, grove_width(call->in[0]));
    grove_status status = grove_check_labels(call, 1, begin, end, w.classes);
    if (status == GROVE_OK) {
        GROVE_BY_LENGTH(short_rows, long_row, grove_reals(call, 0), w.classes, begin, end, call, &w)
    }
    return status;
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_cross_entropy_options options = grove_target_options(grove_attributes(y));
    dx[0] = grove_softmax_cross_entropy_gradient(grove_node_input(y, 0), grove_node_input(y, 1), dy,
                                                 grove_node_input(y, 2), &options);
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options ignoring = {.ignore = true, .ignored_label = -1};
static const grove_cross_entropy_options smooth = {.smoothing = 0.5};
static const grove_cross_entropy_options all_of_it = {
    .ignore = true, .ignored_label = 1, .smoothing = 0.25};
static const grove_cross_entropy_options too_smooth = {.smoothing = 1};

static grove_tensor build(const grove_tensor *in) {
    return grove_softmax_cross_entropy_rows(in[0], in[1], GROVE_NONE, NULL);
}
static grove_tensor build_ignoring(const grove_tensor *in) {
    return grove_softmax_cross_entropy_rows(in[0], in[1], in[2], &ignoring);
}
static grove_tensor build_smooth(const grove_tensor *in) {
    return grove_softmax_cross_entropy_rows(in[0], in[1], in[2], &smooth);
}
static grove_tensor build_all_of_it(const grove_tensor *in) {
    return grove_softmax_cross_entropy_rows(in[0], in[1], in[2], &all_of_it);
}
static grove_tensor build_too_smooth(const grove_tensor *in) {
    return grove_softmax_cross_entropy_rows(in[0], in[1], GROVE_NONE, &too_smooth);
}

/* The shares of this row are 1/4 and 3/4: log 3 = 1.0986, log 4 = 1.3863, log(4/3) = 0.2877. */
#define A_ROW 0, 1.0986122886681098

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(A_ROW, A_ROW)},
            {.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(0, 1)}},
     .build = build,
     .out = GROVE_NUMBERS(1.3862943611198906, 0.28768207245178093),
     .dy = GROVE_NUMBERS(1, 2),
     .dx = {GROVE_NUMBERS(-0.75, 0.75, 0.5, -0.5)}},
    /* The middle row is ignored; class 0 weighs 2, class 1 weighs 3. */
    {.inputs = 3,
     .in = {{.shape = {2, {3, 2}}, .values = GROVE_NUMBERS(A_ROW, A_ROW, A_ROW)},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(0, -1, 1)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(2, 3), .no_check = true}},
     .build = build_ignoring,
     .out = GROVE_NUMBERS(2.7725887222397811, 0, 0.86304621735534278),
     .dy = GROVE_NUMBERS(1, 5, 1),
     .dx = {GROVE_NUMBERS(-1.5, 1.5, 0, 0, 0.75, -0.75)}},
    /* Targets 3/4 and 1/4; y = 3/4 * 2 * log 4 + 1/4 * 4 * log(4/3), W = 5/2. */
    {.inputs = 3,
     .in = {{.shape = {2, {1, 2}}, .values = GROVE_NUMBERS(A_ROW)},
            {.type = GROVE_ID, .shape = {1, {1}}, .values = GROVE_NUMBERS(0)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(2, 4), .no_check = true}},
     .build = build_smooth,
     .out = GROVE_NUMBERS(2.3671236141316168),
     .dy = GROVE_NUMBERS(8),
     .dx = {GROVE_NUMBERS(-7, 7)}},
    {.inputs = 3,
     .in = {{.shape = {2, {3, 4}}},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(3, 1, 0)},
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(2, 1, 0, 0.5), .no_check = true}},
     .build = build_all_of_it},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "the labels, one for each row, must have the shape [2]"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {2}}}},
     .build = build,
     .refused = "input 1 must be a tensor of ids"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 0}}}, {.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build,
     .refused = "the number of classes must be fixed, and at least 1"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build_too_smooth,
     .refused = "the label smoothing must be from 0 to below 1"},
    {.inputs = 3,
     .in = {{.shape = {2, {2, 3}}}, {.type = GROVE_ID, .shape = {1, {2}}}, {.shape = {1, {2}}}},
     .build = build_ignoring,
     .refused = "the class weights must have the shape [3]"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(softmax_cross_entropy_rows) = {
    .name = "softmax_cross_entropy_rows",
    .formula = "y = -log softmax(z)[label]",
    .min_inputs = 2,
    .max_inputs = 3,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_rows_of_logits,
    .cost = grove_cost_of_logits,
    .grad = grad,
    .examples = examples,
};

/* ---- builders -------------------------------------------------------------------------------- */

grove_tensor grove_softmax_cross_entropy_rows(grove_tensor logits, grove_tensor labels,
                                              grove_tensor class_weights,
                                              const grove_cross_entropy_options *options) {
    grove_tensor in[3] = {logits, labels};
    return grove_append_with_weights(&grove_op_softmax_cross_entropy_rows, in, 2, class_weights,
                                     options);
}
