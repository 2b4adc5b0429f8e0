/* SPDX-License-Identifier: MIT
 *
 * The search for leaks: columns that name the row, and columns that tell the label. */
#include <math.h>

#include "leaks.h"

enum { LEAST_CELLS = 50, LEAST_ROWS = 200, ROWS_OF_CLASS = 10, BINS = 64 };
static const double id_share = 0.9, range_share = 0.5, told_share = 0.9, told_auc = 0.99;

/* ---- ids ------------------------------------------------------------------------------------- */

static void look_for_singles(grove_leak_search *s, size_t column) {
    size_t filled = 0, single = 0;
    for (size_t value = 1; value < s->value_count; value++) {
        filled += (size_t)s->counts[value];
        single += s->counts[value] == 1;
    }
    double share = (double)single / (double)(filled ? filled : 1);
    if (filled >= LEAST_CELLS && share >= id_share) {
        grove_add_leak(
            s, (grove_leak){
                   .kind = GROVE_LEAK_ID, .column = (int)column, .share = share, .rows = filled});
    }
}

/* Lists the numbers of a part's column behind `used`; returns how many there are then, or 0 where
 * one is not whole or missing. */
static size_t list_whole(const grove_leak_search *s, const grove_leak_part *part, size_t column,
                         size_t used) {
    for (size_t i = 0; i < part->count; i++) {
        double number;
        grove_cell cell = grove_leak_cell(part, i, column);
        if (!grove_table_number(part->table, cell, &number) || number != floor(number)) {
            return 0;
        }
        s->list[used++] = (grove_keyed){grove_key_of_double(number), i};
    }
    return used;
}

static double number_at(const grove_leak_search *s, size_t item, size_t in_train, size_t in_valid,
                        bool valid) {
    double number = 0;
    const grove_leak_part *part = valid ? &s->valid : &s->train;
    grove_table_number(part->table, grove_leak_cell(part, item, valid ? in_valid : in_train),
                       &number);
    return number;
}

/* Do both parts together count? (Not, if a text comes twice.) */
static void look_for_count(grove_leak_search *s, size_t in_train, size_t in_valid) {
    const size_t all = s->train.count + s->valid.count;
    size_t count = s->value_count > all ? list_whole(s, &s->train, in_train, 0) : 0;
    if (count > 0) {
        count = list_whole(s, &s->valid, in_valid, count);
    }
    for (size_t i = s->train.count; i < count; i++) {
        s->list[i].item += s->train.count; /* to be told apart when they are sorted */
    }
    if (count < LEAST_CELLS || count < all) {
        return;
    }
    grove_sort_keyed(s->list, count, s->spare);
    for (size_t i = 1; i < count; i++) {
        if (s->list[i].key == s->list[i - 1].key) {
            return;
        }
    }
    double ends[2];
    for (int e = 0; e < 2; e++) {
        const size_t item = s->list[e ? count - 1 : 0].item;
        const bool valid = item >= s->train.count;
        ends[e] = number_at(s, valid ? item - s->train.count : item, in_train, in_valid, valid);
    }
    double share = (double)count / (ends[1] - ends[0] + 1);
    if (share >= range_share) {
        grove_add_leak(
            s, (grove_leak){
                   .kind = GROVE_LEAK_ID, .column = (int)in_train, .share = share, .rows = count});
    }
}

/* ---- columns that tell the label ------------------------------------------------------------- */

/* The values of training that are numbers, sorted by these in s->list; returns how many they are.
 * *rows: the rows that have one. */
static size_t sort_numbers(grove_leak_search *s, size_t column, size_t *rows) {
    size_t count = 0;
    *rows = 0;
    for (size_t value = 1; value < s->value_count; value++) {
        double number;
        if (s->counts[value] > 0 &&
            grove_table_number(s->train.table, grove_leak_cell(&s->train, s->first[value], column),
                               &number)) {
            s->list[count++] = (grove_keyed){grove_key_of_double(number), value};
            *rows += (size_t)s->counts[value];
        }
    }
    grove_sort_keyed(s->list, count, s->spare);
    return count;
}

