/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy_gradient - dx = dz W: what x gets from linear_cross_entropy_rows, in whose
 * room dz is derived. What W and b get is in the room linear_cross_entropy_weight_gradient.
 *
 * The pass has brought the mean row o = sum over c of p_c * W_c. So, with l the label,
 *
 *     dx = (d_loss * V + d_L) * o - d_loss * ((1 - s) * w_l * W_l + s / classes * u),
 *
 * u = sum over c of w_c * W_c, and no logit is made again.
 *
 * Shapes: x [n, width], W [classes, width], labels ids [n], the pass [n, 2 + width], dy [n, 2], b
 *   and class weights [classes] or none -> [n, width].
 * Gradient: linear_cross_entropy_slopes.h.
 * Numerics: those of the pass, and its errors.
 * Cost: a few additions an element; with smoothing one pass over W for each tile.
 */
#include "linear_cross_entropy_slopes.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return linear_want_slopes(s);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* u [width] */
static void weigh_rows(const linear *l, double *u) {
    memset(u, 0, l->width * sizeof *u);
    for (size_t c = 0; c < l->classes; c++) {
        const double weight = grove_weight_of(&l->w, c);
        for (size_t k = 0; k < l->width; k++) {
            u[k] += weight * (double)l->weight[c * l->width + k];
        }
    }
}

static void row(const linear_factors *f, const linear *l, const grove_real *o, const double *u,
                grove_real *dx) {
    for (size_t k = 0; k < l->width; k++) {
        double d = f->rests ? 0 : f->factor * (double)o[k];
        if (f->label >= 0) {
            d -= f->of_label * (double)l->weight[(size_t)f->label * l->width + k];
        }
        dx[k] = (grove_real)(f->part != 0 ? d - f->part * u[k] : d);
    }
}

GROVE_RUN(run) {
    linear l = linear_of(call, LINEAR_OPTIONAL);
    double *u = call->scratch;
    grove_status status = grove_check_labels(call, 2, begin, end, l.classes);
    if (status == GROVE_OK && l.w.smoothing > 0) {
        weigh_rows(&l, u);
    }
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        const linear_factors f = linear_factors_of(call, &l, i);
        const grove_real *pass = grove_reals(call, 3) + i * (2 + l.width);
        row(&f, &l, pass + 2, u, grove_out(call) + i * l.width);
    }
    return status;
}

static size_t cost(const grove_call *call) {
    return 4 * call->in[1]->dim[1];
}

static size_t scratch(const grove_call *call) {
    return call->in[1]->dim[1] * sizeof(double);
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    linear_second s = linear_open_second(y);
    linear_through_logits(&s, grove_matmul(d, s.weight, false, true), dx);
    dx[0] = grove_matmul(s.h, s.weight, false, false);
    grove_tensor by_h = grove_matmul(s.h, s.x, true, false);
    dx[1] = grove_add(by_h, grove_matmul(s.dz, d, true, false));
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options all_of_it = {
    .ignore = true, .ignored_label = 1, .smoothing = 0.25};

static grove_tensor build_with(const grove_tensor *in, grove_tensor bias, grove_tensor weights,
                               const grove_cross_entropy_options *o) {
    grove_tensor pass = linear_example_pass(in[0], in[1], bias);
    return grove_linear_cross_entropy_gradient(in[0], in[1], bias, in[2], pass, in[3], weights, o);
}
static grove_tensor build(const grove_tensor *in) {
    return build_with(in, GROVE_NONE, GROVE_NONE, NULL);
}
static grove_tensor build_all_of_it(const grove_tensor *in) {
    return build_with(in, in[4], in[5], &all_of_it);
}
static grove_tensor build_from_pass(const grove_tensor *in) {
    return grove_linear_cross_entropy_gradient(in[0], in[1], GROVE_NONE, in[2], in[3], in[4],
                                               GROVE_NONE, NULL);
}

static const grove_example examples[] = {
    {.inputs = 4,
     .in = {LINEAR_WORKED, {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 0, 2, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(-0.75, 0.75, 1.5, 2.5)},
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

GROVE_ROOM(linear_cross_entropy_gradient) = {
    .name = "linear_cross_entropy_gradient",
    .formula = "dx = dz W",
    .min_inputs = 5,
    .max_inputs = 7,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_row,
    .cost = cost,
    .scratch = scratch,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_linear_cross_entropy_gradient(grove_tensor x, grove_tensor weight,
                                                 grove_tensor bias, grove_tensor labels,
                                                 grove_tensor pass, grove_tensor dy,
                                                 grove_tensor class_weights,
                                                 const grove_cross_entropy_options *options) {
    const grove_tensor in[5] = {x, weight, labels, pass, dy};
    return linear_append_slopes(&grove_op_linear_cross_entropy_gradient, in, bias, class_weights,
                                options);
}
