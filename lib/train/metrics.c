/* SPDX-License-Identifier: MIT
 *
 * metrics.c - accuracy, log loss, area under the ROC curve; of numbers, errors and what they are
 * beside the spread.
 */
#include "grove/metrics.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "set_tally.h"
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

grove_metrics grove_no_metrics(grove_target_kind target, size_t rows) {
    const double nan = (double)NAN;
    return (grove_metrics){.target = target,
                           .rows = rows,
                           .accuracy = nan,
                           .log_loss = nan,
                           .roc_auc = nan,
                           .baseline_accuracy = nan,
                           .hamming_loss = nan,
                           .f1_micro = nan,
                           .f1_macro = nan,
                           .baseline_f1_micro = nan,
                           .r2 = nan,
                           .mean_squared_error = nan,
                           .mean_absolute_error = nan,
                           .baseline_mean_squared_error = nan,
                           .baseline_mean_absolute_error = nan};
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
    *metrics = grove_no_metrics(GROVE_TARGET_CLASS, rows);
    metrics->accuracy = right / all;
    metrics->log_loss = loss / all;
    metrics->roc_auc = area_under;
    metrics->baseline_accuracy = baseline / all;
    return GROVE_OK;
}

grove_status grove_classification_metrics(const float *probabilities, const grove_id *labels,
                                          size_t rows, size_t classes, grove_id majority,
                                          const grove_allocator *allocator, grove_metrics *metrics,
                                          grove_error *error) {
    return grove_weighted_metrics(probabilities, labels, NULL, rows, classes, majority, allocator,
                                  metrics, error);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static grove_status check_numbers(const double *predictions, const double *truth, size_t rows,
                                  grove_error *error) {
    for (size_t i = 0; i < rows; i++) {
        if (!isfinite(predictions[i]) || !isfinite(truth[i])) {
            return grove_fail(
                error, GROVE_BAD_DATA,
                "metrics: row %zu is predicted to be %g and is %g; both must be finite", i,
                predictions[i], truth[i]);
        }
    }
    return GROVE_OK;
}

/* Sums over rows, each counted by its weight. */
typedef struct sums {
    double all, truth, squares, absolutes, mean_squares, median_absolutes, spread;
} sums;

static sums sum_up(const double *predictions, const double *truth, const float *weights,
                   size_t rows, grove_center center) {
    sums s = {0};
    for (size_t i = 0; i < rows; i++) {
        const double weight = weight_of(weights, i), e = predictions[i] - truth[i];
        const double off = center.mean - truth[i];
        s.all += weight;
        s.truth += weight * truth[i];
        s.squares += weight * e * e;
        s.absolutes += weight * fabs(e);
        s.mean_squares += weight * off * off;
        s.median_absolutes += weight * fabs(center.median - truth[i]);
    }
    for (size_t i = 0; i < rows; i++) { /* once more, so that nothing large cancels */
        const double off = truth[i] - s.truth / s.all;
        s.spread += weight_of(weights, i) * off * off;
    }
    return s;
}

grove_status grove_number_metrics(const double *predictions, const double *truth,
                                  const float *weights, size_t rows, grove_center center,
                                  grove_metrics *metrics, grove_error *error) {
    grove_status status = check_numbers(predictions, truth, rows, error);
    if (status == GROVE_OK) {
        status = check_weights(weights, rows, error);
    }
    if (status != GROVE_OK) {
        return status;
    }
    const sums s = sum_up(predictions, truth, weights, rows, center);
    *metrics = grove_no_metrics(GROVE_TARGET_NUMBER, rows);
    metrics->r2 = s.spread > 0 ? 1 - s.squares / s.spread : (double)NAN;
    metrics->mean_squared_error = s.squares / s.all;
    metrics->mean_absolute_error = s.absolutes / s.all;
    metrics->baseline_mean_squared_error = s.mean_squares / s.all;
    metrics->baseline_mean_absolute_error = s.median_absolutes / s.all;
    return GROVE_OK;
}

/* ---- sets of classes ------------------------------------------------------------------------- */

/* Room of a tally and of the marks of a row. */
typedef struct set_room {
    double *counts;
    grove_set_mark *marks;
} set_room;

static void measure_sets(const grove_set_judge *judge, const float *p, const unsigned char *truth,
                         const float *weights, size_t rows, const set_room *room, double *m) {
    const size_t classes = judge->classes;
    grove_set_tally tally = {.classes = classes,
                             .support = room->counts,
                             .predicted = room->counts + classes,
                             .right = room->counts + 2 * classes};
    grove_set_tally_begin(&tally);
    for (size_t i = 0; i < rows; i++) {
        const grove_judged_set row =
            grove_judge_set(judge, p + i * classes, truth + i * classes, room->marks);
        grove_set_tally_row(&tally, &row, room->marks, weight_of(weights, i));
    }
    grove_set_tally_measures(&tally, m);
}

grove_status grove_set_metrics(const float *probabilities, const unsigned char *truth,
                               const float *weights, size_t rows, size_t classes, double threshold,
                               const unsigned char *usual, const grove_allocator *allocator,
                               grove_metrics *metrics, grove_error *error) {
    const grove_allocator own = grove_allocator_or_default(allocator);
    double m[GROVE_SET_MEASURES], always[GROVE_SET_MEASURES];
    grove_status status = grove_check_sets_answered(probabilities, truth, rows, classes, error);
    status = status == GROVE_OK ? check_weights(weights, rows, error) : status;
    if (status != GROVE_OK) {
        return status;
    }
    const set_room room = {.counts = grove_alloc_zero(&own, 3 * classes, sizeof *room.counts),
                           .marks = grove_alloc_zero(&own, classes, sizeof *room.marks)};
    if (room.counts && room.marks) {
        measure_sets(&(grove_set_judge){classes, threshold, NULL}, probabilities, truth, weights,
                     rows, &room, m);
        measure_sets(&(grove_set_judge){classes, threshold, usual}, probabilities, truth, weights,
                     rows, &room, always);
        *metrics = grove_no_metrics(GROVE_TARGET_SET, rows);
        metrics->accuracy = m[GROVE_SET_ACCURACY];
        metrics->log_loss = m[GROVE_SET_LOG_LOSS];
        metrics->hamming_loss = m[GROVE_SET_HAMMING_LOSS];
        metrics->f1_micro = m[GROVE_SET_F1_MICRO];
        metrics->f1_macro = m[GROVE_SET_F1_MACRO];
        metrics->baseline_accuracy = always[GROVE_SET_ACCURACY];
        metrics->baseline_f1_micro = always[GROVE_SET_F1_MICRO];
    } else {
        status = grove_fail_memory(error, 3 * classes * sizeof *room.counts);
    }
    grove_release(&own, room.counts);
    grove_release(&own, room.marks);
    return status;
}
