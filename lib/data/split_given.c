/* SPDX-License-Identifier: MIT
 *
 * Splits that someone else has decided: by the words of a column, or of a file; and the file that
 * keeps any split. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "split.h"
#include "table.h"

static bool is_word(grove_cell cell, const char *word) {
    return cell.length == strlen(word) && memcmp(cell.bytes, word, cell.length) == 0;
}

/* GROVE_PARTS: no part. */
static uint8_t part_of(grove_cell cell) {
    for (uint8_t part = 0; part < GROVE_PARTS; part++) {
        if (is_word(cell, grove_part_name((grove_part)part))) {
            return part;
        }
    }
    return is_word(cell, "validation") ? GROVE_PART_VALID : GROVE_PARTS;
}

static grove_status bad_word(const grove_table *table, size_t row, grove_cell cell,
                             grove_error *error) {
    char place[GROVE_PLACE_SIZE], value[GROVE_QUOTE_SIZE];
    return grove_fail(error, GROVE_BAD_DATA,
                      "%s: %s names no part; a row is for 'train', 'valid' or 'test'",
                      grove_table_place(place, table, row), grove_quote(value, cell));
}

/* A split without rows to train on is of no use to anyone. */
static grove_status deal(const uint8_t *parts, size_t rows, const char *where,
                         const grove_allocator *memory, grove_split *split, grove_error *error) {
    char quoted[GROVE_QUOTE_SIZE];
    for (size_t row = 0; row < rows; row++) {
        if (parts[row] == GROVE_PART_TRAIN) {
            return grove_split_deal(parts, rows, memory, split, error);
        }
    }
    return grove_fail(error, GROVE_BAD_DATA, "%s leaves no row to train on",
                      grove_quote_text(quoted, where));
}

/* ---- a column -------------------------------------------------------------------------------- */

static grove_status read_words(const grove_table *table, size_t column, uint8_t *parts,
                               grove_error *error) {
    for (size_t row = 0; row < table->rows; row++) {
        grove_cell cell = grove_table_at(table, row, column);
        parts[row] = part_of(cell);
        if (parts[row] == GROVE_PARTS) {
            return bad_word(table, row, cell, error);
        }
    }
    return GROVE_OK;
}

static grove_status read_value(const grove_table *table, size_t column, const char *value,
                               uint8_t *parts, grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE], quoted[GROVE_QUOTE_SIZE];
    size_t found = 0;
    for (size_t row = 0; row < table->rows; row++) {
        bool has_it = is_word(grove_table_at(table, row, column), value);
        parts[row] = has_it ? GROVE_PART_VALID : GROVE_PART_TRAIN;
        found += has_it;
    }
    if (found > 0) {
        return GROVE_OK;
    }
    return grove_fail(error, GROVE_BAD_DATA, "%s: no row has %s in column %s",
                      grove_place(place, table->source, 0), grove_quote_text(quoted, value),
                      grove_quote_text(name, table->names[column]));
}

grove_status grove_split_column(const grove_table *table, const char *column, const char *value,
                                const grove_allocator *allocator, grove_split *split,
                                grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_error_clear(error);
    *split = (grove_split){.allocator = memory};
    int found = grove_table_find(table, column);
    if (found < 0) {
        return grove_no_column(table, column, error);
    }
    uint8_t *parts = grove_alloc(&memory, table->rows + 1);
    if (!parts) {
        return grove_fail_memory(error, table->rows + 1);
    }
    grove_status status = value ? read_value(table, (size_t)found, value, parts, error)
                                : read_words(table, (size_t)found, parts, error);
    if (status == GROVE_OK) {
        status = deal(parts, table->rows, column, &memory, split, error);
    }
    grove_release(&memory, parts);
    return status;
}

/* ---- a file ---------------------------------------------------------------------------------- */

/* Lines "row,part" below a header of these words, rows in any order. */
static grove_status read_numbered(const grove_table *file, uint8_t *parts, grove_error *error) {
    const size_t rows = file->rows - 1;
    char place[GROVE_PLACE_SIZE], value[GROVE_QUOTE_SIZE];
    for (size_t i = 1; i <= rows; i++) {
        grove_cell number = grove_table_at(file, i, 0), word = grove_table_at(file, i, 1);
        double row = 0;
        bool good = grove_parse_number(number.bytes, number.length, &row) && row >= 1 &&
                    row <= (double)rows && row == (double)(size_t)row;
        if (!good || parts[(size_t)row - 1] != GROVE_PARTS) {
            return grove_fail(error, GROVE_BAD_DATA, "%s: %s is %s",
                              grove_table_place(place, file, i), grove_quote(value, number),
                              good ? "a row that came before" : "no row of the data");
        }
        parts[(size_t)row - 1] = part_of(word);
        if (parts[(size_t)row - 1] == GROVE_PARTS) {
            return bad_word(file, i, word, error);
        }
    }
    return GROVE_OK;
}

static grove_status read_parts(const grove_table *file, size_t rows, uint8_t *parts,
                               grove_error *error) {
    char place[GROVE_PLACE_SIZE];
    grove_cell first = grove_table_at(file, 0, 0), second = grove_table_cell(file, 0, 1);
    bool numbered = file->columns == 2 && is_word(first, "row") && is_word(second, "part");
    if (!numbered && file->columns != 1) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "%s: a split is a word on each line, or the columns 'row' and 'part'",
                          grove_place(place, file->source, 0));
    }
    if (file->rows - numbered != rows) {
        return grove_fail(error, GROVE_BAD_DATA, "%s has parts for %zu rows, but the data has %zu",
                          grove_place(place, file->source, 0), file->rows - numbered, rows);
    }
    memset(parts, GROVE_PARTS, rows);
    return numbered ? read_numbered(file, parts, error) : read_words(file, 0, parts, error);
}

grove_status grove_split_read(const char *path, size_t rows, const grove_allocator *allocator,
                              grove_split *split, grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_table *file = NULL;
    *split = (grove_split){.allocator = memory};
    grove_csv_options csv = {.no_header = true, .trim = true, .allocator = memory};
    grove_status status = grove_table_read_csv(path, &csv, &file, error);
    if (status != GROVE_OK) {
        return status;
    }
    uint8_t *parts = grove_alloc(&memory, rows + 1);
    status = parts ? read_parts(file, rows, parts, error) : grove_fail_memory(error, rows + 1);
    if (status == GROVE_OK) {
        status = deal(parts, rows, path, &memory, split, error);
    }
    grove_release(&memory, parts);
    grove_table_free(file);
    return status;
}

/* ---- written --------------------------------------------------------------------------------- */

grove_status grove_split_write(const grove_split *split, grove_csv_sink sink, void *user) {
    const size_t *const lists[] = {split->train, split->valid, split->test};
    const size_t counts[] = {split->train_count, split->valid_count, split->test_count};
    size_t next[GROVE_PARTS] = {0};
    int failed = sink(user, "row,part\n", strlen("row,part\n"));
    while (!failed) {
        int first = -1; /* the list whose next row is the least */
        for (int p = 0; p < GROVE_PARTS; p++) {
            bool left = next[p] < counts[p];
            if (left && (first < 0 || lists[p][next[p]] < lists[first][next[first]])) {
                first = p;
            }
        }
        if (first < 0) {
            return GROVE_OK;
        }
        char line[40];
        int length = snprintf(line, sizeof line, "%zu,%s\n", lists[first][next[first]++] + 1,
                              grove_part_name((grove_part)first));
        failed = sink(user, line, (size_t)length);
    }
    return GROVE_NO_FILE;
}
