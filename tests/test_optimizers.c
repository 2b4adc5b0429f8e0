/* SPDX-License-Identifier: MIT
 *
 * Optimizers: the row forms against the dense forms, over steps in which rows rest for long; the
 * options of parameters; clipping; what lazy gives up.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/geometric.h"
#include "grove/grove.h"

enum { ROWS = 12, WIDTH = 3, IDS = 4, STEPS = 1600 };
#define RATE_IS_GIVEN 1234.0 /* a rate that stands for: see given_rate */

/* Differences that rounding alone explains after STEPS steps. */
static const double tolerance = sizeof(grove_real) == sizeof(float) ? 2e-5 : 1e-12;

/* Row 0 is met in steps 0, 600 and 1500, row 1 in 0, 30, 700 and 740, rows 2 to 7 often, 8 to 10 at
 * the ends and in between, 11 never. The last place repeats the one before it now and then. */
static void ids_of_step(int step, grove_id ids[IDS]) {
    bool zero = step == 0 || step == 600 || step == 1500;
    bool one = step == 0 || step == 30 || step == 700 || step == 740;
    bool others = step < 5 || (step >= 650 && step < 655) || step > STEPS - 10;
    ids[0] = zero ? 0 : (grove_id)(2 + step % 3);
    ids[1] = one ? 1 : (grove_id)(2 + step % 5);
    ids[2] = others ? (grove_id)(8 + step % 3) : (grove_id)(2 + step % 6);
    ids[3] = step % 4 == 0 ? ids[2] : (grove_id)(2 + step * 7 % 6);
}

/* Rows that a second lookup reads, through which no gradient passes; met so, they rest on. */
static const grove_id watched[] = {0, 1, 9};

/* The table's own, as a share of the optimizer's; 0: that one. */
static double own_rate;

typedef struct model {
    grove_graph *graph;
    grove_tensor ids, target, rate, table, loss, step;
    grove_plan *train, *settle;
} model;

/* Of the table; those beyond ROWS are never met. */
static int table_rows = ROWS;

/* A rate that the caller gives in each step, as an input: it jumps, and is 0 now and then. */
static double given_rate(int step) {
    return 0.002 * (step * 7 % 11) * (step < 800 ? 1 : 0.1);
}

/* loss = mean((table[ids] - target)^2); a dense model adds 0 * sum(table), so that the gradient of
 * the table is an ordinary sum and gets the dense update. */
static model make(const grove_optimizer *optimizer, bool dense, grove_decay decay, bool watch) {
    model m = {.graph = grove_graph_new(&(grove_graph_options){.seed = 5})};
    grove_optimizer wish = *optimizer;
    m.rate = grove_input_reals(m.graph, "rate", 1);
    if (wish.rate == RATE_IS_GIVEN) {
        wish.rate = 0;
        wish.rate_node = grove_sum(m.rate, GROVE_ALL_AXES);
    }
    m.ids = grove_input_ids(m.graph, "ids", IDS);
    m.target = grove_input_reals(m.graph, "target", IDS, WIDTH);
    grove_tensor looked_up = grove_nn_embedding(m.ids, table_rows, WIDTH, "rows");
    m.table = grove_find(m.graph, "rows.weight");
    grove_parameter_set(m.table, &(grove_parameter_options){.decay = decay, .rate = own_rate});
    m.loss = grove_mean_squared_error(looked_up, m.target);
    if (watch) {
        grove_tensor ids = grove_state(m.graph, "watched", GROVE_ID, GROVE_SHAPE(3));
        memcpy(grove_parameter_data(ids), watched, sizeof watched);
        grove_tensor seen = grove_stop_gradient(grove_embedding(m.table, ids));
        m.loss = grove_add(m.loss, grove_sum(grove_mul(seen, seen), GROVE_ALL_AXES));
    }
    if (dense) {
        m.loss = grove_add(m.loss, grove_scale(grove_sum(m.table, GROVE_ALL_AXES), 0));
    }
    m.step = grove_minimize(m.loss, &wish);
    grove_plan_options training = {.training = true};
    grove_tensor settled = grove_settled(m.step);
    m.train = grove_plan_new(m.graph, (grove_tensor[]){m.step, m.loss}, 2, &training);
    m.settle = grove_plan_new(m.graph, &settled, 1, &training);
    ck_assert_msg(grove_plan_error(m.train)->status == GROVE_OK, "%s",
                  grove_plan_error(m.train)->message);
    ck_assert_int_eq(grove_plan_error(m.settle)->status, GROVE_OK);
    return m;
}

