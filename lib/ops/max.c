/* SPDX-License-Identifier: MIT
 *
 * max - y = the largest x over axes; and is_max, which says which x that was.
 *
 * Shapes: max takes x [...] and drops the axes (none named: all); is_max takes x and its maximum y
 *   and has the shape of x.
 * Gradient: y moves with the x that is the largest, and with no other: dx = dy there, else 0. Where
 *   n of them are equally large, each moves y when it alone grows, none when it alone shrinks; each
 *   gets dy / n. So is_max is 1/n at the largest and 0 elsewhere, and dx = broadcast(dy) * is_max.
 *   is_max itself has steps and no slope, and so no gradient.
 * Numerics: comparisons are exact. A NaN among the numbers makes the maximum NaN, and then no x is
 *   equal to it: no gradient. The maximum over an axis that is empty because the batch is, is
 *   -infinity; an axis of a fixed size 0 is refused.
 * Cost: a comparison a number, two for is_max.
 */
#include <math.h>

#include "fold.h"
#include "largest.h"

static const grove_field fields[] = {GROVE_FIELD(grove_reduction, axes, SHAPE),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const grove_reduction *attributes = s->attributes;
    grove_shape x = grove_in_shape(s, 0);
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_fold(s, x, attributes->axes, &s->shape)) {
        return false;
    }
    for (int i = 0; i < x.rank; i++) {
        if (x.dim[i] == 0 && grove_is_reduced(&attributes->axes, i, x.rank)) {
            return grove_refuse(s, GROVE_BAD_SHAPE, "axis %d is empty: it has no largest number",
                                i);
        }
    }
    return true;
}

static bool shape_of_is_max(grove_shaping *s) {
    if (!grove_want_type(s, 1, GROVE_REAL) || !shape(s)) {
        return false;
    }
    grove_shape reduced = s->shape;
    s->shape = grove_in_shape(s, 0);
    return grove_want_shape(s, 1, reduced, "the maximum");
}

/* ---- run ------------------------------------------------------------------------------------- */

/* y [width] = the largest in each column of the chunks of x. */
GROVE_KERNEL void max_of_piece(const grove_fold *f, const grove_real *x, size_t width,
                               grove_real *y) {
    for (size_t k = 0; k < width; k++) {
        y[k] = (grove_real)-INFINITY;
    }
    for (size_t chunk = 0; chunk < f->chunks; chunk++) {
        const grove_real *row = x + grove_fold_start(f, true, chunk);
        if (f->length != 1) {
            y[0] = grove_largest(y[0], row, f->length);
            continue;
        }
        for (size_t k = 0; k < width; k++) {
            y[k] = grove_larger(y[k], row[k]);
        }
    }
}

GROVE_RUN(run) {
    const grove_reduction *attributes = call->attributes;
    grove_fold f = grove_fold_of(call->in[0], &attributes->axes);
    for (size_t item = begin; item < end; item++) {
        grove_fold_piece piece = grove_fold_piece_at(&f, item);
        max_of_piece(&f, grove_reals(call, 0) + piece.x, piece.width, grove_out(call) + piece.y);
    }
    return GROVE_OK;
}

static size_t items(const grove_call *call) {
    return grove_fold_items(call, call->out->count);
}

/* count [width] += in how many places of a chunk x equals y: one y for each column, or for all. */
GROVE_KERNEL void count_equals(const grove_fold *f, const grove_real *x, const grove_real *y,
                               size_t width, double *count) {
    if (f->length == 1) {
        for (size_t k = 0; k < width; k++) {
            count[k] += x[k] == y[k];
        }
        return;
    }
    for (size_t i = 0; i < f->length; i++) {
        count[0] += x[i] == y[0];
    }
}

GROVE_KERNEL void share(const grove_fold *f, const grove_real *x, const grove_real *y, size_t width,
                        const double *count, grove_real *out) {
    if (f->length == 1) {
        for (size_t k = 0; k < width; k++) {
            out[k] = x[k] == y[k] ? (grove_real)(1 / count[k]) : 0;
        }
        return;
    }
    for (size_t i = 0; i < f->length; i++) {
        out[i] = x[i] == y[0] ? (grove_real)(1 / count[0]) : 0;
    }
}

