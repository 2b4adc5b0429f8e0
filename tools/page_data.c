/* SPDX-License-Identifier: MIT */
#include "page_data.h"

#include <stdlib.h>
#include <string.h>

#include "boosting.h"
#include "history.h"
#include "posterior.h"
#include "require.h"
#include "unknown.h"

enum {
    MOST_WRONG = 25,
    WRONG_COLUMNS = 40, /* columns of the table that are shown of them */
    CELL_BYTES = 120    /* of a cell */
};

json_t *json_cell(grove_cell cell) {
    return json_text(cell.bytes, cell.length);
}

static json_t *json_words(const char *text) {
    return json_cell((grove_cell){text, strlen(text)});
}

json_t *json_evaluation(const options *o, const answers *a, const grove_metrics *metrics,
                        const full_report *full) {
    json_t *numbers = json_metrics(metrics), *object = json_pack("{s:i}", "schema", 1);
    json_object_update(object, numbers);
    json_object_set_new(object, "unknown_cells", json_number(unknown_share(a)));
    json_object_set_new(object, "unknown", json_measured_unknown(a));
    if (full && full->majority.by_class) {
        json_add_report(object, full);
    }
    if (full && o->require.count > 0) {
        json_object_set_new(
            object, "required",
            json_demands(&o->require, (measured){GROVE_TARGET_CLASS, full->model.measures}));
    }
    json_decref(numbers);
    return object;
}

/* ---- the model ------------------------------------------------------------------------------- */

static json_int_t parameters_of(const grove_graph *graph) {
    json_int_t count = 0;
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor parameter = grove_parameter_at(graph, i);
        count += grove_parameter_is_trainable(parameter)
                     ? (json_int_t)grove_parameter_size(parameter)
                     : 0;
    }
    return count;
}

static grove_shape shape_of(const grove_graph *graph, const char *format, const char *name) {
    char text[512];
    snprintf(text, sizeof text, format, name);
    return grove_node_shape(grove_find(graph, text));
}

/* [[in, out]...] of mlp.0, mlp.1... */
static json_t *json_layers(const grove_graph *graph) {
    json_t *layers = json_array();
    for (int i = 0; i < 64; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        const grove_shape shape = shape_of(graph, "mlp.%s.weight", number);
        if (shape.rank != 2) {
            break;
        }
        json_array_append_new(
            layers, json_pack("[I, I]", (json_int_t)shape.dim[1], (json_int_t)shape.dim[0]));
    }
    return layers;
}

static json_t *json_column(const answers *a, size_t column) {
    const char *name = grove_schema_name(a->schema, column);
    const grove_column_kind kind = grove_schema_kind(a->schema, column);
    const grove_shape shape = shape_of(grove_model_graph(a->model), "table.%s.weight", name);
    const int64_t ids = grove_schema_ids(a->schema, column);
    const bool looked_up =
        kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_TEXT;
    const int64_t values = looked_up ? ids - 2 : ids;
    const bool table = shape.rank == 2 && looked_up;
    const double unknown =
        a->rows ? (double)grove_dataset_unknown(a->data, column) / (double)a->rows : 0;
    return json_pack("{s:o, s:s, s:o, s:I, s:o, s:o, s:o}", "name", json_words(name), "kind",
                     grove_column_kind_name(kind), "values",
                     values > 0 ? json_integer((json_int_t)values) : json_null(), "missing",
                     (json_int_t)grove_schema_missing(a->schema, column), "unknown_share",
                     json_number(unknown), "rows",
                     table ? json_integer((json_int_t)shape.dim[0]) : json_null(), "width",
                     table ? json_integer((json_int_t)shape.dim[1]) : json_null());
}

/* Of a model that was joined of several, all parameters of the second begin with member.2., and so
 * on. */
static int members_of(const grove_graph *graph) {
    int members = 1;
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        int k = 0;
        const char *name = grove_node_name(grove_parameter_at(graph, i));
        members = name && sscanf(name, "member.%d.", &k) == 1 && k > members ? k : members;
    }
    return members;
}

