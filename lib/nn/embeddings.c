/* SPDX-License-Identifier: MIT
 *
 * embeddings.c - a layer for bags of ids.
 */
#include "grove/embeddings.h"

#include <math.h>

#include "layer.h"

grove_tensor grove_nn_embedding_bag(grove_tensor ids, int64_t rows, int64_t width, const char *name,
                                    const grove_nn_embedding_bag_options *options) {
    if (!grove_is_valid(ids)) {
        return GROVE_NONE;
    }
    grove_nn_embedding_bag_options o = options ? *options : (grove_nn_embedding_bag_options){0};
    grove_init init = {.kind = GROVE_INIT_NORMAL, .b = width > 0 ? 1 / sqrt((double)width) : 0};
    grove_tensor table = grove_part_parameter(ids.graph, name, "weight", GROVE_SHAPE(rows, width),
                                              o.table_init ? *o.table_init : init);
    return grove_name_if_free(grove_embedding_bag(table, ids, o.offsets, o.weights, &o.bag), name);
}
