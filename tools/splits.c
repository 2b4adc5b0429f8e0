/* SPDX-License-Identifier: MIT */
#include "splits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"

enum split_kind { STRATIFIED, GROUP, TIME, COLUMN, FILE_OF_WORDS, NO_SPLIT };

/* *rest: what stands behind the colon, in the same text. */
static enum split_kind kind_of(const options *o, const char **rest) {
    static const char *const words[] = {"stratified", "group:", "time:", "column:", "file:"};
    *rest = o->group;
    if (!o->split) {
        return o->group ? GROUP : STRATIFIED;
    }
    for (int kind = STRATIFIED; kind < NO_SPLIT; kind++) {
        size_t length = strlen(words[kind]);
        *rest = o->split + length;
        if (strncmp(o->split, words[kind], length) == 0 && (kind == STRATIFIED) == !**rest) {
            return (enum split_kind)kind;
        }
    }
    return NO_SPLIT;
}

const char *split_mistake(const options *o) {
    const char *rest;
    enum split_kind kind = kind_of(o, &rest);
    if (kind == NO_SPLIT) {
        return "--split takes stratified, group:COLUMN, time:COLUMN, column:COLUMN, "
               "column:COLUMN=VALUE or file:FILE";
    }
    if (o->valid && (o->split || o->split_out)) {
        return "--valid excludes --split and --split-out: its file is the other part";
    }
    if ((kind == COLUMN || kind == FILE_OF_WORDS) && o->valid_fraction >= 0) {
        return "--valid-fraction says nothing here: --split gives each row its part";
    }
    return NULL;
}

/* ---- the column that splits ------------------------------------------------------------------ */

/* "NAME=VALUE"; where a column has all of it as its name, that is meant. The value, or NULL, is
 * a part of `text`; *name is to be freed. False when memory is short. */
static bool cut_value(const grove_table *table, const char *text, char **name, const char **value) {
    const char *sign = strrchr(text, '=');
    bool whole = !sign || grove_table_find(table, text) >= 0;
    *value = whole ? NULL : sign + 1;
    *name = strndup(text, whole ? strlen(text) : (size_t)(sign - text));
    return *name != NULL;
}

static bool is_among(const names *list, const char *name) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void leave_out(names *list, const char *name) {
    if (!is_among(list, name)) {
        list->items[list->count++] = name;
    }
}

grove_status guess_feature_columns(const options *o, const grove_table *table,
                                   grove_target_kind target, grove_schema **schema,
                                   grove_error *error) {
    const char *rest, *value;
    char *column = NULL;
    enum split_kind kind = kind_of(o, &rest);
    bool splits = kind != STRATIFIED && kind != FILE_OF_WORDS;
    options wishes = *o;
    wishes.ignore.items = calloc(o->ignore.count + 2, sizeof *wishes.ignore.items);
    bool fits = wishes.ignore.items && (!splits || cut_value(table, rest, &column, &value));
    grove_status status = GROVE_NO_MEMORY;
    if (!fits) {
        *error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
    } else {
        for (size_t i = 0; i < o->ignore.count; i++) {
            wishes.ignore.items[i] = o->ignore.items[i];
        }
        if (splits && !is_among(&o->categorical, column) && !is_among(&o->numeric, column)) {
            leave_out(&wishes.ignore, column);
        }
        if (o->weight_column) {
            leave_out(&wishes.ignore, o->weight_column);
        }
        status = guess_columns(&wishes, table, target, schema, error);
    }
    free(column);
    free(wishes.ignore.items);
    return status;
}

/* ---- the split ------------------------------------------------------------------------------- */

static grove_status split_by_column(const grove_table *table, const char *text, grove_split *split,
                                    grove_error *error) {
    char *name;
    const char *value;
    if (!cut_value(table, text, &name, &value)) {
        *error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
        return GROVE_NO_MEMORY;
    }
    grove_status status = grove_split_column(table, name, value, NULL, split, error);
    free(name);
    return status;
}

grove_status make_split(const options *o, const grove_table *table, const char *label,
                        grove_split *split, grove_error *error) {
    const char *rest;
    const double share = o->valid_fraction;
    const uint64_t seed = (uint64_t)o->seed;
    switch (kind_of(o, &rest)) {
    case GROUP:
        return grove_split_groups(table, rest, label, share, seed, NULL, split, error);
    case TIME:
        return grove_split_time(table, rest, share, NULL, split, error);
    case COLUMN:
        return split_by_column(table, rest, split, error);
    case FILE_OF_WORDS:
        return grove_split_read(rest, grove_table_rows(table), NULL, split, error);
    default:
        return grove_split_table(table, label, share, seed, NULL, split, error);
    }
}

grove_status write_split(const grove_split *split, const char *path, grove_error *error) {
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, path, error); /* its mistake sticks */
    grove_split_write(split, to_atomic_file, &file);
    return grove_atomic_commit(&file, error);
}

/* ---- the report ------------------------------------------------------------------------------ */

json_t *json_split(const options *o, const grove_split *split) {
    if (!split->train) {
        return json_null();
    }
    const char *by = o->split ? o->split : "stratified";
    return json_pack("{s:o, s:I, s:I, s:I}", "by", json_text(by, strlen(by)), "training_rows",
                     (json_int_t)split->train_count, "validation_rows",
                     (json_int_t)split->valid_count, "test_rows", (json_int_t)split->test_count);
}

void print_test_rows(const grove_split *split) {
    char rows[40];
    if (split->test_count > 0) {
        printf("\n%s rows are kept for a test: nothing was learned from them or chosen by them\n",
               with_commas(rows, (int64_t)split->test_count));
    }
}
