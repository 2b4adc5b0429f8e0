/* SPDX-License-Identifier: MIT
 *
 * Gradient boosting: what a weak model is fitted to against numbers worked out by hand, steps that
 * never raise the loss, losses of the caller's own, the best stage, the same bits, what is refused.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"
#include "lesson.h"

enum { ROWS = 400, STAGES = 5 };

/* ---- one step, by hand ----------------------------------------------------------------------- */

/* The quadratic at `step`, and its gradient there; scores, label and step [n, outputs]. */
static double quadratic(grove_tensor (*loss_of)(grove_tensor, grove_tensor), grove_shape shape,
                        const grove_real *scores, const void *label, bool ids,
                        const grove_real *step, grove_real *gradient) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor s = grove_input(g, "scores", GROVE_REAL, shape);
    grove_tensor f = grove_input(g, "step", GROVE_REAL, shape);
    grove_tensor y = ids ? grove_input(g, "label", GROVE_ID, GROVE_SHAPE(GROVE_BATCH))
                         : grove_input(g, "label", GROVE_REAL, shape);
    grove_tensor q = grove_quadratic_loss(loss_of(s, y), s, f);
    grove_tensor outputs[] = {q, grove_gradient(q, f)};
    grove_plan *plan = grove_plan_new(g, outputs, 2, &(grove_plan_options){.batch = 2});
    grove_bind(plan, s, scores);
    grove_bind(plan, f, step);
    grove_bind(plan, y, label);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const double value = grove_scalar(plan, q);
    memcpy(gradient, grove_value(plan, outputs[1]),
           grove_value_count(plan, outputs[1]) * sizeof *gradient);
    grove_plan_free(plan);
    grove_graph_free(g);
    return value;
}

/* log(1 + e^-s) for yes: at s = 0 the slope is -1/2 or 1/2 and the curvature 1/4, of two rows half
 * of that each; a tenth of the mean curvature is added, and a millionth of a row. */
START_TEST(a_step_of_cross_entropy_by_hand) {
    const grove_real scores[] = {0, 0}, label[] = {1, 0}, step[] = {1, 2};
    const double h = 0.125 * 1.1 + 0.5e-6, best = 0.25 / h;
    grove_real d[2];
    double value = quadratic(grove_binary_cross_entropy, GROVE_SHAPE(GROVE_BATCH), scores, label,
                             false, step, d);
    ck_assert_double_eq_tol(value, -0.25 + 0.5 + h * 5 / 2, 1e-6);
    ck_assert_double_eq_tol((double)d[0], -0.25 + h, 1e-6);
    ck_assert_double_eq_tol((double)d[1], 0.25 + 2 * h, 1e-6);
    const grove_real newton[] = {(grove_real)best, (grove_real)-best};
    quadratic(grove_binary_cross_entropy, GROVE_SHAPE(GROVE_BATCH), scores, label, false, newton,
              d);
    ck_assert_double_eq_tol((double)d[0], 0, 1e-6);
    ck_assert_double_eq_tol((double)d[1], 0, 1e-6);
}
END_TEST

/* p = 1/3 each; slopes p - 1 of the label and p of the others, curvatures p (1 - p) = 2/9. */
START_TEST(a_step_of_softmax_by_hand) {
    const grove_real scores[6] = {0}, step[] = {1, 0, 0, 0, 0, 2};
    const grove_id label[] = {0, 1};
    const double h = 2 / 9.0 / 2 * 1.1 + 0.5e-6;
    grove_real d[6];
    double value = quadratic(grove_softmax_cross_entropy, GROVE_SHAPE(GROVE_BATCH, 3), scores,
                             label, true, step, d);
    ck_assert_double_eq_tol(value, -2 / 6.0 + 2 / 6.0 + h * 5 / 2, 1e-6);
    ck_assert_double_eq_tol((double)d[0], -1 / 3.0 + h, 1e-6);
    ck_assert_double_eq_tol((double)d[4], -1 / 3.0, 1e-6);
    ck_assert_double_eq_tol((double)d[5], 1 / 6.0 + 2 * h, 1e-6);
}
END_TEST

