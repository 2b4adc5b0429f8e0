/* SPDX-License-Identifier: MIT
 *
 * Fitting: what encoding needs to know, noted from the training rows. */
#include <math.h>
#include <string.h>

#include "bag.h"
#include "base/error.h"
#include "grove/data_bags.h"
#include "label_sets.h"
#include "message.h"
#include "schema_pass.h"
#include "table.h"
#include "target.h"

/* The rows of a block to look at: rows[i], or i where rows is NULL. */
typedef struct training_rows {
    const grove_table *table;
    const size_t *rows;
    size_t count;
} training_rows;

static size_t row_at(const training_rows *training, size_t i) {
    return training->rows ? training->rows[i] : i;
}

/* What is noted of one column on the way through the rows. */
typedef struct grove_notes {
    bool there; /* the table has the column */
    size_t position;
    const grove_column_form *form;
    grove_column met;           /* with a vocabulary: the values as they were met, and how often */
    size_t known, capacity;     /* of met.counts */
    int64_t count;              /* numeric: of the numbers */
    double mean, squares;       /* of them; of a bag: of the number of its ids */
    grove_bag_items bag;        /* of the cell under way */
    int64_t longest;            /* ids of a cell */
    grove_set_counts sets;      /* of several labels */
    grove_number_sample sample; /* target: for the median */
    bool good;                  /* until a cell is met that is no number */
    size_t bad_row;             /* its row in the block */
} notes;

/* ---- vocabularies ---------------------------------------------------------------------------- */

/* Counts of 0 for the values beyond the first `known`. False when memory is short. */
static bool count_new(notes *n) {
    grove_column *met = &n->met;
    for (; n->known < (size_t)met->values.count; n->known++) {
        int64_t *counts =
            grove_grow(&met->values.allocator, met->counts, n->known, &n->capacity, sizeof *counts);
        if (!counts) {
            return false;
        }
        met->counts = counts;
        counts[n->known] = 0;
    }
    return true;
}

/* Values in the order in which they are met, and how often. Empty cells are counted in
 * met.missing, and are no values. False when memory is short. */
static bool count_values(notes *n, const training_rows *training, size_t begin, size_t end) {
    grove_cell cells[GROVE_STRINGS_AT_ONCE];
    int32_t ids[GROVE_STRINGS_AT_ONCE];
    for (size_t i = begin, count; i < end; i += count) {
        count = end - i < GROVE_STRINGS_AT_ONCE ? end - i : GROVE_STRINGS_AT_ONCE;
        for (size_t k = 0; k < count; k++) {
            cells[k] = grove_table_at(training->table, row_at(training, i + k), n->position);
            cells[k].length = grove_lacks(n->form, cells[k]) ? 0 : cells[k].length;
        }
        if (!grove_strings_add_all(&n->met.values, cells, count, ids) || !count_new(n)) {
            return false;
        }
        for (size_t k = 0; k < count; k++) {
            if (ids[k] >= 0) {
                n->met.counts[ids[k]]++;
            } else {
                n->met.missing++;
            }
        }
    }
    return true;
}

/* Of a hashed column, which has no vocabulary. */
static void count_missing(notes *n, const training_rows *training, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        grove_cell cell = grove_table_at(training->table, row_at(training, i), n->position);
        n->met.missing += grove_lacks(n->form, cell);
    }
}

/* x is one number more (Welford 1962): the mean is moved by it, and the squares are of distances to
 * the mean, so nothing large cancels. */
static void add_number(notes *n, double x) {
    n->count++;
    double distance = x - n->mean;
    n->mean += distance / (double)n->count;
    n->squares += distance * (x - n->mean);
}

/* A piece is counted once in a cell, however often it stands there. */
static bool count_bags(notes *n, grove_column_kind kind, const training_rows *training,
                       size_t begin, size_t end) {
    n->bag.form = n->form;
    n->bag.add = &n->met.values;
    for (size_t i = begin; i < end; i++) {
        grove_cell cell = grove_table_at(training->table, row_at(training, i), n->position);
        const bool lacking = grove_lacks(n->form, cell);
        n->met.missing += lacking;
        if (!grove_bag_take(&n->bag, kind, lacking ? (grove_cell){"", 0} : cell) || !count_new(n)) {
            return false;
        }
        for (size_t k = 0; k < n->bag.count && n->form->buckets == 0; k++) {
            n->met.counts[n->bag.items[k].id - GROVE_FIRST_VALUE_ID]++;
        }
        if (kind == GROVE_COLUMN_LABELS && !grove_count_set(&n->sets, &n->bag)) {
            return false;
        }
        const int64_t size = (int64_t)n->bag.count;
        n->longest = size > n->longest ? size : n->longest;
        add_number(n, (double)(size < GROVE_LONGEST_BAG ? size : GROVE_LONGEST_BAG));
    }
    return true;
}

/* Of the pieces that were met not all are in the vocabulary: their counts tell how many ids a cell
 * has on average; the deviation is taken to shrink as the mean does. */
