/* SPDX-License-Identifier: MIT
 *
 * minimize.c - from a loss to a training step: gradients of all parameters, clipping, the rate, and
 * the updates (updates.c). All of it nodes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "freeze.h"
#include "grove/layers.h"
#include "minimize.h"

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

/* Each number of a gradient to -limit ... limit; a row that stands in the list twice is added up
 * first, as in the dense gradient. */
static void clip_numbers(minimizer *m, double limit) {
    for (int i = 0; i < m->count; i++) {
        grove_tensor g = m->gradient[i];
        if (is_row_sparse(g)) {
            grove_tensor merged = grove_merge_rows(ids_of(g), values_of(g));
            m->gradient[i] = grove_scatter_rows(ids_of(g), grove_clip(merged, -limit, limit),
                                                grove_node_shape(g).dim[0]);
        } else {
            m->gradient[i] = grove_clip(g, -limit, limit);
        }
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

/* The clock, and the rate that it may move. */
static void add_clock_and_rate(minimizer *m) {
    char text[96];
    const grove_schedule *schedule = &m->wish.schedule;
    snprintf(text, sizeof text, "%s.step", m->name);
    m->step = grove_is_valid(m->wish.clock) ? m->wish.clock
                                            : grove_state(m->graph, text, GROVE_ID, GROVE_SCALAR);
    m->rate = grove_is_valid(m->wish.rate_node) ? m->wish.rate_node
                                                : grove_fill(m->graph, GROVE_SCALAR, m->wish.rate);
    bool moves = schedule->kind != GROVE_SCHEDULE_CONSTANT || schedule->warm_up != 0;
    m->rates = m->rate;
    m->rate_changes = moves || grove_is_valid(m->wish.rate_node);
    if (moves) {
        m->rate = grove_mul(m->rate, grove_schedule_factor(m->step, schedule));
    }
    if (moves || !grove_is_valid(m->wish.rate_node)) {
        named(m, m->rate, ".rate");
    }
}

/* A rate that changes is remembered, for the rows that rest; for as many updates as the largest
 * table has rows, within limits: none of its rows then rests for longer (updates.c). */
enum { FEWEST_RATES = 256, MOST_RATES = 16384 };

static void remember_rates(minimizer *m) {
    int64_t rows = FEWEST_RATES;
    for (int i = 0; i < m->count; i++) {
        int64_t own = is_row_sparse(m->gradient[i]) ? grove_node_shape(m->gradient[i]).dim[0] : 0;
        rows = own > rows ? own : rows;
    }
    rows = rows < MOST_RATES ? rows : MOST_RATES;
    char text[96];
    snprintf(text, sizeof text, "%s.rates", m->name);
    m->rates = grove_state(m->graph, text, GROVE_REAL, GROVE_SHAPE(rows));
}

static bool depends_on_trainable(grove_tensor t) {
    bool found = false;
    bool *marks = ancestors_of(t);
    for (int32_t i = 0; marks && i < grove_parameter_count(t.graph) && !found; i++) {
        grove_tensor parameter = grove_parameter_at(t.graph, i);
        found = grove_parameter_is_trainable(parameter) && !grove_parameter_get(parameter).frozen &&
                parameter.index <= t.index && marks[parameter.index];
    }
    grove_allocator allocator = grove_graph_allocator(t.graph);
    grove_release(&allocator, marks);
    return found;
}

/* The op nearest to the loss that lets no gradient through to a parameter, or GROVE_NONE. */
static grove_tensor find_obstacle(const minimizer *m, grove_tensor loss) {
    for (int32_t i = loss.index; i >= 0; i--) {
        grove_tensor node = grove_node_at(m->graph, i);
        if (m->below[i] && grove_node_inputs(node) > 0 && grove_node_no_gradient(node)[0] &&
            depends_on_trainable(node)) {
            return node;
        }
    }
    return GROVE_NONE;
}

static void refuse_untrainable(minimizer *m, grove_tensor loss) {
    static const char *const words =
        "minimize: the loss depends on no parameter that may be trained";
    grove_tensor obstacle = find_obstacle(m, loss);
    const char *name = grove_node_name(obstacle);
    if (!grove_is_valid(obstacle)) {
        grove_mistake(m->graph, GROVE_BAD_ARGUMENT, "%s", words);
        return;
    }
    grove_mistake(m->graph, GROVE_BAD_ARGUMENT,
                  "%s; no gradient passes %s (node %d%s%s%s) on the way to one: %s", words,
                  grove_node_op(obstacle), (int)obstacle.index, name[0] ? ", '" : "", name,
                  name[0] ? "'" : "", grove_node_no_gradient(obstacle));
}

static grove_tensor build(minimizer *m, grove_tensor loss) {
    collect_parameters(m);
    grove_gradients(loss, m->parameter, m->count, m->gradient);
    drop_those_without_gradient(m);
    if (m->count == 0) {
        refuse_untrainable(m, loss);
        return GROVE_NONE;
    }
    for (int i = 0; i < m->count; i++) {
        m->gradient[i] = grove_without_frozen_rows(m->parameter[i], m->gradient[i]);
    }
    if (m->wish.clip_value > 0) {
        clip_numbers(m, m->wish.clip_value);
    }
    if (m->wish.clip_norm > 0 && m->count > 0) {
        clip(m, m->wish.clip_norm);
    }
    add_clock_and_rate(m);
    bool remembers = m->rate_changes && grove_catches_up(m);
    if (remembers) {
        remember_rates(m);
    }
    for (int i = 0; i < m->count; i++) {
        grove_add_update_of(m, i);
    }
    if (remembers) {
        add_update(m, grove_remember(m->rates, m->rate, m->step));
    }
    grove_tensor averages = grove_running_averages(loss);
    if (grove_is_valid(averages)) {
        add_update(m, averages);
    }
    m->settling[m->settlings++] = m->step; /* so that the group is never empty */
    named(m, grove_group(m->settling, m->settlings), ".settled");
    add_update(m, grove_count(m->step)); /* last: the updates read how many went before them */
    return named(m, grove_group(m->update, m->updates), "");
}

/* ---- what may be asked for ------------------------------------------------------------------- */

static const char *const kind_names[] = {"sgd",    "adam", "adamw", "adagrad", "rowwise_adagrad",
                                         "rmsprop"};

/* Refuses the optimizer: the graph keeps the sentence. */
static bool check_sizes(grove_graph *graph, const grove_optimizer *o) {
    const struct {
        const char *name;
        double value;
    } fields[] = {{"rate", o->rate},
                  {"decay", o->decay},
                  {"clip_value", o->clip_value},
                  {"clip_norm", o->clip_norm},
                  {"average", o->average}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!(fields[i].value >= 0 && isfinite(fields[i].value))) {
            grove_mistake(graph, GROVE_BAD_ARGUMENT,
                          "minimize: .%s is %g; it must be a finite number from 0 up",
                          fields[i].name, fields[i].value);
            return false;
        }
    }
    if (o->rate != 0 && grove_is_valid(o->rate_node)) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT,
                      "minimize: .rate is %g beside a .rate_node, which takes its place; give one "
                      "of the two",
                      o->rate);
        return false;
    }
    return true;
}

