/* SPDX-License-Identifier: MIT
 *
 * normal_rows - standard normal numbers, a row for each id: what weights with a distribution are
 * moved by (grove/bayesian.h).
 *
 * Formula: y[i, k] = sqrt(-2 log(1 - u)) cos(2 pi v) for even k, sin for odd k, with the two 53-bit
 *   numbers u, v in [0, 1) of one block of Philox: block (id[i], k / 2) (Box & Muller 1958).
 * Shapes: ids [...] -> [..., width].
 * Gradient: none; what is drawn has no slope. By it pass the numbers that it is multiplied with:
 *   y = mean + deviation * normal (the reparameterization of Kingma & Welling 2014).
 * Randomness: of (graph's seed, stream, training run, id, k); with `fixed` not of the run: then an
 *   id has the same row in each run, in training and outside, whatever stands beside it, so a
 *   weight of which row after row is drawn is one weight. Two nodes with one stream draw the same.
 *   The key is not dropout's.
 * Errors: an id below 0 fails the run.
 * Cost: a Philox block, a logarithm, a root, a sine and a cosine for two numbers: about 40 ns.
 */
#include <math.h>

#include "chance.h"

struct normal {
    int64_t width, stream, fixed;
};

static const grove_field fields[] = {GROVE_FIELD(struct normal, width, INT),
                                     GROVE_FIELD(struct normal, stream, INT),
                                     GROVE_FIELD(struct normal, fixed, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct normal *attributes = s->attributes;
    const grove_shape ids = grove_in_shape(s, 0);
    if (!grove_want_type(s, 0, GROVE_ID)) {
        return false;
    }
    if (attributes->width < 1 || attributes->width > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "its width must be fixed, and 1 or more");
    }
    if (ids.rank == GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "its ids have too many axes to add one");
    }
    s->type = GROVE_REAL;
    s->shape = ids;
    s->shape.dim[s->shape.rank++] = attributes->width;
    return grove_want_stream(s, attributes->stream);
}

static void draw_row(const grove_call *call, grove_id id, grove_real *y) {
    const struct normal *attributes = call->attributes;
    const uint64_t run = attributes->fixed ? 0 : call->run;
    const uint64_t key = (call->seed ^ 0xD6E8FEB86659FD93u) + (run >> 32) * 0x9E3779B97F4A7C15u;
    const size_t width = (size_t)attributes->width, pairs = (width + 1) / 2;
    for (size_t pair = 0; pair < pairs; pair++) {
        uint32_t words[4];
        grove_random_block(key, (uint32_t)attributes->stream, (uint32_t)run,
                           (uint64_t)id * pairs + pair, words);
        const double u = grove_unit53(words[0], words[1]), v = grove_unit53(words[2], words[3]);
        const double length = sqrt(-2 * log(1 - u)), angle = 2 * 3.14159265358979323846 * v;
        y[2 * pair] = (grove_real)(length * cos(angle));
        if (2 * pair + 1 < width) {
            y[2 * pair + 1] = (grove_real)(length * sin(angle));
        }
    }
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct normal *attributes = call->attributes;
    const grove_id *ids = grove_ids(call, 0);
    grove_real *y = grove_out(call);
    const grove_status status = grove_check_ids(call, 0, begin, end, (size_t)INT32_MAX);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        draw_row(call, ids[i], y + i * (size_t)attributes->width);
    }
    return status;
}

static size_t items(const grove_call *call) {
    return call->in[0]->count;
}

static size_t cost(const grove_call *call) {
    const struct normal *attributes = call->attributes;
    return 60 * (size_t)attributes->width;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_normal_rows(in[0], 3, 7, true);
}
static grove_tensor build_anew(const grove_tensor *in) {
    return grove_normal_rows(in[0], 2, 0, false);
}
static grove_tensor build_none(const grove_tensor *in) {
    return grove_normal_rows(in[0], 0, 7, true);
}
static grove_tensor build_no_stream(const grove_tensor *in) {
    return grove_normal_rows(in[0], 3, -1, true);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(0, 0)}},
     .build = build},
    {.inputs = 1, .in = {{.type = GROVE_ID, .shape = {2, {-1, 2}}}}, .build = build},
    {.inputs = 1, .in = {{.type = GROVE_ID, .shape = {1, {0}}}}, .build = build_anew},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build_none,
     .refused = "its width must be fixed, and 1 or more"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build_no_stream,
     .refused = "its stream must be the index of a node"},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(normal_rows) = {
    .name = "normal_rows",
    .formula = "y[i, k] = a standard normal number, by id[i] and k",
    .min_inputs = 1,
    .max_inputs = 1,
    .attribute_size = sizeof(struct normal),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .no_gradient = "numbers are drawn, not varied: there is no slope",
    .examples = examples,
};

grove_tensor grove_normal_rows(grove_tensor ids, int64_t width, int64_t stream, bool fixed) {
    struct normal attributes = {.width = width, .stream = stream, .fixed = fixed};
    return grove_append1(&grove_op_normal_rows, ids, &attributes);
}
