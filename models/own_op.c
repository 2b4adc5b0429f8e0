/* SPDX-License-Identifier: MIT
 *
 * own_op - an op of your own: what it computes, what it passes back, how to see that it is right.
 *
 * A water meter shows a running total. It is read about twice a day, at odd hours; we want to know
 * how much a house uses in each part of a day. So we need an op that grove has not:
 *
 *     y[t] = x[0] + x[1] + ... + x[t]        along each row
 *
 * Backwards: x[t] is in y[t] and in every y after it. If x[t] grows by 1, all of those do. So its
 * gradient is the sum of theirs, a running total from the other end:
 *
 *     dx[t] = dy[t] + dy[t + 1] + ... + dy[last]
 *
 * One attribute tells the two directions apart, and each is the gradient of the other: there is no
 * second op to write, and a gradient of a gradient comes for nothing.
 *
 * What follows has the form of grove's own ops (lib/ops): attributes, shape, run, gradient,
 * descriptor, builder. grove/op.h says what each is asked for.
 */
#include <math.h>
#include <stdio.h>

#include "grove/grove.h"

/* ---- the op ---------------------------------------------------------------------------------- */

static grove_tensor running_total(grove_tensor x, bool backwards);

/* What a node knows besides its inputs. Listed as fields, so that a model file can hold it. */
typedef struct total_attributes {
    bool backwards;
} total_attributes;
static const grove_field total_fields[] = {GROVE_FIELD(total_attributes, backwards, FLAG),
                                           GROVE_NO_MORE_FIELDS};

/* Is the node possible, and what does it yield? Asked when it is built: mistakes are met here. */
static bool total_shape(grove_shaping *s) {
    if (grove_in_shape(s, 0).rank == 0) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "a single number has no running total");
    }
    return grove_same_shape(s); /* of real numbers, and the result is as large */
}

/* The kernel. An item is a row (grove_by_row below): threads share the rows out, and which thread
 * gets which changes no bit. x and y [rows, width]; they may be one memory (GROVE_IN_PLACE). */
static grove_status total_run(const grove_call *call, size_t begin, size_t end) {
    const total_attributes *attributes = call->attributes;
    size_t width = grove_width(call->out);
    for (size_t row = begin; row < end; row++) {
        const grove_real *x = grove_reals(call, 0) + row * width;
        grove_real *y = grove_out(call) + row * width, sum = 0;
        for (size_t i = 0; i < width; i++) {
            size_t t = attributes->backwards ? width - 1 - i : i;
            sum += x[t];
            y[t] = sum;
        }
    }
    return GROVE_OK;
}

/* What a row takes, in additions: so many rows are given to a thread that it is worth its while. */
static size_t total_cost(const grove_call *call) {
    return grove_width(call->out);
}

/* The rule: not numbers, but the node that will compute them. */
static void total_grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const total_attributes *attributes = grove_attributes(y);
    dx[0] = running_total(dy, !attributes->backwards);
}

static const grove_op total_op = {
    .name = "running_total",
    .formula = "y[t] = x[0] + ... + x[t] along the last axis, or from the other end",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(total_attributes),
    .fields = total_fields,
    .shape = total_shape,
    .run = total_run,
    .items = grove_by_row,
    .cost = total_cost,
    .grad = total_grad,
};

static grove_tensor running_total(grove_tensor x, bool backwards) {
    return grove_append1(&total_op, x, &(total_attributes){backwards});
}

/* ---- is the gradient right? ------------------------------------------------------------------ */

/* Of sum(y^2), held against central differences: what moving one number by h does to it. Their
 * error is the rounding of the sum over h (a square has no higher terms), so in float some three
 * digits are to be had. */
