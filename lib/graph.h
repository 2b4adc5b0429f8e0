/* SPDX-License-Identifier: MIT
 *
 * lib/graph.h - the inside of a graph, for the stages only.
 */
#ifndef GROVE_LIB_GRAPH_H
#define GROVE_LIB_GRAPH_H

#include "base/error.h"
#include "base/memory.h"
#include "base/names.h"
#include "ops/room.h"

/* The memory of a parameter, state or constant. */
typedef struct grove_storage {
    int32_t node;
    void *data;
    size_t count;
    grove_parameter_options options;
} grove_storage;

typedef struct grove_node {
    const grove_op *op;
    const int32_t *in; /* indices, each smaller than the node's own */
    int32_t inputs;
    grove_type type;
    grove_shape shape;
    const void *attributes;
    const char *name;       /* NULL where it has none */
    grove_storage *storage; /* of a stored leaf, else NULL */
    int32_t gradient;       /* given by the last backward pass that met the node, or -1 */
    int32_t backward_of;    /* the node whose gradient rule appended this one, or -1 */
} grove_node;

struct grove_graph {
    grove_allocator allocator;
    grove_arena arena;  /* inputs, attributes, names, storages */
    grove_error error;  /* the first mistake */
    grove_error notice; /* of the last call that built nothing and failed */
    uint64_t seed;
    uint64_t training_runs;
    grove_node *nodes;
    size_t node_count, node_capacity;
    grove_names names;      /* of nodes */
    grove_storage **stored; /* parameters, states, constants in their order */
    size_t stored_count, stored_capacity;
    const grove_op **ops; /* that nodes are of; each was found able to work, once */
    size_t op_count, op_capacity;
};

static inline const grove_node *grove_node_of(grove_tensor tensor) {
    return &tensor.graph->nodes[tensor.index];
}

/* A node in words for messages: "matmul (node 12, 'hidden')". Returns text. */
const char *grove_node_words(const grove_graph *graph, int32_t index, char *text, size_t size);

/* The number of elements of a shape at this batch size; false where it does not fit in memory. */
bool grove_shape_count(grove_shape shape, size_t batch, size_t *count);
size_t grove_type_size(grove_type type);

#endif
