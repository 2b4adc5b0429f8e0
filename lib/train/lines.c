/* SPDX-License-Identifier: MIT
 *
 * lines.c - lines of text, cut into units, as ids.
 */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct grove_lines {
    grove_allocator allocator;
    grove_units units;
    char *bytes; /* [size] */
    size_t size;
    size_t *begins, *ends, *numbers; /* [count] */
    size_t count, longest;
};

const char *grove_units_name(grove_units units) {
    return units == GROVE_WORDS ? "word" : "letter";
}

grove_units grove_lines_units(const grove_lines *lines) {
    return lines->units;
}

/* ---- units ----------------------------------------------------------------------------------- */

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* How long the code point is that begins here; 1 for a byte that begins none. */
static size_t letter_at(const char *text, const char *end) {
    const unsigned char first = (unsigned char)*text;
    const size_t length = first < 0xC2   ? 1
                          : first < 0xE0 ? 2
                          : first < 0xF0 ? 3
                          : first < 0xF5 ? 4
                                         : 1;
    for (size_t i = 1; i < length; i++) {
        if (text + i >= end || ((unsigned char)text[i] & 0xC0) != 0x80) {
            return 1;
        }
    }
    return length;
}

size_t grove_unit_at(const char **text, const char *end, grove_units units) {
    if (units == GROVE_LETTERS) {
        return *text < end ? letter_at(*text, end) : 0;
    }
    while (*text < end && is_blank(**text)) {
        (*text)++;
    }
    size_t length = 0;
    while (*text + length < end && !is_blank((*text)[length])) {
        length++;
    }
    return length;
}

static size_t count_units(const char *text, const char *end, grove_units units) {
    size_t count = 0, length;
    while ((length = grove_unit_at(&text, end, units)) > 0) {
        text += length;
        count++;
    }
    return count;
}

/* ---- reading --------------------------------------------------------------------------------- */

void grove_lines_free(grove_lines *lines) {
    if (lines) {
        grove_allocator memory = lines->allocator;
        grove_release(&memory, lines->bytes);
        grove_release(&memory, lines->begins);
        grove_release(&memory, lines->ends);
        grove_release(&memory, lines->numbers);
        grove_release(&memory, lines);
    }
}

static size_t count_line_ends(const char *bytes, size_t size) {
    size_t count = 1;
    for (size_t i = 0; i < size; i++) {
        count += bytes[i] == '\n';
    }
    return count;
}

static void add_line(grove_lines *lines, size_t begin, size_t end, size_t number) {
    end -= end > begin && lines->bytes[end - 1] == '\r';
    const size_t units = count_units(lines->bytes + begin, lines->bytes + end, lines->units);
    if (units > 0) {
        lines->begins[lines->count] = begin;
        lines->ends[lines->count] = end;
        lines->numbers[lines->count++] = number;
        lines->longest = units > lines->longest ? units : lines->longest;
    }
}

