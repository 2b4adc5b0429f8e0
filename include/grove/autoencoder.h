/* SPDX-License-Identifier: MIT
 *
 * grove/autoencoder.h - a vector for each row of a table, learned without labels.
 *
 * An autoencoder (Hinton & Salakhutdinov 2006) squeezes a row through a few numbers, the code, and
 * has to tell from them what each cell was. In training some of the cells are hidden from it
 * (denoising: Vincent et al. 2008), so that the code holds what cells say about each other.
 *
 *     column.<a> -- hidden? -- table.<a> --+                              +-- decode.<a>, softmax
 *     column.<b> -- hidden? -- table.<b> --+-- encoder -- code -- decoder +-- decode.<b>, softmax
 *     numbers ----- hidden? ---------------+                              +-- decode.numbers
 *
 * The error of a categorical cell is its cross-entropy, in nats (unknown and missing are values as
 * others); of a number the squared error of what was standardized; of a column with missing numbers
 * also the binary cross-entropy of whether it is missing, and a missing number has no other error.
 *
 * Ownership: a grove_autoencoder owns its graph. Every _free takes NULL.
 */
#ifndef GROVE_AUTOENCODER_H
#define GROVE_AUTOENCODER_H

#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GROVE_MOST_DECODED = 10000 }; /* values of a column, with unknown and missing */

/* Zero means the default, field by field. */
typedef struct grove_autoencoder_options {
    int64_t code; /* numbers in the code; 32 */
    const int64_t
        *hidden;      /* [hidden_count] layers of the encoder; those of the decoder are the same
                              the other way round */
    int hidden_count; /* may be 0 */
    double corrupt;   /* share of the cells hidden in training, from 0 to below 1; 0 is none */
    uint64_t seed;
    grove_allocator allocator;
} grove_autoencoder_options;

/* A graph and its tensors, by their names: "code" [batch, code]; "errors" [batch, columns] of
 * columns in the order of grove_autoencoder_column; "hits" likewise: of categories 1 where the
 * likeliest value is the cell's, of numbers 0; "loss", the mean over the rows of the sum of errors.
 */
typedef struct grove_autoencoder {
    grove_graph *graph;
    grove_tensor code, errors, hits, loss;
} grove_autoencoder;

/* For a fitted schema without a label. Refused: texts and bags, no columns, and columns of more
 * than GROVE_MOST_DECODED values. A mistake stands in `error`, and there is nothing to free. */
GROVE_API grove_status grove_autoencoder_new(const grove_schema *schema,
                                             const grove_autoencoder_options *options,
                                             grove_autoencoder *autoencoder, grove_error *error);
GROVE_API void grove_autoencoder_free(grove_autoencoder *autoencoder);

/* Its columns: the categorical ones, then those of numbers. The i-th as one of the schema, or -1.
 */
GROVE_API int grove_autoencoder_column(const grove_schema *schema, size_t i);
GROVE_API size_t grove_autoencoder_columns(const grove_schema *schema);

typedef struct grove_autoencoder_progress {
    int epoch, epochs;             /* from 1 */
    double train_loss, valid_loss; /* as "loss"; the first with hidden cells, while it moved */
    bool is_best;
} grove_autoencoder_progress;

/* Zero means the default, field by field. */
typedef struct grove_autoencoder_fit_options {
    int epochs, patience; /* 30, 5 */
    int64_t batch;        /* 256 */
    double rate;          /* of Adam; 0.002 */
    uint64_t seed;        /* of the order of the rows */
    int threads;          /* as of a plan; the result does not depend on it */
    bool (*go_on)(void *user, const grove_autoencoder_progress *progress); /* false stops */
    void *user;
} grove_autoencoder_fit_options;

typedef struct grove_autoencoder_result {
    int epochs, best_epoch;        /* that were run; whose weights it has now */
    double train_loss, valid_loss; /* of that one; the last is 0 without rows to validate on */
} grove_autoencoder_result;

/* Trains on whole batches of rows in memory, in a random order; keeps the epoch that restores the
 * rows of `valid` best (count 0: the last one). */
GROVE_API grove_status grove_autoencoder_fit(grove_autoencoder *autoencoder,
                                             const grove_schema *schema, grove_rows train,
                                             grove_rows valid,
                                             const grove_autoencoder_fit_options *options,
                                             grove_autoencoder_result *result, grove_error *error);

/* What the graph, its own or a loaded one, makes of rows: errors and hits [rows.count, columns],
 * either of which may be NULL. */
GROVE_API grove_status grove_autoencoder_run(const grove_graph *graph, const grove_schema *schema,
                                             grove_rows rows, int threads, float *errors,
                                             float *hits, grove_error *error);

/* The mean error of each column for who knows nothing of a row but the rows of training: always
 * their shares of values, their mean. And the share of hits, always the most frequent value; of
 * numbers 0. Each [columns], of `rows`. */
GROVE_API grove_status grove_autoencoder_baseline(const grove_schema *schema, grove_rows rows,
                                                  double *errors, double *hits, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
