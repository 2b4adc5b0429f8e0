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
#include "grove/plan.h"

/* What is being built. */
typedef struct minimizer {
    grove_graph *graph;
    grove_optimizer wish;
    char name[64];
    grove_tensor rate, step;
    grove_tensor *parameter, *gradient; /* [count] */
    grove_tensor *update, *settling;    /* updates, and what settles resting rows */
    int count, updates, settlings;
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
    char text[320];
    snprintf(text, sizeof text, "%s.%s", grove_node_name(parameter), what);
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

/* A catch-up for the rows that the batch names comes with the update; one for all rows settles. */
static void add_catch_up(minimizer *m, grove_tensor of_batch, grove_tensor of_all) {
    add_update(m, of_batch);
    m->settling[m->settlings++] = of_all;
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
        add_catch_up(m, grove_sgd_catch_up(p, m->rate, buffer, last, m->step, ids, &o),
                     grove_sgd_catch_up(p, m->rate, buffer, last, m->step, GROVE_NONE, &o));
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
        add_catch_up(m, grove_adam_catch_up(p, m->rate, first, second, m->step, last, ids, &o),
                     grove_adam_catch_up(p, m->rate, first, second, m->step, last, GROVE_NONE, &o));
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
static double decay_of(const minimizer *m, grove_tensor parameter, grove_tensor gradient) {
    grove_decay wish = grove_parameter_get(parameter).decay;
    bool by_rule = grove_node_shape(parameter).rank >= 2 && !is_row_sparse(gradient);
    bool on = wish == GROVE_DECAY_ON || (wish == GROVE_DECAY_BY_RULE && by_rule);
    return on ? m->wish.decay : 0;
}

static void add_update_of(minimizer *m, int i) {
    grove_tensor p = m->parameter[i], g = m->gradient[i];
    double scale = grove_parameter_get(p).rate, decay = decay_of(m, p, g);
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

static grove_tensor build(minimizer *m, grove_tensor loss) {
    char text[96];
    collect_parameters(m);
    grove_gradients(loss, m->parameter, m->count, m->gradient);
    drop_those_without_gradient(m);
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
    m->settling[m->settlings++] = m->step; /* so that the group is never empty */
    named(m, grove_group(m->settling, m->settlings), ".settled");
    add_update(m, grove_count(m->step)); /* last: the updates read how many went before them */
    return named(m, grove_group(m->update, m->updates), "");
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
    if (grove_node_shape(loss).rank != 0 || grove_node_type(loss) != GROVE_REAL) {
        grove_mistake(
            loss.graph, GROVE_BAD_SHAPE,
            "minimize: the loss must be a scalar, a real number; take the mean or the sum");
        return false;
    }
    return true;
}

grove_tensor grove_minimize(grove_tensor loss, const grove_optimizer *optimizer) {
    if (!grove_is_valid(loss) || !check(loss, optimizer)) {
        return GROVE_NONE;
    }
    grove_allocator allocator = grove_graph_allocator(loss.graph);
    minimizer m = {.graph = loss.graph, .wish = *optimizer};
    size_t most = (size_t)grove_parameter_count(loss.graph) + 1;
    grove_tensor *lists = grove_alloc(&allocator, 5 * most * sizeof *lists);
    if (!lists) {
        grove_mistake(loss.graph, GROVE_NO_MEMORY, "out of memory: no optimizer was made");
        return GROVE_NONE;
    }
    m.parameter = lists;
    m.gradient = lists + most;
    m.settling = lists + 2 * most;
    m.update = lists + 3 * most; /* two for each table */
    set_defaults(&m);
    find_name(&m);
    grove_tensor step = build(&m, loss);
    grove_release(&allocator, lists);
    return step;
}

grove_tensor grove_settled(grove_tensor minimize) {
    char text[96];
    snprintf(text, sizeof text, "%s.settled", grove_node_name(minimize));
    grove_tensor settled = grove_find(minimize.graph, text);
    if (!grove_is_valid(settled) && grove_is_valid(minimize)) {
        grove_mistake(minimize.graph, GROVE_BAD_ARGUMENT,
                      "settled: the tensor was not made by grove_minimize");
    }
    return settled;
}

grove_status grove_settle(grove_tensor minimize) {
    grove_tensor settled = grove_settled(minimize);
    if (!grove_is_valid(settled)) {
        return minimize.graph ? grove_graph_error(minimize.graph)->status : GROVE_BAD_ARGUMENT;
    }
    grove_plan_options options = {.training = true,
                                  .allocator = grove_graph_allocator(minimize.graph)};
    grove_plan *plan = grove_plan_new(minimize.graph, &settled, 1, &options);
    uint64_t runs = grove_training_runs(minimize.graph);
    grove_status status = grove_run(plan);
    grove_set_training_runs(minimize.graph, runs); /* settling is no step of training */
    grove_plan_free(plan);
    return status;
}
