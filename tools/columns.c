/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema_file.h"
#include "sets.h"

/* "genres=|" is the column genres, unless one is called so: where the sign begins; NULL: there is
 * none. */
static const char *find_split(const grove_table *table, const char *name) {
    const char *sign = strrchr(name, '=');
    if (!sign || grove_table_find(table, name) >= 0) {
        return NULL;
    }
    const bool tab = strcmp(sign, "=\\t") == 0 || strcmp(sign, "=tab") == 0;
    const bool one = strlen(sign) == 2 && !strchr("\"\r\n", sign[1]) && !(sign[1] & 0x80);
    return tab || one ? sign : NULL;
}

/* The name of the column is copied to *room, which moves behind it. */
static grove_column_wish bag_wish(const grove_table *table, const char *text,
                                  const grove_column_form *form, char **room) {
    const char *sign = find_split(table, text);
    const size_t length = sign ? (size_t)(sign - text) : strlen(text);
    grove_column_wish wish = {*room, GROVE_COLUMN_BAG, *form};
    wish.form.split = !sign ? ';' : strlen(sign) == 2 ? sign[1] : '\t';
    memcpy(*room, text, length);
    (*room)[length] = '\0';
    *room += length + 1;
    return wish;
}

static bool is_in(const grove_column_wish *wishes, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(wishes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Room for so many wishes, and behind them for the names of bags. */
static grove_column_wish *wishes_new(const options *o, size_t most, char **names) {
    size_t length = 1;
    for (size_t i = 0; i < o->bag.count; i++) {
        length += strlen(o->bag.items[i]) + 1;
    }
    grove_column_wish *all = calloc(1, (most + 1) * sizeof *all + length);
    *names = all ? (char *)(all + most + 1) : NULL;
    return all;
}

/* What the lists of bags and texts say, the first *listed, and of the file what they do not. NULL
 * when memory is short; to be freed. */
static grove_column_wish *all_wishes(const options *o, const grove_table *table,
                                     const grove_column_form *form, size_t *count, size_t *listed) {
    const schema_wishes none = {.count = 0}, *file = o->wishes ? o->wishes : &none;
    char *names;
    grove_column_wish *all = wishes_new(o, o->bag.count + o->text.count + file->count + 1, &names);
    *count = 0;
    if (all && o->label && o->label_split) {
        grove_column_wish *w = &all[(*count)++];
        *w = (grove_column_wish){o->label, GROVE_COLUMN_LABELS, form_of_sets(o)};
    }
    for (size_t i = 0; i < o->bag.count && all; i++) {
        all[(*count)++] = bag_wish(table, o->bag.items[i], form, &names);
    }
    for (size_t i = 0; i < o->text.count && all; i++) {
        all[(*count)++] = (grove_column_wish){o->text.items[i], GROVE_COLUMN_TEXT, *form};
    }
    *listed = *count;
    for (size_t i = 0; i < file->count && all; i++) {
        if (!is_in(all, *listed, file->items[i].name)) {
            all[(*count)++] = file->items[i];
        }
    }
    return all;
}

static grove_status cannot_be_both(const char *name, grove_column_kind a, grove_column_kind b,
                                   grove_error *error) {
    *error = (grove_error){.status = GROVE_BAD_ARGUMENT};
    snprintf(error->message, sizeof error->message, "column '%.200s' cannot be both %s and %s",
             name, grove_column_kind_name(a), grove_column_kind_name(b));
    return error->status;
}

static bool is_named(const names *list, const char *name) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* What --bag and --text say of a column, another list must not say otherwise. */
static grove_status check_wish(const options *o, const grove_column_wish *wish,
                               const grove_column_wish *before, size_t count, grove_error *error) {
    const struct {
        const names *list;
        grove_column_kind kind;
    } lists[] = {{&o->categorical, GROVE_COLUMN_CATEGORICAL},
                 {&o->numeric, GROVE_COLUMN_NUMERIC},
                 {&o->ignore, GROVE_COLUMN_IGNORED}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (is_named(lists[i].list, wish->name)) {
            return cannot_be_both(wish->name, lists[i].kind, wish->kind, error);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (before[i].kind != wish->kind && strcmp(before[i].name, wish->name) == 0) {
            return cannot_be_both(wish->name, before[i].kind, wish->kind, error);
        }
    }
    const bool is_label = o->label && strcmp(o->label, wish->name) == 0;
    return is_label && wish->kind != GROVE_COLUMN_LABELS
               ? cannot_be_both(wish->name, GROVE_COLUMN_LABEL, wish->kind, error)
               : GROVE_OK;
}

grove_schema_options schema_options_of(const options *o) {
    return (grove_schema_options){.label = o->label,
                                  .categorical = o->categorical.items,
                                  .categorical_count = o->categorical.count,
                                  .numeric = o->numeric.items,
                                  .numeric_count = o->numeric.count,
                                  .ignore = o->ignore.items,
                                  .ignore_count = o->ignore.count,
                                  .min_count = o->min_count,
                                  .wishes = o->wishes ? o->wishes->items : NULL,
                                  .wish_count = o->wishes ? o->wishes->count : 0,
                                  .form = {.missing = o->na_values.items,
                                           .missing_count = o->na_values.count,
                                           .max_values = o->max_vocab},
                                  .hash_above = o->hash_above};
}

grove_status guess_columns(const options *o, const grove_table *table, grove_target_kind target,
                           grove_schema **schema, grove_error *error) {
    grove_schema_options wishes = schema_options_of(o);
    wishes.target = target;
    size_t listed = 0;
    grove_column_wish *own = all_wishes(o, table, &wishes.form, &wishes.wish_count, &listed);
    if (!own) {
        *error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
        return GROVE_NO_MEMORY;
    }
    wishes.wishes = own;
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < listed && status == GROVE_OK; i++) {
        status = check_wish(o, &own[i], own, i, error);
    }
    status = status == GROVE_OK ? grove_schema_guess(table, &wishes, schema, error) : status;
    free(own);
    return status;
}

/* How many values the column's vocabulary has: the rows for unknown and missing are no values. */
static int64_t values_of(const grove_schema *schema, size_t column) {
    return grove_schema_vocabulary(schema, column).size;
}

/* The empty cells of each column of the schema: of the table, or as the schema noted them in
 * training. To be freed; NULL when memory is short. */
static int64_t *count_missing(const grove_schema *schema, const grove_table *table) {
    size_t columns = grove_schema_columns(schema);
    int64_t *counts = calloc(columns + 1, sizeof *counts);
    int64_t *empty = table ? calloc(grove_table_columns(table) + 1, sizeof *empty) : NULL;
    bool fits = counts && (empty || !table);
    if (fits && table) {
        grove_table_count_empty(table, empty);
    }
    for (size_t i = 0; i < columns && fits; i++) {
        int where = table ? grove_table_find(table, grove_schema_name(schema, i)) : -1;
        counts[i] = where >= 0 ? empty[where] : grove_schema_missing(schema, i);
    }
    free(empty);
    if (!fits) {
        free(counts);
        return NULL;
    }
    return counts;
}

static int widest_name(const grove_schema *schema) {
    int widest = width_of("column");
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        int width = width_of(grove_schema_name(schema, i));
        widest = width > widest ? width : widest;
    }
    return widest < 40 ? widest : 40;
}

void print_separator(const options *o, const grove_table *table) {
    char separator = grove_table_separator(table);
    if (o->separator == 0 && separator && separator != ',') {
        printf("separator  %s  (guessed from the first lines)\n\n", separator == '\t'  ? "tab"
                                                                    : separator == ';' ? ";"
                                                                                       : "|");
    }
}

json_t *json_separator(const grove_table *table) {
    char separator = grove_table_separator(table);
    return separator ? json_text(&separator, 1) : json_null();
}

/* What is made of the values, behind the reason. */
static void print_form(const grove_schema *schema, size_t column) {
    const grove_column_form *form = grove_schema_form(schema, column);
    char buckets[40];
    if (form->buckets > 0) {
        printf("; hashed into %s rows", with_commas(buckets, form->buckets));
    }
    if (grove_schema_kind(schema, column) == GROVE_COLUMN_BAG) {
        printf("; %s of what stands between '", form->sum ? "sum" : "mean");
        print_plain(stdout, (char[]){form->split, '\0'});
        printf("'");
    }
    if (form->unknown != GROVE_UNKNOWN_ROW) {
        printf("; what training did not see: %s", grove_unknown_policy_name(form->unknown));
    }
    if (form->numbers != GROVE_NUMBERS_AUTO) {
        printf("; numbers %s", grove_number_form_name(form->numbers));
    }
    if (grove_schema_kind(schema, column) == GROVE_COLUMN_LABELS) {
        printf("; several a row, with '");
        print_plain(stdout, (char[]){form->split, '\0'});
        printf("' between them");
    }
    for (size_t i = 0; i < form->missing_count; i++) {
        printf("%s'", i ? ", " : "; missing is also ");
        print_plain(stdout, form->missing[i]);
        printf("'");
    }
}

bool print_columns(const grove_schema *schema, const grove_table *table) {
    int width = widest_name(schema);
    int64_t *missing = count_missing(schema, table);
    if (!missing) {
        return false;
    }
    printf("%-*s  %-11s  %9s  %9s  %s\n", width, "column", "type", "values", "empty", "why");
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        char values[40] = "-", empty[40];
        if (values_of(schema, i) > 0) {
            with_commas(values, values_of(schema, i));
        }
        print_padded(grove_schema_name(schema, i), width);
        printf("  %-11s  %9s  %9s  ", grove_column_kind_name(grove_schema_kind(schema, i)), values,
               with_commas(empty, missing[i]));
        print_plain(stdout, grove_schema_reason(schema, i));
        print_form(schema, i);
        printf("\n");
    }
    free(missing);
    return true;
}

