/* SPDX-License-Identifier: MIT
 *
 * ops/rmsprop.h - what the two rooms of RMSprop share: options, what is kept, and one update.
 */
#ifndef GROVE_OPS_RMSPROP_H
#define GROVE_OPS_RMSPROP_H

#include "elementwise.h"
#include "rows.h"

#define RMSPROP_FIELDS                                                                             \
    {                                                                                              \
        GROVE_FIELD(grove_rmsprop_options, alpha, REAL),                                           \
            GROVE_FIELD(grove_rmsprop_options, epsilon, REAL),                                     \
            GROVE_FIELD(grove_rmsprop_options, momentum, REAL),                                    \
            GROVE_FIELD(grove_rmsprop_options, centered, FLAG),                                    \
            GROVE_FIELD(grove_rmsprop_options, decay, REAL),                                       \
            GROVE_FIELD(grove_rmsprop_options, scale, REAL), GROVE_NO_MORE_FIELDS                  \
    }

static inline grove_rmsprop_options rmsprop_with_defaults(const grove_rmsprop_options *given) {
    grove_rmsprop_options o = given ? *given : (grove_rmsprop_options){0};
    o.alpha = o.alpha == 0 ? 0.99 : o.alpha;
    o.epsilon = o.epsilon == 0 ? 1e-8 : o.epsilon;
    o.scale = o.scale == 0 ? 1 : o.scale;
    return o;
}

static inline bool rmsprop_want_options(grove_shaping *s) {
    const grove_rmsprop_options *o = s->attributes;
    if (!(o->alpha > 0 && o->alpha < 1) || !(o->momentum >= 0 && o->momentum < 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "alpha must lie between 0 and 1, the momentum from 0 to below 1");
    }
    if (!(o->epsilon > 0 && o->decay >= 0 && o->scale > 0) || !isfinite(o->epsilon + o->decay) ||
        !isfinite(o->scale)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "epsilon and scale must be above 0, the decay 0 or above");
    }
    return grove_update_shape(s);
}

/* From position `first` on: what centered and momentum keep. */
static inline int rmsprop_averages(const grove_rmsprop_options *o) {
    return (o->centered ? 1 : 0) + (o->momentum > 0 ? 1 : 0);
}

static inline bool rmsprop_want_averages(grove_shaping *s, int first) {
    int wanted = rmsprop_averages(s->attributes);
    for (int i = first; i < first + wanted && i < s->inputs; i++) {
        if (!grove_want_moment(s, i, "what centered and momentum keep")) {
            return false;
        }
    }
    return s->inputs >= first + wanted ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "centered needs an average, momentum a buffer");
}

/* What an update changes; each [count]. Those that are not kept are NULL. */
typedef struct rmsprop_kept {
    grove_real *w, *v, *a, *b;
    size_t count;
} rmsprop_kept;

/* The piece from `at` on; averages begin at input `first`. */
static inline rmsprop_kept rmsprop_piece(const grove_call *call, int v, int first, size_t at,
                                         size_t count) {
    const grove_rmsprop_options *o = call->attributes;
    rmsprop_kept k = {
        .w = grove_written(call, 0) + at, .v = grove_written(call, v) + at, .count = count};
    k.a = o->centered ? grove_written(call, first) + at : NULL;
    k.b = o->momentum > 0 ? grove_written(call, first + o->centered) + at : NULL;
    return k;
}

GROVE_KERNEL void rmsprop_apply(const grove_rmsprop_options *o, double rate, const rmsprop_kept *k,
                                const grove_real *g) {
    const grove_real pace = (grove_real)(rate * o->scale), epsilon = (grove_real)o->epsilon;
    const grove_real alpha = (grove_real)o->alpha, share = (grove_real)(1 - o->alpha);
    const grove_real decay = (grove_real)o->decay, momentum = (grove_real)o->momentum;
    for (size_t i = 0; i < k->count; i++) {
        const grove_real gradient = g[i] + decay * k->w[i];
        k->v[i] = alpha * k->v[i] + share * gradient * gradient;
        grove_real square = k->v[i];
        if (k->a) {
            k->a[i] = alpha * k->a[i] + share * gradient;
            square -= k->a[i] * k->a[i];
            square = square > 0 ? square : 0;
        }
        grove_real step = gradient / (sqrt(square) + epsilon);
        if (k->b) {
            step = k->b[i] = momentum * k->b[i] + step;
        }
        k->w[i] -= pace * step;
    }
}

/* Appends those of the three that are there. */
static inline int rmsprop_add_kept(grove_tensor *in, int inputs, grove_tensor a, grove_tensor b,
                                   grove_tensor last) {
    const grove_tensor kept[] = {a, b, last};
    for (int i = 0; i < 3; i++) {
        if (grove_is_valid(kept[i])) {
            in[inputs++] = kept[i];
        }
    }
    return inputs;
}

#endif
