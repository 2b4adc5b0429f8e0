/* SPDX-License-Identifier: MIT
 *
 * golden_cases.c - what is done with a case: its graph is built, run, and held against the numbers
 * that are wanted; a function once, a model that is trained step by step.
 */
#include <string.h>

#include "golden.h"

/* ---- what all cases have in common ----------------------------------------------------------- */

static bool is_input(const golden_line *line) {
    return line->kind == GOLDEN_REAL || line->kind == GOLDEN_IDS || line->kind == GOLDEN_STATE;
}

/* By steps: the first axis counts steps, and the input or state is one of them. */
static void make_inputs(const golden_scene *s, bool by_steps) {
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *line = &s->c->line[i];
        grove_shape shape = grove_shape_of(line->shape.rank - by_steps, line->shape.dim + by_steps);
        if (line->kind == GOLDEN_STATE) {
            grove_state(s->graph, line->name, GROVE_REAL, shape);
        } else if (is_input(line)) {
            grove_type type = line->kind == GOLDEN_IDS ? GROVE_ID : GROVE_REAL;
            grove_input(s->graph, line->name, type, shape);
        }
    }
}

static void bind_inputs(const golden_scene *s, grove_plan *plan, bool by_steps, int step) {
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *line = &s->c->line[i];
        if (!is_input(line)) {
            continue;
        }
        size_t steps = by_steps ? (size_t)line->shape.dim[0] : 1;
        size_t size = line->kind == GOLDEN_IDS ? sizeof(grove_id) : sizeof(grove_real);
        size *= line->count / steps;
        const char *numbers = (const char *)line->data + (size_t)step % steps * size;
        grove_tensor node = grove_find(s->graph, line->name);
        if (line->kind == GOLDEN_STATE) {
            memcpy(grove_parameter_data(node), numbers, size);
        } else {
            grove_bind(plan, node, numbers);
        }
    }
}

static void fill_parameters(const golden_scene *s, golden_tally *t) {
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *line = &s->c->line[i];
        if (line->kind != GOLDEN_PARAM) {
            continue;
        }
        grove_tensor parameter = grove_find(s->graph, line->name);
        if (!grove_shape_equal(grove_node_shape(parameter), line->shape) ||
            !grove_parameter_data(parameter)) {
            golden_fault(t, s->c, "there is no parameter %s of that shape", line->name);
            continue;
        }
        memcpy(grove_parameter_data(parameter), line->data, line->count * sizeof(grove_real));
    }
}

/* ---- functions ------------------------------------------------------------------------------- */

/* The nodes of a function and its derivatives; those of leaves by the leaf's line in the case. */
typedef struct derived {
    grove_tensor y;
    grove_tensor leaf[GOLDEN_LINES], dx[GOLDEN_LINES], ddx[GOLDEN_LINES];
} derived;

static bool is_leaf(const golden_line *line) {
    return line->kind == GOLDEN_REAL || line->kind == GOLDEN_PARAM;
}

/* The sum of all sum(dx * v_x). */
static grove_tensor total_of(const golden_scene *s, const derived *d) {
    grove_tensor total = GROVE_NONE;
    for (int i = 0; i < s->c->lines; i++) {
        char name[GOLDEN_NAME + 8];
        snprintf(name, sizeof name, "v_%s", s->c->line[i].name);
        grove_tensor v = grove_find(s->graph, name);
        if (is_leaf(&s->c->line[i]) && grove_is_valid(v) && grove_is_valid(d->dx[i])) {
            grove_tensor part = grove_sum(grove_mul(d->dx[i], v), GROVE_ALL_AXES);
            total = grove_is_valid(total) ? grove_add(total, part) : part;
        }
    }
    return total;
}

/* d[i] = the gradient of y for leaf i, or GROVE_NONE. */
static void gradients(grove_tensor y, const grove_tensor leaf[GOLDEN_LINES],
                      grove_tensor d[GOLDEN_LINES]) {
    grove_tensor x[GOLDEN_LINES], dx[GOLDEN_LINES];
    int count = 0;
    for (int i = 0; i < GOLDEN_LINES; i++) {
        if (grove_is_valid(leaf[i])) {
            x[count++] = leaf[i];
        }
    }
    grove_gradients(y, x, count, dx);
    for (int i = GOLDEN_LINES; i-- > 0;) {
        d[i] = grove_is_valid(leaf[i]) ? dx[--count] : GROVE_NONE;
    }
}

