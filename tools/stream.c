/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "memory.h"
#include "task.h"

static const char *folder_of_temporaries(void) {
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

static bool is_asked_for(const options *o) {
    return o->stream || o->cache;
}

static bool is_quiet(const options *o) {
    return o->json || strcmp(o->progress, "none") == 0;
}

static bool schema_says_sets(const options *o) {
    grove_target_kind task;
    char reason[GROVE_REASON_SIZE];
    return o->wishes && o->label && task_is_given(o, &task, reason) && task == GROVE_TARGET_SET;
}

const char *stream_obstacle(const options *o) {
    return o->split && strcmp(o->split, "stratified") != 0 ? "--split"
           : o->split_out                                  ? "--split-out"
           : o->weight_column                              ? "--weight-column"
           : strcmp(o->task, "multilabel") == 0            ? "--task multilabel"
           : o->label_split                                ? "--label-split"
           : schema_says_sets(o)                           ? "a schema of several labels a row"
           : o->bag.count > 0                              ? "--bag"
           : o->text.count > 0                             ? "--text"
                                                           : NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_source(const options *o, const char *name, grove_source **source) {
    grove_error error = {0};
    const grove_csv_options csv = csv_options_of(o);
    if (grove_source_open(name, &csv, folder_of_temporaries(), source, &error) != GROVE_OK) {
        return complain("train", code_of_source(name, error.status), error.message);
    }
    return EXIT_DONE;
}

/* What the table would take in memory; 0 where the size of the text is not known. */
static int weigh_table(const options *o, const char *name, double *bytes) {
    grove_source *source = NULL;
    grove_error error = {0};
    const grove_table *block;
    int code = open_source(o, name, &source);
    *bytes = 0;
    if (code == EXIT_DONE && grove_source_bytes(source) > 0) {
        if (grove_source_next(source, &block, &error) != GROVE_OK) {
            code = complain("train", code_of_data(error.status), error.message);
        } else {
            *bytes = table_memory(block, (double)grove_source_bytes(source));
        }
    }
    grove_source_free(source);
    return code;
}

static int tell_way(const options *o, double wanted) {
    char sentence[400];
    const char *obstacle = stream_obstacle(o);
    if (obstacle) {
        snprintf(sentence, sizeof sentence,
                 "the table does not fit in the %.1f MB of --max-memory, and %s needs it whole: "
                 "without it, rows can be streamed",
                 o->max_memory / 1e6, obstacle);
        return complain("train", EXIT_RUN_TIME, sentence);
    }
    if (!is_quiet(o) && wanted > 0) {
        fprintf(stderr,
                "grove train: note: the table would take about %.0f MB, more than the %.0f MB of "
                "--max-memory: rows are streamed\n",
                wanted / 1e6, o->max_memory / 1e6);
    } else if (!is_quiet(o)) {
        fprintf(stderr, "grove train: note: how large the table is shows only when it is read: "
                        "rows are streamed, for --max-memory\n");
    }
    return EXIT_DONE;
}

int stream_open(stream *s, const options *o) {
    double wanted = 0, more = 0;
    int code = EXIT_DONE;
    if (!is_asked_for(o) && o->max_memory == 0) {
        return EXIT_DONE;
    }
    if (is_asked_for(o) && schema_says_sets(o)) { /* the options alone were looked at before */
        return complain("train", EXIT_USAGE,
                        "a schema of several labels a row needs the table whole: it does not go "
                        "with --stream and --cache");
    }
    if (!is_asked_for(o)) {
        const bool piped = strcmp(o->files[0], "-") == 0;
        code = piped ? EXIT_DONE : weigh_table(o, o->files[0], &wanted);
        if (code == EXIT_DONE && o->valid && wanted > 0) {
            code = weigh_table(o, o->valid, &more);
            wanted = more > 0 ? wanted + more : 0;
        }
        if (code != EXIT_DONE || (wanted > 0 && wanted + PROCESS_MEMORY <= o->max_memory)) {
            return code;
        }
        code = tell_way(o, wanted);
    }
    if (code == EXIT_DONE) {
        code = open_source(o, o->files[0], &s->source);
    }
    if (code == EXIT_DONE && o->valid) {
        code = open_source(o, o->valid, &s->valid);
    }
    if (code == EXIT_DONE && !is_quiet(o) && strcmp(o->files[0], "-") == 0) {
        fprintf(
            stderr,
            "grove train: note: standard input was copied to a temporary file in %s, to be read "
            "more than once\n",
            folder_of_temporaries());
    }
    return code;
}

void stream_close(stream *s) {
    grove_row_file_free(s->rows);
    grove_source_free(s->source);
    grove_source_free(s->valid);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static grove_status survey(stream *s, const options *o, grove_target_kind target,
                           grove_schema **schema, grove_error *error) {
    enum { PARTS = 3 }; /* of the memory: values as they are met, and in their order; the rest */
    grove_schema_options wishes = schema_options_of(o);
    wishes.target = target;
    s->holdout =
        (grove_holdout){.share = o->valid ? 0 : o->valid_fraction, .seed = (uint64_t)o->seed};
    grove_status status =
        grove_survey_source(s->source, &wishes, &s->holdout, (size_t)(o->max_memory / PARTS),
                            schema, &s->surveyed, error);
    return status == GROVE_OK && s->valid ? grove_count_source(s->valid, &s->counted, error)
                                          : status;
}

/* Takes the rows that are there, or writes them. */
static grove_status keep_rows(stream *s, const char *path, const grove_row_file_plan *plan,
                              grove_error *error) {
    grove_atomic_file file;
    grove_status status = grove_row_file_open(path, plan, &s->rows, error);
    s->reused = status == GROVE_OK;
    if (status != GROVE_NOT_FOUND) {
        return status;
    }
    grove_error none = {0};
    grove_atomic_begin(&file, NULL, path, &none); /* its mistake sticks */
    status = grove_row_file_write(plan, to_atomic_file, &file, error);
    if (status == GROVE_BAD_DATA || status == GROVE_NO_MEMORY) {
        grove_atomic_abort(&file);
        return status;
    }
    status = grove_atomic_commit(&file, error);
    return status == GROVE_OK ? grove_row_file_open(path, plan, &s->rows, error) : status;
}

static grove_status make_rows(stream *s, const options *o, const grove_schema *schema,
                              grove_error *error) {
    const grove_row_file_plan plan = {.schema = schema,
                                      .source = s->source,
                                      .surveyed = &s->surveyed,
                                      .holdout = &s->holdout,
                                      .valid = s->valid,
                                      .valid_counted = &s->counted};
    s->written = (double)grove_row_file_size(&plan);
    return o->cache ? keep_rows(s, o->cache, &plan, error)
                    : grove_row_file_temporary(&plan, folder_of_temporaries(), &s->rows, error);
}

static int code_of(grove_status status) {
    return status == GROVE_NO_FILE || status == GROVE_BAD_FILE ? EXIT_RUN_TIME
                                                               : code_of_data(status);
}

static void tell_rows(const stream *s, const options *o) {
    char rows[40];
    fprintf(stderr,
            "grove train: note: %s rows lie in %.1f MB of %s%s%s; which are validated on is drawn "
            "row by row, not class by class, and leaks are not looked for\n",
            with_commas(rows, (int64_t)(s->surveyed.rows + s->counted.rows)), s->written / 1e6,
            o->cache ? o->cache : folder_of_temporaries(), s->reused ? ", which had them" : "",
            s->valid ? " (with those of --valid)" : "");
}

/* The values of the label as a table of their own, to be judged as those of a table held whole. */
static grove_status guess_task(const grove_schema *schema, const char *label,
                               grove_target_kind *task, char reason[GROVE_REASON_SIZE],
                               grove_error *error) {
    const size_t column = (size_t)grove_schema_label(schema);
    grove_table *table = NULL;
    grove_status status = grove_table_new(&label, 1, NULL, &table, error);
    for (int32_t id = 0; id < grove_schema_ids(schema, column) && status == GROVE_OK; id++) {
        const grove_cell value = grove_schema_value(schema, column, id);
        char *text = strndup(value.bytes, value.length);
        const char *cells[] = {text ? text : ""};
        status = grove_table_append(table, cells, error);
        free(text);
    }
    status = status == GROVE_OK ? grove_guess_target(table, label, task, reason, error) : status;
    grove_table_free(table);
    return status;
}

/* As the first block has it: numbers that are to be predicted are not held as some thousands of
 * classes until all have been met. */
static grove_status look_at_first(stream *s, const options *o, grove_target_kind *target,
                                  char reason[GROVE_REASON_SIZE], grove_error *error) {
    const grove_table *block = NULL;
    grove_status status = grove_source_next(s->source, &block, error);
    *target = GROVE_TARGET_CLASS;
    return status == GROVE_OK && block ? grove_guess_target(block, o->label, target, reason, error)
                                       : status;
}

/* Classes of the first block may turn out to be numbers; then they are surveyed anew. */
static grove_status survey_guessed(stream *s, const options *o, grove_schema **schema,
                                   grove_target_kind *target, char reason[GROVE_REASON_SIZE],
                                   grove_error *error) {
    grove_status status = look_at_first(s, o, target, reason, error);
    if (status == GROVE_OK) {
        status = survey(s, o, *target, schema, error);
    }
    if (status != GROVE_OK || *target != GROVE_TARGET_CLASS) {
        return status;
    }
    status = guess_task(*schema, o->label, target, reason, error);
    if (status == GROVE_OK && *target != GROVE_TARGET_CLASS) {
        grove_schema_free(*schema);
        return survey(s, o, *target, schema, error);
    }
    snprintf(reason, GROVE_REASON_SIZE, "the label is text, codes, or few different numbers");
    return status;
}

int stream_survey(stream *s, const options *o, grove_schema **schema, grove_target_kind *target,
                  char reason[GROVE_REASON_SIZE]) {
    grove_error error = {0};
    grove_status status = task_is_given(o, target, reason)
                              ? survey(s, o, *target, schema, &error)
                              : survey_guessed(s, o, schema, target, reason, &error);
    if (status != GROVE_OK) {
        return complain("train", code_of(status), error.message);
    }
    return s->surveyed.train_rows > 0
               ? EXIT_DONE
               : complain("train", EXIT_BAD_DATA, "there are no rows to train on");
}

int stream_rows(stream *s, const options *o, const grove_schema *schema) {
    grove_error error = {0};
    grove_status status = make_rows(s, o, schema, &error);
    if (status != GROVE_OK) {
        return complain("train", code_of(status), error.message);
    }
    tell_bad_rows("train", grove_source_table(s->source));
    if (!is_quiet(o)) {
        tell_rows(s, o);
    }
    return EXIT_DONE;
}

json_t *json_stream_split(const stream *s) {
    if (s->valid) {
        return json_null();
    }
    return json_pack("{s:s, s:I, s:I, s:I}", "by", "hash", "training_rows",
                     (json_int_t)s->surveyed.train_rows, "validation_rows",
                     (json_int_t)s->surveyed.valid_rows, "test_rows", (json_int_t)0);
}
