/* SPDX-License-Identifier: MIT */
#include "boost_line.h"

#include <math.h>

#include "base/error.h"
#include "head.h"
#include "predictor.h"

enum { NETWORK_BATCH = 512, LOSS_BATCH = 4096 };

/* ---- the scores ------------------------------------------------------------------------------ */

static void keep(grove_real *to, const grove_real *from, size_t count) {
    for (size_t i = 0; to && from && i < count; i++) {
        to[i] = from[i];
    }
}

/* outputs [count]: those of before and step that there are; to [count] where they go. */
static grove_status run_network(const grove_boost_line *l, grove_feed *feed, grove_plan *plan,
                                const grove_tensor *outputs, grove_real *const *to, int count,
                                grove_error *error) {
    grove_status status = grove_feed_bind(feed, plan, error);
    status = status == GROVE_OK ? grove_feed_fits(feed, &l->rows, error) : status;
    for (size_t begin = 0, some; begin < l->rows.count && status == GROVE_OK; begin += some) {
        const size_t left = l->rows.count - begin;
        some = grove_feed_room(feed, &l->rows, begin, left < feed->size ? left : feed->size);
        status = grove_feed_batch(feed, &l->rows, begin, some, error);
        if (status == GROVE_OK && grove_run(plan) != GROVE_OK) {
            const grove_error *why = grove_plan_error(plan);
            return grove_fail(error, why->status, "%s", why->message);
        }
        for (int i = 0; i < count && status == GROVE_OK; i++) {
            keep(to[i] + begin * l->outputs, grove_value(plan, outputs[i]), some * l->outputs);
        }
    }
    return status;
}

static grove_status find_scores(grove_boost_line *l, const grove_graph *graph, grove_tensor before,
                                grove_tensor step, const grove_schema *schema, int threads,
                                grove_error *error) {
    grove_tensor outputs[2];
    grove_real *to[2];
    int count = 0;
    if (grove_is_valid(before)) {
        outputs[count] = before;
        to[count++] = l->before;
    }
    if (grove_is_valid(step)) {
        outputs[count] = step;
        to[count++] = l->step;
    }
    const size_t size = l->rows.count < NETWORK_BATCH ? l->rows.count : NETWORK_BATCH;
    const grove_plan_options options = {
        .batch = (int64_t)size, .threads = threads, .allocator = l->allocator};
    grove_feed feed = {0};
    grove_status status = grove_feed_open(&feed, graph, schema, size, error);
    if (status == GROVE_OK) {
        grove_plan *plan = grove_plan_new(graph, outputs, count, &options);
        status = plan ? run_network(l, &feed, plan, outputs, to, count, error)
                      : grove_fail_memory(error, sizeof outputs);
        grove_plan_free(plan);
    }
    grove_feed_close(&feed);
    return status;
}

/* ---- the loss -------------------------------------------------------------------------------- */

/* before + rate * step -> the loss of the label, and its slope by the rate. */
static grove_status build(grove_boost_line *l, const grove_schema *schema,
                          const grove_classifier_options *network, grove_error *error) {
    const grove_init zero = {.kind = GROVE_INIT_ZEROS};
    const int64_t outputs = (int64_t)l->outputs;
    grove_graph *g = grove_graph_new(&(grove_graph_options){.allocator = network->allocator});
    l->head.graph = g;
    l->in_before = grove_input_reals(g, "before", GROVE_BATCH, outputs);
    l->in_step = grove_input_reals(g, "step", GROVE_BATCH, outputs);
    l->rate = grove_parameter(g, "rate", GROVE_SCALAR, zero);
    grove_tensor y = grove_add(l->in_before, grove_mul(l->in_step, l->rate));
    grove_append_head(&l->head, y, NULL, schema, network);
    l->slope = grove_gradient(l->head.loss, l->rate);
    const grove_error *mistake = grove_graph_error(g);
    if (mistake->status != GROVE_OK) {
        return grove_fail(error, mistake->status, "%s", mistake->message);
    }
    return grove_is_valid(l->slope)
               ? GROVE_OK
               : grove_fail(error, GROVE_BAD_ARGUMENT,
                            "boosting: the loss does not depend on the scores");
}

static grove_plan *loss_plan(const grove_boost_line *l, size_t batch, int threads) {
    const grove_tensor outputs[] = {l->head.loss, l->slope};
    const grove_plan_options options = {.batch = batch ? (int64_t)batch : GROVE_EMPTY,
                                        .threads = threads,
                                        .allocator = l->allocator};
    return grove_plan_new(l->head.graph, outputs, 2, &options);
}

static grove_status open_plans(grove_boost_line *l, const grove_schema *schema,
                               const grove_fit_options *options, grove_error *error) {
    grove_status status =
        grove_targets_open(&l->targets, &l->head, schema, options, &l->rows, l->size, error);
    if (status != GROVE_OK) {
        return status;
    }
    l->words = grove_alloc(&l->allocator, l->targets.words * sizeof *l->words);
    l->full = loss_plan(l, l->size, options->threads);
    l->rest = loss_plan(l, l->rows.count % l->size, options->threads);
    if (!l->words || !l->full || !l->rest) {
        return grove_fail_memory(error, l->targets.words * sizeof *l->words);
    }
    status = grove_targets_bind(&l->targets, &l->head, l->full);
    return status == GROVE_OK ? grove_targets_bind(&l->targets, &l->head, l->rest) : status;
}

