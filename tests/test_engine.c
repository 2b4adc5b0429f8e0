/* SPDX-License-Identifier: MIT
 *
 * The engine from outside: mistakes that flow and say what is wrong, and one graph for every
 * batch. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grad.h"
#include "grove/ops.h"
#include "grove/plan.h"

#ifdef GROVE_DOUBLE
static const double close_enough = 1e-12;
#else
static const double close_enough = 1e-5;
#endif

static void expect_words(const char *message, const char *words) {
    ck_assert_msg(strstr(message, words) != NULL, "\"%s\" is not in \"%s\"", words, message);
}

static grove_plan *plan_of(grove_tensor output, const grove_plan_options *options) {
    return grove_plan_new(output.graph, &output, 1, options);
}

/* ---- mistakes -------------------------------------------------------------------------------- */

START_TEST(the_first_mistake_is_kept_and_flows) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor a = grove_input_reals(g, "a", GROVE_BATCH, 3), b = grove_input_reals(g, "b", 4);
    grove_tensor wrong = grove_add(a, b);
    ck_assert(!grove_is_valid(wrong));
    const grove_error *error = grove_graph_error(g);
    ck_assert_int_eq(error->status, GROVE_BAD_SHAPE);
    grove_error first = *error;
    const char *words[] = {"add", "node 2", "'a' [batch, 3]", "'b' [4]"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        expect_words(first.message, words[i]);
    }
    ck_assert(!grove_is_valid(grove_tanh(grove_mul(wrong, a))));
    ck_assert(!grove_is_valid(grove_add(a, a))); /* good by itself, but it comes after a mistake */
    ck_assert(!grove_is_valid(grove_gradient(wrong, a)));
    ck_assert_str_eq(grove_graph_error(g)->message, first.message);
    grove_plan *plan = plan_of(a, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_SHAPE);
    ck_assert_int_eq(grove_bind(plan, a, NULL), GROVE_BAD_SHAPE);
    ck_assert_ptr_null(grove_value(plan, a));
    ck_assert_str_eq(grove_plan_error(plan)->message, first.message);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(no_graph_is_out_of_memory) {
    grove_tensor x = grove_input_reals(NULL, "x", 2);
    ck_assert(!grove_is_valid(x));
    ck_assert(!grove_is_valid(grove_parameter(NULL, "p", GROVE_SHAPE(2), (grove_init){0})));
    ck_assert(!grove_is_valid(grove_fill(NULL, GROVE_SCALAR, 1)));
    ck_assert(!grove_is_valid(grove_tanh(x)) && !grove_is_valid(grove_name(x, "y")));
    ck_assert_int_eq(grove_graph_error(NULL)->status, GROVE_NO_MEMORY);
    ck_assert_int_eq(grove_node_count(NULL) + grove_parameter_count(NULL), 0);
    ck_assert(!grove_is_valid(grove_node_at(NULL, 0)) && !grove_is_valid(grove_find(NULL, "x")));
    ck_assert(!grove_is_valid(grove_parameter_at(NULL, 0)));
    ck_assert(grove_seed(NULL) == 0 && grove_training_runs(NULL) == 0);
    grove_set_training_runs(NULL, 3);
    grove_plan *plan = grove_plan_new(NULL, &x, 1, NULL);
    ck_assert_ptr_null(plan);
    ck_assert_int_eq(grove_run(plan), GROVE_NO_MEMORY);
    ck_assert_int_eq(grove_bind(plan, x, NULL), GROVE_NO_MEMORY);
    ck_assert_int_eq(grove_plan_error(plan)->status, GROVE_NO_MEMORY);
    ck_assert(!grove_value(plan, x) && !grove_value_named(plan, "x"));
    ck_assert(isnan(grove_scalar(plan, x)) && grove_value_count(plan, x) == 0);
    ck_assert_uint_eq(grove_plan_statistics(plan).block_bytes, 0);
    ck_assert_int_ne(grove_gradients(x, &x, 1, &x), GROVE_OK);
    grove_plan_free(NULL);
    grove_graph_free(NULL);
}
END_TEST

