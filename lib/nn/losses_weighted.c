/* SPDX-License-Identifier: MIT
 *
 * losses_weighted.c - losses of elements: a number for each, and a mean in which each row counts by
 * its weight.
 */
#include "grove/losses.h"

#include <float.h>
#include <math.h>

#include "grove/nn.h"

/* ---- what they share ------------------------------------------------------------------------- */

/* Broadcasting would make sense of a target of another shape, and rarely the right one. */
static bool fits(const char *loss, const char *what, grove_tensor x, grove_tensor like) {
    if (!grove_is_valid(x) || !grove_is_valid(like)) {
        grove_graph *graph = x.graph ? x.graph : like.graph;
        grove_mistake(graph, GROVE_BAD_ARGUMENT, "%s: the %s is missing, or what belongs to it",
                      loss, what);
        return false;
    }
    if (grove_shape_equal(grove_node_shape(x), grove_node_shape(like))) {
        return true;
    }
    char got[96], wanted[96];
    grove_shape_text(grove_node_shape(x), got, sizeof got);
    grove_shape_text(grove_node_shape(like), wanted, sizeof wanted);
    grove_mistake(x.graph, GROVE_BAD_SHAPE, "%s: the %s must have the shape %s, not %s", loss, what,
                  wanted, got);
    return false;
}

static bool is_within(grove_tensor x, const char *sentence, bool good) {
    if (!good) {
        grove_mistake(x.graph, GROVE_BAD_ARGUMENT, "%s", sentence);
    }
    return good;
}

/* All axes but the first. */
static grove_shape inner_axes(grove_shape shape) {
    grove_shape axes = {.rank = shape.rank - 1};
    for (int i = 0; i < axes.rank; i++) {
        axes.dim[i] = i + 1;
    }
    return axes;
}

grove_tensor grove_weighted_mean(grove_tensor elements, grove_tensor weights) {
    if (!grove_is_valid(elements) || !grove_is_valid(weights)) {
        return grove_mean(elements, GROVE_ALL_AXES);
    }
    grove_shape shape = grove_node_shape(elements);
    grove_shape wanted = grove_shape_of(shape.rank > 0 ? 1 : 0, shape.dim);
    if (shape.rank == 0 || !grove_shape_equal(grove_node_shape(weights), wanted)) {
        char text[96], got[96];
        grove_shape_text(shape, text, sizeof text);
        grove_shape_text(grove_node_shape(weights), got, sizeof got);
        grove_mistake(elements.graph, GROVE_BAD_SHAPE,
                      "weighted mean: the weights must be one for each row of %s, not %s", text,
                      got);
        return GROVE_NONE;
    }
    grove_tensor rows = shape.rank > 1 ? grove_mean(elements, inner_axes(shape)) : elements;
    return grove_div(grove_sum(grove_mul(rows, weights), GROVE_ALL_AXES),
                     grove_sum(weights, GROVE_ALL_AXES));
}

/* ---- classes --------------------------------------------------------------------------------- */

/* wrong^gamma, wrong = 1 - p. Below rounding it is held still: for gamma below 1 the slope at 0 has
 * no end. */
