/* SPDX-License-Identifier: MIT
 *
 * train/trainables.h - all trainable parameters of a graph in one array, one after the other.
 */
#ifndef GROVE_TRAIN_TRAINABLES_H
#define GROVE_TRAIN_TRAINABLES_H

#include "grove/graph.h"

/* How many numbers they have together. */
size_t grove_trainable_count(const grove_graph *graph);

/* Copies them out to `array` [grove_trainable_count], or back. */
void grove_trainable_copy(const grove_graph *graph, grove_real *array, bool back);

#endif
