/* SPDX-License-Identifier: MIT
 *
 * bayesian.c - dense and embedding layers whose weights are normal distributions.
 */
#include "grove/bayesian.h"

#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "grove/losses.h"
#include "layer.h"

enum { RATE_OF_RHO = 10 };

/* rho of a deviation: the inverse of softplus. */
static double rho_of(double deviation) {
    return deviation > 30 ? deviation : log(expm1(deviation));
}

static grove_tensor there_or_new(grove_graph *graph, const char *layer, const char *part,
                                 grove_shape shape, grove_init init) {
    grove_part_name name;
    const grove_tensor there = grove_find(graph, grove_part(&name, layer, part));
    return grove_is_valid(there) ? there : grove_parameter(graph, name.text, shape, init);
}

typedef struct posterior {
    grove_tensor mean, rho;
    double prior;
} posterior;

/* [rows, width]. The usual deviations differ: see the header. */
static posterior learn(grove_graph *graph, const char *name, int64_t rows, int64_t width,
                       bool is_table, const grove_bayesian_options *options) {
    const grove_bayesian_options o = options ? *options : (grove_bayesian_options){0};
    const double prior = o.prior > 0 ? o.prior : 1 / sqrt((double)width);
    const double begin = o.deviation > 0 ? o.deviation : is_table ? prior : prior / 10;
    const grove_init of_mean = is_table ? (grove_init){.kind = GROVE_INIT_NORMAL, .b = prior / 10}
                                        : (grove_init){.kind = GROVE_INIT_XAVIER_UNIFORM};
    const posterior p = {
        .mean = there_or_new(graph, name, "weight", GROVE_SHAPE(rows, width), of_mean),
        .rho = there_or_new(graph, name, "rho", GROVE_SHAPE(rows, width),
                            (grove_init){.kind = GROVE_INIT_CONSTANT, .a = rho_of(begin)}),
        .prior = prior};
    if (is_table && grove_is_valid(p.rho)) {
        /* A row is met now and then, and its rho has far to go: from -1 to -4, say. */
        grove_parameter_set(p.rho, &(grove_parameter_options){.rate = RATE_OF_RHO});
    }
    return p;
}

/* ---- the divergence from the prior ----------------------------------------------------------- */

grove_tensor grove_normal_divergence(grove_tensor mean, grove_tensor deviation, double prior) {
    if (!(prior > 0) || !isfinite(prior)) {
        grove_mistake(mean.graph, GROVE_BAD_ARGUMENT,
                      "normal divergence: the prior's deviation must be above 0, not %g", prior);
        return GROVE_NONE;
    }
    const grove_tensor squares = grove_add(grove_mul(mean, mean), grove_mul(deviation, deviation));
    return grove_shift(grove_sub(grove_scale(squares, 0.5 / (prior * prior)), grove_log(deviation)),
                       log(prior) - 0.5);
}

grove_tensor grove_warm_up(grove_tensor clock, int64_t steps) {
    return steps > 0 ? grove_clip(grove_scale(grove_real_of(clock), 1 / (double)steps), 0, 1)
                     : grove_fill(clock.graph, GROVE_SCALAR, 1);
}

/* ---- layers that are trained ----------------------------------------------------------------- */

static bool check(grove_tensor x, grove_type type, int64_t rows, int64_t width, const char *layer,
                  const char *name) {
    if (!grove_is_valid(x) || !grove_layer_takes(type, x, layer, name)) {
        return false;
    }
    if (rows >= 1 && width >= 1 && rows <= INT32_MAX && width <= INT32_MAX) {
        return true;
    }
    grove_mistake(x.graph, GROVE_BAD_ARGUMENT,
                  "%s '%.80s': it needs 1 row and 1 column or more, "
                  "and an x of a fixed last axis",
                  layer, name);
    return false;
}

/* One standard normal number for each of x, anew in each training run. The ids are the places of
 * its rows. */
static grove_tensor noise_like(grove_tensor x) {
    const grove_shape shape = grove_node_shape(x);
    grove_shape ids = shape;
    int64_t count = shape.dim[0];
    ids.rank--;
    for (int i = 1; i < ids.rank; i++) {
        count = count < 0 ? count * ids.dim[i] : count * ids.dim[i];
    }
    const grove_tensor places = grove_reshape(grove_positions(x.graph, count), ids);
    return grove_normal_rows(places, shape.dim[shape.rank - 1], grove_node_count(x.graph), false);
}

static grove_tensor bias_of(grove_graph *graph, const char *name, int64_t units) {
    return there_or_new(graph, name, "bias", GROVE_SHAPE(units), (grove_init){0});
}

