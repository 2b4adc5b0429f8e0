/* SPDX-License-Identifier: MIT
 *
 * page_data.h - what the page of a report shows, as JSON: that of evaluate --full, and what only a
 * page has room for.
 */
#ifndef TOOLS_PAGE_DATA_H
#define TOOLS_PAGE_DATA_H

#include "report.h"

/* {"title", "table", "report": as evaluate --full --json, "training": as kept in the model,
 * "model", "curves", "pictures", "worst"}. Complains and returns an exit code on failure. */
int page_data(const options *o, const char *title, const full_report *report, json_t **object);

/* What evaluate prints with --json, and what the page holds. */
json_t *json_evaluation(const options *o, const answers *a, const grove_metrics *metrics,
                        const full_report *full);

/* [{"class", "share": of its rows,
 *   "points": [[false positive rate, recall, precision, threshold]...]}]:
 * of two classes the second, else of each of the most frequent ones. NULL: see error. */
json_t *json_curves(const answers *a, const grove_report *report, grove_error *error);

/* [{"column", "of": "value" or "word", "all", "shown", "width", "explained": [2], "most_count",
 *   "points": [{"name", "count", "x", "y", "near": [places], "special"}]}],
 * of each column of categories, bags or texts that has a table; of texts the words alone. NULL: see
 * error. */
json_t *json_pictures(const answers *a, grove_error *error);

/* {"columns": [names],
 *  "rows": [{"line", "label", "answer", "of_label", "of_answer", "cells"}]}:
 * the wrong rows whose label got the lowest probability, the lowest first. */
json_t *json_worst(const answers *a);

/* The JSON of a name: any bytes. */
json_t *json_cell(grove_cell cell);

#endif