static void free_model(model *m) {
    grove_plan_free(m->train);
    grove_plan_free(m->settle);
    grove_graph_free(m->graph);
}

static double train_step(model *m, int step) {
    grove_id ids[IDS];
    grove_real target[IDS * WIDTH];
    ids_of_step(step, ids);
    for (int i = 0; i < IDS * WIDTH; i++) {
        target[i] = (grove_real)sin(0.7 * (double)ids[i / WIDTH] + 1.3 * i + 0.01 * step);
    }
    grove_bind(m->train, m->ids, ids);
    grove_bind(m->train, m->target, target);
    grove_real rate = (grove_real)given_rate(step);
    grove_bind(m->train, m->rate, &rate);
    ck_assert_msg(grove_run(m->train) == GROVE_OK, "%s", grove_plan_error(m->train)->message);
    return grove_scalar(m->train, m->loss);
}

static double largest_difference(const model *a, const model *b) {
    const grove_real *x = grove_parameter_data(a->table), *y = grove_parameter_data(b->table);
    double most = 0;
    for (int i = 0; i < table_rows * WIDTH; i++) {
        double difference = fabs((double)x[i] - (double)y[i]);
        most = difference > most || isnan(difference) ? difference : most;
    }
    return most;
}

/* Trains both forms; returns the largest difference of the losses on the way (which the forward
 * pass sees) and, settled, of the tables at the end. */
static double compare(const grove_optimizer *optimizer, grove_decay decay, bool watch) {
    model rows = make(optimizer, false, decay, watch), dense = make(optimizer, true, decay, watch);
    double most = 0;
    for (int step = 0; step < STEPS; step++) {
        double difference = fabs(train_step(&rows, step) - train_step(&dense, step));
        most = difference > most || isnan(difference) ? difference : most;
    }
    ck_assert_int_eq(grove_run(rows.settle), GROVE_OK);
    ck_assert_int_eq(grove_run(dense.settle), GROVE_OK);
    double tables = largest_difference(&rows, &dense);
    free_model(&rows);
    free_model(&dense);
    return most > tables || isnan(most) ? most : tables;
}

static void check_equal(const grove_optimizer *optimizer, grove_decay decay) {
    for (int watch = 0; watch < 2; watch++) {
        double difference = compare(optimizer, decay, watch);
        ck_assert_msg(difference <= tolerance, "rows and dense differ by %g", difference);
    }
}

START_TEST(rows_of_sgd_equal_dense) {
    check_equal(GROVE_SGD(.rate = 0.1), GROVE_DECAY_BY_RULE);
}
END_TEST

START_TEST(rows_of_momentum_equal_dense) {
    check_equal(GROVE_SGD(.rate = 0.05, .momentum = 0.9), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_SGD(.rate = 0.05, .momentum = 0.9, .nesterov = true), GROVE_DECAY_BY_RULE);
}
END_TEST

START_TEST(rows_of_decaying_sgd_equal_dense) {
    check_equal(GROVE_SGD(.rate = 0.05, .decay = 0.02), GROVE_DECAY_ON);
    check_equal(GROVE_SGD(.rate = 0.05, .decay = 0.02, .momentum = 0.9), GROVE_DECAY_ON);
    check_equal(GROVE_SGD(.rate = 0.05, .decay = 0.02, .momentum = 0.8, .nesterov = true),
                GROVE_DECAY_ON);
}
END_TEST

START_TEST(rows_of_adam_equal_dense) {
    check_equal(GROVE_ADAM(.rate = 0.01), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_ADAM(.rate = 0.01, .beta1 = 0.5, .beta2 = 0.9), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_ADAM(.rate = 0.01, .beta1 = 0.8, .beta2 = 0.9999), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_ADAM(.rate = 0.01, .beta1 = 0.95, .beta2 = 0.9), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_ADAM(.rate = 0.01, .epsilon = 0.1), GROVE_DECAY_BY_RULE);
}
END_TEST

