/* SPDX-License-Identifier: MIT
 *
 * leaky_relu - y = x where x > 0, else slope * x, element by element, and its adjoint
 * leaky_relu_gradient. The slope, 0.01 for one, is fixed when the graph is built.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dy/dx = 1 where x > 0, else slope (also at the corner x = 0). A unit that is below 0
 *   for every row still learns; in relu it is dead.
 *   Unless the slope is negative, y > 0 exactly where x > 0: then the adjoint is given y for its x,
 *   and x need not live on.
 *   leaky_relu_gradient(dy, x) is linear in dy, with itself as its gradient; in x it is flat
 *   wherever it does not jump, so x gets none.
 * Numerics: the slope is rounded to a grove_real and must be finite. NaN stays NaN.
 * Cost: a comparison and a product an element, forward and backward.
 */
#include "elementwise.h"
#include "number.h"

struct leaky_relu {
    double slope;
};

static const grove_field fields[] = {GROVE_FIELD(struct leaky_relu, slope, REAL),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct leaky_relu *attributes = s->attributes;
    return grove_same_shape(s) && grove_want_number(s, attributes->slope, "the slope");
}

static double slope_of(const void *attributes) {
    return ((const struct leaky_relu *)attributes)->slope;
}

GROVE_RUN(run) {
    const grove_real slope = (grove_real)slope_of(call->attributes);
    GROVE_MAP(call, begin, end, x, x > 0 ? x : slope * x);
    return GROVE_OK;
}

GROVE_RUN(run_gradient) {
    const grove_real slope = (grove_real)slope_of(call->attributes);
    GROVE_MAP2(call, begin, end, dy, x, x > 0 ? dy : slope * dy);
    return GROVE_OK;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    double slope = slope_of(grove_attributes(y));
    dx[0] = grove_leaky_relu_gradient(dy, slope < 0 ? grove_node_input(y, 0) : y, slope);
}

static void grad_of_gradient(grove_tensor result, grove_tensor d, grove_tensor *dx) {
    double slope = slope_of(grove_attributes(result));
    dx[0] = grove_leaky_relu_gradient(d, grove_node_input(result, 1), slope);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_leaky_relu(in[0], 0.25);
}
static grove_tensor build_falling(const grove_tensor *in) {
    return grove_leaky_relu(in[0], -0.5);
}
static grove_tensor build_infinite(const grove_tensor *in) {
    return grove_leaky_relu(in[0], (double)INFINITY);
}
static grove_tensor build_gradient(const grove_tensor *in) {
    return grove_leaky_relu_gradient(in[0], in[1], 0.25);
}
static grove_tensor build_gradient_nan(const grove_tensor *in) {
    return grove_leaky_relu_gradient(in[0], in[1], (double)NAN);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(-2, 0.5, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(-0.5, 0.5, 3),
     .dy = GROVE_NUMBERS(1, 2, -3),
     .dx = {GROVE_NUMBERS(0.25, 2, -3)}},
    /* A negative slope: y > 0 does not tell where x > 0. */
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(-2, 3)}},
     .build = build_falling,
     .out = GROVE_NUMBERS(1, 3),
     .dy = GROVE_NUMBERS(1, 1),
     .dx = {GROVE_NUMBERS(-0.5, 1)}},
    /* At the corner there is no derivative to be held against. */
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(0, 1), .no_check = true}},
     .build = build,
     .out = GROVE_NUMBERS(0, 1),
     .dy = GROVE_NUMBERS(4, 4),
     .dx = {GROVE_NUMBERS(1, 4)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_infinite,
     .refused = "the slope must be a finite number"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_gradient[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {4}}, .values = GROVE_NUMBERS(1, 2, 3, -4)},
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(-2, 0, 0.5, 3), .no_check = true}},
     .build = build_gradient,
     .out = GROVE_NUMBERS(0.25, 0.5, 3, -4),
     .dy = GROVE_NUMBERS(1, 2, 3, 4),
     .dx = {GROVE_NUMBERS(0.25, 0.5, 3, 4)}},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_gradient,
     .refused = "its inputs must have one shape"},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {2}}}},
     .build = build_gradient_nan,
     .refused = "the slope must be a finite number"},
    {0},
};

GROVE_ROOM(leaky_relu) = {
    .name = "leaky_relu",
    .formula = "y = x where x > 0, else slope * x",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct leaky_relu),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(leaky_relu_gradient) = {
    .name = "leaky_relu_gradient",
    .formula = "dx = dy where x > 0, else slope * dy",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct leaky_relu),
    .fields = fields,
    .shape = shape,
    .run = run_gradient,
    .items = grove_by_element,
    .grad = grad_of_gradient,
    .examples = examples_of_gradient,
};

grove_tensor grove_leaky_relu(grove_tensor x, double slope) {
    return grove_append1(&grove_op_leaky_relu, x, &(struct leaky_relu){.slope = slope});
}

grove_tensor grove_leaky_relu_gradient(grove_tensor dy, grove_tensor x, double slope) {
    return grove_append2(&grove_op_leaky_relu_gradient, dy, x,
                         &(struct leaky_relu){.slope = slope});
}
