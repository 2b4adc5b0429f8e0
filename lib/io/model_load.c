/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model.h"

/* ---- what the parts of loading share --------------------------------------------------------- */

void grove_model_refuse(grove_model_loading *loading, const char *format, ...) {
    char sentence[400];
    va_list arguments;
    if (loading->status != GROVE_OK) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    loading->status = grove_tensors_refuse(&loading->reading, "%s", sentence);
}

void grove_model_no_memory(grove_model_loading *loading, size_t bytes) {
    if (loading->status == GROVE_OK) {
        loading->status = grove_fail_memory(loading->reading.error, bytes);
    }
}

void grove_model_open_json(grove_model_loading *loading, const char *key, const char *text) {
    loading->key = key;
    loading->json = (grove_json){.text = text, .size = strlen(text), .arena = &loading->arena};
}

void grove_model_close_json(grove_model_loading *loading) {
    if (loading->status == GROVE_OK) {
        grove_json_end(&loading->json);
    }
    if (loading->json.no_memory) {
        grove_model_no_memory(loading, loading->json.size);
    } else if (loading->json.wrong) {
        grove_model_refuse(loading, "its metadata '%s' cannot be read: at byte %zu %s is missing",
                           loading->key, loading->json.at, loading->json.wrong);
    }
}

const grove_tensors_entry *grove_model_claim(grove_model_loading *loading, const char *name) {
    const grove_tensors_entry *entry = grove_tensors_find(loading->reading.file, name);
    if (!entry) {
        return NULL;
    }
    /* A slot begins with its entry. */
    size_t place = (size_t)((const grove_tensors_slot *)entry - loading->reading.file->slots);
    bool taken = loading->claimed[place];
    loading->claimed[place] = true;
    return taken ? NULL : entry;
}

/* ---- the file as a whole --------------------------------------------------------------------- */

static bool is_own(const char *key) {
    return strcmp(key, "model") == 0 || strcmp(key, "columns") == 0 ||
           strcmp(key, GROVE_TENSORS_CRC32C) == 0;
}

/* What the file tells besides the model, for whoever asks. */
static void keep_metadata(grove_model_loading *loading) {
    const grove_tensors_file *file = loading->reading.file;
    grove_model *model = loading->model;
    model->metadata =
        grove_alloc_zero(&model->allocator, file->metadata_count, sizeof *model->metadata);
    bool kept = model->metadata != NULL;
    for (size_t i = 0; kept && i < file->metadata_count; i++) {
        const grove_tensors_text *text = &file->metadata[i];
        if (!is_own(text->key)) {
            grove_metadata *copy = &model->metadata[model->metadata_count++];
            copy->key = grove_arena_text(&model->texts, text->key);
            copy->text = grove_arena_text(&model->texts, text->value);
            kept = copy->key && copy->text;
        }
    }
    if (!kept) {
        grove_model_no_memory(loading, file->metadata_count * sizeof *model->metadata);
    }
}

static void check_form(grove_model_loading *loading) {
    const char *schema = grove_tensors_metadata(loading->reading.file, "schema");
    if (!grove_tensors_metadata(loading->reading.file, "model")) {
        grove_model_refuse(loading, "it is no model of grove: it has no metadata 'model'");
    } else if (!schema || strcmp(schema, GROVE_MODEL_SCHEMA_TEXT) != 0) {
        grove_model_refuse(loading, "its metadata 'schema' is '%s'; this grove reads '%s'",
                           schema ? grove_tensors_show(schema).text : "missing",
                           GROVE_MODEL_SCHEMA_TEXT);
    }
}

static void check_all_claimed(grove_model_loading *loading) {
    for (size_t i = 0; i < grove_tensors_count(loading->reading.file); i++) {
        if (!loading->claimed[i]) {
            const char *name = grove_tensors_at(loading->reading.file, i)->name;
            grove_model_refuse(loading, "the tensor '%s' belongs to nothing",
                               grove_tensors_show(name).text);
        }
    }
}

static void load(grove_model_loading *loading) {
    const grove_tensors_file *file = loading->reading.file;
    check_form(loading);
    if (loading->status == GROVE_OK) {
        keep_metadata(loading);
    }
    if (loading->status == GROVE_OK) {
        grove_model_load_nodes(loading, grove_tensors_metadata(file, "model"));
    }
    const char *columns = grove_tensors_metadata(file, "columns");
    if (loading->status == GROVE_OK && columns) {
        grove_model_load_columns(loading, columns);
    }
    if (loading->status == GROVE_OK) {
        check_all_claimed(loading);
    }
}

