/* SPDX-License-Identifier: MIT
 *
 * hash_ids - y[i, j] = h(ids[i], j) mod buckets: each id gets `hashes` rows of a table that has
 * only `buckets` of them, however many ids there are.
 *
 * The hashing trick: a table smaller than its vocabulary, whose rows are shared by chance. With two
 * rows for each id, summed up, hardly any two ids share both. (Weinberger et al. 2009; Svenstrup,
 * Hansen & Winther 2017.) For texts that are hashed before they are ids: grove/data_hash.h.
 *
 * Shapes: ids [...] -> [..., hashes].
 * The hash, so that anybody can reproduce it: h(id, j) is the low word of a Philox4x32-10 block and
 *   2^32 times the second one, with the seed as its key (low word first) and with the counter (id,
 *   j, 0x48415348, 0). It depends on nothing else: not on the graph's seed, the node or the run.
 *   The third word of the counter keeps it apart from all other random numbers of the house.
 * Numerics: exact. A remainder of 64 bits favours no row by more than one part in 2^33.
 * Gradient: none; whoever looks up the rows has one, for the table.
 * Errors: any id from 0 up is fine; a negative one fails the run, in words, before anything is
 *   written. GROVE_NOBODY stays nobody, in all its places.
 * Cost: a Philox block and a division for each row.
 */
#include "base/random.h"
#include "room.h"

enum { STREAM = 0x48415348 };

struct hash {
    int64_t buckets, hashes;
    int64_t seed; /* the bits of an uint64_t */
};

static const grove_field fields[] = {GROVE_FIELD(struct hash, buckets, INT),
                                     GROVE_FIELD(struct hash, hashes, INT),
                                     GROVE_FIELD(struct hash, seed, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct hash *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    if (!grove_want_type(s, 0, GROVE_ID)) {
        return false;
    }
    if (attributes->buckets < 1 || attributes->buckets > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it needs 1 to 2147483647 buckets");
    }
    if (attributes->hashes < 1 || attributes->hashes > GROVE_MAX_HASHES) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it makes 1 to %d hashes of an id",
                            GROVE_MAX_HASHES);
    }
    if (s->shape.rank == GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the ids have too many dimensions");
    }
    s->shape.dim[s->shape.rank++] = attributes->hashes;
    return true;
}

static grove_id row_of(grove_id id, uint32_t j, const struct hash *attributes) {
    uint32_t words[4];
    grove_random_block((uint64_t)attributes->seed, STREAM, 0, (uint64_t)j << 32 | (uint32_t)id,
                       words);
    return (grove_id)(((uint64_t)words[1] << 32 | words[0]) % (uint64_t)attributes->buckets);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct hash *attributes = call->attributes;
    const grove_id *ids = grove_ids(call, 0);
    const size_t hashes = (size_t)attributes->hashes;
    grove_id *y = call->out->data; /* [ids, hashes] */
    grove_status status = grove_check_row_ids(call, 0, begin, end, (size_t)INT32_MAX + 1);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        for (size_t j = 0; j < hashes; j++) {
            y[i * hashes + j] =
                ids[i] == GROVE_NOBODY ? GROVE_NOBODY : row_of(ids[i], (uint32_t)j, attributes);
        }
    }
    return status;
}

static size_t items(const grove_call *call) {
    return call->in[0]->count;
}
static size_t cost(const grove_call *call) {
    return 50 * grove_width(call->out);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_hash_ids(in[0], 20000, 2, 1);
}
static grove_tensor build_one(const grove_tensor *in) {
    return grove_hash_ids(in[0], 1, 1, UINT64_MAX);
}
static grove_tensor build_most(const grove_tensor *in) {
    return grove_hash_ids(in[0], INT32_MAX, GROVE_MAX_HASHES, 0);
}
static grove_tensor build_no_bucket(const grove_tensor *in) {
    return grove_hash_ids(in[0], 0, 2, 1);
}
static grove_tensor build_large(const grove_tensor *in) {
    return grove_hash_ids(in[0], (int64_t)INT32_MAX + 1, 2, 1);
}
static grove_tensor build_no_hash(const grove_tensor *in) {
    return grove_hash_ids(in[0], 20000, 0, 1);
}
static grove_tensor build_many(const grove_tensor *in) {
    return grove_hash_ids(in[0], 20000, GROVE_MAX_HASHES + 1, 1);
}

#define IDS(...)                                                                                   \
    { .type = GROVE_ID, .shape = __VA_ARGS__ }

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {IDS({1, {4}}, .values = GROVE_NUMBERS(0, 1, GROVE_NOBODY, 72999))},
     .build = build,
     .out = GROVE_NUMBERS(19039, 17128, 3681, 3895, GROVE_NOBODY, GROVE_NOBODY, 7696, 3667)},
    {.inputs = 1,
     .in = {IDS({2, {-1, 3}})},
     .build = build_one,
     .out = GROVE_NUMBERS(0, 0, 0, 0, 0, 0)},
    {.inputs = 1, .in = {IDS({0})}, .build = build_most},
    {.inputs = 1, .in = {IDS({1, {0}})}, .build = build},
    {.inputs = 1, .in = {IDS({1, {2}})}, .build = build_no_bucket, .refused = "buckets"},
    {.inputs = 1, .in = {IDS({1, {2}})}, .build = build_large, .refused = "1 to 2147483647"},
    {.inputs = 1, .in = {IDS({1, {2}})}, .build = build_no_hash, .refused = "1 to 16 hashes"},
    {.inputs = 1, .in = {IDS({1, {2}})}, .build = build_many, .refused = "1 to 16 hashes"},
    {.inputs = 1,
     .in = {IDS({6, {1, 1, 1, 1, 1, 1}})},
     .build = build,
     .refused = "the ids have too many dimensions"},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(hash_ids) = {
    .name = "hash_ids",
    .formula = "y[i, j] = h(ids[i], j) mod buckets",
    .min_inputs = 1,
    .max_inputs = 1,
    .attribute_size = sizeof(struct hash),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_hash_ids(grove_tensor ids, int64_t buckets, int64_t hashes, uint64_t seed) {
    struct hash attributes = {.buckets = buckets, .hashes = hashes};
    memcpy(&attributes.seed, &seed, sizeof seed);
    return grove_append1(&grove_op_hash_ids, ids, &attributes);
}
