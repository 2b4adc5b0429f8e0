/* SPDX-License-Identifier: MIT
 *
 * run.c - stage five: one loop over the plan's steps, without an allocation and without a decision;
 * binding before it, reading back after it.
 */
#include <math.h>
#include <stdio.h>

#include "base/blas.h"
#include "run.h"

static const grove_error no_plan = {GROVE_NO_MEMORY, "out of memory: the plan was not made"};

const grove_error *grove_plan_error(const grove_plan *plan) {
    return plan ? &plan->error : &no_plan;
}

static grove_place *find_place(const grove_plan *plan, grove_tensor tensor) {
    bool known = plan && !plan->broken && grove_is_valid(tensor) && tensor.graph == plan->graph &&
                 (size_t)tensor.index < plan->nodes;
    int32_t place = known ? plan->place_of[tensor.index] : -1;
    return place >= 0 ? &plan->places[place] : NULL;
}

/* ---- binding --------------------------------------------------------------------------------- */

static grove_status refuse_binding(grove_plan *plan, grove_tensor tensor) {
    char words[160];
    bool known = grove_is_valid(tensor) && tensor.graph == plan->graph &&
                 (size_t)tensor.index < plan->graph->node_count;
    if (!known) {
        return grove_fail(&plan->error, GROVE_BAD_ARGUMENT,
                          "bind: the tensor is no input of the graph");
    }
    return grove_fail(&plan->error, GROVE_BAD_ARGUMENT, "bind: %s is no input%s",
                      grove_node_words(plan->graph, tensor.index, words, sizeof words),
                      grove_parameter_data(tensor)
                          ? "; its numbers are the graph's: write into grove_parameter_data"
                          : "");
}

grove_status grove_bind(grove_plan *plan, grove_tensor input, const void *data) {
    if (!plan || plan->broken) {
        return grove_plan_error(plan)->status;
    }
    grove_error_clear(&plan->error);
    bool is_input = grove_is_valid(input) && input.graph == plan->graph &&
                    (size_t)input.index < plan->graph->node_count &&
                    (grove_node_of(input)->op->flags & GROVE_BOUND);
    if (!is_input) {
        return refuse_binding(plan, input);
    }
    const grove_place *root = find_place(plan, input);
    for (int32_t i = root ? root->root : -1; i >= 0; i = plan->places[i].next_alias) {
        plan->places[i].view.data = (void *)(uintptr_t)data; /* kernels only read it */
    }
    plan->bound = false; /* to be looked at by the next run */
    return GROVE_OK;
}

static grove_status check_bound(grove_plan *plan) {
    for (size_t i = 0; i < plan->place_count && !plan->bound; i++) {
        const grove_place *place = &plan->places[i];
        const grove_node *node = &plan->graph->nodes[place->node];
        if ((node->op->flags & GROVE_BOUND) && !place->view.data && place->view.count > 0) {
            return grove_fail(&plan->error, GROVE_BAD_ARGUMENT,
                              "run: the input '%s' is not bound to any data", node->name);
        }
    }
    plan->bound = true;
    return GROVE_OK;
}

/* ---- running --------------------------------------------------------------------------------- */

/* The node whose elements these are: what hands them on as they are, without a name of its own, is
 * of no interest to who has to mend them. */
static int32_t source_of(const grove_plan *plan, int32_t index) {
    const grove_node *node = &plan->graph->nodes[index];
    while (!node->name && (node->op->flags & (GROVE_ALIAS | GROVE_TRAINING))) {
        bool first = (node->op->flags & GROVE_ALIAS) &&
                     (plan->options.training || !(node->op->flags & GROVE_TRAINING));
        index = node->in[first ? 0 : node->inputs - 1];
        node = &plan->graph->nodes[index];
    }
    return index;
}

