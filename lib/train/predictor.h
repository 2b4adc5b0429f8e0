/* SPDX-License-Identifier: MIT
 *
 * train/predictor.h - one batch of rows in the form that a plan reads, for training and answering.
 */
#ifndef GROVE_TRAIN_PREDICTOR_H
#define GROVE_TRAIN_PREDICTOR_H

#include "bag_feed.h"
#include "base/memory.h"
#include "grove/train.h"

typedef struct grove_feed {
    grove_allocator allocator;
    size_t size;                        /* rows */
    size_t categorical, numeric;        /* columns of ids, features */
    grove_tensor *inputs, number_input; /* [categorical] */
    grove_id *ids;                      /* [categorical, size] */
    grove_real *numbers;                /* [size, numeric] */
    size_t bag_count;
    grove_bag_feed *bags; /* [bag_count] */
} grove_feed;

/* Finds the inputs of the schema's columns in the graph and makes room. To be closed also after a
 * failure. */
grove_status grove_feed_open(grove_feed *feed, const grove_graph *graph, const grove_schema *schema,
                             size_t size, grove_error *error);
void grove_feed_close(grove_feed *feed);

/* Binds the room to the inputs of a plan, once for all runs. */
grove_status grove_feed_bind(const grove_feed *feed, grove_plan *plan, grove_error *error);

/* Are these rows there, with the columns of the feed? */
grove_status grove_feed_fits(const grove_feed *feed, const grove_rows *rows, grove_error *error);

/* How many of these rows, `count` at most, a batch of the feed's size has room for: 1 or more. */
size_t grove_feed_room(const grove_feed *feed, const grove_rows *rows, size_t begin, size_t count);

/* The bags alone of rows [count], or begin, begin + 1... where rows is NULL, to the first places of
 * a batch of `size`. */
void grove_feed_bag(grove_feed *feed, size_t i, const grove_dataset *dataset, const size_t *rows,
                    size_t begin, size_t count, size_t size);
void grove_feed_bags(grove_feed *feed, const grove_dataset *dataset, const size_t *rows,
                     size_t begin, size_t count, size_t size);

/* Copies rows [count] of the dataset to the first places. */
void grove_feed_rows(grove_feed *feed, const grove_dataset *dataset, const size_t *rows,
                     size_t count);

/* Copies rows begin... begin + count - 1 of these, wherever they lie, to the first places. */
grove_status grove_feed_batch(grove_feed *feed, const grove_rows *rows, size_t begin, size_t count,
                              grove_error *error);

/* The same for one column of the schema alone; the others keep what they hold. */
void grove_feed_column(grove_feed *feed, const grove_schema *schema, size_t column,
                       const grove_dataset *dataset, const size_t *rows, size_t count);

/* grove_predictor_run, with the cells of one column taken from rows others [rows.count] of the same
 * dataset. rows.rows must be there. */
grove_status grove_predictor_run_mixed(grove_predictor *predictor, grove_rows rows, size_t column,
                                       const size_t *others, float *probabilities,
                                       grove_error *error);

/* Shows this share of the ids in the first places as id 0, the unknown category. Which ones depends
 * on seed, epoch and batch (any number of its own). */
void grove_feed_forget(grove_feed *feed, size_t count, double share, uint64_t seed, uint32_t epoch,
                       uint64_t batch);

/* As the plan gives them: answers [rows.count, grove_predictor_classes], of numbers scaled. */
grove_status grove_predictor_raw(grove_predictor *predictor, grove_rows rows, float *answers,
                                 grove_error *error);

/* Rows in a file (feed_file.c): are they there, with the columns of the feed; copies rows begin...
 * begin + count - 1 to the first places; their labels, or scaled numbers
 * that are to be predicted, [rows.count] words of 4 bytes. */
grove_status grove_feed_fits_file(const grove_feed *feed, const grove_rows *rows,
                                  grove_error *error);
grove_status grove_feed_file(grove_feed *feed, const grove_rows *rows, size_t begin, size_t count,
                             grove_error *error);
grove_status grove_targets_of_file(const grove_rows *rows, void *words, grove_error *error);

/* The numbers [wanted, features] of so many rows, evenly spread. */
grove_status grove_numbers_of_file(const grove_rows *rows, size_t wanted, grove_real *numbers,
                                   grove_error *error);

/* Are they in a file? */
static inline bool grove_rows_in_file(const grove_rows *rows) {
    return rows->dataset && grove_dataset_file(rows->dataset);
}

struct grove_predictor {
    grove_feed feed;
    const grove_schema *schema;
    grove_tensor answer;
    grove_plan *plan;
    size_t classes;
    bool is_number;
    double center, deviation; /* by which it was scaled */
};

/* Runs the plan on what was fed: the answers of the first rows, [rows, classes]. */
grove_status grove_predictor_answer(grove_predictor *predictor, size_t rows, float *probabilities,
                                    grove_error *error);
/* A number that was scaled, in the units of the table. */
double grove_predictor_units(const grove_predictor *predictor, float scaled);

/* Which row of the dataset is the i-th of these? */
static inline size_t grove_row_at(const grove_rows *rows, size_t i) {
    return rows->rows ? rows->rows[i] : i;
}

#endif
