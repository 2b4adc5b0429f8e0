/* SPDX-License-Identifier: MIT
 *
 * positions - y = 0, 1, 2...: the numbers of places, as ids.
 *
 * Looked up in a table of its own, a place gets a vector, which tells attention what stands where;
 * and the rows of a tensor can be put into bags, in their order.
 *
 * Shapes: -> [count]; count may have the batch in it, for the rows of a batch.
 * Cost: one write an element, in each run.
 */
#include "room.h"

struct positions {
    int64_t count;
};

static const grove_field fields[] = {GROVE_FIELD(struct positions, count, INT),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct positions *attributes = s->attributes;
    s->type = GROVE_ID;
    s->shape = (grove_shape){1, {attributes->count}};
    bool fits = attributes->count >= -(int64_t)INT32_MAX && attributes->count <= INT32_MAX;
    return fits || grove_refuse(s, GROVE_BAD_ARGUMENT, "so many places have no numbers of 32 bits");
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    grove_id *y = call->out->data;
    for (size_t i = begin; i < end; i++) {
        y[i] = (grove_id)i;
    }
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_positions(in[0].graph, 4);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_positions(in[0].graph, 2 * GROVE_BATCH);
}
static grove_tensor build_empty(const grove_tensor *in) {
    return grove_positions(in[0].graph, 0);
}
static grove_tensor build_long(const grove_tensor *in) {
    return grove_positions(in[0].graph, (int64_t)1 << 40);
}

static const grove_example examples[] = {
    {.build = build, .out = GROVE_NUMBERS(0, 1, 2, 3)},
    {.build = build_batch, .out = GROVE_NUMBERS(0, 1, 2, 3)}, /* with a batch of 2 */
    {.build = build_empty},
    {.build = build_long, .refused = "so many places have no numbers of 32 bits"},
    {0},
};

GROVE_ROOM(positions) = {
    .name = "positions",
    .formula = "y[i] = i",
    .attribute_size = sizeof(struct positions),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "it is a leaf that no gradient is for",
    .examples = examples,
};

grove_tensor grove_positions(grove_graph *graph, int64_t count) {
    return grove_append(&grove_op_positions, graph, NULL, 0, &(struct positions){.count = count});
}