static void take_targets(grove_boost_line *l, size_t begin, size_t count) {
    const int32_t *words = l->words;
    for (size_t i = 0; i < count; i++) {
        const size_t row = grove_row_at(&l->rows, begin + i);
        grove_targets_pack(&l->targets, l->rows.dataset, row, l->words);
        grove_targets_take(&l->targets, &words, 0, 1, i);
    }
}

grove_status grove_boost_line_at(grove_boost_line *l, double rate, double *loss, double *slope,
                                 grove_error *error) {
    double mass = 0;
    *(grove_real *)grove_parameter_data(l->rate) = (grove_real)rate;
    *loss = *slope = 0;
    for (size_t begin = 0, count; begin < l->rows.count; begin += count) {
        const size_t left = l->rows.count - begin;
        count = left < l->size ? left : l->size;
        grove_plan *plan = count == l->size ? l->full : l->rest;
        take_targets(l, begin, count);
        const double own = grove_targets_mass(&l->targets, count);
        grove_bind(plan, l->in_before, l->before + begin * l->outputs);
        grove_bind(plan, l->in_step, l->step + begin * l->outputs);
        if (own > 0 && grove_run(plan) != GROVE_OK) {
            const grove_error *why = grove_plan_error(plan);
            return grove_fail(error, why->status, "%s", why->message);
        }
        *loss += own > 0 ? own * grove_scalar(plan, l->head.loss) : 0;
        *slope += own > 0 ? own * grove_scalar(plan, l->slope) : 0;
        mass += own;
    }
    *loss /= mass > 0 ? mass : 1;
    *slope /= mass > 0 ? mass : 1;
    return GROVE_OK;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* The places between which the slope turns from down to up: *low goes down, *high does not. */
static grove_status bracket(grove_boost_line *l, double *low, double *high, grove_error *error) {
    const double most = 1024;
    double loss, slope = -1;
    grove_status status = GROVE_OK;
    for (*low = 0, *high = 1; status == GROVE_OK && *low < most; *high *= 2) {
        status = grove_boost_line_at(l, *high, &loss, &slope, error);
        if (!(slope < 0)) {
            break;
        }
        *low = *high;
    }
    return status;
}

grove_status grove_boost_line_search(grove_boost_line *l, double *rate, double *loss,
                                     grove_error *error) {
    double low, high, middle, start, slope, found;
    *rate = 0;
    grove_status status = grove_boost_line_at(l, 0, &start, &slope, error);
    *loss = start;
    if (status != GROVE_OK || !(slope < 0)) {
        return status;
    }
    status = bracket(l, &low, &high, error);
    while (status == GROVE_OK && high - low > 1e-4 * high) {
        middle = low + (high - low) / 2;
        status = grove_boost_line_at(l, middle, &found, &slope, error);
        *(slope < 0 ? &low : &high) = middle;
    }
    /* Of a loss with several valleys that may be the wrong one: then nearer. */
    for (middle = low > 0 ? low : high; status == GROVE_OK && middle > 1e-9; middle /= 2) {
        status = grove_boost_line_at(l, middle, &found, &slope, error);
        if (found < start) {
            *rate = middle;
            *loss = found;
            break;
        }
    }
    return status;
}

/* ---- all together ---------------------------------------------------------------------------- */

grove_status grove_boost_line_open(grove_boost_line *l, const grove_graph *graph,
                                   grove_tensor before, grove_tensor step,
                                   const grove_schema *schema,
                                   const grove_classifier_options *network,
                                   const grove_fit_options *options, grove_rows rows,
                                   grove_error *error) {
    size_t count = 0;
    *l = (grove_boost_line){.allocator = grove_graph_allocator(graph),
                            .rows = rows,
                            .size = rows.count < LOSS_BATCH ? rows.count : LOSS_BATCH,
                            .outputs = (size_t)grove_head_outputs(schema)};
    if (grove_multiply(rows.count, l->outputs, &count)) {
        l->before = grove_alloc_zero(&l->allocator, count, sizeof *l->before);
        l->step = grove_alloc_zero(&l->allocator, count, sizeof *l->step);
    }
    if (!l->before || !l->step) {
        return grove_fail_memory(error, count * sizeof *l->before);
    }
    grove_status status = find_scores(l, graph, before, step, schema, options->threads, error);
    status = status == GROVE_OK ? build(l, schema, network, error) : status;
    return status == GROVE_OK ? open_plans(l, schema, options, error) : status;
}

void grove_boost_line_close(grove_boost_line *l) {
    if (l->allocator.resize) {
        grove_plan_free(l->full);
        grove_plan_free(l->rest);
        grove_targets_close(&l->targets);
        grove_release(&l->allocator, l->words);
        grove_release(&l->allocator, l->before);
        grove_release(&l->allocator, l->step);
        grove_classifier_free(&l->head);
    }
}