static bool make_room(grove_leak_search *s, size_t values) {
    if (s->counts_room < values) {
        grove_release(&s->memory, s->counts);
        s->counts = grove_alloc(&s->memory, values * sizeof *s->counts);
        s->counts_room = s->counts ? values : 0;
    }
    return s->counts != NULL;
}

/* Numbers, sorted in s->list [count], become BINS of equally many of the rows that have one, equal
 * ones in one bin; all others have their own. The values, and how many there are, are those of bins
 * then. */
static bool cut_into_bins(grove_leak_search *s, size_t count, size_t rows) {
    size_t *bins = s->first, below = 0; /* by value, of training; 0: what is no number */
    memset(bins, 0, (s->train.count + 1) * sizeof *bins);
    for (size_t i = 0, end; i < count; i = end) {
        size_t here = 0;
        for (end = i; end < count && s->list[end].key == s->list[i].key; end++) {
            here += (size_t)s->counts[s->list[end].item];
            bins[s->list[end].item] = below * BINS / rows + 1;
        }
        below += here;
    }
    for (size_t i = 0; i < s->train.count; i++) {
        const int32_t value = s->train.values[i];
        s->train.values[i] = value > 0 ? (int32_t)bins[value] : 0;
    }
    s->value_count = BINS + 1;
    return make_room(s, BINS + 1);
}

/* How often each pair of value and class stands in each half: keys value, class and half, rising;
 * items the number of rows. By counting, where there are fewer pairs than rows. */
static size_t count_pairs(grove_leak_search *s) {
    const size_t pairs = 2 * s->value_count * s->classes;
    uint32_t *counts = (uint32_t *)(void *)s->spare;
    size_t count = 0;
    memset(counts, 0, pairs * sizeof *counts);
    for (size_t i = 0; i < s->train.count; i++) {
        const size_t pair = (size_t)s->train.values[i] * s->classes + (size_t)s->train.labels[i];
        counts[2 * pair + s->counted[i]]++;
    }
    for (size_t at = 0; at < pairs; at++) {
        const uint64_t value = at / 2 / s->classes, label = at / 2 % s->classes;
        if (counts[at] > 0) {
            s->list[count++] = (grove_keyed){value << 32 | label << 1 | (at & 1), counts[at]};
        }
    }
    return count;
}

/* The same, a row each. */
static size_t sort_pairs(grove_leak_search *s) {
    for (size_t i = 0; i < s->train.count; i++) {
        const uint64_t value = (uint64_t)s->train.values[i], label = (uint64_t)s->train.labels[i];
        s->list[i] = (grove_keyed){value << 32 | label << 1 | s->counted[i], 1};
    }
    grove_sort_keyed(s->list, s->train.count, s->spare);
    return s->train.count;
}

/* Lists them; counts the values and the classes [classes] of the half that is counted. */
static size_t list_pairs(grove_leak_search *s, double *classes, size_t *counted) {
    const bool few = s->value_count * s->classes <= s->train.count;
    const size_t count = few ? count_pairs(s) : sort_pairs(s);
    memset(s->counts, 0, s->value_count * sizeof *s->counts);
    *counted = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t key = s->list[i].key;
        const size_t rows = key & 1 ? s->list[i].item : 0;
        s->counts[key >> 32] += (int64_t)rows;
        classes[key >> 1 & 0x7FFFFFFF] += (double)rows;
        *counted += rows;
    }
    return count;
}

/* The share of the label's entropy that the values take away in the other half of the rows, when
 * each class is given the chance that it has among its value's rows of the counted half. */
