/* SPDX-License-Identifier: MIT
 *
 * quotient_ids and remainder_ids - an id taken apart: id = quotient * divisor + remainder.
 *
 *     quotient_ids    y = ids / divisor, rounded down
 *     remainder_ids   y = ids mod divisor
 *
 * No two ids have both alike. So two small tables, one looked up by the quotient and one by the
 * remainder, give each id a vector of its own: 73,000 ids by the divisor 271 need 270 + 271 rows.
 * (Shi et al. 2020, "Compositional embeddings using complementary partitions".)
 *
 * Shapes: ids [...] -> the same.
 * Gradient: none; whoever looks up the tables has one, for them.
 * Errors: an id that is not from 0 to rows - 1 fails the run, in words, before anything is written:
 *   a table of quotients is often somewhat larger than needed, and would not notice. GROVE_NOBODY
 *   stays nobody.
 * Cost: a division an id.
 */
#include "room.h"

struct divide {
    int64_t divisor, rows;
};

static const grove_field fields[] = {GROVE_FIELD(struct divide, divisor, INT),
                                     GROVE_FIELD(struct divide, rows, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct divide *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    if (attributes->divisor < 1 || attributes->divisor > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the divisor must be from 1 to 2147483647");
    }
    if (attributes->rows < 0) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the number of rows must be fixed, not a batch");
    }
    return grove_want_type(s, 0, GROVE_ID);
}

/* The two differ in what is kept of a division (and `remainder` is known where this is compiled
 * into them). */
static inline grove_status divide(const grove_call *call, size_t begin, size_t end,
                                  bool remainder) {
    const struct divide *attributes = call->attributes;
    const grove_id *ids = grove_ids(call, 0), divisor = (grove_id)attributes->divisor;
    grove_id *y = call->out->data;
    grove_status status = grove_check_row_ids(call, 0, begin, end, (size_t)attributes->rows);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        const grove_id part = remainder ? ids[i] % divisor : ids[i] / divisor;
        y[i] = ids[i] == GROVE_NOBODY ? GROVE_NOBODY : part;
    }
    return status;
}

static grove_status run_quotient(const grove_call *call, size_t begin, size_t end) {
    return divide(call, begin, end, false);
}

static grove_status run_remainder(const grove_call *call, size_t begin, size_t end) {
    return divide(call, begin, end, true);
}

static size_t cost(const grove_call *call) {
    (void)call;
    return 10;
}

static grove_tensor build_quotient(const grove_tensor *in) {
    return grove_quotient_ids(in[0], 4, 11);
}
static grove_tensor build_quotient_of_any(const grove_tensor *in) {
    return grove_quotient_ids(in[0], 1, (int64_t)1 << 31);
}
static grove_tensor build_quotient_by_none(const grove_tensor *in) {
    return grove_quotient_ids(in[0], 0, 11);
}
static grove_tensor build_quotient_by_much(const grove_tensor *in) {
    return grove_quotient_ids(in[0], (int64_t)1 << 31, 11);
}
static grove_tensor build_quotient_of_batch(const grove_tensor *in) {
    return grove_quotient_ids(in[0], 4, GROVE_BATCH);
}
static grove_tensor build_remainder(const grove_tensor *in) {
    return grove_remainder_ids(in[0], 4, 11);
}
static grove_tensor build_remainder_of_any(const grove_tensor *in) {
    return grove_remainder_ids(in[0], INT32_MAX, (int64_t)1 << 31);
}
static grove_tensor build_remainder_by_none(const grove_tensor *in) {
    return grove_remainder_ids(in[0], 0, 11);
}

#define IDS(...)                                                                                   \
    { .type = GROVE_ID, .shape = __VA_ARGS__ }

static const grove_example quotient_examples[] = {
    {.inputs = 1,
     .in = {IDS({1, {5}}, .values = GROVE_NUMBERS(0, 3, 4, 10, GROVE_NOBODY))},
     .build = build_quotient,
     .out = GROVE_NUMBERS(0, 0, 1, 2, GROVE_NOBODY)},
    {.inputs = 1,
     .in = {IDS({2, {-1, 1}}, .values = GROVE_NUMBERS(0, INT32_MAX))},
     .build = build_quotient_of_any,
     .out = GROVE_NUMBERS(0, INT32_MAX)},
    {.inputs = 1,
     .in = {IDS({1, {2}})},
     .build = build_quotient_by_none,
     .refused = "the divisor must be from 1 to 2147483647"},
    {.inputs = 1,
     .in = {IDS({1, {2}})},
     .build = build_quotient_by_much,
     .refused = "the divisor must be from 1 to 2147483647"},
    {.inputs = 1,
     .in = {IDS({1, {2}})},
     .build = build_quotient_of_batch,
     .refused = "the number of rows must be fixed"},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}}},
     .build = build_quotient,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

static const grove_example remainder_examples[] = {
    {.inputs = 1,
     .in = {IDS({1, {5}}, .values = GROVE_NUMBERS(0, 3, 4, 10, GROVE_NOBODY))},
     .build = build_remainder,
     .out = GROVE_NUMBERS(0, 3, 0, 2, GROVE_NOBODY)},
    {.inputs = 1,
     .in = {IDS({2, {-1, 1}}, .values = GROVE_NUMBERS(INT32_MAX - 1, INT32_MAX))},
     .build = build_remainder_of_any,
     .out = GROVE_NUMBERS(INT32_MAX - 1, 0)},
    {.inputs = 1,
     .in = {IDS({1, {2}})},
     .build = build_remainder_by_none,
     .refused = "the divisor must be from 1 to 2147483647"},
    {0},
};

GROVE_ROOM(quotient_ids) = {
    .name = "quotient_ids",
    .formula = "y = ids / divisor, rounded down",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(struct divide),
    .fields = fields,
    .shape = shape,
    .run = run_quotient,
    .items = grove_by_element,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = quotient_examples,
};

GROVE_ROOM(remainder_ids) = {
    .name = "remainder_ids",
    .formula = "y = ids mod divisor",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(struct divide),
    .fields = fields,
    .shape = shape,
    .run = run_remainder,
    .items = grove_by_element,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = remainder_examples,
};

grove_tensor grove_quotient_ids(grove_tensor ids, int64_t divisor, int64_t rows) {
    struct divide attributes = {.divisor = divisor, .rows = rows};
    return grove_append1(&grove_op_quotient_ids, ids, &attributes);
}

grove_tensor grove_remainder_ids(grove_tensor ids, int64_t divisor, int64_t rows) {
    struct divide attributes = {.divisor = divisor, .rows = rows};
    return grove_append1(&grove_op_remainder_ids, ids, &attributes);
}
