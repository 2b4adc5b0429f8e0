/* SPDX-License-Identifier: MIT
 *
 * The traps of embeddings, each by name.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"

/* ids -> table [rows, width] of 0, 1, 2... -> loss = sum(y * weight), weight 1, 2, 3... */
typedef struct scene {
    grove_graph *graph;
    grove_tensor ids, table, y, loss, gradient, step;
    int64_t rows, width, count;
} scene;

static scene make(int64_t rows, int64_t width, int64_t count) {
    scene s = {.graph = grove_graph_new(NULL), .rows = rows, .width = width, .count = count};
    s.ids = grove_input_ids(s.graph, "ids", count);
    s.table = grove_parameter(s.graph, "table", GROVE_SHAPE(rows, width), (grove_init){0});
    grove_real *numbers = grove_parameter_data(s.table);
    for (int64_t i = 0; i < rows * width; i++) {
        numbers[i] = (grove_real)i;
    }
    s.y = grove_name(grove_embedding(s.table, s.ids), "y");
    grove_real weights[64];
    for (int64_t i = 0; i < 64; i++) {
        weights[i] = (grove_real)(i + 1);
    }
    int64_t known = count < 0 ? 0 : count;
    grove_tensor weight =
        known > 0 ? grove_constant(s.graph, "weight", GROVE_SHAPE(known, width), weights)
                  : grove_fill(s.graph, GROVE_SHAPE(count, width), 1);
    s.loss = grove_sum(grove_mul(s.y, weight), GROVE_ALL_AXES);
    s.step = grove_minimize(s.loss, GROVE_SGD(.rate = 1));
    s.gradient = grove_gradient_of(s.table);
    ck_assert_msg(grove_graph_error(s.graph)->status == GROVE_OK, "%s",
                  grove_graph_error(s.graph)->message);
    return s;
}

/* The table's gradient in full, [rows, width]; to be freed. */
static grove_real *gradient(const scene *s, const grove_id *ids, int64_t batch) {
    size_t size = (size_t)(s->rows * s->width) * sizeof(grove_real);
    grove_plan *plan =
        grove_plan_new(s->graph, &s->gradient, 1, &(grove_plan_options){.batch = batch});
    grove_bind(plan, s->ids, ids);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    grove_real *copy = malloc(size);
    memcpy(copy, grove_value(plan, s->gradient), size);
    grove_plan_free(plan);
    return copy;
}

static grove_status step(const scene *s, const grove_id *ids, int64_t batch, grove_error *error) {
    grove_plan_options training = {.batch = batch, .training = true};
    grove_plan *plan = grove_plan_new(s->graph, (grove_tensor[]){s->step, s->loss}, 2, &training);
    grove_bind(plan, s->ids, ids);
    grove_status status = grove_run(plan);
    *error = *grove_plan_error(plan);
    grove_plan_free(plan);
    return status;
}

START_TEST(a_repeated_id_gets_the_sum) {
    scene s = make(5, 2, 4);
    grove_real *g = gradient(&s, (const grove_id[]){3, 1, 3, 3}, 0);
    const grove_real expected[] = {0, 0, 3, 4, 0, 0, 1 + 5 + 7, 2 + 6 + 8, 0, 0};
    ck_assert_mem_eq(g, expected, sizeof expected);
    free(g);
    grove_graph_free(s.graph);
}
END_TEST

START_TEST(untouched_rows_stay_bitwise_equal) {
    scene s = make(5, 2, 2);
    grove_error error;
    const grove_real *table = grove_parameter_data(s.table);
    ck_assert_int_eq(step(&s, (const grove_id[]){1, 3}, 0, &error), GROVE_OK);
    const grove_real expected[] = {0, 1, 2 - 1, 3 - 2, 4, 5, 6 - 3, 7 - 4, 8, 9};
    ck_assert_mem_eq(table, expected, sizeof expected);
    grove_graph_free(s.graph);
}
END_TEST

START_TEST(first_and_last_row) {
    scene s = make(1000, 3, 2);
    grove_error error;
    const grove_real *table = grove_parameter_data(s.table);
    ck_assert_int_eq(step(&s, (const grove_id[]){0, 999}, 0, &error), GROVE_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert(table[i] == (grove_real)(i - (i + 1)));
        ck_assert(table[3 * 999 + i] == (grove_real)(3 * 999 + i - (i + 4)));
    }
    for (int i = 3; i < 3 * 999; i++) {
        ck_assert(table[i] == (grove_real)i);
    }
    grove_graph_free(s.graph);
}
END_TEST

