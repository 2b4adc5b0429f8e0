/* SPDX-License-Identifier: MIT
 *
 * The unknown row of a table: how often it is trained, by whom, and that nothing else changes; rare
 * categories that go there; what is told of ids that no row has.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/embeddings.h"
#include "grove/model_file.h"
#include "grove/nn.h"
#include "grove/plan.h"

enum { ROWS = 20, WIDTH = 3, BATCH = 500, RUNS = 40, UNKNOWN = 7 };
static const double share = 0.1;

/* loss = sum(y): the gradient of a row is how often it is looked up. */
typedef struct scene {
    grove_graph *graph;
    grove_tensor ids, y, table, loss, gradient;
    grove_id data[BATCH];
} scene;

static scene make(double unknown_share, uint64_t seed) {
    scene s = {.graph = grove_graph_new(&(grove_graph_options){.seed = seed})};
    s.ids = grove_input_ids(s.graph, "ids", GROVE_BATCH);
    s.y = grove_nn_embedding_with(
        s.ids, ROWS, WIDTH, "table",
        &(grove_embedding_options){.unknown_share = unknown_share, .unknown_id = UNKNOWN});
    s.table = grove_find(s.graph, "table.weight");
    s.loss = grove_sum(s.y, GROVE_ALL_AXES);
    s.gradient = grove_gradient(s.loss, s.table);
    for (int i = 0; i < BATCH; i++) { /* all rows but the unknown one */
        s.data[i] = (grove_id)(i % (ROWS - 1));
        s.data[i] += s.data[i] >= UNKNOWN;
    }
    ck_assert_msg(grove_graph_error(s.graph)->status == GROVE_OK, "%s",
                  grove_graph_error(s.graph)->message);
    return s;
}

static grove_plan *plan_of(const scene *s, bool training, int threads) {
    grove_tensor outputs[] = {s->y, s->gradient};
    grove_plan_options options = {.batch = BATCH, .training = training, .threads = threads};
    grove_plan *plan = grove_plan_new(s->graph, outputs, 2, &options);
    grove_bind(plan, s->ids, s->data);
    ck_assert_msg(grove_plan_error(plan)->status == GROVE_OK, "%s",
                  grove_plan_error(plan)->message);
    return plan;
}

/* Each looked up row is its id's own, bit by bit, or the unknown one; counts those. Each row's
 * gradient is how often it was looked up. */
static int look(const scene *s, grove_plan *plan) {
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real *y = grove_value(plan, s->y), *d = grove_value(plan, s->gradient);
    const grove_real *table = grove_parameter_data(s->table);
    int seen[ROWS] = {0};
    for (int i = 0; i < BATCH; i++) {
        const grove_real *row = y + i * WIDTH;
        bool own = memcmp(row, table + s->data[i] * WIDTH, WIDTH * sizeof *row) == 0;
        bool unknown = memcmp(row, table + UNKNOWN * WIDTH, WIDTH * sizeof *row) == 0;
        ck_assert(own != unknown);
        seen[own ? s->data[i] : UNKNOWN]++;
    }
    for (int i = 0; i < ROWS * WIDTH; i++) {
        ck_assert(d[i] == (grove_real)seen[i / WIDTH]);
    }
    return seen[UNKNOWN];
}

START_TEST(the_unknown_row_is_trained_by_its_share) {
    scene s = make(share, 1);
    grove_plan *plan = plan_of(&s, true, 1);
    int replaced = 0, first = 0, differ = 0;
    for (int i = 0; i < RUNS; i++) {
        int now = look(&s, plan);
        first = i == 0 ? now : first;
        differ += now != first;
        replaced += now;
    }
    double ids = (double)RUNS * BATCH, got = replaced / ids;
    double wide = 4 * sqrt(share * (1 - share) / ids);
    printf("share %.4f, expected %.4f +- %.4f\n", got, share, wide);
    ck_assert(fabs(got - share) < wide);
    ck_assert_int_gt(differ, 0); /* drawn anew for each run */
    grove_plan_free(plan);
    grove_graph_free(s.graph);
}
END_TEST

