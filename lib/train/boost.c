/* SPDX-License-Identifier: MIT
 *
 * boost.c - gradient boosting of small networks (grove/boost.h).
 *
 * Each stage has a graph of its own, with one weak model more than the one before; what these have
 * in common goes from graph to graph by name.
 */
#include "grove/boost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "boost_line.h"
#include "grove/losses.h"
#include "predictor.h"

typedef struct booster {
    const grove_schema *schema;
    grove_rows train, valid;
    grove_boost_options wish;
    grove_fit_options fit;
    grove_classifier now, best; /* the sum so far */
    grove_boost_stage *stages;
    int stage; /* from 1 */
    bool stopped;
    grove_boost_result *result;
    grove_error *error;
} booster;

static grove_tensor of_stage(const grove_graph *graph, int stage, const char *what) {
    char name[64];
    snprintf(name, sizeof name, "stage.%d%s", stage, what);
    return grove_find(graph, name);
}

/* ---- graphs ---------------------------------------------------------------------------------- */

static void take_parameters(const grove_graph *to, const grove_graph *from) {
    for (int32_t i = 0; from && i < grove_parameter_count(to); i++) {
        grove_tensor parameter = grove_parameter_at(to, i);
        grove_tensor old = grove_find(from, grove_node_name(parameter));
        const size_t size = grove_parameter_size(parameter);
        const bool real = grove_node_type(parameter) == GROVE_REAL;
        if (grove_is_valid(old) && grove_parameter_size(old) == size) {
            memcpy(grove_parameter_data(parameter), grove_parameter_data(old),
                   size * (real ? sizeof(grove_real) : sizeof(grove_id)));
        }
    }
}

/* The first `stages`, of which so many are as they are. */
static grove_status build(booster *b, int stages, int fixed, grove_classifier *classifier) {
    grove_classifier_options network = *b->wish.network;
    network.stages = stages;
    network.fixed_stages = fixed;
    network.seed += (uint64_t)(2 * stages + (fixed > 0)); /* so that dropout differs */
    grove_status status = grove_classifier_new(b->schema, &network, classifier, b->error);
    if (status == GROVE_OK) {
        take_parameters(classifier->graph, b->now.graph);
    }
    return status;
}

static void set_rate(const grove_graph *graph, int stage, double rate) {
    *(grove_real *)grove_parameter_data(of_stage(graph, stage, ".rate")) = (grove_real)rate;
}

/* ---- a stage --------------------------------------------------------------------------------- */

/* What happens within a stage. */
static bool watch(void *user, const grove_progress *progress) {
    booster *b = user;
    grove_progress told = *progress;
    told.epoch = b->stage;
    told.epochs = b->wish.stages;
    if (b->wish.fit->progress && progress->row < progress->rows) {
        b->stopped = b->stopped || !b->wish.fit->progress(b->wish.fit->user, &told);
    }
    return !b->stopped;
}

static grove_status train(booster *b, grove_classifier *classifier, int epochs, double factor) {
    grove_fit_options how = b->fit;
    grove_fit_result result;
    how.epochs = epochs;
    how.optimizer.rate *= factor;
    how.seed += (uint64_t)b->stage;
    how.progress = watch;
    how.user = b;
    return grove_fit(classifier, b->schema, b->train, (grove_rows){0}, &how, &result, b->error);
}

/* At a rate of 0, so that the loss is that of the stages before. */
static grove_status fit_weak(booster *b, grove_classifier *weak) {
    grove_tensor scores = of_stage(weak->graph, b->stage, ".scores");
    const grove_tensor loss = weak->loss;
    set_rate(weak->graph, b->stage, 0);
    weak->loss = grove_quadratic_loss(loss, scores, of_stage(weak->graph, b->stage, ""));
    const grove_error *mistake = grove_graph_error(weak->graph);
    if (mistake->status != GROVE_OK) {
        return grove_fail(b->error, mistake->status, "%s", mistake->message);
    }
    return train(b, weak, b->fit.epochs, 1);
}

