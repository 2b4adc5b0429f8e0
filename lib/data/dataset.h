/* SPDX-License-Identifier: MIT
 * data/dataset.h - the inside of a dataset. */
#ifndef GROVE_DATA_DATASET_H
#define GROVE_DATA_DATASET_H

#include "base/memory.h"
#include "dataset_bags.h"
#include "label_sets.h"
#include "row_file.h"

struct grove_dataset {
    grove_allocator allocator;
    size_t rows, columns, categoricals, features;
    int64_t cells;
    int32_t *ids;           /* [categoricals, rows]: a column's ids lie together */
    float *numbers;         /* [rows, features]: a row's numbers do */
    int32_t *labels;        /* [rows], or NULL */
    float *targets;         /* [rows], or NULL */
    grove_label_sets *sets; /* or NULL */
    grove_bag_list *bags;   /* [bag_count] */
    size_t bag_count;
    int64_t *unknown;           /* [columns of the schema] */
    int64_t *missing;           /* [columns of the schema] */
    const grove_row_file *file; /* where the rows are in one */
    grove_part part;
};

#endif
