/* SPDX-License-Identifier: MIT
 *
 * slice - y = the part begin..begin+size-1 of an axis of x; and its adjoint pad, which lays x into
 * zeros: part begin..begin+dim-1 of an axis that is `size` long.
 *
 * Shapes: only the axis changes. On an axis that is a multiple of the batch, begin and size are
 *   multiples of the batch too (or 0): the second of [3*batch] is begin = size = GROVE_BATCH; on
 *   one of batch + 12, begin and size may have both. So it is known when the graph is built that
 *   the part lies within. Ids may be sliced, not padded (0 is an id like any other).
 * Gradient: what was cut off moves nothing: dx = pad(dy). Zeros get nothing: the gradient of pad is
 *   slice(dy).
 * Cost: one copy an element. An item is a row of the axes before the cut one.
 */
#include "copy.h"
#include "dims.h"

struct part {
    int64_t axis, begin, size;
};

static const grove_field fields[] = {GROVE_FIELD(struct part, axis, INT),
                                     GROVE_FIELD(struct part, begin, INT),
                                     GROVE_FIELD(struct part, size, INT), GROVE_NO_MORE_FIELDS};

/* Does begin..begin+size-1 lie within an axis of this dimension, whatever the batch? It does for a
 * batch of 0 and for a very large one, so for all between. */
static bool lies_within(grove_shaping *s, int64_t begin, int64_t size, int64_t dim) {
    int64_t batches = grove_dim_batches(dim) - grove_dim_batches(begin);
    int64_t more = grove_dim_more(dim) - grove_dim_more(begin);
    if (grove_dim_batches(size) <= batches && more >= 0 && grove_dim_more(size) <= more) {
        return true;
    }
    char from[32], length[32], whole[32];
    return grove_refuse(
        s, GROVE_BAD_ARGUMENT,
        "a part that begins at %s and is %s long does not lie within an axis "
        "of %s%s",
        grove_dim_text(begin, from, sizeof from), grove_dim_text(size, length, sizeof length),
        grove_dim_text(dim, whole, sizeof whole),
        dim < 0 && grove_dim_more(dim) == 0 ? " (it must be counted in batches)" : "");
}

/* Of what is longer, the part begins at begin; the result is `size` long. */
static bool shape_of(grove_shaping *s, bool pads) {
    const struct part *part = s->attributes;
    int axis;
    s->type = grove_node_type(s->in[0]);
    s->shape = grove_in_shape(s, 0);
    if (!grove_want_axis(s, part->axis, s->shape.rank, &axis)) {
        return false;
    }
    int64_t dim = s->shape.dim[axis];
    s->shape.dim[axis] = part->size;
    return pads ? lies_within(s, part->begin, dim, part->size)
                : lies_within(s, part->begin, part->size, dim);
}

static bool shape(grove_shaping *s) {
    return shape_of(s, false);
}

static bool shape_of_pad(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && shape_of(s, true);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* Rows of bytes: each of x and y, and how far into the longer one the shorter one begins. */
typedef struct rows {
    size_t x, y, begin;
} rows;

static rows rows_of(const grove_call *call) {
    const struct part *part = call->attributes;
    const grove_view *x = call->in[0], *y = call->out;
    int axis = grove_axis_of(part->axis, y->rank);
    size_t bytes = grove_times(y, axis + 1, y->rank) * grove_element_size(y);
    size_t begin =
        (size_t)grove_dim_batches(part->begin) * call->batch + (size_t)grove_dim_more(part->begin);
    return (rows){.x = x->dim[axis] * bytes, .y = y->dim[axis] * bytes, .begin = begin * bytes};
}

static size_t items(const grove_call *call) {
    const int64_t axis = ((const struct part *)call->attributes)->axis;
    return call->out->count ? grove_times(call->out, 0, grove_axis_of(axis, call->out->rank)) : 0;
}

static size_t cost(const grove_call *call) {
    return rows_of(call).y / sizeof(grove_real) + 8;
}

/* Where the last axis is cut, what lies behind the part is not read. */
static size_t reach(const grove_call *call) {
    const rows row = rows_of(call);
    const size_t width = grove_width(call->in[0]), size = grove_element_size(call->in[0]);
    return row.x == width * size ? (row.begin + row.y) / size : width;
}

GROVE_RUN(run) {
    rows row = rows_of(call);
    grove_pieces pieces = {.to = (char *)call->out->data + begin * row.y,
                           .from = (const char *)call->in[0]->data + row.begin + begin * row.x,
                           .to_step = row.y,
                           .from_step = row.x,
                           .count = end - begin,
                           .length = row.y};
    grove_copy_pieces(&pieces);
    return GROVE_OK;
}

GROVE_RUN(run_pad) {
    rows row = rows_of(call);
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
    const struct part *part = grove_attributes(y);
    grove_shape x = grove_node_shape(grove_node_input(y, 0));
    int axis = grove_axis_of(part->axis, x.rank);
    dx[0] = grove_pad(dy, axis, part->begin, x.dim[axis]);
}

static void grad_of_pad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct part *part = grove_attributes(y);
    grove_shape x = grove_node_shape(grove_node_input(y, 0));
    int axis = grove_axis_of(part->axis, x.rank);
    dx[0] = grove_slice(dy, axis, part->begin, x.dim[axis]);
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
BUILD(build_pad, grove_pad(in[0], -1, 1, 3))
BUILD(build_pad_first, grove_pad(in[0], 0, 0, 3))

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

static const grove_example pad_examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 1}}, .values = GROVE_NUMBERS(7, 8)}},
     .build = build_pad,
     .out = GROVE_NUMBERS(0, 7, 0, 0, 8, 0),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5, 6),
     .dx = {GROVE_NUMBERS(2, 5)}},
    {.inputs = 1, .in = {{.shape = {3, {2, 2, 2}}}}, .build = build_pad_first},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build_pad,
     .refused = "a part that begins at 1 and is 3 long does not lie within an axis of 3"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {1}}}},
     .build = build_pad,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

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
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(pad) = {
    .name = "pad",
    .formula = "y = zeros, x along a part of an axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(struct part),
    .fields = fields,
    .shape = shape_of_pad,
    .run = run_pad,
    .items = items,
    .cost = cost,
    .grad = grad_of_pad,
    .examples = pad_examples,
};

grove_tensor grove_slice(grove_tensor x, int axis, int64_t begin, int64_t size) {
    return grove_append1(&grove_op_slice, x,
                         &(struct part){.axis = axis, .begin = begin, .size = size});
}

grove_tensor grove_pad(grove_tensor x, int axis, int64_t begin, int64_t size) {
    return grove_append1(&grove_op_pad, x,
                         &(struct part){.axis = axis, .begin = begin, .size = size});
}