/* "position 7", or "row 3, position 1" of what has several in a row. */
static const char *position_words(const grove_plan *plan, int32_t source, size_t position,
                                  char *text, size_t size) {
    int32_t place = plan->place_of[source];
    const grove_view *view = place >= 0 ? &plan->places[place].view : NULL;
    if (view && view->rank > 1 && position < view->count) {
        size_t in_a_row = view->count / view->dim[0];
        snprintf(text, size, "row %zu, position %zu", position / in_a_row, position % in_a_row);
    } else {
        snprintf(text, size, "position %zu", position);
    }
    return text;
}

grove_status grove_call_fail(const grove_call *call, int input, size_t position,
                             grove_status status, const char *format, ...) {
    char words[256], node[160], from[280] = "", input_words[160], at[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    grove_plan *plan = call->plan;
    const grove_node *reader = &plan->graph->nodes[call->node];
    if (input >= 0 && input < reader->inputs) {
        int32_t source = source_of(plan, reader->in[input]);
        const char *name = plan->graph->nodes[source].name;
        grove_node_words(plan->graph, source, input_words, sizeof input_words);
        snprintf(from, sizeof from, name ? "%s of '%s' " : "%s of %s ",
                 position_words(plan, source, position, at, sizeof at), name ? name : input_words);
    }
    status = status == GROVE_OK ? GROVE_BAD_DATA : status;
    pthread_mutex_lock(&plan->failing);
    if (!plan->told || position < plan->failed_position) {
        plan->failed = plan->told = true;
        plan->failed_position = position;
        grove_fail(&plan->error, status, "%s: %s%s",
                   grove_node_words(plan->graph, call->node, node, sizeof node), from, words);
    }
    pthread_mutex_unlock(&plan->failing);
    return status;
}

/* A kernel may fail without a word. What it says with grove_call_fail goes before that, and among
 * the wordless the first item decides: so threads change nothing. */
static void notice(const grove_call *call, size_t begin, grove_status status) {
    grove_plan *plan = call->plan;
    char node[160];
    if (status == GROVE_OK) {
        return;
    }
    pthread_mutex_lock(&plan->failing);
    if (!plan->told && (!plan->failed || begin < plan->failed_position)) {
        plan->failed = true;
        plan->failed_position = begin;
        grove_fail(&plan->error, status, "%s: it failed and does not say why (%s)",
                   grove_node_words(plan->graph, call->node, node, sizeof node),
                   grove_status_words(status));
    }
    pthread_mutex_unlock(&plan->failing);
}

/* Each worker has scratch of its own. */
static void run_tile(void *context, size_t worker, size_t tile) {
    const grove_step *step = context;
    size_t begin = tile * step->tile, end = begin + step->tile;
    grove_call call = step->call;
    call.scratch = (char *)call.scratch + worker * step->scratch;
    notice(&call, begin, step->op->run(&call, begin, end < step->items ? end : step->items));
}

/* Tiles are the same with and without threads, or where they are cut changes no bit: so the numbers
 * are. */
static void run_tiles(grove_plan *plan, grove_step *step) {
    if (plan->pool && step->items > step->tile) {
        grove_pool_run(plan->pool, run_tile, step, (step->items + step->tile - 1) / step->tile);
        return;
    }
    const size_t tile = step->op->flags & GROVE_SEAMLESS ? step->items : step->tile;
    for (size_t begin = 0; begin < step->items; begin += tile) {
        size_t left = step->items - begin, count = left < tile ? left : tile;
        notice(&step->call, begin, step->op->run(&step->call, begin, begin + count));
    }
}

/* Whatever an update would refuse is refused before the first one writes: all of them, or none. */
static void check_updates(grove_plan *plan) {
    for (size_t i = plan->first_update; i < plan->step_count && !plan->failed; i++) {
        if (plan->steps[i].op->check) {
            notice(&plan->steps[i].call, 0, plan->steps[i].op->check(&plan->steps[i].call));
        }
    }
}

void grove_run_step(grove_plan *plan, size_t step) {
    if (step == plan->first_update) {
        check_updates(plan);
    }
    if (!plan->failed) {
        plan->steps[step].call.run = plan->graph->training_runs;
        run_tiles(plan, &plan->steps[step]);
    }
}

static void run_steps(grove_plan *plan) {
    for (size_t i = 0; i < plan->step_count && !plan->failed; i++) {
        grove_run_step(plan, i);
    }
}

grove_status grove_run(grove_plan *plan) {
    if (!plan || plan->broken) {
        return grove_plan_error(plan)->status;
    }
    grove_error_clear(&plan->error);
    plan->failed = plan->told = false;
    plan->finding.count = 0;
    if (check_bound(plan) != GROVE_OK) {
        return plan->error.status;
    }
    grove_threads_enter();
    grove_blas_enter();
    (plan->options.check_finite ? grove_run_checked
     : plan->options.profile    ? grove_run_profiled
                                : run_steps)(plan);
    grove_blas_leave();
    grove_threads_leave();
    plan->has_run = true;
    if (plan->options.training && !plan->failed) {
        /* A training run changes its graph, as the header says. */
        grove_set_training_runs((grove_graph *)(uintptr_t)plan->graph,
                                plan->graph->training_runs + 1);
    }
    return plan->error.status;
}

/* ---- reading back ---------------------------------------------------------------------------- */

const void *grove_value(grove_plan *plan, grove_tensor tensor) {
    if (!plan || plan->broken) {
        return NULL;
    }
    const grove_place *place = find_place(plan, tensor);
    char words[160];
    if (!place) {
        const void *stored = tensor.graph == plan->graph ? grove_parameter_data(tensor) : NULL;
        if (!stored) {
            grove_fail(&plan->error, GROVE_NOT_FOUND,
                       "value: the plan does not compute that tensor");
        }
        return stored;
    }
    const grove_place *root = &plan->places[place->root];
    const bool is_passed = root->finish && place - plan->places < root->finished_at;
    if ((!root->kept || is_passed) && grove_place_in_block(plan, root) &&
        !grove_run_stopped_at(plan, root)) {
        grove_fail(&plan->error, GROVE_NOT_FOUND,
                   "value: %s was not kept; make it an output of the plan, or plan with keep_all",
                   grove_node_words(plan->graph, tensor.index, words, sizeof words));
        return NULL;
    }
    if (!plan->has_run && grove_place_in_block(plan, root)) {
        grove_fail(&plan->error, GROVE_NOT_FOUND, "value: the plan has not been run yet");
        return NULL;
    }
    return place->view.data;
}

double grove_scalar(grove_plan *plan, grove_tensor tensor) {
    const void *value = grove_value(plan, tensor);
    const grove_place *place = find_place(plan, tensor);
    size_t count = place ? place->view.count : grove_parameter_size(tensor);
    if (value && count != 1) {
        grove_fail(&plan->error, GROVE_BAD_SHAPE, "scalar: the tensor has %zu numbers, not one",
                   count);
    }
    if (!value || count != 1) {
        return (double)NAN;
    }
    return grove_node_type(tensor) == GROVE_REAL ? (double)*(const grove_real *)value
                                                 : (double)*(const grove_id *)value;
}

const void *grove_value_named(grove_plan *plan, const char *name) {
    grove_tensor tensor = plan ? grove_find(plan->graph, name) : GROVE_NONE;
    if (plan && !plan->broken && !grove_is_valid(tensor)) {
        grove_fail(&plan->error, GROVE_NOT_FOUND, "value: no node is called '%.80s'",
                   name ? name : "");
    }
    return grove_is_valid(tensor) ? grove_value(plan, tensor) : NULL;
}

size_t grove_value_count(const grove_plan *plan, grove_tensor tensor) {
    const grove_place *place = find_place(plan, tensor);
    return place ? place->view.count : 0;
}
