/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "table.h"

static const char *const names[] = {
#define GROVE_TARGET_WORD(code, name) name,
    GROVE_TARGET_LIST(GROVE_TARGET_WORD)
#undef GROVE_TARGET_WORD
};

const char *grove_target_name(grove_target_kind kind) {
    return (unsigned)kind < GROVE_TARGETS ? names[kind] : "";
}

static const grove_column_kind columns[GROVE_TARGETS] = {
    [GROVE_TARGET_CLASS] = GROVE_COLUMN_LABEL,
    [GROVE_TARGET_NUMBER] = GROVE_COLUMN_TARGET,
    [GROVE_TARGET_SET] = GROVE_COLUMN_LABELS,
};

grove_column_kind grove_target_column(grove_target_kind kind) {
    return (unsigned)kind < GROVE_TARGETS ? columns[kind] : GROVE_COLUMN_LABEL;
}

bool grove_is_label(grove_column_kind kind) {
    for (int i = 0; i < GROVE_TARGETS; i++) {
        if (columns[i] == kind) {
            return true;
        }
    }
    return false;
}

bool grove_has_classes(grove_column_kind kind) {
    return kind == GROVE_COLUMN_LABEL || kind == GROVE_COLUMN_LABELS;
}

/* The empty cell is a set of classes, too. */
bool grove_needs_label(grove_column_kind kind) {
    return grove_is_label(kind) && kind != GROVE_COLUMN_LABELS;
}

bool grove_is_scaled(grove_column_kind kind) {
    return kind == GROVE_COLUMN_NUMERIC || kind == GROVE_COLUMN_TARGET;
}

grove_status grove_one_number(const grove_table *table, size_t column, double number,
                              grove_error *error) {
    char text[32];
    grove_format_number(text, number);
    return grove_one_label(table, column, (grove_cell){text, strlen(text)}, error);
}

grove_target_kind grove_schema_target(const grove_schema *schema) {
    const bool labelled = schema && schema->label >= 0;
    for (int i = 0; i < GROVE_TARGETS && labelled; i++) {
        if (columns[i] == schema->columns[schema->label].kind) {
            return (grove_target_kind)i;
        }
    }
    return GROVE_TARGET_CLASS;
}

/* ---- classes or numbers? --------------------------------------------------------------------- */

enum { MOST_CLASSES = 20 }; /* that numbers are taken for without being asked */

/* What one look at the column tells. */
typedef struct look {
    size_t first_text; /* a row whose cell is no number; the number of rows if there is none */
    bool leading_zero; /* a whole number is written "007" */
    size_t longest;    /* the most digits without anything else */
    grove_strings values;
} look;

static bool look_at_cell(look *seen, const grove_table *table, size_t row, grove_cell cell) {
    double number;
    size_t digits = 0;
    while (digits < cell.length && cell.bytes[digits] >= '0' && cell.bytes[digits] <= '9') {
        digits++;
    }
    if (digits == cell.length) {
        seen->leading_zero = seen->leading_zero || (digits > 1 && cell.bytes[0] == '0');
        seen->longest = digits > seen->longest ? digits : seen->longest;
    }
    if (!grove_table_number(table, cell, &number)) {
        seen->first_text = row < seen->first_text ? row : seen->first_text;
    }
    return seen->values.count > MOST_CLASSES ||
           grove_strings_add(&seen->values, cell.bytes, cell.length) >= 0;
}

static grove_target_kind judge(const look *seen, const grove_table *table, size_t column,
                               char reason[GROVE_REASON_SIZE]) {
    char quoted[GROVE_QUOTE_SIZE];
    const bool many = seen->values.count > MOST_CLASSES;
    if (seen->first_text < table->rows) {
        snprintf(reason, GROVE_REASON_SIZE, "the label is text, as %s on line %zu",
                 grove_quote(quoted, grove_table_at(table, seen->first_text, column)),
                 grove_table_line(table, seen->first_text));
    } else if (many && (seen->leading_zero || seen->longest > 15)) {
        snprintf(reason, GROVE_REASON_SIZE, "the label is numbers %s: codes",
                 seen->leading_zero ? "with leading zeros" : "of more than 15 digits");
    } else if (many) {
        snprintf(reason, GROVE_REASON_SIZE, "the label is numbers, more than %d distinct ones",
                 (int)MOST_CLASSES);
        return GROVE_TARGET_NUMBER;
    } else {
        snprintf(reason, GROVE_REASON_SIZE, "the label is numbers, of only %d distinct ones",
                 (int)seen->values.count);
    }
    return GROVE_TARGET_CLASS;
}

grove_status grove_guess_target(const grove_table *table, const char *label,
                                grove_target_kind *kind, char reason[GROVE_REASON_SIZE],
                                grove_error *error) {
    const int column = grove_table_find(table, label);
    grove_error_clear(error);
    if (column < 0) {
        return grove_no_column(table, label, error);
    }
    look seen = {.first_text = table->rows, .values.allocator = table->allocator};
    bool fits = true;
    for (size_t row = 0; row < table->rows && fits && seen.first_text == table->rows; row++) {
        const grove_cell cell = grove_table_at(table, row, (size_t)column);
        fits = cell.length == 0 || look_at_cell(&seen, table, row, cell);
    }
    *kind = judge(&seen, table, (size_t)column, reason);
    grove_strings_free(&seen.values);
    return fits ? GROVE_OK : grove_fail_memory(error, sizeof(grove_cell));
}

/* ---- fitting --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { MOST_KEPT = 1 << 20 };

/* Every second one, from the first on: what every 2 step-th would have been. */
static void thin_out(grove_number_sample *s) {
    for (size_t i = 0; 2 * i < s->count; i++) {
        s->numbers[i] = s->numbers[2 * i];
    }
    s->count = (s->count + 1) / 2;
    s->step *= 2;
}

bool grove_sample_number(grove_number_sample *s, const grove_allocator *memory, double x) {
    s->step = s->step ? s->step : 1;
    if (s->seen++ % s->step != 0) {
        return true;
    }
    if (s->count == MOST_KEPT) {
        thin_out(s);
        if ((s->seen - 1) % s->step != 0) {
            return true;
        }
    }
    double *numbers = grove_grow(memory, s->numbers, s->count, &s->capacity, sizeof *numbers);
    if (!numbers) {
        return false;
    }
    s->numbers = numbers;
    numbers[s->count++] = x;
    return true;
}

double grove_sample_median(const grove_number_sample *s) {
    if (s->count == 0) {
        return 0;
    }
    qsort(s->numbers, s->count, sizeof *s->numbers, compare);
    return s->numbers[(s->count - 1) / 2] / 2 + s->numbers[s->count / 2] / 2;
}

/* ---- encoding -------------------------------------------------------------------------------- */

grove_status grove_encode_targets(const grove_column *column, const grove_table *table,
                                  size_t position, size_t begin, size_t end, float *targets,
                                  grove_error *error) {
    double x;
    for (size_t row = begin; row < end; row++) {
        const grove_cell cell = grove_table_at(table, row, position);
        if (cell.length == 0) {
            return grove_no_label(table, row, position, error);
        }
        if (!grove_table_number(table, cell, &x)) {
            return grove_bad_cell(table, row, position,
                                  "is not a number, and the model predicts numbers", error);
        }
        const double scaled = (x - column->mean) / column->deviation;
        if (!(fabs(scaled) <= (double)FLT_MAX)) {
            return grove_bad_cell(table, row, position,
                                  "is too far from the numbers of the training rows", error);
        }
        targets[row] = (float)scaled;
    }
    return GROVE_OK;
}
