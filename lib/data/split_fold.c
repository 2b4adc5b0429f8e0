/* SPDX-License-Identifier: MIT
 *
 * One round of a cross-validation: a fold for the test, of the others a share to validate on. */
#include "base/error.h"
#include "split.h"
#include "table.h"

static grove_status draw_within(const grove_table *table, const char *label, const char *group,
                                double fraction, uint64_t seed, const grove_allocator *memory,
                                uint8_t *parts, grove_error *error) {
    int32_t *labels;
    size_t classes;
    if (group) {
        return grove_draw_groups(table, group, label, fraction, seed, memory, parts, error);
    }
    grove_status status = grove_number_values(table, label, memory, &labels, &classes, error);
    if (status == GROVE_OK) {
        status = grove_draw_rows(table->rows, labels, fraction, seed, memory, parts, error);
    }
    grove_release(memory, labels);
    return status;
}

grove_status grove_split_fold(const grove_table *table, const char *label, const char *group,
                              const int32_t *fold, int32_t test, double fraction, uint64_t seed,
                              const grove_allocator *allocator, grove_split *split,
                              grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_error_clear(error);
    *split = (grove_split){.allocator = memory};
    grove_status status = grove_check_fraction(fraction, error);
    if (status != GROVE_OK) {
        return status;
    }
    uint8_t *parts = grove_alloc(&memory, table->rows + 1);
    if (!parts) {
        return grove_fail_memory(error, table->rows + 1);
    }
    for (size_t row = 0; row < table->rows; row++) {
        parts[row] = fold[row] == test ? GROVE_PART_TEST : GROVE_PART_TRAIN;
    }
    status = draw_within(table, label, group, fraction, seed, &memory, parts, error);
    if (status == GROVE_OK) {
        status = grove_split_deal(parts, table->rows, &memory, split, error);
    }
    grove_release(&memory, parts);
    return status;
}
