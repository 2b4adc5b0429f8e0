/* SPDX-License-Identifier: MIT
 *
 * grove/embeddings.h - more that a table of vectors can do: a row for what is unknown, bags of ids,
 * more categories than rows, and rows that rest.
 *
 * A table is a parameter [rows, width], made by grove_nn_embedding (nn.h), by a layer below or by
 * grove_parameter. Its gradient is row-sparse: what a batch does not name is neither read nor
 * written. Names are made as in nn.h.
 */
#ifndef GROVE_EMBEDDINGS_H
#define GROVE_EMBEDDINGS_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a row for what is unknown --------------------------------------------------------------- */

/* Zero means the default, field by field. */
typedef struct grove_embedding_options {
    const grove_init *table_init; /* NULL: normal, of standard deviation 1 / sqrt(width) */
    double unknown_share; /* in training this share of the ids, from 0 to below 1, is looked up as
                             unknown_id; 0: none */
    grove_id unknown_id;  /* the row that stands for what is unknown; 0 */
} grove_embedding_options;

/* grove_nn_embedding with options: ids [...] -> [..., width].
 *
 * New data bring categories that training did not see. They need an id, and its row must have
 * learned something: a row that no training row names stays the noise it began with. Two sources
 * teach it, best both:
 *   - a share of all ids, drawn anew in each run, is looked up as unknown (word dropout: Iyyer et
 *     al. 2015). So the row learns to stand for any category, and the model to do without one; 0.01
 *     to 0.1 is usual. Outside training nothing is replaced, and it costs nothing.
 *   - rare categories, which cannot learn much themselves, are unknown always. A schema sees to
 *     that (min_count of grove_schema_options). Without one, a list of ids does, made from the
 *     counts of the training rows and saved with the model:
 *
 *         grove_id known[ROWS];
 *         for (grove_id i = 0; i < ROWS; i++) {
 *             known[i] = counts[i] >= 5 ? i : 0;
 *         }
 *         ids = grove_map_ids(ids, grove_constant_ids(g, "known", GROVE_SHAPE(ROWS), known));
 *         y = grove_nn_embedding_with(ids, ROWS, 12, "species",
 *                                     &(grove_embedding_options){.unknown_share = 0.05});
 */
GROVE_API grove_tensor grove_nn_embedding_with(grove_tensor ids, int64_t rows, int64_t width,
                                               const char *name,
                                               const grove_embedding_options *options);

/* ---- bags ------------------------------------------------------------------------------------ */

/* Zero means the default, field by field. */
typedef struct grove_nn_embedding_bag_options {
    grove_embedding_bag_options bag; /* sum, mean or max; padding */
    grove_tensor offsets;            /* ids are one list, and each bag begins where these say */
    grove_tensor weights;            /* of the shape of ids; in sums */
    const grove_init *table_init;    /* NULL: normal, of standard deviation 1 / sqrt(width) */
    double unknown_share;            /* as in grove_embedding_options; of the ids in the bags */
    grove_id unknown_id;
} grove_nn_embedding_bag_options;

/* An embedding layer for things that have several categories at once, in no order: one vector for a
 * whole bag of ids, the sum (the default), the mean (the bag of words of Mikolov et al. 2013) or,
 * column by column, the largest of their rows. The table is called name.weight [rows, width]. An
 * empty bag yields zeros.
 *
 * ids [..., n], a bag in each row -> [..., width]. Shorter bags are filled up with an id that is
 * said to be the padding; -1 is a good one, for it takes no row of the table:
 *
 *     grove_nn_embedding_bag(genres, 20, 8, "genres", &(grove_nn_embedding_bag_options){
 *         .bag = {.mode = GROVE_BAG_MEAN, .padded = true, .padding = -1}});
 *
 * Two rules: the padding gets no gradient, and it is not counted in the mean.
 *
 * ids [total] and offsets [bags] -> [bags, width]: bag b holds the ids from offsets[b] on, up to
 * before offsets[b + 1] (the last one: to the end). Offsets begin with 0 and never fall. With
 * include_last_offset there is one more, which is the number of ids; then their size must be fixed.
 * If batches have lists of different lengths, the end of the list may be padding, too. */
GROVE_API grove_tensor grove_nn_embedding_bag(grove_tensor ids, int64_t rows, int64_t width,
                                              const char *name,
                                              const grove_nn_embedding_bag_options *options);

/* ---- more categories than rows --------------------------------------------------------------- */

/* Zero means the default, field by field. */
typedef struct grove_nn_hashed_embedding_options {
    int hashes;                   /* rows for each id: 2; at most GROVE_MAX_HASHES */
    uint64_t seed;                /* of the hash */
    bool mean;                    /* of the rows; the default is their sum */
    int64_t importance_rows;      /* how many ids there are, if each is to learn weights for its
                                     rows; 0: no weights, and any id from 0 up will do */
    const grove_init *table_init; /* NULL: normal, such that a result's length is about 1 */
} grove_nn_hashed_embedding_options;

