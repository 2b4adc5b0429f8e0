/* SPDX-License-Identifier: MIT
 *
 * uses.c - what is done with models besides training them, as workloads: load one, ask it for a
 * row or a file of rows, plan a large graph. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "grove/model_file.h"
#include "grove/train.h"

extern char **environ;

enum { COLUMNS = 15, SPECIES = 73000, FILE_ROWS = 16281, CHAIN = 66 };

typedef struct use {
    char path[64], table_path[64], answer_path[64], tool[512]; /* files of this process */
    grove_table *table;
    grove_model *model;
    grove_dataset *dataset;
    grove_predictor *predictor;
    size_t row;
    grove_cell cells[COLUMNS];
} use;

static bool good(grove_status status, const grove_error *error) {
    return status == GROVE_OK || bench_fails("use", error->message);
}

static use *new_use(job *job) {
    use *u = calloc(1, sizeof *u);
    job->state = u;
    snprintf(u->path, sizeof u->path, "/tmp/grove-bench-%ld.safetensors", (long)getpid());
    snprintf(u->table_path, sizeof u->table_path, "/tmp/grove-bench-%ld.csv", (long)getpid());
    snprintf(u->answer_path, sizeof u->answer_path, "/tmp/grove-bench-%ld.out", (long)getpid());
    return u;
}

static void end_use(job *job) {
    use *u = job->state;
    grove_predictor_free(u->predictor);
    grove_dataset_free(u->dataset);
    grove_table_free(u->table);
    grove_model_free(u->model);
    remove(u->path);
    remove(u->table_path);
    remove(u->answer_path);
    free(u);
}

/* ---- a table of Adult's shape ---------------------------------------------------------------- */

/* How many values a categorical column has; 0: a numeric one. The last is the label. */
static const unsigned adult_values[COLUMNS] = {0, 9, 0, 16, 0, 7, 15, 6, 5, 2, 0, 0, 0, 42, 2};

static const char *cell_text(size_t column, uint64_t *random, char text[32]) {
    unsigned values = adult_values[column];
    uint64_t drawn = bench_random(random);
    if (values > 0) {
        snprintf(text, 32, "value-%u", (unsigned)(drawn % values));
    } else {
        snprintf(text, 32, "%u", (unsigned)(drawn % 100000));
    }
    return text;
}

static bool make_table(use *u, size_t rows) {
    char names[COLUMNS][32], texts[COLUMNS][32];
    const char *pointers[COLUMNS];
    grove_error error;
    uint64_t random = 5;
    for (size_t c = 0; c < COLUMNS; c++) {
        snprintf(names[c], sizeof names[c], c + 1 < COLUMNS ? "column%zu" : "label", c);
        pointers[c] = names[c];
    }
    grove_status status = grove_table_new(pointers, COLUMNS, NULL, &u->table, &error);
    for (size_t row = 0; row < rows && status == GROVE_OK; row++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            pointers[c] = cell_text(c, &random, texts[c]);
        }
        status = grove_table_append(u->table, pointers, &error);
    }
    return good(status, &error);
}

/* Saves a classifier (its weights as they begin) for the schema, and loads it. */
static bool save_and_load(use *u, const grove_schema *schema, const grove_classifier_options *how) {
    grove_classifier classifier;
    grove_error error;
    grove_save_options options = {.schema = schema};
    if (!good(grove_classifier_new(schema, how, &classifier, &error), &error)) {
        return false;
    }
    bool saved = good(grove_save(u->path, &classifier.probabilities, 1, &options, &error), &error);
    grove_classifier_free(&classifier);
    return saved && good(grove_load(u->path, NULL, &u->model, &error), &error);
}

static bool make_adult(use *u, size_t rows) {
    static const int64_t hidden[] = {128, 64};
    grove_schema *schema;
    grove_error error;
    if (!make_table(u, rows) ||
        !good(grove_schema_guess(u->table, &(grove_schema_options){.label = "label"}, &schema,
                                 &error),
              &error)) {
        return false;
    }
    bool made = good(grove_schema_fit(schema, u->table, NULL, rows, &error), &error) &&
                save_and_load(u, schema,
                              &(grove_classifier_options){
                                  .hidden = hidden, .hidden_count = 2, .embedding_width = 8}) &&
                good(grove_schema_encode(schema, u->table, NULL, &u->dataset, &error), &error);
    grove_schema_free(schema);
    return made;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool ask_row(job *job) {
    use *u = job->state;
    grove_error error;
    float answer[2];
    u->row = (u->row + 1) % grove_dataset_rows(u->dataset);
    return good(
        grove_predictor_run(u->predictor, (grove_rows){u->dataset, &u->row, 1}, answer, &error),
        &error);
}

static bool ask_cells(job *job) {
    use *u = job->state;
    grove_error error;
    float answer[2];
    u->row = (u->row + 1) % grove_table_rows(u->table);
    for (size_t c = 0; c < COLUMNS; c++) {
        u->cells[c] = grove_table_cell(u->table, u->row, c);
    }
    return good(grove_predictor_row(u->predictor, u->cells, answer, &error), &error);
}

static bool open_predictor(job *job, int64_t batch) {
    use *u = job->state;
    grove_error error;
    return good(grove_predictor_new(grove_model_graph(u->model), grove_model_schema(u->model),
                                    batch, job->threads, &u->predictor, &error),
                &error);
}

bool bench_predict_row(job *job) {
    job->step = ask_row;
    job->end = end_use;
    return make_adult(new_use(job), 1000) && open_predictor(job, 1);
}

bool bench_predict_cells(job *job) {
    job->step = ask_cells;
    job->end = end_use;
    return make_adult(new_use(job), 1000) && open_predictor(job, 1);
}

/* The command beside this program, as a user starts it: reads model and table, answers, writes. */
static bool ask_file(job *job) {
    use *u = job->state;
    char command[] = "predict", out[] = "--out";
    char *arguments[] = {u->tool, command, u->path, u->table_path, out, u->answer_path, NULL};
    pid_t child;
    int status = 1;
    bool ran = posix_spawn(&child, u->tool, NULL, NULL, arguments, environ) == 0 &&
               waitpid(child, &status, 0) == child && status == 0;
    return ran || bench_fails("predict", u->tool);
}

static bool write_table(use *u) {
    FILE *file = fopen(u->table_path, "w");
    for (size_t row = 0; file && row <= FILE_ROWS; row++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            const char *name = grove_table_name(u->table, c);
            grove_cell cell =
                row ? grove_table_cell(u->table, row - 1, c) : (grove_cell){name, strlen(name)};
            fprintf(file, "%.*s%c", (int)cell.length, cell.bytes, c + 1 < COLUMNS ? ',' : '\n');
        }
    }
    return file && fclose(file) == 0;
}

