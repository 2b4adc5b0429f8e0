/* SPDX-License-Identifier: MIT
 *
 * The graph out of the file. Each node is made by grove_append, which asks the op's room whether it
 * is possible; here stands what a builder's types rule out, and a file can say all the same. */
#include <math.h>
#include <stdio.h>

#include "model.h"

/* ---- fields ---------------------------------------------------------------------------------- */

static grove_shape read_shape(grove_model_loading *loading) {
    grove_json *json = &loading->json;
    grove_shape shape = {0};
    grove_json_expect(json, '[');
    for (size_t i = 0; grove_json_next(json, ']', i); i++) {
        int64_t size = grove_model_integer(json);
        if (!json->wrong && shape.rank == GROVE_MAX_RANK) {
            json->wrong = "the end of a list of at most 6 integers";
        } else if (!json->wrong) {
            shape.dim[shape.rank++] = size;
        }
    }
    return shape;
}

static void read_field(grove_model_loading *loading, const grove_field *field, void *into) {
    void *member = (char *)into + field->offset;
    switch (field->kind) {
    case GROVE_FIELD_FLAG:
        *(bool *)member = grove_model_flag(&loading->json);
        break;
    case GROVE_FIELD_INT:
        *(int64_t *)member = grove_model_integer(&loading->json);
        break;
    case GROVE_FIELD_REAL:
        *(double *)member = grove_model_real(&loading->json);
        break;
    case GROVE_FIELD_SHAPE:
        *(grove_shape *)member = read_shape(loading);
        break;
    }
}

void grove_model_read_some_fields(grove_model_loading *loading, const grove_field *fields,
                                  size_t needed, void *into, const char *who, const char *what) {
    grove_json *json = &loading->json;
    size_t i = 0;
    grove_json_expect(json, '{');
    for (; grove_model_going_on(loading) && fields[i].name; i++) {
        const bool there = grove_json_next(json, '}', i);
        const char *key = there ? grove_model_key(json) : "";
        if (json->wrong || (!there && i >= needed)) {
            return;
        }
        if (strcmp(key, fields[i].name) != 0) {
            grove_model_refuse(loading, "%s: its %s '%s' is missing, or not in its place", who,
                               what, fields[i].name);
            return;
        }
        read_field(loading, &fields[i], into);
        if (json->wrong && !json->no_memory) {
            grove_model_refuse(loading, "%s: its %s '%s' cannot be read: %s is missing", who, what,
                               fields[i].name, json->wrong);
        }
    }
    if (grove_model_going_on(loading) && grove_json_next(json, '}', i)) {
        const char *key = grove_model_key(json);
        grove_model_refuse(loading, "%s: it has no %s '%s'", who, what,
                           grove_tensors_show(key).text);
    }
}

void grove_model_read_fields(grove_model_loading *loading, const grove_field *fields, void *into,
                             const char *who, const char *what) {
    grove_model_read_some_fields(loading, fields, SIZE_MAX, into, who, what);
}

/* ---- the members of a node ------------------------------------------------------------------- */

/* A node on its way out of the file. */
typedef struct node {
    int32_t index;
    char words[64]; /* "scale (node 3)", for messages */
    const grove_op *op;
    const char *name; /* NULL where it has none */
    grove_tensor *in; /* [inputs] */
    size_t inputs, input_capacity;
    void *attributes; /* [op->attribute_size] */
    bool has_attributes, has_options;
    grove_model_options options;
} node;

/* One of grove's, or one that the program brings. */
static const grove_op *find_op(const grove_load_options *options, const char *name) {
    const grove_op *op = grove_op_named(name);
    for (size_t i = 0; i < options->op_count && !op; i++) {
        op = strcmp(options->ops[i]->name, name) == 0 ? options->ops[i] : NULL;
    }
    return op;
}

static void read_op(grove_model_loading *loading, node *n) {
    const char *name = grove_json_string(&loading->json);
    n->op = loading->json.wrong ? NULL : find_op(loading->options, name);
    if (loading->json.wrong) {
        return;
    }
    if (!n->op) {
        grove_model_refuse(loading,
                           "node %d has the op '%s', which is none of grove's own: it takes a "
                           "program that has this op and names it to grove_load_with",
                           (int)n->index, grove_tensors_show(name).text);
        return;
    }
    snprintf(n->words, sizeof n->words, "%s (node %d)", n->op->name, (int)n->index);
    if (n->op->flags & GROVE_UPDATE) {
        grove_model_refuse(loading, "%s: an update does not belong in a model file", n->words);
    }
    n->attributes = grove_arena_alloc(&loading->arena, n->op->attribute_size);
    if (!n->attributes) {
        grove_model_no_memory(loading, n->op->attribute_size);
    }
}

