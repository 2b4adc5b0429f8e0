/* SPDX-License-Identifier: MIT
 *
 * ops/adam_rest.h - what a row missed while it rested: Adam's updates (see adam.c) with g = 0, at a
 * rate that never changes. (At rates that do: adam_history.h.)
 *
 * m and v fade, m moves the row on, and decoupled decay shrinks it. A few missed updates, and those
 * of the first steps of a training, are done one by one. Many are done in one go: the movements are
 * a sum with the geometric weights beta1^j of a function that varies slowly (v and its correction),
 * which a rule of 8 nodes gives to rounding (base/geometric.h). So the cost does not grow with the
 * time a row rests, nor with the table.
 */
#ifndef GROVE_OPS_ADAM_REST_H
#define GROVE_OPS_ADAM_REST_H

#include "adam.h"
#include "base/geometric.h"

/* What is the same for all rows of a run. */
typedef struct fading {
    const grove_adam_options *o;
    double pace;               /* rate * scale */
    double shrink;             /* of w in an update: 1 - rate * decay, or 1 */
    double ratio;              /* how movements fade against w: beta1 / shrink */
    double horizon;            /* after so many updates what is left of them is below rounding */
    double smooth_from;        /* from this update on the rule below holds */
    bool has_rule;             /* the two below are there: most rows rest for a few updates only */
    grove_geometric rule;      /* for sums with the weights ratio^j */
    double power[GROVE_NODES]; /* beta2^node */
} fading;

enum { FEW = 16 }; /* missed updates that are done one by one */

/* What is to come after j updates is smaller than the first movement times fade^j * 32 (sqrt(1 -
 * beta2^t) may still grow), summed over all j to come. */
static inline double horizon_of(const grove_adam_options *o) {
    double fade = o->beta1 / sqrt(o->beta2);
    double rounding = sizeof(grove_real) == sizeof(float) ? 0x1p-25 : 0x1p-54;
    return fade < 1 ? ceil(log(rounding * (1 - fade) / 32) / log(fade)) : (double)INT32_MAX;
}

static inline fading fading_of(const grove_adam_options *o, double rate) {
    fading f = {.o = o, .pace = rate * o->scale, .shrink = 1, .smooth_from = INT32_MAX};
    if (o->decoupled) {
        f.shrink -= f.pace * o->decay;
    }
    f.horizon = horizon_of(o);
    f.ratio = o->beta1 / f.shrink;
    bool slow = f.ratio > 0.3 && f.ratio < 0.999 && 50 * (1 - o->beta2) < 1 - f.ratio;
    if (slow) {
        f.smooth_from = 40 / (1 - f.ratio); /* there beta1^t is below rounding, too */
    }
    return f;
}

static inline void make_rule(fading *f) {
    f->rule = grove_geometric_rule(f->ratio);
    for (int n = 0; n < GROVE_NODES; n++) {
        f->power[n] = pow(f->o->beta2, f->rule.node[n]);
    }
    f->has_rule = true;
}

/* The pieces of a row; its columns are worked on in chunks of at most COLUMNS. */
enum { COLUMNS = 32 };
typedef struct rested {
    grove_real *w, *m, *v;
    size_t count;
} rested;

/* One missed update: that of the dense form with g = 0. beta1_t, beta2_t: the betas' powers. */
static inline void miss_one(const grove_adam_options *o, double rate, double beta1_t,
                            double beta2_t, const rested *row) {
    adam_update u = adam_update_from(o, rate, beta1_t, beta2_t);
    for (size_t i = 0; i < row->count; i++) {
        row->m[i] *= u.beta1;
        row->v[i] *= u.beta2;
        row->w[i] =
            u.shrink * row->w[i] - u.pace * row->m[i] / (sqrt(row->v[i]) * u.unbias + u.epsilon);
    }
}

static inline double miss_some(const fading *f, double t, double missed, const rested *row) {
    double beta1_t = pow(f->o->beta1, t), beta2_t = pow(f->o->beta2, t), done = 0;
    for (; done < missed && done < f->horizon; done++) {
        beta1_t *= f->o->beta1;
        beta2_t *= f->o->beta2;
        miss_one(f->o, f->pace / f->o->scale, beta1_t, beta2_t, row);
    }
    return done;
}

/* At each node after an update: sqrt(v), over sqrt(v) at update t, with the correction of v.
 * `power` is beta2^node, `since` beta2^(updates since t), `now` beta2^(the update's number). */
static inline void growth(const double power[GROVE_NODES], double since, double now,
                          grove_real grow[GROVE_NODES]) {
    for (int n = 0; n < GROVE_NODES; n++) {
        grow[n] = (grove_real)sqrt(since * power[n] / (1 - now * power[n]));
    }
}

/* Many missed updates after number t, in one go. With the corrections of m gone, w after k of them
 * is
 *
 *     shrink^k * (w - pace * m * sum of ratio^j / (sqrt(v) * growth(j) + epsilon), j = 1 ... k)
 *
 * The sum to k is the sum without end, less ratio^k times the sum without end from k on. */
static inline void miss_many(const fading *f, double t, double k, const rested *row) {
    grove_real weight[2 * GROVE_NODES], grow[2 * GROVE_NODES];
    double later = pow(f->ratio, k), at_t = pow(f->o->beta2, t), in_k = pow(f->o->beta2, k);
    growth(f->power, 1, at_t, grow);
    growth(f->power, in_k, at_t * in_k, grow + GROVE_NODES);
    for (int n = 0; n < GROVE_NODES; n++) {
        weight[n] = (grove_real)(f->pace * f->rule.weight[n]);
        weight[GROVE_NODES + n] = (grove_real)(-later * f->pace * f->rule.weight[n]);
    }
    const grove_real epsilon = (grove_real)f->o->epsilon;
    grove_real root[COLUMNS], sum[COLUMNS] = {0};
    for (size_t i = 0; i < row->count; i++) {
        root[i] = sqrt(row->v[i]);
    }
    for (int n = 0; n < (k < f->horizon ? 2 : 1) * GROVE_NODES; n++) {
        for (size_t i = 0; i < row->count; i++) {
            sum[i] += weight[n] / (root[i] * grow[n] + epsilon);
        }
    }
    for (size_t i = 0; i < row->count; i++) {
        row->w[i] -= row->m[i] * sum[i];
    }
}

/* What is left of moments and weights after k updates in which nothing moves; `left` of weights. */
static inline void fade(const grove_adam_options *o, double k, double left, const rested *row) {
    grove_real fade_m = (grove_real)pow(o->beta1, k), fade_v = (grove_real)pow(o->beta2, k);
    grove_real fade_w = (grove_real)left;
    for (size_t i = 0; i < row->count; i++) {
        row->m[i] *= fade_m;
        row->v[i] *= fade_v;
        row->w[i] *= fade_w;
    }
}

static inline bool moves(const rested *row) {
    for (size_t i = 0; i < row->count; i++) {
        if (row->m[i] != 0) {
            return true;
        }
    }
    return false;
}

static inline void rest(fading *f, double t, double missed, const rested *row) {
    double done = 0;
    if (moves(row) && t >= f->smooth_from && missed > FEW) {
        if (!f->has_rule) {
            make_rule(f);
        }
        miss_many(f, t, missed, row);
    } else if (moves(row)) {
        done = miss_some(f, t, missed, row);
    }
    fade(f->o, missed - done, pow(f->shrink, missed - done), row);
}

#endif
