/* SPDX-License-Identifier: MIT
 *
 * fill - the same number everywhere.
 *
 * Shapes: any, also with the batch in it: the number of rows is known when a plan is made, so ones
 *   for each row of a batch need no input. The backward pass begins with a fill: dy = 1.
 * Numerics: the number is rounded to a grove_real and must be finite.
 * Cost: one write an element, in each run.
 */
#include "number.h"

struct fill {
    grove_shape shape;
    double value;
};

static const grove_field fields[] = {GROVE_FIELD(struct fill, shape, SHAPE),
                                     GROVE_FIELD(struct fill, value, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct fill *attributes = s->attributes;
    s->shape = attributes->shape;
    if (s->shape.rank < 0 || s->shape.rank > GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "it has more than %d dimensions", GROVE_MAX_RANK);
    }
    return grove_want_number(s, attributes->value, "its value");
}

GROVE_RUN(run) {
    const struct fill *attributes = call->attributes;
    const grove_real value = (grove_real)attributes->value;
    grove_real *y = grove_out(call);
    for (size_t i = begin; i < end; i++) {
        y[i] = value;
    }
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_fill(in[0].graph, GROVE_SHAPE(2, 3), -1.5);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_fill(in[0].graph, GROVE_SHAPE(GROVE_BATCH, 2), 7);
}
static grove_tensor build_empty(const grove_tensor *in) {
    return grove_fill(in[0].graph, GROVE_SHAPE(0, 2), 1);
}
static grove_tensor build_long(const grove_tensor *in) {
    return grove_fill(in[0].graph, GROVE_SHAPE(1, 1, 1, 1, 1, 1, 1), 0);
}
static grove_tensor build_nan(const grove_tensor *in) {
    return grove_fill(in[0].graph, GROVE_SCALAR, (double)NAN);
}

static const grove_example examples[] = {
    {.build = build, .out = GROVE_NUMBERS(-1.5, -1.5, -1.5, -1.5, -1.5, -1.5)},
    {.build = build_batch, .out = GROVE_NUMBERS(7, 7, 7, 7)}, /* with a batch of 2 */
    {.build = build_empty},
    {.build = build_long, .refused = "it has more than 6 dimensions"},
    {.build = build_nan, .refused = "its value must be a finite number"},
    {0},
};

GROVE_ROOM(fill) = {
    .name = "fill",
    .formula = "y = value",
    .attribute_size = sizeof(struct fill),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "it is a leaf that no gradient is for",
    .examples = examples,
};

grove_tensor grove_fill(grove_graph *graph, grove_shape shape_wanted, double value) {
    struct fill attributes = {.shape = shape_wanted, .value = value};
    return grove_append(&grove_op_fill, graph, NULL, 0, &attributes);
}
