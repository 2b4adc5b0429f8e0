/* SPDX-License-Identifier: MIT
 *
 * network_body.c - the architectures (grove/train.h).
 */
#include "network_body.h"

#include <stdio.h>

#include "grove/layers.h"

typedef struct layer_name {
    char text[48];
} layer_name;

static const char *name_of(layer_name *name, const char *kind, int number, const char *part) {
    snprintf(name->text, sizeof name->text, "%s.%d%s", kind, number, part);
    return name->text;
}

static grove_tensor drop(grove_tensor x, double share) {
    return share > 0 ? grove_dropout(x, share) : x;
}

/* x [batch, width] -> [batch, outputs] */
static grove_tensor mlp(grove_tensor x, const grove_classifier_options *o, int64_t outputs) {
    layer_name name;
    for (int i = 0; i < o->hidden_count; i++) {
        x = grove_relu(grove_nn_dense(x, o->hidden[i], name_of(&name, "mlp", i, "")));
        x = drop(x, o->dropout);
    }
    return grove_nn_dense(x, outputs, name_of(&name, "mlp", o->hidden_count, ""));
}

/* The stream keeps the width of the first hidden layer; each block may be wider inside. */
static grove_tensor resnet(grove_tensor x, const grove_classifier_options *o, int64_t outputs) {
    layer_name name;
    if (o->hidden_count > 0) {
        x = grove_nn_dense(x, o->hidden[0], "resnet.in");
    }
    for (int i = 0; i < o->hidden_count; i++) {
        grove_tensor y = grove_nn_layer_norm(x, name_of(&name, "resnet", i, ".norm"), NULL);
        y = grove_relu(grove_nn_dense(y, o->hidden[i], name_of(&name, "resnet", i, ".linear1")));
        y = grove_nn_dense(drop(y, o->dropout), o->hidden[0],
                           name_of(&name, "resnet", i, ".linear2"));
        x = grove_name(grove_add(x, y), name_of(&name, "resnet", i, ""));
    }
    if (o->hidden_count > 0) {
        x = grove_relu(grove_nn_layer_norm(x, "resnet.norm", NULL));
    }
    return grove_nn_dense(x, outputs, "resnet.out");
}

/* ---- the transformer ------------------------------------------------------------------------- */

/* [batch, 1 + columns + features, width]: the token of the answer, which is learned, comes first.
 */
static grove_tensor tokens(grove_network_inputs *in, grove_graph *g) {
    const int64_t width = in->width;
    grove_tensor *parts = in->vectors;
    int count = in->columns + in->bags;
    for (int i = 0; i < count; i++) {
        parts[i] = grove_reshape(parts[i], GROVE_SHAPE(GROVE_BATCH, 1, width));
    }
    if (grove_is_valid(in->numbers)) {
        grove_tensor lines = grove_nn_linear_numbers(in->numbers, width, "lines");
        parts[count++] = grove_is_valid(in->binned) ? grove_add(lines, in->binned) : lines;
    }
    grove_init normal = {.kind = GROVE_INIT_NORMAL, .b = 0.02};
    grove_tensor first = grove_parameter(g, "transformer.answer", GROVE_SHAPE(width), normal);
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
    layer_name name;
    grove_tensor x = drop(tokens(in, g), o->table_dropout);
    for (int i = 0; i < o->hidden_count; i++) {
        grove_transformer_options how = {.hidden = o->hidden[i], .dropout = o->dropout};
        x = grove_nn_transformer_block(x, heads_for(in->width),
                                       name_of(&name, "transformer", i, ""), &how);
    }
    x = grove_reshape(grove_slice(x, 1, 0, 1), GROVE_SHAPE(GROVE_BATCH, in->width));
    x = grove_relu(grove_nn_layer_norm(x, "transformer.norm", NULL));
    return grove_nn_dense(x, outputs, "transformer.out");
}

grove_tensor grove_network_body(grove_network_inputs *in, const grove_schema *schema,
                                const grove_classifier_options *o, int64_t outputs) {
    grove_graph *g = in->columns + in->bags > 0 ? in->vectors[0].graph : in->numbers.graph;
    grove_tensor wide = GROVE_NONE;
    switch (o->architecture) {
    case GROVE_ARCHITECTURE_TRANSFORMER:
        return transformer(in, g, o, outputs);
    case GROVE_ARCHITECTURE_RESNET:
        return resnet(grove_network_inputs_beside(in, o), o, outputs);
    case GROVE_ARCHITECTURE_WIDE_DEEP:
        wide = grove_network_wide(in, schema, o, outputs);
        return grove_is_valid(wide)
                   ? grove_add(mlp(grove_network_inputs_beside(in, o), o, outputs), wide)
                   : mlp(grove_network_inputs_beside(in, o), o, outputs);
    default:
        return mlp(grove_network_inputs_beside(in, o), o, outputs);
    }
}
