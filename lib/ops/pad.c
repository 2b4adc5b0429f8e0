/* SPDX-License-Identifier: MIT
 *
 * pad - y = zeros, and x laid into them: part begin..begin+dim-1 of an axis that is `size` long.
 * The adjoint of slice (ops/slice.c).
 *
 * Shapes: only the axis changes; what may be counted in batches, as for slice. Ids are not padded,
 *   for 0 is an id like any other.
 * Gradient: zeros get nothing: dx = slice(dy).
 * Joining: gradients of slices side by side are put together, pad(a) + pad(b) = pad(a, b), and not
 *   added up from rows of zeros.
 * Cost: one copy an element. An item is a row of the axes before the padded one.
 */
#include "part.h"

static const grove_field fields[] = PART_FIELDS;

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && part_shape(s, true);
}

/* ---- run ------------------------------------------------------------------------------------- */

GROVE_RUN(run) {
    part_rows row = part_rows_of(call);
    char *y = (char *)call->out->data + begin * row.y;
    memset(y, 0, (end - begin) * row.y);
    grove_pieces pieces = {.to = y + row.begin,
                           .from = (const char *)call->in[0]->data + begin * row.x,
                           .to_step = row.y,
                           .from_step = row.x,
                           .count = end - begin,
                           .length = row.x};
    grove_copy_pieces(&pieces);
    return GROVE_OK;
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const part *p = grove_attributes(y);
    grove_shape x = grove_node_shape(grove_node_input(y, 0));
    int axis = grove_axis_of(p->axis, x.rank);
    dx[0] = grove_slice(dy, axis, p->begin, x.dim[axis]);
}

static grove_tensor join(grove_tensor a, grove_tensor b) {
    const part *first = grove_attributes(a), *second = grove_attributes(b);
    if (first->axis == second->axis && second->begin < first->begin) {
        return join(b, a);
    }
    const int axis = grove_axis_of(first->axis, grove_node_shape(a).rank);
    const int64_t size = grove_node_shape(grove_node_input(a, 0)).dim[axis];
    int64_t end;
    if (first->axis != second->axis || first->begin < 0 || size < 0 ||
        !grove_add_dims(first->begin, size, &end) || end != second->begin) {
        return GROVE_NONE;
    }
    grove_tensor parts[] = {grove_node_input(a, 0), grove_node_input(b, 0)};
    grove_tensor both = grove_concat(parts, 2, axis);
    const bool whole = grove_node_shape(both).dim[axis] == first->size;
    return whole ? both : grove_pad(both, axis, first->begin, first->size);
}

/* ---- examples -------------------------------------------------------------------------------- */

#define BUILD(name, node)                                                                          \
    static grove_tensor name(const grove_tensor *in) {                                             \
        return node;                                                                               \
    }
BUILD(build, grove_pad(in[0], -1, 1, 3))
BUILD(build_first, grove_pad(in[0], 0, 0, 3))

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 1}}, .values = GROVE_NUMBERS(7, 8)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 7, 0, 0, 8, 0),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5, 6),
     .dx = {GROVE_NUMBERS(2, 5)}},
    {.inputs = 1, .in = {{.shape = {3, {2, 2, 2}}}}, .build = build_first},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build,
     .refused = "a part that begins at 1 and is 3 long does not lie within an axis of 3"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {1}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(pad) = {
    .name = "pad",
    .formula = "y = zeros, x along a part of an axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(struct part),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = part_items,
    .cost = part_cost,
    .grad = grad,
    .join = join,
    .examples = examples,
};

grove_tensor grove_pad(grove_tensor x, int axis, int64_t begin, int64_t size) {
    return grove_append1(&grove_op_pad, x, &(part){.axis = axis, .begin = begin, .size = size});
}
