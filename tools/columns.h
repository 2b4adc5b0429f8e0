/* SPDX-License-Identifier: MIT
 *
 * columns.h - what the columns of a table mean: guessed as the options say, and shown.
 */
#ifndef TOOLS_COLUMNS_H
#define TOOLS_COLUMNS_H

#include "common.h"

grove_schema_options schema_options_of(const options *o);
/* `target`: what the label holds, if there is one. */
grove_status guess_columns(const options *o, const grove_table *table, grove_target_kind target,
                           grove_schema **schema, grove_error *error);

/* A line for each column: name, kind, values, empty cells, reason. `table` may be NULL. False (and
 * NULL) when memory is short. */
bool print_columns(const grove_schema *schema, const grove_table *table);
json_t *json_columns(const grove_schema *schema, const grove_table *table);

/* What stands between the cells, where that was guessed and is no comma. */
void print_separator(const options *o, const grove_table *table);
json_t *json_separator(const grove_table *table);

#endif
