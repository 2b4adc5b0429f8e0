/* SPDX-License-Identifier: MIT */
#include "sets.h"

#include <stdlib.h>
#include <string.h>

static grove_cell class_name(const grove_schema *schema, size_t class) {
    return grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t) class);
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
