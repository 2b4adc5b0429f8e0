/* SPDX-License-Identifier: MIT
 *
 * Splits that keep groups whole, and folds. A group of g(c) rows of each class is put where it
 * changes a sum of squares least or best: with n(c) rows there, of T(c) in all, and an aim of
 * a T(c), it adds the sum over c of (2 (n(c) - a T(c)) g(c) + g(c)^2) / T(c) to that of
 * (n(c) - a T(c))^2 / T(c). */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "message.h"
#include "split.h"
#include "table.h"

#define LEAST_GAIN 1e-9 /* below it, rounding would have the word */
enum { MOST_ROUNDS = 10 };

/* The rows that are dealt, sorted by group, then by class. */
typedef struct sorting {
    grove_allocator memory;
    const grove_table *table;
    const char *group, *label; /* columns, or NULL */
    size_t groups, classes, rows;
    int32_t *group_of, *class_of; /* [rows of the table] */
    grove_keyed *list;            /* [rows], key: group << 32 | class */
    size_t *begins;               /* [groups + 1], in list */
    double *totals;               /* [classes] */
} sorting;

static void free_sorting(sorting *s) {
    grove_release(&s->memory, s->group_of);
    grove_release(&s->memory, s->class_of);
    grove_release(&s->memory, s->list);
    grove_release(&s->memory, s->begins);
    grove_release(&s->memory, s->totals);
}

/* Without a column `group` each row would be its own; folds of rows are dealt otherwise. */
static grove_status number_columns(sorting *s, grove_error *error) {
    grove_status status =
        grove_number_values(s->table, s->group, &s->memory, &s->group_of, &s->groups, error);
    if (status == GROVE_OK) {
        status =
            grove_number_values(s->table, s->label, &s->memory, &s->class_of, &s->classes, error);
    }
    return status;
}

static void fill(sorting *s, const uint8_t *parts, grove_keyed *spare) {
    for (size_t row = 0; row < s->table->rows; row++) {
        if (!parts || parts[row] == GROVE_PART_TRAIN) {
            uint64_t key = (uint64_t)s->group_of[row] << 32 | (uint64_t)s->class_of[row];
            s->list[s->rows++] = (grove_keyed){key, row};
            s->totals[s->class_of[row]]++;
            s->begins[s->group_of[row] + 1]++;
        }
    }
    grove_sort_keyed(s->list, s->rows, spare);
    for (size_t g = 0; g < s->groups; g++) {
        s->begins[g + 1] += s->begins[g];
    }
}

/* parts [rows of the table]: those for training are dealt; NULL: all. To be freed in any case. */
static grove_status sort_rows(const grove_table *table, const char *group, const char *label,
                              const uint8_t *parts, const grove_allocator *memory, sorting *s,
                              grove_error *error) {
    *s = (sorting){.memory = *memory, .table = table, .group = group, .label = label};
    const size_t bytes = 2 * (table->rows + 1) * sizeof *s->list;
    grove_status status = number_columns(s, error);
    if (status != GROVE_OK) {
        return status;
    }
    s->list = grove_alloc(memory, bytes);
    s->begins = grove_alloc_zero(memory, s->groups + 1, sizeof *s->begins);
    s->totals = grove_alloc_zero(memory, s->classes + 1, sizeof *s->totals);
    if (!s->list || !s->begins || !s->totals) {
        return grove_fail_memory(error, bytes);
    }
    fill(s, parts, s->list + table->rows);
    return GROVE_OK;
}

static size_t size_of(const sorting *s, size_t group) {
    return s->begins[group + 1] - s->begins[group];
}

/* The next class of a group: *count rows of it from list[i] on. Returns the class. */
static size_t next_class(const sorting *s, size_t group, size_t i, size_t *count) {
    const uint64_t key = s->list[i].key;
    size_t end = i;
    while (end < s->begins[group + 1] && s->list[end].key == key) {
        end++;
    }
    *count = end - i;
    return (size_t)(key & UINT32_MAX);
}

