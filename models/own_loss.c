/* SPDX-License-Identifier: MIT
 *
 * own_loss - a loss of your own, made of ops, and how to see that its gradient is right.
 *
 * A shop bakes bread each morning. A loaf that is left over costs 1; a customer who finds the shelf
 * empty costs 4. No loss of the field says that, so we write it. With e = baked - wanted:
 *
 *     loss = the mean of e^2 / (e^2 + 1) * cost,    cost = -4 * e where e < 0, else e
 *
 * Far away each loaf costs its price; near 0 the corner is rounded off. It is a handful of ops, and
 * not one line of backward pass: each op knows its own.
 *
 * The check: if a gradient says that growing x by h makes the loss grow by g * h, then doing so
 * must show it. grove_check_gradients tries that for each number, and says what it may be off by.
 */
#include <stdio.h>

#include "grove/grove.h"

enum { DAYS = 64, WEEK = 7, STEPS = 1500 };
static const double too_many = 1, too_few = 4;

/* baked, wanted [n] -> a scalar. */
static grove_tensor bread_loss(grove_tensor baked, grove_tensor wanted) {
    grove_tensor e = grove_sub(baked, wanted), square = grove_mul(e, e);
    grove_tensor left_over = grove_scale(grove_relu(e), too_many);
    grove_tensor missing = grove_scale(grove_relu(grove_neg(e)), too_few);
    grove_tensor rounded = grove_div(square, grove_shift(square, 1));
    return grove_mean(grove_mul(rounded, grove_add(left_over, missing)), GROVE_ALL_AXES);
}

/* Before it is trained with: at six places, on both sides of the corner. */
static bool check_gradient(void) {
    enum { N = 6 };
    const grove_real wanted_loaves[N] = {20, 20, 20, 20, 20, 20};
    const grove_real baked_loaves[N] = {14, 18.5, 19.75, 20.25, 21.5, 26};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor baked = grove_input_reals(g, "baked", GROVE_BATCH);
    grove_tensor wanted = grove_input_reals(g, "wanted", GROVE_BATCH);
    grove_tensor loss = bread_loss(baked, wanted);
    const grove_binding data[] = {{baked, baked_loaves}, {wanted, wanted_loaves}};
    grove_gradient_report report;
    grove_error error;
    grove_status status = grove_check_gradients(
        loss, &baked, 1, data, 2, &(grove_gradient_check_options){.batch = N}, &report, &error);
    bool good = status == GROVE_OK && report.passed;
    printf("the check: %s\n", status == GROVE_OK ? report.words : error.message);
    grove_gradient_report_free(&report);
    grove_graph_free(g);
    return good;
}

/* How many customers come on a day: more at the weekend, and never quite the same. */
static grove_real customers(int day) {
    int of_week = day % WEEK, noise = day * 37 % 11 - 5;
    return (grove_real)(20 + (of_week >= 5 ? 15 : 2 * of_week) + noise);
}

/* What to bake on each day of the week: a table [WEEK, 1], trained with this loss or the squared
 * error. answer [WEEK]. */
static bool learn(bool own, grove_real *answer) {
    grove_id day[DAYS];
    grove_real wanted[DAYS];
    for (int i = 0; i < DAYS; i++) {
        day[i] = (grove_id)(i % WEEK);
        wanted[i] = customers(i);
    }
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor days = grove_input_ids(g, "day", GROVE_BATCH);
    grove_tensor loaves = grove_input_reals(g, "wanted", GROVE_BATCH);
    grove_tensor baked =
        grove_reshape(grove_nn_embedding(days, WEEK, 1, "loaves"), GROVE_SHAPE(GROVE_BATCH));
    grove_tensor loss = own ? bread_loss(baked, loaves) : grove_mean_squared_error(baked, loaves);
    grove_schedule cosine = {.kind = GROVE_SCHEDULE_COSINE, .steps = STEPS};
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.3, .schedule = cosine));
    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = DAYS, .training = true});
    grove_bind(plan, days, day);
    grove_bind(plan, loaves, wanted);
    bool good = true;
    for (int i = 0; i < STEPS && good; i++) {
        good = grove_run(plan) == GROVE_OK;
    }
    if (!good) {
        fprintf(stderr, "own_loss: %s\n", grove_plan_error(plan)->message);
    }
    const grove_real *table = grove_parameter_data(grove_find(g, "loaves.weight"));
    for (int i = 0; i < WEEK && table; i++) {
        answer[i] = table[i];
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

/* What this plan of the week would have cost on the days we saw. */
static double cost_of(const grove_real *answer) {
    double sum = 0;
    for (int i = 0; i < DAYS; i++) {
        double e = (double)(answer[i % WEEK] - customers(i));
        sum += e > 0 ? too_many * e : -too_few * e;
    }
    return sum / DAYS;
}

int main(void) {
    static const char *const names[WEEK] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    grove_real own[WEEK] = {0}, usual[WEEK] = {0};
    bool good = check_gradient() && learn(true, own) && learn(false, usual);
    printf("\n%-30s", "to bake:");
    for (int i = 0; i < WEEK; i++) {
        printf(" %5s", names[i]);
    }
    printf("%-31s", "\n  squared error: the average");
    for (int i = 0; i < WEEK; i++) {
        printf(" %5.1f", (double)usual[i]);
    }
    printf("%-31s", "\n  our loss: better too many");
    for (int i = 0; i < WEEK; i++) {
        printf(" %5.1f", (double)own[i]);
    }
    printf("\n\na day's cost: %.2f by the squared error, %.2f by our loss\n", cost_of(usual),
           cost_of(own));
    return good && cost_of(own) < cost_of(usual) ? 0 : 1;
}
