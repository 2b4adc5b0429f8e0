/* SPDX-License-Identifier: MIT
 *
 * Splits and shuffles. Each random number is a hash of what it is for, so nothing depends on who
 * drew before. */
#include <math.h>

#include "base/error.h"
#include "base/sort.h"
#include "grove/data.h"
#include "message.h"
#include "table.h"

/* The output function of SplitMix64 (Steele, Lea & Flood 2014), taken three times: once for each
 * thing the number is to depend on. */
static uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t hash(uint64_t seed, uint64_t epoch, uint64_t position) {
    return mix(mix(mix(seed) ^ epoch) ^ position);
}

void grove_shuffle(const size_t *rows, size_t count, uint64_t seed, uint64_t epoch, size_t *order) {
    for (size_t i = 0; i < count; i++) {
        order[i] = rows ? rows[i] : i;
    }
    for (size_t i = count; i-- > 1;) {
        size_t other = (size_t)(hash(seed, epoch, i) % (i + 1));
        size_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* ---- splits ---------------------------------------------------------------------------------- */

/* Sorts rows [count] by label, and within a label by a hash that the seed decides. */
static void shuffle_classes(size_t rows, const int32_t *labels, uint64_t seed, grove_keyed *list,
                            grove_keyed *spare) {
    for (size_t i = 0; i < rows; i++) {
        list[i] = (grove_keyed){hash(seed, 0, i), i};
    }
    grove_sort_keyed(list, rows, spare);
    for (size_t i = 0; i < rows; i++) {
        list[i].key = grove_key_of_int(labels ? labels[list[i].item] : 0);
    }
    grove_sort_keyed(list, rows, spare);
}

/* Marks the rows for validation among `list` [count], sorted by label and hash; the keys are the
 * labels. The aim is rounded for all classes up to each one together, so many small classes do not
 * round to nothing. Returns how many were taken. */
static size_t draw(const grove_keyed *list, size_t count, double fraction, bool *taken) {
    size_t total = 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && list[end].key == list[begin].key;) {
            end++;
        }
        size_t aim = (size_t)floor(fraction * (double)end + 0.5);
        size_t most = end - begin - 1; /* one stays for training */
        size_t take = aim > total ? aim - total : 0;
        take = take < most ? take : most;
        for (size_t i = begin; i < begin + take; i++) {
            taken[list[i].item] = true;
        }
        total += take;
    }
    return total;
}

static void deal(const bool *taken, size_t rows, grove_split *split) {
    size_t train = 0, valid = 0;
    for (size_t row = 0; row < rows; row++) {
        if (taken[row]) {
            split->valid[valid++] = row;
        } else {
            split->train[train++] = row;
        }
    }
}

grove_status grove_split_rows(size_t rows, const int32_t *labels, double fraction, uint64_t seed,
                              const grove_allocator *allocator, grove_split *split,
                              grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_error_clear(error);
    *split = (grove_split){.allocator = memory};
    if (!(fraction >= 0 && fraction < 1)) {
        char text[32];
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "the share of rows for validation is %s; it must be 0 or more, below 1",
                          grove_format_number(text, fraction));
    }
    size_t bytes = 0;
    if (rows == 0 || !grove_multiply(rows, 2 * sizeof(grove_keyed), &bytes)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "%zu rows cannot be split", rows);
    }
    grove_keyed *list = grove_alloc(&memory, bytes);
    bool *taken = grove_alloc_zero(&memory, rows, sizeof *taken);
    size_t *parts = grove_alloc(&memory, rows * sizeof *parts);
    bool fits = list && taken && parts;
    if (fits) {
        shuffle_classes(rows, labels, seed, list, list + rows);
        split->valid_count = draw(list, rows, fraction, taken);
        split->train_count = rows - split->valid_count;
        split->train = parts;
        split->valid = parts + split->train_count;
        deal(taken, rows, split);
    } else {
        grove_release(&memory, parts);
    }
    grove_release(&memory, list);
    grove_release(&memory, taken);
    return fits ? GROVE_OK : grove_fail_memory(error, bytes);
}

/* The classes of a column, numbered as they come. */
static grove_status number_labels(const grove_table *table, size_t column, int32_t *labels,
                                  const grove_allocator *memory, grove_error *error) {
    grove_strings values = {.allocator = *memory};
    grove_status status = GROVE_OK;
    for (size_t row = 0; row < table->rows && status == GROVE_OK; row++) {
        grove_cell cell = grove_table_at(table, row, column);
        labels[row] = grove_strings_add(&values, cell.bytes, cell.length);
        if (labels[row] < 0) {
            status = grove_fail_memory(error, 2 * values.bytes_capacity);
        }
    }
    grove_strings_free(&values);
    return status;
}

grove_status grove_split_table(const grove_table *table, const char *label, double fraction,
                               uint64_t seed, const grove_allocator *allocator, grove_split *split,
                               grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    *split = (grove_split){.allocator = memory};
    if (!label) {
        return grove_split_rows(table->rows, NULL, fraction, seed, &memory, split, error);
    }
    int column = grove_table_find(table, label);
    if (column < 0) {
        return grove_no_column(table, label, error);
    }
    int32_t *labels = grove_alloc(&memory, table->rows * sizeof *labels);
    if (!labels) {
        return grove_fail_memory(error, table->rows * sizeof *labels);
    }
    grove_status status = number_labels(table, (size_t)column, labels, &memory, error);
    if (status == GROVE_OK) {
        status = grove_split_rows(table->rows, labels, fraction, seed, &memory, split, error);
    }
    grove_release(&memory, labels);
    return status;
}

void grove_split_free(grove_split *split) {
    if (split) {
        grove_release(&split->allocator, split->train);
        *split = (grove_split){.allocator = split->allocator};
    }
}
