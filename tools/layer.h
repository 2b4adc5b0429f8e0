/* SPDX-License-Identifier: MIT
 *
 * layer.h - embed with a table: the numbers that any layer of a model makes of its rows.
 */
#ifndef TOOLS_LAYER_H
#define TOOLS_LAYER_H

#include "common.h"

/* Runs files[1] through the model up to o->layer, the name of a node, and writes a row of numbers
 * for each row: o->format is "csv" or "npy". */
int embed_layer(const options *o, const grove_model *model);

#endif
