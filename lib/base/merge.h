/* SPDX-License-Identifier: MIT
 * base/merge.h - which rows does a list of ids name? Repeated ids must be met once. */
#ifndef GROVE_BASE_MERGE_H
#define GROVE_BASE_MERGE_H

#include "grove/tensor.h"

/* The distinct ids of a list, in the order of their first appearance; `slot[i]` tells which of them
 * ids[i] is. Without a sort, and at a cost that depends on the list alone, never on the table.
 * Negative ids are nobody's: they are in no row, and their slot is -1. */
typedef struct grove_merged {
    size_t count;   /* how many distinct ids */
    grove_id *rows; /* [count] */
    int32_t *slot;  /* [ids] */
} grove_merged;

/* Bytes of scratch that grove_merge needs for a list of this length. */
size_t grove_merge_scratch(size_t ids);

/* The result lies in scratch, aligned to 64 bytes. */
grove_merged grove_merge(const grove_id *ids, size_t count, void *scratch);

/* The same where all ids are below `rows`: faster if these are not many more than the ids. */
grove_merged grove_merge_among(const grove_id *ids, size_t count, size_t rows, void *scratch);

/* sums[slot[i]] += values[i] for rows of this width: [merged.count, width], added in order; what is
 * nobody's is not read. */
void grove_merge_sum(const grove_merged *merged, const grove_real *values, size_t count,
                     size_t width, grove_real *sums);

#endif
