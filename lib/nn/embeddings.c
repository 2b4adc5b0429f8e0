/* SPDX-License-Identifier: MIT
 *
 * embeddings.c - layers that look vectors up: for ids, and for bags of ids.
 */
#include "grove/embeddings.h"

#include <math.h>

#include "grove/nn.h"
#include "layer.h"

/* Each vector's length is about 1. */
static grove_init usual_init(int64_t width) {
    return (grove_init){.kind = GROVE_INIT_NORMAL, .b = width > 0 ? 1 / sqrt((double)width) : 0};
}

static bool check(grove_tensor ids, int64_t rows, int64_t width, const char *layer,
                  const char *name) {
    if (!grove_is_valid(ids) || !grove_layer_takes(GROVE_ID, ids, layer, name)) {
        return false;
    }
    if (rows < 1 || width < 1) {
        grove_mistake(ids.graph, GROVE_BAD_ARGUMENT,
                      "%s '%.80s': it needs 1 row and 1 column or more", layer, name);
        return false;
    }
    return true;
}

grove_tensor grove_nn_embedding_with(grove_tensor ids, int64_t rows, int64_t width,
                                     const char *name, const grove_embedding_options *options) {
    grove_embedding_options o = options ? *options : (grove_embedding_options){0};
    if (!check(ids, rows, width, "embedding layer", name)) {
        return GROVE_NONE;
    }
    grove_tensor table = grove_part_parameter(ids.graph, name, "weight", GROVE_SHAPE(rows, width),
                                              o.table_init ? *o.table_init : usual_init(width));
    if (o.unknown_share != 0) {
        ids = grove_replace_ids(ids, o.unknown_share, o.unknown_id, rows);
    }
    return grove_name_if_free(grove_embedding(table, ids), name);
}

grove_tensor grove_nn_embedding(grove_tensor ids, int64_t rows, int64_t width, const char *name) {
    return grove_nn_embedding_with(ids, rows, width, name, NULL);
}

/* Padding is none of the ids: it becomes nobody first, and nobody is the padding from then on. */
static grove_tensor show_some_as_unknown(grove_tensor ids, int64_t rows,
                                         grove_nn_embedding_bag_options *o) {
    if (o->bag.padded) {
        ids = grove_embedding_bag_ids(ids, o->bag.padding, rows);
        o->bag.padding = GROVE_NOBODY;
    }
    return grove_replace_ids(ids, o->unknown_share, o->unknown_id, rows);
}

grove_tensor grove_nn_embedding_bag(grove_tensor ids, int64_t rows, int64_t width, const char *name,
                                    const grove_nn_embedding_bag_options *options) {
    if (!check(ids, rows, width, "embedding bag layer", name)) {
        return GROVE_NONE;
    }
    grove_nn_embedding_bag_options o = options ? *options : (grove_nn_embedding_bag_options){0};
    if (!o.bag.padded && o.bag.padding != 0) {
        grove_mistake(ids.graph, GROVE_BAD_ARGUMENT,
                      "embedding bag layer '%.80s': its padding is %d, which counts with .padded "
                      "alone",
                      name ? name : "", (int)o.bag.padding);
        return GROVE_NONE;
    }
    if (o.unknown_share != 0) {
        ids = show_some_as_unknown(ids, rows, &o);
    }
    grove_tensor table = grove_part_parameter(ids.graph, name, "weight", GROVE_SHAPE(rows, width),
                                              o.table_init ? *o.table_init : usual_init(width));
    return grove_name_if_free(grove_embedding_bag(table, ids, o.offsets, o.weights, &o.bag), name);
}
