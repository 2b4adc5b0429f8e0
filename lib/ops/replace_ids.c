/* SPDX-License-Identifier: MIT
 *
 * replace_ids - in training y[i] = replacement with the probability p, else ids[i]; outside
 * training y is ids itself. With the unknown category as the replacement, its row of a table is
 * trained by a share of all that is known (word dropout: Iyyer, Manjunatha, Boyd-Graber & Daume
 * 2015; there words were dropped, here they are shown as unknown).
 *
 * Shapes: ids [...] -> the same.
 * Gradient: ids have none. That of a table looked up by y goes to the rows that y names: where an
 *   id was replaced, to the replacement's row, and not to its own.
 * Randomness: id i is replaced if its random word (chance.h), as a number in [0, 1), is below p;
 *   each run draws anew.
 * Nobody stays nobody: the padding of a bag (embedding_bag_ids) is not shown as unknown.
 * Errors: an id that is not one of 0..rows-1 fails a training run, in words, before anything is
 *   written: also one that would have been replaced, so that no run passes it by luck. Outside
 *   training the lookup checks, as ever.
 * Cost: a quarter of a Philox block an id.
 */
#include <math.h>

#include "chance.h"

struct replace {
    double probability;
    int64_t replacement, rows, stream;
};

static const grove_field fields[] = {
    GROVE_FIELD(struct replace, probability, REAL), GROVE_FIELD(struct replace, replacement, INT),
    GROVE_FIELD(struct replace, rows, INT), GROVE_FIELD(struct replace, stream, INT),
    GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct replace *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    if (!(attributes->probability >= 0 && attributes->probability < 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "its probability must be at least 0 and below 1");
    }
    if (attributes->rows < 0) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the number of rows must be fixed, not a batch");
    }
    if (attributes->replacement < 0 || attributes->replacement > INT32_MAX ||
        attributes->replacement >= attributes->rows) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "the replacement must be one of the rows, counted from 0");
    }
    return grove_want_stream(s, attributes->stream) && grove_want_type(s, 0, GROVE_ID);
}

GROVE_RUN(run) {
    const struct replace *attributes = call->attributes;
    const uint32_t threshold = grove_chance_threshold(attributes->probability);
    const grove_id *ids = grove_ids(call, 0), replacement = (grove_id)attributes->replacement;
    grove_id *y = call->out->data;
    grove_chance chance;
    grove_status status = grove_check_row_ids(call, 0, begin, end, (size_t)attributes->rows);
    for (size_t i = begin; i < end && status == GROVE_OK;) {
        grove_chance_draw(call, attributes->stream, i, end, &chance);
        for (; i < chance.stop; i++) {
            const grove_id kept = ids[i];
            bool drawn = chance.words[i - chance.first] < threshold && kept != GROVE_NOBODY;
            y[i] = drawn ? replacement : kept;
        }
    }
    return status;
}

static size_t cost(const grove_call *call) {
    (void)call;
    return 10;
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_replace_ids(in[0], 0, 0, 8);
}
static grove_tensor build_half(const grove_tensor *in) {
    return grove_replace_ids(in[0], 0.5, 3, 100);
}
static grove_tensor build_nearly_all(const grove_tensor *in) {
    return grove_replace_ids(in[0], 1 - 1e-10, 2, 8);
}
static grove_tensor build_all(const grove_tensor *in) {
    return grove_replace_ids(in[0], 1, 0, 8);
}
static grove_tensor build_nan(const grove_tensor *in) {
    return grove_replace_ids(in[0], (double)NAN, 0, 8);
}
static grove_tensor build_outside(const grove_tensor *in) {
    return grove_replace_ids(in[0], 0.5, 8, 8);
}
static grove_tensor build_negative(const grove_tensor *in) {
    return grove_replace_ids(in[0], 0.5, -1, 8);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_replace_ids(in[0], 0.5, 0, GROVE_BATCH);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}, .values = GROVE_NUMBERS(7, 0, 3, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(7, 0, 3, 3)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(5, GROVE_NOBODY, 5)}},
     .build = build_nearly_all, /* but for one case in ten thousand million */
     .out = GROVE_NUMBERS(2, GROVE_NOBODY, 2)},
    {.inputs = 1, .in = {{.type = GROVE_ID, .shape = {2, {3, 7}}}}, .build = build_half},
    {.inputs = 1, .in = {{.type = GROVE_ID, .shape = {2, {-1, 5}}}}, .build = build_half},
    {.inputs = 1, .in = {{.type = GROVE_ID, .shape = {1, {0}}}}, .build = build_half},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}}},
     .build = build_all,
     .refused = "its probability must be at least 0 and below 1"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}}},
     .build = build_nan,
     .refused = "its probability must be at least 0 and below 1"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}}},
     .build = build_outside,
     .refused = "the replacement must be one of the rows"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}}},
     .build = build_negative,
     .refused = "the replacement must be one of the rows"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}}},
     .build = build_batch,
     .refused = "the number of rows must be fixed"},
    {.inputs = 1,
     .in = {{.shape = {1, {4}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(replace_ids) = {
    .name = "replace_ids",
    .formula = "y = replacement where chance says so, else ids; outside training y = ids",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_TRAINING,
    .attribute_size = sizeof(struct replace),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_replace_ids(grove_tensor ids, double probability, grove_id replacement,
                               int64_t rows) {
    struct replace attributes = {.probability = probability,
                                 .replacement = replacement,
                                 .rows = rows,
                                 .stream = grove_node_count(ids.graph)};
    return grove_append1(&grove_op_replace_ids, ids, &attributes);
}
