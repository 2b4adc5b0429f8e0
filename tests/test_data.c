/* SPDX-License-Identifier: MIT
 *
 * Tables and what becomes of them: CSV is read strictly and refused in words, numbers survive the
 * way through text, a schema knows what the training rows knew, and splits are the same
 * everywhere. */
#include <check.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/data.h"

#ifdef GROVE_HAS_ZLIB
#include <zlib.h>
#endif
#ifdef GROVE_HAS_ZSTD
#include <zstd.h>
#endif

/* ---- helpers --------------------------------------------------------------------------------- */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static grove_table *read_text(const char *text, const grove_csv_options *options) {
    grove_table *table;
    grove_error error;
    grove_status status =
        grove_table_read_csv_bytes(text, strlen(text), "t.csv", options, &table, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    ck_assert_str_eq(error.message, "");
    return table;
}

static void check_cell(const grove_table *table, size_t row, size_t column, const char *expected) {
    grove_cell cell = grove_table_cell(table, row, column);
    ck_assert_str_eq(cell.bytes, expected);
    ck_assert_uint_eq(cell.length, strlen(expected));
}

static void check_value(const grove_schema *schema, size_t column, int32_t id, const char *expected,
                        int64_t count) {
    grove_cell value = grove_schema_value(schema, column, id);
    ck_assert_uint_eq(value.length, strlen(expected));
    ck_assert_mem_eq(value.bytes, expected, value.length);
    ck_assert_int_eq(grove_schema_count(schema, column, id), count);
}

static int32_t id_of(const grove_schema *schema, size_t column, const char *value) {
    return grove_schema_id(schema, column, (grove_cell){value, strlen(value)});
}

static grove_schema *guess(const grove_table *table, const grove_schema_options *options) {
    grove_schema *schema;
    grove_error error;
    grove_status status = grove_schema_guess(table, options, &schema, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return schema;
}

static grove_schema *fitted(const grove_table *table, const grove_schema_options *options) {
    grove_schema *schema = guess(table, options);
    grove_error error;
    grove_status status = grove_schema_fit(schema, table, NULL, grove_table_rows(table), &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return schema;
}

static grove_dataset *encoded(const grove_schema *schema, const grove_table *table, bool labels) {
    grove_dataset *dataset;
    grove_error error;
    grove_status status = grove_schema_encode(
        schema, table, &(grove_encode_options){.label_required = labels}, &dataset, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return dataset;
}

/* ---- reading CSV ----------------------------------------------------------------------------- */

START_TEST(empty_cells_are_counted) {
    int64_t counts[3] = {9, 9, 9};
    grove_table *table = read_text("a,b,c\n,1,\nx,,\n\"\",2,y\n", NULL);
    grove_table_count_empty(table, counts);
    ck_assert_int_eq(counts[0], 2);
    ck_assert_int_eq(counts[1], 1);
    ck_assert_int_eq(counts[2], 2);
    grove_table_free(table);
}
END_TEST

START_TEST(rows_names_and_cells) {
    grove_table *t = read_text("a,b\n1,x\n,\"\"\n", NULL);
    ck_assert_uint_eq(grove_table_rows(t), 2);
    ck_assert_uint_eq(grove_table_columns(t), 2);
    ck_assert_str_eq(grove_table_name(t, 0), "a");
    ck_assert_str_eq(grove_table_name(t, 2), "");
    ck_assert_int_eq(grove_table_find(t, "b"), 1);
    ck_assert_int_eq(grove_table_find(t, "c"), -1);
    ck_assert_str_eq(grove_table_source(t), "t.csv");
    check_cell(t, 0, 0, "1");
    check_cell(t, 0, 1, "x");
    check_cell(t, 1, 0, "");
    check_cell(t, 1, 1, "");
    check_cell(t, 2, 0, "");
    check_cell(t, 0, 2, "");
    ck_assert_uint_eq(grove_table_line(t, 1), 3);
    ck_assert_uint_eq(grove_table_line(t, 2), 0);
    grove_table_free(t);
    grove_table_free(NULL);
}
END_TEST

START_TEST(byte_order_mark_crlf_and_no_last_line_end) {
    grove_table *t = read_text("\xEF\xBB\xBF"
                               "a,b\r\n1,2\r\n\r\n3,4",
                               NULL);
    ck_assert_str_eq(grove_table_name(t, 0), "a");
    ck_assert_uint_eq(grove_table_rows(t), 2);
    check_cell(t, 0, 1, "2");
    check_cell(t, 1, 1, "4");
    ck_assert_uint_eq(grove_table_line(t, 0), 2);
    ck_assert_uint_eq(grove_table_line(t, 1), 4);
    grove_table_free(t);
    t = read_text("a\r1\r\r2\r", NULL);
    ck_assert_uint_eq(grove_table_rows(t), 2);
    ck_assert_uint_eq(grove_table_line(t, 1), 4);
    grove_table_free(t);
}
END_TEST

START_TEST(line_ends_and_quotes_within_quotes) {
    grove_table *t = read_text(
        "\n\na,b\n\"one\ntwo\r\nthree\",\"say \"\"no\"\"\"\n\n\"x\n\",\"p,q\"\n5,6\n", NULL);
    ck_assert_uint_eq(grove_table_rows(t), 3);
    check_cell(t, 0, 0, "one\ntwo\r\nthree");
    check_cell(t, 0, 1, "say \"no\"");
    check_cell(t, 1, 0, "x\n");
    check_cell(t, 1, 1, "p,q");
    ck_assert_uint_eq(grove_table_line(t, 0), 4);
    ck_assert_uint_eq(grove_table_line(t, 1), 8);
    ck_assert_uint_eq(grove_table_line(t, 2), 10);
    grove_table_free(t);
}
END_TEST

START_TEST(blanks_are_kept_or_trimmed) {
    const char *text = "a, b\n x ,\ty\t\n  ,z\n";
    grove_table *t = read_text(text, NULL);
    ck_assert_str_eq(grove_table_name(t, 1), " b");
    check_cell(t, 0, 0, " x ");
    check_cell(t, 0, 1, "\ty\t");
    check_cell(t, 1, 0, "  ");
    grove_table_free(t);
    t = read_text("a, b\n x ,\ty\t\n   \n  ,z\n \" q \" , w\n", &(grove_csv_options){.trim = true});
    ck_assert_str_eq(grove_table_name(t, 1), "b");
    check_cell(t, 0, 0, "x");
    check_cell(t, 0, 1, "y");
    check_cell(t, 1, 0, "");
    ck_assert_uint_eq(grove_table_line(t, 1), 4);
    check_cell(t, 2, 0, " q ");
    check_cell(t, 2, 1, "w");
    grove_table_free(t);
}
END_TEST

START_TEST(separators_and_no_header) {
    grove_table *t =
        read_text("1\t2\t\n\t\tx y\n", &(grove_csv_options){.separator = '\t', .no_header = true});
    ck_assert_uint_eq(grove_table_rows(t), 2);
    ck_assert_str_eq(grove_table_name(t, 0), "c1");
    ck_assert_int_eq(grove_table_find(t, "c3"), 2);
    check_cell(t, 0, 0, "1");
    check_cell(t, 1, 2, "x y");
    grove_table_free(t);
    t = read_text(" 1 \t \tz\n\n", &(grove_csv_options){'\t', .no_header = true, .trim = true});
    check_cell(t, 0, 0, "1");
    check_cell(t, 0, 1, "");
    grove_table_free(t);
    t = read_text("a;b\n1,5;\"2;\"\n", &(grove_csv_options){.separator = ';'});
    check_cell(t, 0, 0, "1,5");
    check_cell(t, 0, 1, "2;");
    grove_table_free(t);
}
END_TEST

static const struct separated {
    const char *text, *name;
    char separator;
    size_t columns;
} SEPARATED[] = {
    {"a,b\n1,2\n", "t.csv", ',', 2},
    {"a;b\n1,5;2\n1,6;3\n", "t.csv", ';', 2},
    {"a\tb\n1,5\t2\n\n1;6\t3", "t.csv", '\t', 2},
    {"a|b|c\r\n1|2|3\r\n", "t.csv", '|', 3},
    {"a|b|c\r1|2|3\r", "t.csv", '|', 3},
    {"a,b;c\n1,2;3\n", "t.csv", ',', 2}, /* a tie */
    {"a\nx;y\nz\n", "t.csv", ',', 1},    /* no most lines */
    {"a\nx\n", "t.csv", ',', 1},
    {"a,b\tc\n1,2\t3\n", "t.csv", ',', 2},
    {"a,b\tc\n1,2\t3\n", "t.tsv", '\t', 2},
    {"a,b\tc\n1,2\t3\n", "t.tsv.gz", '\t', 2},
    {"a,b\tc\n1,2\t3\n", "t.tsv.zst", '\t', 2},
    {"a,b\n1,2\n", "t.tsv", ',', 2},
    {"a;b\n\"x,y\nz,\"\"u,v\";2\n\"x,w\";3\n", "t.csv", ';', 2}, /* commas in quotes */
    {"\xEF\xBB\xBF\n\n\"a\"|b\n\"x\"|\n", "t.csv", '|', 2},
    {"a;b", "t.csv", ';', 0},
    {"", "t.csv", ',', 0},
};

START_TEST(separators_are_guessed) {
    const struct separated *g = &SEPARATED[_i];
    grove_csv_options options = {.guess_separator = true};
    grove_table *table;
    grove_error error;
    FILE *stream = tmpfile();
    fputs(g->text, stream);
    rewind(stream);
    for (int from_stream = 0; from_stream < 2; from_stream++) {
        grove_status status =
            from_stream ? grove_table_read_csv_stream(stream, g->name, &options, &table, &error)
                        : grove_table_read_csv_bytes(g->text, strlen(g->text), g->name, &options,
                                                     &table, &error);
        ck_assert_int_eq(status, g->columns ? GROVE_OK : GROVE_BAD_DATA);
        if (g->columns) {
            ck_assert_uint_eq(grove_table_columns(table), g->columns);
            ck_assert_int_eq(grove_table_separator(table), g->separator);
        }
        grove_table_free(table);
    }
    fclose(stream);
    options.separator = '\x01'; /* set: not guessed */
    if (g->columns && grove_table_read_csv_bytes(g->text, strlen(g->text), g->name, &options,
                                                 &table, &error) == GROVE_OK) {
        ck_assert_int_eq(grove_table_separator(table), '\x01');
        grove_table_free(table);
    }
}
END_TEST

/* Only the first lines count, and only a whole line, when the block cuts one. */
START_TEST(long_files_are_guessed_by_their_first_lines) {
    size_t rows = 20000, used = 0;
    char *text = malloc(rows * 24);
    for (size_t i = 0; i < rows; i++) {
        used +=
            (size_t)sprintf(text + used, i < 2 ? "%zu;x,%s\n" : "%zu;%s\n", i, i < 2 ? "1" : "y");
    }
    grove_table *table;
    grove_error error;
    grove_status status = grove_table_read_csv_bytes(
        text, used, "t", &(grove_csv_options){.guess_separator = true}, &table, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    ck_assert_int_eq(grove_table_separator(table), ';');
    ck_assert_uint_eq(grove_table_rows(table), rows - 1);
    grove_table_free(table);
    memset(text, 'x', used);
    memcpy(text, "a;b\n", 4);
    text[100] = ';';
    memset(text + 65536, ';', 100);
    status = grove_table_read_csv_bytes(
        text, 70000, "t", &(grove_csv_options){.guess_separator = true}, &table, &error);
    ck_assert_int_eq(status, GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "t: line 2 has 102 cells, the header has 2 (the separator was "
                                    "guessed to be ';')");
    free(text);
}
END_TEST

static const struct refused {
    const char *text;
    size_t size; /* 0: strlen */
    bool no_header;
    const char *words;
} REFUSED[] = {
    {"", 0, false, "t.csv: the file is empty"},
    {"\xEF\xBB\xBF\n\r\n", 0, false, "t.csv: the file is empty"},
    {"a,b\n", 0, false, "t.csv: the file has a header, but no row below it"},
    {"a,b,c\n1,2,3\n1,2\n", 0, false, "t.csv: line 3 has 2 cells, the header has 3"},
    {"a,b\n\n\"1\n\",2\n5", 0, false, "t.csv: line 5 has 1 cell, the header has 2"},
    {"a,b\n1,2,3\n", 0, false, "t.csv: line 2 has 3 cells, the header has 2"},
    {"\n1,2\n1,2,3\n", 0, true, "t.csv: line 3 has 3 cells, line 2 has 2"},
    {"a,b\n1,x\0y\n", 10, false, "t.csv: line 2 has a NUL byte: this is no text in UTF-8"},
    {"a,b\n\"\n\0\"\n", 9, false, "t.csv: line 3 has a NUL byte: this is no text in UTF-8"},
    {"a,b\n1,2\n1,\"x\ny,z\n", 0, false, "t.csv: line 3: a quote is opened and never closed"},
    {"a,b\n\"x\n1\",\"u\nv\n", 0, false, "t.csv: line 3: a quote is opened and never closed"},
    {"a,b\n\n\"", 0, false, "t.csv: line 3: a quote is opened and never closed"},
    {"a,b\n1,\"x\ny\"z\n", 0, false,
     "t.csv: line 3: text after a closing quote (a quote within quotes is written twice)"},
    {"a,b\n1,\"x\" \n", 0, false,
     "t.csv: line 2: text after a closing quote (a quote within quotes is written twice)"},
    {"a,b\n1,x\"y\"\n", 0, false,
     "t.csv: line 2: a quote within a cell that does not begin with one (put the whole cell in "
     "quotes, and write its own quotes twice)"},
    {"a,b,a\n1,2,3\n", 0, false, "t.csv: line 1: two columns are called 'a'"},
    {"\na,,c\n1,2,3\n", 0, false, "t.csv: line 2: column 2 has no name"},
};

START_TEST(what_is_wrong_is_refused_in_words) {
    const struct refused *r = &REFUSED[_i];
    grove_table *table = (grove_table *)&table;
    grove_error error;
    size_t size = r->size ? r->size : strlen(r->text);
    grove_status status = grove_table_read_csv_bytes(
        r->text, size, "t.csv", &(grove_csv_options){.no_header = r->no_header}, &table, &error);
    ck_assert_str_eq(error.message, r->words);
    ck_assert_int_eq(status, GROVE_BAD_DATA);
    ck_assert_int_eq(error.status, GROVE_BAD_DATA);
    ck_assert_ptr_null(table);
    ck_assert_int_eq(grove_table_read_csv_bytes(r->text, size, "t.csv",
                                                &(grove_csv_options){.no_header = r->no_header},
                                                &table, NULL),
                     GROVE_BAD_DATA);
}
END_TEST

START_TEST(files_and_options_that_cannot_be_used) {
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_read_csv("/no/such.csv", NULL, &table, &error), GROVE_NO_FILE);
    ck_assert_str_eq(error.message, "cannot read '/no/such.csv': No such file or directory");
    ck_assert_int_eq(grove_table_read_csv("/tmp", NULL, &table, &error), GROVE_NO_FILE);
    ck_assert_str_eq(error.message, "cannot read '/tmp': Is a directory");
    ck_assert_int_eq(grove_table_read_csv_bytes("a\n1\n", 4, "t.csv",
                                                &(grove_csv_options){.separator = '"'}, &table,
                                                &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "the separator of a CSV file cannot be a quote or a line end");
    char path[400];
    memset(path, 'p', sizeof path);
    strcpy(path + sizeof path - 8, "end.csv");
    ck_assert_int_eq(grove_table_read_csv_bytes("", 0, path, NULL, &table, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "ppend.csv: the file is empty"));
    ck_assert_mem_eq(error.message, "...pp", 5);
}
END_TEST

START_TEST(a_cell_of_10_MB) {
    size_t large = 10u << 20, size = large + 16;
    char *text = malloc(size);
    memset(text, 'x', size);
    memcpy(text, "a,b\n1,\"", 7);
    memcpy(text + 7 + large, "\"\n2,3\n", 7);
    text[1000] = '\n';
    grove_table *table;
    grove_error error;
    size = 7 + large + 6;
    ck_assert_int_eq(grove_table_read_csv_bytes(text, size, "t.csv", NULL, &table, &error),
                     GROVE_OK);
    ck_assert_uint_eq(grove_table_cell(table, 0, 1).length, large);
    ck_assert_mem_eq(grove_table_cell(table, 0, 1).bytes, text + 7, large);
    check_cell(table, 1, 1, "3");
    ck_assert_uint_eq(grove_table_line(table, 1), 4);
    const char *numeric[] = {"b"};
    grove_schema *schema;
    ck_assert_int_eq(
        grove_schema_guess(table, &(grove_schema_options){.numeric = numeric, .numeric_count = 1},
                           &schema, &error),
        GROVE_BAD_DATA);
    ck_assert_str_eq(error.message,
                     "t.csv: line 2, column 'b': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     "xxxxxxxxxxxxxxx...' is not a number");
    grove_table_free(table);
    free(text);
}
END_TEST

/* Everything that a block boundary may cut: in each of many places. */
START_TEST(a_stream_is_read_like_memory) {
    const char *row = "\"a\r\nb\",\"\"\"\"\r\n";
    for (size_t shift = 0; shift < 16; shift++) {
        FILE *file = tmpfile();
        fprintf(file, "%.*s,y\r\n", (int)(shift + 1), "xxxxxxxxxxxxxxxxxxxx");
        for (int i = 0; i < 12000; i++) {
            fputs(row, file);
        }
        rewind(file);
        grove_table *table;
        grove_error error;
        ck_assert_int_eq(grove_table_read_csv_stream(file, "pipe", NULL, &table, &error), GROVE_OK);
        fclose(file);
        ck_assert_uint_eq(grove_table_rows(table), 12000);
        for (size_t i = 0; i < 12000; i++) {
            ck_assert_uint_eq(grove_table_line(table, i), 2 + 2 * i);
            check_cell(table, i, 0, "a\r\nb");
            check_cell(table, i, 1, "\"");
        }
        grove_table_free(table);
    }
}
END_TEST

/* A block may end anywhere in what is passed over. */
START_TEST(lines_are_passed_over) {
    static const char text[] = "\"x\r\n\n#c\n\n\"#a\",b\n#\"\n1,#\n\"\n#q\",2\n #,3\n#";
    grove_csv_options options = {.comment = '#', .skip = 2};
    grove_table *t = read_text(text, &options);
    ck_assert_str_eq(grove_table_name(t, 0), "#a");
    ck_assert_uint_eq(grove_table_rows(t), 3);
    check_cell(t, 0, 1, "#");
    check_cell(t, 1, 0, "\n#q");
    check_cell(t, 2, 0, " #");
    ck_assert_uint_eq(grove_table_line(t, 0), 7);
    ck_assert_uint_eq(grove_table_line(t, 1), 8);
    ck_assert_uint_eq(grove_table_line(t, 2), 10);
    grove_table_free(t);
    options = (grove_csv_options){.guess_separator = true, .comment = ';', .skip = 1};
    t = read_text("a|b|c\r\n;x\r\ny;,z;\r\n;\r\n1;,2;\r\n", &options);
    ck_assert_int_eq(grove_table_separator(t), ',');
    ck_assert_uint_eq(grove_table_line(t, 0), 5);
    check_cell(t, 0, 0, "1;");
    grove_table_free(t);
    options = (grove_csv_options){.guess_separator = true, .comment = ','};
    t = read_text(",c\na\n1\n", &options);
    ck_assert_int_eq(grove_table_separator(t), ';');
    grove_table_free(t);
    for (size_t shift = 0; shift < 24; shift++) {
        FILE *file = tmpfile();
        fprintf(file, "%.*s\r\n#\r\na,y\r\n", (int)(shift + 1), "xxxxxxxxxxxxxxxxxxxxxxxxx");
        for (int i = 0; i < 9000; i++) {
            fputs("# \"c,\r\n1,\"#\r\n#\"\r\n", file);
        }
        rewind(file);
        grove_error error;
        options = (grove_csv_options){.comment = '#', .skip = 1, .trim = shift % 2};
        grove_status status = grove_table_read_csv_stream(file, "pipe", &options, &t, &error);
        ck_assert_msg(status == GROVE_OK, "%s", error.message);
        fclose(file);
        ck_assert_uint_eq(grove_table_rows(t), 9000);
        for (size_t i = 0; i < 9000; i++) {
            ck_assert_uint_eq(grove_table_line(t, i), 5 + 3 * i);
            check_cell(t, i, 1, "#\r\n#");
        }
        grove_table_free(t);
    }
}
END_TEST

START_TEST(what_is_passed_over_can_be_all) {
    static const struct {
        const char *text;
        grove_csv_options options;
    } all[] = {{"a,b\n1,2", {.skip = 2}}, {"a,b\n", {.skip = 5}}, {"#a\n#", {.comment = '#'}}};
    grove_table *table;
    grove_error error;
    for (size_t i = 0; i < COUNT(all); i++) {
        ck_assert_int_eq(grove_table_read_csv_bytes(all[i].text, strlen(all[i].text), "t.csv",
                                                    &all[i].options, &table, &error),
                         GROVE_BAD_DATA);
        ck_assert_str_eq(error.message, "t.csv: without what is skipped, the file is empty");
    }
    ck_assert_int_eq(grove_table_read_csv_bytes("a\n1\n", 4, "t.csv",
                                                &(grove_csv_options){.comment = ','}, &table,
                                                &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "comments in a CSV file cannot begin with a quote, a line end "
                                    "or the separator");
}
END_TEST

START_TEST(decimal_commas) {
    grove_csv_options options = {.guess_separator = true, .decimal = ','};
    grove_table *t =
        read_text("1,5;-,25e1\n 7, ;1.5\n1.000,5;1,2,3\n12345678901234567890,5;\n",
                  &(grove_csv_options){.guess_separator = true, .decimal = ',', .no_header = true});
    static const double expected[][2] = {
        {1.5, -2.5}, {7, NAN}, {NAN, NAN}, {12345678901234567890.5, NAN}};
    ck_assert_int_eq(grove_table_separator(t), ';');
    for (size_t i = 0; i < 8; i++) {
        double x = NAN, wanted = expected[i / 2][i % 2];
        bool is_number = grove_table_number(t, grove_table_cell(t, i / 2, i % 2), &x);
        ck_assert_int_eq(is_number, !isnan(wanted));
        ck_assert(!is_number || x == wanted);
    }
    grove_table_free(t);
    t = read_text("a\n1,5\n2,5\n", &options); /* no comma to part cells by */
    ck_assert_uint_eq(grove_table_columns(t), 1);
    grove_schema *schema = guess(t, NULL);
    ck_assert_int_eq(grove_schema_kind(schema, 0), GROVE_COLUMN_NUMERIC);
    grove_schema_free(schema);
    grove_table_free(t);
    grove_error error;
    for (int i = 0; i < 2; i++) {
        options = (grove_csv_options){.decimal = ",;"[i]};
        ck_assert_int_eq(grove_table_read_csv_bytes("a\n1\n", 4, "t", &options, &t, &error),
                         GROVE_BAD_ARGUMENT);
        ck_assert_str_eq(error.message,
                         "the decimal sign in a CSV file must be a point or a comma, "
                         "and not the separator");
    }
}
END_TEST

/* ---- packed files ---------------------------------------------------------------------------- */

static size_t pack_gzip(const char *text, size_t size, char *to, size_t room) {
#ifdef GROVE_HAS_ZLIB
    z_stream z = {.next_in = (unsigned char *)text,
                  .avail_in = (unsigned)size,
                  .next_out = (unsigned char *)to,
                  .avail_out = (unsigned)room};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
#else
    (void)text, (void)size, (void)room;
    memcpy(to, "\x1F\x8B", 2);
    return 0;
#endif
}

static size_t pack_zstd(const char *text, size_t size, char *to, size_t room) {
#ifdef GROVE_HAS_ZSTD
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t used = ZSTD_compress2(context, to, room, text, size);
    ck_assert(!ZSTD_isError(used));
    ZSTD_freeCCtx(context);
    return used;
#else
    (void)text, (void)size, (void)room;
    memcpy(to, "\x28\xB5\x2F\xFD", 4);
    return 0;
#endif
}

static const struct packer {
    const char *name;
    size_t (*pack)(const char *text, size_t size, char *to, size_t room);
    size_t magic;
    const char *refusal;
} PACKERS[] = {{"gzip", pack_gzip, 2,
                "t is packed with gzip, which this build of grove cannot unpack: build it with "
                "zlib (Debian: zlib1g-dev), or pipe the file through 'gzip -dc'"},
               {"zstd", pack_zstd, 4,
                "t is packed with zstd, which this build of grove cannot unpack: build it with "
                "libzstd (Debian: libzstd-dev), or pipe the file through 'zstd -dc'"}};

static grove_status read_packed(const char *bytes, size_t size, grove_table **table,
                                grove_error *error) {
    FILE *stream = fmemopen((void *)bytes, size, "rb");
    grove_status status = grove_table_read_csv_stream(
        stream, "t", &(grove_csv_options){.guess_separator = true}, table, error);
    fclose(stream);
    return status;
}

/* A build without the library says so in one sentence, and what to do. */
static bool is_built(const struct packer *p) {
    char bytes[64] = "";
    grove_table *table;
    grove_error error;
    if (p->pack("", 0, bytes, sizeof bytes) > 0) {
        return true;
    }
    ck_assert_int_eq(read_packed(bytes, sizeof bytes, &table, &error), GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, p->refusal);
    return false;
}

/* Of many blocks, packed and unpacked; in one member and in several, cut anywhere. */
START_TEST(packed_files_are_read_like_plain_ones) {
    const struct packer *p = &PACKERS[_i];
    enum { ROWS = 40000, ROOM = 1 << 20 };
    if (!is_built(p)) {
        return;
    }
    char *text = malloc(ROOM), *packed = malloc(ROOM);
    for (int same = 0; same < 2; same++) {
        size_t used = (size_t)sprintf(text, "a;b\n");
        for (size_t i = 0; i < ROWS; i++) {
            used += (size_t)sprintf(text + used, "%zu;%zx\n", same ? 7 : i,
                                    same ? 7 : i * 2654435761u % 65521);
        }
        for (size_t parts = 1; parts < 4; parts++) {
            size_t size = 0, at = 0;
            for (size_t i = 1; i <= parts; at = used * i / parts, i++) {
                size += p->pack(text + at, used * i / parts - at, packed + size, ROOM - size);
            }
            size += p->pack("", 0, packed + size, ROOM - size);
            grove_table *table;
            grove_error error;
            grove_status status = read_packed(packed, size, &table, &error);
            ck_assert_msg(status == GROVE_OK, "%s: %s", p->name, error.message);
            ck_assert_uint_eq(grove_table_rows(table), ROWS);
            char cell[32];
            for (size_t i = 0; i < ROWS; i += 997) {
                sprintf(cell, "%zx", same ? 7 : i * 2654435761u % 65521);
                check_cell(table, i, 1, cell);
            }
            grove_table_free(table);
        }
    }
    free(packed);
    free(text);
}
END_TEST

START_TEST(packed_files_that_are_damaged) {
    const struct packer *p = &PACKERS[_i];
    static const char text[] = "a,b\n1,2\n1,2\n3,4\n1,2\n3,4\nx,y\n";
    char packed[256], words[64];
    grove_table *table;
    grove_error error;
    if (!is_built(p)) {
        return;
    }
    size_t size = p->pack(text, sizeof text - 1, packed, sizeof packed / 2);
    snprintf(words, sizeof words, "t: what %s packed there is cut off: it has no end", p->name);
    for (size_t cut = p->magic; cut < size; cut++) {
        ck_assert_int_eq(read_packed(packed, cut, &table, &error), GROVE_BAD_DATA);
        ck_assert_str_eq(error.message, words);
    }
    snprintf(words, sizeof words, "t: what %s packed there is ", p->name);
    size_t harmless = 0;
    for (size_t i = p->magic; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            packed[i] = (char)(packed[i] ^ 1 << bit);
            if (read_packed(packed, size, &table, &error) == GROVE_OK) {
                ck_assert_uint_eq(grove_table_rows(table), 6);
                check_cell(table, 5, 1, "y");
                harmless++;
            } else {
                ck_assert_int_eq(error.status, GROVE_BAD_DATA);
                ck_assert_mem_eq(error.message, words, strlen(words));
            }
            grove_table_free(table);
            packed[i] = (char)(packed[i] ^ 1 << bit);
        }
    }
    ck_assert_uint_le(harmless, 64); /* the time, the system and such in gzip's header */
    memcpy(packed + size, "no member", 9);
    ck_assert_int_eq(read_packed(packed, size + 9, &table, &error), GROVE_BAD_DATA);
    ck_assert_mem_eq(error.message, words, strlen(words));
    size = p->pack("a,b\n1\n", 6, packed, sizeof packed);
    ck_assert_int_eq(read_packed(packed, size, &table, &error), GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "t: line 2 has 1 cell, the header has 2");
    size = p->pack("", 0, packed, sizeof packed);
    ck_assert_int_eq(read_packed(packed, size, &table, &error), GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "t: the file is empty");
}
END_TEST

START_TEST(a_file_by_its_path) {
    char path[] = "/tmp/grove-test-XXXXXX";
    int descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq((int)write(descriptor, "a\n1\n", 4), 4);
    close(descriptor);
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_read_csv(path, NULL, &table, &error), GROVE_OK);
    ck_assert_str_eq(grove_table_source(table), path);
    check_cell(table, 0, 0, "1");
    grove_table_free(table);
    FILE *standard = freopen(path, "rb", stdin);
    ck_assert_ptr_nonnull(standard);
    ck_assert_int_eq(grove_table_read_csv("-", NULL, &table, &error), GROVE_OK);
    ck_assert_str_eq(grove_table_source(table), "standard input");
    grove_table_free(table);
    unlink(path);
}
END_TEST

/* ---- own tables, writing --------------------------------------------------------------------- */

START_TEST(a_table_of_a_programs_own) {
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_new((const char *[]){"a", "b"}, 2, NULL, &table, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_table_append(table, (const char *[]){"1", NULL}, &error), GROVE_OK);
    ck_assert_int_eq(grove_table_append(table, (const char *[]){"2", "x"}, &error), GROVE_OK);
    ck_assert_uint_eq(grove_table_rows(table), 2);
    check_cell(table, 0, 1, "");
    check_cell(table, 1, 1, "x");
    ck_assert_uint_eq(grove_table_line(table, 1), 2);
    ck_assert_str_eq(grove_table_source(table), "table");
    grove_table_free(table);
    ck_assert_int_eq(grove_table_new((const char *[]){"a", "a"}, 2, NULL, &table, &error),
                     GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "table: two columns are called 'a'");
    ck_assert_ptr_null(table);
    ck_assert_int_eq(grove_table_new((const char *[]){"a", ""}, 2, NULL, &table, &error),
                     GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "table: column 2 has no name");
    ck_assert_int_eq(grove_table_new(NULL, 0, NULL, &table, &error), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "a table needs at least one column");
}
END_TEST

typedef struct text_buffer {
    char text[4096];
    size_t used, room;
} text_buffer;

static int into_buffer(void *user, const char *bytes, size_t size) {
    text_buffer *buffer = user;
    if (buffer->used + size > buffer->room) {
        return -1;
    }
    memcpy(buffer->text + buffer->used, bytes, size);
    buffer->used += size;
    buffer->text[buffer->used] = '\0';
    return 0;
}

static grove_cell cell_of(const char *text) {
    return (grove_cell){text, strlen(text)};
}

START_TEST(written_cells_are_quoted_where_they_must_be) {
    static const char *const CELLS[][2] = {
        {"plain", "plain"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"a;b", "a;b"},
        {"\"", "\"\"\"\""},
        {"x\ny", "\"x\ny\""},
        {"\r", "\"\r\""},
        {" a", "\" a\""},
        {"a\t", "\"a\t\""},
        {"a b", "a b"},
        {"a\"b\"c", "\"a\"\"b\"\"c\""},
    };
    for (size_t i = 0; i < COUNT(CELLS); i++) {
        text_buffer buffer = {.room = 100};
        ck_assert_int_eq(grove_csv_write_cell(cell_of(CELLS[i][0]), ',', into_buffer, &buffer),
                         GROVE_OK);
        ck_assert_str_eq(buffer.text, CELLS[i][1]);
    }
    for (size_t room = 0; room < 16; room++) {
        text_buffer buffer = {.room = room};
        grove_cell row[] = {cell_of("a\"b\"c"), cell_of("d")};
        ck_assert_int_eq(grove_csv_write_row(row, 2, 0, into_buffer, &buffer),
                         room < 12 ? GROVE_NO_FILE : GROVE_OK);
    }
}
END_TEST

START_TEST(what_is_written_is_read_back) {
    static const char *const CELLS[] = {"",  "a,\"b\"\r\n", " x ",           "\"",
                                        "y", "\n",          "\xEF\xBB\xBFz", "\"\"a\"\""};
    for (size_t columns = 1; columns <= 2; columns++) {
        text_buffer buffer = {.room = 4000};
        for (size_t i = 0; i + columns <= COUNT(CELLS); i += columns) {
            grove_cell row[] = {cell_of(CELLS[i]), cell_of(CELLS[(i + 1) % COUNT(CELLS)])};
            ck_assert_int_eq(grove_csv_write_row(row, columns, ';', into_buffer, &buffer),
                             GROVE_OK);
        }
        grove_table *t = read_text(buffer.text, &(grove_csv_options){';', .no_header = true});
        ck_assert_uint_eq(grove_table_rows(t), COUNT(CELLS) / columns);
        for (size_t i = 0; i < COUNT(CELLS); i++) {
            check_cell(t, i / columns, i % columns, CELLS[i]);
        }
        grove_table_free(t);
    }
    FILE *file = tmpfile();
    ck_assert_int_eq(grove_csv_to_file(file, "abc", 3), 0);
    ck_assert_int_eq((int)ftell(file), 3);
    fclose(file);
}
END_TEST

/* ---- numbers --------------------------------------------------------------------------------- */

static bool parse(const char *text, double *value) {
    return grove_parse_number(text, strlen(text), value);
}

/* clang-format off */
static const char *const NUMBERS[] = {
    "0", "-0", "12", "+12", "-0.5", ".5", "5.", "1e3", "1E-3", "1e+05", " 7\t", "007",
    "9007199254740993", "0.1", "123456789012345678901234567890", "1e22", "1e23", "4.9e-324",
    "1.7976931348623157e308", "2.2250738585072014e-308", "1e-400", "0e999999999999",
    "0.000000000000000000000000000000000000000000000000000000000000000000000000000001e+78",
    "9007199254740992.99999999999999999999999999999999999", "3.141592653589793"
};

static const char *const NO_NUMBERS[] = {
    "", " ", "a", "1,000", "0x1F", "inf", "-inf", "nan", "1e999", "-1e309", "1e", "1e+", "e5",
    ".", "-", "+-1", "1 2", "1.2.3", "1e5.", "--1", "1_000", "1\n", "\u00A01", "1f"
};
/* clang-format on */

START_TEST(numbers_and_what_is_none) {
    double value;
    for (size_t i = 0; i < COUNT(NUMBERS); i++) {
        ck_assert_msg(parse(NUMBERS[i], &value), "%s", NUMBERS[i]);
        double expected = strtod(NUMBERS[i], NULL);
        ck_assert_msg(memcmp(&value, &expected, sizeof value) == 0, "%s", NUMBERS[i]);
    }
    for (size_t i = 0; i < COUNT(NO_NUMBERS); i++) {
        ck_assert_msg(!parse(NO_NUMBERS[i], &value), "%s", NO_NUMBERS[i]);
    }
    ck_assert(grove_parse_number("12345", 3, &value));
    ck_assert_double_eq(value, 123);
}
END_TEST

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* Digits before and behind a point as they stand in tables, around the border of what is exact. */
START_TEST(short_numbers_as_strtod_reads_them) {
    uint64_t random = 7;
    for (int i = 0; i < 200000; i++) {
        char text[64], digits[24];
        unsigned length = 1 + (unsigned)(next_random(&random) >> 40) % 18;
        unsigned point = (unsigned)(next_random(&random) >> 40) % (length + 1);
        snprintf(digits, sizeof digits, "%020llu",
                 (unsigned long long)(next_random(&random) % 10000000000000000000u));
        snprintf(text, sizeof text, "%s%.*s%s%.*s", i % 3 ? "" : "-", (int)point, digits + 1,
                 i % 2 || point < length ? "." : "", (int)(length - point), digits + 1 + point);
        double value, expected = strtod(text, NULL);
        ck_assert_msg(parse(text, &value), "%s", text);
        ck_assert_msg(memcmp(&value, &expected, sizeof value) == 0, "%s", text);
    }
}
END_TEST

/* As printf writes it with the fewest digits that are read back. */
static void shortest_by_printf(float value, char text[32]) {
    for (int count = value < FLT_MIN ? 1 : 6; count <= 9; count++) {
        snprintf(text, 32, "%.*e", count - 1, (double)value);
        if (strtof(text, NULL) == value) {
            return;
        }
    }
}

static void as_printf_writes(float value) {
    char found[32], expected[32];
    shortest_by_printf(value, expected);
    grove_format_float(found, value);
    ck_assert_msg(strtod(found, NULL) == strtod(expected, NULL), "%s %s", found, expected);
}

START_TEST(floats_as_printf_writes_them) {
    uint64_t random = 9;
    for (int i = 0; i < 300000; i++) {
        uint32_t bits = (uint32_t)(next_random(&random) >> 33) % 0x7F800000u;
        float value;
        memcpy(&value, &bits, sizeof value);
        if (i % 3) { /* probabilities, and numbers of few digits, halves among them */
            value = (float)(bits % 1000000) / (i % 3 == 1 ? 1000000 : 64);
        }
        as_printf_writes(value);
    }
}
END_TEST

/* Some are a hair below the power, 0.0001f is: rounding carries into a digit more. */
START_TEST(powers_of_ten_as_printf_writes_them) {
    for (int power = -37; power <= 38; power++) {
        const float value = (float)pow(10, power);
        as_printf_writes(value);
        as_printf_writes(nextafterf(value, 0));
        as_printf_writes(nextafterf(value, FLT_MAX));
    }
}
END_TEST

/* Halfway between two doubles, and a hair above it 900 digits later. */
START_TEST(a_digit_far_behind_decides) {
    char text[1000];
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    text[950] = '\0';
    double value;
    ck_assert(parse(text, &value));
    ck_assert_double_eq(value, 9007199254740992.0);
    text[949] = '1';
    ck_assert(parse(text, &value));
    ck_assert_double_eq(value, 9007199254740994.0);
}
END_TEST

START_TEST(random_numbers_come_back) {
    uint64_t state = 1;
    for (int i = 0; i < 60000; i++) {
        uint64_t bits = next_random(&state);
        uint32_t half = (uint32_t)(bits >> 16);
        double wide, back;
        float narrow;
        memcpy(&wide, &bits, sizeof wide);
        memcpy(&narrow, &half, sizeof narrow);
        char text[32];
        if (isfinite(wide)) {
            ck_assert(parse(grove_format_number(text, wide), &back));
            ck_assert_msg(memcmp(&back, &wide, sizeof back) == 0, "%s", text);
        }
        if (isfinite(narrow)) {
            ck_assert(parse(grove_format_float(text, narrow), &back));
            ck_assert_msg((float)back == narrow && strtof(text, NULL) == narrow, "%s", text);
        }
        snprintf(text, sizeof text, "%d.%de%d", (int)(bits % 1000000), (int)(half % 100000000),
                 (int)(bits >> 50) % 60 - 30);
        ck_assert(parse(text, &back) && back == strtod(text, NULL));
    }
}
END_TEST

static const struct {
    double value;
    const char *text;
} WRITTEN[] = {
    {0, "0"},
    {-0.0, "-0"},
    {1, "1"},
    {-3, "-3"},
    {0.1, "0.1"},
    {1e300, "1e+300"},
    {1234.5, "1234.5"},
    {100000, "100000"},
    {1e16, "10000000000000000"},
    {1e17, "1e+17"},
    {0.00001, "0.00001"},
    {0.000001, "1e-06"},
    {1.5e-7, "1.5e-07"},
    {1.0 / 3, "0.3333333333333333"},
    {0.1 + 0.2, "0.30000000000000004"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
    {4.9e-324, "5e-324"},
    {NAN, "nan"},
    {INFINITY, "inf"},
    {-INFINITY, "-inf"},
};
START_TEST(numbers_are_written_short) {
    char text[32];
    for (size_t i = 0; i < COUNT(WRITTEN); i++) {
        ck_assert_str_eq(grove_format_number(text, WRITTEN[i].value), WRITTEN[i].text);
    }
    ck_assert_str_eq(grove_format_float(text, 0.1f), "0.1");
    ck_assert_str_eq(grove_format_float(text, 1.0f / 3), "0.33333334");
    ck_assert_str_eq(grove_format_float(text, FLT_MAX), "3.4028235e+38");
}
END_TEST

/* Where no such locale is installed this shows nothing; where one is, it must not matter. */
START_TEST(the_locale_does_not_matter) {
    static const char *const NAMES[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
    for (size_t i = 0; i < COUNT(NAMES) && !setlocale(LC_ALL, NAMES[i]); i++) {
    }
    double value;
    char text[32];
    ck_assert(parse("3.14159265358979323846", &value) && value == 3.141592653589793);
    ck_assert(!parse("3,14", &value));
    ck_assert_str_eq(grove_format_number(text, 0.30000000000000004), "0.30000000000000004");
    setlocale(LC_ALL, "C");
}
END_TEST

/* ---- guessing -------------------------------------------------------------------------------- */

/* A table of one column, from a function of the row. */
static grove_table *column_of(size_t rows, void (*write)(size_t row, char text[32])) {
    grove_table *table;
    ck_assert_int_eq(grove_table_new((const char *[]){"x"}, 1, NULL, &table, NULL), GROVE_OK);
    for (size_t i = 0; i < rows; i++) {
        char text[32];
        write(i, text);
        ck_assert_int_eq(grove_table_append(table, (const char *[]){text}, NULL), GROVE_OK);
    }
    return table;
}

static void ages(size_t row, char text[32]) {
    snprintf(text, 32, "%d", 18 + (int)(row * 7919 % 70));
}
static void distinct_amounts(size_t row, char text[32]) {
    snprintf(text, 32, "%d", (int)(row * 7919 % 100003));
}
static void prices(size_t row, char text[32]) {
    snprintf(text, 32, "%d", 100000 + 1000 * (int)(row * 31 % 40));
}
static void codes(size_t row, char text[32]) {
    snprintf(text, 32, "%d", 1000 + 7919 * (int)(row % 50) + 13 * (int)(row % 50 % 7));
}
static void amounts_mostly_zero(size_t row, char text[32]) {
    codes(row, text);
    if (row % 3 > 0) {
        strcpy(text, "0");
    }
}
static void counts_with_a_tail(size_t row, char text[32]) {
    snprintf(text, 32, "%d", row % 50 < 40 ? (int)(row % 50) : 997 * (int)(row % 50));
}
static void leading_zeros(size_t row, char text[32]) {
    snprintf(text, 32, "%02d", (int)(row % 12));
}
static void long_ids(size_t row, char text[32]) {
    snprintf(text, 32, "1000000000000000%d", (int)(row % 90) + 10);
}
static void fractions(size_t row, char text[32]) {
    snprintf(text, 32, "%d.5", (int)row);
}
static void words(size_t row, char text[32]) {
    snprintf(text, 32, "w%d", (int)row % 9);
}
static void nothing(size_t row, char text[32]) {
    (void)row;
    text[0] = '\0';
}
static void always_7(size_t row, char text[32]) {
    (void)row;
    strcpy(text, "7");
}
static void seven_or_nothing(size_t row, char text[32]) {
    strcpy(text, row % 2 ? "" : "7");
}
static void numbers_and_a_word(size_t row, char text[32]) {
    snprintf(text, 32, row == 150 ? "?" : "%d", (int)row % 20);
}

static const struct guessed {
    void (*write)(size_t row, char text[32]);
    grove_column_kind kind;
    const char *reason;
} GUESSED[] = {
    {ages, GROVE_COLUMN_NUMERIC, "whole numbers, 70 distinct values"},
    {distinct_amounts, GROVE_COLUMN_NUMERIC, "whole numbers, 200 distinct values"},
    {prices, GROVE_COLUMN_NUMERIC, "whole numbers, 40 distinct values"},
    {codes, GROVE_COLUMN_CATEGORICAL,
     "whole numbers far apart that come again and again: codes, 50 distinct values"},
    {amounts_mostly_zero, GROVE_COLUMN_NUMERIC, "whole numbers, 51 distinct values"},
    {counts_with_a_tail, GROVE_COLUMN_NUMERIC, "whole numbers, 50 distinct values"},
    {leading_zeros, GROVE_COLUMN_CATEGORICAL,
     "whole numbers with leading zeros: codes, 12 distinct values"},
    {long_ids, GROVE_COLUMN_CATEGORICAL,
     "whole numbers of more than 15 digits: codes, 90 distinct values"},
    {fractions, GROVE_COLUMN_NUMERIC, "numbers"},
    {words, GROVE_COLUMN_CATEGORICAL, "text, 9 distinct values"},
    {nothing, GROVE_COLUMN_IGNORED, "every cell is empty"},
    {always_7, GROVE_COLUMN_IGNORED, "every cell is '7'"},
    {seven_or_nothing, GROVE_COLUMN_NUMERIC, "whole numbers, 1 distinct values"},
    {numbers_and_a_word, GROVE_COLUMN_CATEGORICAL, "text, 21 distinct values"},
};

START_TEST(kinds_are_guessed_and_say_why) {
    grove_table *table = column_of(200, GUESSED[_i].write);
    grove_schema *schema = guess(table, NULL);
    ck_assert_str_eq(grove_schema_reason(schema, 0), GUESSED[_i].reason);
    ck_assert_int_eq(grove_schema_kind(schema, 0), GUESSED[_i].kind);
    ck_assert_int_eq(grove_schema_label(schema), -1);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

START_TEST(kinds_can_be_told) {
    grove_table *t = read_text("n,m,s,y\n1,2,a,p\n3,4,b,q\n5,6,c,p\n", NULL);
    const char *categorical[] = {"n"}, *ignore[] = {"m"};
    grove_schema *schema = guess(t, &(grove_schema_options){.label = "y",
                                                            .categorical = categorical,
                                                            .categorical_count = 1,
                                                            .ignore = ignore,
                                                            .ignore_count = 1,
                                                            .max_values = 2});
    ck_assert_int_eq(grove_schema_kind(schema, 0), GROVE_COLUMN_CATEGORICAL);
    ck_assert_str_eq(grove_schema_reason(schema, 0), "as asked for");
    ck_assert_int_eq(grove_schema_kind(schema, 1), GROVE_COLUMN_IGNORED);
    ck_assert_int_eq(grove_schema_kind(schema, 2), GROVE_COLUMN_IGNORED);
    ck_assert_str_eq(grove_schema_reason(schema, 2),
                     "text, 3 distinct values: more than the 2 allowed");
    ck_assert_int_eq(grove_schema_label(schema), 3);
    grove_schema_free(schema);
    grove_table_free(t);
}
END_TEST

static const char *const LIST_INCOM[] = {"incom"}, *const LIST_A[] = {"age"},
                         *const LIST_S[] = {"job"};

static const struct refused_options {
    const char *text;
    grove_schema_options options;
    grove_status status;
    const char *words;
} REFUSED_OPTIONS[] = {
    {"age,income\n1,a\n2,b\n",
     {.label = "incom"},
     GROVE_NOT_FOUND,
     "t.csv has no column 'incom'; the nearest name is 'income'"},
    {"age,income\n1,a\n2,b\n",
     {.ignore = LIST_INCOM, .ignore_count = 1},
     GROVE_NOT_FOUND,
     "t.csv has no column 'incom'; the nearest name is 'income'"},
    {"age,job\n1,a\n2,b\n",
     {.label = "age", .numeric = LIST_A, .numeric_count = 1},
     GROVE_BAD_ARGUMENT,
     "column 'age' cannot be both label and numeric"},
    {"age,job\n1,a\n2,b\n",
     {.categorical = LIST_A, .categorical_count = 1, .ignore = LIST_A, .ignore_count = 1},
     GROVE_BAD_ARGUMENT,
     "column 'age' cannot be both categorical and ignored"},
    {"age,job\n1,3\n2,b\n",
     {.numeric = LIST_S, .numeric_count = 1},
     GROVE_BAD_DATA,
     "t.csv: line 3, column 'job': 'b' is not a number"},
    {"age,job\n1,3\n\n2,\n",
     {.label = "job"},
     GROVE_BAD_DATA,
     "t.csv: line 4, column 'job': the label is missing"},
    {"age,job\n1,3\n2,3\n",
     {.label = "job"},
     GROVE_BAD_DATA,
     "t.csv, column 'job': every row has the label '3'; there is nothing to tell apart"},
};

START_TEST(wishes_that_cannot_be_met) {
    const struct refused_options *r = &REFUSED_OPTIONS[_i];
    grove_table *table = read_text(r->text, NULL);
    grove_schema *schema = (grove_schema *)&schema;
    grove_error error;
    ck_assert_int_eq(grove_schema_guess(table, &r->options, &schema, &error), r->status);
    ck_assert_str_eq(error.message, r->words);
    ck_assert_ptr_null(schema);
    grove_table_free(table);
}
END_TEST

START_TEST(a_table_without_rows_has_no_schema) {
    grove_table *table;
    grove_schema *schema;
    grove_error error;
    ck_assert_int_eq(grove_table_new((const char *[]){"x"}, 1, NULL, &table, NULL), GROVE_OK);
    ck_assert_int_eq(grove_schema_guess(table, NULL, &schema, &error), GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "a schema cannot be guessed from no rows");
    grove_table_free(table);
}
END_TEST

/* ---- fitting --------------------------------------------------------------------------------- */

/* 0 color, 1 size, 2 weight, 3 y */
static const char *const TREES = "color,size,weight,y\n"
                                 "red,1,10,b\n"
                                 "blue,2,,a\n"
                                 "red,3,30,a\n"
                                 ",4,20,b\n"
                                 "green,5,20,b\n"
                                 "blue,6,20,a\n"
                                 "azure,7,20,b\n";

START_TEST(vocabularies_in_their_order) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y", .min_count = 1});
    ck_assert_int_eq(grove_schema_ids(s, 0), 6);
    check_value(s, 0, 0, "(unknown)", 0);
    check_value(s, 0, 1, "(missing)", 1);
    check_value(s, 0, 2, "blue", 2);
    check_value(s, 0, 3, "red", 2);
    check_value(s, 0, 4, "azure", 1);
    check_value(s, 0, 5, "green", 1);
    check_value(s, 0, 6, "", 0);
    check_value(s, 0, -1, "", 0);
    ck_assert_int_eq(id_of(s, 0, "green"), 5);
    ck_assert_int_eq(id_of(s, 0, "pink"), 0);
    ck_assert_int_eq(id_of(s, 0, ""), 1);
    ck_assert_int_eq(grove_schema_ids(s, 3), 2);
    check_value(s, 3, 0, "a", 3);
    check_value(s, 3, 1, "b", 4);
    ck_assert_int_eq(id_of(s, 3, "b"), 1);
    ck_assert_int_eq(id_of(s, 3, "c"), -1);
    ck_assert_int_eq(id_of(s, 3, ""), -1);
    ck_assert_int_eq(grove_schema_ids(s, 1), 0);
    ck_assert_int_eq(id_of(s, 1, "1"), -1);
    ck_assert_int_eq(id_of(s, 9, "1"), -1);
    grove_schema_free(s);
    s = fitted(t, &(grove_schema_options){.label = "y", .min_count = 2});
    ck_assert_int_eq(grove_schema_ids(s, 0), 4);
    check_value(s, 0, 0, "(unknown)", 2);
    ck_assert_int_eq(id_of(s, 0, "green"), 0);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

static void one_in_a_hundred_is_rare(size_t row, char text[32]) {
    snprintf(text, 32, row % 100 ? "common%d" : "rare%d", (int)(row % 100 ? row % 5 : row));
}
static void all_differ(size_t row, char text[32]) {
    snprintf(text, 32, "w%d", (int)row);
}

START_TEST(rare_values_teach_the_unknown_row_by_default) {
    grove_table *t = column_of(400, one_in_a_hundred_is_rare);
    grove_schema *s = fitted(t, NULL);
    ck_assert_int_eq(grove_schema_ids(s, 0), 7);
    ck_assert_int_eq(grove_schema_count(s, 0, 0), 4);
    grove_schema_free(s);
    grove_table_free(t);
    t = column_of(400, all_differ);
    s = fitted(t, NULL);
    ck_assert_int_eq(grove_schema_ids(s, 0), 402);
    ck_assert_int_eq(grove_schema_count(s, 0, 0), 0);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

START_TEST(only_training_rows_are_looked_at) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = guess(t, &(grove_schema_options){.label = "y", .min_count = 1});
    grove_error error;
    ck_assert_int_eq(grove_schema_fit(s, t, (const size_t[]){0, 2, 5}, 3, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_ids(s, 0), 4);
    check_value(s, 0, 2, "red", 2);
    check_value(s, 0, 3, "blue", 1);
    ck_assert_double_eq_tol(grove_schema_mean(s, 1), 10.0 / 3, 1e-12);
    ck_assert_int_eq(grove_schema_missing(s, 2), 0);
    ck_assert_uint_eq(grove_schema_features(s), 2);
    ck_assert_int_eq(grove_schema_fit(s, t, NULL, 7, &error), GROVE_OK);
    ck_assert_uint_eq(grove_schema_features(s), 3);
    ck_assert_int_eq(grove_schema_ids(s, 0), 6);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

START_TEST(classes_in_the_order_of_numbers) {
    grove_table *t = read_text("x,y\na,10\nb,9\na,-1\nb,2.5\n", NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y"});
    static const char *const CLASSES[] = {"-1", "2.5", "9", "10"};
    for (int32_t i = 0; i < 4; i++) {
        check_value(s, 1, i, CLASSES[i], 1);
    }
    grove_schema_free(s);
    grove_table_free(t);
    t = read_text("x,y\na,10\nb,9\na,no\n", NULL);
    s = fitted(t, &(grove_schema_options){.label = "y"});
    check_value(s, 1, 0, "10", 1);
    check_value(s, 1, 1, "9", 1);
    check_value(s, 1, 2, "no", 1);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

START_TEST(scales_and_features) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y"});
    ck_assert_double_eq_tol(grove_schema_mean(s, 1), 4, 1e-12);
    ck_assert_double_eq_tol(grove_schema_deviation(s, 1), 2, 1e-12);
    ck_assert_double_eq_tol(grove_schema_mean(s, 2), 20, 1e-12);
    ck_assert_double_eq_tol(grove_schema_deviation(s, 2), sqrt(200.0 / 6), 1e-12);
    ck_assert_int_eq(grove_schema_missing(s, 2), 1);
    bool says_missing;
    ck_assert_uint_eq(grove_schema_features(s), 3);
    ck_assert_int_eq(grove_schema_feature(s, 0, &says_missing), 1);
    ck_assert(!says_missing);
    ck_assert_int_eq(grove_schema_feature(s, 1, &says_missing), 2);
    ck_assert(!says_missing);
    ck_assert_int_eq(grove_schema_feature(s, 2, &says_missing), 2);
    ck_assert(says_missing);
    ck_assert_int_eq(grove_schema_feature(s, 3, &says_missing), -1);
    ck_assert_uint_eq(grove_schema_categoricals(s), 1);
    ck_assert_int_eq(grove_schema_categorical(s, 0), 0);
    ck_assert_int_eq(grove_schema_categorical(s, 1), -1);
    grove_schema_free(s);
    grove_table_free(t);
    t = read_text("x\n1000000001\n1000000001\n1000000002\n1000000000\n", NULL);
    s = fitted(t, NULL);
    ck_assert_double_eq_tol(grove_schema_deviation(s, 0), sqrt(0.5), 1e-9);
    ck_assert_int_eq(grove_schema_fit(s, t, (const size_t[]){0, 1}, 2, NULL), GROVE_OK);
    ck_assert_double_eq(grove_schema_deviation(s, 0), 1);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

static void refuse_fit(grove_schema *s, const grove_table *t, const size_t *rows, size_t count,
                       grove_status status, const char *words) {
    grove_error error;
    ck_assert_int_eq(grove_schema_fit(s, t, rows, count, &error), status);
    ck_assert_str_eq(error.message, words);
}

START_TEST(tables_a_schema_cannot_be_fitted_to) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = guess(t, &(grove_schema_options){.label = "y"});
    refuse_fit(s, t, NULL, 0, GROVE_BAD_DATA, "there are no rows to fit a schema to");
    refuse_fit(s, t, NULL, 8, GROVE_BAD_ARGUMENT, "row 7 of a table of 7 rows");
    refuse_fit(s, t, (const size_t[]){99}, 1, GROVE_BAD_ARGUMENT, "row 99 of a table of 7 rows");
    refuse_fit(s, t, (const size_t[]){0, 3, 4}, 3, GROVE_BAD_DATA,
               "t.csv, column 'y': every row has the label 'b'; there is nothing to tell apart");
    static const struct {
        const char *text, *words;
        grove_status status;
    } TABLES[] = {
        {"colour,size,weight,y\nr,1,2,a\n",
         "t.csv has no column 'color'; the nearest name is "
         "'colour'",
         GROVE_NOT_FOUND},
        {"color,size,weight,y\nr,1,2,a\nr,1x,2,b\n",
         "t.csv: line 3, column 'size': '1x' is not a number", GROVE_BAD_DATA},
        {"color,size,weight,y\nr,1,2,a\nr,1,2,\n",
         "t.csv: line 3, column 'y': the label is missing", GROVE_BAD_DATA},
        {"color,size,weight,y\nr,1e300,2,a\nr,-1e300,2,b\n",
         "t.csv: column 'size': its numbers are too large to be squared and added up",
         GROVE_BAD_DATA},
    };
    for (size_t i = 0; i < COUNT(TABLES); i++) {
        grove_table *other = read_text(TABLES[i].text, NULL);
        refuse_fit(s, other, NULL, grove_table_rows(other), TABLES[i].status, TABLES[i].words);
        grove_table_free(other);
    }
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

/* ---- encoding -------------------------------------------------------------------------------- */

START_TEST(cells_become_ids_and_numbers) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y", .min_count = 2});
    grove_table *new = read_text("y,extra,weight,color,size\n"
                                 "a,1,20,red,4\n"
                                 "b,1,,pink,6\n"
                                 "b,1,26, blue,\n"
                                 "a,1,20,,4\n",
                                 NULL);
    grove_dataset *d = encoded(s, new, true);
    ck_assert_uint_eq(grove_dataset_rows(d), 4);
    ck_assert_uint_eq(grove_dataset_features(d), 3);
    ck_assert_uint_eq(grove_dataset_categoricals(d), 1);
    const int32_t ids[] = {3, 0, 0, 1}, labels[] = {0, 1, 1, 0};
    ck_assert_mem_eq(grove_dataset_ids(d, 0), ids, sizeof ids);
    ck_assert_ptr_null(grove_dataset_ids(d, 1));
    ck_assert_mem_eq(grove_dataset_labels(d), labels, sizeof labels);
    float far = (float)(6 / sqrt(200.0 / 6));
    const float numbers[] = {0, 0, 0, 1, 0, 1, 0, far, 0, 0, 0, 0};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        ck_assert_float_eq_tol(grove_dataset_numbers(d)[i], numbers[i], 1e-6f);
    }
    ck_assert_int_eq(grove_dataset_cells(d), 12);
    const int64_t unknown[] = {2, 1, 0, 0}, missing[] = {1, 0, 1, 0};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(grove_dataset_unknown(d, i), unknown[i]);
        ck_assert_int_eq(grove_dataset_missing(d, i), missing[i]);
    }
    ck_assert_int_eq(grove_dataset_unknown(d, GROVE_ALL_COLUMNS), 3);
    ck_assert_int_eq(grove_dataset_missing(d, GROVE_ALL_COLUMNS), 2);
    ck_assert_int_eq(grove_dataset_missing(d, 4), 0);
    grove_dataset_free(d);
    grove_dataset_free(NULL);
    grove_schema_free(s);
    grove_schema_free(NULL);
    grove_table_free(new);
    grove_table_free(t);
}
END_TEST

START_TEST(labels_are_only_there_when_asked_for) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y"});
    grove_table *new = read_text("color,size,weight\nred,1,2\n", NULL);
    grove_dataset *d = encoded(s, new, false);
    ck_assert_ptr_null(grove_dataset_labels(d));
    grove_dataset_free(d);
    grove_table_free(new);
    new = read_text("color,size,weight,y\nred,1,2,what\n", NULL);
    grove_dataset_free(encoded(s, new, false));
    grove_table_free(new);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

static const struct refused_table {
    const char *text, *words;
    grove_status status;
} REFUSED_TABLES[] = {
    {"color,size,weight,y\nred,1,2,a\nred,abc,2,a\n",
     "t.csv: line 3, column 'size': 'abc' is not a number", GROVE_BAD_DATA},
    {"color,size,weight,y\nred,1e300,2,a\n",
     "t.csv: line 2, column 'size': '1e300' is too far from the numbers of the training rows",
     GROVE_BAD_DATA},
    {"color,size,weight,y\nred,1,2,\n", "t.csv: line 2, column 'y': the label is missing",
     GROVE_BAD_DATA},
    {"color,size,weight,y\nred,1,2,may\nbe\n", "t.csv: line 3 has 1 cell, the header has 4",
     GROVE_BAD_DATA},
    {"color,size,weight,y\nred,1,2,\"may\nbe\"\n",
     "t.csv: line 2, column 'y': 'may?be' is not a label the model knows (it knows 'a', 'b')",
     GROVE_BAD_DATA},
    {"color,weight,y\nred,2,a\n",
     "t.csv has no column 'size', which the model needs (it has 'color', 'weight', 'y')",
     GROVE_BAD_DATA},
    {"color,size,weight\nred,1,2\n",
     "t.csv has no column 'y', which the model needs (it has 'color', 'size', 'weight')",
     GROVE_BAD_DATA},
};

START_TEST(tables_that_cannot_be_encoded) {
    const struct refused_table *r = &REFUSED_TABLES[_i];
    grove_table *t = read_text(TREES, NULL), *new;
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y"});
    grove_dataset *d = NULL;
    grove_error error;
    grove_status status =
        grove_table_read_csv_bytes(r->text, strlen(r->text), "t.csv", NULL, &new, &error);
    if (status == GROVE_OK) {
        status = grove_schema_encode(s, new, &(grove_encode_options){.label_required = true}, &d,
                                     &error);
    }
    ck_assert_str_eq(error.message, r->words);
    ck_assert_int_eq(status, r->status);
    ck_assert_ptr_null(d);
    grove_table_free(new);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

START_TEST(long_lists_are_cut) {
    char text[4096] = "x,y\n";
    for (int i = 0; i < 100; i++) {
        sprintf(text + strlen(text), "%c,class %d\n", 'a' + i % 3, i);
    }
    grove_table *t = read_text(text, NULL), *new = read_text("x,y\na,none\n", NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y"});
    grove_dataset *d;
    grove_error error;
    ck_assert_int_eq(grove_schema_encode(s, new, &(grove_encode_options){true}, &d, &error),
                     GROVE_BAD_DATA);
    const char *begin =
        "t.csv: line 2, column 'y': 'none' is not a label the model knows (it knows "
        "'class 0', 'class 1', 'class 10', ";
    ck_assert_mem_eq(error.message, begin, strlen(begin));
    ck_assert_str_eq(error.message + strlen(error.message) - 6, ", ...)");
    grove_schema_free(s);
    grove_table_free(new);
    grove_table_free(t);
}
END_TEST

START_TEST(a_schema_must_be_fitted_and_have_what_is_asked_for) {
    grove_table *t = read_text(TREES, NULL);
    grove_schema *s = guess(t, NULL);
    grove_dataset *d;
    grove_error error;
    ck_assert_int_eq(grove_schema_encode(s, t, NULL, &d, &error), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "column 'color': the schema is not fitted to training rows");
    ck_assert_int_eq(grove_schema_fit(s, t, NULL, 7, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(s, t, &(grove_encode_options){true}, &d, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "labels are asked for: the schema has none");
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

/* ---- storing --------------------------------------------------------------------------------- */

/* The same schema, made from what the accessors say. */
static grove_status rebuild(const grove_schema *from, const grove_allocator *allocator,
                            grove_schema **to, grove_error *error) {
    *to = grove_schema_new(allocator);
    if (!*to) {
        return GROVE_NO_MEMORY;
    }
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < grove_schema_columns(from) && status == GROVE_OK; i++) {
        grove_column_kind kind;
        ck_assert(
            grove_column_kind_from_name(grove_column_kind_name(grove_schema_kind(from, i)), &kind));
        status = grove_schema_add_column(*to, grove_schema_name(from, i), kind,
                                         grove_schema_reason(from, i), error);
        if (status == GROVE_OK && kind == GROVE_COLUMN_NUMERIC) {
            status = grove_schema_set_scale(*to, i, grove_schema_mean(from, i),
                                            grove_schema_deviation(from, i),
                                            grove_schema_missing(from, i), error);
        } else if (status == GROVE_OK && kind != GROVE_COLUMN_IGNORED) {
            grove_vocabulary vocabulary = grove_schema_vocabulary(from, i);
            status = grove_schema_set_vocabulary(*to, i, &vocabulary, error);
        }
    }
    return status;
}

START_TEST(a_schema_made_again_encodes_the_same) {
    grove_table *t = read_text("color,size,weight,y,none\n"
                               "red,1,10,b,\nblue,2,,a,\nred,3,30,a,\n,4,20,b,\n",
                               NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y", .min_count = 2}), *again;
    grove_error error;
    ck_assert_int_eq(rebuild(s, NULL, &again, &error), GROVE_OK);
    ck_assert_uint_eq(grove_schema_columns(again), 5);
    ck_assert_int_eq(grove_schema_label(again), 3);
    ck_assert_int_eq(grove_schema_column(again, "weight"), 2);
    ck_assert_str_eq(grove_schema_reason(again, 4), "every cell is empty");
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(grove_schema_ids(again, i), grove_schema_ids(s, i));
        ck_assert_int_eq(grove_schema_missing(again, i), grove_schema_missing(s, i));
        ck_assert_int_eq(grove_schema_count(again, i, 0), grove_schema_count(s, i, 0));
    }
    grove_dataset *a = encoded(s, t, true), *b = encoded(again, t, true);
    ck_assert_mem_eq(grove_dataset_ids(a, 0), grove_dataset_ids(b, 0), 4 * sizeof(int32_t));
    ck_assert_mem_eq(grove_dataset_labels(a), grove_dataset_labels(b), 4 * sizeof(int32_t));
    ck_assert_mem_eq(grove_dataset_numbers(a), grove_dataset_numbers(b), 12 * sizeof(float));
    grove_vocabulary own = grove_schema_vocabulary(again, 0);
    ck_assert_int_eq(grove_schema_set_vocabulary(again, 0, &own, &error), GROVE_OK);
    check_value(again, 0, 2, "red", 2);
    grove_dataset_free(a);
    grove_dataset_free(b);
    grove_schema_free(again);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

static const int64_t COUNTS[] = {5, 4, -1}, UP[] = {0, 1, 2, 3}, DOWN[] = {0, 2, 1, 3},
                     LATE[] = {1, 2, 3, 3}, HOLLOW[] = {0, 1, 1, 3};

static const struct refused_vocabulary {
    grove_vocabulary vocabulary;
    const char *words;
} REFUSED_VOCABULARIES[] = {
    {{-1, 0, "", UP, COUNTS, 0, 0}, "its size or counts cannot be"},
    {{2, 2, "ab", NULL, COUNTS, 0, 0}, "its size or counts cannot be"},
    {{2, 2, "ab", UP, NULL, 0, 0}, "its size or counts cannot be"},
    {{2, 2, "ab", UP, COUNTS, -1, 0}, "its size or counts cannot be"},
    {{INT32_MAX, 2, "ab", UP, COUNTS, 0, 0}, "its size or counts cannot be"},
    {{3, 3, "abc", LATE, COUNTS, 0, 0}, "its offsets do not span its bytes"},
    {{2, 3, "abc", UP, COUNTS, 0, 0}, "its offsets do not span its bytes"},
    {{3, 3, "abc", DOWN, COUNTS, 0, 0}, "its offsets do not ascend"},
    {{3, 3, "abc", HOLLOW, COUNTS, 0, 0}, "one of its values is empty"},
    {{3, 3, "abc", UP, COUNTS, 0, 0}, "one of its counts is negative"},
    {{2, 2, "aa", UP, COUNTS, 0, 0}, "a value stands there twice"},
};

START_TEST(stored_vocabularies_that_cannot_be) {
    grove_schema *s = grove_schema_new(NULL);
    grove_error error;
    char words[100];
    ck_assert_int_eq(grove_schema_add_column(s, "c", GROVE_COLUMN_CATEGORICAL, NULL, &error),
                     GROVE_OK);
    snprintf(words, sizeof words, "the vocabulary of column 'c': %s",
             REFUSED_VOCABULARIES[_i].words);
    ck_assert_int_eq(
        grove_schema_set_vocabulary(s, 0, &REFUSED_VOCABULARIES[_i].vocabulary, &error),
        GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, words);
    grove_schema_free(s);
}
END_TEST

START_TEST(stored_columns_that_cannot_be) {
    grove_schema *s = grove_schema_new(NULL);
    grove_error e;
    grove_vocabulary one = {1, 1, "a", UP, COUNTS, 0, 0}, none = {0, 0, NULL, UP, NULL, 3, 4};
    ck_assert_int_eq(grove_schema_add_column(s, "y", GROVE_COLUMN_LABEL, "r", &e), GROVE_OK);
    ck_assert_int_eq(grove_schema_add_column(s, "", GROVE_COLUMN_LABEL, "", &e),
                     GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(e.message, "a column of a schema needs a name");
    ck_assert_int_eq(grove_schema_add_column(s, "y", GROVE_COLUMN_NUMERIC, "", &e), GROVE_BAD_DATA);
    ck_assert_str_eq(e.message, "two columns are called 'y'");
    ck_assert_int_eq(grove_schema_add_column(s, "z", GROVE_COLUMN_LABEL, "", &e), GROVE_BAD_DATA);
    ck_assert_str_eq(e.message, "column 'z': 'y' is the label already");
    ck_assert_int_eq(grove_schema_add_column(s, "z", (grove_column_kind)9, "", &e),
                     GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(e.message, "column 'z': 9 is no kind of column");
    ck_assert_int_eq(grove_schema_set_vocabulary(s, 0, &one, &e), GROVE_BAD_DATA);
    ck_assert_str_eq(e.message, "the vocabulary of column 'y': a label needs two classes or more");
    ck_assert_int_eq(grove_schema_set_vocabulary(s, 1, &one, &e), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(e.message, "the schema has 1 columns, none of number 1");
    ck_assert_int_eq(grove_schema_set_scale(s, 0, 0, 1, 0, &e), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(e.message, "column 'y' is label, and has no scale");
    ck_assert_int_eq(grove_schema_add_column(s, "n", GROVE_COLUMN_NUMERIC, "", &e), GROVE_OK);
    ck_assert_int_eq(grove_schema_set_vocabulary(s, 1, &one, &e), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(e.message, "column 'n' is numeric, and has no vocabulary");
    const double scales[][2] = {{NAN, 1}, {INFINITY, 1}, {0, 0}, {0, -1}, {0, NAN}, {0, INFINITY}};
    for (size_t i = 0; i < COUNT(scales); i++) {
        ck_assert_int_eq(grove_schema_set_scale(s, 1, scales[i][0], scales[i][1], 0, &e),
                         GROVE_BAD_DATA);
    }
    ck_assert_int_eq(grove_schema_set_scale(s, 1, 0, 1, -1, &e), GROVE_BAD_DATA);
    ck_assert_str_eq(e.message,
                     "the scale of column 'n': it takes a finite mean, a deviation above "
                     "0 and a count that is not negative");
    ck_assert_int_eq(grove_schema_add_column(s, "c", GROVE_COLUMN_CATEGORICAL, "", &e), GROVE_OK);
    ck_assert_int_eq(grove_schema_set_vocabulary(s, 2, &none, &e), GROVE_OK);
    ck_assert_int_eq(grove_schema_ids(s, 2), 2);
    ck_assert_int_eq(grove_schema_count(s, 2, 1), 4);
    ck_assert_int_eq(grove_schema_vocabulary(s, 2).size, 0);
    grove_schema_free(s);
}
END_TEST

START_TEST(names_of_kinds) {
    static const char *const NAMES[] = {"categorical", "numeric", "label", "ignored"};
    grove_column_kind kind;
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(grove_column_kind_name((grove_column_kind)i), NAMES[i]);
        ck_assert(grove_column_kind_from_name(NAMES[i], &kind) && (int)kind == i);
    }
    ck_assert_str_eq(grove_column_kind_name((grove_column_kind)99), "unknown");
    ck_assert(!grove_column_kind_from_name("number", &kind));
}
END_TEST

START_TEST(names_are_so_far_apart) {
    char a[80], b[80];
    const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"", "", 0},
                 {"", "abc", 3},
                 {"label", "label", 0},
                 {"label", "lable", 1},
                 {"label", "labels", 1},
                 {"label", "babel", 1},
                 {"kitten", "sitting", 3},
                 {"ab", "ba", 1},
                 {"ca", "abc", 3},
                 {"abcd", "badc", 2},
                 {"x", "yz", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grove_cell x = {cases[i].a, strlen(cases[i].a)}, y = {cases[i].b, strlen(cases[i].b)};
        ck_assert_uint_eq(grove_cell_distance(x, y), cases[i].distance);
        ck_assert_uint_eq(grove_cell_distance(y, x), cases[i].distance);
    }
    memset(a, 'a', sizeof a); /* what stands behind the 63rd byte is not looked at */
    memset(b, 'a', sizeof b);
    memset(b + 63, 'b', sizeof b - 63);
    grove_cell x = {a, sizeof a}, y = {b, sizeof b};
    ck_assert_uint_eq(grove_cell_distance(x, y), 0);
    b[62] = 'b';
    ck_assert_uint_eq(grove_cell_distance(x, y), 1);
    ck_assert_uint_eq(grove_cell_distance(x, (grove_cell){a, 10}), 53);
}
END_TEST

/* ---- splits, shuffles, batches --------------------------------------------------------------- */

START_TEST(a_shuffle_is_an_order_of_its_rows) {
    enum { N = 1000 };
    static size_t first[N], again[N], other[N], rows[N];
    bool seen[N] = {false};
    grove_shuffle(NULL, N, 7, 3, first);
    grove_shuffle(NULL, N, 7, 3, again);
    ck_assert_mem_eq(first, again, sizeof first);
    size_t in_place = 0;
    for (size_t i = 0; i < N; i++) {
        ck_assert(first[i] < N && !seen[first[i]]);
        seen[first[i]] = true;
        in_place += first[i] == i;
        rows[i] = 5 * i;
    }
    ck_assert_uint_lt(in_place, 10);
    grove_shuffle(NULL, N, 7, 4, other);
    ck_assert_mem_ne(first, other, sizeof first);
    grove_shuffle(NULL, N, 8, 3, other);
    ck_assert_mem_ne(first, other, sizeof first);
    grove_shuffle(rows, N, 7, 3, other);
    for (size_t i = 0; i < N; i++) {
        ck_assert_uint_eq(other[i], 5 * first[i]);
    }
    grove_shuffle(NULL, 0, 1, 1, first);
    grove_shuffle(NULL, 1, 1, 1, first);
    ck_assert_uint_eq(first[0], 0);
}
END_TEST

/* These numbers are part of the contract: another machine, another compiler, the same order. */
START_TEST(shuffles_and_splits_are_the_same_everywhere) {
    size_t order[8];
    const size_t expected[8] = {2, 4, 1, 5, 3, 0, 6, 7};
    grove_shuffle(NULL, 8, 7, 0, order);
    ck_assert_mem_eq(order, expected, sizeof order);
    grove_split split;
    ck_assert_int_eq(grove_split_rows(20, NULL, 0.25, 7, NULL, &split, NULL), GROVE_OK);
    const size_t valid[5] = {3, 5, 8, 13, 19};
    ck_assert_uint_eq(split.valid_count, 5);
    ck_assert_mem_eq(split.valid, valid, sizeof valid);
    grove_split_free(&split);
}
END_TEST

/* Each position should be met by each row about equally often: 3 rows, 6000 orders. */
START_TEST(shuffles_are_fair) {
    int met[3][3] = {{0}};
    for (uint64_t epoch = 0; epoch < 6000; epoch++) {
        size_t order[3];
        grove_shuffle(NULL, 3, 1, epoch, order);
        for (size_t i = 0; i < 3; i++) {
            met[i][order[i]]++;
        }
    }
    for (int i = 0; i < 9; i++) {
        ck_assert_int_ge(met[i / 3][i % 3], 1850);
        ck_assert_int_le(met[i / 3][i % 3], 2150);
    }
}
END_TEST

START_TEST(a_split_keeps_the_mix_of_labels) {
    enum { N = 1003 };
    int32_t labels[N];
    for (int i = 0; i < N; i++) {
        labels[i] = i < 3 ? 100 + i : i % 10 == 0 ? -1 : 1; /* three classes of one row */
    }
    grove_split a, b;
    grove_error error;
    ck_assert_int_eq(grove_split_rows(N, labels, 0.2, 5, NULL, &a, &error), GROVE_OK);
    ck_assert_int_eq(grove_split_rows(N, labels, 0.2, 5, NULL, &b, &error), GROVE_OK);
    ck_assert_uint_eq(a.train_count + a.valid_count, N);
    ck_assert_uint_ge(a.valid_count, 199);
    ck_assert_uint_le(a.valid_count, 201);
    ck_assert_mem_eq(a.train, b.train, N * sizeof *a.train);
    int rare = 0;
    bool seen[N] = {false};
    for (size_t i = 0; i < N; i++) {
        size_t row = i < a.valid_count ? a.valid[i] : a.train[i - a.valid_count];
        ck_assert(!seen[row]);
        seen[row] = true;
        rare += i < a.valid_count && labels[row] == -1;
        ck_assert(i >= a.valid_count || labels[row] < 100);
        ck_assert(i == 0 || i >= a.valid_count || a.valid[i - 1] < a.valid[i]);
    }
    ck_assert_int_ge(rare, 19);
    ck_assert_int_le(rare, 21);
    grove_split_free(&b);
    ck_assert_int_eq(grove_split_rows(N, labels, 0.2, 6, NULL, &b, &error), GROVE_OK);
    ck_assert_mem_ne(a.valid, b.valid, 100 * sizeof *a.valid);
    grove_split_free(&a);
    grove_split_free(&b);
    grove_split_free(NULL);
}
END_TEST

START_TEST(splits_of_tables_and_what_is_refused) {
    grove_table *t = read_text(TREES, NULL);
    grove_split split, same;
    grove_error error;
    ck_assert_int_eq(grove_split_table(t, "y", 0.3, 1, NULL, &split, &error), GROVE_OK);
    ck_assert_uint_eq(split.valid_count, 2);
    const int32_t labels[] = {0, 1, 1, 0, 0, 1, 0};
    ck_assert_int_eq(grove_split_rows(7, labels, 0.3, 1, NULL, &same, &error), GROVE_OK);
    ck_assert_mem_eq(split.train, same.train, 7 * sizeof(size_t));
    grove_split_free(&same);
    grove_split_free(&split);
    ck_assert_int_eq(grove_split_table(t, NULL, 0, 1, NULL, &split, &error), GROVE_OK);
    ck_assert_uint_eq(split.train_count, 7);
    grove_split_free(&split);
    ck_assert_int_eq(grove_split_table(t, "z", 0.3, 1, NULL, &split, &error), GROVE_NOT_FOUND);
    ck_assert_str_eq(error.message, "t.csv has no column 'z'; the nearest name is 'y'");
    ck_assert_int_eq(grove_split_rows(7, NULL, 1, 1, NULL, &split, &error), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message,
                     "the share of rows for validation is 1; it must be 0 or more, below 1");
    ck_assert_int_eq(grove_split_rows(7, NULL, NAN, 1, NULL, &split, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_split_rows(0, NULL, 0.1, 1, NULL, &split, &error), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "0 rows cannot be split");
    ck_assert_ptr_null(split.train);
    grove_split_free(&split);
    grove_table_free(t);
}
END_TEST

START_TEST(batches_are_gathered) {
    grove_table *t = read_text("a,b,n,y\np,u,1,0\nq,v,2,1\np,v,3,0\nq,u,4,1\n", NULL);
    grove_schema *s = fitted(t, &(grove_schema_options){.label = "y", .min_count = 1});
    grove_dataset *d = encoded(s, t, true);
    int32_t a[3] = {-7, -7, -7}, b[3], labels[3];
    float numbers[3];
    grove_batch batch = {(int32_t *[]){a, b}, numbers, labels};
    const size_t order[] = {0, 3, 1, 0};
    grove_error error;
    ck_assert_int_eq(grove_dataset_gather(d, order, 1, 3, &batch, &error), GROVE_OK);
    ck_assert_mem_eq(a, ((const int32_t[]){3, 3, 2}), sizeof a);
    ck_assert_mem_eq(b, ((const int32_t[]){2, 3, 2}), sizeof b);
    ck_assert_mem_eq(labels, ((const int32_t[]){1, 1, 0}), sizeof labels);
    ck_assert(numbers[0] > numbers[1] && numbers[1] > numbers[2]);
    ck_assert_float_eq(numbers[0], grove_dataset_numbers(d)[3]);
    a[2] = -7;
    ck_assert_int_eq(grove_dataset_gather(d, NULL, 2, 2, &batch, &error), GROVE_OK);
    ck_assert_mem_eq(a, ((const int32_t[]){2, 3, -7}), sizeof a);
    ck_assert_int_eq(grove_dataset_gather(d, NULL, 0, 0, &batch, &error), GROVE_OK);
    ck_assert_int_eq(grove_dataset_gather(d, NULL, 0, 2, &(grove_batch){.labels = labels}, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_dataset_gather(d, NULL, 3, 2, &batch, &error), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "row 4 of a dataset of 4 rows");
    grove_dataset_free(d);
    grove_schema_free(s);
    grove_table_free(t);
}
END_TEST

/* ---- an allocator that fails ----------------------------------------------------------------- */

/* Fails the call after `left` more, and with `for_good` all after that; counts living blocks. */
typedef struct failing {
    long left, live;
    bool for_good, failed;
} failing;

static void *failing_resize(void *user, void *pointer, size_t size) {
    failing *state = user;
    if (size == 0) {
        state->live--;
        free(pointer);
        return NULL;
    }
    if (state->left-- == 0) {
        state->left = state->for_good ? 0 : -1;
        state->failed = true;
        return NULL;
    }
    void *block = realloc(pointer, size);
    ck_assert_ptr_nonnull(block);
    state->live += pointer == NULL;
    return block;
}

/* From text to a dataset, with all that lies between. */
static grove_status whole_way(const grove_allocator *memory, const char *text, grove_error *error) {
    grove_table *table = NULL;
    grove_schema *schema = NULL, *again = NULL;
    grove_dataset *dataset = NULL;
    grove_split split = {.allocator = *memory};
    grove_status status = grove_table_read_csv_bytes(
        text, strlen(text), "t.csv", &(grove_csv_options){.allocator = *memory}, &table, error);
    if (status == GROVE_OK) {
        grove_schema_options options = {.label = "y", .allocator = *memory};
        status = grove_schema_guess(table, &options, &schema, error);
    }
    if (status == GROVE_OK) {
        status = grove_split_table(table, "y", 0.25, 1, memory, &split, error);
    }
    if (status == GROVE_OK) {
        status = grove_schema_fit(schema, table, split.train, split.train_count, error);
    }
    if (status == GROVE_OK) {
        status = rebuild(schema, memory, &again, error);
    }
    if (status == GROVE_OK) {
        status = grove_schema_encode(again, table, &(grove_encode_options){true}, &dataset, error);
    }
    grove_dataset_free(dataset);
    grove_split_free(&split);
    grove_schema_free(again);
    grove_schema_free(schema);
    grove_table_free(table);
    return status;
}

START_TEST(each_failing_allocation_is_survived) {
    char text[8192] = "color,code,weight,y\n";
    for (int i = 0; i < 200; i++) {
        sprintf(text + strlen(text), "c%d,%d,%s,%d\n", i % 60, i % 40 * 7919, i % 7 ? "1.5" : "",
                i % 3);
    }
    grove_error error;
    grove_status status = GROVE_NO_MEMORY;
    long n = 0;
    for (; status != GROVE_OK; n++) {
        failing state = {.left = n, .for_good = _i == 1};
        grove_allocator memory = {failing_resize, &state};
        status = whole_way(&memory, text, &error);
        ck_assert_int_eq(state.live, 0);
        ck_assert_int_eq(status, state.failed ? GROVE_NO_MEMORY : GROVE_OK);
    }
    ck_assert_int_gt(n, 60);
}
END_TEST

START_TEST(a_row_that_found_no_memory_leaves_no_trace) {
    for (long n = 0; n < 40; n++) {
        failing state = {.left = n};
        grove_allocator memory = {failing_resize, &state};
        grove_table *t;
        if (grove_table_new((const char *[]){"a", "b"}, 2, &memory, &t, NULL) != GROVE_OK) {
            ck_assert_int_eq(state.live, 0);
            continue;
        }
        size_t rows = 0;
        for (int i = 0; i < 100; i++) {
            char text[32];
            snprintf(text, sizeof text, "value %d", i);
            rows += grove_table_append(t, (const char *[]){text, text}, NULL) == GROVE_OK;
        }
        ck_assert_uint_ge(rows, 99);
        ck_assert_uint_eq(grove_table_rows(t), rows);
        check_cell(t, rows - 1, 0, "value 99");
        check_cell(t, rows - 1, 1, "value 99");
        grove_table_free(t);
        ck_assert_int_eq(state.live, 0);
    }
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

/* Whatever the bytes are, they are read or refused with a sentence. */
START_TEST(random_bytes_are_survived) {
    static const char ALPHABET[] = "a1,\"\n\r \t;.-";
    uint64_t state = 3;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        size_t size = next_random(&state) % sizeof text;
        for (size_t j = 0; j < size; j++) {
            text[j] = ALPHABET[next_random(&state) % (sizeof ALPHABET - 1 + (i % 8 == 0))];
        }
        grove_table *table;
        grove_error error;
        grove_csv_options options = {.trim = i % 2, .no_header = i % 3 == 0};
        if (grove_table_read_csv_bytes(text, size, "r", &options, &table, &error) == GROVE_OK) {
            grove_schema *schema = fitted(table, NULL);
            grove_dataset_free(encoded(schema, table, false));
            grove_schema_free(schema);
            grove_table_free(table);
        } else {
            ck_assert_int_eq(error.status, GROVE_BAD_DATA);
            ck_assert_int_gt((int)strlen(error.message), 10);
        }
    }
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------------- */

static TCase *chapter(Suite *suite, const char *name) {
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_tables(Suite *suite) {
    TCase *csv = chapter(suite, "csv");
    tcase_add_test(csv, empty_cells_are_counted);
    tcase_add_test(csv, rows_names_and_cells);
    tcase_add_test(csv, byte_order_mark_crlf_and_no_last_line_end);
    tcase_add_test(csv, line_ends_and_quotes_within_quotes);
    tcase_add_test(csv, blanks_are_kept_or_trimmed);
    tcase_add_test(csv, separators_and_no_header);
    tcase_add_test(csv, lines_are_passed_over);
    tcase_add_test(csv, decimal_commas);
    tcase_add_test(csv, what_is_passed_over_can_be_all);
    tcase_add_loop_test(csv, separators_are_guessed, 0, COUNT(SEPARATED));
    tcase_add_test(csv, long_files_are_guessed_by_their_first_lines);
    tcase_add_loop_test(csv, what_is_wrong_is_refused_in_words, 0, (int)COUNT(REFUSED));
    tcase_add_test(csv, files_and_options_that_cannot_be_used);
    tcase_add_test(csv, a_cell_of_10_MB);
    tcase_add_test(csv, a_stream_is_read_like_memory);
    tcase_add_loop_test(csv, packed_files_are_read_like_plain_ones, 0, COUNT(PACKERS));
    tcase_add_loop_test(csv, packed_files_that_are_damaged, 0, COUNT(PACKERS));
    tcase_add_test(csv, a_file_by_its_path);
    tcase_add_test(csv, a_table_of_a_programs_own);
    tcase_add_test(csv, written_cells_are_quoted_where_they_must_be);
    tcase_add_test(csv, what_is_written_is_read_back);
    tcase_add_test(csv, random_bytes_are_survived);
    TCase *numbers = chapter(suite, "numbers");
    tcase_add_test(numbers, numbers_and_what_is_none);
    tcase_add_test(numbers, powers_of_ten_as_printf_writes_them);
    tcase_add_test(numbers, a_digit_far_behind_decides);
    tcase_add_test(numbers, numbers_are_written_short);
    tcase_add_test(numbers, the_locale_does_not_matter);
    TCase *many = chapter(suite, "millions of numbers");
    tcase_set_tags(many, "lengthy");
    tcase_add_test(many, floats_as_printf_writes_them);
    tcase_add_test(many, short_numbers_as_strtod_reads_them);
    tcase_add_test(many, random_numbers_come_back);
}

static void add_schemas(Suite *suite) {
    TCase *guessing = chapter(suite, "guessing and fitting");
    tcase_add_loop_test(guessing, kinds_are_guessed_and_say_why, 0, (int)COUNT(GUESSED));
    tcase_add_test(guessing, kinds_can_be_told);
    tcase_add_loop_test(guessing, wishes_that_cannot_be_met, 0, (int)COUNT(REFUSED_OPTIONS));
    tcase_add_test(guessing, a_table_without_rows_has_no_schema);
    tcase_add_test(guessing, vocabularies_in_their_order);
    tcase_add_test(guessing, rare_values_teach_the_unknown_row_by_default);
    tcase_add_test(guessing, only_training_rows_are_looked_at);
    tcase_add_test(guessing, classes_in_the_order_of_numbers);
    tcase_add_test(guessing, scales_and_features);
    tcase_add_test(guessing, tables_a_schema_cannot_be_fitted_to);
    TCase *encoding = chapter(suite, "encoding and storing");
    tcase_add_test(encoding, cells_become_ids_and_numbers);
    tcase_add_test(encoding, labels_are_only_there_when_asked_for);
    tcase_add_loop_test(encoding, tables_that_cannot_be_encoded, 0, (int)COUNT(REFUSED_TABLES));
    tcase_add_test(encoding, long_lists_are_cut);
    tcase_add_test(encoding, a_schema_must_be_fitted_and_have_what_is_asked_for);
    tcase_add_test(encoding, a_schema_made_again_encodes_the_same);
    tcase_add_loop_test(encoding, stored_vocabularies_that_cannot_be, 0,
                        (int)COUNT(REFUSED_VOCABULARIES));
    tcase_add_test(encoding, stored_columns_that_cannot_be);
    tcase_add_test(encoding, names_of_kinds);
}

static void add_batches(Suite *suite) {
    TCase *batches = chapter(suite, "splits and batches");
    tcase_add_test(batches, names_are_so_far_apart);
    tcase_add_test(batches, a_shuffle_is_an_order_of_its_rows);
    tcase_add_test(batches, shuffles_and_splits_are_the_same_everywhere);
    tcase_add_test(batches, shuffles_are_fair);
    tcase_add_test(batches, a_split_keeps_the_mix_of_labels);
    tcase_add_test(batches, splits_of_tables_and_what_is_refused);
    tcase_add_test(batches, batches_are_gathered);
    TCase *memory = chapter(suite, "memory");
    tcase_add_loop_test(memory, each_failing_allocation_is_survived, 0, 2);
    tcase_add_test(memory, a_row_that_found_no_memory_leaves_no_trace);
}

int main(void) {
    Suite *suite = suite_create("data");
    add_tables(suite);
    add_schemas(suite);
    add_batches(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
