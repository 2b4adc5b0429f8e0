/* SPDX-License-Identifier: MIT */
#include "readers.h"

/* Counts the readers of node i in start[i + 2], adds up, so that start[i + 1] is where those of i
 * begin, and moves that on as they are put there: then it is where those of i + 1 begin. */
bool grove_readers_open(grove_readers *readers, grove_tensor top) {
    grove_allocator allocator = grove_graph_allocator(top.graph);
    size_t nodes = (size_t)top.index + 1;
    size_t *start = grove_alloc_zero(&allocator, nodes + 2, sizeof *start);
    *readers = (grove_readers){.start = start};
    for (size_t i = 0; start && i < nodes; i++) {
        grove_tensor node = grove_node_at(top.graph, (int32_t)i);
        for (int k = 0; k < grove_node_inputs(node); k++) {
            start[grove_node_input(node, k).index + 2]++;
        }
    }
    for (size_t i = 2; start && i < nodes + 2; i++) {
        start[i] += start[i - 1];
    }
    readers->all = start ? grove_alloc(&allocator, start[nodes + 1] * sizeof *readers->all) : NULL;
    for (size_t i = 0; readers->all && i < nodes; i++) {
        grove_tensor node = grove_node_at(top.graph, (int32_t)i);
        for (int k = 0; k < grove_node_inputs(node); k++) {
            readers->all[start[grove_node_input(node, k).index + 1]++] = (int32_t)i;
        }
    }
    return readers->all != NULL;
}

void grove_readers_close(grove_readers *readers, const grove_graph *graph) {
    grove_allocator allocator = grove_graph_allocator(graph);
    grove_release(&allocator, readers->start);
    grove_release(&allocator, readers->all);
}
