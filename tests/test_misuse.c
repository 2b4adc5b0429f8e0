/* SPDX-License-Identifier: MIT
 *
 * Misuse: NULL, tensors that are none, lists that are missing. Nothing crashes, and where there is
 * somebody to tell, a sentence says what was wrong.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/embeddings.h"
#include "grove/grove.h"
#include "grove/layers.h"
#include "grove/number_embeddings.h"

START_TEST(without_a_graph) {
    grove_tensor none = GROVE_NONE;
    ck_assert_ptr_null(grove_plan_new(NULL, &none, 1, NULL));
    ck_assert_int_eq(grove_bind(NULL, none, NULL), GROVE_NO_MEMORY);
    ck_assert_int_eq(grove_run(NULL), GROVE_NO_MEMORY);
    ck_assert_ptr_null(grove_value(NULL, none));
    ck_assert_ptr_null(grove_value_named(NULL, "x"));
    ck_assert(isnan(grove_scalar(NULL, none)));
    ck_assert_int_eq(grove_graph_error(NULL)->status, GROVE_NO_MEMORY);
    ck_assert_int_eq(grove_plan_error(NULL)->status, GROVE_NO_MEMORY);
    ck_assert(!grove_is_valid(grove_find(NULL, "x")));
    ck_assert(!grove_is_valid(grove_parameter(NULL, "w", GROVE_SHAPE(2), (grove_init){0})));
    grove_plan_free(NULL);
    grove_graph_free(NULL);
}
END_TEST

START_TEST(without_a_tensor) {
    grove_tensor none = GROVE_NONE;
    ck_assert(!grove_is_valid(grove_relu(none)));
    ck_assert(!grove_is_valid(grove_dropout(none, 0.5)));
    ck_assert(!grove_is_valid(grove_nn_dense(none, 3, "dense")));
    ck_assert(!grove_is_valid(grove_nn_embedding(none, 3, 3, "table")));
    ck_assert(!grove_is_valid(grove_softmax_cross_entropy(none, none)));
    ck_assert(!grove_is_valid(grove_minimize(none, GROVE_ADAM(.rate = 1))));
    ck_assert(!grove_is_valid(grove_gradient(none, none)));
    ck_assert(!grove_is_valid(grove_name(none, "x")));
    ck_assert_int_eq(grove_settle(none), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_nn_depth(NULL, 0), -1);
    ck_assert(!grove_is_valid(grove_concat(NULL, 0, 0)));
    ck_assert(!grove_is_valid(grove_group(NULL, 0)));
}
END_TEST

/* Each mistake in a graph of its own, for the first one is kept. */
static void tells(grove_graph *g, const char *words) {
    ck_assert_msg(strstr(grove_graph_error(g)->message, words) != NULL, "%s",
                  grove_graph_error(g)->message);
    grove_graph_free(g);
}

