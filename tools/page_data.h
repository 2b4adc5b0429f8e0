/* SPDX-License-Identifier: MIT
 *
 * page_data.h - what the page of a report shows, as JSON: that of evaluate --full, and what only a
 * page has room for.
 */
#ifndef TOOLS_PAGE_DATA_H
#define TOOLS_PAGE_DATA_H

#include "number_report.h"
#include "set_report.h"

/* {"title", "table", "report": as evaluate --full --json, "training": as kept in the model,
 * "model", "curves", "pictures", "worst"}. Complains and returns an exit code on failure. */
int page_data(const options *o, const char *title, const full_report *report, json_t **object);

/* Of a model that predicts numbers; it has "fit" where the other has "curves". */
int page_of_numbers(const options *o, const char *title, const full_numbers *report,
                    json_t **object);

/* Of a model that tells several classes a row. */
int page_of_sets(const options *o, const char *title, const full_sets *report, json_t **object);

/* What evaluate prints with --json, and what the page holds. */
json_t *json_evaluation(const options *o, const answers *a, const grove_metrics *metrics,
                        const full_report *full);

/* [{"class", "share": of its rows,
 *   "points": [[false positive rate, recall, precision, threshold]...]}]:
 * of two classes the second, else of each of the most frequent ones. NULL: see error. */
json_t *json_curves(const answers *a, const grove_report *report, grove_error *error);

/* The same of each class against the rest. */
json_t *json_set_curves(const full_sets *report, grove_error *error);

/* [{"column", "of": "value" or "word", "all", "shown", "width", "explained": [2], "most_count",
 *   "points": [{"name", "count", "x", "y", "near": [places], "special"}]}],
 * of each column of categories, bags or texts that has a table; of texts the words alone. NULL: see
 * error. */
json_t *json_pictures(const answers *a, grove_error *error);

/* {"columns": [names],
 *  "rows": [{"line", "label", "answer", "of_label", "of_answer", "cells"}]}:
 * the wrong rows whose label got the lowest probability, the lowest first. */
json_t *json_worst(const answers *a);

/* {"answers": cloud of truth and answers, "errors": cloud of answers and errors,
 *  "histogram": {"span": [2], "rows": of errors in equal bins of it}}; error = answer - truth.
 * A cloud: {"x": span, "y": span, "points": [[x, y]...], null of many rows; then how many are:
 *           "cells": [[column, row, count]...] of `side` x `side`}. NULL when memory is short. */
json_t *json_fit(const full_numbers *report);

/* As json_worst: {"line", "label", "answer", "error", "cells"}, the largest errors first. */
json_t *json_worst_numbers(const full_numbers *report);

/* As json_worst: {"line", "label", "answer": sets as text, "loss": the mean over its classes,
 * "cells"}, the largest first. NULL when memory is short. */
json_t *json_worst_sets(const options *o, const full_sets *report);

/* The points of a curve, for a picture. */
json_t *json_curve_points(const grove_curve_point *points, size_t count);

/* The columns that are shown of a row, and its cells. */
json_t *json_shown_columns(const answers *a);
json_t *json_row(const answers *a, size_t row);

/* The JSON of a name: any bytes. */
json_t *json_cell(grove_cell cell);

#endif