/* What the group adds to the sum where there are rows[c] of each class already; with `sign` -1,
 * what it adds by being taken away. Infinity, were a class to have all of its rows there. */
static double added(const sorting *s, size_t group, const double *rows, double aim, double sign) {
    double sum = 0;
    size_t count;
    for (size_t i = s->begins[group]; i < s->begins[group + 1]; i += count) {
        size_t c = next_class(s, group, i, &count);
        double own = sign * (double)count, all = s->totals[c];
        if (aim > 0 && rows[c] + own >= all) {
            return HUGE_VAL;
        }
        sum += (2 * (rows[c] - aim * all) * own + own * own) / all;
    }
    return sum;
}

static void put(const sorting *s, size_t group, double *rows, double sign) {
    size_t count;
    for (size_t i = s->begins[group]; i < s->begins[group + 1]; i += count) {
        size_t c = next_class(s, group, i, &count);
        rows[c] += sign * (double)count;
    }
}

/* The groups that have rows, in an order that the seed decides; with `largest_first`, in that of
 * their sizes, and of the seed where they are alike. Returns how many. */
static size_t order_groups(const sorting *s, uint64_t seed, bool largest_first, grove_keyed *order,
                           grove_keyed *spare) {
    size_t count = 0;
    for (size_t g = 0; g < s->groups; g++) {
        if (size_of(s, g) > 0) {
            order[count++] = (grove_keyed){grove_split_hash(seed, 0, g), g};
        }
    }
    grove_sort_keyed(order, count, spare);
    for (size_t i = 0; i < count && largest_first; i++) {
        order[i].key = s->rows - size_of(s, order[i].item);
    }
    if (largest_first) {
        grove_sort_keyed(order, count, spare);
    }
    return count;
}

/* ---- a part of whole groups ------------------------------------------------------------------ */

static grove_status no_group(const sorting *s, const grove_keyed *order, size_t groups,
                             double fraction, grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE];
    size_t least = s->rows;
    for (size_t i = 0; i < groups; i++) {
        size_t size = size_of(s, order[i].item);
        least = size < least ? size : least;
    }
    grove_place(place, s->table->source, 0);
    grove_quote_text(name, s->group);
    if (groups < 2) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "%s: all rows are one group by column %s; they cannot be split by it",
                          place, name);
    }
    return grove_fail(error, GROVE_BAD_DATA,
                      "%s: no group of column %s can be validated on: the share is %.3g %% of the "
                      "rows, the smallest of %zu groups has %.3g %%, and a class must keep "
                      "training rows",
                      place, name, 100 * fraction, groups, 100 * (double)least / (double)s->rows);
}

/* The key of a group in `order` becomes whether it is drawn. Once all are visited, those that have
 * become one too many, or one too few, are found in another round. */
static size_t choose_groups(const sorting *s, double fraction, size_t groups, grove_keyed *order,
                            double *drawn) {
    size_t taken = 0, changed = 1;
    for (size_t i = 0; i < groups; i++) {
        order[i].key = 0;
    }
    for (int round = 0; round < MOST_ROUNDS && changed > 0; round++) {
        changed = 0;
        for (size_t i = 0; i < groups; i++) {
            const double sign = order[i].key ? -1 : 1;
            const bool is_last = order[i].key && taken == 1;
            if (!is_last && added(s, order[i].item, drawn, fraction, sign) < -LEAST_GAIN) {
                put(s, order[i].item, drawn, sign);
                order[i].key = !order[i].key;
                taken += order[i].key ? 1 : (size_t)-1;
                changed++;
            }
        }
    }
    return taken;
}

