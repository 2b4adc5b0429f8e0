/* SPDX-License-Identifier: MIT
 *
 * Guessing what each column means. A guess is looked at by a person, so each one says why. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "schema.h"
#include "table.h"

enum { REASON_SIZE = 160 };

/* What one look at all cells of a column tells. */
typedef struct survey {
    size_t cells;         /* that are not empty */
    size_t first_empty;   /* a row; the number of rows if there is none */
    size_t first_text;    /* a row whose cell is no number; the same */
    bool whole;           /* all are whole numbers: digits, perhaps a minus */
    bool leading_zero;    /* one of them is written "007" */
    size_t longest;       /* the most digits of a whole number */
    size_t zeros;         /* cells that are "0" */
    grove_strings values; /* the distinct ones; of numbers with a fraction, at least two */
    size_t kept;          /* the rows whose values are there */
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

static void look_at(survey *seen, const grove_table *table, grove_cell cell, size_t row) {
    size_t digits;
    double number;
    seen->cells++;
    if (is_whole(cell, &digits)) {
        const char *first = cell.bytes + cell.length - digits;
        seen->leading_zero = seen->leading_zero || (digits > 1 && *first == '0');
        seen->longest = digits > seen->longest ? digits : seen->longest;
        seen->zeros += digits == 1 && *first == '0';
        return;
    }
    seen->whole = false;
    if (row < seen->first_text && !grove_table_number(table, cell, &number)) {
        seen->first_text = row;
    }
}

/* Numbers with a fraction are too many to be kept; two are enough, to see that they differ. */
static bool keeps_all(const survey *seen, const grove_table *table) {
    return seen->whole || seen->first_text < table->rows;
}

static size_t gather(const grove_table *table, size_t column, size_t row, grove_cell *cells) {
    size_t left = table->rows - row;
    size_t count = left < GROVE_STRINGS_AT_ONCE ? left : GROVE_STRINGS_AT_ONCE;
    for (size_t i = 0; i < count; i++) {
        cells[i] = grove_table_at(table, row + i, column);
    }
    return count;
}

static bool keep_values(survey *seen, const grove_table *table, size_t column) {
    grove_cell cells[GROVE_STRINGS_AT_ONCE];
    int32_t indices[GROVE_STRINGS_AT_ONCE];
    size_t count = gather(table, column, seen->kept, cells);
    seen->kept += count;
    return grove_strings_add_all(&seen->values, cells, count, indices);
}

/* Goes on to row `end`. */
static bool look_at_rows(survey *seen, const grove_table *table, size_t column, size_t begin,
                         size_t end) {
    for (size_t row = begin; row < end; row++) {
        grove_cell cell = grove_table_at(table, row, column);
        if (cell.length > 0) {
            look_at(seen, table, cell, row);
        } else if (row < seen->first_empty) {
            seen->first_empty = row;
        }
    }
    while (seen->kept < end && (keeps_all(seen, table) || seen->values.count < 2)) {
        if (!keep_values(seen, table, column)) {
            return false;
        }
    }
    return true;
}

/* A table lies row by row, so a stretch of rows is looked at column by column while it is near.
 * Surveys [columns]; false when memory is short. */
static bool look_at_table(survey *surveys, const grove_table *table,
                          const grove_allocator *allocator) {
    for (size_t i = 0; i < table->columns; i++) {
        surveys[i] = (survey){.first_empty = table->rows,
                              .first_text = table->rows,
                              .whole = true,
                              .values.allocator = *allocator};
    }
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

/* ---- codes or amounts? ----------------------------------------------------------------------- */

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Do these distinct whole numbers [count] fill less than a tenth of their range, and less than half
 * of it up to their lower quartile? */
static bool are_far_apart(const int64_t *numbers, size_t count) {
    int64_t least = numbers[0], most = numbers[0], step = 0;
    for (size_t i = 1; i < count; i++) {
        least = numbers[i] < least ? numbers[i] : least;
        most = numbers[i] > most ? numbers[i] : most;
    }
    for (size_t i = 0; i < count && step != 1; i++) {
        step = common_divisor(numbers[i] - least, step);
    }
    if (step == 0 || (most - least) / step <= 10 * (int64_t)count) {
        return false;
    }
    /* The lower quartile lies beyond twice its rank if at most so many numbers do not. */
    size_t quarter = count / 4, near = 0;
    for (size_t i = 0; i < count; i++) {
        near += (numbers[i] - least) / step <= 2 * (int64_t)quarter;
    }
    return near <= quarter;
}

/* Whole numbers of at most 15 digits only. *codes tells; false when memory is short. */
static bool look_for_codes(const survey *seen, const grove_allocator *memory, bool *codes) {
    size_t count = (size_t)seen->values.count;
    *codes = false;
    if (count < 8 || seen->cells < 2 * count || 2 * seen->zeros >= seen->cells) {
        return true;
    }
    int64_t *numbers = grove_alloc(memory, count * sizeof *numbers);
    if (!numbers) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        double number = 0;
        grove_cell cell = grove_strings_at(&seen->values, (int32_t)i);
        grove_parse_number(cell.bytes, cell.length, &number);
        numbers[i] = (int64_t)number;
    }
    *codes = are_far_apart(numbers, count);
    grove_release(memory, numbers);
    return true;
}

/* ---- deciding -------------------------------------------------------------------------------- */

/* Numbers only: a code or an amount? Writes the reason. */
static bool guess_number(const survey *seen, const grove_allocator *memory, grove_column_kind *kind,
                         char reason[REASON_SIZE]) {
    bool codes = false;
    const char *words = seen->whole ? "whole numbers" : "numbers";
    if (seen->whole && seen->leading_zero) {
        words = "whole numbers with leading zeros: codes";
        codes = true;
    } else if (seen->whole && seen->longest > 15) {
        words = "whole numbers of more than 15 digits: codes";
        codes = true;
    } else if (seen->whole && !look_for_codes(seen, memory, &codes)) {
        return false;
    } else if (codes) {
        words = "whole numbers far apart that come again and again: codes";
    }
    *kind = codes ? GROVE_COLUMN_CATEGORICAL : GROVE_COLUMN_NUMERIC;
    if (seen->whole) {
        snprintf(reason, REASON_SIZE, "%s, %d distinct values", words, (int)seen->values.count);
    } else {
        snprintf(reason, REASON_SIZE, "%s", words);
    }
    return true;
}

static bool guess_kind(const survey *seen, size_t rows, const grove_schema_options *options,
                       grove_column_kind *kind, char reason[REASON_SIZE]) {
    int count = (int)seen->values.count;
    *kind = GROVE_COLUMN_IGNORED;
    if (seen->cells == 0) {
        snprintf(reason, REASON_SIZE, "every cell is empty");
    } else if (count == 1 && seen->cells == rows) {
        char quoted[GROVE_QUOTE_SIZE];
        snprintf(reason, REASON_SIZE, "every cell is %s",
                 grove_quote(quoted, grove_strings_at(&seen->values, 0)));
    } else if (seen->first_text == rows) {
        return guess_number(seen, &options->allocator, kind, reason);
    } else if (options->max_values > 0 && count > options->max_values) {
        snprintf(reason, REASON_SIZE, "text, %d distinct values: more than the %lld allowed", count,
                 (long long)options->max_values);
    } else {
        *kind = GROVE_COLUMN_CATEGORICAL;
        snprintf(reason, REASON_SIZE, "text, %d distinct value%s", count, count == 1 ? "" : "s");
    }
    return true;
}

/* ---- what was asked for ---------------------------------------------------------------------- */

/* Not yet given a kind: the value of wanted[column] before the lists are read. */
enum { TO_GUESS = -1 };

static grove_status ask_for(const grove_table *table, const char *const *names, size_t count,
                            grove_column_kind kind, int *wanted, grove_error *error) {
    for (size_t i = 0; i < count; i++) {
        int column = grove_table_find(table, names[i]);
        if (column < 0) {
            return grove_no_column(table, names[i], error);
        }
        int before = wanted[column];
        if (before != TO_GUESS && before != (int)kind) {
            char quoted[GROVE_QUOTE_SIZE];
            return grove_fail(error, GROVE_BAD_ARGUMENT, "column %s cannot be both %s and %s",
                              grove_quote_text(quoted, names[i]),
                              grove_column_kind_name((grove_column_kind)before),
                              grove_column_kind_name(kind));
        }
        wanted[column] = (int)kind;
    }
    return GROVE_OK;
}

static grove_status read_wishes(const grove_table *table, const grove_schema_options *options,
                                int *wanted, grove_error *error) {
    for (size_t i = 0; i < table->columns; i++) {
        wanted[i] = TO_GUESS;
    }
    const struct {
        const char *const *names;
        size_t count;
        grove_column_kind kind;
    } lists[] = {
        {&options->label, options->label != NULL, GROVE_COLUMN_LABEL},
        {options->categorical, options->categorical_count, GROVE_COLUMN_CATEGORICAL},
        {options->numeric, options->numeric_count, GROVE_COLUMN_NUMERIC},
        {options->ignore, options->ignore_count, GROVE_COLUMN_IGNORED},
    };
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && status == GROVE_OK; i++) {
        status = ask_for(table, lists[i].names, lists[i].count, lists[i].kind, wanted, error);
    }
    return status;
}

