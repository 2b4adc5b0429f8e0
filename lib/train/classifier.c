/* SPDX-License-Identifier: MIT
 *
 * classifier.c - the network for rows of a table.
 *
 *     column.<a> --- table.<a> --+
 *     column.<b> --- table.<b> --+-- concat -- mlp.0 -- relu -- dropout -- ... -- mlp.k -- softmax
 *     numbers -------------------+
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/losses.h"
#include "grove/train.h"

static bool is_possible(const grove_schema *schema, const grove_classifier_options *o,
                        grove_error *error) {
    const char *wrong = NULL;
    if (grove_schema_label(schema) < 0) {
        wrong = "the schema has no label";
    } else if (grove_schema_categoricals(schema) + grove_schema_features(schema) == 0) {
        wrong = "there must be a column to learn from";
    } else if (o->embedding_width < 0) {
        wrong = "the width of an embedding must be 1 or more";
    }
    for (int i = 0; i < o->hidden_count && !wrong; i++) {
        wrong = o->hidden[i] < 1 ? "a hidden layer must have 1 unit or more" : NULL;
    }
    if (wrong) {
        grove_fail(error, GROVE_BAD_ARGUMENT, "classifier: %s", wrong);
    }
    return !wrong;
}

/* [batch, width of all tables + features] */
static grove_tensor features(grove_graph *g, const grove_schema *schema, int64_t wanted_width,
                             grove_tensor *parts) {
    char text[512];
    int count = 0;
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        size_t column = (size_t)grove_schema_categorical(schema, i);
        const char *name = grove_schema_name(schema, column);
        int64_t rows = grove_schema_ids(schema, column);
        int64_t width = wanted_width ? wanted_width : grove_nn_embedding_width(rows);
        snprintf(text, sizeof text, "column.%s", name);
        grove_tensor ids = grove_input_ids(g, text, GROVE_BATCH);
        snprintf(text, sizeof text, "table.%s", name);
        parts[count++] = grove_nn_embedding(ids, rows, width, text);
    }
    int64_t numeric = (int64_t)grove_schema_features(schema);
    if (numeric > 0) {
        parts[count++] = grove_input_reals(g, "numbers", GROVE_BATCH, numeric);
    }
    return count == 1 ? parts[0] : grove_concat(parts, count, 1);
}

static grove_tensor loss_of(grove_classifier *c, grove_tensor logits, bool weighted) {
    if (!weighted) {
        return grove_softmax_cross_entropy(logits, c->label);
    }
    c->weights = grove_input_reals(c->graph, "weights", GROVE_BATCH);
    return grove_weighted_mean(grove_softmax_cross_entropy_rows(logits, c->label, GROVE_NONE, NULL),
                               c->weights);
}

static void build(grove_classifier *c, const grove_schema *schema,
                  const grove_classifier_options *o, grove_tensor *parts) {
    char text[32];
    int64_t classes = grove_schema_ids(schema, (size_t)grove_schema_label(schema));
    grove_tensor h = features(c->graph, schema, o->embedding_width, parts);
    for (int i = 0; i < o->hidden_count; i++) {
        snprintf(text, sizeof text, "mlp.%d", i);
        h = grove_relu(grove_nn_dense(h, o->hidden[i], text));
        h = o->dropout > 0 ? grove_dropout(h, o->dropout) : h;
    }
    snprintf(text, sizeof text, "mlp.%d", o->hidden_count);
    grove_tensor logits = grove_nn_dense(h, classes, text);
    c->label = grove_input_ids(c->graph, "label", GROVE_BATCH);
    c->probabilities = grove_name(grove_softmax(logits), "probabilities");
    c->loss = grove_name(loss_of(c, logits, o->weighted), "loss");
}

grove_status grove_classifier_new(const grove_schema *schema,
                                  const grove_classifier_options *options,
                                  grove_classifier *classifier, grove_error *error) {
    *classifier = (grove_classifier){0};
    if (!schema || !options) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "a classifier needs a schema and options");
    }
    if (!is_possible(schema, options, error)) {
        return GROVE_BAD_ARGUMENT;
    }
    grove_graph_options wishes = {.seed = options->seed, .allocator = options->allocator};
    grove_allocator allocator = grove_allocator_or_default(&options->allocator);
    size_t bytes = (grove_schema_categoricals(schema) + 1) * sizeof(grove_tensor);
    grove_tensor *parts = grove_alloc(&allocator, bytes);
    classifier->graph = grove_graph_new(&wishes);
    if (parts && classifier->graph) {
        build(classifier, schema, options, parts);
    }
    grove_error mistake = *grove_graph_error(classifier->graph);
    if (!parts) {
        grove_fail_memory(&mistake, bytes);
    }
    grove_release(&allocator, parts);
    if (mistake.status != GROVE_OK) {
        grove_classifier_free(classifier);
        return grove_fail(error, mistake.status, "%s", mistake.message);
    }
    return GROVE_OK;
}

void grove_classifier_free(grove_classifier *classifier) {
    if (classifier) {
        grove_graph_free(classifier->graph);
        *classifier = (grove_classifier){0};
    }
}

grove_id grove_schema_majority(const grove_schema *schema) {
    size_t label = schema ? (size_t)grove_schema_label(schema) : 0;
    grove_id best = 0;
    if (!schema) {
        return best;
    }
    for (grove_id id = 1; id < grove_schema_ids(schema, label); id++) {
        bool more = grove_schema_count(schema, label, id) > grove_schema_count(schema, label, best);
        best = more ? id : best;
    }
    return best;
}
