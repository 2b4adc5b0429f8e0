/* SPDX-License-Identifier: MIT
 *
 * grove/data_bags.h - cells that hold several things: values ("red;green"), or the words of a text.
 *
 * Such a cell becomes a bag: ids, each once and in rising order, and what each weighs. Ids are
 * those of a vocabulary, or of a hash, as of a categorical column; a model looks up their rows and
 * adds them up by weight (grove_nn_embedding_bag).
 *
 *     bag    each value weighs as often as it is met, over all of them: the mean of their vectors;
 *     or
 *            without that, their sum
 *     text   its words, pairs of neighbouring words ("crude oil") and parts of words, 3 to 5
 *            characters long, are its pieces. What is frequent in the cell and rare in others
 *            weighs most (data/bag.c has the formula); the weights of all words and pairs have the
 *            length 1 together, and so have those of all parts. Pieces that training did not see
 *            are left out.
 *
 * A missing cell is a bag of the id 1, one without any known piece of the id 0. A cell holds no
 * more ids than the longest of the training rows, at most GROVE_LONGEST_BAG: the rarest are left
 * out.
 *
 * Ownership: a dataset owns its bags.
 */
#ifndef GROVE_DATA_BAGS_H
#define GROVE_DATA_BAGS_H

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GROVE_LONGEST_BAG 4096

typedef struct grove_bag {
    const int32_t *ids;   /* [count] */
    const float *weights; /* [count] */
    size_t count;         /* 1 or more */
} grove_bag;

/* The i-th column that is a bag or a text, -1 where there is none; how many. */
GROVE_API size_t grove_schema_bags(const grove_schema *schema);
GROVE_API int grove_schema_bag(const grove_schema *schema, size_t i);

/* What was noted of the bags of the training rows; also of several labels (data_sets.h). */
typedef struct grove_bag_size {
    int64_t rows;           /* that were looked at */
    int64_t longest;        /* ids that a cell holds at most */
    double mean, deviation; /* of the number of ids */
} grove_bag_size;
GROVE_API grove_bag_size grove_schema_bag_size(const grove_schema *schema, size_t column);
/* To make a schema again; after its vocabulary was set. Refused: what cannot be. */
GROVE_API grove_status grove_schema_set_bag_size(grove_schema *schema, size_t column,
                                                 const grove_bag_size *size, grove_error *error);

/* One cell of such a column: ids and weights [its longest], *count of which are written. */
GROVE_API grove_status grove_schema_bag_cell(const grove_schema *schema, size_t column,
                                             grove_cell cell, int32_t *ids, float *weights,
                                             size_t *count, grove_error *error);

GROVE_API size_t grove_dataset_bags(const grove_dataset *dataset);
/* The bag of a row in the i-th such column, both of which must be there. */
GROVE_API grove_bag grove_dataset_bag(const grove_dataset *dataset, size_t i, size_t row);

#ifdef __cplusplus
}
#endif
#endif
