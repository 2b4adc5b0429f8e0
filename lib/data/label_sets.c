/* SPDX-License-Identifier: MIT */
#include "label_sets.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "dataset.h"
#include "message.h"
#include "table.h"

/* ---- fitting --------------------------------------------------------------------------------- */

bool grove_count_set(grove_set_counts *counts, const grove_bag_items *cell) {
    const grove_allocator *memory = &counts->sets.allocator;
    size_t bytes = cell->count * sizeof(int32_t);
    int32_t *ids = grove_alloc(memory, bytes + 1);
    for (size_t i = 0; i < cell->count && ids; i++) {
        ids[i] = cell->items[i].id - GROVE_FIRST_VALUE_ID;
    }
    const int32_t found = ids ? grove_strings_add(&counts->sets, (const char *)ids, bytes) : -1;
    grove_release(memory, ids);
    if (found < 0) {
        return false;
    }
    if ((size_t)found == counts->known) {
        int64_t *more =
            grove_grow(memory, counts->counts, counts->known, &counts->capacity, sizeof *more);
        if (!more) {
            return false;
        }
        counts->counts = more;
        more[counts->known++] = 0;
    }
    counts->counts[found]++;
    return true;
}

void grove_set_counts_free(grove_set_counts *counts) {
    grove_release(&counts->sets.allocator, counts->counts);
    grove_strings_free(&counts->sets);
    *counts = (grove_set_counts){.sets.allocator = counts->sets.allocator};
}

static grove_status check(const grove_set_counts *counts, const grove_strings *met,
                          const grove_table *names, size_t position, grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE], list[GROVE_LIST_SIZE];
    size_t used = 0;
    if (counts->sets.count > 1) {
        return GROVE_OK;
    }
    grove_place(place, names->source, 0);
    grove_quote_text(name, names->names[position]);
    if (met->count == 0) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "%s, column %s: every label is empty: no row has a class to be learned",
                          place, name);
    }
    for (int32_t i = 0; i < met->count && grove_list_add(list, &used, grove_strings_at(met, i));
         i++) {
    }
    return grove_fail(error, GROVE_BAD_DATA,
                      "%s, column %s: every row has the same labels, %s; there is nothing to tell "
                      "apart",
                      place, name, list);
}

/* Ids of values as they were met, as bytes. */
static grove_cell most_frequent(const grove_set_counts *counts) {
    int32_t best = 0;
    for (int32_t i = 1; i < counts->sets.count; i++) {
        best = counts->counts[i] > counts->counts[best] ? i : best;
    }
    return grove_strings_at(&counts->sets, best);
}

/* Keeps set [count] in order. */
static void insert(int32_t *set, size_t count, int32_t class) {
    size_t at = count;
    for (; at > 0 && set[at - 1] > class; at--) {
        set[at] = set[at - 1];
    }
    set[at] = class;
}

static grove_status note_usual_set(const grove_schema *schema, grove_column *column,
                                   const grove_set_counts *counts, const grove_strings *met,
                                   grove_error *error) {
    const grove_cell usual = most_frequent(counts);
    const size_t count = usual.length / sizeof(int32_t);
    int32_t *set = grove_alloc_zero(&schema->allocator, count + 1, sizeof *set);
    if (!set) {
        return grove_fail_memory(error, (count + 1) * sizeof *set);
    }
    column->usual_count = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t id;
        memcpy(&id, usual.bytes + i * sizeof id, sizeof id);
        const grove_cell value = grove_strings_at(met, id);
        const int32_t class = grove_strings_find(&column->values, value.bytes, value.length);
        if (class >= 0) {
            insert(set, column->usual_count++, class);
        }
    }
    grove_release(&schema->allocator, column->usual);
    column->usual = set;
    return GROVE_OK;
}

grove_status grove_settle_sets(grove_schema *schema, grove_column *column, const grove_table *names,
                               size_t position, const grove_set_counts *counts,
                               const grove_column *met, grove_error *error) {
    char place[GROVE_PLACE_SIZE], quoted[GROVE_QUOTE_SIZE];
    grove_status status = check(counts, &met->values, names, position, error);
    if (status == GROVE_OK) {
        status = grove_make_vocabulary(schema, column, met, error);
    }
    if (status == GROVE_OK && column->values.count == 0) {
        status = grove_fail(error, GROVE_BAD_DATA,
                            "%s, column %s: no class is in as many rows as its min_count asks for",
                            grove_place(place, names->source, 0),
                            grove_quote_text(quoted, column->name));
    }
    return status == GROVE_OK ? note_usual_set(schema, column, counts, &met->values, error)
                              : status;
}

/* ---- the schema ------------------------------------------------------------------------------ */

static const grove_column *label_of(const grove_schema *schema) {
    const bool sets =
        schema && schema->label >= 0 && schema->columns[schema->label].kind == GROVE_COLUMN_LABELS;
    return sets ? &schema->columns[schema->label] : NULL;
}

grove_label_set grove_schema_usual_set(const grove_schema *schema) {
    const grove_column *label = label_of(schema);
    return label ? (grove_label_set){label->usual, label->usual_count} : (grove_label_set){NULL, 0};
}

