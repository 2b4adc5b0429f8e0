/* SPDX-License-Identifier: MIT
 *
 * splits.h - which rows are for what, as --split and --group say.
 */
#ifndef TOOLS_SPLITS_H
#define TOOLS_SPLITS_H

#include "common.h"

/* What is wrong with --split and what goes with it: a sentence, or NULL. */
const char *split_mistake(const options *o);

/* Class by class of column `label`; NULL: without strata. */
grove_status make_split(const options *o, const grove_table *table, const char *label,
                        grove_split *split, grove_error *error);

/* As guess_columns, but the column that splits is no feature, unless --categorical or --numeric
 * name it: in new rows it says nothing that training could know. Nor is that of weights. */
grove_status guess_feature_columns(const options *o, const grove_table *table,
                                   grove_target_kind target, grove_schema **schema,
                                   grove_error *error);

/* Writes "row,part", whole or not at all. */
grove_status write_split(const grove_split *split, const char *path, grove_error *error);

/* {"by":..., "training_rows":..., "validation_rows":..., "test_rows":...}; null for a split that
 * --valid made. */
json_t *json_split(const options *o, const grove_split *split);
/* A line, where there are rows for a test. */
void print_test_rows(const grove_split *split);

#endif