START_TEST(missing_lists_and_names) {
    grove_graph *g = grove_graph_new(NULL);
    grove_constant(g, "c", GROVE_SHAPE(3), NULL);
    tells(g, "it has no numbers");
    g = grove_graph_new(NULL);
    grove_input(g, NULL, GROVE_REAL, GROVE_SCALAR);
    tells(g, "a name must not be empty");
    g = grove_graph_new(NULL);
    grove_relu((grove_tensor){g, 12345});
    tells(g, "its input 0 is no tensor");
    g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 2);
    ck_assert_int_eq(grove_gradients(grove_sum(x, GROVE_ALL_AXES), NULL, 1, NULL),
                     GROVE_BAD_ARGUMENT);
    tells(g, "there is no list of tensors");
    g = grove_graph_new(NULL);
    x = grove_input_reals(g, "x", 2);
    grove_minimize(grove_sum(x, GROVE_ALL_AXES), GROVE_ADAM(.rate = 1));
    tells(g, "depends on no parameter");
    g = grove_graph_new(NULL);
    grove_nn_dense(grove_input_reals(g, "x", 2), 0, "h");
    tells(g, "dense layer 'h': it needs 1 unit or more");
    g = grove_graph_new(NULL);
    grove_nn_embedding(grove_input_ids(g, "x", 2), 0, 3, "t");
    tells(g, "embedding layer 't': it needs 1 row");
    const grove_init falling = {GROVE_INIT_UNIFORM, .a = 1, .b = -1};
    const grove_init no_number = {GROVE_INIT_UNIFORM, .a = (double)NAN, .b = 1};
    g = grove_graph_new(NULL);
    grove_parameter(g, "w", GROVE_SHAPE(2), falling);
    tells(g, "its beginning is uniform from a to b, and a is above b");
    g = grove_graph_new(NULL);
    grove_parameter(g, "w", GROVE_SHAPE(2), no_number);
    tells(g, "its beginning is not made of finite numbers");
    const double rates[] = {-0.5, (double)INFINITY, (double)NAN};
    for (int i = 0; i < 3; i++) {
        g = grove_graph_new(NULL);
        grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
        ck_assert_int_eq(
            grove_parameter_set(w, &(grove_parameter_options){.rate = rates[i], .frozen = true}),
            GROVE_BAD_ARGUMENT);
        ck_assert(!grove_parameter_get(w).frozen);
        tells(g, i ? "the own rate of 'w' is " : "the own rate of 'w' is -0.5; it must be a fin");
    }
    g = grove_graph_new(NULL);
    x = grove_input_reals(g, "x", 2);
    grove_settled(grove_sum(x, GROVE_ALL_AXES));
    tells(g, "was not made by grove_minimize");
}
END_TEST

static grove_tensor nameless(int kind, grove_graph *g, const char *name) {
    static const grove_real edges[] = {0, 1, 2, 0, 1, 2};
    const grove_number_bins bins = {
        .features = 2, .most = 2, .edges = (grove_real *)(uintptr_t)edges};
    grove_tensor flat = grove_input_reals(g, "flat", GROVE_BATCH, 2);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2, 2);
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH, 2);
    switch (kind) {
    case 0:
        return grove_nn_dense(x, 3, name);
    case 1:
        return grove_nn_embedding(ids, 3, 3, name);
    case 2:
        return grove_nn_embedding_bag(ids, 3, 3, name, NULL);
    case 3:
        return grove_nn_hashed_embedding(ids, 3, 3, name, NULL);
    case 4:
        return grove_nn_quotient_remainder_embedding(ids, 3, 3, 3, name, NULL);
    case 5:
        return grove_nn_layer_norm(x, name, NULL);
    case 6:
        return grove_nn_batch_norm(x, name, NULL);
    case 7:
        return grove_nn_attention(x, 1, name, NULL);
    case 8:
        return grove_nn_transformer_block(x, 1, name, NULL);
    case 9:
        return grove_nn_position_embedding(x, name);
    case 10:
        return grove_nn_position_waves(x, name);
    case 11:
        return grove_nn_gru(x, 2, name, NULL);
    case 12:
        return grove_nn_piecewise_linear(flat, &bins, name);
    case 13:
        return grove_nn_periodic(flat, name, NULL);
    case 14:
        return grove_nn_linear_numbers(flat, 2, name);
    default:
        return grove_nn_dense_by_feature(x, 2, name);
    }
}

/* What is wrong is told before a parameter called ".weight" is made. */
START_TEST(layers_without_a_name) {
    static const char *const kinds[] = {"dense layer",
                                        "embedding layer",
                                        "embedding bag layer",
                                        "hashed embedding layer",
                                        "quotient-remainder embedding layer",
                                        "layer_norm",
                                        "batch_norm",
                                        "attention",
                                        "transformer_block",
                                        "position_embedding",
                                        "position_waves",
                                        "gru",
                                        "piecewise_linear",
                                        "periodic",
                                        "linear_numbers",
                                        "dense_by_feature"};
    for (int kind = 0; kind < 16; kind++) {
        for (int empty = 0; empty < 2; empty++) {
            char words[120];
            grove_graph *g = grove_graph_new(NULL);
            snprintf(words, sizeof words,
                     "%s: a layer needs a name: its parameters are called by it", kinds[kind]);
            ck_assert(!grove_is_valid(nameless(kind, g, empty ? "" : NULL)));
            ck_assert_int_eq(grove_parameter_count(g), 0);
            ck_assert_int_eq(grove_graph_error(g)->status, GROVE_BAD_ARGUMENT);
            tells(g, words);
        }
    }
}
END_TEST

