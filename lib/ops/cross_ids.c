/* SPDX-License-Identifier: MIT
 *
 * cross_ids - a row of ids becomes one: y[i] = h(x[i, 0], x[i, 1]...) mod buckets.
 *
 * That is the cross of several columns: each pair (triple...) of their values is a category of its
 * own, with a row in a table. A linear model over crosses learns that two values mean something
 * together which neither means alone (the wide part of Cheng et al. 2016, "Wide & Deep Learning").
 * There are too many pairs for a list of them; so they are hashed, and a few share a row by chance.
 *
 * Shapes: ids [..., columns] -> [...].
 * The hash, so that anybody can reproduce it: h begins with the seed, and takes in one id after the
 *   other, in the order of the columns: z = (h + id + 1) * 0x9e3779b97f4a7c15 (of 64 bits), then
 *   h = mix(z), where mix is that of SplitMix64 (Steele, Lea & Flood 2014):
 *     z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9; z = (z ^ z >> 27) * 0x94d049bb133111eb; z ^ z >> 31
 * Gradient: none; whoever looks up the rows has one, for the table.
 * Numerics: exact.
 * Errors: a negative id fails the run, in words, before anything is written.
 * Cost: two products an id, and a division a row.
 */
#include "room.h"

struct cross {
    int64_t buckets;
    int64_t seed; /* the bits of an uint64_t */
};

static const grove_field fields[] = {GROVE_FIELD(struct cross, buckets, INT),
                                     GROVE_FIELD(struct cross, seed, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct cross *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    if (!grove_want_type(s, 0, GROVE_ID)) {
        return false;
    }
    if (attributes->buckets < 1 || attributes->buckets > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it needs 1 to 2147483647 buckets");
    }
    if (s->shape.rank < 1 || s->shape.dim[s->shape.rank - 1] < 1) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "there must be a dimension of columns to cross");
    }
    s->shape.rank--;
    return true;
}

static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct cross *attributes = call->attributes;
    const size_t columns = grove_width(call->in[0]);
    const grove_id *ids = grove_ids(call, 0); /* [..., columns] */
    grove_id *y = call->out->data;
    grove_status status =
        grove_check_ids(call, 0, begin * columns, end * columns, (size_t)INT32_MAX + 1);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        uint64_t hash = (uint64_t)attributes->seed;
        for (size_t c = 0; c < columns; c++) {
            hash = mix((hash + (uint64_t)ids[i * columns + c] + 1) * 0x9e3779b97f4a7c15u);
        }
        y[i] = (grove_id)(hash % (uint64_t)attributes->buckets);
    }
    return status;
}

static size_t items(const grove_call *call) {
    return call->out->count;
}
static size_t cost(const grove_call *call) {
    return 20 + 10 * grove_width(call->in[0]);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_cross_ids(in[0], 1000, 1);
}
static grove_tensor build_one(const grove_tensor *in) {
    return grove_cross_ids(in[0], 1, UINT64_MAX);
}
static grove_tensor build_no_bucket(const grove_tensor *in) {
    return grove_cross_ids(in[0], 0, 1);
}
static grove_tensor build_large(const grove_tensor *in) {
    return grove_cross_ids(in[0], (int64_t)INT32_MAX + 1, 1);
}

#define IDS(...)                                                                                   \
    { .type = GROVE_ID, .shape = __VA_ARGS__ }

static const grove_example examples[] = {
    /* The order of the columns counts: (3, 5) is not (5, 3). */
    {.inputs = 1,
     .in = {IDS({2, {4, 2}}, .values = GROVE_NUMBERS(3, 5, 5, 3, 0, 0, 3, 5))},
     .build = build,
     .out = GROVE_NUMBERS(419, 784, 770, 419)},
    {.inputs = 1, .in = {IDS({2, {-1, 3}})}, .build = build_one, .out = GROVE_NUMBERS(0, 0)},
    {.inputs = 1, .in = {IDS({1, {3}})}, .build = build},
    {.inputs = 1, .in = {IDS({2, {2, 2}})}, .build = build_no_bucket, .refused = "buckets"},
    {.inputs = 1, .in = {IDS({2, {2, 2}})}, .build = build_large, .refused = "1 to 2147483647"},
    {.inputs = 1,
     .in = {IDS({0})},
     .build = build,
     .refused = "there must be a dimension of columns to cross"},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 2}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(cross_ids) = {
    .name = "cross_ids",
    .formula = "y[i] = h(x[i, 0], x[i, 1]...) mod buckets",
    .min_inputs = 1,
    .max_inputs = 1,
    .attribute_size = sizeof(struct cross),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_cross_ids(grove_tensor ids, int64_t buckets, uint64_t seed) {
    struct cross attributes = {.buckets = buckets};
    memcpy(&attributes.seed, &seed, sizeof seed);
    return grove_append1(&grove_op_cross_ids, ids, &attributes);
}