START_TEST(tensors_of_two_graphs_do_not_mix) {
    grove_graph *g = grove_graph_new(NULL), *other = grove_graph_new(NULL);
    grove_tensor a = grove_input_reals(g, "a", 2), b = grove_input_reals(other, "b", 2);
    ck_assert_int_ne(grove_gradients(a, &b, 1, &(grove_tensor){NULL, 0}), GROVE_OK);
    grove_graph_free(g);
    g = grove_graph_new(NULL);
    a = grove_input_reals(g, "a", 2);
    ck_assert(!grove_is_valid(grove_add(a, b)));
    expect_words(grove_graph_error(g)->message, "input 1 is a tensor of another graph");
    ck_assert_int_eq(grove_graph_error(other)->status, GROVE_OK);
    grove_plan *plan = grove_plan_new(other, &a, 1, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
    expect_words(grove_plan_error(plan)->message, "output 0 is no tensor of the graph");
    grove_plan_free(plan);
    grove_graph_free(g);
    grove_graph_free(other);
}
END_TEST

START_TEST(a_name_belongs_to_one_node) {
    static const char *words[] = {"another node is called that", "it has a name",
                                  "must not be empty", "must not be empty"};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 2), y = grove_tanh(x);
    ck_assert(!grove_is_valid(grove_find(g, "y")));
    ck_assert_str_eq(grove_node_name(y), "");
    switch (_i) {
    case 0:
        ck_assert(!grove_is_valid(grove_name(y, "x")));
        break;
    case 1:
        ck_assert(!grove_is_valid(grove_name(x, "z")));
        break;
    default:
        ck_assert(!grove_is_valid(grove_name(y, _i == 2 ? "" : NULL)));
    }
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_BAD_ARGUMENT);
    expect_words(grove_graph_error(g)->message, words[_i]);
    ck_assert_int_eq(grove_find(g, "x").index, x.index);
    grove_graph_free(g);
}
END_TEST

START_TEST(shapes_in_words) {
    char text[64], small[8];
    ck_assert_str_eq(grove_shape_text(GROVE_SCALAR, text, sizeof text), "[]");
    ck_assert_str_eq(grove_shape_text(GROVE_SHAPE(GROVE_BATCH, 12), text, sizeof text),
                     "[batch, 12]");
    ck_assert_str_eq(grove_shape_text(GROVE_SHAPE(3 * GROVE_BATCH, 0), text, sizeof text),
                     "[3*batch, 0]");
    ck_assert_str_eq(
        grove_shape_text(GROVE_SHAPE(grove_dim(1, 5), grove_dim(2, 12)), text, sizeof text),
        "[batch + 5, 2*batch + 12]");
    ck_assert_str_eq(grove_shape_text(GROVE_SHAPE(1, 1, 1, 1, 1, 1, 1), text, sizeof text),
                     "[more than 6 dimensions]");
    ck_assert_str_eq(grove_shape_text(GROVE_SHAPE(100, 200, 300), small, sizeof small), "[100, 2");
    ck_assert(grove_shape_equal(GROVE_SHAPE(2, 3), GROVE_SHAPE(2, 3)));
    ck_assert(!grove_shape_equal(GROVE_SHAPE(2, 3), GROVE_SHAPE(3, 2)));
    ck_assert(!grove_shape_equal(GROVE_SHAPE(2), GROVE_SHAPE(2, 1)));
}
END_TEST

START_TEST(a_dimension_is_batches_and_a_number) {
    const int64_t most = INT32_MAX, parts[][2] = {{0, 0}, {0, 7},    {1, 0},       {3, 0},
                                                  {1, 7}, {most, 1}, {most, most}, {0, most}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        int64_t dim = grove_dim(parts[i][0], parts[i][1]);
        ck_assert(grove_dim_batches(dim) == parts[i][0] && grove_dim_more(dim) == parts[i][1]);
    }
    ck_assert(grove_dim(3, 0) == 3 * GROVE_BATCH);
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", grove_dim(2, 1), 3);
    grove_tensor y = grove_sum(x, GROVE_ALL_AXES);
    for (int64_t batch = 0; batch < 3; batch++) {
        grove_plan *plan = plan_of(y, &(grove_plan_options){.batch = batch ? batch : GROVE_EMPTY});
        ck_assert_uint_eq(grove_value_count(plan, x), (size_t)(2 * batch + 1) * 3);
        grove_plan_free(plan);
    }
    ck_assert(grove_is_valid(grove_slice(x, 0, 1, grove_dim(1, 0))));
    ck_assert(grove_is_valid(grove_slice(x, 0, GROVE_BATCH, grove_dim(1, 1))));
    ck_assert(!grove_is_valid(grove_slice(x, 0, grove_dim(1, 1), grove_dim(1, 1))));
    expect_words(grove_graph_error(g)->message, "begins at batch + 1 and is batch + 1 long does "
                                                "not lie within an axis of 2*batch + 1");
    grove_graph_free(g);
    g = grove_graph_new(NULL);
    ck_assert(!grove_is_valid(grove_input_reals(g, "no batch", -((int64_t)1 << 32))));
    expect_words(grove_graph_error(g)->message, "the shape [0*batch + 1] does not fit in memory");
    grove_graph_free(g);
}
END_TEST