START_TEST(rows_of_adamw_equal_dense) {
    check_equal(GROVE_ADAMW(.rate = 0.01, .decay = 0.1), GROVE_DECAY_ON);
}
END_TEST

START_TEST(rows_of_adagrad_equal_dense) {
    check_equal(GROVE_ADAGRAD(.rate = 0.1), GROVE_DECAY_BY_RULE);
}
END_TEST

START_TEST(rows_of_rowwise_adagrad_equal_dense) {
    check_equal(GROVE_ROWWISE_ADAGRAD(.rate = 0.1), GROVE_DECAY_BY_RULE);
}
END_TEST

/* What a row of rmsprop missed does not depend on the rate, so the rate may change. */
START_TEST(rows_of_rmsprop_equal_dense) {
    grove_schedule cosine = {GROVE_SCHEDULE_COSINE, .steps = STEPS, .warm_up = 20};
    check_equal(GROVE_RMSPROP(.rate = 0.005), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_RMSPROP(.rate = 0.005, .alpha = 0.9, .epsilon = 1e-3), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_RMSPROP(.rate = 0.005, .centered = true, .epsilon = 0.01),
                GROVE_DECAY_BY_RULE);
    check_equal(GROVE_RMSPROP(.rate = 0.005, .schedule = cosine), GROVE_DECAY_BY_RULE);
}
END_TEST

/* Each missed update is done at its own rate. Of a small table each row has its turn every twelve
 * updates; of one with 500 rows, 500 rates are remembered, and rows rest that long. */
static void check_changing(const grove_optimizer *optimizer, grove_decay decay) {
    const grove_schedule schedules[] = {
        {GROVE_SCHEDULE_CONSTANT, .warm_up = 700},
        {GROVE_SCHEDULE_STEP, .every = 90, .gamma = 0.5},
        {GROVE_SCHEDULE_COSINE, .steps = STEPS, .warm_up = 50},
        {GROVE_SCHEDULE_ONE_CYCLE, .steps = STEPS - 100},
    };
    grove_optimizer wish = *optimizer;
    for (table_rows = ROWS; table_rows <= 500; table_rows += 500 - ROWS) {
        for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
            wish.rate = optimizer->rate;
            wish.schedule = schedules[i];
            check_equal(&wish, decay);
        }
        wish.rate = RATE_IS_GIVEN;
        wish.schedule = (grove_schedule){.kind = GROVE_SCHEDULE_CONSTANT};
        check_equal(&wish, decay);
    }
    table_rows = ROWS;
}

START_TEST(rows_of_adam_equal_dense_at_changing_rates) {
    check_changing(GROVE_ADAM(.rate = 0.01), GROVE_DECAY_BY_RULE);
    check_changing(GROVE_ADAM(.rate = 0.01, .beta1 = 0.5, .beta2 = 0.9), GROVE_DECAY_BY_RULE);
    check_changing(GROVE_ADAM(.rate = 0.01, .beta1 = 0.95, .beta2 = 0.9999), GROVE_DECAY_BY_RULE);
    check_changing(GROVE_ADAM(.rate = 0.01, .epsilon = 0.1), GROVE_DECAY_BY_RULE);
    /* These go by the polynomial from update 800 on; the others in double from 4,000 on only. */
    check_changing(GROVE_ADAM(.rate = 0.01, .beta1 = 0.5, .beta2 = 0.9999), GROVE_DECAY_BY_RULE);
    check_changing(GROVE_ADAMW(.rate = 0.01, .beta1 = 0.5, .beta2 = 0.9999, .decay = 0.1),
                   GROVE_DECAY_ON);
    check_changing(GROVE_ADAMW(.rate = 0.01, .decay = 0.1), GROVE_DECAY_ON);
}
END_TEST

