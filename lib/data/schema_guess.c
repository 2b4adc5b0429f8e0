/* SPDX-License-Identifier: MIT
 *
 * Guessing what each column means. A guess is looked at by a person, so each one says why. */
#include <stdlib.h>
#include <string.h>

#include "bag.h"
#include "base/error.h"
#include "message.h"
#include "schema_pass.h"
#include "table.h"
#include "target.h"

enum { LEAST_BLANKS = 4 /* between the words of a cell, on average */ };

/* What one look at all cells of a column tells. */
typedef struct grove_survey {
    const grove_column_form *form;
    size_t cells;         /* that are not missing */
    size_t first_empty;   /* a row of the block; the number of its rows if there is none */
    size_t first_text;    /* a row whose cell is no number; the same */
    bool any_text;        /* in this block or one before */
    bool keeps_all;       /* the values are kept whatever they are */
    bool behind;          /* those of some rows are not kept */
    bool whole;           /* all are whole numbers: digits, perhaps a minus */
    bool leading_zero;    /* one of them is written "007" */
    size_t longest;       /* the most digits of a whole number */
    size_t zeros;         /* cells that are "0" */
    size_t blanks;        /* in all cells */
    grove_strings values; /* the distinct ones; of numbers with a fraction, at least two */
    size_t kept;          /* the rows of the block whose values are there */
} survey;

/* ---- looking --------------------------------------------------------------------------------- */

static bool is_whole(grove_cell cell, size_t *digits) {
    size_t sign = cell.bytes[0] == '-';
    *digits = cell.length - sign;
    for (size_t i = sign; i < cell.length; i++) {
        if (cell.bytes[i] < '0' || cell.bytes[i] > '9') {
            return false;
        }
    }
    return *digits > 0;
}

static size_t count_blanks(grove_cell cell) {
    size_t count = 0;
    const char *end = cell.bytes + cell.length;
    for (const char *at = cell.bytes; (at = memchr(at, ' ', (size_t)(end - at))); at++) {
        count++;
    }
    return count;
}

static void look_at(survey *seen, const grove_table *table, grove_cell cell, size_t row) {
    size_t digits;
    double number;
    seen->cells++;
    seen->blanks += count_blanks(cell);
    if (is_whole(cell, &digits)) {
        const char *first = cell.bytes + cell.length - digits;
        seen->leading_zero = seen->leading_zero || (digits > 1 && *first == '0');
        seen->longest = digits > seen->longest ? digits : seen->longest;
        seen->zeros += digits == 1 && *first == '0';
        return;
    }
    seen->whole = false;
    if (!seen->any_text && !grove_table_number(table, cell, &number)) {
        seen->first_text = row;
        seen->any_text = true;
    }
}

/* Numbers with a fraction are too many to be kept; two are enough, to see that they differ. */
static bool keeps_all(const survey *seen) {
    return seen->whole || seen->any_text || seen->keeps_all;
}

static size_t gather(const grove_table *table, const grove_column_form *form, size_t column,
                     size_t row, grove_cell *cells) {
    size_t left = table->rows - row;
    size_t count = left < GROVE_STRINGS_AT_ONCE ? left : GROVE_STRINGS_AT_ONCE;
    for (size_t i = 0; i < count; i++) {
        cells[i] = grove_table_at(table, row + i, column);
        cells[i].length = grove_lacks(form, cells[i]) ? 0 : cells[i].length;
    }
    return count;
}

static bool keep_values(survey *seen, const grove_table *table, size_t column) {
    grove_cell cells[GROVE_STRINGS_AT_ONCE];
    int32_t indices[GROVE_STRINGS_AT_ONCE];
    size_t count = gather(table, seen->form, column, seen->kept, cells);
    seen->kept += count;
    return grove_strings_add_all(&seen->values, cells, count, indices);
}

