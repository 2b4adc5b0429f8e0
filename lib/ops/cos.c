/* SPDX-License-Identifier: MIT
 *
 * cos - y = cos(x), x in radians; and sin - y = sin(x), element by element. Each is the slope of
 * the other, so they share a room.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: dcos(x)/dx = -sin(x), dsin(x)/dx = cos(x). So the gradients have gradients without end.
 * Numerics: as C's. A large x has few digits left after the point, and its cosine no more: keep
 *   periods small.
 * Cost: one cosine an element, worth about an exp; the sine and a product backward.
 */
#include "elementwise.h"

GROVE_RUN(run_cos) {
    GROVE_MAP(call, begin, end, x, cos(x));
    return GROVE_OK;
}

GROVE_RUN(run_sin) {
    GROVE_MAP(call, begin, end, x, sin(x));
    return GROVE_OK;
}

static void grad_of_cos(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_neg(grove_mul(grove_sin(grove_node_input(y, 0)), dy));
}

static void grad_of_sin(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_mul(grove_cos(grove_node_input(y, 0)), dy);
}

static grove_tensor build_cos(const grove_tensor *in) {
    return grove_cos(in[0]);
}
static grove_tensor build_sin(const grove_tensor *in) {
    return grove_sin(in[0]);
}

/* The angles 0, 60 and 90 degrees, and 30, 0 and 180. */
#define ANGLES_OF_COS GROVE_NUMBERS(0, 1.0471975511965976, 1.5707963267948966)
#define ANGLES_OF_SIN GROVE_NUMBERS(0.52359877559829882, 0, 3.1415926535897931)

static const grove_example examples_of_cos[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = ANGLES_OF_COS}},
     .build = build_cos,
     .out = GROVE_NUMBERS(1, 0.5, 0),
     .dy = GROVE_NUMBERS(1, 2, 3),
     .dx = {GROVE_NUMBERS(0, -1.7320508075688772, -3)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build_cos},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_cos,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_sin[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = ANGLES_OF_SIN}},
     .build = build_sin,
     .out = GROVE_NUMBERS(0.5, 0, 0),
     .dy = GROVE_NUMBERS(2, 1, 4),
     .dx = {GROVE_NUMBERS(1.7320508075688772, 1, -4)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build_sin},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_sin,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(cos) = {
    .name = "cos",
    .formula = "y = cos(x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run_cos,
    .items = grove_by_element,
    .cost = grove_cost_of_exp,
    .grad = grad_of_cos,
    .examples = examples_of_cos,
};

GROVE_ROOM(sin) = {
    .name = "sin",
    .formula = "y = sin(x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run_sin,
    .items = grove_by_element,
    .cost = grove_cost_of_exp,
    .grad = grad_of_sin,
    .examples = examples_of_sin,
};

grove_tensor grove_cos(grove_tensor x) {
    return grove_append1(&grove_op_cos, x, NULL);
}

grove_tensor grove_sin(grove_tensor x) {
    return grove_append1(&grove_op_sin, x, NULL);
}
