/* SPDX-License-Identifier: MIT
 * data/leaks.h - a search for leaks, column after column. */
#ifndef GROVE_DATA_LEAKS_INSIDE_H
#define GROVE_DATA_LEAKS_INSIDE_H

#include "base/memory.h"
#include "base/sort.h"
#include "grove/data_leaks.h"
#include "table.h"

/* Rows of a table. */
typedef struct grove_leak_part {
    const grove_table *table;
    const size_t *rows; /* NULL: the first */
    size_t count;
    int32_t *values;  /* [count] of the column looked at, numbered by their text in both parts; 0 is
                         the empty cell */
    int32_t *labels;  /* [count], or all 0 */
    uint64_t *hashes; /* [count] of all columns looked at so far */
} grove_leak_part;

typedef struct grove_leak_search {
    grove_allocator memory;
    const grove_schema *schema;
    grove_leak_part train, valid;
    bool has_label;
    size_t classes;
    bool *counted; /* [train.count] the half of the rows that columns are learned from, to be held
                      against the other half */
    size_t value_count;
    int64_t *counts; /* [value_count] training rows with each value */
    size_t counts_room;
    size_t *first;  /* [train.count + 1] the row of training that has a value first, by value */
    double *chance; /* [valid.count] that a training row coincides, were columns independent */
    grove_keyed *list, *spare; /* [train.count + valid.count + 1] each */
    grove_leaks *leaks;
    bool no_memory;
} grove_leak_search;

static inline grove_cell grove_leak_cell(const grove_leak_part *part, size_t i, size_t column) {
    return grove_table_at(part->table, part->rows ? part->rows[i] : i, column);
}

/* How many of the sorted list [count] have this key. */
size_t grove_count_key(const grove_keyed *list, size_t count, uint64_t key);

void grove_add_leak(grove_leak_search *s, grove_leak leak);

/* Is the column, whose values are numbered, an id, or does it tell the label? `there` and
 * `column` are where it is in the tables of training and of validation. */
void grove_look_at_column(grove_leak_search *s, bool is_number, size_t there, size_t column);

#endif
