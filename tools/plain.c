/* SPDX-License-Identifier: MIT */
#include "plain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"

enum { BATCH = 256 };

typedef struct plain {
    const options *o;
    grove_table *table;
    grove_plan *plan;
    ports in;
    port outputs[MOST_PORTS];
    int output_count;
} plain;

/* ---- opening --------------------------------------------------------------------------------- */

static bool open_ports(plain *job) {
    int outputs = grove_model_outputs(job->in.model);
    if (!open_inputs(&job->in)) {
        return false;
    }
    if (outputs > MOST_PORTS) {
        return ports_refuse(&job->in, EXIT_BAD_MODEL,
                            "the model has %d outputs; at most %d can be written", outputs,
                            MOST_PORTS);
    }
    for (; job->output_count < outputs; job->output_count++) {
        int i = job->output_count;
        if (!open_port(&job->in, &job->outputs[i], grove_model_output(job->in.model, i), i)) {
            return false;
        }
    }
    return true;
}

static bool open_plan(plain *job) {
    grove_tensor outputs[MOST_PORTS];
    for (int i = 0; i < job->output_count; i++) {
        outputs[i] = job->outputs[i].tensor;
    }
    grove_plan_options options = {.batch = BATCH, .threads = (int)job->o->threads};
    job->plan =
        grove_plan_new(grove_model_graph(job->in.model), outputs, job->output_count, &options);
    for (int i = 0; i < job->in.count; i++) {
        grove_bind(job->plan, job->in.inputs[i].tensor, job->in.inputs[i].data);
    }
    const grove_error *mistake = grove_plan_error(job->plan);
    return mistake->status == GROVE_OK ||
           ports_refuse(&job->in,
                        mistake->status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL, "%s",
                        mistake->message);
}

/* ---- rows ------------------------------------------------------------------------------------ */

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
        if (!read_rows(&job->in, NULL, begin, count)) {
            return false;
        }
        if (grove_run(job->plan) != GROVE_OK) {
            return ports_refuse(&job->in, EXIT_BAD_DATA, "%s: from %s %zu on: %s",
                                grove_table_source(job->table), grove_table_unit(job->table),
                                grove_table_line(job->table, begin),
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
    job->in.table = job->table;
    if (!open_ports(job) || !open_plan(job)) {
        return complain("predict", job->in.code, job->in.why);
    }
    grove_atomic_begin(&file, NULL, job->o->out ? job->o->out : "-", &error);
    if (!run_rows(job, &file)) {
        grove_atomic_abort(&file);
        return complain("predict", job->in.code, job->in.why);
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
    job->in.model = model;
    job->in.batch = BATCH;
    int code = o->json ? complain("predict", EXIT_USAGE,
                                  "--json needs a model that says what its columns are; this one "
                                  "does not: leave --json out")
                       : run_plain(job);
    grove_plan_free(job->plan);
    close_inputs(&job->in);
    grove_table_free(job->table);
    free(job);
    return code;
}
