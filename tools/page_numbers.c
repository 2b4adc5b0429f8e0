/* SPDX-License-Identifier: MIT
 *
 * page_numbers.c - what the page shows of a model that predicts numbers: its answers beside the
 * truth, errors, the rows that were most wrong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page_data.h"

enum {
    MOST_POINTS = 1500, /* rows that are shown one by one; of more, how many lie in each cell */
    CELLS = 48,         /* along each side of such a picture */
    ERROR_BINS = 41,    /* of the histogram */
    MOST_WRONG = 25
};

typedef struct span {
    double low, high;
} span;

static span span_of(const double *values, size_t count) {
    span s = {.low = count ? values[0] : 0, .high = count ? values[0] : 0};
    for (size_t i = 1; i < count; i++) {
        s.low = values[i] < s.low ? values[i] : s.low;
        s.high = values[i] > s.high ? values[i] : s.high;
    }
    return s;
}

/* Which of `bins` equal parts of the span; the last one has both its ends. */
static size_t part_of(span s, double value, size_t bins) {
    const double place =
        s.high > s.low ? (value - s.low) / (s.high - s.low) * (double)bins : 0;
    return place < (double)(bins - 1) ? (size_t)place : bins - 1;
}

/* Six digits: a picture wants no more. */
static json_t *short_number(double x) {
    char text[32];
    snprintf(text, sizeof text, "%.6g", x);
    return json_number(strtod(text, NULL));
}

static json_t *json_span(span s) {
    return json_pack("[o, o]", json_number(s.low), json_number(s.high));
}

/* [[x, y]...] */
static json_t *json_points(const double *x, const double *y, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_pack("[o, o]", short_number(x[i]), short_number(y[i])));
    }
    return list;
}

/* [[column, row, how many]...] of the cells that have any, from the lower left. */
static json_t *json_cells(const double *x, const double *y, size_t count, span across, span up) {
    static json_int_t cells[CELLS][CELLS];
    json_t *list = json_array();
    memset(cells, 0, sizeof cells);
    for (size_t i = 0; i < count; i++) {
        cells[part_of(across, x[i], CELLS)][part_of(up, y[i], CELLS)]++;
    }
    for (int a = 0; a < CELLS; a++) {
        for (int b = 0; b < CELLS; b++) {
            if (cells[a][b] > 0) {
                json_array_append_new(list, json_pack("[i, i, I]", a, b, cells[a][b]));
            }
        }
    }
    return list;
}

static json_t *json_cloud(const double *x, const double *y, size_t count) {
    const span across = span_of(x, count), up = span_of(y, count);
    const bool few = count <= MOST_POINTS;
    return json_pack("{s:o, s:o, s:i, s:o, s:o}", "x", json_span(across), "y", json_span(up),
                     "side", CELLS, "points", few ? json_points(x, y, count) : json_null(),
                     "cells", few ? json_null() : json_cells(x, y, count, across, up));
}

/* As many bins to both sides of no error, so that one lies around it. */
static json_t *json_histogram(const double *errors, size_t count) {
    const span all = span_of(errors, count);
    const double most = fmax(fabs(all.low), fabs(all.high));
    const span both = {-most, most};
    json_int_t bins[ERROR_BINS] = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        bins[part_of(both, errors[i], ERROR_BINS)]++;
    }
    for (int b = 0; b < ERROR_BINS; b++) {
        json_array_append_new(list, json_integer(bins[b]));
    }
    return json_pack("{s:o, s:o}", "span", json_span(both), "rows", list);
}

json_t *json_fit(const full_numbers *report) {
    const answers *a = report->answers;
    double *errors = calloc(a->rows + 1, sizeof *errors);
    json_t *fit = NULL;
    for (size_t i = 0; errors && i < a->rows; i++) {
        errors[i] = a->numbers[i] - report->truth[i];
    }
    if (errors) {
        fit = json_pack("{s:o, s:o, s:o}", "answers",
                        json_cloud(report->truth, a->numbers, a->rows), "errors",
                        json_cloud(a->numbers, errors, a->rows), "histogram",
                        json_histogram(errors, a->rows));
    }
    free(errors);
    return fit;
}

/* ---- the rows that were most wrong ----------------------------------------------------------- */

static double error_of(const full_numbers *report, size_t row) {
    return report->answers->numbers[row] - report->truth[row];
}

/* rows [MOST_WRONG + 1] by their errors, the largest first, equal ones in their order; how many. */
static size_t find_worst(const full_numbers *report, size_t *rows) {
    size_t count = 0;
    for (size_t i = 0; i < report->answers->rows; i++) {
        size_t at = count;
        rows[count] = i;
        while (at > 0 && fabs(error_of(report, i)) > fabs(error_of(report, rows[at - 1]))) {
            rows[at] = rows[at - 1];
            rows[--at] = i;
        }
        count += count < MOST_WRONG;
    }
    return count;
}

json_t *json_worst_numbers(const full_numbers *report) {
    const answers *a = report->answers;
    size_t worst[MOST_WRONG + 1];
    const size_t count = find_worst(report, worst);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        const size_t row = worst[i];
        json_array_append_new(
            rows, json_pack("{s:I, s:o, s:o, s:o, s:o}", "line",
                            (json_int_t)grove_table_line(a->table, row), "label",
                            json_number(report->truth[row]), "answer",
                            json_number(a->numbers[row]), "error",
                            json_number(error_of(report, row)), "cells", json_row(a, row)));
    }
    return json_pack("{s:o, s:o}", "columns", json_shown_columns(a), "rows", rows);
}