START_TEST(an_empty_batch_changes_nothing) {
    scene s = make(5, 2, GROVE_BATCH);
    grove_error error;
    grove_real before[10];
    memcpy(before, grove_parameter_data(s.table), sizeof before);
    ck_assert_msg(step(&s, NULL, GROVE_EMPTY, &error) == GROVE_OK, "%s", error.message);
    ck_assert_mem_eq(before, grove_parameter_data(s.table), sizeof before);
    grove_real *g = gradient(&s, NULL, GROVE_EMPTY);
    for (int i = 0; i < 10; i++) {
        ck_assert(g[i] == 0);
    }
    free(g);
    grove_graph_free(s.graph);
}
END_TEST

/* Forward. The message tells input, position, value and range; nothing is changed. */
static void refuse_id(grove_id id, const char *words) {
    scene s = make(5, 2, 3);
    grove_error error;
    grove_real before[10];
    memcpy(before, grove_parameter_data(s.table), sizeof before);
    ck_assert_int_eq(step(&s, (const grove_id[]){0, 4, id}, 0, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "embedding"));
    ck_assert_ptr_nonnull(strstr(error.message, "position 2 of 'ids'"));
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_mem_eq(before, grove_parameter_data(s.table), sizeof before);
    grove_graph_free(s.graph);
}

START_TEST(id_minus_one_is_refused) {
    refuse_id(-1, "is -1, it must be from 0 to 4");
}
END_TEST

START_TEST(id_of_the_size_is_refused) {
    refuse_id(5, "is 5, it must be from 0 to 4");
}
END_TEST

/* Backward, without a lookup before it: the scatter and each row update check by themselves. */
START_TEST(ids_are_checked_backward_too) {
    const grove_id bad[] = {-1, 5};
    for (int i = 0; i < 2; i++) {
        for (int kind = 0; kind < 4; kind++) {
            grove_graph *g = grove_graph_new(NULL);
            grove_tensor ids = grove_input_ids(g, "ids", 1), out = GROVE_NONE;
            grove_tensor values = grove_fill(g, GROVE_SHAPE(1, 2), 1);
            grove_tensor rate = grove_fill(g, GROVE_SCALAR, 1);
            grove_tensor table = grove_state(g, "t", GROVE_REAL, GROVE_SHAPE(5, 2));
            grove_tensor m = grove_state(g, "m", GROVE_REAL, GROVE_SHAPE(5, 2));
            grove_tensor v = grove_state(g, "v", GROVE_REAL, GROVE_SHAPE(5, 2));
            grove_tensor clock = grove_state(g, "step", GROVE_ID, GROVE_SCALAR);
            switch (kind) {
            case 0:
                out = grove_scatter_rows(ids, values, 5);
                break;
            case 1:
                out = grove_sgd_rows(table, ids, values, rate, GROVE_NONE, GROVE_NONE, GROVE_NONE,
                                     NULL);
                break;
            case 2:
                out = grove_adam_rows(table, ids, values, rate, m, v, clock, GROVE_NONE, NULL);
                break;
            default:
                out = grove_adagrad_rows(table, ids, values, rate, m, NULL);
            }
            grove_plan *plan = grove_plan_new(g, &out, 1, &(grove_plan_options){.training = true});
            grove_bind(plan, ids, &bad[i]);
            ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
            ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, "position 0 of 'ids'"));
            ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, "from 0 to 4"));
            grove_plan_free(plan);
            grove_graph_free(g);
        }
    }
}
END_TEST

START_TEST(a_table_of_one_row) {
    scene s = make(1, 2, 3);
    grove_real *g = gradient(&s, (const grove_id[]){0, 0, 0}, 0);
    ck_assert(g[0] == 1 + 3 + 5 && g[1] == 2 + 4 + 6);
    free(g);
    grove_graph_free(s.graph);
}
END_TEST

