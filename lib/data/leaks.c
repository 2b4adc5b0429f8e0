/* SPDX-License-Identifier: MIT
 *
 * The search for leaks: rows that stand in both parts, by a hash of their cells. */
#include "leaks.h"

#include <math.h>

#include "base/error.h"
#include "split.h"
#include "strings.h"
#include "target.h"

enum { LEAST_ROWS = 50, TIMES_CHANCE = 10 };
static const double twin_share = 0.01;

const char *grove_leak_name(grove_leak_kind kind) {
    static const char *const names[] = {
#define GROVE_LEAK_NAME(code, name) name,
        GROVE_LEAK_LIST(GROVE_LEAK_NAME)
#undef GROVE_LEAK_NAME
    };
    return (unsigned)kind < GROVE_LEAK_KINDS ? names[kind] : "";
}

void grove_leaks_free(grove_leaks *leaks) {
    if (leaks) {
        grove_release(&leaks->allocator, leaks->list);
        *leaks = (grove_leaks){.allocator = leaks->allocator};
    }
}

void grove_add_leak(grove_leak_search *s, grove_leak leak) {
    grove_leak *list =
        grove_resize(&s->memory, s->leaks->list, (s->leaks->count + 1) * sizeof *list);
    if (list) {
        s->leaks->list = list;
        list[s->leaks->count++] = leak;
    }
    s->no_memory = s->no_memory || !list;
}

