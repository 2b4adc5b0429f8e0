/* SPDX-License-Identifier: MIT
 *
 * What goes along with the updates: schedules against closed formulas, rates that a loop sets,
 * clipping by value, running averages of weights; and RMSprop and row-wise Adagrad in plain C.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "grove/grove.h"

static const double pi = 3.14159265358979323846;
static const double tolerance = sizeof(grove_real) == sizeof(float) ? 2e-6 : 1e-12;

static const grove_plan_options training = {.training = true};

static void run(grove_plan *plan) {
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
}

static grove_real *numbers(const grove_graph *g, const char *name) {
    grove_real *data = grove_parameter_data(grove_find(g, name));
    ck_assert_msg(data != NULL, "there is no %s", name);
    return data;
}

/* ---- schedules ------------------------------------------------------------------------------- */

static double constant_at(double t) {
    return fmin((t + 1) / 8, 1);
}
static double stairs_at(double t) {
    return pow(0.5, floor(t / 7));
}
static double warm_stairs_at(double t) {
    return t < 10 ? (t + 1) / 10 : pow(0.1, floor((t - 10) / 3));
}
static double cosine_at(double t) {
    return 0.1 + 0.9 * (1 + cos(pi * fmin(t / 50, 1))) / 2;
}
static double warm_cosine_at(double t) {
    return t < 5 ? (t + 1) / 5 : (1 + cos(pi * fmin((t - 5) / 45, 1))) / 2;
}
static double one_cycle(double t, double up, double last, double start, double end) {
    if (t <= up) {
        return start + (1 - start) * (1 - cos(pi * t / up)) / 2;
    }
    return end + (1 - end) * (1 + cos(pi * fmin((t - up) / (last - up), 1))) / 2;
}
static double one_cycle_at(double t) {
    return one_cycle(t, 0.3 * 100 - 1, 99, 0.04, 0.04 / 10000);
}
static double own_cycle_at(double t) {
    return one_cycle(t, 0.5 * 40 - 1, 39, 0.2, 0.01);
}

static const struct {
    grove_schedule schedule;
    double (*at)(double t);
} schedules[] = {
    {{GROVE_SCHEDULE_CONSTANT, .warm_up = 8}, constant_at},
    {{GROVE_SCHEDULE_STEP, .every = 7, .gamma = 0.5}, stairs_at},
    {{GROVE_SCHEDULE_STEP, .every = 3, .warm_up = 10}, warm_stairs_at},
    {{GROVE_SCHEDULE_COSINE, .steps = 50, .floor = 0.1}, cosine_at},
    {{GROVE_SCHEDULE_COSINE, .steps = 50, .warm_up = 5}, warm_cosine_at},
    {{GROVE_SCHEDULE_ONE_CYCLE, .steps = 100}, one_cycle_at},
    {{GROVE_SCHEDULE_ONE_CYCLE, .steps = 40, .start = 0.2, .floor = 0.01, .rise = 0.5},
     own_cycle_at},
};
enum { SCHEDULES = sizeof schedules / sizeof schedules[0] };

