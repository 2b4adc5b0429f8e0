/* SPDX-License-Identifier: MIT
 *
 * autoencoder_use.c - how well an autoencoder restores rows: of all of them column by column
 * (evaluate), and of each (predict), which finds odd ones.
 */
#include <stdlib.h>
#include <string.h>

#include "autoencoder.h"
#include "option_table.h"

bool is_autoencoder(const grove_model *model) {
    const grove_schema *schema = grove_model_schema(model);
    const grove_graph *graph = grove_model_graph(model);
    return schema && grove_schema_label(schema) < 0 && grove_is_valid(grove_find(graph, "code")) &&
           grove_is_valid(grove_find(graph, "errors"));
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void take_means(const float *cells, size_t rows, size_t columns, double *means) {
    for (size_t i = 0; i < rows * columns; i++) {
        means[i % columns] += (double)cells[i] / (double)rows;
    }
}

grove_status restore_rows(const grove_graph *graph, const grove_schema *schema, grove_rows rows,
                          int threads, restored *r, grove_error *error) {
    *r = (restored){.rows = rows.count, .columns = grove_autoencoder_columns(schema)};
    r->cells = calloc(r->rows + 1, 2 * r->columns * sizeof *r->cells);
    r->errors = calloc(4 * r->columns + 1, sizeof *r->errors);
    if (!r->cells || !r->errors) {
        error->status = GROVE_NO_MEMORY;
        snprintf(error->message, sizeof error->message, "out of memory");
        return GROVE_NO_MEMORY;
    }
    r->hit = r->cells + r->rows * r->columns;
    r->hits = r->errors + r->columns;
    r->usual = r->hits + r->columns;
    r->usual_hits = r->usual + r->columns;
    grove_status status =
        grove_autoencoder_run(graph, schema, rows, threads, r->cells, r->hit, error);
    if (status == GROVE_OK && rows.count > 0) {
        status = grove_autoencoder_baseline(schema, rows, r->usual, r->usual_hits, error);
    }
    take_means(r->cells, r->rows, r->columns, r->errors);
    take_means(r->hit, r->rows, r->columns, r->hits);
    return status;
}

void free_restored(restored *r) {
    free(r->cells);
    free(r->errors);
    *r = (restored){0};
}

/* ---- telling --------------------------------------------------------------------------------- */

double sum_of(const double *errors, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += errors[i];
    }
    return sum;
}

static size_t column_of(const grove_schema *schema, size_t i) {
    return (size_t)grove_autoencoder_column(schema, i);
}

static bool is_category(const grove_schema *schema, size_t i) {
    return i < grove_schema_categoricals(schema);
}

void print_restored(const grove_schema *schema, const restored *r) {
    printf("%-24s  %9s  %9s  %9s  %9s\n", "column", "error", "baseline", "restored", "baseline");
    for (size_t i = 0; i < r->columns; i++) {
        print_padded(grove_schema_name(schema, column_of(schema, i)), 24);
        printf("  %9.4f  %9.4f", r->errors[i], r->usual[i]);
        if (is_category(schema, i)) {
            printf("  %8.2f%%  %8.2f%%", 100 * r->hits[i], 100 * r->usual_hits[i]);
        }
        printf("\n");
    }
    printf("%-24s  %9.4f  %9.4f\n\n", "all", sum_of(r->errors, r->columns),
           sum_of(r->usual, r->columns));
    printf("An error is a categorical cell's cross-entropy in nats, or a number's squared distance "
           "in\nstandard deviations. Restored: cells whose likeliest value is their own. Baseline: "
           "always\nthe shares, the most frequent value, the mean.\n");
}

json_t *json_restored(const grove_schema *schema, const restored *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->columns; i++) {
        const char *name = grove_schema_name(schema, column_of(schema, i));
        const bool category = is_category(schema, i);
        json_array_append_new(
            list,
            json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "column", json_text(name, strlen(name)),
                      "type", category ? "categorical" : "numeric", "error",
                      json_number(r->errors[i]), "baseline_error", json_number(r->usual[i]),
                      "accuracy", category ? json_number(r->hits[i]) : json_null(),
                      "baseline_accuracy", category ? json_number(r->usual_hits[i]) : json_null()));
    }
    return list;
}

/* ---- evaluate and predict -------------------------------------------------------------------- */

/* What is asked of models that have a label. */
static int refuse_idle(const char *command, const options *o) {
    static const char *const names[] = {"full", "require", "threshold", "uncertainty", "unknown"};
    char why[160];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (option_is_given(o, names[i])) {
            snprintf(why, sizeof why,
                     "--%s is for models that predict a label: this is an autoencoder", names[i]);
            return complain(command, EXIT_USAGE, why);
        }
    }
    return EXIT_DONE;
}

