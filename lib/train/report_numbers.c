/* SPDX-License-Identifier: MIT
 *
 * report_numbers.c - measures of numbers: sums over rows, and the order of the rows by the size of
 * their errors, which is found once.
 */
#include "grove/report_numbers.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "resample.h"

static const struct {
    const char *name;
    int better;
} measures[] = {
#define GROVE_NUMBER_MEASURE_ROW(code, name, better) {name, better},
    GROVE_NUMBER_MEASURE_LIST(GROVE_NUMBER_MEASURE_ROW)
#undef GROVE_NUMBER_MEASURE_ROW
};

const char *grove_number_measure_name(grove_number_measure measure) {
    return (unsigned)measure < GROVE_NUMBER_MEASURES ? measures[measure].name : NULL;
}

int grove_number_measure_better(grove_number_measure measure) {
    return (unsigned)measure < GROVE_NUMBER_MEASURES ? measures[measure].better : 0;
}

/* A row at its place, the smallest error first. */
typedef struct judged_number {
    double size, error, truth; /* truth: less the mean over all rows, so that nothing cancels */
    size_t row;
} judged_number;

static int by_size(const void *a, const void *b) {
    const judged_number *x = a, *y = b;
    return x->size != y->size ? (x->size > y->size ? 1 : -1)
                              : (x->row > y->row) - (x->row < y->row);
}

/* predictions NULL: always `constant`. */
static void judge(const double *predictions, double constant, const double *truth, size_t rows,
                  judged_number *judged) {
    double mean = 0;
    for (size_t i = 0; i < rows; i++) {
        mean += (truth[i] - mean) / (double)(i + 1);
    }
    for (size_t i = 0; i < rows; i++) {
        const double e = (predictions ? predictions[i] : constant) - truth[i];
        judged[i] = (judged_number){fabs(e), e, truth[i] - mean, i};
    }
    qsort(judged, rows, sizeof *judged, by_size);
}

static double weight_of(const uint32_t *weights, const judged_number *row) {
    return weights ? (double)weights[row->row] : 1;
}

/* The size that half of the weight lies below; of two in the middle the mean. */
static double median_of(const judged_number *rows, size_t count, const uint32_t *weights,
                        double all) {
    double below = 0, first = (double)NAN;
    for (size_t i = 0; i < count; i++) {
        below += weight_of(weights, &rows[i]);
        if (isnan(first) && 2 * below >= all) {
            first = rows[i].size;
        }
        if (2 * below > all) {
            return first / 2 + rows[i].size / 2;
        }
    }
    return first;
}

/* Each row as often as weights [count] says; NULL: once. */
static void measure(const judged_number *rows, size_t count, const uint32_t *weights, double *m) {
    double all = 0, errors = 0, squares = 0, absolutes = 0, truth = 0, spread = 0;
    for (size_t i = 0; i < count; i++) {
        const judged_number *row = &rows[i];
        const double weight = weight_of(weights, row);
        all += weight;
        errors += weight * row->error;
        squares += weight * row->error * row->error;
        absolutes += weight * row->size;
        truth += weight * row->truth;
        spread += weight * row->truth * row->truth;
    }
    spread -= truth * truth / all;
    const double noise = squares - errors * errors / all;
    const bool flat = !(spread > 1e-12 * (spread + truth * truth / all));
    m[GROVE_NUMBER_R2] = flat ? (double)NAN : 1 - squares / spread;
    m[GROVE_NUMBER_EXPLAINED_VARIANCE] = flat ? (double)NAN : 1 - noise / spread;
    m[GROVE_NUMBER_MEAN_SQUARED_ERROR] = squares / all;
    m[GROVE_NUMBER_ROOT_MEAN_SQUARED_ERROR] = sqrt(squares / all);
    m[GROVE_NUMBER_MEAN_ABSOLUTE_ERROR] = absolutes / all;
    m[GROVE_NUMBER_MEDIAN_ABSOLUTE_ERROR] = median_of(rows, count, weights, all);
    m[GROVE_NUMBER_MAX_ERROR] = count ? rows[count - 1].size : (double)NAN;
}