static grove_tensor absolute(grove_tensor scores, grove_tensor label) {
    return grove_mean_absolute_error(scores, label, GROVE_NONE);
}

START_TEST(a_loss_without_curvature_has_one) {
    const grove_real scores[] = {3, 0}, label[] = {1, 5}, step[] = {-1, 4};
    grove_real d[2];
    double value = quadratic(absolute, GROVE_SHAPE(GROVE_BATCH), scores, label, false, step, d);
    ck_assert_double_eq_tol(value, -0.5 - 2 + 0.25 + 4, 1e-6);
    ck_assert_double_eq_tol((double)d[0], 0, 1e-6); /* -1 is all the way */
    ck_assert_double_eq_tol((double)d[1], -0.5 + 2, 1e-6);
}
END_TEST

/* ---- tables ---------------------------------------------------------------------------------- */

/* A number, and whether it is large, hang on a category and another number. */
static grove_table *make_table(void) {
    const char *names[] = {"kind", "size", "label", "price"};
    grove_table *table = NULL;
    grove_error error = {0};
    ck_assert_int_eq(grove_table_new(names, 4, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16], price[32];
        const int k = (i * 7919) % 11, s = (i * 104729) % 100, noise = (i * 31) % 7;
        const int p = k % 3 * 20 + (k % 2 ? s : 100 - s) + noise;
        snprintf(kind, sizeof kind, "k%d", k);
        snprintf(size, sizeof size, "%d", s);
        snprintf(price, sizeof price, "%d", p);
        const char *cells[] = {kind, size, p > 75 ? "yes" : p > 50 ? "perhaps" : "no", price};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static lesson make_lesson(bool number) {
    const char *other = number ? "label" : "price";
    return lesson_of(
        make_table(),
        &(grove_schema_options){.label = number ? "price" : "label",
                                .target = number ? GROVE_TARGET_NUMBER : GROVE_TARGET_CLASS,
                                .ignore = &other,
                                .ignore_count = 1},
        NULL);
}

static const int64_t few[] = {8};

static grove_classifier_options weak(void) {
    return (grove_classifier_options){.hidden = few, .hidden_count = 1, .dropout = 0.1, .seed = 3};
}

static grove_fit_options usual(void) {
    return (grove_fit_options){.epochs = 4,
                               .batch = 64,
                               .seed = 5,
                               .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.01}};
}

/* Whatever fails, fails the test. */
static grove_classifier boost(const lesson *l, const grove_classifier_options *network,
                              const grove_fit_options *fit, int corrective,
                              grove_boost_stage *stages, grove_boost_result *result) {
    grove_classifier c;
    grove_error error = {0};
    const grove_boost_options options = {
        .stages = STAGES, .corrective_epochs = corrective, .network = network, .fit = fit};
    ck_assert_msg(grove_boost_fit(l->schema, l->train, l->valid, &options, stages, &c, result,
                                  &error) == GROVE_OK,
                  "%s", error.message);
    return c;
}

static void check_falling(const grove_boost_stage *stages, int count) {
    for (int i = 0; i < count; i++) {
        const double before = i > 0 ? stages[i - 1].train_loss : (double)INFINITY;
        ck_assert_double_le(stages[i].searched_loss, before + 1e-6);
        ck_assert_double_eq_tol(stages[i].train_loss, stages[i].searched_loss, 1e-5);
        ck_assert_double_ge(stages[i].rate, 0);
    }
}

START_TEST(a_searched_step_never_raises_the_loss) {
    for (int number = 0; number < 2; number++) {
        lesson l = make_lesson(number);
        for (int kind = 0; kind < (number ? 3 : 1); kind++) {
            grove_classifier_options network = weak();
            grove_fit_options fit = usual();
            grove_boost_stage stages[STAGES];
            grove_boost_result result;
            network.number_loss = (grove_number_loss)kind;
            fit.patience = STAGES;
            grove_classifier c = boost(&l, &network, &fit, 0, stages, &result);
            ck_assert_int_eq(result.stages, STAGES);
            check_falling(stages, STAGES);
            ck_assert_double_lt(stages[STAGES - 1].train_loss, 0.9 * stages[0].train_loss);
            grove_classifier_free(&c);
        }
        free_lesson(&l);
    }
}
END_TEST

START_TEST(a_corrective_step_helps) {
    lesson l = make_lesson(false);
    grove_classifier_options network = weak();
    grove_fit_options fit = usual();
    grove_boost_stage with[STAGES], without[STAGES];
    grove_boost_result result;
    fit.patience = STAGES;
    grove_classifier a = boost(&l, &network, &fit, 0, without, &result);
    grove_classifier b = boost(&l, &network, &fit, 4, with, &result);
    ck_assert(with[0].train_loss == without[0].train_loss); /* the first weak model is alone */
    ck_assert_double_lt(with[1].train_loss, with[1].searched_loss);
    ck_assert_double_lt(with[STAGES - 1].train_loss, without[STAGES - 1].train_loss);
    grove_classifier_free(&a);
    grove_classifier_free(&b);
    free_lesson(&l);
}
END_TEST

/* Two customers too few cost as much as eight loaves too many, and nothing has a corner. */
static grove_tensor lopsided(void *user, grove_tensor scores, grove_tensor label,
                             grove_tensor weights) {
    ++*(int *)user;
    grove_tensor e = grove_sub(scores, label);
    grove_tensor over = grove_softplus(e), under = grove_scale(grove_softplus(grove_neg(e)), 4);
    return grove_weighted_mean(grove_add(over, under), weights);
}

START_TEST(a_loss_of_ones_own) {
    lesson l = make_lesson(true);
    grove_classifier_options network = weak();
    grove_fit_options fit = usual();
    grove_boost_stage stages[STAGES];
    grove_boost_result result;
    float numbers[ROWS];
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    int called = 0, above = 0;
    network.own_loss = lopsided;
    network.own_loss_user = &called;
    fit.patience = STAGES;
    grove_classifier c = boost(&l, &network, &fit, 0, stages, &result);
    ck_assert_int_gt(called, STAGES);
    check_falling(stages, STAGES);
    ck_assert_double_lt(stages[STAGES - 1].train_loss, stages[0].train_loss - 0.01);
    ck_assert_int_eq(grove_predictor_new(c.graph, l.schema, 0, 1, &predictor, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(predictor, l.train, numbers, &error), GROVE_OK);
    const double mean = grove_schema_center(l.schema).mean;
    const double deviation = grove_schema_deviation(l.schema, (size_t)grove_schema_label(l.schema));
    for (size_t i = 0; i < l.train.count; i++) {
        const size_t row = l.train.rows[i];
        const double truth = mean + deviation * (double)grove_dataset_targets(l.data)[row];
        above += (double)numbers[i] > truth;
    }
    /* Four fifths of them, where the loss is least. */
    ck_assert_int_gt(above, (int)l.train.count * 3 / 4);
    grove_predictor_free(predictor);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* The answer is the softmax of the sum of the stages, each by its rate. */
START_TEST(the_answer_is_the_scaled_sum) {
    lesson l = make_lesson(false);
    grove_classifier_options network = weak();
    grove_fit_options fit = usual();
    grove_boost_stage stages[STAGES];
    grove_boost_result result;
    double sum = 0;
    grove_classifier c = boost(&l, &network, &fit, 1, stages, &result);
    grove_plan *plan = grove_plan_new(c.graph, &c.answer, 1, &(grove_plan_options){.keep_all = 1});
    const grove_id kind = 3;
    const grove_real size = (grove_real)0.5;
    ck_assert_int_eq(grove_bind(plan, grove_find(c.graph, "column.kind"), &kind), GROVE_OK);
    ck_assert_int_eq(grove_bind(plan, grove_find(c.graph, "numbers"), &size), GROVE_OK);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    for (int k = 1; k <= result.best_stage; k++) {
        char name[64];
        snprintf(name, sizeof name, "stage.%d.rate", k);
        const double rate = grove_scalar(plan, grove_find(c.graph, name));
        snprintf(name, sizeof name, "stage.%d", k);
        sum += rate * (double)((const grove_real *)grove_value_named(plan, name))[1];
    }
    char last[64];
    snprintf(last, sizeof last, "stage.%d.scores", result.best_stage);
    ck_assert_double_eq_tol((double)((const grove_real *)grove_value_named(plan, last))[1], sum,
                            1e-5);
    snprintf(last, sizeof last, "stage.%d", result.best_stage + 1);
    ck_assert(!grove_is_valid(grove_find(c.graph, last)));
    grove_plan_free(plan);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(the_best_stage_is_kept) {
    lesson l = make_lesson(false);
    grove_classifier_options network = weak();
    grove_fit_options fit = usual();
    grove_boost_stage stages[STAGES];
    grove_boost_result result;
    grove_metrics metrics;
    grove_error error = {0};
    double loss = 0;
    fit.patience = 1;
    fit.epochs = 30;
    fit.optimizer.rate = 0.1; /* fast enough to overfit */
    grove_classifier c = boost(&l, &network, &fit, 3, stages, &result);
    ck_assert_int_lt(result.stages, STAGES);
    ck_assert_int_eq(result.best_stage, result.stages - 1);
    ck_assert(result.valid_loss == stages[result.best_stage - 1].valid_loss);
    ck_assert_int_eq(grove_fit_validate(&c, l.schema, l.valid, &fit, &metrics, &loss, &error),
                     GROVE_OK);
    ck_assert_double_eq_tol(loss, result.valid_loss, 1e-5);
    ck_assert(metrics.log_loss == result.valid.log_loss);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* Twice the rows that weigh twice. */
START_TEST(weights_count_in_every_step) {
    lesson l = make_lesson(false);
    float weights[ROWS];
    size_t twice[2 * ROWS], count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        weights[i] = i % 2 ? 2 : 1;
    }
    for (size_t i = 0; i < l.train.count; i++) {
        const size_t row = l.train.rows[i];
        twice[count++] = row;
        if (row % 2) {
            twice[count++] = row;
        }
    }
    grove_classifier_options network = weak();
    grove_fit_options fit = usual();
    grove_boost_stage one[STAGES], other[STAGES];
    grove_boost_result result;
    network.dropout = 0;
    fit.batch = 4 * ROWS;
    fit.patience = STAGES;
    lesson doubled = l;
    doubled.train = (grove_rows){l.data, twice, count};
    doubled.valid = l.valid = (grove_rows){0};
    grove_classifier a = boost(&doubled, &network, &fit, 1, one, &result);
    network.weighted = true;
    fit.weights = weights;
    grove_classifier b = boost(&l, &network, &fit, 1, other, &result);
    ck_assert_int_eq(result.best_stage, STAGES); /* none is measured, the last is the model */
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq_tol(one[i].searched_loss, other[i].searched_loss, 2e-3);
        ck_assert_double_eq_tol(one[i].rate, other[i].rate, 2e-2);
    }
    grove_classifier_free(&a);
    grove_classifier_free(&b);
    free_lesson(&l);
}
END_TEST

START_TEST(the_same_bits_on_any_number_of_threads) {
    lesson l = make_lesson(false);
    grove_boost_stage stages[2][STAGES];
    for (int k = 0; k < 2; k++) {
        grove_classifier_options network = weak();
        grove_fit_options fit = usual();
        grove_boost_result result;
        fit.threads = k + 1;
        grove_classifier c = boost(&l, &network, &fit, 1, stages[k], &result);
        for (int i = result.stages; i < STAGES; i++) {
            stages[k][i] = (grove_boost_stage){0};
        }
        grove_classifier_free(&c);
    }
    ck_assert_mem_eq(stages[0], stages[1], sizeof stages[0]);
    free_lesson(&l);
}
END_TEST

static bool stop_at_third(void *user, const grove_progress *progress) {
    ++*(int *)user;
    return progress->epoch < 3;
}

START_TEST(a_stop_gives_the_best_so_far) {
    lesson l = make_lesson(false);
    grove_classifier_options network = weak();
    grove_fit_options fit = usual();
    grove_boost_stage stages[STAGES];
    grove_boost_result result;
    int told = 0;
    fit.progress = stop_at_third;
    fit.user = &told;
    grove_classifier c = boost(&l, &network, &fit, 1, stages, &result);
    ck_assert_int_ge(told, 3);
    ck_assert_int_le(result.stages, 3);
    ck_assert(grove_is_valid(grove_find(c.graph, "probabilities")));
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

static void refused(const lesson *l, const grove_boost_options *options, const char *words) {
    grove_boost_stage stages[STAGES];
    grove_boost_result result;
    grove_classifier c;
    grove_error error = {0};
    ck_assert_int_eq(
        grove_boost_fit(l->schema, l->train, l->valid, options, stages, &c, &result, &error),
        GROVE_BAD_ARGUMENT);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_ptr_null(c.graph);
}

static grove_tensor of_nothing(void *user, grove_tensor scores, grove_tensor label,
                               grove_tensor weights) {
    (void)user, (void)label, (void)weights;
    return grove_fill(scores.graph, GROVE_SCALAR, 1);
}

START_TEST(what_cannot_be_is_refused) {
    lesson l = make_lesson(false);
    grove_classifier_options network = weak(), other = weak(), empty = weak();
    grove_fit_options fit = usual();
    const grove_boost_options good = {.stages = 2, .network = &network, .fit = &fit};
    grove_boost_options bad = good;
    bad.stages = 257;
    refused(&l, &bad, "at most 256 stages");
    bad = good;
    bad.shrinkage = 2;
    refused(&l, &bad, "the shrinkage is from 0 to 1");
    bad = good;
    other.architecture = GROVE_ARCHITECTURE_TRANSFORMER;
    bad.network = &other;
    refused(&l, &bad, "each an mlp");
    bad = good;
    empty.own_loss = of_nothing;
    bad.network = &empty;
    refused(&l, &bad, "the loss does not depend on these scores");
    bad = good;
    bad.fit = NULL;
    refused(&l, &bad, "options with a network and a training");
    lesson none = l;
    none.train.count = 0;
    refused(&none, &good, "there are no rows with labels");
    free_lesson(&l);
}
END_TEST

/* Every 7th, for each is a training. */
START_TEST(allocations_may_fail) {
    lesson l = make_lesson(false);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t at = 1; status != GROVE_OK; at += 7) {
        hostile_memory memory = {.fail_at = at};
        grove_classifier_options network = weak();
        grove_fit_options fit = usual();
        grove_boost_stage stages[2];
        grove_boost_result result;
        grove_classifier c;
        fit.epochs = 1;
        fit.batch = ROWS;
        network.allocator = hostile_allocator(&memory);
        const grove_boost_options options = {
            .stages = 2, .corrective_epochs = 1, .network = &network, .fit = &fit};
        status = grove_boost_fit(l.schema, l.train, l.valid, &options, stages, &c, &result, NULL);
        grove_classifier_free(&c);
        ck_assert_msg(status == GROVE_OK || status == GROVE_NO_MEMORY, "%d", (int)status);
        ck_assert_uint_eq(memory.live, 0);
    }
    free_lesson(&l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("boost");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_step_of_cross_entropy_by_hand);
    tcase_add_test(tests, a_step_of_softmax_by_hand);
    tcase_add_test(tests, a_loss_without_curvature_has_one);
    tcase_add_test(tests, a_searched_step_never_raises_the_loss);
    tcase_add_test(tests, a_corrective_step_helps);
    tcase_add_test(tests, a_loss_of_ones_own);
    tcase_add_test(tests, the_answer_is_the_scaled_sum);
    tcase_add_test(tests, the_best_stage_is_kept);
    tcase_add_test(tests, weights_count_in_every_step);
    tcase_add_test(tests, the_same_bits_on_any_number_of_threads);
    tcase_add_test(tests, a_stop_gives_the_best_so_far);
    tcase_add_test(tests, what_cannot_be_is_refused);
    tcase_add_test(tests, allocations_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