START_TEST(rows_of_sgd_equal_dense_at_changing_rates) {
    check_changing(GROVE_SGD(.rate = 0.05, .momentum = 0.9), GROVE_DECAY_BY_RULE);
    check_changing(GROVE_SGD(.rate = 0.05, .decay = 0.02), GROVE_DECAY_ON);
    check_changing(GROVE_SGD(.rate = 0.05, .decay = 0.02, .momentum = 0.8, .nesterov = true),
                   GROVE_DECAY_ON);
}
END_TEST

/* A rate of the table's own, also for the updates that a row missed: rows and dense agree, and both
 * are what an optimizer of that rate would have done to the table. */
static void check_own_rate(const grove_optimizer *optimizer, grove_decay decay) {
    grove_optimizer fast = *optimizer;
    fast.rate *= 4;
    own_rate = 4;
    check_equal(optimizer, decay);
    model own = make(optimizer, false, decay, false);
    own_rate = 0;
    model all = make(&fast, false, decay, false), slow = make(optimizer, false, decay, false);
    for (int step = 0; step < STEPS; step++) {
        train_step(&own, step);
        train_step(&all, step);
        train_step(&slow, step);
    }
    ck_assert(grove_run(own.settle) == GROVE_OK && grove_run(all.settle) == GROVE_OK);
    double difference = largest_difference(&own, &all);
    ck_assert_msg(difference <= tolerance, "its own rate differs from that rate by %g", difference);
    ck_assert(largest_difference(&own, &slow) > 1e-3);
    free_model(&own);
    free_model(&all);
    free_model(&slow);
}

START_TEST(rows_with_a_rate_of_their_own) {
    grove_schedule cosine = {GROVE_SCHEDULE_COSINE, .steps = STEPS, .warm_up = 20};
    check_own_rate(GROVE_SGD(.rate = 0.02), GROVE_DECAY_BY_RULE);
    check_own_rate(GROVE_SGD(.rate = 0.01, .decay = 0.02, .momentum = 0.9), GROVE_DECAY_ON);
    check_own_rate(GROVE_SGD(.rate = 0.01, .momentum = 0.9, .schedule = cosine),
                   GROVE_DECAY_BY_RULE);
    check_own_rate(GROVE_ADAM(.rate = 0.002), GROVE_DECAY_BY_RULE);
    check_own_rate(GROVE_ADAMW(.rate = 0.002, .decay = 0.1, .schedule = cosine), GROVE_DECAY_ON);
    check_own_rate(GROVE_ADAGRAD(.rate = 0.02), GROVE_DECAY_BY_RULE);
    check_own_rate(GROVE_ROWWISE_ADAGRAD(.rate = 0.02), GROVE_DECAY_BY_RULE);
    check_own_rate(GROVE_RMSPROP(.rate = 0.001), GROVE_DECAY_BY_RULE);
}
END_TEST

START_TEST(clipped_rows_equal_dense) {
    check_equal(GROVE_SGD(.rate = 0.1, .clip_norm = 0.05), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_ADAM(.rate = 0.01, .clip_norm = 0.05), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_SGD(.rate = 0.1, .clip_value = 0.05), GROVE_DECAY_BY_RULE);
    check_equal(GROVE_ADAM(.rate = 0.01, .clip_value = 0.05, .clip_norm = 0.06),
                GROVE_DECAY_BY_RULE);
}
END_TEST

/* The difference that the header states: without catching up, rare rows move less. */
START_TEST(lazy_is_not_dense) {
    ck_assert(compare(GROVE_ADAM(.rate = 0.01, .lazy = true), GROVE_DECAY_BY_RULE, false) > 1e-3);
    ck_assert(compare(GROVE_SGD(.rate = 0.05, .momentum = 0.9, .lazy = true), GROVE_DECAY_BY_RULE,
                      false) > 1e-3);
}
END_TEST

/* Neither do resting rows move before they are met or settled. */
START_TEST(untouched_rows_stay_bitwise) {
    model m = make(GROVE_ADAM(.rate = 0.1), false, GROVE_DECAY_BY_RULE, false);
    grove_real before[ROWS * WIDTH];
    const grove_real *table = grove_parameter_data(m.table);
    memcpy(before, table, sizeof before);
    grove_id ids[IDS];
    ids_of_step(7, ids);
    train_step(&m, 7);
    for (grove_id row = 0; row < ROWS; row++) {
        bool met = row == ids[0] || row == ids[1] || row == ids[2] || row == ids[3];
        bool same = memcmp(before + row * WIDTH, table + row * WIDTH, WIDTH * sizeof *table) == 0;
        ck_assert_int_eq(same, !met);
    }
    free_model(&m);
}
END_TEST

