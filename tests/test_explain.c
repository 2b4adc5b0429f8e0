/* SPDX-License-Identifier: MIT
 *
 * What lies behind a report: bins, curves, rare categories, importance of columns, the linear
 * baseline, principal components; each against numbers worked out another way.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

enum { ROWS = 600, CLASSES = 3, VALUES = 24 };

/* ---- a table: the label is told by `kind` but for every eleventh row, and by nothing else ---- */

typedef struct scene {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_rows rows;
} scene;

static grove_table *make_table(int rows) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"kind", "noise", "size", "label"};
    const char *labels[] = {"a", "b", "c"};
    ck_assert_int_eq(grove_table_new(names, 4, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < rows; i++) {
        char kind[16], noise[16], size[16];
        const int k = (i * 7919) % VALUES;
        snprintf(kind, sizeof kind, i % 97 == 5 ? "rare %d" : "k%d", i % 97 == 5 ? i : k);
        if (i % 60 == 7) { /* ten rows of it: the first number of its bin */
            snprintf(kind, sizeof kind, "ten");
        }
        snprintf(noise, sizeof noise, "n%d", (i * 31) % 7);
        noise[0] = i % 13 == 0 ? '\0' : noise[0];
        snprintf(size, sizeof size, "%d", (i * 104729) % 100);
        const int label = i % 11 == 0 ? (k + 1) % CLASSES : k % CLASSES;
        const char *cells[] = {kind, noise, size, labels[label]};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static scene make_scene(void) {
    scene s = {.table = make_table(ROWS)};
    grove_error error = {0};
    grove_schema_options wishes = {.label = "label", .max_values = 1000};
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_schema_guess(s.table, &wishes, &s.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(s.schema, s.table, NULL, ROWS, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(s.schema, s.table, &labelled, &s.data, &error), GROVE_OK);
    s.rows = (grove_rows){s.data, NULL, ROWS};
    return s;
}

static void free_scene(scene *s) {
    grove_dataset_free(s->data);
    grove_schema_free(s->schema);
    grove_table_free(s->table);
}

/* Probabilities in 64ths, so that some are equal; mostly right. */
static float *make_answers(const grove_id *labels, size_t rows) {
    float *p = calloc(rows * CLASSES, sizeof *p);
    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < rows; i++) {
        const size_t own = (size_t)labels[i], other = (own + 1 + i % 2) % CLASSES;
        const float most = (float)(12 + i * 37 % 52) / 64;
        p[i * CLASSES + own] = most;
        p[i * CLASSES + other] = 1 - most;
    }
    return p;
}

/* ---- bins and curves ------------------------------------------------------------------------- */

START_TEST(bins_sum_up_to_the_error_of_calibration) {
    scene s = make_scene();
    const grove_id *labels = grove_dataset_labels(s.data);
    float *p = make_answers(labels, ROWS);
    grove_reliability_bin bins[GROVE_RELIABILITY_BINS];
    grove_report report;
    grove_error error = {0};
    double sum = 0;
    size_t rows = 0, right = 0;
    ck_assert_int_eq(grove_reliability(p, labels, ROWS, CLASSES, bins, &error), GROVE_OK);
    ck_assert_int_eq(grove_classification_report(p, labels, ROWS, CLASSES,
                                                 &(grove_report_options){.resamples = 1}, &report,
                                                 &error),
                     GROVE_OK);
    for (int b = 0; b < GROVE_RELIABILITY_BINS; b++) {
        rows += bins[b].rows;
        right += bins[b].right;
        ck_assert(bins[b].rows > 0 || isnan(bins[b].confidence));
        if (bins[b].rows > 0) {
            ck_assert(bins[b].confidence > b / 15.0 && bins[b].confidence <= (b + 1) / 15.0);
            sum += (double)bins[b].rows * fabs(bins[b].accuracy.value - bins[b].confidence);
        }
    }
    ck_assert_uint_eq(rows, ROWS);
    ck_assert_double_eq_tol((double)right / ROWS, report.measures[GROVE_MEASURE_ACCURACY].value,
                            1e-12);
    ck_assert_double_eq_tol(sum / ROWS, report.measures[GROVE_MEASURE_ECE_15].value, 1e-12);
    p[5] = NAN;
    ck_assert_int_eq(grove_reliability(p, labels, ROWS, CLASSES, bins, &error), GROVE_BAD_DATA);
    grove_report_free(&report);
    free(p);
    free_scene(&s);
}
END_TEST

/* The whole curve's areas are those of the report; a thinned one has points of the whole. */
START_TEST(curves_have_the_areas_of_the_report) {
    enum { MANY = 1000, FEW = 12 };
    static grove_curve_point all[MANY], few[FEW];
    float p[2 * ROWS];
    grove_id labels[ROWS];
    grove_report report;
    grove_error error = {0};
    size_t count = 0, kept = 0;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i * 7 % 5 < 2;
        p[2 * i + 1] = (float)(i * 31 % 64 + 20 * labels[i]) / 128;
        p[2 * i] = 1 - p[2 * i + 1];
    }
    ck_assert_int_eq(grove_classification_report(p, labels, ROWS, 2,
                                                 &(grove_report_options){.resamples = 1}, &report,
                                                 &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_curve_points(p, labels, ROWS, 2, 1, MANY, NULL, all, &count, &error),
                     GROVE_OK);
    double area = 0, precision = 0;
    for (size_t i = 1; i < count; i++) {
        const grove_curve_point a = all[i - 1], b = all[i];
        ck_assert(b.threshold < a.threshold);
        area += (b.false_positive_rate - a.false_positive_rate) * (a.recall + b.recall) / 2;
        precision += (b.recall - a.recall) * b.precision;
    }
    ck_assert(all[0].recall == 0 && all[0].precision == 1 && isinf(all[0].threshold));
    ck_assert(all[count - 1].recall == 1 && all[count - 1].false_positive_rate == 1);
    ck_assert_double_eq_tol(area, report.measures[GROVE_MEASURE_ROC_AUC].value, 1e-12);
    ck_assert_double_eq_tol(precision, report.measures[GROVE_MEASURE_AVERAGE_PRECISION].value,
                            1e-12);
    ck_assert_int_eq(grove_curve_points(p, labels, ROWS, 2, 1, FEW, NULL, few, &kept, &error),
                     GROVE_OK);
    ck_assert(kept > FEW / 2 && kept <= FEW && few[kept - 1].recall == 1);
    for (size_t k = 0, i = 0; k < kept; k++, i++) {
        while (i < count && all[i].threshold > few[k].threshold) {
            i++;
        }
        ck_assert(i < count && memcmp(&all[i], &few[k], sizeof few[k]) == 0);
    }
    ck_assert_int_eq(grove_curve_points(p, labels, ROWS, 2, 2, FEW, NULL, few, &kept, &error),
                     GROVE_BAD_ARGUMENT);
    memset(labels, 0, sizeof labels);
    ck_assert_int_eq(grove_curve_points(p, labels, ROWS, 2, 1, FEW, NULL, few, &kept, &error),
                     GROVE_OK);
    ck_assert_uint_eq(kept, 0);
    grove_report_free(&report);
}
END_TEST

/* ---- frequency ------------------------------------------------------------------------------- */

static size_t rows_in(const grove_frequency_bin *bins) {
    size_t rows = 0;
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        rows += bins[b].rows;
        ck_assert(bins[b].right <= bins[b].rows);
        ck_assert(b < 2 || bins[b].least > 0);
    }
    return rows;
}

START_TEST(frequencies_are_counted) {
    scene s = make_scene();
    grove_frequency_bin kind[GROVE_FREQUENCY_BINS], noise[GROVE_FREQUENCY_BINS];
    grove_frequency_bin all[GROVE_FREQUENCY_BINS];
    const grove_id *labels = grove_dataset_labels(s.data);
    float *p = make_answers(labels, ROWS);
    grove_error error = {0};
    size_t rare = 0, empty = 0, right = 0, told = 0;
    for (size_t i = 0; i < ROWS; i++) {
        rare += i % 97 == 5;
        empty += i % 13 == 0;
        right += i % 97 == 5 && (12 + i * 37 % 52) * 2 > 64;
    }
    const size_t columns[] = {0, 1, GROVE_ALL_COLUMNS};
    grove_frequency_bin *const bins[] = {kind, noise, all};
    for (int k = 0; k < 3; k++) {
        ck_assert_msg(grove_accuracy_by_frequency(s.schema, s.rows, p, CLASSES, columns[k], bins[k],
                                                  &error) == GROVE_OK,
                      "%s", error.message);
        ck_assert_uint_eq(rows_in(bins[k]), ROWS);
    }
    ck_assert_uint_eq(kind[0].rows, rare);
    ck_assert_uint_eq(kind[3].rows, ROWS - rare); /* 600 / 24 each */
    ck_assert_uint_eq(noise[1].rows, empty);
    ck_assert_int_eq(noise[3].least, 10);
    ck_assert_int_eq(noise[3].most, 99);
    ck_assert_uint_eq(all[0].rows, rare);
    ck_assert_int_eq((int)(all[0].right - right), (int)(told = 0));
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        told += all[b].right;
    }
    ck_assert_uint_eq(told, kind[0].right + kind[3].right);
    ck_assert_int_eq(grove_accuracy_by_frequency(s.schema, s.rows, p, CLASSES, 2, kind, &error),
                     GROVE_BAD_ARGUMENT);
    free(p);
    free_scene(&s);
}
END_TEST

