/* SPDX-License-Identifier: MIT
 *
 * golden_builders_layers.c - how grove builds the cases of layers, all of them called "fc".
 */
#include <stdlib.h>

#include "golden_builders.h"
#include "grove/layers.h"
#include "grove/number_embeddings.h"

/* ---- dense, normalization -------------------------------------------------------------------- */

/* Tied: x is looked up in a table, which is the weight, too. */
static grove_tensor tied_dense(const golden_scene *s) {
    int64_t rows = side(s, "table.weight", 0);
    grove_tensor x = grove_nn_embedding(in(s, "ids"), rows, side(s, "table.weight", 1), "table");
    grove_dense_options o = {.no_bias = has(s, "no_bias"), .weight = in(s, "table.weight")};
    return grove_nn_dense_with(has(s, "tanh") ? grove_tanh(x) : x, rows, "fc", &o);
}

/* As wide as its weight says. */
static grove_tensor build_dense(const golden_scene *s) {
    if (side(s, "table.weight", 0) > 0) {
        return tied_dense(s);
    }
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

/* ---- numbers as vectors ---------------------------------------------------------------------- */

/* The numbers of a setting; NULL where it is not there. The caller's. */
static grove_real *reals_of(const golden_scene *s, const char *setting, size_t *count) {
    const golden_line *line = golden_find(s->c, GOLDEN_SET, setting);
    *count = line ? line->count : 0;
    grove_real *reals = line ? malloc(line->count * sizeof *reals) : NULL;
    for (size_t i = 0; reals && i < line->count; i++) {
        reals[i] = (grove_real)line->numbers[i];
    }
    return reals;
}

static size_t features_of(const golden_scene *s) {
    return (size_t)grove_node_shape(in(s, "x")).dim[1];
}

/* Bins between edges that the case names. */
static grove_tensor encode(const golden_scene *s, const char *name) {
    size_t count, features = features_of(s);
    grove_real *edges = reals_of(s, "edges", &count);
    grove_number_bins bins = {
        .features = features, .most = count ? count / features - 1 : 0, .edges = edges};
    grove_tensor y = grove_nn_piecewise_linear(in(s, "x"), &bins, name);
    free(edges);
    return y;
}

BUILD(piecewise_linear, grove_piecewise_linear(in(s, "x"), in(s, "edges")))
BUILD(number_ids, grove_number_ids(in(s, "x"), in(s, "edges")))
BUILD(piecewise_linear_slope, grove_piecewise_linear_slope(in(s, "x"), in(s, "edges")))
BUILD(piecewise_linear_layer, encode(s, "fc"))

/* Bins that are fitted to the case's columns. */
static grove_number_bins bins_of(const golden_scene *s, bool distinct) {
    size_t count, features = features_of(s);
    grove_real *columns = reals_of(s, "columns", &count);
    grove_number_bins bins = {0};
    const size_t rows = count / features, wanted = (size_t)whole(s, "wanted");
    if (distinct) {
        grove_number_bins_fit_distinct(columns, rows, features, wanted, 0, NULL, &bins, NULL);
    } else {
        grove_number_bins_fit(columns, rows, features, wanted, NULL, &bins, NULL);
    }
    free(columns);
    return bins;
}

static grove_tensor build_piecewise_linear_fit(const golden_scene *s) {
    grove_number_bins bins = bins_of(s, false);
    grove_tensor y = grove_nn_piecewise_linear(in(s, "x"), &bins, "fc");
    grove_number_bins_free(&bins);
    return y;
}

static grove_tensor build_binned_embedding(const golden_scene *s) {
    grove_number_bins bins = bins_of(s, true);
    grove_tensor y = grove_nn_binned_embedding(in(s, "x"), &bins, side(s, "fc.weight", 1), "fc");
    grove_number_bins_free(&bins);
    return y;
}

static grove_tensor periodic(const golden_scene *s, const char *name, const char *frequency) {
    grove_periodic_options o = {.frequencies = side(s, frequency, 1)};
    return grove_nn_periodic(in(s, "x"), name, &o);
}

BUILD(periodic, periodic(s, "fc", "fc.frequency"))
BUILD(dense_by_feature, grove_nn_dense_by_feature(in(s, "x"), side(s, "fc.weight", 2), "fc"))
BUILD(linear_numbers, grove_nn_linear_numbers(in(s, "x"), side(s, "fc.weight", 1), "fc"))

/* An encoding, a layer, an activation: PLR, PLR lite, PLE-LR. */
static grove_tensor build_numbers(const golden_scene *s) {
    bool waves = side(s, "waves.frequency", 1) > 0;
    grove_tensor x = waves ? periodic(s, "waves", "waves.frequency") : encode(s, "bins");
    return grove_relu(has(s, "lite") ? grove_nn_dense(x, side(s, "fc.weight", 0), "fc")
                                     : grove_nn_dense_by_feature(x, side(s, "fc.weight", 2), "fc"));
}

/* clang-format off */
const golden_builder golden_layer_builders[] = {
    ROW(dense), ROW(residual), ROW(layer_norm), ROW(batch_norm),
    ROW(attention), ROW(attention_weights), ROW(position_embedding), ROW(position_waves),
    ROW(transformer_block), ROW(gru),
    /* numbers */
    ROW(piecewise_linear), ROW(piecewise_linear_slope), ROW(number_ids),
    ROW(piecewise_linear_layer), ROW(piecewise_linear_fit), ROW(binned_embedding),
    ROW(periodic), ROW(dense_by_feature), ROW(linear_numbers),
    ROW(numbers),
    NO_MORE_ROWS,
};
/* clang-format on */
