/* SPDX-License-Identifier: MIT
 *
 * network_body.c - the architectures (grove/train.h).
 */
#include "network_body.h"

#include <math.h>
#include <stdio.h>

#include "grove/bayesian.h"
#include "grove/layers.h"
#include "network_numbers.h"

static grove_tensor drop(grove_tensor x, double share) {
    return share > 0 ? grove_dropout(x, share) : x;
}

static grove_tensor dense(grove_network_inputs *in, grove_tensor x, int64_t units,
                          const char *name) {
    if (in->bayes.mode == GROVE_BAYES_NONE) {
        return grove_nn_dense(x, units, name);
    }
    if (in->bayes.mode == GROVE_BAYES_DRAWS) {
        return grove_nn_bayesian_dense_draw(x, units, name, in->draw);
    }
    const double times = in->bayes.prior > 0 ? in->bayes.prior : 1;
    const int64_t width = grove_is_valid(x) ? grove_node_shape(x).dim[1] : 1;
    const grove_bayesian_options how = {.prior = times / sqrt((double)width)};
    grove_tensor kl = GROVE_NONE, y = grove_nn_bayesian_dense(x, units, name, &how, &kl);
    in->kl = grove_is_valid(in->kl) ? grove_add(in->kl, kl) : kl;
    return y;
}

/* The bias is a table of numbers, so that what no draw names gets no gradient. Scores that are
 * log-probabilities of a guess from the start are what contrasting with noise wants. */
static grove_tensor drawn_layer(grove_network_inputs *in, grove_tensor x,
                                const grove_classifier_options *o, int64_t outputs,
                                const char *name) {
    const grove_init begin = {GROVE_INIT_CONSTANT, .a = -log((double)outputs)};
    char text[GROVE_NETWORK_NAME + 8];
    grove_last_layer *last = &in->last;
    snprintf(text, sizeof text, "%s.weight", name);
    last->weight =
        grove_parameter(in->graph, text, GROVE_SHAPE(outputs, grove_node_shape(x).dim[1]),
                        (grove_init){.kind = GROVE_INIT_XAVIER_UNIFORM});
    snprintf(text, sizeof text, "%s.bias", name);
    last->bias = grove_parameter(in->graph, text, GROVE_SHAPE(outputs, 1),
                                 o->softmax == GROVE_SOFTMAX_NCE ? begin : (grove_init){0});
    return grove_name(grove_add(grove_matmul(x, last->weight, false, true),
                                grove_reshape(last->bias, GROVE_SHAPE(outputs))),
                      name);
}

/* x [batch, in] -> [batch, outputs]: a dense layer, which is remembered. */
static grove_tensor last_layer(grove_network_inputs *in, grove_tensor x,
                               const grove_classifier_options *o, int64_t outputs,
                               const char *name) {
    char text[GROVE_NETWORK_NAME + 8];
    if (in->bayes.mode != GROVE_BAYES_NONE) {
        return dense(in, x, outputs, name);
    }
    in->last.x = x;
    if (o->softmax != GROVE_SOFTMAX_FULL) {
        return in->last.logits = drawn_layer(in, x, o, outputs, name);
    }
    in->last.logits = grove_nn_dense(x, outputs, name);
    snprintf(text, sizeof text, "%s.weight", name);
    in->last.weight = grove_find(in->graph, text);
    snprintf(text, sizeof text, "%s.bias", name);
    in->last.bias = grove_find(in->graph, text);
    return in->last.logits;
}

/* x [batch, width] -> [batch, outputs] */
static grove_tensor mlp(grove_network_inputs *in, grove_tensor x, const grove_classifier_options *o,
                        int64_t outputs) {
    char name[GROVE_NETWORK_NAME];
    for (int i = 0; i < o->hidden_count; i++) {
        x = grove_relu(dense(in, x, o->hidden[i], grove_network_name(in, name, "mlp.%d", i)));
        x = drop(x, o->dropout);
    }
    return last_layer(in, x, o, outputs, grove_network_name(in, name, "mlp.%d", o->hidden_count));
}

/* x [batch, width] -> the same, by way of so many units. */
static grove_tensor resnet_block(const grove_network_inputs *in, grove_tensor x, int i,
                                 const grove_classifier_options *o) {
    char name[GROVE_NETWORK_NAME];
    grove_tensor y =
        grove_nn_layer_norm(x, grove_network_name(in, name, "resnet.%d.norm", i), NULL);
    y = grove_nn_dense(y, o->hidden[i], grove_network_name(in, name, "resnet.%d.linear1", i));
    y = drop(grove_relu(y), o->dropout);
    y = grove_nn_dense(y, o->hidden[0], grove_network_name(in, name, "resnet.%d.linear2", i));
    return grove_name(grove_add(x, y), grove_network_name(in, name, "resnet.%d", i));
}

