/* SPDX-License-Identifier: MIT
 *
 * train_report.c - what grove train tells when it is done, in words or as JSON.
 */
#include "train_report.h"

#include <inttypes.h>

#include "columns.h"
#include "leaks.h"
#include "linear.h"
#include "memory.h"
#include "progress.h"
#include "settings.h"
#include "splits.h"
#include "tables.h"
#include "task.h"

bool plans_memory(const job *j) {
    return j->stream.source || j->o->max_memory > 0;
}

static json_t *json_profile(const job *j) {
    const grove_fit_profile *p = &j->profile;
    json_t *ops = json_array();
    for (size_t i = 0; i < p->count; i++) {
        const grove_op_time *t = &p->times[i];
        json_array_append_new(ops, json_pack("{s:s, s:I, s:f, s:f}", "op", t->op, "runs",
                                             (json_int_t)(t->steps * t->runs), "seconds",
                                             t->seconds, "bytes", t->bytes));
    }
    return json_pack("{s:I, s:f, s:f, s:I, s:I, s:I, s:o}", "steps", (json_int_t)p->steps,
                     "seconds", profile_seconds(p->times, p->count), "training_seconds", j->seconds,
                     "block_bytes", (json_int_t)p->plan.block_bytes, "block_bound_bytes",
                     (json_int_t)p->plan.bound_bytes, "peak_memory_bytes",
                     (json_int_t)peak_memory(), "ops", ops);
}

static void report_profile(const job *j) {
    const grove_fit_profile *p = &j->profile;
    char steps[40];
    double seconds = profile_seconds(p->times, p->count);
    printf("\nwhere the time of the training steps went:\n");
    print_profile(p->times, p->count);
    printf("\n%s step%s of %.1f us took %.3f s of %.3f s; the rest went into batches and "
           "validation\n",
           with_commas(steps, (int64_t)p->steps), p->steps == 1 ? "" : "s",
           seconds / (double)p->steps * 1e6, seconds, j->seconds);
    printf("memory: %.2f MB for what a step computes (at least %.2f MB live at one time), %.1f MB "
           "for the process at its peak\n",
           (double)p->plan.block_bytes / 1e6, (double)p->plan.bound_bytes / 1e6,
           peak_memory() / 1e6);
}

const grove_table *names_of_columns(const job *j) {
    return j->stream.source ? grove_source_table(j->stream.source) : j->table;
}

static int report_json(job *j) {
    grove_metrics linear = {0};
    json_t *object = json_pack(
        "{s:i, s:s, s:I, s:o, s:o, s:i, s:i, s:o}", "schema", 1, "model", j->o->out,
        "training_rows", (json_int_t)j->train.count, "separator",
        json_separator(names_of_columns(j)), "columns",
        json_add_tables(json_columns(j->schema, j->table), j->schema, j->classifier.graph),
        "epochs", j->result.epochs, "best_epoch", j->result.best_epoch, "training_loss",
        json_number(j->result.train_loss));
    json_object_set_new(object, "task", json_task(j));
    json_object_set_new(object, "settings", json_settings(&j->settings));
    if (j->boosting.result.stages > 0) {
        json_object_set_new(object, "boosting", json_boosting(&j->boosting));
    }
    json_object_set_new(object, "members", json_integer(j->members));
    json_object_set_new(object, "refit_rows",
                        j->refit_rows ? json_integer((json_int_t)j->refit_rows) : json_null());
    json_object_set_new(object, "stopped_by_time_limit", json_boolean(j->is_late));
    json_object_set_new(
        object, "warnings",
        json_leaks(names_of_columns(j), &j->leaks, j->target == GROVE_TARGET_CLASS));
    json_object_set_new(object, "split",
                        j->stream.source ? json_stream_split(&j->stream)
                                         : json_split(j->o, &j->split));
    json_object_set_new(object, "weights", json_weights(j->o, j->schema, &j->weights));
    json_object_set_new(object, "validation",
                        j->valid.count > 0 ? json_metrics(&j->result.valid) : json_null());
    json_object_set_new(object, "linear",
                        linear_on_valid(j, &linear) ? json_metrics(&linear) : json_null());
    if (j->o->profile) {
        json_object_set_new(object, "profile", json_profile(j));
    }
    if (plans_memory(j)) {
        const memory_estimate memory = estimate_memory(j);
        json_object_set_new(object, "memory", json_memory_of(&memory, j));
    }
    return print_json("train", object);
}

int report_training(job *j) {
    char rows[40];
    grove_metrics linear = {0};
    if (j->o->json) {
        return report_json(j);
    }
    const char *word = j->boosting.result.stages > 0 ? "stage" : "epoch";
    printf("\ntrained on %s rows, %d %s%s; ", with_commas(rows, (int64_t)j->train.count),
           j->result.epochs, word, j->result.epochs == 1 ? "" : "s");
    if (j->valid.count == 0) {
        printf("there were no rows to validate on, so the last weights are kept\n");
    } else {
        printf("the best was %s %d\n", word, j->result.best_epoch);
    }
    if (j->boosting.result.stages > 0) {
        json_t *told = json_boosting(&j->boosting);
        print_boosting(told);
        json_decref(told);
    }
    if (j->refit_rows > 0) {
        printf("then anew on all %s rows, for as many %ss as were best: that is the model\n",
               with_commas(rows, (int64_t)j->refit_rows), word);
    }
    print_weights(j->o, j->schema, &j->weights);
    if (j->valid.count > 0) {
        printf("\non rows that were not trained on:\n");
        print_metrics(&j->result.valid);
        if (linear_on_valid(j, &linear)) {
            print_linear(&linear);
        }
    }
    if (j->o->profile) {
        report_profile(j);
    }
    if (plans_memory(j)) {
        printf("\nmemory: %.1f MB for the process at its peak\n", peak_memory() / 1e6);
    }
    print_test_rows(&j->split);
    printf("\nmodel written to %s\n", j->o->out);
    return EXIT_DONE;
}
