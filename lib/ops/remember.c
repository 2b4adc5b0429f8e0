/* SPDX-License-Identifier: MIT
 *
 * remember - memory[step mod size] <- number: the last `size` values of a number that changes from
 * update to update. What a resting row missed is made up for at the rates of the updates it missed,
 * so they have to be kept.
 *
 * Shapes: memory [size], a state; number a scalar; step a scalar id, how many updates were done.
 * Cost: one write, in each update.
 */
#include "room.h"

static bool shape(grove_shaping *s) {
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 1) ||
        !grove_want_type(s, 1, GROVE_REAL) || !grove_want_shape(s, 1, GROVE_SCALAR, "the number") ||
        !grove_want_type(s, 2, GROVE_ID) || !grove_want_shape(s, 2, GROVE_SCALAR, "the step")) {
        return false;
    }
    if (grove_in_shape(s, 0).dim[0] < 1) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the memory must have room for one number or more");
    }
    return grove_update_shape(s);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    (void)begin;
    (void)end;
    grove_id step = grove_ids(call, 2)[0];
    size_t place = step > 0 ? (size_t)step % call->in[0]->count : 0;
    grove_written(call, 0)[place] = grove_reals(call, 1)[0];
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_remember(in[0], in[1], in[2]);
}

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0.5, 0.25, 0.125), .stored = true},
            {.shape = {0}, .values = GROVE_NUMBERS(4)},
            {.type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(7), .stored = true}},
     .build = build,
     .after = {GROVE_NUMBERS(0.5, 4, 0.125)}},
    {.inputs = 3,
     .in = {{.shape = {1, {0}}, .stored = true},
            {.shape = {0}},
            {.type = GROVE_ID, .shape = {0}, .stored = true}},
     .build = build,
     .refused = "must have room for one number or more"},
    {0},
};

GROVE_ROOM(remember) = {
    .name = "remember",
    .formula = "memory[step mod size] <- number",
    .min_inputs = 3,
    .max_inputs = 3,
    .flags = GROVE_UPDATE,
    .written = 1 << 0,
    .shape = shape,
    .run = run,
    .no_gradient = "it changes its state in place",
    .examples = examples,
};

grove_tensor grove_remember(grove_tensor memory, grove_tensor number, grove_tensor step) {
    return grove_append(&grove_op_remember, NULL, (grove_tensor[]){memory, number, step}, 3, NULL);
}
