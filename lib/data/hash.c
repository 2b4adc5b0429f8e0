/* SPDX-License-Identifier: MIT */
#include "grove/data_hash.h"

#include <inttypes.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

/* XXH64 reads words as little-endian, whatever the machine, and at any address. */
uint64_t grove_hash(const void *bytes, size_t size, uint64_t seed) {
    return XXH64(size > 0 ? bytes : "", size, seed);
}

static grove_status check(const grove_hashing *how, grove_error *error) {
    grove_error_clear(error);
    if (!how || how->buckets < 1 || how->buckets > INT32_MAX) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "hashing: there must be 1 to 2147483647 buckets, not %" PRId64,
                          how ? how->buckets : 0);
    }
    if (how->hashes < 1 || how->hashes > GROVE_MAX_HASHES) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "hashing: there must be 1 to %d hashes of a text, not %d",
                          GROVE_MAX_HASHES, how->hashes);
    }
    return GROVE_OK;
}

static grove_status no_place(grove_error *error) {
    return grove_fail(error, GROVE_BAD_ARGUMENT, "hashing: there is no place to write the ids to");
}

static void hash_cell(grove_cell cell, const grove_hashing *how, grove_id *ids) {
    const bool apart = how->missing_apart && cell.length == 0;
    const uint64_t buckets = (uint64_t)how->buckets;
    for (int j = 0; j < how->hashes; j++) {
        uint64_t hash = apart ? 0 : grove_hash(cell.bytes, cell.length, how->seed + (uint64_t)j);
        ids[j] = (grove_id)(apart ? buckets : hash % buckets);
    }
}

grove_status grove_hash_cell(grove_cell cell, const grove_hashing *how, grove_id *ids,
                             grove_error *error) {
    grove_status status = check(how, error);
    if (status == GROVE_OK && !ids) {
        status = no_place(error);
    }
    if (status == GROVE_OK) {
        hash_cell(cell, how, ids);
    }
    return status;
}

grove_status grove_hash_column(const grove_table *table, size_t column, const grove_hashing *how,
                               grove_id *ids, grove_error *error) {
    grove_status status = check(how, error);
    if (status != GROVE_OK) {
        return status;
    }
    if (!table) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "hashing: there is no table");
    }
    if (column >= grove_table_columns(table)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "hashing: the table has no column %zu",
                          column);
    }
    if (!ids && grove_table_rows(table) > 0) {
        return no_place(error);
    }
    for (size_t row = 0; row < grove_table_rows(table); row++) {
        hash_cell(grove_table_cell(table, row, column), how, ids + row * (size_t)how->hashes);
    }
    return GROVE_OK;
}
