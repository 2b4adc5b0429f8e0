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

BUILD(hash_ids, grove_hash_ids(in(s, "ids"), whole(s, "buckets"), whole(s, "hashes"),
                               (uint64_t)whole(s, "seed")))
BUILD(cross_ids, grove_cross_ids(in(s, "ids"), whole(s, "buckets"), (uint64_t)whole(s, "seed")))
BUILD(quotient_ids, grove_quotient_ids(in(s, "ids"), whole(s, "divisor"), whole(s, "rows")))
BUILD(remainder_ids, grove_remainder_ids(in(s, "ids"), whole(s, "divisor"), whole(s, "rows")))
BUILD(one_hot, grove_one_hot(in(s, "ids"), whole(s, "rows")))
BUILD(replace_ids, grove_replace_ids(in(s, "ids"), number(s, "probability"),
                                     (grove_id)whole(s, "replacement"), whole(s, "rows")))

static grove_tensor build_constant_ids(const golden_scene *s) {
    grove_shape numbers = list(s, "numbers");
    grove_id ids[GROVE_MAX_RANK];
    for (int i = 0; i < numbers.rank; i++) {
        ids[i] = (grove_id)numbers.dim[i];
    }
    grove_shape shape = GROVE_SHAPE(numbers.rank);
    return grove_embedding(in(s, "table"), grove_constant_ids(s->graph, "constant", shape, ids));
}

static grove_tensor build_embedding_sum(const golden_scene *s) {
    grove_tensor pairs[10];
    char table[16] = "table0", ids[16] = "ids0";
    int count = 0;
    for (; count < 5 && grove_is_valid(in(s, table)); count++) {
        pairs[2 * count] = in(s, table);
        pairs[2 * count + 1] = in(s, ids);
        table[5]++;
        ids[3]++;
    }
    return grove_embedding_sum(pairs, count);
}

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
    grove_nn_embedding_bag_options o = {.bag = bag_of(s),
                                        .offsets = in(s, "offsets"),
                                        .weights = in(s, "weights"),
                                        .unknown_share = number(s, "unknown_share"),
                                        .unknown_id = (grove_id)whole(s, "unknown_id")};
    return grove_nn_embedding_bag(in(s, "ids"), side(s, "fc.weight", 0), side(s, "fc.weight", 1),
                                  "fc", &o);
}

static grove_tensor build_embedding_with(const golden_scene *s) {
    grove_embedding_options o = {.unknown_share = number(s, "unknown_share"),
                                 .unknown_id = (grove_id)whole(s, "unknown_id")};
    return grove_nn_embedding_with(in(s, "ids"), side(s, "fc.weight", 0), side(s, "fc.weight", 1),
                                   "fc", &o);
}

static grove_tensor build_hashed_embedding(const golden_scene *s) {
    grove_nn_hashed_embedding_options o = {.hashes = (int)whole(s, "hashes"),
                                           .seed = (uint64_t)whole(s, "seed"),
                                           .mean = has(s, "mean"),
                                           .importance_rows = side(s, "fc.importance", 0)};
    return grove_nn_hashed_embedding(in(s, "ids"), side(s, "fc.weight", 0), side(s, "fc.weight", 1),
                                     "fc", &o);
}

static grove_tensor build_quotient_remainder_embedding(const golden_scene *s) {
    static const char *const ways[] = {"product", "sum", "concat"};
    grove_nn_quotient_remainder_options o = {.combine = (grove_combine)word_of(s, ways, 3)};
    return grove_nn_quotient_remainder_embedding(in(s, "ids"), whole(s, "rows"),
                                                 side(s, "fc.remainder", 0),
                                                 side(s, "fc.remainder", 1), "fc", &o);
}

/* clang-format off */
const golden_builder golden_embedding_builders[] = {
    ROW(embedding), ROW(scatter_rows), ROW(rows_squared_norm), ROW(merge_rows), ROW(map_ids),
    ROW(embedding_sum),
    ROW(positions), ROW(embedding_bag_ids), ROW(embedding_bag), ROW(embedding_bag_gradient),
    ROW(hash_ids), ROW(cross_ids), ROW(quotient_ids), ROW(remainder_ids), ROW(replace_ids),
    ROW(one_hot),
    ROW(constant_ids),
    /* layers */
    ROW(embedding_layer), ROW(embedding_bag_layer), ROW(embedding_with), ROW(hashed_embedding),
    ROW(quotient_remainder_embedding),
    NO_MORE_ROWS,
};
/* clang-format on */
