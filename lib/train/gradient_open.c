/* SPDX-License-Identifier: MIT
 *
 * gradient_open.c - opening a gradient check: wishes, targets, plans, the analytic side.
 *
 * Two plans share the parameters. `slopes` gives the analytic gradients, once; `forward` the loss,
 * again and again, while one parameter is moved and put back (gradient_probe.c).
 */
#include <math.h>
#include <string.h>

#include "gradient_checker.h"

static bool wants_memory(grove_checker *c, const void *got, size_t bytes) {
    if (!got) {
        grove_fail_memory(c->error, bytes);
    }
    return got != NULL;
}

/* Hands on the mistake of a graph or a plan. */
static bool passes(grove_checker *c, const grove_error *mistake) {
    return mistake->status == GROVE_OK ||
           grove_fail(c->error, mistake->status, "%s", mistake->message) == GROVE_OK;
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static bool refuse(grove_checker *c, grove_status status, const char *words) {
    grove_fail(c->error, status, "gradient check: %s", words);
    return false;
}

static bool check_wishes(grove_checker *c, const grove_tensor *parameters, int count) {
    const grove_gradient_check_options *o = &c->wish;
    char text[96];
    if (c->loss.graph && !passes(c, grove_graph_error(c->loss.graph))) {
        return false;
    }
    if (!grove_is_valid(c->loss) || c->loss.index >= grove_node_count(c->loss.graph)) {
        return refuse(c, GROVE_BAD_ARGUMENT, "the loss is no tensor of a graph");
    }
    if (grove_node_type(c->loss) != GROVE_REAL || grove_node_shape(c->loss).rank != 0) {
        grove_shape_text(grove_node_shape(c->loss), text, sizeof text);
        grove_fail(c->error, GROVE_BAD_SHAPE,
                   "gradient check: the loss must be a scalar, a real number; this one has the "
                   "shape %s: take its mean or its sum",
                   text);
        return false;
    }
    if (count < 0 || (count > 0 && !parameters) || c->binding_count < 0 ||
        (c->binding_count > 0 && !c->bindings)) {
        return refuse(c, GROVE_BAD_ARGUMENT, "a list is missing");
    }
    if (o->gradients && count == 0) {
        return refuse(c, GROVE_BAD_ARGUMENT,
                      "gradients of your own come beside a list of parameters");
    }
    if (o->samples < GROVE_ALL_COMPONENTS) {
        return refuse(c, GROVE_BAD_ARGUMENT, "the number of samples must be 0 or more, or all");
    }
    if (!(o->step >= 0 && isfinite(o->step)) || !(o->tolerance >= 0 && isfinite(o->tolerance))) {
        return refuse(c, GROVE_BAD_ARGUMENT, "step and tolerance must be finite, and 0 or more");
    }
    return true;
}

static bool is_input(grove_tensor tensor) {
    return strcmp(grove_node_op(tensor), "input") == 0;
}

static bool add_target(grove_checker *c, grove_tensor tensor) {
    bool known = tensor.graph == c->loss.graph && grove_is_valid(tensor) &&
                 tensor.index < grove_node_count(tensor.graph);
    if (!known || grove_node_type(tensor) != GROVE_REAL ||
        !(grove_parameter_is_trainable(tensor) || is_input(tensor))) {
        grove_fail(c->error, GROVE_BAD_ARGUMENT,
                   "gradient check: number %d of the list ('%.80s') is no parameter and no input "
                   "of real numbers, of the graph of the loss",
                   c->count, known ? grove_node_name(tensor) : "");
        return false;
    }
    c->targets[c->count++] = (grove_target){.tensor = tensor, .gradient = GROVE_NONE};
    return true;
}

/* A tensor listed twice would be moved in one copy and read from the other. */
static bool are_different(grove_checker *c, const grove_tensor *parameters, int count) {
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < i; k++) {
            if (c->targets[i].tensor.index == c->targets[k].tensor.index) {
                grove_fail(c->error, GROVE_BAD_ARGUMENT,
                           "gradient check: '%.80s' stands in the list twice, as number %d and %d",
                           grove_node_name(parameters[i]), k, i);
                return false;
            }
        }
    }
    return true;
}

