/* SPDX-License-Identifier: MIT
 *
 * train/packed_rows.h - the rows of training, each in one piece.
 *
 * A dataset keeps the ids of a column together, so a row met at random costs a miss of the near
 * caches for each column; here it costs one, and that one is asked for ahead. */
#ifndef GROVE_TRAIN_PACKED_ROWS_H
#define GROVE_TRAIN_PACKED_ROWS_H

#include "predictor.h"
#include "targets.h"

/* A row: an id for each categorical column, the words of its target, a number for each feature. */
typedef struct grove_packed_rows {
    grove_allocator allocator;
    size_t categorical, numeric, target; /* words of each */
    size_t width;                        /* words from one row to the next */
    int32_t *words;                      /* [rows, width] */
} grove_packed_rows;

/* Copies rows, with their targets, that fit the feed. To be closed also after a failure. */
grove_status grove_packed_open(grove_packed_rows *packed, const grove_feed *feed,
                               const grove_targets *targets, const grove_rows *rows,
                               grove_error *error);
void grove_packed_close(grove_packed_rows *packed);

/* Copies rows order[0..count - 1], counted from 0 among those that were packed, to the first places
 * of the feed and of `targets`. As many of the order as are known, count or more, are fetched
 * ahead. */
void grove_packed_take(const grove_packed_rows *packed, const size_t *order, size_t count,
                       size_t known, grove_feed *feed, grove_targets *targets);

#endif
