/* SPDX-License-Identifier: MIT */
#include "refit.h"

#include <stdlib.h>
#include <string.h>

#include "unknown.h"

static bool is_named(const options *o) {
    return o->split && (strncmp(o->split, "column:", 7) == 0 || strncmp(o->split, "file:", 5) == 0);
}

const char *refit_obstacle(const job *j) {
    return j->stream.source      ? "rows that are streamed are trained on once"
           : j->valid_table      ? "the rows for validation have a file of their own"
           : j->valid.count == 0 ? "there are no rows for validation"
           : j->settings.given[GROVE_SETTING_REFIT] ? NULL
           : is_named(j->o)                         ? "the rows for validation were named"
           : j->o->split_out                        ? "the rows for validation are written down"
                                                    : NULL;
}

grove_status decide_refit(job *j) {
    const char *obstacle = refit_obstacle(j);
    if (!obstacle || !j->settings.refit) {
        return GROVE_OK;
    }
    if (j->settings.given[GROVE_SETTING_REFIT]) {
        j->error.status = GROVE_BAD_DATA;
        snprintf(
            j->error.message, sizeof j->error.message,
            "--refit yes trains on the validation rows, too, and %s; --refit no trains without",
            obstacle);
        return GROVE_BAD_DATA;
    }
    j->settings.refit = false;
    snprintf(j->settings.reason[GROVE_SETTING_REFIT], sizeof *j->settings.reason, "%s", obstacle);
    return GROVE_OK;
}

/* Both ascend. */
static void merge(const grove_split *parts, size_t *rows) {
    size_t t = 0, v = 0, count = parts->train_count + parts->valid_count;
    for (size_t i = 0; i < count; i++) {
        const bool first = v == parts->valid_count ||
                           (t < parts->train_count && parts->train[t] < parts->valid[v]);
        rows[i] = first ? parts->train[t++] : parts->valid[v++];
    }
}

grove_status open_refit(job *j, job *whole) {
    const size_t count = j->split.train_count + j->split.valid_count;
    options once = *j->o;
    once.refit = "no";
    *whole = (job){.command = j->command, .o = &once, .table = j->table};
    whole->split.train = malloc((count + 1) * sizeof *whole->split.train);
    if (!whole->split.train) {
        j->error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
        return GROVE_NO_MEMORY;
    }
    merge(&j->split, whole->split.train);
    whole->split.train_count = count;
    grove_status status = prepare_job(whole);
    whole->o = j->o;
    if (status != GROVE_OK) {
        j->error = whole->error;
    } else if (keep_policies(j->command, j->o, whole->schema) != EXIT_DONE) {
        /* All else was found wrong the first time. */
        j->error = (grove_error){.status = GROVE_NO_MEMORY, .message = "out of memory"};
        status = GROVE_NO_MEMORY;
    }
    return status;
}

void close_refit(job *whole) {
    free(whole->split.train);
    whole->split = (grove_split){0};
    whole->table = NULL;
    free_job(whole);
}

void take_refit(job *j, job *whole) {
    grove_classifier_free(&j->classifier);
    free_weights(&j->weights);
    grove_dataset_free(j->data);
    grove_schema_free(j->schema);
    j->classifier = whole->classifier;
    j->weights = whole->weights;
    j->data = whole->data;
    j->schema = whole->schema;
    j->train.dataset = j->valid.dataset = j->data;
    j->refit_rows = whole->train.count;
    whole->classifier = (grove_classifier){0};
    whole->weights = (weights){0};
    whole->data = NULL;
    whole->schema = NULL;
}
