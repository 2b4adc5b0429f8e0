/* SPDX-License-Identifier: MIT
 * data/schema.h - the inside of a schema, for guess, fit and encode. */
#ifndef GROVE_DATA_SCHEMA_H
#define GROVE_DATA_SCHEMA_H

#include "base/memory.h"
#include "grove/data.h"
#include "strings.h"

/* The ids below the values of a categorical column. */
enum { GROVE_UNKNOWN_ID = 0, GROVE_MISSING_ID = 1, GROVE_FIRST_VALUE_ID = 2 };

typedef struct grove_column {
    char *name, *reason;
    grove_column_kind kind;
    grove_column_form form; /* its list is the schema's, in one piece with its texts */
    bool fitted;            /* what follows was noted */
    grove_strings values;   /* categorical and label, in the order of their ids */
    int64_t *counts;        /* [values.count] */
    int64_t unknown;        /* categorical: training cells whose value is not in the list */
    int64_t missing;        /* training cells that were empty */
    double mean,
        deviation; /* numeric and target; of a bag and labels: of how many ids their cells hold */
    int64_t rows, longest; /* of these: the training rows; ids that a cell may hold */
    double median;         /* target */
    int32_t *usual;        /* [usual_count] of several labels: the most frequent set */
    size_t usual_count;
} grove_column;

struct grove_schema {
    grove_allocator allocator;
    grove_column *columns;
    size_t count, capacity;
    grove_strings index; /* of the names */
    int label;           /* -1: none */
    int64_t min_count;   /* for fit; 0: the default rule */
};

/* Is the cell missing: empty, or one of those that are said to be? */
bool grove_is_among_missing(const grove_column_form *form, grove_cell cell);
static inline bool grove_lacks(const grove_column_form *form, grove_cell cell) {
    return cell.length == 0 || (form->missing_count > 0 && grove_is_among_missing(form, cell));
}

/* The id of a value of a hashed column. */
int32_t grove_hashed_id(const grove_column_form *form, grove_cell cell);

/* Copies a form and its texts to one that is zeroed, or was copied so; false when memory is short.
 */
bool grove_form_copy(const grove_allocator *memory, const grove_column_form *from,
                     grove_column_form *to);
void grove_form_free(const grove_allocator *memory, grove_column_form *form);

/* Forgets what was noted, and gives its memory back. */
void grove_column_forget(const grove_schema *schema, grove_column *column);

/* Puts what was noted in `fresh` in the place of what the column had; name and kind stay. */
void grove_column_renew(const grove_schema *schema, grove_column *column, grove_column *fresh);

/* The vocabulary of a column, from the values `met` and their counts, in any order. */
grove_status grove_make_vocabulary(grove_schema *schema, grove_column *column,
                                   const grove_column *met, grove_error *error);

/* Replaces a text that the schema owns; false when memory is short. */
bool grove_schema_set_text(const grove_schema *schema, char **text, const char *value);

/* "data.csv: line 12, column 'age': 'abc' WORDS". */
grove_status grove_bad_cell(const grove_table *table, size_t row, size_t column, const char *words,
                            grove_error *error);
/* "new.csv has no column 'age', which the model needs (it has 'name', 'trunk')". */
grove_status grove_lacks_column(const grove_table *table, const char *name, grove_error *error);
/* Of an empty label: "data.csv: line 12, column 'income': the label is missing". */
grove_status grove_no_label(const grove_table *table, size_t row, size_t column,
                            grove_error *error);
/* "data.csv: column 'income': every row has the label 'a', ...". */
grove_status grove_one_label(const grove_table *table, size_t column, grove_cell value,
                             grove_error *error);

#endif
