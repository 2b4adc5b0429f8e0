/* SPDX-License-Identifier: MIT
 *
 * Bayesian layers: normal numbers against their law, the divergence against an integral, what a
 * layer draws against its mean and variance, the posterior of a problem whose exact one is known.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"

static const double pi = 3.14159265358979323846;

static grove_plan *plan_of(grove_graph *g, const grove_tensor *outputs, int count, int64_t batch,
                           bool training) {
    grove_plan *plan = grove_plan_new(
        g, outputs, count,
        &(grove_plan_options){.batch = batch, .training = training, .keep_all = true});
    ck_assert_msg(grove_plan_error(plan)->status == GROVE_OK, "%s",
                  grove_plan_error(plan)->message);
    return plan;
}

static void run(grove_plan *plan) {
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
}

/* ---- normal numbers -------------------------------------------------------------------------- */

START_TEST(numbers_are_normal) {
    enum { ROWS = 20000, WIDTH = 3 };
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
    grove_tensor y = grove_normal_rows(grove_positions(g, ROWS), WIDTH, 5, _i == 1);
    grove_plan *plan = plan_of(g, &y, 1, 1, false);
    run(plan);
    const grove_real *x = grove_value(plan, y);
    double sums[5] = {0}, across = 0;
    size_t below = 0;
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        const double v = (double)x[i];
        for (int k = 1; k <= 4; k++) {
            sums[k] += pow(v, k);
        }
        across += i % WIDTH ? v * (double)x[i - 1] : 0;
        below += v < -1;
    }
    const double n = ROWS * WIDTH, root = sqrt(n);
    ck_assert_double_lt(fabs(sums[1] / n), 4 / root);
    ck_assert_double_lt(fabs(sums[2] / n - 1), 4 * sqrt(2) / root);
    ck_assert_double_lt(fabs(sums[3] / n), 4 * sqrt(15) / root);
    ck_assert_double_lt(fabs(sums[4] / n - 3), 4 * sqrt(96) / root);
    ck_assert_double_lt(fabs(across / n), 4 / root);
    ck_assert_double_lt(fabs((double)below / n - 0.158655), 4 * 0.37 / root);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(an_id_has_its_row) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
    grove_tensor ids = grove_input_ids(g, "ids", 4);
    grove_tensor fixed = grove_normal_rows(ids, 5, 9, true),
                 same = grove_normal_rows(ids, 5, 9, true);
    grove_tensor other = grove_normal_rows(ids, 5, 10, true),
                 anew = grove_normal_rows(ids, 5, 9, false);
    grove_tensor all[] = {fixed, same, other, anew};
    grove_plan *plan = plan_of(g, all, 4, 1, true);
    const grove_id asked[] = {7, 2000000, 7, 0};
    grove_bind(plan, ids, asked);
    grove_real first[20], first_anew[20];
    run(plan);
    memcpy(first, grove_value(plan, fixed), sizeof first);
    memcpy(first_anew, grove_value(plan, anew), sizeof first_anew);
    ck_assert_mem_eq(first, grove_value(plan, same), sizeof first);
    ck_assert_mem_ne(first, grove_value(plan, other), sizeof first);
    ck_assert_mem_eq(first, first + 10, 5 * sizeof *first);
    ck_assert_mem_ne(first, first + 5, 5 * sizeof *first);
    run(plan);
    ck_assert_mem_eq(first, grove_value(plan, fixed), sizeof first);
    ck_assert_mem_ne(first_anew, grove_value(plan, anew), sizeof first);
    const grove_id bad[] = {7, -1, 7, 0};
    grove_bind(plan, ids, bad);
    ck_assert_int_ne(grove_run(plan), GROVE_OK);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- the divergence -------------------------------------------------------------------------- */

/* The integral of q log(q / p), by the middle of many small steps. */
static double integral(double mean, double deviation, double prior) {
    enum { STEPS = 200000 };
    double sum = 0;
    const double from = mean - 12 * deviation, step = 24 * deviation / STEPS;
    for (int i = 0; i < STEPS; i++) {
        const double w = from + (i + 0.5) * step, z = (w - mean) / deviation;
        const double log_q = -0.5 * z * z - log(deviation),
                     log_p = -0.5 * w * w / (prior * prior) - log(prior);
        sum += exp(log_q) / sqrt(2 * pi) * (log_q - log_p) * step;
    }
    return sum;
}

