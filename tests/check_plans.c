/* SPDX-License-Identifier: MIT
 *
 * check_plans.c - an op in every kind of plan, and when memory is short. */
#include <stdio.h>

#include "check_op.h"
#include "grove/plan.h"
#include "hostile_allocator.h"

/* ---- the same bits --------------------------------------------------------------------------- */

static bool run_variant(scene *s, const scene_run_options *options, const char *what,
                        scene_results *results, check_verdict *verdict) {
    grove_error error;
    if (scene_try(s, options, results, &error) == GROVE_OK) {
        return true;
    }
    check_fault(verdict, "%s it cannot be run: %s", what, error.message);
    return false;
}

static void expect_same(scene *s, const scene_run_options *options, const scene_results *wanted,
                        const char *what, check_verdict *verdict) {
    scene_results results;
    if (run_variant(s, options, what, &results, verdict) &&
        memcmp(&results, wanted, sizeof results) != 0) {
        check_fault(verdict, "%s it gives other bits", what);
    }
}

/* Cut into the finest tiles an op may round otherwise, but no more than that. */
static void expect_near(const scene *s, const scene_results *a, const scene_results *b,
                        const char *what, check_verdict *verdict) {
    double tolerance = sizeof(grove_real) == sizeof(double) ? 1e-12 : 1e-5;
    for (int i = 0; i < SCENE_RESULTS; i++) {
        for (size_t k = 0; k < a->count[i]; k++) {
            bool same = grove_node_type(s->result[i]) == GROVE_REAL
                            ? check_close((double)a->numbers[i].real[k],
                                          (double)b->numbers[i].real[k], tolerance, 1)
                            : a->numbers[i].id[k] == b->numbers[i].id[k];
            if (!same) {
                check_fault(verdict, "%s it gives other numbers (result %d, component %zu)", what,
                            i, k);
                return;
            }
        }
    }
}

/* One plan run twice: nothing of the first run may be left in the second. */
static void expect_same_again(scene *s, const scene_run_options *options,
                              const scene_results *wanted, check_verdict *verdict) {
    scene_results results;
    grove_plan *plan = scene_plan(s, options);
    scene_run(s, plan, options, &results);
    memset(&results, 0, sizeof results);
    scene_run_options unpainted = *options;
    unpainted.paint = 0;
    if (scene_run(s, plan, &unpainted, &results) != GROVE_OK ||
        memcmp(&results, wanted, sizeof results) != 0) {
        check_fault(verdict, "run twice it gives other bits");
    }
    grove_plan_free(plan);
}

static void check_variants(scene *s, const scene_results *wanted, check_verdict *verdict) {
    scene_run_options usual = {.training = scene_wants_training(s->op), .runs = 5, .paint = 0xFF};
    scene_run_options other = usual;
    scene_results finest;
    expect_same(s, &usual, wanted, "in painted memory", verdict);
    other.paint = 0x11;
    expect_same(s, &other, wanted, "in memory painted otherwise", verdict);
    expect_same_again(s, &usual, wanted, verdict);
    other = usual;
    other.keep_all = true;
    expect_same(s, &other, wanted, "where nothing shares memory", verdict);
    other = usual;
    other.check_finite = true;
    expect_same(s, &other, wanted, "with all numbers looked at", verdict);
    if (!scene_wants_training(s->op)) {
        other = usual;
        other.training = true;
        expect_same(s, &other, wanted, "in training", verdict);
    }
    other = usual;
    other.finest = true;
    if (run_variant(s, &other, "in the finest tiles", &finest, verdict)) {
        expect_near(s, &finest, wanted, "in the finest tiles", verdict);
        other.threads = 3;
        expect_same(s, &other, &finest, "on three threads", verdict);
    }
}

/* Outside training an update is refused, and what is for training only hands its input on. */
static void check_inference(scene *s, check_verdict *verdict) {
    scene_results results;
    scene_run_options options = {.runs = 5, .paint = 0xFF};
    if (s->op->flags & GROVE_UPDATE) {
        grove_error error = {0};
        grove_status status = scene_try(s, &options, &results, &error);
        if (status != GROVE_BAD_ARGUMENT || !strstr(error.message, "which is an update")) {
            check_fault(verdict, "outside training it is not refused: '%s'", error.message);
        }
        return;
    }
    if (!scene_wants_training(s->op) ||
        !run_variant(s, &options, "outside training", &results, verdict)) {
        return;
    }
    for (int i = 0; i < s->example->inputs; i++) {
        size_t size = scene_is_real(s, i) ? sizeof(grove_real) : sizeof(grove_id);
        if (memcmp(&results.stored[i], &s->data[i], results.stored_count[i] * size) != 0) {
            check_fault(verdict, "outside training it changes input %d", i);
        }
    }
    int last = s->example->inputs - 1;
    size_t size = last >= 0 && !scene_is_real(s, last) ? sizeof(grove_id) : sizeof(grove_real);
    bool handed_on = last >= 0 && results.count[SCENE_Y] == s->count[last] &&
                     memcmp(&results.numbers[SCENE_Y], &s->data[last], s->count[last] * size) == 0;
    if ((s->op->flags & GROVE_TRAINING) && !handed_on) {
        check_fault(verdict, "outside training it does not yield its last input");
    }
}