/* ---- importance ------------------------------------------------------------------------------ */

static grove_classifier train_scene(const scene *s) {
    grove_classifier c;
    grove_error error = {0};
    grove_fit_result result;
    grove_classifier_options wide = {.hidden = (const int64_t[]){16}, .hidden_count = 1, .seed = 3};
    grove_fit_options how = {
        .epochs = 30, .batch = 32, .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.01}};
    ck_assert_int_eq(grove_classifier_new(s->schema, &wide, &c, &error), GROVE_OK);
    ck_assert_int_eq(grove_fit(&c, s->schema, s->rows, (grove_rows){0}, &how, &result, &error),
                     GROVE_OK);
    return c;
}

static size_t weigh(const scene *s, const grove_classifier *c, const grove_importance_options *o,
                    grove_importance *list) {
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    size_t count = 0;
    ck_assert_int_eq(grove_predictor_new(c->graph, s->schema, 100, 1, &predictor, &error),
                     GROVE_OK);
    ck_assert_msg(grove_permutation_importance(predictor, s->schema, s->rows, o, list, &count,
                                               &error) == GROVE_OK,
                  "%s", error.message);
    grove_predictor_free(predictor);
    return count;
}

START_TEST(what_a_model_goes_by) {
    scene s = make_scene();
    grove_classifier c = train_scene(&s);
    grove_importance once[4], again[4], few[4];
    const grove_importance_options seeded = {.seed = 2, .repeats = 3};
    ck_assert_uint_eq(weigh(&s, &c, &seeded, once), 3);
    ck_assert_uint_eq(weigh(&s, &c, &seeded, again), 3);
    ck_assert(memcmp(once, again, 3 * sizeof *once) == 0);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(once[i].column, i);
        ck_assert(once[i].accuracy.low <= once[i].accuracy.value);
        ck_assert(once[i].accuracy.value <= once[i].accuracy.high);
    }
    ck_assert_double_gt(once[0].accuracy.low, 0.4); /* a third of chance */
    ck_assert_double_gt(once[0].log_loss.low, 1);
    ck_assert_double_lt(fabs(once[1].accuracy.value), 0.2);
    ck_assert_double_lt(fabs(once[2].accuracy.value), 0.2);
    ck_assert_uint_eq(weigh(&s, &c, &(grove_importance_options){.most_rows = 50, .seed = 4}, few),
                      3);
    ck_assert_double_gt(few[0].accuracy.high - few[0].accuracy.low,
                        once[0].accuracy.high - once[0].accuracy.low);
    grove_classifier_free(&c);
    free_scene(&s);
}
END_TEST