static double told(const grove_leak_search *s, size_t count, const double *classes,
                   size_t counted) {
    double loss = 0, entropy = 0;
    for (size_t i = 0, end; i < count; i = end) {
        const uint64_t pair = s->list[i].key >> 1;
        double halves[2] = {0, 0};
        for (end = i; end < count && s->list[end].key >> 1 == pair; end++) {
            halves[s->list[end].key & 1] += (double)s->list[end].item;
        }
        const double p = (classes[pair & 0x7FFFFFFF] + 1) / (double)(counted + s->classes);
        loss -= halves[0] * log((halves[1] + p) / ((double)s->counts[pair >> 31] + 1));
        entropy -= halves[0] * log(p);
    }
    return entropy > 0 ? 1 - loss / entropy : 0;
}

static double information(grove_leak_search *s) {
    double *classes = grove_alloc_zero(&s->memory, s->classes + 1, sizeof *classes);
    if (!classes) {
        s->no_memory = true;
        return 0;
    }
    size_t counted;
    size_t count = list_pairs(s, classes, &counted);
    double share = told(s, count, classes, counted);
    grove_release(&s->memory, classes);
    return share;
}

/* The chance that a row of class 1 has the larger number than one of class 0, ties counting half
 * (Mann & Whitney 1947), or the opposite: what is above one half. Numbers are sorted in s->list
 * [count]; `rows` have one. 0 where there are few of a class, or numbers in less than half of the
 * rows. Rows of class 1 are counted by value in `ones`, which are zeros. */
static double roc_auc(const grove_leak_search *s, size_t count, size_t rows, int64_t *ones) {
    double below = 0, pairs = 0, of_class[2] = {0, 0};
    for (size_t i = 0; i < s->train.count; i++) {
        ones[s->train.values[i]] += s->train.labels[i];
    }
    for (size_t i = 0, end; i < count; i = end) {
        double here[2] = {0, 0};
        for (end = i; end < count && s->list[end].key == s->list[i].key; end++) {
            const size_t value = s->list[end].item;
            here[1] += (double)ones[value];
            here[0] += (double)(s->counts[value] - ones[value]);
        }
        below += here[1] * (of_class[0] + here[0] / 2);
        of_class[0] += here[0];
        of_class[1] += here[1];
    }
    pairs = of_class[0] * of_class[1];
    if (of_class[0] < ROWS_OF_CLASS || of_class[1] < ROWS_OF_CLASS || 2 * rows < s->train.count) {
        return 0;
    }
    return below / pairs > 0.5 ? below / pairs : 1 - below / pairs;
}

/* Cuts a column of numbers into bins; *auc: how well they order two classes. */
static bool look_at_numbers(grove_leak_search *s, size_t column, double *auc) {
    size_t rows;
    const size_t count = sort_numbers(s, column, &rows);
    int64_t *ones =
        s->classes == 2 ? grove_alloc_zero(&s->memory, s->value_count, sizeof *ones) : NULL;
    if (s->classes == 2 && !ones) {
        return false;
    }
    *auc = ones ? roc_auc(s, count, rows, ones) : 0;
    grove_release(&s->memory, ones);
    return cut_into_bins(s, count, rows);
}

static void look_for_label(grove_leak_search *s, bool is_number, size_t column) {
    grove_leak leak = {.kind = GROVE_LEAK_TELLS, .column = (int)column, .rows = s->train.count};
    double auc = 0;
    if (!s->has_label || s->train.count < LEAST_ROWS || s->classes * 10 > s->train.count) {
        return;
    }
    if (is_number && !look_at_numbers(s, column, &auc)) {
        s->no_memory = true;
        return;
    }
    leak.share = information(s);
    bool is_leak = leak.share >= told_share;
    if (!is_leak && auc >= told_auc) {
        leak.share = auc;
        leak.is_auc = true;
        is_leak = true;
    }
    if (is_leak) {
        grove_add_leak(s, leak);
    }
}

void grove_look_at_column(grove_leak_search *s, bool is_number, size_t there, size_t column) {
    if (is_number) {
        look_for_count(s, there, column);
    } else {
        look_for_singles(s, there);
    }
    look_for_label(s, is_number, there);
}
