/* SPDX-License-Identifier: MIT
 *
 * golden_builders_losses.c - how grove builds the cases of losses, and of the ops they are made of.
 */
#include "golden_builders.h"
#include "grove/losses.h"

/* ---- cross-entropy --------------------------------------------------------------------------- */

static grove_cross_entropy_options options_of(const golden_scene *s) {
    return (grove_cross_entropy_options){.ignore = golden_find(s->c, GOLDEN_SET, "ignored") != NULL,
                                         .ignored_label = (grove_id)number(s, "ignored"),
                                         .smoothing = number(s, "smoothing")};
}

static grove_tensor build_cross_entropy(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_softmax_cross_entropy_with(in(s, "logits"), in(s, "labels"), in(s, "weights"), &o);
}

static grove_tensor build_cross_entropy_rows(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_softmax_cross_entropy_rows(in(s, "logits"), in(s, "labels"), in(s, "weights"), &o);
}

static grove_tensor build_cross_entropy_gradient(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_softmax_cross_entropy_gradient(in(s, "logits"), in(s, "labels"), in(s, "dy_in"),
                                                in(s, "weights"), &o);
}

static grove_tensor build_label_weights(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_label_weights(in(s, "labels"), in(s, "weights"), whole(s, "classes"), &o);
}

BUILD(binary_cross_entropy, grove_binary_cross_entropy(in(s, "logits"), in(s, "targets")))
BUILD(binary_cross_entropy_elements,
      grove_binary_cross_entropy_elements(in(s, "logits"), in(s, "targets")))
BUILD(mean_squared_error, grove_mean_squared_error(in(s, "prediction"), in(s, "target")))

/* ---- losses with weights for rows ------------------------------------------------------------ */

BUILD(weighted_mean, grove_weighted_mean(in(s, "elements"), in(s, "weights")))
BUILD(focal_loss, grove_focal_loss(in(s, "logits"), in(s, "labels"), number(s, "gamma"),
                                   in(s, "class_weights"), in(s, "weights")))
BUILD(binary_focal_loss,
      grove_binary_focal_loss(in(s, "logits"), in(s, "targets"), number(s, "gamma"),
                              number(s, "alpha"), in(s, "weights")))
BUILD(binary_cross_entropy_with,
      grove_binary_cross_entropy_with(in(s, "logits"), in(s, "targets"), in(s, "positive_weight"),
                                      in(s, "weights")))
BUILD(multi_label_loss, grove_multi_label_loss(in(s, "logits"), in(s, "targets"), in(s, "weights")))
BUILD(mean_absolute_error,
      grove_mean_absolute_error(in(s, "prediction"), in(s, "target"), in(s, "weights")))
BUILD(huber_loss,
      grove_huber_loss(in(s, "prediction"), in(s, "target"), number(s, "delta"), in(s, "weights")))
BUILD(quantile_loss, grove_quantile_loss(in(s, "prediction"), in(s, "target"),
                                         number(s, "quantile"), in(s, "weights")))
BUILD(gaussian_kl, grove_gaussian_kl(in(s, "mean_p"), in(s, "log_var_p"), in(s, "mean_q"),
                                     in(s, "log_var_q"), in(s, "weights")))

/* A loss of one's own, made of ops: that of models/own_loss.c. */
static grove_tensor build_own_loss(const golden_scene *s) {
    grove_tensor e = grove_sub(in(s, "baked"), in(s, "wanted")), square = grove_mul(e, e);
    grove_tensor left_over = grove_relu(e), missing = grove_scale(grove_relu(grove_neg(e)), 4);
    grove_tensor rounded = grove_div(square, grove_shift(square, 1));
    return grove_mean(grove_mul(rounded, grove_add(left_over, missing)), GROVE_ALL_AXES);
}

/* clang-format off */
const golden_builder golden_loss_builders[] = {
    ROW(cross_entropy), ROW(cross_entropy_rows), ROW(cross_entropy_gradient), ROW(label_weights),
    ROW(binary_cross_entropy), ROW(binary_cross_entropy_elements), ROW(mean_squared_error),
    ROW(weighted_mean), ROW(focal_loss), ROW(binary_focal_loss), ROW(binary_cross_entropy_with),
    ROW(multi_label_loss), ROW(mean_absolute_error), ROW(huber_loss), ROW(quantile_loss),
    ROW(gaussian_kl), ROW(own_loss),
    NO_MORE_ROWS,
};
/* clang-format on */
