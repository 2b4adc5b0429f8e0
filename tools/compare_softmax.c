/* SPDX-License-Identifier: MIT
 *
 * compare_softmax.c - grove compare --softmax: one network, trained on the same rows from the same
 * seed, by the full softmax, by sampled softmax and by noise-contrastive estimation. What does a
 * step cost, how far is the estimate off, and how good is what was learned?
 */
#include "compare_softmax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "settings.h"
#include "softmax.h"

static int failed(grove_status status, const grove_error *error) {
    return status == GROVE_NO_MEMORY ? complain("compare", EXIT_RUN_TIME, "out of memory")
                                     : complain("compare", code_of_data(status), error->message);
}

/* ---- what is compared ------------------------------------------------------------------------ */

static void add_loss(loss_comparison *c, grove_softmax_kind kind, int64_t samples) {
    char number[40];
    compared_loss *loss = &c->losses[c->count++];
    *loss = (compared_loss){.kind = kind, .samples = samples, .cosine = 1};
    loss->loss = (estimate_error){0, 0};
    if (kind == GROVE_SOFTMAX_FULL) {
        strcpy(loss->name, "full softmax");
    } else {
        snprintf(loss->name, sizeof loss->name, "%s, %s draws",
                 kind == GROVE_SOFTMAX_NCE ? "nce" : "sampled", with_commas(number, samples));
    }
}

static void list_losses(loss_comparison *c) {
    static const int64_t usual[] = {64, 512};
    const sizes *asked = &c->j->o->sample_counts;
    const int count = asked->count > 0 ? asked->count : 2;
    const int64_t *samples = asked->count > 0 ? asked->items : usual;
    add_loss(c, GROVE_SOFTMAX_FULL, 0);
    for (int i = 0; i < count; i++) {
        add_loss(c, GROVE_SOFTMAX_SAMPLED, samples[i]);
    }
    for (int i = 0; i < count; i++) {
        add_loss(c, GROVE_SOFTMAX_NCE, samples[i]);
    }
}

grove_classifier_options network_of_loss(const job *j, const compared_loss *loss) {
    grove_classifier_options network = {.word_dropout = j->o->word_dropout,
                                        .seed = (uint64_t)j->o->seed};
    set_softmax(j->o, &network);
    network.softmax = loss->kind;
    network.samples = loss->samples;
    return network;
}

/* ---- one loss -------------------------------------------------------------------------------- */

static void weigh(compared_loss *loss, const grove_graph *graph) {
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor parameter = grove_parameter_at(graph, i);
        const int64_t size = (int64_t)grove_parameter_size(parameter);
        loss->memory += (double)size * (double)sizeof(grove_real);
        loss->parameters += grove_parameter_is_trainable(parameter) ? size : 0;
    }
}

static grove_status train_loss(const job *j, compared_loss *loss, grove_classifier *classifier,
                               grove_error *error) {
    progress shown = progress_new(j->o->progress);
    grove_op_time times[PROFILE_OPS];
    grove_fit_profile profile = {.times = times, .room = PROFILE_OPS};
    const grove_classifier_options network = network_of_loss(j, loss);
    grove_fit_options how = {.seed = (uint64_t)j->o->seed,
                             .threads = (int)j->o->threads,
                             .profile = &profile,
                             .progress = progress_show,
                             .user = &shown};
    grove_fit_result result;
    grove_settings_fit(&j->settings, &how);
    grove_status status =
        grove_settings_classifier(&j->settings, j->schema, j->train, &network, classifier, error);
    if (status == GROVE_OK) {
        status = grove_fit(classifier, j->schema, j->train, j->valid, &how, &result, error);
    }
    if (status == GROVE_OK) {
        loss->epochs = result.epochs;
        loss->best_epoch = result.best_epoch;
        loss->step_us =
            profile_seconds(times, profile.count) / (double)(profile.steps + !profile.steps) * 1e6;
        loss->memory = (double)profile.plan.block_bytes;
        weigh(loss, classifier->graph);
    }
    return status;
}

static double log_loss_of(const grove_judged_row *row) {
    return -log(fmax((double)row->of_label, 1e-7));
}

/* The mean with 1.96 standard errors. */
static grove_estimate mean_log_loss(const grove_judged_row *judged, size_t rows) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows; i++) {
        sum += log_loss_of(&judged[i]);
    }
    const double mean = sum / (double)rows;
    for (size_t i = 0; i < rows; i++) {
        const double off = log_loss_of(&judged[i]) - mean;
        squares += off * off;
    }
    const double error = sqrt(squares / ((double)rows - 1) / (double)rows);
    return (grove_estimate){mean, mean - 1.96 * error, mean + 1.96 * error};
}

