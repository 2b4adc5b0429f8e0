/* SPDX-License-Identifier: MIT
 *
 * graph_state.c - all the numbers of a graph into a file, and back into a graph of the same build.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "grove/checkpoint.h"

enum { NAME_BYTES = 640 };

static const char *state_name(char text[NAME_BYTES], grove_tensor stored) {
    int length = snprintf(text, NAME_BYTES, "state.%s", grove_node_name(stored));
    return length < NAME_BYTES ? text : NULL;
}

static grove_dtype dtype_of(grove_tensor stored) {
    return grove_node_type(stored) == GROVE_ID ? GROVE_DTYPE_I32
           : sizeof(grove_real) == 4           ? GROVE_DTYPE_F32
                                               : GROVE_DTYPE_F64;
}

static grove_status add_number(grove_tensors_writer *writer, const char *key, uint64_t number,
                               grove_error *error) {
    char text[24];
    snprintf(text, sizeof text, "%016" PRIx64, number);
    return grove_tensors_add_metadata(writer, key, text, error);
}

grove_status grove_state_add(grove_tensors_writer *writer, const grove_graph *graph,
                             grove_error *error) {
    if (!writer || !graph) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "saving a state: there is no %s",
                          writer ? "graph" : "writer");
    }
    grove_status status = add_number(writer, "graph", grove_graph_hash(graph), error);
    if (status == GROVE_OK) {
        status = add_number(writer, "runs", grove_training_runs(graph), error);
    }
    for (int32_t i = 0; status == GROVE_OK && i < grove_parameter_count(graph); i++) {
        grove_tensor stored = grove_parameter_at(graph, i);
        grove_shape shape = grove_node_shape(stored);
        char text[NAME_BYTES];
        const char *name = state_name(text, stored);
        status = name ? grove_tensors_add(writer, name, dtype_of(stored), (size_t)shape.rank,
                                          shape.dim, grove_parameter_data(stored), error)
                      : grove_fail(error, GROVE_UNSUPPORTED,
                                   "saving a state: the name '%.60s...' is too long",
                                   grove_node_name(stored));
    }
    return status;
}

/* ---- back ------------------------------------------------------------------------------------ */

static bool read_number(const grove_tensors_file *file, const char *key, uint64_t *number) {
    const char *text = grove_tensors_metadata(file, key);
    char *end = NULL;
    *number = text && strlen(text) == 16 ? strtoull(text, &end, 16) : 0;
    return end && !*end;
}

/* The numbers of a stored node, or NULL. */
static const grove_tensors_entry *find(const grove_tensors_file *file, grove_tensor stored) {
    char text[NAME_BYTES];
    const char *name = state_name(text, stored);
    const grove_tensors_entry *found = name ? grove_tensors_find(file, name) : NULL;
    bool fits =
        found && found->dtype == dtype_of(stored) && found->count == grove_parameter_size(stored);
    return fits ? found : NULL;
}

grove_status grove_state_take(const grove_tensors_file *file, grove_graph *graph,
                              grove_error *error) {
    uint64_t hash, runs;
    if (!file || !graph) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "restoring a state: there is no %s",
                          file ? "graph" : "file");
    }
    if (!read_number(file, "graph", &hash) || !read_number(file, "runs", &runs)) {
        return grove_fail(error, GROVE_BAD_FILE, "it holds no state of a graph");
    }
    if (hash != grove_graph_hash(graph)) {
        return grove_fail(error, GROVE_BAD_FILE,
                          "it belongs to another model, or to another optimizer");
    }
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        if (!find(file, grove_parameter_at(graph, i))) {
            return grove_fail(error, GROVE_BAD_FILE, "it lacks the numbers of '%.200s'",
                              grove_node_name(grove_parameter_at(graph, i)));
        }
    }
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor stored = grove_parameter_at(graph, i);
        const grove_tensors_entry *found = find(file, stored);
        if (found->bytes > 0) {
            memcpy(grove_parameter_data(stored), found->data, found->bytes);
        }
    }
    grove_set_training_runs(graph, runs);
    return GROVE_OK;
}
