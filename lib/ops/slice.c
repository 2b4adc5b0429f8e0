/* SPDX-License-Identifier: MIT
 *
 * slice - y = the part begin..begin+size-1 of an axis of x. Its adjoint is pad (ops/pad.c).
 *
 * Shapes: only the axis changes. On an axis that is a multiple of the batch, begin and size are
 *   multiples of the batch too (or 0): the second of [3*batch] is begin = size = GROVE_BATCH; on
 *   one of batch + 12, begin and size may have both. So it is known when the graph is built that
 *   the part lies within. Ids may be sliced.
 * Gradient: what was cut off moves nothing: dx = pad(dy).
 * Cost: one copy an element. An item is a row of the axes before the cut one.
 */
#include "part.h"

static const grove_field fields[] = PART_FIELDS;

static bool shape(grove_shaping *s) {
    return part_shape(s, false);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* Where the last axis is cut, what lies behind the part is not read. */
static size_t reach(const grove_call *call) {
    const part_rows row = part_rows_of(call);
    const size_t width = grove_width(call->in[0]), size = grove_element_size(call->in[0]);
    return row.x == width * size ? (row.begin + row.y) / size : width;
}

GROVE_RUN(run) {
    part_rows row = part_rows_of(call);
    grove_pieces pieces = {.to = (char *)call->out->data + begin * row.y,
                           .from = (const char *)call->in[0]->data + row.begin + begin * row.x,
                           .to_step = row.y,
                           .from_step = row.x,
                           .count = end - begin,
                           .length = row.y};
    grove_copy_pieces(&pieces);
    return GROVE_OK;
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const part *p = grove_attributes(y);
    grove_shape x = grove_node_shape(grove_node_input(y, 0));
    int axis = grove_axis_of(p->axis, x.rank);
    dx[0] = grove_pad(dy, axis, p->begin, x.dim[axis]);
}

/* ---- examples -------------------------------------------------------------------------------- */

#define BUILD(name, node)                                                                          \
    static grove_tensor name(const grove_tensor *in) {                                             \
        return node;                                                                               \
    }
BUILD(build, grove_slice(in[0], -1, 1, 2))
BUILD(build_first, grove_slice(in[0], 0, 1, 1))
BUILD(build_nothing, grove_slice(in[0], 0, 2, 0))
BUILD(build_batches, grove_slice(in[0], 0, GROVE_BATCH, 2 * GROVE_BATCH))

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)}},
     .build = build,
     .out = GROVE_NUMBERS(2, 3, 5, 6),
     .dy = GROVE_NUMBERS(10, 20, 30, 40),
     .dx = {GROVE_NUMBERS(0, 10, 20, 0, 30, 40)}},
    {.inputs = 1, .in = {{.shape = {3, {2, 3, 2}}}}, .build = build_first},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(7, 8, 9)}},
     .build = build,
     .out = GROVE_NUMBERS(8, 9)},
    {.inputs = 1, .in = {{.shape = {2, {2, 3}}, .no_check = true}}, .build = build_nothing},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 2}}}},
     .build = build,
     .refused = "a part that begins at 1 and is 2 long does not lie within an axis of 2"},
    {.inputs = 1,
     .in = {{.shape = {1, {-2}}}},
     .build = build_batches,
     .refused = "a part that begins at batch and is 2*batch long does not lie within an axis of "
                "2*batch"},
    {.inputs = 1,
     .in = {{.shape = {1, {-3}}}},
     .build = build,
     .refused = "does not lie within an axis of 3*batch (it must be counted in batches)"},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = build, .refused = "there is no axis -1"},
    {0},
};

GROVE_ROOM(slice) = {
    .name = "slice",
    .formula = "y = part of an axis of x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(struct part),
    .fields = fields,
    .shape = shape,
    .run = run,
    .reach = reach,
    .items = part_items,
    .cost = part_cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_slice(grove_tensor x, int axis, int64_t begin, int64_t size) {
    return grove_append1(&grove_op_slice, x, &(part){.axis = axis, .begin = begin, .size = size});
}