static grove_status load_file(const char *path, const grove_load_options *options,
                              grove_model *model, grove_error *error) {
    grove_tensors_file *file;
    grove_status status = grove_tensors_read(path, &model->allocator, &file, error);
    if (status != GROVE_OK) {
        return status;
    }
    grove_model_loading loading = {
        .reading = {path, file, error}, .model = model, .options = options};
    loading.arena.allocator = model->allocator;
    loading.claimed =
        grove_alloc_zero(&model->allocator, grove_tensors_count(file), sizeof *loading.claimed);
    if (loading.claimed) {
        load(&loading);
    } else {
        grove_model_no_memory(&loading, grove_tensors_count(file));
    }
    grove_release(&model->allocator, loading.claimed);
    grove_arena_free(&loading.arena);
    grove_tensors_free(file);
    return loading.status;
}

/* ---- the public functions -------------------------------------------------------------------- */

/* The ops that the program brings can work, and each has a name of its own. */
static grove_status check_ops(const grove_load_options *options, grove_error *error) {
    char fault[200];
    if (options->op_count > 0 && !options->ops) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "load: there is no list of ops");
    }
    for (size_t i = 0; i < options->op_count; i++) {
        if (!grove_op_is_sound(options->ops[i], fault, sizeof fault)) {
            return grove_fail(error, GROVE_BAD_ARGUMENT, "load: %s", fault);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(options->ops[i]->name, options->ops[k]->name) == 0) {
                return grove_fail(error, GROVE_BAD_ARGUMENT, "load: two ops are called '%s'",
                                  options->ops[i]->name);
            }
        }
    }
    return GROVE_OK;
}

grove_status grove_load(const char *path, const grove_allocator *wanted, grove_model **model,
                        grove_error *error) {
    grove_load_options options = {.allocator = grove_allocator_or_default(wanted)};
    return grove_load_with(path, &options, model, error);
}

grove_status grove_load_with(const char *path, const grove_load_options *wanted,
                             grove_model **model, grove_error *error) {
    static const grove_load_options defaults = {.ops = NULL};
    const grove_load_options *options = wanted ? wanted : &defaults;
    grove_allocator allocator = grove_allocator_or_default(&options->allocator);
    grove_error_clear(error);
    if (!model) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "load: there is no place for the model");
    }
    *model = NULL;
    if (!path) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no path to load a model from");
    }
    if (check_ops(options, error) != GROVE_OK) {
        return GROVE_BAD_ARGUMENT;
    }
    grove_model *fresh = grove_alloc_zero(&allocator, 1, sizeof *fresh);
    if (!fresh) {
        return grove_fail_memory(error, sizeof *fresh);
    }
    fresh->allocator = allocator;
    fresh->texts.allocator = allocator;
    grove_status status = load_file(path, options, fresh, error);
    if (status != GROVE_OK) {
        grove_model_free(fresh);
        return status;
    }
    *model = fresh;
    return GROVE_OK;
}

void grove_model_free(grove_model *model) {
    if (model) {
        grove_allocator allocator = model->allocator;
        grove_schema_free(model->schema);
        grove_graph_free(model->graph);
        grove_release(&allocator, model->outputs);
        grove_release(&allocator, model->metadata);
        grove_arena_free(&model->texts);
        grove_release(&allocator, model);
    }
}

grove_graph *grove_model_graph(const grove_model *model) {
    return model ? model->graph : NULL;
}

int grove_model_outputs(const grove_model *model) {
    return model ? (int)model->output_count : 0;
}

grove_tensor grove_model_output(const grove_model *model, int index) {
    return index >= 0 && index < grove_model_outputs(model) ? model->outputs[index] : GROVE_NONE;
}

const grove_schema *grove_model_schema(const grove_model *model) {
    return model ? model->schema : NULL;
}

const char *grove_model_metadata(const grove_model *model, const char *key) {
    for (size_t i = 0; key && i < grove_model_metadata_count(model); i++) {
        if (strcmp(model->metadata[i].key, key) == 0) {
            return model->metadata[i].text;
        }
    }
    return NULL;
}

size_t grove_model_metadata_count(const grove_model *model) {
    return model ? model->metadata_count : 0;
}

grove_metadata grove_model_metadata_at(const grove_model *model, size_t index) {
    grove_metadata none = {NULL, NULL};
    return index < grove_model_metadata_count(model) ? model->metadata[index] : none;
}
