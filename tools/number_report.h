/* SPDX-License-Identifier: MIT
 *
 * number_report.h - grove evaluate --full of a model that predicts numbers.
 */
#ifndef TOOLS_NUMBER_REPORT_H
#define TOOLS_NUMBER_REPORT_H

#include "answers.h"

/* Complains and returns an exit code on failure. */
int make_number_report(const char *command, const answers *a, grove_number_report *report);
void print_number_report(const grove_number_report *report);
/* Adds "metrics", "resamples" and "confidence" to the object. */
void json_add_number_report(json_t *object, const grove_number_report *report);

#endif