START_TEST(the_divergence_is_its_integral) {
    enum { N = 4 };
    const double cases[N][3] = {{0, 1, 1}, {0.5, 0.2, 1}, {-2, 0.7, 0.5}, {0.1, 3, 1.5}};
    for (int i = 0; i < N; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor kl =
            grove_normal_divergence(grove_fill(g, GROVE_SHAPE(2), cases[i][0]),
                                    grove_fill(g, GROVE_SHAPE(2), cases[i][1]), cases[i][2]);
        grove_plan *plan = plan_of(g, &kl, 1, 1, false);
        run(plan);
        const grove_real *y = grove_value(plan, kl);
        const double exact = integral(cases[i][0], cases[i][1], cases[i][2]);
        ck_assert_double_eq_tol((double)y[1], exact, 2e-6 * (1 + exact));
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- layers ---------------------------------------------------------------------------------- */

/* A deviation as the layers keep it. */
static double softplus(double rho) {
    return log1p(exp(rho));
}

static void fill(grove_graph *g, const char *name, double from, double by) {
    grove_tensor p = grove_find(g, name);
    grove_real *values = grove_parameter_data(p);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < grove_parameter_size(p); i++) {
        values[i] = (grove_real)(from + by * (double)i);
    }
}

START_TEST(a_dense_layer_draws_by_its_posterior) {
    enum { IN = 3, UNITS = 2, RUNS = 4000 };
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 8});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, IN), kl;
    grove_tensor y =
        grove_nn_bayesian_dense(x, UNITS, "layer", &(grove_bayesian_options){.prior = 2}, &kl);
    fill(g, "layer.weight", -0.5, 0.3);
    fill(g, "layer.rho", -2, 0.5);
    fill(g, "layer.bias", 0.1, 1);
    const grove_real input[] = {1, -2, 0.5F, 0, 3, 1};
    grove_tensor outputs[] = {y, kl};
    grove_plan *train = plan_of(g, outputs, 2, 2, true), *answer = plan_of(g, outputs, 2, 2, false);
    grove_bind(train, x, input);
    grove_bind(answer, x, input);
    double sum[4] = {0}, squares[4] = {0}, mean[4], variance[4], divergence = 0;
    for (int row = 0; row < 2; row++) {
        for (int u = 0; u < UNITS; u++) {
            const int k = row * UNITS + u;
            mean[k] = 0.1 + u;
            variance[k] = 0;
            for (int i = 0; i < IN; i++) {
                const double w = -0.5 + 0.3 * (u * IN + i), s = softplus(-2 + 0.5 * (u * IN + i));
                const double v = (double)input[row * IN + i];
                mean[k] += w * v;
                variance[k] += s * s * v * v;
                divergence += row == 0 ? log(2 / s) + (s * s + w * w) / 8 - 0.5 : 0;
            }
        }
    }
    for (int r = 0; r < RUNS; r++) {
        run(train);
        const grove_real *drawn = grove_value(train, y);
        for (int k = 0; k < 4; k++) {
            sum[k] += (double)drawn[k];
            squares[k] += pow((double)drawn[k] - mean[k], 2);
        }
    }
    run(answer);
    for (int k = 0; k < 4; k++) {
        ck_assert_double_lt(fabs(sum[k] / RUNS - mean[k]), 4 * sqrt(variance[k] / RUNS));
        ck_assert_double_lt(fabs(squares[k] / RUNS / variance[k] - 1), 4 * sqrt(2.0 / RUNS));
        ck_assert_double_eq_tol((double)((const grove_real *)grove_value(answer, y))[k], mean[k],
                                1e-5);
    }
    ck_assert_double_eq_tol(grove_scalar(answer, kl), divergence, 1e-4);
    grove_plan_free(train);
    grove_plan_free(answer);
    grove_graph_free(g);
}
END_TEST

/* The mean over the rows of an epoch, times their number, is the table's KL: of the rows that are
 * met. And a gradient stays by rows. */