static int restore_table(const char *command, const options *o, const grove_model *model,
                         restored *r) {
    const grove_encode_options plain = {0};
    const grove_schema *schema = grove_model_schema(model);
    grove_table *table = NULL;
    grove_dataset *data = NULL;
    grove_error error = {0};
    *r = (restored){0};
    int code = refuse_idle(command, o);
    code = code ? code : read_table(command, o->files[1], o, &table);
    if (code != EXIT_DONE) {
        return code;
    }
    grove_status status = grove_schema_encode(schema, table, &plain, &data, &error);
    if (status == GROVE_OK) {
        const grove_rows rows = {.dataset = data, .count = grove_dataset_rows(data)};
        status = restore_rows(grove_model_graph(model), schema, rows, (int)o->threads, r, &error);
    }
    grove_dataset_free(data);
    grove_table_free(table);
    return status == GROVE_OK          ? EXIT_DONE
           : status == GROVE_NOT_FOUND ? complain(command, EXIT_BAD_MODEL, error.message)
                                       : complain(command, code_of_data(status), error.message);
}

int evaluate_autoencoder(const options *o, const grove_model *model) {
    const grove_schema *schema = grove_model_schema(model);
    char rows[40];
    restored r;
    int code = restore_table("evaluate", o, model, &r);
    if (code == EXIT_DONE && o->json) {
        code = print_json("evaluate",
                          json_pack("{s:i, s:I, s:o, s:o, s:o}", "schema", 1, "rows",
                                    (json_int_t)r.rows, "error",
                                    json_number(sum_of(r.errors, r.columns)), "baseline_error",
                                    json_number(sum_of(r.usual, r.columns)), "columns",
                                    json_restored(schema, &r)));
    } else if (code == EXIT_DONE) {
        printf("rows %s\n\n", with_commas(rows, (int64_t)r.rows));
        print_restored(schema, &r);
    }
    free_restored(&r);
    return code;
}

static double row_error(const restored *r, size_t row) {
    double sum = 0;
    for (size_t i = 0; i < r->columns; i++) {
        sum += (double)r->cells[row * r->columns + i];
    }
    return sum;
}

static bool write_header(const grove_schema *schema, const restored *r, grove_atomic_file *file) {
    grove_atomic_write(file, "error", 5);
    for (size_t i = 0; i < r->columns; i++) {
        const char *name = grove_schema_name(schema, column_of(schema, i));
        const size_t size = strlen(name) + 8;
        char *text = malloc(size);
        if (!text) {
            return false;
        }
        const int length = snprintf(text, size, "error.%s", name);
        grove_atomic_write(file, ",", 1);
        grove_csv_write_cell((grove_cell){text, (size_t)length}, ',', to_atomic_file, file);
        free(text);
    }
    grove_atomic_write(file, "\n", 1);
    return true;
}

static void write_number(grove_atomic_file *file, double number, char before) {
    char text[32];
    grove_format_float(text, (float)number);
    if (before) {
        grove_atomic_write(file, &before, 1);
    }
    grove_atomic_write(file, text, strlen(text));
}

static int write_csv(const options *o, const grove_schema *schema, const restored *r) {
    grove_error error = {0};
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, o->out ? o->out : "-", &error); /* its mistake sticks */
    if (!write_header(schema, r, &file)) {
        grove_atomic_abort(&file);
        return complain("predict", EXIT_RUN_TIME, "out of memory");
    }
    for (size_t row = 0; row < r->rows; row++) {
        write_number(&file, row_error(r, row), 0);
        for (size_t i = 0; i < r->columns; i++) {
            write_number(&file, (double)r->cells[row * r->columns + i], ',');
        }
        grove_atomic_write(&file, "\n", 1);
    }
    return grove_atomic_commit(&file, &error) == GROVE_OK
               ? EXIT_DONE
               : complain("predict", EXIT_RUN_TIME, error.message);
}

int predict_autoencoder(const options *o, const grove_model *model) {
    restored r;
    int code = o->json ? complain("predict", EXIT_USAGE,
                                  "the errors of an autoencoder are written as CSV, not as --json; "
                                  "evaluate --json tells their means")
                       : EXIT_DONE;
    if (code != EXIT_DONE) {
        return code;
    }
    code = restore_table("predict", o, model, &r);
    code = code ? code : write_csv(o, grove_model_schema(model), &r);
    free_restored(&r);
    return code;
}