/* Goes on to row `end`. */
static bool look_at_rows(survey *seen, const grove_table *table, size_t column, size_t begin,
                         size_t end) {
    for (size_t row = begin; row < end; row++) {
        grove_cell cell = grove_table_at(table, row, column);
        if (!grove_lacks(seen->form, cell)) {
            look_at(seen, table, cell, row);
        } else if (row < seen->first_empty) {
            seen->first_empty = row;
        }
    }
    while (seen->kept < end && (keeps_all(seen) || seen->values.count < 2)) {
        if (!keep_values(seen, table, column)) {
            return false;
        }
    }
    return true;
}

static const grove_column_form *form_of(const grove_guess *g, size_t column) {
    return g->wanted[column].own ? g->wanted[column].form : &g->options.form;
}

static void begin_block(survey *seen, const grove_column_form *form, size_t rows) {
    seen->form = form;
    seen->first_empty = seen->first_text = rows;
    seen->kept = 0;
}

/* A table lies row by row, so a stretch of rows is looked at column by column while it is near.
 * Surveys [columns]; false when memory is short. */
static bool look_at_block(survey *surveys, const grove_table *table) {
    for (size_t row = 0, end; row < table->rows; row = end) {
        end = grove_table_stretch(table, row);
        for (size_t i = 0; i < table->columns; i++) {
            if (!look_at_rows(&surveys[i], table, i, row, end)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- deciding -------------------------------------------------------------------------------- */

/* Numbers only: a code or an amount? Writes the reason. */
static bool guess_number(const survey *seen, const grove_allocator *memory, grove_column_kind *kind,
                         char reason[GROVE_REASON_SIZE]) {
    bool codes = false;
    const char *words = seen->whole ? "whole numbers" : "numbers";
    if (seen->whole && seen->leading_zero) {
        words = "whole numbers with leading zeros: codes";
        codes = true;
    } else if (seen->whole && seen->longest > 15) {
        words = "whole numbers of more than 15 digits: codes";
        codes = true;
    } else if (seen->whole &&
               !grove_look_for_codes(&seen->values, seen->cells, seen->zeros, memory, &codes)) {
        return false;
    } else if (codes) {
        words = "whole numbers far apart that come again and again: codes";
    }
    *kind = codes ? GROVE_COLUMN_CATEGORICAL : GROVE_COLUMN_NUMERIC;
    if (seen->whole) {
        snprintf(reason, GROVE_REASON_SIZE, "%s, %d distinct values", words,
                 (int)seen->values.count);
    } else {
        snprintf(reason, GROVE_REASON_SIZE, "%s", words);
    }
    return true;
}

/* Texts are long and seldom come again. */
static bool looks_like_text(const survey *seen) {
    return seen->blanks >= LEAST_BLANKS * seen->cells &&
           2 * (size_t)seen->values.count >= seen->cells;
}

static bool guess_kind(const survey *seen, size_t rows, const grove_schema_options *options,
                       grove_column_kind *kind, char reason[GROVE_REASON_SIZE]) {
    int count = (int)seen->values.count;
    *kind = GROVE_COLUMN_IGNORED;
    if (seen->cells == 0) {
        snprintf(reason, GROVE_REASON_SIZE, "every cell is empty");
    } else if (count == 1 && seen->cells == rows) {
        char quoted[GROVE_QUOTE_SIZE];
        snprintf(reason, GROVE_REASON_SIZE, "every cell is %s",
                 grove_quote(quoted, grove_strings_at(&seen->values, 0)));
    } else if (!seen->any_text) {
        return guess_number(seen, &options->allocator, kind, reason);
    } else if (looks_like_text(seen)) {
        *kind = GROVE_COLUMN_TEXT;
        snprintf(reason, GROVE_REASON_SIZE, "text of %.0f words a cell, seldom twice the same",
                 (double)seen->blanks / (double)seen->cells + 1);
    } else if (options->max_values > 0 && count > options->max_values) {
        snprintf(reason, GROVE_REASON_SIZE, "text, %d distinct values: more than the %lld allowed",
                 count, (long long)options->max_values);
    } else {
        *kind = GROVE_COLUMN_CATEGORICAL;
        snprintf(reason, GROVE_REASON_SIZE, "text, %d distinct value%s", count,
                 count == 1 ? "" : "s");
    }
    return true;
}

/* ---- what was asked for ---------------------------------------------------------------------- */

static bool needs_label(int wanted) {
    return wanted != GROVE_TO_GUESS && grove_needs_label((grove_column_kind)wanted);
}

/* Can the column be what it was said to be, as far as this block tells? */
static grove_status check_wish(const survey *seen, const grove_table *table, size_t column,
                               int wanted, grove_error *error) {
    const bool numbers = wanted == GROVE_COLUMN_NUMERIC || wanted == GROVE_COLUMN_TARGET;
    if (numbers && seen->first_text < table->rows) {
        return grove_bad_cell(table, seen->first_text, column, "is not a number", error);
    }
    if (needs_label(wanted) && seen->first_empty < table->rows) {
        return grove_no_label(table, seen->first_empty, column, error);
    }
    return GROVE_OK;
}

/* ---- column by column ------------------------------------------------------------------------ */

/* A column without a form of its own has that of all columns; and perhaps too many values for a
 * vocabulary. */
static grove_status set_form(grove_schema *schema, const grove_guess *g, size_t column,
                             grove_error *error) {
    grove_column_form form = *form_of(g, column);
    const int64_t above = g->options.hash_above;
    bool categorical = schema->columns[column].kind == GROVE_COLUMN_CATEGORICAL;
    if (!g->wanted[column].own) {
        bool hashed = above > 0 && g->surveys[column].values.count > above;
        form.buckets = hashed && categorical ? above : 0;
    }
    const grove_column_kind kind = schema->columns[column].kind;
    const bool sets = kind == GROVE_COLUMN_LABELS;
    form.max_values =
        categorical || grove_is_bag(kind) || (sets && g->wanted[column].own) ? form.max_values : 0;
    form.split = sets && !form.split ? ';' : form.split;
    form.seed = form.buckets > 0 ? form.seed : 0;
    return grove_schema_set_form(schema, column, &form, error);
}

/* A kind that would have been guessed as well is said to be guessed, with its reason. */
static grove_status settle_column(grove_schema *schema, const grove_guess *g, size_t column,
                                  const grove_table *names, grove_error *error) {
    const survey *seen = &g->surveys[column];
    const grove_column_asked *wanted = &g->wanted[column];
    char reason[GROVE_REASON_SIZE];
    grove_column_kind kind;
    if (!guess_kind(seen, g->rows, &g->options, &kind, reason)) {
        return grove_fail_memory(error, (size_t)seen->values.count * sizeof(int64_t));
    }
    if (wanted->kind != GROVE_TO_GUESS && (!wanted->own || wanted->kind != (int)kind)) {
        snprintf(reason, sizeof reason, "as asked for");
    }
    kind = wanted->kind == GROVE_TO_GUESS ? kind : (grove_column_kind)wanted->kind;
    if (grove_needs_label(kind) && seen->values.count == 1) {
        return grove_one_label(names, column, grove_strings_at(&seen->values, 0), error);
    }
    grove_status status =
        grove_schema_add_column(schema, names->names[column], kind, reason, error);
    return status == GROVE_OK ? set_form(schema, g, column, error) : status;
}

/* ---- block by block -------------------------------------------------------------------------- */

grove_status grove_guess_begin(grove_guess *g, const grove_table *names,
                               const grove_schema_options *options, grove_error *error) {
    *g = (grove_guess){.columns = names->columns};
    g->options = options ? *options : (grove_schema_options){0};
    g->options.allocator = grove_allocator_or_default(&g->options.allocator);
    const grove_allocator *memory = &g->options.allocator;
    g->surveys = grove_alloc_zero(memory, g->columns, sizeof *g->surveys);
    g->wanted = grove_alloc_zero(memory, g->columns, sizeof *g->wanted);
    if (!g->surveys || !g->wanted) {
        return grove_fail_memory(error, g->columns * sizeof *g->surveys);
    }
    for (size_t i = 0; i < g->columns; i++) {
        g->surveys[i] = (survey){.whole = true, .values.allocator = *memory};
    }
    return grove_read_wishes(names, &g->options, g->wanted, error);
}

grove_status grove_guess_add(grove_guess *g, const grove_table *block, grove_error *error) {
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < g->columns; i++) {
        begin_block(&g->surveys[i], form_of(g, i), block->rows);
    }
    if (!look_at_block(g->surveys, block)) {
        return grove_fail_memory(error, block->bytes_capacity);
    }
    g->rows += block->rows;
    for (size_t i = 0; i < g->columns; i++) {
        survey *seen = &g->surveys[i];
        seen->behind = seen->behind || seen->kept < block->rows;
        if (status == GROVE_OK) {
            status = check_wish(seen, block, i, g->wanted[i].kind, error);
        }
    }
    return status;
}

grove_status grove_guess_end(grove_guess *g, const grove_table *names, grove_schema **schema,
                             grove_error *error) {
    grove_status status = GROVE_OK;
    grove_schema *made = grove_schema_new(&g->options.allocator);
    if (!made) {
        return grove_fail_memory(error, sizeof *made);
    }
    made->min_count = g->options.min_count;
    for (size_t i = 0; i < g->columns && status == GROVE_OK; i++) {
        status = settle_column(made, g, i, names, error);
    }
    if (status != GROVE_OK) {
        grove_schema_free(made);
        return status;
    }
    *schema = made;
    return GROVE_OK;
}

void grove_guess_free(grove_guess *g) {
    for (size_t i = 0; i < g->columns && g->surveys; i++) {
        grove_strings_free(&g->surveys[i].values);
    }
    if (g->options.allocator.resize) {
        grove_release(&g->options.allocator, g->surveys);
        grove_release(&g->options.allocator, g->wanted);
    }
}

size_t grove_guess_bytes(const grove_guess *g, size_t *column) {
    size_t sum = 0, most = 0;
    *column = 0;
    for (size_t i = 0; i < g->columns; i++) {
        const size_t bytes = grove_strings_size(&g->surveys[i].values);
        *column = bytes > most ? i : *column;
        most = bytes > most ? bytes : most;
        sum += bytes;
    }
    return sum;
}

bool grove_guess_missed(const grove_guess *g) {
    bool any = false;
    for (size_t i = 0; i < g->columns; i++) {
        any = any || (g->surveys[i].behind && g->surveys[i].any_text);
    }
    return any;
}

void grove_guess_again(grove_guess *g) {
    g->rows = 0;
    for (size_t i = 0; i < g->columns; i++) {
        survey *seen = &g->surveys[i];
        const bool keeps_all = seen->behind && seen->any_text;
        grove_strings_free(&seen->values);
        *seen = (survey){
            .whole = true, .keeps_all = keeps_all, .values.allocator = g->options.allocator};
    }
}

grove_status grove_schema_guess(const grove_table *table, const grove_schema_options *options,
                                grove_schema **schema, grove_error *error) {
    grove_guess g;
    grove_error_clear(error);
    *schema = NULL;
    if (!table || table->rows == 0) {
        return grove_fail(error, GROVE_BAD_DATA, "a schema cannot be guessed from no rows");
    }
    grove_status status = grove_guess_begin(&g, table, options, error);
    if (status == GROVE_OK) {
        status = grove_guess_add(&g, table, error);
    }
    if (status == GROVE_OK) {
        status = grove_guess_end(&g, table, schema, error);
    }
    grove_guess_free(&g);
    return status;
}