static json_t *json_model(const answers *a) {
    const char *label = grove_schema_name(a->schema, (size_t)grove_schema_label(a->schema));
    const char *producer = grove_model_metadata(a->model, "producer");
    char now[64];
    json_t *columns = json_array();
    for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
        json_array_append_new(columns, json_column(a, i));
    }
    snprintf(now, sizeof now, "grove %s", grove_version());
    const int depth = depth_of(a->model);
    return json_pack("{s:o, s:o, s:s, s:i, s:I, s:o, s:o, s:o}", "label", json_words(label),
                     "producer", json_words(producer ? producer : ""), "producer_now", now,
                     "members", members_of(grove_model_graph(a->model)), "parameters",
                     parameters_of(grove_model_graph(a->model)), "depth",
                     depth < 0 ? json_null() : json_integer(depth), "layers",
                     json_layers(grove_model_graph(a->model)), "columns", columns);
}

/* ---- the rows that were most wrong ----------------------------------------------------------- */

static float own_probability(const answers *a, size_t row) {
    return a->probabilities[row * a->classes + (size_t)grove_dataset_labels(a->data)[row]];
}

static size_t answer_of(const answers *a, size_t row) {
    const float *p = a->probabilities + row * a->classes;
    size_t best = 0;
    for (size_t c = 1; c < a->classes; c++) {
        best = p[c] > p[best] ? c : best;
    }
    return best;
}

/* rows [MOST_WRONG] that are wrong, by their probability, then in their order; how many. */
static size_t find_worst(const answers *a, size_t *rows) {
    size_t count = 0;
    for (size_t i = 0; i < a->rows; i++) {
        size_t at = count;
        if (answer_of(a, i) == (size_t)grove_dataset_labels(a->data)[i]) {
            continue;
        }
        while (at > 0 && own_probability(a, i) < own_probability(a, rows[at - 1])) {
            at--;
        }
        if (at < MOST_WRONG) {
            const size_t kept = count < MOST_WRONG ? count : MOST_WRONG - 1;
            memmove(rows + at + 1, rows + at, (kept - at) * sizeof *rows);
            rows[at] = i;
            count = kept + 1;
        }
    }
    return count;
}

static bool is_shown(const grove_schema *schema, size_t column) {
    const grove_column_kind kind = grove_schema_kind(schema, column);
    return kind != GROVE_COLUMN_LABEL && kind != GROVE_COLUMN_LABELS &&
           kind != GROVE_COLUMN_TARGET && kind != GROVE_COLUMN_IGNORED;
}

json_t *json_row(const answers *a, size_t row) {
    json_t *cells = json_array();
    for (size_t c = 0; c < grove_schema_columns(a->schema); c++) {
        const int at = grove_table_find(a->table, grove_schema_name(a->schema, c));
        if (is_shown(a->schema, c) && at >= 0 && json_array_size(cells) < WRONG_COLUMNS) {
            grove_cell cell = grove_table_cell(a->table, row, (size_t)at);
            cell.length = cell.length < CELL_BYTES ? cell.length : CELL_BYTES;
            json_array_append_new(cells, json_cell(cell));
        }
    }
    return cells;
}

json_t *json_shown_columns(const answers *a) {
    json_t *columns = json_array();
    for (size_t c = 0; c < grove_schema_columns(a->schema); c++) {
        if (is_shown(a->schema, c) && json_array_size(columns) < WRONG_COLUMNS) {
            json_array_append_new(columns, json_words(grove_schema_name(a->schema, c)));
        }
    }
    return columns;
}

json_t *json_worst(const answers *a) {
    const size_t label = (size_t)grove_schema_label(a->schema);
    size_t worst[MOST_WRONG + 1];
    const size_t count = find_worst(a, worst);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        const size_t row = worst[i], answer = answer_of(a, row);
        const int32_t truth = grove_dataset_labels(a->data)[row];
        json_array_append_new(
            rows, json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "line",
                            (json_int_t)grove_table_line(a->table, row), "label",
                            json_cell(grove_schema_value(a->schema, label, truth)), "answer",
                            json_cell(grove_schema_value(a->schema, label, (int32_t)answer)),
                            "of_label", json_number((double)own_probability(a, row)), "of_answer",
                            json_number((double)a->probabilities[row * a->classes + answer]),
                            "cells", json_row(a, row)));
    }
    return json_pack("{s:o, s:o}", "columns", json_shown_columns(a), "rows", rows);
}