/* Adam in plain C, in double, as the paper has it: three steps on two numbers. */
START_TEST(adam_as_the_paper_has_it) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor w =
        grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){GROVE_INIT_CONSTANT, .a = 1});
    grove_tensor c = grove_constant(g, "c", GROVE_SHAPE(2), (const grove_real[]){3, -0.5});
    grove_tensor loss = grove_sum(grove_mul(grove_mul(w, w), c), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.1));
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    double p[2] = {1, 1}, m[2] = {0}, v[2] = {0}, factor[2] = {3, -0.5};
    for (int t = 1; t <= 3; t++) {
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        for (int i = 0; i < 2; i++) {
            double gradient = 2 * factor[i] * p[i];
            m[i] = 0.9 * m[i] + 0.1 * gradient;
            v[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
            p[i] -= 0.1 * (m[i] / (1 - pow(0.9, t))) / (sqrt(v[i] / (1 - pow(0.999, t))) + 1e-8);
            double now = (double)((grove_real *)grove_parameter_data(w))[i];
            ck_assert_double_eq_tol(now, p[i], 1e-6);
        }
    }
    ck_assert_int_eq(*(grove_id *)grove_parameter_data(grove_find(g, "optimizer.step")), 3);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* frozen, own rate, decay by rule: after one step of sgd on sum(a + b + c + bias). */
START_TEST(options_of_parameters) {
    grove_graph *g = grove_graph_new(NULL);
    grove_init one = {GROVE_INIT_CONSTANT, .a = 1};
    const char *names[] = {"frozen", "fast", "plain", "bias", "decaying_bias"};
    grove_tensor p[5], loss = GROVE_NONE;
    for (int i = 0; i < 5; i++) {
        p[i] = grove_parameter(g, names[i], i < 3 ? GROVE_SHAPE(1, 1) : GROVE_SHAPE(1), one);
        grove_tensor sum = grove_sum(p[i], GROVE_ALL_AXES);
        loss = i ? grove_add(loss, sum) : sum;
    }
    grove_parameter_set(p[0], &(grove_parameter_options){.frozen = true});
    grove_parameter_set(p[1], &(grove_parameter_options){.rate = 3, .decay = GROVE_DECAY_OFF});
    grove_parameter_set(p[4], &(grove_parameter_options){.decay = GROVE_DECAY_ON});
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 0.125, .decay = 0.5));
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const double expected[] = {1, 1 - 0.375, 1 - 0.125 * 1.5, 1 - 0.125, 1 - 0.125 * 1.5};
    for (int i = 0; i < 5; i++) {
        ck_assert_double_eq_tol((double)*(grove_real *)grove_parameter_data(p[i]), expected[i],
                                1e-7);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Gradients (3, 4) in a dense weight and, by a repeated id, 12 in a table: length 13. */
START_TEST(clipping_by_the_norm_of_all) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 2);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
    grove_tensor c = grove_constant(g, "c", GROVE_SHAPE(2), (const grove_real[]){3, 4});
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(5, 1), (grove_init){0});
    grove_tensor loss =
        grove_add(grove_sum(grove_mul(w, c), GROVE_ALL_AXES),
                  grove_scale(grove_sum(grove_embedding(table, ids), GROVE_ALL_AXES), 6));
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1, .clip_norm = 6.5));
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    grove_bind(plan, ids, (const grove_id[]){4, 4});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const grove_real *dense = grove_parameter_data(w), *rows = grove_parameter_data(table);
    ck_assert_double_eq_tol((double)dense[0], -1.5, 1e-6);
    ck_assert_double_eq_tol((double)dense[1], -2, 1e-6);
    ck_assert_double_eq_tol((double)rows[4], -6, 1e-6);
    ck_assert(rows[0] == 0);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* The rule behind catching up: exact for powers of j, and for what varies slowly. */