START_TEST(the_kl_of_a_table_comes_row_by_row) {
    enum { ROWS = 4, WIDTH = 3, N = 6 };
    const grove_id met[N] = {2, 0, 2, 3, 2, 0};
    const int64_t counts[ROWS] = {2, 0, 3, 1};
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 8});
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH), kl;
    grove_tensor y = grove_nn_bayesian_embedding(ids, ROWS, WIDTH, "t", counts,
                                                 &(grove_bayesian_options){.prior = 1}, &kl);
    fill(g, "t.weight", -0.5, 0.1);
    fill(g, "t.rho", -1, 0.1);
    grove_tensor outputs[] = {y, kl};
    grove_plan *plan = plan_of(g, outputs, 2, N, false);
    grove_bind(plan, ids, met);
    run(plan);
    double sum = 0, table = 0;
    for (int i = 0; i < N; i++) {
        sum += (double)((const grove_real *)grove_value(plan, kl))[i];
    }
    for (int i = 0; i < ROWS * WIDTH; i++) {
        const double w = -0.5 + 0.1 * i, s = softplus(-1 + 0.1 * i);
        table += counts[i / WIDTH] ? -log(s) + (s * s + w * w) / 2 - 0.5 : 0;
    }
    ck_assert_double_eq_tol(sum, table, 1e-4);
    grove_tensor loss = grove_add(grove_mean(kl, GROVE_AXES(0)), grove_mean(y, GROVE_AXES(0, 1)));
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.1));
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_OK);
    grove_plan *train = plan_of(g, &step, 1, N, true);
    grove_bind(train, ids, met);
    const grove_real *rho = grove_parameter_data(grove_find(g, "t.rho"));
    grove_real before[WIDTH];
    memcpy(before, rho + WIDTH, sizeof before);
    run(train);
    ck_assert_mem_eq(before, rho + WIDTH, sizeof before); /* row 1 is met by nobody */
    ck_assert((double)rho[2 * WIDTH] != -1 + 0.1 * 2 * WIDTH);
    grove_plan_free(train);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(draws_are_networks) {
    enum { DRAWS = 400, IN = 2, UNITS = 2 };
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 4});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, IN), y[DRAWS];
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH), v[DRAWS];
    for (int k = 0; k < DRAWS; k++) {
        y[k] = grove_nn_bayesian_dense_draw(x, UNITS, "layer", k);
        v[k] = grove_nn_bayesian_embedding_draw(ids, 5, 2, "t", k);
    }
    fill(g, "layer.weight", 1, 0);
    fill(g, "layer.rho", 0.5, 0);
    fill(g, "t.weight", -1, 0);
    fill(g, "t.rho", 0.5, 0);
    grove_tensor all[2 * DRAWS];
    memcpy(all, y, sizeof y);
    memcpy(all + DRAWS, v, sizeof v);
    grove_plan *plan = plan_of(g, all, 2 * DRAWS, 2, false);
    const grove_real input[] = {1, 0, 2, 0};
    const grove_id rows[] = {3, 3};
    grove_bind(plan, x, input);
    grove_bind(plan, ids, rows);
    run(plan);
    double sum = 0, squares = 0, of_table = 0;
    for (int k = 0; k < DRAWS; k++) {
        const grove_real *drawn = grove_value(plan, y[k]), *row = grove_value(plan, v[k]);
        /* One weight: the second row, with twice the input, has twice the output. */
        ck_assert_double_eq_tol((double)drawn[UNITS], 2 * (double)drawn[0], 1e-5);
        ck_assert_mem_eq(row, row + 2, 2 * sizeof *row);
        sum += (double)drawn[0];
        squares += pow((double)drawn[0] - 1, 2);
        of_table += pow((double)row[0] + 1, 2);
    }
    const double s = softplus(0.5);
    ck_assert_double_lt(fabs(sum / DRAWS - 1), 4 * s / sqrt(DRAWS));
    ck_assert_double_lt(fabs(squares / DRAWS / (s * s) - 1), 4 * sqrt(2.0 / DRAWS));
    ck_assert_double_lt(fabs(of_table / DRAWS / (s * s) - 1), 4 * sqrt(2.0 / DRAWS));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- a posterior that is known --------------------------------------------------------------- */

/* y = w x + noise of a known deviation s, the columns of x orthogonal: then the posterior's weights
 * are independent, as the layer has them, each N(V sum(x y) / s^2, V) with
 * 1 / V = sum(x^2) / s^2 + 1 / prior^2. */
