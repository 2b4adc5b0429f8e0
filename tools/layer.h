/* SPDX-License-Identifier: MIT
 *
 * layer.h - the numbers that any layer of a model makes of the rows of a table.
 */
#ifndef TOOLS_LAYER_H
#define TOOLS_LAYER_H

#include "answers.h"

typedef struct layer {
    const char *command;
    answers a; /* the model, its schema, the table and its dataset */
    grove_tensor node;
    size_t width;      /* numbers in a row */
    grove_id *ids;     /* [categorical columns, batch] */
    grove_real *reals; /* [batch, features] */
    grove_plan *plan;
} layer;

/* files[1] through the model up to o->layer, the name of a node. Complains and returns an exit code
 * on failure; to be closed in any case. */
int open_layer(const char *command, const options *o, const grove_model *model, layer *l);
void close_layer(layer *l);

/* Hands out the rows' numbers, [count, width] at a time. Returns an exit code. */
int run_layer(layer *l, void (*take)(void *user, const grove_real *values, size_t count),
              void *user);

/* grove embed --layer: writes a row of numbers for each row, o->format is "csv" or "npy". */
int embed_layer(const options *o, const grove_model *model);

/* grove nearest --layer: the rows whose numbers are nearest to those of the one on line files[2].
 * */
int nearest_rows(const options *o, const grove_model *model);

#endif