static grove_status search_rate(booster *b, const grove_classifier *weak, double *rate,
                                double *loss) {
    grove_boost_line line;
    double slope;
    grove_tensor before =
        b->stage > 1 ? of_stage(weak->graph, b->stage - 1, ".scores") : GROVE_NONE;
    grove_status status =
        grove_boost_line_open(&line, weak->graph, before, of_stage(weak->graph, b->stage, ""),
                              b->schema, b->wish.network, &b->fit, b->train, b->error);
    if (status == GROVE_OK) {
        status = grove_boost_line_search(&line, rate, loss, b->error);
    }
    if (status == GROVE_OK && b->wish.shrinkage < 1) {
        *rate *= b->wish.shrinkage;
        status = grove_boost_line_at(&line, *rate, loss, &slope, b->error);
    }
    grove_boost_line_close(&line);
    return status;
}

/* Of the sum so far. */
static grove_status loss_of(booster *b, const grove_rows *rows, const float *weights,
                            double *loss) {
    grove_boost_line line;
    grove_fit_options how = b->fit;
    double slope;
    how.weights = weights;
    grove_status status =
        grove_boost_line_open(&line, b->now.graph, of_stage(b->now.graph, b->stage, ".scores"),
                              GROVE_NONE, b->schema, b->wish.network, &how, *rows, b->error);
    if (status == GROVE_OK) {
        status = grove_boost_line_at(&line, 0, loss, &slope, b->error);
    }
    grove_boost_line_close(&line);
    return status;
}

/* The weak model joins the sum. */
static grove_status add_weak(booster *b, const grove_classifier *weak, double rate) {
    grove_classifier next;
    grove_status status = build(b, b->stage, 0, &next);
    if (status == GROVE_OK) {
        take_parameters(next.graph, weak->graph);
        set_rate(next.graph, b->stage, rate);
        grove_classifier_free(&b->now);
        b->now = next;
    }
    return status;
}

static grove_status run_stage(booster *b) {
    grove_boost_stage *stage = &b->stages[b->stage - 1];
    grove_classifier weak;
    grove_status status = build(b, b->stage, b->stage - 1, &weak);
    if (status != GROVE_OK) {
        return status;
    }
    status = fit_weak(b, &weak);
    if (status == GROVE_OK) {
        status = search_rate(b, &weak, &stage->rate, &stage->searched_loss);
    }
    if (status == GROVE_OK && (!b->stopped || b->stage == 1)) {
        status = add_weak(b, &weak, stage->rate);
    }
    grove_classifier_free(&weak);
    if (status == GROVE_OK && b->stage > 1 && b->wish.corrective_epochs > 0 && !b->stopped) {
        status = train(b, &b->now, b->wish.corrective_epochs, b->wish.corrective_factor);
    }
    return status;
}

/* ---- the sum --------------------------------------------------------------------------------- */

/* In a graph that has no optimizer. */
static grove_status keep_best(booster *b) {
    grove_classifier copy;
    grove_status status = build(b, b->stage, 0, &copy);
    if (status == GROVE_OK) {
        grove_classifier_free(&b->best);
        b->best = copy;
    }
    return status;
}

static grove_status measure(booster *b, grove_progress *p) {
    grove_boost_stage *stage = &b->stages[b->stage - 1];
    double ignored;
    grove_status status = loss_of(b, &b->train, b->fit.weights, &stage->train_loss);
    stage->valid_loss = (double)NAN;
    if (status == GROVE_OK && b->valid.count > 0) {
        status = loss_of(b, &b->valid, b->fit.valid_weights, &stage->valid_loss);
    }
    if (status == GROVE_OK && b->valid.count > 0) {
        status = grove_fit_validate(&b->now, b->schema, b->valid, &b->fit, &p->valid, &ignored,
                                    b->error);
    }
    return status;
}