grove_tensor grove_nn_bayesian_dense(grove_tensor x, int64_t units, const char *name,
                                     const grove_bayesian_options *options, grove_tensor *kl) {
    if (!check(x, GROVE_REAL, units, grove_last_dimension(x), "bayesian dense layer", name)) {
        return GROVE_NONE;
    }
    const posterior p = learn(x.graph, name, units, grove_last_dimension(x), false, options);
    const grove_tensor deviation = grove_softplus(p.rho);
    const grove_tensor mean =
        grove_add(grove_matmul(x, p.mean, false, true), bias_of(x.graph, name, units));
    const grove_tensor variance =
        grove_matmul(grove_mul(x, x), grove_mul(deviation, deviation), false, true);
    /* The root has no slope at 0, where all inputs are 0. */
    const grove_tensor spread = grove_sqrt(grove_shift(variance, 1e-12));
    const grove_tensor drawn = grove_add(mean, grove_mul(spread, noise_like(mean)));
    if (kl) {
        *kl = grove_sum(grove_normal_divergence(p.mean, deviation, p.prior), GROVE_AXES(0, 1));
    }
    return grove_name_if_free(grove_when_training(drawn, mean), name);
}

/* 1 / count of each row, at least one. */
static grove_tensor shares_of(grove_graph *graph, const char *name, int64_t rows,
                              const int64_t *counts) {
    const grove_allocator memory = grove_graph_allocator(graph);
    grove_real *values = grove_alloc(&memory, (size_t)rows * sizeof *values);
    grove_part_name part;
    if (!values) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: a bayesian embedding was not made");
        return GROVE_NONE;
    }
    for (int64_t i = 0; i < rows; i++) {
        values[i] = counts && counts[i] > 1 ? 1 / (grove_real)counts[i] : 1;
    }
    const grove_tensor made =
        grove_constant(graph, grove_part(&part, name, "shares"), GROVE_SHAPE(rows, 1), values);
    grove_release(&memory, values);
    return made;
}

grove_tensor grove_nn_bayesian_embedding(grove_tensor ids, int64_t rows, int64_t width,
                                         const char *name, const int64_t *counts,
                                         const grove_bayesian_options *options,
                                         grove_tensor *kl_rows) {
    if (!check(ids, GROVE_ID, rows, width, "bayesian embedding layer", name)) {
        return GROVE_NONE;
    }
    const posterior p = learn(ids.graph, name, rows, width, true, options);
    const grove_tensor mean = grove_embedding(p.mean, ids);
    const grove_tensor deviation = grove_softplus(grove_embedding(p.rho, ids));
    const grove_tensor drawn = grove_add(mean, grove_mul(deviation, noise_like(mean)));
    if (kl_rows) {
        const grove_shape shape = grove_node_shape(ids);
        const grove_tensor all =
            grove_sum(grove_normal_divergence(mean, deviation, p.prior), GROVE_AXES(shape.rank));
        const grove_tensor shares =
            grove_reshape(grove_embedding(shares_of(ids.graph, name, rows, counts), ids), shape);
        *kl_rows = grove_mul(all, shares);
    }
    return grove_name_if_free(grove_when_training(drawn, mean), name);
}

/* ---- draws ----------------------------------------------------------------------------------- */

/* By the layer's name, so that another layer in the graph changes nothing. */
static int64_t stream_of(const char *name, int draw) {
    return (int64_t)((grove_hash_name(name) + (uint64_t)draw * 0x9E3779B97F4A7C15u) & INT32_MAX);
}

/* Rows of weights [rows, width], those of `ids`. */
static grove_tensor drawn_rows(grove_tensor mean, grove_tensor rho, grove_tensor ids, int64_t width,
                               const char *name, int draw) {
    const grove_tensor noise = grove_normal_rows(ids, width, stream_of(name, draw), true);
    return grove_add(mean, grove_mul(grove_softplus(rho), noise));
}

grove_tensor grove_nn_bayesian_dense_draw(grove_tensor x, int64_t units, const char *name,
                                          int draw) {
    const int64_t in = grove_is_valid(x) ? grove_last_dimension(x) : 1;
    if (!check(x, GROVE_REAL, units, in, "bayesian dense layer", name)) {
        return GROVE_NONE;
    }
    const posterior p = learn(x.graph, name, units, in, false, NULL);
    const grove_tensor weight =
        drawn_rows(p.mean, p.rho, grove_positions(x.graph, units), in, name, draw);
    return grove_add(grove_matmul(x, weight, false, true), bias_of(x.graph, name, units));
}

grove_tensor grove_nn_bayesian_embedding_draw(grove_tensor ids, int64_t rows, int64_t width,
                                              const char *name, int draw) {
    if (!check(ids, GROVE_ID, rows, width, "bayesian embedding layer", name)) {
        return GROVE_NONE;
    }
    const posterior p = learn(ids.graph, name, rows, width, true, NULL);
    return drawn_rows(grove_embedding(p.mean, ids), grove_embedding(p.rho, ids), ids, width, name,
                      draw);
}
