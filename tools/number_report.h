/* SPDX-License-Identifier: MIT
 *
 * number_report.h - all that is told of a model that predicts numbers: measures beside those of
 * baselines, rare categories, importance of columns; in words, in JSON and as a page.
 */
#ifndef TOOLS_NUMBER_REPORT_H
#define TOOLS_NUMBER_REPORT_H

#include "report.h"

typedef struct full_numbers {
    const answers *answers;
    double *truth; /* [rows], in the units of the table */
    grove_number_report model;
    grove_number_report linear; /* of linear regression, where the model has it; else no rows */
    grove_frequency_bin rarest[GROVE_FREQUENCY_BINS];       /* by the rarest category of a row */
    grove_frequency_bin (*frequency)[GROVE_FREQUENCY_BINS]; /* of each categorical column */
    weighed_columns columns;
} full_numbers;

/* The model's measures alone, unless `whole`. Complains and returns an exit code on failure; to be
 * freed in any case. */
int make_number_report(const char *command, const options *o, bool whole, const answers *a,
                       full_numbers *report);
void free_number_report(full_numbers *report);

void print_number_report(const full_numbers *report);
/* Adds "metrics" and what belongs to them to the object. */
void json_add_number_report(json_t *object, const full_numbers *report);

#endif
