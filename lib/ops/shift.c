/* SPDX-License-Identifier: MIT
 *
 * shift - y = x + number, element by element; the number is fixed when the graph is built.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1, so dx is dy itself.
 * Numerics: the number is rounded to a grove_real once, before the sums. It must be finite.
 * Cost: one addition an element.
 */
#include "elementwise.h"
#include "number.h"

struct shift {
    double number;
};

static const grove_field fields[] = {GROVE_FIELD(struct shift, number, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct shift *attributes = s->attributes;
    return grove_same_shape(s) && grove_want_number(s, attributes->number, "the number added");
}

GROVE_RUN(run) {
    const struct shift *attributes = call->attributes;
    const grove_real number = (grove_real)attributes->number;
    GROVE_MAP(call, begin, end, x, x + number);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)y;
    dx[0] = dy;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_shift(in[0], -1.5);
}
static grove_tensor build_infinite(const grove_tensor *in) {
    return grove_shift(in[0], (double)INFINITY);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(-1.5, -1, -3.5),
     .dy = GROVE_NUMBERS(1, 2, -4),
     .dx = {GROVE_NUMBERS(1, 2, -4)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_infinite,
     .refused = "the number added must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(shift) = {
    .name = "shift",
    .formula = "y = x + number",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct shift),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_shift(grove_tensor x, double number) {
    return grove_append1(&grove_op_shift, x, &(struct shift){.number = number});
}
