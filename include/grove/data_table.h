/* SPDX-License-Identifier: MIT
 *
 * grove/data_table.h - tables of text: read from CSV, made by a program, written as CSV.
 *
 * A table holds what stands in the file and no opinion about it: named columns, rows, and in each
 * cell the bytes that were there. Whether "07" is a number, a code or a month is said later, by a
 * schema (grove/data.h). Bytes are UTF-8 by custom, compared as bytes, never changed.
 *
 * A cell is missing when it is empty, and only then: "NA", "?" and " " are values like any other.
 *
 * Ownership: a table owns all that its accessors return, and keeps it in place until the next
 * append. Names and cells that are handed in are copied. Every _free takes NULL.
 */
#ifndef GROVE_DATA_TABLE_H
#define GROVE_DATA_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes in someone else's memory; a NUL ends them where that is said (length leaves it out). */
typedef struct grove_cell {
    const char *bytes;
    size_t length;
} grove_cell;

/* How many bytes must be inserted, removed, replaced or swapped with their neighbour to make b of
 * a, looking at the first 63 of each: which of our names was meant by theirs? */
GROVE_API size_t grove_cell_distance(grove_cell a, grove_cell b);

typedef struct grove_table grove_table;

/* ---- reading CSV ----------------------------------------------------------------------------- */

/* Zero means the default, field by field. */
typedef struct grove_csv_options {
    char separator;       /* ',' */
    bool guess_separator; /* where no separator is set: guessed from the first lines, see below */
    bool no_header;       /* the first row is data; the columns are called c1, c2... */
    bool trim;    /* drops blanks and tabs around cells ("a, b"); kept otherwise. Within quotes
                       they stay in any case. */
    char comment; /* lines that begin with it, outside quotes, are passed over; 0: there are none */
    size_t skip;  /* so many first lines are passed over, quotes or not; messages count them */
    size_t max_bad_rows; /* so many rows with too many or too few cells are passed over, and
                            counted; one more is refused. 0: the first is */
    char decimal; /* where the fraction of a number begins: '.', or ',' (which no separator is
                     then). The table remembers it, and so do all who read numbers out of it. */
    grove_allocator allocator;
} grove_csv_options;

/* Reads a file as RFC 4180 says: cells may stand in quotes, and then hold separators, line ends and
 * quotes (written twice). Lines end with LF, CRLF or CR; a UTF-8 byte order mark is skipped, and so
 * is an empty line. `path` "-" is standard input; options NULL means all defaults.
 *
 * What begins as an archive of gzip or zstd does is unpacked on the way, if the build has zlib or
 * libzstd (from a file or stream; bytes in memory are taken as they are). GROVE_BAD_DATA for one
 * that is damaged, cut off, or cannot be unpacked by this build.
 *
 * A separator is guessed among comma, semicolon, tab and '|': that which gives the same number of
 * cells, above one, to the most of the first 100 lines (of the first 64 KiB), and to more than half
 * of them; the first of these where two do as well. Where `path` or `name` ends in .tsv (also
 * .tsv.gz, .tsv.zst), tab goes before all. It is a comma where none does: one column. A file of one
 * column whose texts hold such characters is better read with a separator that is set.
 *
 * Nothing is repaired. GROVE_NO_FILE if the file cannot be read; GROVE_BAD_DATA, with the number of
 * the line, for a row with too many or too few cells, a quote that is never closed or stands where
 * it must not, a NUL byte, two columns of one name, a column without a name, and a file without
 * rows. On failure *table is NULL. */
GROVE_API grove_status grove_table_read_csv(const char *path, const grove_csv_options *options,
                                            grove_table **table, grove_error *error);

/* The same from an open stream, which stays the caller's, and from memory: `bytes` is [size] and no
 * longer needed afterwards. `name` stands in messages where the path would. */
GROVE_API grove_status grove_table_read_csv_stream(FILE *stream, const char *name,
                                                   const grove_csv_options *options,
                                                   grove_table **table, grove_error *error);
GROVE_API grove_status grove_table_read_csv_bytes(const void *bytes, size_t size, const char *name,
                                                  const grove_csv_options *options,
                                                  grove_table **table, grove_error *error);