/* dx = the gradients of sum(y * dy), and ddx those of the total. */
static void differentiate(const golden_scene *s, derived *d) {
    for (int i = 0; i < GOLDEN_LINES; i++) {
        bool leaf = i < s->c->lines && is_leaf(&s->c->line[i]);
        d->leaf[i] = leaf ? grove_find(s->graph, s->c->line[i].name) : GROVE_NONE;
        d->dx[i] = d->ddx[i] = GROVE_NONE;
    }
    grove_tensor dy = grove_find(s->graph, "dy");
    if (!grove_is_valid(dy)) {
        return;
    }
    gradients(grove_sum(grove_mul(d->y, dy), GROVE_ALL_AXES), d->leaf, d->dx);
    grove_tensor total = total_of(s, d);
    if (grove_is_valid(total)) {
        gradients(total, d->leaf, d->ddx);
    }
}

/* "y", "w.grad", "w.grad2". GROVE_NONE: a gradient that is zero. False: nobody knows the name. */
static bool node_of(const golden_scene *s, const derived *d, const char *name, grove_tensor *node) {
    char stem[GOLDEN_NAME];
    bool second = golden_ending(name, ".grad2", stem);
    *node = d->y;
    if (!second && !golden_ending(name, ".grad", stem)) {
        return strcmp(name, "y") == 0;
    }
    for (int i = 0; i < s->c->lines; i++) {
        if (is_leaf(&s->c->line[i]) && strcmp(s->c->line[i].name, stem) == 0) {
            *node = second ? d->ddx[i] : d->dx[i];
            return true;
        }
    }
    return false;
}

static void compare_results(const golden_scene *s, const derived *d, grove_plan *plan,
                            golden_tally *t) {
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *want = &s->c->line[i];
        grove_tensor node;
        if (want->kind != GOLDEN_WANT) {
            continue;
        }
        if (!node_of(s, d, want->name, &node)) {
            golden_fault(t, s->c, "nobody knows the result %s", want->name);
        } else if (!grove_is_valid(node)) {
            golden_compare(t, s->c, want, 0, NULL, want->count);
        } else if (!grove_shape_equal(grove_node_shape(node), want->shape)) {
            golden_fault(t, s->c, "%s has another shape", want->name);
        } else if (grove_node_type(node) == GROVE_ID) {
            golden_compare_ids(t, s->c, want, grove_value(plan, node));
        } else {
            golden_compare(t, s->c, want, 0, grove_value(plan, node),
                           grove_value_count(plan, node));
        }
    }
}

/* In a training plan where the case says so. */
static grove_plan *plan_function(const golden_scene *s, const derived *d) {
    grove_tensor outputs[2 * GOLDEN_LINES + 1];
    int count = 0;
    outputs[count++] = d->y;
    for (int i = 0; i < s->c->lines; i++) {
        if (grove_is_valid(d->dx[i])) {
            outputs[count++] = d->dx[i];
        }
        if (grove_is_valid(d->ddx[i])) {
            outputs[count++] = d->ddx[i];
        }
    }
    grove_plan_options options = {.training = golden_number(s->c, "training") != 0};
    return grove_plan_new(s->graph, outputs, count, &options);
}

