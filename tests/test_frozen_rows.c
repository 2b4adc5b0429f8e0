/* SPDX-License-Identifier: MIT
 *
 * Frozen rows stay as they are, bit by bit, whatever trains beside them; the other rows do not
 * notice.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 9, WIDTH = 5, IDS = 6, STEPS = 60 };

static const grove_id frozen[] = {0, 4, 8};

static bool is_frozen(int row) {
    return row == 0 || row == 4 || row == 8;
}

#define COSINE                                                                                     \
    { GROVE_SCHEDULE_COSINE, .steps = STEPS + 5, .warm_up = 5 }

/* With decay asked for, which would move even rows without a gradient. */
static const grove_optimizer optimizers[] = {
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1, .decay = 0.1},
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9, .decay = 0.1},
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9, .nesterov = true, .decay = 0.1},
    {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_ADAMW, .rate = 0.1, .decay = 0.1},
    {.kind = GROVE_OPTIMIZER_ADAMW, .rate = 0.1, .decay = 0.1, .lazy = true},
    {.kind = GROVE_OPTIMIZER_ADAMW, .rate = 0.1, .decay = 0.1, .average = 0.9},
    {.kind = GROVE_OPTIMIZER_ADAGRAD, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_ROWWISE_ADAGRAD, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.1, .momentum = 0.9, .lazy = true},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.1, .centered = true, .epsilon = 0.01},
    /* Where the rate changes, every row has its turn to be caught up. */
    {.kind = GROVE_OPTIMIZER_ADAMW, .rate = 0.1, .decay = 0.1, .schedule = COSINE},
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9, .decay = 0.1, .schedule = COSINE},
};
enum { OPTIMIZERS = sizeof optimizers / sizeof optimizers[0] };

typedef struct model {
    grove_graph *graph;
    grove_tensor ids, table, loss, step;
} model;

/* loss = sum(table[ids] * r): linear, so that no row's gradient depends on another row. A dense
 * model adds the sum of the whole table. */
static model make(const grove_optimizer *optimizer, bool dense, bool freeze) {
    model m = {.graph = grove_graph_new(&(grove_graph_options){.seed = 3})};
    m.ids = grove_input_ids(m.graph, "ids", IDS);
    grove_tensor y = grove_nn_embedding(m.ids, ROWS, WIDTH, "rows");
    m.table = grove_find(m.graph, "rows.weight");
    grove_tensor r = grove_parameter(m.graph, "r", GROVE_SHAPE(IDS, WIDTH),
                                     (grove_init){GROVE_INIT_NORMAL, .b = 1});
    grove_parameter_set(r, &(grove_parameter_options){.frozen = true});
    m.loss = grove_sum(grove_mul(y, r), GROVE_ALL_AXES);
    if (dense) {
        m.loss = grove_add(m.loss, grove_sum(m.table, GROVE_ALL_AXES));
    }
    bool decays = optimizer->decay > 0;
    grove_parameter_set(
        m.table, &(grove_parameter_options){.decay = decays ? GROVE_DECAY_ON : GROVE_DECAY_OFF});
    if (freeze) {
        ck_assert_int_eq(grove_freeze_rows(m.table, frozen, 3), GROVE_OK);
    }
    m.step = grove_minimize(m.loss, optimizer);
    ck_assert_msg(grove_graph_error(m.graph)->status == GROVE_OK, "%s",
                  grove_graph_error(m.graph)->message);
    return m;
}

static void train(const model *m, int steps) {
    grove_plan *plan =
        grove_plan_new(m->graph, &m->step, 1, &(grove_plan_options){.training = true});
    grove_id ids[IDS];
    grove_bind(plan, m->ids, ids);
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < IDS; i++) {
            ids[i] = (grove_id)((i * i + step / 5 * (i % 3)) % ROWS); /* rows rest for a while */
        }
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
    ck_assert_int_eq(grove_settle(m->step), GROVE_OK);
}

static void compare(const grove_real *begin, const grove_real *free_, const grove_real *after) {
    for (int row = 0; row < ROWS; row++) {
        const size_t size = WIDTH * sizeof(grove_real);
        const grove_real *wanted = is_frozen(row) ? begin : free_;
        ck_assert_msg(memcmp(wanted + row * WIDTH, after + row * WIDTH, size) == 0,
                      "row %d is not what it should be", row);
        ck_assert_msg(memcmp(begin + row * WIDTH, free_ + row * WIDTH, size) != 0,
                      "row %d does not move without being frozen either", row);
    }
}

