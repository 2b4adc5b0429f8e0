/* SPDX-License-Identifier: MIT
 *
 * recurrent.c - the gated recurrent unit, unrolled.
 */
#include <inttypes.h>
#include <math.h>

#include "base/memory.h"
#include "grove/layers.h"
#include "layer.h"

/* What is being built. Gates lie side by side, r, z, n: 3 * units numbers. */
typedef struct gru {
    int64_t batch, time, units;
    grove_tensor of_x;         /* x W_i^T + b_i for all places [time, batch, 3 * units] */
    grove_tensor weight, bias; /* of h */
    grove_tensor *at;          /* [time] parts of of_x [batch, 3 * units]; then states, [batch, 1,
                                  units] */
} gru;

/* ---- checks ---------------------------------------------------------------------------------- */

static bool check(grove_tensor x, int64_t units, const char *name, grove_tensor first) {
    char text[96], wanted[96];
    grove_shape shape = grove_node_shape(x);
    if (!grove_layer_takes(GROVE_REAL, x, "gru", name)) {
        return false;
    }
    if (shape.rank != 3 || shape.dim[1] <= 0 || shape.dim[2] <= 0) {
        grove_mistake(x.graph, GROVE_BAD_SHAPE,
                      "gru '%.80s': x must have the shape [batch, time, in], time and in fixed and "
                      "above 0, not %s",
                      name, grove_shape_text(shape, text, sizeof text));
        return false;
    }
    if (units <= 0 || units > INT32_MAX) {
        grove_mistake(x.graph, GROVE_BAD_ARGUMENT,
                      "gru '%.80s': %" PRId64 " units are not possible", name, units);
        return false;
    }
    grove_shape state = GROVE_SHAPE(shape.dim[0], units);
    if (grove_is_valid(first) && !grove_shape_equal(grove_node_shape(first), state)) {
        grove_mistake(x.graph, GROVE_BAD_SHAPE,
                      "gru '%.80s': the first state must have the shape %s, not %s", name,
                      grove_shape_text(state, wanted, sizeof wanted),
                      grove_shape_text(grove_node_shape(first), text, sizeof text));
        return false;
    }
    return true;
}

/* ---- building -------------------------------------------------------------------------------- */

static grove_tensor parameter(grove_tensor x, const char *name, const char *part, grove_shape shape,
                              int64_t units) {
    double bound = 1 / sqrt((double)units);
    return grove_part_parameter(x.graph, name, part, shape,
                                (grove_init){.kind = GROVE_INIT_UNIFORM, .a = -bound, .b = bound});
}

/* All places at once, for the products with x do not wait for h. */
static void open_gru(gru *g, grove_tensor x, const char *name) {
    int64_t in = grove_last_dimension(x), gates = 3 * g->units;
    grove_tensor weight = parameter(x, name, "weight_ih_l0", GROVE_SHAPE(gates, in), g->units);
    grove_tensor bias = parameter(x, name, "bias_ih_l0", GROVE_SHAPE(gates), g->units);
    g->weight = parameter(x, name, "weight_hh_l0", GROVE_SHAPE(gates, g->units), g->units);
    g->bias = parameter(x, name, "bias_hh_l0", GROVE_SHAPE(gates), g->units);
    grove_tensor turned = grove_transpose(x, GROVE_AXES(1, 0, 2)); /* [time, batch, in] */
    g->of_x = grove_add(grove_matmul(turned, weight, false, true), bias);
}

/* Cuts places begin..begin+size-1 into single ones, by halves: the gradient of a cut is as long as
 * what was cut, so cutting one after the other costs time^2 backward (measured: six times the whole
 * step at 256 places); this, time * log(time).
 * It calls itself log2(time) deep. */
static void cut(gru *g, grove_tensor part, int64_t begin, int64_t size) {
    if (size == 1) {
        g->at[begin] = grove_reshape(part, GROVE_SHAPE(g->batch, 3 * g->units));
        return;
    }
    int64_t half = size / 2;
    cut(g, grove_slice(part, 0, 0, half), begin, half);
    cut(g, grove_slice(part, 0, half, size - half), begin + half, size - half);
}

static grove_tensor gates(const gru *g, grove_tensor all, int64_t first, int64_t count) {
    return grove_slice(all, 1, first * g->units, count * g->units);
}

/* The state after one place, from what x says [batch, 3 * units] and the state before it. */
static grove_tensor step(const gru *g, grove_tensor of_x, grove_tensor h) {
    grove_tensor of_h = grove_add(grove_matmul(h, g->weight, false, true), g->bias);
    grove_tensor x_rz = gates(g, of_x, 0, 2), x_n = gates(g, of_x, 2, 1);
    grove_tensor h_rz = gates(g, of_h, 0, 2), h_n = gates(g, of_h, 2, 1);
    grove_tensor both = grove_sigmoid(grove_add(x_rz, h_rz));
    grove_tensor r = gates(g, both, 0, 1), z = gates(g, both, 1, 1);
    grove_tensor n = grove_tanh(grove_add(x_n, grove_mul(r, h_n)));
    return grove_add(n, grove_mul(z, grove_sub(h, n))); /* (1 - z) * n + z * h */
}

/* Returns the last state. */
static grove_tensor unroll(gru *g, grove_tensor h) {
    cut(g, g->of_x, 0, g->time);
    for (int64_t t = 0; t < g->time; t++) {
        h = step(g, g->at[t], h);
        g->at[t] = grove_reshape(h, GROVE_SHAPE(g->batch, 1, g->units));
    }
    return h;
}

grove_tensor grove_nn_gru(grove_tensor x, int64_t units, const char *name,
                          const grove_gru_options *options) {
    static const grove_gru_options usual = {.last_state = NULL};
    const grove_gru_options *wish = options ? options : &usual;
    if (wish->last_state) {
        *wish->last_state = GROVE_NONE;
    }
    if (!grove_is_valid(x) || !check(x, units, name, wish->first)) {
        return GROVE_NONE;
    }
    grove_shape shape = grove_node_shape(x);
    gru g = {.batch = shape.dim[0], .time = shape.dim[1], .units = units};
    grove_allocator allocator = grove_graph_allocator(x.graph);
    g.at = grove_alloc_zero(&allocator, (size_t)g.time, sizeof *g.at);
    if (!g.at || g.time > INT32_MAX) {
        grove_mistake(x.graph, GROVE_NO_MEMORY, "out of memory: a gru was not unrolled");
        grove_release(&allocator, g.at);
        return GROVE_NONE;
    }
    open_gru(&g, x, name);
    grove_tensor first = grove_is_valid(wish->first)
                             ? wish->first
                             : grove_fill(x.graph, GROVE_SHAPE(g.batch, units), 0);
    grove_tensor last = unroll(&g, first);
    if (wish->last_state) {
        *wish->last_state = last;
    }
    grove_tensor y = grove_concat(g.at, (int)g.time, 1);
    grove_release(&allocator, g.at);
    return grove_name_if_free(y, name);
}
