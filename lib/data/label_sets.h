/* SPDX-License-Identifier: MIT
 * data/label_sets.h - labels of several values: what fit notes of them, and those of a dataset. */
#ifndef GROVE_DATA_LABEL_SETS_H
#define GROVE_DATA_LABEL_SETS_H

#include "bag.h"
#include "grove/data_sets.h"

/* The different sets that were met, and how often. Zero it, with the allocator of its strings. */
typedef struct grove_set_counts {
    grove_strings sets; /* ids of values as they were met, in rising order, as bytes */
    int64_t *counts;    /* [sets.count] */
    size_t known, capacity;
} grove_set_counts;

/* False when memory is short. */
bool grove_count_set(grove_set_counts *counts, const grove_bag_items *cell);
void grove_set_counts_free(grove_set_counts *counts);

/* The vocabulary of a column, and its most frequent set, from what was met: values and sets.
 * Classes that are left out of the one are left out of the other. Refused: labels that are all
 * empty, or all the same. names: of the table's columns. */
grove_status grove_settle_sets(grove_schema *schema, grove_column *column, const grove_table *names,
                               size_t position, const grove_set_counts *counts,
                               const grove_column *met, grove_error *error);

/* The sets of all rows of a table, one after the other. */
typedef struct grove_label_sets {
    size_t *offsets;  /* [rows + 1] */
    int32_t *classes; /* [offsets[rows]] */
    size_t used, capacity;
    size_t unknown, unknown_rows;
} grove_label_sets;

/* NULL when memory is short. */
grove_label_sets *grove_label_sets_of(const grove_schema *schema, const grove_table *table);
void grove_label_sets_free(const grove_allocator *memory, grove_label_sets *sets);

#endif