/* Two lookups in one table: the gradients join, and the update stays row-sparse. */
START_TEST(one_table_looked_up_twice) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor a = grove_input_ids(g, "a", GROVE_BATCH), b = grove_input_ids(g, "b", GROVE_BATCH);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(4, 1), (grove_init){0});
    grove_tensor once = grove_embedding(table, a), twice = grove_embedding(table, b);
    grove_tensor loss = grove_sum(grove_add(once, grove_scale(twice, 10)), GROVE_ALL_AXES);
    grove_tensor step_ = grove_minimize(loss, GROVE_SGD(.rate = 1));
    ck_assert_str_eq(grove_node_op(grove_gradient_of(table)), "scatter_rows");
    grove_plan *plan =
        grove_plan_new(g, &step_, 1, &(grove_plan_options){.batch = 2, .training = true});
    grove_bind(plan, a, (const grove_id[]){0, 1});
    grove_bind(plan, b, (const grove_id[]){1, 3});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real expected[] = {-1, -11, 0, -10};
    ck_assert_mem_eq(grove_parameter_data(table), expected, sizeof expected);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A list of fixed length beside that of the batch: one list of batch + 3 ids, still row-sparse, and
 * differentiated again. */
START_TEST(a_batch_and_a_fixed_list_in_one_table) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor a = grove_input_ids(g, "a", GROVE_BATCH), b = grove_input_ids(g, "b", 3);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(5, 1),
                                         (grove_init){.kind = GROVE_INIT_CONSTANT, .a = 2});
    grove_tensor once = grove_embedding(table, a), thrice = grove_embedding(table, b);
    grove_tensor square = grove_sum(grove_mul(once, once), GROVE_ALL_AXES);
    grove_tensor loss = grove_add(square, grove_sum(grove_pow(thrice, 3), GROVE_ALL_AXES));
    grove_tensor d = grove_gradient(loss, table);
    ck_assert_str_eq(grove_node_op(d), "scatter_rows");
    ck_assert(
        grove_shape_equal(grove_node_shape(grove_node_input(d, 0)), GROVE_SHAPE(grove_dim(1, 3))));
    grove_tensor dd = grove_gradient(grove_sum(d, GROVE_ALL_AXES), table);
    grove_plan *plan =
        grove_plan_new(g, (grove_tensor[]){d, dd}, 2, &(grove_plan_options){.batch = 2});
    grove_bind(plan, a, (const grove_id[]){0, 1});
    grove_bind(plan, b, (const grove_id[]){1, 4, 4});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real first[] = {4, 4 + 12, 0, 0, 24}, second[] = {2, 2 + 12, 0, 0, 24};
    ck_assert_mem_eq(grove_value(plan, d), first, sizeof first);
    ck_assert_mem_eq(grove_value(plan, dd), second, sizeof second);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- what a step costs ----------------------------------------------------------------------- */

/* Steps of the plan, and memory for all that they compute: of a lookup in a table of 73,000 rows as
 * much as of one of ten, with every optimizer, and clipped. (Where the rate changes it is one row
 * more for each 16,384: that much may come.) */
static grove_plan_stats step_of(int64_t rows, const grove_optimizer *optimizer) {
    enum { AT_ONCE = 16, COLUMNS = 12 };
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y =
        grove_nn_embedding(grove_input_ids(g, "ids", GROVE_BATCH), rows, COLUMNS, "animal");
    grove_tensor loss = grove_mean(grove_mul(y, y), GROVE_ALL_AXES);
    grove_tensor step_ = grove_minimize(loss, optimizer);
    ck_assert_str_eq(grove_node_op(grove_gradient_of(grove_find(g, "animal.weight"))),
                     "scatter_rows");
    grove_plan_options options = {.batch = AT_ONCE, .training = true};
    grove_plan *plan = grove_plan_new(g, &step_, 1, &options);
    ck_assert_int_eq(grove_plan_error(plan)->status, GROVE_OK);
    grove_plan_stats stats = grove_plan_statistics(plan);
    grove_plan_free(plan);
    grove_graph_free(g);
    return stats;
}

