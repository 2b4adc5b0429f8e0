/* SPDX-License-Identifier: MIT */
#include "merge.h"

#include <string.h>

/* A hash table of at least twice as many cells as ids; a cell holds a slot, or -1. */
static size_t cells_for(size_t ids) {
    size_t cells = 16;
    while (cells < 2 * ids) {
        cells *= 2;
    }
    return cells;
}

static size_t rounded(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

size_t grove_merge_scratch(size_t ids) {
    return 2 * rounded(ids * sizeof(int32_t)) + rounded(cells_for(ids) * sizeof(int32_t));
}

/* Fibonacci hashing: the high bits of a product with 2^32 / golden ratio. */
static size_t first_cell(grove_id id, size_t mask) {
    uint32_t mixed = (uint32_t)id * 2654435769u;
    return (mixed ^ (mixed >> 15)) & mask;
}

grove_merged grove_merge(const grove_id *ids, size_t count, void *scratch) {
    size_t list = rounded(count * sizeof(int32_t)), cells = cells_for(count), mask = cells - 1;
    grove_merged merged = {.rows = scratch, .slot = (int32_t *)((char *)scratch + list)};
    int32_t *table = (int32_t *)((char *)scratch + 2 * list);
    memset(table, -1, cells * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        merged.slot[i] = -1;
        if (ids[i] < 0) {
            continue;
        }
        size_t cell = first_cell(ids[i], mask);
        while (table[cell] >= 0 && merged.rows[table[cell]] != ids[i]) {
            cell = (cell + 1) & mask;
        }
        if (table[cell] < 0) {
            table[cell] = (int32_t)merged.count;
            merged.rows[merged.count++] = ids[i];
        }
        merged.slot[i] = table[cell];
    }
    return merged;
}

void grove_merge_sum(const grove_merged *merged, const grove_real *values, size_t count,
                     size_t width, grove_real *sums) {
    memset(sums, 0, merged->count * width * sizeof *sums);
    for (size_t i = 0; i < count; i++) {
        if (merged->slot[i] < 0) {
            continue;
        }
        const grove_real *value = values + i * width;
        grove_real *sum = sums + (size_t)merged->slot[i] * width;
        for (size_t k = 0; k < width; k++) {
            sum[k] += value[k];
        }
    }
}

void grove_merge_sum_at(const grove_merged *merged, const grove_real *values, const int32_t *place,
                        size_t count, size_t width, grove_real *sums) {
    memset(sums, 0, merged->count * width * sizeof *sums);
    for (size_t i = 0; i < count; i++) {
        if (merged->slot[i] < 0) {
            continue;
        }
        const grove_real *value = values + (size_t)place[i] * width;
        grove_real *sum = sums + (size_t)merged->slot[i] * width;
        for (size_t k = 0; k < width; k++) {
            sum[k] += value[k];
        }
    }
}
