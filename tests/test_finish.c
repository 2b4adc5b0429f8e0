/* SPDX-License-Identifier: MIT
 *
 * Nodes that a product's kernel does on the way (lib/plan_finish.c): how many steps there are, that
 * no bit differs from a plan that keeps each result, and what stays a step of its own. */
#include <check.h>
#include <string.h>

#include "grove/grove.h"
#include "grove/op.h"
#include "plan.h"

enum { BATCH = 5, IN = 7, OUT = 6 };

static grove_graph *g;
static grove_tensor x, w, bias, more;

static void open_graph(void) {
    const grove_init spread = {.kind = GROVE_INIT_NORMAL, .b = 1};
    g = grove_graph_new(&(grove_graph_options){.seed = 3});
    x = grove_parameter(g, "x", GROVE_SHAPE(BATCH, IN), spread);
    w = grove_parameter(g, "w", GROVE_SHAPE(IN, OUT), spread);
    bias = grove_parameter(g, "bias", GROVE_SHAPE(OUT), spread);
    more = grove_parameter(g, "more", GROVE_SHAPE(BATCH, OUT), spread);
}

static grove_tensor product(void) {
    return grove_matmul(x, w, false, false);
}

/* Plans the outputs and runs them, keeping each result or not; returns how many steps there are.
 * `got`: the first output's numbers. */
static size_t run_once(const grove_tensor *outputs, int count, bool keep_all, grove_real *got) {
    grove_plan *plan = grove_plan_new(
        g, outputs, count,
        &(grove_plan_options){.batch = BATCH, .training = true, .keep_all = keep_all});
    ck_assert_str_eq(grove_plan_error(plan)->message, "");
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    size_t steps = grove_plan_statistics(plan).steps, numbers = grove_value_count(plan, outputs[0]);
    memcpy(got, grove_value(plan, outputs[0]), numbers * sizeof *got);
    grove_plan_free(plan);
    return steps;
}

/* That many steps, and the same numbers as where each node is one. */
static void expect_steps(size_t steps, grove_tensor y) {
    grove_real got[256] = {0}, wanted[256] = {0};
    ck_assert_uint_eq(run_once(&y, 1, false, got), steps);
    ck_assert_uint_ge(run_once(&y, 1, true, wanted), steps);
    ck_assert_mem_eq(got, wanted, sizeof got);
    grove_graph_free(g);
}

START_TEST(a_dense_layer_is_one_step) {
    open_graph();
    expect_steps(1, grove_relu(grove_add(product(), bias)));
    open_graph();
    expect_steps(1, grove_relu(grove_add(bias, product())));
}
END_TEST

START_TEST(a_residual_is_added_on_the_way) {
    open_graph();
    expect_steps(1, grove_relu(grove_add(more, grove_add(product(), bias))));
    open_graph(); /* two products: the later one adds the earlier one */
    expect_steps(2, grove_add(product(), product()));
}
END_TEST

/* [1, batch, 7] x one matrix: the sum reads a reshape of the product. */
START_TEST(a_reshape_between_does_not_matter) {
    open_graph();
    grove_tensor tall = grove_reshape(x, GROVE_SHAPE(1, BATCH, IN));
    expect_steps(1, grove_relu(grove_add(grove_matmul(tall, w, false, false), bias)));
    open_graph();
    grove_tensor pairs = grove_reshape(product(), GROVE_SHAPE(BATCH * 2, 3));
    grove_tensor three = grove_parameter(g, "three", GROVE_SHAPE(3), (grove_init){0});
    expect_steps(2, grove_add(pairs, three)); /* no row of the product */
}
END_TEST

START_TEST(each_matrix_of_a_stack_gets_its_own_part) {
    open_graph();
    const grove_init spread = {.kind = GROVE_INIT_NORMAL, .b = 1};
    grove_tensor a = grove_parameter(g, "a", GROVE_SHAPE(3, 4, 5), spread);
    grove_tensor b = grove_parameter(g, "b", GROVE_SHAPE(3, 5, 2), spread);
    grove_tensor c = grove_parameter(g, "c", GROVE_SHAPE(3, 4, 2), spread);
    expect_steps(1, grove_relu(grove_add(grove_matmul(a, b, false, false), c)));
}
END_TEST

