/* SPDX-License-Identifier: MIT
 *
 * The reader of CSV beside libcsv, on random text: both must find the same cells on the same lines,
 * or refuse the same texts for the same reason. libcsv is given one byte at a time. */
#include <check.h>
#include <csv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/data_table.h"

/* ---- what libcsv says ------------------------------------------------------------------------ */

typedef struct reference {
    struct csv_parser parser;
    const grove_csv_options *options;
    FILE *out; /* cells with their lengths, and the line where each row begins */
    size_t line, cell_line, row_line, header_line, columns, rows, row_cells;
    char refused[240];
} reference;

static void take_cell(void *bytes, size_t length, void *user) {
    reference *r = user;
    r->row_cells++;
    fprintf(r->out, "%zu=", length);
    fwrite(length ? bytes : "", 1, length, r->out);
}

static void take_row(int end, void *user) {
    (void)end;
    reference *r = user;
    if (r->columns == 0) {
        r->columns = r->row_cells;
        r->header_line = r->row_line;
    }
    if (r->row_cells != r->columns && !*r->refused) {
        char first[40] = "the header";
        if (r->options->no_header) {
            snprintf(first, sizeof first, "line %zu", r->header_line);
        }
        snprintf(r->refused, sizeof r->refused, "t.csv: line %zu has %zu cell%s, %s has %zu",
                 r->row_line, r->row_cells, r->row_cells == 1 ? "" : "s", first, r->columns);
    }
    bool header = r->rows++ == 0 && !r->options->no_header;
    fprintf(r->out, "@%zu\n", header ? 0 : r->row_line);
    r->row_cells = 0;
}

static int no_space(unsigned char byte) {
    (void)byte;
    return 0;
}

static void refuse(reference *r, size_t line, const char *words) {
    if (!*r->refused) {
        snprintf(r->refused, sizeof r->refused, "t.csv: line %zu%s", line, words);
    }
}

static void take_byte(reference *r, char byte, char before) {
    enum { ROW_NOT_BEGUN = 0, FIELD_NOT_BEGUN = 1 }; /* what libcsv calls them, unseen */
    if (byte == '\0') {
        refuse(r, r->line, " has a NUL byte: this is no text in UTF-8");
        return;
    }
    r->row_line = r->parser.pstate == ROW_NOT_BEGUN ? r->line : r->row_line;
    r->cell_line = r->parser.pstate <= FIELD_NOT_BEGUN ? r->line : r->cell_line;
    if (csv_parse(&r->parser, &byte, 1, take_cell, take_row, r) != 1) {
        refuse(r, r->line,
               r->parser.quoted
                   ? ": text after a closing quote (a quote within quotes is written twice)"
                   : ": a quote within a cell that does not begin with one (put the whole cell "
                     "in quotes, and write its own quotes twice)");
    }
    r->line += byte == '\r' || (byte == '\n' && before != '\r');
}

/* Cells and lines, or the sentence of refusal. */
static char *ask_libcsv(const char *text, size_t size, const grove_csv_options *options) {
    reference r = {.options = options, .line = 1, .cell_line = 1, .row_line = 1};
    char *cells;
    size_t length, begin = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    r.out = open_memstream(&cells, &length);
    csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&r.parser, (unsigned char)options->separator);
    if (!options->trim) {
        csv_set_space_func(&r.parser, no_space);
    }
    for (size_t i = begin; i < size && !*r.refused; i++) {
        take_byte(&r, text[i], i > begin ? text[i - 1] : 'x');
    }
    if (!*r.refused && csv_fini(&r.parser, take_cell, take_row, &r) != 0) {
        refuse(&r, r.cell_line, ": a quote is opened and never closed");
    }
    csv_free(&r.parser);
    fclose(r.out);
    const char *words = *r.refused                           ? r.refused
                        : r.rows == 0                        ? "t.csv: the file is empty"
                        : r.rows == 1 && !options->no_header ? "t.csv: the file has a header, but "
                                                               "no row below it"
                                                             : NULL;
    if (words) {
        free(cells);
        cells = strdup(words);
    }
    return cells;
}

/* ---- what grove says ------------------------------------------------------------------------- */

static char *dump(const grove_table *table, bool header) {
    char *cells;
    size_t length;
    FILE *out = open_memstream(&cells, &length);
    for (size_t i = 0; header && i < grove_table_columns(table); i++) {
        fprintf(out, "%zu=%s", strlen(grove_table_name(table, i)), grove_table_name(table, i));
    }
    fputs(header ? "@0\n" : "", out);
    for (size_t row = 0; row < grove_table_rows(table); row++) {
        for (size_t i = 0; i < grove_table_columns(table); i++) {
            grove_cell cell = grove_table_cell(table, row, i);
            ck_assert_int_eq(cell.bytes[cell.length], '\0');
            fprintf(out, "%zu=", cell.length);
            fwrite(cell.bytes, 1, cell.length, out);
        }
        fprintf(out, "@%zu\n", grove_table_line(table, row));
    }
    fclose(out);
    return cells;
}

