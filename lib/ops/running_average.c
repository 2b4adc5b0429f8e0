/* SPDX-License-Identifier: MIT
 *
 * running_average - y = the average, a state; it says that the average is to follow a sample, and
 * how fast. follow - average <- (1 - momentum) * average + momentum * sample: the update that makes
 * it so, once in each training step.
 *
 * Two ops, since a model must not depend on an update: running_average is part of the model, is
 * saved with it, and changes nothing. grove_minimize appends a follow for each one that its loss
 * depends on, also where the model comes from a file.
 *
 * Shapes: average, sample of one shape; the average is a state.
 * Numerics: after k steps a sample counts momentum * (1 - momentum)^k: the last 1 / momentum steps
 *   make up nearly two thirds.
 * Cost: none for running_average: it is the average's own memory, and the sample is not computed
 *   for it. Two products and an addition an element for follow.
 */
#include "elementwise.h"

struct pace {
    double momentum;
};

static const grove_field fields[] = {GROVE_FIELD(struct pace, momentum, REAL),
                                     GROVE_NO_MORE_FIELDS};

static bool check(grove_shaping *s) {
    const struct pace *pace = s->attributes;
    if (!grove_parameter_data(s->in[0])) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the average, input 0, must be a state");
    }
    if (!(pace->momentum > 0 && pace->momentum <= 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the momentum must be above 0 and at most 1");
    }
    return grove_same_shape(s);
}

static bool shape_of_follow(grove_shaping *s) {
    return check(s) && grove_update_shape(s);
}

GROVE_RUN(run_follow) {
    const struct pace *pace = call->attributes;
    const grove_real momentum = (grove_real)pace->momentum;
    grove_real *average = grove_written(call, 0);
    const grove_real *sample = grove_reals(call, 1);
    for (size_t i = begin; i < end; i++) {
        average[i] = (1 - momentum) * average[i] + momentum * sample[i];
    }
    return GROVE_OK;
}

static size_t by_average(const grove_call *call) {
    return call->in[0]->count;
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_running_average(in[0], in[1], 0.25);
}
static grove_tensor build_still(const grove_tensor *in) {
    return grove_running_average(in[0], in[1], 0);
}
static grove_tensor build_too_fast(const grove_tensor *in) {
    return grove_running_average(in[0], in[1], 1.5);
}
static grove_tensor build_follow(const grove_tensor *in) {
    return grove_follow(grove_running_average(in[0], in[1], 0.25));
}
static grove_tensor build_other(const grove_tensor *in) {
    return grove_follow(grove_add(in[0], in[1]));
}

#define AVERAGE                                                                                    \
    { .shape = {1, {2}}, .values = GROVE_NUMBERS(1, 2), .stored = true }
#define SAMPLE                                                                                     \
    { .shape = {1, {2}}, .values = GROVE_NUMBERS(3, -2) }

static const grove_example examples[] = {
    {.inputs = 2, .in = {AVERAGE, SAMPLE}, .build = build, .out = GROVE_NUMBERS(1, 2)},
    {.inputs = 2,
     .in = {AVERAGE, {.shape = {1, {3}}}},
     .build = build,
     .refused = "its inputs must have one shape"},
    {.inputs = 2,
     .in = {AVERAGE, SAMPLE},
     .build = build_still,
     .refused = "the momentum must be above 0 and at most 1"},
    {.inputs = 2,
     .in = {AVERAGE, SAMPLE},
     .build = build_too_fast,
     .refused = "the momentum must be above 0 and at most 1"},
    {.inputs = 2,
     .in = {SAMPLE, SAMPLE},
     .build = build,
     .refused = "the average, input 0, must be a state"},
    {0},
};

static const grove_example examples_of_follow[] = {
    {.inputs = 2, .in = {AVERAGE, SAMPLE}, .build = build_follow, .after = {GROVE_NUMBERS(1.5, 1)}},
    {.inputs = 2,
     .in = {AVERAGE, SAMPLE},
     .build = build_other,
     .refused = "it takes a running_average, not 'add'"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(running_average) = {
    .name = "running_average",
    .formula = "y = average, which in training follows a sample",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_ALIAS,
    .attribute_size = sizeof(struct pace),
    .fields = fields,
    .shape = check,
    .no_gradient = "it is a state; the sample moves it in later steps only",
    .examples = examples,
};

GROVE_ROOM(follow) = {
    .name = "follow",
    .formula = "average <- (1 - momentum) * average + momentum * sample",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_UPDATE,
    .written = 1 << 0,
    .attribute_size = sizeof(struct pace),
    .fields = fields,
    .shape = shape_of_follow,
    .run = run_follow,
    .items = by_average,
    .no_gradient = "it changes its average in place",
    .examples = examples_of_follow,
};

grove_tensor grove_running_average(grove_tensor average, grove_tensor sample, double momentum) {
    return grove_append2(&grove_op_running_average, average, sample,
                         &(struct pace){.momentum = momentum});
}

grove_tensor grove_follow(grove_tensor running) {
    if (grove_is_valid(running) && strcmp(grove_node_op(running), "running_average") != 0) {
        return grove_refuse_builder(running.graph, &grove_op_follow, GROVE_BAD_ARGUMENT,
                                    "it takes a running_average, not '%s'", grove_node_op(running));
    }
    return grove_append2(&grove_op_follow, grove_node_input(running, 0),
                         grove_node_input(running, 1), grove_attributes(running));
}
