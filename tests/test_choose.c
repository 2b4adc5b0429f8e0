/* SPDX-License-Identifier: MIT
 *
 * Settings chosen from the data: what few rows, many rows, rare values and numbers ask for; that
 * what was given stays; and the network that is made of them.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

/* Rows of a category of so many values, a number, and a label of both. */
typedef struct lesson {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_rows all;
} lesson;

/* By chance, from 0 to below `most`: draw number `k` of row i. */
static int drawn(int i, int k, int most) {
    uint32_t h = (uint32_t)i * 8 + (uint32_t)k;
    h = (h ^ h >> 16) * 0x7feb352du;
    h = (h ^ h >> 15) * 0x846ca68bu;
    return (int)((h ^ h >> 16) % (uint32_t)most);
}

static lesson make_lesson(int rows, int values) {
    lesson l = {0};
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label", "place"};
    ck_assert_int_eq(grove_table_new(names, 4, NULL, &l.table, &error), GROVE_OK);
    for (int i = 0; i < rows; i++) {
        char kind[16], size[16], place[16];
        snprintf(place, sizeof place, "p%d", i / 3 % values);
        snprintf(kind, sizeof kind, "k%d", i % values);
        snprintf(size, sizeof size, "%d", i * 7919 % 100);
        const char *cells[] = {kind, size, drawn(i, 0, 3) ? "yes" : "no", place};
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
    /* Of many steps an epoch too: no mean reaches back further than some 600. */
    grove_settings batches = {.batch = 16, .given = {[GROVE_SETTING_BATCH] = true}};
    batches = chosen(60000, 5, batches);
    ck_assert_double_eq_tol(batches.average, 1 - 1.0 / 600, 1e-4);
}
END_TEST

START_TEST(a_row_more_counts_where_rows_are_few_or_values_rare) {
    ck_assert(chosen(3000, 5, (grove_settings){0}).refit);
    ck_assert(!chosen(12000, 5, (grove_settings){0}).refit);
    ck_assert(chosen(12000, 3000, (grove_settings){0}).refit);
}
END_TEST

START_TEST(bins_are_for_numbers_that_come_again) {
    lesson l = make_lesson(3000, 5); /* whose numbers are 100 */
    grove_settings s = {0};
    float *numbers = (float *)(uintptr_t)grove_dataset_numbers(l.data);
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, NULL), GROVE_OK);
    ck_assert(s.numbers == GROVE_NUMBERS_BINS);
    for (int i = 0; i < 3000; i++) {
        numbers[i] = (float)i / 3000;
    }
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, NULL), GROVE_OK);
    ck_assert(s.numbers == GROVE_NUMBERS_STANDARD);
    ck_assert_ptr_nonnull(strstr(s.reason[GROVE_SETTING_NUMBERS], "hardly come twice"));
    free_lesson(&l);
}
END_TEST

START_TEST(bins_are_for_numbers_beside_enormous_ones) {
    lesson l = make_lesson(3000, 5);
    grove_settings s = {0};
    float *numbers = (float *)(uintptr_t)grove_dataset_numbers(l.data);
    for (int i = 0; i < 3000; i++) {
        numbers[i] = i % 100 ? (float)i / 60000 : (float)i / 300;
    }
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, NULL), GROVE_OK);
    ck_assert(s.numbers == GROVE_NUMBERS_BINS);
    ck_assert_ptr_nonnull(strstr(s.reason[GROVE_SETTING_NUMBERS], "few enormous"));
    l.all.count = 600;
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, NULL), GROVE_OK);
    ck_assert(s.numbers == GROVE_NUMBERS_BINS);
    l.all.count = 400;
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, NULL), GROVE_OK);
    ck_assert(s.numbers == GROVE_NUMBERS_STANDARD);
    free_lesson(&l);
}
END_TEST

START_TEST(rare_values_ask_for_more_dropout) {
    grove_settings frequent = chosen(3000, 5, (grove_settings){0});
    grove_settings rare = chosen(3000, 500, (grove_settings){0});
    ck_assert(rare.table_dropout > frequent.table_dropout);
}
END_TEST

