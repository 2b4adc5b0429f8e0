/* SPDX-License-Identifier: MIT
 *
 * minimize.c - from a loss to a training step: gradients of all parameters, clipping, and for each
 * parameter the update that fits its gradient, dense or by rows. All of it nodes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "grove/nn.h"

/* What is being built. */
typedef struct minimizer {
    grove_graph *graph;
    grove_optimizer wish;
    char name[64];
    grove_tensor rate, step;
    grove_tensor *parameter, *gradient; /* [count] */
    grove_tensor *update, *settling;    /* updates, and what settles resting rows */
    int count, updates, settlings;
    grove_tensor loss;
    bool *below;     /* [loss.index + 1] what the loss depends on */
    bool catches_up; /* are there rows whose missed updates are made at the rate? */
} minimizer;

/* A gradient that is a scatter of rows is row-sparse: its ids and values say it all. */
static bool is_row_sparse(grove_tensor gradient) {
    return strcmp(grove_node_op(gradient), "scatter_rows") == 0;
}

static grove_tensor ids_of(grove_tensor gradient) {
    return grove_node_input(gradient, 0);
}

static grove_tensor values_of(grove_tensor gradient) {
    return grove_node_input(gradient, 1);
}

/* Is this node a lookup in the table? */
static bool looks_up(grove_tensor node, grove_tensor table) {
    return strcmp(grove_node_op(node), "embedding") == 0 &&
           grove_node_input(node, 0).index == table.index;
}

/* Which nodes up to t does t depend on? [t.index + 1], to be released; NULL when memory is short.
 * */
static bool *ancestors_of(grove_tensor t) {
    grove_allocator allocator = grove_graph_allocator(t.graph);
    bool *marks = grove_alloc_zero(&allocator, (size_t)t.index + 1, sizeof *marks);
    for (int32_t i = t.index; marks && i >= 0; i--) {
        grove_tensor node = grove_node_at(t.graph, i);
        marks[i] = marks[i] || i == t.index;
        for (int k = 0; marks[i] && k < grove_node_inputs(node); k++) {
            marks[grove_node_input(node, k).index] = true;
        }
    }
    return marks;
}

/* ---- gradients ------------------------------------------------------------------------------- */

static void collect_parameters(minimizer *m) {
    for (int32_t i = 0; i < grove_parameter_count(m->graph); i++) {
        grove_tensor parameter = grove_parameter_at(m->graph, i);
        if (grove_parameter_is_trainable(parameter) && !grove_parameter_get(parameter).frozen) {
            m->parameter[m->count++] = parameter;
        }
    }
}

/* Parameters that the loss does not depend on are left out. */
static void drop_those_without_gradient(minimizer *m) {
    int kept = 0;
    for (int i = 0; i < m->count; i++) {
        if (grove_is_valid(m->gradient[i])) {
            m->parameter[kept] = m->parameter[i];
            m->gradient[kept++] = m->gradient[i];
        }
    }
    m->count = kept;
}

/* Scales all gradients by min(1, limit / |all gradients|); row-sparse ones stay so. */
static void clip(minimizer *m, double limit) {
    grove_tensor total = GROVE_NONE;
    for (int i = 0; i < m->count; i++) {
        grove_tensor g = m->gradient[i];
        grove_tensor square = is_row_sparse(g) ? grove_rows_squared_norm(ids_of(g), values_of(g))
                                               : grove_sum(grove_mul(g, g), GROVE_ALL_AXES);
        total = i ? grove_add(total, square) : square;
    }
    grove_tensor length = grove_maximum(grove_sqrt(total), limit);
    grove_tensor factor = grove_div(grove_fill(m->graph, GROVE_SCALAR, limit), length);
    for (int i = 0; i < m->count; i++) {
        grove_tensor g = m->gradient[i];
        m->gradient[i] = is_row_sparse(g)
                             ? grove_scatter_rows(ids_of(g), grove_mul(values_of(g), factor),
                                                  grove_node_shape(g).dim[0])
                             : grove_mul(g, factor);
    }
}

/* ---- state ----------------------------------------------------------------------------------- */

