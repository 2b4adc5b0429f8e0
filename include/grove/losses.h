/* SPDX-License-Identifier: MIT
 *
 * grove/losses.h - more losses than the three of nn.h. Each is a scalar, made of ops of ops.def:
 * read lib/nn/losses.c, and a loss of your own (models/own_loss.c) is no other work.
 *
 * All of them end in a mean over the rows. `weights` [n] says how much each row counts in it, and
 * may be GROVE_NONE: all alike. Shapes stand in brackets; "..." are further axes, or none.
 */
#ifndef GROVE_LOSSES_H
#define GROVE_LOSSES_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* sum(weights * rows) / sum(weights), where rows[i] is the mean of elements[i, ...]: how all losses
 * here end. elements [n, ...], weights [n] or GROVE_NONE: the plain mean. Weights are from 0 up; if
 * they are all 0, the answer is NaN. */
GROVE_API grove_tensor grove_weighted_mean(grove_tensor elements, grove_tensor weights);

/* ---- classes --------------------------------------------------------------------------------- */

/* Cross-entropy of a full softmax behind a linear layer with many classes: the loss that
 * grove_softmax_cross_entropy_with gives the logits x weight^T + bias, within rounding. x [n,
 * width], weight [classes, width], bias [classes] or GROVE_NONE, labels ids [n], class_weights
 * [classes] or GROVE_NONE.
 *
 * The logits [n, classes] never lie in memory, neither forward nor backward: they are made, used
 * and forgotten in blocks that stay in the cache (Milakov & Gimelshein 2018; Wijmans et al. 2024).
 * A training step saves n * classes numbers, 51 MB for 256 rows and 50,000 classes. It takes no
 * longer there, and a tenth longer at 1,000 classes (figures and command:
 * lib/ops/linear_cross_entropy_rows.c). Whoever wants the logits, for answers and metrics, gets
 * them from the layer as always:
 *
 *     grove_tensor logits = grove_nn_dense(h, 50000, "out");
 *     grove_tensor loss = grove_linear_cross_entropy(h, grove_find(g, "out.weight"),
 *                                                    grove_find(g, "out.bias"), label, GROVE_NONE,
 *                                                    NULL);
 *
 * A plan of the loss computes no `logits`, for it holds what its outputs need. The weight may also
 * be the table of an embedding (tied weights, Press & Wolf 2017). Second derivatives write logits.
 */
GROVE_API grove_tensor grove_linear_cross_entropy(grove_tensor x, grove_tensor weight,
                                                  grove_tensor bias, grove_tensor labels,
                                                  grove_tensor class_weights,
                                                  const grove_cross_entropy_options *options);

/* Focal loss of a softmax (Lin et al. 2017): -(1 - p)^gamma * log p, p being the probability given
 * to the label. Rows that the model has right already count less, so that many easy ones do not
 * drown the few hard ones. gamma 0 is cross-entropy; 2 is what the paper recommends. logits [n,
 * classes], labels ids [n]; class_weights [classes] or GROVE_NONE count in the mean as in
 * grove_softmax_cross_entropy_with (the paper's alpha). */
GROVE_API grove_tensor grove_focal_loss(grove_tensor logits, grove_tensor labels, double gamma,
                                        grove_tensor class_weights, grove_tensor weights);

/* The same with an ignored label, whose rows count neither above nor below the line. Smoothing is
 * refused: what is smoothed has no one p. */
GROVE_API grove_tensor grove_focal_loss_with(grove_tensor logits, grove_tensor labels, double gamma,
                                             grove_tensor class_weights, grove_tensor weights,
                                             const grove_cross_entropy_options *options);

/* Focal loss for yes or no: logits and targets (0 or 1) [n, ...]. The paper's alpha weighs what is
 * 1, and 1 - alpha what is 0, not normalized in the mean; alpha 0 stands for no such weights. As
 * torchvision's sigmoid_focal_loss. */
GROVE_API grove_tensor grove_binary_focal_loss(grove_tensor logits, grove_tensor targets,
                                               double gamma, double alpha, grove_tensor weights);

