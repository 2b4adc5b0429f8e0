/* SPDX-License-Identifier: MIT
 *
 * one_hot - a category as numbers: y[i] has a one at the place ids[i], and zeros else.
 *
 * A row of zeros and a one, times a table, is a row of the table. This op and a product are the
 * long way to what a lookup (embedding.c) does in one copy: for 73,000 categories and vectors of 12
 * numbers 876,000 multiplications a row, nearly all of them by zero. It is there to be compared
 * with, and for few categories, where the numbers themselves are wanted.
 *
 * Shapes: ids [...] -> [..., rows].
 * Gradient: none; ids have no slope. A table that is multiplied has the gradient of the product,
 *   which is dense: a number for each row of the table, whether the batch names it or not.
 * Errors: an id that is not from 0 to rows - 1 fails the run, in words, before anything is written.
 *   GROVE_NOBODY has a row of zeros.
 * Cost: a write of each number of the result.
 */
#include "room.h"

struct one_hot {
    int64_t rows;
};

static const grove_field fields[] = {GROVE_FIELD(struct one_hot, rows, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct one_hot *attributes = s->attributes;
    s->shape = grove_in_shape(s, 0);
    if (!grove_want_type(s, 0, GROVE_ID)) {
        return false;
    }
    if (attributes->rows < 1) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "the number of categories must be 1 or more, and no batch");
    }
    if (s->shape.rank == GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the ids have too many dimensions");
    }
    s->shape.dim[s->shape.rank++] = attributes->rows;
    return true;
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct one_hot *attributes = call->attributes;
    const size_t rows = (size_t)attributes->rows;
    const grove_id *ids = grove_ids(call, 0);
    grove_real *y = grove_out(call); /* [ids, rows] */
    grove_status status = grove_check_row_ids(call, 0, begin, end, rows);
    if (status == GROVE_OK) {
        memset(y + begin * rows, 0, (end - begin) * rows * sizeof *y);
    }
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        if (ids[i] != GROVE_NOBODY) {
            y[i * rows + (size_t)ids[i]] = 1;
        }
    }
    return status;
}

static size_t items(const grove_call *call) {
    return call->in[0]->count;
}

static size_t cost(const grove_call *call) {
    const struct one_hot *attributes = call->attributes;
    return 8 + (size_t)attributes->rows / 2;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_one_hot(in[0], 3);
}
static grove_tensor build_none(const grove_tensor *in) {
    return grove_one_hot(in[0], 0);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_one_hot(in[0], GROVE_BATCH);
}

#define IDS(...)                                                                                   \
    { .type = GROVE_ID, .shape = __VA_ARGS__ }

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {IDS({1, {4}}, .values = GROVE_NUMBERS(2, 0, GROVE_NOBODY, 2))},
     .build = build,
     .out = GROVE_NUMBERS(0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1)},
    {.inputs = 1,
     .in = {IDS({2, {-1, 1}}, .values = GROVE_NUMBERS(1, 0))}, /* with a batch of 2 */
     .build = build,
     .out = GROVE_NUMBERS(0, 1, 0, 1, 0, 0)},
    {.inputs = 1,
     .in = {IDS({1, {2}})},
     .build = build_none,
     .refused = "the number of categories must be 1 or more"},
    {.inputs = 1,
     .in = {IDS({1, {2}})},
     .build = build_batch,
     .refused = "the number of categories must be 1 or more"},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(one_hot) = {
    .name = "one_hot",
    .formula = "y[i, k] = k == ids[i] ? 1 : 0",
    .min_inputs = 1,
    .max_inputs = 1,
    .attribute_size = sizeof(struct one_hot),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_one_hot(grove_tensor ids, int64_t rows) {
    return grove_append1(&grove_op_one_hot, ids, &(struct one_hot){.rows = rows});
}
