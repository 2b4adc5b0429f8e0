/* SPDX-License-Identifier: MIT
 *
 * map_ids - y[i] = map[ids[i]]: asks a list for each id what it becomes. With a list that says for
 * each row of a table its own number or GROVE_NOBODY, the frozen rows drop out of a gradient.
 *
 * Shapes: ids [...], map [rows] ids -> the shape of ids. Nobody stays nobody.
 * Errors: an id that the map does not have fails the run, in words, before anything is written.
 * Cost: a lookup an id.
 */
#include "room.h"

static bool shape(grove_shaping *s) {
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    return grove_want_type(s, 0, GROVE_ID) && grove_want_type(s, 1, GROVE_ID) &&
           grove_want_rank(s, 1, 1);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const grove_id *ids = grove_ids(call, 0), *map = grove_ids(call, 1);
    grove_id *y = call->out->data;
    grove_status status = grove_check_row_ids(call, 0, begin, end, call->in[1]->dim[0]);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        y[i] = ids[i] == GROVE_NOBODY ? GROVE_NOBODY : map[ids[i]];
    }
    return status;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_map_ids(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}, .values = GROVE_NUMBERS(1, 0, GROVE_NOBODY, 2)},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(5, GROVE_NOBODY, 9)}},
     .build = build,
     .out = GROVE_NUMBERS(GROVE_NOBODY, 5, GROVE_NOBODY, 9)},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}}, {.type = GROVE_ID, .shape = {2, {2, 2}}}},
     .build = build,
     .refused = "input 1 must have 1 dimension"},
    {0},
};

GROVE_ROOM(map_ids) = {
    .name = "map_ids",
    .formula = "y[i] = map[ids[i]]",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_map_ids(grove_tensor ids, grove_tensor map) {
    return grove_append2(&grove_op_map_ids, ids, map, NULL);
}