START_TEST(outside_training_nobody_is_replaced) {
    scene s = make(0.9, 1);
    grove_plan *plan = plan_of(&s, false, 1);
    ck_assert_int_eq(look(&s, plan), 0);
    grove_plan_free(plan);
    scene none = make(0, 1);
    plan = plan_of(&none, true, 1);
    ck_assert_int_eq(look(&none, plan), 0);
    ck_assert_int_eq(grove_node_input(none.y, 1).index, none.ids.index); /* no node at all */
    grove_plan_free(plan);
    grove_graph_free(none.graph);
    grove_graph_free(s.graph);
}
END_TEST

/* The same seed and run give the same choice on any number of threads; another seed another one. */
START_TEST(the_choice_is_counted) {
    grove_real y[2][BATCH * WIDTH];
    int replaced[3];
    for (int i = 0; i < 3; i++) {
        scene s = make(0.5, i < 2 ? 3 : 4);
        grove_plan *plan = plan_of(&s, true, i == 0 ? 1 : 4);
        grove_set_training_runs(s.graph, 11);
        replaced[i] = look(&s, plan);
        if (i < 2) {
            memcpy(y[i], grove_value(plan, s.y), sizeof y[i]);
        }
        grove_plan_free(plan);
        grove_graph_free(s.graph);
    }
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    ck_assert_int_ne(replaced[0], replaced[2]);
}
END_TEST

/* Training it: the unknown row moves though no id names it; outside of it, never. */
START_TEST(a_step_moves_the_unknown_row) {
    scene s = make(share, 1);
    grove_tensor step = grove_minimize(s.loss, GROVE_ADAM(.rate = 0.1));
    grove_real before[WIDTH];
    const grove_real *row = (grove_real *)grove_parameter_data(s.table) + UNKNOWN * WIDTH;
    memcpy(before, row, sizeof before);
    for (int training = 0; training < 2; training++) {
        grove_plan_options options = {.batch = BATCH, .training = training};
        grove_plan *plan =
            grove_plan_new(s.graph, (grove_tensor[]){s.loss, step}, 1 + training, &options);
        grove_bind(plan, s.ids, s.data);
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
        ck_assert((memcmp(before, row, sizeof before) != 0) == training);
        grove_plan_free(plan);
    }
    grove_graph_free(s.graph);
}
END_TEST

/* ---- rare categories: the lines of the header ------------------------------------------------ */

static char folder[] = "/tmp/grove_unknown_XXXXXX";
static char path[64];

static void expect_rows(const grove_graph *g, grove_tensor y, const grove_id *wanted) {
    grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.batch = 4});
    grove_bind(plan, grove_find(g, "ids"), (const grove_id[]){3, 1, 2, 0});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real *got = grove_value(plan, y);
    const grove_real *table = grove_parameter_data(grove_find(g, "species.weight"));
    for (int i = 0; i < 4; i++) {
        ck_assert_mem_eq(got + i * 2, table + wanted[i] * 2, 2 * sizeof *got);
    }
    grove_plan_free(plan);
}

/* Category 2 is met three times, so it shares the row of what is unknown; in the file as well. */
START_TEST(rare_categories_are_unknown) {
    const int counts[4] = {0, 5, 3, 100};
    const grove_id wanted[4] = {3, 1, 0, 0};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
    grove_id known[4];
    for (grove_id i = 0; i < 4; i++) {
        known[i] = counts[i] >= 5 ? i : 0;
    }
    ids = grove_map_ids(ids, grove_constant_ids(g, "known", GROVE_SHAPE(4), known));
    grove_tensor y = grove_nn_embedding_with(ids, 4, 2, "species",
                                             &(grove_embedding_options){.unknown_share = 0.05});
    expect_rows(g, y, wanted);
    grove_error error;
    grove_model *model;
    ck_assert_msg(grove_save(path, &y, 1, NULL, &error) == GROVE_OK, "%s", error.message);
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    expect_rows(grove_model_graph(model), grove_model_output(model, 0), wanted);
    grove_model_free(model);
    grove_graph_free(g);
}
END_TEST