/* ---- all ------------------------------------------------------------------------------------- */

static grove_status check(const double *predictions, const double *truth, size_t rows,
                          grove_error *error) {
    for (size_t i = 0; i < rows; i++) {
        if (!isfinite(predictions[i]) || !isfinite(truth[i])) {
            return grove_fail(
                error, GROVE_BAD_DATA,
                "report: row %zu is predicted to be %g and is %g; both must be finite", i,
                predictions[i], truth[i]);
        }
    }
    return GROVE_OK;
}

/* Room to work in: rows, how often each was drawn, values [measures, resamples]. */
typedef struct number_room {
    judged_number *judged;
    uint32_t *weights;
    double *values;
} number_room;

static void fill(const number_room *room, const double *predictions, const double *truth,
                 grove_center center, uint64_t seed, grove_number_report *r) {
    double m[GROVE_NUMBER_MEASURES], by_median[GROVE_NUMBER_MEASURES];
    judge(NULL, center.median, truth, r->rows, room->judged);
    measure(room->judged, r->rows, NULL, by_median);
    judge(NULL, center.mean, truth, r->rows, room->judged);
    measure(room->judged, r->rows, NULL, r->baseline);
    r->baseline[GROVE_NUMBER_MEAN_ABSOLUTE_ERROR] = by_median[GROVE_NUMBER_MEAN_ABSOLUTE_ERROR];
    r->baseline[GROVE_NUMBER_MEDIAN_ABSOLUTE_ERROR] = by_median[GROVE_NUMBER_MEDIAN_ABSOLUTE_ERROR];
    judge(predictions, 0, truth, r->rows, room->judged);
    measure(room->judged, r->rows, NULL, m);
    for (int i = 0; i < GROVE_NUMBER_MEASURES; i++) {
        r->measures[i] = (grove_estimate){m[i], (double)NAN, (double)NAN};
    }
    for (size_t k = 0; k < r->resamples && r->rows > 0; k++) {
        grove_resample(seed, (uint32_t)k, room->weights, r->rows);
        measure(room->judged, r->rows, room->weights, m);
        for (size_t i = 0; i < GROVE_NUMBER_MEASURES; i++) {
            room->values[i * r->resamples + k] = m[i];
        }
    }
    for (size_t i = 0; i < GROVE_NUMBER_MAX_ERROR && r->rows > 0; i++) {
        if (!isnan(r->measures[i].value)) {
            grove_percentiles(room->values + i * r->resamples, r->resamples, &r->measures[i]);
        }
    }
}

grove_status grove_regression_report(const double *predictions, const double *truth, size_t rows,
                                     grove_center center, const grove_report_options *options,
                                     grove_number_report *report, grove_error *error) {
    const grove_report_options wish = options ? *options : (grove_report_options){0};
    const grove_allocator allocator = grove_allocator_or_default(&wish.allocator);
    *report =
        (grove_number_report){.rows = rows, .resamples = wish.resamples ? wish.resamples : 1000};
    grove_status status = check(predictions, truth, rows, error);
    if (status != GROVE_OK) {
        return status;
    }
    const size_t values = report->resamples * GROVE_NUMBER_MEASURES;
    number_room room = {
        .judged = grove_alloc_zero(&allocator, rows + 1, sizeof *room.judged),
        .weights = grove_alloc_zero(&allocator, rows + 1, sizeof *room.weights),
        .values = grove_alloc_zero(&allocator, values, sizeof *room.values),
    };
    if (room.judged && room.weights && room.values) {
        fill(&room, predictions, truth, center, wish.seed, report);
    } else {
        status = grove_fail_memory(error, (rows + 1) * sizeof *room.judged);
    }
    grove_release(&allocator, room.judged);
    grove_release(&allocator, room.weights);
    grove_release(&allocator, room.values);
    return status;
}
