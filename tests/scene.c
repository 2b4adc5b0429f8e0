/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <math.h>
#include <stdio.h>

#include "grove/grad.h"
#include "plan.h"

/* ---- numbers --------------------------------------------------------------------------------- */

/* Multiples of the golden ratio, modulo 1: any two of the first few hundred are far apart. */
double scene_draw(size_t position, int salt) {
    double turn = 0.6180339887498949 * (double)(position + 1) + 0.137 * (double)salt;
    return 0.3 + 1.6 * (turn - floor(turn));
}

double scene_draw_signed(size_t position, int salt) {
    size_t mixed = (position + 1) * 2654435761u + (size_t)salt * 40503u;
    double number = scene_draw(position, salt + 5);
    return (mixed >> 13 & 1u) ? number : -number;
}

static void fill_reals(scene_numbers *data, size_t count, const double *values, int salt,
                       double (*draw)(size_t, int)) {
    for (size_t i = 0; i < count; i++) {
        data->real[i] = (grove_real)(values ? values[i] : draw(i, salt));
    }
}

static void fill_ids(scene_numbers *data, size_t count, const double *values) {
    for (size_t i = 0; i < count; i++) {
        data->id[i] = values ? (grove_id)values[i] : (grove_id)(i % 2);
    }
}

/* SIZE_MAX where it is too large for a scene. */
static size_t count_of(grove_shape shape) {
    size_t count;
    return grove_shape_count(shape, SCENE_BATCH, &count) && count <= SCENE_MOST ? count : SIZE_MAX;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

bool scene_is_real(const scene *s, int input) {
    return input < s->example->inputs && s->example->in[input].type == GROVE_REAL;
}

bool scene_is_checked(const scene *s, int input) {
    return input == SCENE_R || (scene_is_real(s, input) && !s->example->in[input].no_check);
}

bool scene_wants_training(const grove_op *op) {
    return (op->flags & (GROVE_TRAINING | GROVE_UPDATE)) != 0;
}

static grove_tensor make_leaf(scene *s, int i) {
    const grove_example_tensor *in = &s->example->in[i];
    char name[16];
    snprintf(name, sizeof name, "in%d", i);
    if (!in->stored) {
        return grove_input(s->graph, name, in->type, in->shape);
    }
    return in->type == GROVE_REAL ? grove_parameter(s->graph, name, in->shape, (grove_init){0})
                                  : grove_state(s->graph, name, GROVE_ID, in->shape);
}

static bool make_leaves(scene *s, grove_tensor *in) {
    for (int i = 0; i < s->example->inputs; i++) {
        const grove_example_tensor *tensor = &s->example->in[i];
        s->count[i] = count_of(tensor->shape);
        if (s->count[i] == SIZE_MAX) {
            return false;
        }
        if (tensor->type == GROVE_REAL) {
            fill_reals(&s->data[i], s->count[i], tensor->values, 3 * i, scene_draw);
        } else {
            fill_ids(&s->data[i], s->count[i], tensor->values);
        }
        s->leaf[i] = make_leaf(s, i);
        bool copy = s->options.copies && tensor->type == GROVE_REAL && !tensor->stored;
        in[i] = copy ? grove_scale(s->leaf[i], 1) : s->leaf[i];
    }
    return true;
}

/* ---- derivatives ----------------------------------------------------------------------------- */

bool scene_has_gradient(const scene *s) {
    return s->op->grad && grove_node_type(s->result[SCENE_Y]) == GROVE_REAL;
}

/* sum(y * r) and its gradients. */
static void differentiate_once(scene *s) {
    grove_tensor y = s->result[SCENE_Y];
    s->count[SCENE_R] = count_of(grove_node_shape(y));
    if (s->count[SCENE_R] == SIZE_MAX) {
        return;
    }
    const double *dy = s->options.example_dy ? s->example->dy : NULL;
    fill_reals(&s->data[SCENE_R], s->count[SCENE_R], dy, 31, scene_draw_signed);
    s->leaf[SCENE_R] = grove_input(s->graph, "r", GROVE_REAL, grove_node_shape(y));
    grove_tensor loss = grove_sum(grove_mul(y, s->leaf[SCENE_R]), GROVE_ALL_AXES);
    grove_gradients(loss, s->leaf, s->example->inputs, &s->result[SCENE_DX]);
}

/* The sum of all sum(dx * r2), and its gradients for the leaves and r. */
static void differentiate_twice(scene *s) {
    grove_tensor total = GROVE_NONE, leaves[SCENE_INPUTS + 1];
    int inputs = s->example->inputs;
    for (int i = 0; i < inputs; i++) {
        grove_tensor dx = s->result[SCENE_DX + i];
        if (!grove_is_valid(dx) || !scene_is_checked(s, i)) {
            continue;
        }
        char name[16];
        snprintf(name, sizeof name, "r2_%d", i);
        s->r2[i] = grove_input(s->graph, name, GROVE_REAL, grove_node_shape(dx));
        fill_reals(&s->r2_data[i], s->count[i], NULL, 57 + i, scene_draw_signed);
        grove_tensor part = grove_sum(grove_mul(dx, s->r2[i]), GROVE_ALL_AXES);
        total = grove_is_valid(total) ? grove_add(total, part) : part;
    }
    if (!grove_is_valid(total)) {
        return;
    }
    grove_tensor ddx[SCENE_INPUTS + 1];
    memcpy(leaves, s->leaf, (size_t)inputs * sizeof *leaves);
    leaves[inputs] = s->leaf[SCENE_R];
    grove_gradients(total, leaves, inputs + 1, ddx);
    memcpy(&s->result[SCENE_DDX], ddx, (size_t)inputs * sizeof *ddx);
    s->result[SCENE_DDX + SCENE_R] = ddx[inputs];
}

grove_status scene_open(scene *s, const grove_op *op, const grove_example *example,
                        const scene_options *options) {
    *s = (scene){.op = op, .example = example, .options = *options};
    grove_tensor in[SCENE_INPUTS] = {{NULL, 0}};
    for (int i = 0; i < SCENE_RESULTS; i++) {
        s->result[i] = GROVE_NONE;
    }
    for (int i = 0; i < SCENE_INPUTS; i++) {
        s->leaf[i] = s->r2[i] = in[i] = GROVE_NONE;
    }
    s->leaf[SCENE_R] = GROVE_NONE;
    s->graph = grove_graph_new(&(grove_graph_options){.allocator = options->allocator});
    in[0].graph = s->graph; /* where an op without inputs finds its graph */
    if (!s->graph || !make_leaves(s, in)) {
        return s->graph ? GROVE_UNSUPPORTED : GROVE_NO_MEMORY;
    }
    grove_tensor y = s->result[SCENE_Y] = example->build(in);
    fill_reals(&s->bound, SCENE_MOST, NULL, 11, scene_draw);
    if (grove_is_valid(y) && grove_node_type(y) == GROVE_ID) {
        fill_ids(&s->bound, SCENE_MOST, NULL);
    }
    if (grove_is_valid(y) && options->order >= 1 && scene_has_gradient(s)) {
        differentiate_once(s);
        if (options->order >= 2) {
            differentiate_twice(s);
        }
    }
    return grove_graph_error(s->graph)->status;
}

void scene_close(scene *s) {
    grove_graph_free(s->graph);
    s->graph = NULL;
}

const grove_error *scene_error(const scene *s) {
    return grove_graph_error(s->graph);
}

/* ---- running --------------------------------------------------------------------------------- */

/* Makes each item a tile of its own, and gives even the smallest step to the threads. */
static void cut_finest(grove_plan *plan, int threads) {
    for (size_t i = 0; i < plan->step_count; i++) {
        plan->steps[i].tile = 1;
    }
    if (!plan->pool && threads > 1) {
        plan->pool = grove_pool_new(&plan->allocator, threads, threads);
    }
}

grove_plan *scene_plan(const scene *s, const scene_run_options *options) {
    grove_tensor outputs[SCENE_RESULTS];
    int count = 0;
    for (int i = 0; i < SCENE_RESULTS; i++) {
        if (grove_is_valid(s->result[i])) {
            outputs[count++] = s->result[i];
        }
    }
    grove_plan_options plan_options = {.batch = SCENE_BATCH,
                                       .training = options->training,
                                       .keep_all = options->keep_all,
                                       .check_finite = options->check_finite,
                                       .threads = options->threads,
                                       .allocator = s->options.allocator};
    grove_plan *plan = grove_plan_new(s->graph, outputs, count, &plan_options);
    if (plan && !plan->broken && options->finest) {
        cut_finest(plan, options->threads);
    }
    return plan;
}

static void bind_all(scene *s, grove_plan *plan) {
    for (int i = 0; i <= SCENE_INPUTS; i++) {
        if (!grove_is_valid(s->leaf[i])) {
            continue;
        }
        if (grove_parameter_data(s->leaf[i])) {
            size_t size = grove_type_size(grove_node_type(s->leaf[i]));
            memcpy(grove_parameter_data(s->leaf[i]), &s->data[i], s->count[i] * size);
        } else {
            grove_bind(plan, s->leaf[i], &s->data[i]);
        }
    }
    for (int i = 0; i < SCENE_INPUTS; i++) {
        if (grove_is_valid(s->r2[i])) {
            grove_bind(plan, s->r2[i], &s->r2_data[i]);
        }
    }
    if (s->op->flags & GROVE_BOUND) {
        grove_bind(plan, s->result[SCENE_Y], &s->bound);
    }
}

static void copy_numbers(scene_numbers *to, size_t *count, const void *from, size_t there,
                         grove_type type) {
    *count = from && there <= SCENE_MOST ? there : 0;
    if (*count) {
        memcpy(to, from, *count * grove_type_size(type));
    }
}

static void copy_results(scene *s, grove_plan *plan, scene_results *results) {
    for (int i = 0; i < SCENE_RESULTS; i++) {
        grove_tensor result = s->result[i];
        copy_numbers(&results->numbers[i], &results->count[i], grove_value(plan, result),
                     grove_value_count(plan, result), grove_node_type(result));
    }
    for (int i = 0; i < s->example->inputs; i++) {
        grove_tensor leaf = s->leaf[i];
        copy_numbers(&results->stored[i], &results->stored_count[i], grove_parameter_data(leaf),
                     grove_parameter_size(leaf), grove_node_type(leaf));
    }
}

grove_status scene_run(scene *s, grove_plan *plan, const scene_run_options *options,
                       scene_results *results) {
    bind_all(s, plan);
    grove_set_training_runs(s->graph, options->runs);
    if (plan && plan->block && options->paint) {
        memset(plan->block, options->paint, plan->stats.block_bytes);
    }
    grove_status status = grove_run(plan);
    if (status == GROVE_OK) {
        copy_results(s, plan, results);
    }
    return status;
}

grove_status scene_try(scene *s, const scene_run_options *options, scene_results *results,
                       grove_error *error) {
    grove_plan *plan = scene_plan(s, options);
    memset(results, 0, sizeof *results);
    grove_status status = scene_run(s, plan, options, results);
    if (error) {
        *error = *grove_plan_error(plan);
        error->status = status;
    }
    grove_plan_free(plan);
    return status;
}
