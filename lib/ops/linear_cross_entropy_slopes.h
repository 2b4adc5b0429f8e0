/* SPDX-License-Identifier: MIT
 *
 * ops/linear_cross_entropy_slopes.h - what the two adjoints of linear_cross_entropy_rows share: dz,
 * block by block, and what its own gradient is. The letters are those of that room.
 *
 *     dz_c = (d_loss * V + d_L) * exp(z_c - L) - d_loss * t_c * w_c
 *
 * Inputs: x, W, labels, what linear_cross_entropy_rows_pass yields of the same inputs, (loss, L,
 * o) [n, 2 + width], and dy = (d_loss, d_L) [n, 2]; then bias and class weights, where given.
 *
 * Second order. For an incoming D of dx = dz W, with E = D W^T, the sum of D * dx is that of E *
 * dz. For one of (dW, db) it is so with E = x dW'^T + db'. Either way, with p the softmax of a row,
 *     z gets H = (d_loss * V + d_L) * p * (E - sum over c of E_c * p_c),
 *     d_loss gets the sum over c of E_c * (p_c * V - t_c * w_c), and d_L that of E_c * p_c;
 * H goes on to x, W and b as dz does, and the factor that E does not show adds dz^T D to W, or dz
 * D to x. The pass is made of x, W and b; what it would get is in that, and it gets none. All of
 * this is made of ordinary ops: gradients of second order, they alone, write [n, classes] to
 * memory.
 */
#ifndef GROVE_OPS_LINEAR_CROSS_ENTROPY_SLOPES_H
#define GROVE_OPS_LINEAR_CROSS_ENTROPY_SLOPES_H

#include "base/exps.h"
#include "linear_cross_entropy.h"

enum { LINEAR_OPTIONAL = 5 }; /* where optional inputs begin */

static inline bool linear_want_slopes(grove_shaping *s) {
    return linear_want(s, 0, LINEAR_OPTIONAL) && linear_want_pass(s, 0, 3, 4);
}

/* ---- kernels: dz ----------------------------------------------------------------------------- */

/* What makes dz of a row: dz_c = factor * p_c - of_label * [c = label] - part * w_c. */
typedef struct linear_factors {
    double factor, of_label, part;
    grove_id label; /* -1 if it is ignored */
    bool rests;     /* dz is 0, exactly, whatever the logits are */
} linear_factors;

static inline linear_factors linear_factors_of(const grove_call *call, const linear *l, size_t i) {
    const grove_real *dy = grove_reals(call, 4) + i * 2;
    const double smoothing = l->w.smoothing, d_loss = (double)dy[0], d_sum = (double)dy[1];
    if (grove_is_ignored(l->target, l->labels[i])) {
        return (linear_factors){.factor = d_sum, .label = -1, .rests = d_sum == 0};
    }
    linear_factors f = {.label = l->labels[i], .rests = d_loss == 0 && d_sum == 0};
    f.of_label = d_loss * (1 - smoothing) * grove_weight_of(&l->w, (size_t)f.label);
    f.factor = f.of_label + d_loss * smoothing * l->w.mean + d_sum;
    f.part = d_loss * smoothing / (double)l->classes;
    return f;
}

/* Of the rows at hand, as vectors want it; dz of what is behind them is never read. */
typedef struct linear_slopes {
    linear_factors of[LINEAR_ROWS];
    grove_real log_sum[LINEAR_ROWS], factor[LINEAR_ROWS];
} linear_slopes;

GROVE_KERNEL void linear_take_slopes(const grove_call *call, const linear *l, linear_slopes *s) {
    for (size_t i = 0; i < l->step; i++) {
        s->log_sum[i] = s->factor[i] = 0;
        if (i < l->rows) {
            s->of[i] = linear_factors_of(call, l, l->row + i);
            s->log_sum[i] = grove_reals(call, 3)[(l->row + i) * (2 + l->width) + 1];
            s->factor[i] = (grove_real)s->of[i].factor;
        }
    }
}

/* Logits of a block, for sixteen rows from `at` on, become factor * p. */
GROVE_KERNEL void linear_shares(const linear *l, const linear_slopes *s, size_t first, size_t count,
                                size_t at) {
    const grove_lanes log_sum = *(const grove_lanes *)(s->log_sum + at);
    const grove_lanes factor = *(const grove_lanes *)(s->factor + at);
    for (size_t c = 0; c < count; c++) {
        grove_lanes *z = (grove_lanes *)(l->block + c * l->step + at), e = *z - log_sum;
        if (at == 0) {
            linear_fetch(l, first + count + c);
        }
        grove_lanes_exp(&e);
        *z = e * factor;
    }
}

/* What is left to do for one row, the i-th at hand: a column of the block. */
GROVE_KERNEL void linear_finish_slope(const linear *l, const linear_factors *f, size_t first,
                                      size_t count, grove_real *z) {
    size_t label = linear_place(f->label, first, count);
    if (label < count) {
        z[label * l->step] -= (grove_real)f->of_label;
    }
    for (size_t c = 0; c < count && f->part != 0; c++) {
        z[c * l->step] -= (grove_real)(f->part * grove_weight_of(&l->w, first + c));
    }
    for (size_t c = 0; c < count && f->rests; c++) {
        z[c * l->step] = 0;
    }
}