static grove_tensor state(grove_tensor parameter, const char *what, grove_type type,
                          grove_shape shape) {
    char text[640];
    int length = snprintf(text, sizeof text, "%s.%s", grove_node_name(parameter), what);
    if (length < 0 || length > (int)sizeof text - 16) {
        grove_mistake(parameter.graph, GROVE_BAD_ARGUMENT,
                      "minimize: the name '%.40s...' is too long for an optimizer's state",
                      grove_node_name(parameter));
        return GROVE_NONE;
    }
    for (int i = 2; grove_is_valid(grove_find(parameter.graph, text)); i++) {
        snprintf(text + length, sizeof text - (size_t)length, ".%d", i); /* of another optimizer */
    }
    return grove_state(parameter.graph, text, type, shape);
}

static grove_tensor moment(grove_tensor parameter, const char *what) {
    return state(parameter, what, GROVE_REAL, grove_node_shape(parameter));
}

/* last[row]: up to which update a row has been brought. */
static grove_tensor row_clock(grove_tensor table) {
    return state(table, "last_step", GROVE_ID, GROVE_SHAPE(grove_node_shape(table).dim[0]));
}

/* ---- updates --------------------------------------------------------------------------------- */

static void add_update(minimizer *m, grove_tensor update) {
    m->update[m->updates++] = update;
}

/* The states of one table's exact row form; how a catch-up is made of them for some ids, or for all
 * rows (GROVE_NONE). */
typedef struct row_states {
    grove_tensor table, first, second, last;
    const void *options;
    grove_tensor (*catch_up)(const minimizer *m, const struct row_states *states, grove_tensor ids);
} row_states;

/* Every lookup that the loss depends on must find its rows up to date, also one that no gradient
 * passes; where something else reads the table, all rows must be. One for all rows settles. */
static void add_catch_ups(minimizer *m, const row_states *states) {
    bool only_lookups = true;
    m->catches_up = true;
    for (int32_t i = 0; i <= m->loss.index; i++) {
        grove_tensor node = grove_node_at(m->graph, i);
        for (int k = 0; m->below[i] && k < grove_node_inputs(node); k++) {
            bool reads = grove_node_input(node, k).index == states->table.index;
            only_lookups = only_lookups && (!reads || looks_up(node, states->table));
        }
    }
    for (int32_t i = 0; i <= m->loss.index && only_lookups; i++) {
        grove_tensor node = grove_node_at(m->graph, i);
        if (m->below[i] && looks_up(node, states->table)) {
            add_update(m, states->catch_up(m, states, grove_node_input(node, 1)));
        }
    }
    if (!only_lookups) {
        add_update(m, states->catch_up(m, states, GROVE_NONE));
    }
    m->settling[m->settlings++] = states->catch_up(m, states, GROVE_NONE);
}

static grove_tensor sgd_catch_up(const minimizer *m, const row_states *s, grove_tensor ids) {
    return grove_sgd_catch_up(s->table, m->rate, s->first, s->last, m->step, ids, s->options);
}

static grove_tensor adam_catch_up(const minimizer *m, const row_states *s, grove_tensor ids) {
    return grove_adam_catch_up(s->table, m->rate, s->first, s->second, m->step, s->last, ids,
                               s->options);
}

static void add_sgd(minimizer *m, grove_tensor p, grove_tensor g, double scale, double decay) {
    grove_sgd_options o = {
        .momentum = m->wish.momentum, .nesterov = m->wish.nesterov, .decay = decay, .scale = scale};
    bool sparse = is_row_sparse(g),
         exact = sparse && !m->wish.lazy && (o.momentum > 0 || decay > 0);
    grove_tensor buffer = o.momentum > 0 || exact ? moment(p, "momentum") : GROVE_NONE;
    if (!sparse) {
        add_update(m, grove_sgd(p, g, m->rate, buffer, &o));
        return;
    }
    grove_tensor ids = ids_of(g), last = exact ? row_clock(p) : GROVE_NONE;
    if (exact) {
        add_catch_ups(m, &(row_states){p, buffer, GROVE_NONE, last, &o, sgd_catch_up});
    }
    add_update(m, grove_sgd_rows(p, ids, values_of(g), m->rate, buffer, last,
                                 exact ? m->step : GROVE_NONE, &o));
}

static void add_adam(minimizer *m, grove_tensor p, grove_tensor g, double scale, double decay) {
    grove_adam_options o = {.beta1 = m->wish.beta1,
                            .beta2 = m->wish.beta2,
                            .epsilon = m->wish.epsilon,
                            .decay = decay,
                            .scale = scale,
                            .decoupled = m->wish.kind == GROVE_OPTIMIZER_ADAMW};
    grove_tensor first = moment(p, "adam_m"), second = moment(p, "adam_v");
    if (!is_row_sparse(g)) {
        add_update(m, grove_adam(p, g, m->rate, first, second, m->step, &o));
        return;
    }
    grove_tensor ids = ids_of(g), last = m->wish.lazy ? GROVE_NONE : row_clock(p);
    if (!m->wish.lazy) {
        add_catch_ups(m, &(row_states){p, first, second, last, &o, adam_catch_up});
    }
    add_update(m, grove_adam_rows(p, ids, values_of(g), m->rate, first, second, m->step, last, &o));
}

