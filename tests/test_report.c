/* SPDX-License-Identifier: MIT
 *
 * The report of a classifier against what scikit-learn computes (tests/golden/report.py), measures,
 * intervals and classes; what is refused; every failing allocation.
 */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

enum { MOST_ROWS = 256, MOST_CLASSES = 10, WHOLE = 1024 };

/* ---- against scikit-learn -------------------------------------------------------------------- */

typedef struct case_of_file {
    char name[64];
    size_t rows, classes;
    grove_report_options options;
    grove_id labels[MOST_ROWS];
    float probabilities[MOST_ROWS * MOST_CLASSES];
    grove_estimate measures[GROVE_MEASURES];
    grove_class_report by_class[MOST_CLASSES];
    size_t confusion[MOST_CLASSES * MOST_CLASSES];
} case_of_file;

static double read_number(FILE *file) {
    double number = 0;
    ck_assert_int_eq(fscanf(file, "%lf", &number), 1);
    return number;
}

static void expect_word(FILE *file, const char *expected) {
    char word[64] = "";
    ck_assert_int_eq(fscanf(file, "%63s", word), 1);
    ck_assert_str_eq(word, expected);
}

static void read_results(FILE *file, case_of_file *c) {
    for (int i = 0; i < GROVE_MEASURES; i++) {
        expect_word(file, "measure");
        expect_word(file, grove_measure_name((grove_measure)i));
        c->measures[i].value = read_number(file);
        c->measures[i].low = read_number(file);
        c->measures[i].high = read_number(file);
    }
    for (size_t i = 0; i < c->classes; i++) {
        expect_word(file, "class");
        c->by_class[i].support = (size_t)read_number(file);
        c->by_class[i].precision.value = read_number(file);
        c->by_class[i].recall.value = read_number(file);
        c->by_class[i].f1 = read_number(file);
    }
    expect_word(file, "confusion");
    for (size_t i = 0; i < c->classes * c->classes; i++) {
        c->confusion[i] = (size_t)read_number(file);
    }
}

static bool read_case(FILE *file, case_of_file *c) {
    memset(c, 0, sizeof *c);
    if (fscanf(file, " case %63s %zu %zu %zu %zu %" SCNu64, c->name, &c->rows, &c->classes,
               &c->options.top_k, &c->options.resamples, &c->options.seed) != 6) {
        return false;
    }
    ck_assert(c->rows <= MOST_ROWS && c->classes <= MOST_CLASSES);
    for (size_t i = 0; i < c->rows; i++) {
        c->labels[i] = (grove_id)read_number(file);
        for (size_t k = 0; k < c->classes; k++) {
            c->probabilities[i * c->classes + k] = (float)(read_number(file) / WHOLE);
        }
    }
    read_results(file, c);
    return true;
}

