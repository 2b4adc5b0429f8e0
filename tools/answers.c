/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <inttypes.h>
#include <stdlib.h>

/* What training did not see, of all blocks. False when memory is short. */
static bool note_unknown(answers *a) {
    const size_t columns = grove_schema_columns(a->schema);
    a->unknown = a->unknown ? a->unknown : calloc(columns + 1, sizeof *a->unknown);
    for (size_t i = 0; i < columns && a->unknown; i++) {
        a->unknown[i] += grove_dataset_unknown(a->data, i);
    }
    a->cells += grove_dataset_cells(a->data);
    return a->unknown != NULL;
}

static int encode(const char *command, bool labelled, const grove_table *table, answers *a) {
    grove_error error = {0};
    grove_encode_options options = {.label_required = labelled};
    grove_dataset_free(a->data);
    if (grove_schema_encode(a->schema, table, &options, &a->data, &error) != GROVE_OK) {
        return complain(command, code_of_data(error.status), error.message);
    }
    a->rows = grove_dataset_rows(a->data);
    return note_unknown(a) ? EXIT_DONE : complain(command, EXIT_RUN_TIME, "out of memory");
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

static grove_status open_predictor(const options *o, answers *a, grove_error *error) {
    if (a->predictor) {
        return GROVE_OK;
    }
    grove_status status = grove_predictor_new(grove_model_graph(a->model), a->schema, 0,
                                              (int)o->threads, &a->predictor, error);
    a->classes = grove_predictor_classes(a->predictor);
    return status;
}

static bool make_room(answers *a) {
    if (a->rows < a->room) {
        return true;
    }
    free(a->probabilities);
    a->room = a->rows + 1;
    a->probabilities = calloc(a->room, a->classes * sizeof *a->probabilities);
    return a->probabilities != NULL;
}

static int predict(const char *command, const options *o, answers *a) {
    grove_error error = {0};
    grove_status status = open_predictor(o, a, &error);
    if (status == GROVE_OK) {
        grove_rows all = {.dataset = a->data, .count = a->rows};
        status = make_room(a) ? grove_predictor_run(a->predictor, all, a->probabilities, &error)
                              : GROVE_NO_MEMORY;
    }
    if (status != GROVE_OK) {
        const char *why = error.status == GROVE_OK ? "out of memory" : error.message;
        return complain(command, status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL, why);
    }
    return check_classes(command, a);
}

static int check_columns(const char *command, const answers *a) {
    if (!a->schema || grove_schema_label(a->schema) < 0) {
        return complain(command, EXIT_BAD_MODEL,
                        "the model does not say what its columns are, so it cannot read a table; "
                        "models written by grove train do");
    }
    return EXIT_DONE;
}

int ask(const char *command, const options *o, bool labelled, answers *a) {
    int code = check_columns(command, a);
    if (code == EXIT_DONE) {
        code = read_table(command, o->files[1], o, &a->table);
    }
    if (code == EXIT_DONE) {
        code = encode(command, labelled, a->table, a);
    }
    return code == EXIT_DONE ? predict(command, o, a) : code;
}

static int ask_block(const char *command, const options *o, const grove_table *block, answers *a) {
    int code = encode(command, false, block, a);
    return code == EXIT_DONE ? predict(command, o, a) : code;
}

int ask_in_blocks(const char *command, const options *o, answers *a,
                  int (*take)(void *user, const answers *a), void *user) {
    grove_error error = {0};
    grove_source *source = NULL;
    const grove_table *block = NULL;
    const grove_csv_options csv = csv_options_of(o);
    int code = check_columns(command, a);
    grove_status status =
        code == EXIT_DONE ? grove_source_open(o->files[1], &csv, NULL, &source, &error) : GROVE_OK;
    while (code == EXIT_DONE && status == GROVE_OK) {
        status = grove_source_next(source, &block, &error);
        if (status != GROVE_OK || !block) {
            break;
        }
        code = ask_block(command, o, block, a);
        code = code == EXIT_DONE ? take(user, a) : code;
    }
    if (status != GROVE_OK) {
        code = complain(command, code_of_source(o->files[1], status), error.message);
    }
    if (code == EXIT_DONE) {
        tell_bad_rows(command, grove_source_table(source));
    }
    grove_source_free(source);
    return code;
}

void free_answers(answers *a) {
    free(a->probabilities);
    free(a->unknown);
    grove_predictor_free(a->predictor);
    grove_dataset_free(a->data);
    grove_table_free(a->table);
}

static int64_t all_unknown(const answers *a) {
    int64_t sum = 0;
    for (size_t i = 0; i < grove_schema_columns(a->schema) && a->unknown; i++) {
        sum += a->unknown[i];
    }
    return sum;
}

double unknown_share(const answers *a) {
    return a->cells ? (double)all_unknown(a) / (double)a->cells : 0;
}

void report_unknown(const char *command, const answers *a) {
    int64_t all = all_unknown(a);
    const char *between = ":";
    if (all == 0) {
        return;
    }
    fprintf(stderr,
            "grove %s: %" PRId64 " of %" PRId64 " cells (%.2f %%) hold what training did "
            "not see",
            command, all, a->cells, 100 * unknown_share(a));
    for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
        int64_t unknown = a->unknown[i];
        if (unknown > 0) {
            fprintf(stderr, "%s ", between);
            print_plain(stderr, grove_schema_name(a->schema, i));
            fprintf(stderr, " %" PRId64, unknown);
            between = ",";
        }
    }
    fprintf(stderr, "\n");
}
