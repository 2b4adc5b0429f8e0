/* SPDX-License-Identifier: MIT */
#include "weights.h"

#include <float.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOLD = 20 }; /* classes whose weights are printed */

static grove_status fail(grove_error *error, grove_status status, const char *format, ...) {
    va_list more;
    va_start(more, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, more);
    va_end(more);
    return status;
}

static grove_status no_memory(grove_error *error) {
    return fail(error, GROVE_NO_MEMORY, "out of memory");
}

void free_weights(weights *w) {
    free(w->rows);
    free(w->valid_rows);
    free(w->classes);
    *w = (weights){0};
}

/* ---- of rows --------------------------------------------------------------------------------- */

static bool is_weight(const grove_table *table, grove_cell cell, double *weight) {
    return grove_table_number(table, cell, weight) && *weight >= 0 && *weight <= (double)FLT_MAX;
}

static grove_status bad_weight(const grove_table *table, size_t row, const char *column,
                               grove_cell cell, grove_error *error) {
    const int length = (int)(cell.length < 60 ? cell.length : 60);
    char shown[64] = "an empty cell";
    if (length > 0) {
        snprintf(shown, sizeof shown, "'%.*s'", length, cell.bytes);
    }
    return fail(error, GROVE_BAD_DATA,
                "%s: line %zu, column '%.80s': %s is no weight: it must be a number from 0 up",
                grove_table_source(table), grove_table_line(table, row), column, shown);
}

/* *read [rows] of the table, in their order. */
static grove_status read_rows(const grove_table *table, const char *column, float **read,
                              grove_error *error) {
    const size_t rows = grove_table_rows(table);
    const int position = grove_table_find(table, column);
    *read = calloc(rows + 1, sizeof **read);
    if (!*read) {
        return no_memory(error);
    }
    if (position < 0) {
        return fail(error, GROVE_BAD_DATA, "%s has no column '%.80s', which --weight-column names",
                    grove_table_source(table), column);
    }
    for (size_t row = 0; row < rows; row++) {
        const grove_cell cell = grove_table_cell(table, row, (size_t)position);
        double weight = 0;
        if (!is_weight(table, cell, &weight)) {
            return bad_weight(table, row, column, cell, error);
        }
        (*read)[row] = (float)weight;
    }
    return GROVE_OK;
}

static double weight_of(const weights *w, size_t row) {
    return w->rows ? (double)w->rows[row] : 1;
}

static size_t row_at(const grove_rows *rows, size_t i) {
    return rows->rows ? rows->rows[i] : i;
}

static grove_status check_sum(const options *o, const grove_table *table, const grove_rows *train,
                              const weights *w, grove_error *error) {
    for (size_t i = 0; i < train->count; i++) {
        if (weight_of(w, row_at(train, i)) > 0) {
            return GROVE_OK;
        }
    }
    return fail(error, GROVE_BAD_DATA,
                "%s: column '%.80s': every training row has the weight 0; one must be above",
                grove_table_source(table), o->weight_column);
}

/* ---- of classes ------------------------------------------------------------------------------ */

static size_t classes_of(const grove_schema *schema) {
    return (size_t)grove_schema_ids(schema, (size_t)grove_schema_label(schema));
}

static grove_cell class_name(const grove_schema *schema, size_t class) {
    return grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t) class);
}

/* As scikit-learn's class_weight="balanced": all / (classes x what the class weighs), so that every
 * class counts as much as any other. */
static void balance(const grove_schema *schema, const grove_rows *train, const weights *w,
                    double *sums) {
    const size_t classes = classes_of(schema);
    const int32_t *labels = grove_dataset_labels(train->dataset);
    double all = 0;
    for (size_t i = 0; i < train->count && labels; i++) {
        const size_t row = row_at(train, i);
        sums[labels[row]] += weight_of(w, row);
        all += weight_of(w, row);
    }
    for (size_t c = 0; c < classes && !labels; c++) { /* rows of a file, all alike: the schema */
        sums[c] = (double)grove_schema_vocabulary(schema, (size_t)grove_schema_label(schema))
                      .counts[c];
        all += sums[c];
    }
    for (size_t c = 0; c < classes; c++) {
        w->classes[c] = sums[c] > 0 ? (float)(all / ((double)classes * sums[c])) : 0;
    }
}