/* Can the column be what it was said to be? */
static grove_status check_wish(const survey *seen, const grove_table *table, size_t column,
                               grove_column_kind kind, grove_error *error) {
    if (kind == GROVE_COLUMN_NUMERIC && seen->first_text < table->rows) {
        return grove_bad_cell(table, seen->first_text, column, "is not a number", error);
    }
    if (kind == GROVE_COLUMN_LABEL && seen->first_empty < table->rows) {
        return grove_no_label(table, seen->first_empty, column, error);
    }
    if (kind == GROVE_COLUMN_LABEL && seen->values.count == 1) {
        return grove_one_label(table, column, grove_strings_at(&seen->values, 0), error);
    }
    return GROVE_OK;
}

/* ---- column by column ------------------------------------------------------------------------ */

static grove_status settle_column(grove_schema *schema, const survey *seen,
                                  const grove_table *table, size_t column, int wanted,
                                  const grove_schema_options *options, grove_error *error) {
    char reason[REASON_SIZE] = "as asked for";
    grove_column_kind kind = (grove_column_kind)wanted;
    grove_status status = GROVE_OK;
    if (wanted == TO_GUESS) {
        if (!guess_kind(seen, table->rows, options, &kind, reason)) {
            return grove_fail_memory(error, (size_t)seen->values.count * sizeof(int64_t));
        }
    } else {
        status = check_wish(seen, table, column, kind, error);
    }
    return status == GROVE_OK
               ? grove_schema_add_column(schema, table->names[column], kind, reason, error)
               : status;
}

