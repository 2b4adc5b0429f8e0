/* SPDX-License-Identifier: MIT
 *
 * tally.c - judging rows one by one, and the measures that are made of sums over them. The formulas
 * stand in grove/report.h.
 */
#include "tally.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

/* ---- a row ----------------------------------------------------------------------------------- */

static grove_status check_row(const float *p, grove_id label, size_t row, size_t classes,
                              grove_error *error) {
    if (label < 0 || (size_t)label >= classes) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "report: the label of row %zu is %" PRId32
                          ", it must be a class from 0 to below %zu",
                          row, label, classes);
    }
    for (size_t c = 0; c < classes; c++) {
        /* Above 1 by roundings of a softmax is no mistake. */
        if (!(p[c] >= 0 && p[c] <= 1.0001F)) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "report: the probability of class %zu in row %zu is %g, it must be "
                              "from 0 to 1",
                              c, row, (double)p[c]);
        }
    }
    return GROVE_OK;
}

grove_status grove_check_answers(const float *probabilities, const grove_id *labels, size_t rows,
                                 size_t classes, grove_error *error) {
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < rows && status == GROVE_OK; i++) {
        status = check_row(probabilities + i * classes, labels[i], i, classes, error);
    }
    return status;
}

/* The bin ((b - 1) / 15, b / 15], counted from 0. 15 p is exact: 24 bits times 4. */
static uint16_t bin_of(double p) {
    double bin = ceil(p * GROVE_TALLY_BINS) - 1;
    return (uint16_t)(bin < 0 ? 0 : bin < GROVE_TALLY_BINS ? bin : GROVE_TALLY_BINS - 1);
}

static double brier_of(const float *p, size_t classes, size_t label) {
    double sum = 0;
    for (size_t c = classes == 2; c < classes; c++) {
        const double miss = (double)p[c] - (c == label);
        sum += miss * miss;
    }
    return sum;
}

double grove_row_log_loss(const float *probabilities, grove_id label) {
    const double own = (double)probabilities[label];
    return -log(own < (double)FLT_EPSILON ? (double)FLT_EPSILON : own > 1 ? 1 : own);
}

grove_judged grove_judge(const float *p, size_t classes, grove_id label, size_t top_k) {
    const size_t own = (size_t)label;
    size_t best = 0, before = 0;
    for (size_t c = 0; c < classes; c++) {
        best = p[c] > p[best] ? c : best;
        before += p[c] > p[own] || (p[c] == p[own] && c < own);
    }
    return (grove_judged){.log_loss = grove_row_log_loss(p, label),
                          .brier = brier_of(p, classes, own),
                          .top = (double)p[best],
                          .label = (uint32_t)own,
                          .answer = (uint32_t)best,
                          .bin = bin_of((double)p[best]),
                          .hit = before < top_k};
}

/* ---- sums ------------------------------------------------------------------------------------ */

void grove_tally_rows(grove_tally *t, const grove_judged *rows, const uint32_t *weights,
                      size_t count) {
    size_t *support = t->support, *predicted = t->predicted, *right_of = t->right_of;
    const size_t classes = t->classes;
    *t = (grove_tally){
        .classes = classes, .support = support, .predicted = predicted, .right_of = right_of};
    memset(support, 0, classes * sizeof *support);
    memset(predicted, 0, classes * sizeof *predicted);
    memset(right_of, 0, classes * sizeof *right_of);
    for (size_t i = 0; i < count; i++) {
        const grove_judged *row = &rows[i];
        const size_t weight = weights[i], right = row->label == row->answer ? weight : 0;
        t->rows += weight;
        t->hits += row->hit ? weight : 0;
        t->log_loss += (double)weight * row->log_loss;
        t->brier += (double)weight * row->brier;
        t->bins[row->bin].right += right;
        t->bins[row->bin].top += (double)weight * row->top;
        support[row->label] += weight;
        predicted[row->answer] += weight;
        right_of[row->label] += right;
    }
    for (size_t c = 0; c < classes; c++) {
        t->right += right_of[c];
    }
}

/* ---- measures -------------------------------------------------------------------------------- */

static double share(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

/* Means over classes. */
static void measure_classes(const grove_tally *t, double *m) {
    double labels = 0, present = 0, precision = 0, recall = 0, f1 = 0, weighted = 0;
    for (size_t c = 0; c < t->classes; c++) {
        const double support = (double)t->support[c], predicted = (double)t->predicted[c];
        const double right = (double)t->right_of[c];
        const double own_f1 = share(2 * right, support + predicted);
        labels += support > 0;
        present += support + predicted > 0;
        precision += share(right, predicted);
        recall += share(right, support);
        f1 += own_f1;
        weighted += support * own_f1;
    }
    m[GROVE_MEASURE_BALANCED_ACCURACY] = recall / labels;
    m[GROVE_MEASURE_PRECISION_MACRO] = precision / present;
    m[GROVE_MEASURE_RECALL_MACRO] = recall / present;
    m[GROVE_MEASURE_F1_MACRO] = f1 / present;
    m[GROVE_MEASURE_F1_WEIGHTED] = weighted / (double)t->rows;
}

static double correlation(const grove_tally *t) {
    const double n = (double)t->rows;
    double both = n * (double)t->right, labels = n * n, answers = n * n;
    for (size_t c = 0; c < t->classes; c++) {
        const double support = (double)t->support[c], predicted = (double)t->predicted[c];
        both -= support * predicted;
        labels -= support * support;
        answers -= predicted * predicted;
    }
    return labels > 0 && answers > 0 ? both / (sqrt(labels) * sqrt(answers)) : 0;
}

static double calibration_error(const grove_tally *t) {
    double sum = 0;
    for (int b = 0; b < GROVE_TALLY_BINS; b++) {
        sum += fabs((double)t->bins[b].right - t->bins[b].top);
    }
    return sum / (double)t->rows;
}

void grove_tally_measures(const grove_tally *t, double *m) {
    const double n = (double)t->rows;
    measure_classes(t, m);
    m[GROVE_MEASURE_ACCURACY] = m[GROVE_MEASURE_F1_MICRO] = (double)t->right / n;
    m[GROVE_MEASURE_TOP_K_ACCURACY] = (double)t->hits / n;
    m[GROVE_MEASURE_LOG_LOSS] = t->log_loss / n;
    m[GROVE_MEASURE_BRIER_SCORE_LOSS] = t->brier / n;
    m[GROVE_MEASURE_MATTHEWS_CORRCOEF] = t->rows > 0 ? correlation(t) : (double)NAN;
    m[GROVE_MEASURE_ECE_15] = calibration_error(t);
}
