/* SPDX-License-Identifier: MIT
 *
 * samplers.c - distributions over classes to draw from: log q of each class, and the alias table
 * that makes any of them cheap to draw.
 */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/sampled_losses.h"
#include "layer.h"

/* ---- the alias table ------------------------------------------------------------------------- */

/* The sum of the weights over the largest (so that it cannot overflow); 0 where they are no
 * weights. */
static double relative_sum(const double *weights, size_t n, size_t *heaviest) {
    double sum = 0;
    *heaviest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0 && isfinite(weights[i]))) {
            return 0;
        }
        *heaviest = weights[i] > weights[*heaviest] ? i : *heaviest;
    }
    for (size_t i = 0; i < n && weights[*heaviest] > 0; i++) {
        sum += weights[i] / weights[*heaviest];
    }
    return sum;
}

/* What Vose's way needs: column i holds share[i] of a class, 1 being full. Classes with less than a
 * column stand in `todo` from its begin on, those with more from its end on. */
typedef struct vose {
    double *share;
    size_t *todo, poor, rich, n;
} vose;

static void put(vose *v, size_t i) {
    if (v->share[i] < 1) {
        v->todo[v->poor++] = i;
    } else {
        v->todo[v->n - ++v->rich] = i;
    }
}

/* A rich class fills up what a poor one leaves of its column, and goes on with the rest. Those that
 * are left over in the end have a column each, within rounding. */
static void level(vose *v, size_t heaviest, grove_real *accept, grove_id *alias) {
    for (size_t i = 0; i < v->n; i++) {
        put(v, i);
        alias[i] = (grove_id)heaviest;
        accept[i] = v->share[i] > 0;
    }
    while (v->poor > 0 && v->rich > 0) {
        size_t poor = v->todo[--v->poor], rich = v->todo[v->n - v->rich--];
        accept[poor] = (grove_real)v->share[poor];
        alias[poor] = (grove_id)rich;
        v->share[rich] = (v->share[rich] + v->share[poor]) - 1;
        put(v, rich);
    }
}

grove_status grove_alias_table(const double *weights, size_t n, grove_real *accept, grove_id *alias,
                               const grove_allocator *allocator, grove_error *error) {
    size_t heaviest, bytes;
    if (n < 1 || n > INT32_MAX) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "alias table: it holds from 1 to 2^31 - 1 classes, not %zu", n);
    }
    if (!weights || !accept || !alias) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "alias table: a list is missing");
    }
    double sum = relative_sum(weights, n, &heaviest);
    if (!(sum > 0)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "alias table: the weights must be finite numbers from 0 up, and not all "
                          "of them 0");
    }
    grove_allocator memory = grove_allocator_or_default(allocator);
    vose v = {.n = n};
    bool fits = grove_multiply(n, sizeof *v.share + sizeof *v.todo, &bytes);
    v.share = fits ? grove_alloc(&memory, bytes) : NULL;
    if (!v.share) {
        return grove_fail_memory(error, fits ? bytes : SIZE_MAX);
    }
    v.todo = (size_t *)(v.share + n);
    for (size_t i = 0; i < n; i++) {
        v.share[i] = weights[i] / weights[heaviest] * ((double)n / sum);
    }
    level(&v, heaviest, accept, alias);
    grove_release(&memory, v.share);
    grove_error_clear(error);
    return GROVE_OK;
}

/* ---- samplers -------------------------------------------------------------------------------- */

static grove_sampler sampler_of(grove_sampler_kind kind, int64_t classes) {
    return (grove_sampler){.kind = kind,
                           .classes = classes,
                           .accept = GROVE_NONE,
                           .alias = GROVE_NONE,
                           .log_q = GROVE_NONE,
                           .never = -1};
}

grove_sampler grove_sampler_uniform(int64_t classes) {
    return sampler_of(GROVE_SAMPLER_UNIFORM, classes);
}

grove_sampler grove_sampler_log_uniform(int64_t classes) {
    return sampler_of(GROVE_SAMPLER_LOG_UNIFORM, classes);
}

/* Brings the logarithms of powers of counts to log q, by the largest and the sum; makes q of them
 * in `weights`. log 0 stays as it is. */
static void normalize(double *log_q, double *weights, size_t n) {
    double largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, log_q[i]);
    }
    for (size_t i = 0; i < n; i++) {
        weights[i] = exp(log_q[i] - largest);
        sum += weights[i];
    }
    for (size_t i = 0; i < n; i++) {
        weights[i] /= sum;
        log_q[i] -= largest + log(sum);
    }
}

/* What is as good as log 0, and can be written to a file. */
static const double log_of_nothing = -1e30;