/* Of several labels a row, a class weighs in rows that have it what those that lack it weigh by
 * those that have it: both together count alike, as PyTorch's pos_weight is usually set. 1 where
 * one of them has no weight. */
static void balance_sets(const grove_schema *schema, const grove_rows *train, const weights *w,
                         double *sums) {
    double all = 0;
    for (size_t i = 0; i < train->count; i++) {
        const size_t row = row_at(train, i);
        const grove_label_set set = grove_dataset_set(train->dataset, row);
        for (size_t k = 0; k < set.count; k++) {
            sums[set.classes[k]] += weight_of(w, row);
        }
        all += weight_of(w, row);
    }
    for (size_t c = 0; c < classes_of(schema); c++) {
        const bool both = sums[c] > 0 && sums[c] < all;
        w->classes[c] = both ? (float)((all - sums[c]) / sums[c]) : 1;
    }
}

static grove_status balance_classes(const grove_schema *schema, const grove_rows *train,
                                    const weights *w, grove_error *error) {
    double *sums = calloc(classes_of(schema), sizeof *sums);
    if (sums) {
        const bool sets = grove_schema_target(schema) == GROVE_TARGET_SET;
        (sets ? balance_sets : balance)(schema, train, w, sums);
    }
    free(sums);
    return sums ? GROVE_OK : no_memory(error);
}

/* Below 0: not told yet. */
static grove_status take_line(const grove_table *file, size_t row, const grove_schema *schema,
                              const weights *w, grove_error *error) {
    const grove_cell name = grove_table_cell(file, row, (size_t)grove_table_find(file, "class"));
    const grove_cell cell = grove_table_cell(file, row, (size_t)grove_table_find(file, "weight"));
    const int32_t class = grove_schema_id(schema, (size_t)grove_schema_label(schema), name);
    const int length = (int)(name.length < 60 ? name.length : 60);
    double weight = 0;
    if (class < 0) {
        return fail(error, GROVE_BAD_DATA, "%s: line %zu: '%.*s' is no class of '%.80s'",
                    grove_table_source(file), grove_table_line(file, row), length, name.bytes,
                    grove_schema_name(schema, (size_t)grove_schema_label(schema)));
    }
    if (!is_weight(file, cell, &weight)) {
        return bad_weight(file, row, "weight", cell, error);
    }
    if (w->classes[class] >= 0) {
        return fail(error, GROVE_BAD_DATA, "%s: line %zu: class '%.*s' has a weight already",
                    grove_table_source(file), grove_table_line(file, row), length, name.bytes);
    }
    w->classes[class] = (float)weight;
    return GROVE_OK;
}

static grove_status take_file(const grove_table *file, const grove_schema *schema, const weights *w,
                              grove_error *error) {
    const size_t classes = classes_of(schema);
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        w->classes[c] = -1;
    }
    if (grove_table_find(file, "class") < 0 || grove_table_find(file, "weight") < 0) {
        return fail(error, GROVE_BAD_DATA,
                    "%s: weights of classes stand in two columns, 'class' and 'weight'",
                    grove_table_source(file));
    }
    for (size_t row = 0; row < grove_table_rows(file); row++) {
        grove_status status = take_line(file, row, schema, w, error);
        if (status != GROVE_OK) {
            return status;
        }
    }
    for (size_t c = 0; c < classes; c++) {
        const grove_cell name = class_name(schema, c);
        if (w->classes[c] < 0) {
            return fail(error, GROVE_BAD_DATA, "%s: no line tells the weight of class '%.*s'",
                        grove_table_source(file), (int)(name.length < 60 ? name.length : 60),
                        name.bytes);
        }
        sum += (double)w->classes[c];
    }
    return sum > 0 ? GROVE_OK
                   : fail(error, GROVE_BAD_DATA,
                          "%s: every class has the weight 0; one must be "
                          "above",
                          grove_table_source(file));
}

