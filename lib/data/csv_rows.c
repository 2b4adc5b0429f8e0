/* SPDX-License-Identifier: MIT
 *
 * Rows out of bytes: one pass over them, from the block that was read into the table's pool. */
#include "csv_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "table.h"

void grove_csv_out_of_memory(grove_csv_reader *r, size_t size) {
    r->status = grove_fail_memory(r->error, size);
}

void grove_csv_separate_by(grove_csv_reader *r, char separator) {
    r->separator = separator;
    r->separators = grove_csv_run_to(separator);
    r->table->separator = separator;
}

/* "data.csv: line 3 WORDS" */
static void refuse(grove_csv_reader *r, size_t line, const char *words) {
    char place[GROVE_PLACE_SIZE];
    grove_place(place, r->table->source, line);
    r->status = grove_fail(r->error, GROVE_BAD_DATA, "%s%s", place, words);
}

static void refuse_nul(grove_csv_reader *r) {
    refuse(r, r->line, " has a NUL byte: this is no text in UTF-8");
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The cells of the first row become names, or are named c1, c2... */
static void take_header(grove_csv_reader *r) {
    grove_table *table = r->table;
    size_t count = r->row_cells, size = count * (sizeof(grove_cell) + 24);
    grove_cell *names = grove_alloc(&table->allocator, size);
    if (!names) {
        grove_csv_out_of_memory(r, size);
        return;
    }
    char *text = (char *)(names + count);
    for (size_t i = 0; i < count; i++, text += 24) {
        if (r->no_header) {
            names[i] = (grove_cell){text, (size_t)snprintf(text, 24, "c%zu", i + 1)};
        } else {
            names[i] = grove_table_cell_at(table, i);
        }
    }
    r->header_line = r->row_line;
    r->status = grove_table_set_names(table, names, count, r->row_line, r->error);
    grove_release(&table->allocator, names);
}

static void refuse_row(grove_csv_reader *r) {
    char place[GROVE_PLACE_SIZE], first[32] = "the header", guess[64] = "";
    if (r->no_header) {
        snprintf(first, sizeof first, "line %zu", r->header_line);
    }
    if (r->guess && r->separator != ',') {
        snprintf(guess, sizeof guess, " (the separator was guessed to be %s)",
                 r->separator == '\t'  ? "a tab"
                 : r->separator == ';' ? "';'"
                                       : "'|'");
    }
    r->status = grove_fail(r->error, GROVE_BAD_DATA, "%s has %zu cell%s, %s has %zu%s",
                           grove_place(place, r->table->source, r->row_line), r->row_cells,
                           r->row_cells == 1 ? "" : "s", first, r->table->columns, guess);
}

static void end_row(grove_csv_reader *r) {
    grove_table *table = r->table;
    bool is_first = table->columns == 0;
    if (r->status == GROVE_OK && is_first) {
        take_header(r);
    }
    bool is_bad = r->status == GROVE_OK && r->row_cells != table->columns;
    if (is_bad && table->bad_rows < r->max_bad_rows) {
        table->first_bad_line = table->bad_rows++ > 0 ? table->first_bad_line : r->row_line;
        grove_table_drop_row(table);
    } else if (is_bad) {
        refuse_row(r);
    } else if (r->status == GROVE_OK && is_first && !r->no_header) {
        grove_table_drop_row(table);
    } else if (r->status == GROVE_OK && !grove_table_end_row(table, r->row_line)) {
        grove_csv_out_of_memory(r, 2 * table->rows * sizeof(size_t));
    }
    r->row_cells = 0;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static char *bytes_of_cell(const grove_csv_reader *r) {
    return r->table->bytes + r->table->used;
}

static void end_cell(grove_csv_reader *r) {
    if (r->row_cells == 0) {
        r->row_line = r->cell_line;
    }
    if (!grove_table_seal_cell(r->table, r->length)) {
        grove_csv_out_of_memory(r, 2 * r->table->cells * sizeof(size_t));
    }
    r->row_cells++;
    r->cell_line = r->line;
    r->length = 0;
    r->state = GROVE_CSV_PLAIN;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* Of a cell outside quotes. */
static void drop_blanks(grove_csv_reader *r) {
    char *bytes = bytes_of_cell(r);
    size_t begin = 0, end = r->length;
    while (end > 0 && is_blank(bytes[end - 1])) {
        end--;
    }
    while (begin < end && is_blank(bytes[begin])) {
        begin++;
    }
    r->length = end - begin;
    if (begin > 0) {
        memmove(bytes, bytes + begin, r->length);
    }
}

/* Nothing of a row was seen, or it has ended. */
static bool is_between_rows(const grove_csv_reader *r) {
    return r->row_cells == 0 && r->length == 0 && r->state == GROVE_CSV_PLAIN;
}

/* The LF of a CRLF is no line end of its own. */
static void count_line(grove_csv_reader *r, const char *at) {
    bool after_cr = at > r->block ? at[-1] == '\r' : r->after_cr;
    r->line += *at == '\r' || !after_cr;
}

static void end_line(grove_csv_reader *r, const char *at) {
    if (!is_between_rows(r)) {
        end_cell(r);
        end_row(r);
    }
    count_line(r, at);
    r->cell_line = r->line;
}

/* Plain cells, word by word: the pool gets the bytes as they are, and a NUL in the place of each
 * separator and of the line end behind a whole row. Comes to the first byte that asks for more
 * thought, or to less than a word. */
static const char *take_cells(grove_csv_reader *r, const char *at, const char *end) {
    grove_table *table = r->table;
    const grove_csv_run run = r->separators;
    char *const pool = table->bytes;
    size_t *const ends = table->ends;
    size_t used = table->used, place = used + r->length; /* of *at in the pool */
    size_t cells = table->cells, in_row = r->row_cells;
    for (; end - at >= 8; at += 8, place += 8) {
        uint64_t hits = grove_csv_ends(&run, grove_eight_bytes(at));
        memcpy(pool + place, at, 8);
        for (; hits; hits &= hits - 1) {
            const size_t n = grove_bytes_before(hits);
            const bool row_ends = at[n] == '\n' && in_row + 1 == table->columns &&
                                  (in_row > 0 || place + n > used) &&
                                  table->rows < table->lines_capacity;
            if (cells == table->ends_capacity || !(row_ends || at[n] == (char)run.byte)) {
                break;
            }
            r->row_line = in_row == 0 ? r->line : r->row_line;
            pool[place + n] = '\0';
            ends[cells++] = place + n;
            used = place + n + 1;
            in_row++;
            if (row_ends) {
                table->lines[table->rows++] = r->row_line;
                in_row = 0;
                r->cell_line = ++r->line;
            }
        }
        if (hits) {
            at += grove_bytes_before(hits);
            place += grove_bytes_before(hits);
            break;
        }
    }
    table->used = used;
    table->cells = cells;
    r->row_cells = in_row;
    r->length = place - used;
    return at;
}

/* Each of the three takes bytes in one state, at least one of them unless they are refused, and
 * returns where it has come to. */

static const char *take_plain(grove_csv_reader *r, const char *at, const char *end) {
    size_t length =
        grove_csv_copy(&r->separators, at, (size_t)(end - at), bytes_of_cell(r) + r->length);
    at += length;
    r->length += length;
    if (at == end) {
        return at;
    }
    char byte = *at;
    if (r->trim && (byte == r->separator || byte == '\n' || byte == '\r' || byte == '"')) {
        drop_blanks(r);
    }
    if (byte == r->separator) {
        end_cell(r);
    } else if (byte == '\n' || byte == '\r') {
        end_line(r, at);
    } else if (byte == '"' && r->length == 0) {
        r->state = GROVE_CSV_QUOTED;
    } else if (byte == '"') {
        refuse(r, r->line,
               ": a quote within a cell that does not begin with one (put the whole cell "
               "in quotes, and write its own quotes twice)");
    } else if (byte == '\0') {
        refuse_nul(r);
    } else {
        bytes_of_cell(r)[r->length++] = byte;
    }
    return at + 1;
}

static const char *take_quoted(grove_csv_reader *r, const char *at, const char *end) {
    size_t length =
        grove_csv_copy(&r->quotes, at, (size_t)(end - at), bytes_of_cell(r) + r->length);
    at += length;
    r->length += length;
    if (at == end) {
        return at;
    }
    if (*at == '"') {
        r->state = GROVE_CSV_CLOSED;
    } else if (*at == '\0') {
        refuse_nul(r);
    } else {
        bytes_of_cell(r)[r->length++] = *at;
        if (*at == '\n' || *at == '\r') {
            count_line(r, at);
        }
    }
    return at + 1;
}

static const char *take_closed(grove_csv_reader *r, const char *at) {
    char byte = *at;
    if (byte == r->separator) {
        end_cell(r);
    } else if (byte == '\n' || byte == '\r') {
        end_line(r, at);
    } else if (byte == '"' && r->state == GROVE_CSV_CLOSED) {
        bytes_of_cell(r)[r->length++] = byte;
        r->state = GROVE_CSV_QUOTED;
    } else if (r->trim && is_blank(byte)) {
        r->state = GROVE_CSV_CLOSED_BLANK;
    } else if (byte == '\0') {
        refuse_nul(r);
    } else {
        refuse(r, r->line, ": text after a closing quote (a quote within quotes is written twice)");
    }
    return at + 1;
}

/* ---- lines that are passed over -------------------------------------------------------------- */

/* To the line end, and over it, if it is within the block; *line_ends tells. */
static const char *pass_line(grove_csv_reader *r, const char *at, const char *end,
                             bool *line_ends) {
    while (at < end && *at != '\n' && *at != '\r') {
        at++;
    }
    *line_ends = at < end;
    if (*line_ends) {
        count_line(r, at++);
        r->cell_line = r->line;
    }
    return at;
}

static const char *take_comment(grove_csv_reader *r, const char *at, const char *end) {
    bool line_ends;
    at = pass_line(r, at, end, &line_ends);
    r->state = line_ends ? GROVE_CSV_PLAIN : GROVE_CSV_COMMENT;
    return at;
}

static const char *take_skipped(grove_csv_reader *r, const char *at, const char *end) {
    bool line_ends = true;
    while (line_ends && r->line <= r->skip) {
        at = pass_line(r, at, end, &line_ends);
    }
    return at;
}

/* Where, behind *at, the next line begins that is a comment if it is not within quotes. */
static const char *next_comment(const grove_csv_reader *r, const char *at, const char *end) {
    do {
        at = memchr(at + 1, r->comment, (size_t)(end - at - 1));
    } while (at && at[-1] != '\n' && at[-1] != '\r');
    return at ? at : end;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* A cell and its NUL take no more room than it and the separator behind it took in the block, so
 * the pool needs room for as many bytes, and one for a last cell with nothing behind it. */
void grove_csv_feed(grove_csv_reader *r, const char *bytes, size_t size) {
    if (!r->started && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    r->started = true;
    if (size > 0 && !grove_table_reserve(r->table, r->length, size)) {
        grove_csv_out_of_memory(r, size);
    }
    const char *end = bytes + size;
    r->block = bytes;
    const char *at = take_skipped(r, bytes, end), *stop = r->comment ? at : end;
    while (at < end && r->status == GROVE_OK) {
        if (at >= stop) {
            stop = next_comment(r, at, end);
        }
        if (r->comment && *at == r->comment && is_between_rows(r)) {
            r->state = GROVE_CSV_COMMENT;
        }
        if (r->state == GROVE_CSV_PLAIN) {
            at = r->trim ? at : take_cells(r, at, stop);
            at = at < stop ? take_plain(r, at, stop) : at;
        } else if (r->state == GROVE_CSV_COMMENT) {
            at = take_comment(r, at, end);
        } else if (r->state == GROVE_CSV_QUOTED) {
            at = take_quoted(r, at, end);
        } else {
            at = take_closed(r, at);
        }
    }
    r->after_cr = size > 0 && end[-1] == '\r';
}

void grove_csv_finish(grove_csv_reader *r) {
    if (r->state == GROVE_CSV_COMMENT) {
        r->state = GROVE_CSV_PLAIN;
    }
    if (r->status == GROVE_OK && r->state == GROVE_CSV_QUOTED) {
        refuse(r, r->cell_line, ": a quote is opened and never closed");
    }
    if (r->trim && r->state == GROVE_CSV_PLAIN && r->length > 0) {
        drop_blanks(r);
    }
    if (r->status == GROVE_OK && !is_between_rows(r)) {
        end_cell(r);
        end_row(r);
    }
    if (r->status == GROVE_OK && r->table->columns == 0) {
        refuse(r, 0,
               r->skip || r->comment ? ": without what is skipped, the file is empty"
                                     : ": the file is empty");
    }
    if (r->status == GROVE_OK && r->table->rows + r->table->rows_gone == 0) {
        refuse(r, 0, ": the file has a header, but no row below it");
    }
}
