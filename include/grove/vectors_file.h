/* SPDX-License-Identifier: MIT
 *
 * grove/vectors_file.h - starts a table with vectors that were learned elsewhere.
 *
 * What the file may look like, and what is refused, stands in data_vectors.h. Load before training
 * begins; rows that are not to be trained any further are frozen by grove_freeze_rows.
 */
#ifndef GROVE_VECTORS_FILE_H
#define GROVE_VECTORS_FILE_H

#include "data.h"
#include "data_vectors.h"
#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills row i of the table, a parameter [rows, width], with the file's vector of tokens[i]. There
 * are at most as many tokens as rows; a token that is empty asks for nothing. Rows without a vector
 * stay as they are. On failure so do all. coverage may be NULL. */
GROVE_API grove_status grove_load_vectors(grove_tensor table, const grove_cell *tokens,
                                          size_t count, const char *path,
                                          grove_vector_coverage *coverage, grove_error *error);

/* The same by the values of a categorical column: the table has a row for each of its ids. The rows
 * 0 and 1, for what is unknown or missing, stay as they are. */
GROVE_API grove_status grove_load_vectors_of_column(grove_tensor table, const grove_schema *schema,
                                                    size_t column, const char *path,
                                                    grove_vector_coverage *coverage,
                                                    grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
