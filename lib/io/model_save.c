/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model.h"

grove_status grove_model_fail(const grove_model_saving *saving, grove_status status,
                              const char *format, ...) {
    char sentence[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return grove_fail(saving->error, status, "'%.100s': %s", saving->path, sentence);
}

/* ---- adding to the writer -------------------------------------------------------------------- */

static grove_status tell(const grove_model_saving *saving, grove_status status,
                         const grove_error *told) {
    if (status == GROVE_OK) {
        return status;
    }
    return status == GROVE_NO_MEMORY ? grove_fail(saving->error, status, "%s", told->message)
                                     : grove_model_fail(saving, status, "%.399s", told->message);
}

grove_status grove_model_add_text(const grove_model_saving *saving, const char *key,
                                  const char *text) {
    grove_error told;
    return tell(saving, grove_tensors_add_metadata(saving->writer, key, text, &told), &told);
}

grove_status grove_model_add_tensor(const grove_model_saving *saving, const char *name,
                                    grove_dtype dtype, size_t rank, const int64_t *shape,
                                    const void *data) {
    grove_error told;
    return tell(saving, grove_tensors_add(saving->writer, name, dtype, rank, shape, data, &told),
                &told);
}

/* ---- what is saved --------------------------------------------------------------------------- */

static grove_status check_outputs(const grove_model_saving *saving) {
    if (saving->output_count < 1) {
        return grove_model_fail(saving, GROVE_BAD_ARGUMENT,
                                "a model needs at least one output to be saved");
    }
    const grove_error *mistake = grove_graph_error(saving->graph);
    if (mistake->status != GROVE_OK) {
        return grove_model_fail(saving, mistake->status, "the graph has a mistake: %.300s",
                                mistake->message);
    }
    for (int i = 0; i < saving->output_count; i++) {
        grove_tensor output = saving->outputs[i];
        bool is_node = output.graph == saving->graph &&
                       grove_is_valid(grove_node_at(saving->graph, output.index));
        if (!is_node) {
            return grove_model_fail(saving, GROVE_BAD_ARGUMENT,
                                    "output %d is no tensor of the graph of output 0", i);
        }
    }
    return GROVE_OK;
}

/* Inputs have smaller indices: one sweep downwards marks all that is needed, one upwards gives each
 * its place. */
static grove_status number_nodes(const grove_model_saving *saving) {
    int32_t count = grove_node_count(saving->graph), place = 0;
    for (int32_t i = 0; i < count; i++) {
        saving->numbers[i] = -1;
    }
    for (int i = 0; i < saving->output_count; i++) {
        saving->numbers[saving->outputs[i].index] = 0;
    }
    for (int32_t i = count; i-- > 0;) {
        grove_tensor node = grove_node_at(saving->graph, i);
        for (int k = 0; saving->numbers[i] >= 0 && k < grove_node_inputs(node); k++) {
            saving->numbers[grove_node_input(node, k).index] = 0;
        }
    }
    for (int32_t i = 0; i < count; i++) {
        if (saving->numbers[i] >= 0) {
            saving->numbers[i] = place++;
        }
    }
    if (place > GROVE_MODEL_NODE_LIMIT) {
        return grove_model_fail(saving, GROVE_UNSUPPORTED,
                                "the outputs need %d nodes; %d is the most a model file may have",
                                (int)place, GROVE_MODEL_NODE_LIMIT);
    }
    return GROVE_OK;
}

static grove_status check_key(const grove_model_saving *saving, const char *key) {
    static const char *const own[] = {"schema", "producer", "model", "columns",
                                      GROVE_TENSORS_CRC32C};
    for (size_t i = 0; key && i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(key, own[i]) == 0) {
            return grove_model_fail(saving, GROVE_BAD_ARGUMENT,
                                    "the metadata '%s' cannot be set: grove writes it itself", key);
        }
    }
    return key ? GROVE_OK
               : grove_model_fail(saving, GROVE_BAD_ARGUMENT, "a metadata text has no key");
}

static grove_status add_metadata(const grove_model_saving *saving,
                                 const grove_save_options *options) {
    char producer[64];
    snprintf(producer, sizeof producer, "grove %s", grove_version());
    grove_status status = grove_model_add_text(saving, "schema", GROVE_MODEL_SCHEMA_TEXT);
    if (status == GROVE_OK) {
        status = grove_model_add_text(saving, "producer", producer);
    }
    for (size_t i = 0; status == GROVE_OK && i < options->metadata_count; i++) {
        const grove_metadata *own = &options->metadata[i];
        status = check_key(saving, own->key);
        if (status == GROVE_OK) {
            status = grove_model_add_text(saving, own->key, own->text ? own->text : "");
        }
    }
    return status;
}

static grove_status save(const grove_model_saving *saving, const grove_save_options *options) {
    grove_status status = number_nodes(saving);
    if (status == GROVE_OK) {
        status = add_metadata(saving, options);
    }
    if (status == GROVE_OK) {
        status = grove_model_save_nodes(saving);
    }
    if (status == GROVE_OK && options->schema) {
        status = grove_model_save_columns(saving, options->schema);
    }
    if (status != GROVE_OK) {
        return status;
    }
    grove_error told;
    status = grove_tensors_write(saving->writer, saving->path, &told);
    /* What the file system says has the path in it. */
    return status == GROVE_NO_FILE ? grove_fail(saving->error, status, "%s", told.message)
                                   : tell(saving, status, &told);
}

grove_status grove_save(const char *path, const grove_tensor *outputs, int output_count,
                        const grove_save_options *options, grove_error *error) {
    static const grove_save_options defaults = {0};
    grove_error_clear(error);
    if (!path || !outputs) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "save: there is no %s",
                          path ? "list of outputs" : "path");
    }
    if (output_count > 0 && !grove_is_valid(outputs[0])) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "save: output 0 is no tensor");
    }
    grove_model_saving saving = {.path = path,
                                 .graph = output_count > 0 ? outputs[0].graph : NULL,
                                 .outputs = outputs,
                                 .output_count = output_count,
                                 .error = error};
    grove_status status = check_outputs(&saving);
    if (status != GROVE_OK) {
        return status;
    }
    grove_allocator allocator = grove_graph_allocator(saving.graph);
    saving.numbers = grove_alloc_zero(&allocator, (size_t)grove_node_count(saving.graph),
                                      sizeof *saving.numbers);
    saving.writer = grove_tensors_writer_new(&allocator);
    status = saving.numbers && saving.writer
                 ? save(&saving, options ? options : &defaults)
                 : grove_fail_memory(error, sizeof *saving.numbers *
                                                (size_t)grove_node_count(saving.graph));
    grove_tensors_writer_free(saving.writer);
    grove_release(&allocator, saving.numbers);
    return status;
}
