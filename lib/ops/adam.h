/* SPDX-License-Identifier: MIT
 *
 * ops/adam.h - what the three rooms of Adam share: options, and one update.
 */
#ifndef GROVE_OPS_ADAM_H
#define GROVE_OPS_ADAM_H

#include "elementwise.h"
#include "rows.h"

#define ADAM_FIELDS                                                                                \
    {                                                                                              \
        GROVE_FIELD(grove_adam_options, beta1, REAL),                                              \
            GROVE_FIELD(grove_adam_options, beta2, REAL),                                          \
            GROVE_FIELD(grove_adam_options, epsilon, REAL),                                        \
            GROVE_FIELD(grove_adam_options, decay, REAL),                                          \
            GROVE_FIELD(grove_adam_options, decoupled, FLAG),                                      \
            GROVE_FIELD(grove_adam_options, scale, REAL), GROVE_NO_MORE_FIELDS                     \
    }

static inline grove_adam_options adam_with_defaults(const grove_adam_options *given) {
    grove_adam_options o = given ? *given : (grove_adam_options){0};
    o.beta1 = o.beta1 == 0 ? 0.9 : o.beta1;
    o.beta2 = o.beta2 == 0 ? 0.999 : o.beta2;
    o.epsilon = o.epsilon == 0 ? 1e-8 : o.epsilon;
    o.scale = o.scale == 0 ? 1 : o.scale;
    return o;
}

static inline bool adam_want_options(grove_shaping *s) {
    const grove_adam_options *o = s->attributes;
    if (!(o->beta1 > 0 && o->beta1 < 1) || !(o->beta2 > 0 && o->beta2 < 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "beta1 and beta2 must lie between 0 and 1");
    }
    if (!(o->epsilon > 0 && o->decay >= 0 && o->scale > 0) || !isfinite(o->epsilon + o->decay) ||
        !isfinite(o->scale)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "epsilon and scale must be above 0, the decay 0 or above");
    }
    return grove_update_shape(s);
}

/* Decay in the gradient has no end while a row rests, so it cannot be caught up. */
static inline bool adam_want_exact(grove_shaping *s) {
    const grove_adam_options *o = s->attributes;
    return o->decay == 0 || o->decoupled ||
           grove_refuse(s, GROVE_UNSUPPORTED,
                        "coupled decay cannot be caught up in resting rows: take decoupled decay "
                        "(AdamW), or the lazy form");
}

/* The numbers of update t that are the same for all elements. */
typedef struct adam_update {
    grove_real beta1, beta2, epsilon;
    grove_real share1, share2; /* 1 - beta, rounded once */
    grove_real pace;           /* rate / (1 - beta1^t) */
    grove_real unbias;         /* 1 / sqrt(1 - beta2^t) */
    grove_real shrink;         /* 1 - rate * decay where decay is decoupled, else 1 */
    grove_real coupled;        /* decay where it is coupled, else 0 */
} adam_update;

static inline adam_update adam_update_from(const grove_adam_options *o, double rate, double beta1_t,
                                           double beta2_t) {
    rate *= o->scale;
    return (adam_update){.beta1 = (grove_real)o->beta1,
                         .beta2 = (grove_real)o->beta2,
                         .epsilon = (grove_real)o->epsilon,
                         .share1 = (grove_real)(1 - o->beta1),
                         .share2 = (grove_real)(1 - o->beta2),
                         .pace = (grove_real)(rate / (1 - beta1_t)),
                         .unbias = (grove_real)(1 / sqrt(1 - beta2_t)),
                         .shrink = (grove_real)(o->decoupled ? 1 - rate * o->decay : 1),
                         .coupled = (grove_real)(o->decoupled ? 0 : o->decay)};
}

static inline adam_update adam_update_number(const grove_adam_options *o, double rate, grove_id t) {
    return adam_update_from(o, rate, pow(o->beta1, (double)t), pow(o->beta2, (double)t));
}

/* w, m, v, g: [count] */
GROVE_KERNEL void adam_apply(const adam_update *u, size_t count, grove_real *restrict w,
                             grove_real *restrict m, grove_real *restrict v,
                             const grove_real *restrict g) {
    for (size_t i = 0; i < count; i++) {
        const grove_real gradient = g[i] + u->coupled * w[i];
        m[i] = u->beta1 * m[i] + u->share1 * gradient;
        v[i] = u->beta2 * v[i] + u->share2 * gradient * gradient;
        w[i] = u->shrink * w[i] - u->pace * m[i] / (sqrt(v[i]) * u->unbias + u->epsilon);
    }
}

#endif