/* Binary cross-entropy from logits with a weight for what is 1 (above 1 where positives are rare):
 * the mean of -(positive_weight * t * log s + (1 - t) * log(1 - s)), s = sigmoid(logit). logits and
 * targets [n, ...]; positive_weight a scalar, or the end of that shape ([labels]), or GROVE_NONE.
 * As torch.nn.BCEWithLogitsLoss and its pos_weight. */
GROVE_API grove_tensor grove_binary_cross_entropy_with(grove_tensor logits, grove_tensor targets,
                                                       grove_tensor positive_weight,
                                                       grove_tensor weights);

/* One against all, for several labels a row: each label is a question of its own, answered by a
 * sigmoid. The mean over the rows of the mean over the labels, as
 * torch.nn.MultiLabelSoftMarginLoss. logits and targets (0 or 1) [n, labels]. */
GROVE_API grove_tensor grove_multi_label_loss(grove_tensor logits, grove_tensor targets,
                                              grove_tensor weights);

/* ---- numbers: prediction and target [n, ...], e = prediction - target ------------------------ */

/* mean(|e|): the median is what it learns; one far-off row pulls no harder than the others. */
GROVE_API grove_tensor grove_mean_absolute_error(grove_tensor prediction, grove_tensor target,
                                                 grove_tensor weights);

/* Huber's loss: e^2 / 2 where |e| <= delta, else delta * (|e| - delta / 2): squared nearby,
 * absolute far away. delta above 0. As torch.nn.HuberLoss; SmoothL1Loss is this divided by its beta
 * = delta. */
GROVE_API grove_tensor grove_huber_loss(grove_tensor prediction, grove_tensor target, double delta,
                                        grove_tensor weights);

/* Quantile (pinball) loss: quantile * -e where the prediction is too low, (1 - quantile) * e where
 * it is too high. It learns the number that the target lies below with that probability; strictly
 * between 0 and 1. */
GROVE_API grove_tensor grove_quantile_loss(grove_tensor prediction, grove_tensor target,
                                           double quantile, grove_tensor weights);

/* ---- distributions --------------------------------------------------------------------------- */

/* Kullback-Leibler divergence KL(p || q) between Gaussians with independent numbers: the mean over
 * the rows of the sum over the last axis of
 *
 *     (log var_q - log var_p + (var_p + (mean_p - mean_q)^2) / var_q - 1) / 2
 *
 * All [..., width], log_var being the logarithm of the variance. mean_q and log_var_q GROVE_NONE:
 * the standard normal, as in a variational autoencoder (Kingma & Welling 2014). weights [n] for
 * means [n, ..., width]. */
GROVE_API grove_tensor grove_gaussian_kl(grove_tensor mean_p, grove_tensor log_var_p,
                                         grove_tensor mean_q, grove_tensor log_var_q,
                                         grove_tensor weights);

/* ---- boosting -------------------------------------------------------------------------------- */

/* What a weak model is fitted to (Friedman 2001; by Newton's step, as in LogitBoost, Friedman,
 * Hastie & Tibshirani 2000, and GrowNet, Badirli et al. 2020): by how much the loss changes when
 * `step` is added to the scores it was computed from, to second order,
 *
 *     sum(g * step + h * step^2 / 2)
 *
 * with the gradient g and the curvature h of the loss at the scores, both taken as given. It is
 * least squares of step against -g / h, where rows count by h. scores and step [n] or [n, outputs];
 * loss is a scalar, any one that is made of ops, a mean over rows that do not know of each other.
 * h is the second derivative by each score alone; where it is negative, 0 is taken; and a tenth of
 * the mean is added, so that no row asks for an endless step. A loss without curvature (absolute
 * errors), and one of more than GROVE_MOST_CURVED outputs, has h = 1 / n: that is plain gradient
 * boosting, and how far to go along the step is to be searched. */
enum { GROVE_MOST_CURVED = 32 };
GROVE_API grove_tensor grove_quadratic_loss(grove_tensor loss, grove_tensor scores,
                                            grove_tensor step);

#ifdef __cplusplus
}
#endif
#endif
