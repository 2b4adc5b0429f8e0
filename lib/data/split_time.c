/* SPDX-License-Identifier: MIT
 *
 * The split by time: what is known of the past is tried on what came later. */
#include <math.h>

#include "base/error.h"
#include "base/sort.h"
#include "message.h"
#include "split.h"
#include "table.h"

/* ---- ISO 8601 -------------------------------------------------------------------------------- */

/* A text that is eaten from the left. */
typedef struct reader {
    const char *at, *end;
} reader;

static bool take(reader *r, const char *one_of) {
    for (; r->at < r->end && *one_of; one_of++) {
        if (*r->at == *one_of) {
            r->at++;
            return true;
        }
    }
    return false;
}

/* So many digits, of a number from `least` to `most`. */
static bool take_number(reader *r, int digits, int least, int most, int *number) {
    *number = 0;
    for (int i = 0; i < digits; i++, r->at++) {
        if (r->at == r->end || *r->at < '0' || *r->at > '9') {
            return false;
        }
        *number = 10 * *number + (*r->at - '0');
    }
    return *number >= least && *number <= most;
}

static int days_of_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leaps = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leaps);
}

/* Days from the first of March of year 0: years begin in March, so that the day which only leap
 * years have is the last of its year; the months from March on have (153 m + 2) / 5 days before
 * them. */
static double days_before(int year, int month, int day) {
    int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365.0 * y + floor(y / 4.0) - floor(y / 100.0) + floor(y / 400.0) + (153 * m + 2) / 5 +
           day - 1;
}

static bool take_fraction(reader *r, double *seconds) {
    double unit = 0.1;
    const char *begin = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, unit /= 10) {
        *seconds += (*r->at - '0') * unit;
    }
    return r->at > begin;
}

/* "23:59", "23:59:59.5", and what the clock is behind Greenwich. */
static bool take_clock(reader *r, double *seconds) {
    int hour, minute, second = 0;
    if (!take_number(r, 2, 0, 24, &hour) || !take(r, ":") || !take_number(r, 2, 0, 59, &minute)) {
        return false;
    }
    if (take(r, ":")) {
        if (!take_number(r, 2, 0, 60, &second) || (take(r, ".,") && !take_fraction(r, seconds))) {
            return false;
        }
    }
    *seconds += 3600.0 * hour + 60.0 * minute + second;
    if (take(r, "Z") || r->at == r->end) {
        return true;
    }
    bool ahead = *r->at == '+';
    if (!take(r, "+-") || !take_number(r, 2, 0, 23, &hour)) {
        return false;
    }
    take(r, ":");
    minute = 0;
    if (r->at < r->end && !take_number(r, 2, 0, 59, &minute)) {
        return false;
    }
    *seconds -= (ahead ? 60.0 : -60.0) * (60 * hour + minute);
    return true;
}

/* Seconds, from whenever. */
static bool parse_date(grove_cell cell, double *seconds) {
    reader r = {cell.bytes, cell.bytes + cell.length};
    int year, month, day;
    *seconds = 0;
    if (!take_number(&r, 4, 0, 9999, &year) || !take(&r, "-") ||
        !take_number(&r, 2, 1, 12, &month) || !take(&r, "-") ||
        !take_number(&r, 2, 1, days_of_month(year, month), &day)) {
        return false;
    }
    if (r.at < r.end && (!take(&r, "T ") || !take_clock(&r, seconds))) {
        return false;
    }
    *seconds += 86400.0 * days_before(year, month, day);
    return r.at == r.end;
}

/* ---- the split ------------------------------------------------------------------------------- */

static grove_status read_times(const grove_table *table, size_t column, grove_keyed *times,
                               grove_error *error) {
    char place[GROVE_PLACE_SIZE], value[GROVE_QUOTE_SIZE], name[GROVE_QUOTE_SIZE];
    double time;
    bool are_numbers = grove_table_number(table, grove_table_at(table, 0, column), &time);
    for (size_t row = 0; row < table->rows; row++) {
        grove_cell cell = grove_table_at(table, row, column);
        if (!(are_numbers ? grove_table_number(table, cell, &time) : parse_date(cell, &time))) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "%s: column %s holds %s, which is no time; times are numbers, or "
                              "dates as 2024-12-31 or 2024-12-31T23:59:59Z, all of one kind",
                              grove_table_place(place, table, row),
                              grove_quote_text(name, table->names[column]),
                              grove_quote(value, cell));
        }
        times[row] = (grove_keyed){grove_key_of_double(time), row};
    }
    return GROVE_OK;
}

/* How many of the sorted rows come before the cut; 0 where there is no place to cut. */
static size_t place_cut(const grove_keyed *times, size_t rows, double fraction) {
    const double aim = (double)rows * (1 - fraction);
    size_t best = 0;
    for (size_t i = 1; i < rows; i++) {
        bool between = times[i].key != times[i - 1].key;
        if (between && (best == 0 || fabs((double)i - aim) <= fabs((double)best - aim))) {
            best = i;
        }
    }
    return best;
}

static grove_status cut(const grove_table *table, const char *time, double fraction,
                        const grove_keyed *times, uint8_t *parts, grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE];
    size_t before = fraction > 0 ? place_cut(times, table->rows, fraction) : table->rows;
    if (before == 0) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "%s: all rows have the same time in column %s; they cannot be split by "
                          "it",
                          grove_place(place, table->source, 0), grove_quote_text(name, time));
    }
    for (size_t i = before; i < table->rows; i++) {
        parts[times[i].item] = GROVE_PART_VALID;
    }
    return GROVE_OK;
}

grove_status grove_split_time(const grove_table *table, const char *time, double fraction,
                              const grove_allocator *allocator, grove_split *split,
                              grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    const size_t rows = table->rows;
    grove_error_clear(error);
    *split = (grove_split){.allocator = memory};
    grove_status status = grove_check_fraction(fraction, error);
    int column = grove_table_find(table, time);
    if (status != GROVE_OK || column < 0) {
        return status == GROVE_OK ? grove_no_column(table, time, error) : status;
    }
    if (rows == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "0 rows cannot be split");
    }
    grove_keyed *times = grove_alloc(&memory, 2 * rows * sizeof *times);
    uint8_t *parts = grove_alloc_zero(&memory, rows, sizeof *parts);
    status = times && parts ? read_times(table, (size_t)column, times, error)
                            : grove_fail_memory(error, 2 * rows * sizeof *times);
    if (status == GROVE_OK) {
        grove_sort_keyed(times, rows, times + rows);
        status = cut(table, time, fraction, times, parts, error);
    }
    if (status == GROVE_OK) {
        status = grove_split_deal(parts, rows, &memory, split, error);
    }
    grove_release(&memory, times);
    grove_release(&memory, parts);
    return status;
}
