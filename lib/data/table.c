/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "message.h"

grove_table *grove_table_empty(const char *source, const grove_allocator *allocator) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_table *table = grove_alloc_zero(&memory, 1, sizeof *table);
    if (!table) {
        return NULL;
    }
    table->allocator = memory;
    table->separator = ',';
    table->decimal = '.';
    table->texts.allocator = memory;
    table->index.allocator = memory;
    table->source = grove_arena_text(&table->texts, source);
    if (!table->source) {
        grove_table_free(table);
        return NULL;
    }
    return table;
}

void grove_table_free(grove_table *table) {
    if (!table) {
        return;
    }
    grove_allocator memory = table->allocator;
    grove_arena_free(&table->texts);
    grove_strings_free(&table->index);
    grove_release(&memory, table->bytes);
    grove_release(&memory, table->ends);
    grove_release(&memory, table->lines);
    grove_release(&memory, table);
}

/* ---- names ----------------------------------------------------------------------------------- */

static grove_status bad_name(const grove_table *table, size_t column, grove_cell name, size_t line,
                             grove_error *error) {
    char place[GROVE_PLACE_SIZE], quoted[GROVE_QUOTE_SIZE];
    grove_place(place, table->source, line);
    if (name.length == 0) {
        return grove_fail(error, GROVE_BAD_DATA, "%s: column %zu has no name", place, column + 1);
    }
    return grove_fail(error, GROVE_BAD_DATA, "%s: two columns are called %s", place,
                      grove_quote(quoted, name));
}

grove_status grove_table_set_names(grove_table *table, const grove_cell *names, size_t columns,
                                   size_t line, grove_error *error) {
    size_t size = columns * sizeof *table->names;
    table->names = columns < INT_MAX ? grove_arena_alloc(&table->texts, size) : NULL;
    if (!table->names) {
        return grove_fail_memory(error, size);
    }
    for (size_t i = 0; i < columns; i++) {
        if (names[i].length == 0 ||
            grove_strings_find(&table->index, names[i].bytes, names[i].length) >= 0) {
            return bad_name(table, i, names[i], line, error);
        }
        char *copy = grove_arena_alloc(&table->texts, names[i].length + 1);
        if (!copy || grove_strings_add(&table->index, names[i].bytes, names[i].length) < 0) {
            return grove_fail_memory(error, names[i].length + 1);
        }
        table->names[i] = memcpy(copy, names[i].bytes, names[i].length);
        table->columns = i + 1;
    }
    return GROVE_OK;
}

static grove_status name_columns(grove_table *table, const char *const *names, size_t columns,
                                 grove_error *error) {
    size_t size;
    if (columns == 0 || !names || !grove_multiply(columns, sizeof(grove_cell), &size)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "a table needs at least one column");
    }
    grove_cell *cells = grove_alloc(&table->allocator, size);
    if (!cells) {
        return grove_fail_memory(error, size);
    }
    for (size_t i = 0; i < columns; i++) {
        const char *name = names[i] ? names[i] : "";
        cells[i] = (grove_cell){name, strlen(name)};
    }
    grove_status status = grove_table_set_names(table, cells, columns, 0, error);
    grove_release(&table->allocator, cells);
    return status;
}

