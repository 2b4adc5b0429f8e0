/* SPDX-License-Identifier: MIT */
#include "dataset_bags.h"

#include <string.h>

#include "bag.h"
#include "base/error.h"
#include "message.h"
#include "table.h"

/* ---- a dataset's ----------------------------------------------------------------------------- */

/* The list of a column under way. */
typedef struct listing {
    const grove_allocator *memory;
    grove_bag_list *list;
    size_t used, capacity;
} listing;

static bool make_room(listing *l, size_t more) {
    if (l->capacity - l->used >= more) {
        return true;
    }
    size_t capacity = 2 * (l->used + more), bytes = 0;
    if (!grove_multiply(capacity, sizeof(float), &bytes)) {
        return false;
    }
    int32_t *ids = grove_resize(l->memory, l->list->ids, bytes);
    l->list->ids = ids ? ids : l->list->ids;
    float *weights = ids ? grove_resize(l->memory, l->list->weights, bytes) : NULL;
    l->list->weights = weights ? weights : l->list->weights;
    l->capacity = weights ? capacity : l->capacity;
    return weights != NULL;
}

static bool add_row(listing *l, const grove_bag_items *bag, size_t row) {
    if (!make_room(l, bag->count)) {
        return false;
    }
    for (size_t i = 0; i < bag->count; i++) {
        l->list->ids[l->used] = bag->items[i].id;
        l->list->weights[l->used++] = bag->items[i].weight;
    }
    l->list->offsets[row + 1] = l->used;
    return true;
}

static bool list_column(const grove_schema *schema, size_t column, const grove_table *table,
                        grove_bag_list *list, int64_t *unknown, int64_t *missing) {
    const grove_allocator *memory = &schema->allocator;
    const size_t position = (size_t)grove_table_find(table, schema->columns[column].name);
    grove_bag_items bag = {.allocator = *memory};
    listing l = {.memory = memory, .list = list};
    list->offsets = grove_alloc_zero(memory, table->rows + 1, sizeof *list->offsets);
    bool good = list->offsets != NULL;
    for (size_t row = 0; row < table->rows && good; row++) {
        good = grove_bag_encode(&bag, &schema->columns[column],
                                grove_table_at(table, row, position)) &&
               add_row(&l, &bag, row);
        if (good && bag.count == 1) {
            unknown[column] += bag.items[0].id == GROVE_UNKNOWN_ID;
            missing[column] += bag.items[0].id == GROVE_MISSING_ID;
        }
    }
    grove_bag_free(&bag);
    return good;
}

grove_bag_list *grove_bag_lists(const grove_schema *schema, const grove_table *table,
                                int64_t *unknown, int64_t *missing) {
    const size_t count = grove_schema_bags(schema);
    grove_bag_list *lists = grove_alloc_zero(&schema->allocator, count, sizeof *lists);
    bool good = lists != NULL;
    for (size_t i = 0; i < count && good; i++) {
        good = list_column(schema, (size_t)grove_schema_bag(schema, i), table, &lists[i], unknown,
                           missing);
    }
    if (!good) {
        grove_bag_lists_free(&schema->allocator, lists, count);
        return NULL;
    }
    return lists;
}

void grove_bag_lists_free(const grove_allocator *memory, grove_bag_list *lists, size_t count) {
    for (size_t i = 0; i < count && lists; i++) {
        grove_release(memory, lists[i].offsets);
        grove_release(memory, lists[i].ids);
        grove_release(memory, lists[i].weights);
    }
    grove_release(memory, lists);
}

/* ---- a schema's ------------------------------------------------------------------------------ */

size_t grove_schema_bags(const grove_schema *schema) {
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++) {
        count += grove_is_bag(schema->columns[i].kind);
    }
    return count;
}

int grove_schema_bag(const grove_schema *schema, size_t position) {
    for (size_t i = 0; i < schema->count; i++) {
        if (grove_is_bag(schema->columns[i].kind) && position-- == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Of several labels it is noted, too, how many a cell holds. */
static bool has_bag_size(const grove_schema *schema, size_t column) {
    return column < schema->count && (grove_is_bag(schema->columns[column].kind) ||
                                      schema->columns[column].kind == GROVE_COLUMN_LABELS);
}

grove_bag_size grove_schema_bag_size(const grove_schema *schema, size_t column) {
    if (!has_bag_size(schema, column)) {
        return (grove_bag_size){0};
    }
    const grove_column *c = &schema->columns[column];
    return (grove_bag_size){c->rows, c->longest, c->mean, c->deviation};
}

grove_status grove_schema_set_bag_size(grove_schema *schema, size_t column,
                                       const grove_bag_size *size, grove_error *error) {
    grove_error_clear(error);
    if (!has_bag_size(schema, column)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "column %zu of the schema is no bag", column);
    }
    grove_column *c = &schema->columns[column];
    bool good = size->rows >= 1 && size->longest >= 1 && size->longest <= GROVE_LONGEST_BAG &&
                size->mean >= 0 && size->mean <= GROVE_LONGEST_BAG && size->deviation >= 0 &&
                size->deviation <= GROVE_LONGEST_BAG;
    if (!good) {
        char quoted[GROVE_QUOTE_SIZE];
        return grove_fail(error, GROVE_BAD_DATA,
                          "the bags of column %s: they hold 1 to %d ids, and come of 1 row or more",
                          grove_quote_text(quoted, c->name), GROVE_LONGEST_BAG);
    }
    c->rows = size->rows;
    c->longest = size->longest;
    c->mean = size->mean;
    c->deviation = size->deviation;
    return GROVE_OK;
}

grove_status grove_schema_bag_cell(const grove_schema *schema, size_t column, grove_cell cell,
                                   int32_t *ids, float *weights, size_t *count,
                                   grove_error *error) {
    grove_bag_items bag = {.allocator = schema->allocator};
    *count = 0;
    if (column >= schema->count || !grove_is_bag(schema->columns[column].kind)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "column %zu of the schema is no bag", column);
    }
    if (!grove_bag_encode(&bag, &schema->columns[column], cell)) {
        grove_bag_free(&bag);
        return grove_fail_memory(error, cell.length);
    }
    for (size_t i = 0; i < bag.count; i++) {
        ids[i] = bag.items[i].id;
        weights[i] = bag.items[i].weight;
    }
    *count = bag.count;
    grove_bag_free(&bag);
    return GROVE_OK;
}
