/* SPDX-License-Identifier: MIT
 *
 * graph_substitute.c - a tensor computed another way: what lies between a node and it, once more.
 *
 * Nodes never change, so whoever wants other inputs appends others.
 */
#include <stdio.h>

#include "graph.h"

typedef struct copying {
    grove_graph *graph;
    const char *suffix;
    int32_t *now;     /* of each node up to the output: the one that stands for it */
    grove_tensor *in; /* room for the inputs of one node */
} copying;

/* The copy is called like the node, with the suffix behind, unless another node is. */
static void name_copy(const copying *c, grove_tensor copy, const char *name) {
    char text[256];
    int length = name ? snprintf(text, sizeof text, "%s%s", name, c->suffix) : 0;
    if (length > 0 && (size_t)length < sizeof text && !grove_node_name(copy)[0] &&
        !grove_is_valid(grove_find(c->graph, text))) {
        grove_name(copy, text);
    }
}

/* (Appending moves the array of nodes, so nothing points into it across that.) */
static bool copy_node(const copying *c, int32_t index) {
    const grove_node node = c->graph->nodes[index];
    bool same = true;
    for (int32_t k = 0; k < node.inputs; k++) {
        c->in[k] = (grove_tensor){c->graph, c->now[node.in[k]]};
        same = same && c->now[node.in[k]] == node.in[k];
    }
    c->now[index] = index;
    if (same) {
        return true;
    }
    grove_tensor copy = grove_append(node.op, c->graph, c->in, node.inputs, node.attributes);
    if (grove_is_valid(copy)) {
        name_copy(c, copy, node.name);
        c->now[index] = copy.index;
    }
    return c->graph->error.status == GROVE_OK;
}

/* Which nodes does the output depend on, when it needs none for what `from` is made of? */
static void mark(const copying *c, int32_t top, int32_t from, bool *below) {
    below[top] = true;
    for (int32_t i = top; i >= 0; i--) {
        const grove_node *node = &c->graph->nodes[i];
        for (int32_t k = 0; below[i] && i != from && k < node->inputs; k++) {
            below[node->in[k]] = true;
        }
    }
}

static size_t most_inputs(const grove_graph *graph, int32_t top) {
    int32_t most = 1;
    for (int32_t i = 0; i <= top; i++) {
        most = graph->nodes[i].inputs > most ? graph->nodes[i].inputs : most;
    }
    return (size_t)most;
}

static bool can_stand_for(grove_tensor output, grove_tensor from, grove_tensor to) {
    if (!grove_is_valid(output) || !grove_is_valid(from) || !grove_is_valid(to)) {
        return false; /* what is wrong with them has been told */
    }
    if (from.graph != output.graph || to.graph != output.graph ||
        grove_node_type(from) != grove_node_type(to) ||
        !grove_shape_equal(grove_node_shape(from), grove_node_shape(to))) {
        grove_mistake(output.graph, GROVE_BAD_ARGUMENT,
                      "substitute: all must be of one graph, and what takes a node's place of its "
                      "type and shape");
        return false;
    }
    return true;
}

grove_tensor grove_substitute(grove_tensor output, grove_tensor from, grove_tensor to,
                              const char *suffix) {
    if (!can_stand_for(output, from, to)) {
        return GROVE_NONE;
    }
    grove_graph *graph = output.graph;
    const size_t nodes = (size_t)output.index + 1;
    copying c = {.graph = graph, .suffix = suffix ? suffix : ""};
    c.now = grove_alloc(&graph->allocator, nodes * sizeof *c.now);
    c.in = grove_alloc(&graph->allocator, most_inputs(graph, output.index) * sizeof *c.in);
    bool *below = grove_alloc_zero(&graph->allocator, nodes, sizeof *below);
    bool good = c.now && c.in && below;
    if (good) {
        name_copy(&c, to, to.index > output.index ? graph->nodes[from.index].name : NULL);
        mark(&c, output.index, from.index, below);
    } else {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: nothing was substituted");
    }
    for (int32_t i = 0; i <= output.index && good; i++) {
        c.now[i] = i == from.index ? to.index : i;
        good = i == from.index || !below[i] || copy_node(&c, i);
    }
    output.index = good ? c.now[output.index] : -1;
    grove_release(&graph->allocator, c.now);
    grove_release(&graph->allocator, c.in);
    grove_release(&graph->allocator, below);
    return good ? output : GROVE_NONE;
}