static grove_status guess_columns(grove_schema *schema, const grove_table *table,
                                  const grove_schema_options *options, const int *wanted,
                                  grove_error *error) {
    survey *surveys = grove_alloc_zero(&schema->allocator, table->columns, sizeof *surveys);
    if (!surveys) {
        return grove_fail_memory(error, table->columns * sizeof *surveys);
    }
    grove_status status = look_at_table(surveys, table, &schema->allocator)
                              ? GROVE_OK
                              : grove_fail_memory(error, table->bytes_capacity);
    for (size_t i = 0; i < table->columns && status == GROVE_OK; i++) {
        status = settle_column(schema, &surveys[i], table, i, wanted[i], options, error);
    }
    for (size_t i = 0; i < table->columns; i++) {
        grove_strings_free(&surveys[i].values);
    }
    grove_release(&schema->allocator, surveys);
    return status;
}

grove_status grove_schema_guess(const grove_table *table, const grove_schema_options *options,
                                grove_schema **schema, grove_error *error) {
    grove_schema_options chosen = options ? *options : (grove_schema_options){0};
    chosen.allocator = grove_allocator_or_default(&chosen.allocator);
    grove_error_clear(error);
    *schema = NULL;
    if (!table || table->rows == 0) {
        return grove_fail(error, GROVE_BAD_DATA, "a schema cannot be guessed from no rows");
    }
    size_t size = table->columns * sizeof(int);
    grove_schema *made = grove_schema_new(&chosen.allocator);
    int *wanted = grove_alloc(&chosen.allocator, size);
    grove_status status = made && wanted ? read_wishes(table, &chosen, wanted, error)
                                         : grove_fail_memory(error, size + sizeof *made);
    if (status == GROVE_OK) {
        made->min_count = chosen.min_count;
        status = guess_columns(made, table, &chosen, wanted, error);
    }
    grove_release(&chosen.allocator, wanted);
    if (status != GROVE_OK) {
        grove_schema_free(made);
        return status;
    }
    *schema = made;
    return GROVE_OK;
}
