/* SPDX-License-Identifier: MIT
 *
 * Settings chosen from the data: what few rows, many rows, rare values and numbers ask for; that
 * what was given stays; and the network that is made of them.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

/* Rows of a category of so many values, a number, and a label of both. */
typedef struct lesson {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_rows all;
} lesson;

static lesson make_lesson(int rows, int values) {
    lesson l = {0};
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &l.table, &error), GROVE_OK);
    for (int i = 0; i < rows; i++) {
        char kind[16], size[16];
        snprintf(kind, sizeof kind, "k%d", i % values);
        snprintf(size, sizeof size, "%d", i * 7919 % 100);
        const char *cells[] = {kind, size, i % 3 ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(l.table, cells, &error), GROVE_OK);
    }
    grove_schema_options wishes = {.label = "label", .numeric = names + 1, .numeric_count = 1};
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_schema_guess(l.table, &wishes, &l.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(l.schema, l.table, NULL, (size_t)rows, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, &labelled, &l.data, &error), GROVE_OK);
    l.all = (grove_rows){l.data, NULL, (size_t)rows};
    return l;
}

static void free_lesson(lesson *l) {
    grove_dataset_free(l->data);
    grove_schema_free(l->schema);
    grove_table_free(l->table);
}

static grove_settings chosen(int rows, int values, grove_settings given) {
    lesson l = make_lesson(rows, values);
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &given, NULL), GROVE_OK);
    free_lesson(&l);
    return given;
}

START_TEST(each_choice_has_its_reason) {
    grove_settings s = chosen(300, 5, (grove_settings){0});
    for (int i = 0; i < GROVE_SETTINGS; i++) {
        char text[GROVE_SETTING_TEXT];
        ck_assert_msg(s.reason[i][0], "%s", grove_setting_name((grove_setting)i));
        ck_assert(grove_setting_value(&s, (grove_setting)i, text)[0]);
    }
}
END_TEST

START_TEST(what_was_given_stays) {
    grove_settings given = {.hidden_count = 0, .dropout = 0, .batch = 7};
    given.given[GROVE_SETTING_HIDDEN] = true;
    given.given[GROVE_SETTING_DROPOUT] = true;
    given.given[GROVE_SETTING_BATCH] = true;
    grove_settings s = chosen(300, 5, given);
    ck_assert_int_eq(s.hidden_count, 0);
    ck_assert(s.dropout == 0 && s.batch == 7);
    ck_assert_str_eq(s.reason[GROVE_SETTING_BATCH], "");
    ck_assert_str_ne(s.reason[GROVE_SETTING_RATE], "");
}
END_TEST

START_TEST(rows_decide) {
    grove_settings few = chosen(50, 5, (grove_settings){0});
    grove_settings some = chosen(3000, 5, (grove_settings){0});
    grove_settings many = chosen(60000, 5, (grove_settings){0});
    ck_assert(few.numbers == GROVE_NUMBERS_STANDARD && some.numbers == GROVE_NUMBERS_BINS);
    ck_assert(few.hidden[0] < some.hidden[0]);
    ck_assert_int_eq(few.batch, 32);
    ck_assert_int_eq(many.batch, 512);
    ck_assert(few.epochs > some.epochs && some.epochs >= many.epochs);
    ck_assert(few.average < many.average);
}
END_TEST

START_TEST(rare_values_ask_for_more_dropout) {
    grove_settings frequent = chosen(3000, 5, (grove_settings){0});
    grove_settings rare = chosen(3000, 500, (grove_settings){0});
    ck_assert(rare.table_dropout > frequent.table_dropout);
}
END_TEST

START_TEST(an_optimizer_brings_its_rate) {
    grove_settings given = {.optimizer = GROVE_OPTIMIZER_ADAMW};
    given.given[GROVE_SETTING_OPTIMIZER] = true;
    grove_settings s = chosen(300, 5, given);
    ck_assert(s.rate == 0.002 && s.weight_decay == 0.01);
    given.optimizer = GROVE_OPTIMIZER_SGD;
    s = chosen(300, 5, given);
    ck_assert(s.rate == 0.01 && s.weight_decay == 0);
}
END_TEST

START_TEST(the_network_has_bins_of_the_training_rows) {
    lesson l = make_lesson(3200, 5);
    grove_settings s = {0};
    grove_classifier c;
    grove_error error = {0};
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, &error), GROVE_OK);
    ck_assert_int_eq(grove_settings_classifier(&s, l.schema, l.all, NULL, &c, &error), GROVE_OK);
    grove_shape table = grove_node_shape(grove_find(c.graph, "bins.weight"));
    ck_assert(table.rank == 2 && table.dim[0] == 100 && table.dim[1] == 8); /* 100 numbers */
    grove_classifier_free(&c);
    s.numbers = GROVE_NUMBERS_STANDARD;
    ck_assert_int_eq(grove_settings_classifier(&s, l.schema, l.all, NULL, &c, &error), GROVE_OK);
    ck_assert(!grove_is_valid(grove_find(c.graph, "bins.weight")));
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(rows_that_are_none) {
    grove_settings s = {0};
    grove_error error = {0};
    lesson l = make_lesson(30, 5);
    l.all.count = 0;
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "rows to train on"));
    free_lesson(&l);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("choose");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, each_choice_has_its_reason);
    tcase_add_test(cases, what_was_given_stays);
    tcase_add_test(cases, rows_decide);
    tcase_add_test(cases, rare_values_ask_for_more_dropout);
    tcase_add_test(cases, an_optimizer_brings_its_rate);
    tcase_add_test(cases, the_network_has_bins_of_the_training_rows);
    tcase_add_test(cases, rows_that_are_none);
    Suite *suite = suite_create("choose");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