START_TEST(a_shape_beyond_memory_is_refused) {
    grove_graph *g = grove_graph_new(NULL);
    ck_assert(!grove_is_valid(grove_input_reals(g, "x", INT64_MAX, INT64_MAX)));
    expect_words(grove_graph_error(g)->message, "does not fit in memory");
    grove_graph_free(g);
    g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", INT64_MIN / 4);
    grove_plan *plan = plan_of(grove_tanh(x), &(grove_plan_options){.batch = INT32_MAX});
    ck_assert_int_ne(grove_run(plan), GROVE_OK);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(a_plan_says_what_is_wrong) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "petal", GROVE_BATCH, 2), y = grove_tanh(x);
    const struct {
        grove_tensor output;
        int outputs;
        grove_plan_options options;
        const char *words;
    } cases[] = {{GROVE_NONE, 1, {0}, "output 0 is no tensor of the graph"},
                 {{g, 99}, 1, {0}, "output 0 is no tensor of the graph"},
                 {y, 0, {0}, "no output is asked for"},
                 {y, 1, {.batch = -2}, "a batch of -2 rows"},
                 {y, 1, {.threads = -1}, "-1 threads"},
                 {y, 1, {0}, "the input 'petal' is not bound"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        grove_plan *plan = grove_plan_new(g, &cases[i].output, cases[i].outputs, &cases[i].options);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
        expect_words(grove_plan_error(plan)->message, cases[i].words);
        grove_plan_free(plan);
    }
    grove_plan *plan = plan_of(y, NULL);
    grove_real numbers[2] = {0, 1};
    ck_assert_int_eq(grove_bind(plan, y, numbers), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_bind(plan, x, numbers), GROVE_OK);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(a_bad_id_fails_the_run_in_words) {
    grove_graph *g = grove_graph_new(NULL);
    grove_init sevens = {.kind = GROVE_INIT_CONSTANT, .a = 7};
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(3, 2), sevens);
    grove_tensor ids = grove_input_ids(g, "species", GROVE_BATCH);
    grove_tensor y = grove_name(grove_embedding(table, ids), "vector");
    grove_tensor dtable = grove_gradient(y, table);
    grove_tensor step = grove_sgd(table, dtable, grove_fill(g, GROVE_SCALAR, 1), GROVE_NONE, NULL);
    grove_plan *plan = plan_of(step, &(grove_plan_options){.batch = 4, .training = true});
    grove_id good[4] = {0, 2, 2, 1}, bad[4] = {0, 2, 3, -1};
    ck_assert_int_eq(grove_bind(plan, ids, bad), GROVE_OK);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    const char *words[] = {"position 2 of 'species' is 3", "from 0 to 2"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        expect_words(grove_plan_error(plan)->message, words[i]);
    }
    const grove_real *numbers = grove_parameter_data(table);
    for (size_t i = 0; i < 6; i++) {
        ck_assert(numbers[i] == 7);
    }
    ck_assert_uint_eq(grove_training_runs(g), 0);
    grove_bind(plan, ids, good);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_str_eq(grove_plan_error(plan)->message, "");
    ck_assert(numbers[0] == 6 && numbers[2] == 6 && numbers[5] == 5);
    ck_assert_uint_eq(grove_training_runs(g), 1);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* An update is done in training alone, so nothing that inference computes may read its result. */
START_TEST(an_update_is_no_operand) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor step = grove_state(g, "step", GROVE_ID, GROVE_SCALAR);
    grove_tensor y = grove_neg(grove_count(step));
    bool refused = grove_graph_error(g)->status != GROVE_OK;
    if (!refused) {
        grove_plan *plan = plan_of(y, NULL);
        refused = grove_plan_error(plan)->status != GROVE_OK;
        grove_plan_free(plan);
    }
    ck_assert_msg(refused, "the result of an update was taken for numbers");
    grove_graph_free(g);
}
END_TEST

/* ---- batches --------------------------------------------------------------------------------- */

enum { ROWS = 256, WIDE = 3 };