static grove_status draw_groups(const sorting *s, double fraction, uint64_t seed,
                                grove_keyed *order, double *drawn, uint8_t *parts,
                                grove_error *error) {
    size_t groups = order_groups(s, seed, false, order, order + s->groups);
    if (choose_groups(s, fraction, groups, order, drawn) == 0) {
        return no_group(s, order, groups, fraction, error);
    }
    for (size_t i = 0; i < groups; i++) {
        const size_t g = order[i].item;
        for (size_t r = s->begins[g]; r < s->begins[g + 1] && order[i].key; r++) {
            parts[s->list[r].item] = GROVE_PART_VALID;
        }
    }
    return GROVE_OK;
}

grove_status grove_draw_groups(const grove_table *table, const char *group, const char *label,
                               double fraction, uint64_t seed, const grove_allocator *memory,
                               uint8_t *parts, grove_error *error) {
    sorting s;
    grove_status status = sort_rows(table, group, label, parts, memory, &s, error);
    if (status == GROVE_OK && fraction > 0) {
        grove_keyed *order = grove_alloc(memory, 2 * (s.groups + 1) * sizeof *order);
        double *drawn = grove_alloc_zero(memory, s.classes + 1, sizeof *drawn);
        status = order && drawn ? draw_groups(&s, fraction, seed, order, drawn, parts, error)
                                : grove_fail_memory(error, 2 * (s.groups + 1) * sizeof *order);
        grove_release(memory, order);
        grove_release(memory, drawn);
    }
    free_sorting(&s);
    return status;
}

grove_status grove_split_groups(const grove_table *table, const char *group, const char *label,
                                double fraction, uint64_t seed, const grove_allocator *allocator,
                                grove_split *split, grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_error_clear(error);
    *split = (grove_split){.allocator = memory};
    grove_status status = grove_check_fraction(fraction, error);
    if (status != GROVE_OK) {
        return status;
    }
    uint8_t *parts = grove_alloc_zero(&memory, table->rows + 1, sizeof *parts);
    if (!parts) {
        return grove_fail_memory(error, table->rows + 1);
    }
    status = grove_draw_groups(table, group, label, fraction, seed, &memory, parts, error);
    if (status == GROVE_OK) {
        status = grove_split_deal(parts, table->rows, &memory, split, error);
    }
    grove_release(&memory, parts);
    return status;
}

/* ---- folds ----------------------------------------------------------------------------------- */

static grove_status check_folds(const grove_table *table, const char *group, size_t there,
                                int folds, grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE];
    if ((size_t)folds <= there) {
        return GROVE_OK;
    }
    grove_place(place, table->source, 0);
    if (group) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "%s: %zu groups of column %s cannot be dealt to %d folds", place, there,
                          grove_quote_text(name, group), folds);
    }
    return grove_fail(error, GROVE_BAD_DATA, "%s: %zu rows cannot be dealt to %d folds", place,
                      there, folds);
}

/* Each class in two folds at least? first [classes] begins as all -1. */
static grove_status check_classes(const sorting *s, const int32_t *fold, int32_t *first,
                                  grove_error *error) {
    enum { SEVERAL = -2 };
    char place[GROVE_PLACE_SIZE], value[GROVE_QUOTE_SIZE];
    for (size_t row = 0; row < s->table->rows; row++) {
        int32_t *known = &first[s->class_of[row]];
        *known = *known == -1 ? fold[row] : *known == fold[row] ? *known : SEVERAL;
    }
    for (size_t row = 0; row < s->table->rows && s->label; row++) {
        const size_t c = (size_t)s->class_of[row];
        if (first[c] == SEVERAL) {
            continue;
        }
        grove_cell cell =
            grove_table_at(s->table, row, (size_t)grove_table_find(s->table, s->label));
        grove_table_place(place, s->table, row);
        grove_quote(value, cell);
        return s->totals[c] == 1
                   ? grove_fail(error, GROVE_BAD_DATA,
                                "%s: the class %s has this row only: what is trained without it "
                                "would not know the class",
                                place, value)
                   : grove_fail(error, GROVE_BAD_DATA,
                                "%s: all rows of the class %s are in one fold: what is trained "
                                "without them would not know the class",
                                place, value);
    }
    return GROVE_OK;
}