double grove_schema_prior(const grove_schema *schema, int32_t class) {
    const grove_column *label = label_of(schema);
    const bool known = label && label->rows > 0 && class >= 0 && class < label->values.count;
    return known ? (double)label->counts[class] / (double)label->rows : (double)NAN;
}

grove_status grove_schema_set_usual_set(grove_schema *schema, size_t position, grove_label_set set,
                                        grove_error *error) {
    grove_error_clear(error);
    if (position >= schema->count || schema->columns[position].kind != GROVE_COLUMN_LABELS) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "column %zu of the schema has no sets",
                          position);
    }
    grove_column *column = &schema->columns[position];
    for (size_t i = 0; i < set.count; i++) {
        if (set.classes[i] < (i ? set.classes[i - 1] + 1 : 0) ||
            set.classes[i] >= column->values.count) {
            char quoted[GROVE_QUOTE_SIZE];
            return grove_fail(error, GROVE_BAD_DATA,
                              "the usual set of column %s: it holds classes in rising order, each "
                              "of the vocabulary",
                              grove_quote_text(quoted, column->name));
        }
    }
    int32_t *copy = grove_alloc_zero(&schema->allocator, set.count + 1, sizeof *copy);
    if (!copy) {
        return grove_fail_memory(error, (set.count + 1) * sizeof *copy);
    }
    if (set.count > 0) {
        memcpy(copy, set.classes, set.count * sizeof *copy);
    }
    grove_release(&schema->allocator, column->usual);
    column->usual = copy;
    column->usual_count = set.count;
    return GROVE_OK;
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* Those that are not known have the id 0, and come first. */
static bool add_row(grove_label_sets *sets, const grove_allocator *memory,
                    const grove_bag_items *cell, size_t row) {
    bool unknown = false;
    for (size_t i = 0; i < cell->count; i++) {
        const grove_bag_item *item = &cell->items[i];
        if (item->id == GROVE_UNKNOWN_ID) {
            sets->unknown += (size_t)item->weight;
            unknown = true;
            continue;
        }
        int32_t *classes =
            grove_grow(memory, sets->classes, sets->used, &sets->capacity, sizeof *classes);
        if (!classes) {
            return false;
        }
        sets->classes = classes;
        classes[sets->used++] = item->id - GROVE_FIRST_VALUE_ID;
    }
    sets->unknown_rows += unknown;
    sets->offsets[row + 1] = sets->used;
    return true;
}

grove_label_sets *grove_label_sets_of(const grove_schema *schema, const grove_table *table) {
    const grove_allocator *memory = &schema->allocator;
    const grove_column *label = &schema->columns[schema->label];
    const size_t position = (size_t)grove_table_find(table, label->name);
    grove_bag_items cell = {.allocator = *memory, .form = &label->form, .find = &label->values};
    grove_label_sets *sets = grove_alloc_zero(memory, 1, sizeof *sets);
    bool good = sets && (sets->offsets = grove_alloc_zero(memory, table->rows + 1,
                                                          sizeof *sets->offsets)) != NULL;
    for (size_t row = 0; row < table->rows && good; row++) {
        grove_cell own = grove_table_at(table, row, position);
        own.length = grove_lacks(&label->form, own) ? 0 : own.length;
        good = grove_bag_take(&cell, label->kind, own) && add_row(sets, memory, &cell, row);
    }
    grove_bag_free(&cell);
    if (!good) {
        grove_label_sets_free(memory, sets);
        return NULL;
    }
    return sets;
}

void grove_label_sets_free(const grove_allocator *memory, grove_label_sets *sets) {
    if (sets) {
        grove_release(memory, sets->offsets);
        grove_release(memory, sets->classes);
        grove_release(memory, sets);
    }
}

/* ---- the dataset ----------------------------------------------------------------------------- */

bool grove_dataset_has_sets(const grove_dataset *dataset) {
    return dataset->sets != NULL;
}

grove_label_set grove_dataset_set(const grove_dataset *dataset, size_t row) {
    const grove_label_sets *sets = dataset->sets;
    const size_t begin = sets->offsets[row], count = sets->offsets[row + 1] - begin;
    return (grove_label_set){count ? sets->classes + begin : NULL, count};
}

size_t grove_dataset_unknown_classes(const grove_dataset *dataset, size_t *rows) {
    if (rows) {
        *rows = dataset->sets ? dataset->sets->unknown_rows : 0;
    }
    return dataset->sets ? dataset->sets->unknown : 0;
}

void grove_dataset_indicators(const grove_dataset *dataset, const size_t *rows, size_t count,
                              size_t classes, unsigned char *truth) {
    memset(truth, 0, count * classes);
    for (size_t i = 0; i < count; i++) {
        const grove_label_set set = grove_dataset_set(dataset, rows ? rows[i] : i);
        for (size_t k = 0; k < set.count; k++) {
            truth[i * classes + (size_t)set.classes[k]] = 1;
        }
    }
}
