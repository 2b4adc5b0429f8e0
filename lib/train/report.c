/* SPDX-License-Identifier: MIT
 *
 * report.c - the report of a classifier: rows are judged and ranked once, then summed up, as they
 * are and resampled.
 */
#include "grove/report.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "curves.h"
#include "resample.h"
#include "tally.h"

enum { WILSON, BOOTSTRAP };
static const struct {
    const char *name;
    int better, interval;
} measures[] = {
#define GROVE_MEASURE_ROW(code, name, better, interval) {name, better, interval},
    GROVE_MEASURE_LIST(GROVE_MEASURE_ROW)
#undef GROVE_MEASURE_ROW
};

static const uint64_t most_curve_steps = UINT64_C(1) << 33;

const char *grove_measure_name(grove_measure measure) {
    return (unsigned)measure < GROVE_MEASURES ? measures[measure].name : NULL;
}

int grove_measure_better(grove_measure measure) {
    return (unsigned)measure < GROVE_MEASURES ? measures[measure].better : 0;
}

/* ---- what is asked --------------------------------------------------------------------------- */

typedef struct reporter {
    const float *probabilities;
    const grove_id *labels;
    size_t rows, classes;
    size_t curves; /* orders of the rows: none below two classes, one for two, else each class's */
    uint64_t seed;
    grove_report *report;
    grove_allocator *allocator;
    grove_judged *judged; /* [rows] */
    grove_ranked *ranked; /* [curves, rows] */
    size_t threads;
    uint32_t *weights; /* [threads, rows] */
    size_t *counts;    /* [threads, 3, classes]: of each one's tally */
    double *values;    /* [measures, resamples] */
    bool curves_again; /* for each resample */
    grove_error *error;
} reporter;

/* What a thread counts with. */
typedef struct counter {
    uint32_t *weights; /* [rows] */
    grove_tally tally;
} counter;

static counter counter_of(const reporter *r, size_t thread) {
    size_t *counts = r->counts + thread * 3 * r->classes;
    return (counter){.weights = r->weights + thread * r->rows,
                     .tally = {.classes = r->classes,
                               .support = counts,
                               .predicted = counts + r->classes,
                               .right_of = counts + 2 * r->classes}};
}

static grove_status check(reporter *r, int threads) {
    if (r->classes == 0 || r->classes > INT32_MAX || r->rows > INT32_MAX) {
        return grove_fail(r->error, GROVE_BAD_ARGUMENT,
                          "report: %zu rows and %zu classes: there must be a class, and of neither "
                          "more than 2^31 - 1",
                          r->rows, r->classes);
    }
    const grove_status status = grove_report_threads(threads, &r->threads, r->error);
    return status == GROVE_OK
               ? grove_check_answers(r->probabilities, r->labels, r->rows, r->classes, r->error)
               : status;
}

/* ---- room ------------------------------------------------------------------------------------ */

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
    grove_report *report = r->report;
    const bool confusion = r->classes <= GROVE_CONFUSION_CLASSES;
    return (report->by_class = room(r, r->classes, 1, sizeof *report->by_class)) &&
           (!confusion ||
            (report->confusion = room(r, r->classes, r->classes, sizeof *report->confusion))) &&
           (r->judged = room(r, r->rows, 1, sizeof *r->judged)) &&
           (r->ranked = room(r, r->curves, r->rows, sizeof *r->ranked)) &&
           (r->weights = room(r, r->threads, r->rows, sizeof *r->weights)) &&
           (r->values = room(r, GROVE_MEASURES, report->resamples, sizeof *r->values)) &&
           (r->counts = room(r, 3 * r->threads, r->classes, sizeof *r->counts));
}

static void free_room(reporter *r) {
    grove_release(r->allocator, r->judged);
    grove_release(r->allocator, r->ranked);
    grove_release(r->allocator, r->weights);
    grove_release(r->allocator, r->values);
    grove_release(r->allocator, r->counts);
}

/* ---- once for all ---------------------------------------------------------------------------- */

static grove_status judge(reporter *r) {
    grove_report *report = r->report;
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < r->rows; i++) {
        r->judged[i] =
            grove_judge(r->probabilities + i * r->classes, r->classes, r->labels[i], report->top_k);
        if (report->confusion) {
            report->confusion[r->judged[i].label * r->classes + r->judged[i].answer]++;
        }
    }
    for (size_t k = 0; k < r->curves && status == GROVE_OK; k++) {
        status = grove_rank_rows(r->probabilities, r->labels, r->rows, r->classes,
                                 r->curves == 1 ? 1 : k, r->allocator, r->ranked + k * r->rows,
                                 r->error);
    }
    return status;
}

/* ---- measures -------------------------------------------------------------------------------- */

static void measure_curves(const reporter *r, const uint32_t *weights, double *m) {
    double sum = 0;
    for (size_t k = 0; k < r->curves; k++) {
        sum += grove_curve_area(r->ranked + k * r->rows, r->rows, weights);
    }
    m[GROVE_MEASURE_ROC_AUC] = m[GROVE_MEASURE_AVERAGE_PRECISION] = (double)NAN;
    m[GROVE_MEASURE_ROC_AUC_OVR] = r->curves ? sum / (double)r->curves : (double)NAN;
    if (r->classes == 2) {
        m[GROVE_MEASURE_ROC_AUC] = sum;
        m[GROVE_MEASURE_AVERAGE_PRECISION] = grove_curve_precision(r->ranked, r->rows, weights);
    }
}

