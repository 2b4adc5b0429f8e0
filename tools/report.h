/* SPDX-License-Identifier: MIT
 *
 * report.h - the full report of grove evaluate: measures with intervals beside those of a baseline,
 * classes one by one.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "answers.h"

/* The baseline gives every row the shares of the classes in training, so it always answers with the
 * most frequent one. */
typedef struct full_report {
    const answers *answers;
    grove_report model, baseline;
} full_report;

/* Complains and returns an exit code on failure; to be freed in any case. */
int make_report(const char *command, const options *o, const answers *a, full_report *report);
void free_report(full_report *report);

/* Returns an exit code. */
int print_report(const char *command, const full_report *report);

/* Adds "metrics" and what belongs to them to the object. */
void json_add_report(json_t *object, const full_report *report);

#endif
