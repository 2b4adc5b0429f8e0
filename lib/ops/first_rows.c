/* SPDX-License-Identifier: MIT
 *
 * first_rows - the first rows of x, without a copy.
 *
 * For kernels that yield two results in one, the larger one in front: slice would copy it.
 *
 * Shapes: x [m, ...] -> [rows, ...], m fixed and rows from 0 to m. Of reals or ids.
 * Gradient: each number is there once, and what lies behind moves nothing: dx = dy, then zeros.
 * Cost: none. Rows lie one after the other, so the result is the beginning of x's own memory.
 */
#include <inttypes.h>

#include "room.h"

struct first_rows {
    int64_t rows;
};

static const grove_field fields[] = {GROVE_FIELD(struct first_rows, rows, INT),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct first_rows *attributes = s->attributes;
    s->type = grove_node_type(s->in[0]);
    s->shape = grove_in_shape(s, 0);
    if (s->shape.rank == 0 || s->shape.dim[0] < 0) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the number of rows must be fixed");
    }
    if (attributes->rows < 0 || attributes->rows > s->shape.dim[0]) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it has no %" PRId64 " rows", attributes->rows);
    }
    s->shape.dim[0] = attributes->rows;
    return true;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_pad(dy, 0, 0, grove_node_shape(grove_node_input(y, 0)).dim[0]);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_first_rows(in[0], 2);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2, 3, 4),
     .dy = GROVE_NUMBERS(7, 8, 9, 10),
     .dx = {GROVE_NUMBERS(7, 8, 9, 10, 0, 0)}},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(4, 5, 6)}},
     .build = build,
     .out = GROVE_NUMBERS(4, 5)},
    {.inputs = 1, .in = {{.shape = {2, {1, 4}}}}, .build = build, .refused = "it has no 2 rows"},
    {.inputs = 1,
     .in = {{.shape = {2, {-1, 4}}}},
     .build = build,
     .refused = "the number of rows must be fixed"},
    {0},
};

GROVE_ROOM(first_rows) = {
    .name = "first_rows",
    .formula = "y = the first rows of x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_ALIAS | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct first_rows),
    .fields = fields,
    .shape = shape,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_first_rows(grove_tensor x, int64_t rows) {
    return grove_append1(&grove_op_first_rows, x, &(struct first_rows){.rows = rows});
}
