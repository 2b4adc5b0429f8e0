/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <inttypes.h>
#include <stdlib.h>

static int encode(const char *command, bool labelled, answers *a) {
    grove_error error = {0};
    grove_encode_options options = {.label_required = labelled};
    if (grove_schema_encode(a->schema, a->table, &options, &a->data, &error) != GROVE_OK) {
        return complain(command, code_of_data(error.status), error.message);
    }
    a->rows = grove_dataset_rows(a->data);
    return EXIT_DONE;
}

/* As many probabilities as the label has classes? Another program may have written the file. */
static int check_classes(const char *command, const answers *a) {
    char why[160];
    int64_t classes = grove_schema_ids(a->schema, (size_t)grove_schema_label(a->schema));
    if ((int64_t)a->classes == classes) {
        return EXIT_DONE;
    }
    snprintf(why, sizeof why,
             "the model gives %zu probabilities in a row, but its label has %" PRId64
             " classes: they must be as many",
             a->classes, classes);
    return complain(command, EXIT_BAD_MODEL, why);
}

static int predict(const char *command, const options *o, answers *a) {
    grove_error error = {0};
    grove_predictor *predictor = NULL;
    grove_status status = grove_predictor_new(grove_model_graph(a->model), a->schema, 0,
                                              (int)o->threads, &predictor, &error);
    if (status == GROVE_OK) {
        a->classes = grove_predictor_classes(predictor);
        a->probabilities = calloc(a->rows + 1, a->classes * sizeof *a->probabilities);
        grove_rows all = {.dataset = a->data, .count = a->rows};
        status = a->probabilities ? grove_predictor_run(predictor, all, a->probabilities, &error)
                                  : GROVE_NO_MEMORY;
    }
    grove_predictor_free(predictor);
    if (status != GROVE_OK) {
        const char *why = error.status == GROVE_OK ? "out of memory" : error.message;
        return complain(command, status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL, why);
    }
    return check_classes(command, a);
}

int ask(const char *command, const options *o, bool labelled, answers *a) {
    if (!a->schema || grove_schema_label(a->schema) < 0) {
        return complain(command, EXIT_BAD_MODEL,
                        "the model does not say what its columns are, so it cannot read a table; "
                        "models written by grove train do");
    }
    int code = read_table(command, o->files[1], o, &a->table);
    if (code == EXIT_DONE) {
        code = encode(command, labelled, a);
    }
    return code == EXIT_DONE ? predict(command, o, a) : code;
}

void free_answers(answers *a) {
    free(a->probabilities);
    grove_dataset_free(a->data);
    grove_table_free(a->table);
}

double unknown_share(const answers *a) {
    int64_t cells = grove_dataset_cells(a->data);
    return cells ? (double)grove_dataset_unknown(a->data, GROVE_ALL_COLUMNS) / (double)cells : 0;
}

void report_unknown(const char *command, const answers *a) {
    int64_t all = grove_dataset_unknown(a->data, GROVE_ALL_COLUMNS);
    const char *between = ":";
    if (all == 0) {
        return;
    }
    fprintf(stderr,
            "grove %s: %" PRId64 " of %" PRId64 " cells (%.2f %%) hold what training did "
            "not see",
            command, all, grove_dataset_cells(a->data), 100 * unknown_share(a));
    for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
        int64_t unknown = grove_dataset_unknown(a->data, i);
        if (unknown > 0) {
            fprintf(stderr, "%s ", between);
            print_plain(stderr, grove_schema_name(a->schema, i));
            fprintf(stderr, " %" PRId64, unknown);
            between = ",";
        }
    }
    fprintf(stderr, "\n");
}
