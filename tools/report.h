/* SPDX-License-Identifier: MIT
 *
 * report.h - all that is told of a model's answers to a table: measures with intervals beside those
 * of baselines, classes, mistakes, how sure and how right, rare categories, importance of columns.
 * Made once; in words, in JSON and as a page it is the same.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "answers.h"

/* What each column is good for, the most important first. */
typedef struct weighed_columns {
    grove_importance *list; /* [count]; to be freed */
    size_t count, rows;
    int repeats;
} weighed_columns;

typedef struct full_report {
    const answers *answers;
    grove_report model;
    grove_report majority; /* every row gets the shares of the classes in training, so it always
                              answers with the most frequent one; measures only */
    grove_report
        linear; /* of logistic regression, where the model has it, else no rows; likewise */
    grove_reliability_bin reliability[GROVE_RELIABILITY_BINS];
    grove_frequency_bin rarest[GROVE_FREQUENCY_BINS];       /* by the rarest category of a row */
    grove_frequency_bin (*frequency)[GROVE_FREQUENCY_BINS]; /* of each categorical column */
    weighed_columns columns;
} full_report;

/* Measures alone, without intervals, unless `whole`. Complains and returns an exit code on failure;
 * to be freed in any case. */
int make_report(const char *command, const options *o, bool whole, const answers *a,
                full_report *report);
void free_report(full_report *report);

/* The model has such a baseline. */
bool has_linear(const full_report *report);

/* Returns an exit code. */
int print_report(const char *command, const full_report *report);

/* Adds "metrics" and what belongs to them to the object. */
void json_add_report(json_t *object, const full_report *report);
json_t *json_estimate(grove_estimate e);
json_t *json_class(grove_cell name, const grove_class_report *own);

grove_status weigh_columns(const answers *a, const options *o, weighed_columns *columns,
                           grove_error *error);
void print_importance(const grove_schema *schema, const weighed_columns *columns);
json_t *json_importance(const grove_schema *schema, const weighed_columns *columns);

/* {"rarest": bins, "columns": [{"column", "bins"}]}; of each categorical column that has a
 * vocabulary. */
json_t *json_frequency(const grove_schema *schema, const grove_frequency_bin *rarest,
                       grove_frequency_bin (*frequency)[GROVE_FREQUENCY_BINS]);
/* [{"above", "to", "rows", "right", "confidence", "accuracy"}]; in words below a heading, for what
 * `rows` of them are called. */
json_t *json_reliability(const grove_reliability_bin bins[GROVE_RELIABILITY_BINS]);
void print_reliability(const grove_reliability_bin bins[GROVE_RELIABILITY_BINS],
                       const char *heading, const char *rows, const char *right);
/* "unknown", "10 to 99"... */
const char *bin_name(int b, const grove_frequency_bin *bin, char text[96]);

/* The name of a class of the label, cut and filled to a width. */
void print_class_name(const grove_schema *schema, size_t class_index, int width);
/* Does a baseline's number lie outside of the interval? In words, or "". better: 1 high, -1 low. */
const char *against(int better, grove_estimate model, double baseline);

#endif
