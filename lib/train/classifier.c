/* SPDX-License-Identifier: MIT
 *
 * classifier.c - the network for rows of a table.
 *
 *     column.<a> --- table.<a> --+
 *     column.<b> --- table.<b> --+-- concat -- mlp.0 -- relu -- dropout -- ... -- mlp.k -- head
 *     numbers ------ bins -------+
 *            \-------------------+             (the mlp; other bodies: network_body.c)   (head.c)
 *     column.<text> --- table.<text>, a number for each class, is added to the logits
 */
#include <float.h>

#include "base/error.h"
#include "grove/data_bags.h"
#include "head.h"
#include "network_bags.h"
#include "network_body.h"

static bool crosses_are_possible(const grove_schema *schema, const grove_classifier_options *o) {
    bool good = o->architecture == GROVE_ARCHITECTURE_WIDE_DEEP && o->cross_buckets >= 0;
    for (int i = 0; i < o->cross_count && good; i++) {
        const grove_cross *cross = &o->crosses[i];
        good = cross->count >= 2 && cross->count <= GROVE_MOST_CROSSED;
        for (int k = 0; k < cross->count && good; k++) {
            good = cross->columns[k] >= 0 &&
                   (size_t)cross->columns[k] < grove_schema_categoricals(schema);
        }
    }
    return good;
}

static bool is_possible(const grove_schema *schema, const grove_classifier_options *o,
                        grove_error *error) {
    const char *wrong = NULL;
    if (grove_schema_label(schema) < 0) {
        wrong = "the schema has no label";
    } else if (grove_schema_categoricals(schema) + grove_schema_features(schema) +
                   grove_schema_bags(schema) ==
               0) {
        wrong = "there must be a column to learn from";
    } else if ((unsigned)o->number_loss > GROVE_NUMBER_LOSS_HUBER) {
        wrong = "there is no such loss of numbers";
    } else if (!(o->huber_delta >= 0 && o->huber_delta <= DBL_MAX)) {
        wrong = "Huber's delta must be a finite number above 0";
    } else if (o->embedding_width < 0 || o->number_width < 0) {
        wrong = "the width of an embedding must be 1 or more";
    }
    if (!wrong && ((unsigned)o->architecture >= GROVE_ARCHITECTURES)) {
        wrong = "there is no such architecture";
    }
    if (!wrong && o->cross_count > 0 && !crosses_are_possible(schema, o)) {
        wrong = "a cross is of 2 to 4 categorical columns, in a wide-deep network";
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
                  const grove_classifier_options *o, grove_network_inputs *inputs) {
    const int64_t outputs = grove_head_outputs(schema);
    const bool any = inputs->columns + inputs->bags > 0 || grove_is_valid(inputs->numbers);
    grove_tensor answer = any ? grove_network_body(inputs, schema, o, outputs) : GROVE_NONE;
    answer = grove_network_texts(c->graph, schema, outputs, o->word_dropout, answer);
    grove_append_head(c, answer, schema, o);
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
        build(classifier, schema, options, &inputs);
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
