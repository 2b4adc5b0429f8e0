/* SPDX-License-Identifier: MIT
 * data/sqlite.h - rows of a table out of a database of SQLite.
 *
 * The database is opened to be read, never written. SQLite takes the memory of its own from malloc,
 * for an allocator of its is one for the whole process. */
#ifndef GROVE_DATA_SQLITE_H
#define GROVE_DATA_SQLITE_H

#include "grove/data_table.h"

struct sqlite3;
struct sqlite3_stmt;

typedef struct grove_sqlite_reader {
    grove_allocator allocator;
    grove_table *table; /* takes the rows; whoever wants to keep it takes it out */
    char *file, *wish;  /* unescaped; wish: the name of a table, or the query */
    bool is_query;
    struct sqlite3 *database;
    struct sqlite3_stmt *statement;
    size_t row;          /* rows that were read */
    bool over;           /* there are no more */
    grove_status status; /* the first mistake; nothing is read after it */
    grove_error *error;
} grove_sqlite_reader;

/* Opens the database and names the columns of the table. To be closed in any case. */
grove_status grove_sqlite_open(grove_sqlite_reader *r, const char *source,
                               const grove_allocator *allocator, grove_error *error);
/* Adds rows to the table until it has so many, or cells of so many bytes, or there are no more. */
grove_status grove_sqlite_read(grove_sqlite_reader *r, size_t rows, size_t bytes);
void grove_sqlite_close(grove_sqlite_reader *r);

/* ---- names: "sqlite:FILE?table=NAME", "sqlite:FILE?query=SELECT..." (sqlite_name.c) ---------- */

bool grove_is_sqlite(const char *source);
/* Its file, as it is escaped there, and its length. */
const char *grove_sqlite_file(const char *source);
size_t grove_sqlite_file_length(const char *source);
/* to [length + 1]: each %XX becomes a byte; false where two hexadecimal digits are missing. */
bool grove_sqlite_unescape(const char *from, size_t length, char *to);
/* Fills in file, wish and is_query. */
grove_status grove_sqlite_take_name(grove_sqlite_reader *r, const char *source);

#endif