START_TEST(geometric_sums) {
    const double ratios[] = {0.5, 0.9, 0.99};
    for (int i = 0; i < 3; i++) {
        grove_geometric rule = grove_geometric_rule(ratios[i]);
        for (int degree = 0; degree <= 16; degree++) { /* the last one is no power: 1 / (1 + ...) */
            double sum = 0, by_rule = 0;
            for (int j = (int)(800 / (1 - ratios[i])); j >= 1; j--) {
                double f =
                    degree < 16 ? pow(j, degree) : 1 / (1 + exp(-0.01 * (1 - ratios[i]) * j));
                sum += pow(ratios[i], j) * f;
            }
            for (int n = 0; n < GROVE_NODES; n++) {
                double x = rule.node[n];
                double f =
                    degree < 16 ? pow(x, degree) : 1 / (1 + exp(-0.01 * (1 - ratios[i]) * x));
                by_rule += rule.weight[n] * f;
            }
            ck_assert_double_eq_tol(by_rule / sum, 1, 1e-12);
        }
    }
}
END_TEST

/* Both optimizers see the parameter before either writes: 3 - 5 (of 5 w) - 2 * 3 (of w^2). */
START_TEST(two_optimizers_in_one_plan) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor w =
        grove_parameter(g, "w", GROVE_SCALAR, (grove_init){GROVE_INIT_CONSTANT, .a = 3});
    grove_tensor steps[2], after;
    steps[0] = grove_minimize(grove_scale(w, 5), GROVE_SGD(.rate = 1));
    steps[1] = grove_minimize(grove_mul(w, w), GROVE_SGD(.rate = 1));
    after = grove_scale(w, 1); /* built after them, and read before them */
    grove_tensor outputs[] = {steps[0], steps[1], after};
    grove_plan *plan = grove_plan_new(g, outputs, 3, &(grove_plan_options){.training = true});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    ck_assert_double_eq(grove_scalar(plan, after), 3);
    ck_assert_double_eq(grove_scalar(plan, w), 3 - 5 - 6);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Only one table's update meets the bad id (no lookup is in the plan): neither table is changed,
 * whichever of them is updated first. */
START_TEST(all_updates_or_none) {
    for (int bad = 0; bad < 2; bad++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor a = grove_input_ids(g, "a", 1), b = grove_input_ids(g, "b", 1);
        grove_tensor first = grove_nn_embedding(a, 4, 1, "first");
        grove_tensor second = grove_nn_embedding(b, 4, 1, "second");
        grove_tensor loss = grove_sum(grove_add(first, second), GROVE_ALL_AXES);
        grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1));
        grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
        const grove_tensor good_table = grove_find(g, bad == 0 ? "second.weight" : "first.weight");
        grove_real before[4];
        memcpy(before, grove_parameter_data(good_table), sizeof before);
        grove_bind(plan, a, (const grove_id[]){bad == 0 ? 9 : 2});
        grove_bind(plan, b, (const grove_id[]){bad == 1 ? 9 : 2});
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        ck_assert_ptr_nonnull(
            strstr(grove_plan_error(plan)->message, bad == 0 ? "'a' is 9" : "'b' is 9"));
        ck_assert_mem_eq(before, grove_parameter_data(good_table), sizeof before);
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(a_tied_table_does_not_decay_by_rule) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 1);
    grove_tensor rows = grove_nn_embedding(ids, 3, 1, "t"), table = grove_find(g, "t.weight");
    grove_tensor loss =
        grove_sum(grove_scale(grove_matmul(rows, table, false, true), 0), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_ADAMW(.rate = 0.1, .decay = 0.5));
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    grove_real before[3];
    memcpy(before, grove_parameter_data(table), sizeof before);
    grove_bind(plan, ids, (const grove_id[]){1});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_mem_eq(before, grove_parameter_data(table), sizeof before);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

static grove_tensor embed(grove_tensor ids) {
    return grove_nn_embedding(ids, 8, 1, "t");
}
static grove_tensor embed_a_bag(grove_tensor ids) {
    return grove_nn_embedding_bag(ids, 8, 1, "t", NULL);
}
static grove_tensor embed_by_hash(grove_tensor ids) {
    return grove_nn_hashed_embedding(ids, 8, 1, "t", NULL);
}
static grove_tensor embed_by_parts(grove_tensor ids) {
    return grove_nn_quotient_remainder_embedding(ids, 8, 2, 1, "t", NULL);
}