static grove_tensor small_model(grove_graph *g) {
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, WIDE);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2, WIDE),
                                     (grove_init){.kind = GROVE_INIT_XAVIER_UNIFORM});
    grove_tensor b = grove_parameter(g, "b", GROVE_SHAPE(2), (grove_init){0});
    return grove_tanh(grove_add(grove_matmul(x, w, false, true), b));
}

START_TEST(one_graph_serves_every_batch) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = small_model(g), x = grove_find(g, "x");
    static grove_real rows[ROWS * WIDE], wanted[ROWS * 2];
    for (int i = 0; i < ROWS * WIDE; i++) {
        rows[i] = (grove_real)(i % 17) / 8 - 1;
    }
    grove_plan *all = plan_of(y, &(grove_plan_options){.batch = ROWS});
    grove_bind(all, x, rows);
    ck_assert_int_eq(grove_run(all), GROVE_OK);
    memcpy(wanted, grove_value(all, y), sizeof wanted);
    const int64_t batches[] = {1, 7, ROWS};
    for (int k = 0; k < 3; k++) {
        grove_plan *plan = plan_of(y, &(grove_plan_options){.batch = batches[k]});
        for (size_t row = 0; row + (size_t)batches[k] <= ROWS; row += (size_t)batches[k]) {
            grove_bind(plan, x, rows + row * WIDE);
            ck_assert_int_eq(grove_run(plan), GROVE_OK);
            const grove_real *part = grove_value(plan, y);
            for (size_t i = 0; i < (size_t)batches[k] * 2; i++) {
                ck_assert(fabs((double)(part[i] - wanted[row * 2 + i])) <= close_enough);
            }
        }
        ck_assert_uint_eq(grove_value_count(plan, y), (size_t)batches[k] * 2);
        grove_plan_free(plan);
    }
    grove_plan_free(all);
    grove_graph_free(g);
}
END_TEST

/* Its pages can then be large ones all along (2 MB); what the library itself needs stands before
 * it, in one line. */
START_TEST(a_large_parameter_begins_on_a_page) {
    enum { LARGE = 1 << 21, LINE = 64 };
    grove_graph *g = grove_graph_new(NULL);
    for (int i = 0; i < 4; i++) {
        char name[] = {'w', (char)('0' + i), 0};
        grove_tensor w = grove_parameter(g, name, GROVE_SHAPE(100000, 16), (grove_init){0});
        ck_assert(((uintptr_t)grove_parameter_data(w) & (LARGE - 1)) == LINE);
    }
    grove_graph_free(g);
}
END_TEST

START_TEST(an_empty_batch_is_a_batch) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = small_model(g), sum = grove_sum(y, GROVE_ALL_AXES);
    grove_tensor dw = grove_gradient(sum, grove_find(g, "w"));
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){y, sum, dw}, 3,
                                      &(grove_plan_options){.batch = GROVE_EMPTY});
    ck_assert_int_eq(grove_run(plan), GROVE_OK); /* there is nothing to bind */
    ck_assert_uint_eq(grove_value_count(plan, y), 0);
    ck_assert(grove_scalar(plan, sum) == 0);
    const grove_real *numbers = grove_value(plan, dw);
    for (size_t i = 0; i < grove_value_count(plan, dw); i++) {
        ck_assert(numbers[i] == 0);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

static void add_mistakes(Suite *suite) {
    TCase *mistakes = tcase_create("mistakes");
    tcase_add_test(mistakes, the_first_mistake_is_kept_and_flows);
    tcase_add_test(mistakes, no_graph_is_out_of_memory);
    tcase_add_test(mistakes, tensors_of_two_graphs_do_not_mix);
    tcase_add_loop_test(mistakes, a_name_belongs_to_one_node, 0, 4);
    tcase_add_test(mistakes, shapes_in_words);
    tcase_add_test(mistakes, a_dimension_is_batches_and_a_number);
    tcase_add_test(mistakes, a_shape_beyond_memory_is_refused);
    tcase_add_test(mistakes, a_plan_says_what_is_wrong);
    tcase_add_test(mistakes, a_bad_id_fails_the_run_in_words);
    tcase_add_test(mistakes, an_update_is_no_operand);
    suite_add_tcase(suite, mistakes);
}

int main(void) {
    Suite *suite = suite_create("engine");
    add_mistakes(suite);
    TCase *batches = tcase_create("batches");
    tcase_add_test(batches, one_graph_serves_every_batch);
    tcase_add_test(batches, a_large_parameter_begins_on_a_page);
    tcase_add_test(batches, an_empty_batch_is_a_batch);
    suite_add_tcase(suite, batches);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