/* In the layer's name, not in that of the op or the parameter within. */
START_TEST(layers_of_what_they_cannot_take) {
    grove_graph *g = grove_graph_new(NULL);
    grove_nn_embedding(grove_input_reals(g, "x", GROVE_BATCH), 3, 2, "t");
    tells(g, "embedding layer 't': it takes ids, not the real numbers [batch]");
    g = grove_graph_new(NULL);
    grove_nn_embedding_bag(grove_input_reals(g, "x", GROVE_BATCH, 2), 3, 2, "t", NULL);
    tells(g, "embedding bag layer 't': it takes ids, not the real numbers [batch, 2]");
    g = grove_graph_new(NULL);
    grove_nn_embedding_bag(grove_input_ids(g, "x", GROVE_BATCH, 2), 0, 2, "t", NULL);
    tells(g, "embedding bag layer 't': it needs 1 row");
    g = grove_graph_new(NULL);
    grove_nn_dense_by_feature(grove_input_ids(g, "x", GROVE_BATCH, 2, 2), 2, "t");
    tells(g, "dense_by_feature 't': it takes real numbers, not the ids [batch, 2, 2]");
    g = grove_graph_new(NULL);
    grove_nn_dense(grove_input_ids(g, "x", GROVE_BATCH), 2, "out");
    tells(g, "dense layer 'out': it takes real numbers, not the ids [batch]");
}
END_TEST

START_TEST(plans_of_nothing) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2);
    for (int i = 0; i < 2; i++) {
        grove_plan *plan = grove_plan_new(g, i ? &x : NULL, i ? -1 : 1, NULL);
        ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, "no output is asked for"));
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
        grove_plan_free(plan);
    }
    /* An input that is an output, and that is bound to nothing any more. */
    const grove_real numbers[] = {3, 4};
    grove_plan *plan = grove_plan_new(g, &x, 1, NULL);
    grove_bind(plan, x, numbers);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_ptr_eq(grove_value(plan, x), numbers);
    grove_bind(plan, x, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, "'x' is not bound"));
    ck_assert_ptr_null(grove_value_named(plan, NULL));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* What is bound and is no input is named; who means a parameter is told where its numbers are. */
START_TEST(binding_what_is_no_input) {
    const grove_real numbers[] = {3, 4};
    grove_graph *g = grove_graph_new(NULL), *other = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 2), foreign = grove_input_reals(other, "x", 2);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){0});
    grove_tensor y = grove_mul(x, w);
    grove_plan *plan = grove_plan_new(g, &y, 1, NULL);
    const struct {
        grove_tensor tensor;
        const char *words;
    } bad[] = {{w, "bind: parameter (node 1, 'w') is no input; its numbers are the graph's: write "
                   "into grove_parameter_data"},
               {y, "bind: mul (node 2) is no input"},
               {foreign, "bind: the tensor is no input of the graph"},
               {GROVE_NONE, "bind: the tensor is no input of the graph"},
               {{g, 99}, "bind: the tensor is no input of the graph"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(grove_bind(plan, bad[i].tensor, numbers), GROVE_BAD_ARGUMENT);
        ck_assert_str_eq(grove_plan_error(plan)->message, bad[i].words);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    grove_graph_free(other);
}
END_TEST

/* Of two mistakes the type is told: ids beside numbers rarely have their shape either. */
START_TEST(types_are_told_before_shapes) {
    for (int i = 0; i < 2; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 3);
        grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
        (i ? grove_when_training : grove_add)(x, ids);
        ck_assert_int_eq(grove_graph_error(g)->status, GROVE_BAD_TYPE);
        tells(g, "input 1 must be a tensor of real numbers");
    }
}
END_TEST

/* Outputs named twice, inputs, parameters and updates among the outputs, in both kinds of plan:
 * outside training an update is refused, for it would not be done. */