static bool close_to(double a, double b, double tolerance) {
    return (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance;
}

/* How many numbers differ. scikit-learn keeps p off 1 as well as off 0, and makes the rows sum to 1
 * again: hence what the log loss is given. */
static int differences(const case_of_file *c, bool tell) {
    grove_report report;
    grove_error error = {0};
    int found = 0;
    ck_assert_msg(grove_classification_report(c->probabilities, c->labels, c->rows, c->classes,
                                              &c->options, &report, &error) == GROVE_OK,
                  "%s: %s", c->name, error.message);
    for (int i = 0; i < GROVE_MEASURES; i++) {
        const grove_estimate is = report.measures[i], should = c->measures[i];
        const double tolerance = i == GROVE_MEASURE_LOG_LOSS ? 5e-7 : 1e-12;
        if (!close_to(is.value, should.value, tolerance) ||
            !close_to(is.low, should.low, tolerance) ||
            !close_to(is.high, should.high, tolerance)) {
            found++;
            if (tell) {
                fprintf(stderr, "%s: %s is %.15g (%.15g to %.15g), not %.15g (%.15g to %.15g)\n",
                        c->name, grove_measure_name((grove_measure)i), is.value, is.low, is.high,
                        should.value, should.low, should.high);
            }
        }
    }
    for (size_t i = 0; i < c->classes; i++) {
        const grove_class_report *is = &report.by_class[i], *should = &c->by_class[i];
        found += is->support != should->support || is->right != c->confusion[i * c->classes + i] ||
                 !close_to(is->precision.value, should->precision.value, 1e-12) ||
                 !close_to(is->recall.value, should->recall.value, 1e-12) ||
                 !close_to(is->f1, should->f1, 1e-12);
    }
    found +=
        memcmp(report.confusion, c->confusion, c->classes * c->classes * sizeof *c->confusion) != 0;
    grove_report_free(&report);
    return found;
}

/* As often as there are cases; a wrong label, answer, number of classes at the top or seed must not
 * go unnoticed. */
START_TEST(as_scikit_learn) {
    char path[512];
    static case_of_file c;
    int cases = 0;
    snprintf(path, sizeof path, "%s/report.txt",
             getenv("GROVE_GOLDEN") ? getenv("GROVE_GOLDEN") : ".");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is not there", path);
    ck_assert(fscanf(file, "#%*[^\n]") == 0);
    for (; read_case(file, &c); cases++) {
        ck_assert_msg(differences(&c, true) == 0, "%s", c.name);
        if (cases == 0) { /* two classes; others below */
            c.options.seed++;
            ck_assert_int_gt(differences(&c, false), 5);
        }
        if (strcmp(c.name, "three") == 0) {
            c.options.top_k = 1;
            ck_assert_int_eq(differences(&c, false), 1);
            c.options.top_k = 2;
            c.labels[3] = (c.labels[3] + 1) % 3;
            ck_assert_int_gt(differences(&c, false), 10);
        }
    }
    ck_assert(feof(file));
    ck_assert_int_eq(cases, 17);
    fclose(file);
}
END_TEST

/* ---- the edges ------------------------------------------------------------------------------- */

static const float two_rows[] = {0.25f, 0.75f, 0.5f, 0.5f};
static const grove_id two_labels[] = {1, 0};

static grove_status report_on(const float *p, const grove_id *labels, size_t rows, size_t classes,
                              grove_report *report, grove_error *error) {
    const grove_report_options quick = {.resamples = 50};
    return grove_classification_report(p, labels, rows, classes, &quick, report, error);
}

START_TEST(no_rows) {
    grove_report report;
    grove_error error = {0};
    ck_assert_int_eq(report_on(two_rows, two_labels, 0, 2, &report, &error), GROVE_OK);
    for (int i = 0; i < GROVE_MEASURES; i++) {
        ck_assert(isnan(report.measures[i].value) && isnan(report.measures[i].low));
        ck_assert(isnan(report.measures[i].high));
    }
    ck_assert_uint_eq(report.by_class[1].support, 0);
    ck_assert_double_eq(report.by_class[1].recall.value, 0);
    ck_assert_double_eq(report.by_class[1].recall.high, 1);
    ck_assert_uint_eq(report.confusion[3], 0);
    grove_report_free(&report);
    ck_assert_ptr_null(report.by_class);
    grove_report_free(&report);
    grove_report_free(NULL);
}
END_TEST

START_TEST(what_is_refused) {
    grove_report report;
    grove_error error = {0};
    const float bad[] = {NAN, -0.01f, 1.01f, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const float p[] = {0.25f, 0.75f, 0.5f, bad[i]};
        ck_assert_int_eq(report_on(p, two_labels, 2, 2, &report, &error), GROVE_BAD_DATA);
        ck_assert_ptr_nonnull(strstr(error.message, "the probability of class 1 in row 1 is"));
    }
    const float rounded[] = {0, 1.00001f, 0.5f, 0.5f};
    ck_assert_int_eq(report_on(rounded, two_labels, 2, 2, &report, &error), GROVE_OK);
    grove_report_free(&report);
    for (grove_id wrong = -1; wrong <= 2; wrong += 3) {
        const grove_id labels[] = {1, wrong};
        ck_assert_int_eq(report_on(two_rows, labels, 2, 2, &report, &error), GROVE_BAD_DATA);
        ck_assert_ptr_nonnull(strstr(error.message, "the label of row 1 is"));
    }
    ck_assert_int_eq(report_on(two_rows, two_labels, 2, 0, &report, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(report_on(two_rows, two_labels, (size_t)1 << 40, 2, &report, NULL),
                     GROVE_BAD_ARGUMENT);
    ck_assert_ptr_null(report.by_class);
    for (int threads = -1; threads <= 1025; threads += 1026) {
        const grove_report_options options = {.threads = threads};
        ck_assert_int_eq(
            grove_classification_report(two_rows, two_labels, 2, 2, &options, &report, &error),
            GROVE_BAD_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(error.message, "the number of threads"));
    }
}
END_TEST

/* More classes than a confusion matrix is kept for; the rest is there. */
START_TEST(very_many_classes) {
    enum { CLASSES = GROVE_CONFUSION_CLASSES + 1 };
    float *p = calloc(2 * CLASSES, sizeof *p);
    const grove_id labels[] = {7, CLASSES - 1};
    grove_report report;
    grove_error error = {0};
    ck_assert_ptr_nonnull(p);
    p[7] = p[CLASSES + 8] = 1;
    ck_assert_int_eq(report_on(p, labels, 2, CLASSES, &report, &error), GROVE_OK);
    ck_assert_ptr_null(report.confusion);
    ck_assert_uint_eq(report.by_class[7].right, 1);
    ck_assert_uint_eq(report.by_class[8].predicted, 1);
    ck_assert_double_eq_tol(report.measures[GROVE_MEASURE_F1_MACRO].value, 1.0 / 3, 1e-15);
    ck_assert_double_eq(report.measures[GROVE_MEASURE_BALANCED_ACCURACY].value, 0.5);
    ck_assert(isnan(report.measures[GROVE_MEASURE_ROC_AUC_OVR].value));
    grove_report_free(&report);
    free(p);
}
END_TEST

START_TEST(names_and_directions) {
    ck_assert_str_eq(grove_measure_name(GROVE_MEASURE_ECE_15), "ece_15");
    ck_assert_int_eq(grove_measure_better(GROVE_MEASURE_LOG_LOSS), -1);
    ck_assert_int_eq(grove_measure_better(GROVE_MEASURE_ROC_AUC), 1);
    ck_assert_ptr_null(grove_measure_name(GROVE_MEASURES));
    ck_assert_int_eq(grove_measure_better((grove_measure)-1), 0);
}
END_TEST

START_TEST(wilson_by_hand) {
    const grove_estimate e = grove_wilson(8, 10), none = grove_wilson(0, 10);
    ck_assert_double_eq(e.value, 0.8);
    ck_assert_double_eq_tol(e.low, 0.4902, 1e-4);
    ck_assert_double_eq_tol(e.high, 0.9433, 1e-4);
    ck_assert_double_eq(none.low, 0);
    ck_assert_double_eq_tol(none.high, 3.8415 / 13.8415, 1e-5); /* z^2 / (n + z^2) */
    ck_assert_double_eq(grove_wilson(10, 10).high, 1);
}
END_TEST

/* The same seed gives the same bits on any number of threads, another one others; defaults are what
 * the header says. */
START_TEST(seeds) {
    enum { ROWS = 200 };
    float p[2 * ROWS];
    grove_id labels[ROWS];
    grove_report a, b, other;
    grove_error error = {0};
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i * 7 % 5 < 2;
        p[2 * i + 1] = (float)(i * 31 % 64 + 20 * labels[i]) / 128;
        p[2 * i] = 1 - p[2 * i + 1];
    }
    const grove_report_options same = {.top_k = 2, .resamples = 1000, .threads = 2},
                               another = {.seed = 1};
    ck_assert_int_eq(grove_classification_report(p, labels, ROWS, 2, NULL, &a, &error), GROVE_OK);
    ck_assert_int_eq(grove_classification_report(p, labels, ROWS, 2, &same, &b, &error), GROVE_OK);
    ck_assert_int_eq(grove_classification_report(p, labels, ROWS, 2, &another, &other, &error),
                     GROVE_OK);
    ck_assert(memcmp(a.measures, b.measures, sizeof a.measures) == 0);
    for (int i = 0; i < GROVE_MEASURES; i++) {
        const grove_estimate x = a.measures[i], y = other.measures[i];
        ck_assert(x.value == y.value && x.low <= x.value && x.value <= x.high);
    }
    const grove_estimate x = a.measures[GROVE_MEASURE_ROC_AUC];
    ck_assert(x.low != other.measures[GROVE_MEASURE_ROC_AUC].low);
    ck_assert_double_eq_tol(x.low, other.measures[GROVE_MEASURE_ROC_AUC].low, 0.02);
    grove_report_free(&a);
    grove_report_free(&b);
    grove_report_free(&other);
}
END_TEST

START_TEST(memory_that_fails) {
    grove_report report;
    grove_error error = {0};
    bool done = false;
    for (size_t at = 1; !done; at++) {
        hostile_memory memory = {.fail_at = at};
        const grove_report_options options = {
            .resamples = 5, .threads = 2, .allocator = hostile_allocator(&memory)};
        grove_status status =
            grove_classification_report(two_rows, two_labels, 2, 2, &options, &report, &error);
        done = status == GROVE_OK;
        ck_assert(done || (status == GROVE_NO_MEMORY && memory.live == 0));
        ck_assert(!done || at > 5);
        grove_report_free(&report);
        ck_assert_uint_eq(memory.live, 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("report");
    TCase *cases = tcase_create("report");
    tcase_add_test(cases, as_scikit_learn);
    tcase_add_test(cases, no_rows);
    tcase_add_test(cases, what_is_refused);
    tcase_add_test(cases, very_many_classes);
    tcase_add_test(cases, names_and_directions);
    tcase_add_test(cases, wilson_by_hand);
    tcase_add_test(cases, seeds);
    tcase_add_test(cases, memory_that_fails);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
