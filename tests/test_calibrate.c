/* SPDX-License-Identifier: MIT
 *
 * Temperature: found where the log loss is least, put into the weights of the last layer.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 300, CLASSES = 3 };

/* Probabilities of logits [rows, classes] at a temperature. */
static void soften(const double *logits, double temperature, float *p) {
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0, q[CLASSES];
        for (size_t c = 0; c < CLASSES; c++) {
            q[c] = exp(logits[i * CLASSES + c] / temperature);
            sum += q[c];
        }
        for (size_t c = 0; c < CLASSES; c++) {
            p[i * CLASSES + c] = (float)(q[c] / sum);
        }
    }
}

static double log_loss(const float *p, const grove_id *labels) {
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++) {
        sum -= log((double)p[i * CLASSES + (size_t)labels[i]]);
    }
    return sum / ROWS;
}

/* Logits about a label that is right in two rows of three. */
static void make_rows(double *logits, grove_id *labels) {
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (grove_id)(i * 7 % 11 % CLASSES);
        for (size_t c = 0; c < CLASSES; c++) {
            const bool said = c == ((size_t)labels[i] + (i % 3 == 0)) % CLASSES;
            logits[i * CLASSES + c] = (double)(i * 31 % 17) / 5 + (said ? 6 + (double)(i % 5) : 0);
        }
    }
}

START_TEST(the_temperature_makes_the_log_loss_least) {
    double logits[ROWS * CLASSES], temperature, again;
    float p[ROWS * CLASSES], q[ROWS * CLASSES];
    grove_id labels[ROWS];
    make_rows(logits, labels);
    soften(logits, 1, p);
    ck_assert_int_eq(grove_fit_temperature(p, labels, ROWS, CLASSES, &temperature, NULL), GROVE_OK);
    ck_assert_double_gt(temperature, 1.5);
    soften(logits, temperature, q);
    const double least = log_loss(q, labels);
    for (double other = 0.5; other < 19; other *= 1.07) {
        soften(logits, other, q);
        ck_assert_double_ge(log_loss(q, labels), least - 1e-9);
    }
    /* rows that have been softened want no more of it; and those of twice it want half */
    soften(logits, temperature, q);
    ck_assert_int_eq(grove_fit_temperature(q, labels, ROWS, CLASSES, &again, NULL), GROVE_OK);
    ck_assert_double_eq_tol(again, 1, 1e-4);
    soften(logits, 2 * temperature, q);
    ck_assert_int_eq(grove_fit_temperature(q, labels, ROWS, CLASSES, &again, NULL), GROVE_OK);
    ck_assert_double_eq_tol(again, 0.5, 1e-4);
}
END_TEST

START_TEST(a_row_that_is_always_right_wants_the_least) {
    const float sure[] = {0.9F, 0.1F, 0.2F, 0.8F}, none[] = {1, 0, 0, 1};
    const grove_id labels[] = {0, 1}, wrong[] = {1, 0};
    double temperature;
    ck_assert_int_eq(grove_fit_temperature(sure, labels, 2, 2, &temperature, NULL), GROVE_OK);
    ck_assert_double_eq_tol(temperature, GROVE_LEAST_TEMPERATURE, 1e-9);
    ck_assert_int_eq(grove_fit_temperature(none, wrong, 2, 2, &temperature, NULL), GROVE_OK);
    ck_assert_double_eq_tol(temperature, GROVE_MOST_TEMPERATURE, 1e-6);
}
END_TEST

/* ---- in a graph ------------------------------------------------------------------------------ */

typedef struct scene {
    grove_graph *graph;
    grove_tensor x, h, logits, p;
} scene;

static scene make_scene(bool tied) {
    scene s = {.graph = grove_graph_new(&(grove_graph_options){.seed = 3})};
    s.x = grove_input_reals(s.graph, "x", GROVE_BATCH, 4);
    s.h = grove_nn_dense(s.x, 4, "h");
    if (tied) {
        s.h = grove_matmul(s.h, grove_find(s.graph, "h.weight"), false, true);
        s.logits = s.h;
    } else {
        s.logits = grove_nn_dense(s.h, 3, "out");
    }
    s.p = grove_name(grove_softmax(s.logits), "probabilities");
    return s;
}

static void run(const scene *s, const grove_real *x, double *logits) {
    const grove_tensor wanted[] = {s->logits, s->p};
    grove_plan *plan = grove_plan_new(s->graph, wanted, 2, &(grove_plan_options){.batch = 2});
    ck_assert_int_eq(grove_bind(plan, s->x, x), GROVE_OK);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    for (size_t i = 0; i < 6; i++) {
        logits[i] = (double)((const grove_real *)grove_value(plan, s->logits))[i];
    }
    grove_plan_free(plan);
}

START_TEST(the_last_layer_is_divided) {
    const grove_real x[] = {1, -2, 3, 0.5F, -1, 0, 2, 4};
    double before[6], after[6];
    grove_error error = {0};
    scene s = make_scene(false);
    grove_real *bias = grove_parameter_data(grove_find(s.graph, "out.bias"));
    bias[0] = 2;
    bias[2] = -1;
    run(&s, x, before);
    ck_assert_msg(grove_apply_temperature(s.graph, 2.5, &error) == GROVE_OK, "%s", error.message);
    run(&s, x, after);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_eq_tol(after[i], before[i] / 2.5, 1e-6);
    }
    grove_graph_free(s.graph);
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
    const grove_real x[] = {1, -2, 3, 0.5F, -1, 0, 2, 4};
    double before[6], after[6], temperature;
    grove_error error = {0};
    scene s = make_scene(true); /* the weight is read twice */
    run(&s, x, before);
    ck_assert_int_eq(grove_apply_temperature(s.graph, 2, &error), GROVE_UNSUPPORTED);
    run(&s, x, after);
    ck_assert_mem_eq(before, after, sizeof after);
    ck_assert_int_eq(grove_apply_temperature(s.graph, 0, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_apply_temperature(s.graph, (double)NAN, &error), GROVE_BAD_ARGUMENT);
    grove_graph_free(s.graph);
    grove_graph *empty = grove_graph_new(&(grove_graph_options){.seed = 1});
    ck_assert_int_eq(grove_apply_temperature(empty, 2, &error), GROVE_NOT_FOUND);
    grove_graph_free(empty);
    const float p[] = {0.5F, 0.5F}, bad[] = {(float)NAN, 1};
    const grove_id label[] = {0}, beyond[] = {2};
    ck_assert_int_eq(grove_fit_temperature(p, label, 0, 2, &temperature, &error), GROVE_BAD_DATA);
    ck_assert_int_eq(grove_fit_temperature(p, beyond, 1, 2, &temperature, &error), GROVE_BAD_DATA);
    ck_assert_int_eq(grove_fit_temperature(bad, label, 1, 2, &temperature, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "must be from 0 to 1"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("calibrate");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, the_temperature_makes_the_log_loss_least);
    tcase_add_test(tests, a_row_that_is_always_right_wants_the_least);
    tcase_add_test(tests, the_last_layer_is_divided);
    tcase_add_test(tests, what_cannot_be_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