START_TEST(a_step_does_not_grow_with_the_table) {
    const grove_optimizer *optimizers[] = {
        GROVE_SGD(.rate = 0.1),
        GROVE_SGD(.momentum = 0.9, .clip_norm = 1),
        GROVE_ADAM(.rate = 0.1),
        GROVE_ADAMW(.clip_value = 1),
        GROVE_ADAGRAD(.rate = 0.1),
        GROVE_ROWWISE_ADAGRAD(.rate = 0.1),
        GROVE_RMSPROP(.rate = 0.1),
        GROVE_ADAM(.average = 0.99),
        GROVE_ADAM(.schedule = {GROVE_SCHEDULE_COSINE, .steps = 100}),
    };
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
        grove_plan_stats few = step_of(10, optimizers[i]), many = step_of(73000, optimizers[i]);
        ck_assert_uint_eq(few.steps, many.steps);
        size_t turns = optimizers[i]->schedule.steps ? 73000 / 16384 + 1 : 0;
        ck_assert_msg(many.unshared_bytes <= few.unshared_bytes + 64 * turns,
                      "optimizer %zu: %zu and %zu bytes", i, few.unshared_bytes,
                      many.unshared_bytes);
        ck_assert_uint_lt(many.unshared_bytes, 73000);
    }
}
END_TEST

/* ---- a table tied with the output layer ------------------------------------------------------ */

enum { WORDS = 5, NUMBERS = 3, TIED = 4 };

/* ids [TIED] -> rows of the table [WORDS, NUMBERS] -> logits [TIED, WORDS] by the same table. */
typedef struct tied {
    grove_graph *graph;
    grove_tensor ids, label, table, bias, loss;
} tied;

static const grove_id tied_ids[TIED] = {4, 1, 4, 0}, tied_labels[TIED] = {1, 2, 0, 3};

static tied make_tied(void) {
    tied t = {.graph = grove_graph_new(&(grove_graph_options){.seed = 8})};
    t.ids = grove_input_ids(t.graph, "ids", TIED);
    t.label = grove_input_ids(t.graph, "label", TIED);
    grove_tensor h = grove_nn_embedding(t.ids, WORDS, NUMBERS, "words");
    t.table = grove_find(t.graph, "words.weight");
    grove_dense_options options = {.weight = t.table};
    grove_tensor logits = grove_nn_dense_with(h, WORDS, "out", &options);
    t.bias = grove_find(t.graph, "out.bias");
    t.loss = grove_softmax_cross_entropy(logits, t.label);
    ck_assert(!grove_is_valid(grove_find(t.graph, "out.weight")));
    ck_assert_msg(grove_is_valid(t.loss), "%s", grove_graph_error(t.graph)->message);
    return t;
}

/* What one row's logits [WORDS] get: softmax minus target, as a part of the mean. */
static void slope_of_logits(const grove_real *table, grove_id id, grove_id label, double *slope) {
    double total = 0;
    for (int v = 0; v < WORDS; v++) {
        slope[v] = 0;
        for (int k = 0; k < NUMBERS; k++) {
            slope[v] += (double)table[v * NUMBERS + k] * (double)table[id * NUMBERS + k];
        }
        slope[v] = exp(slope[v]);
        total += slope[v];
    }
    for (int v = 0; v < WORDS; v++) {
        slope[v] = (slope[v] / total - (v == label)) / TIED;
    }
}

/* The gradient [WORDS, NUMBERS] by plain loops: what the lookup brings, and what the product. */
static void tied_gradient(const grove_real *table, double *sparse, double *dense) {
    memset(sparse, 0, WORDS * NUMBERS * sizeof *sparse);
    memset(dense, 0, WORDS * NUMBERS * sizeof *dense);
    for (int i = 0; i < TIED; i++) {
        double slope[WORDS];
        slope_of_logits(table, tied_ids[i], tied_labels[i], slope);
        for (int v = 0; v < WORDS; v++) {
            for (int k = 0; k < NUMBERS; k++) {
                sparse[tied_ids[i] * NUMBERS + k] += slope[v] * (double)table[v * NUMBERS + k];
                dense[v * NUMBERS + k] += slope[v] * (double)table[tied_ids[i] * NUMBERS + k];
            }
        }
    }
}