static grove_status cut(grove_lines *lines, const char *name, grove_error *error) {
    const size_t most = count_line_ends(lines->bytes, lines->size);
    lines->begins = grove_alloc_zero(&lines->allocator, most, sizeof *lines->begins);
    lines->ends = grove_alloc_zero(&lines->allocator, most, sizeof *lines->ends);
    lines->numbers = grove_alloc_zero(&lines->allocator, most, sizeof *lines->numbers);
    if (!lines->begins || !lines->ends || !lines->numbers) {
        return grove_fail_memory(error, most * sizeof *lines->begins);
    }
    size_t begin = lines->size >= 3 && memcmp(lines->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (size_t i = begin, number = 1; i <= lines->size; i++) {
        if (i < lines->size && lines->bytes[i] == '\0') {
            return grove_fail(error, GROVE_BAD_DATA, "%s, line %zu: a NUL byte: this is no text",
                              name, number);
        }
        if (i == lines->size || lines->bytes[i] == '\n') {
            add_line(lines, begin, i, number++);
            begin = i + 1;
        }
    }
    return lines->count > 0
               ? GROVE_OK
               : grove_fail(error, GROVE_BAD_DATA, "%s: there is no line with a %s in it", name,
                            grove_units_name(lines->units));
}

static grove_lines *lines_new(grove_units units, const grove_allocator *allocator,
                              grove_error *error) {
    const grove_allocator memory = grove_allocator_or_default(allocator);
    grove_lines *lines = grove_alloc_zero(&memory, 1, sizeof *lines);
    if (!lines) {
        grove_fail_memory(error, sizeof *lines);
        return NULL;
    }
    lines->allocator = memory;
    lines->units = units;
    return lines;
}

static grove_status finish(grove_lines *made, const char *name, grove_status status,
                           grove_lines **lines, grove_error *error) {
    status = status == GROVE_OK ? cut(made, name, error) : status;
    if (status != GROVE_OK) {
        grove_lines_free(made);
        made = NULL;
    }
    *lines = made;
    return status;
}

grove_status grove_lines_of(const char *bytes, size_t size, const char *name, grove_units units,
                            const grove_allocator *allocator, grove_lines **lines,
                            grove_error *error) {
    *lines = NULL;
    grove_error_clear(error);
    grove_lines *made = lines_new(units, allocator, error);
    if (!made) {
        return GROVE_NO_MEMORY;
    }
    made->bytes = grove_alloc(&made->allocator, size);
    made->size = size;
    if (made->bytes && size > 0) {
        memcpy(made->bytes, bytes, size);
    }
    const grove_status status = made->bytes ? GROVE_OK : grove_fail_memory(error, size);
    return finish(made, name, status, lines, error);
}

static grove_status read_all(grove_lines *lines, FILE *file, const char *name, grove_error *error) {
    size_t room = 0;
    for (size_t got = 1; got > 0; lines->size += got) {
        if (room - lines->size < 1 << 16) {
            room = room ? 2 * room : 1 << 17;
            char *more = grove_resize(&lines->allocator, lines->bytes, room);
            if (!more) {
                return grove_fail_memory(error, room);
            }
            lines->bytes = more;
        }
        got = fread(lines->bytes + lines->size, 1, room - lines->size, file);
    }
    return ferror(file) ? grove_fail(error, GROVE_NO_FILE, "cannot read %s: %s", name,
                                     strerror(errno ? errno : EIO))
                        : GROVE_OK;
}

grove_status grove_lines_read(const char *path, grove_units units, const grove_allocator *allocator,
                              grove_lines **lines, grove_error *error) {
    const bool is_input = strcmp(path, "-") == 0;
    const char *name = is_input ? "standard input" : path;
    *lines = NULL;
    grove_error_clear(error);
    FILE *file = is_input ? stdin : fopen(path, "rb");
    if (!file) {
        return grove_fail(error, GROVE_NO_FILE, "cannot read %s: %s", name, strerror(errno));
    }
    grove_lines *made = lines_new(units, allocator, error);
    errno = 0;
    const grove_status status = made ? read_all(made, file, name, error) : GROVE_NO_MEMORY;
    if (!is_input) {
        fclose(file);
    }
    return made ? finish(made, name, status, lines, error) : status;
}

/* ---- looking --------------------------------------------------------------------------------- */

size_t grove_lines_count(const grove_lines *lines) {
    return lines->count;
}

grove_cell grove_lines_text(const grove_lines *lines, size_t line) {
    return line < lines->count ? (grove_cell){lines->bytes + lines->begins[line],
                                              lines->ends[line] - lines->begins[line]}
                               : (grove_cell){"", 0};
}

size_t grove_lines_number(const grove_lines *lines, size_t line) {
    return line < lines->count ? lines->numbers[line] : 0;
}

size_t grove_lines_length(const grove_lines *lines, size_t line) {
    const grove_cell text = grove_lines_text(lines, line);
    return count_units(text.bytes, text.bytes + text.length, lines->units);
}

size_t grove_lines_longest(const grove_lines *lines) {
    return lines->longest;
}

/* ---- the vocabulary -------------------------------------------------------------------------- */

static grove_status append_unit(grove_table *table, const char *unit, size_t length, char *cell,
                                grove_error *error) {
    const char *cells[] = {cell};
    memcpy(cell, unit, length);
    cell[length] = '\0';
    return grove_table_append(table, cells, error);
}

/* Each line: its units, then the empty cell. */
static grove_status fill_table(grove_line_rows rows, char *cell, grove_table *table,
                               grove_error *error) {
    const grove_lines *lines = rows.lines;
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < rows.count && status == GROVE_OK; i++) {
        const grove_cell text = grove_lines_text(lines, rows.rows ? rows.rows[i] : i);
        const char *at = text.bytes, *end = text.bytes + text.length;
        size_t length;
        while (status == GROVE_OK && (length = grove_unit_at(&at, end, lines->units)) > 0) {
            status = append_unit(table, at, length, cell, error);
            at += length;
        }
        status = status == GROVE_OK ? append_unit(table, "", 0, cell, error) : status;
    }
    return status;
}