bool bench_predict(job *job) {
    use *u = new_use(job);
    ssize_t length = readlink("/proc/self/exe", u->tool, sizeof u->tool - sizeof "grove");
    char *name = length > 0 ? strrchr(u->tool, '/') : NULL;
    job->step = ask_file;
    job->end = end_use;
    if (!name) {
        return bench_fails("predict", "where this program lies is not known");
    }
    memcpy(name + 1, "grove", sizeof "grove");
    return make_adult(u, FILE_ROWS) && write_table(u);
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool load(job *job) {
    use *u = job->state;
    grove_model *model;
    grove_error error;
    bool loaded = good(grove_load(u->path, NULL, &model, &error), &error);
    grove_model_free(model);
    return loaded;
}

static bool species_schema(grove_schema **schema) {
    char(*names)[16] = malloc((size_t)SPECIES * sizeof *names);
    int64_t *offsets = malloc((SPECIES + 1) * sizeof *offsets),
            *counts = malloc(SPECIES * sizeof *counts);
    char *bytes = (char *)names;
    grove_vocabulary v = {.size = SPECIES, .bytes = bytes, .offsets = offsets, .counts = counts};
    for (int i = 0; i < SPECIES; i++) {
        char name[32];
        int length = snprintf(name, sizeof name, "tree-%d-%x", i, i * 7);
        memcpy(bytes + v.byte_count, name, (size_t)length);
        offsets[i] = v.byte_count;
        counts[i] = 5;
        v.byte_count += length;
    }
    offsets[SPECIES] = v.byte_count;
    static const char uses_bytes[] = "fruitfuel";
    static const int64_t uses_offsets[] = {0, 5, 9}, uses_counts[] = {3, 4};
    grove_vocabulary uses = {.size = 2,
                             .bytes = uses_bytes,
                             .byte_count = 9,
                             .offsets = uses_offsets,
                             .counts = uses_counts};
    grove_error error;
    *schema = grove_schema_new(NULL);
    grove_status status =
        grove_schema_add_column(*schema, "species", GROVE_COLUMN_CATEGORICAL, NULL, &error);
    status = status ? status : grove_schema_set_vocabulary(*schema, 0, &v, &error);
    status =
        status ? status : grove_schema_add_column(*schema, "use", GROVE_COLUMN_LABEL, NULL, &error);
    status = status ? status : grove_schema_set_vocabulary(*schema, 1, &uses, &error);
    free(names);
    free(offsets);
    free(counts);
    return good(status, &error);
}

bool bench_load_species(job *job) {
    static const int64_t hidden[] = {32};
    grove_schema *schema = NULL;
    job->step = load;
    job->end = end_use;
    bool made = species_schema(&schema) &&
                save_and_load(new_use(job), schema,
                              &(grove_classifier_options){
                                  .hidden = hidden, .hidden_count = 1, .embedding_width = 12});
    grove_schema_free(schema);
    return made;
}

/* ---- planning -------------------------------------------------------------------------------- */

/* A chain of layers and its training step: about 1,000 nodes. */
static bool build_chain(job *job) {
    char name[32];
    grove_graph_free(job->graph);
    job->graph = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor x = grove_input_reals(job->graph, "x", GROVE_BATCH, 8);
    for (int i = 0; i < CHAIN; i++) {
        snprintf(name, sizeof name, "dense%d", i);
        x = grove_relu(grove_nn_dense(x, 8, name));
    }
    grove_tensor label = grove_input_ids(job->graph, "label", GROVE_BATCH);
    job->outputs[1] = grove_softmax_cross_entropy(x, label);
    job->outputs[0] = grove_minimize(job->outputs[1], GROVE_ADAM(0));
    const grove_error *error = grove_graph_error(job->graph);
    return error->status == GROVE_OK || bench_fails("build_1000", error->message);
}

static bool plan_chain(job *job) {
    grove_plan *plan = grove_plan_new(job->graph, job->outputs, 2,
                                      &(grove_plan_options){.batch = 256, .training = true});
    bool planned = grove_plan_error(plan)->status == GROVE_OK ||
                   bench_fails("plan_1000", grove_plan_error(plan)->message);
    grove_plan_free(plan);
    return planned;
}

static void free_chain(job *job) {
    grove_graph_free(job->graph);
}

bool bench_plan_1000(job *job) {
    job->step = plan_chain;
    job->end = free_chain;
    return build_chain(job);
}

bool bench_build_1000(job *job) {
    job->step = build_chain;
    job->end = free_chain;
    return true;
}
