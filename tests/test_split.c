/* SPDX-License-Identifier: MIT
 *
 * Splits by groups, by time, by what is given; folds. Each row has one part, groups stay whole,
 * later is later, the same seed gives the same, and what cannot be is refused in a sentence. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "grove/data.h"

enum { MOST = 4000 };

static grove_table *read_text(const char *text) {
    grove_table *table;
    grove_error error;
    grove_status status =
        grove_table_read_csv_bytes(text, strlen(text), "t.csv", NULL, &table, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return table;
}

/* Groups "g0".. of sizes that differ widely; labels a (9 of 10) and b. */
static grove_table *grouped(size_t rows, unsigned groups) {
    const char *names[] = {"g", "y"};
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_new(names, 2, NULL, &table, &error), GROVE_OK);
    for (size_t i = 0; i < rows; i++) {
        uint32_t r[4];
        char name[16];
        grove_random_block(1, 0, 0, i, r);
        unsigned group = r[0] % groups;
        group = r[1] % 2 ? group / 4 : group;
        snprintf(name, sizeof name, "g%u", group);
        const char *cells[] = {name, r[2] % 10 == 0 ? "b" : "a"};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

/* Every row once, lists ascending; parts [rows] are filled in. */
static void check_whole(const grove_split *split, size_t rows, int *parts) {
    const size_t *lists[] = {split->train, split->valid, split->test};
    const size_t counts[] = {split->train_count, split->valid_count, split->test_count};
    ck_assert_uint_eq(counts[0] + counts[1] + counts[2], rows);
    memset(parts, -1, rows * sizeof *parts);
    for (int p = 0; p < GROVE_PARTS; p++) {
        for (size_t i = 0; i < counts[p]; i++) {
            bool good = lists[p][i] < rows && (i == 0 || lists[p][i - 1] < lists[p][i]);
            if (!good || parts[lists[p][i]] != -1) {
                ck_abort_msg("row %zu of part %d", lists[p][i], p);
            }
            parts[lists[p][i]] = p;
        }
    }
}

/* The words of the parts, as "ttvx". */
static void check_parts(const grove_split *split, const char *expected) {
    int parts[MOST];
    char words[MOST] = "";
    check_whole(split, strlen(expected), parts);
    for (size_t i = 0; expected[i]; i++) {
        words[i] = "tvx"[parts[i]];
    }
    ck_assert_str_eq(words, expected);
}

/* All rows of a group have one number. */
static void check_groups(const grove_table *t, const int *numbers) {
    int known[256];
    memset(known, -1, sizeof known);
    for (size_t i = 0; i < grove_table_rows(t); i++) {
        int group = atoi(grove_table_cell(t, i, 0).bytes + 1);
        if (known[group] != -1 && known[group] != numbers[i]) {
            ck_abort_msg("group %d is torn", group);
        }
        known[group] = numbers[i];
    }
}

/* ---- groups ---------------------------------------------------------------------------------- */

START_TEST(groups_stay_whole_and_the_share_is_met) {
    static int parts[MOST], again[MOST];
    grove_table *t = grouped(MOST, 200);
    grove_split split;
    grove_error error;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const double fraction = seed % 2 ? 0.1 : 0.3;
        ck_assert_int_eq(grove_split_groups(t, "g", "y", fraction, seed, NULL, &split, &error),
                         GROVE_OK);
        check_whole(&split, MOST, parts);
        ck_assert_double_eq_tol((double)split.valid_count / MOST, fraction, 0.01);
        size_t rare = 0;
        for (size_t i = 0; i < split.valid_count; i++) {
            rare += grove_table_cell(t, split.valid[i], 1).bytes[0] == 'b';
        }
        ck_assert_double_eq_tol((double)rare / (double)split.valid_count, 0.1, 0.02);
        check_groups(t, parts);
        grove_split_free(&split);
        grove_split_groups(t, "g", "y", fraction, seed, NULL, &split, &error);
        check_whole(&split, MOST, again);
        ck_assert_mem_eq(parts, again, sizeof parts);
        grove_split_free(&split);
        grove_split_groups(t, "g", "y", fraction, seed + 1, NULL, &split, &error);
        check_whole(&split, MOST, again);
        ck_assert_mem_ne(parts, again, sizeof parts);
        grove_split_free(&split);
    }
    grove_table_free(t);
}
END_TEST

static void refuse_groups(const char *text, const char *group, double fraction,
                          const char *sentence) {
    grove_table *t = read_text(text);
    grove_split split;
    grove_error error;
    ck_assert_int_ne(grove_split_groups(t, group, "y", fraction, 1, NULL, &split, &error),
                     GROVE_OK);
    ck_assert_str_eq(error.message, sentence);
    grove_split_free(&split);
    grove_table_free(t);
}

