/* SPDX-License-Identifier: MIT
 *
 * clip - y = x where it lies from low to high, else the nearer of the two, element by element.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1 inside, 0 outside; at the two corners it is 0. It is asked of y, which lies
 *   strictly between low and high exactly where x does: so x need not live on.
 * Numerics: exact, once low and high are rounded to grove_real; both must be finite, low at most
 *   high. NaN stays NaN, so that nobody misses it.
 * Cost: two comparisons an element forward; two and two products backward.
 */
#include "elementwise.h"
#include "number.h"

struct clip {
    double low, high;
};

static const grove_field fields[] = {GROVE_FIELD(struct clip, low, REAL),
                                     GROVE_FIELD(struct clip, high, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct clip *attributes = s->attributes;
    return grove_same_shape(s) && grove_want_number(s, attributes->low, "low") &&
           grove_want_number(s, attributes->high, "high") &&
           (attributes->low <= attributes->high ||
            grove_refuse(s, GROVE_BAD_ARGUMENT, "low must not be above high"));
}

GROVE_RUN(run) {
    const struct clip *attributes = call->attributes;
    const grove_real low = (grove_real)attributes->low, high = (grove_real)attributes->high;
    GROVE_MAP(call, begin, end, x, low > x ? low : high < x ? high : x);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct clip *attributes = grove_attributes(y);
    grove_tensor above = grove_above(y, attributes->low);
    grove_tensor below = grove_above(grove_neg(y), -attributes->high);
    dx[0] = grove_mul(dy, grove_mul(above, below));
}

static grove_tensor build(const grove_tensor *in) {
    return grove_clip(in[0], -1, 2);
}
static grove_tensor build_crossed(const grove_tensor *in) {
    return grove_clip(in[0], 2, -1);
}
static grove_tensor build_infinite(const grove_tensor *in) {
    return grove_clip(in[0], 0, (double)INFINITY);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {4}}, .values = GROVE_NUMBERS(-2, -0.5, 1.5, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(-1, -0.5, 1.5, 2),
     .dy = GROVE_NUMBERS(1, 2, -3, 4),
     .dx = {GROVE_NUMBERS(0, 2, -3, 0)}},
    /* At the corners there is no derivative to be held against. */
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(-1, 2), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(-1, 2),
     .dy = GROVE_NUMBERS(5, 5),
     .dx = {GROVE_NUMBERS(0, 0)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_crossed,
     .refused = "low must not be above high"},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_infinite,
     .refused = "high must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(clip) = {
    .name = "clip",
    .formula = "y = min(max(x, low), high)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct clip),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_clip(grove_tensor x, double low, double high) {
    return grove_append1(&grove_op_clip, x, &(struct clip){.low = low, .high = high});
}
