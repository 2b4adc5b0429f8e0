/* SPDX-License-Identifier: MIT
 *
 * classifier.c - the network for rows of a table.
 *
 *     column.<a> --- table.<a> --+
 *     column.<b> --- table.<b> --+-- concat -- mlp.0 -- relu -- dropout -- ... -- mlp.k -- head
 *     numbers ------ bins -------+
 *            \-------------------+                                                        (head.c)
 */
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "head.h"
#include "network_inputs.h"

static bool is_possible(const grove_schema *schema, const grove_classifier_options *o,
                        grove_error *error) {
    const char *wrong = NULL;
    if (grove_schema_label(schema) < 0) {
        wrong = "the schema has no label";
    } else if (grove_schema_categoricals(schema) + grove_schema_features(schema) == 0) {
        wrong = "there must be a column to learn from";
    } else if ((unsigned)o->number_loss > GROVE_NUMBER_LOSS_HUBER) {
        wrong = "there is no such loss of numbers";
    } else if (!(o->huber_delta >= 0 && o->huber_delta <= DBL_MAX)) {
        wrong = "Huber's delta must be a finite number above 0";
    } else if (o->embedding_width < 0 || o->number_width < 0) {
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

static void build(grove_classifier *c, const grove_schema *schema,
                  const grove_classifier_options *o, grove_tensor h) {
    char text[32];
    for (int i = 0; i < o->hidden_count; i++) {
        snprintf(text, sizeof text, "mlp.%d", i);
        h = grove_relu(grove_nn_dense(h, o->hidden[i], text));
        h = o->dropout > 0 ? grove_dropout(h, o->dropout) : h;
    }
    snprintf(text, sizeof text, "mlp.%d", o->hidden_count);
    grove_append_head(c, h, schema, o, text);
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
    grove_network_inputs inputs;
    grove_error mistake = {0};
    classifier->graph = grove_graph_new(&wishes);
    grove_status status =
        grove_network_inputs_open(&inputs, classifier->graph, schema, options, &mistake);
    if (status == GROVE_OK) {
        build(classifier, schema, options, grove_network_inputs_beside(&inputs, options));
        mistake = *grove_graph_error(classifier->graph);
    }
    grove_network_inputs_close(&inputs);
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

grove_center grove_schema_center(const grove_schema *schema) {
    size_t label = schema ? (size_t)grove_schema_label(schema) : 0;
    return schema ? (grove_center){grove_schema_mean(schema, label),
                                   grove_schema_median(schema, label)}
                  : (grove_center){0, 0};
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