static void take_measures(const grove_judged_row *judged, const grove_id *labels, size_t rows,
                          compared_loss *loss) {
    size_t right = 0, near = 0;
    for (size_t i = 0; i < rows; i++) {
        right += judged[i].answer == labels[i];
        near += judged[i].before < 10;
    }
    loss->accuracy = grove_wilson(right, rows);
    loss->top_10 = grove_wilson(near, rows);
    loss->log_loss = mean_log_loss(judged, rows);
}

static grove_status measure_loss(const job *j, const grove_classifier *classifier,
                                 compared_loss *loss, grove_error *error) {
    const size_t rows = j->valid.count;
    grove_judged_row *judged = calloc(rows, sizeof *judged);
    grove_id *labels = calloc(rows, sizeof *labels);
    grove_predictor *predictor = NULL;
    grove_status status = judged && labels ? GROVE_OK : GROVE_NO_MEMORY;
    for (size_t i = 0; i < rows && status == GROVE_OK; i++) {
        labels[i] = grove_dataset_labels(j->data)[j->valid.rows[i]];
    }
    if (status == GROVE_OK) {
        status = grove_predictor_new(classifier->graph, j->schema, 0, (int)j->o->threads,
                                     &predictor, error);
    }
    if (status == GROVE_OK) {
        status = grove_predictor_judge(predictor, j->valid, labels, judged, error);
    }
    if (status == GROVE_OK) {
        take_measures(judged, labels, rows, loss);
    }
    grove_predictor_free(predictor);
    free(judged);
    free(labels);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* The first is the full one, whose weights the draws of all others are looked at. */
static grove_status run_losses(loss_comparison *c, grove_classifier *full, grove_error *error) {
    const job *j = c->j;
    grove_status status = GROVE_OK;
    for (int i = 0; i < c->count && status == GROVE_OK; i++) {
        grove_classifier own = {0}, *classifier = i == 0 ? full : &own;
        if (progress_new(j->o->progress).kind != PROGRESS_NONE) {
            fprintf(stderr, "%s:\n", c->losses[i].name);
        }
        status = train_loss(j, &c->losses[i], classifier, error);
        status = status ? status : measure_loss(j, classifier, &c->losses[i], error);
        grove_classifier_free(&own);
        if (status == GROVE_OK && i > 0) {
            status = measure_draws(j, full, &c->losses[i], error);
        }
    }
    return status;
}

static int run_all(loss_comparison *c) {
    grove_classifier full = {0};
    grove_error error = {0};
    const job *j = c->j;
    if (j->target != GROVE_TARGET_CLASS) {
        return complain("compare", EXIT_BAD_DATA,
                        "losses of a softmax are compared by how well they tell one class a row, "
                        "and this label holds something else");
    }
    if (j->valid.count < 2) {
        return complain("compare", EXIT_BAD_DATA,
                        "there must be 2 rows or more to validate on, or nothing can be compared");
    }
    if (grove_schema_bags(j->schema) > 0) {
        return complain("compare", EXIT_BAD_DATA,
                        "--softmax compares losses on columns of one value a cell: --ignore leaves "
                        "out bags and texts");
    }
    c->classes = grove_schema_ids(j->schema, (size_t)grove_schema_label(j->schema));
    list_losses(c);
    const grove_status status = run_losses(c, &full, &error);
    grove_classifier_free(&full);
    return status == GROVE_OK ? EXIT_DONE : failed(status, &error);
}

/* A plain network, without what would move all classes in each step. */
static options of_network(const options *o) {
    options own = *o;
    own.architecture = "mlp";
    own.crosses = "none";
    own.average = o->average < 0 ? 0 : o->average;
    own.refit = "no";
    return own;
}

int compare_softmax(const options *asked) {
    const options o = of_network(asked);
    job j = {.command = "compare", .o = &o};
    loss_comparison *c = calloc(1, sizeof *c);
    int code = c ? EXIT_DONE : complain("compare", EXIT_RUN_TIME, "out of memory");
    code = code == EXIT_DONE && o.out ? check_output("compare", o.out) : code;
    code = code == EXIT_DONE ? read_table("compare", o.files[0], &o, &j.table) : code;
    if (code == EXIT_DONE) {
        c->j = &j;
        grove_status status = prepare_job(&j);
        code = status == GROVE_OK ? run_all(c) : failed(status, &j.error);
    }
    if (code == EXIT_DONE && o.out) {
        code = write_loss_comparison(c, o.out);
    }
    if (code == EXIT_DONE && o.json) {
        code = print_json("compare", json_loss_comparison(c));
    } else if (code == EXIT_DONE) {
        print_loss_comparison(c);
    }
    free_job(&j);
    free(c);
    return code;
}
