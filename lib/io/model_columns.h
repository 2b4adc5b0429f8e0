/* SPDX-License-Identifier: MIT
 * io/model_columns.h - what a column is saved as, and loaded from; its form is told in
 * model_columns.c. */
#ifndef GROVE_IO_MODEL_COLUMNS_H
#define GROVE_IO_MODEL_COLUMNS_H

#include "grove/data_bags.h"
#include "grove/data_sets.h"
#include "model.h"

/* The training cells of ids 0 and 1. */
typedef struct values {
    int64_t unknown, missing;
} values;
static const grove_field value_fields[] = {GROVE_FIELD(values, unknown, INT),
                                           GROVE_FIELD(values, missing, INT), GROVE_NO_MORE_FIELDS};

typedef struct scale {
    double mean, std;
    int64_t missing;
} scale;
static const grove_field scale_fields[] = {GROVE_FIELD(scale, mean, REAL),
                                           GROVE_FIELD(scale, std, REAL),
                                           GROVE_FIELD(scale, missing, INT), GROVE_NO_MORE_FIELDS};

typedef struct form {
    int64_t min_count, max_values, buckets;
    int64_t seed; /* the bits of an uint64_t */
    int64_t split;
    bool sum, keep_case, no_pairs, no_parts;
    int64_t numbers; /* a grove_number_form */
    int64_t unknown; /* a grove_unknown_policy */
    bool ascii_case;
} form;
enum { FIRST_FORM_FIELDS = 9 }; /* older files end with these */
static const grove_field form_fields[] = {GROVE_FIELD(form, min_count, INT),
                                          GROVE_FIELD(form, max_values, INT),
                                          GROVE_FIELD(form, buckets, INT),
                                          GROVE_FIELD(form, seed, INT),
                                          GROVE_FIELD(form, split, INT),
                                          GROVE_FIELD(form, sum, FLAG),
                                          GROVE_FIELD(form, keep_case, FLAG),
                                          GROVE_FIELD(form, no_pairs, FLAG),
                                          GROVE_FIELD(form, no_parts, FLAG),
                                          GROVE_FIELD(form, numbers, INT),
                                          GROVE_FIELD(form, unknown, INT),
                                          GROVE_FIELD(form, ascii_case, FLAG),
                                          GROVE_NO_MORE_FIELDS};

typedef struct bag {
    int64_t rows, longest;
    double mean, std;
} bag;
static const grove_field bag_fields[] = {
    GROVE_FIELD(bag, rows, INT), GROVE_FIELD(bag, longest, INT), GROVE_FIELD(bag, mean, REAL),
    GROVE_FIELD(bag, std, REAL), GROVE_NO_MORE_FIELDS};

typedef struct target_scale {
    double mean, std, median;
} target_scale;
static const grove_field target_fields[] = {
    GROVE_FIELD(target_scale, mean, REAL), GROVE_FIELD(target_scale, std, REAL),
    GROVE_FIELD(target_scale, median, REAL), GROVE_NO_MORE_FIELDS};

static inline bool is_bag(grove_column_kind kind) {
    return kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_TEXT;
}

static inline bool has_values(grove_column_kind kind) {
    return kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_LABEL ||
           kind == GROVE_COLUMN_LABELS || is_bag(kind);
}

static inline bool has_bag_size(grove_column_kind kind) {
    return is_bag(kind) || kind == GROVE_COLUMN_LABELS;
}

/* "vocab.<column>.<part>" in the arena, or NULL. */
const char *grove_model_part_name(grove_arena *arena, const char *column, const char *part);

#endif
