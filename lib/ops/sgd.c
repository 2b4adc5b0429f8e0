/* SPDX-License-Identifier: MIT
 *
 * sgd - stochastic gradient descent, with momentum (Polyak 1964) or Nesterov's form of it
 * (Sutskever et al., ICML 2013), as PyTorch defines them:
 *
 *   g <- g + decay * w
 *   b <- momentum * b + g
 *   w <- w - rate * b;   Nesterov:  w <- w - rate * (g + momentum * b);   no momentum:  w - rate *
 *   g
 *
 * Shapes: parameter, gradient and buffer of one shape; rate a scalar.
 * Cost: two or three additions and products an element.
 */
#include "sgd.h"

static const grove_field fields[] = SGD_FIELDS;

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_moment(s, 1, "the gradient") &&
           grove_want_type(s, 2, GROVE_REAL) && grove_want_shape(s, 2, GROVE_SCALAR, "the rate") &&
           (s->inputs < 4 || grove_want_moment(s, 3, "the buffer")) &&
           sgd_want_options(s, s->inputs == 4);
}

GROVE_RUN(run) {
    grove_real *buffer = call->inputs == 4 ? grove_written(call, 3) + begin : NULL;
    sgd_apply(call->attributes, (double)grove_reals(call, 2)[0], end - begin,
              grove_written(call, 0) + begin, buffer, grove_reals(call, 1) + begin);
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_sgd(in[0], in[1], in[2], GROVE_NONE, &(grove_sgd_options){.decay = 0.5});
}
static grove_tensor build_momentum(const grove_tensor *in) {
    return grove_sgd(in[0], in[1], in[2], in[3], &(grove_sgd_options){.momentum = 0.5});
}
static grove_tensor build_nesterov(const grove_tensor *in) {
    grove_sgd_options o = {.momentum = 0.5, .nesterov = true, .scale = 2};
    return grove_sgd(in[0], in[1], in[2], in[3], &o);
}
static grove_tensor build_without_buffer(const grove_tensor *in) {
    return grove_sgd(in[0], in[1], in[2], GROVE_NONE, &(grove_sgd_options){.momentum = 0.5});
}

#define STORED(...)                                                                                \
    { .shape = {1, {2}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }
#define INPUTS                                                                                     \
    {                                                                                              \
        STORED(1, 2), {.shape = {1, {2}}, .values = GROVE_NUMBERS(4, -8)},                         \
            {.shape = {0}, .values = GROVE_NUMBERS(0.25)}, STORED(2, 0)                            \
    }

static const grove_example examples[] = {
    /* g = 4 + 0.5 * 1 and -8 + 0.5 * 2. */
    {.inputs = 3, .in = INPUTS, .build = build, .after = {GROVE_NUMBERS(-0.125, 3.75)}},
    /* b = 0.5 * 2 + 4 and -8. */
    {.inputs = 4,
     .in = INPUTS,
     .build = build_momentum,
     .after = {GROVE_NUMBERS(-0.25, 4), NULL, NULL, GROVE_NUMBERS(5, -8)}},
    /* g + 0.5 * b = 6.5 and -12, at twice the rate. */
    {.inputs = 4,
     .in = INPUTS,
     .build = build_nesterov,
     .after = {GROVE_NUMBERS(-2.25, 8), NULL, NULL, GROVE_NUMBERS(5, -8)}},
    {.inputs = 3,
     .in = INPUTS,
     .build = build_without_buffer,
     .refused = "momentum needs a buffer"},
    {0},
};

GROVE_ROOM(sgd) = {
    .name = "sgd",
    .formula = "w <- w - rate * g",
    .min_inputs = 3,
    .max_inputs = 4,
    .flags = GROVE_UPDATE,
    .written = 1 << 0 | 1 << 3,
    .attribute_size = sizeof(grove_sgd_options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_parameter,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

grove_tensor grove_sgd(grove_tensor parameter, grove_tensor gradient, grove_tensor rate,
                       grove_tensor buffer, const grove_sgd_options *given) {
    grove_sgd_options o = sgd_with_defaults(given);
    grove_tensor in[] = {parameter, gradient, rate, buffer};
    return grove_append(&grove_op_sgd, NULL, in, grove_is_valid(buffer) ? 4 : 3, &o);
}
