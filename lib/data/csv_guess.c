/* SPDX-License-Identifier: MIT
 *
 * What stands between the cells of a file, told by its first lines. */
#include <stdint.h>
#include <string.h>

#include "csv_rows.h"
#include "table.h"

enum { CANDIDATES = 4, MOST_LINES = 100 };

static const char candidates[CANDIDATES] = {',', ';', '\t', '|'};

/* How many cells each line has under each candidate. */
typedef struct look {
    uint32_t cells[CANDIDATES][MOST_LINES];
    size_t lines;
} look;

static size_t end_of_line(const char *bytes, size_t size, size_t at) {
    while (at < size && bytes[at] != '\n' && bytes[at] != '\r') {
        at++;
    }
    return at;
}

static size_t behind_skipped(const char *bytes, size_t size, size_t lines) {
    size_t at = 0;
    for (; lines > 0 && at < size; lines--) {
        at = end_of_line(bytes, size, at);
        at += at + 1 < size && bytes[at] == '\r' && bytes[at + 1] == '\n';
        at += at < size;
    }
    return at;
}

/* Each quote turns quoting on or off; one that is written twice does so twice. A line that is cut
 * off by the end of the block tells too little, unless it is the only one. */
static void count_cells(look *l, const grove_csv_reader *r, const char *bytes, size_t size,
                        bool whole) {
    uint32_t now[CANDIDATES] = {0};
    bool quoted = false, empty = true;
    for (size_t i = behind_skipped(bytes, size, r->skip); i < size && l->lines < MOST_LINES; i++) {
        if (empty && r->comment && bytes[i] == r->comment) {
            i = end_of_line(bytes, size, i);
            continue;
        }
        bool ends = !quoted && (bytes[i] == '\n' || bytes[i] == '\r');
        quoted ^= bytes[i] == '"';
        for (size_t c = 0; c < CANDIDATES && !quoted && !ends; c++) {
            now[c] += bytes[i] == candidates[c];
        }
        empty = empty && ends;
        if (empty || !(ends || (i + 1 == size && (whole || l->lines == 0)))) {
            continue;
        }
        for (size_t c = 0; c < CANDIDATES; c++) {
            l->cells[c][l->lines] = now[c] + 1;
            now[c] = 0;
        }
        l->lines++;
        empty = true;
    }
}

/* The most lines that agree on a number of cells above one. */
static size_t agreeing(const uint32_t *cells, size_t lines) {
    size_t most = 0;
    for (size_t i = 0; i < lines; i++) {
        size_t same = 0;
        for (size_t j = 0; j < lines && cells[i] > 1; j++) {
            same += cells[j] == cells[i];
        }
        most = same > most ? same : most;
    }
    return most;
}

static bool ends_with(const char *name, size_t length, const char *end) {
    size_t n = strlen(end);
    return length >= n && memcmp(name + length - n, end, n) == 0;
}

/* data.tsv, also packed */
static bool is_named_tsv(const char *name) {
    size_t length = strlen(name);
    length -= ends_with(name, length, ".gz") ? 3 : 0;
    length -= ends_with(name, length, ".zst") ? 4 : 0;
    return ends_with(name, length, ".tsv");
}

/* Means something else in this file. */
static bool is_other(const grove_csv_reader *r, char candidate) {
    return candidate == r->comment || candidate == r->table->decimal;
}

char grove_csv_guess_separator(const grove_csv_reader *r, const char *bytes, size_t size,
                               bool whole) {
    look l = {.lines = 0};
    char best = is_other(r, candidates[0]) ? candidates[1] : candidates[0];
    size_t most = 0;
    count_cells(&l, r, bytes, size, whole);
    for (size_t c = 0; c < CANDIDATES; c++) {
        size_t lines = agreeing(l.cells[c], l.lines);
        bool likely = 2 * lines > l.lines && !is_other(r, candidates[c]);
        if (likely && candidates[c] == '\t' && is_named_tsv(r->table->source)) {
            return '\t';
        }
        if (likely && lines > most) {
            most = lines;
            best = candidates[c];
        }
    }
    return best;
}
