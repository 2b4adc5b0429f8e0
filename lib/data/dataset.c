/* SPDX-License-Identifier: MIT
 *
 * Encoding: from a table to ids and numbers, by the notes of a schema. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "dataset.h"
#include "message.h"
#include "schema.h"
#include "table.h"
#include "target.h"

void grove_dataset_free(grove_dataset *dataset) {
    if (!dataset) {
        return;
    }
    grove_allocator memory = dataset->allocator;
    grove_release(&memory, dataset->ids);
    grove_release(&memory, dataset->numbers);
    grove_release(&memory, dataset->labels);
    grove_release(&memory, dataset->targets);
    grove_label_sets_free(&memory, dataset->sets);
    grove_bag_lists_free(&memory, dataset->bags, dataset->bag_count);
    grove_release(&memory, dataset->unknown);
    grove_release(&memory, dataset->missing);
    grove_release(&memory, dataset);
}

/* Ids or labels: every one is written. */
static int32_t *ids_of(const grove_allocator *memory, size_t rows, size_t columns) {
    size_t count, size;
    return grove_multiply(rows, columns, &count) && grove_multiply(count, sizeof(int32_t), &size)
               ? grove_alloc(memory, size)
               : NULL;
}

static void *zeros(const grove_allocator *memory, size_t rows, size_t columns, size_t item) {
    size_t count;
    return grove_multiply(rows, columns, &count) ? grove_alloc_zero(memory, count, item) : NULL;
}

/* A dataset whose numbers are zeros, or NULL when memory is short. */
static grove_dataset *dataset_for(const grove_schema *schema, size_t rows, bool labels) {
    const grove_allocator *memory = &schema->allocator;
    grove_dataset *d = grove_alloc_zero(memory, 1, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->allocator = *memory;
    d->rows = rows;
    d->columns = schema->count;
    d->categoricals = grove_schema_categoricals(schema);
    d->features = grove_schema_features(schema);
    d->ids = ids_of(memory, rows, d->categoricals);
    d->numbers = zeros(memory, rows, d->features, sizeof *d->numbers);
    const grove_target_kind target = grove_schema_target(schema);
    const bool numbers = labels && target == GROVE_TARGET_NUMBER;
    const bool classes = labels && target == GROVE_TARGET_CLASS;
    d->labels = classes ? ids_of(memory, rows, 1) : NULL;
    d->targets = numbers ? zeros(memory, rows, 1, sizeof *d->targets) : NULL;
    d->unknown = zeros(memory, schema->count, 1, sizeof *d->unknown);
    d->missing = zeros(memory, schema->count, 1, sizeof *d->missing);
    if (!d->ids || !d->numbers || (classes && !d->labels) || (numbers && !d->targets) ||
        !d->unknown || !d->missing) {
        grove_dataset_free(d);
        return NULL;
    }
    return d;
}

/* ---- column by column ------------------------------------------------------------------------ */

/* A column under way, and the rows of it: where it stands in schema and table. */
typedef struct encoding {
    const grove_schema *schema;
    const grove_table *table;
    size_t begin, end;
    size_t column, position;
    grove_dataset *dataset;
} encoding;

/* Ids by a hash: no value is unknown. */
static void encode_hashed(const encoding *e, int32_t *ids) {
    const grove_column_form *form = &e->schema->columns[e->column].form;
    for (size_t row = e->begin; row < e->end; row++) {
        grove_cell cell = grove_table_at(e->table, row, e->position);
        const bool lacking = grove_lacks(form, cell);
        e->dataset->missing[e->column] += lacking;
        ids[row] = lacking ? GROVE_MISSING_ID : grove_hashed_id(form, cell);
    }
    e->dataset->cells += (int64_t)(e->end - e->begin);
}

static void encode_ids(const encoding *e, int32_t *ids) {
    const grove_column_form *form = &e->schema->columns[e->column].form;
    const grove_strings *values = &e->schema->columns[e->column].values;
    int64_t unknown = 0, missing = 0;
    grove_cell cells[GROVE_STRINGS_AT_ONCE];
    for (size_t row = e->begin, count; row < e->end; row += count) {
        count = e->end - row < GROVE_STRINGS_AT_ONCE ? e->end - row : GROVE_STRINGS_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            cells[i] = grove_table_at(e->table, row + i, e->position);
        }
        grove_strings_find_all(values, cells, count, ids + row);
        for (size_t i = 0; i < count; i++) {
            const int32_t found = ids[row + i];
            const bool empty = found < 0 && grove_lacks(form, cells[i]);
            missing += empty;
            unknown += !empty && found < 0;
            ids[row + i] = empty       ? GROVE_MISSING_ID
                           : found < 0 ? GROVE_UNKNOWN_ID
                                       : GROVE_FIRST_VALUE_ID + found;
        }
    }
    e->dataset->unknown[e->column] += unknown;
    e->dataset->missing[e->column] += missing;
    e->dataset->cells += (int64_t)(e->end - e->begin);
}

