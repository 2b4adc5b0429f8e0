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

static size_t most_probable(const float *probabilities, size_t classes) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++) {
        best = probabilities[c] > probabilities[best] ? c : best;
    }
    return best;
}

/* ---- ROC AUC --------------------------------------------------------------------------------- */

/* By ranks (Mann & Whitney 1947): equal scores share the mean of their ranks. `rows` [count] are
 * sorted by score; the item tells whether the row is positive. */
static double area(const grove_keyed *rows, size_t count) {
    double rank_sum = 0, positives = 0;
    for (size_t i = 0; i < count;) {
        size_t j = i;
        double equal_positives = 0;
        for (; j < count && rows[j].key == rows[i].key; j++) {
            equal_positives += (double)rows[j].item;
        }
        rank_sum += equal_positives * ((double)(i + 1) + (double)j) / 2;
        positives += equal_positives;
        i = j;
    }
    double negatives = (double)count - positives;
    if (positives == 0 || negatives == 0) {
        return (double)NAN;
    }
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

/* Scores that are no numbers have no order, so nothing is told of them. */
static grove_status roc_auc(const float *probabilities, const grove_id *labels, size_t rows,
                            const grove_allocator *allocator, double *result, grove_error *error) {
    size_t bytes = 0;
    bool ordered = true;
    grove_keyed *list =
        grove_multiply(rows, 2 * sizeof *list, &bytes) ? grove_alloc(allocator, bytes) : NULL;
    if (!list) {
        return grove_fail_memory(error, bytes);
    }
    for (size_t i = 0; i < rows; i++) {
        const float score = probabilities[2 * i + 1];
        list[i] = (grove_keyed){grove_key_of_float(score), labels[i] == 1};
        ordered = ordered && !isnan(score);
    }
    grove_sort_keyed(list, rows, list + rows);
    *result = ordered ? area(list, rows) : (double)NAN;
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

grove_status grove_classification_metrics(const float *probabilities, const grove_id *labels,
                                          size_t rows, size_t classes, grove_id majority,
                                          const grove_allocator *allocator, grove_metrics *metrics,
                                          grove_error *error) {
    grove_allocator own = grove_allocator_or_default(allocator);
    double right = 0, loss = 0, baseline = 0, area_under = (double)NAN;
    grove_status status = check_labels(labels, rows, classes, error);
    if (status == GROVE_OK && classes == 2) {
        status = roc_auc(probabilities, labels, rows, &own, &area_under, error);
    }
    if (status != GROVE_OK) {
        return status;
    }
    for (size_t i = 0; i < rows; i++) {
        const float *p = probabilities + i * classes;
        double own_p = (double)p[labels[i]];
        own_p = own_p < (double)FLT_EPSILON ? (double)FLT_EPSILON : own_p;
        right += most_probable(p, classes) == (size_t)labels[i];
        baseline += labels[i] == majority;
        loss -= log(own_p > 1 ? 1 : own_p);
    }
    *metrics = (grove_metrics){.rows = rows,
                               .accuracy = right / (double)rows,
                               .log_loss = loss / (double)rows,
                               .roc_auc = area_under,
                               .baseline_accuracy = baseline / (double)rows};
    return GROVE_OK;
}