grove_status grove_table_new(const char *const *names, size_t columns,
                             const grove_allocator *allocator, grove_table **table,
                             grove_error *error) {
    grove_error_clear(error);
    *table = NULL;
    grove_table *made = grove_table_empty("table", allocator);
    if (!made) {
        return grove_fail_memory(error, sizeof *made);
    }
    grove_status status = name_columns(made, names, columns, error);
    if (status != GROVE_OK) {
        grove_table_free(made);
        return status;
    }
    *table = made;
    return GROVE_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

bool grove_table_reserve(grove_table *table, size_t begun, size_t more) {
    size_t used = table->used + begun;
    char *pool = more < SIZE_MAX ? grove_bytes_reserve(&table->allocator, table->bytes, used,
                                                       more + 1, &table->bytes_capacity)
                                 : NULL;
    table->bytes = pool ? pool : table->bytes;
    return pool != NULL;
}

bool grove_table_more_ends(grove_table *table) {
    size_t *ends = grove_grow(&table->allocator, table->ends, table->cells, &table->ends_capacity,
                              sizeof *ends);
    table->ends = ends ? ends : table->ends;
    return ends != NULL;
}

enum { MOST_EXPECTED = 1 << 26 }; /* bytes; larger blocks are moved by the system's page tables */

/* A fresh block instead of a larger one: its pages are asked for together (base/memory.c). The old
 * one stays where memory is short. */
static void *expect(const grove_allocator *memory, void *block, size_t used, size_t *capacity,
                    size_t wanted, size_t item) {
    const size_t most = MOST_EXPECTED / item, count = wanted < most ? wanted : most;
    void *fresh = count > *capacity ? grove_alloc(memory, count * item) : NULL;
    if (!fresh) {
        return block;
    }
    if (used > 0) {
        memcpy(fresh, block, used * item);
    }
    grove_release(memory, block);
    *capacity = count;
    return fresh;
}

void grove_table_expect(grove_table *table, size_t begun, size_t bytes, double cells, double rows) {
    const grove_allocator *memory = &table->allocator;
    const double most = MOST_EXPECTED;
    const size_t used = table->used + begun;
    bytes = bytes < MOST_EXPECTED ? used + bytes + 1 : MOST_EXPECTED;
    table->bytes = expect(memory, table->bytes, used, &table->bytes_capacity, bytes, 1);
    table->ends = expect(memory, table->ends, table->cells, &table->ends_capacity,
                         (size_t)(cells < most ? cells : most), sizeof *table->ends);
    table->lines = expect(memory, table->lines, table->rows, &table->lines_capacity,
                          (size_t)(rows < most ? rows : most), sizeof *table->lines);
}

bool grove_table_add_cell(grove_table *table, const char *bytes, size_t length) {
    if (!grove_table_reserve(table, 0, length)) {
        return false;
    }
    if (length > 0) {
        memcpy(table->bytes + table->used, bytes, length);
    }
    return grove_table_seal_cell(table, length);
}

bool grove_table_end_row(grove_table *table, size_t line) {
    size_t *lines = grove_grow(&table->allocator, table->lines, table->rows, &table->lines_capacity,
                               sizeof *lines);
    if (!lines) {
        return false;
    }
    table->lines = lines;
    table->lines[table->rows++] = line;
    return true;
}

void grove_table_drop_row(grove_table *table) {
    table->cells = table->rows * table->columns;
    table->used = table->cells ? table->ends[table->cells - 1] + 1 : 0;
}

void grove_table_forget_rows(grove_table *table, size_t begun) {
    const size_t gone = table->rows * table->columns;
    const size_t start = gone ? table->ends[gone - 1] + 1 : 0;
    if (gone == 0) {
        return;
    }
    memmove(table->bytes, table->bytes + start, table->used - start + begun);
    for (size_t i = gone; i < table->cells; i++) {
        table->ends[i - gone] = table->ends[i] - start;
    }
    table->used -= start;
    table->cells -= gone;
    table->rows_gone += table->rows;
    table->rows = 0;
}

grove_status grove_table_append(grove_table *table, const char *const *cells, grove_error *error) {
    grove_error_clear(error);
    bool fits = true;
    for (size_t i = 0; i < table->columns && fits; i++) {
        const char *text = cells[i] ? cells[i] : "";
        fits = grove_table_add_cell(table, text, strlen(text));
    }
    if (!fits || !grove_table_end_row(table, table->rows + 1)) {
        size_t wanted = 2 * table->bytes_capacity;
        grove_table_drop_row(table);
        return grove_fail_memory(error, wanted);
    }
    return GROVE_OK;
}

/* ---- looking --------------------------------------------------------------------------------- */

size_t grove_table_rows(const grove_table *table) {
    return table->rows;
}

size_t grove_table_columns(const grove_table *table) {
    return table->columns;
}

const char *grove_table_name(const grove_table *table, size_t column) {
    return column < table->columns ? table->names[column] : "";
}

int grove_table_find(const grove_table *table, const char *name) {
    return grove_strings_find(&table->index, name, strlen(name));
}

grove_cell grove_table_cell(const grove_table *table, size_t row, size_t column) {
    if (row >= table->rows || column >= table->columns) {
        return (grove_cell){"", 0};
    }
    return grove_table_at(table, row, column);
}

size_t grove_table_line(const grove_table *table, size_t row) {
    return row < table->rows ? table->lines[row] : 0;
}

const char *grove_table_unit(const grove_table *table) {
    return table->counts_rows ? "row" : "line";
}

size_t grove_table_bad_rows(const grove_table *table, size_t *first_line) {
    *first_line = table->first_bad_line;
    return table->bad_rows;
}

/* Row by row, as the table lies. */
void grove_table_count_empty(const grove_table *table, int64_t *counts) {
    const size_t *ends = table->ends;
    size_t begin = 0;
    for (size_t c = 0; c < table->columns; c++) {
        counts[c] = 0;
    }
    for (size_t row = 0; row < table->rows; row++, ends += table->columns) {
        for (size_t c = 0; c < table->columns; c++) {
            counts[c] += ends[c] == begin;
            begin = ends[c] + 1;
        }
    }
}

const char *grove_table_source(const grove_table *table) {
    return table->source;
}

char grove_table_separator(const grove_table *table) {
    return table->separator;
}
