/* SPDX-License-Identifier: MIT
 *
 * language.c - grove language: learns which letter, or word, comes next in lines of text.
 */
#include "language.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLACES = 128 }; /* that a line is read in at once, unless --context says more */

typedef struct job {
    const options *o;
    grove_units units;
    grove_lines *lines, *valid_lines;
    size_t *order; /* [lines]: those to train on, then those to validate on */
    grove_line_rows train, valid;
    grove_schema *schema;
    grove_language language;
    grove_language_fit_result result;
    double bigram; /* the loss of the baseline; NaN without lines to validate on */
    double begin;
    json_t *train_losses, *valid_losses;
    grove_error error;
} job;

static void free_language_job(job *j) {
    grove_language_free(&j->language);
    grove_schema_free(j->schema);
    grove_lines_free(j->lines);
    grove_lines_free(j->valid_lines);
    json_decref(j->train_losses);
    json_decref(j->valid_losses);
    free(j->order);
}

int read_lines(const char *command, const char *path, grove_units units, grove_lines **lines) {
    grove_error error = {0};
    const grove_status status = grove_lines_read(path, units, NULL, lines, &error);
    return status == GROVE_OK ? EXIT_DONE : complain(command, code_of_data(status), error.message);
}

static int failed(const job *j, grove_status status) {
    return complain("language", code_of_data(status), j->error.message);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int split_lines(job *j) {
    const size_t count = grove_lines_count(j->lines);
    const double share = j->o->valid_fraction >= 0 ? j->o->valid_fraction : 0.1;
    const size_t held = j->valid_lines ? 0 : (size_t)(share * (double)count + 0.5);
    j->order = calloc(count, sizeof *j->order);
    if (!j->order) {
        return complain("language", EXIT_RUN_TIME, "out of memory");
    }
    if (held >= count) {
        return complain("language", EXIT_BAD_DATA,
                        "there are too few lines to keep some for "
                        "validation: --valid-fraction 0 keeps none");
    }
    grove_shuffle(NULL, count, (uint64_t)j->o->seed, 0, j->order);
    j->train = (grove_line_rows){j->lines, j->order, count - held};
    j->valid = (grove_line_rows){j->lines, j->order + (count - held), held};
    if (j->valid_lines) {
        j->valid = (grove_line_rows){j->valid_lines, NULL, grove_lines_count(j->valid_lines)};
    }
    return EXIT_DONE;
}

static int read_all(job *j) {
    const options *o = j->o;
    int code = check_output("language", o->out);
    code = code ? code : read_lines("language", o->files[0], j->units, &j->lines);
    if (code == EXIT_DONE && o->valid) {
        code = read_lines("language", o->valid, j->units, &j->valid_lines);
    }
    code = code ? code : split_lines(j);
    if (code != EXIT_DONE) {
        return code;
    }
    const grove_status status = grove_lines_schema(j->train, o->min_count, &j->schema, &j->error);
    return status == GROVE_OK ? EXIT_DONE : failed(j, status);
}

/* ---- the model ------------------------------------------------------------------------------- */

static grove_language_kind kind_of(const options *o) {
    return strcmp(o->language_kind, "gru") == 0   ? GROVE_LANGUAGE_GRU
           : strcmp(o->language_kind, "mlp") == 0 ? GROVE_LANGUAGE_MLP
                                                  : GROVE_LANGUAGE_TRANSFORMER;
}

static int make_model(job *j) {
    const options *o = j->o;
    const int64_t longest = (int64_t)grove_lines_longest(j->lines) + 1;
    const grove_language_kind kind = kind_of(o);
    const bool mlp = kind == GROVE_LANGUAGE_MLP;
    const int64_t usual = longest < MOST_PLACES ? longest : MOST_PLACES;
    const grove_language_options how = {.kind = kind,
                                        .units = j->units,
                                        .places = !mlp && o->context > 0 ? o->context : usual,
                                        .window = mlp ? o->context : 0,
                                        .width = o->embedding_dim,
                                        .hidden = o->language_hidden,
                                        .layers = o->layers,
                                        .heads = o->heads,
                                        .dropout = o->dropout,
                                        .seed = (uint64_t)o->seed};
    const grove_status status = grove_language_new(j->schema, &how, &j->language, &j->error);
    return status == GROVE_OK             ? EXIT_DONE
           : status == GROVE_BAD_ARGUMENT ? complain("language", EXIT_USAGE, j->error.message)
                                          : failed(j, status);
}

static int64_t parameters_of(const grove_graph *graph) {
    int64_t count = 0;
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        const grove_tensor p = grove_parameter_at(graph, i);
        count += grove_parameter_is_trainable(p) ? (int64_t)grove_parameter_size(p) : 0;
    }
    return count;
}

