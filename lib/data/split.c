/* SPDX-License-Identifier: MIT
 *
 * Splits and shuffles. Each random number is a hash of what it is for, so nothing depends on who
 * drew before. */
#include <math.h>

#include "base/error.h"
#include "base/sort.h"
#include "grove/data.h"
#include "message.h"
#include "split.h"
#include "table.h"

/* The output function of SplitMix64 (Steele, Lea & Flood 2014), taken three times: once for each
 * thing the number is to depend on. */
static uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

uint64_t grove_split_hash(uint64_t seed, uint64_t epoch, uint64_t position) {
    return mix(mix(mix(seed) ^ epoch) ^ position);
}

void grove_shuffle(const size_t *rows, size_t count, uint64_t seed, uint64_t epoch, size_t *order) {
    for (size_t i = 0; i < count; i++) {
        order[i] = rows ? rows[i] : i;
    }
    for (size_t i = count; i-- > 1;) {
        size_t other = (size_t)(grove_split_hash(seed, epoch, i) % (i + 1));
        size_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* ---- parts ----------------------------------------------------------------------------------- */

const char *grove_part_name(grove_part part) {
    static const char *const words[] = {
#define GROVE_PART_WORD(code, word) word,
        GROVE_PART_LIST(GROVE_PART_WORD)
#undef GROVE_PART_WORD
    };
    return (unsigned)part < GROVE_PARTS ? words[part] : "";
}

grove_status grove_check_fraction(double fraction, grove_error *error) {
    char text[32];
    if (fraction >= 0 && fraction < 1) {
        return GROVE_OK;
    }
    return grove_fail(error, GROVE_BAD_ARGUMENT,
                      "the share of rows for validation is %s; it must be 0 or more, below 1",
                      grove_format_number(text, fraction));
}

grove_status grove_split_deal(const uint8_t *parts, size_t rows, const grove_allocator *memory,
                              grove_split *split, grove_error *error) {
    size_t counts[GROVE_PARTS + 1] = {0};
    *split = (grove_split){.allocator = *memory};
    for (size_t row = 0; row < rows; row++) {
        counts[parts[row] < GROVE_PARTS ? parts[row] : GROVE_PARTS]++;
    }
    size_t *block = grove_alloc(memory, (rows + 1) * sizeof *block);
    if (!block) {
        return grove_fail_memory(error, (rows + 1) * sizeof *block);
    }
    split->train = block;
    split->valid = split->train + counts[GROVE_PART_TRAIN];
    split->test = split->valid + counts[GROVE_PART_VALID];
    size_t *const lists[] = {split->train, split->valid, split->test};
    size_t used[GROVE_PARTS] = {0};
    for (size_t row = 0; row < rows; row++) {
        if (parts[row] < GROVE_PARTS) {
            lists[parts[row]][used[parts[row]]++] = row;
        }
    }
    split->train_count = counts[GROVE_PART_TRAIN];
    split->valid_count = counts[GROVE_PART_VALID];
    split->test_count = counts[GROVE_PART_TEST];
    return GROVE_OK;
}

void grove_split_free(grove_split *split) {
    if (split) {
        grove_release(&split->allocator, split->train);
        *split = (grove_split){.allocator = split->allocator};
    }
}

/* ---- drawn, class by class ------------------------------------------------------------------- */

/* Lists the rows that are to be trained on so far, sorted by label, and within a label by a hash
 * that the seed decides; the keys are the labels. Returns how many they are. */
static size_t shuffle_classes(size_t rows, const int32_t *labels, const uint8_t *parts,
                              uint64_t seed, grove_keyed *list, grove_keyed *spare) {
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        if (parts[i] == GROVE_PART_TRAIN) {
            list[count++] = (grove_keyed){grove_split_hash(seed, 0, i), i};
        }
    }
    grove_sort_keyed(list, count, spare);
    for (size_t i = 0; i < count; i++) {
        list[i].key = grove_key_of_int(labels ? labels[list[i].item] : 0);
    }
    grove_sort_keyed(list, count, spare);
    return count;
}

/* Marks the rows for validation among `list` [count], sorted by label and hash. The aim is rounded
 * for all classes up to each one together, so many small classes do not round to nothing. */
static void draw(const grove_keyed *list, size_t count, double fraction, uint8_t *parts) {
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
            parts[list[i].item] = GROVE_PART_VALID;
        }
        total += take;
    }
}

