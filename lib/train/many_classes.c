/* SPDX-License-Identifier: MIT
 *
 * many_classes.c - answers where there are too many classes to keep the probabilities of all: what
 * is wanted of them is taken while a batch of them is there.
 */
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "predictor.h"
#include "tally.h"

size_t grove_rows_at_once(size_t most, size_t classes) {
    enum { NUMBERS = 1 << 22, LEAST = 16 };
    const size_t fit = NUMBERS / (classes > 0 ? classes : 1);
    return fit >= most ? most : fit > LEAST ? fit : most < LEAST ? most : LEAST;
}

/* Who takes the answers of a row. */
typedef struct taker {
    grove_status (*take)(void *user, size_t row, const grove_real *p, size_t classes,
                         grove_error *error);
    void *user;
} taker;

static grove_status run_batches(grove_predictor *p, const grove_rows *rows, taker to,
                                grove_error *error) {
    const size_t size = p->feed.size;
    grove_status status = grove_feed_fits(&p->feed, rows, error);
    for (size_t begin = 0, count; begin < rows->count && status == GROVE_OK; begin += count) {
        const size_t left = rows->count - begin;
        count = grove_feed_room(&p->feed, rows, begin, left < size ? left : size);
        status = grove_feed_batch(&p->feed, rows, begin, count, error);
        if (status == GROVE_OK && grove_run(p->plan) != GROVE_OK) {
            const grove_error *why = grove_plan_error(p->plan);
            status = grove_fail(error, why->status, "%s", why->message);
        }
        const grove_real *answer = status == GROVE_OK ? grove_value(p->plan, p->answer) : NULL;
        for (size_t i = 0; i < count && status == GROVE_OK; i++) {
            status = to.take(to.user, begin + i, answer + i * p->classes, p->classes, error);
        }
    }
    return status;
}

static grove_status refuse(const grove_predictor *p, const void *to, grove_error *error) {
    return !p || !to || p->is_number
               ? grove_fail(error, GROVE_BAD_ARGUMENT,
                            "there is no predictor of classes, or nowhere to answer")
               : GROVE_OK;
}

/* ---- held against labels --------------------------------------------------------------------- */

typedef struct judging {
    const grove_id *labels;
    grove_judged_row *rows;
} judging;

static grove_status judge(void *user, size_t row, const grove_real *p, size_t classes,
                          grove_error *error) {
    const judging *j = user;
    const grove_id label = j->labels[row];
    if (label < 0 || (size_t)label >= classes) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "the label of row %zu is %" PRId32
                          ", it must be a class from 0 to below %zu",
                          row, label, classes);
    }
    const float own = (float)p[label];
    size_t best = 0, before = 0;
    for (size_t c = 0; c < classes; c++) {
        best = (float)p[c] > (float)p[best] ? c : best;
        before += (float)p[c] > own || ((float)p[c] == own && c < (size_t)label);
    }
    j->rows[row] = (grove_judged_row){.answer = (grove_id)best,
                                      .probability = (float)p[best],
                                      .of_label = own,
                                      .before = (int32_t)before};
    return GROVE_OK;
}

grove_status grove_predictor_judge(grove_predictor *predictor, grove_rows rows,
                                   const grove_id *labels, grove_judged_row *judged,
                                   grove_error *error) {
    judging j = {labels, judged};
    grove_status status = refuse(predictor, labels ? judged : NULL, error);
    return status == GROVE_OK ? run_batches(predictor, &rows, (taker){judge, &j}, error) : status;
}

/* Sums in the order of grove_weighted_metrics, so that the numbers are the same. */
void grove_judged_metrics(const grove_judged_row *judged, const grove_id *labels,
                          const float *weights, size_t rows, grove_id majority,
                          grove_metrics *metrics) {
    double all = 0, right = 0, loss = 0, baseline = 0;
    for (size_t i = 0; i < rows; i++) {
        const double weight = weights ? (double)weights[i] : 1;
        all += weight;
        right += judged[i].answer == labels[i] ? weight : 0;
        baseline += labels[i] == majority ? weight : 0;
        loss += weight * grove_row_log_loss(&judged[i].of_label, 0);
    }
    *metrics = grove_no_metrics(GROVE_TARGET_CLASS, rows);
    metrics->accuracy = right / all;
    metrics->log_loss = loss / all;
    metrics->baseline_accuracy = baseline / all;
}

/* ---- the most probable classes --------------------------------------------------------------- */

typedef struct ranking {
    grove_ranked_class *top; /* [rows, k] */
    size_t k;
} ranking;

/* Of classes that are as probable the first comes first. */
static grove_status rank(void *user, size_t row, const grove_real *p, size_t classes,
                         grove_error *error) {
    const ranking *r = user;
    grove_ranked_class *top = r->top + row * r->k;
    size_t count = 0;
    (void)error;
    for (size_t c = 0; c < classes; c++) {
        if (count == r->k && !((float)p[c] > top[count - 1].probability)) {
            continue;
        }
        size_t at = count < r->k ? count++ : count - 1;
        for (; at > 0 && (float)p[c] > top[at - 1].probability; at--) {
            top[at] = top[at - 1];
        }
        top[at] = (grove_ranked_class){(grove_id)c, (float)p[c]};
    }
    return GROVE_OK;
}

grove_status grove_predictor_top(grove_predictor *predictor, grove_rows rows, size_t k,
                                 grove_ranked_class *top, grove_error *error) {
    ranking r = {top, k};
    grove_status status = refuse(predictor, top, error);
    if (status == GROVE_OK && (k < 1 || k > predictor->classes)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "the %zu most probable of %zu classes", k,
                          predictor->classes);
    }
    return status == GROVE_OK ? run_batches(predictor, &rows, (taker){rank, &r}, error) : status;
}
