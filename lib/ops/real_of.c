/* SPDX-License-Identifier: MIT
 *
 * real_of - y = ids as real numbers: the clock of an optimizer becomes something to reckon with.
 *
 * Shapes: ids of any shape; the result has it too.
 * Gradient: none: ids are counted, not varied.
 * Numerics: exact up to 2^24 where grove_real is float, rounded to 24 binary digits above.
 * Cost: one conversion an element.
 */
#include "room.h"

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return grove_want_type(s, 0, GROVE_ID);
}

GROVE_RUN(run) {
    const grove_id *ids = grove_ids(call, 0);
    grove_real *y = grove_out(call);
    for (size_t i = begin; i < end; i++) {
        y[i] = (grove_real)ids[i];
    }
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_real_of(in[0]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(0, -1, 1000)}},
     .build = build,
     .out = GROVE_NUMBERS(0, -1, 1000)},
    {.inputs = 1, .in = {{.type = GROVE_ID, .shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(real_of) = {
    .name = "real_of",
    .formula = "y = ids, as real numbers",
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "ids are counted, not varied: there is no slope",
    .examples = examples,
};

grove_tensor grove_real_of(grove_tensor ids) {
    return grove_append1(&grove_op_real_of, ids, NULL);
}
