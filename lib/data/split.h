/* SPDX-License-Identifier: MIT
 * data/split.h - what the ways to split share: a part for each row, dealt out at the end. */
#ifndef GROVE_DATA_SPLIT_INSIDE_H
#define GROVE_DATA_SPLIT_INSIDE_H

#include "grove/data_split.h"

/* Each random number is a hash of what it is for. */
uint64_t grove_split_hash(uint64_t seed, uint64_t epoch, uint64_t position);

/* Refuses a share that is not from 0 to below 1. */
grove_status grove_check_fraction(double fraction, grove_error *error);

/* parts [rows]: what stands for each grove_part of a row, or, above them, for none. */
grove_status grove_split_deal(const uint8_t *parts, size_t rows, const grove_allocator *memory,
                              grove_split *split, grove_error *error);

/* The values of a column, numbered as they come: *numbers [rows], released by the caller, and their
 * count. An empty cell is a value. `name` NULL: all are 0. */
grove_status grove_number_values(const grove_table *table, const char *name,
                                 const grove_allocator *memory, int32_t **numbers, size_t *count,
                                 grove_error *error);

/* Draws rows among those of parts[row] == GROVE_PART_TRAIN, and makes them GROVE_PART_VALID: class
 * by class, labels [rows] or NULL. Without memory nothing is drawn. */
grove_status grove_draw_rows(size_t rows, const int32_t *labels, double fraction, uint64_t seed,
                             const grove_allocator *memory, uint8_t *parts, grove_error *error);
/* The same with whole groups of a column. */
grove_status grove_draw_groups(const grove_table *table, const char *group, const char *label,
                               double fraction, uint64_t seed, const grove_allocator *memory,
                               uint8_t *parts, grove_error *error);

#endif