/* Both teachers in one step: what rare categories get, and a share of the known ones, goes to the
 * unknown row, and a rare category's own row is never touched. */
START_TEST(both_teach_the_unknown_row) {
    enum { KNOWN = 1, RARE = 2 };
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor raw = grove_input_ids(g, "ids", GROVE_BATCH);
    grove_tensor known =
        grove_constant_ids(g, "known", GROVE_SHAPE(3), (const grove_id[]){0, 1, 0});
    grove_tensor y = grove_nn_embedding_with(grove_map_ids(raw, known), 3, 1, "species",
                                             &(grove_embedding_options){.unknown_share = share});
    grove_tensor table = grove_find(g, "species.weight");
    grove_tensor gradient = grove_gradient(grove_sum(y, GROVE_ALL_AXES), table);
    for (int training = 0; training < 2; training++) {
        grove_plan_options options = {.batch = BATCH, .training = training};
        grove_plan *plan = grove_plan_new(g, &gradient, 1, &options);
        grove_id ids[BATCH];
        for (int i = 0; i < BATCH; i++) {
            ids[i] = i % 4 == 0 ? RARE : KNOWN;
        }
        grove_bind(plan, raw, ids);
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
        const grove_real *d = grove_value(plan, gradient);
        ck_assert(d[RARE] == 0 && d[0] + d[KNOWN] == BATCH);
        if (training) {
            ck_assert(d[0] > BATCH / 4 && d[KNOWN] > 0);
        } else {
            ck_assert(d[0] == BATCH / 4);
        }
        grove_plan_free(plan);
    }
    grove_graph_free(g);
}
END_TEST

START_TEST(a_constant_of_ids_needs_ids) {
    grove_graph *g = grove_graph_new(NULL);
    ck_assert(!grove_is_valid(grove_constant_ids(g, "known", GROVE_SHAPE(4), NULL)));
    ck_assert(strstr(grove_graph_error(g)->message, "it has no numbers"));
    grove_graph_free(g);
}
END_TEST

/* ---- what is told of ids that no row has ----------------------------------------------------- */

static void expect_words(const grove_graph *g, grove_tensor y, const grove_id *ids, bool training,
                         const char *words) {
    grove_plan_options options = {.batch = 2, .training = training};
    grove_plan *plan = grove_plan_new(g, &y, 1, &options);
    grove_bind(plan, grove_find(g, "words"), ids);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    ck_assert_msg(strstr(grove_plan_error(plan)->message, words), "%s",
                  grove_plan_error(plan)->message);
    grove_plan_free(plan);
}

/* Several ids in a row: both are named; also when nodes that only hand on stand between, in and
 * outside training, and whether or not chance would have replaced the id. */
START_TEST(row_and_position_are_named) {
    const grove_id bad[6] = {0, 4, 1, 2, 2, 5};
    const char *const words = "row 1, position 2 of 'words' is 5, it must be from 0 to 4";
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "words", GROVE_BATCH, 3);
    grove_tensor plain = grove_nn_embedding(ids, 5, 2, "plain");
    grove_tensor flat = grove_embedding(grove_find(g, "plain.weight"),
                                        grove_reshape(ids, GROVE_SHAPE(3 * GROVE_BATCH)));
    grove_tensor dropped = grove_nn_embedding_with(
        ids, 5, 2, "dropped", &(grove_embedding_options){.unknown_share = 0.999});
    for (int training = 0; training < 2; training++) {
        expect_words(g, plain, bad, training, words);
        expect_words(g, flat, bad, training, words);
        expect_words(g, dropped, bad, training, words);
    }
    grove_tensor mapped =
        grove_map_ids(ids, grove_constant_ids(g, "map", GROVE_SHAPE(2), (const grove_id[]){0, 9}));
    grove_tensor named =
        grove_embedding(grove_find(g, "plain.weight"), grove_name(mapped, "mapped"));
    expect_words(g, named, (const grove_id[]){0, 1, 0, 0, 0, 0}, false,
                 "row 0, position 1 of 'mapped' is 9");
    grove_graph_free(g);
}
END_TEST