/* An empty cell leaves the zeros that are there: the mean. */
static grove_status encode_numbers(const encoding *e, float *numbers, grove_error *error) {
    const grove_column *column = &e->schema->columns[e->column];
    bool says_missing = column->missing > 0;
    double x;
    numbers += e->begin * e->dataset->features;
    for (size_t row = e->begin; row < e->end; row++, numbers += e->dataset->features) {
        grove_cell cell = grove_table_at(e->table, row, e->position);
        if (grove_lacks(&column->form, cell)) {
            e->dataset->missing[e->column] += says_missing;
            e->dataset->unknown[e->column] += !says_missing;
            if (says_missing) {
                numbers[1] = 1;
            }
            continue;
        }
        if (!grove_table_number(e->table, cell, &x)) {
            return grove_bad_cell(e->table, row, e->position, "is not a number", error);
        }
        double scaled = (x - column->mean) / column->deviation;
        if (!(fabs(scaled) <= FLT_MAX)) {
            return grove_bad_cell(e->table, row, e->position,
                                  "is too far from the numbers of the training rows", error);
        }
        numbers[0] = (float)scaled;
    }
    e->dataset->cells += (int64_t)(e->end - e->begin);
    return GROVE_OK;
}

static grove_status unknown_label(const encoding *e, size_t row, grove_error *error) {
    const grove_strings *classes = &e->schema->columns[e->column].values;
    char list[GROVE_LIST_SIZE], words[GROVE_LIST_SIZE + 64];
    size_t used = 0;
    for (int32_t i = 0; i < classes->count; i++) {
        if (!grove_list_add(list, &used, grove_strings_at(classes, i))) {
            break;
        }
    }
    snprintf(words, sizeof words, "is not a label the model knows (it knows %s)", list);
    return grove_bad_cell(e->table, row, e->position, words, error);
}

static grove_status encode_labels(const encoding *e, int32_t *labels, grove_error *error) {
    for (size_t row = e->begin; row < e->end; row++) {
        grove_cell cell = grove_table_at(e->table, row, e->position);
        if (grove_lacks(&e->schema->columns[e->column].form, cell)) {
            return grove_no_label(e->table, row, e->position, error);
        }
        labels[row] = grove_schema_id(e->schema, e->column, cell);
        if (labels[row] < 0) {
            return unknown_label(e, row, error);
        }
    }
    return GROVE_OK;
}

/* ---- all columns ----------------------------------------------------------------------------- */

/* A column is of interest if the model sees it, or if it is the label and wanted. */
static bool is_wanted(const grove_schema *schema, size_t column, bool labels) {
    grove_column_kind kind = schema->columns[column].kind;
    return kind != GROVE_COLUMN_IGNORED && (!grove_is_label(kind) || labels);
}

