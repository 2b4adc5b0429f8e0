/* SPDX-License-Identifier: MIT
 *
 * report.c - making a report; report_words.c and report_json.c tell it.
 */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

enum {
    TOP_K = 2,        /* of few classes */
    FEW_CLASSES = 10, /* above them the top 5 count */
    REPEATS = 5,
    IMPORTANCE_ROWS = 10000
};

/* ---- measures -------------------------------------------------------------------------------- */

/* [rows, classes], the same in each row. */
static void fill_majority(const answers *a, float *p) {
    const size_t label = (size_t)grove_schema_label(a->schema);
    double all = 0;
    for (size_t c = 0; c < a->classes; c++) {
        all += (double)grove_schema_count(a->schema, label, (int32_t)c);
    }
    for (size_t i = 0; i < a->rows; i++) {
        for (size_t c = 0; c < a->classes; c++) {
            const double count = (double)grove_schema_count(a->schema, label, (int32_t)c);
            p[i * a->classes + c] = (float)(all > 0 ? count / all : 1 / (double)a->classes);
        }
    }
}

/* Of baselines no intervals are told. */
static grove_status measure(const answers *a, const options *o, const float *probabilities,
                            bool intervals, grove_report *report, grove_error *error) {
    const grove_report_options how = {.top_k = a->classes > FEW_CLASSES ? 5 : TOP_K,
                                      .resamples = intervals ? 0 : 1,
                                      .threads = (int)o->threads};
    return grove_classification_report(probabilities, grove_dataset_labels(a->data), a->rows,
                                       a->classes, &how, report, error);
}

static grove_status measure_baselines(const answers *a, const options *o, full_report *report,
                                      grove_error *error) {
    const grove_rows rows = {.dataset = a->data, .count = a->rows};
    float *p = calloc(a->rows + 1, a->classes * sizeof *p);
    grove_logistic linear;
    if (!p) {
        return GROVE_NO_MEMORY;
    }
    fill_majority(a, p);
    grove_status status = measure(a, o, p, false, &report->majority, error);
    read_linear(a->model, &linear);
    if (linear.weights && status == GROVE_OK) {
        status = grove_logistic_run(&linear, rows, p, error);
        status = status ? status : measure(a, o, p, false, &report->linear, error);
    }
    grove_logistic_free(&linear);
    free(p);
    return status;
}

bool has_linear(const full_report *report) {
    return report->linear.by_class != NULL;
}

/* ---- behind them ----------------------------------------------------------------------------- */

static int by_loss(const void *a, const void *b) {
    const grove_importance *x = a, *y = b;
    const bool numbers = isnan(x->log_loss.value);
    const double mine = numbers ? x->squared_error.value : x->log_loss.value;
    const double other = numbers ? y->squared_error.value : y->log_loss.value;
    if (mine != other) {
        return mine > other ? -1 : 1;
    }
    return (x->column > y->column) - (x->column < y->column);
}

grove_status weigh_columns(const answers *a, const options *o, weighed_columns *columns,
                           grove_error *error) {
    const grove_importance_options how = {.repeats = REPEATS, .most_rows = IMPORTANCE_ROWS};
    const grove_rows rows = {.dataset = a->data, .count = a->rows};
    grove_predictor *predictor = NULL;
    *columns = (weighed_columns){.repeats = REPEATS,
                                 .rows = a->rows < IMPORTANCE_ROWS ? a->rows : IMPORTANCE_ROWS};
    columns->list = calloc(grove_schema_columns(a->schema) + 1, sizeof *columns->list);
    if (!columns->list) {
        return GROVE_NO_MEMORY;
    }
    grove_status status = grove_predictor_new(grove_model_graph(a->model), a->schema, 0,
                                              (int)o->threads, &predictor, error);
    if (status == GROVE_OK) {
        status = grove_permutation_importance(predictor, a->schema, rows, &how, columns->list,
                                              &columns->count, error);
    }
    grove_predictor_free(predictor);
    qsort(columns->list, columns->count, sizeof *columns->list, by_loss);
    return status;
}

static grove_status count_frequencies(const answers *a, full_report *report, grove_error *error) {
    const grove_rows rows = {.dataset = a->data, .count = a->rows};
    const size_t columns = grove_schema_categoricals(a->schema);
    report->frequency = calloc(columns + 1, sizeof *report->frequency);
    if (!report->frequency) {
        return GROVE_NO_MEMORY;
    }
    grove_status status = grove_accuracy_by_frequency(a->schema, rows, a->probabilities, a->classes,
                                                      GROVE_ALL_COLUMNS, report->rarest, error);
    for (size_t i = 0; i < columns && status == GROVE_OK; i++) {
        const size_t column = (size_t)grove_schema_categorical(a->schema, i);
        if (grove_schema_form(a->schema, column)->buckets > 0) {
            continue; /* which has no values to count; its bins stay empty */
        }
        status = grove_accuracy_by_frequency(a->schema, rows, a->probabilities, a->classes, column,
                                             report->frequency[i], error);
    }
    return status;
}

int make_report(const char *command, const options *o, bool whole, const answers *a,
                full_report *report) {
    grove_error error = {0};
    *report = (full_report){.answers = a};
    grove_status status = measure(a, o, a->probabilities, whole, &report->model, &error);
    if (whole && status == GROVE_OK) {
        status = measure_baselines(a, o, report, &error);
        status = status ? status
                        : grove_reliability(a->probabilities, grove_dataset_labels(a->data),
                                            a->rows, a->classes, report->reliability, &error);
        status = status ? status : count_frequencies(a, report, &error);
        status = status ? status : weigh_columns(a, o, &report->columns, &error);
    }
    if (status == GROVE_NO_MEMORY) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    return status == GROVE_OK /* labels were looked at when they were encoded */
               ? EXIT_DONE
               : complain(command, EXIT_BAD_MODEL, error.message);
}

void free_report(full_report *report) {
    grove_report_free(&report->model);
    grove_report_free(&report->majority);
    grove_report_free(&report->linear);
    free(report->frequency);
    free(report->columns.list);
}
