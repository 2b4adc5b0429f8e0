/* SPDX-License-Identifier: MIT
 *
 * Looking at a schema. */
#include <string.h>

#include "bag.h"
#include "schema.h"
#include "target.h"

static const grove_column *at(const grove_schema *schema, size_t column) {
    return column < schema->count ? &schema->columns[column] : NULL;
}

size_t grove_schema_columns(const grove_schema *schema) {
    return schema->count;
}

const char *grove_schema_name(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->name : "";
}

grove_column_kind grove_schema_kind(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->kind : GROVE_COLUMN_IGNORED;
}

const char *grove_schema_reason(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->reason : "";
}

int grove_schema_column(const grove_schema *schema, const char *name) {
    return grove_strings_find(&schema->index, name, strlen(name));
}

int grove_schema_label(const grove_schema *schema) {
    return schema->label;
}

/* ---- what the model sees --------------------------------------------------------------------- */

size_t grove_schema_categoricals(const grove_schema *schema) {
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++) {
        count += schema->columns[i].kind == GROVE_COLUMN_CATEGORICAL;
    }
    return count;
}

int grove_schema_categorical(const grove_schema *schema, size_t position) {
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->columns[i].kind == GROVE_COLUMN_CATEGORICAL && position-- == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* A numeric column has a feature for its value, and behind it, if training rows lacked values, one
 * that says "missing". */
static size_t features_of(const grove_column *column) {
    return column->kind != GROVE_COLUMN_NUMERIC ? 0 : column->missing > 0 ? 2 : 1;
}

size_t grove_schema_features(const grove_schema *schema) {
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++) {
        count += features_of(&schema->columns[i]);
    }
    return count;
}

int grove_schema_feature(const grove_schema *schema, size_t position, bool *says_missing) {
    *says_missing = false;
    for (size_t i = 0; i < schema->count; i++) {
        size_t count = features_of(&schema->columns[i]);
        if (position < count) {
            *says_missing = position == 1;
            return (int)i;
        }
        position -= count;
    }
    return -1;
}

/* ---- vocabularies ---------------------------------------------------------------------------- */

/* Of a column with a vocabulary: the id of its first value; -1 of any other. */
static int32_t first_id(const grove_column *column) {
    if (!column || !column->fitted) {
        return -1;
    }
    return column->kind == GROVE_COLUMN_CATEGORICAL || grove_is_bag(column->kind)
               ? GROVE_FIRST_VALUE_ID
           : grove_has_classes(column->kind) ? 0
                                             : -1;
}

/* One above the last id that stands for a value of the list, unknown or missing. */
static int64_t named_ids(const grove_column *column) {
    int32_t first = first_id(column);
    return first < 0 ? 0 : (int64_t)first + column->values.count;
}

int64_t grove_schema_ids(const grove_schema *schema, size_t column) {
    const grove_column *there = at(schema, column);
    bool hashed = first_id(there) >= 0 && there->form.buckets > 0;
    return hashed ? GROVE_FIRST_VALUE_ID + there->form.buckets : named_ids(there);
}

grove_cell grove_schema_value(const grove_schema *schema, size_t column, int32_t id) {
    int32_t first = first_id(at(schema, column));
    if (id < 0 || id >= named_ids(at(schema, column))) {
        return (grove_cell){"", 0};
    }
    if (id < first) {
        const char *words = id == GROVE_UNKNOWN_ID ? "(unknown)" : "(missing)";
        return (grove_cell){words, strlen(words)};
    }
    return grove_strings_at(&at(schema, column)->values, id - first);
}

int64_t grove_schema_count(const grove_schema *schema, size_t column, int32_t id) {
    const grove_column *there = at(schema, column);
    int32_t first = first_id(there);
    if (id < 0 || id >= named_ids(there)) {
        return 0;
    }
    if (id < first) {
        return id == GROVE_UNKNOWN_ID ? there->unknown : there->missing;
    }
    return there->counts[id - first];
}

int32_t grove_schema_id(const grove_schema *schema, size_t column, grove_cell value) {
    const grove_column *there = at(schema, column);
    int32_t first = first_id(there);
    if (first < 0) {
        return -1;
    }
    if (grove_lacks(&there->form, value)) {
        return first ? GROVE_MISSING_ID : -1;
    }
    if (there->form.buckets > 0) {
        return grove_hashed_id(&there->form, value);
    }
    int32_t found = grove_strings_find(&there->values, value.bytes, value.length);
    return found >= 0 ? first + found : first ? GROVE_UNKNOWN_ID : -1;
}

grove_vocabulary grove_schema_vocabulary(const grove_schema *schema, size_t column) {
    static const int64_t NO_VALUES[] = {0};
    const grove_column *there = at(schema, column);
    if (first_id(there) < 0) {
        return (grove_vocabulary){.bytes = "", .offsets = NO_VALUES, .counts = NO_VALUES};
    }
    const grove_strings *values = &there->values;
    bool any = values->count > 0;
    return (grove_vocabulary){
        .size = values->count,
        .byte_count = any ? values->offsets[values->count] : 0,
        .bytes = any ? values->bytes : "",
        .offsets = any ? values->offsets : NO_VALUES,
        .counts = any ? there->counts : NO_VALUES,
        .unknown = there->unknown,
        .missing = there->missing,
    };
}

double grove_schema_mean(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->mean : 0;
}

double grove_schema_deviation(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->deviation : 0;
}

double grove_schema_median(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->median : 0;
}

int64_t grove_schema_missing(const grove_schema *schema, size_t column) {
    return at(schema, column) ? at(schema, column)->missing : 0;
}
