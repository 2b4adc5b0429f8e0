/* SPDX-License-Identifier: MIT
 *
 * language_fit.c - training a language model.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "grove/nn.h"
#include "language_feed.h"

/* A training under way. */
typedef struct fit {
    grove_language *language;
    grove_language_fit_options how;
    grove_language_fit_result *result;
    grove_allocator memory;
    grove_encoded train, valid;
    grove_tensor step;
    grove_feeder feeder;
    size_t *order;     /* [pieces] */
    grove_real *best;  /* all parameters, one after the other */
    size_t best_count; /* numbers in it */
    grove_error *error;
} fit;

static bool is_number(grove_tensor parameter) {
    return grove_parameter_is_trainable(parameter) && grove_node_type(parameter) == GROVE_REAL;
}

/* Copies the parameters to `best`, or back. */
static void copy_best(const fit *f, bool back) {
    grove_real *at = f->best;
    for (int32_t i = 0; i < grove_parameter_count(f->language->graph); i++) {
        const grove_tensor p = grove_parameter_at(f->language->graph, i);
        const size_t count = is_number(p) ? grove_parameter_size(p) : 0;
        if (count > 0) {
            grove_real *own = grove_parameter_data(p);
            memcpy(back ? own : at, back ? at : own, count * sizeof *at);
            at += count;
        }
    }
}

static grove_status open_fit(fit *f) {
    const size_t pieces = f->train.piece_count;
    const int64_t batch = (int64_t)grove_batch_of((size_t)f->how.batch, pieces);
    const int64_t steps = f->how.epochs * (((int64_t)pieces + batch - 1) / batch);
    const grove_optimizer optimizer = {
        .kind = GROVE_OPTIMIZER_ADAMW,
        .rate = f->how.rate,
        .decay = f->how.decay,
        .clip_norm = 1,
        .schedule = {
            .kind = GROVE_SCHEDULE_COSINE, .steps = steps, .warm_up = steps / 100, .floor = 0.01}};
    for (int32_t i = 0; i < grove_parameter_count(f->language->graph); i++) {
        const grove_tensor p = grove_parameter_at(f->language->graph, i);
        f->best_count += is_number(p) ? grove_parameter_size(p) : 0;
    }
    f->step = grove_minimize(f->language->loss, &optimizer);
    f->order = grove_alloc_zero(&f->memory, pieces, sizeof *f->order);
    f->best = grove_alloc_zero(&f->memory, f->best_count, sizeof *f->best);
    if (!f->order || !f->best) {
        return grove_fail_memory(f->error, pieces * sizeof *f->order);
    }
    const grove_tensor outputs[] = {f->step, f->language->loss};
    const grove_plan_options how = {
        .batch = batch, .training = true, .threads = f->how.threads, .allocator = f->memory};
    return grove_feeder_open(&f->feeder, f->language, &f->memory, outputs, 2, &how, f->error);
}

static grove_status train_epoch(fit *f, int epoch, double *loss) {
    const size_t pieces = f->train.piece_count;
    double sum = 0;
    size_t told = 0;
    grove_shuffle(NULL, pieces, f->how.seed, (uint64_t)epoch, f->order);
    for (size_t i = 0; i < pieces; i += f->feeder.batch) {
        const size_t own = grove_feed(&f->feeder, &f->train, f->order, i,
                                      grove_batch_of(f->feeder.batch, pieces - i));
        if (grove_run(f->feeder.plan) != GROVE_OK) {
            return grove_plan_mistake(f->feeder.plan, f->error);
        }
        sum += (double)own * grove_scalar(f->feeder.plan, f->language->loss);
        told += own;
    }
    *loss = sum / (double)told;
    return isfinite(*loss) ? GROVE_OK
                           : grove_fail(f->error, GROVE_BAD_DATA,
                                        "language model: the loss of epoch %d is no number; a "
                                        "smaller rate may help",
                                        epoch);
}

static grove_status validate(fit *f, grove_language_progress *p) {
    p->valid_loss = (double)NAN;
    grove_status status = grove_settle(f->step);
    if (status != GROVE_OK) {
        const grove_error *why = grove_graph_notice(f->language->graph);
        return grove_fail(f->error, status, "language model: %s", why->message);
    }
    if (f->valid.piece_count > 0) {
        status = grove_measure_encoded(f->language, &f->valid, f->how.threads, &f->memory,
                                       &p->valid_loss, f->error);
    }
    p->is_best = f->valid.piece_count == 0 || f->result->best_epoch == 0 ||
                 p->valid_loss < f->result->valid_loss;
    if (status == GROVE_OK && p->is_best) {
        copy_best(f, false);
        f->result->best_epoch = p->epoch;
        f->result->train_loss = p->train_loss;
        f->result->valid_loss = p->valid_loss;
    }
    return status;
}

static grove_status run_epochs(fit *f) {
    grove_status status = GROVE_OK;
    bool go_on = true;
    for (int epoch = 1; epoch <= f->how.epochs && go_on && status == GROVE_OK; epoch++) {
        const double begin = grove_seconds_now();
        grove_language_progress p = {.epoch = epoch, .epochs = f->how.epochs};
        status = train_epoch(f, epoch, &p.train_loss);
        status = status == GROVE_OK ? validate(f, &p) : status;
        p.seconds = grove_seconds_now() - begin;
        f->result->epochs = epoch;
        if (status == GROVE_OK && f->how.go_on) {
            go_on = f->how.go_on(f->how.user, &p);
        }
        go_on = go_on && (f->how.patience <= 0 || epoch - f->result->best_epoch < f->how.patience);
    }
    return status;
}

static grove_language_fit_options fill_in(const grove_language_fit_options *options) {
    grove_language_fit_options how = options ? *options : (grove_language_fit_options){0};
    how.epochs = how.epochs > 0 ? how.epochs : 20;
    how.batch = how.batch > 0 ? how.batch : 64;
    how.rate = how.rate > 0 ? how.rate : 0.002;
    how.decay = how.decay < 0 ? 0 : how.decay > 0 ? how.decay : 0.01;
    return how;
}

grove_status grove_language_fit(grove_language *language, const grove_schema *schema,
                                grove_line_rows train, grove_line_rows valid,
                                const grove_language_fit_options *options,
                                grove_language_fit_result *result, grove_error *error) {
    fit f = {.language = language,
             .how = fill_in(options),
             .result = result,
             .memory = grove_graph_allocator(language->graph),
             .error = error};
    const int64_t places = language->how.places;
    grove_error_clear(error);
    *result = (grove_language_fit_result){0};
    if (train.count == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "language model: there are no lines to train on");
    }
    grove_status status = grove_encode_lines(schema, train, places, &f.memory, &f.train, error);
    status =
        status ? status : grove_encode_lines(schema, valid, places, &f.memory, &f.valid, error);
    status = status ? status : open_fit(&f);
    if (status == GROVE_OK) {
        status = run_epochs(&f);
        if (f.result->best_epoch > 0) {
            copy_best(&f, true);
        }
        grove_feeder_close(&f.feeder);
    }
    grove_encoded_free(&f.train);
    grove_encoded_free(&f.valid);
    grove_release(&f.memory, f.order);
    grove_release(&f.memory, f.best);
    return status;
}
