/* SPDX-License-Identifier: MIT
 * data/table.h - the inside of a table, for those who fill one. */
#ifndef GROVE_DATA_TABLE_INSIDE_H
#define GROVE_DATA_TABLE_INSIDE_H

#include "base/memory.h"
#include "strings.h"

/* Every cell's bytes and a NUL stand in one pool, row by row. Cell i (row * columns + column) ends
 * at ends[i], where its NUL is, and begins behind the NUL of the one before. */
struct grove_table {
    grove_allocator allocator;
    grove_arena texts; /* source and names */
    const char *source;
    bool counts_rows;   /* it came out of a database: messages tell its rows, not lines */
    char separator;     /* of the file it was read from */
    char decimal;       /* where a fraction of its numbers begins: '.' or ',' */
    const char **names; /* [columns] */
    size_t columns;
    grove_strings index; /* of the names */

    char *bytes;
    size_t used, bytes_capacity;
    size_t *ends;
    size_t cells, ends_capacity; /* the cells of a row under way are counted in */
    size_t *lines;               /* [rows]: where each row begins */
    size_t rows, lines_capacity;
    size_t rows_gone;                /* that were forgotten */
    size_t bad_rows, first_bad_line; /* that were passed over */
};

/* A table without columns; NULL when memory is short. */
grove_table *grove_table_empty(const char *source, const grove_allocator *allocator);

/* Takes the names [columns] of a table that has none yet. The message of a refusal begins "source:
 * line 1: ", without the line if it is 0. */
grove_status grove_table_set_names(grove_table *table, const grove_cell *names, size_t columns,
                                   size_t line, grove_error *error);

/* Adds a cell to the row under way; ends that row (its cells are columns in number), or forgets its
 * cells. False when memory is short. */
bool grove_table_add_cell(grove_table *table, const char *bytes, size_t length);
bool grove_table_end_row(grove_table *table, size_t line);
void grove_table_drop_row(grove_table *table);

/* Forgets all rows; what stands of a row under way moves to the front, with the `begun` bytes of a
 * cell of it. */
void grove_table_forget_rows(grove_table *table, size_t begun);

/* For those who write cells into the pool themselves, at bytes + used: room there for `more` bytes
 * and a NUL behind `begun` that stand there already; and the end of a cell so written, whose NUL
 * has room. False when memory is short. */
bool grove_table_reserve(grove_table *table, size_t begun, size_t more);
bool grove_table_more_ends(grove_table *table);
static inline bool grove_table_seal_cell(grove_table *table, size_t length) {
    if (table->cells == table->ends_capacity && !grove_table_more_ends(table)) {
        return false;
    }
    table->used += length;
    table->bytes[table->used] = '\0';
    table->ends[table->cells++] = table->used++;
    return true;
}

/* So many bytes more may come, behind `begun` of a cell under way, and in all so many cells and
 * rows: room for them now spares moving what is there. What is said need not be true, so no more
 * than a bounded room is made, and none when memory is short. */
void grove_table_expect(grove_table *table, size_t begun, size_t bytes, double cells, double rows);

/* The i-th cell of all; it must be there. */
static inline grove_cell grove_table_cell_at(const grove_table *table, size_t i) {
    size_t begin = i ? table->ends[i - 1] + 1 : 0;
    return (grove_cell){table->bytes + begin, table->ends[i] - begin};
}

/* The same by row and column. */
static inline grove_cell grove_table_at(const grove_table *table, size_t row, size_t column) {
    return grove_table_cell_at(table, row * table->columns + column);
}

/* The rows from `row` to below this one stay in a near cache while column after column of them is
 * looked at. */
enum { GROVE_ROWS_AT_ONCE = 1024 };
static inline size_t grove_table_stretch(const grove_table *table, size_t row) {
    size_t left = table->rows - row;
    return row + (left < GROVE_ROWS_AT_ONCE ? left : GROVE_ROWS_AT_ONCE);
}

#endif