START_TEST(two_columns_of_rare_values_are_crossed) {
    grove_settings frequent = chosen(3000, 5, (grove_settings){0});
    grove_settings rare = chosen(3000, 500, (grove_settings){0});
    ck_assert(frequent.architecture == GROVE_ARCHITECTURE_MLP && frequent.cross_count == 0);
    ck_assert(rare.architecture == GROVE_ARCHITECTURE_WIDE_DEEP && rare.cross_count == 1);
    ck_assert_int_eq(rare.crosses[0].count, 2);
}
END_TEST

/* Rows of four columns; c repeats half of what a says, d says nothing. The label follows what a and
 * b say together, or the sum of what they say alone; and chance. */
static void write_row(int i, bool together, bool numbers, char cells[5][16]) {
    const int a = drawn(i, 0, 16), b = drawn(i, 1, 16), noise = drawn(i, 2, 10);
    const int says = together ? 8 * (drawn(16 * a + b, 3, 1000) % 2) : 4 * (a / 8) + 4 * (b / 8);
    snprintf(cells[0], 16, "a%d", a);
    snprintf(cells[1], 16, "b%d", b);
    snprintf(cells[2], 16, "c%d", a / 2);
    snprintf(cells[3], 16, "d%d", drawn(i, 4, 20));
    if (numbers) {
        snprintf(cells[4], 16, "%d.%04d", says + noise % 5, i);
    } else {
        snprintf(cells[4], 16, "%s", says + 1 > noise ? "yes" : "no");
    }
}

static lesson make_two(bool together, bool numbers) {
    lesson l = {0};
    grove_error error = {0};
    const char *names[] = {"a", "b", "c", "d", "label"};
    grove_schema_options wishes = {.label = "label", .categorical = names, .categorical_count = 4};
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_table_new(names, 5, NULL, &l.table, &error), GROVE_OK);
    for (int i = 0; i < 3000; i++) {
        char cells[5][16];
        write_row(i, together, numbers, cells);
        const char *row[] = {cells[0], cells[1], cells[2], cells[3], cells[4]};
        ck_assert_int_eq(grove_table_append(l.table, row, &error), GROVE_OK);
    }
    wishes.target = numbers ? GROVE_TARGET_NUMBER : GROVE_TARGET_CLASS;
    ck_assert_int_eq(grove_schema_guess(l.table, &wishes, &l.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(l.schema, l.table, NULL, 3000, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, &labelled, &l.data, &error), GROVE_OK);
    l.all = (grove_rows){l.data, NULL, 3000};
    return l;
}

static grove_settings chosen_of_two(bool together, bool numbers, grove_settings given) {
    lesson l = make_two(together, numbers);
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &given, NULL), GROVE_OK);
    free_lesson(&l);
    return given;
}

START_TEST(columns_that_say_much_together_are_crossed) {
    for (int numbers = 0; numbers <= 1; numbers++) {
        grove_settings s = chosen_of_two(true, numbers, (grove_settings){0});
        ck_assert(s.architecture == GROVE_ARCHITECTURE_WIDE_DEEP && s.cross_count >= 1);
        ck_assert(s.crosses[0].columns[0] == 0 && s.crosses[0].columns[1] == 1);
        for (int k = 0; k < s.cross_count; k++) { /* what is by chance is in none */
            ck_assert(s.crosses[k].columns[1] != 3);
        }
        ck_assert(s.rate == 0.01 && s.cross_dropout == 0);
        ck_assert_ptr_nonnull(
            strstr(s.reason[GROVE_SETTING_ARCHITECTURE], "columns 1 and 2 together"));
        ck_assert_ptr_nonnull(strstr(s.reason[GROVE_SETTING_CROSSES], "say more together"));
    }
}
END_TEST

START_TEST(columns_that_say_little_together_are_not) {
    for (int numbers = 0; numbers <= 1; numbers++) {
        grove_settings s = chosen_of_two(false, numbers, (grove_settings){0});
        ck_assert(s.architecture == GROVE_ARCHITECTURE_MLP && s.cross_count == 0);
        ck_assert(s.rate == 0.002);
    }
}
END_TEST