/* Of the rows as often as the weights say. */
static void measure(const reporter *r, counter *own, bool curves, double *m) {
    grove_tally_rows(&own->tally, r->judged, own->weights, r->rows);
    grove_tally_measures(&own->tally, m);
    m[GROVE_MEASURE_ROC_AUC] = m[GROVE_MEASURE_ROC_AUC_OVR] = (double)NAN;
    m[GROVE_MEASURE_AVERAGE_PRECISION] = (double)NAN;
    if (curves) {
        measure_curves(r, own->weights, m);
    }
}

static void report_classes(const reporter *r, const grove_tally *t) {
    for (size_t c = 0; c < r->classes; c++) {
        grove_class_report *own = &r->report->by_class[c];
        const size_t support = t->support[c], predicted = t->predicted[c], right = t->right_of[c];
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
    grove_report *report = r->report;
    double m[GROVE_MEASURES];
    counter all = counter_of(r, 0);
    for (size_t i = 0; i < r->rows; i++) {
        all.weights[i] = 1;
    }
    measure(r, &all, true, m);
    report_classes(r, &all.tally);
    for (int i = 0; i < GROVE_MEASURES; i++) {
        report->measures[i] = (grove_estimate){m[i], (double)NAN, (double)NAN};
    }
    if (r->rows > 0) {
        report->measures[GROVE_MEASURE_ACCURACY] = grove_wilson(all.tally.right, r->rows);
        report->measures[GROVE_MEASURE_F1_MICRO] = grove_wilson(all.tally.right, r->rows);
        report->measures[GROVE_MEASURE_TOP_K_ACCURACY] = grove_wilson(all.tally.hits, r->rows);
    }
}

static bool curves_are_affordable(const reporter *r) {
    return r->curves == 0 || r->rows == 0 ||
           (uint64_t)r->report->resamples <= most_curve_steps / r->curves / r->rows;
}

/* A tile is a resample. */
static void measure_again(void *context, size_t thread, size_t resample) {
    const reporter *r = context;
    counter own = counter_of(r, thread);
    double m[GROVE_MEASURES];
    grove_resample(r->seed, (uint32_t)resample, own.weights, r->rows);
    measure(r, &own, r->curves_again, m);
    for (size_t i = 0; i < GROVE_MEASURES; i++) {
        r->values[i * r->report->resamples + resample] = m[i];
    }
}

static grove_status report_intervals(reporter *r) {
    const size_t resamples = r->report->resamples;
    grove_pool *pool = grove_pool_new(r->allocator, (int)r->threads, grove_cores());
    if (!pool) {
        return grove_fail_memory(r->error, sizeof(void *));
    }
    r->curves_again = r->curves == 1 || curves_are_affordable(r);
    grove_threads_enter();
    grove_pool_run(pool, measure_again, r, resamples);
    grove_threads_leave();
    grove_pool_free(pool);
    for (size_t i = 0; i < GROVE_MEASURES; i++) {
        if (measures[i].interval == BOOTSTRAP && !isnan(r->report->measures[i].value)) {
            grove_percentiles(r->values + i * resamples, resamples, &r->report->measures[i]);
        }
    }
    return GROVE_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static grove_status fill(reporter *r) {
    grove_status status = make_room(r) ? GROVE_OK : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        status = judge(r);
    }
    if (status == GROVE_OK) {
        report_values(r);
        status = r->rows > 0 ? report_intervals(r) : GROVE_OK;
    }
    free_room(r);
    return status;
}

grove_status grove_classification_report(const float *probabilities, const grove_id *labels,
                                         size_t rows, size_t classes,
                                         const grove_report_options *options, grove_report *report,
                                         grove_error *error) {
    const grove_report_options wish = options ? *options : (grove_report_options){0};
    *report = (grove_report){.rows = rows,
                             .classes = classes,
                             .top_k = wish.top_k ? wish.top_k : 2,
                             .resamples = wish.resamples ? wish.resamples : 1000,
                             .allocator = grove_allocator_or_default(&wish.allocator)};
    reporter r = {.probabilities = probabilities,
                  .labels = labels,
                  .rows = rows,
                  .classes = classes,
                  .curves = classes == 2  ? 1
                            : classes > 2 ? classes
                                          : 0,
                  .seed = wish.seed,
                  .report = report,
                  .allocator = &report->allocator,
                  .error = error};
    grove_status status = check(&r, wish.threads);
    status = status == GROVE_OK ? fill(&r) : status;
    if (status != GROVE_OK) {
        grove_report_free(report);
    }
    return status;
}

void grove_report_free(grove_report *report) {
    if (report && report->by_class) { /* which is made first */
        grove_release(&report->allocator, report->by_class);
        grove_release(&report->allocator, report->confusion);
        report->by_class = NULL;
        report->confusion = NULL;
    }
}
