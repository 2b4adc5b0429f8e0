/* SPDX-License-Identifier: MIT
 *
 * A schema from outside: looking at it, and making it again from what was stored. */
#include "schema.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "bag.h"
#include "base/error.h"
#include "message.h"
#include "target.h"

static const char *const KIND_NAMES[] = {
#define KIND_NAME(name, words) [GROVE_COLUMN_##name] = words,
    GROVE_COLUMN_KIND_LIST(KIND_NAME)
#undef KIND_NAME
};
enum { KINDS = GROVE_COLUMN_KINDS };

const char *grove_column_kind_name(grove_column_kind kind) {
    return (unsigned)kind < KINDS ? KIND_NAMES[kind] : "unknown";
}

bool grove_column_kind_from_name(const char *name, grove_column_kind *kind) {
    for (unsigned i = 0; i < KINDS; i++) {
        if (strcmp(name, KIND_NAMES[i]) == 0) {
            *kind = (grove_column_kind)i;
            return true;
        }
    }
    return false;
}

/* ---- life ------------------------------------------------------------------------------------ */

grove_schema *grove_schema_new(const grove_allocator *allocator) {
    grove_allocator memory = grove_allocator_or_default(allocator);
    grove_schema *schema = grove_alloc_zero(&memory, 1, sizeof *schema);
    if (schema) {
        schema->allocator = memory;
        schema->index.allocator = memory;
        schema->label = -1;
    }
    return schema;
}

void grove_column_forget(const grove_schema *schema, grove_column *column) {
    grove_strings_free(&column->values);
    grove_release(&schema->allocator, column->counts);
    column->counts = NULL;
    column->unknown = column->missing = 0;
    column->mean = column->deviation = column->median = 0;
    column->rows = column->longest = 0;
    grove_release(&schema->allocator, column->usual);
    column->usual = NULL;
    column->usual_count = 0;
    column->fitted = false;
}

void grove_column_renew(const grove_schema *schema, grove_column *column, grove_column *fresh) {
    grove_column_forget(schema, column);
    fresh->name = column->name;
    fresh->reason = column->reason;
    fresh->kind = column->kind;
    fresh->form = column->form;
    fresh->fitted = true;
    *column = *fresh;
}

void grove_schema_free(grove_schema *schema) {
    if (!schema) {
        return;
    }
    grove_allocator memory = schema->allocator;
    for (size_t i = 0; i < schema->count; i++) {
        grove_column *column = &schema->columns[i];
        grove_column_forget(schema, column);
        grove_form_free(&memory, &column->form);
        grove_release(&memory, column->name);
        grove_release(&memory, column->reason);
    }
    grove_release(&memory, schema->columns);
    grove_strings_free(&schema->index);
    grove_release(&memory, schema);
}

bool grove_schema_set_text(const grove_schema *schema, char **text, const char *value) {
    char *copy = grove_copy_text(&schema->allocator, value);
    if (copy) {
        grove_release(&schema->allocator, *text);
        *text = copy;
    }
    return copy != NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

static grove_status check_new_column(const grove_schema *schema, const char *name,
                                     grove_column_kind kind, grove_error *error) {
    char quoted[GROVE_QUOTE_SIZE];
    if (!name || !name[0] || schema->count >= INT_MAX - 1) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "a column of a schema needs a name");
    }
    grove_quote_text(quoted, name);
    if (grove_schema_column(schema, name) >= 0) {
        return grove_fail(error, GROVE_BAD_DATA, "two columns are called %s", quoted);
    }
    if ((unsigned)kind >= KINDS) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "column %s: %d is no kind of column", quoted,
                          (int)kind);
    }
    if (grove_is_label(kind) && schema->label >= 0) {
        char label[GROVE_QUOTE_SIZE];
        return grove_fail(error, GROVE_BAD_DATA, "column %s: %s is the label already", quoted,
                          grove_quote_text(label, schema->columns[schema->label].name));
    }
    return GROVE_OK;
}

grove_status grove_schema_add_column(grove_schema *schema, const char *name, grove_column_kind kind,
                                     const char *reason, grove_error *error) {
    grove_error_clear(error);
    grove_status status = check_new_column(schema, name, kind, error);
    if (status != GROVE_OK) {
        return status;
    }
    grove_column *columns = grove_grow(&schema->allocator, schema->columns, schema->count,
                                       &schema->capacity, sizeof *columns);
    if (!columns) {
        return grove_fail_memory(error, 2 * schema->capacity * sizeof *columns);
    }
    schema->columns = columns;
    grove_column *column = &columns[schema->count];
    *column = (grove_column){.kind = kind,
                             .form.split = kind == GROVE_COLUMN_LABELS ? ';' : 0,
                             .values.allocator = schema->allocator};
    if (!grove_schema_set_text(schema, &column->name, name) ||
        !grove_schema_set_text(schema, &column->reason, reason ? reason : "") ||
        grove_strings_add(&schema->index, name, strlen(name)) < 0) {
        grove_release(&schema->allocator, column->name);
        grove_release(&schema->allocator, column->reason);
        return grove_fail_memory(error, strlen(name));
    }
    if (grove_is_label(kind)) {
        schema->label = (int)schema->count;
    }
    schema->count++;
    return GROVE_OK;
}

static bool has_vocabulary(const grove_column *column) {
    return column->kind == GROVE_COLUMN_CATEGORICAL || grove_has_classes(column->kind) ||
           grove_is_bag(column->kind);
}

/* The column, if it may be given what fit would note: a vocabulary, or the scale of that kind; else
 * NULL, and why. */
