/* SPDX-License-Identifier: MIT
 *
 * autoencoder.c - grove autoencoder: learns a vector for each row of a table, without labels.
 */
#include "autoencoder.h"

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "splits.h"

typedef struct job {
    const options *o;
    grove_table *table;
    grove_schema *schema;
    grove_split split;
    grove_dataset *data;
    grove_rows train, valid;
    grove_autoencoder model;
    grove_autoencoder_result result;
    json_t *train_losses, *valid_losses;
    restored restored; /* of the rows for validation */
    grove_error error;
} job;

static void free_autoencoder_job(job *j) {
    free_restored(&j->restored);
    grove_autoencoder_free(&j->model);
    grove_dataset_free(j->data);
    grove_split_free(&j->split);
    grove_schema_free(j->schema);
    grove_table_free(j->table);
    json_decref(j->train_losses);
    json_decref(j->valid_losses);
}

static int failed(const job *j, grove_status status) {
    return complain("autoencoder", code_of_data(status), j->error.message);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int prepare(job *j) {
    const grove_encode_options plain = {0};
    int code = check_output("autoencoder", j->o->out);
    code = code ? code : read_table("autoencoder", j->o->files[0], j->o, &j->table);
    if (code != EXIT_DONE) {
        return code;
    }
    grove_status status = guess_columns(j->o, j->table, GROVE_TARGET_CLASS, &j->schema, &j->error);
    status = status ? status : make_split(j->o, j->table, NULL, &j->split, &j->error);
    if (status == GROVE_OK) {
        status =
            grove_schema_fit(j->schema, j->table, j->split.train, j->split.train_count, &j->error);
    }
    if (status == GROVE_OK) {
        status = grove_schema_encode(j->schema, j->table, &plain, &j->data, &j->error);
    }
    j->train = (grove_rows){j->data, j->split.train, j->split.train_count};
    j->valid = (grove_rows){j->data, j->split.valid, j->split.valid_count};
    if (status == GROVE_OK) {
        const grove_autoencoder_options how = {.code = j->o->code,
                                               .hidden = j->o->hidden.items,
                                               .hidden_count =
                                                   j->o->hidden.count > 0 ? j->o->hidden.count : 0,
                                               .corrupt = j->o->corrupt,
                                               .seed = (uint64_t)j->o->seed};
        status = grove_autoencoder_new(j->schema, &how, &j->model, &j->error);
    }
    return status == GROVE_OK ? EXIT_DONE : failed(j, status);
}

/* ---- training -------------------------------------------------------------------------------- */

static bool show_epoch(void *user, const grove_autoencoder_progress *p) {
    job *j = user;
    json_array_append_new(j->train_losses, json_number(p->train_loss));
    if (j->valid.count > 0) {
        json_array_append_new(j->valid_losses, json_number(p->valid_loss));
    }
    if (strcmp(j->o->progress, "none") != 0) {
        fprintf(stderr, "epoch %2d of %d: training loss %.4f", p->epoch, p->epochs, p->train_loss);
        if (j->valid.count > 0) {
            fprintf(stderr, ", validation loss %.4f%s", p->valid_loss,
                    p->is_best ? " (the best so far)" : "");
        }
        fprintf(stderr, "\n");
    }
    return true;
}

static int fit(job *j) {
    const options *o = j->o;
    const grove_autoencoder_fit_options how = {.epochs = (int)o->epochs,
                                               .patience = (int)o->patience,
                                               .batch = o->batch,
                                               .rate = o->rate,
                                               .seed = (uint64_t)o->seed,
                                               .threads = (int)o->threads,
                                               .go_on = show_epoch,
                                               .user = j};
    j->train_losses = json_array();
    j->valid_losses = json_array();
    grove_status status = grove_autoencoder_fit(&j->model, j->schema, j->train, j->valid, &how,
                                                &j->result, &j->error);
    if (status == GROVE_OK) {
        status = restore_rows(j->model.graph, j->schema, j->valid, (int)o->threads, &j->restored,
                              &j->error);
    }
    return status == GROVE_OK ? EXIT_DONE
                              : complain("autoencoder", EXIT_RUN_TIME, j->error.message);
}

static json_t *json_training(const job *j) {
    return json_pack("{s:I, s:I, s:I, s:i, s:i, s:O, s:O}", "rows", (json_int_t)j->train.count,
                     "validation_rows", (json_int_t)j->valid.count, "seed", (json_int_t)j->o->seed,
                     "epochs", j->result.epochs, "best_epoch", j->result.best_epoch,
                     "training_loss", j->train_losses, "validation_loss", j->valid_losses);
}

static int save(job *j) {
    char *training = json_write(json_training(j), JSON_COMPACT);
    const grove_metadata texts[] = {{"training", training}};
    const grove_tensor outputs[] = {j->model.code, j->model.errors, j->model.hits};
    const grove_save_options how = {.schema = j->schema, .metadata = texts, .metadata_count = 1};
    if (!training) {
        return complain("autoencoder", EXIT_RUN_TIME, "out of memory");
    }
    const grove_status status = grove_save(j->o->out, outputs, 3, &how, &j->error);
    free(training);
    return status == GROVE_OK ? EXIT_DONE
                              : complain("autoencoder", EXIT_RUN_TIME, j->error.message);
}

/* ---- the report ------------------------------------------------------------------------------ */

static int report(const job *j) {
    char rows[40];
    const restored *r = &j->restored;
    const bool measured = j->valid.count > 0;
    if (j->o->json) {
        json_t *object = json_training(j);
        json_object_set_new(object, "schema", json_integer(1));
        json_object_set_new(object, "model", json_string(j->o->out));
        json_object_set_new(object, "code", json_integer(j->o->code));
        json_object_set_new(object, "columns",
                            measured ? json_restored(j->schema, r) : json_null());
        return print_json("autoencoder", object);
    }
    printf("\ntrained on %s rows for %d epoch%s; ", with_commas(rows, (int64_t)j->train.count),
           j->result.epochs, j->result.epochs == 1 ? "" : "s");
    if (measured) {
        printf("the best was epoch %d\n\non rows that were not trained on:\n",
               j->result.best_epoch);
        print_restored(j->schema, r);
    } else {
        printf("there were no rows to validate on, so the last weights are kept\n");
    }
    printf("\nmodel written to %s\n", j->o->out);
    return EXIT_DONE;
}

int run_autoencoder(const options *o) {
    job j = {.o = o};
    int code = prepare(&j);
    if (code == EXIT_DONE && !o->json && !print_columns(j.schema, j.table)) {
        code = complain("autoencoder", EXIT_RUN_TIME, "out of memory");
    }
    fflush(stdout);
    code = code ? code : fit(&j);
    code = code ? code : save(&j);
    code = code ? code : report(&j);
    free_autoencoder_job(&j);
    return code;
}