static void print_model(const job *j) {
    char lines[40], parameters[40], valid[40];
    const grove_language_options *how = &j->language.how;
    printf("lines       %s to train on, %s to validate on\n",
           with_commas(lines, (int64_t)j->train.count),
           with_commas(valid, (int64_t)j->valid.count));
    printf("%ss     %lld different ones; the longest line has %zu\n", grove_units_name(j->units),
           (long long)j->language.vocabulary - 2, grove_lines_longest(j->lines));
    printf("model       %s, %s parameters: %lld numbers for each %s, ",
           grove_language_name(how->kind),
           with_commas(parameters, parameters_of(j->language.graph)), (long long)how->width,
           grove_units_name(j->units));
    printf("%lld layer%s, hidden %lld", (long long)how->layers, how->layers == 1 ? "" : "s",
           (long long)how->hidden);
    if (how->kind == GROVE_LANGUAGE_TRANSFORMER) {
        printf(", %lld heads", (long long)how->heads);
    }
    printf("\nreads       ");
    if (how->kind == GROVE_LANGUAGE_MLP) {
        printf("the %lld before it\n\n", (long long)how->window);
    } else {
        printf("all before it, %lld at most\n\n", (long long)how->places);
    }
    fflush(stdout);
}

/* ---- training -------------------------------------------------------------------------------- */

static bool show_epoch(void *user, const grove_language_progress *p) {
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
    return j->o->time_limit <= 0 || seconds_now() - j->begin < j->o->time_limit;
}

static int fit(job *j) {
    const options *o = j->o;
    const grove_language_fit_options how = {.epochs = (int)o->epochs,
                                            .batch = (int)o->batch,
                                            .patience = (int)o->patience,
                                            .rate = o->rate,
                                            .decay = o->weight_decay == 0 ? -1 : o->weight_decay,
                                            .seed = (uint64_t)o->seed,
                                            .threads = (int)o->threads,
                                            .go_on = show_epoch,
                                            .user = j};
    j->begin = seconds_now();
    j->train_losses = json_array();
    j->valid_losses = json_array();
    grove_status status = grove_language_fit(&j->language, j->schema, j->train, j->valid, &how,
                                             &j->result, &j->error);
    j->bigram = (double)NAN;
    if (status == GROVE_OK && j->valid.count > 0 && j->language.vocabulary <= 8192) {
        status = grove_bigram_loss(j->schema, j->train, j->valid, NULL, &j->bigram, &j->error);
    }
    return status == GROVE_OK         ? EXIT_DONE
           : status == GROVE_BAD_DATA ? complain("language", EXIT_RUN_TIME, j->error.message)
                                      : failed(j, status);
}

static json_t *json_training(const job *j) {
    return json_pack("{s:I, s:I, s:I, s:i, s:i, s:O, s:O, s:o}", "rows", (json_int_t)j->train.count,
                     "validation_rows", (json_int_t)j->valid.count, "seed", (json_int_t)j->o->seed,
                     "epochs", j->result.epochs, "best_epoch", j->result.best_epoch,
                     "training_loss", j->train_losses, "validation_loss", j->valid_losses,
                     "bigram_loss", json_number(j->bigram));
}

static int save(job *j) {
    char *training = json_write(json_training(j), JSON_COMPACT);
    const grove_metadata texts[] = {{"training", training}};
    if (!training) {
        return complain("language", EXIT_RUN_TIME, "out of memory");
    }
    const grove_status status =
        grove_language_save(j->o->out, &j->language, j->schema, texts, 1, &j->error);
    free(training);
    return status == GROVE_OK ? EXIT_DONE : complain("language", EXIT_RUN_TIME, j->error.message);
}

/* ---- the report ------------------------------------------------------------------------------ */

static int report(const job *j) {
    const grove_language_options *how = &j->language.how;
    if (j->o->json) {
        json_t *object = json_training(j);
        json_object_set_new(object, "schema", json_integer(1));
        json_object_set_new(object, "model", json_string(j->o->out));
        json_object_set_new(object, "architecture", json_string(grove_language_name(how->kind)));
        json_object_set_new(object, "units", json_string(grove_units_name(j->units)));
        json_object_set_new(object, "vocabulary", json_integer(j->language.vocabulary - 2));
        json_object_set_new(object, "parameters", json_integer(parameters_of(j->language.graph)));
        json_object_set_new(object, "loss",
                            json_number(j->valid.count ? j->result.valid_loss : (double)NAN));
        return print_json("language", object);
    }
    printf("\ntrained for %d epoch%s", j->result.epochs, j->result.epochs == 1 ? "" : "s");
    if (j->valid.count > 0) {
        printf("; the best was epoch %d\n\non lines that were not trained on, in nats a %s:\n"
               "loss         %.4f   (%.3f bits)\n",
               j->result.best_epoch, grove_units_name(j->units), j->result.valid_loss,
               j->result.valid_loss / log(2));
        if (!isnan(j->bigram)) {
            printf("bigram       %.4f   the baseline: each %s by the one before it alone\n",
                   j->bigram, grove_units_name(j->units));
        }
        printf("all alike    %.4f\n", log((double)j->language.vocabulary - 1));
    } else {
        printf("; there were no lines to validate on, so the last weights are kept\n");
    }
    printf("\nmodel written to %s\n", j->o->out);
    return EXIT_DONE;
}

int run_language(const options *o) {
    job j = {.o = o, .units = strcmp(o->units, "words") == 0 ? GROVE_WORDS : GROVE_LETTERS};
    int code = read_all(&j);
    code = code ? code : make_model(&j);
    if (code == EXIT_DONE && !o->json) {
        print_model(&j);
    }
    code = code ? code : fit(&j);
    code = code ? code : save(&j);
    code = code ? code : report(&j);
    free_language_job(&j);
    return code;
}
