/* SPDX-License-Identifier: MIT
 *
 * Reading CSV: one pass over the bytes, from the block that was read into the table's pool of cells.
 * A state says what the cell under way is; a block may end anywhere in it. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "csv_run.h"
#include "message.h"
#include "table.h"

enum { BLOCK_BYTES = 1 << 16 };

typedef enum cell_state {
    PLAIN,       /* outside quotes; perhaps nothing of the cell was seen */
    QUOTED,      /* within quotes */
    CLOSED,      /* a quote was met within quotes: it ends the cell, or a second one follows */
    CLOSED_BLANK /* blanks behind it */
} cell_state;

typedef struct reader {
    grove_table *table;
    bool no_header, trim;
    char separator;
    grove_csv_run separators; /* where to stop outside quotes, and within */
    grove_csv_run quotes;
    bool started;        /* the first bytes were seen, a byte order mark skipped */
    const char *block;   /* the bytes under way */
    bool after_cr;       /* the block before them ended with a CR */
    cell_state state;    /* of the cell under way */
    size_t length;       /* its bytes; they stand in the pool, behind the cells before it */
    size_t line;         /* the one under way, from 1 */
    size_t cell_line;    /* where the cell under way began */
    size_t row_line;     /* where the row under way began */
    size_t header_line;  /* where the row began that says how many cells there are */
    size_t row_cells;    /* of the row under way */
    grove_status status; /* the first mistake; nothing is read after it */
    grove_error *error;
} reader;

static void out_of_memory(reader *r, size_t size) {
    r->status = grove_fail_memory(r->error, size);
}

/* "data.csv: line 3 WORDS" */
static void refuse(reader *r, size_t line, const char *words) {
    char place[GROVE_PLACE_SIZE];
    grove_place(place, r->table->source, line);
    r->status = grove_fail(r->error, GROVE_BAD_DATA, "%s%s", place, words);
}

