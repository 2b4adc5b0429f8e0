/* SPDX-License-Identifier: MIT
 *
 * Weights of rows and classes: a row of weight 3 is three rows, in training and in measures; a
 * class that weighs 3 is rows that do; what is no weight is refused; every failing allocation.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

enum { ROWS = 60, MOST = 3 * ROWS };

typedef struct lesson {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    float weights[ROWS];   /* 0, 1, 2, 3, 0... */
    size_t repeated[MOST]; /* each row as often as it weighs */
    size_t repeated_count;
} lesson;

static lesson make_lesson(const grove_allocator *allocator) {
    lesson l = {0};
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &l.table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16];
        snprintf(kind, sizeof kind, "k%d", i * 7 % 5);
        snprintf(size, sizeof size, "%d.5", i * 37 % 50);
        const char *cells[] = {kind, size, i * 7 % 5 > i % 3 ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(l.table, cells, &error), GROVE_OK);
        l.weights[i] = (float)(i % 4);
        for (int k = 0; k < i % 4; k++) {
            l.repeated[l.repeated_count++] = (size_t)i;
        }
    }
    grove_schema_options wishes = {.label = "label"};
    if (allocator) {
        wishes.allocator = *allocator;
    }
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_schema_guess(l.table, &wishes, &l.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(l.schema, l.table, NULL, ROWS, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, &labelled, &l.data, &error), GROVE_OK);
    return l;
}

static void free_lesson(lesson *l) {
    grove_dataset_free(l->data);
    grove_schema_free(l->schema);
    grove_table_free(l->table);
}

static grove_classifier make_classifier(const lesson *l, bool weighted) {
    grove_classifier c;
    grove_classifier_options options = {
        .hidden = (const int64_t[]){6}, .hidden_count = 1, .seed = 7, .weighted = weighted};
    ck_assert_int_eq(grove_classifier_new(l->schema, &options, &c, NULL), GROVE_OK);
    return c;
}

/* All rows in one batch, so a weighted mean and a mean of repeated rows are the same. */
static grove_fit_options in_one_batch(void) {
    return (grove_fit_options){.epochs = 6, .batch = MOST, .seed = 5, .optimizer = {.rate = 0.5}};
}

