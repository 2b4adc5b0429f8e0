/* SPDX-License-Identifier: MIT
 *
 * metrics.c - accuracy, log loss, area under the ROC curve.
 */
#include "grove/metrics.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

static size_t most_probable(const float *probabilities, size_t classes) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++) {
        best = probabilities[c] > probabilities[best] ? c : best;
    }
    return best;
}

/* ---- ROC AUC --------------------------------------------------------------------------------- */

typedef struct scored {
    float score;
    bool positive;
} scored;

static int by_score(const void *left, const void *right) {
    float a = ((const scored *)left)->score, b = ((const scored *)right)->score;
    return (a > b) - (a < b);
}

/* By ranks (Mann & Whitney 1947): equal scores share the mean of their ranks. */
static double area(scored *rows, size_t count) {
    double rank_sum = 0, positives = 0;
    qsort(rows, count, sizeof *rows, by_score);
    for (size_t i = 0; i < count;) {
        size_t j = i;
        double equal_positives = 0;
        for (; j < count && rows[j].score == rows[i].score; j++) {
            equal_positives += rows[j].positive;
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

static grove_status roc_auc(const float *probabilities, const grove_id *labels, size_t rows,
                            const grove_allocator *allocator, double *result, grove_error *error) {
    scored *list = grove_alloc_zero(allocator, rows, sizeof *list);
    if (!list) {
        return grove_fail_memory(error, rows * sizeof *list);
    }
    for (size_t i = 0; i < rows; i++) {
        list[i] = (scored){.score = probabilities[2 * i + 1], .positive = labels[i] == 1};
    }
    *result = area(list, rows);
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