/* Rows of a file are all trained on. */
static grove_status refuse_zero(const options *o, const grove_schema *schema, const weights *w,
                                grove_error *error) {
    for (size_t c = 0; c < classes_of(schema); c++) {
        const grove_cell name = class_name(schema, c);
        if (w->classes[c] == 0) {
            return fail(error, GROVE_BAD_DATA,
                        "%s: class '%.*s' has the weight 0, and rows that are streamed are all "
                        "trained on: it must be above",
                        o->class_weight, (int)(name.length < 60 ? name.length : 60), name.bytes);
        }
    }
    return GROVE_OK;
}

static grove_status weigh_classes(const options *o, const grove_schema *schema,
                                  const grove_rows *train, weights *w, grove_error *error) {
    grove_table *file = NULL;
    w->classes = calloc(classes_of(schema), sizeof *w->classes);
    if (!w->classes) {
        return no_memory(error);
    }
    if (strcmp(o->class_weight, "balanced") == 0) {
        return balance_classes(schema, train, w, error);
    }
    grove_status status = grove_table_read_csv(
        o->class_weight, &(grove_csv_options){.guess_separator = true}, &file, error);
    if (status == GROVE_OK) {
        status = take_file(file, schema, w, error);
    }
    if (status == GROVE_OK && grove_dataset_file(train->dataset)) {
        status = refuse_zero(o, schema, w, error);
    }
    grove_table_free(file);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

grove_status make_weights(const options *o, const grove_table *table,
                          const grove_table *valid_table, const grove_schema *schema,
                          const grove_rows *train, weights *w, grove_error *error) {
    grove_status status = GROVE_OK;
    if (o->weight_column) {
        status = read_rows(table, o->weight_column, &w->rows, error);
    }
    if (o->weight_column && valid_table && status == GROVE_OK) {
        status = read_rows(valid_table, o->weight_column, &w->valid_rows, error);
    }
    if (o->weight_column && status == GROVE_OK) {
        status = check_sum(o, table, train, w, error);
    }
    return o->class_weight && status == GROVE_OK ? weigh_classes(o, schema, train, w, error)
                                                 : status;
}

void print_weights(const options *o, const grove_schema *schema, const weights *w) {
    if (w->rows) {
        printf("rows count by column '");
        print_plain(stdout, o->weight_column);
        printf("', in training and in measures\n");
    }
    if (!w->classes) {
        return;
    }
    const bool balanced = strcmp(o->class_weight, "balanced") == 0;
    const bool sets = grove_schema_target(schema) == GROVE_TARGET_SET;
    printf("classes%s count %s, in the losses of training and validation, not in measures:\n",
           sets ? ", in rows that have them," : "",
           balanced && sets ? "as much as in all others"
           : balanced       ? "alike"
                            : "by their weights");
    for (size_t c = 0; c < classes_of(schema) && c < MOST_TOLD; c++) {
        const grove_cell name = class_name(schema, c);
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)(name.length < 60 ? name.length : 60), name.bytes);
        printf("  ");
        print_padded(text, 24);
        printf(" %.4g\n", (double)w->classes[c]);
    }
    if (classes_of(schema) > MOST_TOLD) {
        printf("  (and %zu more)\n", classes_of(schema) - MOST_TOLD);
    }
}

void print_weights_of_rounds(const options *o) {
    if (o->weight_column || o->class_weight) {
        printf("\nTrained by weights%s%s; tested rows count alike.\n",
               o->weight_column  ? " of rows"
               : o->class_weight ? " of classes"
                                 : "",
               o->weight_column && o->class_weight ? " and classes" : "");
    }
}

static json_t *json_text_or_null(const char *text) {
    return text ? json_text(text, strlen(text)) : json_null();
}

json_t *json_weights(const options *o, const grove_schema *schema, const weights *w) {
    const bool told = w && w->classes;
    if (!o->weight_column && !o->class_weight) {
        return json_null();
    }
    json_t *classes = told ? json_array() : json_null();
    for (size_t c = 0; told && c < classes_of(schema); c++) {
        const grove_cell name = class_name(schema, c);
        json_array_append_new(classes,
                              json_pack("{s:o, s:o}", "class", json_text(name.bytes, name.length),
                                        "weight", json_number((double)w->classes[c])));
    }
    return json_pack("{s:o, s:o, s:o}", "column", json_text_or_null(o->weight_column),
                     "class_weight", json_text_or_null(o->class_weight), "classes", classes);
}
