/* SPDX-License-Identifier: MIT
 *
 * grove/number_embeddings.h - numbers as embeddings: a vector for each number of a row, as an
 * embedding table has one for each category.
 *
 * A dense layer sees a number x as w * x: twice the age, twice the effect. Much in tables is not
 * so: income grows until fifty and falls again, a price of 9.99 is not one of 10. Gorishniy,
 * Rubachev & Babenko (2022, "On Embeddings for Numerical Features in Tabular Deep Learning") let a
 * number become a vector first, from which a dense layer can read any such curve. Their models, as
 * they name them, x being the numbers of each row, [batch, features], all scaled alike:
 *
 *     L        grove_nn_linear_numbers(x, 24, "numbers")              [batch, features, 24]
 *     PLE      grove_nn_piecewise_linear(x, &bins, "bins")            [batch, features, bins]
 *     PLE-L    grove_nn_dense_by_feature(PLE, 24, "numbers")          [batch, features, 24]
 *     P        grove_nn_periodic(x, "waves", NULL)                    [batch, features, 96]
 *     PL       grove_nn_dense_by_feature(P, 24, "numbers")            [batch, features, 24]
 *     PL lite  grove_nn_dense(P, 24, "numbers"), one layer for all    [batch, features, 24]
 *     LR, PLE-LR, PLR, PLR lite: grove_relu of these
 *
 * The result goes into a transformer as it is, one token for each column; for dense layers it is
 * laid flat: grove_reshape(y, GROVE_SHAPE(GROVE_BATCH, FEATURES * 24)), and put beside the tables
 * of the categories by grove_concat. The widths, 24, and all defaults below are those of the
 * authors' package (rtdl_num_embeddings).
 *
 * A missing number is NaN, and stays NaN: its feature's vector, then the loss, so that nobody
 * overlooks it; in the layers here other features and rows do not see it. Nothing guesses what a
 * hole should have held. Give it a number (the mean) and say so beside it, in a feature that is 1
 * for missing and else 0, as grove_schema_encode does; or add the row of a table of two
 * (grove_nn_embedding).
 *
 * Names are made as in nn.h; options may be NULL, and in them zero means the default.
 */
#ifndef GROVE_NUMBER_EMBEDDINGS_H
#define GROVE_NUMBER_EMBEDDINGS_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- bins, fitted to numbers ----------------------------------------------------------------- */

/* Where the bins of each feature lie. May also be filled by hand, and then is not to be freed. */
typedef struct grove_number_bins {
    size_t features;
    size_t most;               /* bins of the feature that has most of them */
    grove_real *edges;         /* [features, most + 1], rising; a feature of fewer bins repeats its
                                  last edge */
    grove_allocator allocator; /* of edges */
} grove_number_bins;

/* Bins with about equally many rows in each: the edges of a column of numbers [rows, features] are
 * its quantiles at 0, 1/wanted, 2/wanted... 1, so the first is its smallest number and the last
 * its largest. wanted 0 means 48.
 *
 * Give it the rows that are trained on, and no others: what the edges know, the model knows.
 *
 * The quantile at q of n numbers in rising order, v[0]..v[n - 1], is that of numpy.quantile's
 * default, linear interpolation: with h = q * (n - 1) and i = floor(h), it is
 * v[i] + (h - i) * (v[i + 1] - v[i]). NaN is no number and is left out. Quantiles that are equal
 * (many rows with one number) are one edge, so a column of few distinct numbers has few bins.
 *
 * Refused, with the column: one without numbers, one with a single number (nothing can be learned
 * from it: leave it out), an infinite number (its row, too). On failure nothing is to be freed. */
GROVE_API grove_status grove_number_bins_fit(const grove_real *numbers, size_t rows,
                                             size_t features, size_t wanted,
                                             const grove_allocator *allocator,
                                             grove_number_bins *bins, grove_error *error);