/* dz of the rows at hand, for `count` classes from `first` on -> block [count, step]. */
GROVE_KERNEL void linear_make_slopes(const linear *l, const linear_slopes *s, size_t first,
                                     size_t count) {
    linear_logits(l, first, count);
    for (size_t at = 0; at < l->step; at += GROVE_LANES) {
        linear_shares(l, s, first, count, at);
    }
    for (size_t i = 0; i < l->rows; i++) {
        linear_finish_slope(l, &s->of[i], first, count, l->block + i);
    }
}

/* ---- second order: dz and H ------------------------------------------------------------------ */

typedef struct linear_second {
    grove_tensor x, weight, bias, labels, dy, class_weights;
    grove_cross_entropy_options options;
    grove_tensor dz, h; /* [n, classes] */
} linear_second;

static inline grove_tensor linear_column(grove_tensor pairs, int64_t k) {
    grove_shape n = grove_shape_of(1, grove_node_shape(pairs).dim);
    return grove_reshape(grove_slice(pairs, 1, k, 1), n);
}

static inline grove_tensor linear_as_column(grove_tensor numbers) {
    return grove_reshape(numbers, GROVE_SHAPE(grove_node_shape(numbers).dim[0], 1));
}

static inline linear_second linear_open_second(grove_tensor node) {
    return (linear_second){.x = grove_node_input(node, 0),
                           .weight = grove_node_input(node, 1),
                           .bias = linear_bias(node, LINEAR_OPTIONAL),
                           .labels = grove_node_input(node, 2),
                           .dy = grove_node_input(node, 4),
                           .class_weights = linear_class_weights(node, LINEAR_OPTIONAL),
                           .options = grove_target_options(grove_attributes(node))};
}

/* Makes dz and H, given E; fills in what dy and b get. */
static inline void linear_through_logits(linear_second *s, grove_tensor e, grove_tensor *dx) {
    grove_tensor product = grove_matmul(s->x, s->weight, false, true);
    grove_tensor z = grove_is_valid(s->bias) ? grove_add(product, s->bias) : product;
    grove_shape all = grove_node_shape(z), last = GROVE_AXES(1);
    grove_tensor p = grove_softmax(z);
    grove_tensor d_loss = linear_column(s->dy, 0), d_sum = linear_column(s->dy, 1);
    grove_tensor v = grove_weight_of_targets(s->labels, s->class_weights, all.dim[1], &s->options);
    grove_tensor ones = grove_fill(z.graph, GROVE_SHAPE(all.dim[0]), 1);
    grove_tensor of_loss =
        grove_softmax_cross_entropy_gradient(z, s->labels, ones, s->class_weights, &s->options);
    grove_tensor centre = grove_sum(grove_mul(e, p), last);
    grove_tensor factor = grove_add(grove_mul(d_loss, v), d_sum);
    grove_tensor off_centre = grove_sub(e, grove_broadcast(centre, all, last));
    grove_tensor off_centre_p = grove_mul(p, off_centre);
    s->h = grove_mul(off_centre_p, grove_broadcast(factor, all, last));
    grove_tensor by_loss = grove_mul(of_loss, grove_broadcast(d_loss, all, last));
    s->dz = grove_add(by_loss, grove_mul(p, grove_broadcast(d_sum, all, last)));
    grove_tensor columns[2] = {linear_as_column(grove_sum(grove_mul(e, of_loss), last))};
    columns[1] = linear_as_column(centre);
    dx[4] = grove_concat(columns, 2, 1);
    if (grove_is_valid(s->bias)) {
        dx[LINEAR_OPTIONAL] = grove_sum(s->h, GROVE_AXES(0));
    }
}

/* Appends one of the adjoints. */
static inline grove_tensor linear_append_slopes(const grove_op *op, const grove_tensor in[5],
                                                grove_tensor bias, grove_tensor class_weights,
                                                const grove_cross_entropy_options *options) {
    grove_tensor all[7] = {in[0], in[1], in[2], in[3], in[4]};
    return linear_append(op, all, LINEAR_OPTIONAL, bias, class_weights, false, options);
}

/* For worked examples: (loss, L, o) made of the inputs by other ops, so that differences of these
 * move it, too. The loss is not read. */
static inline grove_tensor linear_example_pass(grove_tensor x, grove_tensor weight,
                                               grove_tensor bias) {
    grove_tensor product = grove_matmul(x, weight, false, true);
    grove_tensor z = grove_is_valid(bias) ? grove_add(product, bias) : product;
    grove_tensor sum = linear_as_column(grove_log(grove_sum(grove_exp(z), GROVE_AXES(1))));
    grove_tensor mean = grove_matmul(grove_softmax(z), weight, false, false);
    return grove_concat((grove_tensor[]){sum, sum, mean}, 3, 1);
}

#endif
