/* SPDX-License-Identifier: MIT
 *
 * layers.c - layers: ops and the parameters they bring.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "grove/nn.h"
#include "layer.h"

enum { WIDEST = 16 }; /* of the rule for embeddings */

static grove_tensor dense_mistake(grove_tensor x, const char *name, const char *words) {
    grove_mistake(x.graph, GROVE_BAD_ARGUMENT, "dense layer '%.80s': %s", name, words);
    return GROVE_NONE;
}

/* The weight [units, in] that was given, or a new one. */
static grove_tensor weight_of(grove_tensor x, int64_t units, const char *name,
                              const grove_dense_options *options) {
    grove_shape shape = GROVE_SHAPE(units, grove_last_dimension(x));
    grove_init init = {.kind = GROVE_INIT_XAVIER_UNIFORM};
    if (!options || !options->weight.graph) {
        init = options && options->weight_init ? *options->weight_init : init;
        return grove_part_parameter(x.graph, name, "weight", shape, init);
    }
    if (options->weight_init) {
        return dense_mistake(x, name, "a weight that was given has begun already: no weight_init");
    }
    grove_tensor weight = options->weight;
    if (!grove_is_valid(weight) || grove_shape_equal(grove_node_shape(weight), shape)) {
        return weight; /* what is wrong with an invalid one has been told */
    }
    char words[200], has[64], wanted[64];
    snprintf(words, sizeof words,
             "the given weight must have the shape [units, in], here %s; it has %s",
             grove_shape_text(shape, wanted, sizeof wanted),
             grove_shape_text(grove_node_shape(weight), has, sizeof has));
    return dense_mistake(x, name, words);
}

grove_tensor grove_nn_dense_with(grove_tensor x, int64_t units, const char *name,
                                 const grove_dense_options *options) {
    if (!grove_is_valid(x)) {
        return GROVE_NONE;
    }
    if (!grove_layer_takes(GROVE_REAL, x, "dense layer", name)) {
        return GROVE_NONE;
    }
    if (units < 1) {
        return dense_mistake(x, name, "it needs 1 unit or more");
    }
    if (grove_last_dimension(x) < 0 || grove_node_shape(x).rank == 0) {
        char words[160], has[96];
        snprintf(words, sizeof words, "x must have a last axis of fixed size, not the shape %s",
                 grove_shape_text(grove_node_shape(x), has, sizeof has));
        return dense_mistake(x, name, words);
    }
    grove_tensor weight = weight_of(x, units, name, options);
    grove_tensor y = grove_matmul(x, weight, false, true);
    if (!options || !options->no_bias) {
        grove_tensor bias =
            grove_part_parameter(x.graph, name, "bias", GROVE_SHAPE(units), (grove_init){0});
        y = grove_add(y, bias);
    }
    return grove_name_if_free(y, name);
}

grove_tensor grove_nn_dense(grove_tensor x, int64_t units, const char *name) {
    return grove_nn_dense_with(x, units, name, NULL);
}

int64_t grove_nn_embedding_width(int64_t rows) {
    double width = rows > 0 ? round(1.6 * pow((double)rows, 0.56)) : 1;
    return width < 1 ? 1 : width > WIDEST ? WIDEST : (int64_t)width;
}

/* ---- depth ----------------------------------------------------------------------------------- */

/* A parameter, or several side by side. */
static bool is_learned(grove_tensor node) {
    bool several = strcmp(grove_node_op(node), "concat") == 0;
    return grove_parameter_is_trainable(several ? grove_node_input(node, 0) : node);
}

static bool is_layer(grove_tensor node) {
    bool lookup = grove_node_is_lookup(node);
    bool product = grove_node_is_product(node);
    return (lookup && grove_parameter_is_trainable(grove_node_input(node, 0))) ||
           (product &&
            (is_learned(grove_node_input(node, 0)) || is_learned(grove_node_input(node, 1))));
}

/* The most layers on a way from a leaf to each node, upwards by index. */
static int deepest(const grove_tensor *outputs, int count, int *depth, int32_t nodes) {
    int most = 0;
    for (int32_t i = 0; i < nodes; i++) {
        grove_tensor node = grove_node_at(outputs[0].graph, i);
        depth[i] = 0;
        for (int k = 0; k < grove_node_inputs(node); k++) {
            int below = depth[grove_node_input(node, k).index];
            depth[i] = below > depth[i] ? below : depth[i];
        }
        depth[i] += is_layer(node);
    }
    for (int i = 0; i < count; i++) {
        most = depth[outputs[i].index] > most ? depth[outputs[i].index] : most;
    }
    return most;
}

int grove_nn_depth(const grove_tensor *outputs, int count) {
    int32_t nodes = 0;
    for (int i = 0; i < count; i++) {
        if (!grove_is_valid(outputs[i]) || outputs[i].graph != outputs[0].graph) {
            return -1;
        }
        nodes = outputs[i].index >= nodes ? outputs[i].index + 1 : nodes;
    }
    grove_allocator allocator = grove_graph_allocator(count > 0 ? outputs[0].graph : NULL);
    int *depth = grove_alloc(&allocator, (size_t)nodes * sizeof *depth);
    int most = depth && count > 0 ? deepest(outputs, count, depth, nodes) : -1;
    grove_release(&allocator, depth);
    return most;
}
