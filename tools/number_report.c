/* SPDX-License-Identifier: MIT */
#include "number_report.h"

#include <math.h>
#include <stdlib.h>

#include "linear.h"

/* ---- making ---------------------------------------------------------------------------------- */

/* said [rows]: answers of linear regression, in the units of the table. */
static grove_status answer_linear(const answers *a, const grove_logistic *linear, double *said,
                                  grove_error *error) {
    const grove_rows rows = {.dataset = a->data, .count = a->rows};
    const size_t label = (size_t)grove_schema_label(a->schema);
    float *scaled = calloc(a->rows + 1, sizeof *scaled);
    grove_status status =
        scaled ? grove_logistic_run(linear, rows, scaled, error) : GROVE_NO_MEMORY;
    for (size_t i = 0; i < a->rows && status == GROVE_OK; i++) {
        said[i] = grove_schema_mean(a->schema, label) +
                  grove_schema_deviation(a->schema, label) * (double)scaled[i];
    }
    free(scaled);
    return status;
}

static grove_status measure_linear(const answers *a, full_numbers *report, grove_error *error) {
    const grove_report_options how = {.resamples = 1}; /* of baselines no intervals are told */
    grove_status status = GROVE_OK;
    grove_logistic linear;
    read_linear(a->model, &linear);
    double *said = linear.weights ? calloc(a->rows + 1, sizeof *said) : NULL;
    if (linear.weights) {
        status = said ? answer_linear(a, &linear, said, error) : GROVE_NO_MEMORY;
        status = status ? status
                        : grove_regression_report(said, report->truth, a->rows,
                                                  grove_schema_center(a->schema), &how,
                                                  &report->linear, error);
    }
    free(said);
    grove_logistic_free(&linear);
    return status;
}

static grove_status count_errors(const answers *a, const double *errors, full_numbers *report,
                                 grove_error *error) {
    const grove_rows rows = {.dataset = a->data, .count = a->rows};
    const size_t columns = grove_schema_categoricals(a->schema);
    report->frequency = calloc(columns + 1, sizeof *report->frequency);
    grove_status status = report->frequency
                              ? grove_error_by_frequency(a->schema, rows, errors, GROVE_ALL_COLUMNS,
                                                         NULL, report->rarest, error)
                              : GROVE_NO_MEMORY;
    for (size_t i = 0; i < columns && status == GROVE_OK; i++) {
        const size_t column = (size_t)grove_schema_categorical(a->schema, i);
        if (grove_schema_form(a->schema, column)->buckets == 0) {
            status = grove_error_by_frequency(a->schema, rows, errors, column, NULL,
                                              report->frequency[i], error);
        }
    }
    return status;
}

static grove_status look_behind(const answers *a, const options *o, full_numbers *report,
                                grove_error *error) {
    double *errors = calloc(a->rows + 1, sizeof *errors);
    for (size_t i = 0; errors && i < a->rows; i++) {
        errors[i] = fabs(a->numbers[i] - report->truth[i]);
    }
    grove_status status = errors ? count_errors(a, errors, report, error) : GROVE_NO_MEMORY;
    free(errors);
    status = status ? status : measure_linear(a, report, error);
    return status ? status : weigh_columns(a, o, &report->columns, error);
}

int make_number_report(const char *command, const options *o, bool whole, const answers *a,
                       full_numbers *report) {
    grove_error error = {.message = "out of memory"};
    grove_status status = GROVE_NO_MEMORY;
    *report = (full_numbers){.answers = a, .truth = truth_of(a, NULL, a->rows)};
    if (report->truth) {
        status =
            grove_regression_report(a->numbers, report->truth, a->rows,
                                    grove_schema_center(a->schema), NULL, &report->model, &error);
    }
    if (status == GROVE_OK && whole) {
        status = look_behind(a, o, report, &error);
    }
    return status == GROVE_OK ? EXIT_DONE : complain(command, code_of_data(status), error.message);
}

void free_number_report(full_numbers *report) {
    free(report->truth);
    free(report->frequency);
    free(report->columns.list);
}

/* ---- in words -------------------------------------------------------------------------------- */

static void print_notes(const full_numbers *report) {
    char resamples[40];
    printf("\nThe lower the better, but for r2 and explained_variance.\nBaseline: always the "
           "training rows' mean; of mean and median absolute errors, their median.\n");
    if (report->linear.rows > 0) {
        const bool bags = grove_schema_bags(report->answers->schema) > 0;
        printf("Linear: linear regression on the same columns%s.\n",
               bags ? " but texts and bags" : "");
    }
    printf("Intervals: by %s resamples of the rows.\n",
           with_commas(resamples, (int64_t)report->model.resamples));
}

static void print_error_bins(const full_numbers *report) {
    if (grove_schema_categoricals(report->answers->schema) == 0) {
        return;
    }
    printf("\nBy the rarest category of a row: training rows that had it\n%-16s %9s   %s\n",
           "category", "rows", "mean absolute error (95 % interval)");
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        const grove_frequency_bin *bin = &report->rarest[b];
        char name[96], rows[40];
        if (bin->rows > 0) {
            printf("%-16s %9s   %.5g (%.5g to %.5g)\n", bin_name(b, bin, name),
                   with_commas(rows, (int64_t)bin->rows), bin->error.value, bin->error.low,
                   bin->error.high);
        }
    }
}

void print_number_report(const full_numbers *report) {
    const grove_number_report *r = &report->model;
    const bool linear = report->linear.rows > 0;
    char rows[40];
    printf("rows    %s\n\n%-24s %10s   %-25s %10s%s\n", with_commas(rows, (int64_t)r->rows), "", "",
           "95 % interval", "baseline", linear ? "     linear" : "");
    for (int i = 0; i < GROVE_NUMBER_MEASURES; i++) {
        const grove_estimate e = r->measures[i];
        char interval[64] = "-";
        if (isnan(e.value)) {
            continue;
        }
        if (!isnan(e.low)) {
            snprintf(interval, sizeof interval, "%.5g to %.5g", e.low, e.high);
        }
        printf("%-24s %10.5g   %-25s %10.5g", grove_number_measure_name((grove_number_measure)i),
               e.value, interval, r->baseline[i]);
        if (linear) {
            printf(" %10.5g", report->linear.measures[i].value);
        }
        printf("\n");
    }
    print_notes(report);
    print_error_bins(report);
    print_importance(report->answers->schema, &report->columns);
}

/* ---- in JSON --------------------------------------------------------------------------------- */

void json_add_number_report(json_t *object, const full_numbers *report) {
    const grove_schema *schema = report->answers->schema;
    json_t *metrics = json_object();
    for (int i = 0; i < GROVE_NUMBER_MEASURES; i++) {
        json_t *one = json_estimate(report->model.measures[i]);
        json_object_set_new(one, "baseline", json_number(report->model.baseline[i]));
        json_object_set_new(one, "linear",
                            report->linear.rows > 0 ? json_number(report->linear.measures[i].value)
                                                    : json_null());
        json_object_set_new(metrics, grove_number_measure_name((grove_number_measure)i), one);
    }
    json_object_set_new(object, "metrics", metrics);
    json_object_set_new(object, "resamples", json_integer((json_int_t)report->model.resamples));
    json_object_set_new(object, "confidence", json_number(0.95));
    json_object_set_new(object, "frequency",
                        json_frequency(schema, report->rarest, report->frequency));
    json_object_set_new(object, "importance", json_importance(schema, &report->columns));
}