grove_status grove_draw_rows(size_t rows, const int32_t *labels, double fraction, uint64_t seed,
                             const grove_allocator *memory, uint8_t *parts, grove_error *error) {
    size_t bytes = 0;
    if (rows == 0 || !grove_multiply(rows, 2 * sizeof(grove_keyed), &bytes)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "%zu rows cannot be split", rows);
    }
    grove_keyed *list = grove_alloc(memory, bytes);
    if (!list) {
        return grove_fail_memory(error, bytes);
    }
    size_t count = shuffle_classes(rows, labels, parts, seed, list, list + rows);
    draw(list, count, fraction, parts);
    grove_release(memory, list);
    return GROVE_OK;
}

grove_status grove_split_rows(size_t rows, const int32_t *labels, double fraction, uint64_t seed,
                              const grove_allocator *allocator, grove_split *split,
                              grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_error_clear(error);
    *split = (grove_split){.allocator = memory};
    grove_status status = grove_check_fraction(fraction, error);
    if (status != GROVE_OK) {
        return status;
    }
    uint8_t *parts = grove_alloc_zero(&memory, rows + 1, sizeof *parts);
    if (!parts) {
        return grove_fail_memory(error, rows + 1);
    }
    status = grove_draw_rows(rows, labels, fraction, seed, &memory, parts, error);
    if (status == GROVE_OK) {
        status = grove_split_deal(parts, rows, &memory, split, error);
    }
    grove_release(&memory, parts);
    return status;
}

static grove_status number_cells(const grove_table *table, size_t column, int32_t *numbers,
                                 grove_strings *values, grove_error *error) {
    for (size_t row = 0; row < table->rows; row++) {
        grove_cell cell = grove_table_at(table, row, column);
        numbers[row] = grove_strings_add(values, cell.bytes, cell.length);
        if (numbers[row] < 0) {
            return grove_fail_memory(error, 2 * values->bytes_capacity);
        }
    }
    return GROVE_OK;
}

grove_status grove_number_values(const grove_table *table, const char *name,
                                 const grove_allocator *memory, int32_t **numbers, size_t *count,
                                 grove_error *error) {
    grove_strings values = {.allocator = *memory};
    grove_status status = GROVE_OK;
    int column = name ? grove_table_find(table, name) : -1;
    *numbers = NULL;
    if (name && column < 0) {
        return grove_no_column(table, name, error);
    }
    *numbers = grove_alloc_zero(memory, table->rows + 1, sizeof **numbers);
    if (!*numbers) {
        return grove_fail_memory(error, (table->rows + 1) * sizeof **numbers);
    }
    *count = 1;
    if (name) {
        status = number_cells(table, (size_t)column, *numbers, &values, error);
        *count = (size_t)values.count;
    }
    if (status != GROVE_OK) {
        grove_release(memory, *numbers);
        *numbers = NULL;
    }
    grove_strings_free(&values);
    return status;
}

grove_status grove_split_table(const grove_table *table, const char *label, double fraction,
                               uint64_t seed, const grove_allocator *allocator, grove_split *split,
                               grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    int32_t *labels;
    size_t classes;
    *split = (grove_split){.allocator = memory};
    grove_status status = grove_number_values(table, label, &memory, &labels, &classes, error);
    if (status == GROVE_OK) {
        status = grove_split_rows(table->rows, labels, fraction, seed, &memory, split, error);
    }
    grove_release(&memory, labels);
    return status;
}
