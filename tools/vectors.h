/* SPDX-License-Identifier: MIT
 *
 * vectors.h - the vectors that a model learned for the values of its categorical columns, and names
 * near to one that is not there: what embed, nearest and transform share.
 */
#ifndef TOOLS_VECTORS_H
#define TOOLS_VECTORS_H

#include "common.h"

/* Row `id` is the vector of grove_schema_value(schema, column, id): of the unknown, of the missing,
 * then of the values. All of it is the model's. */
typedef struct vector_table {
    const grove_schema *schema;
    size_t column;
    const grove_real *numbers; /* [count, width] */
    size_t count, width;
} vector_table;

/* The table of a column. Complains and returns an exit code where there is none: a name that the
 * model does not have is wrong usage, and the sentence tells the nearest and all there are. */
int find_vectors(const char *command, const grove_model *model, const char *column,
                 vector_table *table);

/* The same for the column of that number, which is categorical. */
int open_vectors(const char *command, const grove_model *model, size_t column, vector_table *table);

grove_cell vector_name(const vector_table *table, size_t id);
int64_t vector_count(const vector_table *table, size_t id); /* training rows that had the value */
double vector_norm(const vector_table *table, size_t id);

/* Writes "'a', 'b'": those of names [count] that are nearest to `wanted`, the nearest first, at
 * most `most` of them; or all, in their order, as far as they fit. What is cut ends in "...". */
enum { NAMES_SIZE = 400 };
void nearest_names(char text[NAMES_SIZE], const grove_cell *names, size_t count, grove_cell wanted,
                   size_t most);
void all_names(char text[NAMES_SIZE], const grove_cell *names, size_t count);

/* Two that are alike among names [count], which are sorted for it: one of them, or NULL bytes. */
grove_cell find_twin(grove_cell *names, size_t count);

grove_cell cell_of(const char *text);

/* The head of a file of NumPy, version 1.0, for float32 [rows, width]. The numbers follow. */
void npy_begin(grove_atomic_file *file, size_t rows, size_t width);
void npy_numbers(grove_atomic_file *file, const grove_real *numbers, size_t count);

#endif
