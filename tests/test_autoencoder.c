/* SPDX-License-Identifier: MIT
 *
 * Autoencoders: errors of cells against numbers worked out by hand, what is hidden in training
 * alone, the best epoch, the same bits, what is refused.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/autoencoder.h"
#include "grove/grove.h"
#include "hostile_allocator.h"
#include "lesson.h"

enum { ROWS = 400, COLUMNS = 4, KIND = 0, TWIN = 1, SIZE = 2, DOUBLE = 3 };

/* The twin is the kind by another name; the double is twice the size, and missing in every fifth
 * row. */
static lesson make_lesson(void) {
    const char *names[] = {"kind", "twin", "size", "double"};
    grove_table *table = NULL;
    grove_error error = {0};
    ck_assert_int_eq(grove_table_new(names, COLUMNS, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], twin[16], size[16], twice[16];
        const int k = (i * 7919) % 5, s = (i * 104729) % 97;
        snprintf(kind, sizeof kind, "k%d", k);
        snprintf(twin, sizeof twin, "t%d", k);
        snprintf(size, sizeof size, "%d.5", s);
        snprintf(twice, sizeof twice, "%d", 2 * s + 1);
        const char *cells[] = {kind, twin, size, i % 5 ? twice : ""};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    lesson l = {.table = table};
    ck_assert_int_eq(grove_schema_guess(table, &(grove_schema_options){0}, &l.schema, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_split_table(table, NULL, 0.25, 3, NULL, &l.split, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(l.schema, table, l.split.train, l.split.train_count, &error),
                     GROVE_OK);
    ck_assert_int_eq(
        grove_schema_encode(l.schema, table, &(grove_encode_options){0}, &l.data, &error),
        GROVE_OK);
    l.train = (grove_rows){l.data, l.split.train, l.split.train_count};
    l.valid = (grove_rows){l.data, l.split.valid, l.split.valid_count};
    return l;
}

static const int64_t hidden[] = {24};

static grove_autoencoder_options usual(void) {
    return (grove_autoencoder_options){
        .code = 6, .hidden = hidden, .hidden_count = 1, .corrupt = 0.2, .seed = 7};
}

static grove_autoencoder make(const lesson *l, const grove_autoencoder_options *how) {
    grove_autoencoder a;
    grove_error error = {0};
    ck_assert_msg(grove_autoencoder_new(l->schema, how, &a, &error) == GROVE_OK, "%s",
                  error.message);
    return a;
}

static void run(const grove_autoencoder *a, const lesson *l, grove_rows rows, float *errors,
                float *hits) {
    grove_error error = {0};
    ck_assert_msg(grove_autoencoder_run(a->graph, l->schema, rows, 1, errors, hits, &error) ==
                      GROVE_OK,
                  "%s", error.message);
}

static grove_autoencoder_result fit(grove_autoencoder *a, const lesson *l, int epochs,
                                    int threads) {
    grove_autoencoder_result result;
    grove_error error = {0};
    const grove_autoencoder_fit_options how = {
        .epochs = epochs, .batch = 50, .rate = 0.01, .seed = 5, .threads = threads};
    ck_assert_msg(grove_autoencoder_fit(a, l->schema, l->train, l->valid, &how, &result, &error) ==
                      GROVE_OK,
                  "%s", error.message);
    return result;
}

/* All weights 0: every value is as likely; and what is told of each number is 1, which of whether
 * it is missing is a logit. */
START_TEST(errors_by_hand) {
    lesson l = make_lesson();
    grove_autoencoder_options how = usual();
    grove_autoencoder a = make(&l, &how);
    float errors[ROWS * COLUMNS], hits[ROWS * COLUMNS];
    for (int32_t i = 0; i < grove_parameter_count(a.graph); i++) {
        grove_tensor p = grove_parameter_at(a.graph, i);
        memset(grove_parameter_data(p), 0, grove_parameter_size(p) * sizeof(grove_real));
    }
    grove_real *told = grove_parameter_data(grove_find(a.graph, "decode.numbers.bias"));
    told[0] = told[1] = told[2] = 1;
    ck_assert_uint_eq(grove_autoencoder_columns(l.schema), COLUMNS);
    for (int i = 0; i < COLUMNS; i++) {
        ck_assert_int_eq(grove_autoencoder_column(l.schema, (size_t)i), i);
    }
    ck_assert_int_eq(grove_autoencoder_column(l.schema, COLUMNS), -1);
    run(&a, &l, l.train, errors, hits);
    for (size_t r = 0; r < l.train.count; r++) {
        const float *e = errors + r * COLUMNS;
        const float *x = grove_dataset_numbers(l.data) + l.train.rows[r] * 3;
        const bool missing = l.train.rows[r] % 5 == 0;
        ck_assert_double_eq_tol((double)e[KIND], log(7), 1e-5); /* five, unknown and missing */
        const double off = 1 - (double)x[0], other = 1 - (double)x[1];
        ck_assert_double_eq_tol((double)e[SIZE], off * off, 1e-5);
        ck_assert_double_eq_tol((double)e[DOUBLE],
                                missing ? log1p(exp(-1)) : other * other + log1p(exp(1)), 1e-5);
        ck_assert_double_eq_tol((double)hits[r * COLUMNS + TWIN], 1 / 7.0, 1e-6);
        ck_assert_double_eq_tol((double)hits[r * COLUMNS + SIZE], 0, 1e-6);
    }
    grove_autoencoder_free(&a);
    free_lesson(&l);
}
END_TEST

/* Counts are 60 each of 300; shares are of counts and one more, so are those of unknown and
 * missing. */
START_TEST(the_baseline_by_hand) {
    lesson l = make_lesson();
    double errors[COLUMNS], hits[COLUMNS], kind = 0, square = 0, most = 0;
    size_t missing = 0;
    grove_error error = {0};
    for (size_t r = 0; r < l.valid.count; r++) {
        const size_t row = l.valid.rows[r];
        const int32_t id = grove_dataset_ids(l.data, 0)[row];
        const float x = grove_dataset_numbers(l.data)[row * 3];
        kind -=
            log(((double)grove_schema_count(l.schema, 0, id) + 1) / ((double)l.train.count + 7));
        square += (double)(x * x);
        most += id == 2; /* the most frequent value */
        missing += row % 5 == 0;
    }
    ck_assert_int_eq(grove_autoencoder_baseline(l.schema, l.valid, errors, hits, &error), GROVE_OK);
    const double n = (double)l.valid.count, share = (double)missing / n;
    ck_assert_double_eq_tol(errors[KIND], kind / n, 1e-9);
    ck_assert_double_eq_tol(errors[SIZE], square / n, 1e-6);
    ck_assert_double_eq_tol(hits[KIND], most / n, 1e-9);
    ck_assert_double_gt(errors[DOUBLE], -share * log(share) - (1 - share) * log(1 - share));
    free_lesson(&l);
}
END_TEST

START_TEST(it_learns_what_columns_say_of_each_other) {
    lesson l = make_lesson();
    grove_autoencoder_options how = usual();
    grove_autoencoder a = make(&l, &how);
    const grove_autoencoder_result result = fit(&a, &l, 60, 1);
    float errors[ROWS * COLUMNS], hits[ROWS * COLUMNS];
    double usual_errors[COLUMNS], usual_hits[COLUMNS], mean = 0, right = 0, sum = 0;
    grove_error error = {0};
    run(&a, &l, l.valid, errors, hits);
    for (size_t r = 0; r < l.valid.count; r++) {
        mean += (double)errors[r * COLUMNS + DOUBLE] / (double)l.valid.count;
        right += (double)hits[r * COLUMNS + KIND] / (double)l.valid.count;
    }
    for (size_t i = 0; i < l.valid.count * COLUMNS; i++) {
        sum += (double)errors[i] / (double)l.valid.count;
    }
    grove_autoencoder_baseline(l.schema, l.valid, usual_errors, usual_hits, &error);
    ck_assert_double_lt(mean, usual_errors[DOUBLE] / 2);
    ck_assert_double_gt(right, 0.95);
    ck_assert_double_eq_tol(sum, result.valid_loss, 1e-5); /* of the epoch that was kept */
    grove_autoencoder_free(&a);
    free_lesson(&l);
}
END_TEST

/* What is hidden is hidden in training alone: the same weights restore the same. */
START_TEST(nothing_is_hidden_from_answers) {
    lesson l = make_lesson();
    grove_autoencoder_options how = usual();
    float with[ROWS * COLUMNS], without[ROWS * COLUMNS];
    grove_autoencoder a = make(&l, &how);
    how.corrupt = 0;
    grove_autoencoder b = make(&l, &how);
    run(&a, &l, l.train, with, NULL);
    run(&b, &l, l.train, without, NULL);
    ck_assert_mem_eq(with, without, l.train.count * COLUMNS * sizeof *with);
    fit(&a, &l, 1, 1);
    fit(&b, &l, 1, 1);
    run(&a, &l, l.train, with, NULL);
    run(&b, &l, l.train, without, NULL);
    ck_assert_mem_ne(with, without, l.train.count * COLUMNS * sizeof *with);
    grove_autoencoder_free(&a);
    grove_autoencoder_free(&b);
    free_lesson(&l);
}
END_TEST

START_TEST(the_same_bits_on_any_number_of_threads) {
    lesson l = make_lesson();
    static float errors[2][ROWS * COLUMNS];
    for (int k = 0; k < 2; k++) {
        grove_autoencoder_options how = usual();
        grove_autoencoder a = make(&l, &how);
        fit(&a, &l, 3, k + 1);
        run(&a, &l, l.train, errors[k], NULL);
        grove_autoencoder_free(&a);
    }
    ck_assert_mem_eq(errors[0], errors[1], sizeof errors[0]);
    free_lesson(&l);
}
END_TEST

static void refused(const grove_schema *schema, const grove_autoencoder_options *how,
                    const char *words) {
    grove_autoencoder a;
    grove_error error = {0};
    ck_assert_int_ne(grove_autoencoder_new(schema, how, &a, &error), GROVE_OK);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_ptr_null(a.graph);
}

START_TEST(what_cannot_be_is_refused) {
    lesson l = make_lesson();
    grove_autoencoder_options how = usual();
    grove_schema *labelled = NULL, *empty = grove_schema_new(NULL);
    grove_error error = {0};
    how.corrupt = 1;
    refused(l.schema, &how, "hides a share from 0 to below 1");
    how = usual();
    how.hidden = (const int64_t[]){0};
    refused(l.schema, &how, "1 unit or more");
    how = usual();
    ck_assert_int_eq(
        grove_schema_guess(l.table, &(grove_schema_options){.label = "kind"}, &labelled, &error),
        GROVE_OK);
    refused(labelled, &how, "an autoencoder has no label");
    refused(empty, &how, "there must be some");
    grove_schema_free(labelled);
    grove_schema_free(empty);
    free_lesson(&l);
}
END_TEST

START_TEST(allocations_may_fail) {
    lesson l = make_lesson();
    grove_status status = GROVE_NO_MEMORY;
    for (size_t at = 1; status != GROVE_OK; at += 3) {
        hostile_memory memory = {.fail_at = at};
        grove_autoencoder_options how = usual();
        grove_autoencoder a;
        grove_autoencoder_result result;
        how.allocator = hostile_allocator(&memory);
        status = grove_autoencoder_new(l.schema, &how, &a, NULL);
        if (status == GROVE_OK) {
            const grove_autoencoder_fit_options once = {.epochs = 1};
            status = grove_autoencoder_fit(&a, l.schema, l.train, l.valid, &once, &result, NULL);
            grove_autoencoder_free(&a);
        }
        ck_assert_msg(status == GROVE_OK || status == GROVE_NO_MEMORY, "%d", (int)status);
        ck_assert_uint_eq(memory.live, 0);
    }
    free_lesson(&l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("autoencoder");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, errors_by_hand);
    tcase_add_test(tests, the_baseline_by_hand);
    tcase_add_test(tests, it_learns_what_columns_say_of_each_other);
    tcase_add_test(tests, nothing_is_hidden_from_answers);
    tcase_add_test(tests, the_same_bits_on_any_number_of_threads);
    tcase_add_test(tests, what_cannot_be_is_refused);
    tcase_add_test(tests, allocations_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