START_TEST(odd_outputs) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2);
    grove_tensor w =
        grove_parameter(g, "w", GROVE_SHAPE(2), (grove_init){GROVE_INIT_CONSTANT, .a = 1});
    grove_tensor loss = grove_mean(grove_mul(x, w), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1));
    const grove_real rows[] = {1, 2, 3, 4};
    for (int training = 0; training < 2; training++) {
        grove_tensor outputs[] = {step, loss, loss, w, x};
        grove_plan *plan =
            grove_plan_new(g, outputs + !training, 4 + training,
                           &(grove_plan_options){.batch = 2, .training = training == 1});
        grove_bind(plan, x, rows);
        ck_assert(isnan(grove_scalar(plan, loss)));
        ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, "has not been run yet"));
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        ck_assert_double_eq_tol(grove_scalar(plan, loss), 2.5, 1e-6);
        ck_assert_double_eq_tol((double)((const grove_real *)grove_value(plan, w))[1],
                                training ? -0.5 : 1, 1e-6);
        ck_assert_int_eq(grove_value(plan, step) != NULL, training);
        grove_plan_free(plan);
    }
    grove_tensor refused[] = {step, grove_count(grove_clock(g, "mine"))};
    const char *words[] = {"plan: output 1 is group (node", "plan: output 1 is count (node"};
    for (int i = 0; i < 2; i++) {
        grove_tensor outputs[] = {loss, refused[i]};
        grove_plan *plan = grove_plan_new(g, outputs, 2, &(grove_plan_options){.batch = 2});
        ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, words[i]));
        ck_assert_ptr_nonnull(
            strstr(grove_plan_error(plan)->message, "which is an update: plan it with .training"));
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_ARGUMENT);
        grove_plan_free(plan);
    }
    grove_graph_free(g);
}
END_TEST

/* Calls on a finished graph that go wrong: they say so, and the graph stays as good as it was. */
START_TEST(calls_that_build_nothing) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2);
    grove_tensor y = grove_nn_dense(x, 1, "y");
    grove_tensor step = grove_minimize(grove_mean(y, GROVE_ALL_AXES), GROVE_SGD(.rate = 1));
    grove_tensor rate = grove_rate_state(g, "rate", 0.5);
    const grove_error *notice = grove_graph_notice(g);
    ck_assert(notice->status == GROVE_OK && notice->message[0] == '\0');
    ck_assert_int_eq(grove_settle(y), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(notice->message, "settle: the tensor was not made by grove_minimize");
    ck_assert_int_eq(grove_swap_averages(step), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(notice->message, "ask for them with .average"));
    ck_assert_int_eq(grove_swap_averages(y), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(notice->message, "was not made by grove_minimize"));
    ck_assert_int_eq(grove_set_rate(y, 1), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(notice->message, "the tensor is no rate state"));
    ck_assert_int_eq(grove_set_rate(rate, -2), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(notice->message, "'rate' cannot be -2"));
    ck_assert(grove_get_rate(rate) == 0.5);
    ck_assert_int_eq(grove_settle(step), GROVE_OK);
    ck_assert_int_eq(notice->status, GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_settle(GROVE_NONE), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_OK);
    grove_plan *plan = grove_plan_new(g, &y, 1, NULL);
    ck_assert_int_eq(grove_plan_error(plan)->status, GROVE_OK);
    grove_plan_free(plan);
    grove_graph_free(g);
    ck_assert_int_eq(grove_graph_notice(NULL)->status, GROVE_NO_MEMORY);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("misuse");
    tcase_add_test(cases, without_a_graph);
    tcase_add_test(cases, without_a_tensor);
    tcase_add_test(cases, missing_lists_and_names);
    tcase_add_test(cases, layers_without_a_name);
    tcase_add_test(cases, layers_of_what_they_cannot_take);
    tcase_add_test(cases, plans_of_nothing);
    tcase_add_test(cases, binding_what_is_no_input);
    tcase_add_test(cases, types_are_told_before_shapes);
    tcase_add_test(cases, odd_outputs);
    tcase_add_test(cases, calls_that_build_nothing);
    Suite *suite = suite_create("misuse");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