static bool check_gradient(bool backwards) {
    enum { ROWS = 2, WIDTH = 3, N = ROWS * WIDTH };
    const grove_real h = (grove_real)0.0625, at[N] = {1, -2, 3, (grove_real)0.5, 1, -1};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_parameter(g, "x", GROVE_SHAPE(ROWS, WIDTH), (grove_init){0});
    grove_tensor y = running_total(x, backwards), loss = grove_sum(grove_mul(y, y), GROVE_ALL_AXES);
    grove_tensor slope = grove_gradient(loss, x);
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){loss, slope}, 2, NULL);
    grove_real *numbers = grove_parameter_data(x);
    bool good = grove_plan_error(plan)->status == GROVE_OK;
    for (int i = 0; good && i < N; i++) {
        numbers[i] = at[i];
    }
    printf("%s\n%8s %12s %12s\n", backwards ? "from the other end" : "running total", "x",
           "gradient", "difference");
    for (int i = 0; good && i < N; i++) {
        double side[2], by_rule;
        for (int k = 0; k < 2; k++) {
            numbers[i] = at[i] + (k ? h : -h);
            grove_run(plan);
            side[k] = grove_scalar(plan, loss);
        }
        numbers[i] = at[i];
        good = grove_run(plan) == GROVE_OK;
        by_rule = (double)((const grove_real *)grove_value(plan, slope))[i];
        double by_difference = (side[1] - side[0]) / (2 * (double)h);
        good = good && fabs(by_rule - by_difference) <= 1e-3;
        printf("%8g %12.5f %12.5f  %s\n", (double)at[i], by_rule, by_difference,
               good ? "ok" : "WRONG");
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

/* ---- the house and its meter ----------------------------------------------------------------- */

/* A day has eight parts of three hours each. */
enum { PARTS = 8, DAYS = 364, KINDS = 2, STEPS = 2000 };

/* Litres in each part of a working day, and of a day off. */
static const double truth[KINDS][PARTS] = {{5, 3, 60, 25, 10, 12, 55, 30},
                                           {6, 2, 10, 70, 45, 40, 50, 35}};

/* Numbers that look random, from 0 to 99: the same ones each time. */
static int chance(uint32_t i) {
    i = (i ^ (i >> 16)) * 0x45d9f3bu;
    i = (i ^ (i >> 16)) * 0x45d9f3bu;
    return (int)((i ^ (i >> 16)) % 100);
}

/* kind [DAYS]; meter and seen [DAYS, PARTS]: what it shows, and 1 where somebody looked. */
static void read_meter(grove_id *kind, grove_real *meter, grove_real *seen) {
    for (int day = 0; day < DAYS; day++) {
        double total = 0;
        kind[day] = day % 7 >= 5;
        for (int t = 0; t < PARTS; t++) {
            int i = day * PARTS + t;
            total += truth[kind[day]][t] * (0.9 + 0.002 * chance(2u * (uint32_t)i)); /* +-10 % */
            meter[i] = (grove_real)total;
            seen[i] = chance(2u * (uint32_t)i + 1) < 25;
        }
    }
}

/* The table [KINDS, PARTS]: a kind of day is a row, and its embedding vector is what we are after.
 * Only its running total is ever compared with anything. */
static bool learn(double answer[KINDS][PARTS]) {
    static grove_id kind[DAYS];
    static grove_real meter[DAYS * PARTS], seen[DAYS * PARTS];
    read_meter(kind, meter, seen);
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor kinds = grove_input_ids(g, "kind", GROVE_BATCH);
    grove_tensor shown = grove_input_reals(g, "meter", GROVE_BATCH, PARTS);
    grove_tensor looked = grove_input_reals(g, "seen", GROVE_BATCH, PARTS);
    grove_tensor use = grove_nn_embedding(kinds, KINDS, PARTS, "use");
    grove_tensor error = grove_mul(looked, grove_sub(running_total(use, false), shown));
    grove_tensor loss = grove_mean(grove_mul(error, error), GROVE_ALL_AXES);
    grove_schedule cosine = {.kind = GROVE_SCHEDULE_COSINE, .steps = STEPS};
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 2, .schedule = cosine));
    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = DAYS, .training = true});
    grove_bind(plan, kinds, kind);
    grove_bind(plan, shown, meter);
    grove_bind(plan, looked, seen);
    bool good = true;
    for (int i = 0; i < STEPS && good; i++) {
        good = grove_run(plan) == GROVE_OK;
    }
    if (!good) {
        fprintf(stderr, "own_op: %s\n", grove_plan_error(plan)->message);
    }
    const grove_real *table = grove_parameter_data(grove_find(g, "use.weight"));
    for (int i = 0; i < KINDS * PARTS && table; i++) {
        answer[i / PARTS][i % PARTS] = (double)table[i];
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

static void show(const char *title, const double *litres) {
    printf("%-26s", title);
    for (int t = 0; t < PARTS; t++) {
        printf(" %5.1f", litres[t]);
    }
    printf("\n");
}

int main(void) {
    double learned[KINDS][PARTS] = {{0}}, worst = 0;
    bool good = check_gradient(false) && check_gradient(true) && learn(learned);
    for (int i = 0; i < KINDS * PARTS; i++) {
        worst = fmax(worst, fabs(learned[i / PARTS][i % PARTS] - truth[i / PARTS][i % PARTS]));
    }
    printf("\nlitres in each part of a day, which nobody ever measured\n");
    show("a working day: the truth", truth[0]);
    show("  from the readings", learned[0]);
    show("a day off: the truth", truth[1]);
    show("  from the readings", learned[1]);
    printf("off by %.1f litres at most\n", worst);
    return good && worst < 3 ? 0 : 1;
}