START_TEST(the_gradient_of_an_activation_is_taken_on_the_way) {
    open_graph();
    const grove_tensor h = grove_relu(product());
    grove_tensor v = grove_parameter(g, "v", GROVE_SHAPE(OUT, 2),
                                     (grove_init){.kind = GROVE_INIT_NORMAL, .b = 1});
    grove_tensor y = grove_sum(grove_matmul(h, v, false, false), GROVE_ALL_AXES);
    /* h; dy; its spread; dh, masked by h; dw. */
    expect_steps(5, grove_gradient(y, w));
}
END_TEST

START_TEST(the_order_is_the_kernels) {
    open_graph(); /* a row after a matrix, and anything after the cut, are steps */
    expect_steps(2, grove_add(grove_add(product(), more), bias));
    open_graph();
    expect_steps(2, grove_add(grove_relu(product()), bias));
    open_graph();
    expect_steps(2, grove_relu(grove_relu(product())));
}
END_TEST

START_TEST(what_others_read_is_stored) {
    open_graph();
    grove_tensor p = product(), z = grove_add(p, bias);
    expect_steps(3, grove_mul(z, p));
    open_graph();
    p = product();
    z = grove_add(p, bias);
    grove_real got[64], wanted[64];
    ck_assert_uint_eq(run_once((grove_tensor[]){p, z}, 2, false, got), 2);
    run_once((grove_tensor[]){p, z}, 2, true, wanted);
    ck_assert_mem_eq(got, wanted, BATCH * OUT * sizeof *got);
    grove_graph_free(g);
}
END_TEST

START_TEST(what_comes_later_cannot_be_added) {
    open_graph();
    grove_tensor p = product();
    expect_steps(3, grove_add(p, grove_exp(more)));
    open_graph();
    grove_tensor e = grove_exp(more);
    expect_steps(2, grove_add(product(), e));
}
END_TEST

START_TEST(what_is_passed_over_cannot_be_read) {
    open_graph();
    grove_tensor p = product(), r = grove_reshape(p, GROVE_SHAPE(OUT, BATCH));
    grove_tensor z = grove_reshape(grove_relu(r), GROVE_SHAPE(BATCH, OUT)), y = grove_add(z, bias);
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){z, y}, 2, NULL);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_uint_eq(grove_plan_statistics(plan).steps, 2);
    ck_assert_ptr_nonnull(grove_value(plan, z));
    ck_assert_ptr_nonnull(grove_value(plan, y));
    ck_assert_ptr_null(grove_value(plan, p));
    ck_assert_ptr_nonnull(strstr(grove_plan_error(plan)->message, "was not kept"));
    ck_assert_ptr_null(grove_value(plan, r));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- an update in between -------------------------------------------------------------------- */

static bool shape_of_update(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_update_shape(s);
}

/* Adds 1 to each number of a parameter, before all else in a run. What else it reads is early. */
static grove_status run_bump(const grove_call *call, size_t begin, size_t end) {
    (void)begin;
    (void)end;
    for (size_t i = 0; i < call->in[0]->count; i++) {
        grove_written(call, 0)[i] += 1;
    }
    return GROVE_OK;
}

static const grove_op bump = {.name = "test_bump",
                              .min_inputs = 1,
                              .max_inputs = 2,
                              .flags = GROVE_UPDATE | GROVE_FIRST,
                              .written = 1,
                              .shape = shape_of_update,
                              .run = run_bump,
                              .no_gradient = "an update has none"};

/* Of what a slice cuts off, nothing is made; of what anybody else reads, all is (columns: 0). */
static void expect_columns(size_t columns, grove_tensor all, grove_tensor *outputs, int count) {
    grove_plan *plan =
        grove_plan_new(g, outputs, count, &(grove_plan_options){.batch = BATCH, .profile = true});
    ck_assert_str_eq(grove_plan_error(plan)->message, "");
    const grove_finish *finish = plan->places[plan->place_of[all.index]].finish;
    ck_assert_uint_eq(finish ? finish->columns : 0, columns);
    grove_plan_free(plan);
}