START_TEST(an_unknown_row_must_be_there) {
    const char *const words[] = {"the replacement must be one of the rows",
                                 "its probability must be at least 0 and below 1",
                                 "embedding layer 'table': it needs 1 row and 1 column or more"};
    for (int i = 0; i < 3; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
        grove_embedding_options options = {.unknown_share = i == 1 ? 1 : 0.1,
                                           .unknown_id = i == 0 ? 5 : 0};
        grove_tensor y = grove_nn_embedding_with(ids, i == 2 ? 0 : 5, 2, "table", &options);
        ck_assert(!grove_is_valid(y));
        ck_assert_msg(strstr(grove_graph_error(g)->message, words[i]), "%s",
                      grove_graph_error(g)->message);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- in bags --------------------------------------------------------------------------------- */

/* Bags of three places, the last of which is padding: sums of ones, so that a bag is two whatever
 * is replaced; the gradient of the table tells which rows were in them. */
START_TEST(bags_have_an_unknown_row_too) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 4});
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH, 3);
    grove_init one = {GROVE_INIT_CONSTANT, .a = 1};
    grove_tensor y = grove_nn_embedding_bag(
        ids, ROWS, 1, "bag",
        &(grove_nn_embedding_bag_options){.bag = {.padded = true, .padding = -1},
                                          .table_init = &one,
                                          .unknown_share = share,
                                          .unknown_id = UNKNOWN});
    grove_tensor d = grove_gradient(grove_sum(y, GROVE_ALL_AXES), grove_find(g, "bag.weight"));
    static grove_id data[BATCH * 3];
    for (int i = 0; i < BATCH * 3; i++) {
        data[i] = i % 3 == 2 ? -1 : i % 3 ? 11 : 2;
    }
    int replaced = 0;
    for (int training = 1; training >= 0; training--) {
        grove_plan *plan = grove_plan_new(
            g, (grove_tensor[]){y, d}, 2,
            &(grove_plan_options){.batch = BATCH, .training = training, .keep_all = true});
        grove_bind(plan, ids, data);
        for (int run = 0; run < (training ? RUNS : 1); run++) {
            ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
            const grove_real *bags = grove_value(plan, y), *rows = grove_value(plan, d);
            ck_assert(bags[0] == 2 && bags[BATCH - 1] == 2);
            ck_assert(rows[2] + rows[11] + rows[UNKNOWN] == 2 * BATCH);
            ck_assert(training || rows[UNKNOWN] == 0);
            replaced += (int)rows[UNKNOWN];
        }
        grove_plan_free(plan);
    }
    double seen = replaced / (2.0 * BATCH * RUNS);
    double bound = 4 * sqrt(share * (1 - share) / (2.0 * BATCH * RUNS));
    printf("unknown in bags: %.4f, expected %.4f +- %.4f\n", seen, share, bound);
    ck_assert(fabs(seen - share) < bound);
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("unknown row");
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/model", folder);
    tcase_add_test(cases, the_unknown_row_is_trained_by_its_share);
    tcase_add_test(cases, bags_have_an_unknown_row_too);
    tcase_add_test(cases, outside_training_nobody_is_replaced);
    tcase_add_test(cases, the_choice_is_counted);
    tcase_add_test(cases, a_step_moves_the_unknown_row);
    tcase_add_test(cases, rare_categories_are_unknown);
    tcase_add_test(cases, both_teach_the_unknown_row);
    tcase_add_test(cases, a_constant_of_ids_needs_ids);
    tcase_add_test(cases, row_and_position_are_named);
    tcase_add_test(cases, an_unknown_row_must_be_there);
    Suite *suite = suite_create("unknown row");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove(path);
    rmdir(folder);
    return failed != 0;
}