/* The first of the sorted list whose key is not below this one. */
static size_t place_of(const grove_keyed *list, size_t count, uint64_t key) {
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (list[low + half].key < key) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

size_t grove_count_key(const grove_keyed *list, size_t count, uint64_t key) {
    size_t first = place_of(list, count, key);
    return key == UINT64_MAX ? count - first : place_of(list, count, key + 1) - first;
}

/* ---- columns as numbers ---------------------------------------------------------------------- */

static bool number_part(const grove_leak_part *part, size_t column, int32_t *numbers,
                        grove_strings *values) {
    grove_cell cells[GROVE_STRINGS_AT_ONCE];
    for (size_t i = 0, some; i < part->count; i += some) {
        some = part->count - i < GROVE_STRINGS_AT_ONCE ? part->count - i : GROVE_STRINGS_AT_ONCE;
        for (size_t k = 0; k < some; k++) {
            cells[k] = grove_leak_cell(part, i + k, column);
        }
        if (!grove_strings_add_all(values, cells, some, numbers + i)) {
            return false;
        }
        for (size_t k = 0; k < some; k++) {
            numbers[i + k] = numbers[i + k] < 0 ? 0 : numbers[i + k];
        }
    }
    return true;
}

static void note_first(grove_leak_search *s) {
    int32_t known = 0;
    for (size_t i = 0; i < s->train.count; i++) {
        if (s->train.values[i] > known) {
            known = s->train.values[i];
            s->first[known] = i;
        }
    }
}

static bool count_values(grove_leak_search *s, size_t values) {
    if (values > s->counts_room) {
        grove_release(&s->memory, s->counts);
        s->counts = grove_alloc(&s->memory, values * sizeof *s->counts);
        s->counts_room = s->counts ? values : 0;
    }
    if (!s->counts) {
        return false;
    }
    s->value_count = values;
    memset(s->counts, 0, values * sizeof *s->counts);
    for (size_t i = 0; i < s->train.count; i++) {
        s->counts[s->train.values[i]]++;
    }
    return true;
}

/* The values of a column, or the labels, in both parts; where that is in the table of each. */
static bool number_both(grove_leak_search *s, size_t in_train, size_t in_valid, int32_t *train,
                        int32_t *valid, size_t *count) {
    grove_strings values = {.allocator = s->memory};
    bool good = grove_strings_add(&values, "", 0) == 0 &&
                number_part(&s->train, in_train, train, &values) &&
                number_part(&s->valid, in_valid, valid, &values);
    *count = (size_t)values.count;
    grove_strings_free(&values);
    return good;
}

static bool number_column(grove_leak_search *s, size_t in_train, size_t in_valid) {
    size_t count;
    if (!number_both(s, in_train, in_valid, s->train.values, s->valid.values, &count) ||
        !count_values(s, count)) {
        return false;
    }
    note_first(s);
    return true;
}

/* A label is never empty, so its classes are numbered from 0. */
static bool number_labels(grove_leak_search *s, size_t in_train, size_t in_valid) {
    grove_leak_part *parts[] = {&s->train, &s->valid};
    size_t count;
    bool good = number_both(s, in_train, in_valid, s->train.labels, s->valid.labels, &count);
    for (int p = 0; p < 2 && good; p++) {
        for (size_t i = 0; i < parts[p]->count; i++) {
            parts[p]->labels[i] -= parts[p]->labels[i] > 0;
        }
    }
    s->classes = count - 1;
    s->has_label = true;
    return good;
}

static void add_to_hashes(grove_leak_part *part, size_t column) {
    for (size_t i = 0; i < part->count; i++) {
        part->hashes[i] = grove_split_hash(part->hashes[i], column, (uint64_t)part->values[i]);
    }
}

/* A column that one table lacks is left to those who encode, and refuse it. */
static void look_at(grove_leak_search *s, size_t column) {
    const grove_column_kind kind = grove_schema_kind(s->schema, column);
    const char *name = grove_schema_name(s->schema, column);
    const int in_train = grove_table_find(s->train.table, name);
    const int in_valid = grove_table_find(s->valid.table, name);
    if (kind == GROVE_COLUMN_IGNORED || in_train < 0 || in_valid < 0 || s->no_memory) {
        return;
    }
    if (grove_is_label(kind)) {
        return;
    }
    if (!number_column(s, (size_t)in_train, (size_t)in_valid)) {
        s->no_memory = true;
        return;
    }
    add_to_hashes(&s->train, column);
    add_to_hashes(&s->valid, column);
    for (size_t i = 0; i < s->valid.count; i++) {
        s->chance[i] *= (double)s->counts[s->valid.values[i]] / (double)s->train.count;
    }
    if (kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_TEXT) {
        return; /* of which the model sees the pieces */
    }
    grove_look_at_column(s, kind == GROVE_COLUMN_NUMERIC, (size_t)in_train, (size_t)in_valid);
}

/* ---- twins ----------------------------------------------------------------------------------- */

/* Hashes of the training rows, sorted; with labels, of row and label. */
static void sort_hashes(const grove_leak_search *s, bool with_labels, grove_keyed *list,
                        grove_keyed *spare) {
    for (size_t i = 0; i < s->train.count; i++) {
        const uint64_t label = (uint64_t)s->train.labels[i], hash = s->train.hashes[i];
        list[i] = (grove_keyed){with_labels ? grove_split_hash(hash, 0, label) : hash, i};
    }
    grove_sort_keyed(list, s->train.count, spare);
}

static double expected_twins(const grove_leak_search *s) {
    double sum = 0;
    for (size_t i = 0; i < s->valid.count; i++) {
        sum += 1 - exp(-(double)s->train.count * s->chance[i]);
    }
    return sum;
}

static void find_twins(grove_leak_search *s) {
    grove_leak leak = {.kind = GROVE_LEAK_TWINS, .column = -1};
    if (s->train.count < LEAST_ROWS || s->valid.count < LEAST_ROWS) {
        return;
    }
    sort_hashes(s, false, s->list, s->spare);
    for (size_t i = 0; i < s->valid.count; i++) {
        s->valid.values[i] = /* not needed any more: how many twins */
            (int32_t)grove_count_key(s->list, s->train.count, s->valid.hashes[i]);
    }
    sort_hashes(s, true, s->list, s->spare);
    for (size_t i = 0; i < s->valid.count; i++) {
        const uint64_t label = (uint64_t)s->valid.labels[i];
        const size_t twins = (size_t)s->valid.values[i];
        const size_t same = grove_count_key(s->list, s->train.count,
                                            grove_split_hash(s->valid.hashes[i], 0, label));
        leak.rows += twins > 0;
        leak.other_label += 2 * same < twins;
    }
    leak.share = (double)leak.rows / (double)s->valid.count;
    if (leak.share >= twin_share && (double)leak.rows >= TIMES_CHANCE * expected_twins(s)) {
        grove_add_leak(s, leak);
    }
}

/* ---- the search ------------------------------------------------------------------------------ */

static bool make_part(grove_leak_search *s, grove_leak_part *part, const grove_table *table,
                      const size_t *rows, size_t count) {
    *part = (grove_leak_part){.table = table, .rows = rows, .count = count};
    part->values = grove_alloc_zero(&s->memory, count + 1, sizeof *part->values);
    part->labels = grove_alloc_zero(&s->memory, count + 1, sizeof *part->labels);
    part->hashes = grove_alloc_zero(&s->memory, count + 1, sizeof *part->hashes);
    return part->values && part->labels && part->hashes;
}

static void free_search(grove_leak_search *s) {
    grove_leak_part *parts[] = {&s->train, &s->valid};
    for (int p = 0; p < 2; p++) {
        grove_release(&s->memory, parts[p]->values);
        grove_release(&s->memory, parts[p]->labels);
        grove_release(&s->memory, parts[p]->hashes);
    }
    grove_release(&s->memory, s->counts);
    grove_release(&s->memory, s->counted);
    grove_release(&s->memory, s->first);
    grove_release(&s->memory, s->chance);
    grove_release(&s->memory, s->list);
    grove_release(&s->memory, s->spare);
}

static void search(grove_leak_search *s) {
    const size_t all = s->train.count + s->valid.count + 1;
    const int label = grove_schema_label(s->schema);
    const bool classes = label >= 0 && grove_schema_target(s->schema) == GROVE_TARGET_CLASS;
    const char *name = classes ? grove_schema_name(s->schema, (size_t)label) : "";
    const int in_train = grove_table_find(s->train.table, name);
    const int in_valid = grove_table_find(s->valid.table, name);
    s->chance = grove_alloc(&s->memory, (s->valid.count + 1) * sizeof *s->chance);
    s->list = grove_alloc(&s->memory, all * sizeof *s->list);
    s->spare = grove_alloc(&s->memory, all * sizeof *s->spare);
    s->counted = grove_alloc(&s->memory, (s->train.count + 1) * sizeof *s->counted);
    s->first = grove_alloc(&s->memory, (s->train.count + 1) * sizeof *s->first);
    s->no_memory = !s->chance || !s->list || !s->spare || !s->counted || !s->first;
    for (size_t i = 0; i < s->train.count && !s->no_memory; i++) {
        s->counted[i] = grove_split_hash(0, 0, i) & 1;
    }
    if (!s->no_memory && in_train >= 0 && in_valid >= 0) {
        s->no_memory = !number_labels(s, (size_t)in_train, (size_t)in_valid);
    }
    for (size_t i = 0; i < s->valid.count && !s->no_memory; i++) {
        s->chance[i] = 1;
    }
    for (size_t c = 0; c < grove_schema_columns(s->schema) && !s->no_memory; c++) {
        look_at(s, c);
    }
    if (!s->no_memory) {
        find_twins(s);
    }
}

grove_status grove_find_leaks(const grove_schema *schema, const grove_table *table,
                              const size_t *train, size_t train_count,
                              const grove_table *valid_table, const size_t *valid,
                              size_t valid_count, const grove_allocator *allocator,
                              grove_leaks *leaks, grove_error *error) {
    grove_leak_search s = {
        .memory = grove_allocator_or_default(allocator), .schema = schema, .leaks = leaks};
    grove_error_clear(error);
    *leaks = (grove_leaks){.allocator = s.memory};
    bool fits = make_part(&s, &s.train, table, train, train_count);
    fits = make_part(&s, &s.valid, valid_table, valid, valid_count) && fits;
    if (fits) {
        search(&s);
    }
    free_search(&s);
    if (!fits || s.no_memory) {
        grove_leaks_free(leaks);
        return grove_fail_memory(error, (train_count + valid_count) * sizeof *s.list);
    }
    return GROVE_OK;
}
