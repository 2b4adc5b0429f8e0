/* SPDX-License-Identifier: MIT
 *
 * grove/bayesian.h - Bayesian layers: each weight is not a number but a normal distribution, with a
 * mean and a deviation that are both learned (Bayes by Backprop: Blundell, Cornebise, Kavukcuoglu &
 * Wierstra 2015). What the data say little about stays wide, and answers that hang on it spread.
 *
 *     w ~ N(mean, deviation^2),  deviation = softplus(rho) = log(1 + exp(rho))
 *
 * Minimized is the mean of -log p(label | row, w) over the rows, plus KL(w || prior) / rows of the
 * training: the evidence lower bound, a row's share of it. The prior is N(0, prior^2), and
 *
 *     KL = sum over weights of log(prior / deviation) + (deviation^2 + mean^2) / (2 prior^2) - 1/2
 *
 * The rho of a table learns at ten times the rate: its rows are met seldom, and have far to go.
 * Layers are named as in nn.h: "<name>.weight" is the mean, "<name>.rho" says the deviation; biases
 * are plain numbers.
 *
 * In training plans a layer draws. Outside it answers by the means, which is one network; answers
 * that spread are the mean of several draws (grove_nn_*_draw), each a network with weights of its
 * own, the same for all rows.
 */
#ifndef GROVE_BAYESIAN_H
#define GROVE_BAYESIAN_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default, field by field. */
typedef struct grove_bayesian_options {
    double prior; /* the prior's deviation; dense: 1 / sqrt(in), which keeps a sum of `in` inputs
                         at their size (Neal 1996); embedding: 1 / sqrt(width) */
    double deviation; /* that weights begin with; dense: a tenth of the prior's, embedding: the
                         prior's, so that a row which is never met stays as wide */
} grove_bayesian_options;

/* x [..., in] -> [..., units]. Draws what weights do to a row, not the weights: the sum over inputs
 * is normal, too (local reparameterization: Kingma, Salimans & Welling 2015):
 *
 *     y = x mean^T + bias + sqrt(x^2 (deviation^2)^T) e,   e ~ N(0, 1) for each row and unit
 *
 * which has less noise in its gradient than one draw of the weights for a whole batch. *kl (or
 * NULL) receives the layer's KL, a scalar. */
GROVE_API grove_tensor grove_nn_bayesian_dense(grove_tensor x, int64_t units, const char *name,
                                               const grove_bayesian_options *options,
                                               grove_tensor *kl);

/* ids [batch] -> [batch, width]: mean + deviation * e, e for each row of the batch. *kl_rows (or
 * NULL) receives [batch], each row's KL divided by how often training meets it, counts [rows]
 * (NULL: 1): the mean over a batch is then, on average, the table's KL over all training rows,
 * without a step that reads the whole table. */
GROVE_API grove_tensor grove_nn_bayesian_embedding(grove_tensor ids, int64_t rows, int64_t width,
                                                   const char *name, const int64_t *counts,
                                                   const grove_bayesian_options *options,
                                                   grove_tensor *kl_rows);

/* x [..., in] -> [..., units], as above, with the weights of draw number `draw`, from 0:
 * N(mean, deviation^2), drawn once for the graph's seed, the layer's name and the number, whatever
 * row they are asked about. Where the graph has "<name>.weight" already, these are that layer's
 * numbers. */
GROVE_API grove_tensor grove_nn_bayesian_dense_draw(grove_tensor x, int64_t units, const char *name,
                                                    int draw);
/* Likewise: ids [...] -> [..., width]. */
GROVE_API grove_tensor grove_nn_bayesian_embedding_draw(grove_tensor ids, int64_t rows,
                                                        int64_t width, const char *name, int draw);

/* sum over the last axes of KL(N(mean, deviation^2) || N(0, prior^2)), number by number: mean,
 * deviation [...] -> [...]. */
GROVE_API grove_tensor grove_normal_divergence(grove_tensor mean, grove_tensor deviation,
                                               double prior);

/* The weight of the KL in step t of an optimizer's clock: it grows from 0 to 1 over `steps` steps
 * (Sonderby et al. 2016), so that the data speak first. */
GROVE_API grove_tensor grove_warm_up(grove_tensor clock, int64_t steps);

#ifdef __cplusplus
}
#endif
#endif
