/* SPDX-License-Identifier: MIT
 *
 * adam - Adam (Kingma & Ba, ICLR 2015) and AdamW (Loshchilov & Hutter, ICLR 2019).
 *
 * Update t = step + 1, with gradient g:
 *   decoupled decay (AdamW):  w <- w * (1 - rate * decay);   else  g <- g + decay * w
 *   m <- beta1 * m + (1 - beta1) * g
 *   v <- beta2 * v + (1 - beta2) * g^2
 *   w <- w - rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon)
 * Shapes: parameter, gradient, m, v of one shape; rate a scalar; step a scalar id, advanced by
 *   count.
 * Numerics: the corrections 1 - beta^t are computed in double.
 * Cost: one square root and one division an element.
 */
#include "adam.h"

static const grove_field fields[] = ADAM_FIELDS;

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_moment(s, 1, "the gradient") &&
           grove_want_type(s, 2, GROVE_REAL) && grove_want_shape(s, 2, GROVE_SCALAR, "the rate") &&
           grove_want_moment(s, 3, "m") && grove_want_moment(s, 4, "v") && grove_want_clock(s, 5) &&
           adam_want_options(s);
}

GROVE_RUN(run) {
    adam_update u = adam_update_number(call->attributes, (double)grove_reals(call, 2)[0],
                                       grove_update_number(grove_ids(call, 5)[0]));
    adam_apply(&u, end - begin, grove_written(call, 0) + begin, grove_written(call, 3) + begin,
               grove_written(call, 4) + begin, grove_reals(call, 1) + begin);
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    grove_adam_options o = {
        .beta1 = 0.5, .beta2 = 0.75, .epsilon = 1, .decay = 0.5, .decoupled = true};
    return grove_adam(in[0], in[1], in[2], in[3], in[4], in[5], &o);
}
static grove_tensor build_coupled(const grove_tensor *in) {
    grove_adam_options o = {.beta1 = 0.5, .beta2 = 0.75, .epsilon = 1, .decay = 2};
    return grove_adam(in[0], in[1], in[2], in[3], in[4], in[5], &o);
}
static grove_tensor build_bad_beta(const grove_tensor *in) {
    grove_adam_options o = {.beta1 = 1};
    return grove_adam(in[0], in[1], in[2], in[3], in[4], in[5], &o);
}
#define SCALAR(x)                                                                                  \
    { .shape = {0}, .values = GROVE_NUMBERS(x) }
#define STEP(x)                                                                                    \
    { .type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(x), .stored = true }
#define MOMENT(...)                                                                                \
    { .shape = {1, {1}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }
#define DENSE                                                                                      \
    {                                                                                              \
        MOMENT(2), {.shape = {1, {1}}, .values = GROVE_NUMBERS(4)}, SCALAR(0.5), MOMENT(0),        \
            MOMENT(0), STEP(0)                                                                     \
    }

static const grove_example examples[] = {
    /* t = 1: m = 0.5 * 4, v = 0.25 * 16; m / (1 - 0.5) = 4, sqrt(v / (1 - 0.75)) = 4. */
    {.inputs = 6,
     .in = DENSE,
     .build = build,
     .after = {GROVE_NUMBERS(2 * 0.75 - 0.5 * 4 / (4 + 1.)), NULL, NULL, GROVE_NUMBERS(2),
               GROVE_NUMBERS(4)}},
    /* Coupled decay makes the gradient 4 + 2 * 2 = 8. */
    {.inputs = 6,
     .in = DENSE,
     .build = build_coupled,
     .after = {GROVE_NUMBERS(2 - 0.5 * 8 / (8 + 1.)), NULL, NULL, GROVE_NUMBERS(4),
               GROVE_NUMBERS(16)}},
    {.inputs = 6, .in = DENSE, .build = build_bad_beta, .refused = "must lie between 0 and 1"},
    {0},
};

GROVE_ROOM(adam) = {
    .name = "adam",
    .formula = "m, v <- moments of g; w <- w - rate * m^ / (sqrt(v^) + epsilon)",
    .min_inputs = 6,
    .max_inputs = 6,
    .flags = GROVE_UPDATE,
    .written = 1 << 0 | 1 << 3 | 1 << 4,
    .attribute_size = sizeof(grove_adam_options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_parameter,
    .cost = grove_cost_of_update,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

grove_tensor grove_adam(grove_tensor parameter, grove_tensor gradient, grove_tensor rate,
                        grove_tensor m, grove_tensor v, grove_tensor step,
                        const grove_adam_options *given) {
    grove_adam_options o = adam_with_defaults(given);
    grove_tensor in[] = {parameter, gradient, rate, m, v, step};
    return grove_append(&grove_op_adam, NULL, in, 6, &o);
}