/* Tables of every layer that looks up: one step of AdamW moves a row that it meets by the rate, and
 * decay would move it, or one that it does not meet, by more. */
START_TEST(tables_do_not_decay_by_rule) {
    grove_tensor (*const layers[])(grove_tensor ids) = {embed, embed_a_bag, embed_by_hash,
                                                        embed_by_parts};
    static const char *const tables[] = {"t.weight", "t.weight", "t.weight", "t.quotient"};
    for (int i = 0; i < 4; i++) {
        grove_real after[2][8];
        for (int decays = 0; decays < 2; decays++) {
            grove_graph *g = grove_graph_new(NULL);
            grove_tensor ids = grove_input_ids(g, "ids", 1, 2);
            grove_tensor loss = grove_sum(layers[i](ids), GROVE_ALL_AXES);
            double decay = decays ? 0.5 : 1e-300; /* 0 would be the default */
            grove_tensor step = grove_minimize(loss, GROVE_ADAMW(.rate = 0.1, .decay = decay));
            grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
            grove_bind(plan, ids, (const grove_id[]){1, 5});
            ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
            ck_assert_int_eq(grove_settle(step), GROVE_OK);
            grove_tensor table = grove_find(g, tables[i]);
            memcpy(after[decays], grove_parameter_data(table),
                   grove_parameter_size(table) * sizeof **after);
            ck_assert_uint_eq(grove_parameter_size(table), i == 3 ? 4 : 8);
            grove_plan_free(plan);
            grove_graph_free(g);
        }
        ck_assert_msg(memcmp(after[0], after[1], (i == 3 ? 4 : 8) * sizeof **after) == 0,
                      "the table of layer %d decays", i);
    }
}
END_TEST

/* Each field that would do nothing, or that is no size. */
START_TEST(options_that_are_refused) {
    const struct {
        const grove_optimizer *optimizer;
        const char *words;
    } refused[] = {
        {NULL, "minimize: there is no optimizer"},
        {&(grove_optimizer){.kind = (grove_optimizer_kind)9}, "no optimizer of the kind 9"},
        {GROVE_ADAM(.rate = -1), "minimize: .rate is -1; it must be a finite number from 0 up"},
        {GROVE_ADAM(.decay = (double)INFINITY), ".decay is inf; it must be a finite number"},
        {GROVE_ADAM(.clip_value = -2), ".clip_value is -2; it must"},
        {GROVE_ADAM(.clip_norm = -3), ".clip_norm is -3; it must"},
        {GROVE_ADAM(.average = -0.5), ".average is -0.5; it must"},
        {GROVE_ADAM(.momentum = 0.9),
         "minimize: .momentum belongs to sgd and rmsprop; adam does nothing with it"},
        {GROVE_RMSPROP(.nesterov = true), ".nesterov belongs to sgd; rmsprop does nothing"},
        {GROVE_SGD(.beta1 = 0.9), ".beta1 belongs to adam and adamw; sgd does nothing"},
        {GROVE_ADAGRAD(.beta2 = 0.9), ".beta2 belongs to adam and adamw; adagrad does nothing"},
        {GROVE_ADAMW(.alpha = 0.9), ".alpha belongs to rmsprop; adamw does nothing"},
        {GROVE_ROWWISE_ADAGRAD(.centered = true),
         ".centered belongs to rmsprop; rowwise_adagrad does nothing"},
        {GROVE_SGD(.epsilon = 1e-3), ".epsilon belongs to all optimizers but sgd; sgd does"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
        grove_tensor step = grove_minimize(grove_sum(w, GROVE_ALL_AXES), refused[i].optimizer);
        ck_assert(!grove_is_valid(step));
        ck_assert_msg(strstr(grove_graph_error(g)->message, refused[i].words), "%s: %s",
                      refused[i].words, grove_graph_error(g)->message);
        grove_graph_free(g);
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
    grove_tensor rate = grove_fill(g, GROVE_SCALAR, 0.1);
    grove_minimize(grove_sum(w, GROVE_ALL_AXES), GROVE_SGD(.rate = 0.5, .rate_node = rate));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message,
                                 "minimize: .rate is 0.5 beside a .rate_node, which takes its"));
    grove_graph_free(g);
}
END_TEST

