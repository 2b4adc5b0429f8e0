/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "model.h"

const grove_field grove_model_option_fields[] = {
    GROVE_FIELD(grove_model_options, frozen, FLAG), GROVE_FIELD(grove_model_options, rate, REAL),
    GROVE_FIELD(grove_model_options, decay, INT), GROVE_NO_MORE_FIELDS};

/* A node on its way into the file. */
typedef struct node {
    const grove_model_saving *saving;
    grove_model_text *text;
    grove_tensor tensor;
    const grove_op *op;
    const char *name; /* "" where it has none */
} node;

/* Fails with the node's op, number and name in front. */
static grove_status refuse(const node *n, grove_status status, const char *words,
                           const char *more) {
    char name[96] = "";
    if (n->name[0] && grove_model_is_utf8(n->name)) {
        snprintf(name, sizeof name, ", '%s'", grove_tensors_show(n->name).text);
    }
    return grove_model_fail(n->saving, status, "%s (node %d%s) %s%s", grove_node_op(n->tensor),
                            (int)n->tensor.index, name, words, more);
}

static grove_status check(const node *n) {
    if (n->op->flags & GROVE_UPDATE) {
        return refuse(n, GROVE_BAD_ARGUMENT,
                      "cannot be saved: it is an update, and a model file only computes", "");
    }
    if ((n->op->flags & GROVE_STORED) && !n->name[0]) {
        return refuse(n, GROVE_BAD_ARGUMENT,
                      "cannot be saved: its numbers go by its name, and it "
                      "has none",
                      "");
    }
    if (!grove_model_is_utf8(n->name)) {
        return refuse(n, GROVE_BAD_ARGUMENT, "cannot be saved: its name is not UTF-8", "");
    }
    return GROVE_OK;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static grove_status put_fields(const node *n, const char *key, const grove_field *fields,
                               const void *from) {
    for (size_t i = 0; fields[i].name; i++) {
        const double *real = (const void *)((const char *)from + fields[i].offset);
        if (fields[i].kind == GROVE_FIELD_REAL && !isfinite(*real)) {
            return refuse(n, GROVE_BAD_DATA, "cannot be saved: not finite is its ", fields[i].name);
        }
    }
    grove_model_put_fields(n->text, key, fields, from);
    return GROVE_OK;
}

static grove_status put_attributes(const node *n) {
    bool any = n->op->fields && n->op->fields[0].name;
    grove_status status =
        any ? put_fields(n, "attributes", n->op->fields, grove_attributes(n->tensor)) : GROVE_OK;
    grove_parameter_options own = grove_parameter_get(n->tensor);
    grove_model_options options = {own.frozen, own.rate, own.decay};
    if (status == GROVE_OK && (own.frozen || own.rate != 0 || own.decay != GROVE_DECAY_BY_RULE)) {
        status = put_fields(n, "options", grove_model_option_fields, &options);
    }
    return status;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static grove_status add_numbers(const node *n) {
    size_t count = grove_parameter_size(n->tensor);
    const void *data = grove_parameter_data(n->tensor);
    grove_shape shape = grove_node_shape(n->tensor);
    grove_dtype dtype = grove_model_dtype(grove_node_type(n->tensor));
    size_t bad = grove_model_first_bad(data, count, dtype);
    if (bad < count) {
        char place[40];
        snprintf(place, sizeof place, "%zu", bad);
        return refuse(n, GROVE_BAD_DATA, "cannot be saved: not finite is its number at position ",
                      place);
    }
    return grove_model_add_tensor(n->saving, n->name, dtype, (size_t)shape.rank, shape.dim, data);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static grove_status put_node(const node *n) {
    grove_status status = check(n);
    if (status != GROVE_OK) {
        return status;
    }
    grove_model_put(n->text, "{\"op\":");
    grove_model_put_string(n->text, n->op->name);
    if (n->name[0]) {
        grove_model_put(n->text, ",\"name\":");
        grove_model_put_string(n->text, n->name);
    }
    int inputs = grove_node_inputs(n->tensor);
    for (int i = 0; i < inputs; i++) {
        grove_model_put(n->text, i ? "," : ",\"inputs\":[");
        grove_model_put_integer(n->text, n->saving->numbers[grove_node_input(n->tensor, i).index]);
    }
    grove_model_put(n->text, inputs ? "]" : "");
    status = put_attributes(n);
    grove_model_put(n->text, "}");
    if (status == GROVE_OK && (n->op->flags & GROVE_STORED)) {
        status = add_numbers(n);
    }
    return status;
}

static grove_status put_nodes(const grove_model_saving *saving, grove_model_text *text) {
    grove_status status = GROVE_OK;
    grove_model_put(text, "\"nodes\":[");
    for (int32_t i = 0; status == GROVE_OK && i < grove_node_count(saving->graph); i++) {
        if (saving->numbers[i] >= 0) {
            grove_tensor tensor = grove_node_at(saving->graph, i);
            node n = {saving, text, tensor, grove_node_descriptor(tensor), grove_node_name(tensor)};
            grove_model_put(text, saving->numbers[i] ? "," : "");
            status = put_node(&n);
        }
    }
    grove_model_put(text, "],\"outputs\":[");
    for (int i = 0; i < saving->output_count; i++) {
        grove_model_put(text, i ? "," : "");
        grove_model_put_integer(text, saving->numbers[saving->outputs[i].index]);
    }
    grove_model_put(text, "]}");
    return status;
}

grove_status grove_model_save_nodes(const grove_model_saving *saving) {
    grove_model_text text = {.allocator = grove_graph_allocator(saving->graph)};
    grove_model_put(&text, "{\"schema\":" GROVE_MODEL_SCHEMA_TEXT ",\"seed\":");
    grove_model_put_count(&text, grove_seed(saving->graph));
    grove_model_put(&text, ",");
    grove_status status = put_nodes(saving, &text);
    if (status == GROVE_OK && text.failed) {
        status = grove_fail_memory(saving->error, text.capacity);
    }
    if (status == GROVE_OK) {
        status = grove_model_add_text(saving, "model", text.bytes);
    }
    grove_release(&text.allocator, text.bytes);
    return status;
}
