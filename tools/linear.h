/* SPDX-License-Identifier: MIT
 *
 * linear.h - logistic regression on the columns of a model, kept with it: a model's file holds no
 * rows, so what a linear model makes of them is found out when it is trained.
 */
#ifndef TOOLS_LINEAR_H
#define TOOLS_LINEAR_H

#include "job.h"

/* Trains it on the job's rows, unless --baseline none. Complains and returns an exit code. */
int fit_linear(job *j);

/* What it reaches on the rows for validation, all alike. False where there is none to tell: it was
 * not trained, there are no such rows, or they are weighed. */
bool linear_on_valid(job *j, grove_metrics *metrics);
/* A line of it, in words. */
void print_linear(const grove_metrics *metrics);

/* The metadata "baseline" of a model, to be freed; NULL when memory is short. */
char *linear_text(const grove_logistic *linear);

/* That of a model that was read; zeroed where it has none that fits its schema. */
void read_linear(const grove_model *model, grove_logistic *linear);

#endif
