/* SPDX-License-Identifier: MIT
 *
 * grove/explain.h - where is a classifier right, and what does it go by? What lies behind the
 * numbers of grove/report.h: curves, bins of confidence, rare and unknown categories, columns.
 *
 * In all of it probabilities are [rows, classes], and the answer of a row is its most probable
 * class, of equally probable ones the first.
 *
 * Ownership: everything is written into the caller's arrays.
 */
#ifndef GROVE_EXPLAIN_H
#define GROVE_EXPLAIN_H

#include "report.h"
#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- is it as sure as it is right? ----------------------------------------------------------- */

enum { GROVE_RELIABILITY_BINS = 15 };

/* The rows whose highest probability lies in (b / 15, (b + 1) / 15]: the bars of a reliability
 * diagram (Niculescu-Mizil & Caruana 2005). ece_15 of report.h is the sum over bins of
 * rows |accuracy - confidence| / all rows. */
typedef struct grove_reliability_bin {
    size_t rows, right;
    double confidence;       /* the mean of that probability; NaN where the bin is empty */
    grove_estimate accuracy; /* right / rows, with Wilson's interval */
} grove_reliability_bin;

/* labels [rows]. GROVE_BAD_DATA for a label out of range and a probability that is none. */
GROVE_API grove_status grove_reliability(const float *probabilities, const grove_id *labels,
                                         size_t rows, size_t classes,
                                         grove_reliability_bin bins[GROVE_RELIABILITY_BINS],
                                         grove_error *error);

/* ---- ROC and precision-recall ---------------------------------------------------------------- */

/* Rows whose probability of the class is `threshold` or more are said to be of it. */
typedef struct grove_curve_point {
    double threshold;
    double false_positive_rate; /* of the rows of other classes, the share said to be of it */
    double recall;              /* of its own rows: the true positive rate */
    double precision;           /* of the rows said to be of it, the share that is; 1 of none */
} grove_curve_point;

/* The points of both curves of one class against the rest, from the highest threshold (infinity: no
 * row) to the lowest (every row), equal probabilities one point (Fawcett 2006; Davis & Goadrich
 * 2006). Of a longer curve `most` points (3 or more) are kept, in about equal steps of
 * false_positive_rate + recall; none of them is made up. points [most]; *count is 0 where the class
 * has no rows, or all. Takes rows log(rows). */
GROVE_API grove_status grove_curve_points(const float *probabilities, const grove_id *labels,
                                          size_t rows, size_t classes, size_t class_index,
                                          size_t most, const grove_allocator *allocator,
                                          grove_curve_point *points, size_t *count,
                                          grove_error *error);

/* ---- rare and unknown categories ------------------------------------------------------------- */

/* Bins of how many training rows had the category: unknown, missing, 1 to 9, 10 to 99... */
enum { GROVE_FREQUENCY_BINS = 12 };

typedef struct grove_frequency_bin {
    int64_t least, most; /* training rows; 0 and 0: "unknown" (the first), "missing" (the second)
                                bin; the last one has no upper end, and says INT64_MAX */
    size_t rows, right;
    grove_estimate accuracy; /* right / rows, with Wilson's interval */
    grove_estimate error;    /* of numbers: the mean absolute error */
} grove_frequency_bin;

/* How right the answers are by the frequency of a row's category in one categorical column; or, for
 * GROVE_ALL_COLUMNS, by the rarest category of the row, where one unknown cell makes the row
 * unknown, and empty cells are categories that are as frequent as they were in training.
 * Unknown is what the schema has no id for: new values, and those that min_count left out. Hashed
 * columns do not count: they know no values.
 * rows.dataset has labels; probabilities [rows.count, classes]. */
GROVE_API grove_status grove_accuracy_by_frequency(const grove_schema *schema, grove_rows rows,
                                                   const float *probabilities, size_t classes,
                                                   size_t column,
                                                   grove_frequency_bin bins[GROVE_FREQUENCY_BINS],
                                                   grove_error *error);

/* The mean with a 95 % interval, +- 1.96 standard errors; that is NaN of fewer than two. */
GROVE_API grove_estimate grove_mean_estimate(const double *values, size_t count);

/* The same where numbers are predicted: bins' rows and error, by the absolute errors
 * [rows.count] of the rows. */
GROVE_API grove_status grove_error_by_frequency(const grove_schema *schema, grove_rows rows,
                                                const double *errors, size_t column,
                                                const grove_allocator *allocator,
                                                grove_frequency_bin bins[GROVE_FREQUENCY_BINS],
                                                grove_error *error);

/* ---- what does it go by? --------------------------------------------------------------------- */

/* What is lost when a column's cells are dealt among the rows anew, so that they say nothing more
 * about the row they stand in (Breiman 2001; Fisher, Rudin & Dominici 2019). Columns that tell the
 * same stand in for each other, and then each of them looks less important than both are. */
typedef struct grove_importance {
    size_t column;           /* of the schema */
    grove_estimate log_loss; /* by how much it is higher */
    grove_estimate accuracy; /* by how much it is lower; of sets of classes that of whole sets */
    /* Where numbers are predicted those are NaN, else these: by how much the means are higher. */
    grove_estimate squared_error, absolute_error;
} grove_importance;

/* Zero means the default, field by field. */
typedef struct grove_importance_options {
    int repeats;      /* deals of each column; 5 */
    size_t most_rows; /* of more rows so many are drawn; 10,000 */
    uint64_t seed;    /* of the deals and of that draw: the same seed, the same numbers */
    grove_allocator allocator;
} grove_importance_options;

/* A number for each column that the model takes, in the schema's order: list [columns of the
 * schema], *count of which are filled in. The interval is mean +- 1.96 standard errors over the
 * rows, of each row's own difference, the mean over the repeats; of fewer than two rows NaN.
 * Takes columns x repeats passes of the predictor over the rows. */
GROVE_API grove_status grove_permutation_importance(grove_predictor *predictor,
                                                    const grove_schema *schema, grove_rows rows,
                                                    const grove_importance_options *options,
                                                    grove_importance *list, size_t *count,
                                                    grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
