/* SPDX-License-Identifier: MIT
 *
 * grove/report_sets.h - how good are answers of several classes a row, and how sure is that?
 * Measures under scikit-learn's names and by its definitions, each with a 95 % interval; classes
 * one by one.
 *
 * Of n rows and k classes, a row's set being its classes and its answer those whose probability is
 * the threshold or more, let for each class c
 *
 *     support = rows that have c,  predicted = rows answered with c,  right = rows with both
 *     precision = right / predicted,  recall = right / support,
 *     f1 = 2 right / (support + predicted)
 *
 * and for each row the same of its classes. 0/0 is 0 in these (zero_division=0 of scikit-learn):
 * also for a row without classes whose answer has none, which only accuracy and hamming_loss take
 * for right. A mean over classes counts all of them.
 */
#ifndef GROVE_REPORT_SETS_H
#define GROVE_REPORT_SETS_H

#include "report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code, name, which way is better (+1 high, -1 low), how the interval is made (report.h).
 *
 * accuracy           the share of rows whose answer is the whole set (subset accuracy)
 * hamming_loss       the share of the n k pairs of row and class that are answered wrong
 * f1_micro, precision_micro, recall_micro   of support, predicted and right summed over classes
 * f1_macro, precision_macro, recall_macro   means over the classes
 * f1_weighted        the mean of f1 over the classes, weighted by support
 * f1_samples         the mean over the rows of f1 of their classes
 * jaccard_samples    the mean over the rows of: classes in set and answer, by those in one of them
 * roc_auc_macro      the mean of roc_auc (report.h) of c against the rest, over the classes that
 *                    some rows have and others lack; NaN where there is none
 * average_precision_macro   likewise, over the classes that some rows have
 * label_ranking_average_precision   the mean over the rows, and over each one's classes, of: those
 *                    of the row that are at least as probable, by all that are; 1 for a row of none
 * coverage_error     the mean over the rows of how many classes are at least as probable as the
 *                    least probable one of the row; 0 for a row of none
 * log_loss           the mean over rows and classes of -log p of what is, c or not c, p kept off 0
 *                    by the rounding of a float: the binary cross-entropy
 *
 * A resample holds some rows twice, and so a class of few rows is easier to find in it: with many
 * such classes the interval of average_precision_macro may lie above its value. */
#define GROVE_SET_MEASURE_LIST(X)                                                                  \
    X(ACCURACY, "accuracy", 1, WILSON)                                                             \
    X(HAMMING_LOSS, "hamming_loss", -1, BOOTSTRAP)                                                 \
    X(F1_MICRO, "f1_micro", 1, BOOTSTRAP)                                                          \
    X(F1_MACRO, "f1_macro", 1, BOOTSTRAP)                                                          \
    X(F1_WEIGHTED, "f1_weighted", 1, BOOTSTRAP)                                                    \
    X(F1_SAMPLES, "f1_samples", 1, BOOTSTRAP)                                                      \
    X(JACCARD_SAMPLES, "jaccard_samples", 1, BOOTSTRAP)                                            \
    X(PRECISION_MICRO, "precision_micro", 1, BOOTSTRAP)                                            \
    X(PRECISION_MACRO, "precision_macro", 1, BOOTSTRAP)                                            \
    X(RECALL_MICRO, "recall_micro", 1, BOOTSTRAP)                                                  \
    X(RECALL_MACRO, "recall_macro", 1, BOOTSTRAP)                                                  \
    X(ROC_AUC_MACRO, "roc_auc_macro", 1, BOOTSTRAP)                                                \
    X(AVERAGE_PRECISION_MACRO, "average_precision_macro", 1, BOOTSTRAP)                            \
    X(LABEL_RANKING_AVERAGE_PRECISION, "label_ranking_average_precision", 1, BOOTSTRAP)            \
    X(COVERAGE_ERROR, "coverage_error", -1, BOOTSTRAP)                                             \
    X(LOG_LOSS, "log_loss", -1, BOOTSTRAP)

typedef enum grove_set_measure {
#define GROVE_SET_MEASURE_ENUM(code, name, better, interval) GROVE_SET_##code,
    GROVE_SET_MEASURE_LIST(GROVE_SET_MEASURE_ENUM)
#undef GROVE_SET_MEASURE_ENUM
        GROVE_SET_MEASURES
} grove_set_measure;

/* NULL and 0 for what is no measure. */
GROVE_API const char *grove_set_measure_name(grove_set_measure measure);
GROVE_API int grove_set_measure_better(grove_set_measure measure);

typedef struct grove_set_class {
    grove_class_report counts;
    double roc_auc, average_precision; /* against the rest; NaN where not defined */
} grove_set_class;

typedef struct grove_set_report {
    size_t rows, classes, resamples;
    double threshold;
    grove_estimate measures[GROVE_SET_MEASURES];
    grove_set_class *by_class; /* [classes] */
    grove_allocator allocator;
} grove_set_report;

#define GROVE_USUAL_THRESHOLD 0.5

/* Zero means the default, field by field. */
typedef struct grove_set_report_options {
    double threshold;            /* from above 0 to 1; GROVE_USUAL_THRESHOLD */
    const unsigned char *always; /* [classes] 0 or 1: the answer of every row, in place of what its
                                    probabilities say; NULL: they say it */
    size_t resamples;            /* 1,000 */
    uint64_t seed;
    int threads;
    grove_allocator allocator;
} grove_set_report_options;

/* probabilities [rows, classes], truth [rows, classes] 0 or 1 (grove_dataset_indicators). `options`
 * may be NULL. No rows: all measures NaN. GROVE_BAD_DATA for a probability that is not from 0 to 1,
 * and for a truth of another number. Takes classes x rows log(rows) and, for the intervals,
 * resamples x (rows + classes + pairs in set or answer), and as often classes x rows for the two
 * curves: where that is more than 2^33 steps, they have no interval. On a mistake there is nothing
 * to free. */
GROVE_API grove_status grove_multilabel_report(const float *probabilities,
                                               const unsigned char *truth, size_t rows,
                                               size_t classes,
                                               const grove_set_report_options *options,
                                               grove_set_report *report, grove_error *error);
/* Takes NULL, and a zeroed one. */
GROVE_API void grove_set_report_free(grove_set_report *report);

#ifdef __cplusplus
}
#endif
#endif
