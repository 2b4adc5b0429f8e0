/* SPDX-License-Identifier: MIT
 *
 * nn/readers.h - which nodes read a node: the inputs of a graph, turned round.
 */
#ifndef GROVE_NN_READERS_H
#define GROVE_NN_READERS_H

#include "base/memory.h"
#include "grove/graph.h"

/* The nodes up to `top` that read node i: all[start[i]] ... all[start[i + 1] - 1], in rising order;
 * one that reads it twice stands there twice. */
typedef struct grove_readers {
    size_t *start; /* [top + 3] */
    int32_t *all;
} grove_readers;

/* False when memory is short; to be closed in any case. */
bool grove_readers_open(grove_readers *readers, grove_tensor top);
void grove_readers_close(grove_readers *readers, const grove_graph *graph);

#endif