/* ---- all ------------------------------------------------------------------------------------- */

/* What stands behind the last slash. */
static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(path, "-") == 0 ? "standard input" : slash ? slash + 1 : path;
}

static json_t *json_page(const options *o, const char *title, const answers *a) {
    json_t *training = read_history(a->model), *stages = read_boosting(a->model);
    if (training && stages) {
        json_object_set(training, "boosting", stages);
    }
    json_decref(stages);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "title", json_words(title), "table",
                     json_words(file_name(o->files[1])), "training",
                     training ? training : json_null(), "model", json_model(a), "posteriors",
                     json_posteriors(a->schema, grove_model_graph(a->model)));
}

static int complain_of(const grove_error *error) {
    return complain("report", EXIT_RUN_TIME, error->message[0] ? error->message : "out of memory");
}

int page_of_numbers(const options *o, const char *title, const full_numbers *report,
                    json_t **object) {
    const answers *a = report->answers;
    grove_error error = {0};
    grove_metrics metrics;
    const int code = measure_answers("report", a, NULL, a->rows, &metrics);
    json_t *fit = code == EXIT_DONE ? json_fit(report) : NULL;
    json_t *pictures = fit ? json_pictures(a, &error) : NULL;
    if (!pictures) {
        json_decref(fit);
        return code == EXIT_DONE ? complain_of(&error) : code;
    }
    json_t *told = json_evaluation(o, a, &metrics, NULL);
    json_add_number_report(told, report);
    *object = json_page(o, title, a);
    json_object_set_new(*object, "report", told);
    json_object_set_new(*object, "fit", fit);
    json_object_set_new(*object, "pictures", pictures);
    json_object_set_new(*object, "worst", json_worst_numbers(report));
    return EXIT_DONE;
}

int page_of_sets(const options *o, const char *title, const full_sets *report, json_t **object) {
    const answers *a = report->answers;
    grove_error error = {0};
    grove_metrics metrics;
    const int code = measure_answers("report", a, NULL, a->rows, &metrics);
    json_t *curves = code == EXIT_DONE ? json_set_curves(report, &error) : NULL;
    json_t *pictures = curves ? json_pictures(a, &error) : NULL;
    json_t *worst = pictures ? json_worst_sets(o, report) : NULL;
    if (!worst) {
        json_decref(curves);
        json_decref(pictures);
        return code == EXIT_DONE ? complain_of(&error) : code;
    }
    json_t *told = json_evaluation(o, a, &metrics, NULL);
    json_add_set_report(told, report);
    *object = json_page(o, title, a);
    json_object_set_new(*object, "report", told);
    json_object_set_new(*object, "curves", curves);
    json_object_set_new(*object, "pictures", pictures);
    json_object_set_new(*object, "worst", worst);
    return EXIT_DONE;
}

int page_data(const options *o, const char *title, const full_report *report, json_t **object) {
    const answers *a = report->answers;
    grove_error error = {0};
    grove_metrics metrics = {0};
    grove_status status = grove_classification_metrics(
        a->probabilities, grove_dataset_labels(a->data), a->rows, a->classes,
        grove_schema_majority(a->schema), NULL, &metrics, &error);
    json_t *curves = status ? NULL : json_curves(a, &report->model, &error);
    json_t *pictures = curves ? json_pictures(a, &error) : NULL;
    if (!pictures) {
        json_decref(curves);
        return complain_of(&error);
    }
    *object = json_page(o, title, a);
    json_object_set_new(*object, "report", json_evaluation(o, a, &metrics, report));
    json_object_set_new(*object, "curves", curves);
    json_object_set_new(*object, "pictures", pictures);
    json_object_set_new(*object, "worst", json_worst(a));
    return EXIT_DONE;
}
