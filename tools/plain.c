/* SPDX-License-Identifier: MIT */
#include "plain.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 256, MOST = 64 };

/* A node whose rows go by the batch, and where its numbers are while a batch is worked on. */
typedef struct port {
    grove_tensor tensor;
    char name[256];
    size_t width; /* numbers in a row */
    int *columns; /* [width] of the table, for inputs */
    void *data;   /* [BATCH, width] grove_real or grove_id, for inputs */
} port;

typedef struct plain {
    const options *o;
    const grove_model *model;
    grove_table *table;
    grove_plan *plan;
    port inputs[MOST], outputs[MOST];
    int input_count, output_count;
    int code; /* of the mistake that `why` tells */
    char why[600];
} plain;

/* Notes a mistake and returns false. */
GROVE_PRINTF(3, 4) static bool refuse(plain *job, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(job->why, sizeof job->why, format, arguments);
    va_end(arguments);
    job->code = code;
    return false;
}

/* ---- ports ----------------------------------------------------------------------------------- */

static void column_name(const port *p, size_t k, char *text, size_t size) {
    bool single = grove_node_shape(p->tensor).rank == 1;
    snprintf(text, size, single ? "%s" : "%s.%zu", p->name, k);
}

static bool open_port(plain *job, port *p, grove_tensor tensor, int position) {
    char text[96];
    grove_shape shape = grove_node_shape(tensor);
    *p = (port){.tensor = tensor, .width = 1};
    snprintf(p->name, sizeof p->name, "%s", grove_node_name(tensor));
    if (!p->name[0]) {
        snprintf(p->name, sizeof p->name, "output%d", position);
    }
    for (int i = 1; i < shape.rank; i++) {
        p->width *= shape.dim[i] > 0 && p->width < 1000000 ? (size_t)shape.dim[i] : 0;
    }
    if (shape.rank >= 1 && shape.dim[0] == GROVE_BATCH && p->width > 0 && p->width < 1000000) {
        return true;
    }
    return refuse(job, EXIT_BAD_MODEL,
                  "'%s' of the model has the shape %s; a table can only be run through [batch, "
                  "...], fewer than a million numbers in a row",
                  p->name, grove_shape_text(shape, text, sizeof text));
}

static bool open_input(plain *job, grove_tensor tensor) {
    char name[300];
    port *p = &job->inputs[job->input_count];
    if (!open_port(job, p, tensor, 0)) {
        return false;
    }
    job->input_count++;
    p->columns = calloc(p->width, sizeof *p->columns);
    p->data = calloc(p->width * BATCH, sizeof(double));
    if (!p->columns || !p->data) {
        return refuse(job, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t k = 0; k < p->width; k++) {
        column_name(p, k, name, sizeof name);
        p->columns[k] = grove_table_find(job->table, name);
        if (p->columns[k] < 0) {
            return refuse(job, EXIT_BAD_DATA, "%s has no column '%s', which the model reads",
                          grove_table_source(job->table), name);
        }
    }
    return true;
}

static bool open_ports(plain *job) {
    const grove_graph *graph = grove_model_graph(job->model);
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        grove_tensor node = grove_node_at(graph, i);
        bool is_input = strcmp(grove_node_op(node), "input") == 0;
        if (is_input && job->input_count == MOST) {
            return refuse(job, EXIT_BAD_MODEL, "the model has more than %d inputs", MOST);
        }
        if (is_input && !open_input(job, node)) {
            return false;
        }
    }
    int outputs = grove_model_outputs(job->model);
    if (outputs > MOST) {
        return refuse(job, EXIT_BAD_MODEL, "the model has %d outputs; at most %d can be written",
                      outputs, MOST);
    }
    for (; job->output_count < outputs; job->output_count++) {
        int i = job->output_count;
        if (!open_port(job, &job->outputs[i], grove_model_output(job->model, i), i)) {
            return false;
        }
    }
    return true;
}