static void check_optimizer(const grove_optimizer *optimizer, bool dense) {
    model with = make(optimizer, dense, true), without = make(optimizer, dense, false);
    grove_real begin[ROWS * WIDTH];
    memcpy(begin, grove_parameter_data(with.table), sizeof begin);
    train(&with, STEPS);
    train(&without, STEPS);
    compare(begin, grove_parameter_data(without.table), grove_parameter_data(with.table));
    if (optimizer->average > 0) {
        ck_assert_int_eq(grove_swap_averages(with.step), GROVE_OK);
        ck_assert_int_eq(grove_swap_averages(without.step), GROVE_OK);
        compare(begin, grove_parameter_data(without.table), grove_parameter_data(with.table));
    }
    grove_graph_free(with.graph);
    grove_graph_free(without.graph);
}

START_TEST(by_rows) {
    check_optimizer(&optimizers[_i], false);
}
END_TEST

/* The dense update of the other rows becomes one by rows: the same within rounding, and the frozen
 * ones bit by bit. */
START_TEST(dense) {
    const double tolerance = sizeof(grove_real) == sizeof(float) ? 2e-5 : 1e-12;
    model with = make(&optimizers[_i], true, true), without = make(&optimizers[_i], true, false);
    grove_real begin[ROWS * WIDTH];
    const grove_real *a = grove_parameter_data(with.table),
                     *b = grove_parameter_data(without.table);
    memcpy(begin, a, sizeof begin);
    train(&with, STEPS);
    train(&without, STEPS);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        if (is_frozen(i / WIDTH)) {
            ck_assert_mem_eq(&a[i], &begin[i], sizeof *a);
        } else {
            ck_assert_double_eq_tol((double)a[i], (double)b[i],
                                    tolerance * fmax(1, fabs((double)b[i])));
        }
    }
    grove_graph_free(with.graph);
    grove_graph_free(without.graph);
}
END_TEST

/* Of a table that is frozen whole nothing moves and nothing is kept: no moments, no clock, no
 * average. What else the loss depends on is trained on. */
