/* SPDX-License-Identifier: MIT
 *
 * nn/layer.h - what layers share: how their parameters and results are called.
 */
#ifndef GROVE_NN_LAYER_H
#define GROVE_NN_LAYER_H

#include <stdio.h>

#include "grove/ops.h"

/* "hidden" and "weight" make "hidden.weight". A name that is too long is cut, and then refused as a
 * double one if it no longer is unique. */
typedef struct grove_part_name {
    char text[256];
} grove_part_name;

static inline const char *grove_part(grove_part_name *name, const char *layer, const char *part) {
    snprintf(name->text, sizeof name->text, "%.220s.%s", layer ? layer : "", part);
    return name->text;
}

/* The parameter of that part of the layer. */
static inline grove_tensor grove_part_parameter(grove_graph *graph, const char *layer,
                                                const char *part, grove_shape shape,
                                                grove_init init) {
    grove_part_name name;
    return grove_parameter(graph, grove_part(&name, layer, part), shape, init);
}

/* The result of a layer takes the layer's name, unless an input has it already: the embedding of
 * "species" may be called "species" too. */
static inline grove_tensor grove_name_if_free(grove_tensor y, const char *name) {
    bool taken = name && grove_is_valid(y) && grove_is_valid(grove_find(y.graph, name));
    return taken ? y : grove_name(y, name);
}

static inline int64_t grove_last_dimension(grove_tensor x) {
    grove_shape shape = grove_node_shape(x);
    return shape.rank > 0 ? shape.dim[shape.rank - 1] : 1;
}

/* Has the layer a name? Else its parameters would be called ".weight". */
static inline bool grove_layer_is_named(grove_graph *graph, const char *layer, const char *name) {
    if (name && name[0]) {
        return true;
    }
    grove_mistake(graph, GROVE_BAD_ARGUMENT,
                  "%s: a layer needs a name: its parameters are called by it", layer);
    return false;
}

/* Has the layer a name, and is x of the type that it takes? Else it is refused in the layer's name,
 * before it has made any parameter: the op within that would refuse it knows no layers. */
static inline bool grove_layer_takes(grove_type type, grove_tensor x, const char *layer,
                                     const char *name) {
    static const char *const kinds[] = {"real numbers", "ids"};
    char text[96];
    if (!grove_layer_is_named(x.graph, layer, name)) {
        return false;
    }
    if (grove_node_type(x) == type) {
        return true;
    }
    grove_mistake(x.graph, GROVE_BAD_TYPE, "%s '%.80s': it takes %s, not the %s %s", layer, name,
                  kinds[type == GROVE_ID], kinds[type != GROVE_ID],
                  grove_shape_text(grove_node_shape(x), text, sizeof text));
    return false;
}

#endif
