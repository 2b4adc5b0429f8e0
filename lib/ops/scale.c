/* SPDX-License-Identifier: MIT
 *
 * scale - y = factor * x, element by element; the factor is fixed when the graph is built.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = factor, so dx = factor * dy: the same op again.
 * Numerics: the factor is rounded to a grove_real once, before the products. It must be finite.
 * Cost: one multiplication an element.
 */
#include "elementwise.h"
#include "number.h"

struct scale {
    double factor;
};

static const grove_field fields[] = {GROVE_FIELD(struct scale, factor, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct scale *attributes = s->attributes;
    return grove_same_shape(s) && grove_want_number(s, attributes->factor, "the factor");
}

GROVE_RUN(run) {
    const struct scale *attributes = call->attributes;
    const grove_real factor = (grove_real)attributes->factor;
    GROVE_MAP(call, begin, end, x, factor * x);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct scale *attributes = grove_attributes(y);
    dx[0] = grove_scale(dy, attributes->factor);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_scale(in[0], -2.5);
}
static grove_tensor build_nan(const grove_tensor *in) {
    return grove_scale(in[0], (double)NAN);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(0, -1.25, 5),
     .dy = GROVE_NUMBERS(1, 2, -4),
     .dx = {GROVE_NUMBERS(-2.5, -5, 10)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1, .in = {{.shape = {0}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_nan,
     .refused = "the factor must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(scale) = {
    .name = "scale",
    .formula = "y = factor * x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct scale),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_scale(grove_tensor x, double factor) {
    return grove_append1(&grove_op_scale, x, &(struct scale){.factor = factor});
}
