/* SPDX-License-Identifier: MIT
 *
 * Tables in blocks: what is guessed and noted of them is what is guessed and noted of the whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/schema_pass.h"
#include "grove/data.h"
#include "grove/data_source.h"

/* ---- guess and fit, block by block ----------------------------------------------------------- */

enum { ROWS = 700, COLUMNS = 7 };
static const char *const names[COLUMNS] = {"species", "height", "mixed", "code",
                                           "whole",   "same",   "label"};

/* Cells [COLUMNS] of a row: text; a number with gaps; numbers with a fraction, and a word later on;
 * codes; whole numbers; one value; two classes. */
static void fill_row(size_t row, char cells[COLUMNS][32]) {
    snprintf(cells[0], 32, "species %zu", row * row % 41);
    snprintf(cells[1], 32, row % 9 ? "%.2f" : "", (double)row * 0.37);
    snprintf(cells[2], 32, row == 500 ? "none" : "%zu.5", row % 83);
    snprintf(cells[3], 32, "%zu", 1000000 + (row % 11) * (row % 11) * (row % 11) * 7919);
    snprintf(cells[4], 32, "%zu", row % 60);
    strcpy(cells[5], "a");
    strcpy(cells[6], row % 5 == 2 || row % 7 == 1 ? "yes" : "no");
}

/* Rows begin..end - 1. */
static grove_table *rows_of(size_t begin, size_t end) {
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_new(names, COLUMNS, NULL, &table, &error), GROVE_OK);
    for (size_t row = begin; row < end; row++) {
        char cells[COLUMNS][32];
        const char *texts[COLUMNS];
        fill_row(row, cells);
        for (int i = 0; i < COLUMNS; i++) {
            texts[i] = cells[i];
        }
        ck_assert_int_eq(grove_table_append(table, texts, &error), GROVE_OK);
    }
    return table;
}

static grove_schema *guess_in_blocks(size_t block, const grove_schema_options *options) {
    grove_error error = {0};
    grove_guess g;
    grove_schema *schema;
    grove_table *first = rows_of(0, 1);
    ck_assert_int_eq(grove_guess_begin(&g, first, options, &error), GROVE_OK);
    for (int readings = 0; readings == 0 || grove_guess_missed(&g); readings++) {
        ck_assert_int_lt(readings, 2);
        grove_guess_again(&g);
        for (size_t row = 0; row < ROWS; row += block) {
            grove_table *table = rows_of(row, row + block < ROWS ? row + block : ROWS);
            ck_assert_int_eq(grove_guess_add(&g, table, &error), GROVE_OK);
            grove_table_free(table);
        }
    }
    ck_assert_int_eq(grove_guess_end(&g, first, &schema, &error), GROVE_OK);
    size_t largest;
    ck_assert_uint_gt(grove_guess_bytes(&g, &largest), 0);
    grove_guess_free(&g);
    grove_table_free(first);
    return schema;
}

/* To all rows but every tenth. */
static void fit_in_blocks(grove_schema *schema, size_t block) {
    grove_error error = {0};
    grove_fitting f;
    grove_table *first = rows_of(0, 1);
    ck_assert_int_eq(grove_fitting_begin(&f, schema, first, &error), GROVE_OK);
    for (size_t row = 0; row < ROWS; row += block) {
        size_t rows[ROWS], count = 0, end = row + block < ROWS ? row + block : ROWS;
        for (size_t i = row; i < end; i++) {
            rows[count] = i - row;
            count += i % 10 != 0;
        }
        grove_table *table = rows_of(row, end);
        ck_assert_int_eq(grove_fitting_add(&f, table, rows, count, &error), GROVE_OK);
        grove_table_free(table);
    }
    size_t largest;
    ck_assert_uint_gt(grove_fitting_bytes(&f, &largest), 0);
    ck_assert_int_eq(grove_fitting_end(&f, first, &error), GROVE_OK);
    grove_fitting_free(&f);
    grove_table_free(first);
}

static void check_same(const grove_schema *a, const grove_schema *b) {
    ck_assert_uint_eq(grove_schema_columns(a), grove_schema_columns(b));
    for (size_t i = 0; i < grove_schema_columns(a); i++) {
        grove_vocabulary one = grove_schema_vocabulary(a, i), other = grove_schema_vocabulary(b, i);
        ck_assert_int_eq(grove_schema_kind(a, i), grove_schema_kind(b, i));
        ck_assert_str_eq(grove_schema_reason(a, i), grove_schema_reason(b, i));
        ck_assert_int_eq(one.size, other.size);
        ck_assert_int_eq(one.byte_count, other.byte_count);
        ck_assert_mem_eq(one.bytes, other.bytes, (size_t)one.byte_count);
        ck_assert_mem_eq(one.counts, other.counts, (size_t)one.size * sizeof *one.counts);
        ck_assert_int_eq(one.unknown, other.unknown);
        ck_assert(grove_schema_mean(a, i) == grove_schema_mean(b, i));
        ck_assert(grove_schema_deviation(a, i) == grove_schema_deviation(b, i));
        ck_assert_int_eq(grove_schema_missing(a, i), grove_schema_missing(b, i));
    }
}

START_TEST(blocks_are_the_whole) {
    const grove_schema_options options = {.label = "label"};
    grove_error error = {0};
    grove_schema *whole;
    grove_table *table = rows_of(0, ROWS);
    size_t rows[ROWS], count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        rows[count] = i;
        count += i % 10 != 0;
    }
    ck_assert_int_eq(grove_schema_guess(table, &options, &whole, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_kind(whole, 2), GROVE_COLUMN_CATEGORICAL);
    ck_assert_int_eq(grove_schema_kind(whole, 3), GROVE_COLUMN_CATEGORICAL);
    ck_assert_int_eq(grove_schema_kind(whole, 4), GROVE_COLUMN_NUMERIC);
    ck_assert_int_eq(grove_schema_fit(whole, table, rows, count, &error), GROVE_OK);
    const size_t blocks[] = {ROWS, 699, 100, 33, 1};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        grove_schema *parts = guess_in_blocks(blocks[i], &options);
        fit_in_blocks(parts, blocks[i]);
        check_same(whole, parts);
        grove_schema_free(parts);
    }
    grove_schema_free(whole);
    grove_table_free(table);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stream");
    TCase *blocks = tcase_create("blocks");
    tcase_add_test(blocks, blocks_are_the_whole);
    suite_add_tcase(suite, blocks);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
