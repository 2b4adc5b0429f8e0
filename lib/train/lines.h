/* SPDX-License-Identifier: MIT
 *
 * lines.h - lines as ids, laid out for a language model.
 */
#ifndef GROVE_TRAIN_LINES_H
#define GROVE_TRAIN_LINES_H

#include "grove/language.h"

enum { GROVE_END_MARK = 1, GROVE_UNKNOWN_UNIT = 0, GROVE_NO_UNIT = -1 };

/* Bytes of the unit at the beginning of `text`; 0 at its end. Of words blanks before it are passed
 * over first: *text moves to the unit. */
size_t grove_unit_at(const char **text, const char *end, grove_units units);
grove_units grove_lines_units(const grove_lines *lines);

/* A part of a line: the places of `ids` from begin to below end are what is to be told, each from
 * those before it, as far as `first`, the end mark before the line. */
typedef struct grove_piece {
    size_t first, begin, end, line;
} grove_piece;

/* All units of some lines, one after the other: ids [count], an end mark first and after each line;
 * and their pieces. */
typedef struct grove_encoded {
    grove_allocator allocator;
    int32_t *ids;
    size_t count, unknown;
    grove_piece *pieces;
    size_t piece_count;
} grove_encoded;

grove_status grove_encode_lines(const grove_schema *schema, grove_line_rows rows, int64_t places,
                                const grove_allocator *allocator, grove_encoded *encoded,
                                grove_error *error);
void grove_encoded_free(grove_encoded *encoded);

#endif
