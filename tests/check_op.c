/* SPDX-License-Identifier: MIT */
#include "check_op.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "graph.h"

/* Numbers in examples are written with some fifteen digits. */
#ifdef GROVE_DOUBLE
static const double example_tolerance = 1e-9;
#else
static const double example_tolerance = 1e-5;
#endif

/* ---- words ----------------------------------------------------------------------------------- */

void check_fault(check_verdict *verdict, const char *format, ...) {
    char words[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    verdict->faults++;
    size_t left = sizeof verdict->words - verdict->used;
    char *end = verdict->words + verdict->used;
    int written = verdict->example >= 0
                      ? snprintf(end, left, "%s, example %d: %s\n", verdict->op, verdict->example,
                                 words)
                      : snprintf(end, left, "%s: %s\n", verdict->op, words);
    if (written > 0) {
        verdict->used += (size_t)written < left ? (size_t)written : left - 1;
    }
}

bool check_close(double a, double b, double tolerance, double floor) {
    double larger = fmax(fmax(fabs(a), fabs(b)), floor);
    return a == b || fabs(a - b) <= tolerance * larger;
}

/* ---- the descriptor -------------------------------------------------------------------------- */

static void check_form(const grove_op *op, check_verdict *verdict) {
    bool any = false, refused = false;
    for (const grove_example *e = op->examples; e && e->build; e++) {
        any = any || !e->refused;
        refused = refused || e->refused;
    }
    if (!op->formula || !op->formula[0] || !op->shape) {
        check_fault(verdict, "it has no formula or no shape");
    }
    if (!any || op->examples->refused) {
        check_fault(verdict, "it has no worked example, or does not begin with it");
    }
    if ((op->grad != NULL) == (op->no_gradient != NULL)) {
        check_fault(verdict, "it needs either a gradient or the reason why it has none");
    }
    /* What takes anything at all (shape: grove_update_shape) has nothing to refuse. */
    if (op->max_inputs > 0 && op->shape != grove_update_shape && !refused) {
        check_fault(verdict, "it has no example of what it refuses");
    }
    if ((op->attribute_size != 0) != (op->fields != NULL)) {
        check_fault(verdict, "its attributes and its list of fields do not agree");
    }
}

/* ---- what it refuses ------------------------------------------------------------------------- */

static void check_refused(const grove_op *op, const grove_example *example,
                          check_verdict *verdict) {
    scene s;
    grove_status status = scene_open(&s, op, example, &(scene_options){0});
    const char *message = scene_error(&s)->message;
    if (status == GROVE_OK || status == GROVE_NO_MEMORY || grove_is_valid(s.result[SCENE_Y])) {
        check_fault(verdict, "it must be refused with \"%s\", but was not", example->refused);
    } else if (!strstr(message, example->refused) || !strstr(message, op->name)) {
        check_fault(verdict, "it must be refused with its name and \"%s\"; the words are \"%s\"",
                    example->refused, message);
    }
    scene_close(&s);
}

/* ---- what it yields -------------------------------------------------------------------------- */

static void compare(const char *what, int input, const scene_numbers *numbers, size_t count,
                    grove_type type, const double *wanted, check_verdict *verdict) {
    if (wanted && count == 0) {
        check_fault(verdict, "%s %d was not given", what, input);
    }
    for (size_t i = 0; wanted && i < count; i++) {
        double number = type == GROVE_REAL ? (double)numbers->real[i] : (double)numbers->id[i];
        if (!check_close(number, wanted[i], example_tolerance, 1)) {
            check_fault(verdict, "%s %d, component %zu is %.12g, the example says %.12g", what,
                        input, i, number, wanted[i]);
            return;
        }
    }
}

/* A builder may add nodes around its own. */
static bool builds(const scene *s) {
    for (int32_t i = 0; i <= s->result[SCENE_Y].index; i++) {
        if (grove_node_of(grove_node_at(s->graph, i))->op == s->op) {
            return true;
        }
    }
    return false;
}

static void compare_with_example(const scene *s, const scene_results *results,
                                 check_verdict *verdict) {
    const grove_example *example = s->example;
    if (!builds(s)) {
        check_fault(verdict, "it builds no such op, but '%s'", grove_node_op(s->result[SCENE_Y]));
    }
    compare("output", 0, &results->numbers[SCENE_Y], results->count[SCENE_Y],
            grove_node_type(s->result[SCENE_Y]), example->out, verdict);
    for (int i = 0; i < example->inputs; i++) {
        const double *dx = example->dy ? example->dx[i] : NULL;
        compare("gradient of input", i, &results->numbers[SCENE_DX + i],
                results->count[SCENE_DX + i], GROVE_REAL, dx, verdict);
        compare("input after the run,", i, &results->stored[i], results->stored_count[i],
                example->in[i].type, example->after[i], verdict);
        if (example->in[i].type == GROVE_ID && grove_is_valid(s->result[SCENE_DX + i])) {
            check_fault(verdict, "input %d is one of ids and got a gradient", i);
        }
    }
}

static void check_given(const grove_op *op, const grove_example *example, check_verdict *verdict) {
    scene s;
    scene_results results;
    grove_error error;
    scene_options options = {.order = 1, .example_dy = true};
    if (scene_open(&s, op, example, &options) != GROVE_OK) {
        check_fault(verdict, "it cannot be built: %s", scene_error(&s)->message);
    } else if (scene_try(&s, &(scene_run_options){.training = scene_wants_training(op)}, &results,
                         &error) != GROVE_OK) {
        check_fault(verdict, "it cannot be run: %s", error.message);
    } else {
        compare_with_example(&s, &results, verdict);
    }
    scene_close(&s);
}

/* ---- attributes: is everything that counts named among the fields? --------------------------- */

static size_t field_size(grove_field_kind kind) {
    static const size_t sizes[] = {[GROVE_FIELD_FLAG] = sizeof(bool),
                                   [GROVE_FIELD_INT] = sizeof(int64_t),
                                   [GROVE_FIELD_REAL] = sizeof(double),
                                   [GROVE_FIELD_SHAPE] = sizeof(grove_shape)};
    return sizes[kind];
}

/* The same node again, made from its fields as a model file would make it. */
static grove_tensor rebuild(const grove_op *op, grove_tensor y) {
    _Alignas(16) char attributes[1024] = {0};
    const char *from = grove_attributes(y);
    for (const grove_field *f = op->fields; f && f->name; f++) {
        memcpy(attributes + f->offset, from + f->offset, field_size(f->kind));
    }
    grove_tensor in[SCENE_INPUTS];
    int inputs = grove_node_inputs(y);
    for (int i = 0; i < inputs && i < SCENE_INPUTS; i++) {
        in[i] = grove_node_input(y, i);
    }
    return grove_append(op, y.graph, in, inputs, attributes);
}

static void check_fields(const grove_op *op, const grove_example *example,
                         check_verdict *verdict) {
    scene s;
    scene_results first, second;
    scene_run_options options = {.training = scene_wants_training(op)};
    if (scene_open(&s, op, example, &(scene_options){0}) == GROVE_OK &&
        grove_node_of(s.result[SCENE_Y])->op == op) {
        grove_tensor y = s.result[SCENE_Y], again = rebuild(op, y);
        scene_try(&s, &options, &first, NULL);
        s.result[SCENE_Y] = again;
        bool same = grove_is_valid(again) && grove_node_type(y) == grove_node_type(again) &&
                    grove_shape_equal(grove_node_shape(y), grove_node_shape(again)) &&
                    scene_try(&s, &options, &second, NULL) == GROVE_OK;
        /* A stored leaf made anew is zero, a random one draws for its own node. */
        bool comparable = !(op->flags & (GROVE_STORED | GROVE_TRAINING));
        if (!same || (comparable && memcmp(&first, &second, sizeof first) != 0)) {
            check_fault(verdict, "made again from its fields it is another node");
        }
    }
    scene_close(&s);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void check_example(const grove_op *op, const grove_example *example, check_seen *seen,
                          check_verdict *verdict) {
    int before = verdict->faults;
    if (example->refused) {
        check_refused(op, example, verdict);
        return;
    }
    check_given(op, example, verdict);
    if (verdict->faults == before) {
        check_fields(op, example, verdict);
        check_bits(op, example, verdict);
        check_ids(op, example, verdict);
        check_memory(op, example, verdict);
        check_gradients(op, example, seen, verdict);
    }
}

static void check_seen_all(const grove_op *op, const check_seen *seen, check_verdict *verdict) {
    bool any = false;
    for (int i = 0; i < SCENE_INPUTS; i++) {
        any = any || seen->wanted[i];
        if (seen->wanted[i] && !seen->first[i]) {
            check_fault(verdict, "the gradient of input %d is zero in all examples", i);
        }
    }
    if (any && !seen->second && !(op->flags & GROVE_PIECEWISE)) {
        check_fault(verdict, "its second derivative is zero in all examples");
    }
}

bool check_op(const grove_op *op, check_verdict *verdict) {
    *verdict = (check_verdict){.op = op->name, .example = -1};
    check_seen seen = {{false}, {false}, false};
    check_form(op, verdict);
    for (int i = 0; op->examples && op->examples[i].build; i++) {
        verdict->example = i;
        check_example(op, &op->examples[i], &seen, verdict);
    }
    verdict->example = -1;
    if (op->grad && sizeof(grove_real) == sizeof(double)) {
        check_seen_all(op, &seen, verdict);
    }
    return verdict->faults == 0;
}
