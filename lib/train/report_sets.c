/* SPDX-License-Identifier: MIT
 *
 * report_sets.c - the report of answers of several classes a row: rows are judged and ranked once,
 * then summed up, as they are and resampled.
 */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "curves.h"
#include "resample.h"
#include "set_tally.h"

enum { WILSON, BOOTSTRAP };
static const struct {
    const char *name;
    int better, interval;
} measures[] = {
#define GROVE_SET_MEASURE_ROW(code, name, better, interval) {name, better, interval},
    GROVE_SET_MEASURE_LIST(GROVE_SET_MEASURE_ROW)
#undef GROVE_SET_MEASURE_ROW
};

static const uint64_t most_curve_steps = UINT64_C(1) << 33;

const char *grove_set_measure_name(grove_set_measure measure) {
    return (unsigned)measure < GROVE_SET_MEASURES ? measures[measure].name : NULL;
}

int grove_set_measure_better(grove_set_measure measure) {
    return (unsigned)measure < GROVE_SET_MEASURES ? measures[measure].better : 0;
}

/* ---- what is asked, and room ----------------------------------------------------------------- */

typedef struct reporter {
    const float *probabilities;
    const unsigned char *truth;
    size_t rows, classes;
    grove_set_judge judge;
    uint64_t seed;
    grove_set_report *report;
    grove_allocator *allocator;
    grove_judged_set *judged;  /* [rows] */
    grove_set_mark *row_marks; /* [classes] of the row under way */
    grove_set_mark *marks;     /* of all rows, one row after the other */
    size_t *first;             /* [rows] where the row's begin */
    size_t used, capacity;     /* of the marks */
    grove_id *own;             /* [rows]: a class where a row has it, else -1 */
    grove_ranked *ranked;      /* [classes, rows] */
    size_t threads;
    uint32_t *weights; /* [threads, rows] */
    double *counts;    /* [threads, 3, classes]: of each one's tally */
    double *values;    /* [measures, resamples] */
    bool curves_again; /* for each resample */
    grove_error *error;
} reporter;

/* Zeroed; on failure the error is told, and all that was made is freed at the end. */
static void *room(const reporter *r, size_t a, size_t b, size_t size) {
    size_t count = 0;
    void *made = grove_multiply(a, b, &count) ? grove_alloc_zero(r->allocator, count, size) : NULL;
    if (!made) {
        grove_fail_memory(r->error, count * size);
    }
    return made;
}

static bool make_room(reporter *r) {
    grove_set_report *report = r->report;
    return (report->by_class = room(r, r->classes, 1, sizeof *report->by_class)) &&
           (r->judged = room(r, r->rows, 1, sizeof *r->judged)) &&
           (r->row_marks = room(r, r->classes, 1, sizeof *r->row_marks)) &&
           (r->first = room(r, r->rows, 1, sizeof *r->first)) &&
           (r->own = room(r, r->rows, 1, sizeof *r->own)) &&
           (r->ranked = room(r, r->classes, r->rows, sizeof *r->ranked)) &&
           (r->weights = room(r, r->threads, r->rows, sizeof *r->weights)) &&
           (r->values = room(r, GROVE_SET_MEASURES, report->resamples, sizeof *r->values)) &&
           (r->counts = room(r, 3 * r->threads, r->classes, sizeof *r->counts));
}

static void free_room(reporter *r) {
    grove_release(r->allocator, r->judged);
    grove_release(r->allocator, r->row_marks);
    grove_release(r->allocator, r->marks);
    grove_release(r->allocator, r->first);
    grove_release(r->allocator, r->own);
    grove_release(r->allocator, r->ranked);
    grove_release(r->allocator, r->weights);
    grove_release(r->allocator, r->values);
    grove_release(r->allocator, r->counts);
}

/* ---- once for all ---------------------------------------------------------------------------- */

static bool keep_marks(reporter *r, size_t row) {
    r->first[row] = r->used;
    for (size_t i = 0; i < r->judged[row].marks; i++) {
        grove_set_mark *marks =
            grove_grow(r->allocator, r->marks, r->used, &r->capacity, sizeof *marks);
        if (!marks) {
            return false;
        }
        r->marks = marks;
        marks[r->used++] = r->row_marks[i];
    }
    return true;
}

