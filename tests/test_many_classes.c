/* SPDX-License-Identifier: MIT
 *
 * Labels of many classes: what is counted on the way is what is counted of all probabilities; the
 * loss that writes no logits, and those of drawn classes, are the losses they say; what cannot be
 * is refused.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"
#include "lesson.h"

/* Four rows of each class. */
static lesson make_lesson(int classes) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < 4 * classes; i++) {
        char kind[16], size[16], label[16];
        snprintf(kind, sizeof kind, "k%d", i % classes % 50);
        snprintf(size, sizeof size, "%d", i * 31 % 97);
        snprintf(label, sizeof label, "c%d", i % classes);
        const char *cells[] = {kind, size, label};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return lesson_of(table, &(grove_schema_options){.label = "label"}, "label");
}

static grove_classifier classifier_of(const lesson *l, grove_classifier_options o) {
    grove_classifier c;
    grove_error error = {0};
    o.hidden = (const int64_t[]){6};
    o.hidden_count = 1;
    o.seed = 3;
    ck_assert_msg(grove_classifier_new(l->schema, &o, &c, &error) == GROVE_OK, "%s", error.message);
    return c;
}

typedef struct asked {
    size_t rows, classes;
    float *p;         /* [rows, classes] */
    grove_id *labels; /* [rows] */
    grove_predictor *predictor;
} asked;

static asked ask(const lesson *l, const grove_classifier *c, grove_rows rows) {
    grove_error error = {0};
    asked a = {.rows = rows.count};
    ck_assert_int_eq(grove_predictor_new(c->graph, l->schema, 7, 1, &a.predictor, &error),
                     GROVE_OK);
    a.classes = grove_predictor_classes(a.predictor);
    a.p = calloc(a.rows, a.classes * sizeof *a.p);
    a.labels = calloc(a.rows, sizeof *a.labels);
    ck_assert_int_eq(grove_predictor_run(a.predictor, rows, a.p, &error), GROVE_OK);
    for (size_t i = 0; i < a.rows; i++) {
        a.labels[i] = grove_dataset_labels(rows.dataset)[rows.rows[i]];
    }
    return a;
}

static void free_asked(asked *a) {
    grove_predictor_free(a->predictor);
    free(a->p);
    free(a->labels);
}

