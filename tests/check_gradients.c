/* SPDX-License-Identifier: MIT
 *
 * check_gradients.c - derivatives against central differences.
 *
 * f = sum(y * r) has the gradients dx; g = the sum of all sum(dx * r2) has the gradients ddx. One
 * run gives y and dx, so f and g are both differenced by the same four runs:
 *     f'(x) = (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h
 * with an error of the order h^4. */
#include <math.h>
#include <stdio.h>

#include "check_op.h"
#include "grove/plan.h"

static const double h = 2e-4, tolerance = 1e-6, least = 1e-2;

typedef struct slopes {
    double first, second;
} slopes;

typedef struct bench {
    scene s;
    grove_plan *plan;
    scene_run_options options;
    scene_results at;    /* where the gradients are taken */
    scene_results moved; /* h beside it */
    check_verdict *verdict;
} bench;

static double dot(const scene_numbers *a, const scene_numbers *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)a->real[i] * (double)b->real[i];
    }
    return sum;
}

/* f and g of a run at this number. */
static slopes measure(bench *b, grove_real *number, double value) {
    *number = (grove_real)value;
    if (scene_run(&b->s, b->plan, &b->options, &b->moved) != GROVE_OK) {
        return (slopes){(double)NAN, (double)NAN};
    }
    const scene_results *moved = &b->moved;
    slopes result = {
        dot(&moved->numbers[SCENE_Y], &b->s.data[SCENE_R], moved->count[SCENE_Y]), 0};
    for (int i = 0; i < SCENE_INPUTS; i++) {
        if (grove_is_valid(b->s.r2[i])) {
            result.second += dot(&moved->numbers[SCENE_DX + i], &b->s.r2_data[i],
                                 moved->count[SCENE_DX + i]);
        }
    }
    return result;
}

static slopes differences(bench *b, grove_real *number) {
    static const double step[4] = {1, -1, 2, -2}, weight[4] = {8, -8, -1, 1};
    double value = (double)*number;
    slopes result = {0, 0};
    for (int i = 0; i < 4; i++) {
        slopes there = measure(b, number, value + step[i] * h);
        result.first += weight[i] * there.first / (12 * h);
        result.second += weight[i] * there.second / (12 * h);
    }
    *number = (grove_real)value;
    return result;
}

/* A gradient that was not given stands for zero. */
static double component(const bench *b, int result, size_t position) {
    return position < b->at.count[result] ? (double)b->at.numbers[result].real[position] : 0;
}

static bool agrees(bench *b, const char *order, int leaf, size_t position, double analytic,
                   double numeric) {
    if (check_close(analytic, numeric, tolerance, least)) {
        return true;
    }
    char name[24] = "the output";
    if (leaf != SCENE_R) {
        snprintf(name, sizeof name, "input %d", leaf);
    }
    check_fault(b->verdict, "%s derivative for %s, component %zu: analytic %.10g, numeric %.10g",
                order, name, position, analytic, numeric);
    return false;
}

static void check_leaf(bench *b, int leaf, check_seen *seen) {
    bool good = true;
    for (size_t k = 0; k < b->s.count[leaf] && good; k++) {
        slopes numeric = differences(b, &b->s.data[leaf].real[k]);
        if (leaf != SCENE_R) {
            double dx = component(b, SCENE_DX + leaf, k);
            good = agrees(b, "first", leaf, k, dx, numeric.first);
            seen->wanted[leaf] = true;
            seen->first[leaf] = seen->first[leaf] || dx != 0;
        }
        double ddx = component(b, SCENE_DDX + leaf, k);
        good = good && agrees(b, "second", leaf, k, ddx, numeric.second);
        seen->second = seen->second || (leaf != SCENE_R && ddx != 0);
    }
}

static void check_all_leaves(bench *b, check_seen *seen) {
    grove_status status = scene_run(&b->s, b->plan, &b->options, &b->at);
    if (status != GROVE_OK) {
        check_fault(b->verdict, "with its derivatives it cannot be run: %s",
                    grove_plan_error(b->plan)->message);
        return;
    }
    for (int leaf = 0; leaf <= SCENE_R; leaf++) {
        if (grove_is_valid(b->s.leaf[leaf]) && scene_is_checked(&b->s, leaf)) {
            check_leaf(b, leaf, seen);
        }
    }
}

void check_gradients(const grove_op *op, const grove_example *example, check_seen *seen,
                     check_verdict *verdict) {
    if (sizeof(grove_real) < sizeof(double) || !op->grad) {
        return;
    }
    bench b = {.verdict = verdict,
               .options = {.training = scene_wants_training(op), .runs = 5}};
    if (scene_open(&b.s, op, example, &(scene_options){.order = 2}) != GROVE_OK) {
        check_fault(verdict, "its second derivatives cannot be built: %s",
                    scene_error(&b.s)->message);
    } else if (scene_has_gradient(&b.s)) {
        b.plan = scene_plan(&b.s, &b.options);
        check_all_leaves(&b, seen);
        grove_plan_free(b.plan);
    }
    scene_close(&b.s);
}