static void read_inputs(grove_model_loading *loading, node *n) {
    grove_json *json = &loading->json;
    const grove_allocator *allocator = &loading->model->allocator;
    grove_json_expect(json, '[');
    while (grove_model_going_on(loading) && grove_json_next(json, ']', n->inputs)) {
        int64_t input = grove_model_integer(json);
        grove_tensor *in =
            grove_grow(allocator, n->in, n->inputs, &n->input_capacity, sizeof *n->in);
        if (!in) {
            grove_model_no_memory(loading, 2 * n->inputs * sizeof *in);
            return;
        }
        n->in = in;
        if (!json->wrong && (input < 0 || input >= n->index)) {
            grove_model_refuse(loading,
                               "%s: its input %zu is node %lld, which does not come before it",
                               n->words, n->inputs, (long long)input);
        }
        n->in[n->inputs++] = grove_node_at(loading->model->graph, (int32_t)input);
    }
}

static void read_fields_of(grove_model_loading *loading, node *n, bool options) {
    static const grove_field none[] = {GROVE_NO_MORE_FIELDS};
    if (options) {
        n->has_options = true;
        grove_model_read_fields(loading, grove_model_option_fields, &n->options, n->words,
                                "option");
        return;
    }
    n->has_attributes = true;
    grove_model_read_fields(loading, n->op->fields ? n->op->fields : none, n->attributes, n->words,
                            "attribute");
}

enum { OP, NAME, INPUTS, ATTRIBUTES, OPTIONS, MEMBERS };

/* Which member this is: not before the first that may come now. MEMBERS where there is none. */
static int member_of(const char *key, int first) {
    static const char *const names[MEMBERS] = {"op", "name", "inputs", "attributes", "options"};
    while (first < MEMBERS && strcmp(names[first], key) != 0) {
        first++;
    }
    return first;
}

static void read_member(grove_model_loading *loading, node *n, int member) {
    switch (member) {
    case OP:
        read_op(loading, n);
        break;
    case NAME:
        n->name = grove_json_string(&loading->json);
        break;
    case INPUTS:
        read_inputs(loading, n);
        break;
    default:
        read_fields_of(loading, n, member == OPTIONS);
        break;
    }
}

static void read_members(grove_model_loading *loading, node *n) {
    grove_json *json = &loading->json;
    int first = OP;
    grove_json_expect(json, '{');
    for (size_t i = 0; grove_model_going_on(loading) && grove_json_next(json, '}', i); i++) {
        const char *key = grove_model_key(json);
        int member = member_of(key, first);
        if (json->wrong) {
            return;
        }
        if (member == MEMBERS || (first == OP && member != OP)) {
            grove_model_refuse(loading, "node %d: its member '%s' is unknown, or not in its place",
                               (int)n->index, grove_tensors_show(key).text);
            return;
        }
        read_member(loading, n, member);
        first = member + 1;
    }
}

/* ---- making a node --------------------------------------------------------------------------- */

static void check_members(grove_model_loading *loading, const node *n) {
    if (!n->op) {
        grove_model_refuse(loading, "node %d has no op", (int)n->index);
        return;
    }
    int least = n->op->min_inputs, most = n->op->max_inputs;
    bool fields = n->op->fields && n->op->fields[0].name;
    bool stored = (n->op->flags & GROVE_STORED) != 0;
    if (n->inputs < (size_t)least || n->inputs > (size_t)most) {
        grove_model_refuse(loading, "%s: it takes %d to %d inputs, not %zu", n->words, least, most,
                           n->inputs);
    } else if (fields && !n->has_attributes) {
        grove_model_refuse(loading, "%s: its attributes are missing", n->words);
    } else if (stored && !n->name) {
        grove_model_refuse(loading, "%s: it has no name to find its numbers by", n->words);
    } else if (n->has_options &&
               (!stored || n->options.rate < 0 || n->options.decay < GROVE_DECAY_BY_RULE ||
                n->options.decay > GROVE_DECAY_OFF)) {
        grove_model_refuse(loading, "%s: it has options that %s", n->words,
                           stored ? "no parameter can have" : "only parameters have");
    }
}

/* The mistake that the graph noted, as one of the file. */
static void tell_mistake(grove_model_loading *loading) {
    const grove_error *mistake = grove_graph_error(loading->model->graph);
    if (mistake->status == GROVE_NO_MEMORY) {
        if (loading->status == GROVE_OK) {
            loading->status =
                grove_fail(loading->reading.error, GROVE_NO_MEMORY, "%s", mistake->message);
        }
    } else if (mistake->status != GROVE_OK) {
        grove_model_refuse(loading, "%s", mistake->message);
    }
}

/* The tensor that holds a stored leaf's numbers, before the leaf asks for memory: so a file cannot
 * make grove ask for more than the file is long. */