static void refuse_nul(reader *r) {
    refuse(r, r->line, " has a NUL byte: this is no text in UTF-8");
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The cells of the first row become names, or are named c1, c2... */
static void take_header(reader *r) {
    grove_table *table = r->table;
    size_t count = r->row_cells, size = count * (sizeof(grove_cell) + 24);
    grove_cell *names = grove_alloc(&table->allocator, size);
    if (!names) {
        out_of_memory(r, size);
        return;
    }
    char *text = (char *)(names + count);
    for (size_t i = 0; i < count; i++, text += 24) {
        if (r->no_header) {
            names[i] = (grove_cell){text, (size_t)snprintf(text, 24, "c%zu", i + 1)};
        } else {
            names[i] = grove_table_cell_at(table, i);
        }
    }
    r->header_line = r->row_line;
    r->status = grove_table_set_names(table, names, count, r->row_line, r->error);
    grove_release(&table->allocator, names);
}

static void end_row(reader *r) {
    grove_table *table = r->table;
    bool is_first = table->columns == 0;
    if (r->status == GROVE_OK && is_first) {
        take_header(r);
    }
    if (r->status == GROVE_OK && r->row_cells != table->columns) {
        char place[GROVE_PLACE_SIZE], first[32] = "the header";
        if (r->no_header) {
            snprintf(first, sizeof first, "line %zu", r->header_line);
        }
        r->status = grove_fail(r->error, GROVE_BAD_DATA, "%s has %zu cell%s, %s has %zu",
                               grove_place(place, table->source, r->row_line), r->row_cells,
                               r->row_cells == 1 ? "" : "s", first, table->columns);
    } else if (r->status == GROVE_OK && is_first && !r->no_header) {
        grove_table_drop_row(table);
    } else if (r->status == GROVE_OK && !grove_table_end_row(table, r->row_line)) {
        out_of_memory(r, 2 * table->rows * sizeof(size_t));
    }
    r->row_cells = 0;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static char *bytes_of_cell(const reader *r) {
    return r->table->bytes + r->table->used;
}

static void end_cell(reader *r) {
    if (r->row_cells == 0) {
        r->row_line = r->cell_line;
    }
    if (!grove_table_seal_cell(r->table, r->length)) {
        out_of_memory(r, 2 * r->table->cells * sizeof(size_t));
    }
    r->row_cells++;
    r->cell_line = r->line;
    r->length = 0;
    r->state = PLAIN;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* Of a cell outside quotes. */
static void drop_blanks(reader *r) {
    char *bytes = bytes_of_cell(r);
    size_t begin = 0, end = r->length;
    while (end > 0 && is_blank(bytes[end - 1])) {
        end--;
    }
    while (begin < end && is_blank(bytes[begin])) {
        begin++;
    }
    r->length = end - begin;
    if (begin > 0) {
        memmove(bytes, bytes + begin, r->length);
    }
}

/* Nothing of a row was seen, or it has ended. */
static bool is_between_rows(const reader *r) {
    return r->row_cells == 0 && r->length == 0 && r->state == PLAIN;
}

/* The LF of a CRLF is no line end of its own. */
static void count_line(reader *r, const char *at) {
    bool after_cr = at > r->block ? at[-1] == '\r' : r->after_cr;
    r->line += *at == '\r' || !after_cr;
}

static void end_line(reader *r, const char *at) {
    if (!is_between_rows(r)) {
        end_cell(r);
        end_row(r);
    }
    count_line(r, at);
    r->cell_line = r->line;
}

/* Each of the three takes bytes in one state, at least one of them unless they are refused, and
 * returns where it has come to. */

static const char *take_plain(reader *r, const char *at, const char *end) {
    size_t length =
        grove_csv_copy(&r->separators, at, (size_t)(end - at), bytes_of_cell(r) + r->length);
    at += length;
    r->length += length;
    if (at == end) {
        return at;
    }
    char byte = *at;
    if (r->trim && (byte == r->separator || byte == '\n' || byte == '\r' || byte == '"')) {
        drop_blanks(r);
    }
    if (byte == r->separator) {
        end_cell(r);
    } else if (byte == '\n' || byte == '\r') {
        end_line(r, at);
    } else if (byte == '"' && r->length == 0) {
        r->state = QUOTED;
    } else if (byte == '"') {
        refuse(r, r->line,
               ": a quote within a cell that does not begin with one (put the whole cell "
               "in quotes, and write its own quotes twice)");
    } else if (byte == '\0') {
        refuse_nul(r);
    } else {
        bytes_of_cell(r)[r->length++] = byte;
    }
    return at + 1;
}

static const char *take_quoted(reader *r, const char *at, const char *end) {
    size_t length =
        grove_csv_copy(&r->quotes, at, (size_t)(end - at), bytes_of_cell(r) + r->length);
    at += length;
    r->length += length;
    if (at == end) {
        return at;
    }
    if (*at == '"') {
        r->state = CLOSED;
    } else if (*at == '\0') {
        refuse_nul(r);
    } else {
        bytes_of_cell(r)[r->length++] = *at;
        if (*at == '\n' || *at == '\r') {
            count_line(r, at);
        }
    }
    return at + 1;
}

static const char *take_closed(reader *r, const char *at) {
    char byte = *at;
    if (byte == r->separator) {
        end_cell(r);
    } else if (byte == '\n' || byte == '\r') {
        end_line(r, at);
    } else if (byte == '"' && r->state == CLOSED) {
        bytes_of_cell(r)[r->length++] = byte;
        r->state = QUOTED;
    } else if (r->trim && is_blank(byte)) {
        r->state = CLOSED_BLANK;
    } else if (byte == '\0') {
        refuse_nul(r);
    } else {
        refuse(r, r->line, ": text after a closing quote (a quote within quotes is written twice)");
    }
    return at + 1;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A cell and its NUL take no more room than it and the separator behind it took in the block, so
 * the pool needs room for as many bytes, and one for a last cell with nothing behind it. */
static void feed(reader *r, const char *bytes, size_t size) {
    if (!r->started && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    r->started = true;
    if (size > 0 && !grove_table_reserve(r->table, r->length, size)) {
        out_of_memory(r, size);
    }
    const char *end = bytes + size;
    r->block = bytes;
    for (const char *at = bytes; at < end && r->status == GROVE_OK;) {
        if (r->state == PLAIN) {
            at = take_plain(r, at, end);
        } else if (r->state == QUOTED) {
            at = take_quoted(r, at, end);
        } else {
            at = take_closed(r, at);
        }
    }
    r->after_cr = size > 0 && end[-1] == '\r';
}

static void finish(reader *r) {
    if (r->status == GROVE_OK && r->state == QUOTED) {
        refuse(r, r->cell_line, ": a quote is opened and never closed");
    }
    if (r->status == GROVE_OK && r->trim && r->state == PLAIN) {
        drop_blanks(r);
    }
    if (r->status == GROVE_OK && !is_between_rows(r)) {
        end_cell(r);
        end_row(r);
    }
    if (r->status == GROVE_OK && r->table->columns == 0) {
        refuse(r, 0, ": the file is empty");
    }
    if (r->status == GROVE_OK && r->table->rows == 0) {
        refuse(r, 0, ": the file has a header, but no row below it");
    }
}

/* ---- from begin to end ----------------------------------------------------------------------- */

static grove_status begin(reader *r, const char *name, const grove_csv_options *wanted,
                          grove_error *error) {
    grove_csv_options options = wanted ? *wanted : (grove_csv_options){0};
    char separator = options.separator ? options.separator : ',';
    grove_error_clear(error);
    if (separator == '"' || separator == '\n' || separator == '\r') {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "the separator of a CSV file cannot be a quote or a line end");
    }
    *r = (reader){.no_header = options.no_header,
                  .trim = options.trim,
                  .separator = separator,
                  .separators = grove_csv_run_to(separator),
                  .quotes = grove_csv_run_to('"'),
                  .error = error};
    r->line = r->cell_line = r->row_line = 1;
    r->table = grove_table_empty(name, &options.allocator);
    if (!r->table) {
        return grove_fail_memory(error, sizeof(grove_table));
    }
    return GROVE_OK;
}

/* Hands the table out, or frees it if something was wrong. */
static grove_status end(reader *r, grove_table **table) {
    if (r->status == GROVE_OK) {
        *table = r->table;
    } else {
        grove_table_free(r->table);
    }
    return r->status;
}

/* The first block was read: it tells how many cells and rows the rest holds, about. */
static void expect_rest(const reader *r, size_t first, size_t all) {
    grove_table *table = r->table;
    if (r->status == GROVE_OK && table->rows > 0 && all > first) {
        double times = 1.05 * (double)all / (double)first;
        grove_table_expect(table, all - first, times * (double)table->cells,
                           times * (double)table->rows);
    }
}

grove_status grove_table_read_csv_bytes(const void *bytes, size_t size, const char *name,
                                        const grove_csv_options *options, grove_table **table,
                                        grove_error *error) {
    reader r;
    *table = NULL;
    grove_status status = begin(&r, name, options, error);
    if (status != GROVE_OK) {
        return status;
    }
    size_t first = size < BLOCK_BYTES ? size : BLOCK_BYTES;
    feed(&r, bytes, first);
    expect_rest(&r, first, size);
    if (r.status == GROVE_OK && size > first) {
        feed(&r, (const char *)bytes + first, size - first);
    }
    finish(&r);
    return end(&r, table);
}

/* `expected` bytes, as far as that is known, else 0. */
static void feed_stream(reader *r, FILE *stream, size_t expected) {
    char *block = grove_alloc(&r->table->allocator, BLOCK_BYTES);
    if (!block) {
        out_of_memory(r, BLOCK_BYTES);
        return;
    }
    size_t size = BLOCK_BYTES;
    while (size == BLOCK_BYTES && r->status == GROVE_OK) {
        errno = 0;
        size = fread(block, 1, BLOCK_BYTES, stream);
        if (size < BLOCK_BYTES && ferror(stream)) {
            r->status = grove_cannot_read(r->table->source, errno, r->error);
        } else {
            feed(r, block, size);
            expect_rest(r, size, expected);
            expected = 0;
        }
    }
    grove_release(&r->table->allocator, block);
}

static grove_status read_stream(FILE *stream, const char *name, size_t expected,
                                const grove_csv_options *options, grove_table **table,
                                grove_error *error) {
    reader r;
    *table = NULL;
    grove_status status = begin(&r, name, options, error);
    if (status != GROVE_OK) {
        return status;
    }
    feed_stream(&r, stream, expected);
    finish(&r);
    return end(&r, table);
}

grove_status grove_table_read_csv_stream(FILE *stream, const char *name,
                                         const grove_csv_options *options, grove_table **table,
                                         grove_error *error) {
    return read_stream(stream, name, 0, options, table, error);
}

/* 0 for what has no size, as a pipe. */
static size_t size_of(FILE *stream) {
    long size = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : 0;
    rewind(stream);
    return size > 0 && size < LONG_MAX ? (size_t)size : 0;
}

grove_status grove_table_read_csv(const char *path, const grove_csv_options *options,
                                  grove_table **table, grove_error *error) {
    *table = NULL;
    if (!path) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no path to read a table from");
    }
    if (strcmp(path, "-") == 0) {
        return grove_table_read_csv_stream(stdin, "standard input", options, table, error);
    }
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        return grove_cannot_read(path, errno, error);
    }
    grove_status status = read_stream(stream, path, size_of(stream), options, table, error);
    fclose(stream);
    return status;
}