/* The list, or all trainable parameters that the loss depends on. */
static bool list_targets(grove_checker *c, const grove_tensor *parameters, int count) {
    const grove_graph *graph = c->loss.graph;
    int32_t all = grove_parameter_count(graph);
    size_t room = count > 0 ? (size_t)count : (size_t)all;
    c->targets = grove_alloc_zero(&c->wish.allocator, room, sizeof *c->targets);
    c->reaches = grove_alloc_zero(&c->wish.allocator, (size_t)c->loss.index + 1, 1);
    if (!wants_memory(c, c->targets, room * sizeof *c->targets) ||
        !wants_memory(c, c->reaches, (size_t)c->loss.index + 1)) {
        return false;
    }
    grove_mark_reached(c->loss, c->reaches);
    for (int i = 0; i < count; i++) {
        if (!add_target(c, parameters[i])) {
            return false;
        }
    }
    if (!are_different(c, parameters, count)) {
        return false;
    }
    for (int32_t i = 0; i < all && count == 0; i++) {
        grove_tensor p = grove_parameter_at(graph, i);
        bool wanted = grove_parameter_is_trainable(p) && grove_node_type(p) == GROVE_REAL &&
                      p.index <= c->loss.index && c->reaches[p.index];
        if (wanted && !add_target(c, p)) {
            return false;
        }
    }
    return c->count > 0 || refuse(c, GROVE_BAD_ARGUMENT, "the loss depends on no parameter");
}

/* ---- the analytic side ----------------------------------------------------------------------- */

static bool take_gradients(grove_checker *c, grove_tensor *x, grove_tensor *dx) {
    for (int i = 0; i < c->count; i++) {
        x[i] = c->targets[i].tensor;
    }
    if (!c->wish.gradients && grove_gradients(c->loss, x, c->count, dx) != GROVE_OK) {
        return passes(c, grove_graph_error(c->loss.graph));
    }
    for (int i = 0; i < c->count; i++) {
        grove_tensor given = c->wish.gradients ? c->wish.gradients[i] : dx[i];
        c->targets[i].gradient = given;
        bool fits = !grove_is_valid(given) ||
                    (given.graph == c->loss.graph && grove_node_type(given) == GROVE_REAL &&
                     grove_shape_equal(grove_node_shape(given), grove_node_shape(x[i])));
        if (!fits) {
            grove_fail(c->error, GROVE_BAD_SHAPE,
                       "gradient check: the gradient given for '%.80s' is no real tensor of its "
                       "shape and its graph",
                       grove_node_name(x[i]));
            return false;
        }
    }
    return true;
}

/* The loss, the gradients that there are, and the ids of rows. */
static void plan_all(grove_checker *c, grove_tensor *outputs, const grove_plan_options *options) {
    int count = 0;
    outputs[count++] = c->loss;
    for (int i = 0; i < c->count; i++) {
        grove_target *t = &c->targets[i];
        t->reader_count = grove_row_readers(t->tensor, c->loss, c->reaches, t->readers);
        if (grove_is_valid(t->gradient)) {
            outputs[count++] = t->gradient;
        }
        for (int k = 0; k < t->reader_count; k++) {
            outputs[count++] = t->readers[k];
        }
    }
    c->slopes = grove_plan_new(c->loss.graph, outputs, count, options);
    c->forward = grove_plan_new(c->loss.graph, &c->loss, 1, options);
}

static bool make_plans(grove_checker *c) {
    const grove_allocator *allocator = &c->wish.allocator;
    size_t room = 1 + (size_t)c->count * (1 + GROVE_MOST_READERS), bytes = sizeof(grove_tensor);
    grove_plan_options options = {.batch = c->wish.batch,
                                  .training = c->wish.training,
                                  .threads = c->wish.threads,
                                  .allocator = *allocator};
    grove_tensor *list = grove_alloc(allocator, room * bytes);
    bool good = wants_memory(c, list, room * bytes) && take_gradients(c, list, list + c->count);
    if (good) {
        plan_all(c, list, &options);
    }
    grove_release(allocator, list);
    return good && passes(c, grove_plan_error(c->slopes)) &&
           passes(c, grove_plan_error(c->forward));
}

