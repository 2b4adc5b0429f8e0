/* SPDX-License-Identifier: MIT
 *
 * transpose - axis i of y is axis p[i] of x: y[j_0]..[j_r] = x[k_0]..[k_r] where k_p[i] = j_i.
 *
 * Shapes: any; the permutation p names each axis once (-1 is the last). An empty list turns the
 *   order round, which is the transpose of a matrix.
 * Gradient: each number is copied once, so dx is dy under the inverse permutation.
 * Cost: one copy an element. Rows of the result are gathered 16 at a time, 16 columns at a time:
 *   for a matrix these are squares whose lines stay in the cache. (Products need no transpose:
 *   matmul reads a transposed operand as it lies.)
 */
#include "dims.h"

struct transpose {
    grove_shape permutation;
};

static const grove_field fields[] = {GROVE_FIELD(struct transpose, permutation, SHAPE),
                                     GROVE_NO_MORE_FIELDS};

/* Which axis of x the axis i of y is. */
static int axis_from(const grove_shape *permutation, int i, int rank) {
    return permutation->rank == 0 ? rank - 1 - i : grove_axis_of(permutation->dim[i], rank);
}

static bool shape(grove_shaping *s) {
    const grove_shape *permutation = &((const struct transpose *)s->attributes)->permutation;
    grove_shape x = grove_in_shape(s, 0), axes;
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_axes(s, *permutation, x.rank, &axes)) {
        return false;
    }
    s->shape.rank = x.rank;
    for (int i = 0; i < axes.rank; i++) {
        s->shape.dim[i] = x.dim[axis_from(permutation, i, x.rank)];
    }
    return axes.rank == x.rank ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "the permutation must name all %d axes", x.rank);
}

/* ---- run ------------------------------------------------------------------------------------- */

/* The axes of y from the last to the first, with the steps they make in x. Axes that follow each
 * other in x as they do in y are one. */
typedef struct walk {
    struct {
        size_t size, step;
    } axis[GROVE_MAX_RANK];
    int axes;
} walk;

static walk walk_of(const grove_call *call) {
    const struct transpose *attributes = call->attributes;
    const grove_view *x = call->in[0];
    walk w = {.axes = 0};
    for (int i = x->rank; i-- > 0;) {
        int from = axis_from(&attributes->permutation, i, x->rank);
        size_t size = x->dim[from], step = grove_times(x, from + 1, x->rank);
        if (size == 1) {
            continue;
        }
        if (w.axes > 0 && step == w.axis[w.axes - 1].size * w.axis[w.axes - 1].step) {
            w.axis[w.axes - 1].size *= size;
        } else {
            w.axis[w.axes].size = size;
            w.axis[w.axes++].step = step;
        }
    }
    if (w.axes == 0) { /* a single number */
        w.axis[0].size = w.axis[0].step = 1;
        w.axes = 1;
    }
    return w;
}

static size_t items(const grove_call *call) {
    return call->out->count ? call->out->count / walk_of(call).axis[0].size : 0;
}

static size_t cost(const grove_call *call) {
    return 4 * walk_of(call).axis[0].size;
}

/* Where a row of y begins in x. */
static size_t row_start(const walk *w, size_t row) {
    size_t start = 0;
    for (int i = 1; i < w->axes; i++) {
        start += row % w->axis[i].size * w->axis[i].step;
        row /= w->axis[i].size;
    }
    return start;
}

enum { SIDE = 16 }; /* of a square */

static void gather(const walk *w, const grove_real *restrict x, size_t row, size_t rows,
                   grove_real *restrict y) {
    size_t width = w->axis[0].size, step = w->axis[0].step, start[SIDE];
    for (size_t r = 0; r < rows; r++) {
        start[r] = row_start(w, row + r);
    }
    for (size_t left = 0; left < width; left += SIDE) {
        size_t right = left + SIDE < width ? left + SIDE : width;
        for (size_t r = 0; r < rows; r++) {
            for (size_t k = left; k < right; k++) {
                y[(row + r) * width + k] = x[start[r] + k * step];
            }
        }
    }
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    walk w = walk_of(call);
    const grove_real *x = grove_reals(call, 0);
    grove_real *y = grove_out(call);
    size_t width = w.axis[0].size;
    if (w.axis[0].step == 1) {
        for (size_t row = begin; row < end; row++) {
            memcpy(y + row * width, x + row_start(&w, row), width * sizeof *y);
        }
        return GROVE_OK;
    }
    for (size_t row = begin; row < end; row += SIDE) {
        gather(&w, x, row, end - row < SIDE ? end - row : SIDE, y);
    }
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct transpose *attributes = grove_attributes(y);
    grove_shape inverse = {.rank = grove_node_shape(y).rank};
    for (int i = 0; i < inverse.rank; i++) {
        inverse.dim[axis_from(&attributes->permutation, i, inverse.rank)] = i;
    }
    dx[0] = grove_transpose(dy, inverse);
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_transpose(in[0], GROVE_ALL_AXES);
}
static grove_tensor build_turned(const grove_tensor *in) {
    return grove_transpose(in[0], GROVE_AXES(1, -1, 0));
}
static grove_tensor build_inside(const grove_tensor *in) {
    return grove_transpose(in[0], GROVE_AXES(0, 2, 1, 3));
}
static grove_tensor build_short(const grove_tensor *in) {
    return grove_transpose(in[0], GROVE_AXES(1));
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 4, 2, 5, 3, 6),
     .dy = GROVE_NUMBERS(10, 20, 30, 40, 50, 60),
     .dx = {GROVE_NUMBERS(10, 30, 50, 20, 40, 60)}},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = build},
    {.inputs = 1, .in = {{.shape = {2, {18, 5}}}}, .build = build},
    {.inputs = 1, .in = {{.shape = {3, {2, 3, 4}}}}, .build = build_turned},
    {.inputs = 1, .in = {{.shape = {4, {2, 3, 1, 2}}}}, .build = build_inside},
    {.inputs = 1, .in = {{.shape = {4, {2, 3, 2, 2}}}}, .build = build_inside},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build_turned,
     .refused = "axis 1 is named twice"},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build_inside,
     .refused = "there is no axis 2"},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}}},
     .build = build_short,
     .refused = "the permutation must name all 2 axes"},
    {0},
};

GROVE_ROOM(transpose) = {
    .name = "transpose",
    .formula = "y = x with its axes in another order",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(struct transpose),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_transpose(grove_tensor x, grove_shape permutation) {
    return grove_append1(&grove_op_transpose, x, &(struct transpose){.permutation = permutation});
}
