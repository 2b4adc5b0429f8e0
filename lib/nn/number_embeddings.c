/* SPDX-License-Identifier: MIT
 *
 * number_embeddings.c - numbers as vectors: encodings of a number, and dense layers by feature.
 */
#include "grove/number_embeddings.h"

#include <inttypes.h>
#include <math.h>

#include "grove/nn.h"
#include "layer.h"

enum { USUAL_FREQUENCIES = 48 };
static const double usual_sigma = 0.01, two_pi = 6.283185307179586;

/* ---- checks ---------------------------------------------------------------------------------- */

static grove_tensor mistake(grove_tensor x, grove_status status, const char *layer,
                            const char *name, const char *words) {
    char shape[96];
    grove_mistake(x.graph, status, "%s '%.80s': %s (the input has the shape %s)", layer, name,
                  words, grove_shape_text(grove_node_shape(x), shape, sizeof shape));
    return GROVE_NONE;
}

/* Is x [batch, features...], `rank` dimensions of which all but the first are fixed and above 0? */
static bool fits(grove_tensor x, int rank) {
    grove_shape shape = grove_node_shape(x);
    bool good = shape.rank == rank;
    for (int i = 1; i < rank && good; i++) {
        good = shape.dim[i] > 0;
    }
    return good;
}

static bool numbers_fit(grove_tensor x, const char *layer, const char *name) {
    if (!grove_is_valid(x) || !grove_layer_takes(GROVE_REAL, x, layer, name)) {
        return false;
    }
    if (!fits(x, 2)) {
        mistake(x, GROVE_BAD_SHAPE, layer, name,
                "it needs real numbers [batch, features], the features fixed");
        return false;
    }
    return true;
}

/* The same number `times` over, for each number of x: [batch, features, times]. */
static grove_tensor repeat(grove_tensor x, int64_t times) {
    grove_shape shape = grove_node_shape(x);
    return grove_broadcast(x, GROVE_SHAPE(shape.dim[0], shape.dim[1], times), GROVE_AXES(2));
}

/* ---- encodings ------------------------------------------------------------------------------- */

/* Edges rise, and only the last one may stand there again and again. */
static const char *wrong_edges(const grove_number_bins *bins) {
    for (size_t f = 0; f < bins->features; f++) {
        const grove_real *edges = bins->edges + f * (bins->most + 1);
        bool over = false;
        if (!isfinite(edges[0]) || !isfinite(edges[bins->most] - edges[0])) {
            return "the edges of its bins must be finite, and not too far apart";
        }
        for (size_t t = 0; t < bins->most; t++) {
            if (!(edges[t + 1] >= edges[t]) || (over && edges[t + 1] > edges[t])) {
                return "the edges of its bins must rise";
            }
            over = over || edges[t + 1] == edges[t];
        }
        if (edges[1] == edges[0]) {
            return "each feature must have a bin";
        }
    }
    return NULL;
}

/* The edges of the bins, "<name>.edges" [features, bins + 1]; none, with the mistake told, where
 * they do not fit the numbers. */
static grove_tensor edges_for(grove_tensor x, const grove_number_bins *bins, const char *layer,
                              const char *name) {
    if (!numbers_fit(x, layer, name)) {
        return GROVE_NONE;
    }
    int64_t features = grove_last_dimension(x);
    if (!bins || !bins->edges || bins->most < 1) {
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name,
                       "it has no bins; grove_number_bins_fit makes them");
    }
    if ((int64_t)bins->features != features) {
        char words[96];
        snprintf(words, sizeof words, "its bins are of %zu features, x has %" PRId64,
                 bins->features, features);
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name, words);
    }
    const char *wrong = wrong_edges(bins);
    if (wrong) {
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name, wrong);
    }
    grove_part_name part;
    return grove_constant(x.graph, grove_part(&part, name, "edges"),
                          GROVE_SHAPE(features, (int64_t)bins->most + 1), bins->edges);
}

grove_tensor grove_nn_piecewise_linear(grove_tensor x, const grove_number_bins *bins,
                                       const char *name) {
    grove_tensor edges = edges_for(x, bins, "piecewise_linear", name);
    return grove_is_valid(edges) ? grove_name_if_free(grove_piecewise_linear(x, edges), name)
                                 : GROVE_NONE;
}

