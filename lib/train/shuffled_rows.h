/* SPDX-License-Identifier: MIT
 *
 * train/shuffled_rows.h - the rows of training in the order of an epoch, from memory or a file.
 *
 * In memory all rows are shuffled. Of a file the blocks are; of each GROVE_PACKED_BLOCKS of them,
 * which are read together, the rows are. Seed and epoch decide, and nothing else does. */
#ifndef GROVE_TRAIN_SHUFFLED_ROWS_H
#define GROVE_TRAIN_SHUFFLED_ROWS_H

#include "packed_rows.h"

typedef struct grove_shuffled_rows {
    grove_allocator allocator;
    grove_rows rows;
    const grove_row_file *file; /* that they are in; NULL: in memory */
    grove_packed_rows packed;   /* all rows, or those of the window */
    uint64_t seed, epoch;
    size_t *order;         /* of the packed rows, as they come */
    size_t first, held;    /* the window: its first row in the epoch, and how many it has */
    size_t *blocks, count; /* of a file: [count] in the order of the epoch */
    size_t from, next;     /* those that this window and the next begin with */
    size_t begin, *taken;  /* the last batch: its first row; of a file [batch] their places */
    size_t *listed;        /* [window] the packed rows, before they are shuffled */
} grove_shuffled_rows;

/* To be closed also after a failure. */
grove_status grove_shuffled_open(grove_shuffled_rows *s, const grove_feed *feed,
                                 const grove_targets *targets, const grove_rows *rows,
                                 uint64_t seed, grove_error *error);
void grove_shuffled_close(grove_shuffled_rows *s);

/* An epoch begins. */
void grove_shuffled_begin(grove_shuffled_rows *s, uint64_t epoch);

/* Copies rows begin..begin + count - 1 of the epoch to the first places of feed and targets. They
 * are taken from the front to the back. */
grove_status grove_shuffled_take(grove_shuffled_rows *s, size_t begin, size_t count,
                                 grove_feed *feed, grove_targets *targets, grove_error *error);

/* Which of the rows that were handed in is row i of the epoch, one of the window? */
size_t grove_shuffled_place(const grove_shuffled_rows *s, size_t i);

/* For messages: which row of the data is row i of those that were taken last? Of a file it is
 * searched for. */
uint64_t grove_shuffled_row(const grove_shuffled_rows *s, size_t i);

#endif
