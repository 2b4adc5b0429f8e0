/* SPDX-License-Identifier: MIT
 *
 * grove/metrics.h - how good is a classifier? The names and definitions are scikit-learn's.
 */
#ifndef GROVE_METRICS_H
#define GROVE_METRICS_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grove_metrics {
    size_t rows;
    double accuracy; /* the share of rows whose most probable class is the label */
    double log_loss; /* the mean of -log p(label), p kept off 0 by the rounding of a float */
    double roc_auc;  /* two classes: the chance that a row of class 1 gets a higher
                                 probability of class 1 than a row of class 0, ties counting half;
                                 NaN for other numbers of classes, or where one has no row */
    double baseline_accuracy; /* of the one answer `majority`, given for every row */
} grove_metrics;

/* probabilities [rows, classes], labels ids [rows]; `majority` is the class that a model without
 * inputs would always answer: the most frequent one of the training rows. No rows: all NaN.
 * GROVE_BAD_DATA for a label out of range, GROVE_NO_MEMORY. */
GROVE_API grove_status grove_classification_metrics(const float *probabilities,
                                                    const grove_id *labels, size_t rows,
                                                    size_t classes, grove_id majority,
                                                    const grove_allocator *allocator,
                                                    grove_metrics *metrics, grove_error *error);

/* The same, each row counting by its weight (scikit-learn's sample_weight), a finite number from 0
 * up; weights [rows], or NULL: all alike. Where all are 0, all NaN. */
GROVE_API grove_status grove_weighted_metrics(const float *probabilities, const grove_id *labels,
                                              const float *weights, size_t rows, size_t classes,
                                              grove_id majority, const grove_allocator *allocator,
                                              grove_metrics *metrics, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
