/* SPDX-License-Identifier: MIT
 *
 * language_fit.c - training a language model, and what it makes of lines.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "grove/nn.h"
#include "language.h"
#include "lines.h"

/* ---- batches --------------------------------------------------------------------------------- */

/* A plan with the arrays that are bound to it. */
typedef struct feeder {
    const grove_language *language;
    grove_allocator *allocator;
    grove_plan *plan;
    int32_t *units, *next; /* [batch, window - 1 + places], [batch, places] */
    size_t batch, places, window;
} feeder;

static void close_feeder(feeder *f) {
    grove_plan_free(f->plan);
    grove_release(f->allocator, f->units);
    grove_release(f->allocator, f->next);
}

static grove_status plan_mistake(grove_plan *plan, grove_error *error) {
    const grove_error *mistake = grove_plan_error(plan);
    return mistake->status == GROVE_OK
               ? GROVE_OK
               : grove_fail(error, mistake->status, "language model: %s", mistake->message);
}

static grove_status open_feeder(feeder *f, const grove_language *l, grove_allocator *allocator,
                                const grove_tensor *outputs, int count,
                                const grove_plan_options *how, grove_error *error) {
    *f = (feeder){.language = l,
                  .allocator = allocator,
                  .batch = (size_t)how->batch,
                  .places = (size_t)l->how.places,
                  .window = (size_t)l->how.window};
    f->units =
        grove_alloc_zero(allocator, f->batch * (f->window - 1 + f->places), sizeof *f->units);
    f->next = grove_alloc_zero(allocator, f->batch * f->places, sizeof *f->next);
    f->plan = f->units && f->next ? grove_plan_new(l->graph, outputs, count, how) : NULL;
    if (!f->plan) {
        close_feeder(f);
        return grove_fail_memory(error, f->batch * f->places * sizeof *f->next);
    }
    grove_bind(f->plan, l->units, f->units);
    grove_bind(f->plan, l->next, f->next);
    const grove_status status = plan_mistake(f->plan, error);
    if (status != GROVE_OK) {
        close_feeder(f);
    }
    return status;
}

/* Place t of the piece is told from the units before it; before the line there are end marks. */
static void lay_piece(const feeder *f, const grove_encoded *e, const grove_piece *p, size_t row) {
    const size_t width = f->window - 1 + f->places;
    for (size_t j = 0; j < width; j++) {
        const size_t at = p->begin + j, back = f->window; /* the unit is ids[at - back] */
        const bool inside = at >= p->first + back && at - back < p->end;
        f->units[row * width + j] = inside ? e->ids[at - back] : GROVE_END_MARK;
    }
    for (size_t t = 0; t < f->places; t++) {
        const size_t at = p->begin + t;
        f->next[row * f->places + t] = at < p->end ? e->ids[at] : GROVE_NO_UNIT;
    }
}

/* Pieces order[0...count) (NULL: from `start` on); rows behind them are empty. Returns how many
 * units are to be told. */
static size_t feed(const feeder *f, const grove_encoded *e, const size_t *order, size_t start,
                   size_t count) {
    const grove_piece none = {0};
    size_t told = 0;
    for (size_t row = 0; row < f->batch; row++) {
        const grove_piece *p =
            row < count ? &e->pieces[order ? order[start + row] : start + row] : &none;
        lay_piece(f, e, p, row);
        told += p->end - p->begin;
    }
    return told;
}

static size_t batch_of(size_t wished, size_t pieces) {
    return pieces < wished ? pieces : wished;
}

/* ---- measuring ------------------------------------------------------------------------------- */

enum { MEASURED = 128 }; /* pieces at a time */

static grove_status measure_encoded(const grove_language *l, const grove_encoded *e, int threads,
                                    grove_allocator *allocator, double *loss, grove_error *error) {
    const grove_plan_options how = {.batch = (int64_t)batch_of(MEASURED, e->piece_count),
                                    .threads = threads,
                                    .allocator = *allocator};
    feeder f;
    grove_status status = open_feeder(&f, l, allocator, &l->loss, 1, &how, error);
    if (status != GROVE_OK) {
        return status;
    }
    double sum = 0;
    size_t told = 0;
    for (size_t i = 0; i < e->piece_count && status == GROVE_OK; i += f.batch) {
        const size_t count = batch_of(f.batch, e->piece_count - i),
                     own = feed(&f, e, NULL, i, count);
        status = grove_run(f.plan) == GROVE_OK ? GROVE_OK : plan_mistake(f.plan, error);
        sum += (double)own * grove_scalar(f.plan, l->loss);
        told += own;
    }
    *loss = sum / (double)told;
    close_feeder(&f);
    return status;
}

static grove_allocator memory_of(const grove_language *l) {
    return grove_graph_allocator(l->graph);
}

grove_status grove_language_measure(const grove_language *language, const grove_schema *schema,
                                    grove_line_rows rows, int threads, grove_language_score *score,
                                    grove_error *error) {
    grove_allocator memory = memory_of(language);
    grove_encoded e;
    grove_error_clear(error);
    *score = (grove_language_score){.loss = (double)NAN};
    grove_status status =
        grove_encode_lines(schema, rows, language->how.places, &memory, &e, error);
    if (status == GROVE_OK && e.piece_count > 0) {
        status = measure_encoded(language, &e, threads, &memory, &score->loss, error);
        score->units = e.count - 1;
        score->unknown = e.unknown;
        score->pieces = e.piece_count;
    }
    if (e.allocator.resize) {
        grove_encoded_free(&e);
    }
    return status;
}