/* The same, but a feature of no more than `wanted` distinct numbers has a bin for each of them: its
 * inner edges lie halfway between neighbours. So a number of children, an age, an amount that many
 * forms share can have a vector of its own (grove_number_ids). wanted 0 means 256. A column of more
 * numbers has `quantiles` bins (0: as many as wanted), as above. A column with a single number is
 * not refused: it has one bin. */
GROVE_API grove_status grove_number_bins_fit_distinct(const grove_real *numbers, size_t rows,
                                                      size_t features, size_t wanted,
                                                      size_t quantiles,
                                                      const grove_allocator *allocator,
                                                      grove_number_bins *bins, grove_error *error);
/* How many bins a feature has; 0 for one that is not there. */
GROVE_API size_t grove_number_bins_count(const grove_number_bins *bins, size_t feature);
GROVE_API void grove_number_bins_free(grove_number_bins *bins); /* takes NULL */

/* ---- encodings ------------------------------------------------------------------------------- */

/* The piecewise linear encoding: how far x fills each bin. x [batch, features] -> [batch,
 * features, bins.most]. For the bin from a to b it is
 *
 *     0                  x < a, unless the bin is the feature's first
 *     1                  x >= b, unless it is its last
 *     (x - a) / (b - a)  else: so the first goes below 0, the last above 1
 *
 * A feature of fewer bins ends in entries that are always 0. With the edges 0, 1, 3, 4:
 *
 *     -1 -> [-1, 0, 0]     1 -> [1, 0, 0]     2 -> [1, 0.5, 0]     6 -> [1, 1, 3]
 *
 * The edges are copied into the constant "<name>.edges", which is saved with the model. Refused:
 * bins of another number of features, edges that are not finite or do not rise. */
GROVE_API grove_tensor grove_nn_piecewise_linear(grove_tensor x, const grove_number_bins *bins,
                                                 const char *name);

/* A vector for each bin: x [batch, features] -> [batch, features, width], the row of the bin that
 * each number lies in (grove_number_ids). "<name>.weight" [features * bins.most, width] begins as
 * that of grove_nn_embedding; the edges are kept as above. So a step may be as steep as a tree's,
 * which the encoding above can only approach. */
GROVE_API grove_tensor grove_nn_binned_embedding(grove_tensor x, const grove_number_bins *bins,
                                                 int64_t width, const char *name);

typedef struct grove_periodic_options {
    int64_t frequencies; /* of each feature, k; 48 */
    double sigma;        /* they begin with normal numbers of this standard deviation; 0.01 */
} grove_periodic_options;

/* The periodic encoding: x [batch, features] -> [batch, features, 2 * frequencies], the sines, then
 * the cosines of v = 2 pi c x, with frequencies c, "<name>.frequency" [features, k], that are
 * learned. They are in turns for each unit of x, so x should be scaled (mean 0, deviation 1, say).
 * Small ones see broad curves, large ones fine structure, and noise: sigma, which says how large
 * they begin, matters, and the authors ask for it to be searched for. */
GROVE_API grove_tensor grove_nn_periodic(grove_tensor x, const char *name,
                                         const grove_periodic_options *options);

/* ---- embeddings ------------------------------------------------------------------------------ */

/* A dense layer of its own for each feature: y[f] = x[f] W[f] + b[f]. x [batch, features, in] ->
 * [batch, features, width]; "<name>.weight" [features, in, width] and "<name>.bias" [features,
 * width] begin uniform within +-1 / sqrt(in). */
GROVE_API grove_tensor grove_nn_dense_by_feature(grove_tensor x, int64_t width, const char *name);

/* A linear embedding: y[f] = x[f] w[f] + b[f], a direction for each feature that its number
 * stretches. x [batch, features] -> [batch, features, width]; "<name>.weight" and "<name>.bias"
 * [features, width] begin uniform within +-1 / sqrt(width). The tokens of a transformer for tables
 * (Gorishniy et al. 2021). */
GROVE_API grove_tensor grove_nn_linear_numbers(grove_tensor x, int64_t width, const char *name);

#ifdef __cplusplus
}
#endif
#endif