static bool open_plan(plain *job) {
    grove_tensor outputs[MOST];
    for (int i = 0; i < job->output_count; i++) {
        outputs[i] = job->outputs[i].tensor;
    }
    grove_plan_options options = {.batch = BATCH, .threads = (int)job->o->threads};
    job->plan = grove_plan_new(grove_model_graph(job->model), outputs, job->output_count, &options);
    for (int i = 0; i < job->input_count; i++) {
        grove_bind(job->plan, job->inputs[i].tensor, job->inputs[i].data);
    }
    const grove_error *mistake = grove_plan_error(job->plan);
    return mistake->status == GROVE_OK ||
           refuse(job, mistake->status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL, "%s",
                  mistake->message);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool read_cell(plain *job, port *p, size_t place, size_t k, size_t row) {
    double value;
    size_t column = (size_t)p->columns[k];
    grove_cell cell = grove_table_cell(job->table, row, column);
    bool ids = grove_node_type(p->tensor) == GROVE_ID;
    bool good = grove_parse_number(cell.bytes, cell.length, &value) &&
                (!ids || (value == floor(value) && fabs(value) <= INT32_MAX));
    if (!good) {
        return refuse(job, EXIT_BAD_DATA, "%s: line %zu, column '%.80s': '%.80s' is no %s",
                      grove_table_source(job->table), grove_table_line(job->table, row),
                      grove_table_name(job->table, column), cell.bytes,
                      ids ? "id, a whole number" : "number");
    }
    if (ids) {
        ((grove_id *)p->data)[place * p->width + k] = (grove_id)value;
    } else {
        ((grove_real *)p->data)[place * p->width + k] = (grove_real)value;
    }
    return true;
}

/* Rows begin... of the table; places beyond `count` hold the first of them again. */
static bool read_rows(plain *job, size_t begin, size_t count) {
    for (int i = 0; i < job->input_count; i++) {
        port *p = &job->inputs[i];
        for (size_t place = 0; place < BATCH; place++) {
            size_t row = place < count ? begin + place : begin;
            for (size_t k = 0; k < p->width; k++) {
                if (!read_cell(job, p, place, k, row)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static int to_atomic_file(void *user, const char *bytes, size_t size) {
    return grove_atomic_write(user, bytes, size) == GROVE_OK ? 0 : -1;
}

static void write_header(plain *job, grove_atomic_file *file) {
    char name[300];
    const char *between = "";
    for (int i = 0; i < job->output_count; i++) {
        for (size_t k = 0; k < job->outputs[i].width; k++) {
            column_name(&job->outputs[i], k, name, sizeof name);
            grove_atomic_write(file, between, strlen(between));
            grove_csv_write_cell((grove_cell){name, strlen(name)}, ',', to_atomic_file, file);
            between = ",";
        }
    }
    grove_atomic_write(file, "\n", 1);
}

static const char *number_of(const port *p, const void *values, size_t at, char text[32]) {
    if (grove_node_type(p->tensor) == GROVE_ID) {
        snprintf(text, 32, "%" PRId32, ((const grove_id *)values)[at]);
        return text;
    }
    return grove_format_float(text, (float)((const grove_real *)values)[at]);
}

static void write_rows(plain *job, size_t count, grove_atomic_file *file) {
    char text[32];
    for (size_t row = 0; row < count; row++) {
        const char *between = "";
        for (int i = 0; i < job->output_count; i++) {
            const port *p = &job->outputs[i];
            const void *values = grove_value(job->plan, p->tensor);
            for (size_t k = 0; k < p->width; k++) {
                number_of(p, values, row * p->width + k, text);
                grove_atomic_write(file, between, strlen(between));
                grove_atomic_write(file, text, strlen(text));
                between = ",";
            }
        }
        grove_atomic_write(file, "\n", 1);
    }
}

static bool run_rows(plain *job, grove_atomic_file *file) {
    size_t rows = grove_table_rows(job->table);
    write_header(job, file);
    for (size_t begin = 0; begin < rows; begin += BATCH) {
        size_t count = rows - begin < BATCH ? rows - begin : BATCH;
        if (!read_rows(job, begin, count)) {
            return false;
        }
        if (grove_run(job->plan) != GROVE_OK) {
            return refuse(job, EXIT_BAD_DATA, "%s: from line %zu on: %s",
                          grove_table_source(job->table), grove_table_line(job->table, begin),
                          grove_plan_error(job->plan)->message);
        }
        write_rows(job, count, file);
    }
    return true;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int run_plain(plain *job) {
    grove_error error = {0};
    grove_atomic_file file;
    int code = read_table("predict", job->o->files[1], job->o, &job->table);
    if (code != EXIT_DONE) {
        return code;
    }
    if (!open_ports(job) || !open_plan(job)) {
        return complain("predict", job->code, job->why);
    }
    grove_atomic_begin(&file, NULL, job->o->out ? job->o->out : "-", &error);
    if (!run_rows(job, &file)) {
        grove_atomic_abort(&file);
        return complain("predict", job->code, job->why);
    }
    if (grove_atomic_commit(&file, &error) != GROVE_OK) {
        return complain("predict", EXIT_RUN_TIME, error.message);
    }
    return EXIT_DONE;
}

int predict_plain(const options *o, const grove_model *model) {
    plain *job = calloc(1, sizeof *job);
    if (!job) {
        return complain("predict", EXIT_RUN_TIME, "out of memory");
    }
    job->o = o;
    job->model = model;
    int code = o->json ? complain("predict", EXIT_USAGE,
                                  "--json needs a model that says what its columns are; this one "
                                  "does not: leave --json out")
                       : run_plain(job);
    grove_plan_free(job->plan);
    for (int i = 0; i < job->input_count; i++) {
        free(job->inputs[i].columns);
        free(job->inputs[i].data);
    }
    grove_table_free(job->table);
    free(job);
    return code;
}
