/* SPDX-License-Identifier: MIT
 * data/dataset_bags.h - the bags of a dataset: of each column one list of ids, cut into rows. */
#ifndef GROVE_DATA_DATASET_BAGS_H
#define GROVE_DATA_DATASET_BAGS_H

#include "grove/data_bags.h"
#include "schema.h"

typedef struct grove_bag_list {
    size_t *offsets; /* [rows + 1] */
    int32_t *ids;    /* [offsets[rows]] */
    float *weights;  /* the same */
} grove_bag_list;

/* Lists [columns that are bags] of all rows of the table, and how many cells of the columns of the
 * schema were unknown and missing. NULL when memory is short. */
grove_bag_list *grove_bag_lists(const grove_schema *schema, const grove_table *table,
                                int64_t *unknown, int64_t *missing);
void grove_bag_lists_free(const grove_allocator *memory, grove_bag_list *lists, size_t count);

#endif
