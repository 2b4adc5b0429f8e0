/* SPDX-License-Identifier: MIT
 *
 * gelu - y = x * Phi(x), element by element, and its adjoint gelu_gradient. (Hendrycks & Gimpel
 * 2016, the exact form.)
 *
 * Phi(x) = (1 + erf(x / sqrt(2))) / 2 is the normal distribution function, phi(x) = exp(-x^2 / 2) /
 * sqrt(2 pi) its density.
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: Phi' = phi, so dy/dx = Phi(x) + x * phi(x).
 *   gelu_gradient(dy, x) = dy * (Phi(x) + x * phi(x)) has gradients itself: for dy that factor
 *   again; for x, since phi' = -x * phi, the factor dy * phi(x) * (2 - x^2).
 * Numerics: far on the left 1 + erf would cancel to nothing. With the tail Phi(-|x|), which is
 *   computed by itself, y = max(x, 0) - |x| Phi(-|x|), and the factor is Phi(-|x|) - |x| phi(x), or
 *   1 minus that where x > 0; digits are kept down to the smallest numbers. -infinity yields 0.
 * Cost: an exp, a division and two polynomials an element, backward as forward
 *   (base/functions.h).
 */
#include "elementwise.h"

static const double peak = 0.39894228040143267794; /* phi(0) = 1 / sqrt(2 pi) */

GROVE_RUN(run) {
    GROVE_MAP(call, begin, end, x, grove_gelu_of(x));
    return GROVE_OK;
}

GROVE_RUN(run_gradient) {
    GROVE_MAP2(call, begin, end, dy, x, dy * grove_gelu_slope_of(x));
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    return 2 * grove_cost_of_exp(call);
}

static size_t cost_of_gradient(const grove_call *call) {
    return 2 * grove_cost_of_exp(call);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_gelu_gradient(dy, grove_node_input(y, 0));
}

static void grad_of_gradient(grove_tensor result, grove_tensor d, grove_tensor *dx) {
    grove_tensor dy = grove_node_input(result, 0), x = grove_node_input(result, 1);
    grove_tensor squares = grove_mul(x, x);
    grove_tensor phi = grove_scale(grove_exp(grove_scale(squares, -0.5)), peak);
    grove_tensor slope = grove_mul(phi, grove_shift(grove_neg(squares), 2));
    dx[0] = grove_gelu_gradient(d, x);
    dx[1] = grove_mul(grove_mul(d, dy), slope);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_gelu(in[0]);
}
static grove_tensor build_gradient(const grove_tensor *in) {
    return grove_gelu_gradient(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 1, -2)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.8413447460685429, -0.04550026389635842),
     .dy = GROVE_NUMBERS(1, 2, -10),
     .dx = {GROVE_NUMBERS(0.5, 2.166630941175373, 0.852318010781969)}},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(-100, 100)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 100),
     .dy = GROVE_NUMBERS(1, 1),
     .dx = {GROVE_NUMBERS(0, 1)}},
    {.inputs = 1, .in = {{.shape = {2, {-1, 3}}}}, .build = build},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_gradient[] = {
    {.inputs = 2,
     .in = {{.shape = {1, {3}}, .values = GROVE_NUMBERS(1, 2, -10)},
            {.shape = {1, {3}}, .values = GROVE_NUMBERS(0, 1, -2)}},
     .build = build_gradient,
     .out = GROVE_NUMBERS(0.5, 2.166630941175373, 0.852318010781969),
     .dy = GROVE_NUMBERS(1, 1, 1),
     .dx = {GROVE_NUMBERS(0.5, 1.0833154705876864, -0.0852318010781969),
            GROVE_NUMBERS(0.7978845608028654, 0.48394144903828673, 1.0798193302637613)}},
    {.inputs = 2,
     .in = {{.shape = {2, {-1, 3}}}, {.shape = {2, {-1, 3}}}},
     .build = build_gradient},
    {.inputs = 2,
     .in = {{.shape = {1, {2}}}, {.shape = {1, {3}}}},
     .build = build_gradient,
     .refused = "its inputs must have one shape"},
    {0},
};

GROVE_ROOM(gelu) = {
    .name = "gelu",
    .formula = "y = x * Phi(x)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(gelu_gradient) = {
    .name = "gelu_gradient",
    .formula = "dx = dy * (Phi(x) + x * phi(x))",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_IN_PLACE,
    .shape = grove_same_shape,
    .run = run_gradient,
    .items = grove_by_element,
    .cost = cost_of_gradient,
    .grad = grad_of_gradient,
    .examples = examples_of_gradient,
};

grove_tensor grove_gelu(grove_tensor x) {
    return grove_append1(&grove_op_gelu, x, NULL);
}

grove_tensor grove_gelu_gradient(grove_tensor dy, grove_tensor x) {
    return grove_append2(&grove_op_gelu_gradient, dy, x, NULL);
}
