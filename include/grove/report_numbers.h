/* SPDX-License-Identifier: MIT
 *
 * grove/report_numbers.h - how good are predicted numbers, and how sure is that? Measures under
 * scikit-learn's names and by its definitions, each with a 95 % interval.
 *
 * Of n rows with the truth y and the error e = prediction - y:
 *
 *     r2                        1 - sum(e^2) / sum((y - mean(y))^2)
 *     explained_variance        1 - variance(e) / variance(y)
 *     mean_squared_error        mean(e^2)
 *     root_mean_squared_error   its root
 *     mean_absolute_error       mean(|e|)
 *     median_absolute_error     the median of |e|, the mean of two in the middle
 *     max_error                 the largest |e|
 *
 * NaN where all y are the same, for the first two. Intervals: from the 2.5th to the 97.5th
 * percentile over resamples of the rows, as in grove/report.h (Efron 1979); max_error has none, for
 * a resample has no larger one.
 */
#ifndef GROVE_REPORT_NUMBERS_H
#define GROVE_REPORT_NUMBERS_H

#include "metrics.h"
#include "report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code, name, which way is better. */
#define GROVE_NUMBER_MEASURE_LIST(X)                                                               \
    X(R2, "r2", 1)                                                                                 \
    X(EXPLAINED_VARIANCE, "explained_variance", 1)                                                 \
    X(MEAN_SQUARED_ERROR, "mean_squared_error", -1)                                                \
    X(ROOT_MEAN_SQUARED_ERROR, "root_mean_squared_error", -1)                                      \
    X(MEAN_ABSOLUTE_ERROR, "mean_absolute_error", -1)                                              \
    X(MEDIAN_ABSOLUTE_ERROR, "median_absolute_error", -1)                                          \
    X(MAX_ERROR, "max_error", -1)

typedef enum grove_number_measure {
#define GROVE_NUMBER_MEASURE_ENUM(code, name, better) GROVE_NUMBER_##code,
    GROVE_NUMBER_MEASURE_LIST(GROVE_NUMBER_MEASURE_ENUM)
#undef GROVE_NUMBER_MEASURE_ENUM
        GROVE_NUMBER_MEASURES
} grove_number_measure;

/* NULL and 0 for what is no measure. */
GROVE_API const char *grove_number_measure_name(grove_number_measure measure);
GROVE_API int grove_number_measure_better(grove_number_measure measure);

typedef struct grove_number_report {
    size_t rows, resamples;
    grove_estimate measures[GROVE_NUMBER_MEASURES];
    double baseline[GROVE_NUMBER_MEASURES]; /* of always answering the training rows' mean; for
                                               absolute errors, mean and median, their median */
} grove_number_report;

/* predictions, truth [rows]; of the options .resamples, .seed and .allocator count, NULL: defaults.
 * No rows: all NaN. GROVE_BAD_DATA for a number that is not finite. */
GROVE_API grove_status grove_regression_report(const double *predictions, const double *truth,
                                               size_t rows, grove_center center,
                                               const grove_report_options *options,
                                               grove_number_report *report, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