static void check_function(const golden_scene *s, const golden_builder *builder, golden_tally *t) {
    make_inputs(s, false);
    derived d = {.y = builder->build(s)};
    differentiate(s, &d);
    fill_parameters(s, t);
    grove_plan *plan = plan_function(s, &d);
    bind_inputs(s, plan, false, 0);
    if (grove_run(plan) == GROVE_OK) {
        compare_results(s, &d, plan, t);
    } else {
        golden_fault(t, s->c, "%s", grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
}

/* ---- training -------------------------------------------------------------------------------- */

/* Plans the step, the loss, and the nodes that are wanted of each step. */
static grove_plan *plan_training(const golden_scene *s, grove_tensor step, grove_tensor loss) {
    grove_tensor outputs[GOLDEN_LINES + 2] = {step, loss};
    int count = 2;
    for (int i = 0; i < s->c->lines; i++) {
        char stem[GOLDEN_NAME];
        if (s->c->line[i].kind == GOLDEN_WANT && golden_ending(s->c->line[i].name, ".each", stem)) {
            outputs[count++] = grove_find(s->graph, stem);
        }
    }
    return grove_plan_new(s->graph, outputs, count, &(grove_plan_options){.training = true});
}

/* After a step: "loss.each" is a node's numbers in it, "w.path" a parameter's after it. Where fewer
 * are wanted than there are steps, then of each second step, or each fifth. */
static bool compare_step_with(const golden_scene *s, const golden_line *want, const char *name,
                              grove_plan *plan, int step, golden_tally *t) {
    int64_t steps = (int64_t)golden_number(s->c, "steps");
    int64_t pace = want->shape.rank && want->shape.dim[0] ? steps / want->shape.dim[0] : 0;
    if (pace == 0 || pace * want->shape.dim[0] != steps) {
        golden_fault(t, s->c, "the first axis of %s does not divide the steps", want->name);
        return false;
    }
    if ((step + 1) % pace != 0) {
        return true;
    }
    grove_tensor node = grove_find(s->graph, name);
    size_t count = grove_value_count(plan, node), begin = (size_t)(step / pace) * count;
    return golden_compare(t, s->c, want, begin, grove_value(plan, node), count);
}

/* False after a fault: the steps that follow would only repeat it. */
static bool compare_step(const golden_scene *s, grove_plan *plan, int step, golden_tally *t) {
    bool good = true;
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *want = &s->c->line[i];
        char stem[GOLDEN_NAME];
        if (want->kind == GOLDEN_WANT && (golden_ending(want->name, ".each", stem) ||
                                          golden_ending(want->name, ".path", stem))) {
            good = compare_step_with(s, want, stem, plan, step, t) && good;
        }
    }
    return good;
}

/* Outside training: "y.outside" is a node's numbers for the inputs of the first step. */
static void compare_outside(const golden_scene *s, const golden_line *want, const char *name,
                            golden_tally *t) {
    grove_tensor node = grove_find(s->graph, name);
    grove_plan *plan = grove_plan_new(s->graph, &node, 1, NULL);
    bind_inputs(s, plan, true, 0);
    if (grove_run(plan) == GROVE_OK) {
        golden_compare(t, s->c, want, 0, grove_value(plan, node), grove_value_count(plan, node));
    } else {
        golden_fault(t, s->c, "%s", grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
}

/* After the last step: "w" is a parameter or a state. */
static void compare_end(const golden_scene *s, golden_tally *t) {
    for (int i = 0; i < s->c->lines; i++) {
        const golden_line *want = &s->c->line[i];
        char stem[GOLDEN_NAME];
        if (want->kind != GOLDEN_WANT || golden_ending(want->name, ".each", stem) ||
            golden_ending(want->name, ".path", stem)) {
            continue;
        }
        if (golden_ending(want->name, ".outside", stem)) {
            compare_outside(s, want, stem, t);
        } else {
            grove_tensor parameter = grove_find(s->graph, want->name);
            golden_compare(t, s->c, want, 0, grove_parameter_data(parameter),
                           grove_parameter_size(parameter));
        }
    }
}

static void check_training(const golden_scene *s, const golden_builder *builder, golden_tally *t) {
    make_inputs(s, true);
    grove_tensor loss = grove_name(builder->build(s), "loss");
    golden_set_parameters(s);
    grove_optimizer optimizer = golden_optimizer(s);
    grove_tensor minimize = grove_minimize(loss, &optimizer);
    fill_parameters(s, t);
    grove_plan *plan = plan_training(s, minimize, loss);
    int steps = (int)golden_number(s->c, "steps"), step = 0;
    bool good = steps > 0;
    for (; good && step < steps; step++) {
        bind_inputs(s, plan, true, step);
        if (grove_run(plan) != GROVE_OK) {
            break;
        }
        good = compare_step(s, plan, step, t);
    }
    if (step < steps && good) {
        golden_fault(t, s->c, "%s", grove_plan_error(plan)->message);
    } else if (grove_settle(minimize) != GROVE_OK) {
        golden_fault(t, s->c, "settling failed");
    } else {
        compare_end(s, t);
    }
    grove_plan_free(plan);
}

/* ---- a case ---------------------------------------------------------------------------------- */

void golden_check(const golden_case *c, golden_tally *t) {
    const golden_builder *builder = golden_builder_of(c->name);
    golden_scene s = {.c = c, .graph = grove_graph_new(NULL)};
    t->cases++;
    if (!builder) {
        golden_fault(t, c, "nobody knows how to build it");
    } else if (builder->trains) {
        check_training(&s, builder, t);
    } else {
        check_function(&s, builder, t);
    }
    golden_note_ops(t, s.graph);
    grove_graph_free(s.graph);
}