/* What stands between the loss and every parameter, by its name and with its reason. */
START_TEST(what_lets_no_gradient_through) {
    for (int i = 0; i < 4; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor x = grove_input_reals(g, "x", 2);
        grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
        grove_tensor steps = grove_floor(grove_mul(w, x)), still = grove_stop_gradient(x);
        if (i == 1) {
            grove_name(steps, "steps");
        }
        if (i == 3) {
            grove_parameter_set(w, &(grove_parameter_options){.frozen = true});
        }
        /* In the last two nothing is in the way: w is not there, or must not be trained. */
        grove_tensor y = i == 2 ? still : grove_add(steps, still);
        grove_minimize(grove_sum(y, GROVE_ALL_AXES), GROVE_SGD(.rate = 1));
        char words[400] = "minimize: the loss depends on no parameter that may be trained";
        size_t length = strlen(words);
        if (i < 2) {
            snprintf(words + length, sizeof words - length,
                     "; no gradient passes floor (node %d%s) on the way to one: %s",
                     (int)steps.index, i ? ", 'steps'" : "", grove_node_no_gradient(steps));
        }
        ck_assert_str_eq(grove_graph_error(g)->message, words);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(mistakes_in_words) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
    ck_assert(!grove_is_valid(grove_minimize(w, GROVE_ADAM(.rate = 1))));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "the loss must be a scalar"));
    grove_graph_free(g);

    g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 2);
    grove_tensor rows = grove_nn_embedding(ids, 4, 2, "rows");
    grove_parameter_set(grove_find(g, "rows.weight"),
                        &(grove_parameter_options){.decay = GROVE_DECAY_ON});
    grove_minimize(grove_sum(rows, GROVE_ALL_AXES), GROVE_ADAM(.decay = 0.1));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "cannot be caught up"));
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("optimizers");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, rows_of_sgd_equal_dense);
    tcase_add_test(cases, rows_of_momentum_equal_dense);
    tcase_add_test(cases, rows_of_decaying_sgd_equal_dense);
    tcase_add_test(cases, rows_of_adam_equal_dense);
    tcase_add_test(cases, rows_of_adamw_equal_dense);
    tcase_add_test(cases, rows_of_adagrad_equal_dense);
    tcase_add_test(cases, rows_of_rowwise_adagrad_equal_dense);
    tcase_add_test(cases, rows_of_rmsprop_equal_dense);
    tcase_add_test(cases, rows_with_a_rate_of_their_own);
    tcase_add_test(cases, clipped_rows_equal_dense);
    tcase_add_test(cases, lazy_is_not_dense);
    tcase_add_test(cases, untouched_rows_stay_bitwise);
    tcase_add_test(cases, adam_as_the_paper_has_it);
    tcase_add_test(cases, options_of_parameters);
    tcase_add_test(cases, clipping_by_the_norm_of_all);
    tcase_add_test(cases, geometric_sums);
    tcase_add_test(cases, two_optimizers_in_one_plan);
    tcase_add_test(cases, all_updates_or_none);
    tcase_add_test(cases, a_tied_table_does_not_decay_by_rule);
    tcase_add_test(cases, tables_do_not_decay_by_rule);
    tcase_add_test(cases, options_that_are_refused);
    tcase_add_test(cases, what_lets_no_gradient_through);
    tcase_add_test(cases, mistakes_in_words);
    TCase *lengthy = tcase_create("lengthy");
    tcase_set_tags(lengthy, "lengthy");
    tcase_set_timeout(lengthy, 120);
    tcase_add_test(lengthy, rows_of_adam_equal_dense_at_changing_rates);
    tcase_add_test(lengthy, rows_of_sgd_equal_dense_at_changing_rates);
    Suite *suite = suite_create("optimizers");
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, lengthy);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