static grove_column *column_to_set(grove_schema *schema, size_t position, grove_column_kind scaled,
                                   grove_error *error) {
    const bool vocabulary = scaled == GROVE_COLUMN_CATEGORICAL;
    if (position >= schema->count) {
        grove_fail(error, GROVE_BAD_ARGUMENT, "the schema has %zu columns, none of number %zu",
                   schema->count, position);
        return NULL;
    }
    grove_column *column = &schema->columns[position];
    if (vocabulary ? !has_vocabulary(column) : column->kind != scaled) {
        char quoted[GROVE_QUOTE_SIZE];
        grove_fail(error, GROVE_BAD_ARGUMENT, "column %s is %s, and has no %s",
                   grove_quote_text(quoted, column->name), grove_column_kind_name(column->kind),
                   vocabulary ? "vocabulary" : "scale");
        return NULL;
    }
    return column;
}

/* What is wrong with a stored vocabulary, in words; NULL if nothing. Nothing is read through an
 * offset before all of them were looked at. */
static const char *fault_of(const grove_vocabulary *v, grove_column_kind kind) {
    if (v->size < 0 || v->size > INT32_MAX - 2 || v->byte_count < 0 || !v->offsets ||
        (v->size > 0 && (!v->counts || !v->bytes)) || v->unknown < 0 || v->missing < 0) {
        return "its size or counts cannot be";
    }
    if (v->offsets[0] != 0 || v->offsets[v->size] != v->byte_count) {
        return "its offsets do not span its bytes";
    }
    for (int64_t i = 0; i < v->size; i++) {
        if (v->offsets[i + 1] < v->offsets[i]) {
            return "its offsets do not ascend";
        }
        if (v->offsets[i + 1] == v->offsets[i]) {
            return "one of its values is empty";
        }
        if (v->counts[i] < 0) {
            return "one of its counts is negative";
        }
    }
    return kind == GROVE_COLUMN_LABEL && v->size < 2    ? "a label needs two classes or more"
           : kind == GROVE_COLUMN_LABELS && v->size < 1 ? "labels need a class or more"
                                                        : NULL;
}

/* True where all went in; *twice: where one stood there already. */
static bool fill_values(grove_column *column, const grove_vocabulary *v, bool *twice) {
    for (int64_t i = 0; i < v->size; i++) {
        const char *bytes = v->bytes + v->offsets[i];
        int32_t id =
            grove_strings_add(&column->values, bytes, (size_t)(v->offsets[i + 1] - v->offsets[i]));
        *twice = id >= 0 && id != i;
        if (id != i) {
            return false;
        }
        column->counts[i] = v->counts[i];
    }
    return true;
}

grove_status grove_schema_set_vocabulary(grove_schema *schema, size_t position,
                                         const grove_vocabulary *vocabulary, grove_error *error) {
    grove_error_clear(error);
    grove_column *column = column_to_set(schema, position, GROVE_COLUMN_CATEGORICAL, error);
    if (!column) {
        return GROVE_BAD_ARGUMENT;
    }
    char quoted[GROVE_QUOTE_SIZE];
    grove_quote_text(quoted, column->name);
    const char *fault = fault_of(vocabulary, column->kind);
    if (fault) {
        return grove_fail(error, GROVE_BAD_DATA, "the vocabulary of column %s: %s", quoted, fault);
    }
    /* Filled beside the old one: the caller may hand in what this very schema gave out. */
    grove_column fresh = {.values.allocator = schema->allocator};
    bool twice = false;
    fresh.counts =
        grove_alloc_zero(&schema->allocator, (size_t)vocabulary->size, sizeof *fresh.counts);
    if (!fresh.counts ||
        !grove_strings_reserve(&fresh.values, (size_t)vocabulary->size,
                               (size_t)vocabulary->byte_count) ||
        !fill_values(&fresh, vocabulary, &twice)) {
        grove_column_forget(schema, &fresh);
        return twice ? grove_fail(error, GROVE_BAD_DATA,
                                  "the vocabulary of column %s: a value stands there twice", quoted)
                     : grove_fail_memory(error, (size_t)vocabulary->byte_count);
    }
    fresh.unknown = vocabulary->unknown;
    fresh.missing = vocabulary->missing;
    grove_column_renew(schema, column, &fresh);
    return GROVE_OK;
}

static grove_status set_scale(grove_schema *schema, size_t position, grove_column_kind kind,
                              double mean, double deviation, int64_t missing, grove_error *error) {
    grove_error_clear(error);
    grove_column *column = column_to_set(schema, position, kind, error);
    if (!column) {
        return GROVE_BAD_ARGUMENT;
    }
    if (!isfinite(mean) || !isfinite(deviation) || deviation <= 0 || missing < 0) {
        char quoted[GROVE_QUOTE_SIZE];
        return grove_fail(error, GROVE_BAD_DATA,
                          "the scale of column %s: it takes a finite mean, a deviation above 0 and "
                          "a count that is not negative",
                          grove_quote_text(quoted, column->name));
    }
    column->mean = mean;
    column->deviation = deviation;
    column->missing = missing;
    column->fitted = true;
    return GROVE_OK;
}

grove_status grove_schema_set_scale(grove_schema *schema, size_t position, double mean,
                                    double deviation, int64_t missing, grove_error *error) {
    return set_scale(schema, position, GROVE_COLUMN_NUMERIC, mean, deviation, missing, error);
}

grove_status grove_schema_set_target(grove_schema *schema, size_t position, double mean,
                                     double deviation, double median, grove_error *error) {
    if (!isfinite(median)) {
        return grove_fail(error, GROVE_BAD_DATA, "the median of a target must be finite");
    }
    grove_status status =
        set_scale(schema, position, GROVE_COLUMN_TARGET, mean, deviation, 0, error);
    if (status == GROVE_OK) {
        schema->columns[position].median = median;
    }
    return status;
}