static bool bind(grove_checker *c, grove_tensor input, const void *data) {
    grove_bind(c->slopes, input, data);
    grove_bind(c->forward, input, data);
    return passes(c, grove_plan_error(c->slopes)) && passes(c, grove_plan_error(c->forward));
}

/* An input that is to be moved is copied first. */
static bool place_numbers(grove_checker *c, grove_target *t) {
    const void *given = NULL;
    t->size = grove_parameter_size(t->tensor);
    t->numbers = grove_parameter_data(t->tensor);
    if (!is_input(t->tensor)) {
        return true;
    }
    for (int i = 0; i < c->binding_count; i++) {
        given = c->bindings[i].input.index == t->tensor.index ? c->bindings[i].data : given;
    }
    t->size = given ? grove_value_count(c->forward, t->tensor) : 0;
    t->copy = grove_alloc(&c->wish.allocator, t->size * sizeof *t->copy);
    t->numbers = t->copy;
    if (!wants_memory(c, t->copy, t->size * sizeof *t->copy)) {
        return false;
    }
    if (t->size > 0) {
        memcpy(t->copy, given, t->size * sizeof *t->copy);
    }
    return !given || bind(c, t->tensor, t->copy);
}

/* Each input once: of two, who could say which numbers were meant? */
static bool bind_all(grove_checker *c) {
    for (int i = 0; i < c->binding_count; i++) {
        grove_tensor input = c->bindings[i].input;
        if (!bind(c, input, c->bindings[i].data)) {
            return false;
        }
        for (int k = 0; k < i; k++) {
            if (c->bindings[k].input.index == input.index) {
                grove_fail(c->error, GROVE_BAD_ARGUMENT,
                           "gradient check: the input '%.80s' is bound twice, by number %d and %d "
                           "of the bindings",
                           grove_node_name(input), k, i);
                return false;
            }
        }
    }
    return true;
}

static bool place_all(grove_checker *c) {
    size_t most = 1;
    if (!bind_all(c)) {
        return false;
    }
    for (int i = 0; i < c->count; i++) {
        if (!place_numbers(c, &c->targets[i])) {
            return false;
        }
        most = c->targets[i].size > most ? c->targets[i].size : most;
    }
    const grove_allocator *allocator = &c->wish.allocator;
    c->live = grove_alloc_zero(allocator, most, sizeof *c->live);
    c->still = grove_alloc_zero(allocator, most, sizeof *c->still);
    c->positions = grove_alloc_zero(allocator, most, sizeof *c->positions);
    return wants_memory(c, c->live && c->still ? c->positions : NULL,
                        most * (sizeof *c->live + sizeof *c->still + sizeof *c->positions));
}

/* Runs the backward pass; notes the loss and the largest number of each gradient (NaN included). */
static bool run_slopes(grove_checker *c) {
    grove_set_training_runs(c->loss.graph, c->probe.runs);
    if (grove_run(c->slopes) != GROVE_OK) {
        return passes(c, grove_plan_error(c->slopes));
    }
    c->report->loss = c->probe.at_rest = grove_scalar(c->slopes, c->loss);
    for (int i = 0; i < c->count; i++) {
        grove_target *t = &c->targets[i];
        bool there = grove_is_valid(t->gradient) && t->size > 0;
        t->analytic = there ? grove_value(c->slopes, t->gradient) : NULL;
        for (size_t k = 0; t->analytic && k < t->size; k++) {
            double size = fabs((double)t->analytic[k]);
            t->largest = isnan(t->largest) || size <= t->largest ? t->largest : size;
        }
        c->largest = fmax(c->largest, t->largest);
    }
    return true;
}

bool grove_checker_open(grove_checker *c, const grove_tensor *parameters, int count) {
    return check_wishes(c, parameters, count) && list_targets(c, parameters, count) &&
           make_plans(c) && place_all(c) && run_slopes(c);
}

void grove_checker_close(grove_checker *c) {
    const grove_allocator *allocator = &c->wish.allocator;
    for (int i = 0; i < c->count; i++) {
        grove_release(allocator, c->targets[i].copy);
    }
    grove_plan_free(c->slopes);
    grove_plan_free(c->forward);
    grove_release(allocator, c->targets);
    grove_release(allocator, c->reaches);
    grove_release(allocator, c->live);
    grove_release(allocator, c->still);
    grove_release(allocator, c->positions);
}
