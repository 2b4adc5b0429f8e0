/* SPDX-License-Identifier: MIT
 *
 * train.c - grove train: read, guess, split, fit, train, save, report.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "job.h"
#include "leaks.h"
#include "linear.h"
#include "memory.h"
#include "refit.h"
#include "resume.h"
#include "sets.h"
#include "settings.h"
#include "softmax.h"
#include "splits.h"
#include "tables.h"
#include "task.h"
#include "train_report.h"
#include "unknown.h"

void free_job(job *j) {
    grove_classifier_free(&j->classifier);
    resume_close(&j->resume);
    free_weights(&j->weights);
    grove_leaks_free(&j->leaks);
    grove_logistic_free(&j->linear);
    history_free(&j->history);
    grove_dataset_free(j->data);
    grove_dataset_free(j->valid_data);
    grove_split_free(&j->split);
    grove_schema_free(j->schema);
    grove_table_free(j->table);
    grove_table_free(j->valid_table);
    stream_close(&j->stream);
}

/* Of sets the rarest class of each row stands for its label. */
static grove_status split_by_rarest(job *j) {
    label_sets sets = {NULL, NULL};
    grove_table *strata = NULL;
    grove_status status = read_sets(j->o, j->table, &sets, &j->error);
    status = status ? status : strata_of_sets(&sets, &strata, &j->error);
    status = status ? status : make_split(j->o, strata, STRATUM, &j->split, &j->error);
    grove_table_free(strata);
    free_sets(&sets);
    return status;
}

/* Without a file of their own, the validation rows are a part of the data. */
static grove_status split(job *j) {
    if (j->valid_table || j->split.train) {
        return GROVE_OK;
    }
    return splits_by_rarest(j) ? split_by_rarest(j)
                               : make_split(j->o, j->table, strata_of(j), &j->split, &j->error);
}

static grove_status encode(job *j) {
    grove_encode_options labelled = {.label_required = true};
    grove_status status = grove_schema_encode(j->schema, j->table, &labelled, &j->data, &j->error);
    if (status == GROVE_OK && j->valid_table) {
        status =
            grove_schema_encode(j->schema, j->valid_table, &labelled, &j->valid_data, &j->error);
    }
    if (status != GROVE_OK) {
        return status;
    }
    j->train = (grove_rows){j->data, j->split.train, j->split.train_count};
    j->valid = (grove_rows){j->data, j->split.valid, j->split.valid_count};
    tell_unknown_classes(j->command, j->data, "the training rows do", "they are left out");
    if (j->valid_table) {
        tell_unknown_classes(j->command, j->valid_data, "the training rows do",
                             "they are left out");
        j->train = (grove_rows){j->data, NULL, grove_dataset_rows(j->data)};
        j->valid = (grove_rows){j->valid_data, NULL, grove_dataset_rows(j->valid_data)};
    }
    return GROVE_OK;
}

static grove_status choose_settings(job *j) {
    grove_status status = given_settings(j->o, j->schema, &j->settings, &j->error);
    if (status == GROVE_OK) {
        settle_softmax(j->o, &j->settings);
        status = grove_choose_settings(j->schema, j->train, &j->settings, &j->error);
        explain_softmax(j->o, &j->settings);
        explain_bayesian(j->o, &j->settings);
    }
    if (status == GROVE_OK) {
        settle_boosting(j->o, j->train.count, &j->settings);
    }
    return status == GROVE_OK ? decide_refit(j) : status;
}

grove_status prepare_job(job *j) {
    grove_status status = decide_task(j);
    if (status == GROVE_OK) {
        status = guess_feature_columns(j->o, j->table, j->target, &j->schema, &j->error);
    }
    if (status == GROVE_OK) {
        status = split(j);
    }
    if (status == GROVE_OK) {
        size_t rows = j->valid_table ? grove_table_rows(j->table) : j->split.train_count;
        status = grove_schema_fit(j->schema, j->table, j->split.train, rows, &j->error);
    }
    if (status == GROVE_OK) {
        status = encode(j);
    }
    if (status == GROVE_OK) {
        status = make_weights(j->o, j->table, j->valid_table, j->schema, &j->train, &j->weights,
                              &j->error);
    }
    return status == GROVE_OK ? choose_settings(j) : status;
}

grove_status find_leaks(job *j) {
    const bool tests = j->split.test_count > 0;
    const grove_rows seen = j->train, measured = j->valid;
    const grove_table *other = j->valid_table ? j->valid_table : j->table;
    grove_status status = grove_find_leaks(
        j->schema, j->table, seen.rows, seen.count, other, tests ? j->split.test : measured.rows,
        tests ? j->split.test_count : measured.count, NULL, &j->leaks, &j->error);
    if (status == GROVE_OK) {
        print_leaks(j->command, j->table, &j->leaks, j->target == GROVE_TARGET_CLASS,
                    tests ? "test" : "validation");
    }
    return status;
}

