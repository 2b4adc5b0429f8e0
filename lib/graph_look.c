/* SPDX-License-Identifier: MIT
 *
 * graph_look.c - stage two, seen from outside: names, nodes, parameters.
 */
#include "graph.h"

#include <math.h>

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_node(grove_tensor tensor) {
    return grove_is_valid(tensor) && (size_t)tensor.index < tensor.graph->node_count;
}

grove_tensor grove_find(const grove_graph *graph, const char *name) {
    return graph && name ? grove_node_at(graph, grove_names_find(&graph->names, name)) : GROVE_NONE;
}

grove_tensor grove_name(grove_tensor tensor, const char *name) {
    if (!is_node(tensor) || tensor.graph->error.status != GROVE_OK) {
        return GROVE_NONE;
    }
    grove_graph *graph = tensor.graph;
    grove_node *node = &graph->nodes[tensor.index];
    char words[160];
    grove_node_words(graph, tensor.index, words, sizeof words);
    if (!name || !name[0]) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT, "%s: a name must not be empty", words);
        return GROVE_NONE;
    }
    if (node->name || grove_is_valid(grove_find(graph, name))) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT, "%s cannot be called '%.80s': %s", words, name,
                      node->name ? "it has a name" : "another node is called that");
        return GROVE_NONE;
    }
    const char *kept = grove_arena_text(&graph->arena, name);
    if (!kept || !grove_names_add(&graph->names, &graph->allocator, kept, tensor.index)) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: %s was not named", words);
        return GROVE_NONE;
    }
    node->name = kept;
    return tensor;
}

/* ---- looking --------------------------------------------------------------------------------- */

int32_t grove_node_count(const grove_graph *graph) {
    return graph ? (int32_t)graph->node_count : 0;
}

/* The one place where a const graph becomes a handle that could change it: what a handle may do is
 * decided by who calls, and inference never asks for a change. */
grove_tensor grove_node_at(const grove_graph *graph, int32_t index) {
    if (!graph || index < 0 || (size_t)index >= graph->node_count) {
        return GROVE_NONE;
    }
    return (grove_tensor){(grove_graph *)(uintptr_t)graph, index};
}

const char *grove_node_op(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->op->name : "";
}

const char *grove_node_formula(grove_tensor tensor) {
    const char *formula = is_node(tensor) ? grove_node_of(tensor)->op->formula : NULL;
    return formula ? formula : "";
}

const char *grove_node_no_gradient(grove_tensor tensor) {
    const char *why = is_node(tensor) ? grove_node_of(tensor)->op->no_gradient : NULL;
    return why ? why : "";
}

const char *grove_node_name(grove_tensor tensor) {
    const char *name = is_node(tensor) ? grove_node_of(tensor)->name : NULL;
    return name ? name : "";
}

grove_type grove_node_type(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->type : GROVE_REAL;
}

grove_shape grove_node_shape(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->shape : (grove_shape){.rank = -1};
}

int grove_node_inputs(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->inputs : 0;
}

grove_tensor grove_node_input(grove_tensor tensor, int position) {
    if (position < 0 || position >= grove_node_inputs(tensor)) {
        return GROVE_NONE;
    }
    return grove_node_at(tensor.graph, grove_node_of(tensor)->in[position]);
}

const grove_op *grove_node_descriptor(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->op : NULL;
}

bool grove_node_is_lookup(grove_tensor tensor) {
    return is_node(tensor) && (grove_node_of(tensor)->op->flags & GROVE_LOOKUP);
}

bool grove_node_is_product(grove_tensor tensor) {
    return is_node(tensor) && (grove_node_of(tensor)->op->flags & GROVE_PRODUCT);
}

const void *grove_attributes(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->attributes : NULL;
}

int64_t grove_node_attribute(grove_tensor tensor, const char *name) {
    const grove_field *field = is_node(tensor) ? grove_node_of(tensor)->op->fields : NULL;
    for (; field && field->name; field++) {
        const char *at = (const char *)grove_node_of(tensor)->attributes + field->offset;
        if (strcmp(field->name, name) == 0 && field->kind == GROVE_FIELD_FLAG) {
            return *(const bool *)at;
        }
        if (strcmp(field->name, name) == 0 && field->kind == GROVE_FIELD_INT) {
            return *(const int64_t *)(const void *)at;
        }
    }
    return 0;
}

/* ---- parameters ------------------------------------------------------------------------------ */

static grove_storage *storage_of(grove_tensor tensor) {
    return is_node(tensor) ? grove_node_of(tensor)->storage : NULL;
}

grove_status grove_parameter_set(grove_tensor parameter, const grove_parameter_options *options) {
    grove_storage *storage = storage_of(parameter);
    if (!storage || !options) {
        if (parameter.graph) {
            grove_mistake(parameter.graph, GROVE_BAD_ARGUMENT, "parameter options: %s",
                          storage ? "there are none" : "the tensor is no parameter");
        }
        return GROVE_BAD_ARGUMENT;
    }
    if (!(options->rate >= 0 && isfinite(options->rate))) {
        grove_mistake(parameter.graph, GROVE_BAD_ARGUMENT,
                      "parameter options: the own rate of '%s' is %g; it must be a finite number "
                      "from 0 up",
                      grove_node_name(parameter), options->rate);
        return GROVE_BAD_ARGUMENT;
    }
    storage->options = *options;
    return GROVE_OK;
}

grove_parameter_options grove_parameter_get(grove_tensor parameter) {
    grove_storage *storage = storage_of(parameter);
    return storage ? storage->options : (grove_parameter_options){0};
}

int32_t grove_parameter_count(const grove_graph *graph) {
    return graph ? (int32_t)graph->stored_count : 0;
}

grove_tensor grove_parameter_at(const grove_graph *graph, int32_t position) {
    if (position < 0 || position >= grove_parameter_count(graph)) {
        return GROVE_NONE;
    }
    return grove_node_at(graph, graph->stored[position]->node);
}

bool grove_parameter_is_trainable(grove_tensor parameter) {
    return storage_of(parameter) && (grove_node_of(parameter)->op->flags & GROVE_TRAINED);
}

void *grove_parameter_data(grove_tensor parameter) {
    grove_storage *storage = storage_of(parameter);
    return storage ? storage->data : NULL;
}

size_t grove_parameter_size(grove_tensor parameter) {
    grove_storage *storage = storage_of(parameter);
    return storage ? storage->count : 0;
}

uint64_t grove_seed(const grove_graph *graph) {
    return graph ? graph->seed : 0;
}

uint64_t grove_training_runs(const grove_graph *graph) {
    return graph ? graph->training_runs : 0;
}

void grove_set_training_runs(grove_graph *graph, uint64_t runs) {
    if (graph) {
        graph->training_runs = runs;
    }
}
