/* SPDX-License-Identifier: MIT
 *
 * grove/data_collisions.h - what hashing cost: which categories share rows of a table.
 *
 * Hashing (grove/data_hash.h, hash_ids) gives each category k rows of a table, by chance. This
 * counts what came of it and says what chance alone would have given, so that a table that is too
 * small, or a hash that is no good, can be seen before training. It needs the rows of all
 * categories and no graph. For hash_ids they are made by a plan over positions:
 *
 *     grove_tensor rows = grove_hash_ids(grove_positions(g, 73000), 20000, 2, seed);
 *
 * Two kinds of collision:
 *   merged    two categories have the same rows, all k of them, in any order (as a sum does not see
 *             the order). Their vectors are the same: no training can tell them apart.
 *   sharing   two categories have at least one row in common. With one row for each (k = 1) that is
 *             the same as merged. With more, each still has a vector of its own, but what one
 *             learns moves the other.
 */
#ifndef GROVE_DATA_COLLISIONS_H
#define GROVE_DATA_COLLISIONS_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Two categories that share a row. */
typedef struct grove_collision {
    size_t first, second; /* first < second */
    int shared;           /* how many of their rows; all of them: they are merged */
    grove_id row;         /* the smallest one that both have */
    double weight;        /* of the lighter of the two: rows of data that are at stake */
} grove_collision;

/* Zero means the default, field by field. */
typedef struct grove_collision_options {
    const double *weights;     /* [categories]: how many rows of data each has; NULL: one each */
    grove_collision *heaviest; /* [room]: to be filled with the worst pairs; NULL: none wanted */
    size_t room;
    grove_allocator allocator;
} grove_collision_options;

/* What was seen, and what is expected of a hash that draws each row evenly and independently. */
typedef struct grove_collision_report {
    size_t merged;  /* categories that are merged with another one */
    size_t sharing; /* categories that have a row in common with another one */
    double sharing_expected;
    double merged_weight;  /* the share of all data, 0 to 1, that belongs to merged categories, */
    double sharing_weight; /* and to those that share a row */
    uint64_t merged_pairs; /* pairs of categories that are merged: three alike are 3 pairs */
    double merged_pairs_expected; /* for n categories n (n - 1) / 2 * P(two are merged) */
    uint64_t row_pairs;           /* pairs that have a row in common, summed over the rows: a pair
                                     that shares two rows is counted twice */
    double row_pairs_expected;
    size_t rows_used; /* rows of the table that some category has */
    double rows_used_expected;
    size_t fullest;       /* how many categories have the row that most have, */
    grove_id fullest_row; /* and which it is (the smallest, of several) */
    size_t listed;        /* pairs in `heaviest`: first those that are merged, then the others, each
                             by falling weight */
} grove_collision_report;

/* Counts collisions. ids [categories, hashes], from 0 to buckets - 1; with `missing_apart` of
 * data_hash.h the missing one has a row more, so give buckets + 1, or leave it out. It sorts digit
 * by digit: the cost grows with the number of ids, whatever that of the pairs. Takes 12 bytes for
 * each id and 9 for each category from the allocator, and gives them back.
 *
 * GROVE_BAD_ARGUMENT for buckets or hashes (1 to GROVE_MAX_HASHES) out of range; GROVE_BAD_DATA for
 * an id that is no row, and a weight that is negative or not finite, both with the number of the
 * category; GROVE_UNSUPPORTED for more than 2^31 - 1 ids. options may be NULL. */
GROVE_API grove_status grove_report_collisions(const grove_id *ids, size_t categories, int hashes,
                                               int64_t buckets,
                                               const grove_collision_options *options,
                                               grove_collision_report *report, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
