/* SPDX-License-Identifier: MIT
 *
 * maximum - y = max(x, number), element by element, and its slope above: 1 where x > number, else
 * 0. The number is fixed when the graph is built. (The largest along an axis is max.)
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = above(x, number); at the corner x = number it is 0. It is asked of y, which
 *   lies above the number exactly where x does: so x need not live on. above is flat wherever it
 *   does not jump, and hands no gradient on.
 * Numerics: exact, once the number is rounded to a grove_real; it must be finite. NaN stays NaN, so
 *   that nobody misses it; it is not above anything.
 * Cost: one comparison an element forward, another and a product backward.
 */
#include "elementwise.h"
#include "number.h"

struct maximum {
    double number;
};

static const grove_field fields[] = {GROVE_FIELD(struct maximum, number, REAL),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct maximum *attributes = s->attributes;
    return grove_same_shape(s) && grove_want_number(s, attributes->number, "the number");
}

static grove_real number_of(const void *attributes) {
    return (grove_real)((const struct maximum *)attributes)->number;
}

GROVE_RUN(run) {
    const grove_real number = number_of(call->attributes);
    GROVE_MAP(call, begin, end, x, number > x ? number : x);
    return GROVE_OK;
}

GROVE_RUN(run_above) {
    const grove_real number = number_of(call->attributes);
    GROVE_MAP(call, begin, end, x, x > number ? 1 : 0);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct maximum *attributes = grove_attributes(y);
    dx[0] = grove_mul(dy, grove_above(y, attributes->number));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_maximum(in[0], 1);
}
static grove_tensor build_nan(const grove_tensor *in) {
    return grove_maximum(in[0], (double)NAN);
}
static grove_tensor build_above(const grove_tensor *in) {
    return grove_above(in[0], 1);
}
static grove_tensor build_above_nan(const grove_tensor *in) {
    return grove_above(in[0], (double)NAN);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-2, 0.5, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(1, 1, 3),
     .dy = GROVE_NUMBERS(1, 2, -3),
     .dx = {GROVE_NUMBERS(0, 0, -3)}},
    /* At the corner there is no derivative to be held against. */
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(1, 2), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(1, 2),
     .dy = GROVE_NUMBERS(5, 5),
     .dx = {GROVE_NUMBERS(0, 5)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_nan,
     .refused = "the number must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_above[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-2, 1, 1.5)}},
     .build = build_above,
     .out = GROVE_NUMBERS(0, 0, 1)},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_above_nan,
     .refused = "the number must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_above,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(maximum) = {
    .name = "maximum",
    .formula = "y = max(x, number)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct maximum),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(above) = {
    .name = "above",
    .formula = "y = 1 where x > number, else 0",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct maximum),
    .fields = fields,
    .shape = shape,
    .run = run_above,
    .items = grove_by_element,
    .no_gradient = "it is constant but for a jump, so its slope is 0 wherever there is one",
    .examples = examples_of_above,
};

grove_tensor grove_maximum(grove_tensor x, double number) {
    return grove_append1(&grove_op_maximum, x, &(struct maximum){.number = number});
}

grove_tensor grove_above(grove_tensor x, double number) {
    return grove_append1(&grove_op_above, x, &(struct maximum){.number = number});
}
