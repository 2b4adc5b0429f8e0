/* SPDX-License-Identifier: MIT
 *
 * Reading CSV: from bytes, streams and files, into a table. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "csv_rows.h"
#include "message.h"
#include "table.h"
#include "unpack.h"

enum { BLOCK_BYTES = 1 << 16 };

/* What a byte means cannot be two things at once. */
static grove_status check(const grove_csv_options *o, char separator, bool guess,
                          grove_error *error) {
    if (separator == '"' || separator == '\n' || separator == '\r') {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "the separator of a CSV file cannot be a quote or a line end");
    }
    if (o->comment && (strchr("\"\n\r", o->comment) || (!guess && o->comment == separator))) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "comments in a CSV file cannot begin with a quote, a line end or the "
                          "separator");
    }
    if (o->decimal && (!strchr(".,", o->decimal) || (!guess && o->decimal == separator))) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "the decimal sign in a CSV file must be a point or a comma, and not the "
                          "separator");
    }
    return GROVE_OK;
}

grove_status grove_csv_begin(grove_csv_reader *r, const char *name, const grove_csv_options *wanted,
                             grove_error *error) {
    grove_csv_options options = wanted ? *wanted : (grove_csv_options){0};
    char separator = options.separator ? options.separator : ',';
    bool guess = options.guess_separator && !options.separator;
    grove_error_clear(error);
    grove_status status = check(&options, separator, guess, error);
    if (status != GROVE_OK) {
        return status;
    }
    *r = (grove_csv_reader){.no_header = options.no_header,
                            .trim = options.trim,
                            .guess = guess,
                            .comment = options.comment,
                            .skip = options.skip,
                            .max_bad_rows = options.max_bad_rows,
                            .quotes = grove_csv_run_to('"'),
                            .error = error};
    r->line = r->cell_line = r->row_line = 1;
    r->table = grove_table_empty(name, &options.allocator);
    if (!r->table) {
        return grove_fail_memory(error, sizeof(grove_table));
    }
    grove_csv_separate_by(r, separator);
    r->table->decimal = options.decimal ? options.decimal : '.';
    return GROVE_OK;
}

/* Hands the table out, or frees it if something was wrong. */
static grove_status end(grove_csv_reader *r, grove_table **table) {
    if (r->status == GROVE_OK) {
        *table = r->table;
    } else {
        grove_table_free(r->table);
    }
    return r->status;
}

void grove_csv_feed_first(grove_csv_reader *r, const char *bytes, size_t size, bool whole) {
    if (r->guess) {
        grove_csv_separate_by(r, grove_csv_guess_separator(r, bytes, size, whole));
    }
    grove_csv_feed(r, bytes, size);
}

/* The first block, of `all` bytes as far as that is known. It tells how many cells and rows the
 * rest holds, about. */
static void feed_first(grove_csv_reader *r, const char *bytes, size_t first, bool whole,
                       size_t all) {
    grove_table *table = r->table;
    grove_csv_feed_first(r, bytes, first, whole);
    if (r->status == GROVE_OK && table->rows > 0 && all > first) {
        double times = 1.05 * (double)all / (double)first;
        grove_table_expect(table, r->length, all - first, times * (double)table->cells,
                           times * (double)table->rows);
    }
}

grove_status grove_table_read_csv_bytes(const void *bytes, size_t size, const char *name,
                                        const grove_csv_options *options, grove_table **table,
                                        grove_error *error) {
    grove_csv_reader r;
    *table = NULL;
    grove_status status = grove_csv_begin(&r, name, options, error);
    if (status != GROVE_OK) {
        return status;
    }
    size_t first = size < BLOCK_BYTES ? size : BLOCK_BYTES;
    feed_first(&r, bytes, first, first == size, size);
    if (r.status == GROVE_OK && size > first) {
        grove_csv_feed(&r, (const char *)bytes + first, size - first);
    }
    grove_csv_finish(&r);
    return end(&r, table);
}

/* `expected` bytes, as far as that is known, else 0; of a packed file it is not. */
static void feed_unpacked(grove_csv_reader *r, grove_unpacker *u, size_t expected) {
    char *block = grove_alloc(&r->table->allocator, BLOCK_BYTES);
    if (!block) {
        grove_csv_out_of_memory(r, BLOCK_BYTES);
        return;
    }
    size_t size = BLOCK_BYTES;
    while (size == BLOCK_BYTES && r->status == GROVE_OK) {
        size = grove_unpack(u, block, BLOCK_BYTES);
        if (u->status != GROVE_OK) {
            r->status = u->status;
        } else if (!r->started) {
            feed_first(r, block, size, size < BLOCK_BYTES, u->packing ? 0 : expected);
        } else {
            grove_csv_feed(r, block, size);
        }
    }
    grove_release(&r->table->allocator, block);
}

static void feed_stream(grove_csv_reader *r, FILE *stream, size_t expected) {
    grove_unpacker u;
    r->status = grove_unpack_begin(&u, stream, r->table->source, &r->table->allocator, r->error);
    if (r->status == GROVE_OK) {
        feed_unpacked(r, &u, expected);
    }
    grove_unpack_end(&u);
}

static grove_status read_stream(FILE *stream, const char *name, size_t expected,
                                const grove_csv_options *options, grove_table **table,
                                grove_error *error) {
    grove_csv_reader r;
    *table = NULL;
    grove_status status = grove_csv_begin(&r, name, options, error);
    if (status != GROVE_OK) {
        return status;
    }
    feed_stream(&r, stream, expected);
    grove_csv_finish(&r);
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