START_TEST(the_posterior_of_a_conjugate_problem) {
    enum { N = 64, IN = 3, STEPS = 6000 };
    const double noise = 0.5, prior = 0.8;
    grove_real x[N * IN], y[N];
    double xx[IN] = {0}, xy[IN] = {0};
    for (int i = 0; i < N; i++) {
        x[i * IN] = i % 2 ? 1 : -1;
        x[i * IN + 1] = (i / 2) % 2 ? 0.5F : -0.5F;
        x[i * IN + 2] = (i / 4) % 2 ? 0.1F : -0.1F;
        y[i] = (grove_real)(0.7 * (double)x[i * IN] - 0.4 * (double)x[i * IN + 1] +
                            noise * 1.2 * sin(7.3 * i));
        for (int k = 0; k < IN; k++) {
            xx[k] += pow((double)x[i * IN + k], 2);
            xy[k] += (double)x[i * IN + k] * (double)y[i];
        }
    }
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 2});
    grove_tensor in = grove_input_reals(g, "x", GROVE_BATCH, IN), kl;
    grove_tensor wanted = grove_input_reals(g, "y", GROVE_BATCH);
    grove_tensor out =
        grove_nn_bayesian_dense(in, 1, "layer", &(grove_bayesian_options){.prior = prior}, &kl);
    grove_parameter_set(grove_find(g, "layer.bias"), &(grove_parameter_options){.frozen = true});
    grove_tensor error =
        grove_mean_squared_error(grove_reshape(out, GROVE_SHAPE(GROVE_BATCH)), wanted);
    grove_tensor loss =
        grove_add(grove_scale(error, 0.5 / (noise * noise)), grove_scale(kl, 1.0 / N));
    grove_tensor step = grove_minimize(
        loss, GROVE_ADAM(.rate = 0.01, .average = 0.999,
                         .schedule = {.kind = GROVE_SCHEDULE_COSINE, .steps = STEPS}));
    grove_plan *plan = plan_of(g, &step, 1, N, true);
    grove_bind(plan, in, x);
    grove_bind(plan, wanted, y);
    for (int i = 0; i < STEPS; i++) {
        run(plan);
    }
    ck_assert_int_eq(grove_swap_averages(step), GROVE_OK);
    const grove_real *mean = grove_parameter_data(grove_find(g, "layer.weight"));
    const grove_real *rho = grove_parameter_data(grove_find(g, "layer.rho"));
    for (int k = 0; k < IN; k++) {
        const double v = 1 / (xx[k] / (noise * noise) + 1 / (prior * prior));
        const double exact = v * xy[k] / (noise * noise), own = softplus((double)rho[k]);
        ck_assert_msg(fabs((double)mean[k] - exact) < 0.03 * sqrt(v) + 0.01, "mean %d: %g, not %g",
                      k, (double)mean[k], exact);
        ck_assert_msg(fabs(own / sqrt(v) - 1) < 0.05, "deviation %d: %g, not %g", k, own, sqrt(v));
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(warm_up_and_refusals) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor clock = grove_clock(g, "clock"), w = grove_warm_up(clock, 10);
    grove_plan *plan = plan_of(g, &w, 1, 1, false);
    const int asked[] = {0, 5, 10, 1000};
    const double wanted[] = {0, 0.5, 1, 1};
    for (int i = 0; i < 4; i++) {
        *(grove_id *)grove_parameter_data(clock) = asked[i];
        run(plan);
        ck_assert_double_eq_tol(grove_scalar(plan, w), wanted[i], 1e-6);
    }
    grove_plan_free(plan);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 3);
    ck_assert(!grove_is_valid(grove_nn_bayesian_dense(x, 0, "a", NULL, NULL)));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "bayesian dense layer 'a'"));
    grove_graph_free(g);
    g = grove_graph_new(NULL);
    x = grove_input_reals(g, "x", GROVE_BATCH, 3);
    ck_assert(!grove_is_valid(grove_nn_bayesian_embedding(x, 4, 2, "t", NULL, NULL, NULL)));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "it takes ids"));
    grove_graph_free(g);
    g = grove_graph_new(NULL);
    x = grove_fill(g, GROVE_SHAPE(2), 1);
    ck_assert(!grove_is_valid(grove_normal_divergence(x, x, 0)));
    ck_assert_ptr_nonnull(strstr(grove_graph_error(g)->message, "must be above 0, not 0"));
    grove_graph_free(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bayesian");
    TCase *tests = tcase_create("bayesian");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, numbers_are_normal, 0, 2);
    tcase_add_test(tests, an_id_has_its_row);
    tcase_add_test(tests, the_divergence_is_its_integral);
    tcase_add_test(tests, a_dense_layer_draws_by_its_posterior);
    tcase_add_test(tests, the_kl_of_a_table_comes_row_by_row);
    tcase_add_test(tests, draws_are_networks);
    tcase_add_test(tests, the_posterior_of_a_conjugate_problem);
    tcase_add_test(tests, warm_up_and_refusals);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