/* What is left is rounding then, all of which a pair may take away. */
START_TEST(a_label_that_a_column_tells_has_no_pairs) {
    lesson l = make_two(true, false);
    grove_settings s = {0};
    int32_t *labels = (int32_t *)(uintptr_t)grove_dataset_labels(l.data);
    for (int i = 0; i < 3000; i++) {
        labels[i] = grove_dataset_ids(l.data, 0)[i] % 2;
    }
    ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, NULL), GROVE_OK);
    ck_assert(s.architecture == GROVE_ARCHITECTURE_MLP && s.cross_count == 0);
    free_lesson(&l);
}
END_TEST

START_TEST(pairs_are_not_looked_for_against_a_wish) {
    grove_settings given = {.architecture = GROVE_ARCHITECTURE_MLP};
    given.given[GROVE_SETTING_ARCHITECTURE] = true;
    grove_settings s = chosen_of_two(true, false, given);
    ck_assert(s.architecture == GROVE_ARCHITECTURE_MLP && s.cross_count == 0 && s.rate == 0.002);
    given = (grove_settings){.rate = 0.5};
    given.given[GROVE_SETTING_CROSSES] = given.given[GROVE_SETTING_RATE] = true;
    s = chosen_of_two(true, false, given);
    ck_assert(s.architecture == GROVE_ARCHITECTURE_MLP && s.cross_count == 0 && s.rate == 0.5);
}
END_TEST

START_TEST(very_few_rows_have_one_layer) {
    grove_settings few = chosen(499, 5, (grove_settings){0});
    grove_settings more = chosen(500, 5, (grove_settings){0});
    ck_assert(few.hidden_count == 1 && few.hidden[0] == 64 && more.hidden_count == 2);
    ck_assert_ptr_nonnull(strstr(few.reason[GROVE_SETTING_HIDDEN], "second layer"));
}
END_TEST

START_TEST(an_option_of_crosses_asks_for_some) {
    grove_settings wished = {.cross_buckets = 64};
    wished.given[GROVE_SETTING_CROSS_BUCKETS] = true;
    grove_settings crossed = chosen(3000, 5, wished);
    ck_assert(crossed.architecture == GROVE_ARCHITECTURE_WIDE_DEEP && crossed.cross_count == 1);
    wished.given[GROVE_SETTING_CROSSES] = true; /* and there are none */
    ck_assert(chosen(3000, 5, wished).architecture == GROVE_ARCHITECTURE_MLP);
}
END_TEST

