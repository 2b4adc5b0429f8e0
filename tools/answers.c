/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sets.h"
#include "softmax.h"
#include "unknown.h"

static int encode(const char *command, const options *o, bool labelled, const grove_table *table,
                  answers *a) {
    grove_error error = {0};
    grove_encode_options options = {.label_required = labelled};
    grove_dataset_free(a->data);
    if (grove_schema_encode(a->schema, table, &options, &a->data, &error) != GROVE_OK) {
        return complain(command, code_of_data(error.status), error.message);
    }
    a->rows = grove_dataset_rows(a->data);
    return note_unknown(a) ? settle_unknown(command, o, table, a)
                           : complain(command, EXIT_RUN_TIME, "out of memory");
}

/* As many probabilities as the label has classes? Another program may have written the file. */
static int check_classes(const char *command, const answers *a) {
    char why[160];
    int64_t classes = grove_schema_ids(a->schema, (size_t)grove_schema_label(a->schema));
    if (a->numbers || (int64_t)a->classes == classes) {
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

static bool has_many_classes(const answers *a) {
    return grove_schema_target(a->schema) == GROVE_TARGET_CLASS && a->classes >= MANY_CLASSES;
}

/* What is kept of the answers: one of four. */
static bool make_room_for_answers(answers *a) {
    if (grove_schema_target(a->schema) == GROVE_TARGET_NUMBER) {
        return (a->numbers = calloc(a->room, sizeof *a->numbers)) != NULL;
    }
    if (a->top_count > 0) {
        return (a->top = calloc(a->room, a->top_count * sizeof *a->top)) != NULL;
    }
    if (a->judges && has_many_classes(a)) {
        return (a->judged = calloc(a->room, sizeof *a->judged)) != NULL;
    }
    return (a->probabilities = calloc(a->room, a->classes * sizeof *a->probabilities)) != NULL;
}

static void free_room(answers *a) {
    free(a->probabilities);
    free(a->numbers);
    free(a->judged);
    free(a->top);
    free(a->spread);
    a->probabilities = NULL;
    a->numbers = NULL;
    a->judged = NULL;
    a->top = NULL;
    a->spread = NULL;
}

static bool make_room(answers *a) {
    if (a->rows < a->room) {
        return true;
    }
    free_room(a);
    a->room = a->rows + 1;
    a->spread = a->members ? calloc(a->room, sizeof *a->spread) : NULL;
    return make_room_for_answers(a) && (a->spread || !a->members);
}

static grove_status run(answers *a, grove_error *error) {
    const grove_rows all = {.dataset = a->data, .count = a->rows};
    if (!make_room(a)) {
        return GROVE_NO_MEMORY;
    }
    if (a->judged) {
        const grove_id *labels = grove_dataset_labels(a->data);
        return grove_predictor_judge(a->predictor, all, labels, a->judged, error);
    }
    if (a->top) {
        return grove_predictor_top(a->predictor, all, a->top_count, a->top, error);
    }
    return a->numbers ? grove_predictor_numbers(a->predictor, all, a->numbers, error)
                      : grove_predictor_run(a->predictor, all, a->probabilities, error);
}

/* Of one class a row, and with how many are there. */
static int count_top(const char *command, const options *o, answers *a) {
    const bool predicts = strcmp(command, "predict") == 0;
    if (predicts && o->top_classes > 0 && grove_schema_target(a->schema) != GROVE_TARGET_CLASS) {
        return complain(command, EXIT_USAGE,
                        "--top is for models that tell one class a row, and this is none");
    }
    const size_t wanted = predicts ? (size_t)o->top_classes : 0;
    a->top_count = wanted < a->classes ? wanted : a->classes;
    return a->top_count > 0 || a->judges || !has_many_classes(a)
               ? EXIT_DONE
               : refuse_many_classes(command, command, a->rows, a->classes,
                                     predicts ? "--top 10 tells the ten most probable"
                                              : "evaluate tells accuracy and log loss without "
                                                "keeping them");
}

/* A single network of classes has its entropy to tell, one of numbers nothing. */
static grove_status open_members(const options *o, answers *a, grove_error *error) {
    if (!o->uncertainty || a->members) {
        return GROVE_OK;
    }
    grove_status status = grove_disagreement_new(grove_model_graph(a->model), a->schema, 0,
                                                 (int)o->threads, &a->members, error);
    if (status != GROVE_NOT_FOUND) {
        return status;
    }
    if (grove_schema_target(a->schema) == GROVE_TARGET_NUMBER) {
        snprintf(error->message, sizeof error->message,
                 "--uncertainty: a single network that predicts numbers does not tell how sure it "
                 "is; one of several models does (train --members 5)");
        return GROVE_UNSUPPORTED;
    }
    return GROVE_OK;
}

static grove_status ask_members(answers *a, grove_error *error) {
    const grove_rows all = {.dataset = a->data, .count = a->rows};
    return a->members ? grove_disagreement_run(a->members, all, a->spread, error) : GROVE_OK;
}

static int predict(const char *command, const options *o, answers *a) {
    grove_error error = {0};
    grove_status status = open_predictor(o, a, &error);
    if (status == GROVE_OK) {
        const int code = count_top(command, o, a);
        if (code != EXIT_DONE) {
            return code;
        }
        status = open_members(o, a, &error);
    }
    if (status == GROVE_UNSUPPORTED && o->uncertainty) {
        return complain(command, EXIT_USAGE, error.message);
    }
    if (status == GROVE_OK) {
        status = run(a, &error);
    }
    if (status == GROVE_OK) {
        status = ask_members(a, &error);
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

int check_threshold(const char *command, const options *o, const grove_schema *schema) {
    if (o->threshold > 0 && (!schema || grove_schema_target(schema) != GROVE_TARGET_SET)) {
        return complain(command, EXIT_USAGE,
                        "--threshold is for models that tell several classes a row, as train "
                        "--label-split makes them, and this is none");
    }
    return EXIT_DONE;
}

static int check_asked(const char *command, const options *o, answers *a) {
    a->threshold = threshold_of(o);
    const int code = check_columns(command, a);
    return code == EXIT_DONE ? check_threshold(command, o, a->schema) : code;
}

int ask(const char *command, const options *o, bool labelled, answers *a) {
    int code = check_asked(command, o, a);
    if (code == EXIT_DONE) {
        code = read_table(command, o->files[1], o, &a->table);
    }
    if (code == EXIT_DONE) {
        code = encode(command, o, labelled, a->table, a);
    }
    return code == EXIT_DONE ? predict(command, o, a) : code;
}

static int ask_block(const char *command, const options *o, const grove_table *block, answers *a) {
    int code = encode(command, o, false, block, a);
    return code == EXIT_DONE ? predict(command, o, a) : code;
}

int ask_in_blocks(const char *command, const options *o, answers *a,
                  int (*take)(void *user, const answers *a), void *user) {
    grove_error error = {0};
    grove_source *source = NULL;
    const grove_table *block = NULL;
    const grove_csv_options csv = csv_options_of(o);
    int code = check_asked(command, o, a);
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
    free_room(a);
    free(a->policies);
    free(a->unknown_rows);
    free(a->unknown);
    grove_disagreement_free(a->members);
    grove_predictor_free(a->predictor);
    grove_dataset_free(a->data);
    grove_table_free(a->table);
}

/* ---- measures -------------------------------------------------------------------------------- */

static size_t row_at(const size_t *rows, size_t i) {
    return rows ? rows[i] : i;
}

double *truth_of(const answers *a, const size_t *rows, size_t count) {
    const size_t label = (size_t)grove_schema_label(a->schema);
    const float *scaled = grove_dataset_targets(a->data);
    double *truth = calloc(count + 1, sizeof *truth);
    for (size_t i = 0; truth && i < count; i++) {
        truth[i] = grove_schema_mean(a->schema, label) +
                   grove_schema_deviation(a->schema, label) * (double)scaled[row_at(rows, i)];
    }
    return truth;
}

static grove_status measure_numbers(const answers *a, const size_t *rows, size_t count,
                                    grove_metrics *metrics, grove_error *error) {
    double *truth = truth_of(a, rows, count), *said = calloc(count + 1, sizeof *said);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t i = 0; said && i < count; i++) {
        said[i] = a->numbers[row_at(rows, i)];
    }
    if (truth && said) {
        status = grove_number_metrics(said, truth, NULL, count, grove_schema_center(a->schema),
                                      metrics, error);
    }
    free(truth);
    free(said);
    return status;
}

static grove_status measure_judged(const answers *a, const size_t *rows, size_t count,
                                   grove_metrics *metrics, grove_error *error) {
    grove_judged_row *judged = calloc(count + 1, sizeof *judged);
    grove_id *labels = calloc(count + 1, sizeof *labels);
    for (size_t i = 0; judged && labels && i < count; i++) {
        judged[i] = a->judged[row_at(rows, i)];
        labels[i] = grove_dataset_labels(a->data)[row_at(rows, i)];
    }
    const bool good = judged && labels;
    (void)error; /* says that memory is short */
    if (good) {
        grove_judged_metrics(judged, labels, NULL, count, grove_schema_majority(a->schema),
                             metrics);
    }
    free(judged);
    free(labels);
    return good ? GROVE_OK : GROVE_NO_MEMORY;
}

static grove_status measure_classes(const answers *a, const size_t *rows, size_t count,
                                    grove_metrics *metrics, grove_error *error) {
    float *p = calloc(count + 1, a->classes * sizeof *p);
    grove_id *labels = calloc(count + 1, sizeof *labels);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t i = 0; p && labels && i < count; i++) {
        const size_t row = row_at(rows, i);
        memcpy(p + i * a->classes, a->probabilities + row * a->classes, a->classes * sizeof *p);
        labels[i] = grove_dataset_labels(a->data)[row];
    }
    if (p && labels) {
        status = grove_classification_metrics(
            p, labels, count, a->classes, grove_schema_majority(a->schema), NULL, metrics, error);
    }
    free(p);
    free(labels);
    return status;
}

static grove_status measure_sets(const answers *a, const size_t *rows, size_t count,
                                 grove_metrics *metrics, grove_error *error) {
    float *p = calloc(count + 1, a->classes * sizeof *p);
    unsigned char *truth = truth_of_sets(a->data, rows, count, a->classes);
    unsigned char *usual = usual_set(a->schema, a->classes);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t i = 0; p && i < count; i++) {
        memcpy(p + i * a->classes, a->probabilities + row_at(rows, i) * a->classes,
               a->classes * sizeof *p);
    }
    if (p && truth && usual) {
        status = grove_set_metrics(p, truth, NULL, count, a->classes, a->threshold, usual, NULL,
                                   metrics, error);
    }
    free(p);
    free(truth);
    free(usual);
    return status;
}

int measure_answers(const char *command, const answers *a, const size_t *rows, size_t count,
                    grove_metrics *metrics) {
    grove_error error = {.message = "out of memory"};
    const bool sets = grove_schema_target(a->schema) == GROVE_TARGET_SET;
    grove_status status = (a->numbers  ? measure_numbers
                           : sets      ? measure_sets
                           : a->judged ? measure_judged
                                       : measure_classes)(a, rows, count, metrics, &error);
    return status == GROVE_OK ? EXIT_DONE : complain(command, code_of_data(status), error.message);
}