static void add_adagrad(minimizer *m, grove_tensor p, grove_tensor g, double scale, double decay) {
    grove_adagrad_options o = {.epsilon = m->wish.epsilon, .decay = decay, .scale = scale};
    grove_tensor sum = moment(p, "adagrad_sum");
    add_update(m, is_row_sparse(g)
                      ? grove_adagrad_rows(p, ids_of(g), values_of(g), m->rate, sum, &o)
                      : grove_adagrad(p, g, m->rate, sum, &o));
}

/* The rule of decay: weights decay; biases and tables do not, unless their options say so. */
static double decay_of(const minimizer *m, grove_tensor parameter) {
    grove_decay wish = grove_parameter_get(parameter).decay;
    bool by_rule = grove_node_shape(parameter).rank >= 2;
    for (int32_t i = 0; i <= m->loss.index && by_rule; i++) {
        by_rule = !looks_up(grove_node_at(m->graph, i), parameter);
    }
    bool on = wish == GROVE_DECAY_ON || (wish == GROVE_DECAY_BY_RULE && by_rule);
    return on ? m->wish.decay : 0;
}

static void add_update_of(minimizer *m, int i) {
    grove_tensor p = m->parameter[i], g = m->gradient[i];
    double scale = grove_parameter_get(p).rate, decay = decay_of(m, p);
    switch (m->wish.kind) {
    case GROVE_OPTIMIZER_SGD:
        add_sgd(m, p, g, scale, decay);
        break;
    case GROVE_OPTIMIZER_ADAM:
    case GROVE_OPTIMIZER_ADAMW:
        add_adam(m, p, g, scale, decay);
        break;
    case GROVE_OPTIMIZER_ADAGRAD:
        add_adagrad(m, p, g, scale, decay);
        break;
    }
}

/* ---- all together ---------------------------------------------------------------------------- */

static void set_defaults(minimizer *m) {
    grove_optimizer *o = &m->wish;
    bool adam = o->kind == GROVE_OPTIMIZER_ADAM || o->kind == GROVE_OPTIMIZER_ADAMW;
    o->rate = o->rate != 0 ? o->rate : adam ? 1e-3 : 1e-2;
    o->decay = o->decay == 0 && o->kind == GROVE_OPTIMIZER_ADAMW ? 0.01 : o->decay;
}

/* "optimizer", or "optimizer.2"... where the graph has one already. */
static void find_name(minimizer *m) {
    snprintf(m->name, sizeof m->name, "optimizer");
    for (int i = 2; grove_is_valid(grove_find(m->graph, m->name)); i++) {
        snprintf(m->name, sizeof m->name, "optimizer.%d", i);
    }
}

static grove_tensor named(minimizer *m, grove_tensor tensor, const char *part) {
    char text[96];
    snprintf(text, sizeof text, "%s%s", m->name, part);
    return grove_name(tensor, text);
}

/* Resting rows are settled outside of a step, and caught up before anything else in one: so the
 * rate can depend neither on an input nor on what is trained. */
static bool check_rate(grove_tensor rate, grove_graph *graph) {
    if (!grove_is_valid(rate)) {
        return false;
    }
    grove_allocator allocator = grove_graph_allocator(rate.graph);
    bool *marks = ancestors_of(rate), good = rate.graph == graph;
    if (!marks) {
        grove_mistake(graph, GROVE_NO_MEMORY, "out of memory: no optimizer was made");
        return false;
    }
    for (int32_t i = 0; i <= rate.index && good; i++) {
        grove_tensor node = grove_node_at(rate.graph, i);
        bool is_input = strcmp(grove_node_op(node), "input") == 0;
        good = !marks[i] || (!is_input && !grove_parameter_is_trainable(node));
    }
    if (!good) {
        grove_mistake(
            graph, GROVE_BAD_ARGUMENT,
            "minimize: the rate must not depend on an input or a trained parameter; let it "
            "be a state of the same graph, and write its number between two runs");
    }
    grove_release(&allocator, marks);
    return good;
}

