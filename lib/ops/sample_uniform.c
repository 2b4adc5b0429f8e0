/* SPDX-License-Identifier: MIT
 *
 * sample_uniform, sample_log_uniform, sample_alias - ids drawn at random, anew in each training
 * run: the candidates that a sampled loss holds against the label. With replacement: each draw is
 * independent of all others, so a class of probability p is expected count * p times.
 *
 *   uniform      P(k) = 1 / range
 *   log_uniform  P(k) = log((k + 2) / (k + 1)) / log(range + 1): nearly 1 / k, Zipf's law, for ids
 *                in the order of falling frequency. With u uniform in [0, 1) the number
 *                (range + 1)^u lies below k + 2 with the probability log(k + 2) / log(range + 1):
 *                so k = floor((range + 1)^u) - 1.
 *   alias        any probabilities, at the cost of one lookup (Walker 1977): each of n columns has
 *                two classes, its own with the share accept[k], else alias[k]. A column is drawn
 *                uniformly, then one of the two.
 *
 * Shapes: -> [count] ids; count may have the batch in it. accept [n], alias [n] ids, n fixed.
 * Randomness: draw i is made of the two 53-bit numbers of block i of the Philox numbers of (graph's
 *   seed, stream, training run): the same for any tiles and threads. A stream is the index that the
 *   node gets; the key is not dropout's, so that the same stream elsewhere is another one. Outside
 *   training the draw is that of the next training run, the same until there is one.
 * Errors: an alias that is no column fails the run when it is drawn.
 * Cost: a Philox block a draw, and an exp for log_uniform; nothing that grows with the classes.
 */
#include <math.h>

#include "chance.h"

struct sampling {
    int64_t count, range, stream;
};

static const grove_field fields[] = {
    GROVE_FIELD(struct sampling, count, INT), GROVE_FIELD(struct sampling, range, INT),
    GROVE_FIELD(struct sampling, stream, INT), GROVE_NO_MORE_FIELDS};

/* ---- shape ----------------------------------------------------------------------------------- */

static bool shape(grove_shaping *s) {
    const struct sampling *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = (grove_shape){1, {attributes->count}};
    if (attributes->range < 1 || attributes->range > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "the number of classes must be fixed, and at least 1");
    }
    return grove_want_stream(s, attributes->stream);
}

static bool shape_of_alias(grove_shaping *s) {
    const struct sampling *attributes = s->attributes;
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 1) ||
        !grove_want_type(s, 1, GROVE_ID) ||
        !grove_want_shape(s, 1, grove_in_shape(s, 0), "the aliases, one for each class,")) {
        return false;
    }
    if (grove_in_shape(s, 0).dim[0] != attributes->range) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the table is not one of its classes");
    }
    return shape(s);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* Two numbers in [0, 1) for draw i. */
static void draw(const grove_call *call, size_t i, double u[2]) {
    const struct sampling *attributes = call->attributes;
    const uint64_t key =
        (call->seed ^ 0xA0761D6478BD642Fu) + (call->run >> 32) * 0x9E3779B97F4A7C15u;
    uint32_t words[4];
    grove_random_block(key, (uint32_t)attributes->stream, (uint32_t)call->run, i, words);
    u[0] = grove_unit53(words[0], words[1]);
    u[1] = grove_unit53(words[2], words[3]);
}

/* The id below the number; rounding must not make it the one behind the last. */
static grove_id id_of(double number, int64_t range) {
    int64_t id = (int64_t)number;
    return (grove_id)(id < range ? id : range - 1);
}

static grove_status run_uniform(const grove_call *call, size_t begin, size_t end) {
    const struct sampling *attributes = call->attributes;
    grove_id *y = call->out->data;
    for (size_t i = begin; i < end; i++) {
        double u[2];
        draw(call, i, u);
        y[i] = id_of(u[0] * (double)attributes->range, attributes->range);
    }
    return GROVE_OK;
}

static grove_status run_log_uniform(const grove_call *call, size_t begin, size_t end) {
    const struct sampling *attributes = call->attributes;
    const double log_range = log1p((double)attributes->range);
    grove_id *y = call->out->data;
    for (size_t i = begin; i < end; i++) {
        double u[2];
        draw(call, i, u);
        y[i] = id_of(exp(u[0] * log_range) - 1, attributes->range);
    }
    return GROVE_OK;
}

static grove_status run_alias(const grove_call *call, size_t begin, size_t end) {
    const struct sampling *attributes = call->attributes;
    const grove_real *accept = grove_reals(call, 0); /* [range] */
    const grove_id *alias = grove_ids(call, 1);      /* [range] */
    grove_id *y = call->out->data;
    grove_status status = GROVE_OK;
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        double u[2];
        draw(call, i, u);
        grove_id column = id_of(u[0] * (double)attributes->range, attributes->range);
        bool own = u[1] < (double)accept[column];
        if (!own) {
            size_t at = (size_t)column;
            status = grove_check_ids(call, 1, at, at + 1, (size_t)attributes->range);
        }
        y[i] = own ? column : alias[column];
    }
    return status;
}

