/* SPDX-License-Identifier: MIT */
#include "number_report.h"

#include <math.h>
#include <stdlib.h>

#include "report.h"

int make_number_report(const char *command, const answers *a, grove_number_report *report) {
    grove_error error = {.message = "out of memory"};
    grove_status status = GROVE_NO_MEMORY;
    double *truth = truth_of(a, NULL, a->rows);
    if (truth) {
        status = grove_regression_report(a->numbers, truth, a->rows, grove_schema_center(a->schema),
                                         NULL, report, &error);
    }
    free(truth);
    return status == GROVE_OK ? EXIT_DONE : complain(command, code_of_data(status), error.message);
}

void print_number_report(const grove_number_report *r) {
    char rows[40], resamples[40];
    printf("rows    %s\n\n%-24s %10s   %-25s %10s\n", with_commas(rows, (int64_t)r->rows), "", "",
           "95 % interval", "baseline");
    for (int i = 0; i < GROVE_NUMBER_MEASURES; i++) {
        const grove_estimate e = r->measures[i];
        char interval[64] = "-";
        if (isnan(e.value)) {
            continue;
        }
        if (!isnan(e.low)) {
            snprintf(interval, sizeof interval, "%.5g to %.5g", e.low, e.high);
        }
        printf("%-24s %10.5g   %-25s %10.5g\n", grove_number_measure_name((grove_number_measure)i),
               e.value, interval, r->baseline[i]);
    }
    printf("\nThe lower the better, but for r2 and explained_variance.\nBaseline: always the "
           "training rows' mean; of mean and median absolute errors, their median.\nIntervals: by "
           "%s resamples of the rows.\n",
           with_commas(resamples, (int64_t)r->resamples));
}

void json_add_number_report(json_t *object, const grove_number_report *r) {
    json_t *metrics = json_object();
    for (int i = 0; i < GROVE_NUMBER_MEASURES; i++) {
        json_t *one = json_estimate(r->measures[i]);
        json_object_set_new(one, "baseline", json_number(r->baseline[i]));
        json_object_set_new(metrics, grove_number_measure_name((grove_number_measure)i), one);
    }
    json_object_set_new(object, "metrics", metrics);
    json_object_set_new(object, "resamples", json_integer((json_int_t)r->resamples));
    json_object_set_new(object, "confidence", json_number(0.95));
}