/* A label that neither column tells alone: whether the two are both odd or both even. */
static grove_table *make_pairs(void) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"a", "b", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 4, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < 900; i++) {
        char a[16], b[16], size[16];
        int x = i * 7919 % 17, y = i * 104729 / 17 % 13;
        snprintf(a, sizeof a, "a%d", x);
        snprintf(b, sizeof b, "b%d", y);
        snprintf(size, sizeof size, "%d", i * 31 % 50);
        const char *cells[] = {a, b, size, x % 2 == y % 2 ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

/* Of hidden layers 32 and 16, or none: then only crosses can tell the label. */
static double accuracy_of(grove_architecture architecture, bool hidden, bool crossed) {
    lesson l = {.table = make_pairs()};
    grove_error error = {0};
    grove_schema_options wishes = {.label = "label"};
    grove_encode_options labelled = {.label_required = true};
    grove_classifier c;
    grove_settings s = {.architecture = architecture, .hidden = {32, 16}};
    grove_fit_result result;
    ck_assert_int_eq(grove_schema_guess(l.table, &wishes, &l.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(l.schema, l.table, NULL, 900, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, &labelled, &l.data, &error), GROVE_OK);
    s.hidden_count = hidden ? 2 : 0;
    s.crosses[0] = (grove_cross){{0, 1}, 2};
    s.cross_count = crossed;
    s.rate = 0.01;
    s.epochs = 25;
    s.given[GROVE_SETTING_ARCHITECTURE] = s.given[GROVE_SETTING_HIDDEN] = true;
    s.given[GROVE_SETTING_CROSSES] = s.given[GROVE_SETTING_RATE] = true;
    s.given[GROVE_SETTING_EPOCHS] = s.given[GROVE_SETTING_DROPOUT] = true;
    s.given[GROVE_SETTING_TABLE_DROPOUT] = s.given[GROVE_SETTING_CROSS_DROPOUT] = true;
    grove_rows rows = {l.data, NULL, 900};
    ck_assert_int_eq(grove_choose_settings(l.schema, rows, &s, &error), GROVE_OK);
    ck_assert_msg(grove_settings_classifier(&s, l.schema, rows, NULL, &c, &error) == GROVE_OK, "%s",
                  error.message);
    grove_fit_options how = {.seed = 1};
    grove_settings_fit(&s, &how);
    ck_assert_msg(grove_fit(&c, l.schema, rows, rows, &how, &result, &error) == GROVE_OK, "%s",
                  error.message);
    grove_classifier_free(&c);
    free_lesson(&l);
    return result.valid.accuracy;
}

START_TEST(each_architecture_learns) {
    for (int i = 0; i < GROVE_ARCHITECTURES; i++) {
        double accuracy = accuracy_of((grove_architecture)i, true, false);
        ck_assert_msg(accuracy > 0.9, "%s: %g", grove_architecture_name((grove_architecture)i),
                      accuracy);
    }
}
END_TEST

START_TEST(crosses_tell_what_no_column_tells_alone) {
    ck_assert(accuracy_of(GROVE_ARCHITECTURE_WIDE_DEEP, false, true) > 0.95);
    ck_assert(accuracy_of(GROVE_ARCHITECTURE_WIDE_DEEP, false, false) < 0.7);
}
END_TEST

START_TEST(networks_that_cannot_be) {
    lesson l = make_lesson(300, 5);
    grove_classifier c;
    grove_error error = {0};
    grove_cross bad[] = {{{0, 1}, 1}, {{0, 2}, 2}, {{-1, 0}, 2}, {{0, 1}, 5}};
    grove_classifier_options o = {.architecture = GROVE_ARCHITECTURE_WIDE_DEEP, .cross_count = 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.crosses = &bad[i];
        ck_assert_int_eq(grove_classifier_new(l.schema, &o, &c, &error), GROVE_BAD_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(error.message, "2 to 4 categorical columns"));
    }
    o = (grove_classifier_options){.architecture = GROVE_ARCHITECTURES};
    ck_assert_int_eq(grove_classifier_new(l.schema, &o, &c, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "no such architecture"));
    free_lesson(&l);
}
END_TEST

START_TEST(every_allocation_of_a_network_may_fail) {
    lesson l = make_lesson(300, 5);
    grove_cross pair = {{0, 1}, 2};
    for (int i = 0; i < GROVE_ARCHITECTURES; i++) {
        const bool wide = i == GROVE_ARCHITECTURE_WIDE_DEEP;
        for (size_t n = 1;; n++) {
            hostile_memory memory = {.fail_at = n};
            grove_classifier_options o = {.architecture = (grove_architecture)i,
                                          .hidden = (const int64_t[]){8},
                                          .hidden_count = 1,
                                          .crosses = wide ? &pair : NULL,
                                          .cross_count = wide,
                                          .allocator = hostile_allocator(&memory)};
            grove_classifier c;
            grove_error error = {0};
            grove_status status = grove_classifier_new(l.schema, &o, &c, &error);
            grove_classifier_free(&c);
            ck_assert_uint_eq(memory.live, 0);
            if (status == GROVE_OK) {
                break;
            }
            ck_assert_msg(status == GROVE_NO_MEMORY, "allocation %zu: %s", n, error.message);
        }
    }
    free_lesson(&l);
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

/* Two numeric columns, the first one with empty cells: three features. */
static lesson make_numbers(void) {
    lesson l = {0};
    grove_error error = {0};
    const char *names[] = {"a", "b", "label"};
    grove_schema_options wishes = {.label = "label"};
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &l.table, &error), GROVE_OK);
    for (int i = 0; i < 300; i++) {
        char a[16], b[16];
        snprintf(a, sizeof a, "%d.5", i * 7919 % 101);
        snprintf(b, sizeof b, "%d.25", i * 104729 % 53);
        const char *cells[] = {i % 9 == 0 ? "" : a, b, i % 3 == 0 ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(l.table, cells, &error), GROVE_OK);
    }
    ck_assert_int_eq(grove_schema_guess(l.table, &wishes, &l.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(l.schema, l.table, NULL, 300, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, &labelled, &l.data, &error), GROVE_OK);
    l.all = (grove_rows){l.data, NULL, 300};
    return l;
}

static void expect_vectors(const grove_graph *g, const char *name, int64_t features,
                           int64_t width) {
    grove_tensor y = grove_find(g, name);
    ck_assert_msg(grove_is_valid(y) == (features > 0), "'%s'", name);
    if (features > 0) {
        ck_assert_int_eq(grove_node_shape(y).dim[1], features);
        ck_assert_int_eq(grove_node_shape(y).dim[2], width);
    }
}

/* How many of a, "a is missing", b have bins, and how many waves. */
static const struct {
    grove_number_form a, b, usual;
    int bins, waves;
} number_forms[] = {
    {GROVE_NUMBERS_AUTO, GROVE_NUMBERS_AUTO, GROVE_NUMBERS_STANDARD, 0, 0},
    {GROVE_NUMBERS_AUTO, GROVE_NUMBERS_AUTO, GROVE_NUMBERS_BINS, 3, 0},
    {GROVE_NUMBERS_AUTO, GROVE_NUMBERS_AUTO, GROVE_NUMBERS_PERIODIC, 0, 2},
    {GROVE_NUMBERS_AUTO, GROVE_NUMBERS_BINS, GROVE_NUMBERS_PERIODIC, 1, 1},
    {GROVE_NUMBERS_PERIODIC, GROVE_NUMBERS_AUTO, GROVE_NUMBERS_BINS, 1, 1},
    {GROVE_NUMBERS_BINS, GROVE_NUMBERS_STANDARD, GROVE_NUMBERS_STANDARD, 2, 0},
    {GROVE_NUMBERS_STANDARD, GROVE_NUMBERS_PERIODIC, GROVE_NUMBERS_BINS, 0, 1},
};

START_TEST(columns_say_what_their_numbers_become) {
    lesson l = make_numbers();
    grove_error error = {0};
    const grove_column_form a = {.numbers = number_forms[_i].a},
                            b = {.numbers = number_forms[_i].b};
    grove_schema_set_form(l.schema, 0, &a, &error);
    grove_schema_set_form(l.schema, 1, &b, &error);
    for (int architecture = 0; architecture < GROVE_ARCHITECTURES; architecture++) {
        const bool tokens = architecture == GROVE_ARCHITECTURE_TRANSFORMER;
        grove_settings s = {.architecture = (grove_architecture)architecture,
                            .numbers = number_forms[_i].usual,
                            .epochs = 2,
                            .given = {[GROVE_SETTING_NUMBERS] = true,
                                      [GROVE_SETTING_ARCHITECTURE] = true,
                                      [GROVE_SETTING_EPOCHS] = true}};
        grove_classifier c;
        grove_fit_options how = {.seed = 1};
        grove_fit_result result;
        ck_assert_int_eq(grove_choose_settings(l.schema, l.all, &s, &error), GROVE_OK);
        ck_assert_msg(grove_settings_classifier(&s, l.schema, l.all, NULL, &c, &error) == GROVE_OK,
                      "%s", error.message);
        expect_vectors(c.graph, "bins", number_forms[_i].bins, tokens ? 32 : 8);
        expect_vectors(c.graph, "waves", number_forms[_i].waves, tokens ? 32 : 24);
        grove_settings_fit(&s, &how);
        ck_assert_msg(grove_fit(&c, l.schema, l.all, l.all, &how, &result, &error) == GROVE_OK,
                      "%s", error.message);
        grove_classifier_free(&c);
    }
    free_lesson(&l);
}
END_TEST

START_TEST(forms_of_numbers_that_cannot_be) {
    lesson l = make_numbers();
    grove_error error = {0};
    grove_classifier c;
    grove_column_form form = {.numbers = GROVE_NUMBERS_BINS};
    grove_number_form named;
    ck_assert(!grove_number_form_from_name("bin", &named));
    ck_assert_str_eq(grove_number_form_name(GROVE_NUMBER_FORMS), "");
    ck_assert_int_eq(grove_schema_set_form(l.schema, 2, &form, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "only a numeric column has a form of numbers"));
    ck_assert_int_eq(grove_schema_set_form(l.schema, 0, &form, &error), GROVE_OK);
    grove_classifier_options o = {.seed = 1};
    ck_assert_int_eq(grove_classifier_new(l.schema, &o, &c, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "need the bins of all 3 features"));
    form.numbers = GROVE_NUMBER_FORMS;
    ck_assert_int_eq(grove_schema_set_form(l.schema, 0, &form, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "no such form of numbers"));
    free_lesson(&l);
}
END_TEST

/* One column in bins, one in waves. */
START_TEST(every_allocation_of_numbers_may_fail) {
    lesson l = make_numbers();
    grove_error error = {0};
    const grove_column_form bins = {.numbers = GROVE_NUMBERS_BINS};
    grove_real edges[] = {0, 1, 2, 0, 1, 2, 0, 1, 2};
    const grove_number_bins three = {.features = 3, .most = 2, .edges = edges};
    ck_assert_int_eq(grove_schema_set_form(l.schema, 1, &bins, &error), GROVE_OK);
    for (size_t n = 1;; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_classifier_options o = {.architecture = GROVE_ARCHITECTURE_TRANSFORMER,
                                      .numbers = GROVE_NUMBERS_PERIODIC,
                                      .bins = &three,
                                      .allocator = hostile_allocator(&memory)};
        grove_classifier c;
        grove_status status = grove_classifier_new(l.schema, &o, &c, &error);
        grove_classifier_free(&c);
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK) {
            break;
        }
        ck_assert_msg(status == GROVE_NO_MEMORY, "allocation %zu: %s", n, error.message);
    }
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
    tcase_add_test(cases, a_row_more_counts_where_rows_are_few_or_values_rare);
    tcase_add_test(cases, bins_are_for_numbers_that_come_again);
    tcase_add_test(cases, bins_are_for_numbers_beside_enormous_ones);
    tcase_add_test(cases, rare_values_ask_for_more_dropout);
    tcase_add_test(cases, two_columns_of_rare_values_are_crossed);
    tcase_add_test(cases, columns_that_say_much_together_are_crossed);
    tcase_add_test(cases, columns_that_say_little_together_are_not);
    tcase_add_test(cases, a_label_that_a_column_tells_has_no_pairs);
    tcase_add_test(cases, pairs_are_not_looked_for_against_a_wish);
    tcase_add_test(cases, very_few_rows_have_one_layer);
    tcase_add_test(cases, an_option_of_crosses_asks_for_some);
    tcase_add_test(cases, each_architecture_learns);
    tcase_add_test(cases, crosses_tell_what_no_column_tells_alone);
    tcase_add_test(cases, networks_that_cannot_be);
    tcase_add_test(cases, every_allocation_of_a_network_may_fail);
    tcase_add_test(cases, an_optimizer_brings_its_rate);
    tcase_add_test(cases, the_network_has_bins_of_the_training_rows);
    tcase_add_loop_test(cases, columns_say_what_their_numbers_become, 0,
                        sizeof number_forms / sizeof *number_forms);
    tcase_add_test(cases, forms_of_numbers_that_cannot_be);
    tcase_add_test(cases, every_allocation_of_numbers_may_fail);
    tcase_add_test(cases, rows_that_are_none);
    Suite *suite = suite_create("choose");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