static size_t cost(const grove_call *call) {
    (void)call;
    return 60;
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build_uniform(const grove_tensor *in) {
    return grove_sample_uniform(in[0].graph, 3, 1);
}
static grove_tensor build_uniform_batch(const grove_tensor *in) {
    return grove_sample_uniform(in[0].graph, grove_dim(2, 37), 1000);
}
static grove_tensor build_uniform_empty(const grove_tensor *in) {
    return grove_sample_uniform(in[0].graph, 0, 5);
}
static grove_tensor build_of_none(const grove_tensor *in) {
    return grove_sample_uniform(in[0].graph, 3, 0);
}
static grove_tensor build_log_uniform(const grove_tensor *in) {
    return grove_sample_log_uniform(in[0].graph, 3, 1);
}
static grove_tensor build_log_uniform_many(const grove_tensor *in) {
    return grove_sample_log_uniform(in[0].graph, 100, INT32_MAX);
}
static grove_tensor build_log_of_batch(const grove_tensor *in) {
    return grove_sample_log_uniform(in[0].graph, 3, GROVE_BATCH);
}
static grove_tensor build_alias(const grove_tensor *in) {
    return grove_sample_alias(in[0], in[1], 5);
}

/* There is one class only: what is drawn is no matter of chance. */
static const grove_example examples[] = {
    {.build = build_uniform, .out = GROVE_NUMBERS(0, 0, 0)},
    {.build = build_uniform_batch},
    {.build = build_uniform_empty},
    {.build = build_of_none, .refused = "the number of classes must be fixed, and at least 1"},
    {0},
};
static const grove_example log_examples[] = {
    {.build = build_log_uniform, .out = GROVE_NUMBERS(0, 0, 0)},
    {.build = build_log_uniform_many},
    {.build = build_log_of_batch, .refused = "the number of classes must be fixed, and at least 1"},
    {0},
};
static const grove_example alias_examples[] = {
    /* Columns 0 and 2 never keep their own class: 1 is always drawn. */
    {.inputs = 2,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 1, 0), .no_check = true},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(1, 0, 1)}},
     .build = build_alias,
     .out = GROVE_NUMBERS(1, 1, 1, 1, 1)},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0.5, 1), .no_check = true},
            {.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build_alias},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build_alias,
     .refused = "the aliases, one for each class, must have the shape [3]"},
    {.inputs = 2,
     .in = {{.shape = {1, {-1}}}, {.type = GROVE_ID, .shape = {1, {-1}}}},
     .build = build_alias,
     .refused = "the number of classes must be fixed, and at least 1"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

#define SAMPLER(words, inputs_, shape_, run_, examples_)                                           \
    .name = words, .min_inputs = inputs_, .max_inputs = inputs_,                                   \
    .attribute_size = sizeof(struct sampling), .fields = fields, .shape = shape_, .run = run_,     \
    .items = grove_by_element, .cost = cost,                                                       \
    .no_gradient = "ids are drawn, not varied: there is no slope", .examples = examples_

GROVE_ROOM(sample_uniform) = {
    .formula = "y[i] = any of 0..range-1, all alike",
    SAMPLER("sample_uniform", 0, shape, run_uniform, examples),
};
GROVE_ROOM(sample_log_uniform) = {
    .formula = "y[i] = k with the probability log((k + 2) / (k + 1)) / log(range + 1)",
    SAMPLER("sample_log_uniform", 0, shape, run_log_uniform, log_examples),
};
GROVE_ROOM(sample_alias) = {
    .formula = "y[i] = k with the probability accept[k], else alias[k], k any of 0..n-1",
    SAMPLER("sample_alias", 2, shape_of_alias, run_alias, alias_examples),
};

/* ---- builders -------------------------------------------------------------------------------- */

static grove_tensor append(const grove_op *op, grove_graph *graph, const grove_tensor *in,
                           int inputs, struct sampling attributes) {
    attributes.stream = grove_node_count(graph);
    return grove_append(op, graph, in, inputs, &attributes);
}

grove_tensor grove_sample_uniform(grove_graph *graph, int64_t count, int64_t range) {
    return append(&grove_op_sample_uniform, graph, NULL, 0,
                  (struct sampling){.count = count, .range = range});
}

grove_tensor grove_sample_log_uniform(grove_graph *graph, int64_t count, int64_t range) {
    return append(&grove_op_sample_log_uniform, graph, NULL, 0,
                  (struct sampling){.count = count, .range = range});
}

grove_tensor grove_sample_alias(grove_tensor accept, grove_tensor alias, int64_t count) {
    grove_shape table = grove_node_shape(accept);
    return append(&grove_op_sample_alias, accept.graph, (grove_tensor[]){accept, alias}, 2,
                  (struct sampling){.count = count, .range = table.rank ? table.dim[0] : 0});
}