/* Without derivatives an input dies where it is read, so its memory is free for the result. */
static void check_bits_of_order(const grove_op *op, const grove_example *example, int order,
                                check_verdict *verdict) {
    scene s, inner;
    scene_results wanted;
    scene_run_options keeping = {.training = scene_wants_training(op), .runs = 5, .keep_all = true};
    scene_open(&s, op, example, &(scene_options){.order = order});
    scene_open(&inner, op, example, &(scene_options){.order = order, .copies = true});
    if (run_variant(&s, &keeping, "planned at ease", &wanted, verdict)) {
        check_variants(&s, &wanted, verdict);
        check_inference(&s, verdict);
    }
    /* Random numbers depend on the node, and these are other nodes. */
    if (run_variant(&inner, &keeping, "fed by other nodes", &wanted, verdict)) {
        check_variants(&inner, &wanted, verdict);
    }
    scene_close(&s);
    scene_close(&inner);
}

void check_bits(const grove_op *op, const grove_example *example, check_verdict *verdict) {
    check_bits_of_order(op, example, 0, verdict);
    if (op->grad) {
        check_bits_of_order(op, example, 1, verdict);
    }
}

/* ---- ids that no table has ------------------------------------------------------------------- */

static bool stored_are_as_before(const scene *s) {
    for (int i = 0; i < s->example->inputs; i++) {
        const void *stored = grove_parameter_data(s->leaf[i]);
        size_t size = scene_is_real(s, i) ? sizeof(grove_real) : sizeof(grove_id);
        if (stored && memcmp(stored, &s->data[i], s->count[i] * size) != 0) {
            return false;
        }
    }
    return true;
}

static void expect_bad_id(scene *s, int input, grove_id bad, check_verdict *verdict) {
    scene_results results;
    grove_error error;
    scene_run_options options = {.training = scene_wants_training(s->op)};
    grove_id *last = &s->data[input].id[s->count[input] - 1], kept = *last;
    *last = bad;
    grove_status status = scene_try(s, &options, &results, &error);
    if (status == GROVE_OK) {
        *last = kept; /* the op does not follow its ids, or ignores this one */
        return;
    }
    char name[16];
    snprintf(name, sizeof name, "'in%d'", input);
    bool named = strstr(error.message, s->op->name) && strstr(error.message, name);
    if (status != GROVE_BAD_DATA || !named) {
        check_fault(verdict, "for the id %d in input %d the words are: %s", (int)bad, input,
                    error.message);
    }
    if (!stored_are_as_before(s)) {
        check_fault(verdict, "it had changed its inputs before it met the id %d", (int)bad);
    }
    *last = kept;
}

void check_ids(const grove_op *op, const grove_example *example, check_verdict *verdict) {
    scene s;
    scene_open(&s, op, example, &(scene_options){0});
    for (int i = 0; i < example->inputs; i++) {
        bool bound_ids = example->in[i].type == GROVE_ID && !example->in[i].stored;
        if (bound_ids && s.count[i] > 0) {
            expect_bad_id(&s, i, -1, verdict);
            expect_bad_id(&s, i, INT32_MIN, verdict);
            expect_bad_id(&s, i, INT32_MAX, verdict);
        }
    }
    scene_close(&s);
}

/* ---- the failing allocator ------------------------------------------------------------------- */

enum { MOST_CALLS = 5000 };

static grove_status build_and_run(const grove_op *op, const grove_example *example,
                                  hostile_memory *memory, grove_error *error) {
    scene s;
    scene_results results;
    scene_run_options run = {.training = scene_wants_training(op)};
    scene_options options = {.order = op->grad ? 2 : 0, .allocator = hostile_allocator(memory)};
    grove_status status = scene_open(&s, op, example, &options);
    if (status == GROVE_OK) {
        status = scene_try(&s, &run, &results, error);
    } else {
        *error = *scene_error(&s);
    }
    scene_close(&s);
    return status;
}

static void fail_each(const grove_op *op, const grove_example *example, bool for_good,
                      check_verdict *verdict) {
    grove_error error = {0};
    for (size_t n = 1; n < MOST_CALLS; n++) {
        hostile_memory memory = {.fail_at = n, .for_good = for_good};
        grove_status status = build_and_run(op, example, &memory, &error);
        bool failed = memory.calls >= n;
        if (memory.live > 0) {
            check_fault(verdict, "%zu blocks were not given back when allocation %zu failed",
                        memory.live, n);
            return;
        }
        if (status != (failed ? GROVE_NO_MEMORY : GROVE_OK)) {
            check_fault(verdict, "when allocation %zu %s the status is %d: %s", n,
                        failed ? "failed" : "and all others were good", (int)status, error.message);
            return;
        }
        if (!failed) {
            return;
        }
    }
    check_fault(verdict, "it asks for memory without end");
}

void check_memory(const grove_op *op, const grove_example *example, check_verdict *verdict) {
    fail_each(op, example, false, verdict);
    fail_each(op, example, true, verdict);
}
