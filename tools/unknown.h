/* SPDX-License-Identifier: MIT
 *
 * unknown.h - what is made of cells that training did not see, as --unknown says, and how good
 * answers are for the rows that have some.
 */
#ifndef TOOLS_UNKNOWN_H
#define TOOLS_UNKNOWN_H

#include "answers.h"

/* Of train: o->unknown becomes a part of the schema, and so of the model. Complains and returns an
 * exit code on failure. */
int keep_policies(const char *command, const options *o, grove_schema *schema);

/* Reads o->unknown for the columns of a->schema, which says what it does not, and settles a->data,
 * which were encoded from this table, by it; a->unknown_rows tells which rows have such cells.
 * Complains and returns an exit code on failure. */
int settle_unknown(const char *command, const options *o, const grove_table *table, answers *a);

/* Adds what training did not see of a->data to what is told of all blocks. False when memory is
 * short. */
bool note_unknown(answers *a);

/* The share of the cells that training did not see; and a line about them on stderr, column by
 * column, if there are any. */
double unknown_share(const answers *a);
void report_unknown(const char *command, const answers *a);

/* {"cells":..., "share":..., "rows":..., "columns":[{"column":..., "cells":..., "policy":...}]} */
json_t *json_unknown(const answers *a);

/* Measures of the rows with unknown cells, and of those without. Either may be of no rows. */
typedef struct unknown_metrics {
    grove_metrics with, without;
} unknown_metrics;
int measure_unknown(const char *command, const answers *a, unknown_metrics *metrics);

/* "unknown cells 0.31 %", and a line about both if there are rows of both. */
void print_unknown_metrics(const answers *a, const unknown_metrics *metrics);
/* As json_unknown, with "with_unknown" and "without_unknown"; null of no rows. */
json_t *json_measured_unknown(const answers *a);

#endif