START_TEST(judged_on_the_way) {
    lesson l = make_lesson(60);
    grove_classifier c = classifier_of(&l, (grove_classifier_options){.seed = 0});
    asked a = ask(&l, &c, l.valid);
    grove_judged_row *judged = calloc(a.rows, sizeof *judged);
    float *weights = calloc(a.rows, sizeof *weights);
    grove_metrics whole, way;
    grove_error error = {0};
    for (size_t i = 0; i < a.rows; i++) {
        weights[i] = (float)(i % 5);
    }
    ck_assert_int_eq(grove_predictor_judge(a.predictor, l.valid, a.labels, judged, &error),
                     GROVE_OK);
    for (int weighted = 0; weighted < 2; weighted++) {
        const float *w = weighted ? weights : NULL;
        ck_assert_int_eq(
            grove_weighted_metrics(a.p, a.labels, w, a.rows, a.classes, 3, NULL, &whole, &error),
            GROVE_OK);
        grove_judged_metrics(judged, a.labels, w, a.rows, 3, &way);
        ck_assert(way.accuracy == whole.accuracy && way.log_loss == whole.log_loss);
        ck_assert(way.baseline_accuracy == whole.baseline_accuracy && way.rows == whole.rows);
    }
    for (size_t i = 0; i < a.rows; i++) {
        const float *p = a.p + i * a.classes;
        int before = 0;
        for (size_t k = 0; k < a.classes; k++) {
            before += p[k] > p[a.labels[i]];
        }
        ck_assert(judged[i].of_label == p[a.labels[i]] && judged[i].before == before);
        ck_assert(judged[i].probability == p[judged[i].answer]);
    }
    a.labels[4] = (grove_id)a.classes;
    ck_assert_int_eq(grove_predictor_judge(a.predictor, l.valid, a.labels, judged, &error),
                     GROVE_BAD_DATA);
    ck_assert_msg(strstr(error.message, "the label of row 4 is 6"), "%s", error.message);
    free(judged);
    free(weights);
    free_asked(&a);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(the_most_probable) {
    enum { K = 4 };
    lesson l = make_lesson(60);
    grove_classifier c = classifier_of(&l, (grove_classifier_options){.seed = 0});
    asked a = ask(&l, &c, l.valid);
    grove_ranked_class *top = calloc(a.rows, K * sizeof *top);
    grove_error error = {0};
    ck_assert_int_eq(grove_predictor_top(a.predictor, l.valid, K, top, &error), GROVE_OK);
    for (size_t i = 0; i < a.rows * K; i++) {
        const float *p = a.p + i / K * a.classes;
        size_t more = 0;
        for (size_t k = 0; k < a.classes; k++) {
            more += p[k] > top[i].probability;
        }
        ck_assert(top[i].probability == p[top[i].id] && more == i % K);
    }
    ck_assert_int_eq(grove_predictor_top(a.predictor, l.valid, 0, top, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_predictor_top(a.predictor, l.valid, a.classes + 1, top, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_predictor_top(NULL, l.valid, 1, top, &error), GROVE_BAD_ARGUMENT);
    free(top);
    free_asked(&a);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(rows_at_once) {
    ck_assert_uint_eq(grove_rows_at_once(512, 10), 512);
    ck_assert_uint_eq(grove_rows_at_once(512, 8192), 512);
    ck_assert_uint_eq(grove_rows_at_once(512, 65536), 64);
    ck_assert_uint_eq(grove_rows_at_once(512, 1 << 30), 16);
    ck_assert_uint_eq(grove_rows_at_once(5, 1 << 30), 5);
}
END_TEST

/* The loss of some rows, as its graph tells it. */
static double loss_of(const lesson *l, const grove_classifier *c, const asked *a) {
    enum { SOME = 6 };
    grove_plan *plan = grove_plan_new(c->graph, &c->loss, 1, &(grove_plan_options){.batch = SOME});
    grove_id kinds[SOME];
    grove_real numbers[2 * SOME] = {0};
    const size_t features = grove_dataset_features(l->data);
    for (size_t i = 0; i < SOME; i++) {
        const size_t row = l->valid.rows[i];
        kinds[i] = grove_dataset_ids(l->data, 0)[row];
        for (size_t k = 0; k < features; k++) {
            numbers[i * features + k] =
                (grove_real)grove_dataset_numbers(l->data)[row * features + k];
        }
    }
    grove_bind(plan, grove_find(c->graph, "column.kind"), kinds);
    grove_bind(plan, grove_find(c->graph, "numbers"), numbers);
    grove_bind(plan, c->label, a->labels);
    const grove_real ones[SOME] = {1, 1, 1, 1, 1, 1};
    if (grove_is_valid(c->weights)) {
        grove_bind(plan, c->weights, ones);
    }
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const double loss = grove_scalar(plan, c->loss);
    grove_plan_free(plan);
    return loss;
}

/* Of so many classes that no logits are written; with rows that have weights, and without. */
START_TEST(a_full_loss_without_logits) {
    lesson l = make_lesson(16400);
    for (int weighted = 0; weighted < 2; weighted++) {
        grove_classifier c =
            classifier_of(&l, (grove_classifier_options){.weighted = weighted == 1});
        grove_rows some = {l.data, l.valid.rows, 6};
        asked a = ask(&l, &c, some);
        double sum = 0;
        ck_assert_uint_ge(a.classes, 16384);
        for (size_t i = 0; i < a.rows; i++) {
            sum -= log((double)a.p[i * a.classes + (size_t)a.labels[i]]);
        }
        ck_assert_double_eq_tol(loss_of(&l, &c, &a), sum / (double)a.rows, 1e-4);
        free_asked(&a);
        grove_classifier_free(&c);
    }
    free_lesson(&l);
}
END_TEST

/* Averaged over draws, sampled softmax is close to the full loss of the same weights, the closer
 * the more draws there are, and below it. */
START_TEST(a_sampled_loss_is_near_the_full_one) {
    enum { DRAWS = 300 };
    lesson l = make_lesson(60);
    double off[2] = {0};
    for (int i = 0; i < 2; i++) {
        grove_classifier c =
            classifier_of(&l, (grove_classifier_options){.softmax = GROVE_SOFTMAX_SAMPLED,
                                                         .sampler = GROVE_SAMPLER_UNIFORM,
                                                         .samples = i == 0 ? 2 : 64});
        asked a = ask(&l, &c, (grove_rows){l.data, l.valid.rows, 6});
        double sum = 0;
        for (size_t row = 0; row < a.rows; row++) {
            sum -= log((double)a.p[row * a.classes + (size_t)a.labels[row]]);
        }
        for (uint64_t draw = 0; draw < DRAWS; draw++) {
            grove_set_training_runs(c.graph, draw);
            off[i] += (loss_of(&l, &c, &a) - sum / (double)a.rows) / DRAWS;
        }
        free_asked(&a);
        grove_classifier_free(&c);
    }
    ck_assert_msg(off[0] < -0.005 && off[0] > -0.1 && fabs(off[1]) < fabs(off[0]) / 4, "%g %g",
                  off[0], off[1]);
    free_lesson(&l);
}
END_TEST

START_TEST(each_sampler_draws_by_its_law) {
    lesson l = make_lesson(60);
    for (int kind = 0; kind <= GROVE_SAMPLER_UNIGRAM; kind++) {
        grove_classifier c =
            classifier_of(&l, (grove_classifier_options){.softmax = GROVE_SOFTMAX_NCE,
                                                         .sampler = (grove_sampler_kind)kind});
        const grove_real *log_q = grove_parameter_data(grove_find(c.graph, "sampler.log_q"));
        ck_assert(!log_q == (kind == GROVE_SAMPLER_UNIFORM));
        double sum = 0;
        for (size_t i = 0; log_q && i < 60; i++) {
            sum += exp((double)log_q[i]);
        }
        ck_assert(!log_q || fabs(sum - 1) < 1e-4);
        const grove_real *bias = grove_parameter_data(grove_find(c.graph, "mlp.1.bias"));
        ck_assert_double_eq_tol((double)bias[5], -log(60), 1e-6);
        grove_classifier_free(&c);
    }
    free_lesson(&l);
}
END_TEST

START_TEST(what_is_refused) {
    lesson l = make_lesson(60);
    const struct {
        grove_classifier_options o;
        const char *words;
    } cases[] = {
        {{.softmax = (grove_softmax_kind)3}, "no such softmax"},
        {{.softmax = GROVE_SOFTMAX_NCE, .sampler = (grove_sampler_kind)7}, "no such sampler"},
        {{.softmax = GROVE_SOFTMAX_NCE, .samples = -1}, "less than no draw"},
        {{.softmax = GROVE_SOFTMAX_SAMPLED, .architecture = GROVE_ARCHITECTURE_WIDE_DEEP},
         "one last layer that makes all logits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grove_classifier c;
        grove_error error = {0};
        ck_assert_int_eq(grove_classifier_new(l.schema, &cases[i].o, &c, &error),
                         GROVE_BAD_ARGUMENT);
        ck_assert_msg(strstr(error.message, cases[i].words), "%s", error.message);
    }
    free_lesson(&l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("many classes");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, judged_on_the_way);
    tcase_add_test(all, the_most_probable);
    tcase_add_test(all, rows_at_once);
    tcase_add_test(all, a_full_loss_without_logits);
    tcase_add_test(all, a_sampled_loss_is_near_the_full_one);
    tcase_add_test(all, each_sampler_draws_by_its_law);
    tcase_add_test(all, what_is_refused);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
