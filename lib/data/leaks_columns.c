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
    for (size_t i = 0; i < s->train.count; i++) {
        if (grove_leak_cell(&s->train, i, column).length > 0) {
            filled++;
            single += s->counts[s->train.values[i]] == 1;
        }
    }
    double share = (double)single / (double)(filled ? filled : 1);
    if (filled >= LEAST_CELLS && share >= id_share) {
        grove_add_leak(
            s, (grove_leak){
                   .kind = GROVE_LEAK_ID, .column = (int)column, .share = share, .rows = filled});
    }
}

/* Lists the numbers of a part's column behind `used`; returns how many there are then. With
 * `whole`, 0 where one is not whole or missing. */
static size_t list_numbers(const grove_leak_search *s, const grove_leak_part *part, size_t column,
                           bool whole, size_t used) {
    for (size_t i = 0; i < part->count; i++) {
        double number;
        grove_cell cell = grove_leak_cell(part, i, column);
        bool good = grove_table_number(part->table, cell, &number);
        if (whole && (!good || number != floor(number))) {
            return 0;
        }
        if (good) {
            s->list[used++] = (grove_keyed){grove_key_of_double(number), i};
        }
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

/* Do both parts together count? */
static void look_for_count(grove_leak_search *s, size_t in_train, size_t in_valid) {
    size_t count = list_numbers(s, &s->train, in_train, true, 0);
    if (count > 0) {
        count = list_numbers(s, &s->valid, in_valid, true, count);
    }
    for (size_t i = s->train.count; i < count; i++) {
        s->list[i].item += s->train.count; /* to be told apart when they are sorted */
    }
    if (count < LEAST_CELLS || count < s->train.count + s->valid.count) {
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

/* Numbers, sorted in s->list [count], become BINS of equally many rows, equal ones in one bin; the
 * missing ones have their own. The values, and how many there are, are those of bins then. */
static bool cut_into_bins(grove_leak_search *s, size_t count) {
    if (s->counts_room < BINS + 1) {
        grove_release(&s->memory, s->counts);
        s->counts = grove_alloc(&s->memory, (BINS + 1) * sizeof *s->counts);
        s->counts_room = s->counts ? BINS + 1 : 0;
    }
    if (!s->counts) {
        return false;
    }
    for (size_t i = 0; i < s->train.count; i++) {
        s->train.values[i] = BINS;
    }
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        first = s->list[i].key == s->list[first].key ? first : i;
        s->train.values[s->list[i].item] = (int32_t)(first * BINS / count);
    }
    s->value_count = BINS + 1;
    return true;
}

/* Lists pairs of value, class and half, sorted, so that both halves of a pair stand together.
 * Counts the values and the classes [classes] of the half that is counted; returns its size. */
static size_t list_pairs(grove_leak_search *s, double *classes) {
    size_t counted = 0;
    memset(s->counts, 0, s->value_count * sizeof *s->counts);
    for (size_t i = 0; i < s->train.count; i++) {
        const uint64_t value = (uint64_t)s->train.values[i], label = (uint64_t)s->train.labels[i];
        const bool one = s->counted[i];
        s->list[i] = (grove_keyed){value << 32 | label << 1 | one, i};
        s->counts[value] += one;
        classes[label] += one;
        counted += one;
    }
    grove_sort_keyed(s->list, s->train.count, s->spare);
    return counted;
}

/* The share of the label's entropy that the values take away in the other half of the rows, when
 * each class is given the chance that it has among its value's rows of the counted half. */
static double told(const grove_leak_search *s, const double *classes, size_t counted) {
    double loss = 0, entropy = 0;
    for (size_t i = 0, end; i < s->train.count; i = end) {
        const uint64_t pair = s->list[i].key >> 1;
        double halves[2] = {0, 0};
        for (end = i; end < s->train.count && s->list[end].key >> 1 == pair; end++) {
            halves[s->list[end].key & 1]++;
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
    size_t counted = list_pairs(s, classes);
    double share = told(s, classes, counted);
    grove_release(&s->memory, classes);
    return share;
}

/* The chance that a row of class 1 has the larger number than one of class 0, ties counting half
 * (Mann & Whitney 1947), or the opposite: what is above one half. Numbers are sorted in s->list
 * [count]. 0 where there are few of a class, or numbers in less than half of the rows. */
static double roc_auc(const grove_leak_search *s, size_t count) {
    double below = 0, pairs = 0, of_class[2] = {0, 0};
    for (size_t i = 0, end; i < count; i = end) {
        double here[2] = {0, 0};
        for (end = i; end < count && s->list[end].key == s->list[i].key; end++) {
            here[s->train.labels[s->list[end].item]]++;
        }
        below += here[1] * (of_class[0] + here[0] / 2);
        of_class[0] += here[0];
        of_class[1] += here[1];
    }
    pairs = of_class[0] * of_class[1];
    if (of_class[0] < ROWS_OF_CLASS || of_class[1] < ROWS_OF_CLASS || 2 * count < s->train.count) {
        return 0;
    }
    return below / pairs > 0.5 ? below / pairs : 1 - below / pairs;
}

static void look_for_label(grove_leak_search *s, bool is_number, size_t column) {
    grove_leak leak = {.kind = GROVE_LEAK_TELLS, .column = (int)column, .rows = s->train.count};
    double auc = 0;
    if (!s->has_label || s->train.count < LEAST_ROWS || s->classes * 10 > s->train.count) {
        return;
    }
    if (is_number) {
        const size_t count = list_numbers(s, &s->train, column, false, 0);
        grove_sort_keyed(s->list, count, s->spare);
        auc = s->classes == 2 ? roc_auc(s, count) : 0;
        if (!cut_into_bins(s, count)) {
            s->no_memory = true;
            return;
        }
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