/* Sparse and dense add up; the table is one parameter, and a step moves it by their sum. */
START_TEST(a_table_tied_with_the_output_layer) {
    tied t = make_tied();
    double sparse[WORDS * NUMBERS], dense[WORDS * NUMBERS];
    grove_real before[WORDS * NUMBERS];
    grove_real *table = grove_parameter_data(t.table);
    memcpy(before, table, sizeof before);
    tied_gradient(table, sparse, dense);
    grove_tensor step_ = grove_minimize(t.loss, GROVE_SGD(.rate = 1));
    grove_tensor gradient_ = grove_gradient_of(t.table), outputs[] = {step_, gradient_};
    ck_assert_str_eq(grove_node_op(gradient_), "add");
    ck_assert_int_eq(grove_parameter_count(t.graph), 2 + 1); /* table, bias, the clock */
    grove_plan *plan = grove_plan_new(t.graph, outputs, 2, &(grove_plan_options){.training = true});
    grove_bind(plan, t.ids, tied_ids);
    grove_bind(plan, t.label, tied_labels);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real *d = grove_value(plan, gradient_);
    for (int i = 0; i < WORDS * NUMBERS; i++) {
        ck_assert_double_eq_tol((double)d[i], sparse[i] + dense[i], 1e-6);
        ck_assert_double_eq_tol((double)before[i] - (double)table[i], sparse[i] + dense[i], 1e-6);
    }
    ck_assert(fabs(sparse[1 * NUMBERS]) > 1e-3 && fabs(dense[1 * NUMBERS]) > 1e-3);
    ck_assert(sparse[2 * NUMBERS] == 0 && fabs(dense[2 * NUMBERS]) > 1e-3);
    grove_plan_free(plan);
    grove_graph_free(t.graph);
}
END_TEST

START_TEST(a_weight_that_does_not_fit_is_refused) {
    const char *const words[] = {
        ("dense layer 'out': the given weight must have the shape [units, in], here [4, 3]; it has "
         "[3, 4]"),
        "a weight that was given has begun already: no weight_init",
        "input 1 must be a tensor of real"};
    for (int i = 0; i < 3; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 3);
        grove_tensor turned = grove_parameter(g, "w", GROVE_SHAPE(3, 4), (grove_init){0});
        grove_tensor right = grove_parameter(g, "v", GROVE_SHAPE(4, 3), (grove_init){0});
        grove_tensor ids = grove_input_ids(g, "ids", 4, 3);
        grove_init zero = {0};
        grove_dense_options options = {.weight = i == 0   ? turned
                                                 : i == 1 ? right
                                                          : ids,
                                       .weight_init = i == 1 ? &zero : NULL};
        ck_assert(!grove_is_valid(grove_nn_dense_with(x, 4, "out", &options)));
        ck_assert_msg(strstr(grove_graph_error(g)->message, words[i]), "%s",
                      grove_graph_error(g)->message);
        grove_graph_free(g);
    }
}
END_TEST

/* Rows looked up in another order give the same rows in that order, and the same gradient. */
START_TEST(ids_permuted) {
    scene s = make(6, 2, GROVE_BATCH);
    grove_real *g = gradient(&s, (const grove_id[]){5, 2, 2, 0}, 4);
    grove_real *h = gradient(&s, (const grove_id[]){2, 0, 5, 2}, 4);
    ck_assert_mem_eq(g, h, 12 * sizeof *g);
    free(g);
    free(h);
    grove_plan *plan = grove_plan_new(s.graph, &s.y, 1, &(grove_plan_options){.batch = 4});
    grove_bind(plan, s.ids, (const grove_id[]){5, 2, 2, 0});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const grove_real expected[] = {10, 11, 4, 5, 4, 5, 0, 1};
    ck_assert_mem_eq(grove_value_named(plan, "y"), expected, sizeof expected);
    grove_plan_free(plan);
    grove_graph_free(s.graph);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("embedding");
    tcase_add_test(cases, a_repeated_id_gets_the_sum);
    tcase_add_test(cases, untouched_rows_stay_bitwise_equal);
    tcase_add_test(cases, first_and_last_row);
    tcase_add_test(cases, an_empty_batch_changes_nothing);
    tcase_add_test(cases, id_minus_one_is_refused);
    tcase_add_test(cases, id_of_the_size_is_refused);
    tcase_add_test(cases, ids_are_checked_backward_too);
    tcase_add_test(cases, a_table_of_one_row);
    tcase_add_test(cases, one_table_looked_up_twice);
    tcase_add_test(cases, a_batch_and_a_fixed_list_in_one_table);
    tcase_add_test(cases, a_step_does_not_grow_with_the_table);
    tcase_add_test(cases, a_table_tied_with_the_output_layer);
    tcase_add_test(cases, a_weight_that_does_not_fit_is_refused);
    tcase_add_test(cases, ids_permuted);
    Suite *suite = suite_create("embedding");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
