/* SPDX-License-Identifier: MIT
 *
 * report_json.c - a report in JSON. Numbers that are not defined are null.
 */
#include <string.h>

#include "report.h"

enum { MOST_MATRIX = 100 }; /* classes of a confusion matrix */

json_t *json_estimate(grove_estimate e) {
    return json_pack("{s:o, s:o, s:o}", "value", json_number(e.value), "low", json_number(e.low),
                     "high", json_number(e.high));
}

static json_t *json_measures(const full_report *report) {
    json_t *measures = json_object();
    for (int i = 0; i < GROVE_MEASURES; i++) {
        json_t *measure = json_estimate(report->model.measures[i]);
        json_object_set_new(measure, "baseline", json_number(report->majority.measures[i].value));
        json_object_set_new(measure, "logistic",
                            has_linear(report) ? json_number(report->linear.measures[i].value)
                                               : json_null());
        json_object_set_new(measures, grove_measure_name((grove_measure)i), measure);
    }
    return measures;
}

static json_t *json_name(const grove_schema *schema, size_t column) {
    const grove_cell name = {grove_schema_name(schema, column),
                             strlen(grove_schema_name(schema, column))};
    return json_text(name.bytes, name.length);
}

json_t *json_class(grove_cell name, const grove_class_report *own) {
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "class",
                     json_text(name.bytes, name.length), "support", (json_int_t)own->support,
                     "predicted", (json_int_t)own->predicted, "right", (json_int_t)own->right,
                     "precision", json_estimate(own->precision), "recall",
                     json_estimate(own->recall), "f1", json_number(own->f1));
}

static json_t *json_classes(const full_report *report) {
    const grove_schema *schema = report->answers->schema;
    json_t *classes = json_array();
    for (size_t c = 0; c < report->model.classes; c++) {
        const grove_class_report *own = &report->model.by_class[c];
        grove_cell name =
            grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t)c);
        json_array_append_new(classes, json_class(name, own));
    }
    return classes;
}

/* [label][answer]; null where it would be more than a reader wants. */
static json_t *json_confusion(const grove_report *model) {
    if (!model->confusion || model->classes > MOST_MATRIX) {
        return json_null();
    }
    json_t *matrix = json_array();
    for (size_t label = 0; label < model->classes; label++) {
        json_t *row = json_array();
        for (size_t answer = 0; answer < model->classes; answer++) {
            const size_t count = model->confusion[label * model->classes + answer];
            json_array_append_new(row, json_integer((json_int_t)count));
        }
        json_array_append_new(matrix, row);
    }
    return matrix;
}

json_t *json_reliability(const grove_reliability_bin bins[GROVE_RELIABILITY_BINS]) {
    json_t *list = json_array();
    for (int b = 0; b < GROVE_RELIABILITY_BINS; b++) {
        const grove_reliability_bin *bin = &bins[b];
        const double width = 1.0 / GROVE_RELIABILITY_BINS;
        json_array_append_new(list, json_pack("{s:f, s:f, s:I, s:I, s:o, s:o}", "above", b * width,
                                              "to", (b + 1) * width, "rows", (json_int_t)bin->rows,
                                              "right", (json_int_t)bin->right, "confidence",
                                              json_number(bin->confidence), "accuracy",
                                              json_estimate(bin->accuracy)));
    }
    return list;
}

/* The bins that have rows. */
static json_t *json_bins(const grove_frequency_bin *bins, bool numbers) {
    json_t *list = json_array();
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        const grove_frequency_bin *bin = &bins[b];
        json_t *most =
            b < 2 || bin->most == INT64_MAX ? json_null() : json_integer((json_int_t)bin->most);
        json_t *one = json_pack("{s:s, s:o, s:o, s:I}", "category",
                                b == 0   ? "unknown"
                                : b == 1 ? "missing"
                                         : "known",
                                "least", b < 2 ? json_null() : json_integer((json_int_t)bin->least),
                                "most", most, "rows", (json_int_t)bin->rows);
        if (numbers) {
            json_object_set_new(one, "error", json_estimate(bin->error));
        } else {
            json_object_set_new(one, "right", json_integer((json_int_t)bin->right));
            json_object_set_new(one, "accuracy", json_estimate(bin->accuracy));
        }
        if (bin->rows > 0) {
            json_array_append(list, one);
        }
        json_decref(one);
    }
    return list;
}

json_t *json_frequency(const grove_schema *schema, const grove_frequency_bin *rarest,
                       grove_frequency_bin (*frequency)[GROVE_FREQUENCY_BINS]) {
    const bool numbers = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    json_t *columns = json_array();
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        const size_t column = (size_t)grove_schema_categorical(schema, i);
        if (grove_schema_form(schema, column)->buckets > 0) {
            continue;
        }
        json_array_append_new(columns, json_pack("{s:o, s:o}", "column", json_name(schema, column),
                                                 "bins", json_bins(frequency[i], numbers)));
    }
    return json_pack("{s:o, s:o}", "rarest", json_bins(rarest, numbers), "columns", columns);
}

json_t *json_importance(const grove_schema *schema, const weighed_columns *columns) {
    const bool numbers = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    json_t *list = json_array();
    for (size_t i = 0; i < columns->count; i++) {
        const grove_importance *one = &columns->list[i];
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o}", "column", json_name(schema, one->column),
                            numbers ? "mean_squared_error" : "log_loss",
                            json_estimate(numbers ? one->squared_error : one->log_loss),
                            numbers ? "mean_absolute_error" : "accuracy",
                            json_estimate(numbers ? one->absolute_error : one->accuracy)));
    }
    return json_pack("{s:i, s:I, s:o}", "repeats", columns->repeats, "rows",
                     (json_int_t)columns->rows, "columns", list);
}

void json_add_report(json_t *object, const full_report *report) {
    json_object_set_new(object, "metrics", json_measures(report));
    json_object_set_new(object, "top_k", json_integer((json_int_t)report->model.top_k));
    json_object_set_new(object, "resamples", json_integer((json_int_t)report->model.resamples));
    json_object_set_new(object, "confidence", json_number(0.95));
    json_object_set_new(object, "classes", json_classes(report));
    json_object_set_new(object, "confusion", json_confusion(&report->model));
    json_object_set_new(object, "reliability", json_reliability(report->reliability));
    json_object_set_new(object, "frequency",
                        json_frequency(report->answers->schema, report->rarest, report->frequency));
    json_object_set_new(object, "importance",
                        json_importance(report->answers->schema, &report->columns));
}
