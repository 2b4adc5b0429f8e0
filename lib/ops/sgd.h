/* SPDX-License-Identifier: MIT
 *
 * ops/sgd.h - what the three rooms of stochastic gradient descent share: options.
 */
#ifndef GROVE_OPS_SGD_H
#define GROVE_OPS_SGD_H

#include "elementwise.h"
#include "rows.h"

#define SGD_FIELDS                                                                                 \
    {                                                                                              \
        GROVE_FIELD(grove_sgd_options, momentum, REAL),                                            \
            GROVE_FIELD(grove_sgd_options, nesterov, FLAG),                                        \
            GROVE_FIELD(grove_sgd_options, decay, REAL),                                           \
            GROVE_FIELD(grove_sgd_options, scale, REAL), GROVE_NO_MORE_FIELDS                      \
    }

static inline grove_sgd_options sgd_with_defaults(const grove_sgd_options *given) {
    grove_sgd_options o = given ? *given : (grove_sgd_options){0};
    o.scale = o.scale == 0 ? 1 : o.scale;
    return o;
}

static inline bool sgd_want_options(grove_shaping *s, bool has_buffer) {
    const grove_sgd_options *o = s->attributes;
    if (!(o->momentum >= 0 && o->momentum < 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the momentum must be from 0 to below 1");
    }
    if (!(o->decay >= 0 && o->scale > 0) || !isfinite(o->decay) || !isfinite(o->scale)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "the decay must be 0 or above, the scale above 0");
    }
    if (o->nesterov && o->momentum == 0) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "Nesterov's form needs a momentum");
    }
    if (o->momentum > 0 && !has_buffer) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "momentum needs a buffer");
    }
    return grove_update_shape(s);
}

/* One update. w, g: [count]; b likewise, or NULL where there is no momentum. */
GROVE_KERNEL void sgd_apply(const grove_sgd_options *o, double rate, size_t count,
                            grove_real *restrict w, grove_real *restrict b,
                            const grove_real *restrict g) {
    const grove_real pace = (grove_real)(rate * o->scale), decay = (grove_real)o->decay;
    const grove_real momentum = (grove_real)o->momentum;
    for (size_t i = 0; i < count; i++) {
        grove_real step = g[i] + decay * w[i];
        if (b) {
            b[i] = momentum * b[i] + step;
            step = o->nesterov ? step + momentum * b[i] : b[i];
        }
        w[i] -= pace * step;
    }
}

#endif
