/* SPDX-License-Identifier: MIT */
#include "sets.h"

#include <stdlib.h>
#include <string.h>

#include "schema_file.h"

static grove_cell class_name(const grove_schema *schema, size_t class) {
    return grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t) class);
}

grove_column_form form_of_sets(const options *o) {
    for (size_t i = 0; o->wishes && !o->label_split && i < o->wishes->count; i++) {
        const grove_column_wish *wish = &o->wishes->items[i];
        if (wish->kind == GROVE_COLUMN_LABELS && strcmp(wish->name, o->label) == 0) {
            return wish->form;
        }
    }
    return (grove_column_form){.missing = o->na_values.items,
                               .missing_count = o->na_values.count,
                               .split = o->label_split ? o->label_split : ';'};
}

grove_status read_sets(const options *o, const grove_table *table, label_sets *sets,
                       grove_error *error) {
    const grove_encode_options labelled = {.label_required = true};
    const grove_column_form form = form_of_sets(o);
    *sets = (label_sets){.schema = grove_schema_new(NULL)};
    if (!sets->schema) {
        *error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
        return GROVE_NO_MEMORY;
    }
    grove_status status =
        grove_schema_add_column(sets->schema, o->label, GROVE_COLUMN_LABELS, NULL, error);
    status = status ? status : grove_schema_set_form(sets->schema, 0, &form, error);
    status = status ? status
                    : grove_schema_fit(sets->schema, table, NULL, grove_table_rows(table), error);
    return status ? status
                  : grove_schema_encode(sets->schema, table, &labelled, &sets->data, error);
}

void free_sets(label_sets *sets) {
    grove_schema_free(sets->schema);
    grove_dataset_free(sets->data);
    *sets = (label_sets){NULL, NULL};
}

/* -1 of an empty set. */
static int rarest_of(const grove_schema *schema, grove_label_set set) {
    int rarest = -1;
    for (size_t i = 0; i < set.count; i++) {
        const bool rarer = rarest < 0 || grove_schema_count(schema, 0, set.classes[i]) <
                                             grove_schema_count(schema, 0, rarest);
        rarest = rarer ? set.classes[i] : rarest;
    }
    return rarest;
}

/* How many rows have each as their rarest, from -1 on [classes + 1]; to be freed. */
static size_t *count_rarest(const label_sets *sets) {
    size_t *counts = calloc((size_t)grove_schema_ids(sets->schema, 0) + 1, sizeof *counts);
    for (size_t row = 0; row < grove_dataset_rows(sets->data) && counts; row++) {
        counts[1 + rarest_of(sets->schema, grove_dataset_set(sets->data, row))]++;
    }
    return counts;
}

/* One row alone cannot be in both parts: it goes with the most. */
grove_status strata_of_sets(const label_sets *sets, grove_table **strata, grove_error *error) {
    const char *names[] = {STRATUM};
    size_t *counts = count_rarest(sets), most = 0;
    grove_status status = grove_table_new(names, 1, NULL, strata, error);
    if (!counts) {
        *error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
        return GROVE_NO_MEMORY;
    }
    for (size_t c = 0; c <= (size_t)grove_schema_ids(sets->schema, 0); c++) {
        most = counts[c] > counts[most] ? c : most;
    }
    for (size_t row = 0; row < grove_dataset_rows(sets->data) && status == GROVE_OK; row++) {
        char text[24];
        const char *cells[] = {text};
        const size_t own =
            (size_t)(1 + rarest_of(sets->schema, grove_dataset_set(sets->data, row)));
        snprintf(text, sizeof text, "%zu", counts[own] > 1 ? own : most);
        status = grove_table_append(*strata, cells, error);
    }
    free(counts);
    return status;
}

char *set_text(const grove_schema *schema, const unsigned char *flags, size_t classes) {
    const char split = grove_schema_form(schema, (size_t)grove_schema_label(schema))->split;
    size_t size = 1, used = 0;
    for (size_t c = 0; c < classes; c++) {
        size += flags[c] ? class_name(schema, c).length + 1 : 0;
    }
    char *text = malloc(size);
    for (size_t c = 0; c < classes && text; c++) {
        const grove_cell name = class_name(schema, c);
        if (flags[c] && used > 0) {
            text[used++] = split;
        }
        if (flags[c]) {
            memcpy(text + used, name.bytes, name.length);
            used += name.length;
        }
    }
    if (text) {
        text[used] = '\0';
    }
    return text;
}

double threshold_of(const options *o) {
    return o->threshold > 0 ? o->threshold : GROVE_USUAL_THRESHOLD;
}

void answer_set(const float *probabilities, size_t classes, double threshold,
                unsigned char *flags) {
    for (size_t c = 0; c < classes; c++) {
        flags[c] = (double)probabilities[c] >= threshold;
    }
}

unsigned char *truth_of_sets(const grove_dataset *data, const size_t *rows, size_t count,
                             size_t classes) {
    unsigned char *truth = calloc(count + 1, classes);
    if (truth) {
        grove_dataset_indicators(data, rows, count, classes, truth);
    }
    return truth;
}

unsigned char *usual_set(const grove_schema *schema, size_t classes) {
    const grove_label_set usual = grove_schema_usual_set(schema);
    unsigned char *flags = calloc(classes + 1, 1);
    for (size_t i = 0; i < usual.count && flags; i++) {
        flags[usual.classes[i]] = 1;
    }
    return flags;
}

void tell_unknown_classes(const char *command, const grove_dataset *data, const char *who,
                          const char *meaning) {
    char labels[40], rows[40];
    size_t in_rows = 0;
    const size_t count = grove_dataset_unknown_classes(data, &in_rows);
    if (count > 0) {
        fprintf(stderr, "grove %s: %s label%s in %s row%s of classes that %s not have: %s\n",
                command, with_commas(labels, (int64_t)count), count == 1 ? "" : "s",
                with_commas(rows, (int64_t)in_rows),
                count == 1     ? " is"
                : in_rows == 1 ? " are"
                               : "s are",
                who, meaning);
    }
}

json_t *json_unknown_classes(const grove_dataset *data) {
    size_t rows = 0;
    const size_t count = grove_dataset_unknown_classes(data, &rows);
    return json_pack("{s:I, s:I}", "labels", (json_int_t)count, "rows", (json_int_t)rows);
}