START_TEST(factors) {
    for (int i = 0; i < SCHEDULES; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor clock = grove_clock(g, "clock");
        grove_tensor factor = grove_schedule_factor(clock, &schedules[i].schedule);
        grove_plan *plan = grove_plan_new(g, &factor, 1, NULL);
        for (grove_id t = 0; t < 130; t++) {
            *(grove_id *)grove_parameter_data(clock) = t;
            run(plan);
            double wanted = schedules[i].at(t), got = grove_scalar(plan, factor);
            ck_assert_msg(fabs(got - wanted) <= tolerance, "schedule %d, step %d: %.9g, not %.9g",
                          i, (int)t, got, wanted);
        }
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* Stairs keep their place where 1 / every is rounded down, as 1 / 41 is in float. */
START_TEST(stairs_far_up) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor clock = grove_clock(g, "clock");
    grove_schedule schedule = {GROVE_SCHEDULE_STEP, .every = 41, .gamma = 0.999};
    grove_tensor factor = grove_schedule_factor(clock, &schedule);
    grove_plan *plan = grove_plan_new(g, &factor, 1, NULL);
    for (grove_id stair = 1; stair < 4000; stair += 13) {
        for (grove_id before = 0; before < 2; before++) {
            *(grove_id *)grove_parameter_data(clock) = 41 * stair - before;
            run(plan);
            double wanted = pow(0.999, stair - before);
            ck_assert_double_eq_tol(grove_scalar(plan, factor) / wanted, 1, 1e-5);
        }
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* The loss is the parameter itself, so a step moves it by the rate. */
static grove_tensor slide(grove_graph *g, const grove_optimizer *optimizer) {
    grove_tensor w = grove_parameter(g, "w", GROVE_SCALAR, (grove_init){0});
    return grove_minimize(w, optimizer);
}

START_TEST(updates_read_the_schedule) {
    for (int i = 0; i < SCHEDULES; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor step = slide(g, GROVE_SGD(.rate = 0.5, .schedule = schedules[i].schedule));
        grove_plan *plan = grove_plan_new(g, &step, 1, &training);
        double wanted = 0;
        for (int t = 0; t < 60; t++) {
            run(plan);
            wanted -= 0.5 * schedules[i].at(t);
            ck_assert_double_eq_tol((double)*numbers(g, "w"), wanted, 30 * tolerance);
        }
        ck_assert(grove_is_valid(grove_find(g, "optimizer.rate")));
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* rate / (t + 1), on a clock of one's own; and a schedule on top of a rate that the loop sets. */
START_TEST(rates_of_ones_own) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor clock = grove_clock(g, "clock");
    grove_tensor t = grove_shift(grove_real_of(clock), 1);
    grove_tensor rate = grove_pow(t, -1);
    grove_tensor step = slide(g, GROVE_SGD(.rate_node = rate, .clock = clock));
    grove_plan *plan = grove_plan_new(g, &step, 1, &training);
    for (int i = 0; i < 3; i++) {
        run(plan);
    }
    ck_assert_double_eq_tol((double)*numbers(g, "w"), -(1 + 1 / 2.0 + 1 / 3.0), 1e-6);
    grove_plan_free(plan);
    grove_graph_free(g);

    g = grove_graph_new(NULL);
    rate = grove_rate_state(g, "rate", 0.5);
    grove_schedule halving = {GROVE_SCHEDULE_STEP, .every = 1, .gamma = 0.5};
    step = slide(g, GROVE_SGD(.rate_node = rate, .schedule = halving));
    plan = grove_plan_new(g, &step, 1, &training);
    run(plan);
    ck_assert_int_eq(grove_set_rate(rate, 8), GROVE_OK);
    run(plan);
    ck_assert_double_eq_tol((double)*numbers(g, "w"), -(0.5 + 4), 1e-6);
    ck_assert_int_eq(grove_set_rate(rate, -1), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_set_rate(grove_clock(g, "ids"), 1), GROVE_BAD_ARGUMENT);
    ck_assert(isnan(grove_get_rate(GROVE_NONE)));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(plateau) {
    grove_graph *g = grove_graph_new(NULL);
    grove_plateau p = {
        .rate = grove_rate_state(g, "rate", 1), .factor = 0.5, .patience = 1, .least = 0.2};
    const struct {
        double loss, rate;
        bool lowered;
    } epochs[] = {{3, 1, false},       {2, 1, false},     {2, 1, false},
                  {1.9999, 0.5, true}, /* not better by the threshold */
                  {1.5, 0.5, false},   {1.6, 0.5, false}, {(double)NAN, 0.25, true},
                  {1.6, 0.25, false},  {1.6, 0.2, true},  {1.6, 0.2, false},
                  {1.6, 0.2, false}}; /* no lower than the least */
    for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
        ck_assert_int_eq(grove_plateau_step(&p, epochs[i].loss), epochs[i].lowered);
        ck_assert_double_eq_tol(grove_get_rate(p.rate), epochs[i].rate, 1e-7);
    }
    grove_graph_free(g);
}
END_TEST

/* ---- optimizers in plain C ------------------------------------------------------------------- */

/* loss = sum(c * w^2), so that the gradient is 2 * c * w. */
static grove_plan *bowl(grove_graph *g, const grove_optimizer *optimizer) {
    grove_tensor w =
        grove_parameter(g, "w", GROVE_SHAPE(2, 2), (grove_init){GROVE_INIT_CONSTANT, .a = 1});
    grove_tensor c =
        grove_constant(g, "c", GROVE_SHAPE(2, 2), (const grove_real[]){3, -0.5, 0.25, 1});
    grove_tensor loss = grove_sum(grove_mul(grove_mul(w, w), c), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, optimizer);
    return grove_plan_new(g, &step, 1, &training);
}
static const double bend[4] = {3, -0.5, 0.25, 1};

static void check_rmsprop(double momentum, bool centered) {
    grove_graph *g = grove_graph_new(NULL);
    grove_plan *plan = bowl(g, GROVE_RMSPROP(.rate = 0.01, .alpha = 0.9, .momentum = momentum,
                                             .centered = centered, .decay = 0.1));
    double w[4] = {1, 1, 1, 1}, v[4] = {0}, a[4] = {0}, b[4] = {0};
    for (int t = 0; t < 20; t++) {
        run(plan);
        for (int i = 0; i < 4; i++) {
            double gradient = 2 * bend[i] * w[i] + 0.1 * w[i];
            v[i] = 0.9 * v[i] + 0.1 * gradient * gradient;
            a[i] = 0.9 * a[i] + 0.1 * gradient;
            double size = sqrt(v[i] - (centered ? a[i] * a[i] : 0)) + 1e-8;
            b[i] = momentum * b[i] + gradient / size;
            w[i] -= 0.01 * b[i];
            ck_assert_double_eq_tol((double)numbers(g, "w")[i], w[i], 20 * tolerance);
        }
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}

START_TEST(rmsprop_in_plain_c) {
    check_rmsprop(0, false);
    check_rmsprop(0.8, false);
    check_rmsprop(0, true);
    check_rmsprop(0.8, true);
}
END_TEST

START_TEST(rowwise_adagrad_in_plain_c) {
    grove_graph *g = grove_graph_new(NULL);
    grove_plan *plan = bowl(g, GROVE_ROWWISE_ADAGRAD(.rate = 0.1));
    double w[4] = {1, 1, 1, 1}, s[2] = {0};
    for (int t = 0; t < 20; t++) {
        run(plan);
        for (int row = 0; row < 2; row++) {
            double *r = w + 2 * row, x = 2 * bend[2 * row] * r[0], y = 2 * bend[2 * row + 1] * r[1];
            s[row] += (x * x + y * y) / 2;
            r[0] -= 0.1 * x / (sqrt(s[row]) + 1e-10);
            r[1] -= 0.1 * y / (sqrt(s[row]) + 1e-10);
        }
        for (int i = 0; i < 4; i++) {
            ck_assert_double_eq_tol((double)numbers(g, "w")[i], w[i], 20 * tolerance);
        }
    }
    ck_assert_int_eq((int)grove_parameter_size(grove_find(g, "w.adagrad_row_sum")), 2);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- clipping by value ----------------------------------------------------------------------- */

/* A dense gradient (3, -4, 0.5); rows with 6 for each time that they stand there, less 10 once. */
START_TEST(clipping_by_value) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 4);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(3), (grove_init){0});
    grove_tensor c = grove_constant(g, "c", GROVE_SHAPE(3), (const grove_real[]){3, -4, 0.5});
    grove_tensor pull =
        grove_constant(g, "pull", GROVE_SHAPE(4, 1), (const grove_real[]){6, 6, -10, 1});
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(5, 1), (grove_init){0});
    grove_tensor rows = grove_mul(grove_embedding(table, ids), pull);
    grove_tensor loss =
        grove_add(grove_sum(grove_mul(w, c), GROVE_ALL_AXES), grove_sum(rows, GROVE_ALL_AXES));
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1, .clip_value = 2.5));
    grove_plan *plan = grove_plan_new(g, &step, 1, &training);
    grove_bind(plan, ids, (const grove_id[]){4, 1, 4, 1});
    run(plan);
    const double dense[] = {-2.5, 2.5, -0.5}, table_after[] = {0, -2.5, 0, 0, 2.5};
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol((double)numbers(g, "w")[i], dense[i], 1e-6);
    }
    for (int i = 0; i < 5; i++) { /* row 4: 6 - 10 = -4, which no single number of it tells */
        ck_assert_double_eq_tol((double)numbers(g, "t")[i], table_after[i], 1e-6);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- running averages ------------------------------------------------------------------------ */

START_TEST(averages_of_weights) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor step = slide(g, GROVE_SGD(.rate = 0.5, .average = 0.9));
    grove_plan *plan = grove_plan_new(g, &step, 1, &training);
    double w = 3, average = 3;
    *numbers(g, "w") = 3; /* it begins where the weights stand at the first step */
    for (int t = 0; t < 20; t++) {
        run(plan);
        w -= 0.5;
        average = 0.9 * average + 0.1 * w;
    }
    ck_assert_int_eq(grove_swap_averages(step), GROVE_OK);
    ck_assert_double_eq_tol((double)*numbers(g, "w"), average, 20 * tolerance);
    ck_assert_double_eq_tol((double)*numbers(g, "w.average"), w, 20 * tolerance);
    grove_real looked_at = *numbers(g, "w");
    ck_assert_int_eq(grove_swap_averages(step), GROVE_OK);
    ck_assert(*numbers(g, "w.average") == looked_at);
    run(plan);
    ck_assert_int_eq(grove_settle(step), GROVE_OK);
    w -= 0.5;
    average = 0.9 * average + 0.1 * w;
    ck_assert_double_eq_tol((double)*numbers(g, "w"), w, 20 * tolerance);
    ck_assert_double_eq_tol((double)*numbers(g, "w.average"), average, 20 * tolerance);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

enum { ROWS = 9, WIDTH = 2, IDS = 3, STEPS = 200 };

typedef struct tables {
    grove_graph *graph;
    grove_tensor ids, step;
    grove_plan *plan;
} tables;

/* A table that is looked up; dense: the same, with a gradient that is an ordinary sum. */
static tables make_tables(const grove_optimizer *optimizer, bool dense) {
    tables t = {.graph = grove_graph_new(&(grove_graph_options){.seed = 3})};
    t.ids = grove_input_ids(t.graph, "ids", IDS);
    grove_tensor rows = grove_nn_embedding(t.ids, ROWS, WIDTH, "rows");
    grove_tensor loss = grove_mean(grove_mul(rows, rows), GROVE_ALL_AXES);
    if (dense) {
        grove_tensor all = grove_sum(grove_find(t.graph, "rows.weight"), GROVE_ALL_AXES);
        loss = grove_add(loss, grove_scale(all, 0));
    }
    t.step = grove_minimize(loss, optimizer);
    t.plan = grove_plan_new(t.graph, &t.step, 1, &training);
    return t;
}

static void train_tables(tables *t) {
    for (int step = 0; step < STEPS; step++) { /* rows 6 to 8 rest for long, row 5 all the time */
        grove_id ids[IDS] = {(grove_id)(step % 3), (grove_id)(step * 7 % 5),
                             (grove_id)(step % 50 == 0 ? 6 + step / 50 % 3 : 1)};
        grove_bind(t->plan, t->ids, ids);
        run(t->plan);
    }
    ck_assert_int_eq(grove_settle(t->step), GROVE_OK);
}

static double compare_tables(const tables *a, const tables *b, const char *name) {
    double most = 0;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        double x = (double)numbers(a->graph, name)[i], y = (double)numbers(b->graph, name)[i];
        most = fabs(x - y) > most || isnan(x - y) ? fabs(x - y) : most;
    }
    return most;
}

