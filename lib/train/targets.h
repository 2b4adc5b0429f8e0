/* SPDX-License-Identifier: MIT
 *
 * train/targets.h - what rows are to be answered with, and how much each counts, in the form that a
 * plan of the loss reads.
 */
#ifndef GROVE_TRAIN_TARGETS_H
#define GROVE_TRAIN_TARGETS_H

#include "base/memory.h"
#include "grove/train.h"

/* How much rows count: the caller's, of a dataset. */
typedef struct grove_weighing {
    const float *rows;    /* [rows of the dataset], or NULL: all alike */
    const float *classes; /* [class_count], or NULL: all alike, or no class has the whole row */
    size_t class_count;
    const int32_t *labels; /* [rows of the dataset]; wanted where classes have weights */
    double scale;          /* makes the mean over the rows of training 1 */
} grove_weighing;

/* Those of the options, for a dataset whose rows have the weights `rows`, or NULL. */
grove_weighing grove_weighing_of(const grove_classifier *classifier,
                                 const grove_fit_options *options, const grove_dataset *dataset,
                                 const float *rows);

/* Of a row of the dataset. What lies below the least normal float is 0, so that no batch of rows
 * that count has a sum of 0. */
float grove_weigh(const grove_weighing *weighing, size_t row);

/* Checks the weights of these rows and finds the scale. GROVE_BAD_ARGUMENT for one that is negative
 * or no number, and for a label that is no class, GROVE_BAD_DATA where all are 0. */
grove_status grove_weighing_open(grove_weighing *weighing, const grove_rows *rows,
                                 grove_error *error);

/* Has the dataset of these rows what the schema's label asks for? Also where there are none. */
bool grove_have_targets(const grove_rows *rows, const grove_schema *schema);

/* One batch, and how a row stands in packed rows: its label or number, and its weight where rows
 * have one. */
typedef struct grove_targets {
    grove_allocator allocator;
    size_t words;          /* of 4 bytes, in a packed row */
    size_t classes;        /* of sets: each has a bit in the row */
    grove_id *labels;      /* [size], where there are classes, */
    grove_real *numbers;   /* [size], or else numbers, */
    grove_real *sets;      /* [size, classes], or 1 for each class that a row has */
    grove_real *positives; /* [classes] what those count, where rows have weights */
    grove_real *weights;   /* [size]; NULL: rows count alike */
    bool in_file;          /* rows have no word for a weight: it hangs on the label */
    grove_weighing weighing;
} grove_targets;

/* Makes room for batches of `size` rows of these. To be closed also after a failure. */
grove_status grove_targets_open(grove_targets *targets, const grove_classifier *classifier,
                                const grove_schema *schema, const grove_fit_options *options,
                                const grove_rows *rows, size_t size, grove_error *error);
void grove_targets_close(grove_targets *targets);

/* Binds the room to the inputs of a plan, once for all runs. */
grove_status grove_targets_bind(const grove_targets *targets, const grove_classifier *classifier,
                                grove_plan *plan);

/* Writes the words of a row of the dataset. */
void grove_targets_pack(const grove_targets *targets, const grove_dataset *dataset, size_t row,
                        int32_t *words);

/* Takes the words at rows[0..some - 1][column] to the places at, at + 1... of the batch. */
void grove_targets_take(grove_targets *targets, const int32_t *const *rows, size_t column,
                        size_t some, size_t at);

/* What the first `count` rows of the batch weigh together. */
double grove_targets_mass(const grove_targets *targets, size_t count);

#endif
