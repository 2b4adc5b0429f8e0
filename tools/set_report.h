/* SPDX-License-Identifier: MIT
 *
 * set_report.h - grove evaluate --full of a model that tells several classes a row.
 */
#ifndef TOOLS_SET_REPORT_H
#define TOOLS_SET_REPORT_H

#include "report.h"

typedef struct full_sets {
    const answers *answers;
    grove_set_report model;
    grove_set_report majority; /* the probability of each class is its share of training rows, the
                                  answer always their most frequent set; measures only */
    grove_set_report linear;   /* one against the rest, where the model has it; likewise */
    grove_reliability_bin reliability[GROVE_RELIABILITY_BINS]; /* of all pairs of row and class, by
                                                                  the probability; right: the row
                                                                  has the class */
    weighed_columns columns;
} full_sets;

/* Without intervals and baselines, unless `whole`. Complains and returns an exit code on failure;
 * to be freed in any case. */
int make_set_report(const char *command, const options *o, bool whole, const answers *a,
                    full_sets *report);
void free_set_report(full_sets *report);

/* Returns an exit code. */
int print_set_report(const char *command, const full_sets *report);
/* Adds "metrics", "classes" and what belongs to them to the object. */
void json_add_set_report(json_t *object, const full_sets *report);

#endif
