/* SPDX-License-Identifier: MIT
 *
 * dropout - in training y[i] = 0 with the probability p, else x[i] / (1 - p); and its adjoint
 * dropout_again. (Srivastava et al. 2014; dividing at once keeps the mean, so that outside training
 * nothing is left to do: there the result is x itself.)
 *
 * Shapes: any; the result has the shape of x.
 * Gradient: y = mask * x / (1 - p), so dx = mask * dy / (1 - p) with the very same mask. No mask is
 *   kept: dropout_again draws it anew, and is its own adjoint.
 * Randomness: element i is dropped if its random word (chance.h), as a number in [0, 1), is below
 *   p. The stream is the index of the dropout's node, known before its gradient is built.
 * Numerics: p counts in steps of 2^-32, rounded down. p = 0 gives x exactly.
 * Cost: a quarter of a Philox block an element, forward and backward: with AVX-512 a seventh of a
 *   nanosecond, else one or two.
 */
#include <math.h>

#include "chance.h"

struct dropout {
    double probability;
    int64_t stream;
};

static const grove_field fields[] = {GROVE_FIELD(struct dropout, probability, REAL),
                                     GROVE_FIELD(struct dropout, stream, INT),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct dropout *attributes = s->attributes;
    if (!(attributes->probability >= 0 && attributes->probability < 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "its probability must be at least 0 and below 1");
    }
    return grove_want_stream(s, attributes->stream) && grove_same_shape(s);
}

GROVE_RUN(run) {
    const struct dropout *attributes = call->attributes;
    const uint32_t threshold = grove_chance_threshold(attributes->probability);
    const grove_real factor = (grove_real)(1 / (1 - attributes->probability));
    const grove_real *x = grove_reals(call, 0);
    grove_real *y = grove_out(call);
    grove_chance chance;
    for (size_t i = begin; i < end;) {
        grove_chance_draw(call, attributes->stream, i, end, &chance);
        for (; i < chance.stop; i++) {
            const grove_real kept = x[i] * factor;
            y[i] = chance.words[i - chance.first] < threshold ? 0 : kept;
        }
    }
    return GROVE_OK;
}

static size_t cost(const grove_call *call) {
    (void)call;
    return 10;
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct dropout *attributes = grove_attributes(y);
    dx[0] = grove_dropout_again(dy, attributes->probability, attributes->stream);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_dropout(in[0], 0);
}
static grove_tensor build_half(const grove_tensor *in) {
    return grove_dropout(in[0], 0.5);
}
static grove_tensor build_all(const grove_tensor *in) {
    return grove_dropout(in[0], 1);
}
static grove_tensor build_below(const grove_tensor *in) {
    return grove_dropout(in[0], -0.25);
}
static grove_tensor build_nan(const grove_tensor *in) {
    return grove_dropout(in[0], (double)NAN);
}
static grove_tensor build_again(const grove_tensor *in) {
    return grove_dropout_again(in[0], 0, 7);
}
static grove_tensor build_half_again(const grove_tensor *in) {
    return grove_dropout_again(in[0], 0.5, 7);
}
static grove_tensor build_all_again(const grove_tensor *in) {
    return grove_dropout_again(in[0], 1, 7);
}
static grove_tensor build_no_stream(const grove_tensor *in) {
    return grove_dropout_again(in[0], 0.5, -1);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {5}}, .values = GROVE_NUMBERS(0, 0.5, -2, 3, -0.1)}},
     .build = build,
     .out = GROVE_NUMBERS(0, 0.5, -2, 3, -0.1),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5),
     .dx = {GROVE_NUMBERS(1, 2, 3, 4, 5)}},
    {.inputs = 1, .in = {{.shape = {2, {3, 7}}}}, .build = build_half},
    {.inputs = 1, .in = {{.shape = {2, {-1, 5}}}}, .build = build_half},
    {.inputs = 1, .in = {{.shape = {2, {0, 5}}}}, .build = build_half},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_all,
     .refused = "its probability must be at least 0 and below 1"},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_below,
     .refused = "its probability must be at least 0 and below 1"},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_nan,
     .refused = "its probability must be at least 0 and below 1"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_example examples_of_again[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {5}}, .values = GROVE_NUMBERS(0, 0.5, -2, 3, -0.1)}},
     .build = build_again,
     .out = GROVE_NUMBERS(0, 0.5, -2, 3, -0.1),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5),
     .dx = {GROVE_NUMBERS(1, 2, 3, 4, 5)}},
    {.inputs = 1, .in = {{.shape = {2, {3, 7}}}}, .build = build_half_again},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_all_again,
     .refused = "its probability must be at least 0 and below 1"},
    {.inputs = 1,
     .in = {{.shape = {1, {3}}}},
     .build = build_no_stream,
     .refused = "its stream must be the index of a node"},
    {0},
};

GROVE_ROOM(dropout) = {
    .name = "dropout",
    .formula = "y = 0 with probability p, else x / (1 - p)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_TRAINING | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct dropout),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(dropout_again) = {
    .name = "dropout_again",
    .formula = "dx = 0 where the stream's mask is, else dy / (1 - p)",
    .min_inputs = 1,
    .max_inputs = 1,
    .flags = GROVE_IN_PLACE | GROVE_TRAINING | GROVE_PIECEWISE,
    .attribute_size = sizeof(struct dropout),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .cost = cost,
    .grad = grad,
    .examples = examples_of_again,
};

grove_tensor grove_dropout(grove_tensor x, double probability) {
    struct dropout attributes = {.probability = probability, .stream = grove_node_count(x.graph)};
    return grove_append1(&grove_op_dropout, x, &attributes);
}

grove_tensor grove_dropout_again(grove_tensor x, double probability, int64_t stream) {
    struct dropout attributes = {.probability = probability, .stream = stream};
    return grove_append1(&grove_op_dropout_again, x, &attributes);
}
