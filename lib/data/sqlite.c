/* SPDX-License-Identifier: MIT */
#include "sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "table.h"

#ifdef GROVE_HAS_SQLITE
#include <sqlite3.h>

/* "trees.db: table 'trees': WORDS REASON" */
static grove_status refuse(grove_sqlite_reader *r, const char *words, const char *reason) {
    char place[GROVE_PLACE_SIZE];
    return r->status = grove_fail(r->error, GROVE_BAD_DATA, "%s: %s%s",
                                  grove_place(place, r->table->source, 0), words, reason);
}

static grove_status out_of_memory(grove_sqlite_reader *r, size_t size) {
    return r->status = grove_fail_memory(r->error, size);
}

/* What SQLite says of its last call. */
static grove_status fail(grove_sqlite_reader *r) {
    if (sqlite3_errcode(r->database) == SQLITE_NOMEM) {
        return out_of_memory(r, 0);
    }
    return refuse(r, "SQLite says: ", sqlite3_errmsg(r->database));
}

/* ---- opening --------------------------------------------------------------------------------- */

static grove_status make_table(grove_sqlite_reader *r) {
    char source[2 * GROVE_PLACE_SIZE], place[GROVE_PLACE_SIZE], quoted[GROVE_QUOTE_SIZE];
    grove_place(place, r->file, 0);
    if (r->is_query) {
        snprintf(source, sizeof source, "%s: query", place);
    } else {
        snprintf(source, sizeof source, "%s: table %s", place, grove_quote_text(quoted, r->wish));
    }
    r->table = grove_table_empty(source, &r->allocator);
    if (!r->table) {
        return out_of_memory(r, sizeof *r->table);
    }
    r->table->counts_rows = true;
    r->table->separator = '\0';
    return GROVE_OK;
}

/* SQLite tells less of why a file cannot be opened than the system does. */
static grove_status open_database(grove_sqlite_reader *r) {
    FILE *file = fopen(r->file, "rb");
    if (!file) {
        return r->status = grove_cannot_read(r->file, errno, r->error);
    }
    fclose(file);
    const int how = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(r->file, &r->database, how, NULL) != SQLITE_OK) {
        return r->database ? fail(r) : out_of_memory(r, 0);
    }
    sqlite3_busy_timeout(r->database, 10000); /* milliseconds that another may be writing */
    return GROVE_OK;
}

/* The name, in quotes, of the table or view that is spelled most like the one asked for. */
static grove_status no_table(grove_sqlite_reader *r) {
    static const char names[] = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    const grove_cell asked = {r->wish, strlen(r->wish)};
    char nearest[GROVE_QUOTE_SIZE] = "", words[GROVE_QUOTE_SIZE + 40];
    size_t least = SIZE_MAX;
    sqlite3_stmt *list = NULL;
    if (sqlite3_prepare_v2(r->database, names, -1, &list, NULL) != SQLITE_OK) {
        return fail(r);
    }
    while (sqlite3_step(list) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(list, 0);
        const grove_cell there = {name, name ? strlen(name) : 0};
        size_t distance = name ? grove_cell_distance(asked, there) : SIZE_MAX;
        if (distance < least) {
            least = distance;
            grove_quote(nearest, there);
        }
    }
    sqlite3_finalize(list);
    snprintf(words, sizeof words, "the nearest name is %s", nearest);
    return refuse(r, "the database has no such table; ", *nearest ? words : "it has none at all");
}

/* SELECT * FROM "name", with the quotes in the name written twice; NULL when memory is short. */
static char *select_all(const grove_sqlite_reader *r) {
    static const char begin[] = "SELECT * FROM \"";
    char *text = grove_alloc(&r->allocator, sizeof begin + 2 * strlen(r->wish) + 1);
    char *to = text ? text + sizeof begin - 1 : NULL;
    if (text) {
        memcpy(text, begin, sizeof begin);
        for (const char *from = r->wish; *from; from++) {
            *to++ = *from;
            if (*from == '"') {
                *to++ = '"';
            }
        }
        strcpy(to, "\"");
    }
    return text;
}

/* Is there a table or view of that name? */
static bool has_table(grove_sqlite_reader *r) {
    static const char text[] = "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND "
                               "name = ?1 COLLATE NOCASE";
    sqlite3_stmt *query = NULL;
    bool there = sqlite3_prepare_v2(r->database, text, -1, &query, NULL) != SQLITE_OK ||
                 sqlite3_bind_text(query, 1, r->wish, -1, SQLITE_STATIC) != SQLITE_OK ||
                 sqlite3_step(query) != SQLITE_DONE;
    sqlite3_finalize(query);
    return there; /* or what is wrong shows in the next call */
}

static grove_status prepare(grove_sqlite_reader *r) {
    const char *rest = "";
    if (!r->is_query && !has_table(r)) {
        return no_table(r);
    }
    char *own = r->is_query ? NULL : select_all(r);
    if (!own && !r->is_query) {
        return out_of_memory(r, strlen(r->wish));
    }
    int code = sqlite3_prepare_v2(r->database, own ? own : r->wish, -1, &r->statement, &rest);
    bool alone = code != SQLITE_OK || rest[strspn(rest, " \t\r\n;")] == '\0';
    grove_release(&r->allocator, own);
    if (code != SQLITE_OK) {
        return fail(r);
    }
    if (!alone) {
        return refuse(r, "it must be one statement, not several", "");
    }
    if (!r->statement || sqlite3_column_count(r->statement) == 0 ||
        !sqlite3_stmt_readonly(r->statement)) {
        return refuse(r, "it must be a SELECT, which yields rows and changes nothing", "");
    }
    return GROVE_OK;
}

