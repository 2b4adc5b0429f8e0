/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

grove_cell cell_of(const char *text) {
    return (grove_cell){text, strlen(text)};
}

/* False, with "..." appended, where the list is full. */
static bool add_name(char text[NAMES_SIZE], grove_cell name) {
    enum { MOST = 60 };
    size_t used = strlen(text), length = name.length < MOST ? name.length : MOST;
    const char *comma = used > 0 ? ", " : "";
    if (used + length + 16 > NAMES_SIZE) {
        snprintf(text + used, NAMES_SIZE - used, "%s...", comma);
        return false;
    }
    while (length < name.length && length > 0 && (name.bytes[length] & 0xC0) == 0x80) {
        length--; /* not within a character */
    }
    snprintf(text + used, NAMES_SIZE - used, "%s'%.*s%s'", comma, (int)length, name.bytes,
             length < name.length ? "..." : "");
    return true;
}

void nearest_names(char text[NAMES_SIZE], const grove_cell *names, size_t count, grove_cell wanted,
                   size_t most) {
    enum { MOST = 8 };
    size_t best[MOST], distance[MOST], kept = 0;
    text[0] = '\0';
    most = most < MOST ? most : MOST;
    for (size_t i = 0; i < count; i++) {
        size_t d = grove_cell_distance(wanted, names[i]), at = kept;
        if (kept == most && d >= distance[kept - 1]) {
            continue;
        }
        at = kept < most ? kept++ : most - 1;
        for (; at > 0 && d < distance[at - 1]; at--) {
            best[at] = best[at - 1];
            distance[at] = distance[at - 1];
        }
        best[at] = i;
        distance[at] = d;
    }
    for (size_t i = 0; i < kept && add_name(text, names[best[i]]); i++) {
    }
}

void all_names(char text[NAMES_SIZE], const grove_cell *names, size_t count) {
    text[0] = '\0';
    for (size_t i = 0; i < count && add_name(text, names[i]); i++) {
    }
}

static int compare_cells(const void *a, const void *b) {
    const grove_cell *x = a, *y = b;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->bytes, y->bytes, shorter);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

grove_cell find_twin(grove_cell *names, size_t count) {
    qsort(names, count, sizeof *names, compare_cells);
    for (size_t i = 1; i < count; i++) {
        if (compare_cells(&names[i - 1], &names[i]) == 0) {
            return names[i];
        }
    }
    return (grove_cell){NULL, 0};
}

/* ---- the table of a column ------------------------------------------------------------------- */

grove_cell vector_name(const vector_table *table, size_t id) {
    return grove_schema_value(table->schema, table->column, (int32_t)id);
}

int64_t vector_count(const vector_table *table, size_t id) {
    return grove_schema_count(table->schema, table->column, (int32_t)id);
}

double vector_norm(const vector_table *table, size_t id) {
    const grove_real *row = table->numbers + id * table->width;
    double squares = 0;
    for (size_t k = 0; k < table->width; k++) {
        squares += (double)row[k] * (double)row[k];
    }
    return sqrt(squares);
}

int open_vectors(const char *command, const grove_model *model, size_t column,
                 vector_table *table) {
    char name[512], why[700];
    const grove_schema *schema = grove_model_schema(model);
    if (grove_schema_form(schema, column)->buckets > 0) {
        snprintf(why, sizeof why,
                 "the column '%.80s' is hashed: its values share rows of a table, and the model "
                 "does not know their names",
                 grove_schema_name(schema, column));
        return complain(command, EXIT_USAGE, why);
    }
    snprintf(name, sizeof name, "table.%s.weight", grove_schema_name(schema, column));
    grove_tensor weight = grove_find(grove_model_graph(model), name);
    grove_shape shape = grove_node_shape(weight);
    const grove_real *numbers = grove_parameter_data(weight);
    if (!numbers || shape.rank != 2 || shape.dim[0] != grove_schema_ids(schema, column)) {
        snprintf(why, sizeof why, "the model has no table '%s' with a row for each value", name);
        return complain(command, EXIT_BAD_MODEL, why);
    }
    *table = (vector_table){.schema = schema,
                            .column = column,
                            .numbers = numbers,
                            .count = (size_t)shape.dim[0],
                            .width = (size_t)shape.dim[1]};
    return EXIT_DONE;
}

/* What the column is, if it is there; the nearest name; all names. */
static int refuse_column(const char *command, const grove_schema *schema, const char *column) {
    size_t count = grove_schema_categoricals(schema);
    grove_cell *names = calloc(count + 1, sizeof *names);
    char near[NAMES_SIZE], all[NAMES_SIZE], why[1400];
    int found = grove_schema_column(schema, column);
    if (!names) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = cell_of(grove_schema_name(schema, (size_t)grove_schema_categorical(schema, i)));
    }
    nearest_names(near, names, count, cell_of(column), 1);
    all_names(all, names, count);
    if (count == 0) {
        snprintf(why, sizeof why, "no column of the model is categorical, so none has vectors");
    } else if (found >= 0) {
        snprintf(why, sizeof why,
                 "the column '%.80s' is %s: only categorical ones have vectors: %s", column,
                 grove_column_kind_name(grove_schema_kind(schema, (size_t)found)), all);
    } else {
        snprintf(why, sizeof why,
                 "the model has no column '%.80s'; the nearest name is %s; columns that have "
                 "vectors: %s",
                 column, near, all);
    }
    free(names);
    return complain(command, EXIT_USAGE, why);
}

static bool has_vectors(grove_column_kind kind) {
    return kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_BAG ||
           kind == GROVE_COLUMN_TEXT;
}

int find_vectors(const char *command, const grove_model *model, const char *column,
                 vector_table *table) {
    const grove_schema *schema = grove_model_schema(model);
    if (!schema) {
        return complain(command, EXIT_BAD_MODEL,
                        "the model does not say what its columns are; models written by grove "
                        "train do");
    }
    int found = grove_schema_column(schema, column);
    if (found < 0 || !has_vectors(grove_schema_kind(schema, (size_t)found))) {
        return refuse_column(command, schema, column);
    }
    return open_vectors(command, model, (size_t)found, table);
}

/* ---- files of NumPy -------------------------------------------------------------------------- */

/* "\x93NUMPY", version 1.0, the length of what follows (two bytes, the low one first), a dictionary
 * in Python's words, blanks and a line end: together a multiple of 64 bytes. */
void npy_begin(grove_atomic_file *file, size_t rows, size_t width) {
    enum { FIRST = 10, ALIGNMENT = 64 };
    char head[4 * ALIGNMENT] = "\x93NUMPY\x01";
    int words =
        snprintf(head + FIRST, sizeof head - FIRST,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, width);
    size_t used = FIRST + (size_t)words;
    size_t size = (used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(head + used, ' ', size - used);
    head[size - 1] = '\n';
    head[FIRST - 2] = (char)((size - FIRST) & 0xFF);
    head[FIRST - 1] = (char)((size - FIRST) >> 8);
    grove_atomic_write(file, head, size);
}

void npy_numbers(grove_atomic_file *file, const grove_real *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float number = (float)numbers[i];
        grove_atomic_write(file, &number, sizeof number);
    }
}
