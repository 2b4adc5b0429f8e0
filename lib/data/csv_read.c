/* SPDX-License-Identifier: MIT
 *
 * Reading CSV. libcsv knows quotes and separators, but no lines and no tables: so it is fed line by
 * line (a line within a quoted cell is one too), and what it hands out is put into a table. */
#include <csv.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "table.h"

enum { BLOCK_BYTES = 1 << 16 };

typedef struct reader {
    struct csv_parser parser;
    grove_table *table;
    bool no_header, trim;
    bool started;        /* the first bytes were seen, a byte order mark skipped */
    bool after_cr;       /* the last byte was a CR: a LF now belongs to the same line end */
    bool within;         /* a row has begun and not ended */
    bool ended;          /* a row has ended in the piece under way */
    size_t line;         /* the one under way, from 1 */
    size_t cell_line;    /* where the cell under way began */
    size_t row_line;     /* where the row under way began */
    size_t header_line;  /* where the row began that says how many cells there are */
    size_t row_cells;    /* of the row under way */
    grove_status status; /* the first mistake; libcsv cannot be stopped from within, so all after it
                            is ignored */
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

/* ---- what libcsv calls ----------------------------------------------------------------------- */

static void take_cell(void *bytes, size_t length, void *user) {
    reader *r = user;
    if (r->row_cells == 0) {
        r->row_line = r->cell_line;
    }
    r->cell_line = r->line;
    if (r->status == GROVE_OK) {
        r->row_cells++;
        if (!grove_table_add_cell(r->table, bytes, length)) {
            out_of_memory(r, length);
        }
    }
}

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

static void end_row(int end, void *user) {
    (void)end;
    reader *r = user;
    grove_table *table = r->table;
    bool is_first = table->columns == 0;
    r->ended = true;
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

/* ---- what libcsv is given -------------------------------------------------------------------- */

static int no_space(unsigned char byte) {
    (void)byte;
    return 0;
}

/* Up to the end of the line, with the CR or LF; up to a NUL, without it. */
static size_t piece_length(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte <= '\r' && (byte == '\n' || byte == '\r' || byte == 0)) {
            return byte == 0 ? i : i + 1;
        }
    }
    return size;
}

/* Does libcsv see nothing in these bytes, if they stand between two rows? */
static bool is_empty(const reader *r, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool blank = bytes[i] == ' ' || bytes[i] == '\t';
        if (bytes[i] != '\n' && bytes[i] != '\r' &&
            !(blank && r->trim && bytes[i] != (char)r->parser.delim_char)) {
            return false;
        }
    }
    return true;
}

static void refuse_quote(reader *r) {
    if (csv_error(&r->parser) != CSV_EPARSE) {
        out_of_memory(r, 2 * csv_get_buffer_size(&r->parser));
    } else if (r->parser.quoted) {
        refuse(r, r->line, ": text after a closing quote (a quote within quotes is written twice)");
    } else {
        refuse(r, r->line,
               ": a quote within a cell that does not begin with one (put the whole cell "
               "in quotes, and write its own quotes twice)");
    }
}

static void parse_piece(reader *r, const char *piece, size_t length) {
    /* Its buffer grows by the block size, which grows with it: a cell of 10 MB is no trouble. */
    size_t block = csv_get_buffer_size(&r->parser);
    csv_set_blk_size(&r->parser, block > BLOCK_BYTES ? block : BLOCK_BYTES);
    r->ended = false;
    size_t done = csv_parse(&r->parser, piece, length, take_cell, end_row, r);
    if (r->status == GROVE_OK && done < length) {
        refuse_quote(r);
    }
    r->within = !r->ended && (r->within || !is_empty(r, piece, length));
    char last = piece[length - 1];
    r->line += last == '\r' || (last == '\n' && !r->after_cr);
    r->after_cr = last == '\r';
    if (!r->within) {
        r->cell_line = r->line;
    }
}

static void feed(reader *r, const char *bytes, size_t size) {
    if (!r->started && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    r->started = true;
    while (size > 0 && r->status == GROVE_OK) {
        size_t length = piece_length(bytes, size);
        if (length == 0) {
            refuse(r, r->line, " has a NUL byte: this is no text in UTF-8");
            return;
        }
        parse_piece(r, bytes, length);
        bytes += length;
        size -= length;
    }
}

static void finish(reader *r) {
    if (r->status == GROVE_OK && csv_fini(&r->parser, take_cell, end_row, r) != 0) {
        refuse(r, r->cell_line, ": a quote is opened and never closed");
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
    *r = (reader){.no_header = options.no_header, .trim = options.trim, .error = error};
    r->line = r->cell_line = r->row_line = 1;
    r->table = grove_table_empty(name, &options.allocator);
    if (!r->table) {
        return grove_fail_memory(error, sizeof(grove_table));
    }
    csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&r->parser, (unsigned char)separator);
    if (!options.trim) {
        csv_set_space_func(&r->parser, no_space);
    }
    return GROVE_OK;
}

/* Hands the table out, or frees it if something was wrong. */
static grove_status end(reader *r, grove_table **table) {
    csv_free(&r->parser);
    if (r->status == GROVE_OK) {
        *table = r->table;
    } else {
        grove_table_free(r->table);
    }
    return r->status;
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
    feed(&r, bytes, size);
    finish(&r);
    return end(&r, table);
}

static void feed_stream(reader *r, FILE *stream) {
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
        }
    }
    grove_release(&r->table->allocator, block);
}

grove_status grove_table_read_csv_stream(FILE *stream, const char *name,
                                         const grove_csv_options *options, grove_table **table,
                                         grove_error *error) {
    reader r;
    *table = NULL;
    grove_status status = begin(&r, name, options, error);
    if (status != GROVE_OK) {
        return status;
    }
    feed_stream(&r, stream);
    finish(&r);
    return end(&r, table);
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
    grove_status status = grove_table_read_csv_stream(stream, path, options, table, error);
    fclose(stream);
    return status;
}