static grove_fit_result fit(const lesson *l, bool weighted, grove_rows rows,
                            const grove_fit_options *how, float *answers) {
    grove_classifier c = make_classifier(l, weighted);
    grove_fit_result result;
    grove_error error = {0};
    grove_predictor *predictor;
    ck_assert_msg(grove_fit(&c, l->schema, rows, rows, how, &result, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_int_eq(grove_predictor_new(c.graph, l->schema, 0, 1, &predictor, NULL), GROVE_OK);
    grove_rows all = {.dataset = l->data, .count = ROWS};
    ck_assert_int_eq(grove_predictor_run(predictor, all, answers, NULL), GROVE_OK);
    grove_predictor_free(predictor);
    grove_classifier_free(&c);
    return result;
}

static void expect_near(const float *a, const float *b, size_t count, double tolerance) {
    for (size_t i = 0; i < count; i++) {
        ck_assert_double_eq_tol((double)a[i], (double)b[i], tolerance);
    }
}

/* ---- training -------------------------------------------------------------------------------- */

START_TEST(a_row_of_weight_three_is_three_rows) {
    lesson l = make_lesson(NULL);
    float answers[2 * ROWS], wanted[2 * ROWS], unweighted[2 * ROWS];
    grove_fit_options how = in_one_batch();
    grove_rows all = {.dataset = l.data, .count = ROWS};
    grove_rows repeated = {l.data, l.repeated, l.repeated_count};
    grove_fit_result rows = fit(&l, false, repeated, &how, wanted);
    fit(&l, false, all, &how, unweighted);
    how.weights = how.valid_weights = l.weights;
    grove_fit_result result = fit(&l, true, all, &how, answers);
    expect_near(answers, wanted, 2 * ROWS, 1e-5);
    ck_assert_double_eq_tol(result.train_loss, rows.train_loss, 1e-5);
    ck_assert_double_eq_tol(result.valid_loss, rows.valid_loss, 1e-5);
    ck_assert_double_eq_tol(result.valid.log_loss, rows.valid.log_loss, 1e-5);
    ck_assert_double_eq_tol(result.valid.accuracy, rows.valid.accuracy, 1e-6);
    ck_assert_double_eq_tol(result.valid.roc_auc, rows.valid.roc_auc, 1e-6);
    double apart = 0;
    for (int i = 0; i < 2 * ROWS; i++) {
        apart = fmax(apart, fabs((double)(answers[i] - unweighted[i])));
    }
    ck_assert_double_gt(apart, 0.01); /* else this test would say nothing */
    free_lesson(&l);
}
END_TEST

START_TEST(a_class_that_weighs_three_is_rows_that_do) {
    lesson l = make_lesson(NULL);
    float by_class[2 * ROWS], by_row[2 * ROWS], rows[ROWS];
    const float classes[] = {1, 3};
    grove_rows all = {.dataset = l.data, .count = ROWS};
    for (int i = 0; i < ROWS; i++) {
        rows[i] = l.weights[i] * classes[grove_dataset_labels(l.data)[i]];
    }
    grove_fit_options how = in_one_batch();
    how.batch = 16;
    how.weights = how.valid_weights = l.weights;
    how.class_weights = classes;
    grove_fit_result one = fit(&l, true, all, &how, by_class);
    how.class_weights = NULL;
    how.weights = how.valid_weights = rows;
    grove_fit_result other = fit(&l, true, all, &how, by_row);
    ck_assert_mem_eq(by_class, by_row, sizeof by_row);
    ck_assert(one.train_loss == other.train_loss);
    ck_assert_double_eq_tol(one.valid_loss, other.valid_loss, 1e-6);
    ck_assert_double_eq_tol(other.valid_loss, other.valid.log_loss, 1e-12);
    ck_assert_double_gt(fabs(one.valid.log_loss - one.valid_loss), 1e-4); /* classes: not there */
    free_lesson(&l);
}
END_TEST

START_TEST(only_ratios_matter) {
    lesson l = make_lesson(NULL);
    float answers[2 * ROWS], wanted[2 * ROWS], scaled[ROWS];
    grove_rows all = {.dataset = l.data, .count = ROWS};
    grove_fit_options how = in_one_batch();
    how.batch = 16;
    how.weights = l.weights;
    fit(&l, true, all, &how, wanted);
    for (int i = 0; i < ROWS; i++) {
        scaled[i] = l.weights[i] * 0x1p-100F;
    }
    how.weights = scaled;
    fit(&l, true, all, &how, answers);
    expect_near(answers, wanted, 2 * ROWS, 1e-6);
    free_lesson(&l);
}
END_TEST

/* ---- measures -------------------------------------------------------------------------------- */

START_TEST(measures_count_a_row_as_often_as_it_weighs) {
    lesson l = make_lesson(NULL);
    float p[2 * ROWS], repeated[2 * MOST];
    grove_id labels[ROWS], repeated_labels[MOST];
    grove_metrics weighted, wanted;
    for (int i = 0; i < ROWS; i++) {
        p[2 * i + 1] = (float)(i * 29 % 13) / 13;
        p[2 * i] = 1 - p[2 * i + 1];
        labels[i] = grove_dataset_labels(l.data)[i];
    }
    for (size_t i = 0; i < l.repeated_count; i++) {
        memcpy(repeated + 2 * i, p + 2 * l.repeated[i], 2 * sizeof *p);
        repeated_labels[i] = labels[l.repeated[i]];
    }
    ck_assert_int_eq(
        grove_weighted_metrics(p, labels, l.weights, ROWS, 2, 0, NULL, &weighted, NULL), GROVE_OK);
    ck_assert_int_eq(grove_classification_metrics(repeated, repeated_labels, l.repeated_count, 2, 0,
                                                  NULL, &wanted, NULL),
                     GROVE_OK);
    ck_assert_uint_eq(weighted.rows, ROWS);
    ck_assert_double_eq_tol(weighted.accuracy, wanted.accuracy, 1e-12);
    ck_assert_double_eq_tol(weighted.log_loss, wanted.log_loss, 1e-12);
    ck_assert_double_eq_tol(weighted.roc_auc, wanted.roc_auc, 1e-12);
    ck_assert_double_eq_tol(weighted.baseline_accuracy, wanted.baseline_accuracy, 1e-12);
    grove_error error;
    l.weights[7] = -1;
    ck_assert_int_eq(
        grove_weighted_metrics(p, labels, l.weights, ROWS, 2, 0, NULL, &weighted, &error),
        GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "the weight of row 7 is -1"));
    free_lesson(&l);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------- */

static void expect_refusal(const lesson *l, bool weighted, const grove_fit_options *how,
                           grove_status status, const char *words) {
    grove_classifier c = make_classifier(l, weighted);
    grove_rows all = {.dataset = l->data, .count = ROWS};
    grove_fit_result result;
    grove_error error = {0};
    ck_assert_int_eq(grove_fit(&c, l->schema, all, all, how, &result, &error), status);
    ck_assert_msg(strstr(error.message, words), "%s", error.message);
    grove_classifier_free(&c);
}

START_TEST(what_is_no_weight_is_refused) {
    lesson l = make_lesson(NULL);
    static const float none[ROWS];
    grove_fit_options how = in_one_batch();
    how.weights = l.weights;
    expect_refusal(&l, false, &how, GROVE_BAD_ARGUMENT, "not made to be .weighted");
    how.weights = none;
    expect_refusal(&l, true, &how, GROVE_BAD_DATA, "every row has the weight 0");
    how.weights = l.weights;
    how.valid_weights = none;
    expect_refusal(&l, true, &how, GROVE_BAD_DATA, "every row has the weight 0");
    how.valid_weights = NULL;
    l.weights[5] = -2;
    expect_refusal(&l, true, &how, GROVE_BAD_ARGUMENT, "row 5 has the weight -2");
    l.weights[5] = (float)NAN;
    expect_refusal(&l, true, &how, GROVE_BAD_ARGUMENT, "row 5 has the weight");
    l.weights[5] = (float)INFINITY;
    expect_refusal(&l, true, &how, GROVE_BAD_ARGUMENT, "row 5 has the weight inf");
    free_lesson(&l);
}
END_TEST

/* ---- checkpoints ----------------------------------------------------------------------------- */

static grove_fit_wish stop_at_once(void *user, const grove_progress *progress) {
    (void)user, (void)progress;
    return GROVE_FIT_STOP;
}

START_TEST(a_checkpoint_belongs_to_its_weights) {
    lesson l = make_lesson(NULL);
    char folder[] = "/tmp/grove-weights-XXXXXX", path[64];
    float others[ROWS];
    const float classes[] = {1, 3};
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/kept", folder);
    memcpy(others, l.weights, sizeof others);
    others[1] = 2;
    grove_fit_checkpoint kept = {.path = path, .ask = stop_at_once};
    grove_fit_options how = in_one_batch();
    how.batch = 16;
    how.weights = how.valid_weights = l.weights;
    how.checkpoint = &kept;
    expect_refusal(&l, true, &how, GROVE_INTERRUPTED, "stopped");
    kept.resume = true;
    kept.ask = NULL;
    how.weights = others;
    expect_refusal(&l, true, &how, GROVE_BAD_FILE, "other data");
    how.weights = l.weights;
    how.valid_weights = others;
    expect_refusal(&l, true, &how, GROVE_BAD_FILE, "other data");
    how.valid_weights = NULL;
    expect_refusal(&l, true, &how, GROVE_BAD_FILE, "other data");
    how.valid_weights = l.weights;
    how.class_weights = classes;
    expect_refusal(&l, true, &how, GROVE_BAD_FILE, "other data");
    how.class_weights = NULL;
    float answers[2 * ROWS], whole[2 * ROWS];
    grove_rows all = {.dataset = l.data, .count = ROWS};
    grove_fit_result gone_on = fit(&l, true, all, &how, answers);
    how.checkpoint = NULL;
    grove_fit_result at_once = fit(&l, true, all, &how, whole);
    ck_assert_mem_eq(answers, whole, sizeof whole);
    ck_assert(gone_on.train_loss == at_once.train_loss);
    ck_assert(gone_on.valid_loss == at_once.valid_loss);
    unlink(path);
    rmdir(folder);
    free_lesson(&l);
}
END_TEST

START_TEST(every_allocation_may_fail) {
    lesson l = make_lesson(NULL);
    const float classes[] = {1, 3};
    grove_rows all = {.dataset = l.data, .count = ROWS};
    grove_fit_options how = in_one_batch();
    how.epochs = 1;
    how.weights = how.valid_weights = l.weights;
    how.class_weights = classes;
    grove_status status = GROVE_NO_MEMORY;
    for (size_t at = 1; status != GROVE_OK; at++) {
        hostile_memory memory = {.fail_at = at};
        grove_classifier_options options = {
            .seed = 7, .weighted = true, .allocator = hostile_allocator(&memory)};
        grove_classifier c = {0};
        grove_fit_result result;
        status = grove_classifier_new(l.schema, &options, &c, NULL);
        if (status == GROVE_OK) {
            status = grove_fit(&c, l.schema, all, all, &how, &result, NULL);
            grove_classifier_free(&c);
        }
        ck_assert_msg(status == GROVE_OK || status == GROVE_NO_MEMORY, "%d", (int)status);
        ck_assert_uint_eq(memory.live, 0);
        ck_assert_uint_lt(at, 5000);
    }
    free_lesson(&l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("weights");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_row_of_weight_three_is_three_rows);
    tcase_add_test(tests, a_class_that_weighs_three_is_rows_that_do);
    tcase_add_test(tests, only_ratios_matter);
    tcase_add_test(tests, measures_count_a_row_as_often_as_it_weighs);
    tcase_add_test(tests, what_is_no_weight_is_refused);
    tcase_add_test(tests, a_checkpoint_belongs_to_its_weights);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
