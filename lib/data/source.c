/* SPDX-License-Identifier: MIT
 *
 * Where tables come from: a file or a database, block by block or whole. */
#include "grove/data_source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "csv_rows.h"
#include "message.h"
#include "sqlite.h"
#include "table.h"
#include "temporary.h"
#include "unpack.h"

/* A block of rows ends with the bytes that bring it so far. */
enum { BLOCK_BYTES = 1 << 16, ROWS_IN_BLOCK = 1 << 13, CELLS_IN_BLOCK = 1 << 22 /* bytes */ };

struct grove_source {
    grove_allocator allocator;
    grove_csv_options options;
    char *name;
    const char *spool; /* the folder for what can be read only once; NULL: none */
    FILE *spooled;     /* standard input, once it was */
    uint64_t bytes;
    bool database, opened, over;
    grove_error error; /* the readers' */

    grove_sqlite_reader sqlite;
    grove_csv_reader csv;
    FILE *stream; /* of the CSV */
    bool packed;
    grove_unpacker unpacker;
    char *block; /* [BLOCK_BYTES] */
};

/* ---- names ----------------------------------------------------------------------------------- */

bool grove_source_is_database(const char *source) {
    return grove_is_sqlite(source);
}

bool grove_source_path(const char *source, char *path, size_t size) {
    bool database = grove_is_sqlite(source);
    if (!source || strcmp(source, "-") == 0) {
        return false;
    }
    size_t length = database ? grove_sqlite_file_length(source) : strlen(source);
    if (length >= size) {
        return false;
    }
    if (database) {
        return grove_sqlite_unescape(grove_sqlite_file(source), length, path);
    }
    memcpy(path, source, length + 1);
    return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_standard_input(const grove_source *s) {
    return strcmp(s->name, "-") == 0;
}

/* Copies all of standard input, packed or not. */
static grove_status spool(grove_source *s) {
    s->spooled = grove_temporary_open(s->spool, &s->allocator, &s->error);
    if (!s->spooled) {
        return s->error.status;
    }
    size_t size = BLOCK_BYTES;
    while (size == BLOCK_BYTES) {
        errno = 0;
        size = fread(s->block, 1, BLOCK_BYTES, stdin);
        if (size < BLOCK_BYTES && ferror(stdin)) {
            return grove_cannot_read("standard input", errno, &s->error);
        }
        if (fwrite(s->block, 1, size, s->spooled) < size) {
            return grove_temporary_failed(s->spool, "standard input", errno, &s->error);
        }
    }
    return fflush(s->spooled) == 0
               ? GROVE_OK
               : grove_temporary_failed(s->spool, "standard input", errno, &s->error);
}

/* 0 for what has no size, as a pipe. */
static uint64_t size_of(FILE *stream) {
    long size = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : 0;
    rewind(stream);
    return size > 0 && size < LONG_MAX ? (uint64_t)size : 0;
}

static grove_status open_stream(grove_source *s) {
    if (!is_standard_input(s)) {
        s->stream = fopen(s->name, "rb");
        if (!s->stream) {
            return grove_cannot_read(s->name, errno, &s->error);
        }
    } else if (s->spool) {
        grove_status status = s->spooled ? GROVE_OK : spool(s);
        if (status != GROVE_OK) {
            return status;
        }
        s->stream = s->spooled;
    } else {
        s->stream = stdin;
        return GROVE_OK;
    }
    s->bytes = size_of(s->stream);
    return GROVE_OK;
}

static grove_status open_csv(grove_source *s) {
    const char *name = is_standard_input(s) ? "standard input" : s->name;
    grove_status status = open_stream(s);
    if (status == GROVE_OK) {
        status = grove_csv_begin(&s->csv, name, &s->options, &s->error);
    }
    if (status == GROVE_OK) {
        status = grove_unpack_begin(&s->unpacker, s->stream, s->csv.table->source, &s->allocator,
                                    &s->error);
        s->packed = s->unpacker.packing != NULL;
    }
    return status;
}

static grove_status open_database(grove_source *s) {
    grove_status status = grove_sqlite_open(&s->sqlite, s->name, &s->allocator, &s->error);
    FILE *file = status == GROVE_OK ? fopen(s->sqlite.file, "rb") : NULL;
    s->bytes = file ? size_of(file) : 0;
    if (file) {
        fclose(file);
    }
    return status;
}

static grove_status open_reader(grove_source *s) {
    s->opened = true;
    s->over = false;
    return s->database ? open_database(s) : open_csv(s);
}

static void close_reader(grove_source *s) {
    if (s->opened && s->database) {
        grove_sqlite_close(&s->sqlite);
    } else if (s->opened) {
        if (s->unpacker.allocator) {
            grove_unpack_end(&s->unpacker);
        }
        grove_table_free(s->csv.table);
        if (s->stream && s->stream != stdin && s->stream != s->spooled) {
            fclose(s->stream);
        }
    }
    s->csv = (grove_csv_reader){.table = NULL};
    s->unpacker = (grove_unpacker){.allocator = NULL};
    s->stream = NULL;
    s->opened = false;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static grove_table *table_of(const grove_source *s) {
    return s->database ? s->sqlite.table : s->csv.table;
}

/* Reads on until the table has a block of rows, or there are no more. */
static grove_status read_csv(grove_source *s) {
    grove_csv_reader *r = &s->csv;
    grove_unpacker *u = &s->unpacker;
    while (r->status == GROVE_OK && !s->over && r->table->rows < ROWS_IN_BLOCK &&
           r->table->used < CELLS_IN_BLOCK) {
        size_t size = grove_unpack(u, s->block, BLOCK_BYTES);
        s->over = size < BLOCK_BYTES;
        if (u->status != GROVE_OK) {
            r->status = u->status;
        } else if (!r->started) {
            grove_csv_feed_first(r, s->block, size, s->over);
        } else {
            grove_csv_feed(r, s->block, size);
        }
        if (r->status == GROVE_OK && s->over) {
            grove_csv_finish(r);
        }
    }
    return r->status;
}

static grove_status read_block(grove_source *s) {
    if (!s->database) {
        return read_csv(s);
    }
    grove_status status = grove_sqlite_read(&s->sqlite, ROWS_IN_BLOCK, CELLS_IN_BLOCK);
    s->over = s->sqlite.over;
    return status;
}

grove_status grove_source_next(grove_source *source, const grove_table **block,
                               grove_error *error) {
    grove_status status = GROVE_OK;
    *block = NULL;
    grove_error_clear(error);
    if (!source->opened) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "the source could not be read before");
    }
    grove_table_forget_rows(table_of(source), source->database ? 0 : source->csv.length);
    status = source->error.status; /* the first mistake stays */
    if (status == GROVE_OK && !source->over) {
        status = read_block(source);
    }
    if (status != GROVE_OK) {
        return grove_fail(error, status, "%s", source->error.message);
    }
    *block = table_of(source)->rows > 0 ? table_of(source) : NULL;
    return GROVE_OK;
}