grove_tensor grove_nn_binned_embedding(grove_tensor x, const grove_number_bins *bins, int64_t width,
                                       const char *name) {
    static const char *const layer = "binned_embedding";
    grove_tensor edges = edges_for(x, bins, layer, name);
    if (!grove_is_valid(edges)) {
        return GROVE_NONE;
    }
    if (width < 1) {
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name, "it needs a width of 1 or more");
    }
    int64_t rows = (int64_t)(bins->features * bins->most);
    return grove_nn_embedding(grove_number_ids(x, edges), rows, width, name);
}

grove_tensor grove_nn_periodic(grove_tensor x, const char *name,
                               const grove_periodic_options *options) {
    static const char *const layer = "periodic";
    grove_periodic_options o = options ? *options : (grove_periodic_options){0};
    o.frequencies = o.frequencies != 0 ? o.frequencies : USUAL_FREQUENCIES;
    o.sigma = o.sigma != 0 ? o.sigma : usual_sigma;
    if (!numbers_fit(x, layer, name)) {
        return GROVE_NONE;
    }
    if (o.frequencies < 1 || !(o.sigma > 0) || !isfinite(o.sigma)) {
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name,
                       "it needs 1 frequency or more, and a finite sigma above 0");
    }
    grove_init normal = {.kind = GROVE_INIT_NORMAL, .b = o.sigma};
    grove_tensor frequency = grove_part_parameter(
        x.graph, name, "frequency", GROVE_SHAPE(grove_last_dimension(x), o.frequencies), normal);
    grove_tensor turns = grove_mul(repeat(x, o.frequencies), frequency);
    grove_tensor angle = grove_scale(turns, two_pi), waves[2];
    waves[0] = grove_sin(angle);
    waves[1] = grove_cos(angle);
    return grove_name_if_free(grove_concat(waves, 2, 2), name);
}

/* ---- embeddings ------------------------------------------------------------------------------ */

/* Numbers that begin uniform within +-1 / sqrt(count). */
static grove_tensor begin(grove_graph *graph, const char *name, const char *part, grove_shape shape,
                          int64_t count) {
    double most = 1 / sqrt((double)count);
    grove_init uniform = {.kind = GROVE_INIT_UNIFORM, .a = -most, .b = most};
    return grove_part_parameter(graph, name, part, shape, uniform);
}

/* BLAS wants the matrices of a feature side by side: [features, batch, in] x [features, in, width].
 */
grove_tensor grove_nn_dense_by_feature(grove_tensor x, int64_t width, const char *name) {
    static const char *const layer = "dense_by_feature";
    if (!grove_is_valid(x) || !grove_layer_takes(GROVE_REAL, x, layer, name)) {
        return GROVE_NONE;
    }
    if (!fits(x, 3)) {
        return mistake(x, GROVE_BAD_SHAPE, layer, name,
                       "it needs real numbers [batch, features, in], all but the batch fixed");
    }
    if (width < 1) {
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name, "it needs a width of 1 or more");
    }
    grove_shape shape = grove_node_shape(x), turn = GROVE_AXES(1, 0, 2);
    int64_t features = shape.dim[1], in = shape.dim[2];
    grove_tensor weight = begin(x.graph, name, "weight", GROVE_SHAPE(features, in, width), in);
    grove_tensor bias = begin(x.graph, name, "bias", GROVE_SHAPE(features, width), in);
    grove_tensor y = grove_matmul(grove_transpose(x, turn), weight, false, false);
    return grove_name_if_free(grove_add(grove_transpose(y, turn), bias), name);
}

grove_tensor grove_nn_linear_numbers(grove_tensor x, int64_t width, const char *name) {
    static const char *const layer = "linear_numbers";
    if (!numbers_fit(x, layer, name)) {
        return GROVE_NONE;
    }
    if (width < 1) {
        return mistake(x, GROVE_BAD_ARGUMENT, layer, name, "it needs a width of 1 or more");
    }
    grove_shape shape = GROVE_SHAPE(grove_last_dimension(x), width);
    grove_tensor weight = begin(x.graph, name, "weight", shape, width);
    grove_tensor bias = begin(x.graph, name, "bias", shape, width);
    return grove_name_if_free(grove_add(grove_mul(repeat(x, width), weight), bias), name);
}
