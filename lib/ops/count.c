/* SPDX-License-Identifier: MIT
 *
 * count - step <- step + 1: the clock of an optimizer. It stands behind the updates, which read how
 * many were done before them.
 *
 * Shapes: step a scalar id, a state. Numerics: 2^31 - 1 updates, then it stays.
 */
#include "room.h"

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_ID) && grove_want_shape(s, 0, GROVE_SCALAR, "the step") &&
           grove_update_shape(s);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    (void)begin;
    (void)end;
    grove_id *step = call->in[0]->data;
    *step += *step < INT32_MAX;
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_count(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(41), .stored = true}},
     .build = build,
     .after = {GROVE_NUMBERS(42)}},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}, .stored = true}},
     .build = build,
     .refused = "the step must have the shape []"},
    {0},
};

GROVE_ROOM(count) = {
    .name = "count",
    .formula = "step <- step + 1",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_UPDATE,
    .written = 1 << 0,
    .shape = shape,
    .run = run,
    .no_gradient = "it changes its state in place",
    .examples = examples,
};

grove_tensor grove_count(grove_tensor step) {
    return grove_append1(&grove_op_count, step, NULL);
}
