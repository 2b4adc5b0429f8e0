/* SPDX-License-Identifier: MIT
 *
 * golden_builders_losses.c - how grove builds the cases of losses, and of the ops they are made of.
 */
#include "golden_builders.h"
#include "grove/losses.h"
#include "grove/sampled_losses.h"

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

/* ---- very many classes ----------------------------------------------------------------------- */

static grove_tensor build_linear_cross_entropy(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_linear_cross_entropy(in(s, "x"), in(s, "weight"), in(s, "bias"), in(s, "labels"),
                                      in(s, "weights"), &o);
}

static grove_tensor build_linear_cross_entropy_rows(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_linear_cross_entropy_rows(in(s, "x"), in(s, "weight"), in(s, "bias"),
                                           in(s, "labels"), in(s, "weights"), &o);
}

static grove_tensor pass(const golden_scene *s, bool with_mean) {
    grove_cross_entropy_options o = options_of(s);
    return grove_linear_cross_entropy_rows_pass(in(s, "x"), in(s, "weight"), in(s, "bias"),
                                                in(s, "labels"), in(s, "weights"), with_mean, &o);
}

BUILD(linear_cross_entropy_pass, pass(s, true))
BUILD(linear_cross_entropy_pass_lean, pass(s, false))

static grove_tensor build_linear_cross_entropy_gradient(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_linear_cross_entropy_gradient(in(s, "x"), in(s, "weight"), in(s, "bias"),
                                               in(s, "labels"), pass(s, true), in(s, "dy_in"),
                                               in(s, "weights"), &o);
}

static grove_tensor build_linear_cross_entropy_weight_gradient(const golden_scene *s) {
    grove_cross_entropy_options o = options_of(s);
    return grove_linear_cross_entropy_weight_gradient(in(s, "x"), in(s, "weight"), in(s, "bias"),
                                                      in(s, "labels"), pass(s, true),
                                                      in(s, "dy_in"), in(s, "weights"), &o);
}

/* By the word of its kind, which stands in the enum's order. */
static grove_sampler sampler_of(const golden_scene *s, int64_t classes) {
    static const char *const kinds[] = {"log_uniform", "uniform", "unigram"};
    const golden_line *counts = golden_find(s->c, GOLDEN_SET, "counts");
    grove_sampler_kind kind = (grove_sampler_kind)word_of(s, kinds, 3);
    if (kind == GROVE_SAMPLER_UNIGRAM) {
        return grove_sampler_unigram(s->graph, counts ? counts->numbers : NULL, classes,
                                     number(s, "power"), "sampler");
    }
    return kind == GROVE_SAMPLER_UNIFORM ? grove_sampler_uniform(classes)
                                         : grove_sampler_log_uniform(classes);
}

static grove_tensor build_sampler_log_q(const golden_scene *s) {
    grove_sampler sampler = sampler_of(s, whole(s, "classes"));
    return grove_sampler_log_q(&sampler, in(s, "ids"));
}

typedef grove_tensor sampled_loss(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                  grove_tensor labels, const grove_sampled_options *options);

/* Draws are given. */
static grove_tensor sampled(const golden_scene *s, sampled_loss *loss) {
    static const char *const hits[] = {"by_loss", "removed", "kept"};
    grove_sampler sampler = sampler_of(s, grove_node_shape(in(s, "weight")).dim[0]);
    grove_sampled_options o = {.sampler = has(s, "usual_sampler") ? NULL : &sampler,
                               .drawn = in(s, "drawn"),
                               .hits = (grove_hits)word_of(s, hits, 3),
                               .uncorrected = has(s, "uncorrected"),
                               .label_corrected = has(s, "label_corrected"),
                               .weights = in(s, "weights")};
    return loss(in(s, "x"), in(s, "weight"), in(s, "bias"), in(s, "labels"), &o);
}

BUILD(sampled_softmax_loss, sampled(s, grove_sampled_softmax_loss))
BUILD(noise_contrastive_loss, sampled(s, grove_noise_contrastive_loss))
BUILD(negative_sampling_loss, sampled(s, grove_negative_sampling_loss))

/* clang-format off */
const golden_builder golden_loss_builders[] = {
    ROW(cross_entropy), ROW(cross_entropy_rows), ROW(cross_entropy_gradient), ROW(label_weights),
    ROW(binary_cross_entropy), ROW(binary_cross_entropy_elements), ROW(mean_squared_error),
    ROW(weighted_mean), ROW(focal_loss), ROW(binary_focal_loss), ROW(binary_cross_entropy_with),
    ROW(multi_label_loss), ROW(mean_absolute_error), ROW(huber_loss), ROW(quantile_loss),
    ROW(gaussian_kl), ROW(own_loss),
    /* very many classes */
    ROW(linear_cross_entropy), ROW(linear_cross_entropy_rows), ROW(linear_cross_entropy_pass),
    ROW(linear_cross_entropy_pass_lean), ROW(linear_cross_entropy_gradient),
    ROW(linear_cross_entropy_weight_gradient), ROW(sampler_log_q), ROW(sampled_softmax_loss),
    ROW(noise_contrastive_loss), ROW(negative_sampling_loss),
    NO_MORE_ROWS,
};
/* clang-format on */