/* Row after row to the next fold, class after class, without beginning anew. */
static void deal_rows(const sorting *s, int folds, uint64_t seed, grove_keyed *order,
                      int32_t *fold) {
    const size_t rows = s->table->rows;
    for (size_t row = 0; row < rows; row++) {
        order[row] = (grove_keyed){grove_split_hash(seed, 0, row), row};
    }
    grove_sort_keyed(order, rows, order + rows);
    for (size_t i = 0; i < rows; i++) {
        order[i].key = (uint64_t)s->class_of[order[i].item];
    }
    grove_sort_keyed(order, rows, order + rows);
    for (size_t i = 0; i < rows; i++) {
        fold[order[i].item] = (int32_t)(i % (size_t)folds);
    }
}

/* rows [folds, classes] and sizes [folds] begin as zeros. */
static void deal_groups(const sorting *s, int folds, uint64_t seed, grove_keyed *order,
                        double *rows, size_t *sizes, int32_t *fold) {
    size_t groups = order_groups(s, seed, true, order, order + s->table->rows);
    for (size_t i = 0; i < groups; i++) {
        const size_t g = order[i].item;
        int best = 0;
        double least = 0;
        for (int f = 0; f < folds; f++) {
            double now = added(s, g, rows + (size_t)f * s->classes, 0, 1);
            if (f == 0 || now < least || (now == least && sizes[f] < sizes[best])) {
                best = f;
                least = now;
            }
        }
        put(s, g, rows + (size_t)best * s->classes, 1);
        sizes[best] += size_of(s, g);
        for (size_t r = s->begins[g]; r < s->begins[g + 1]; r++) {
            fold[s->list[r].item] = best;
        }
    }
}

static grove_status deal_folds(const sorting *s, int folds, uint64_t seed, int32_t *fold,
                               grove_error *error) {
    const size_t cells = (size_t)folds * s->classes;
    size_t bytes = 2 * (s->table->rows + 1) * sizeof(grove_keyed);
    grove_keyed *order = grove_alloc(&s->memory, bytes);
    double *rows = grove_alloc_zero(&s->memory, s->group ? cells : 1, sizeof *rows);
    size_t *sizes = grove_alloc_zero(&s->memory, (size_t)folds, sizeof *sizes);
    int32_t *first = grove_alloc(&s->memory, (s->classes + 1) * sizeof *first);
    grove_status status = GROVE_OK;
    if (!order || !rows || !sizes || !first) {
        status = grove_fail_memory(error, bytes + cells * sizeof *rows);
    } else {
        memset(first, -1, (s->classes + 1) * sizeof *first);
        if (s->group) {
            deal_groups(s, folds, seed, order, rows, sizes, fold);
        } else {
            deal_rows(s, folds, seed, order, fold);
        }
        status = check_classes(s, fold, first, error);
    }
    grove_release(&s->memory, order);
    grove_release(&s->memory, rows);
    grove_release(&s->memory, sizes);
    grove_release(&s->memory, first);
    return status;
}

grove_status grove_split_folds(const grove_table *table, const char *label, const char *group,
                               int folds, uint64_t seed, int32_t *fold, grove_error *error) {
    grove_allocator memory = grove_allocator_or_default(&table->allocator);
    sorting s;
    grove_error_clear(error);
    if (folds < 2) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "%d folds are too few; there must be 2",
                          folds);
    }
    grove_status status = sort_rows(table, group, label, NULL, &memory, &s, error);
    if (status == GROVE_OK) {
        status = check_folds(table, group, group ? s.groups : table->rows, folds, error);
    }
    if (status == GROVE_OK) {
        status = deal_folds(&s, folds, seed, fold, error);
    }
    free_sorting(&s);
    return status;
}