START_TEST(groups_that_cannot_be_split) {
    refuse_groups("g,y\n1,a\n1,a\n1,b\n", "g", 0.3,
                  "t.csv: all rows are one group by column 'g'; they cannot be split by it");
    refuse_groups("g,y\n1,a\n1,b\n1,a\n1,b\n2,a\n2,b\n2,a\n2,b\n", "g", 0.1,
                  "t.csv: no group of column 'g' can be validated on: the share is 10 % of the "
                  "rows, the smallest of 2 groups has 50 %, and a class must keep training rows");
    refuse_groups("g,y\n1,a\n2,b\n", "g", 0.5,
                  "t.csv: no group of column 'g' can be validated on: the share is 50 % of the "
                  "rows, the smallest of 2 groups has 50 %, and a class must keep training rows");
    refuse_groups("g,y\n1,a\n2,b\n", "h", 0.5, "t.csv has no column 'h'; the nearest name is 'g'");
    refuse_groups("g,y\n1,a\n2,b\n", "g", 1,
                  "the share of rows for validation is 1; it must be 0 or more, below 1");
    grove_table *t = read_text("g,y\n1,a\n2,a\n");
    grove_split split;
    ck_assert_int_eq(grove_split_groups(t, "g", NULL, 0, 1, NULL, &split, NULL), GROVE_OK);
    check_parts(&split, "tt");
    grove_split_free(&split);
    grove_table_free(t);
}
END_TEST

/* ---- time ------------------------------------------------------------------------------------ */

static void by_time(const char *text, double fraction, const char *expected) {
    grove_table *t = read_text(text);
    grove_split split;
    grove_error error;
    grove_status status = grove_split_time(t, "when", fraction, NULL, &split, &error);
    if (!strchr(expected, ' ')) {
        ck_assert_msg(status == GROVE_OK, "%s", error.message);
        check_parts(&split, expected);
    } else {
        ck_assert_int_ne(status, GROVE_OK);
        ck_assert_str_eq(error.message, expected);
    }
    grove_split_free(&split);
    grove_table_free(t);
}

#define NO_TIME                                                                                    \
    ", which is no time; times are numbers, or dates as 2024-12-31 or 2024-12-31T23:59:59Z, "      \
    "all of one kind"

START_TEST(the_last_rows_by_time) {
    by_time("when\n10\n9\n-1\n1e1\n100\n", 0.2, "ttttv");
    by_time("when\n10\n9\n-1\n1e1\n100\n", 0.5, "vttvv"); /* 10 and 1e1 are one time */
    by_time("when\n10\n9\n-1\n1e1\n100\n", 0.4, "ttttv"); /* as near as 3 rows; the later cut */
    by_time("when\n10\n9\n-1\n1e1\n100\n", 0, "ttttt");
    by_time("when\n2024-03-01\n2024-02-29\n2023-12-31\n1999-01-01\n", 0.25, "vttt");
    by_time("when\n2024-03-01 00:30\n2024-02-29T23:59:59.5Z\n2024-03-01T01:00+01:00\n"
            "2024-02-29T23:59:59.4Z\n",
            0.25, "vttt");
    by_time("when\n2024-03-01 00:30\n2024-02-29T23:59:59.5Z\n2024-03-01T01:00+01:00\n"
            "2024-02-29T23:59:59.4Z\n",
            0.5, "vtvt");
    by_time("when\n2024-03-01T00:00:00-0030\n2024-03-01T00:00\n", 0.5, "vt");
    by_time("when\n7\n7\n", 0.5,
            "t.csv: all rows have the same time in column 'when'; they cannot be split by it");
    by_time("when\n2023-02-29\n", 0.5, "t.csv: line 2: column 'when' holds '2023-02-29'" NO_TIME);
    by_time("when\n2024-01-01\n3/4/2024\n", 0.5,
            "t.csv: line 3: column 'when' holds '3/4/2024'" NO_TIME);
    by_time("when\n5\n2024-01-01\n", 0.5,
            "t.csv: line 3: column 'when' holds '2024-01-01'" NO_TIME);
    by_time("when,x\n5,1\n,2\n", 0.5, "t.csv: line 3: column 'when' holds ''" NO_TIME);
    by_time("when\n2024-01-01T25:00\n", 0.5,
            "t.csv: line 2: column 'when' holds '2024-01-01T25:00'" NO_TIME);
    by_time("when\n2024-01-01T05:00Zx\n", 0.5,
            "t.csv: line 2: column 'when' holds '2024-01-01T05:00Zx'" NO_TIME);
    by_time("then\n5\n", 0.5, "t.csv has no column 'when'; the nearest name is 'then'");
    by_time("when\n5\n6\n", -1,
            "the share of rows for validation is -1; it must be 0 or more, below 1");
}
END_TEST

/* ---- given ----------------------------------------------------------------------------------- */

