/* SPDX-License-Identifier: MIT
 *
 * curves.h - measures that hang on the order of the rows by a score: sorted once, then walked
 * through for each resample.
 */
#ifndef GROVE_TRAIN_CURVES_H
#define GROVE_TRAIN_CURVES_H

#include "base/memory.h"
#include "grove/tensor.h"

/* A row at its place, the highest score first. */
typedef struct grove_ranked {
    uint32_t row;
    uint16_t positive;
    uint16_t ends; /* the last one of its score */
} grove_ranked;

/* ranked [rows] for one class of probabilities [rows, classes] against the rest. */
grove_status grove_rank_rows(const float *probabilities, const grove_id *labels, size_t rows,
                             size_t classes, size_t class, const grove_allocator *allocator,
                             grove_ranked *ranked, grove_error *error);

/* roc_auc and average_precision of grove/report.h, with each row as often as weights [rows] says.
 * NaN where there are no positives, or for the first no negatives. */
double grove_curve_area(const grove_ranked *ranked, size_t rows, const uint32_t *weights);
double grove_curve_precision(const grove_ranked *ranked, size_t rows, const uint32_t *weights);

#endif
