/* SPDX-License-Identifier: MIT */
#include "set_tally.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

/* ---- a row ----------------------------------------------------------------------------------- */

double grove_pair_log_loss(float probability, bool is_true, double positive) {
    const double p = is_true ? (double)probability : 1 - (double)probability;
    const double kept = p < (double)FLT_EPSILON ? (double)FLT_EPSILON : p > 1 ? 1 : p;
    return (is_true ? positive : 1) * -log(kept);
}

grove_judged_set grove_judge_set(const grove_set_judge *judge, const float *p,
                                 const unsigned char *truth, grove_set_mark *marks) {
    grove_judged_set row = {.marks = 0};
    for (size_t c = 0; c < judge->classes; c++) {
        const bool own = truth[c] != 0;
        const bool said = judge->always ? judge->always[c] != 0 : (double)p[c] >= judge->threshold;
        row.log_loss += grove_pair_log_loss(p[c], own, 1) / (double)judge->classes;
        row.support += own;
        row.predicted += said;
        row.right += own && said;
        if (own || said) {
            marks[row.marks++] = (grove_set_mark){(uint32_t)c, own, said};
        }
    }
    return row;
}

void grove_rank_set(const float *p, const unsigned char *truth, size_t classes,
                    grove_judged_set *row) {
    double sum = 0;
    size_t most = 0;
    for (size_t own = 0; own < classes; own++) {
        size_t all = 0, with = 0;
        for (size_t c = 0; c < classes && truth[own]; c++) {
            const bool before = p[c] >= p[own];
            all += before;
            with += before && truth[c];
        }
        sum += truth[own] ? (double)with / (double)all : 0;
        most = all > most ? all : most;
    }
    row->ranking = row->support ? sum / (double)row->support : 1;
    row->coverage = (double)most;
}

/* ---- sums ------------------------------------------------------------------------------------ */

static double share(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

void grove_set_tally_begin(grove_set_tally *t) {
    *t = (grove_set_tally){
        .classes = t->classes, .support = t->support, .predicted = t->predicted, .right = t->right};
    memset(t->support, 0, t->classes * sizeof *t->support);
    memset(t->predicted, 0, t->classes * sizeof *t->predicted);
    memset(t->right, 0, t->classes * sizeof *t->right);
}

void grove_set_tally_row(grove_set_tally *t, const grove_judged_set *row,
                         const grove_set_mark *marks, double weight) {
    const double support = row->support, predicted = row->predicted, right = row->right;
    const double wrong = support + predicted - 2 * right;
    t->rows += weight;
    t->exact += wrong == 0 ? weight : 0;
    t->wrong += weight * wrong;
    t->log_loss += weight * row->log_loss;
    t->f1 += weight * share(2 * right, support + predicted);
    t->jaccard += weight * share(right, support + predicted - right);
    t->ranking += weight * row->ranking;
    t->coverage += weight * row->coverage;
    for (size_t i = 0; i < row->marks; i++) {
        const grove_set_mark *mark = &marks[i];
        t->support[mark->label_class] += mark->is_true ? weight : 0;
        t->predicted[mark->label_class] += mark->is_answer ? weight : 0;
        t->right[mark->label_class] += mark->is_true && mark->is_answer ? weight : 0;
    }
}

/* ---- measures -------------------------------------------------------------------------------- */

static void measure_classes(const grove_set_tally *t, double *m) {
    double support = 0, predicted = 0, right = 0, precision = 0, recall = 0, f1 = 0, weighted = 0;
    const double classes = (double)t->classes;
    for (size_t c = 0; c < t->classes; c++) {
        const double own = share(2 * t->right[c], t->support[c] + t->predicted[c]);
        support += t->support[c];
        predicted += t->predicted[c];
        right += t->right[c];
        precision += share(t->right[c], t->predicted[c]);
        recall += share(t->right[c], t->support[c]);
        f1 += own;
        weighted += t->support[c] * own;
    }
    m[GROVE_SET_F1_MICRO] = share(2 * right, support + predicted);
    m[GROVE_SET_PRECISION_MICRO] = share(right, predicted);
    m[GROVE_SET_RECALL_MICRO] = share(right, support);
    m[GROVE_SET_F1_MACRO] = f1 / classes;
    m[GROVE_SET_PRECISION_MACRO] = precision / classes;
    m[GROVE_SET_RECALL_MACRO] = recall / classes;
    m[GROVE_SET_F1_WEIGHTED] = share(weighted, support);
}

/* Without rows all are NaN: 0/0. */
void grove_set_tally_measures(const grove_set_tally *t, double *m) {
    measure_classes(t, m);
    for (int i = 0; i < GROVE_SET_MEASURES && !(t->rows > 0); i++) {
        m[i] = (double)NAN;
    }
    m[GROVE_SET_ACCURACY] = t->exact / t->rows;
    m[GROVE_SET_HAMMING_LOSS] = t->wrong / (t->rows * (double)t->classes);
    m[GROVE_SET_F1_SAMPLES] = t->f1 / t->rows;
    m[GROVE_SET_JACCARD_SAMPLES] = t->jaccard / t->rows;
    m[GROVE_SET_LABEL_RANKING_AVERAGE_PRECISION] = t->ranking / t->rows;
    m[GROVE_SET_COVERAGE_ERROR] = t->coverage / t->rows;
    m[GROVE_SET_LOG_LOSS] = t->log_loss / t->rows;
}

grove_status grove_check_sets_answered(const float *p, const unsigned char *truth, size_t rows,
                                       size_t classes, grove_error *error) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < classes; c++) {
            const float own = p[i * classes + c];
            if (!(own >= 0 && own <= 1.0001F)) {
                return grove_fail(error, GROVE_BAD_DATA,
                                  "report: the probability of class %zu in row %zu is %g, it must "
                                  "be from 0 to 1",
                                  c, i, (double)own);
            }
            if (truth[i * classes + c] > 1) {
                return grove_fail(error, GROVE_BAD_DATA,
                                  "report: the truth of class %zu in row %zu is %d, it must be 0 "
                                  "or 1",
                                  c, i, truth[i * classes + c]);
            }
        }
    }
    return GROVE_OK;
}