static void by_column(const char *text, const char *value, const char *expected) {
    grove_table *t = read_text(text);
    grove_split split;
    grove_error error;
    grove_status status = grove_split_column(t, "p", value, NULL, &split, &error);
    if (status == GROVE_OK) {
        check_parts(&split, expected);
    } else {
        ck_assert_str_eq(error.message, expected);
    }
    grove_split_free(&split);
    grove_table_free(t);
}

START_TEST(a_column_says_which_part) {
    by_column("p\ntrain\nvalid\ntest\nvalidation\ntrain\n", NULL, "tvxvt");
    by_column("p\n1\n2\n3\n2\n", "2", "tvtv");
    by_column("p\n1\n2\n", "4", "t.csv: no row has '4' in column 'p'");
    by_column("p\n2\n2\n", "2", "'p' leaves no row to train on");
    by_column("p\nvalid\n", NULL, "'p' leaves no row to train on");
    by_column("p\ntrain\nTrain\n", NULL,
              "t.csv: line 3: 'Train' names no part; a row is for 'train', 'valid' or 'test'");
    by_column("q\ntrain\n", NULL, "t.csv has no column 'p'; the nearest name is 'q'");
}
END_TEST

static void by_file(const char *text, size_t rows, const char *expected) {
    char path[] = "/tmp/grove-split-XXXXXX", sentence[400];
    int file = mkstemp(path);
    grove_split split;
    grove_error error;
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq((int)write(file, text, strlen(text)), (int)strlen(text));
    close(file);
    if (grove_split_read(path, rows, NULL, &split, &error) == GROVE_OK) {
        check_parts(&split, expected);
    } else {
        snprintf(sentence, sizeof sentence, expected, path);
        ck_assert_str_eq(error.message, sentence);
    }
    grove_split_free(&split);
    remove(path);
}

START_TEST(a_file_says_which_part) {
    by_file("train\nvalid\r\n test\n", 3, "tvx");
    by_file("row,part\n2,valid\n3,test\n1,train\n", 3, "tvx");
    by_file("train\nvalid\n", 3, "%s has parts for 2 rows, but the data has 3");
    by_file("row,part\n1,train\n2,train\n", 3, "%s has parts for 2 rows, but the data has 3");
    by_file("row,part\n1,train\n1,train\n", 2, "%s: line 3: '1' is a row that came before");
    by_file("row,part\n1,train\n3,train\n", 2, "%s: line 3: '3' is no row of the data");
    by_file("row,part\n1,train\n1.5,train\n", 2, "%s: line 3: '1.5' is no row of the data");
    by_file("row,part\n1,train\n2,tain\n", 2,
            "%s: line 3: 'tain' names no part; a row is for 'train', 'valid' or 'test'");
    by_file("1,train\n2,train\n", 2,
            "%s: a split is a word on each line, or the columns 'row' and 'part'");
    by_file("valid\nvalid\n", 2, "'%s' leaves no row to train on");
}
END_TEST

typedef struct text {
    char bytes[8 * MOST];
    size_t used, room;
} text;

static int to_text(void *user, const char *bytes, size_t size) {
    text *t = user;
    if (t->used + size >= t->room) {
        return -1;
    }
    memcpy(t->bytes + t->used, bytes, size);
    t->bytes[t->used += size] = '\0';
    return 0;
}

START_TEST(what_is_written_is_read_back) {
    static text written = {.room = sizeof written.bytes};
    grove_table *t = read_text("p\ntrain\nvalid\ntest\ntrain\n");
    grove_split split;
    ck_assert_int_eq(grove_split_column(t, "p", NULL, NULL, &split, NULL), GROVE_OK);
    ck_assert_int_eq(grove_split_write(&split, to_text, &written), GROVE_OK);
    ck_assert_str_eq(written.bytes, "row,part\n1,train\n2,valid\n3,test\n4,train\n");
    by_file(written.bytes, 4, "tvxt");
    for (size_t room = 0; room < written.used; room++) {
        static text small;
        small = (text){.room = room};
        ck_assert_int_eq(grove_split_write(&split, to_text, &small), GROVE_NO_FILE);
    }
    grove_split_free(&split);
    grove_table_free(t);
}
END_TEST

/* ---- folds ----------------------------------------------------------------------------------- */