static const grove_tensors_entry *numbers_of(grove_model_loading *loading, const node *n) {
    grove_shaping leaf = {.op = n->op,
                          .graph = loading->model->graph,
                          .in = n->in,
                          .inputs = (int)n->inputs,
                          .attributes = n->attributes,
                          .type = GROVE_REAL};
    return n->op->shape(&leaf) ? grove_model_claim_numbers(loading, &leaf, n->name) : NULL;
}

static void append(grove_model_loading *loading, const node *n) {
    bool stored = (n->op->flags & GROVE_STORED) != 0;
    const grove_tensors_entry *numbers = stored ? numbers_of(loading, n) : NULL;
    if (stored && !numbers) {
        return;
    }
    grove_tensor made =
        grove_append(n->op, loading->model->graph, n->in, (int)n->inputs, n->attributes);
    if (n->name) {
        grove_name(made, n->name);
    }
    if (!grove_is_valid(made) || grove_graph_error(loading->model->graph)->status != GROVE_OK) {
        return;
    }
    if (stored) {
        grove_model_copy_numbers(loading, numbers, made);
    }
    if (n->has_options) {
        grove_parameter_options options = {n->options.frozen, n->options.rate,
                                           (grove_decay)n->options.decay};
        grove_parameter_set(made, &options);
    }
}

static void read_node(grove_model_loading *loading, int32_t index) {
    node n = {.index = index};
    read_members(loading, &n);
    if (grove_model_going_on(loading)) {
        check_members(loading, &n);
    }
    if (grove_model_going_on(loading)) {
        append(loading, &n);
        tell_mistake(loading);
    }
    grove_release(&loading->model->allocator, n.in);
}

/* ---- the graph ------------------------------------------------------------------------------- */

static void want_key(grove_model_loading *loading, const char *wanted) {
    const char *key = grove_model_key(&loading->json);
    if (grove_model_going_on(loading) && strcmp(key, wanted) != 0) {
        grove_model_refuse(loading, "its metadata 'model' has '%s' where '%s' should stand",
                           grove_tensors_show(key).text, wanted);
    }
}

static void read_nodes(grove_model_loading *loading) {
    grove_json_expect(&loading->json, '[');
    for (int32_t i = 0;
         grove_model_going_on(loading) && grove_json_next(&loading->json, ']', (size_t)i); i++) {
        if (i >= GROVE_MODEL_NODE_LIMIT) {
            grove_model_refuse(loading, "it has more than %d nodes", GROVE_MODEL_NODE_LIMIT);
            return;
        }
        read_node(loading, i);
    }
}

static void read_outputs(grove_model_loading *loading) {
    grove_json *json = &loading->json;
    grove_model *model = loading->model;
    int32_t nodes = grove_node_count(model->graph);
    grove_json_expect(json, '[');
    while (grove_model_going_on(loading) && grove_json_next(json, ']', model->output_count)) {
        int64_t index = grove_model_integer(json);
        grove_tensor *outputs = grove_grow(&model->allocator, model->outputs, model->output_count,
                                           &model->output_capacity, sizeof *outputs);
        if (!outputs) {
            grove_model_no_memory(loading, 2 * model->output_count * sizeof *outputs);
            return;
        }
        model->outputs = outputs;
        if (!json->wrong && (index < 0 || index >= nodes)) {
            grove_model_refuse(loading, "its output %zu is node %lld, but it has %d nodes",
                               model->output_count, (long long)index, (int)nodes);
        }
        outputs[model->output_count++] = grove_node_at(model->graph, (int32_t)index);
    }
    if (grove_model_going_on(loading) && model->output_count == 0) {
        grove_model_refuse(loading, "it has no outputs");
    }
}

static void read_graph(grove_model_loading *loading) {
    grove_json *json = &loading->json;
    grove_json_expect(json, '{');
    want_key(loading, "schema");
    int64_t schema = grove_model_integer(json);
    if (grove_model_going_on(loading) && schema != GROVE_MODEL_SCHEMA) {
        grove_model_refuse(loading, "its graph has the schema %lld; this grove reads %d",
                           (long long)schema, GROVE_MODEL_SCHEMA);
    }
    grove_json_expect(json, ',');
    want_key(loading, "seed");
    grove_graph_options options = {.seed = grove_model_count(json),
                                   .allocator = loading->model->allocator};
    loading->model->graph = grove_graph_new(&options);
    if (!loading->model->graph) {
        grove_model_no_memory(loading, 1);
        return;
    }
    grove_json_expect(json, ',');
    want_key(loading, "nodes");
    read_nodes(loading);
    grove_json_expect(json, ',');
    want_key(loading, "outputs");
    read_outputs(loading);
    grove_json_expect(json, '}');
}

void grove_model_load_nodes(grove_model_loading *loading, const char *text) {
    grove_model_open_json(loading, "model", text);
    read_graph(loading);
    grove_model_close_json(loading);
}