START_TEST(columns_that_nobody_reads_are_not_computed) {
    open_graph();
    grove_tensor all = product(), part = grove_slice(all, 1, 1, 3),
                 first = grove_slice(all, 1, 0, 2);
    expect_columns(4, all, (grove_tensor[]){part, first}, 2);
    expect_columns(2, all, (grove_tensor[]){first}, 1);
    expect_columns(0, all, (grove_tensor[]){first, all}, 2);
    expect_steps(4, grove_concat((grove_tensor[]){part, first}, 2, 1));
    open_graph();
    all = product();
    grove_tensor rows = grove_slice(all, 0, 1, 3);
    expect_columns(0, all, &rows, 1);
    expect_steps(2, rows);
    /* What reads an alias may reach anywhere. */
    open_graph();
    all = product();
    grove_tensor turned = grove_slice(grove_reshape(all, GROVE_SHAPE(OUT, BATCH)), 1, 0, 2);
    expect_columns(0, all, &turned, 1);
    expect_steps(2, turned);
    /* A finished product is read by what finishes it. */
    open_graph();
    all = product();
    grove_tensor cut = grove_slice(grove_relu(all), 1, 0, 2);
    expect_columns(0, all, &cut, 1);
    expect_steps(2, cut);
}
END_TEST

START_TEST(a_stack_and_turned_operands_leave_columns_out_too) {
    open_graph();
    const grove_init spread = {.kind = GROVE_INIT_NORMAL, .b = 1};
    grove_tensor stack = grove_parameter(g, "stack", GROVE_SHAPE(3, 4, 5), spread);
    for (int turned = 0; turned < 4; turned++) {
        grove_tensor y = grove_matmul(stack, stack, turned & 1, !(turned & 1));
        grove_tensor part = grove_slice(y, 2, 1, 2);
        expect_columns(3, y, &part, 1);
        grove_real got[256] = {0}, wanted[256] = {0};
        run_once(&part, 1, false, got);
        run_once(&part, 1, true, wanted);
        ck_assert_mem_eq(got, wanted, sizeof got);
    }
    grove_graph_free(g);
}
END_TEST

/* p, then the bias changes, then p + bias: the sum must see the new bias. */
START_TEST(an_update_in_between_keeps_them_apart) {
    for (int bumped = 0; bumped < 2; bumped++) {
        open_graph();
        grove_tensor p = product();
        grove_tensor first = bumped ? grove_append1(&bump, bias, NULL) : GROVE_NONE;
        grove_tensor z = grove_add(p, bias);
        grove_tensor last = grove_append2(&bump, more, z, NULL);
        grove_tensor outputs[] = {z, last, first};
        grove_real got[64], before = ((const grove_real *)grove_parameter_data(bias))[0];
        size_t steps = run_once(outputs, bumped ? 3 : 2, false, got);
        ck_assert_uint_eq(steps, bumped ? 4 : 2);
        grove_real p0 = 0;
        const grove_real *a = grove_parameter_data(x), *b = grove_parameter_data(w);
        for (int l = 0; l < IN; l++) {
            p0 += a[l] * b[l * OUT];
        }
        ck_assert_double_eq_tol((double)got[0], (double)(p0 + before) + bumped, 1e-5);
        grove_graph_free(g);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("finish");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_dense_layer_is_one_step);
    tcase_add_test(all, a_residual_is_added_on_the_way);
    tcase_add_test(all, a_reshape_between_does_not_matter);
    tcase_add_test(all, each_matrix_of_a_stack_gets_its_own_part);
    tcase_add_test(all, the_gradient_of_an_activation_is_taken_on_the_way);
    tcase_add_test(all, the_order_is_the_kernels);
    tcase_add_test(all, what_others_read_is_stored);
    tcase_add_test(all, what_comes_later_cannot_be_added);
    tcase_add_test(all, what_is_passed_over_cannot_be_read);
    tcase_add_test(all, columns_that_nobody_reads_are_not_computed);
    tcase_add_test(all, a_stack_and_turned_operands_leave_columns_out_too);
    tcase_add_test(all, an_update_in_between_keeps_them_apart);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
