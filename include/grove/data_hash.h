/* SPDX-License-Identifier: MIT
 *
 * grove/data_hash.h - hashing, the alternative to a vocabulary: rows of a table for any text.
 *
 * A vocabulary gives each value a row of its own, must be made before training, kept with the
 * model, and knows no new values. A hash needs none of that: the bytes of a value say which row it
 * has, also for values that nobody has seen yet. The price: values share rows by chance. How many
 * do, tells grove/data_collisions.h. (The hashing trick: Weinberger et al. 2009, "Feature hashing
 * for large scale multitask learning".)
 *
 * With k rows for each value, looked up and summed, two values are mixed up only if they share all
 * k (Svenstrup, Hansen & Winther 2017, "Hash embeddings"). Rows are ids like any other:
 *
 *     grove_hashing how = {.buckets = 20000, .hashes = 2, .seed = 1};
 *     grove_hash_column(table, column, &how, ids, &error);             (ids [rows, 2])
 *
 *     grove_tensor species = grove_input_ids(g, "species", GROVE_BATCH, 2);
 *     grove_init init = {GROVE_INIT_NORMAL, .b = sqrt(1.0 / (how.hashes * 12))};
 *     grove_tensor vector = grove_nn_embedding_bag(species, how.buckets, 12, "vector",
 *         &(grove_nn_embedding_bag_options){.table_init = &init});   (a sum's length is about 1)
 *
 * The rows of a value depend on its bytes and on these three numbers alone: keep them with the
 * model. Columns that share a table of vectors want the same ones; columns with tables of their own
 * may have them, too.
 */
#ifndef GROVE_DATA_HASH_H
#define GROVE_DATA_HASH_H

#include "data_table.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* XXH64 of bytes [size], which may be NULL if size is 0. It is the published function (Collet's
 * xxHash, 64 bits), the same on every machine: so other programs find the same rows. */
GROVE_API uint64_t grove_hash(const void *bytes, size_t size, uint64_t seed);

/* How texts get rows: row j of a text is XXH64(its bytes, seed + j) mod buckets, for j from 0 to
 * hashes - 1. (Seeds are counted on modulo 2^64. Two descriptions whose seeds lie nearer together
 * than `hashes` have rows in common.) */
typedef struct grove_hashing {
    int64_t buckets; /* rows that the table of vectors has: 1 to 2^31 - 1 */
    int hashes;      /* rows for each text: 1 to GROVE_MAX_HASHES; 2 is a good number */
    uint64_t seed;
    bool missing_apart; /* an empty cell has row `buckets` in all its places, which no text has: the
                           table then has buckets + 1 rows. Otherwise missing is hashed like any
                           other text, the empty one. */
} grove_hashing;

/* The rows of one cell, ids [hashes]. GROVE_BAD_ARGUMENT, with nothing written, for a description
 * that is not as said above. */
GROVE_API grove_status grove_hash_cell(grove_cell cell, const grove_hashing *how, grove_id *ids,
                                       grove_error *error);

/* The rows of each cell of a column, ids [rows of the table, hashes]. Needs no memory. */
GROVE_API grove_status grove_hash_column(const grove_table *table, size_t column,
                                         const grove_hashing *how, grove_id *ids,
                                         grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
