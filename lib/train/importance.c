/* SPDX-License-Identifier: MIT
 *
 * importance.c - what a model loses when a column's cells are dealt anew.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "grove/data_sets.h"
#include "grove/explain.h"
#include "predictor.h"
#include "set_tally.h"
#include "tally.h"

typedef struct dealer {
    grove_predictor *predictor;
    const grove_schema *schema;
    const grove_dataset *dataset;
    grove_importance_options wish;
    grove_allocator allocator;
    size_t count, classes;
    size_t *rows, *dealt;  /* [count] of the dataset */
    float *answers;        /* [count, classes] */
    unsigned char *truth;  /* [count, classes] where rows have sets of classes, and */
    grove_set_mark *marks; /* [classes] for one of them */
    double deviation;      /* of numbers, by which they were scaled; 0: the answers are classes */
    double *loss, *right;  /* [count] each, with the cells as they are; of numbers the square of the
                              error, and minus its absolute value */
    double *worse, *lost;  /* [count] each: how much more loss, how much less right */
    grove_error *error;
} dealer;

static bool make_room(dealer *d) {
    size_t cells = 0, bytes = 0;
    bool fits = grove_multiply(d->count, d->classes, &cells) &&
                grove_multiply(cells, sizeof *d->answers, &bytes);
    d->rows = grove_alloc_zero(&d->allocator, d->count, sizeof *d->rows);
    d->dealt = grove_alloc_zero(&d->allocator, d->count, sizeof *d->dealt);
    d->answers = fits ? grove_alloc(&d->allocator, bytes) : NULL;
    d->loss = grove_alloc_zero(&d->allocator, 4 * d->count + 1, sizeof *d->loss);
    if (fits && grove_dataset_has_sets(d->dataset)) {
        d->truth = grove_alloc_zero(&d->allocator, cells, sizeof *d->truth);
        d->marks = grove_alloc_zero(&d->allocator, d->classes, sizeof *d->marks);
        fits = d->truth && d->marks;
    }
    if (!fits || !d->rows || !d->dealt || !d->answers || !d->loss) {
        grove_fail_memory(d->error, bytes);
        return false;
    }
    d->right = d->loss + d->count;
    d->worse = d->right + d->count;
    d->lost = d->worse + d->count;
    return true;
}

static void free_room(dealer *d) {
    grove_release(&d->allocator, d->rows);
    grove_release(&d->allocator, d->dealt);
    grove_release(&d->allocator, d->answers);
    grove_release(&d->allocator, d->truth);
    grove_release(&d->allocator, d->marks);
    grove_release(&d->allocator, d->loss);
}

typedef struct verdict {
    double loss;
    double right; /* 1 or 0; of sets: as a whole */
} verdict;

static verdict judge(const dealer *d, size_t i) {
    const float *p = d->answers + i * d->classes;
    if (d->deviation > 0) {
        const float truth = grove_dataset_targets(d->dataset)[d->rows[i]];
        const double off = d->deviation * ((double)*p - (double)truth);
        return (verdict){off * off, -fabs(off)};
    }
    if (d->truth) {
        const grove_set_judge usual = {d->classes, GROVE_USUAL_THRESHOLD, NULL};
        const grove_judged_set set =
            grove_judge_set(&usual, p, d->truth + i * d->classes, d->marks);
        return (verdict){set.log_loss, set.support == set.right && set.predicted == set.right};
    }
    const grove_judged row =
        grove_judge(p, d->classes, grove_dataset_labels(d->dataset)[d->rows[i]], 1);
    return (verdict){row.log_loss, row.answer == row.label};
}

static grove_status check_numbers(const dealer *d) {
    for (size_t i = 0; i < d->count; i++) {
        if (!isfinite(d->answers[i])) {
            return grove_fail(d->error, GROVE_BAD_DATA, "row %zu: the answer is no number", i);
        }
    }
    return GROVE_OK;
}

static grove_status check(const dealer *d) {
    const grove_id *labels = grove_dataset_labels(d->dataset);
    grove_status status = GROVE_OK;
    if (d->deviation > 0) {
        return check_numbers(d);
    }
    if (d->truth) {
        return grove_check_sets_answered(d->answers, d->truth, d->count, d->classes, d->error);
    }
    for (size_t i = 0; i < d->count && status == GROVE_OK; i++) {
        status = grove_check_answers(d->answers + i * d->classes, labels + d->rows[i], 1,
                                     d->classes, d->error);
    }
    return status;
}

/* Of more rows than are wanted, those that come first in a shuffle. */
static grove_status draw_rows(dealer *d, grove_rows rows) {
    size_t *order = grove_alloc_zero(&d->allocator, rows.count, sizeof *order);
    if (!order) {
        return grove_fail_memory(d->error, rows.count * sizeof *order);
    }
    grove_shuffle(rows.rows, rows.count, d->wish.seed, 0, order);
    for (size_t i = 0; i < d->count; i++) {
        d->rows[i] = d->count < rows.count ? order[i] : grove_row_at(&rows, i);
    }
    grove_release(&d->allocator, order);
    if (d->truth) {
        grove_dataset_indicators(d->dataset, d->rows, d->count, d->classes, d->truth);
    }
    return GROVE_OK;
}

