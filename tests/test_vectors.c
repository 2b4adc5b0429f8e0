/* SPDX-License-Identifier: MIT
 *
 * Vectors by token: what the files of word2vec, GloVe and fastText hold, and what is refused.
 */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

#define CELL(text) ((grove_cell){text, sizeof text - 1})

/* Row 2 asks for nothing. */
static const grove_cell tokens[] = {{"cat", 3}, {"\xC3\xA9t\xC3\xA9", 5}, {"", 0}, {"dog", 3}};
enum { TOKENS = 4, WIDTH = 2 };

typedef struct outcome {
    grove_status status;
    grove_vector_coverage coverage;
    grove_error error;
    grove_real numbers[TOKENS * WIDTH]; /* -1, where nothing came */
} outcome;

static outcome read_bytes(const char *bytes, size_t size, const grove_allocator *allocator) {
    outcome o = {.coverage = {9, 9, 9}};
    for (int i = 0; i < TOKENS * WIDTH; i++) {
        o.numbers[i] = -1;
    }
    grove_vector_rows rows = {tokens, TOKENS, WIDTH, o.numbers};
    o.status =
        grove_read_vectors_bytes(bytes, size, "some.vec", &rows, allocator, &o.coverage, &o.error);
    return o;
}

static outcome read_text(const char *text) {
    return read_bytes(text, strlen(text), NULL);
}

static void expect(const char *text, size_t found, size_t unused, const double *numbers) {
    outcome o = read_text(text);
    ck_assert_msg(o.status == GROVE_OK, "%s: %s", text, o.error.message);
    ck_assert_uint_eq(o.coverage.found, found);
    ck_assert_uint_eq(o.coverage.missing, 3 - found);
    ck_assert_uint_eq(o.coverage.unused, unused);
    for (int i = 0; i < TOKENS * WIDTH; i++) {
        ck_assert_msg(o.numbers[i] == (grove_real)numbers[i], "%s: number %d is %g", text, i,
                      (double)o.numbers[i]);
    }
}

static const double cat_and_dog[] = {0.5, -1e-3, -1, -1, -1, -1, 7, 8};

START_TEST(the_forms_of_a_file) {
    const double all[] = {0.5, -1e-3, 3, 4, -1, -1, 7, 8},
                 none[] = {-1, -1, -1, -1, -1, -1, -1, -1};
    expect("dog 7 8\ncat .5 -1e-3\n\xC3\xA9t\xC3\xA9 3 4\n", 3, 0, all);
    expect("3 2\ndog 7 8\nbird 0 0\ncat .5 -0.001\n", 2, 1, cat_and_dog);
    expect("2 2 \ndog 7 8 \ncat 0.5 -1e-3 ", 2, 0, cat_and_dog); /* fastText's blanks */
    expect("\xEF\xBB\xBF"
           "dog 7 8\r\ncat 5e-1 -1e-3\r\n",
           2, 0, cat_and_dog);
    expect("dog\t7\t8\ncat\t0.5\t-1e-3\n", 2, 0, cat_and_dog);
    expect("Dog 7 8\ncats 0 0\n", 0, 2, none);
    expect("2 2\n7 2 1\n8 0 0\n", 0, 2, none); /* numbers may be tokens */
}
END_TEST

typedef struct refusal {
    const char *text, *words;
} refusal;