static grove_tensor build(minimizer *m, grove_tensor loss) {
    char text[96];
    collect_parameters(m);
    grove_gradients(loss, m->parameter, m->count, m->gradient);
    drop_those_without_gradient(m);
    if (m->count == 0) {
        grove_mistake(m->graph, GROVE_BAD_ARGUMENT,
                      "minimize: the loss depends on no parameter that may be trained");
        return GROVE_NONE;
    }
    if (m->wish.clip_norm > 0 && m->count > 0) {
        clip(m, m->wish.clip_norm);
    }
    snprintf(text, sizeof text, "%s.step", m->name);
    m->step = grove_state(m->graph, text, GROVE_ID, GROVE_SCALAR);
    m->rate = grove_is_valid(m->wish.rate_node)
                  ? m->wish.rate_node
                  : named(m, grove_fill(m->graph, GROVE_SCALAR, m->wish.rate), ".rate");
    for (int i = 0; i < m->count; i++) {
        add_update_of(m, i);
    }
    if (m->catches_up && !check_rate(m->rate, m->graph)) {
        return GROVE_NONE;
    }
    m->settling[m->settlings++] = m->step; /* so that the group is never empty */
    named(m, grove_group(m->settling, m->settlings), ".settled");
    add_update(m, grove_count(m->step)); /* last: the updates read how many went before them */
    return named(m, grove_group(m->update, m->updates), "");
}

static bool has_no_momentum(grove_optimizer_kind kind) {
    return kind == GROVE_OPTIMIZER_ADAM || kind == GROVE_OPTIMIZER_ADAMW ||
           kind == GROVE_OPTIMIZER_ADAGRAD;
}

/* Refuses by building a node that cannot be: the graph keeps the sentence. */
static bool check(grove_tensor loss, const grove_optimizer *o) {
    bool good = o && isfinite(o->rate) && o->rate >= 0 && o->decay >= 0 && isfinite(o->decay) &&
                o->clip_norm >= 0 && isfinite(o->clip_norm) && o->kind >= GROVE_OPTIMIZER_SGD &&
                o->kind <= GROVE_OPTIMIZER_ADAGRAD;
    if (!good) {
        grove_mistake(
            loss.graph, GROVE_BAD_ARGUMENT,
            "minimize: rate, decay and clip_norm must be finite numbers from 0 up, and the "
            "kind of optimizer a known one");
        return false;
    }
    if (has_no_momentum(o->kind) && (o->momentum != 0 || o->nesterov)) {
        grove_mistake(loss.graph, GROVE_BAD_ARGUMENT,
                      "minimize: momentum is no part of adam, which has its beta1, nor of adagrad");
        return false;
    }
    if (grove_node_shape(loss).rank != 0 || grove_node_type(loss) != GROVE_REAL) {
        grove_mistake(
            loss.graph, GROVE_BAD_SHAPE,
            "minimize: the loss must be a scalar, a real number; take the mean or the sum");
        return false;
    }
    return true;
}

static size_t count_lookups(const grove_graph *graph) {
    size_t lookups = 0;
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        lookups += strcmp(grove_node_op(grove_node_at(graph, i)), "embedding") == 0;
    }
    return lookups;
}

grove_tensor grove_minimize(grove_tensor loss, const grove_optimizer *optimizer) {
    if (!grove_is_valid(loss) || !check(loss, optimizer)) {
        return GROVE_NONE;
    }
    grove_allocator allocator = grove_graph_allocator(loss.graph);
    minimizer m = {.graph = loss.graph, .wish = *optimizer, .loss = loss};
    size_t most = (size_t)grove_parameter_count(loss.graph) + 1;
    grove_tensor *lists =
        grove_alloc(&allocator, (5 * most + count_lookups(loss.graph)) * sizeof *lists);
    m.below = ancestors_of(loss);
    if (!lists || !m.below) {
        grove_release(&allocator, m.below);
        grove_release(&allocator, lists);
        grove_mistake(loss.graph, GROVE_NO_MEMORY, "out of memory: no optimizer was made");
        return GROVE_NONE;
    }
    m.parameter = lists;
    m.gradient = lists + most;
    m.settling = lists + 2 * most;
    m.update = lists + 3 * most; /* two for a table, and one for each of its lookups */
    set_defaults(&m);
    find_name(&m);
    grove_tensor step = build(&m, loss);
    grove_release(&allocator, m.below);
    grove_release(&allocator, lists);
    return step;
}