static grove_status answer_as_is(dealer *d) {
    const grove_rows rows = {d->dataset, d->rows, d->count};
    grove_status status = grove_predictor_raw(d->predictor, rows, d->answers, d->error);
    status = status == GROVE_OK ? check(d) : status;
    for (size_t i = 0; i < d->count && status == GROVE_OK; i++) {
        const verdict row = judge(d, i);
        d->loss[i] = row.loss;
        d->right[i] = row.right;
    }
    return status;
}

grove_estimate grove_mean_estimate(const double *values, size_t count) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    const double reach = 1.959963984540054 * sqrt(squares / ((double)count - 1) / (double)count);
    return count < 2 ? (grove_estimate){mean, (double)NAN, (double)NAN}
                     : (grove_estimate){mean, mean - reach, mean + reach};
}

static grove_status deal_column(dealer *d, size_t column, grove_importance *told) {
    const grove_rows rows = {d->dataset, d->rows, d->count};
    const uint64_t repeats = (uint64_t)d->wish.repeats;
    memset(d->worse, 0, 2 * d->count * sizeof *d->worse);
    for (uint64_t repeat = 0; repeat < repeats; repeat++) {
        grove_shuffle(d->rows, d->count, d->wish.seed, 1 + column * repeats + repeat, d->dealt);
        grove_status status =
            grove_predictor_run_mixed(d->predictor, rows, column, d->dealt, d->answers, d->error);
        status = status == GROVE_OK ? check(d) : status;
        if (status != GROVE_OK) {
            return status;
        }
        for (size_t i = 0; i < d->count; i++) {
            const verdict row = judge(d, i);
            d->worse[i] += (row.loss - d->loss[i]) / (double)repeats;
            d->lost[i] += (d->right[i] - row.right) / (double)repeats;
        }
    }
    const grove_estimate none = {(double)NAN, (double)NAN, (double)NAN};
    const grove_estimate worse = grove_mean_estimate(d->worse, d->count);
    const grove_estimate lost = grove_mean_estimate(d->lost, d->count);
    *told = d->deviation > 0 ? (grove_importance){column, none, none, worse, lost}
                             : (grove_importance){column, worse, lost, none, none};
    return GROVE_OK;
}

static bool is_taken(const grove_schema *schema, size_t column) {
    const grove_column_kind kind = grove_schema_kind(schema, column);
    return kind != GROVE_COLUMN_LABEL && kind != GROVE_COLUMN_LABELS &&
           kind != GROVE_COLUMN_TARGET && kind != GROVE_COLUMN_IGNORED;
}

static grove_status deal(dealer *d, grove_rows rows, grove_importance *list, size_t *count) {
    grove_status status = make_room(d) ? draw_rows(d, rows) : GROVE_NO_MEMORY;
    status = status == GROVE_OK ? answer_as_is(d) : status;
    for (size_t c = 0; c < grove_schema_columns(d->schema) && status == GROVE_OK; c++) {
        if (is_taken(d->schema, c)) {
            status = deal_column(d, c, &list[*count]);
            *count += status == GROVE_OK;
        }
    }
    free_room(d);
    return status;
}

grove_status grove_permutation_importance(grove_predictor *predictor, const grove_schema *schema,
                                          grove_rows rows, const grove_importance_options *options,
                                          grove_importance *list, size_t *count,
                                          grove_error *error) {
    const grove_importance_options wish = options ? *options : (grove_importance_options){0};
    dealer d = {.predictor = predictor,
                .schema = schema,
                .dataset = rows.dataset,
                .wish = wish,
                .allocator = grove_allocator_or_default(&wish.allocator),
                .classes = grove_predictor_classes(predictor),
                .error = error};
    const bool number = schema && grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    *count = 0;
    if (number) {
        d.deviation = grove_schema_deviation(schema, (size_t)grove_schema_label(schema));
    }
    d.wish.repeats = wish.repeats ? wish.repeats : 5;
    d.wish.most_rows = wish.most_rows ? wish.most_rows : 10000;
    d.count = rows.count < d.wish.most_rows ? rows.count : d.wish.most_rows;
    const bool labelled = rows.dataset && (grove_dataset_labels(rows.dataset) ||
                                           (number && grove_dataset_targets(rows.dataset)) ||
                                           grove_dataset_has_sets(rows.dataset));
    if (!predictor || !schema || !labelled || wish.repeats < 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "importance needs a predictor, its schema, rows with labels, and one "
                          "repeat or more");
    }
    return deal(&d, rows, list, count);
}