static grove_status judge_rows(reporter *r) {
    for (size_t i = 0; i < r->rows; i++) {
        const float *p = r->probabilities + i * r->classes;
        const unsigned char *truth = r->truth + i * r->classes;
        r->judged[i] = grove_judge_set(&r->judge, p, truth, r->row_marks);
        grove_rank_set(p, truth, r->classes, &r->judged[i]);
        if (!keep_marks(r, i)) {
            return grove_fail_memory(r->error, r->used * sizeof *r->marks);
        }
    }
    return GROVE_OK;
}

static grove_status rank_classes(reporter *r) {
    grove_status status = GROVE_OK;
    for (size_t c = 0; c < r->classes && status == GROVE_OK; c++) {
        for (size_t i = 0; i < r->rows; i++) {
            r->own[i] = r->truth[i * r->classes + c] ? (grove_id)c : -1;
        }
        status = grove_rank_rows(r->probabilities, r->own, r->rows, r->classes, c, r->allocator,
                                 r->ranked + c * r->rows, r->error);
    }
    return status;
}

/* ---- measures -------------------------------------------------------------------------------- */

/* What a thread counts with. */
static grove_set_tally tally_of(const reporter *r, size_t thread) {
    double *counts = r->counts + thread * 3 * r->classes;
    return (grove_set_tally){.classes = r->classes,
                             .support = counts,
                             .predicted = counts + r->classes,
                             .right = counts + 2 * r->classes};
}

/* Means over the classes for which they are defined. */
static void measure_curves(const reporter *r, const uint32_t *weights, grove_set_class *by_class,
                           double *m) {
    double areas = 0, precisions = 0, both = 0, some = 0;
    for (size_t c = 0; c < r->classes; c++) {
        const grove_ranked *ranked = r->ranked + c * r->rows;
        const double area = grove_curve_area(ranked, r->rows, weights);
        const double precision = grove_curve_precision(ranked, r->rows, weights);
        areas += isnan(area) ? 0 : area;
        both += !isnan(area);
        precisions += isnan(precision) ? 0 : precision;
        some += !isnan(precision);
        if (by_class) {
            by_class[c].roc_auc = area;
            by_class[c].average_precision = precision;
        }
    }
    m[GROVE_SET_ROC_AUC_MACRO] = areas / both;
    m[GROVE_SET_AVERAGE_PRECISION_MACRO] = precisions / some;
}

static void tally_rows(const reporter *r, grove_set_tally *tally, const uint32_t *weights) {
    grove_set_tally_begin(tally);
    for (size_t i = 0; i < r->rows; i++) {
        if (weights[i] > 0) {
            grove_set_tally_row(tally, &r->judged[i], r->marks + r->first[i], weights[i]);
        }
    }
}

static void report_classes(const reporter *r, const grove_set_tally *t) {
    for (size_t c = 0; c < r->classes; c++) {
        grove_class_report *own = &r->report->by_class[c].counts;
        const size_t support = (size_t)t->support[c], predicted = (size_t)t->predicted[c];
        const size_t right = (size_t)t->right[c];
        *own = (grove_class_report){.support = support,
                                    .predicted = predicted,
                                    .right = right,
                                    .precision = grove_wilson(right, predicted),
                                    .recall = grove_wilson(right, support)};
        own->precision.value = predicted ? own->precision.value : 0;
        own->recall.value = support ? own->recall.value : 0;
        own->f1 = support + predicted ? 2 * (double)right / (double)(support + predicted) : 0;
    }
}

static void report_values(reporter *r) {
    grove_set_report *report = r->report;
    double m[GROVE_SET_MEASURES];
    grove_set_tally all = tally_of(r, 0);
    for (size_t i = 0; i < r->rows; i++) {
        r->weights[i] = 1;
    }
    tally_rows(r, &all, r->weights);
    grove_set_tally_measures(&all, m);
    measure_curves(r, r->weights, report->by_class, m);
    report_classes(r, &all);
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        report->measures[i] = (grove_estimate){m[i], (double)NAN, (double)NAN};
    }
    if (r->rows > 0) {
        report->measures[GROVE_SET_ACCURACY] = grove_wilson((size_t)all.exact, r->rows);
    }
}

