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

/* Rows of a file lie in its blocks, of which some are held. */
enum { GROVE_PACKED_BLOCKS = 64 };

/* A row: an id for each categorical column, the words of its target, a number for each feature. */
typedef struct grove_packed_rows {
    grove_allocator allocator;
    grove_rows rows;                     /* whose bags stay where they are */
    size_t categorical, numeric, target; /* words of each */
    size_t width;                        /* words from one row to the next */
    int32_t *words;                      /* [rows, width]; NULL: they are in a file */
    const grove_row_file *file;
    int32_t *blocks[GROVE_PACKED_BLOCKS]; /* [held] of it, GROVE_BLOCK_ROWS rows each */
    size_t held;
} grove_packed_rows;

/* Copies rows, with their targets, that fit the feed. To be closed also after a failure. */
grove_status grove_packed_open(grove_packed_rows *packed, const grove_feed *feed,
                               const grove_targets *targets, const grove_rows *rows,
                               grove_error *error);
void grove_packed_close(grove_packed_rows *packed);

/* The same for rows that were packed already, in a file; none of its blocks is held yet. */
void grove_packed_open_file(grove_packed_rows *packed, const grove_feed *feed,
                            const grove_targets *targets, const grove_row_file *file);
/* Reads a block behind those that are held; gives all of them back. */
grove_status grove_packed_read(grove_packed_rows *packed, grove_part part, size_t block,
                               grove_error *error);
void grove_packed_release(grove_packed_rows *packed);

/* Copies rows order[0..count - 1], counted from 0 among those that were packed (of a file: in the
 * blocks that are held), to places at, at + 1... of the feed and of `targets`. As many of the order
 * as are known, count or more, are fetched ahead. */
void grove_packed_take(const grove_packed_rows *packed, const size_t *order, size_t count,
                       size_t known, grove_feed *feed, grove_targets *targets, size_t at);

#endif