static grove_status save(job *j) {
    const bool linear = j->linear.weights != NULL;
    char *training = history_text(&j->history, &j->result, j->train.count, j->valid.count,
                                  j->refit_rows, j->o->seed);
    char *baseline = linear ? linear_text(&j->linear) : NULL;
    const bool boosted = j->boosting.result.stages > 0;
    char *stages = boosted ? boosting_text(&j->boosting) : NULL;
    grove_metadata texts[3] = {{"training", training}};
    size_t count = 1;
    if (boosted) {
        texts[count++] = (grove_metadata){"boosting", stages};
    }
    if (linear) {
        texts[count++] = (grove_metadata){"baseline", baseline};
    }
    grove_save_options options = {.schema = j->schema, .metadata = texts, .metadata_count = count};
    grove_status status = GROVE_NO_MEMORY;
    snprintf(j->error.message, sizeof j->error.message, "out of memory");
    if (training && (baseline || !linear) && (stages || !boosted)) {
        status = grove_save(j->o->out, &j->classifier.answer, 1, &options, &j->error);
    }
    free(training);
    free(stages);
    free(baseline);
    return status;
}

static grove_status save_split(job *j) {
    return j->o->split_out ? write_split(&j->split, j->o->split_out, &j->error) : GROVE_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int read_tables(job *j) {
    int code = check_output("train", j->o->out);
    if (code == EXIT_DONE && j->o->split_out) {
        code = check_output("train", j->o->split_out);
    }
    if (code == EXIT_DONE) {
        code = resume_open(&j->resume, j->o);
    }
    if (code == EXIT_DONE && j->o->cache) {
        code = check_output("train", j->o->cache);
    }
    if (code == EXIT_DONE) {
        code = stream_open(&j->stream, j->o);
    }
    const bool held = !j->stream.source;
    if (code == EXIT_DONE && held) {
        code = read_table("train", j->o->files[0], j->o, &j->table);
    }
    if (code == EXIT_DONE && held && j->o->valid) {
        code = read_table("train", j->o->valid, j->o, &j->valid_table);
    }
    return code;
}

/* Rows of a table that is held. */
static int prepare_held(job *j) {
    grove_status status = prepare_job(j);
    if (status == GROVE_OK) {
        status = find_leaks(j);
    }
    return status == GROVE_OK ? EXIT_DONE
                              : complain("train", code_of_data(status), j->error.message);
}

/* Before rows are written. */
static int survey_streamed(job *j) {
    int code = stream_survey(&j->stream, j->o, &j->schema, &j->target, j->reason);
    return code != EXIT_DONE || check_task(j) == GROVE_OK
               ? code
               : complain("train", code_of_data(j->error.status), j->error.message);
}

static int prepare_streamed(job *j) {
    int code = survey_streamed(j);
    if (code == EXIT_DONE) {
        code = stream_rows(&j->stream, j->o, j->schema);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    const grove_row_file *rows = j->stream.rows;
    j->train.dataset = grove_row_file_dataset(rows, GROVE_PART_TRAIN);
    j->train.count = grove_row_file_rows(rows, GROVE_PART_TRAIN);
    j->valid.dataset = grove_row_file_dataset(rows, GROVE_PART_VALID);
    j->valid.count = grove_row_file_rows(rows, GROVE_PART_VALID);
    grove_status status =
        make_weights(j->o, NULL, NULL, j->schema, &j->train, &j->weights, &j->error);
    if (status == GROVE_OK) {
        status = choose_settings(j);
    }
    return status == GROVE_OK ? EXIT_DONE
                              : complain("train", code_of_data(status), j->error.message);
}

static int plan_memory(job *j) {
    if (!plans_memory(j)) {
        return EXIT_DONE;
    }
    const int code = plan_model(j, j->o->max_memory, &j->planned);
    if (code != EXIT_DONE) {
        return code;
    }
    const memory_estimate memory = estimate_memory(j);
    if (!j->planned.too_much && !j->o->json && strcmp(j->o->progress, "none") != 0) {
        print_estimate(&memory, j->o->max_memory);
    }
    return check_memory(&memory, j);
}

static int run_job(job *j) {
    int code = read_tables(j);
    if (code == EXIT_DONE) {
        code = j->stream.source ? prepare_streamed(j) : prepare_held(j);
    }
    if (code == EXIT_DONE) {
        code = keep_policies("train", j->o, j->schema);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    if (!j->o->json) {
        print_separator(j->o, names_of_columns(j));
        if (!print_columns(j->schema, j->table)) {
            return complain("train", EXIT_RUN_TIME, "out of memory");
        }
        print_task(j);
    }
    fflush(stdout);
    code = plan_memory(j);
    if (code != EXIT_DONE) {
        return code;
    }
    code = epoch_log_open(&j->log, j->o->log);
    if (code == EXIT_DONE) {
        code = train_job(j);
    }
    if (code == EXIT_DONE && !j->stream.source) {
        code = fit_linear(j);
    }
    int log_code = epoch_log_close(&j->log, j->o->log);
    if (code == EXIT_DONE && (save(j) != GROVE_OK || save_split(j) != GROVE_OK)) {
        code = complain("train", EXIT_RUN_TIME, j->error.message);
    }
    if (code == EXIT_DONE) {
        resume_drop(&j->resume);
        code = log_code;
    }
    return code == EXIT_DONE ? report_training(j) : code;
}

int run_train(const options *o) {
    job j = {.command = "train", .o = o, .tells = !o->json};
    j.profile = (grove_fit_profile){.times = j.times, .room = PROFILE_OPS};
    int code = run_job(&j);
    free_job(&j);
    return code;
}
