/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "schema_file.h"

static json_t *json_missing(const grove_column_form *form) {
    json_t *list = json_array();
    json_array_append_new(list, json_string(""));
    for (size_t i = 0; i < form->missing_count; i++) {
        json_array_append_new(list, json_text(form->missing[i], strlen(form->missing[i])));
    }
    return list;
}

static json_t *json_whole_or_null(int64_t number) {
    return number > 0 ? json_integer(number) : json_null();
}

static json_t *json_column(const grove_schema *schema, size_t i) {
    const char *name = grove_schema_name(schema, i), *reason = grove_schema_reason(schema, i);
    const grove_column_form *form = grove_schema_form(schema, i);
    grove_column_kind kind = grove_schema_kind(schema, i);
    json_t *column = json_pack("{s:o, s:s, s:o, s:o}", "name", json_text(name, strlen(name)),
                               "type", grove_column_kind_name(kind), "reason",
                               json_text(reason, strlen(reason)), "missing", json_missing(form));
    const bool hashes =
        kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_TEXT;
    if (hashes || kind == GROVE_COLUMN_LABELS) {
        json_object_set_new(column, "min_count", json_whole_or_null(form->min_count));
        json_object_set_new(column, "max_values", json_whole_or_null(form->max_values));
    }
    if (hashes) {
        json_object_set_new(column, "hash",
                            form->buckets > 0
                                ? json_pack("{s:I, s:I}", "buckets", (json_int_t)form->buckets,
                                            "seed", (json_int_t)form->seed)
                                : json_null());
    }
    if (kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_LABELS) {
        json_object_set_new(column, "split", json_stringn(&form->split, 1));
    }
    if (kind == GROVE_COLUMN_BAG) {
        json_object_set_new(column, "combine", json_string(form->sum ? "sum" : "mean"));
    }
    if (kind == GROVE_COLUMN_TEXT) {
        json_object_set_new(column, "lower",
                            form->ascii_case && !form->keep_case ? json_string("ascii")
                                                                 : json_boolean(!form->keep_case));
        json_object_set_new(column, "pairs", json_boolean(!form->no_pairs));
        json_object_set_new(column, "parts", json_boolean(!form->no_parts));
    }
    if (kind == GROVE_COLUMN_NUMERIC || kind == GROVE_COLUMN_CATEGORICAL) {
        json_object_set_new(column, "unknown",
                            form->unknown == GROVE_UNKNOWN_ROW
                                ? json_null()
                                : json_string(grove_unknown_policy_name(form->unknown)));
    }
    if (kind == GROVE_COLUMN_NUMERIC) {
        json_object_set_new(column, "numbers",
                            form->numbers == GROVE_NUMBERS_AUTO
                                ? json_null()
                                : json_string(grove_number_form_name(form->numbers)));
    }
    return column;
}

int write_schema_file(const char *command, const char *path, const grove_schema *schema) {
    grove_error error = {0};
    grove_atomic_file file;
    json_t *columns = json_array();
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        json_array_append_new(columns, json_column(schema, i));
    }
    char *text =
        json_write(json_pack("{s:i, s:o}", "schema", 1, "columns", columns), JSON_INDENT(2));
    if (!text) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    grove_status status = grove_atomic_begin(&file, NULL, path, &error);
    if (status == GROVE_OK) {
        grove_atomic_write(&file, text, strlen(text));
        grove_atomic_write(&file, "\n", 1);
        status = grove_atomic_commit(&file, &error);
    } else {
        grove_atomic_abort(&file);
    }
    free(text);
    return status == GROVE_OK ? EXIT_DONE : complain(command, EXIT_RUN_TIME, error.message);
}