START_TEST(folds_are_even_in_all_and_in_each_class) {
    static int32_t fold[MOST], other[MOST];
    grove_table *t = grouped(MOST - 3, 50);
    const size_t rows = grove_table_rows(t);
    for (int k = 2; k <= 10; k++) {
        size_t all[10] = {0}, rare[10] = {0};
        ck_assert_int_eq(grove_split_folds(t, "y", NULL, k, 1, fold, NULL), GROVE_OK);
        ck_assert_int_eq(grove_split_folds(t, "y", NULL, k, 2, other, NULL), GROVE_OK);
        ck_assert_mem_ne(fold, other, rows * sizeof *fold);
        for (size_t i = 0; i < rows; i++) {
            ck_assert(fold[i] >= 0 && fold[i] < k);
            all[fold[i]]++;
            rare[fold[i]] += grove_table_cell(t, i, 1).bytes[0] == 'b';
        }
        for (int f = 1; f < k; f++) {
            ck_assert_int_le(abs((int)all[f] - (int)all[0]), 1);
            ck_assert_int_le(abs((int)rare[f] - (int)rare[0]), 1);
        }
    }
    grove_table_free(t);
}
END_TEST

START_TEST(folds_of_whole_groups) {
    enum { K = 5 };
    static int32_t fold[MOST];
    grove_table *t = grouped(MOST, 100);
    size_t all[K] = {0}, rare[K] = {0};
    ck_assert_int_eq(grove_split_folds(t, "y", "g", K, 1, fold, NULL), GROVE_OK);
    for (size_t i = 0; i < MOST; i++) {
        all[fold[i]]++;
        rare[fold[i]] += grove_table_cell(t, i, 1).bytes[0] == 'b';
    }
    check_groups(t, fold);
    for (int f = 0; f < K; f++) {
        ck_assert_double_eq_tol((double)all[f] / MOST, 1.0 / K, 0.02);
        ck_assert_double_eq_tol((double)rare[f] / (double)all[f], 0.1, 0.02);
    }
    grove_table_free(t);
}
END_TEST

START_TEST(a_round_tests_its_fold_and_validates_on_a_part_of_the_others) {
    static int32_t fold[MOST];
    static int parts[MOST];
    grove_table *t = grouped(MOST, 100);
    for (int by_group = 0; by_group < 2; by_group++) {
        const char *group = by_group ? "g" : NULL;
        ck_assert_int_eq(grove_split_folds(t, "y", group, 4, 1, fold, NULL), GROVE_OK);
        for (int32_t f = 0; f < 4; f++) {
            grove_split split;
            grove_status status =
                grove_split_fold(t, "y", group, fold, f, 0.2, 1, NULL, &split, NULL);
            ck_assert_int_eq(status, GROVE_OK);
            check_whole(&split, MOST, parts);
            const double others = (double)(split.train_count + split.valid_count);
            ck_assert_double_eq_tol((double)split.valid_count / others, 0.2, 0.02);
            for (size_t i = 0; i < MOST; i++) {
                ck_assert((fold[i] == f) == (parts[i] == GROVE_PART_TEST));
            }
            if (by_group) {
                check_groups(t, parts);
            }
            grove_split_free(&split);
        }
    }
    grove_table_free(t);
}
END_TEST

static void refuse_folds(const char *text, const char *group, int folds, const char *sentence) {
    int32_t fold[100];
    grove_table *t = read_text(text);
    grove_error error;
    ck_assert_int_ne(grove_split_folds(t, "y", group, folds, 1, fold, &error), GROVE_OK);
    ck_assert_str_eq(error.message, sentence);
    grove_table_free(t);
}

START_TEST(folds_that_cannot_be) {
    refuse_folds("y\na\na\n", NULL, 3, "t.csv: 2 rows cannot be dealt to 3 folds");
    refuse_folds("y\na\na\n", NULL, 1, "1 folds are too few; there must be 2");
    refuse_folds("g,y\n1,a\n1,a\n2,a\n", "g", 3,
                 "t.csv: 2 groups of column 'g' cannot be dealt to 3 folds");
    refuse_folds("y\na\na\na\nb\n", NULL, 2,
                 "t.csv: line 5: the class 'b' has this row only: what is trained without it would "
                 "not know the class");
    refuse_folds("g,y\n1,a\n2,a\n3,b\n3,b\n", "g", 2,
                 "t.csv: line 4: all rows of the class 'b' are in one fold: what is trained "
                 "without them would not know the class");
    refuse_folds("y\na\n", "g", 2, "t.csv has no column 'g'; the nearest name is 'y'");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("split");
    TCase *all = tcase_create("all");
    tcase_add_test(all, groups_stay_whole_and_the_share_is_met);
    tcase_add_test(all, groups_that_cannot_be_split);
    tcase_add_test(all, the_last_rows_by_time);
    tcase_add_test(all, a_column_says_which_part);
    tcase_add_test(all, a_file_says_which_part);
    tcase_add_test(all, what_is_written_is_read_back);
    tcase_add_test(all, folds_are_even_in_all_and_in_each_class);
    tcase_add_test(all, folds_of_whole_groups);
    tcase_add_test(all, a_round_tests_its_fold_and_validates_on_a_part_of_the_others);
    tcase_add_test(all, folds_that_cannot_be);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