static char *ask_grove(const char *text, size_t size, const grove_csv_options *options,
                       bool stream) {
    grove_table *table;
    grove_error error;
    grove_status status;
    if (stream) {
        FILE *file = tmpfile();
        fwrite(text, 1, size, file);
        rewind(file);
        status = grove_table_read_csv_stream(file, "t.csv", options, &table, &error);
        fclose(file);
    } else {
        status = grove_table_read_csv_bytes(text, size, "t.csv", options, &table, &error);
    }
    if (status != GROVE_OK) {
        ck_assert_int_eq(status, GROVE_BAD_DATA);
        return strdup(error.message);
    }
    char *cells = dump(table, !options->no_header);
    grove_table_free(table);
    return cells;
}

/* ---- random text ----------------------------------------------------------------------------- */

static unsigned draw(uint64_t *random, unsigned below) {
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*random >> 33) % below;
}

/* Rows of two cells, mostly as they should be, and now and then a byte that disturbs. */
static size_t make_text(uint64_t *random, char separator, char *text, size_t room) {
    static const char *const cells[] = {
        "",         "a",     "\"\"",         "\"q\"\"uote\"", "\"\r\n\n\"", "\"x,;\t\"",
        "12345678", " b \t", "\xC3\xA9\x01", "\" \" ",        "-1.5e3"};
    static const char *const ends[] = {"\n", "\n", "\r\n", "\r", "\n\n", " \n", "\n\r"};
    static const char disturbing[] = "\"\"\n\r, ;\t\0x";
    size_t used = 0;
    unsigned parts = 2 * (1 + draw(random, 6)) - (draw(random, 9) == 0);
    for (unsigned i = 0; i < parts && used + 64 < room; i++) {
        const char *cell = cells[draw(random, sizeof cells / sizeof *cells)];
        for (unsigned k = draw(random, 3) ? 0 : draw(random, 20); k > 0; k--) {
            text[used++] = (char)('a' + k);
            cell = cell[0] == '"' || cell[0] == ' ' ? "" : cell;
        }
        memcpy(text + used, cell, strlen(cell));
        used += strlen(cell);
        const char *end = ends[draw(random, sizeof ends / sizeof *ends)];
        size_t length = i % 2 ? strlen(end) : 1;
        memcpy(text + used, i % 2 ? end : &separator, length);
        used += length - (i + 1 == parts && draw(random, 2));
    }
    for (unsigned k = draw(random, 3) ? 0 : 1 + draw(random, 2); k > 0 && used > 0; k--) {
        text[draw(random, (unsigned)used)] = disturbing[draw(random, sizeof disturbing - 1)];
    }
    return used;
}

static grove_csv_options draw_options(uint64_t *random) {
    static const char separators[] = ",,,;\t x\x01\xFF";
    return (grove_csv_options){.separator = separators[draw(random, sizeof separators - 1)],
                               .no_header = draw(random, 4) > 0,
                               .trim = draw(random, 2)};
}

static void compare(const char *text, size_t size, const grove_csv_options *options, bool stream,
                    int *taken) {
    char *expected = ask_libcsv(text, size, options);
    char *found = ask_grove(text, size, options, stream);
    bool refused = strncmp(expected, "t.csv: ", 7) == 0;
    ck_assert_msg(strcmp(expected, found) == 0,
                  "separator %d, trim %d: %.*s\nlibcsv: %.600s\ngrove: %.600s", options->separator,
                  options->trim, (int)(size < 600 ? size : 600), text, expected, found);
    *taken += !refused;
    free(expected);
    free(found);
}

START_TEST(random_texts) {
    enum { TEXTS = 60000 };
    uint64_t random = 1;
    int taken = 0;
    for (int i = 0; i < TEXTS; i++) {
        char text[512];
        grove_csv_options options = draw_options(&random);
        size_t begin = 0;
        if (draw(&random, 8) == 0) {
            memcpy(text, "\xEF\xBB\xBF", begin = 3);
        }
        if (!options.no_header) {
            text[begin++] = 'h';
            text[begin++] = options.separator;
            text[begin++] = 'i';
            text[begin++] = '\n';
        }
        size_t size = begin + make_text(&random, options.separator, text + begin, 400);
        compare(text, size, &options, draw(&random, 16) == 0, &taken);
    }
    /* Enough of both, to be a test of both. */
    ck_assert_int_gt(taken, TEXTS / 4);
    ck_assert_int_lt(taken, 3 * TEXTS / 4);
}
END_TEST

/* The text lies across the border of two blocks of the reader. */
START_TEST(blocks_end_anywhere) {
    enum { BLOCK = 1 << 16, TEXTS = 600 };
    uint64_t random = 2;
    int taken = 0;
    char *text = malloc(BLOCK + 1024);
    for (int i = 0; i < TEXTS; i++) {
        grove_csv_options options = draw_options(&random);
        options.no_header = true;
        options.separator = options.separator == 'x' ? ',' : options.separator;
        size_t begin = BLOCK - 1 - draw(&random, 60);
        memset(text, 'x', begin);
        text[begin / 2] = options.separator;
        text[begin - 1] = '\n';
        size_t size = begin + make_text(&random, options.separator, text + begin, 400);
        compare(text, size, &options, i % 2, &taken);
    }
    free(text);
    ck_assert_int_gt(taken, TEXTS / 4);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("csv_reference");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 100);
    tcase_add_test(all, random_texts);
    tcase_add_test(all, blocks_end_anywhere);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
