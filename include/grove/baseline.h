/* SPDX-License-Identifier: MIT
 *
 * grove/baseline.h - what a linear model reaches on the same columns: no claim without a baseline.
 *
 * Multinomial logistic regression (Cox 1958; McFadden 1974): a number for each value of each
 * categorical column and each class, a number for each feature and class, and their sum's softmax;
 * where rows have several classes, a sigmoid for each: one against the rest. Of a label of numbers
 * the sum itself is the answer, by least squares: linear regression.
 * Trained as everything here is, as a graph, with Adam, early stopping and the best weights.
 *
 * Ownership: a grove_logistic owns its arrays; free takes NULL, and a zeroed one.
 */
#ifndef GROVE_BASELINE_H
#define GROVE_BASELINE_H

#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grove_logistic {
    size_t classes, categoricals, features;
    grove_target_kind target; /* of numbers, classes is 1 */
    size_t *kept;   /* [categoricals]: ids of each column that have weights of their own; of higher
                       ones, which are rarer, each has those of id 0 */
    size_t inputs;  /* the sum of kept, features, and 1 for the bias */
    float *weights; /* [inputs, classes]: column after column, features, bias */
    grove_allocator allocator;
} grove_logistic;

/* Zero means the default, field by field. */
typedef struct grove_logistic_options {
    size_t
        most_values; /* of each column that have weights of their own, the most frequent; 1,000 */
    size_t most_weights; /* of the whole; where it would have more, most_values is lowered; 2^18 */
    size_t most_rows;    /* of more training rows so many are drawn; 200,000 */
    uint64_t seed;
    int threads; /* as of a plan; the result does not depend on it */
    grove_allocator allocator;
} grove_logistic_options;

/* Trains on rows `train` and stops by rows `valid` (count 0: after a fixed number of steps). Both
 * have labels. `options` may be NULL. On a mistake there is nothing to free. */
GROVE_API grove_status grove_logistic_fit(const grove_schema *schema, grove_rows train,
                                          grove_rows valid, const grove_logistic_options *options,
                                          grove_logistic *logistic, grove_error *error);

/* Room for the weights of such a model, zeroed, to be filled in: one that was stored, say. kept
 * [categorical columns of the schema], each from 1 to the ids of its column. */
GROVE_API grove_status grove_logistic_new(const grove_schema *schema, const size_t *kept,
                                          const grove_allocator *allocator,
                                          grove_logistic *logistic, grove_error *error);

/* probabilities [rows.count, classes]; of numbers the answers [rows.count], scaled as the dataset's
 * targets are: times the label's deviation, plus its mean, they are in its units.
 * GROVE_BAD_DATA for rows of other columns. */
GROVE_API grove_status grove_logistic_run(const grove_logistic *logistic, grove_rows rows,
                                          float *probabilities, grove_error *error);
GROVE_API void grove_logistic_free(grove_logistic *logistic);

#ifdef __cplusplus
}
#endif
#endif
