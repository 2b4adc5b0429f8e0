/* SPDX-License-Identifier: MIT
 *
 * updates.c - for each parameter the update that fits its gradient, dense or by rows, and the
 * states that it keeps. All of it nodes.
 */
#include <stdio.h>

#include "freeze.h"
#include "minimize.h"

/* Is this node a lookup in the table? */
static bool looks_up(grove_tensor node, grove_tensor table) {
    return grove_node_is_lookup(node) && grove_node_input(node, 0).index == table.index;
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

/* A number for each row: all that has one index of the first axis. A scalar is one row. */
static grove_tensor by_rows(grove_tensor parameter, const char *what, grove_type type) {
    grove_shape shape = grove_node_shape(parameter);
    return state(parameter, what, type, GROVE_SHAPE(shape.rank ? shape.dim[0] : 1));
}

/* last[row]: up to which update a row has been brought. */
static grove_tensor row_clock(grove_tensor table) {
    grove_tensor clock = by_rows(table, "last_step", GROVE_ID);
    grove_stop_frozen_clocks(table, clock);
    return clock;
}

/* ---- updates --------------------------------------------------------------------------------- */

/* The states of one table's exact row form; how a catch-up is made of them for some ids, or for all
 * rows (GROVE_NONE). */
typedef struct row_states {
    grove_tensor table, first, second, last;
    const void *options;
    grove_tensor (*catch_up)(const minimizer *m, const struct row_states *states, grove_tensor ids);
} row_states;

/* So many rows that each has its turn before the rate of its last update is forgotten. */
static grove_tensor rows_whose_turn_it_is(const minimizer *m, grove_tensor table) {
    int64_t rows = grove_node_shape(table).dim[0], memory = grove_node_shape(m->rates).dim[0];
    return grove_next_rows(m->step, rows, memory > 0 ? (rows + memory - 1) / memory : 0);
}

/* Every lookup that the loss depends on must find its rows up to date, also one that no gradient
 * passes; where something else reads the table, all rows must be. One for all rows settles. */
static void add_catch_ups(minimizer *m, const row_states *states) {
    bool only_lookups = true;
    size_t begin = m->readers.start[states->table.index];
    size_t end = m->readers.start[states->table.index + 1];
    for (size_t i = begin; i < end; i++) {
        int32_t reader = m->readers.all[i];
        bool lookup = looks_up(grove_node_at(m->graph, reader), states->table);
        only_lookups = only_lookups && (!m->below[reader] || lookup);
    }
    for (size_t i = begin; i < end && only_lookups; i++) {
        int32_t reader = m->readers.all[i];
        bool again = i > begin && reader == m->readers.all[i - 1];
        if (m->below[reader] && !again) {
            grove_tensor ids = grove_node_input(grove_node_at(m->graph, reader), 1);
            add_update(m, states->catch_up(m, states, ids));
        }
    }
    if (!only_lookups) {
        add_update(m, states->catch_up(m, states, GROVE_NONE));
    }
    if (m->rate_changes && only_lookups) {
        add_update(m, states->catch_up(m, states, rows_whose_turn_it_is(m, states->table)));
    }
    m->settling[m->settlings++] = states->catch_up(m, states, GROVE_NONE);
}

static grove_tensor sgd_catch_up(const minimizer *m, const row_states *s, grove_tensor ids) {
    return grove_sgd_catch_up(s->table, m->rates, s->first, s->last, m->step, ids, s->options);
}

static grove_tensor adam_catch_up(const minimizer *m, const row_states *s, grove_tensor ids) {
    return grove_adam_catch_up(s->table, m->rates, s->first, s->second, m->step, s->last, ids,
                               s->options);
}

static bool sgd_catches_up(const minimizer *m, double decay) {
    return !m->wish.lazy && (m->wish.momentum > 0 || decay > 0);
}

static void add_sgd(minimizer *m, grove_tensor p, grove_tensor g, double scale, double decay) {
    grove_sgd_options o = {
        .momentum = m->wish.momentum, .nesterov = m->wish.nesterov, .decay = decay, .scale = scale};
    bool sparse = is_row_sparse(g), exact = sparse && sgd_catches_up(m, decay);
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

static void add_rowwise_adagrad(minimizer *m, grove_tensor p, grove_tensor g, double scale,
                                double decay) {
    grove_adagrad_options o = {.epsilon = m->wish.epsilon, .decay = decay, .scale = scale};
    grove_tensor sum = by_rows(p, "adagrad_row_sum", GROVE_REAL);
    add_update(m, is_row_sparse(g)
                      ? grove_rowwise_adagrad_rows(p, ids_of(g), values_of(g), m->rate, sum, &o)
                      : grove_rowwise_adagrad(p, g, m->rate, sum, &o));
}

static void add_rmsprop(minimizer *m, grove_tensor p, grove_tensor g, double scale, double decay) {
    grove_rmsprop_options o = {.alpha = m->wish.alpha,
                               .epsilon = m->wish.epsilon,
                               .momentum = m->wish.momentum,
                               .centered = m->wish.centered,
                               .decay = decay,
                               .scale = scale};
    grove_tensor square = moment(p, "rmsprop_v");
    grove_tensor average = o.centered ? moment(p, "rmsprop_mean") : GROVE_NONE;
    grove_tensor buffer = o.momentum > 0 ? moment(p, "momentum") : GROVE_NONE;
    if (!is_row_sparse(g)) {
        add_update(m, grove_rmsprop(p, g, m->rate, square, average, buffer, &o));
        return;
    }
    grove_tensor last = m->wish.lazy ? GROVE_NONE : row_clock(p);
    add_update(m, grove_rmsprop_rows(p, ids_of(g), values_of(g), m->rate, square, m->step, average,
                                     buffer, last, &o));
}

/* A running average of the parameter: of the rows that the batch names, or of all. It reads the
 * parameter as the step before left it, so it has to come after what catches up. */
static void add_average(minimizer *m, grove_tensor p, grove_tensor g) {
    grove_tensor average = moment(p, "average"), last = by_rows(p, "average_step", GROVE_ID);
    grove_tensor ids = is_row_sparse(g) ? ids_of(g) : GROVE_NONE;
    double decay = m->wish.average;
    add_update(m, grove_weight_average(average, p, m->step, last, ids, decay));
    m->settling[m->settlings++] =
        grove_weight_average(average, p, m->step, last, GROVE_NONE, decay);
}

/* The rule of decay: weights decay; biases and tables do not, unless their options say so. */
static double decay_of(const minimizer *m, grove_tensor parameter) {
    grove_decay wish = grove_parameter_get(parameter).decay;
    bool by_rule = grove_node_shape(parameter).rank >= 2;
    size_t end = m->readers.start[parameter.index + 1];
    for (size_t i = m->readers.start[parameter.index]; i < end && by_rule; i++) {
        by_rule = !looks_up(grove_node_at(m->graph, m->readers.all[i]), parameter);
    }
    bool on = wish == GROVE_DECAY_ON || (wish == GROVE_DECAY_BY_RULE && by_rule);
    return on ? m->wish.decay : 0;
}

bool grove_catches_up(const minimizer *m) {
    bool adam = m->wish.kind == GROVE_OPTIMIZER_ADAM || m->wish.kind == GROVE_OPTIMIZER_ADAMW;
    bool sgd = m->wish.kind == GROVE_OPTIMIZER_SGD, any = false;
    for (int i = 0; i < m->count && !any; i++) {
        any = is_row_sparse(m->gradient[i]) &&
              (adam ? !m->wish.lazy : sgd && sgd_catches_up(m, decay_of(m, m->parameter[i])));
    }
    return any;
}

void grove_add_update_of(minimizer *m, int i) {
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
    case GROVE_OPTIMIZER_ROWWISE_ADAGRAD:
        add_rowwise_adagrad(m, p, g, scale, decay);
        break;
    case GROVE_OPTIMIZER_RMSPROP:
        add_rmsprop(m, p, g, scale, decay);
        break;
    }
    if (m->wish.average > 0) {
        add_average(m, p, g);
    }
}
