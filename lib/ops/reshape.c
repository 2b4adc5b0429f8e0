/* SPDX-License-Identifier: MIT
 *
 * reshape - the same numbers in the same order, under another shape.
 *
 * Shapes: any two that hold as many elements at every batch size. [batch, 3, 4] may become
 *   [3*batch, 4], not [12, 4]. (-1 is the batch, as everywhere, and never a size to be found out.)
 * Gradient: each number is copied once, so dx is dy under the shape of x.
 * Cost: none. Rows lie one after the other, so the result is x's own memory.
 */
#include "dims.h"

struct reshape {
    grove_shape shape;
};

static const grove_field fields[] = {GROVE_FIELD(struct reshape, shape, SHAPE),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct reshape *attributes = s->attributes;
    grove_shape x = grove_in_shape(s, 0), y = attributes->shape;
    if (y.rank < 0 || y.rank > GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the new shape has more than %d dimensions",
                            GROVE_MAX_RANK);
    }
    grove_extent before, after;
    bool same = grove_extent_of(x, x.rank, &before) && grove_extent_of(y, y.rank, &after) &&
                memcmp(&before, &after, sizeof before) == 0;
    if (!same) {
        char text[96];
        return grove_refuse(s, GROVE_BAD_SHAPE, "the shape %s does not hold as many elements",
                            grove_shape_text(y, text, sizeof text));
    }
    s->type = grove_node_type(s->in[0]);
    s->shape = y;
    return true;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_reshape(dy, grove_node_shape(grove_node_input(y, 0)));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_reshape(in[0], GROVE_SHAPE(3, 2));
}
static grove_tensor build_scalar(const grove_tensor *in) {
    return grove_reshape(in[0], GROVE_SCALAR);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_reshape(in[0], GROVE_SHAPE(2 * GROVE_BATCH, 3));
}
static grove_tensor build_long(const grove_tensor *in) {
    return grove_reshape(in[0], GROVE_SHAPE(1, 1, 1, 1, 1, 1, 1));
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2, 3, 4, 5, 6),
     .dy = GROVE_NUMBERS(6, 5, 4, 3, 2, 1),
     .dx = {GROVE_NUMBERS(6, 5, 4, 3, 2, 1)}},
    {.inputs = 1, .in = {{.shape = {3, {1, 1, 1}}}}, .build = build_scalar},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 4}}}},
     .build = build,
     .refused = "the shape [3, 2] does not hold as many elements"},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build_batch,
     .refused = "the shape [2*batch, 3] does not hold as many elements"},
    {.inputs = 1,
     .in = {{.shape = {3, {-1, -1, 6}}}},
     .build = build_batch,
     .refused = "the shape [2*batch, 3] does not hold as many elements"},
    {.inputs = 1,
     .in = {{.shape = {1, {1}}}},
     .build = build_long,
     .refused = "the new shape has more than 6 dimensions"},
    {0},
};

GROVE_ROOM(reshape) = {
    .name = "reshape",
    .formula = "y = x in another shape",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_ALIAS | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct reshape),
    .fields = fields,
    .shape = shape,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_reshape(grove_tensor x, grove_shape shape_wanted) {
    return grove_append1(&grove_op_reshape, x, &(struct reshape){.shape = shape_wanted});
}
