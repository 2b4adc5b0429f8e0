/* SPDX-License-Identifier: MIT
 *
 * tables.h - how large the embedding table of each categorical column is, and why.
 */
#ifndef TOOLS_TABLES_H
#define TOOLS_TABLES_H

#include "common.h"

/* A line for each categorical column: rows, width, parameters, the rule of the width in words. Of
 * the tables in the graph, or, if it is NULL, of those that the rule would make. */
void print_tables(FILE *stream, const grove_schema *schema, const grove_graph *graph);

/* The same as "embedding" of each categorical column among json_columns; returns them. */
json_t *json_add_tables(json_t *columns, const grove_schema *schema, const grove_graph *graph);

#endif
