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
 *
 * Ownership: a source owns its blocks, and keeps the name `spool`. Every _free takes NULL.
 */
#ifndef GROVE_DATA_SOURCE_H
#define GROVE_DATA_SOURCE_H

#include <stdint.h>

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

/* ---- block by block -------------------------------------------------------------------------- */

typedef struct grove_source grove_source;

/* Opens a source to be read in blocks; its options as above. What comes by standard input, packed
 * or not, can be read once: where it is to be read again, `spool` names a folder, to which it is
 * copied now, in a file that has no name and ends with the source. `spool` NULL: it is not. `name`
 * is copied, `spool` is not. On failure *source is NULL. */
GROVE_API grove_status grove_source_open(const char *name, const grove_csv_options *options,
                                         const char *spool, grove_source **source,
                                         grove_error *error);

/* The next block: a table of some thousand rows, or of fewer that are long. It is the source's, and
 * the next call fills it anew; messages about its rows tell their lines in the file. NULL when
 * there are no more. Refused as by grove_table_read, in the block where the mistake is. */
GROVE_API grove_status grove_source_next(grove_source *source, const grove_table **block,
                                         grove_error *error);

/* The next block is the first one again. GROVE_BAD_ARGUMENT for standard input that was not
 * spooled. */
GROVE_API grove_status grove_source_rewind(grove_source *source, grove_error *error);
GROVE_API void grove_source_free(grove_source *source);

/* The table that blocks are read into: once there was one, it has the names and the separator, also
 * behind the last. */
GROVE_API const grove_table *grove_source_table(const grove_source *source);

/* The size of its file; 0 where that does not tell how much text there is: of a packed file, or a
 * pipe. */
GROVE_API uint64_t grove_source_bytes(const grove_source *source);

/* ---- names ----------------------------------------------------------------------------------- */

/* Is it a database? */
GROVE_API bool grove_source_is_database(const char *source);

/* The path of the file that is read, unescaped, with a NUL: path [size]. False where there is none
 * (standard input, a name that is none), or no room. */
GROVE_API bool grove_source_path(const char *source, char *path, size_t size);

#ifdef __cplusplus
}
#endif
#endif