grove_status grove_source_rewind(grove_source *source, grove_error *error) {
    grove_error_clear(error);
    if (!source->database && is_standard_input(source) && !source->spool) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "standard input is not spooled, and can be read only once");
    }
    close_reader(source);
    grove_error_clear(&source->error);
    grove_status status = open_reader(source);
    if (status != GROVE_OK) {
        close_reader(source);
        grove_fail(error, status, "%s", source->error.message);
    }
    return status;
}

/* ---- sources --------------------------------------------------------------------------------- */

static grove_status begin(grove_source *s, const char *name) {
    s->name = grove_copy_text(&s->allocator, name);
    s->block = grove_alloc(&s->allocator, BLOCK_BYTES);
    if (!s->name || !s->block) {
        return grove_fail_memory(&s->error, BLOCK_BYTES);
    }
    return open_reader(s);
}

grove_status grove_source_open(const char *name, const grove_csv_options *options,
                               const char *spool, grove_source **source, grove_error *error) {
    grove_error_clear(error);
    *source = NULL;
    if (!name) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no source to read a table from");
    }
    grove_allocator memory = grove_allocator_or_default(options ? &options->allocator : NULL);
    grove_source *s = grove_alloc_zero(&memory, 1, sizeof *s);
    if (!s) {
        return grove_fail_memory(error, sizeof *s);
    }
    s->allocator = memory;
    s->options = options ? *options : (grove_csv_options){0};
    s->options.allocator = memory;
    s->spool = spool;
    s->database = grove_is_sqlite(name);
    grove_status status = begin(s, name);
    if (status != GROVE_OK) {
        grove_fail(error, status, "%s", s->error.message);
        grove_source_free(s);
        return status;
    }
    *source = s;
    return GROVE_OK;
}

void grove_source_free(grove_source *source) {
    if (source) {
        grove_allocator memory = source->allocator;
        close_reader(source);
        if (source->spooled) {
            fclose(source->spooled);
        }
        grove_release(&memory, source->name);
        grove_release(&memory, source->block);
        grove_release(&memory, source);
    }
}

const grove_table *grove_source_table(const grove_source *source) {
    return table_of(source);
}

uint64_t grove_source_bytes(const grove_source *source) {
    return source->packed ? 0 : source->bytes;
}

/* ---- whole ----------------------------------------------------------------------------------- */

static grove_status read_database(const char *source, const grove_csv_options *options,
                                  grove_table **table, grove_error *error) {
    grove_sqlite_reader r;
    grove_status status =
        grove_sqlite_open(&r, source, options ? &options->allocator : NULL, error);
    if (status == GROVE_OK) {
        status = grove_sqlite_read(&r, SIZE_MAX, SIZE_MAX);
    }
    if (status == GROVE_OK) {
        *table = r.table;
        r.table = NULL;
    }
    grove_sqlite_close(&r);
    return status;
}

grove_status grove_table_read(const char *source, const grove_csv_options *options,
                              grove_table **table, grove_error *error) {
    grove_error_clear(error);
    *table = NULL;
    return grove_is_sqlite(source) ? read_database(source, options, table, error)
                                   : grove_table_read_csv(source, options, table, error);
}
