/* SPDX-License-Identifier: MIT
 *
 * grove/data_source.h - where tables come from: files of CSV, and databases.
 *
 * A source is named by a text:
 *
 *     trees.csv                              a file (data_table.h); "-" is standard input
 *     sqlite:forest.db?table=trees           a table or view of a database of SQLite
 *     sqlite:forest.db?query=SELECT a, b FROM trees WHERE height > 10
 *
 * In the name of a database %XX stands for the byte of these two hexadecimal digits, as in a URL:
 * %3F is a '?' in the name of the file, %25 is '%' itself (LIKE 'oak%25'). All other bytes mean
 * themselves, '+' and '&' too. A file whose name begins with "sqlite:" is read as
 * "./sqlite:...".
 *
 * A database is opened to be read, and nothing in it is changed. Its cells become text: whole
 * numbers in decimal digits, reals as grove_format_number writes them (the shortest text that is
 * read back as the same number), text as it is, NULL as the empty cell, which is a missing one. The
 * decimal sign is a point. Rows come in the order in which SQLite yields them; ORDER BY sets one.
 * Messages count rows from 1, where they tell the line of a file.
 */
#ifndef GROVE_DATA_SOURCE_H
#define GROVE_DATA_SOURCE_H

#include "data_table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads all rows of a source; options are for a file of CSV (NULL: all defaults), but the allocator
 * is for both. On failure *table is NULL: as of grove_table_read_csv, and of a database
 *
 *     GROVE_BAD_ARGUMENT   for a name that is none of the above, or has a '%' that is no escape
 *     GROVE_NO_FILE        if the file cannot be read
 *     GROVE_BAD_DATA       if it is no database, has no such table (the nearest name is told) or
 *                          yields no rows; for a query that SQLite does not take (in its words),
 *                          that is several statements, or does not only read; for a cell that is a
 *                          blob or holds a NUL byte; and if this build knows no SQLite */
GROVE_API grove_status grove_table_read(const char *source, const grove_csv_options *options,
                                        grove_table **table, grove_error *error);

/* Is it a database? */
GROVE_API bool grove_source_is_database(const char *source);

/* The path of the file that is read, unescaped, with a NUL: path [size]. False where there is none
 * (standard input, a name that is none), or no room. */
GROVE_API bool grove_source_path(const char *source, char *path, size_t size);

#ifdef __cplusplus
}
#endif
#endif