static void free_tables(tables *t) {
    grove_plan_free(t->plan);
    grove_graph_free(t->graph);
}

START_TEST(averages_of_rows_equal_dense) {
    const grove_optimizer *optimizers[] = {
        GROVE_SGD(.rate = 0.3, .average = 0.95), GROVE_ADAGRAD(.rate = 0.1, .average = 0.95),
        GROVE_RMSPROP(.rate = 0.01, .average = 0.95, .clip_value = 0.05)};
    for (int i = 0; i < 3; i++) {
        tables rows = make_tables(optimizers[i], false), dense = make_tables(optimizers[i], true);
        train_tables(&rows);
        train_tables(&dense);
        ck_assert(compare_tables(&rows, &dense, "rows.weight") < 10 * tolerance);
        ck_assert(compare_tables(&rows, &dense, "rows.weight.average") < 10 * tolerance);
        free_tables(&rows);
        free_tables(&dense);
    }
}
END_TEST

/* Averaging is no part of training: the weights are the same bits. */
START_TEST(averages_change_nothing) {
    tables with = make_tables(GROVE_ADAM(.rate = 0.05, .average = 0.9), false);
    tables without = make_tables(GROVE_ADAM(.rate = 0.05), false);
    train_tables(&with);
    train_tables(&without);
    ck_assert(compare_tables(&with, &without, "rows.weight") == 0);
    free_tables(&with);
    free_tables(&without);
}
END_TEST

