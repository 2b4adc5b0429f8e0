/* SPDX-License-Identifier: MIT
 *
 * From the values that were met to a vocabulary: which are in it, and in what order. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "schema.h"
#include "target.h"

/* A distinct value on its way into the list. */
typedef struct counted {
    grove_cell value;
    int64_t count;
    double number; /* label: what it is read as, where all are numbers */
} counted;

static int by_bytes(const counted *a, const counted *b) {
    size_t common = a->value.length < b->value.length ? a->value.length : b->value.length;
    int order = memcmp(a->value.bytes, b->value.bytes, common);
    return order ? order
                 : (a->value.length > b->value.length) - (a->value.length < b->value.length);
}

static int by_count(const void *left, const void *right) {
    const counted *a = left, *b = right;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : by_bytes(a, b);
}

static int by_number(const void *left, const void *right) {
    const counted *a = left, *b = right;
    return a->number != b->number ? (a->number > b->number ? 1 : -1) : by_bytes(a, b);
}

/* The default rule: 1 for classes; 2 for pieces of a text; else that of data.h, 2, or 1 where that
 * would leave out more than a twentieth. */
static int64_t min_count_of(const grove_schema *schema, const grove_column *column,
                            const grove_column *met) {
    const grove_column_form *form = &column->form;
    int64_t cells = 0, once = 0;
    for (int32_t i = 0; i < met->values.count; i++) {
        cells += met->counts[i];
        once += met->counts[i] == 1;
    }
    if (grove_has_classes(column->kind)) {
        return column->kind == GROVE_COLUMN_LABELS && form->min_count > 0 ? form->min_count : 1;
    }
    return form->min_count > 0                 ? form->min_count
           : schema->min_count > 0             ? schema->min_count
           : column->kind == GROVE_COLUMN_TEXT ? 2
           : 20 * once > cells                 ? 1
                                               : 2;
}

/* By number, if all are numbers. */
static void order_classes(counted *list, size_t count) {
    bool numbers = true;
    for (size_t i = 0; i < count; i++) {
        const grove_cell value = list[i].value;
        numbers = numbers && grove_parse_number(value.bytes, value.length, &list[i].number);
    }
    for (size_t i = 0; i < count && !numbers; i++) {
        list[i].number = 0;
    }
    qsort(list, count, sizeof *list, by_number);
}

/* Fills `list` with the values met often enough, of which `most` (0: all) are kept, in their final
 * order; returns how many. */
static size_t order_values(const grove_column *met, int64_t min_count, int64_t most, bool classes,
                           counted *list) {
    size_t count = 0;
    for (int32_t i = 0; i < met->values.count; i++) {
        if (met->counts[i] >= min_count) {
            list[count++] =
                (counted){.value = grove_strings_at(&met->values, i), .count = met->counts[i]};
        }
    }
    if (count > 1) {
        qsort(list, count, sizeof *list, by_count);
    }
    count = most > 0 && count > (size_t)most ? (size_t)most : count;
    if (classes && count > 1) {
        order_classes(list, count);
    }
    return count;
}

/* The final column from what was met, in the final order. */
static bool list_values(const grove_column *met, const counted *list, size_t count,
                        grove_column *fresh) {
    fresh->counts = grove_alloc_zero(&met->values.allocator, count, sizeof *fresh->counts);
    if (!fresh->counts) {
        return false;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += list[i].value.length;
    }
    if (!grove_strings_reserve(&fresh->values, count, bytes)) {
        return false;
    }
    fresh->missing = met->missing;
    for (int32_t i = 0; i < met->values.count; i++) {
        fresh->unknown += met->counts[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (grove_strings_add(&fresh->values, list[i].value.bytes, list[i].value.length) < 0) {
            return false;
        }
        fresh->counts[i] = list[i].count;
        fresh->unknown -= list[i].count;
    }
    return true;
}

grove_status grove_make_vocabulary(grove_schema *schema, grove_column *column,
                                   const grove_column *met, grove_error *error) {
    size_t size = (size_t)met->values.count * sizeof(counted);
    counted *list = grove_alloc(&schema->allocator, size);
    if (!list) {
        return grove_fail_memory(error, size);
    }
    const int64_t most = column->kind == GROVE_COLUMN_LABEL ? 0 : column->form.max_values;
    const size_t count = order_values(met, min_count_of(schema, column, met), most,
                                      grove_has_classes(column->kind), list);
    grove_column fresh = {.values.allocator = schema->allocator};
    bool done = list_values(met, list, count, &fresh);
    grove_release(&schema->allocator, list);
    if (!done) {
        grove_column_forget(schema, &fresh);
        return grove_fail_memory(error, count * sizeof *fresh.counts + fresh.values.bytes_capacity);
    }
    grove_column_renew(schema, column, &fresh);
    return GROVE_OK;
}
