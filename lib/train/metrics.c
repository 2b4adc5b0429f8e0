/* SPDX-License-Identifier: MIT
 *
 * metrics.c - accuracy, log loss, area under the ROC curve.
 */
#include "grove/metrics.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "tally.h"

static size_t most_probable(const float *probabilities, size_t classes) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++) {
        best = probabilities[c] > probabilities[best] ? c : best;
    }
    return best;
}

/* ---- ROC AUC --------------------------------------------------------------------------------- */

static double weight_of(const float *weights, size_t row) {
    return weights ? (double)weights[row] : 1;
}

/* By pairs (Mann & Whitney 1947): a positive row wins over each negative one of a lower score, and
 * half over those of its own; a pair counts by the product of its weights. `sorted` [count] by
 * score; the items are rows. */
static double area(const grove_keyed *sorted, size_t count, const grove_id *labels,
                   const float *weights) {
    double positives = 0, negatives = 0, pairs = 0;
    for (size_t i = 0; i < count;) {
        size_t j = i;
        double equal[2] = {0, 0};
        for (; j < count && sorted[j].key == sorted[i].key; j++) {
            const size_t row = (size_t)sorted[j].item;
            equal[labels[row] == 1] += weight_of(weights, row);
        }
        pairs += equal[1] * (negatives + equal[0] / 2);
        negatives += equal[0];
        positives += equal[1];
        i = j;
    }
    return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : (double)NAN;
}

/* Scores that are no numbers have no order, so nothing is told of them. */
static grove_status roc_auc(const float *probabilities, const grove_id *labels,
                            const float *weights, size_t rows, const grove_allocator *allocator,
                            double *result, grove_error *error) {
    size_t bytes = 0;
    bool ordered = true;
    grove_keyed *list =
        grove_multiply(rows, 2 * sizeof *list, &bytes) ? grove_alloc(allocator, bytes) : NULL;
    if (!list) {
        return grove_fail_memory(error, bytes);
    }
    for (size_t i = 0; i < rows; i++) {
        const float score = probabilities[2 * i + 1];
        list[i] = (grove_keyed){grove_key_of_float(score), i};
        ordered = ordered && !isnan(score);
    }
    grove_sort_keyed(list, rows, list + rows);
    *result = ordered ? area(list, rows, labels, weights) : (double)NAN;
    grove_release(allocator, list);
    return GROVE_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static grove_status check_labels(const grove_id *labels, size_t rows, size_t classes,
                                 grove_error *error) {
    for (size_t i = 0; i < rows; i++) {
        if (labels[i] < 0 || (size_t)labels[i] >= classes) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "metrics: the label of row %zu is %" PRId32
                              ", it must be a class from 0 to below %zu",
                              i, labels[i], classes);
        }
    }
    return GROVE_OK;
}

static grove_status check_weights(const float *weights, size_t rows, grove_error *error) {
    for (size_t i = 0; i < rows && weights; i++) {
        if (!(weights[i] >= 0 && weights[i] <= FLT_MAX)) {
            return grove_fail(
                error, GROVE_BAD_DATA,
                "metrics: the weight of row %zu is %g, it must be a finite number from "
                "0 up",
                i, (double)weights[i]);
        }
    }
    return GROVE_OK;
}

grove_status grove_weighted_metrics(const float *probabilities, const grove_id *labels,
                                    const float *weights, size_t rows, size_t classes,
                                    grove_id majority, const grove_allocator *allocator,
                                    grove_metrics *metrics, grove_error *error) {
    grove_allocator own = grove_allocator_or_default(allocator);
    double all = 0, right = 0, loss = 0, baseline = 0, area_under = (double)NAN;
    grove_status status = check_labels(labels, rows, classes, error);
    if (status == GROVE_OK) {
        status = check_weights(weights, rows, error);
    }
    if (status == GROVE_OK && classes == 2) {
        status = roc_auc(probabilities, labels, weights, rows, &own, &area_under, error);
    }
    if (status != GROVE_OK) {
        return status;
    }
    for (size_t i = 0; i < rows; i++) {
        const float *p = probabilities + i * classes;
        const double weight = weight_of(weights, i);
        all += weight;
        right += most_probable(p, classes) == (size_t)labels[i] ? weight : 0;
        baseline += labels[i] == majority ? weight : 0;
        loss += weight * grove_row_log_loss(p, labels[i]);
    }
    *metrics = (grove_metrics){.rows = rows,
                               .accuracy = right / all,
                               .log_loss = loss / all,
                               .roc_auc = area_under,
                               .baseline_accuracy = baseline / all};
    return GROVE_OK;
}

grove_status grove_classification_metrics(const float *probabilities, const grove_id *labels,
                                          size_t rows, size_t classes, grove_id majority,
                                          const grove_allocator *allocator, grove_metrics *metrics,
                                          grove_error *error) {
    return grove_weighted_metrics(probabilities, labels, NULL, rows, classes, majority, allocator,
                                  metrics, error);
}