/* ---- tables of a program's own --------------------------------------------------------------- */

/* A table without rows. names [columns]: none empty, no two alike. */
GROVE_API grove_status grove_table_new(const char *const *names, size_t columns,
                                       const grove_allocator *allocator, grove_table **table,
                                       grove_error *error);

/* Adds a row. cells [columns]; NULL is an empty cell. On failure the table is as it was. */
GROVE_API grove_status grove_table_append(grove_table *table, const char *const *cells,
                                          grove_error *error);
GROVE_API void grove_table_free(grove_table *table);

/* ---- looking at a table ---------------------------------------------------------------------- */

GROVE_API size_t grove_table_rows(const grove_table *table);
GROVE_API size_t grove_table_columns(const grove_table *table);
/* "" for a column that is not there. */
GROVE_API const char *grove_table_name(const grove_table *table, size_t column);
/* -1 where there is no column of that name. */
GROVE_API int grove_table_find(const grove_table *table, const char *name);
/* Ends with a NUL; {"", 0} for a row or column that is not there. */
GROVE_API grove_cell grove_table_cell(const grove_table *table, size_t row, size_t column);
/* How many cells of each column are empty: counts [columns]. */
GROVE_API void grove_table_count_empty(const grove_table *table, int64_t *counts);

/* The line of the file on which the row begins, counted from 1; quoted cells may span several. In a
 * table of a program's own, or out of a database: the row, counted from 1. */
GROVE_API size_t grove_table_line(const grove_table *table, size_t row);
/* What messages call that number: "line", or of a database "row". */
GROVE_API const char *grove_table_unit(const grove_table *table);
/* How many rows were passed over for their number of cells, and the line of the first; 0. */
GROVE_API size_t grove_table_bad_rows(const grove_table *table, size_t *first_line);
/* What messages call the table: the path it was read from, "standard input", the database and its
 * table, or "table". */
GROVE_API const char *grove_table_source(const grove_table *table);
/* What stood between its cells, set or guessed; ',' in a table of a program's own, 0 in one out of
 * a database. */
GROVE_API char grove_table_separator(const grove_table *table);

/* ---- writing CSV ----------------------------------------------------------------------------- */

/* Where the bytes go: returns 0 when all were taken. grove_csv_to_file is one for a FILE *user. */
typedef int (*grove_csv_sink)(void *user, const char *bytes, size_t size);
GROVE_API int grove_csv_to_file(void *user, const char *bytes, size_t size);

/* Writes one cell, in quotes where it must be: when it holds the separator, a quote or a line end,
 * or begins or ends with a blank. GROVE_NO_FILE if the sink does not take the bytes. */
GROVE_API grove_status grove_csv_write_cell(grove_cell cell, char separator, grove_csv_sink sink,
                                            void *user);

/* Writes cells [count], separated, and LF. What is written so is read back the same: a row that is
 * one empty cell becomes "", for an empty line would be skipped. */
GROVE_API grove_status grove_csv_write_row(const grove_cell *cells, size_t count, char separator,
                                           grove_csv_sink sink, void *user);

/* ---- numbers as text, the same in every locale ----------------------------------------------- */

/* True where the whole text is one finite decimal number: "12", "-0.5", ".5", "5.", "+1e-3". Blanks
 * and tabs around it are fine. Not numbers: "", "1,000", "0x1F", "inf", "nan", "1e999". The result
 * is the double nearest to what is written. */
GROVE_API bool grove_parse_number(const char *bytes, size_t length, double *value);

/* The same of a cell of that table, with the decimal sign of its file: where that is a comma, "1,5"
 * is a number, and "1.5" and "1.000,5" are none. */
GROVE_API bool grove_table_number(const grove_table *table, grove_cell cell, double *value);

/* Writes the shortest text that is read back as the same double (or float), and returns buffer:
 * "0.1", "-3", "1e+300", "nan", "inf". */
GROVE_API const char *grove_format_number(char buffer[32], double value);
GROVE_API const char *grove_format_float(char buffer[32], float value);

#ifdef __cplusplus
}
#endif
#endif