/* ---- the linear baseline --------------------------------------------------------------------- */

START_TEST(a_linear_baseline) {
    scene s = make_scene();
    grove_logistic a, b, copy;
    grove_error error = {0};
    static float p[ROWS * CLASSES], q[ROWS * CLASSES];
    const grove_logistic_options few = {.most_values = 5};
    ck_assert_msg(grove_logistic_fit(s.schema, s.rows, (grove_rows){0}, NULL, &a, &error) ==
                      GROVE_OK,
                  "%s", error.message);
    ck_assert_int_eq(grove_logistic_run(&a, s.rows, p, &error), GROVE_OK);
    size_t right = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const float *row = p + i * CLASSES;
        const grove_id answer = row[1] > row[0]   ? (row[2] > row[1] ? 2 : 1)
                                : row[2] > row[0] ? 2
                                                  : 0;
        right += answer == grove_dataset_labels(s.data)[i];
        ck_assert_double_eq_tol((double)(row[0] + row[1] + row[2]), 1, 1e-5);
    }
    ck_assert_uint_gt(right, ROWS * 85 / 100);
    /* Stored and made again, it answers the same. */
    ck_assert_int_eq(grove_logistic_new(s.schema, a.kept, NULL, &copy, &error), GROVE_OK);
    memcpy(copy.weights, a.weights, a.inputs * a.classes * sizeof *a.weights);
    ck_assert_int_eq(grove_logistic_run(&copy, s.rows, q, &error), GROVE_OK);
    ck_assert(memcmp(p, q, sizeof p) == 0);
    ck_assert_int_eq(grove_logistic_fit(s.schema, s.rows, s.rows, &few, &b, &error), GROVE_OK);
    ck_assert_uint_eq(b.kept[0], 7);
    ck_assert_uint_eq(b.inputs, 7 + 7 + 1 + 1);
    ck_assert_int_eq(grove_logistic_run(&b, (grove_rows){0}, p, &error), GROVE_BAD_DATA);
    grove_logistic_free(&b);
    ck_assert_int_eq(grove_logistic_new(s.schema, (const size_t[]){1, 99}, NULL, &b, &error),
                     GROVE_BAD_ARGUMENT);
    grove_logistic_free(&a);
    grove_logistic_free(&copy);
    grove_logistic_free(&b);
    grove_logistic_free(NULL);
    free_scene(&s);
}
END_TEST

