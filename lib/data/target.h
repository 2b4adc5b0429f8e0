/* SPDX-License-Identifier: MIT
 * data/target.h - labels that are numbers: noting their scale, and encoding them. */
#ifndef GROVE_DATA_TARGET_H
#define GROVE_DATA_TARGET_H

#include "schema.h"

/* Which kind of column holds such targets, and back: false for a column that is no label. */
grove_column_kind grove_target_column(grove_target_kind kind);
bool grove_is_label(grove_column_kind kind);
bool grove_has_classes(grove_column_kind kind); /* one in a cell, or several */
bool grove_needs_label(grove_column_kind kind); /* a label that no row may lack */
bool grove_is_scaled(grove_column_kind kind);   /* a target, or a number among the features */

/* "data.csv: column 'price': every row has the label '5', ...". */
grove_status grove_one_number(const grove_table *table, size_t column, double number,
                              grove_error *error);

/* Numbers that a median is taken of: all of up to 2^20, else every 2nd, 4th... Zero it; the numbers
 * are to be released. */
typedef struct grove_number_sample {
    double *numbers;
    size_t count, capacity;
    size_t seen, step; /* every step-th is kept; 0: all so far */
} grove_number_sample;

/* False when memory is short. */
bool grove_sample_number(grove_number_sample *sample, const grove_allocator *memory, double x);
/* 0 of none. Puts the numbers in order. */
double grove_sample_median(const grove_number_sample *sample);

/* targets[begin .. end - 1] = (x - mean) / deviation. */
grove_status grove_encode_targets(const grove_column *column, const grove_table *table,
                                  size_t position, size_t begin, size_t end, float *targets,
                                  grove_error *error);

#endif
