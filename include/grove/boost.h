/* SPDX-License-Identifier: MIT
 *
 * grove/boost.h - gradient boosting: weak models, trained one after the other, whose sum is strong.
 *
 * Gradient boosting (Friedman 2001) with small networks, after GrowNet (Badirli et al. 2020). The
 * scores F are a sum of stages, rate_k * f_k, and each stage takes three steps:
 *
 *     weak        f_k is fitted to what the loss says at the scores so far: its gradient and its
 *                 curvature, which autograd gives of any loss (grove_quadratic_loss). It reads the
 *                 columns by vectors of its own, and the last hidden layer of f_{k-1}
 *     search      rate_k is the number from 0 up that makes the loss of F + rate_k f_k least on
 *                 the rows of training, within 1e-4 of itself; 0 where none makes it less. So
 *                 this step never raises that loss
 *     corrective  from the second stage on: all weak models and rates are trained together, by
 *                 back-propagation of the loss itself
 *
 * The scores start from 0. The loss is the label's, or .own_loss of the network's options.
 */
#ifndef GROVE_BOOST_H
#define GROVE_BOOST_H

#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a stage came to. Losses are of all rows, without dropout. */
typedef struct grove_boost_stage {
    double rate;          /* that was searched, times the shrinkage */
    double searched_loss; /* of the rows of training, then, */
    double train_loss;    /* and after the corrective step */
    double valid_loss;    /* of the rows for validation; NaN: there are none */
} grove_boost_stage;

/* Zero means the default, field by field. */
typedef struct grove_boost_options {
    int stages;                              /* at most; 10 */
    double shrinkage;                        /* of each searched rate, above 0 up to 1; 1 */
    int corrective_epochs;                   /* of a corrective step; 0: there is none */
    double corrective_factor;                /* of the optimizer's rate, in it; 0.5 */
    const grove_classifier_options *network; /* of each weak model; an mlp. Must be there */
    /* .epochs and all else are of the training of a weak model; .patience is stages without a
     * better validation loss. .progress is told of stages as if they were epochs. No checkpoint and
     * no profile. Must be there. */
    const grove_fit_options *fit;
} grove_boost_options;

typedef struct grove_boost_result {
    int stages;                    /* that were trained */
    int best_stage;                /* with which the sum ends: the best by the rows for validation,
                                      the last where there are none */
    double train_loss, valid_loss; /* of it */
    grove_metrics valid;           /* of it, if there were rows to validate on */
} grove_boost_result;

/* Trains a classifier in stages. stages [options->stages] receive what each came to. The classifier
 * is the caller's to free; of a mistake nothing is left. A stop by .progress ends it with the best
 * so far. Rows in memory only. All but `error` must be there. */
GROVE_API grove_status grove_boost_fit(const grove_schema *schema, grove_rows train,
                                       grove_rows valid, const grove_boost_options *options,
                                       grove_boost_stage *stages, grove_classifier *classifier,
                                       grove_boost_result *result, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