#define OF(kind) (1u << GROVE_OPTIMIZER_##kind)

/* A field that this kind of optimizer would do nothing with is a mistake. */
static bool check_owners(grove_graph *graph, const grove_optimizer *o) {
    const struct {
        const char *name;
        bool given;
        unsigned owners;
        const char *words;
    } fields[] = {
        {"momentum", o->momentum != 0, OF(SGD) | OF(RMSPROP), "sgd and rmsprop"},
        {"nesterov", o->nesterov, OF(SGD), "sgd"},
        {"beta1", o->beta1 != 0, OF(ADAM) | OF(ADAMW), "adam and adamw"},
        {"beta2", o->beta2 != 0, OF(ADAM) | OF(ADAMW), "adam and adamw"},
        {"alpha", o->alpha != 0, OF(RMSPROP), "rmsprop"},
        {"centered", o->centered, OF(RMSPROP), "rmsprop"},
        {"epsilon", o->epsilon != 0, ~OF(SGD), "all optimizers but sgd"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i].given && !(fields[i].owners >> o->kind & 1u)) {
            grove_mistake(graph, GROVE_BAD_ARGUMENT,
                          "minimize: .%s belongs to %s; %s does nothing with it", fields[i].name,
                          fields[i].words, kind_names[o->kind]);
            return false;
        }
    }
    return true;
}

static bool check(grove_tensor loss, const grove_optimizer *o) {
    if (!o) {
        grove_mistake(loss.graph, GROVE_BAD_ARGUMENT, "minimize: there is no optimizer");
        return false;
    }
    if (o->kind < GROVE_OPTIMIZER_SGD || o->kind > GROVE_OPTIMIZER_RMSPROP) {
        grove_mistake(loss.graph, GROVE_BAD_ARGUMENT,
                      "minimize: there is no optimizer of the kind %d", (int)o->kind);
        return false;
    }
    if (grove_node_shape(loss).rank != 0 || grove_node_type(loss) != GROVE_REAL) {
        grove_mistake(
            loss.graph, GROVE_BAD_SHAPE,
            "minimize: the loss must be a scalar, a real number; take the mean or the sum");
        return false;
    }
    return check_sizes(loss.graph, o) && check_owners(loss.graph, o);
}

static size_t count_lookups(const grove_graph *graph) {
    size_t lookups = 0;
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        lookups += grove_node_is_lookup(grove_node_at(graph, i));
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
        grove_alloc(&allocator, (8 * most + count_lookups(loss.graph)) * sizeof *lists);
    m.below = ancestors_of(loss);
    if (!grove_readers_open(&m.readers, loss) || !lists || !m.below) {
        grove_readers_close(&m.readers, loss.graph);
        grove_release(&allocator, m.below);
        grove_release(&allocator, lists);
        grove_mistake(loss.graph, GROVE_NO_MEMORY, "out of memory: no optimizer was made");
        return GROVE_NONE;
    }
    m.parameter = lists;
    m.gradient = lists + most;
    m.settling = lists + 2 * most;
    m.update = lists + 4 * most; /* four for each parameter, one for each lookup, four more */
    set_defaults(&m);
    find_name(&m);
    grove_tensor step = build(&m, loss);
    grove_readers_close(&m.readers, loss.graph);
    grove_release(&allocator, m.below);
    grove_release(&allocator, lists);
    return step;
}