/* The constants of the sampler, from log_q [n] and q [n]. */
static bool make_constants(grove_graph *graph, grove_sampler *sampler, const char *name,
                           const double *log_q, const double *q) {
    grove_part_name part;
    size_t n = (size_t)sampler->classes;
    grove_shape list = GROVE_SHAPE(sampler->classes), table = GROVE_SHAPE(sampler->classes, 1);
    grove_allocator memory = grove_graph_allocator(graph);
    /* The graph's own memory, to be filled: a state that nothing updates. */
    sampler->accept = grove_state(graph, grove_part(&part, name, "accept"), GROVE_REAL, list);
    sampler->alias = grove_state(graph, grove_part(&part, name, "alias"), GROVE_ID, list);
    sampler->log_q = grove_state(graph, grove_part(&part, name, "log_q"), GROVE_REAL, table);
    grove_real *logs = grove_parameter_data(sampler->log_q);
    for (size_t i = 0; logs && i < n; i++) {
        logs[i] = (grove_real)(isfinite(log_q[i]) ? log_q[i] : log_of_nothing);
        sampler->never = sampler->never < 0 && !isfinite(log_q[i]) ? (grove_id)i : sampler->never;
    }
    if (!logs) {
        return false; /* the graph knows why */
    }
    grove_error error;
    grove_status status = grove_alias_table(q, n, grove_parameter_data(sampler->accept),
                                            grove_parameter_data(sampler->alias), &memory, &error);
    if (status != GROVE_OK) {
        grove_mistake(graph, status, "sampler: %s", error.message);
    }
    return status == GROVE_OK;
}

static bool are_counts(const double *counts, int64_t classes) {
    bool good = counts != NULL, any = false;
    for (int64_t i = 0; i < classes && good; i++) {
        good = counts[i] >= 0 && isfinite(counts[i]);
        any = any || counts[i] > 0;
    }
    return good && any;
}

grove_sampler grove_sampler_unigram(grove_graph *graph, const double *counts, int64_t classes,
                                    double power, const char *name) {
    grove_sampler none = sampler_of(GROVE_SAMPLER_UNIGRAM, 0), sampler = none;
    if (classes < 1 || classes > INT32_MAX || !are_counts(counts, classes) || !isfinite(power)) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT,
                      "sampler: it wants at least 1 class, counts that are finite numbers from 0 "
                      "up and not all 0, and a finite power");
        return none;
    }
    if (!name || !name[0]) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT,
                      "sampler: it needs a name: its constants are called by it");
        return none;
    }
    sampler.classes = classes;
    size_t n = (size_t)classes, bytes;
    grove_allocator memory = grove_graph_allocator(graph);
    bool fits = grove_multiply(n, 2 * sizeof(double), &bytes);
    double *log_q = fits ? grove_alloc(&memory, bytes) : NULL;
    if (!log_q) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: no sampler was made");
        return none;
    }
    for (size_t i = 0; i < n; i++) {
        log_q[i] = counts[i] > 0 ? (power != 0 ? power : 0.75) * log(counts[i]) : -INFINITY;
    }
    normalize(log_q, log_q + n, n);
    bool made = make_constants(graph, &sampler, name, log_q, log_q + n);
    grove_release(&memory, log_q);
    return made ? sampler : none;
}

/* ---- drawing, and how likely it was ---------------------------------------------------------- */

static bool is_there(grove_graph *graph, const grove_sampler *sampler) {
    bool there = sampler && sampler->classes >= 1;
    if (!there) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT, "sampler: there is none, or one of no classes");
    }
    return there;
}

grove_tensor grove_sample(grove_graph *graph, const grove_sampler *sampler, int64_t count) {
    if (!is_there(graph, sampler)) {
        return GROVE_NONE;
    }
    switch (sampler->kind) {
    case GROVE_SAMPLER_UNIFORM:
        return grove_sample_uniform(graph, count, sampler->classes);
    case GROVE_SAMPLER_UNIGRAM:
        return grove_sample_alias(sampler->accept, sampler->alias, count);
    case GROVE_SAMPLER_LOG_UNIFORM:
        break;
    }
    return grove_sample_log_uniform(graph, count, sampler->classes);
}

grove_tensor grove_sampler_log_q(const grove_sampler *sampler, grove_tensor ids) {
    grove_shape shape = grove_node_shape(ids);
    if (!grove_is_valid(ids) || !is_there(ids.graph, sampler)) {
        return GROVE_NONE;
    }
    double classes = (double)sampler->classes;
    switch (sampler->kind) {
    case GROVE_SAMPLER_UNIFORM:
        return grove_fill(ids.graph, shape, -log(classes));
    case GROVE_SAMPLER_UNIGRAM:
        return grove_reshape(grove_embedding(sampler->log_q, ids), shape);
    case GROVE_SAMPLER_LOG_UNIFORM:
        break;
    }
    /* log(1 + 1 / (k + 1)) is softplus(-log(k + 1)): no digit is lost for a large k. */
    grove_tensor first = grove_neg(grove_log(grove_shift(grove_real_of(ids), 1)));
    return grove_shift(grove_log(grove_softplus(first)), -log(log1p(classes)));
}