static json_t *json_column(const grove_schema *schema, size_t i, int64_t missing) {
    const char *name = grove_schema_name(schema, i);
    grove_column_kind kind = grove_schema_kind(schema, i);
    json_t *column = json_pack(
        "{s:o, s:s, s:I, s:o}", "name", json_text(name, strlen(name)), "type",
        grove_column_kind_name(kind), "empty", (json_int_t)missing, "reason",
        json_text(grove_schema_reason(schema, i), strlen(grove_schema_reason(schema, i))));
    if (column && kind != GROVE_COLUMN_NUMERIC && kind != GROVE_COLUMN_IGNORED &&
        kind != GROVE_COLUMN_TARGET) {
        json_object_set_new(column, "values", json_integer(values_of(schema, i)));
    }
    if (column && kind == GROVE_COLUMN_LABELS) {
        const grove_bag_size size = grove_schema_bag_size(schema, i);
        json_object_set_new(column, "split", json_text(&grove_schema_form(schema, i)->split, 1));
        json_object_set_new(column, "labels_per_row", json_number(size.mean));
        json_object_set_new(column, "most_labels", json_integer((json_int_t)size.longest));
    }
    if (column && grove_schema_form(schema, i)->buckets > 0) {
        json_object_set_new(column, "buckets", json_integer(grove_schema_form(schema, i)->buckets));
    }
    if (column && (kind == GROVE_COLUMN_NUMERIC || kind == GROVE_COLUMN_CATEGORICAL)) {
        json_object_set_new(
            column, "unknown",
            json_string(grove_unknown_policy_name(grove_schema_form(schema, i)->unknown)));
    }
    if (column && kind == GROVE_COLUMN_NUMERIC) {
        json_object_set_new(
            column, "numbers",
            json_string(grove_number_form_name(grove_schema_form(schema, i)->numbers)));
    }
    if (column && (kind == GROVE_COLUMN_NUMERIC || kind == GROVE_COLUMN_TARGET)) {
        json_object_set_new(column, "mean", json_number(grove_schema_mean(schema, i)));
        json_object_set_new(column, "standard_deviation",
                            json_number(grove_schema_deviation(schema, i)));
    }
    return column;
}

json_t *json_columns(const grove_schema *schema, const grove_table *table) {
    int64_t *missing = count_missing(schema, table);
    json_t *list = missing ? json_array() : NULL;
    for (size_t i = 0; i < grove_schema_columns(schema) && list; i++) {
        json_array_append_new(list, json_column(schema, i, missing[i]));
    }
    free(missing);
    return list;
}
