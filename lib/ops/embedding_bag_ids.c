/* SPDX-License-Identifier: MIT
 *
 * embedding_bag_ids - the ids of bags (see embedding_bag.c), with GROVE_NOBODY in place of the
 * padding:
 *
 *     y = nobody where ids = padding, else ids
 *
 * So all that follows ids says the same of them: the bag, its gradient, and the updates of the
 * table, to which GROVE_NOBODY is no row.
 *
 * Shapes: ids [...] -> the same.
 * Errors: an id that is neither the padding nor a row of the table, 0..rows-1, fails the run, in
 *   words, before anything is written.
 * Cost: three comparisons an id.
 */
#include "room.h"

struct padding {
    int64_t padding;
    int64_t rows;
};

static const grove_field fields[] = {GROVE_FIELD(struct padding, padding, INT),
                                     GROVE_FIELD(struct padding, rows, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct padding *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    if (attributes->padding < INT32_MIN || attributes->padding > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the padding must be an id of 32 bits");
    }
    if (attributes->rows < 0) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the number of rows must be fixed, not a batch");
    }
    return grove_want_type(s, 0, GROVE_ID);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct padding *attributes = call->attributes;
    const grove_id *ids = grove_ids(call, 0), padding = (grove_id)attributes->padding;
    grove_id *y = call->out->data;
    for (size_t i = begin; i < end; i++) {
        bool is_row = ids[i] >= 0 && ids[i] < attributes->rows;
        if (!is_row && ids[i] != padding) {
            return grove_check_ids(call, 0, i, i + 1, (size_t)attributes->rows);
        }
    }
    for (size_t i = begin; i < end; i++) {
        y[i] = ids[i] == padding ? GROVE_NOBODY : ids[i];
    }
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_embedding_bag_ids(in[0], 1, 4);
}
static grove_tensor build_outside(const grove_tensor *in) {
    return grove_embedding_bag_ids(in[0], -1, 4);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_embedding_bag_ids(in[0], -1, GROVE_BATCH);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}, .values = GROVE_NUMBERS(1, 0, 3, 1)}},
     .build = build,
     .out = GROVE_NUMBERS(GROVE_NOBODY, 0, 3, GROVE_NOBODY)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {2, {2, 2}}, .values = GROVE_NUMBERS(2, -1, 3, 0)}},
     .build = build_outside,
     .out = GROVE_NUMBERS(2, GROVE_NOBODY, 3, 0)},
    {.inputs = 1,
     .in = {{.shape = {1, {4}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}}},
     .build = build_batch,
     .refused = "the number of rows must be fixed"},
    {0},
};

GROVE_ROOM(embedding_bag_ids) = {
    .name = "embedding_bag_ids",
    .formula = "y = nobody where ids = padding, else ids",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(struct padding),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_embedding_bag_ids(grove_tensor ids, grove_id padding, int64_t rows) {
    struct padding attributes = {.padding = padding, .rows = rows};
    return grove_append1(&grove_op_embedding_bag_ids, ids, &attributes);
}
