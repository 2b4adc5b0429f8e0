/* SPDX-License-Identifier: MIT
 *
 * pow - y = x^exponent, element by element; the exponent is fixed when the graph is built.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = exponent * x^(exponent - 1), which is a pow again, with a gradient again. The
 *   exponents 2 and 1 end that chain: 2 * x, then 1. For exponent 0 the result is 1 whatever x is,
 *   so x gets no gradient.
 * Numerics: as C's pow. x below 0 gives NaN unless the exponent is a whole number; x = 0 gives
 *   infinity for an exponent below 0. At x = 0 the gradient is infinite for an exponent below 1
 *   (other than 0), and the second derivative for one below 2 (other than 0 and 1). The exponent
 *   is rounded to a grove_real and must be finite.
 * Cost: a pow an element, worth about two exps; one product where the exponent is 2.
 */
#include "elementwise.h"
#include "number.h"

struct pow {
    double exponent;
};

static const grove_field fields[] = {GROVE_FIELD(struct pow, exponent, REAL), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct pow *attributes = s->attributes;
    return grove_same_shape(s) && grove_want_number(s, attributes->exponent, "the exponent");
}

GROVE_RUN(run) {
    const struct pow *attributes = call->attributes;
    const grove_real exponent = (grove_real)attributes->exponent;
    if (exponent == 2) {
        GROVE_MAP(call, begin, end, x, x * x);
    } else {
        GROVE_MAP(call, begin, end, x, pow(x, exponent));
    }
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    const struct pow *attributes = call->attributes;
    return attributes->exponent == 2 ? 1 : 2 * grove_cost_of_exp(call);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const double exponent = ((const struct pow *)grove_attributes(y))->exponent;
    grove_tensor x = grove_node_input(y, 0);
    if (exponent == 1) {
        dx[0] = dy;
    } else if (exponent != 0) {
        grove_tensor slope = exponent == 2 ? x : grove_pow(x, exponent - 1);
        dx[0] = grove_scale(grove_mul(dy, slope), exponent);
    }
}

static grove_tensor build(const grove_tensor *in) {
    return grove_pow(in[0], 3);
}
static grove_tensor build_square(const grove_tensor *in) {
    return grove_pow(in[0], 2);
}
static grove_tensor build_inverse_root(const grove_tensor *in) {
    return grove_pow(in[0], -0.5);
}
static grove_tensor build_first(const grove_tensor *in) {
    return grove_pow(in[0], 1);
}
static grove_tensor build_zeroth(const grove_tensor *in) {
    return grove_pow(in[0], 0);
}
static grove_tensor build_infinite(const grove_tensor *in) {
    return grove_pow(in[0], -(double)INFINITY);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.125, -8),
     .dy = GROVE_NUMBERS(1, 2, 3),
     .dx = {GROVE_NUMBERS(0, 1.5, 36)}},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 0.5, -2)}},
     .build = build_square,
     .out = GROVE_NUMBERS(0, 0.25, 4),
     .dy = GROVE_NUMBERS(1, 2, 3),
     .dx = {GROVE_NUMBERS(0, 2, -12)}},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(4, 0.25)}},
     .build = build_inverse_root,
     .out = GROVE_NUMBERS(0.5, 2),
     .dy = GROVE_NUMBERS(16, 1),
     .dx = {GROVE_NUMBERS(-1, -4)}},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, -3)}},
     .build = build_first,
     .out = GROVE_NUMBERS(0, -3),
     .dy = GROVE_NUMBERS(1, 2),
     .dx = {GROVE_NUMBERS(1, 2)}},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, -3)}},
     .build = build_zeroth,
     .out = GROVE_NUMBERS(1, 1)},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build_inverse_root},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_infinite,
     .refused = "the exponent must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(pow) = {
    .name = "pow",
    .formula = "y = x^exponent",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .attribute_size = sizeof(struct pow),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_pow(grove_tensor x, double exponent) {
    return grove_append1(&grove_op_pow, x, &(struct pow){.exponent = exponent});
}
