/* SPDX-License-Identifier: MIT
 *
 * ops/attention_second.h - the gradient of attention_gradient, and what it is made of. The letters
 * are those of attention.
 *
 * For what comes in, A of dq, B of dk, C of dv (0 for those that the node does not hold): their
 * products with the results, summed up, are those of
 *     E = (A k^T + q B^T) * c with ds, and of F = dy C^T with p.
 * With e = the sum over keys of E * p, ds hands on U = p * (E - e) to dp, and with F
 *     W = E * (dp - the sum of p * dp) - e * dp + F to p;
 * the softmax makes H = p * (W - the sum of W * p) of that. So
 *     q gets (H k + ds B) * c,   k gets (H^T q + ds^T A) * c,   v gets U^T dy,
 *     dy gets U v + p C.
 * All of this is made of ordinary ops: gradients of second order, they alone, write the weights to
 * memory.
 */
#ifndef GROVE_OPS_ATTENTION_SECOND_H
#define GROVE_OPS_ATTENTION_SECOND_H

#include "attention.h"

enum { ATTENTION_OPTIONAL = 2 }; /* where optional inputs begin: after query and dy */

/* What is there by head: [batch, heads, time or keys, head], and weights [.., time, keys]. */
typedef struct attention_second {
    const struct attention *of;
    grove_shape all; /* of the weights */
    double scale;
    grove_tensor q, k, v, dy, p;
    grove_tensor a, b, c; /* GROVE_NONE for 0 */
} attention_second;

/* Part `part` of the columns of x, each `width` wide, by head. */
static inline grove_tensor attention_by_head(const attention_second *s, grove_tensor x,
                                             int64_t part, int64_t width) {
    grove_shape shape = grove_node_shape(x);
    grove_tensor columns = shape.dim[2] == width ? x : grove_slice(x, 2, part * width, width);
    grove_shape parts = GROVE_SHAPE(shape.dim[0], shape.dim[1], s->of->heads, width / s->of->heads);
    return grove_transpose(grove_reshape(columns, parts), GROVE_AXES(0, 2, 1, 3));
}

/* And back: [batch, time, width]. */
static inline grove_tensor attention_joined(grove_tensor x) {
    grove_tensor turned = grove_transpose(x, GROVE_AXES(0, 2, 1, 3));
    grove_shape shape = grove_node_shape(turned);
    return grove_reshape(turned,
                         GROVE_SHAPE(shape.dim[0], shape.dim[1], shape.dim[2] * shape.dim[3]));
}

static inline grove_tensor attention_over_keys(const attention_second *s, grove_tensor x) {
    return grove_broadcast(grove_sum(x, GROVE_AXES(-1)), s->all, GROVE_AXES(-1));
}

static inline grove_tensor attention_plus(grove_tensor a, grove_tensor b) {
    return grove_is_valid(a) && grove_is_valid(b) ? grove_add(a, b) : grove_is_valid(a) ? a : b;
}

/* 1 for what is seen, else 0, [.., time, keys]; GROVE_NONE where all is. */
static inline grove_tensor attention_seen_of(const attention_second *s, grove_tensor keep) {
    grove_tensor mask = GROVE_NONE;
    if (grove_is_valid(keep)) {
        mask = grove_broadcast(grove_above(keep, 0), s->all, GROVE_AXES(1, 2));
    }
    if (!s->of->causal) {
        return mask;
    }
    grove_shape square = GROVE_SHAPE(s->all.dim[2], s->all.dim[3]);
    grove_tensor place = grove_real_of(grove_positions(s->q.graph, square.dim[0]));
    grove_tensor behind = grove_sub(grove_broadcast(place, square, GROVE_AXES(1)),
                                    grove_broadcast(place, square, GROVE_AXES(0)));
    grove_tensor causal = grove_above(behind, -0.5);
    return grove_is_valid(mask) ? grove_mul(mask, causal)
                                : grove_broadcast(causal, s->all, GROVE_AXES(0, 1));
}

