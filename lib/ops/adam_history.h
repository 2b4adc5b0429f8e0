/* SPDX-License-Identifier: MIT
 *
 * ops/adam_history.h - what a row missed while it rested (see adam_rest.h), at rates that changed.
 *
 * The rates of the last updates are remembered. Let `left` be what the updates after the j-th
 * missed one leave of a weight (decoupled decay). The movement is
 *
 *     m * sum over j of rate[j] * left[j] * beta1^j * f(j),   f(j) = 1 / (sqrt(v[j]) + epsilon)
 *
 * The rates may jump, but f varies slowly: it is replaced by the polynomial that meets it in the 8
 * nodes of the geometric rule. So the sum becomes one over the nodes, whose weights are the same
 * for all columns of a row. Their cost is that of the updates until beta1^j is below rounding.
 */
#ifndef GROVE_OPS_ADAM_HISTORY_H
#define GROVE_OPS_ADAM_HISTORY_H

#include "adam_rest.h"
#include "rates.h"

enum { MOST_TERMS = 1024 }; /* of the sum; where it would have more, updates are done one by one */

typedef struct adam_history {
    const grove_adam_options *o;
    size_t longest; /* the most updates that a row missed and that are remembered */
    const double
        *pace; /* [longest] pace[d]: rate * scale of the update that is d before the last */
    const double *left;  /* [longest + 1] what the last d updates leave of a weight */
    const double *basis; /* [terms, nodes] beta1^j * the node's polynomial at j = 1, 2... */
    size_t terms;        /* 0: all updates are done one by one */
    double horizon, smooth_from;
    double power[GROVE_NODES]; /* beta2^node */
} adam_history;

static inline size_t adam_history_scratch(const grove_call *call) {
    size_t memory = grove_rates_memory(call, 1);
    size_t terms = memory < MOST_TERMS ? memory : MOST_TERMS;
    return memory ? (2 * memory + 1 + terms * GROVE_NODES) * sizeof(double) : 0;
}

/* Row j - 1 of the basis: at each node n the product over all others of (j - other) / (n - other),
 * times beta1^j. */
static inline void fill_basis(const double node[GROVE_NODES], double beta1, size_t terms,
                              double *basis) {
    double scale[GROVE_NODES], power = 1;
    for (int n = 0; n < GROVE_NODES; n++) {
        scale[n] = 1;
        for (int k = 0; k < GROVE_NODES; k++) {
            scale[n] /= k == n ? 1 : node[n] - node[k];
        }
    }
    for (size_t j = 1; j <= terms; j++) {
        double before[GROVE_NODES], after = power *= beta1, *row = basis + (j - 1) * GROVE_NODES;
        before[0] = 1;
        for (int n = 1; n < GROVE_NODES; n++) {
            before[n] = before[n - 1] * ((double)j - node[n - 1]);
        }
        for (int n = GROVE_NODES - 1; n >= 0; n--) {
            row[n] = before[n] * after * scale[n];
            after *= (double)j - node[n];
        }
    }
}

/* Does the polynomial hold, and in how many terms? As in fading_of, where a rule of twice its
 * degree comes sooner to rounding than this one does in double. */
static inline void find_terms(adam_history *h, double *basis) {
    const grove_adam_options *o = h->o;
    bool slow = o->beta1 > 0.3 && 50 * (1 - o->beta2) < 1 - o->beta1;
    if (!slow || h->horizon > MOST_TERMS) {
        return;
    }
    grove_geometric rule = grove_geometric_rule(o->beta1);
    for (int n = 0; n < GROVE_NODES; n++) {
        h->power[n] = pow(o->beta2, rule.node[n]);
    }
    h->terms = h->horizon < (double)h->longest ? (size_t)h->horizon : h->longest;
    h->smooth_from = (sizeof(grove_real) == sizeof(float) ? 40 : 400) / (1 - o->beta1);
    fill_basis(rule.node, o->beta1, h->terms, basis);
}

static inline adam_history adam_history_of(const grove_call *call) {
    const grove_adam_options *o = call->attributes;
    size_t memory = grove_rates_memory(call, 1);
    grove_id step = grove_ids(call, 4)[0];
    size_t longest = grove_longest_rest(call, call->in[5]->data, step, 6, memory);
    double *pace = call->scratch, *left = pace + memory, *basis = left + memory + 1;
    adam_history h = {.o = o, .longest = longest, .pace = pace, .left = left, .basis = basis};
    left[0] = 1;
    for (size_t d = 0; d < longest; d++) {
        pace[d] = grove_rate_ago(call->in[1], step, d) * o->scale;
        left[d + 1] = left[d] * (o->decoupled ? 1 - pace[d] * o->decay : 1);
    }
    h.horizon = horizon_of(o);
    find_terms(&h, basis);
    return h;
}

static inline size_t miss_some_at_rates(const adam_history *h, double t, size_t missed,
                                        const rested *row) {
    double beta1_t = pow(h->o->beta1, t), beta2_t = pow(h->o->beta2, t);
    size_t done = 0;
    for (; done < missed && (double)done < h->horizon; done++) {
        beta1_t *= h->o->beta1;
        beta2_t *= h->o->beta2;
        miss_one(h->o, h->pace[missed - 1 - done] / h->o->scale, beta1_t, beta2_t, row);
    }
    return done;
}

/* All movements after update t; w has still to be shrunk, by left[missed], before. */
static inline void miss_many_at_rates(const adam_history *h, double t, size_t missed,
                                      const rested *row) {
    double weight[GROVE_NODES] = {0};
    for (size_t j = 1; j <= h->terms && j <= missed; j++) {
        const double *basis = h->basis + (j - 1) * GROVE_NODES;
        double pull = h->pace[missed - j] * h->left[missed - j];
        for (int n = 0; n < GROVE_NODES; n++) {
            weight[n] += pull * basis[n];
        }
    }
    grove_real grow[GROVE_NODES], sum[COLUMNS] = {0};
    const grove_real epsilon = (grove_real)h->o->epsilon;
    growth(h->power, 1, pow(h->o->beta2, t), grow);
    for (int n = 0; n < GROVE_NODES; n++) {
        for (size_t i = 0; i < row->count; i++) {
            sum[i] += (grove_real)weight[n] / (sqrt(row->v[i]) * grow[n] + epsilon);
        }
    }
    for (size_t i = 0; i < row->count; i++) {
        row->w[i] -= row->m[i] * sum[i];
    }
}

/* Updates that are no longer remembered are left out: grove_minimize sees to it that there are
 * none. */
static inline void rest_at_rates(const adam_history *h, double t, double missed,
                                 const rested *row) {
    size_t k = missed < (double)h->longest ? (size_t)missed : h->longest, done = 0;
    bool many = h->terms > 0 && t >= h->smooth_from && k > FEW;
    if (moves(row) && many) {
        fade(h->o, 0, h->left[k], row);
        miss_many_at_rates(h, t, k, row);
        fade(h->o, missed, 1, row);
        return;
    }
    if (moves(row)) {
        done = miss_some_at_rates(h, t, k, row);
    }
    fade(h->o, missed - (double)done, h->left[k - done], row);
}

#endif
