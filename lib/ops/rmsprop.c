/* SPDX-License-Identifier: MIT
 *
 * rmsprop - RMSprop (Tieleman & Hinton 2012), as PyTorch defines it:
 *
 *   g <- g + decay * w
 *   v <- alpha * v + (1 - alpha) * g^2
 *   centered:  a <- alpha * a + (1 - alpha) * g;   r = sqrt(v - a^2);   else r = sqrt(v)
 *   b <- momentum * b + g / (r + epsilon);         no momentum: b = g / (r + epsilon)
 *   w <- w - rate * b
 *
 * Shapes: parameter, gradient, v, a, b of one shape; rate a scalar. a is there if centered, b if
 *   momentum is above 0.
 * Numerics: v - a^2 is a variance, but may come out below 0 by rounding: then it is taken as 0.
 * Cost: one square root and one division an element.
 */
#include "rmsprop.h"

static const grove_field fields[] = RMSPROP_FIELDS;

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_moment(s, 1, "the gradient") &&
           grove_want_type(s, 2, GROVE_REAL) && grove_want_shape(s, 2, GROVE_SCALAR, "the rate") &&
           grove_want_moment(s, 3, "the average of squares") && rmsprop_want_averages(s, 4) &&
           rmsprop_want_options(s);
}

GROVE_RUN(run) {
    rmsprop_kept k = rmsprop_piece(call, 3, 4, begin, end - begin);
    rmsprop_apply(call->attributes, (double)grove_reals(call, 2)[0], &k,
                  grove_reals(call, 1) + begin);
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    grove_rmsprop_options o = {.alpha = 0.75, .epsilon = 1};
    return grove_rmsprop(in[0], in[1], in[2], in[3], GROVE_NONE, GROVE_NONE, &o);
}
static grove_tensor build_all(const grove_tensor *in) {
    grove_rmsprop_options o = {
        .alpha = 0.5, .epsilon = 1, .centered = true, .momentum = 0.5, .decay = 2};
    return grove_rmsprop(in[0], in[1], in[2], in[3], in[4], in[5], &o);
}
#define STORED(x)                                                                                  \
    { .shape = {1, {1}}, .values = GROVE_NUMBERS(x), .stored = true }
#define GIVEN(g) STORED(1), {.shape = {1, {1}}, .values = GROVE_NUMBERS(g)}, GROVE_SCALAR_OF(0.5)
static const grove_example examples[] = {
    /* v = 0.75 * 16 + 0.25 * 4^2. */
    {.inputs = 4,
     .in = {GIVEN(4), STORED(16)},
     .build = build,
     .after = {GROVE_NUMBERS(1 - 0.5 * 4 / (4 + 1.)), NULL, NULL, GROVE_NUMBERS(16)}},
    /* g = 4 + 2 * 1; v = (46 + 6^2) / 2, a = (2 + 6) / 2, r = sqrt(41 - 4^2), b = 4 + 6 / 6. */
    {.inputs = 6,
     .in = {GIVEN(4), STORED(46), STORED(2), STORED(8)},
     .build = build_all,
     .after = {GROVE_NUMBERS(1 - 0.5 * (4 + 6 / 6.)), NULL, NULL, GROVE_NUMBERS(41),
               GROVE_NUMBERS(4), GROVE_NUMBERS(5)}},
    {.inputs = 4, .in = {GIVEN(4), STORED(16)}, .build = build_all, .refused = "needs an average"},
    {0},
};

GROVE_ROOM(rmsprop) = {
    .name = "rmsprop",
    .formula = "v <- alpha * v + (1 - alpha) * g^2; w <- w - rate * g / (sqrt(v) + epsilon)",
    .min_inputs = 4,
    .max_inputs = 6,
    .flags = GROVE_UPDATE,
    .written = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5,
    .attribute_size = sizeof(grove_rmsprop_options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_parameter,
    .cost = grove_cost_of_update,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

grove_tensor grove_rmsprop(grove_tensor parameter, grove_tensor gradient, grove_tensor rate,
                           grove_tensor square, grove_tensor average, grove_tensor buffer,
                           const grove_rmsprop_options *given) {
    grove_rmsprop_options o = rmsprop_with_defaults(given);
    grove_tensor in[6] = {parameter, gradient, rate, square};
    int inputs = rmsprop_add_kept(in, 4, average, buffer, GROVE_NONE);
    return grove_append(&grove_op_rmsprop, NULL, in, inputs, &o);
}