static inline grove_tensor attention_weights_of(const attention_second *s, grove_tensor keep) {
    grove_tensor scores = grove_scale(grove_matmul(s->q, s->k, false, true), s->scale);
    grove_tensor seen = attention_seen_of(s, keep);
    if (!grove_is_valid(seen)) {
        return grove_softmax(scores);
    }
    /* far below any score, and finite, for a row in which nothing is seen */
    grove_tensor penalty = grove_scale(grove_shift(seen, -1), 1e30);
    return grove_mul(grove_softmax(grove_add(scores, penalty)), seen);
}

static inline attention_second attention_open_second(grove_tensor y, grove_tensor d) {
    attention_second s = {
        .of = grove_attributes(y), .a = GROVE_NONE, .b = GROVE_NONE, .c = GROVE_NONE};
    grove_tensor query = grove_node_input(y, 0), memory = attention_memory(y, ATTENTION_OPTIONAL);
    const bool apart = s.of->has_memory;
    grove_tensor pairs = apart ? memory : query;
    grove_shape shape = grove_node_shape(grove_node_input(y, 1)); /* [batch, time, width] */
    const int64_t width = shape.dim[2];
    s.scale = 1 / sqrt((double)(width / s.of->heads));
    s.all = GROVE_SHAPE(shape.dim[0], s.of->heads, shape.dim[1], grove_node_shape(pairs).dim[1]);
    s.q = attention_by_head(&s, query, 0, width);
    s.k = attention_by_head(&s, pairs, apart ? 0 : 1, width);
    s.v = attention_by_head(&s, pairs, apart ? 1 : 2, width);
    s.dy = attention_by_head(&s, grove_node_input(y, 1), 0, width);
    if (!s.of->of_memory) {
        s.a = attention_by_head(&s, d, 0, width);
    }
    if (s.of->of_memory || !apart) {
        s.b = attention_by_head(&s, d, apart ? 0 : 1, width);
        s.c = attention_by_head(&s, d, apart ? 1 : 2, width);
    }
    s.p = attention_weights_of(&s, attention_keep(y, ATTENTION_OPTIONAL));
    return s;
}

/* a b, or nothing where one of them is nothing. */
static inline grove_tensor attention_times(grove_tensor a, grove_tensor b, bool transpose_a,
                                           bool transpose_b) {
    return grove_is_valid(a) && grove_is_valid(b) ? grove_matmul(a, b, transpose_a, transpose_b)
                                                  : GROVE_NONE;
}

static inline void attention_second_order(grove_tensor y, grove_tensor d, grove_tensor *dx) {
    const attention_second s = attention_open_second(y, d);
    grove_tensor dp = grove_matmul(s.dy, s.v, false, true);
    grove_tensor off = grove_sub(dp, attention_over_keys(&s, grove_mul(s.p, dp)));
    grove_tensor ds = grove_mul(s.p, off);
    grove_tensor e = grove_scale(attention_plus(attention_times(s.a, s.k, false, true),
                                                attention_times(s.q, s.b, false, true)),
                                 s.scale);
    grove_tensor mean = attention_over_keys(&s, grove_mul(e, s.p));
    grove_tensor u = grove_mul(s.p, grove_sub(e, mean));
    grove_tensor w = grove_sub(grove_mul(e, off), grove_mul(mean, dp));
    w = attention_plus(w, attention_times(s.dy, s.c, false, true));
    grove_tensor h = grove_mul(s.p, grove_sub(w, attention_over_keys(&s, grove_mul(w, s.p))));
    grove_tensor of_q =
        attention_plus(grove_matmul(h, s.k, false, false), attention_times(ds, s.b, false, false));
    grove_tensor of_k =
        attention_plus(grove_matmul(h, s.q, true, false), attention_times(ds, s.a, true, false));
    grove_tensor parts[3] = {attention_joined(grove_scale(of_q, s.scale)),
                             attention_joined(grove_scale(of_k, s.scale)),
                             attention_joined(grove_matmul(u, s.dy, true, false))};
    dx[0] = s.of->has_memory ? parts[0] : grove_concat(parts, 3, 2);
    dx[1] = attention_joined(attention_plus(grove_matmul(u, s.v, false, false),
                                            attention_times(s.p, s.c, false, false)));
    if (s.of->has_memory) {
        dx[ATTENTION_OPTIONAL] = grove_concat(parts + 1, 2, 2);
    }
}

#endif
