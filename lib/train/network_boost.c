/* SPDX-License-Identifier: MIT
 *
 * network_boost.c - the network of boosting: weak models, whose scaled sum is the answer.
 *
 *     columns -- vectors -- mlp -- features 1 --+-- "stage.1" -- x "stage.1.rate" --+
 *                                      |                                            |
 *     columns -- vectors --+-- mlp -- features 2 -- "stage.2" -- x "stage.2.rate" --+-- scores
 *
 * Each weak model reads its own vectors of the columns and the last hidden layer of the one before
 * it, as in GrowNet (Badirli et al. 2020).
 */
#include <stdio.h>

#include "grove/layers.h"
#include "network_bags.h"
#include "network_body.h"

static grove_tensor drop(grove_tensor x, double share) {
    return share > 0 ? grove_dropout(x, share) : x;
}

/* -> [batch, outputs]. *features, of the model before, or GROVE_NONE, become those of this one. */
static grove_tensor weak_model(grove_network_inputs *in, const grove_schema *schema,
                               const grove_classifier_options *o, int64_t outputs,
                               grove_tensor *features) {
    char name[GROVE_NETWORK_NAME];
    const bool any = in->columns + in->bags > 0 || grove_is_valid(in->numbers);
    grove_tensor x = any ? grove_network_inputs_beside(in, o) : GROVE_NONE;
    if (any && grove_is_valid(*features)) {
        x = grove_concat((grove_tensor[]){x, *features}, 2, 1);
    }
    *features = GROVE_NONE;
    for (int i = 0; i < o->hidden_count && any; i++) {
        x = grove_relu(grove_nn_dense(x, o->hidden[i], grove_network_name(in, name, "mlp.%d", i)));
        *features = x = drop(x, o->dropout);
    }
    grove_tensor y = GROVE_NONE;
    if (any) {
        y = grove_nn_dense(x, outputs, grove_network_name(in, name, "mlp.%d", o->hidden_count));
    }
    return grove_network_texts(in, schema, outputs, o->word_dropout, y);
}

static grove_classifier_options as_it_is(grove_classifier_options o) {
    o.dropout = o.table_dropout = o.word_dropout = 0;
    return o;
}

/* y [batch, outputs] of stage k (from 0), added to the scores. */
static grove_tensor add_stage(grove_tensor scores, grove_tensor y, int k) {
    static const grove_init one = {.kind = GROVE_INIT_CONSTANT, .a = 1};
    char name[64];
    snprintf(name, sizeof name, "stage.%d", k + 1);
    y = grove_name(grove_reshape(y, grove_node_shape(y)), name); /* y has another name */
    snprintf(name, sizeof name, "stage.%d.rate", k + 1);
    y = grove_mul(y, grove_parameter(y.graph, name, GROVE_SCALAR, one));
    y = grove_is_valid(scores) ? grove_add(scores, y) : y;
    snprintf(name, sizeof name, "stage.%d.scores", k + 1);
    return grove_name(y, name);
}

grove_status grove_network_boosted(grove_graph *graph, const grove_schema *schema,
                                   const grove_classifier_options *options, int64_t outputs,
                                   grove_tensor *scores, grove_error *error) {
    const grove_classifier_options settled = as_it_is(*options);
    grove_tensor features = GROVE_NONE;
    grove_status status = GROVE_OK;
    *scores = GROVE_NONE;
    for (int k = 0; k < options->stages && status == GROVE_OK; k++) {
        const bool fixed = k < options->fixed_stages;
        const grove_classifier_options *o = fixed ? &settled : options;
        grove_network_inputs inputs;
        status = grove_network_inputs_open(&inputs, graph, schema, o, k, error);
        if (status == GROVE_OK) {
            grove_tensor y = weak_model(&inputs, schema, o, outputs, &features);
            *scores = add_stage(*scores, y, k);
        }
        if (fixed && grove_is_valid(features)) {
            features = grove_stop_gradient(features);
        }
        grove_network_inputs_close(&inputs);
    }
    return status;
}
