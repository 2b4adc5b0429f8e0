/* SPDX-License-Identifier: MIT
 *
 * golden_builders_layers.c - how grove builds the cases of layers, all of them called "fc".
 */
#include "golden_builders.h"
#include "grove/layers.h"

/* ---- dense, normalization -------------------------------------------------------------------- */

/* As wide as its weight says. */
static grove_tensor build_dense(const golden_scene *s) {
    grove_dense_options o = {.no_bias = has(s, "no_bias")};
    grove_tensor y = grove_nn_dense_with(in(s, "x"), side(s, "fc.weight", 0), "fc", &o);
    return has(s, "relu") ? grove_relu(y) : y;
}

static grove_tensor build_residual(const golden_scene *s) {
    return grove_add(in(s, "x"),
                     grove_tanh(grove_nn_dense(in(s, "x"), side(s, "fc.weight", 0), "fc")));
}

static grove_tensor build_layer_norm(const golden_scene *s) {
    return grove_nn_layer_norm(in(s, "x"), "fc",
                               &(grove_layer_norm_options){.epsilon = number(s, "epsilon")});
}

static grove_tensor build_batch_norm(const golden_scene *s) {
    return grove_nn_batch_norm(in(s, "x"), "fc",
                               &(grove_batch_norm_options){.epsilon = number(s, "epsilon")});
}

/* ---- attention ------------------------------------------------------------------------------- */

static grove_tensor attention(const golden_scene *s) {
    grove_attention_options o = {.memory = in(s, "memory"),
                                 .keep = in(s, "keep"),
                                 .causal = has(s, "causal"),
                                 .no_bias = has(s, "no_bias"),
                                 .dropout = number(s, "dropout")};
    return grove_nn_attention(in(s, "x"), whole(s, "heads"), "fc", &o);
}

BUILD(attention, attention(s))

static grove_tensor build_attention_weights(const golden_scene *s) {
    attention(s);
    return grove_find(s->graph, "fc.weights");
}

BUILD(position_embedding, grove_nn_position_embedding(in(s, "x"), "fc"))
BUILD(position_waves, grove_nn_position_waves(in(s, "x"), "fc"))

static grove_tensor build_transformer_block(const golden_scene *s) {
    grove_transformer_options o = {.hidden = whole(s, "hidden"),
                                   .post_norm = has(s, "post_norm"),
                                   .relu = has(s, "relu"),
                                   .causal = has(s, "causal"),
                                   .keep = in(s, "keep"),
                                   .dropout = number(s, "dropout"),
                                   .epsilon = number(s, "epsilon")};
    return grove_nn_transformer_block(in(s, "x"), whole(s, "heads"), "fc", &o);
}

/* ---- recurrence ------------------------------------------------------------------------------ */

/* All states, or the last one. */
static grove_tensor build_gru(const golden_scene *s) {
    grove_tensor last = GROVE_NONE;
    grove_gru_options o = {.first = in(s, "first"), .last_state = &last};
    grove_tensor y = grove_nn_gru(in(s, "x"), side(s, "fc.weight_hh_l0", 1), "fc", &o);
    return has(s, "last") ? last : y;
}

/* clang-format off */
const golden_builder golden_layer_builders[] = {
    ROW(dense), ROW(residual), ROW(layer_norm), ROW(batch_norm),
    ROW(attention), ROW(attention_weights), ROW(position_embedding), ROW(position_waves),
    ROW(transformer_block), ROW(gru),
    NO_MORE_ROWS,
};
/* clang-format on */