/* ---- mistakes -------------------------------------------------------------------------------- */

static void expect_refused(const grove_optimizer *optimizer, const char *words) {
    tables t = make_tables(optimizer, false);
    const char *message = grove_graph_error(t.graph)->message;
    ck_assert_msg(strstr(message, words), "'%s' says not: %s", message, words);
    free_tables(&t);
}

START_TEST(mistakes_in_words) {
    grove_schedule none = {.kind = GROVE_SCHEDULE_STEP},
                   brief = {GROVE_SCHEDULE_ONE_CYCLE, .steps = 3};
    grove_schedule cold = {GROVE_SCHEDULE_COSINE, .steps = 5, .warm_up = 5};
    grove_schedule high = {GROVE_SCHEDULE_COSINE, .steps = 5, .floor = 2};
    grove_schedule doubly = {GROVE_SCHEDULE_ONE_CYCLE, .steps = 30, .warm_up = 1};
    expect_refused(GROVE_SGD(.schedule = none), "a stair must last at least one update");
    expect_refused(GROVE_SGD(.schedule = brief), "one cycle needs at least one step up");
    expect_refused(GROVE_SGD(.schedule = cold), "a cosine needs more steps than its warm_up");
    expect_refused(GROVE_SGD(.schedule = high), "floor and start must be shares");
    expect_refused(GROVE_SGD(.schedule = doubly), "one-cycle has no warm_up");
    expect_refused(GROVE_RMSPROP(.momentum = 0.9), "would move rows that rest");
    expect_refused(GROVE_SGD(.average = 1), "the decay must be from 0 to below 1");
    expect_refused(GROVE_SGD(.clip_value = -1), "minimize: .clip_value is -1; it must be a finite");
    tables t = make_tables(GROVE_RMSPROP(.momentum = 0.9, .lazy = true), false);
    ck_assert_int_eq(grove_graph_error(t.graph)->status, GROVE_OK);
    ck_assert_int_eq(grove_swap_averages(t.step), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(
        strstr(grove_graph_notice(t.graph)->message, "ask for them with .average"));
    free_tables(&t);
    grove_graph *g = grove_graph_new(NULL);
    ck_assert(!grove_is_valid(grove_rate_state(g, "rate", (double)NAN)));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "a finite number from 0 up"));
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("schedules");
    tcase_add_test(cases, factors);
    tcase_add_test(cases, stairs_far_up);
    tcase_add_test(cases, updates_read_the_schedule);
    tcase_add_test(cases, rates_of_ones_own);
    tcase_add_test(cases, plateau);
    tcase_add_test(cases, rmsprop_in_plain_c);
    tcase_add_test(cases, rowwise_adagrad_in_plain_c);
    tcase_add_test(cases, clipping_by_value);
    tcase_add_test(cases, averages_of_weights);
    tcase_add_test(cases, averages_of_rows_equal_dense);
    tcase_add_test(cases, averages_change_nothing);
    tcase_add_test(cases, mistakes_in_words);
    Suite *suite = suite_create("schedules");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
