/* SPDX-License-Identifier: MIT
 *
 * grove/report.h - how good is a classifier, and how sure is that? Measures under scikit-learn's
 * names and by its definitions, each with a 95 % interval; classes one by one.
 *
 * Of n rows, with the label y and the answer of a row = its most probable class (of equally
 * probable ones the first), let for each class c
 *
 *     support = rows with y = c,  predicted = rows with the answer c,  right = rows with both
 *     precision = right / predicted,  recall = right / support,
 *     f1 = 2 right / (support + predicted)
 *
 * 0/0 is 0 in these (zero_division=0 of scikit-learn). A class that is neither label nor answer of
 * any row is absent: no mean counts it.
 */
#ifndef GROVE_REPORT_H
#define GROVE_REPORT_H

#include <stdbool.h>

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code, name, which way is better (+1 high, -1 low), how the interval is made.
 *
 * accuracy            the sum of right / n
 * balanced_accuracy   the mean recall of the classes that are a label
 * top_k_accuracy      the share of rows whose label is among the k most probable classes; of
 *                     equally probable ones the first come first, so k = 1 gives the accuracy
 * f1_macro, precision_macro, recall_macro   means over the classes that are not absent
 * f1_micro            of right, support and predicted summed over the classes: the accuracy
 * f1_weighted         the mean of f1, weighted by support
 * roc_auc             two classes: the chance that a row of class 1 has a higher probability of
 *                     class 1 than a row of class 0, ties counting half (midranks: Mann & Whitney
 *                     1947). NaN where a class has no row, and for other numbers of classes
 * roc_auc_ovr         the mean over the classes of the same for c against the rest (Fawcett 2006);
 *                     for two classes roc_auc. NaN where a class is no label
 * average_precision   two classes: the sum over thresholds t, from the highest, of
 *                     (recall(t) - recall(before)) precision(t), equal probabilities one threshold.
 *                     NaN where class 1 has no row (scikit-learn: 0, and a warning)
 * log_loss            the mean of -log p(y), p kept off 0 by the rounding of a float
 * brier_score_loss    two classes: the mean of (p(1) - y)^2; more: of the sum over c of
 *                     (p(c) - [y = c])^2 (Brier 1950), which is twice that for two
 * matthews_corrcoef   (n sum right - sum support predicted) / sqrt((n^2 - sum support^2)
 *                     (n^2 - sum predicted^2)), 0 where that is 0/0 (Gorodkin 2004)
 * ece_15              rows in 15 bins of their highest probability, ((b - 1) / 15, b / 15]: the sum
 *                     over bins of |right answers - sum of that probability| / n (Guo et al.
 *                     2017). Chance alone makes it more than 0, and more so in a resample
 *
 * WILSON: of a share k/n (Wilson 1927), also for classes one by one. BOOTSTRAP: from the 2.5th to
 * the 97.5th percentile (between two, linear) of the measure over resamples, each of n rows drawn
 * with replacement (Efron 1979); resamples where it is NaN are left out, and if they are more than
 * half, so is the interval. */
#define GROVE_MEASURE_LIST(X)                                                                      \
    X(ACCURACY, "accuracy", 1, WILSON)                                                             \
    X(BALANCED_ACCURACY, "balanced_accuracy", 1, BOOTSTRAP)                                        \
    X(TOP_K_ACCURACY, "top_k_accuracy", 1, WILSON)                                                 \
    X(F1_MACRO, "f1_macro", 1, BOOTSTRAP)                                                          \
    X(F1_MICRO, "f1_micro", 1, WILSON)                                                             \
    X(F1_WEIGHTED, "f1_weighted", 1, BOOTSTRAP)                                                    \
    X(PRECISION_MACRO, "precision_macro", 1, BOOTSTRAP)                                            \
    X(RECALL_MACRO, "recall_macro", 1, BOOTSTRAP)                                                  \
    X(ROC_AUC, "roc_auc", 1, BOOTSTRAP)                                                            \
    X(ROC_AUC_OVR, "roc_auc_ovr", 1, BOOTSTRAP)                                                    \
    X(AVERAGE_PRECISION, "average_precision", 1, BOOTSTRAP)                                        \
    X(LOG_LOSS, "log_loss", -1, BOOTSTRAP)                                                         \
    X(BRIER_SCORE_LOSS, "brier_score_loss", -1, BOOTSTRAP)                                         \
    X(MATTHEWS_CORRCOEF, "matthews_corrcoef", 1, BOOTSTRAP)                                        \
    X(ECE_15, "ece_15", -1, BOOTSTRAP)

typedef enum grove_measure {
#define GROVE_MEASURE_ENUM(code, name, better, interval) GROVE_MEASURE_##code,
    GROVE_MEASURE_LIST(GROVE_MEASURE_ENUM)
#undef GROVE_MEASURE_ENUM
        GROVE_MEASURES
} grove_measure;

/* NULL for what is no measure. */
GROVE_API const char *grove_measure_name(grove_measure measure);
/* 1: the higher the better; -1: the lower. 0 for what is no measure. */
GROVE_API int grove_measure_better(grove_measure measure);

/* A number with its 95 % interval; NaN where undefined. */
typedef struct grove_estimate {
    double value, low, high;
} grove_estimate;

typedef struct grove_class_report {
    size_t support, predicted, right;
    grove_estimate precision, recall; /* with Wilson's intervals; of no rows from 0 to 1 */
    double f1;
} grove_class_report;

enum { GROVE_CONFUSION_CLASSES = 1024 };

typedef struct grove_report {
    size_t rows, classes, top_k, resamples;
    grove_estimate measures[GROVE_MEASURES];
    grove_class_report *by_class; /* [classes] */
    size_t *confusion;            /* [label, answer], rows of each pair; NULL above
                                     GROVE_CONFUSION_CLASSES */
    grove_allocator allocator;
} grove_report;

/* Zero means the default, field by field. */
typedef struct grove_report_options {
    size_t top_k;     /* 2 */
    size_t resamples; /* 1,000 */
    uint64_t seed;    /* of the resamples: the same seed, the same intervals to the last bit */
    int threads;      /* that resample, as of a plan; the results do not depend on it */
    grove_allocator allocator;
} grove_report_options;

/* probabilities [rows, classes], labels ids [rows]. `options` may be NULL. No rows: all measures
 * NaN. GROVE_BAD_DATA for a label out of range and a probability that is not from 0 to 1, NaN above
 * all: such a row has no answer that could be counted. Takes classes x rows log(rows) and, for
 * the intervals, resamples x (rows + classes), and as often again for each curve: one for two
 * classes, else one a class; of more than 2^33 steps of a curve roc_auc_ovr has no interval.
 * On a mistake there is nothing to free. */
GROVE_API grove_status grove_classification_report(const float *probabilities,
                                                   const grove_id *labels, size_t rows,
                                                   size_t classes,
                                                   const grove_report_options *options,
                                                   grove_report *report, grove_error *error);
/* Takes NULL, and a zeroed one. */
GROVE_API void grove_report_free(grove_report *report);

/* part / whole, and where the true share is with 95 % confidence: of none from 0 to 1. */
GROVE_API grove_estimate grove_wilson(size_t part, size_t whole);

#ifdef __cplusplus
}
#endif
#endif
