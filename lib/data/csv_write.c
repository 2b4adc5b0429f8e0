/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "grove/data_table.h"

int grove_csv_to_file(void *user, const char *bytes, size_t size) {
    return fwrite(bytes, 1, size, user) == size ? 0 : -1;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* A byte order mark at the beginning of the file would be skipped when read; quoted, it is not. */
static bool needs_quotes(grove_cell cell, char separator) {
    if (cell.length == 0) {
        return false;
    }
    if (is_blank(cell.bytes[0]) || is_blank(cell.bytes[cell.length - 1]) ||
        (cell.length >= 3 && memcmp(cell.bytes, "\xEF\xBB\xBF", 3) == 0)) {
        return true;
    }
    for (size_t i = 0; i < cell.length; i++) {
        char byte = cell.bytes[i];
        if (byte == separator || byte == '"' || byte == '\n' || byte == '\r') {
            return true;
        }
    }
    return false;
}

/* The inside of a quoted cell: each quote goes out with the bytes before it, and once more with
 * those behind it. */
static int write_doubling_quotes(grove_cell cell, grove_csv_sink sink, void *user) {
    const char *at = cell.bytes, *end = at + cell.length, *quote;
    const char *from = at;
    int failed = 0;
    while (!failed && (quote = memchr(at, '"', (size_t)(end - at))) != NULL) {
        failed = sink(user, from, (size_t)(quote + 1 - from));
        from = quote;
        at = quote + 1;
    }
    return failed || (from < end && sink(user, from, (size_t)(end - from)));
}

grove_status grove_csv_write_cell(grove_cell cell, char separator, grove_csv_sink sink,
                                  void *user) {
    separator = separator ? separator : ',';
    int failed = 0;
    if (needs_quotes(cell, separator)) {
        failed =
            sink(user, "\"", 1) || write_doubling_quotes(cell, sink, user) || sink(user, "\"", 1);
    } else if (cell.length > 0) {
        failed = sink(user, cell.bytes, cell.length);
    }
    return failed ? GROVE_NO_FILE : GROVE_OK;
}

grove_status grove_csv_write_row(const grove_cell *cells, size_t count, char separator,
                                 grove_csv_sink sink, void *user) {
    separator = separator ? separator : ',';
    int failed = count == 1 && cells[0].length == 0 && sink(user, "\"\"", 2);
    for (size_t i = 0; i < count && !failed; i++) {
        failed = (i > 0 && sink(user, &separator, 1)) ||
                 grove_csv_write_cell(cells[i], separator, sink, user) != GROVE_OK;
    }
    return failed || sink(user, "\n", 1) ? GROVE_NO_FILE : GROVE_OK;
}