static grove_status end_stage(booster *b) {
    const grove_boost_stage *stage = &b->stages[b->stage - 1];
    grove_boost_result *r = b->result;
    grove_progress p = {.epoch = b->stage,
                        .epochs = b->wish.stages,
                        .row = b->train.count,
                        .rows = b->train.count,
                        .rate = stage->rate};
    grove_status status = measure(b, &p);
    p.train_loss = stage->train_loss;
    p.valid_loss = b->valid.count > 0 ? stage->valid_loss : 0;
    p.is_best = b->stage == 1 || b->valid.count == 0 || stage->valid_loss < r->valid_loss;
    r->stages = b->stage;
    if (status == GROVE_OK && p.is_best) {
        r->best_stage = b->stage;
        r->train_loss = p.train_loss;
        r->valid_loss = p.valid_loss;
        r->valid = p.valid;
        status = keep_best(b);
    }
    if (status == GROVE_OK && b->fit.progress && !b->fit.progress(b->fit.user, &p)) {
        b->stopped = true;
    }
    return status;
}

static grove_status run(booster *b) {
    grove_status status = GROVE_OK;
    for (b->stage = 1; b->stage <= b->wish.stages && status == GROVE_OK; b->stage++) {
        status = run_stage(b);
        if (status == GROVE_OK && b->stopped && b->stage > 1) {
            break; /* half a stage is none */
        }
        status = status == GROVE_OK ? end_stage(b) : status;
        const int waited = b->result->stages - b->result->best_stage;
        if (b->stopped || (b->valid.count > 0 && waited >= b->fit.patience)) {
            break;
        }
    }
    return status;
}

static grove_status check(const grove_boost_options *o, const grove_rows *train,
                          grove_error *error) {
    const char *wrong =
        o->stages > GROVE_MOST_STAGES                 ? "there are at most 256 stages"
        : o->fit->checkpoint || o->fit->profile       ? "it has no checkpoints and no profile"
        : train->count == 0                           ? "there are no rows with labels"
        : train->dataset && grove_rows_in_file(train) ? "it wants its rows in memory"
        : !(o->shrinkage >= 0 && o->shrinkage <= 1)   ? "the shrinkage is from 0 to 1"
        : !(o->corrective_factor >= 0)                ? "the corrective factor is 0 or more"
                                                      : NULL;
    return wrong ? grove_fail(error, GROVE_BAD_ARGUMENT, "boosting: %s", wrong) : GROVE_OK;
}

grove_status grove_boost_fit(const grove_schema *schema, grove_rows train, grove_rows valid,
                             const grove_boost_options *options, grove_boost_stage *stages,
                             grove_classifier *classifier, grove_boost_result *result,
                             grove_error *error) {
    grove_error own = {0};
    if (classifier) {
        *classifier = (grove_classifier){0};
    }
    if (!schema || !options || !options->network || !options->fit || !stages || !classifier ||
        !result) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "boosting needs a schema, options with a network and a training, and "
                          "places for its results");
    }
    *result = (grove_boost_result){0};
    booster b = {.schema = schema,
                 .train = train,
                 .valid = valid,
                 .wish = *options,
                 .fit = *options->fit,
                 .stages = stages,
                 .result = result,
                 .error = error ? error : &own};
    grove_status status = check(options, &train, error);
    if (status != GROVE_OK) {
        return status;
    }
    b.wish.stages = b.wish.stages > 0 ? b.wish.stages : 10;
    b.wish.shrinkage = b.wish.shrinkage > 0 ? b.wish.shrinkage : 1;
    b.wish.corrective_factor = b.wish.corrective_factor > 0 ? b.wish.corrective_factor : 0.5;
    b.fit.patience = b.fit.patience > 0 ? b.fit.patience : 5;
    status = run(&b);
    grove_classifier_free(&b.now);
    if (status == GROVE_OK) {
        *classifier = b.best;
    } else {
        grove_classifier_free(&b.best);
    }
    return status;
}