START_TEST(a_whole_table) {
    for (int dense = 0; dense < 2; dense++) {
        grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
        grove_tensor ids = grove_input_ids(g, "ids", 3);
        grove_tensor y = grove_nn_dense(grove_nn_embedding(ids, ROWS, WIDTH, "rows"), 2, "out");
        grove_tensor table = grove_find(g, "rows.weight"), weight = grove_find(g, "out.weight");
        grove_parameter_set(table,
                            &(grove_parameter_options){.frozen = true, .decay = GROVE_DECAY_ON});
        grove_tensor loss = grove_mean(grove_mul(y, y), GROVE_ALL_AXES);
        loss = dense ? grove_add(loss, grove_sum(table, GROVE_ALL_AXES)) : loss;
        grove_tensor step = grove_minimize(loss, &optimizers[_i]);
        grove_real before[ROWS * WIDTH], other[2 * WIDTH];
        memcpy(before, grove_parameter_data(table), sizeof before);
        memcpy(other, grove_parameter_data(weight), sizeof other);
        grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
        grove_bind(plan, ids, (const grove_id[]){4, 0, 4});
        for (int i = 0; i < 3; i++) {
            ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
        }
        ck_assert_int_eq(grove_settle(step), GROVE_OK);
        ck_assert_mem_eq(before, grove_parameter_data(table), sizeof before);
        ck_assert_mem_ne(other, grove_parameter_data(weight), sizeof other);
        for (int32_t i = 0; i < grove_parameter_count(g); i++) {
            const char *name = grove_node_name(grove_parameter_at(g, i));
            ck_assert_msg(strncmp(name, "rows.weight.", 12) != 0, "it has a '%s'", name);
        }
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* A gradient of NaN or infinity, times zero, would be NaN. */
START_TEST(a_broken_gradient_does_not_reach_them) {
    for (int dense = 0; dense < 2; dense++) {
        model m = make(&optimizers[3], dense, true);
        grove_real begin[ROWS * WIDTH];
        grove_real *r = grove_parameter_data(grove_find(m.graph, "r"));
        const grove_real *table = grove_parameter_data(m.table);
        memcpy(begin, table, sizeof begin);
        for (int i = 0; i < IDS * WIDTH; i++) {
            r[i] = (grove_real)NAN;
        }
        train(&m, 3);
        for (int i = 0; i < ROWS * WIDTH; i++) {
            ck_assert(!is_frozen(i / WIDTH) || table[i] == begin[i]);
        }
        ck_assert(isnan(table[WIDTH]));
        grove_graph_free(m.graph);
    }
}
END_TEST

/* Only what moves counts in the length that gradients are clipped to: here the length 1, though
 * with the frozen row's 1000 it would be far more. */
START_TEST(they_do_not_count_in_clipping) {
    for (int dense = 0; dense < 2; dense++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor ids = grove_input_ids(g, "ids", 2);
        grove_tensor y = grove_nn_embedding(ids, 2, 1, "rows");
        grove_tensor table = grove_find(g, "rows.weight");
        grove_tensor r = grove_constant(g, "r", GROVE_SHAPE(2, 1), (const grove_real[]){1000, 1});
        grove_tensor loss = grove_sum(grove_mul(y, r), GROVE_ALL_AXES);
        if (dense) {
            loss = grove_add(loss, grove_scale(grove_sum(table, GROVE_ALL_AXES), 0));
        }
        grove_real *w = grove_parameter_data(table);
        w[0] = w[1] = 5;
        grove_freeze_rows(table, (const grove_id[]){0}, 1);
        grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1, .clip_norm = 2));
        grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
        grove_bind(plan, ids, (const grove_id[]){0, 1});
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
        ck_assert(w[0] == 5 && w[1] == 4);
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(all_rows_or_none_may_be_frozen) {
    for (int dense = 0; dense < 2; dense++) {
        model m = make(&optimizers[4], dense, false);
        grove_graph_free(m.graph);
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor ids = grove_input_ids(g, "ids", 2);
        grove_tensor y = grove_nn_embedding(ids, 3, 2, "rows");
        grove_tensor table = grove_find(g, "rows.weight"), loss = grove_sum(y, GROVE_ALL_AXES);
        loss = dense ? grove_add(loss, grove_sum(table, GROVE_ALL_AXES)) : loss;
        grove_real before[6];
        memcpy(before, grove_parameter_data(table), sizeof before);
        ck_assert_int_eq(grove_freeze_rows(table, NULL, 0), GROVE_OK);
        ck_assert_uint_eq(grove_frozen_rows(table), 0);
        ck_assert_int_eq(grove_freeze_rows(table, (const grove_id[]){2, 1, 2}, 3), GROVE_OK);
        ck_assert_uint_eq(grove_frozen_rows(table), 2);
        ck_assert_int_eq(grove_freeze_rows(table, (const grove_id[]){0}, 1), GROVE_OK);
        ck_assert_uint_eq(grove_frozen_rows(table), 3);
        grove_tensor step = grove_minimize(loss, &optimizers[4]);
        grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
        grove_bind(plan, ids, (const grove_id[]){0, 1});
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
        ck_assert_mem_eq(before, grove_parameter_data(table), sizeof before);
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(what_cannot_be_frozen) {
    const grove_id bad[] = {-1, 5, GROVE_NOBODY};
    for (int i = 0; i < 3; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(5, 2), (grove_init){0});
        const grove_id rows[] = {1, bad[i]};
        ck_assert_int_eq(grove_freeze_rows(table, rows, 2), GROVE_BAD_ARGUMENT);
        ck_assert_msg(strstr(grove_graph_error(g)->message,
                             "freeze_rows: 't' has the rows from 0 to 4, and no row"),
                      "%s", grove_graph_error(g)->message);
        ck_assert_uint_eq(grove_frozen_rows(table), 0);
        grove_graph_free(g);
    }
    for (int i = 0; i < 2; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor other = i ? grove_state(g, "t", GROVE_REAL, GROVE_SHAPE(5, 2))
                               : grove_parameter(g, "t", GROVE_SHAPE(5), (grove_init){0});
        ck_assert_int_eq(grove_freeze_rows(other, (const grove_id[]){1}, 1), GROVE_BAD_ARGUMENT);
        ck_assert_msg(strstr(grove_graph_error(g)->message, "'t' is no table"), "%s",
                      grove_graph_error(g)->message);
        grove_graph_free(g);
    }
    ck_assert_int_eq(grove_freeze_rows(GROVE_NONE, NULL, 0), GROVE_BAD_ARGUMENT);
    ck_assert_uint_eq(grove_frozen_rows(GROVE_NONE), 0);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("frozen_rows");
    tcase_add_loop_test(cases, by_rows, 0, OPTIMIZERS);
    tcase_add_loop_test(cases, dense, 0, OPTIMIZERS);
    tcase_add_loop_test(cases, a_whole_table, 0, OPTIMIZERS);
    tcase_add_test(cases, a_broken_gradient_does_not_reach_them);
    tcase_add_test(cases, they_do_not_count_in_clipping);
    tcase_add_test(cases, all_rows_or_none_may_be_frozen);
    tcase_add_test(cases, what_cannot_be_frozen);
    Suite *suite = suite_create("frozen_rows");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
