/* SPDX-License-Identifier: MIT
 *
 * What zero means: the defaults that the headers state for optimizers, plateaus, samples and
 * hashes, and the numbers that the parameters of layers begin with. Nobody sees them in a model;
 * all models depend on them.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

static const double tolerance = sizeof(grove_real) == sizeof(float) ? 1e-6 : 1e-13;

/* ---- optimizers ------------------------------------------------------------------------------ */

/* By how much the first step moves a weight that is 1 and has the gradient 1. A matrix: weight
 * decay, where it has a default, goes by rule. */
static double first_step(const grove_optimizer *optimizer) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor w =
        grove_parameter(g, "w", GROVE_SHAPE(1, 1), (grove_init){GROVE_INIT_CONSTANT, .a = 1});
    grove_tensor step = grove_minimize(grove_sum(w, GROVE_ALL_AXES), optimizer);
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    double moved = 1 - (double)*(grove_real *)grove_parameter_data(w);
    grove_plan_free(plan);
    grove_graph_free(g);
    return moved;
}

START_TEST(rates_of_optimizers) {
    const struct {
        grove_optimizer_kind kind;
        double moved;
    } wanted[] = {
        {GROVE_OPTIMIZER_SGD, 0.01},
        {GROVE_OPTIMIZER_ADAM, 0.001 / (1 + 1e-8)},
        {GROVE_OPTIMIZER_ADAMW, 0.001 / (1 + 1e-8) + 0.001 * 0.01}, /* it decays by 0.01 */
        {GROVE_OPTIMIZER_ADAGRAD, 0.01 / (1 + 1e-10)},
        {GROVE_OPTIMIZER_ROWWISE_ADAGRAD, 0.01 / (1 + 1e-10)},
        {GROVE_OPTIMIZER_RMSPROP, 0.01 / (sqrt(1 - 0.99) + 1e-8)},
    };
    ck_assert_uint_eq(sizeof wanted / sizeof *wanted, GROVE_OPTIMIZER_RMSPROP + 1);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        double moved = first_step(&(grove_optimizer){.kind = wanted[i].kind});
        ck_assert_msg(fabs(moved - wanted[i].moved) < tolerance, "kind %zu moves by %.9g", i,
                      moved);
    }
}
END_TEST

/* Ten calls without a better loss are let pass, the eleventh brings a tenth of the rate. Better is
 * by one in ten thousand. */
START_TEST(plateaus) {
    for (int better = 0; better < 2; better++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_plateau p = {.rate = grove_rate_state(g, "rate", 1)};
        ck_assert(!grove_plateau_step(&p, 1));
        ck_assert(!grove_plateau_step(&p, better ? 0.99985 : 0.99995));
        for (int i = better ? 0 : 1; i < 10; i++) {
            ck_assert(!grove_plateau_step(&p, 0.99995));
        }
        ck_assert_double_eq(grove_get_rate(p.rate), 1);
        ck_assert(grove_plateau_step(&p, 0.99995));
        ck_assert_double_eq_tol(grove_get_rate(p.rate), 0.1, tolerance);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- how many -------------------------------------------------------------------------------- */

/* The last axis of the only node of that op. */
static int64_t last_axis_of(const grove_graph *g, const char *op) {
    int64_t size = -1;
    for (int32_t i = 0; i < grove_node_count(g); i++) {
        grove_tensor node = grove_node_at(g, i);
        if (strcmp(grove_node_op(node), op) == 0) {
            ck_assert_int_eq(size, -1);
            size = grove_node_shape(node).dim[grove_node_shape(node).rank - 1];
        }
    }
    return size;
}

START_TEST(samples_and_hashes) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 3);
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
    grove_tensor weight = grove_parameter(g, "w", GROVE_SHAPE(500, 3), (grove_init){0});
    ck_assert(grove_is_valid(grove_sampled_softmax_loss(x, weight, GROVE_NONE, ids, NULL)));
    ck_assert_int_eq(last_axis_of(g, "sample_log_uniform"), 64);
    ck_assert(grove_is_valid(grove_nn_hashed_embedding(ids, 50, 4, "hashed", NULL)));
    ck_assert_int_eq(last_axis_of(g, "hash_ids"), 2);
    grove_graph_free(g);
}
END_TEST

/* ---- how parameters begin -------------------------------------------------------------------- */

/* The numbers of the parameter have this mean square, and none is farther out than `most`; its
 * estimate is off by five deviations at most, of normal numbers, which vary more than uniform. */
static void expect_begin(const grove_graph *g, const char *name, double square, double most) {
    grove_tensor p = grove_find(g, name);
    const grove_real *w = grove_parameter_data(p);
    size_t count = grove_parameter_size(p);
    double sum = 0, mean = 0, far = 0;
    ck_assert_msg(count > 0, "there is no '%s'", name);
    for (size_t i = 0; i < count; i++) {
        sum += (double)w[i] * (double)w[i];
        mean += (double)w[i];
        far = fmax(far, fabs((double)w[i]));
    }
    double seen = sum / (double)count, wide = 5 * sqrt(2 / (double)count) * square;
    printf("%s: mean square %.3g, expected %.3g +- %.2g\n", name, seen, square, wide);
    ck_assert_msg(fabs(seen - square) <= wide, "'%s' begins with a mean square of %g", name, seen);
    ck_assert_msg(fabs(mean) / (double)count <= 5 * sqrt(square / (double)count), "'%s': mean %g",
                  name, mean / (double)count);
    ck_assert_msg(far <= most * (1 + tolerance), "'%s' has a %g", name, far);
}

/* Uniform within +-bound: the mean square is bound^2 / 3. That of normal numbers reaches beyond. */
static void expect_uniform(const grove_graph *g, const char *name, double bound) {
    expect_begin(g, name, bound * bound / 3, bound);
}

static void expect_zeros(const grove_graph *g, const char *name) {
    expect_begin(g, name, 0, 0);
}

START_TEST(layers_begin_as_the_headers_say) {
    enum { IN = 40, UNITS = 60, TABLE = 300, COLUMNS = 16 };
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 2});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 25, IN);
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH, 3);
    grove_nn_dense(x, UNITS, "dense");
    grove_nn_embedding(ids, TABLE, COLUMNS, "table");
    grove_nn_embedding_bag(ids, TABLE, COLUMNS, "bag", NULL);
    grove_nn_gru(x, 25, "gru", NULL);
    grove_nn_position_embedding(x, "position");
    ck_assert_msg(grove_graph_error(g)->status == GROVE_OK, "%s", grove_graph_error(g)->message);
    expect_uniform(g, "dense.weight", sqrt(6.0 / (IN + UNITS))); /* Xavier */
    expect_zeros(g, "dense.bias");
    expect_begin(g, "table.weight", 1.0 / COLUMNS, INFINITY);
    expect_begin(g, "bag.weight", 1.0 / COLUMNS, INFINITY);
    expect_begin(g, "position.weight", 0.02 * 0.02, INFINITY);
    const char *const of_gru[] = {"gru.weight_ih_l0", "gru.weight_hh_l0", "gru.bias_ih_l0",
                                  "gru.bias_hh_l0"};
    for (int i = 0; i < 4; i++) {
        expect_uniform(g, of_gru[i], 1 / sqrt(25.0));
    }
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("defaults");
    tcase_add_test(cases, rates_of_optimizers);
    tcase_add_test(cases, plateaus);
    tcase_add_test(cases, samples_and_hashes);
    tcase_add_test(cases, layers_begin_as_the_headers_say);
    Suite *suite = suite_create("defaults");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