/* ---- pictures -------------------------------------------------------------------------------- */

/* Points on an ellipse that is turned by 30 degrees in the plane of x and z: the axes are known. */
START_TEST(axes_of_an_ellipse) {
    enum { POINTS = 360 };
    static grove_real numbers[POINTS * 3];
    static double points[POINTS * 2];
    double explained[2];
    grove_error error = {0};
    const double pi = 3.14159265358979323846, turn = pi / 6;
    for (int i = 0; i < POINTS; i++) {
        const double x = 5 * cos(2 * pi * i / POINTS), y = 2 * sin(2 * pi * i / POINTS);
        numbers[3 * i] = (grove_real)(7 + x * cos(turn) - y * sin(turn));
        numbers[3 * i + 1] = 4;
        numbers[3 * i + 2] = (grove_real)(x * sin(turn) + y * cos(turn));
    }
    ck_assert_int_eq(
        grove_principal_components(numbers, POINTS, 3, 2, NULL, points, explained, &error),
        GROVE_OK);
    ck_assert_double_eq_tol(explained[0], 25.0 / 29, 1e-5);
    ck_assert_double_eq_tol(explained[1], 4.0 / 29, 1e-5);
    for (int i = 0; i < POINTS; i++) {
        ck_assert_double_eq_tol(points[2 * i], 5 * cos(2 * pi * i / POINTS), 1e-4);
        ck_assert_double_eq_tol(points[2 * i + 1], 2 * sin(2 * pi * i / POINTS), 1e-4);
    }
}
END_TEST

START_TEST(pictures_of_little) {
    const grove_real same[] = {1, 2, 1, 2, 1, 2}, line[] = {3, 1, 2};
    double points[9], explained[3];
    grove_error error = {0};
    ck_assert_int_eq(grove_principal_components(same, 3, 2, 2, NULL, points, explained, &error),
                     GROVE_OK);
    ck_assert(explained[0] == 0 && explained[1] == 0 && points[0] == 0 && points[5] == 0);
    ck_assert_int_eq(grove_principal_components(line, 3, 1, 2, NULL, points, explained, &error),
                     GROVE_OK);
    ck_assert_double_eq_tol(explained[0], 1, 1e-12);
    ck_assert_double_eq_tol(points[0], 1, 1e-12);
    ck_assert_double_eq_tol(points[2], -1, 1e-12);
    ck_assert(points[1] == 0 && points[3] == 0);
    ck_assert_int_eq(grove_principal_components(NULL, 0, 4, 2, NULL, points, explained, &error),
                     GROVE_OK);
    ck_assert(explained[0] == 0);
}
END_TEST