static grove_tensor focus(grove_tensor wrong, double gamma) {
    double rounding = sizeof(grove_real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON;
    return grove_pow(grove_maximum(wrong, rounding / 2), gamma);
}

static bool is_gamma(grove_tensor logits, double gamma) {
    return is_within(logits, "focal loss: gamma must be a finite number from 0 up",
                     gamma >= 0 && isfinite(gamma));
}

/* The row of an ignored label is 0, so are its slopes, and so is its weight. */
grove_tensor grove_focal_loss_with(grove_tensor logits, grove_tensor labels, double gamma,
                                   grove_tensor class_weights, grove_tensor weights,
                                   const grove_cross_entropy_options *options) {
    if (!grove_is_valid(logits) || !is_gamma(logits, gamma) ||
        !is_within(logits, "focal loss: a smoothed target has no focal form, it is no one class",
                   !options || options->smoothing == 0)) {
        return GROVE_NONE;
    }
    grove_tensor rows = grove_softmax_cross_entropy_rows(logits, labels, GROVE_NONE, options);
    grove_tensor wrong = grove_shift(grove_neg(grove_exp(grove_neg(rows))), 1);
    grove_tensor focal = gamma > 0 ? grove_mul(focus(wrong, gamma), rows) : rows;
    if (!grove_is_valid(class_weights) && !(options && options->ignore)) {
        return grove_weighted_mean(focal, weights);
    }
    grove_shape shape = grove_node_shape(logits);
    grove_tensor by_label =
        grove_label_weights(labels, class_weights, shape.rank == 2 ? shape.dim[1] : 0, options);
    return grove_weighted_mean(focal,
                               grove_is_valid(weights) ? grove_mul(by_label, weights) : by_label);
}

grove_tensor grove_focal_loss(grove_tensor logits, grove_tensor labels, double gamma,
                              grove_tensor class_weights, grove_tensor weights) {
    return grove_focal_loss_with(logits, labels, gamma, class_weights, weights, NULL);
}

grove_tensor grove_binary_focal_loss(grove_tensor logits, grove_tensor targets, double gamma,
                                     double alpha, grove_tensor weights) {
    if (!fits("binary focal loss", "targets", targets, logits) || !is_gamma(logits, gamma) ||
        !is_within(logits, "binary focal loss: alpha must be from 0 to 1",
                   alpha >= 0 && alpha <= 1)) {
        return GROVE_NONE;
    }
    grove_tensor focal = grove_binary_cross_entropy_elements(logits, targets);
    if (gamma > 0) { /* 1 - p of what the target says: s + t - 2 * s * t */
        grove_tensor s = grove_sigmoid(logits);
        grove_tensor wrong =
            grove_sub(grove_add(s, targets), grove_scale(grove_mul(s, targets), 2));
        focal = grove_mul(focus(wrong, gamma), focal);
    }
    if (alpha > 0) { /* alpha * t + (1 - alpha) * (1 - t) */
        focal = grove_mul(grove_shift(grove_scale(targets, 2 * alpha - 1), 1 - alpha), focal);
    }
    return grove_weighted_mean(focal, weights);
}

grove_tensor grove_binary_cross_entropy_with(grove_tensor logits, grove_tensor targets,
                                             grove_tensor positive_weight, grove_tensor weights) {
    if (!fits("binary cross-entropy", "targets", targets, logits)) {
        return GROVE_NONE;
    }
    if (!grove_is_valid(positive_weight)) {
        return grove_weighted_mean(grove_binary_cross_entropy_elements(logits, targets), weights);
    }
    /* -log s is softplus(-z), -log(1 - s) is softplus(z): no digit is lost at either end. */
    grove_tensor yes = grove_mul(grove_softplus(grove_neg(logits)), targets);
    grove_tensor no = grove_mul(grove_softplus(logits), grove_shift(grove_neg(targets), 1));
    grove_tensor weighted = grove_mul(yes, positive_weight);
    return fits("binary cross-entropy", "targets times the weight of positives", weighted, logits)
               ? grove_weighted_mean(grove_add(weighted, no), weights)
               : GROVE_NONE;
}

grove_tensor grove_multi_label_loss(grove_tensor logits, grove_tensor targets,
                                    grove_tensor weights) {
    if (!fits("multi-label loss", "targets", targets, logits)) {
        return GROVE_NONE;
    }
    if (grove_node_shape(logits).rank != 2) {
        grove_mistake(logits.graph, GROVE_BAD_SHAPE,
                      "multi-label loss: the logits must have two axes, [rows, labels]");
        return GROVE_NONE;
    }
    return grove_binary_cross_entropy_with(logits, targets, GROVE_NONE, weights);
}

/* ---- numbers --------------------------------------------------------------------------------- */

grove_tensor grove_mean_squared_error(grove_tensor prediction, grove_tensor target) {
    if (!fits("mean squared error", "target", target, prediction)) {
        return GROVE_NONE;
    }
    grove_tensor error = grove_sub(prediction, target);
    return grove_mean(grove_mul(error, error), GROVE_ALL_AXES);
}

grove_tensor grove_mean_absolute_error(grove_tensor prediction, grove_tensor target,
                                       grove_tensor weights) {
    if (!fits("mean absolute error", "target", target, prediction)) {
        return GROVE_NONE;
    }
    return grove_weighted_mean(grove_abs(grove_sub(prediction, target)), weights);
}

/* With c = e clipped to +-delta it is c * (e - c / 2) on either side of the corner. */
grove_tensor grove_huber_loss(grove_tensor prediction, grove_tensor target, double delta,
                              grove_tensor weights) {
    if (!fits("Huber loss", "target", target, prediction) ||
        !is_within(prediction, "Huber loss: delta must be a finite number above 0",
                   delta > 0 && isfinite(delta))) {
        return GROVE_NONE;
    }
    grove_tensor error = grove_sub(prediction, target), clipped = grove_clip(error, -delta, delta);
    return grove_weighted_mean(grove_mul(clipped, grove_sub(error, grove_scale(clipped, 0.5))),
                               weights);
}

/* (1 - quantile) * e + max(-e, 0) */
grove_tensor grove_quantile_loss(grove_tensor prediction, grove_tensor target, double quantile,
                                 grove_tensor weights) {
    if (!fits("quantile loss", "target", target, prediction) ||
        !is_within(prediction, "quantile loss: the quantile must lie between 0 and 1",
                   quantile > 0 && quantile < 1)) {
        return GROVE_NONE;
    }
    grove_tensor error = grove_sub(prediction, target);
    return grove_weighted_mean(
        grove_add(grove_scale(error, 1 - quantile), grove_relu(grove_neg(error))), weights);
}

/* ---- distributions --------------------------------------------------------------------------- */

grove_tensor grove_gaussian_kl(grove_tensor mean_p, grove_tensor log_var_p, grove_tensor mean_q,
                               grove_tensor log_var_q, grove_tensor weights) {
    const char *name = "Gaussian KL";
    bool standard = !grove_is_valid(mean_q) && !grove_is_valid(log_var_q);
    if (!fits(name, "log variance of p", log_var_p, mean_p) ||
        (!standard && (!fits(name, "mean of q", mean_q, mean_p) ||
                       !fits(name, "log variance of q", log_var_q, mean_p)))) {
        return GROVE_NONE;
    }
    grove_tensor apart = standard ? mean_p : grove_sub(mean_p, mean_q);
    grove_tensor wider = standard ? log_var_p : grove_sub(log_var_p, log_var_q);
    grove_tensor square = grove_mul(apart, apart);
    square = standard ? square : grove_mul(square, grove_exp(grove_neg(log_var_q)));
    /* (var_p / var_q - 1 - log(var_p / var_q) + square) / 2 */
    grove_tensor twice = grove_add(grove_sub(grove_shift(grove_exp(wider), -1), wider), square);
    return grove_weighted_mean(grove_scale(grove_sum(twice, GROVE_AXES(-1)), 0.5), weights);
}