/* A tile is a resample. */
static void measure_again(void *context, size_t thread, size_t resample) {
    const reporter *r = context;
    uint32_t *weights = r->weights + thread * r->rows;
    grove_set_tally own = tally_of(r, thread);
    double m[GROVE_SET_MEASURES];
    grove_resample(r->seed, (uint32_t)resample, weights, r->rows);
    tally_rows(r, &own, weights);
    grove_set_tally_measures(&own, m);
    m[GROVE_SET_ROC_AUC_MACRO] = m[GROVE_SET_AVERAGE_PRECISION_MACRO] = (double)NAN;
    if (r->curves_again) {
        measure_curves(r, weights, NULL, m);
    }
    for (size_t i = 0; i < GROVE_SET_MEASURES; i++) {
        r->values[i * r->report->resamples + resample] = m[i];
    }
}

static grove_status report_intervals(reporter *r) {
    const size_t resamples = r->report->resamples;
    grove_pool *pool = grove_pool_new(r->allocator, (int)r->threads, grove_cores());
    if (!pool) {
        return grove_fail_memory(r->error, sizeof(void *));
    }
    r->curves_again = resamples <= most_curve_steps / r->classes / r->rows;
    grove_threads_enter();
    grove_pool_run(pool, measure_again, r, resamples);
    grove_threads_leave();
    grove_pool_free(pool);
    for (size_t i = 0; i < GROVE_SET_MEASURES; i++) {
        if (measures[i].interval == BOOTSTRAP && !isnan(r->report->measures[i].value)) {
            grove_percentiles(r->values + i * resamples, resamples, &r->report->measures[i]);
        }
    }
    return GROVE_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static grove_status check(reporter *r, int threads) {
    if (r->classes == 0 || r->classes > INT32_MAX || r->rows > INT32_MAX) {
        return grove_fail(r->error, GROVE_BAD_ARGUMENT,
                          "report: %zu rows and %zu classes: there must be a class, and of neither "
                          "more than 2^31 - 1",
                          r->rows, r->classes);
    }
    if (!(r->judge.threshold > 0 && r->judge.threshold <= 1)) {
        return grove_fail(r->error, GROVE_BAD_ARGUMENT,
                          "report: the threshold is %g, it must be above 0 and at most 1",
                          r->judge.threshold);
    }
    const grove_status status = grove_report_threads(threads, &r->threads, r->error);
    return status == GROVE_OK ? grove_check_sets_answered(r->probabilities, r->truth, r->rows,
                                                          r->classes, r->error)
                              : status;
}

static grove_status fill(reporter *r) {
    grove_status status = make_room(r) ? GROVE_OK : GROVE_NO_MEMORY;
    status = status == GROVE_OK ? judge_rows(r) : status;
    status = status == GROVE_OK ? rank_classes(r) : status;
    if (status == GROVE_OK) {
        report_values(r);
        status = r->rows > 0 ? report_intervals(r) : GROVE_OK;
    }
    free_room(r);
    return status;
}

grove_status grove_multilabel_report(const float *probabilities, const unsigned char *truth,
                                     size_t rows, size_t classes,
                                     const grove_set_report_options *options,
                                     grove_set_report *report, grove_error *error) {
    const grove_set_report_options wish = options ? *options : (grove_set_report_options){0};
    *report = (grove_set_report){.rows = rows,
                                 .classes = classes,
                                 .threshold =
                                     wish.threshold != 0 ? wish.threshold : GROVE_USUAL_THRESHOLD,
                                 .resamples = wish.resamples ? wish.resamples : 1000,
                                 .allocator = grove_allocator_or_default(&wish.allocator)};
    reporter r = {.probabilities = probabilities,
                  .truth = truth,
                  .rows = rows,
                  .classes = classes,
                  .judge = {classes, report->threshold, wish.always},
                  .seed = wish.seed,
                  .report = report,
                  .allocator = &report->allocator,
                  .error = error};
    grove_status status = check(&r, wish.threads);
    status = status == GROVE_OK ? fill(&r) : status;
    if (status != GROVE_OK) {
        grove_set_report_free(report);
    }
    return status;
}

void grove_set_report_free(grove_set_report *report) {
    if (report && report->by_class) {
        grove_release(&report->allocator, report->by_class);
        report->by_class = NULL;
    }
}
