/* SPDX-License-Identifier: MIT
 *
 * grove/metrics.h - how good are answers? The names and definitions are scikit-learn's.
 */
#ifndef GROVE_METRICS_H
#define GROVE_METRICS_H

#include "targets.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fields of another kind of target are NaN. */
typedef struct grove_metrics {
    grove_target_kind target;
    size_t rows;

    /* classes, and sets of classes: the share of rows whose answer is the whole set; the mean of
     * -log p over rows and classes (report_sets.h) */
    double accuracy; /* the share of rows whose most probable class is the label */
    double log_loss; /* the mean of -log p(label), p kept off 0 by the rounding of a float */
    double roc_auc;  /* two classes: the chance that a row of class 1 gets a higher
                                 probability of class 1 than a row of class 0, ties counting half;
                                 NaN for other numbers of classes, or where one has no row */
    double baseline_accuracy; /* of the one answer `majority`, or `usual`, given for every row */

    /* sets of classes */
    double hamming_loss, f1_micro, f1_macro; /* as in report_sets.h */
    double baseline_f1_micro;                /* of the one answer `usual` */

    /* numbers, e = prediction - truth */
    double r2;                  /* 1 - sum(e^2) / sum((truth - mean of the truth)^2); NaN where all
                                   truths are the same, or there is one row */
    double mean_squared_error;  /* the mean of e^2 */
    double mean_absolute_error; /* the mean of |e| */
    double baseline_mean_squared_error;  /* of always answering the training rows' mean */
    double baseline_mean_absolute_error; /* of always answering their median */
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

/* What a model without inputs would always answer: mean and median of the training rows. */
typedef struct grove_center {
    double mean, median;
} grove_center;

/* predictions, truth [rows]; weights as above. GROVE_BAD_DATA for a number that is not finite. */
GROVE_API grove_status grove_number_metrics(const double *predictions, const double *truth,
                                            const float *weights, size_t rows, grove_center center,
                                            grove_metrics *metrics, grove_error *error);

/* Of several classes a row: probabilities and truth (0 or 1) [rows, classes], weights as above. The
 * answer has the classes whose probability is `threshold` or more; usual [classes] 0 or 1 is the
 * set that a model without inputs would always answer. GROVE_BAD_DATA as of
 * grove_multilabel_report. */
GROVE_API grove_status grove_set_metrics(const float *probabilities, const unsigned char *truth,
                                         const float *weights, size_t rows, size_t classes,
                                         double threshold, const unsigned char *usual,
                                         const grove_allocator *allocator, grove_metrics *metrics,
                                         grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