/* The stream has the width of the first hidden layer; each block may have another inside. */
static grove_tensor resnet(grove_network_inputs *in, grove_tensor x,
                           const grove_classifier_options *o, int64_t outputs) {
    char name[GROVE_NETWORK_NAME];
    if (o->hidden_count > 0) {
        x = grove_nn_dense(x, o->hidden[0], grove_network_name(in, name, "resnet.in"));
    }
    for (int i = 0; i < o->hidden_count; i++) {
        x = resnet_block(in, x, i, o);
    }
    if (o->hidden_count > 0) {
        x = grove_relu(grove_nn_layer_norm(x, grove_network_name(in, name, "resnet.norm"), NULL));
    }
    return last_layer(in, x, o, outputs, grove_network_name(in, name, "resnet.out"));
}

/* ---- the transformer ------------------------------------------------------------------------- */

/* [batch, 1 + columns + features, width]: the token of the answer, which is learned, comes first.
 */
static grove_tensor tokens(grove_network_inputs *in, grove_graph *g) {
    char name[GROVE_NETWORK_NAME];
    const int64_t width = in->width;
    grove_tensor *parts = in->vectors;
    int count = in->columns + in->bags;
    for (int i = 0; i < count; i++) {
        parts[i] = grove_reshape(parts[i], GROVE_SHAPE(GROVE_BATCH, 1, width));
    }
    if (grove_is_valid(in->numbers)) {
        parts[count++] = grove_network_number_tokens(in);
    }
    grove_init normal = {.kind = GROVE_INIT_NORMAL, .b = 0.02};
    grove_tensor first = grove_parameter(g, grove_network_name(in, name, "transformer.answer"),
                                         GROVE_SHAPE(width), normal);
    parts[count++] = grove_broadcast(first, GROVE_SHAPE(GROVE_BATCH, 1, width), GROVE_AXES(0, 1));
    grove_tensor last = parts[count - 1]; /* to the front */
    for (int i = count - 1; i > 0; i--) {
        parts[i] = parts[i - 1];
    }
    parts[0] = last;
    return grove_concat(parts, count, 1);
}

static int64_t heads_for(int64_t width) {
    return width % 8 == 0 ? 8 : width % 4 == 0 ? 4 : width % 2 == 0 ? 2 : 1;
}

static grove_tensor transformer(grove_network_inputs *in, grove_graph *g,
                                const grove_classifier_options *o, int64_t outputs) {
    char name[GROVE_NETWORK_NAME];
    grove_tensor x = drop(tokens(in, g), o->table_dropout);
    for (int i = 0; i < o->hidden_count; i++) {
        grove_transformer_options how = {.hidden = o->hidden[i], .dropout = o->dropout};
        x = grove_nn_transformer_block(x, heads_for(in->width),
                                       grove_network_name(in, name, "transformer.%d", i), &how);
    }
    x = grove_reshape(grove_slice(x, 1, 0, 1), GROVE_SHAPE(GROVE_BATCH, in->width));
    x = grove_relu(grove_nn_layer_norm(x, grove_network_name(in, name, "transformer.norm"), NULL));
    return last_layer(in, x, o, outputs, grove_network_name(in, name, "transformer.out"));
}

grove_tensor grove_network_body(grove_network_inputs *in, const grove_schema *schema,
                                const grove_classifier_options *o, int64_t outputs) {
    grove_graph *g = in->columns + in->bags > 0 ? in->vectors[0].graph : in->numbers.graph;
    grove_tensor wide = GROVE_NONE;
    switch (o->architecture) {
    case GROVE_ARCHITECTURE_TRANSFORMER:
        return transformer(in, g, o, outputs);
    case GROVE_ARCHITECTURE_RESNET:
        return resnet(in, grove_network_inputs_beside(in, o), o, outputs);
    case GROVE_ARCHITECTURE_WIDE_DEEP:
        wide = grove_network_wide(in, schema, o, outputs);
        return grove_is_valid(wide)
                   ? grove_add(mlp(in, grove_network_inputs_beside(in, o), o, outputs), wide)
                   : mlp(in, grove_network_inputs_beside(in, o), o, outputs);
    default:
        return mlp(in, grove_network_inputs_beside(in, o), o, outputs);
    }
}