static void note_size(grove_column *column, const notes *n) {
    double mean = n->mean;
    int64_t sum = 0;
    for (int32_t i = 0; i < column->values.count; i++) {
        sum += column->counts[i];
    }
    if (column->form.buckets == 0) {
        mean = (double)sum / (double)n->count;
        mean = mean < n->mean ? mean : n->mean;
    }
    column->rows = n->count;
    column->longest = n->longest < 1                   ? 1
                      : n->longest > GROVE_LONGEST_BAG ? GROVE_LONGEST_BAG
                                                       : n->longest;
    column->mean = mean;
    column->deviation = n->mean > 0 ? sqrt(n->squares / (double)n->count) * mean / n->mean : 0;
}

/* A label is there in every row. */
static grove_status check_labels(const training_rows *training, const notes *n,
                                 grove_error *error) {
    for (size_t i = 0; i < training->count && n->met.missing > 0; i++) {
        size_t row = row_at(training, i);
        if (grove_lacks(n->form, grove_table_at(training->table, row, n->position))) {
            return grove_no_label(training->table, row, n->position, error);
        }
    }
    return GROVE_OK;
}

static grove_status settle_sets(grove_schema *schema, grove_column *column,
                                const grove_table *names, const notes *n, grove_error *error) {
    grove_status status =
        grove_settle_sets(schema, column, names, n->position, &n->sets, &n->met, error);
    if (status == GROVE_OK) {
        note_size(column, n);
    }
    return status;
}

static grove_status settle_vocabulary(grove_schema *schema, grove_column *column,
                                      const grove_table *names, const notes *n,
                                      grove_error *error) {
    const grove_strings *values = &n->met.values;
    if (column->kind == GROVE_COLUMN_LABEL && values->count == 1) {
        return grove_one_label(names, n->position, grove_strings_at(values, 0), error);
    }
    grove_status status = grove_make_vocabulary(schema, column, &n->met, error);
    if (status == GROVE_OK && grove_is_bag(column->kind)) {
        note_size(column, n);
    }
    return status;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* False when memory is short. */
static bool add_numbers(notes *n, grove_column_kind kind, const training_rows *training,
                        size_t begin, size_t end) {
    const grove_allocator *memory = &n->met.values.allocator;
    double x;
    for (size_t i = begin; i < end && n->good; i++) {
        size_t row = row_at(training, i);
        grove_cell cell = grove_table_at(training->table, row, n->position);
        if (grove_lacks(n->form, cell)) {
            n->met.missing++;
            continue;
        }
        if (!grove_table_number(training->table, cell, &x)) {
            n->good = false;
            n->bad_row = row;
            return true;
        }
        if (kind == GROVE_COLUMN_TARGET && !grove_sample_number(&n->sample, memory, x)) {
            return false;
        }
        add_number(n, x);
    }
    return true;
}

static grove_status settle_scale(grove_schema *schema, grove_column *column,
                                 const grove_table *names, const notes *n, grove_error *error) {
    double deviation = n->count > 0 ? sqrt(n->squares / (double)n->count) : 0;
    if (!isfinite(n->mean) || !isfinite(deviation)) {
        char place[GROVE_PLACE_SIZE], quoted[GROVE_QUOTE_SIZE];
        return grove_fail(error, GROVE_BAD_DATA,
                          "%s: column %s: its numbers are too large to be squared and added up",
                          grove_place(place, names->source, 0),
                          grove_quote_text(quoted, column->name));
    }
    grove_column fresh = {
        .values.allocator = schema->allocator, .missing = n->met.missing, .mean = n->mean};
    fresh.deviation = deviation > 0 ? deviation : 1;
    fresh.median = grove_sample_median(&n->sample);
    grove_column_renew(schema, column, &fresh);
    return GROVE_OK;
}

/* ---- all columns ----------------------------------------------------------------------------- */

static grove_status check_rows(const training_rows *training, grove_error *error) {
    size_t rows = training->table->rows;
    for (size_t i = 0; i < training->count && training->rows; i++) {
        if (training->rows[i] >= rows) {
            return grove_fail(error, GROVE_BAD_ARGUMENT, "row %zu of a table of %zu rows",
                              training->rows[i], rows);
        }
    }
    if (!training->rows && training->count > rows) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "row %zu of a table of %zu rows", rows, rows);
    }
    return GROVE_OK;
}

static bool note_rows(notes *n, grove_column_kind kind, const training_rows *training, size_t begin,
                      size_t end) {
    if (grove_is_scaled(kind)) {
        return add_numbers(n, kind, training, begin, end);
    }
    if (grove_is_bag(kind) || kind == GROVE_COLUMN_LABELS) {
        return count_bags(n, kind, training, begin, end);
    }
    if (n->form->buckets > 0) {
        count_missing(n, training, begin, end);
    } else {
        return count_values(n, training, begin, end);
    }
    return true;
}

/* A stretch of rows is looked at column by column while it is near. What is wrong with a column is
 * noted, too. False when memory is short. */