GROVE_RUN(run_is_max) {
    const grove_reduction *attributes = call->attributes;
    grove_fold f = grove_fold_of(call->in[0], &attributes->axes);
    for (size_t item = begin; item < end; item++) {
        grove_fold_piece piece = grove_fold_piece_at(&f, item);
        const grove_real *x = grove_reals(call, 0) + piece.x;
        const grove_real *y = grove_reals(call, 1) + piece.y;
        grove_real *out = grove_out(call) + piece.x;
        double count[GROVE_FOLD_BLOCK] = {0};
        for (size_t chunk = 0; chunk < f.chunks; chunk++) {
            count_equals(&f, x + grove_fold_start(&f, true, chunk), y, piece.width, count);
        }
        for (size_t chunk = 0; chunk < f.chunks; chunk++) {
            size_t start = grove_fold_start(&f, true, chunk);
            share(&f, x + start, y, piece.width, count, out + start);
        }
    }
    return GROVE_OK;
}

static size_t items_of_is_max(const grove_call *call) {
    return grove_fold_items(call, call->in[1]->count);
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const grove_reduction *attributes = grove_attributes(y);
    grove_tensor x = grove_node_input(y, 0);
    dx[0] = grove_mul(grove_broadcast(dy, grove_node_shape(x), attributes->axes),
                      grove_is_max(x, y, attributes->axes));
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_max(in[0], GROVE_AXES(-1));
}
static grove_tensor build_first(const grove_tensor *in) {
    return grove_max(in[0], GROVE_AXES(0));
}
static grove_tensor build_all(const grove_tensor *in) {
    return grove_max(in[0], GROVE_ALL_AXES);
}
static grove_tensor build_two(const grove_tensor *in) {
    return grove_max(in[0], GROVE_AXES(0, 2));
}
static grove_tensor build_is_max(const grove_tensor *in) {
    return grove_is_max(in[0], in[1], GROVE_AXES(-1));
}
static grove_tensor build_is_max_first(const grove_tensor *in) {
    return grove_is_max(in[0], in[1], GROVE_AXES(0));
}

static const grove_example examples[] = {
    /* In the second row two are the largest: they share. */
    {.inputs = 1,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 5, 2, 7, -3, 7), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(5, 7),
     .dy = GROVE_NUMBERS(10, 20),
     .dx = {GROVE_NUMBERS(0, 10, 0, 10, 0, 10)}},
    {.inputs = 1, .in = {{.shape = {2, {3, 4}}}}, .build = build_first},
    {.inputs = 1, .in = {{.shape = {2, {3, 4}}}}, .build = build_all},
    {.inputs = 1, .in = {{.shape = {3, {2, 3, 2}}}}, .build = build_two},
    {.inputs = 1,
     .in = {{.shape = {2, {2, 0}}}},
     .build = build,
     .refused = "axis 1 is empty: it has no largest number"},
    {.inputs = 1, .in = {{.shape = {1, {2}}}}, .build = build_two, .refused = "there is no axis 2"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example is_max_examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 5, 2, 7, -3, 7)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(5, 7)}},
     .build = build_is_max,
     .out = GROVE_NUMBERS(0, 1, 0, 0.5, 0, 0.5)},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(4, 1, 4, 9)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(4, 9)}},
     .build = build_is_max_first,
     .out = GROVE_NUMBERS(0.5, 0, 0.5, 1)},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.shape = {1, {3}}}},
     .build = build_is_max,
     .refused = "the maximum must have the shape [2]"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(max) = {
    .name = "max",
    .formula = "y = largest x over axes",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_PIECEWISE,
    .attribute_size = sizeof(grove_reduction),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = grove_fold_cost,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(is_max) = {
    .name = "is_max",
    .formula = "1/n where x = y, n times along axes, else 0",
    .min_inputs = 2,
    .max_inputs = 2,
    .attribute_size = sizeof(grove_reduction),
    .fields = fields,
    .shape = shape_of_is_max,
    .run = run_is_max,
    .items = items_of_is_max,
    .cost = grove_fold_cost,
    .no_gradient = "it is piecewise constant: a small change of x changes nothing",
    .examples = is_max_examples,
};

grove_tensor grove_max(grove_tensor x, grove_shape axes) {
    return grove_append1(&grove_op_max, x, &(grove_reduction){.axes = axes});
}

grove_tensor grove_is_max(grove_tensor x, grove_tensor y, grove_shape axes) {
    return grove_append2(&grove_op_is_max, x, y, &(grove_reduction){.axes = axes});
}