static grove_status check_columns(const grove_schema *schema, const grove_table *table, bool labels,
                                  grove_error *error) {
    if (labels && schema->label < 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "labels are asked for: the schema has none");
    }
    for (size_t i = 0; i < schema->count; i++) {
        const grove_column *column = &schema->columns[i];
        if (!is_wanted(schema, i, labels)) {
            continue;
        }
        if (!column->fitted) {
            char quoted[GROVE_QUOTE_SIZE];
            return grove_fail(error, GROVE_BAD_ARGUMENT,
                              "column %s: the schema is not fitted to training rows",
                              grove_quote_text(quoted, column->name));
        }
        if (grove_table_find(table, column->name) < 0) {
            return grove_lacks_column(table, column->name, error);
        }
    }
    return GROVE_OK;
}

static grove_status encode_rows(encoding *e, size_t begin, size_t end, grove_error *error) {
    grove_dataset *d = e->dataset;
    int32_t *ids = d->ids;
    float *numbers = d->numbers;
    grove_status status = GROVE_OK;
    e->begin = begin;
    e->end = end;
    for (size_t i = 0; i < e->schema->count && status == GROVE_OK; i++) {
        const grove_column *column = &e->schema->columns[i];
        if (!is_wanted(e->schema, i, d->labels || d->targets)) {
            continue;
        }
        e->column = i;
        e->position = (size_t)grove_table_find(e->table, column->name);
        if (column->kind == GROVE_COLUMN_CATEGORICAL) {
            (column->form.buckets > 0 ? encode_hashed : encode_ids)(e, ids);
            ids += d->rows;
        } else if (column->kind == GROVE_COLUMN_NUMERIC) {
            status = encode_numbers(e, numbers, error);
            numbers += column->missing > 0 ? 2 : 1;
        } else if (column->kind == GROVE_COLUMN_TARGET) {
            status =
                grove_encode_targets(column, e->table, e->position, begin, end, d->targets, error);
        } else if (column->kind == GROVE_COLUMN_LABEL) {
            status = encode_labels(e, d->labels, error);
        }
    }
    return status;
}

/* Of several mistakes the one in the first column is told, whichever is met first. */
static grove_status encode_all(encoding *e, grove_error *error) {
    const size_t rows = e->table->rows;
    grove_status status = GROVE_OK;
    for (size_t row = 0, end; row < rows && status == GROVE_OK; row = end) {
        end = grove_table_stretch(e->table, row);
        status = encode_rows(e, row, end, error);
    }
    return status == GROVE_OK ? status : encode_rows(e, 0, rows, error);
}

/* What may be in a cell many times over. */
static grove_status encode_lists(encoding *e, bool labels, grove_error *error) {
    grove_dataset *d = e->dataset;
    d->bag_count = grove_schema_bags(e->schema);
    d->bags = grove_bag_lists(e->schema, e->table, d->unknown, d->missing);
    d->cells += (int64_t)(d->bag_count * d->rows);
    const bool sets = labels && grove_schema_target(e->schema) == GROVE_TARGET_SET;
    d->sets = sets ? grove_label_sets_of(e->schema, e->table) : NULL;
    return d->bags && (d->sets || !sets) ? GROVE_OK
                                         : grove_fail_memory(error, d->rows * sizeof(size_t));
}

grove_status grove_schema_encode(const grove_schema *schema, const grove_table *table,
                                 const grove_encode_options *options, grove_dataset **dataset,
                                 grove_error *error) {
    grove_error_clear(error);
    *dataset = NULL;
    bool labels = options && options->label_required;
    grove_status status = check_columns(schema, table, labels, error);
    if (status != GROVE_OK) {
        return status;
    }
    encoding e = {.schema = schema, .table = table};
    e.dataset = dataset_for(schema, table->rows, labels);
    if (!e.dataset) {
        return grove_fail_memory(error, table->rows * schema->count * sizeof(float));
    }
    status = encode_all(&e, error);
    if (status == GROVE_OK) {
        status = encode_lists(&e, labels, error);
    }
    if (status != GROVE_OK) {
        grove_dataset_free(e.dataset);
        return status;
    }
    *dataset = e.dataset;
    return GROVE_OK;
}
