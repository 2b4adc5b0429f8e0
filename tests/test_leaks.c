/* SPDX-License-Identifier: MIT
 *
 * Leaks that were planted are found, and what is common in honest tables is not one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "data/split.h"
#include "grove/data.h"
#include "grove/data_leaks.h"

enum { ROWS = 1000, TRAIN = 700, TWINS = 30 };

/* id, row number, copy of the label, number that nearly tells it, honest number, category,
 * what tells the label in one half of the rows alone, label */
static const char *const names[] = {"id", "n", "copy", "score", "x", "c", "trick", "y"};
enum { COLUMNS = sizeof names / sizeof *names };

/* With `twins`, the last rows say what the first do; the first of them with another label. */
static grove_table *planted(bool twins) {
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_new(names, COLUMNS, NULL, &table, &error), GROVE_OK);
    for (size_t i = 0; i < ROWS; i++) {
        const size_t twin = twins && i >= ROWS - TWINS ? i - (ROWS - TWINS) : i;
        char id[24], n[24], score[24], x[24], c[24];
        uint32_t r[4];
        grove_random_block(1, 0, 0, twin, r);
        const bool yes = r[0] % 2;
        const bool told = twin != i && i == ROWS - TWINS ? !yes : yes;
        snprintf(id, sizeof id, "u%zu", i * 7919 % 100003);
        snprintf(n, sizeof n, "%zu", i + 5);
        snprintf(score, sizeof score, "%.6f", grove_unit24(r[1]) + 0.97 * yes);
        snprintf(x, sizeof x, "%.6f", grove_unit24(r[2]) + 0.5 * yes);
        snprintf(c, sizeof c, "c%u", r[3] % 20);
        /* Tells the label of one half of the rows, and the opposite of the other half. */
        const bool trick = yes ^ (grove_split_hash(0, 0, twin) & 1);
        const char *cells[] = {id, n, yes ? "Y" : "N",   score,
                               x,  c, trick ? "+" : "-", told ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static void find(const grove_table *table, const char *const *ignore, size_t ignored,
                 grove_leaks *leaks) {
    grove_schema *schema;
    grove_error error;
    size_t valid[ROWS - TRAIN];
    for (size_t i = 0; i < ROWS - TRAIN; i++) {
        valid[i] = TRAIN + i;
    }
    grove_schema_options options = {.label = "y", .ignore = ignore, .ignore_count = ignored};
    grove_status status = grove_schema_guess(table, &options, &schema, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    status = grove_find_leaks(schema, table, NULL, TRAIN, table, valid, ROWS - TRAIN, NULL, leaks,
                              &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    grove_schema_free(schema);
}

START_TEST(planted_leaks_are_found) {
    grove_table *t = planted(false);
    grove_leaks leaks;
    find(t, NULL, 0, &leaks);
    ck_assert_uint_eq(leaks.count, 4);
    const grove_leak_kind kinds[] = {GROVE_LEAK_ID, GROVE_LEAK_ID, GROVE_LEAK_TELLS,
                                     GROVE_LEAK_TELLS};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(leaks.list[i].kind, kinds[i]);
        ck_assert_int_eq(leaks.list[i].column, i);
    }
    ck_assert_double_eq(leaks.list[0].share, 1);
    ck_assert_uint_eq(leaks.list[0].rows, TRAIN);
    ck_assert_double_eq(leaks.list[1].share, 1);
    ck_assert_uint_eq(leaks.list[1].rows, ROWS);
    ck_assert_double_gt(leaks.list[2].share, 0.98);
    ck_assert_uint_eq(leaks.list[2].rows, TRAIN);
    grove_leaks_free(&leaks);
    ck_assert_ptr_null(leaks.list);
    grove_table_free(t);
}
END_TEST

START_TEST(honest_columns_stay_silent) {
    const char *const ignore[] = {"id", "n", "copy", "score"};
    grove_table *t = planted(false);
    grove_leaks leaks;
    find(t, ignore, 4, &leaks);
    ck_assert_uint_eq(leaks.count, 0);
    grove_leaks_free(&leaks);
    grove_table_free(t);
}
END_TEST

START_TEST(twins_are_counted_with_their_labels) {
    const char *const ignore[] = {"id", "n", "copy", "score"};
    grove_table *t = planted(true);
    grove_leaks leaks;
    find(t, ignore, 4, &leaks);
    ck_assert_uint_eq(leaks.count, 1);
    ck_assert_int_eq(leaks.list[0].kind, GROVE_LEAK_TWINS);
    ck_assert_int_eq(leaks.list[0].column, -1);
    ck_assert_uint_eq(leaks.list[0].rows, TWINS);
    ck_assert_uint_eq(leaks.list[0].other_label, 1);
    ck_assert_double_eq_tol(leaks.list[0].share, (double)TWINS / (ROWS - TRAIN), 1e-12);
    grove_leaks_free(&leaks);
    grove_table_free(t);
}
END_TEST

/* A number of two values, right in 92 of 100 rows: of the pairs of rows it orders 92 % and leaves
 * half of what is tied, so it is far from telling the label. */
START_TEST(ties_count_half) {
    static const char *const few[] = {"x", "y"};
    grove_table *t;
    grove_leaks leaks;
    grove_error error;
    ck_assert_int_eq(grove_table_new(few, 2, NULL, &t, &error), GROVE_OK);
    for (size_t i = 0; i < ROWS; i++) {
        const bool yes = i % 2, wrong = i / 2 % 25 < 2;
        const char *cells[] = {yes == wrong ? "0.5" : "1.5", yes ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(t, cells, &error), GROVE_OK);
    }
    find(t, NULL, 0, &leaks);
    for (size_t i = 0; i < leaks.count; i++) {
        ck_assert_int_ne(leaks.list[i].kind, GROVE_LEAK_TELLS);
    }
    grove_leaks_free(&leaks);
    grove_table_free(t);
}
END_TEST

START_TEST(names_and_nothing) {
    ck_assert_str_eq(grove_leak_name(GROVE_LEAK_TWINS), "twins");
    ck_assert_str_eq(grove_leak_name(GROVE_LEAK_KINDS), "");
    grove_leaks_free(NULL);
    grove_leaks_free(&(grove_leaks){0});
}
END_TEST

int main(void) {
    Suite *suite = suite_create("leaks");
    TCase *all = tcase_create("all");
    tcase_add_test(all, planted_leaks_are_found);
    tcase_add_test(all, honest_columns_stay_silent);
    tcase_add_test(all, twins_are_counted_with_their_labels);
    tcase_add_test(all, names_and_nothing);
    tcase_add_test(all, ties_count_half);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
