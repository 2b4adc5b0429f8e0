/* SPDX-License-Identifier: MIT
 *
 * golden_builders_embeddings.c - how grove builds the cases of tables, of bags, and of ids.
 */
#include "golden_builders.h"
#include "grove/embeddings.h"

/* ---- ops ------------------------------------------------------------------------------------- */

BUILD(embedding, grove_embedding(in(s, "table"), in(s, "ids")))
BUILD(scatter_rows, grove_scatter_rows(in(s, "ids"), in(s, "values"), whole(s, "rows")))
BUILD(rows_squared_norm, grove_rows_squared_norm(in(s, "ids"), in(s, "values")))
BUILD(merge_rows, grove_merge_rows(in(s, "ids"), in(s, "values")))
BUILD(map_ids, grove_map_ids(in(s, "ids"), in(s, "map")))
BUILD(positions, grove_positions(s->graph, whole(s, "count")))
BUILD(embedding_bag_ids,
      grove_embedding_bag_ids(in(s, "ids"), (grove_id)whole(s, "padding"), whole(s, "rows")))

/* The mode by its word, sum being the usual; padding where the case has any. */
static grove_embedding_bag_options bag_of(const golden_scene *s) {
    return (grove_embedding_bag_options){.mode = has(s, "mean")  ? GROVE_BAG_MEAN
                                                 : has(s, "max") ? GROVE_BAG_MAX
                                                                 : GROVE_BAG_SUM,
                                         .padded = golden_find(s->c, GOLDEN_SET, "padding") != NULL,
                                         .padding = (grove_id)whole(s, "padding"),
                                         .include_last_offset = has(s, "include_last_offset")};
}

static grove_tensor build_embedding_bag(const golden_scene *s) {
    grove_embedding_bag_options o = bag_of(s);
    return grove_embedding_bag(in(s, "table"), in(s, "ids"), in(s, "offsets"), in(s, "weights"),
                               &o);
}

static grove_tensor build_embedding_bag_gradient(const golden_scene *s) {
    grove_embedding_bag_options o = bag_of(s);
    return grove_embedding_bag_gradient(in(s, "dy_in"), in(s, "table"), in(s, "ids"),
                                        in(s, "offsets"), in(s, "weights"), &o);
}

/* ---- layers, called "fc" --------------------------------------------------------------------- */

BUILD(embedding_layer,
      grove_nn_embedding(in(s, "ids"), side(s, "fc.weight", 0), side(s, "fc.weight", 1), "fc"))

static grove_tensor build_embedding_bag_layer(const golden_scene *s) {
    grove_nn_embedding_bag_options o = {
        .bag = bag_of(s), .offsets = in(s, "offsets"), .weights = in(s, "weights")};
    return grove_nn_embedding_bag(in(s, "ids"), side(s, "fc.weight", 0), side(s, "fc.weight", 1),
                                  "fc", &o);
}

/* clang-format off */
const golden_builder golden_embedding_builders[] = {
    ROW(embedding), ROW(scatter_rows), ROW(rows_squared_norm), ROW(merge_rows), ROW(map_ids),
    ROW(positions), ROW(embedding_bag_ids), ROW(embedding_bag), ROW(embedding_bag_gradient),
    /* layers */
    ROW(embedding_layer), ROW(embedding_bag_layer),
    NO_MORE_ROWS,
};
/* clang-format on */
