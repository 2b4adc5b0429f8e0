/* SPDX-License-Identifier: MIT
 * data/message.h - pieces of sentences about tables. A cell may be 10 MB of anything; a message is
 * a line of text: so values, names and paths are cut, and control characters replaced. */
#ifndef GROVE_DATA_MESSAGE_H
#define GROVE_DATA_MESSAGE_H

#include "grove/data_table.h"

enum { GROVE_QUOTE_SIZE = 56, GROVE_PLACE_SIZE = 160, GROVE_LIST_SIZE = 160 };

/* 'value', in single quotes; a long one is cut at a character: 'Lorem ipsum...'. */
const char *grove_quote(char text[GROVE_QUOTE_SIZE], grove_cell cell);
const char *grove_quote_text(char text[GROVE_QUOTE_SIZE], const char *value);

/* "data.csv: line 12"; of a long path the end; without the line if it is 0. */
const char *grove_place(char text[GROVE_PLACE_SIZE], const char *source, size_t line);
/* The same of a row of a table: "data.csv: line 12", or "trees.db: table 'trees': row 12". */
const char *grove_table_place(char text[GROVE_PLACE_SIZE], const grove_table *table, size_t row);

/* Appends "'a', 'b'" item by item (begin with *used 0). False, with "..." appended, when the list
 * is full. */
bool grove_list_add(char text[GROVE_LIST_SIZE], size_t *used, grove_cell item);

/* "data.csv has no column 'incom'; the nearest name is 'income'", as GROVE_NOT_FOUND. */
grove_status grove_no_column(const grove_table *table, const char *name, grove_error *error);

/* "cannot read 'data.csv': No such file or directory", as GROVE_NO_FILE; number is errno's. */
grove_status grove_cannot_read(const char *path, int number, grove_error *error);

#endif