START_TEST(neighbours_by_hand) {
    const grove_real v[] = {1, 0, 10, 1, 0, 1, -1, 0, 0, 0};
    const grove_id should[] = {1, 2, 4, 0, 2, 4, 1, 0, 3, 2, 4, 1, 0, 1, 2};
    grove_id near[15], more[8];
    grove_error error = {0};
    ck_assert_int_eq(grove_cosine_neighbours(v, 5, 2, 3, NULL, near, &error), GROVE_OK);
    ck_assert(memcmp(near, should, sizeof near) == 0);
    ck_assert_int_eq(grove_cosine_neighbours(v, 2, 2, 4, NULL, more, &error), GROVE_OK);
    ck_assert(more[0] == 1 && more[1] == -1 && more[3] == -1 && more[4] == 0 && more[5] == -1);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

static grove_status everything(const scene *s, const grove_classifier *c, hostile_memory *memory) {
    const grove_allocator hostile = hostile_allocator(memory);
    const grove_importance_options deals = {.repeats = 1, .allocator = hostile};
    const grove_logistic_options linear = {.allocator = hostile, .most_rows = 30, .most_values = 4};
    static grove_real numbers[24];
    static grove_importance list[4];
    double points[16], explained[2];
    grove_curve_point curve[9];
    grove_id near[16];
    grove_predictor *predictor = NULL;
    grove_logistic logistic = {0};
    grove_error error = {0};
    size_t count;
    float *p = make_answers(grove_dataset_labels(s->data), ROWS);
    grove_status status = grove_predictor_new(c->graph, s->schema, 100, 1, &predictor, &error);
    const grove_rows few = {s->data, NULL, 40};
    status = status ? status
                    : grove_permutation_importance(predictor, s->schema, few, &deals, list, &count,
                                                   &error);
    status =
        status ? status
               : grove_principal_components(numbers, 8, 3, 2, &hostile, points, explained, &error);
    status = status ? status : grove_cosine_neighbours(numbers, 8, 3, 2, &hostile, near, &error);
    status = status ? status
                    : grove_curve_points(p, grove_dataset_labels(s->data), ROWS, CLASSES, 1, 9,
                                         &hostile, curve, &count, &error);
    status = status
                 ? status
                 : grove_logistic_fit(s->schema, few, (grove_rows){0}, &linear, &logistic, &error);
    grove_logistic_free(&logistic);
    grove_predictor_free(predictor);
    free(p);
    return status;
}

START_TEST(memory_that_fails) {
    scene s = make_scene();
    grove_classifier c = train_scene(&s);
    bool done = false;
    size_t at = 1;
    for (; !done; at += at < 40 ? 1 : 23) {
        hostile_memory memory = {.fail_at = at};
        const grove_status status = everything(&s, &c, &memory);
        done = status == GROVE_OK;
        ck_assert_msg(done || status == GROVE_NO_MEMORY, "at %zu: %d", at, (int)status);
        ck_assert_uint_eq(memory.live, 0);
    }
    ck_assert_uint_gt(at, 100);
    grove_classifier_free(&c);
    free_scene(&s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("explain");
    TCase *cases = tcase_create("explain");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, bins_sum_up_to_the_error_of_calibration);
    tcase_add_test(cases, curves_have_the_areas_of_the_report);
    tcase_add_test(cases, frequencies_are_counted);
    tcase_add_test(cases, what_a_model_goes_by);
    tcase_add_test(cases, a_linear_baseline);
    tcase_add_test(cases, axes_of_an_ellipse);
    tcase_add_test(cases, pictures_of_little);
    tcase_add_test(cases, neighbours_by_hand);
    tcase_add_test(cases, memory_that_fails);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