static grove_status name_columns(grove_sqlite_reader *r) {
    int count = sqlite3_column_count(r->statement);
    grove_cell *names = grove_alloc(&r->allocator, (size_t)count * sizeof *names);
    bool fits = names != NULL;
    for (int i = 0; i < count && fits; i++) {
        const char *name = sqlite3_column_name(r->statement, i);
        fits = name != NULL;
        names[i] = (grove_cell){name, name ? strlen(name) : 0};
    }
    r->status = fits ? grove_table_set_names(r->table, names, (size_t)count, 0, r->error)
                     : grove_fail_memory(r->error, (size_t)count * sizeof *names);
    grove_release(&r->allocator, names);
    return r->status;
}

static grove_status open_all(grove_sqlite_reader *r, const char *source) {
    grove_status status = grove_sqlite_take_name(r, source);
    status = status == GROVE_OK ? make_table(r) : status;
    status = status == GROVE_OK ? open_database(r) : status;
    status = status == GROVE_OK ? prepare(r) : status;
    return status == GROVE_OK ? name_columns(r) : status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* "trees.db: table 'trees': row 3, column 'leaf' WORDS" */
static void refuse_cell(grove_sqlite_reader *r, int column, const char *words) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE];
    grove_place(place, r->table->source, 0);
    grove_quote_text(name, grove_table_name(r->table, (size_t)column));
    r->status = grove_fail(r->error, GROVE_BAD_DATA, "%s: row %zu, column %s %s", place, r->row + 1,
                           name, words);
}

static bool add_text(grove_sqlite_reader *r, int column) {
    const char *text = (const char *)sqlite3_column_text(r->statement, column);
    size_t length = (size_t)sqlite3_column_bytes(r->statement, column);
    if (text && memchr(text, '\0', length)) {
        refuse_cell(r, column, "has a NUL byte: this is no text in UTF-8");
        return true;
    }
    return text && grove_table_add_cell(r->table, text, length);
}

/* False when memory is short. */
static bool add_cell(grove_sqlite_reader *r, int column) {
    char text[32];
    switch (sqlite3_column_type(r->statement, column)) {
    case SQLITE_NULL:
        return grove_table_add_cell(r->table, "", 0);
    case SQLITE_INTEGER:
        snprintf(text, sizeof text, "%" PRId64,
                 (int64_t)sqlite3_column_int64(r->statement, column));
        return grove_table_add_cell(r->table, text, strlen(text));
    case SQLITE_FLOAT:
        grove_format_number(text, sqlite3_column_double(r->statement, column));
        return grove_table_add_cell(r->table, text, strlen(text));
    case SQLITE_BLOB:
        refuse_cell(r, column,
                    "is a blob, which is no text: a query can leave the column out, or write "
                    "hex(...) of it");
        return true;
    default:
        return add_text(r, column);
    }
}

static void add_row(grove_sqlite_reader *r) {
    int columns = (int)r->table->columns;
    bool fits = true;
    for (int i = 0; i < columns && fits && r->status == GROVE_OK; i++) {
        fits = add_cell(r, i);
    }
    if (!fits || (r->status == GROVE_OK && !grove_table_end_row(r->table, r->row + 1))) {
        out_of_memory(r, r->table->bytes_capacity);
    }
    r->row++;
}

grove_status grove_sqlite_read(grove_sqlite_reader *r, size_t rows, size_t bytes) {
    while (r->status == GROVE_OK && !r->over && r->table->rows < rows && r->table->used < bytes) {
        int code = sqlite3_step(r->statement);
        if (code == SQLITE_ROW) {
            add_row(r);
        } else if (code == SQLITE_DONE) {
            r->over = true;
        } else {
            fail(r);
        }
    }
    if (r->status == GROVE_OK && r->over && r->row == 0) {
        refuse(r, "it has no rows", "");
    }
    return r->status;
}

static void close_database(grove_sqlite_reader *r) {
    sqlite3_finalize(r->statement);
    sqlite3_close(r->database);
}

#else

static grove_status open_all(grove_sqlite_reader *r, const char *source) {
    char place[GROVE_PLACE_SIZE];
    return r->status = grove_fail(
               r->error, GROVE_BAD_DATA,
               "'%s' is a database of SQLite, which this build of grove cannot read: build it with "
               "libsqlite3 (Debian: libsqlite3-dev), or write the table as CSV: sqlite3 -header "
               "-csv FILE 'SELECT ...'",
               grove_place(place, source, 0));
}

grove_status grove_sqlite_read(grove_sqlite_reader *r, size_t rows, size_t bytes) {
    (void)rows, (void)bytes;
    return r->status;
}

static void close_database(grove_sqlite_reader *r) {
    (void)r;
}
#endif

grove_status grove_sqlite_open(grove_sqlite_reader *r, const char *source,
                               const grove_allocator *allocator, grove_error *error) {
    *r = (grove_sqlite_reader){.allocator = grove_allocator_or_default(allocator), .error = error};
    r->status = open_all(r, source);
    return r->status;
}

void grove_sqlite_close(grove_sqlite_reader *r) {
    close_database(r);
    grove_table_free(r->table);
    grove_release(&r->allocator, r->file);
    grove_release(&r->allocator, r->wish);
}