static bool take_notes(grove_fitting *f, const training_rows *training) {
    for (size_t row = 0, end; row < training->count; row = end) {
        size_t left = training->count - row;
        end = row + (left < GROVE_ROWS_AT_ONCE ? left : GROVE_ROWS_AT_ONCE);
        for (size_t i = 0; i < f->schema->count; i++) {
            notes *n = &f->notes[i];
            if (n->there && !note_rows(n, f->schema->columns[i].kind, training, row, end)) {
                return false;
            }
        }
    }
    return true;
}

/* Column by column: of several mistakes the one in the first column is told. */
static grove_status check_notes(const grove_fitting *f, const training_rows *training,
                                grove_error *error) {
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < f->schema->count && status == GROVE_OK; i++) {
        const notes *n = &f->notes[i];
        if (!n->good) {
            status =
                grove_bad_cell(training->table, n->bad_row, n->position, "is not a number", error);
        } else if (grove_needs_label(f->schema->columns[i].kind)) {
            status = check_labels(training, n, error);
        }
    }
    return status;
}

static grove_status settle(grove_fitting *f, const grove_table *names, grove_error *error) {
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < f->schema->count && status == GROVE_OK; i++) {
        grove_column *column = &f->schema->columns[i];
        if (column->kind == GROVE_COLUMN_TARGET && f->notes[i].squares == 0) {
            status = grove_one_number(names, f->notes[i].position, f->notes[i].mean, error);
        } else if (grove_is_scaled(column->kind)) {
            status = settle_scale(f->schema, column, names, &f->notes[i], error);
        } else if (column->kind == GROVE_COLUMN_LABELS) {
            status = settle_sets(f->schema, column, names, &f->notes[i], error);
        } else if (column->kind != GROVE_COLUMN_IGNORED) {
            status = settle_vocabulary(f->schema, column, names, &f->notes[i], error);
        }
    }
    return status;
}

/* ---- block by block -------------------------------------------------------------------------- */

grove_status grove_fitting_begin(grove_fitting *f, grove_schema *schema, const grove_table *names,
                                 grove_error *error) {
    *f = (grove_fitting){.schema = schema};
    f->notes = grove_alloc_zero(&schema->allocator, schema->count, sizeof *f->notes);
    if (!f->notes) {
        return grove_fail_memory(error, schema->count * sizeof *f->notes);
    }
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < schema->count; i++) {
        const grove_column *column = &schema->columns[i];
        bool wanted = column->kind != GROVE_COLUMN_IGNORED;
        int position = wanted ? grove_table_find(names, column->name) : -1;
        f->notes[i] = (notes){.there = position >= 0,
                              .position = position < 0 ? 0 : (size_t)position,
                              .form = &column->form,
                              .bag.allocator = schema->allocator,
                              .met.values.allocator = schema->allocator,
                              .sets.sets.allocator = schema->allocator,
                              .good = true};
        if (wanted && position < 0 && status == GROVE_OK) {
            status = grove_no_column(names, column->name, error);
        }
    }
    return status;
}

grove_status grove_fitting_add(grove_fitting *f, const grove_table *block, const size_t *rows,
                               size_t count, grove_error *error) {
    const training_rows training = {block, rows, count};
    grove_status status = check_rows(&training, error);
    if (status != GROVE_OK) {
        return status;
    }
    if (!take_notes(f, &training)) {
        return grove_fail_memory(error, block->bytes_capacity);
    }
    f->rows += count;
    return check_notes(f, &training, error);
}

grove_status grove_fitting_end(grove_fitting *f, const grove_table *names, grove_error *error) {
    return f->rows > 0 ? settle(f, names, error)
                       : grove_fail(error, GROVE_BAD_DATA, "there are no rows to fit a schema to");
}

void grove_fitting_free(grove_fitting *f) {
    for (size_t i = 0; i < f->schema->count && f->notes; i++) {
        grove_column_forget(f->schema, &f->notes[i].met);
        grove_release(&f->schema->allocator, f->notes[i].sample.numbers);
        grove_bag_free(&f->notes[i].bag);
        grove_set_counts_free(&f->notes[i].sets);
    }
    grove_release(&f->schema->allocator, f->notes);
}

size_t grove_fitting_bytes(const grove_fitting *f, size_t *column) {
    size_t sum = 0, most = 0;
    *column = 0;
    for (size_t i = 0; i < f->schema->count; i++) {
        const notes *n = &f->notes[i];
        const size_t counts = n->capacity * sizeof *n->met.counts;
        const size_t bytes = grove_strings_size(&n->met.values) + counts;
        *column = bytes > most ? i : *column;
        most = bytes > most ? bytes : most;
        sum += bytes;
    }
    return sum;
}

grove_status grove_schema_fit(grove_schema *schema, const grove_table *table, const size_t *rows,
                              size_t row_count, grove_error *error) {
    grove_fitting f;
    grove_error_clear(error);
    if (row_count == 0) {
        return grove_fail(error, GROVE_BAD_DATA, "there are no rows to fit a schema to");
    }
    grove_status status = grove_fitting_begin(&f, schema, table, error);
    if (status == GROVE_OK) {
        status = grove_fitting_add(&f, table, rows, row_count, error);
    }
    if (status == GROVE_OK) {
        status = grove_fitting_end(&f, table, error);
    }
    grove_fitting_free(&f);
    return status;
}