grove_status grove_lines_schema(grove_line_rows rows, int64_t min_count, grove_schema **schema,
                                grove_error *error) {
    const grove_allocator *memory = &rows.lines->allocator;
    const char *name = grove_units_name(rows.lines->units);
    const grove_schema_options options = {
        .categorical = &name, .categorical_count = 1, .min_count = min_count, .allocator = *memory};
    grove_table *table = NULL;
    char *cell = grove_alloc(memory, rows.lines->size + 1);
    *schema = NULL;
    grove_status status =
        cell ? grove_table_new(&name, 1, memory, &table, error) : grove_fail_memory(error, 1);
    status = status == GROVE_OK ? fill_table(rows, cell, table, error) : status;
    status = status == GROVE_OK ? grove_schema_guess(table, &options, schema, error) : status;
    status = status == GROVE_OK
                 ? grove_schema_fit(*schema, table, NULL, grove_table_rows(table), error)
                 : status;
    if (status != GROVE_OK) {
        grove_schema_free(*schema);
        *schema = NULL;
    }
    grove_table_free(table);
    grove_release(memory, cell);
    return status;
}

/* ---- as ids ---------------------------------------------------------------------------------- */

void grove_encoded_free(grove_encoded *encoded) {
    if (encoded->allocator.resize) {
        grove_release(&encoded->allocator, encoded->ids);
        grove_release(&encoded->allocator, encoded->pieces);
    }
    *encoded = (grove_encoded){0};
}

static size_t line_of(grove_line_rows rows, size_t i) {
    return rows.rows ? rows.rows[i] : i;
}

static void encode_line(const grove_schema *schema, grove_line_rows rows, size_t i,
                        grove_encoded *e) {
    const grove_cell text = grove_lines_text(rows.lines, line_of(rows, i));
    const char *at = text.bytes, *end = text.bytes + text.length;
    size_t length;
    while ((length = grove_unit_at(&at, end, rows.lines->units)) > 0) {
        const int32_t id = grove_schema_id(schema, 0, (grove_cell){at, length});
        e->unknown += id == GROVE_UNKNOWN_UNIT;
        e->ids[e->count++] = id;
        at += length;
    }
    e->ids[e->count++] = GROVE_END_MARK;
}

static void add_pieces(grove_encoded *e, size_t line, size_t begin, size_t end, size_t places) {
    const size_t first = begin - 1;
    for (; begin < end; begin += places) {
        const size_t stop = end - begin < places ? end : begin + places;
        e->pieces[e->piece_count++] = (grove_piece){first, begin, stop, line};
    }
}

grove_status grove_encode_lines(const grove_schema *schema, grove_line_rows rows, int64_t places,
                                const grove_allocator *allocator, grove_encoded *encoded,
                                grove_error *error) {
    size_t units = 1, pieces = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const size_t length = grove_lines_length(rows.lines, line_of(rows, i)) + 1;
        units += length;
        pieces += (length + (size_t)places - 1) / (size_t)places;
    }
    *encoded = (grove_encoded){.allocator = *allocator};
    encoded->ids = grove_alloc_zero(allocator, units, sizeof *encoded->ids);
    encoded->pieces = grove_alloc_zero(allocator, pieces, sizeof *encoded->pieces);
    if (!encoded->ids || !encoded->pieces) {
        grove_encoded_free(encoded);
        return grove_fail_memory(error, units * sizeof *encoded->ids);
    }
    encoded->ids[encoded->count++] = GROVE_END_MARK;
    for (size_t i = 0; i < rows.count; i++) {
        const size_t begin = encoded->count;
        encode_line(schema, rows, i, encoded);
        add_pieces(encoded, i, begin, encoded->count, (size_t)places);
    }
    return GROVE_OK;
}