/* An embedding layer by the hashing trick: each id, whatever its number, gets some rows of one
 * table by a hash (hash_ids), and their sum is its vector. ids [...] -> [..., width]; the table is
 * called name.weight [buckets, width].
 *
 * With one hash, ids that share a row share their vector for good: of 73,000 ids in 20,000 rows
 * some 71,000 do. With two, nearly every id has a vector of its own (about 13 pairs do not), though
 * not one that moves alone. Which ones, and at what cost: data_collisions.h.
 *
 * With importance_rows, each id also learns how much each of its rows counts in the sum, in the
 * table name.importance [importance_rows, hashes]. It begins at 1, so as the plain sum; then an id
 * can turn away from a row that a frequent one has filled. Ids must then be below importance_rows.
 * (Hash embeddings: Svenstrup, Hansen & Winther 2017.)
 *
 * What was hashed before it came here (texts, by data_hash.h) is a bag of its rows:
 *
 *     grove_tensor rows = grove_input_ids(g, "species", GROVE_BATCH, how.hashes);
 *     grove_init init = {GROVE_INIT_NORMAL, .b = sqrt(1.0 / (how.hashes * 12))};
 *     grove_nn_embedding_bag(rows, how.buckets, 12, "vector",
 *                            &(grove_nn_embedding_bag_options){.table_init = &init}); */
GROVE_API grove_tensor grove_nn_hashed_embedding(grove_tensor ids, int64_t buckets, int64_t width,
                                                 const char *name,
                                                 const grove_nn_hashed_embedding_options *options);

/* How the two vectors of an id become one. */
typedef enum grove_combine {
    GROVE_COMBINE_PRODUCT, /* element by element */
    GROVE_COMBINE_SUM,
    GROVE_COMBINE_CONCAT /* one behind the other: twice as wide */
} grove_combine;

/* Zero means the default, field by field. */
typedef struct grove_nn_quotient_remainder_options {
    grove_combine combine;
    const grove_init *table_init; /* of both tables; NULL: normal, such that a result's length is
                                     about 1: of standard deviation width^(-1/4) for a product,
                                     1 / sqrt(2 width) for a sum and for two parts */
} grove_nn_quotient_remainder_options;

/* A quotient-remainder embedding: an id is taken apart into id / buckets and id mod buckets, each
 * of the two has a small table, and the two vectors found there are combined. No two ids have both
 * alike, so each has a vector of its own, from ceil(rows / buckets) + buckets rows: 541 for 73,000
 * ids and 271 buckets. ids [...], from 0 to rows - 1 -> [..., width] ([..., 2 * width] for CONCAT);
 * the tables are called name.quotient and name.remainder. (Shi, Mudigere, Naumov & Yang 2020.)
 *
 * Ids that are neighbours share the row of their quotient: ids in an order that means something
 * (by frequency, by kind) make that an advantage. */
GROVE_API grove_tensor grove_nn_quotient_remainder_embedding(
    grove_tensor ids, int64_t rows, int64_t buckets, int64_t width, const char *name,
    const grove_nn_quotient_remainder_options *options);

/* ---- rows that rest -------------------------------------------------------------------------- */

/* Freezes rows of a table: training leaves them as they are, bit by bit, whatever the optimizer,
 * its decay and its momentum, and whether their gradient is row-sparse or dense. For vectors that
 * were learned elsewhere, and beside them rows that are still to be learned; for a row that means
 * "nothing here". The whole table is frozen by grove_parameter_set.
 *
 * To be called before grove_minimize, for updates that are in the graph already stay as they are;
 * called again, it freezes more. Frozen rows do not count in the norm that gradients are clipped
 * by. If the table's gradient is dense (it is multiplied, as in a tied output layer), its other
 * rows are updated like those of a table: they decay only if the parameter's options ask for it.
 *
 * What is frozen stands in a state, "<table>.row_or_nobody" [rows]. It is training's, and does not
 * go into model files. Refused, also in the graph's error: what is no parameter [rows, width], and
 * a row that it does not have. */
GROVE_API grove_status grove_freeze_rows(grove_tensor table, const grove_id *rows, size_t count);

/* How many rows of the table are frozen by grove_freeze_rows. */
GROVE_API size_t grove_frozen_rows(grove_tensor table);

/* ---- lookups that are multiplied ------------------------------------------------------------- */

/* The same output, by a shorter way where rows of small tables are looked up, put side by side and
 * multiplied by one weight, as in the first layer of a network for tables. Each table is multiplied
 * by its part of the weight, and rows of these products are looked up and added:
 *
 *     concat(A[a], B[b], x) W^T + bias  =  (A W_A^T + bias)[a] + (B W_B^T)[b] + x W_x^T
 *
 * That is done to tables of at most a quarter as many rows as the batch has, and of 256 at most:
 * the products of a batch of 256 rows are those of a hundred rows then, forwards and backwards.
 * What lies between them and the output is appended once more with the same parameters; what is in
 * the graph stays, and so does a model that is saved. The numbers are the same within rounding.
 *
 * To be called before grove_minimize, with the loss (grove_fit does). Gradients of those tables are
 * dense then: an update of their few rows, all of them, is the exact form. The output itself where
 * there is nothing to fold; GROVE_NONE for an invalid one, or where memory is short. */
GROVE_API grove_tensor grove_fold_lookups(grove_tensor output, int64_t batch);

#ifdef __cplusplus
}
#endif
#endif