static const refusal refusals[] = {
    {"", "some.vec: the file has no vectors"},
    {"0 2\n", "some.vec: the file has no vectors"},
    {"dog 7\n", "some.vec: line 1 has 1 numbers behind its token; the rows have 2"},
    {"dog 7 8\ncat 1 2 3\n",
     "line 2 has 3 numbers behind its token; the rows have 2 (a token holds"},
    {"dog 7 8\ncat\n", "line 2 has 0 numbers behind its token"},
    {"dog 7 8\n\ncat 1 2\n", "line 2 is empty"},
    {"dog 7 8\n\n", "line 2 is empty"},
    {"dog 7 8\n 1 2\n", "line 2 begins with a blank, where its token should be"},
    {"dog 7  8\n", "line 1 has 3 numbers behind its token"},
    {"dog 7 x8\n", "line 1: 'x8', number 2 of the vector, is no number"},
    {"dog 7 8,5\n", "line 1: '8,5', number 2 of the vector, is no number"},
    {"dog nan 8\n", "line 1: 'nan', number 1 of the vector, is no number"},
    {"dog inf 8\n", "line 1: 'inf', number 1"},
    {"dog 0x10 8\n", "line 1: '0x10', number 1"},
    {"bird 7 x\n", "line 1: 'x', number 2 of the vector, is no number"},
    {"dog 7 1e39\n", "line 1: '1e39' is too large for a float"},
    {"dog 7 8\ncat 1 2\ndog 7 8\n", "line 3: 'dog' has a vector already, in line 1"},
    {"2 3\ndog 7 8 9\n", "line 1 says that vectors have 3 numbers; the rows have 2"},
    {"3 2\ndog 7 8\ncat 1 2\n", "line 1 says that there are 3 vectors; 2 follow"},
    {"1 2\ndog 7 8\ncat 1 2\n", "line 1 says that there are 1 vectors; 2 follow"},
    {"dog 7 8\n3 2\n", "line 2 has 1 numbers behind its token"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

static void expect_refused(const outcome *o, const char *words) {
    ck_assert_int_eq(o->status, GROVE_BAD_DATA);
    ck_assert_int_eq(o->error.status, GROVE_BAD_DATA);
    ck_assert_msg(strstr(o->error.message, words), "'%s' is not in '%s'", words, o->error.message);
    ck_assert_uint_eq(o->coverage.found + o->coverage.missing + o->coverage.unused, 0);
    for (int i = 0; i < TOKENS * WIDTH; i++) {
        ck_assert_msg(o->numbers[i] == -1, "a row was changed");
    }
}

START_TEST(what_is_refused) {
    outcome o = read_text(refusals[_i].text);
    expect_refused(&o, refusals[_i].words);
}
END_TEST

START_TEST(a_binary_file_is_refused) {
    const char bytes[] = "2 2\ncat \0\0\1\2\0\0\0\0";
    outcome o = read_bytes(bytes, sizeof bytes, NULL);
    expect_refused(&o, "line 2 has a NUL byte");
}
END_TEST

/* A comma as the decimal point changes nothing. */
START_TEST(the_locale_does_not_matter) {
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    for (int i = 0; i < 4 && !setlocale(LC_ALL, names[i]); i++) {
    }
    expect("dog 7 8\ncat 0.5 -1e-3\n", 2, 0, cat_and_dog);
    outcome o = read_text("dog 7,5 8\n");
    expect_refused(&o, "'7,5', number 1 of the vector, is no number");
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(tokens_stand_once) {
    const grove_cell twice[] = {CELL("cat"), CELL("dog"), CELL("cat")};
    grove_real numbers[3 * WIDTH];
    grove_error error;
    grove_vector_rows rows = {twice, 3, WIDTH, numbers};
    ck_assert_int_eq(grove_read_vectors_bytes("cat 1 2", 7, "a", &rows, NULL, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_msg(strstr(error.message, "the token 'cat' stands in the rows 0 and 2"), "%s",
                  error.message);
    rows.width = 0;
    ck_assert_int_eq(grove_read_vectors_bytes("cat 1 2", 7, "a", &rows, NULL, NULL, &error),
                     GROVE_BAD_ARGUMENT);
}
END_TEST

START_TEST(every_allocation_may_fail) {
    const char text[] = "dog 7 8\nbird 1 1\ncat 0.5 -1e-3";
    for (size_t n = 1;; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_allocator allocator = hostile_allocator(&memory);
        outcome o = read_bytes(text, sizeof text - 1, &allocator);
        ck_assert_uint_eq(memory.live, 0);
        if (memory.calls < n) {
            ck_assert_int_eq(o.status, GROVE_OK);
            ck_assert_uint_gt(n, 6);
            break;
        }
        ck_assert_int_eq(o.status, GROVE_NO_MEMORY);
        ck_assert(o.numbers[0] == -1 && o.numbers[6] == -1);
    }
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

static void write_file(char path[32], const char *head, int lines, int width) {
    strcpy(path, "/tmp/grove_vectors_XXXXXX");
    int handle = mkstemp(path);
    ck_assert_int_ge(handle, 0);
    FILE *file = fdopen(handle, "wb");
    fputs(head, file);
    for (int i = 0; i < lines; i++) {
        fprintf(file, "w%d", i);
        for (int k = 0; k < width; k++) {
            fprintf(file, " %d.25", i + k);
        }
        fputc('\n', file);
    }
    fclose(file);
}

/* Many blocks, with lines across their ends; tokens in another order than the file's. */
START_TEST(a_long_file) {
    enum { LINES = 3000, WIDE = 40 };
    char path[32];
    static char names[LINES][8];
    static grove_cell cells[LINES];
    static grove_real numbers[LINES * WIDE];
    write_file(path, "", LINES, WIDE);
    for (int i = 0; i < LINES; i++) {
        int length = snprintf(names[i], sizeof names[i], "w%d", LINES - 1 - i);
        cells[i] = (grove_cell){names[i], (size_t)length};
    }
    grove_vector_rows rows = {cells, LINES, WIDE, numbers};
    grove_vector_coverage coverage;
    grove_error error;
    ck_assert_msg(grove_read_vectors(path, &rows, NULL, &coverage, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_uint_eq(coverage.found, LINES);
    ck_assert_uint_eq(coverage.unused + coverage.missing, 0);
    for (int i = 0; i < LINES; i++) {
        for (int k = 0; k < WIDE; k++) {
            ck_assert(numbers[i * WIDE + k] == (grove_real)(LINES - 1 - i + k + 0.25));
        }
    }
    unlink(path);
    ck_assert_int_eq(grove_read_vectors(path, &rows, NULL, &coverage, &error), GROVE_NO_FILE);
    ck_assert_msg(strstr(error.message, "cannot read '/tmp/grove_vectors_"), "%s", error.message);
}
END_TEST

static grove_schema *fit_words(void) {
    const char *const columns[] = {"word", "size"};
    const char *const cells[][2] = {{"w2", "1"}, {"w2", "2"},    {"w0", "3"},
                                    {"w0", "4"}, {"zebra", "5"}, {"zebra", "6.5"}};
    grove_table *table = NULL;
    grove_schema *schema = NULL;
    grove_schema_options options = {.min_count = 1};
    grove_error error = {0};
    grove_table_new(columns, 2, NULL, &table, &error);
    for (int i = 0; i < 6; i++) {
        grove_table_append(table, cells[i], &error);
    }
    grove_schema_guess(table, &options, &schema, &error);
    ck_assert_msg(grove_schema_fit(schema, table, NULL, 6, &error) == GROVE_OK, "%s",
                  error.message);
    grove_table_free(table);
    return schema;
}

START_TEST(a_table_by_the_values_of_a_column) {
    char path[32];
    grove_schema *schema = fit_words();
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(grove_schema_ids(schema, 0), 3),
                                         (grove_init){GROVE_INIT_CONSTANT, .a = -1});
    const grove_real *w = grove_parameter_data(table);
    grove_vector_coverage coverage;
    grove_error error;
    write_file(path, "4 3\n", 4, 3);
    ck_assert_msg(grove_load_vectors_of_column(table, schema, 0, path, &coverage, &error) ==
                      GROVE_OK,
                  "%s", error.message);
    ck_assert_uint_eq(coverage.found, 2);
    ck_assert_uint_eq(coverage.missing, 1);
    ck_assert_uint_eq(coverage.unused, 2);
    for (int32_t id = 0; id < 5; id++) {
        grove_cell value = grove_schema_value(schema, 0, id);
        bool known = value.length == 2;
        for (int k = 0; k < 3; k++) {
            double wanted = known ? value.bytes[1] - '0' + k + 0.25 : -1;
            ck_assert(w[id * 3 + k] == (grove_real)wanted);
        }
    }
    ck_assert_int_eq(grove_load_vectors_of_column(table, schema, 1, path, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_msg(strstr(error.message, "'size', has no vocabulary"), "%s", error.message);
    unlink(path);
    grove_graph_free(g);
    grove_schema_free(schema);
}
END_TEST

START_TEST(a_table_by_tokens) {
    const grove_cell words[] = {CELL("w1"), CELL("w0"), CELL("w7")};
    char path[32];
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(2, 1), (grove_init){0});
    grove_vector_coverage coverage;
    grove_error error;
    write_file(path, "", 2, 1);
    ck_assert_int_eq(grove_load_vectors(table, words, 2, path, &coverage, &error), GROVE_OK);
    const grove_real *w = grove_parameter_data(table);
    ck_assert(w[0] == (grove_real)1.25 && w[1] == (grove_real)0.25);
    ck_assert_int_eq(grove_load_vectors(table, words, 3, path, NULL, &error), GROVE_BAD_SHAPE);
    ck_assert_msg(strstr(error.message, "there are 3 tokens; the table 't' has the shape [2, 1]"),
                  "%s", error.message);
    grove_tensor flat = grove_parameter(g, "f", GROVE_SHAPE(2), (grove_init){0});
    ck_assert_int_eq(grove_load_vectors(flat, words, 2, path, NULL, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_load_vectors(GROVE_NONE, words, 2, path, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    unlink(path);
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("vectors");
    tcase_add_test(cases, the_forms_of_a_file);
    tcase_add_loop_test(cases, what_is_refused, 0, REFUSALS);
    tcase_add_test(cases, a_binary_file_is_refused);
    tcase_add_test(cases, the_locale_does_not_matter);
    tcase_add_test(cases, tokens_stand_once);
    tcase_add_test(cases, every_allocation_may_fail);
    tcase_add_test(cases, a_long_file);
    tcase_add_test(cases, a_table_by_the_values_of_a_column);
    tcase_add_test(cases, a_table_by_tokens);
    Suite *suite = suite_create("vectors");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