grove_status grove_bigram_loss(const grove_schema *schema, grove_line_rows train,
                               grove_line_rows rows, const grove_allocator *allocator, double *loss,
                               grove_error *error) {
    const grove_allocator memory = grove_allocator_or_default(allocator);
    const size_t ids = (size_t)grove_schema_ids(schema, 0);
    grove_encoded known = {0}, asked = {0};
    size_t cells = 0;
    double *counts = grove_multiply(ids, ids + 1, &cells)
                         ? grove_alloc_zero(&memory, cells, sizeof *counts)
                         : NULL;
    grove_status status = counts ? GROVE_OK : grove_fail_memory(error, cells * sizeof *counts);
    status = status ? status : grove_encode_lines(schema, train, 1 << 20, &memory, &known, error);
    status = status ? status : grove_encode_lines(schema, rows, 1 << 20, &memory, &asked, error);
    double sum = 0;
    if (status == GROVE_OK) {
        double *sums = counts + ids * ids;
        for (size_t i = 1; i < known.count; i++) {
            counts[(size_t)known.ids[i - 1] * ids + (size_t)known.ids[i]]++;
            sums[known.ids[i - 1]]++;
        }
        for (size_t i = 1; i < asked.count; i++) {
            const size_t before = (size_t)asked.ids[i - 1];
            sum -= log((counts[before * ids + (size_t)asked.ids[i]] + 1) /
                       (sums[before] + (double)ids));
        }
        *loss = sum / (double)(asked.count - 1);
    }
    grove_encoded_free(&known);
    grove_encoded_free(&asked);
    grove_release(&memory, counts);
    return status;
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* hidden [places, width] of a row whose piece has `count` units, the end mark left out where it is
 * the last of several. */
static void sum_up(const grove_language *l, const grove_real *hidden, size_t count, float *vector) {
    const size_t width = grove_language_width(l);
    const size_t first = l->how.kind == GROVE_LANGUAGE_GRU ? count - 1 : 0;
    for (size_t k = 0; k < width; k++) {
        double sum = 0;
        for (size_t t = first; t < count; t++) {
            sum += (double)hidden[t * width + k];
        }
        vector[k] = (float)(sum / (double)(count - first));
    }
}

static grove_status fill_vectors(feeder *f, const grove_encoded *e, float *vectors,
                                 grove_error *error) {
    const size_t width = grove_language_width(f->language), row = f->places * width;
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < e->piece_count && status == GROVE_OK; i += f->batch) {
        const size_t count = batch_of(f->batch, e->piece_count - i);
        feed(f, e, NULL, i, count);
        status = grove_run(f->plan) == GROVE_OK ? GROVE_OK : plan_mistake(f->plan, error);
        const grove_real *hidden =
            status == GROVE_OK ? grove_value(f->plan, f->language->hidden) : NULL;
        for (size_t r = 0; r < count && hidden; r++) {
            const grove_piece *p = &e->pieces[i + r];
            /* The place that reads the last unit is the one that tells the end mark. */
            sum_up(f->language, hidden + r * row, p->end - p->begin, vectors + p->line * width);
        }
    }
    return status;
}

grove_status grove_language_vectors(const grove_language *language, const grove_schema *schema,
                                    grove_line_rows rows, int threads, float *vectors,
                                    grove_error *error) {
    grove_allocator memory = memory_of(language);
    grove_encoded e = {0};
    feeder f;
    grove_error_clear(error);
    grove_status status =
        grove_encode_lines(schema, rows, language->how.places, &memory, &e, error);
    if (status == GROVE_OK && e.piece_count > 0) {
        const grove_plan_options how = {.batch = (int64_t)batch_of(MEASURED, e.piece_count),
                                        .threads = threads,
                                        .allocator = memory};
        status = open_feeder(&f, language, &memory, &language->hidden, 1, &how, error);
        if (status == GROVE_OK) {
            status = fill_vectors(&f, &e, vectors, error);
            close_feeder(&f);
        }
    }
    grove_encoded_free(&e);
    return status;
}

/* ---- training -------------------------------------------------------------------------------- */

/* A training under way. */
typedef struct fit {
    grove_language *language;
    grove_language_fit_options how;
    grove_language_fit_result *result;
    grove_allocator memory;
    grove_encoded train, valid;
    grove_tensor step;
    feeder feeder;
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
    const int64_t batch = (int64_t)batch_of((size_t)f->how.batch, pieces);
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
    return open_feeder(&f->feeder, f->language, &f->memory, outputs, 2, &how, f->error);
}

static grove_status train_epoch(fit *f, int epoch, double *loss) {
    const size_t pieces = f->train.piece_count;
    double sum = 0;
    size_t told = 0;
    grove_shuffle(NULL, pieces, f->how.seed, (uint64_t)epoch, f->order);
    for (size_t i = 0; i < pieces; i += f->feeder.batch) {
        const size_t own =
            feed(&f->feeder, &f->train, f->order, i, batch_of(f->feeder.batch, pieces - i));
        if (grove_run(f->feeder.plan) != GROVE_OK) {
            return plan_mistake(f->feeder.plan, f->error);
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
        status = measure_encoded(f->language, &f->valid, f->how.threads, &f->memory, &p->valid_loss,
                                 f->error);
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
             .memory = memory_of(language),
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
        close_feeder(&f.feeder);
    }
    grove_encoded_free(&f.train);
    grove_encoded_free(&f.valid);
    grove_release(&f.memory, f.order);
    grove_release(&f.memory, f.best);
    return status;
}
