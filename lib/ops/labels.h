/* SPDX-License-Identifier: MIT
 *
 * ops/labels.h - what the ops that read labels share: which labels are ignored, which are mistakes,
 * and what a class weighs.
 */
#ifndef GROVE_OPS_LABELS_H
#define GROVE_OPS_LABELS_H

#include <inttypes.h>
#include <stdio.h>

#include "room.h"

/* The attributes; those that an op does not list among its fields are 0. */
typedef struct grove_target {
    bool ignore;
    int64_t ignored_label;
    double smoothing;
    int64_t classes;
    bool has_bias, with_mean; /* of the linear layer that makes the logits */
} grove_target;

static inline grove_target grove_target_of(const grove_cross_entropy_options *options) {
    grove_target target = {.ignore = false};
    if (options) {
        target.ignore = options->ignore;
        target.ignored_label = options->ignored_label;
        target.smoothing = options->smoothing;
    }
    return target;
}

static inline grove_cross_entropy_options grove_target_options(const grove_target *target) {
    return (grove_cross_entropy_options){.ignore = target->ignore,
                                         .ignored_label = (grove_id)target->ignored_label,
                                         .smoothing = target->smoothing};
}

static inline bool grove_want_target(grove_shaping *s, int64_t classes) {
    const grove_target *target = s->attributes;
    if (classes <= 0) {
        return grove_refuse(s, GROVE_BAD_SHAPE,
                            "the number of classes must be fixed, and at least 1");
    }
    if (target->ignored_label < INT32_MIN || target->ignored_label > INT32_MAX) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the ignored label %" PRId64 " is no id",
                            target->ignored_label);
    }
    return (target->smoothing >= 0 && target->smoothing < 1) ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "the label smoothing must be from 0 to below 1");
}

/* Class weights, if they are given, are the input at that position. */
static inline bool grove_want_class_weights(grove_shaping *s, int position, int64_t classes) {
    return s->inputs <= position ||
           (grove_want_type(s, position, GROVE_REAL) &&
            grove_want_shape(s, position, GROVE_SHAPE(classes), "the class weights"));
}

static inline const grove_real *grove_class_weights(const grove_call *call, int position) {
    return call->inputs > position ? grove_reals(call, position) : NULL;
}

GROVE_KERNEL bool grove_is_ignored(const grove_target *target, grove_id label) {
    return target->ignore && label == target->ignored_label;
}

/* Each label must name a class or be the ignored one. */
static inline grove_status grove_check_labels(const grove_call *call, int input, size_t begin,
                                              size_t end, size_t classes) {
    const grove_target *target = call->attributes;
    const grove_id *labels = grove_ids(call, input);
    for (size_t i = begin; i < end; i++) {
        bool known = labels[i] >= 0 && (size_t)labels[i] < classes;
        if (!known && !grove_is_ignored(target, labels[i])) {
            char or_ignored[48] = "";
            if (target->ignore) {
                snprintf(or_ignored, sizeof or_ignored, ", or %" PRId64 " to be ignored",
                         target->ignored_label);
            }
            return grove_call_fail(call, input, i, GROVE_BAD_DATA,
                                   "is %" PRId32 ", it must be from 0 to %zu%s", labels[i],
                                   classes - 1, or_ignored);
        }
    }
    return GROVE_OK;
}

/* ---- rows of logits [n, classes], with labels [n] -------------------------------------------- */

/* Logits, labels, and class weights at the position where they would stand. */
static inline bool grove_want_rows(grove_shaping *s, int weights) {
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 2) ||
        !grove_want_type(s, 1, GROVE_ID)) {
        return false;
    }
    grove_shape logits = grove_in_shape(s, 0);
    return grove_want_target(s, logits.dim[1]) &&
           grove_want_shape(s, 1, GROVE_SHAPE(logits.dim[0]), "the labels, one for each row,") &&
           grove_want_class_weights(s, weights, logits.dim[1]);
}

/* What all rows share: weights [classes] or NULL; smoothing and their mean. */
typedef struct grove_weighting {
    const grove_real *weights;
    double smoothing, mean;
    size_t classes;
} grove_weighting;

GROVE_KERNEL double grove_weight_of(const grove_weighting *w, size_t c) {
    return w->weights ? (double)w->weights[c] : 1;
}

/* The weights are the input at that position, if they are given. Their mean is only looked for
 * where smoothing asks for it. */
static inline grove_weighting grove_weighting_of(const grove_call *call, int position,
                                                 size_t classes) {
    const grove_target *target = call->attributes;
    grove_weighting w = {.smoothing = target->smoothing, .classes = classes, .mean = 1};
    w.weights = grove_class_weights(call, position);
    if (w.weights && w.smoothing > 0) {
        double sum = 0;
        for (size_t c = 0; c < w.classes; c++) {
            sum += (double)w.weights[c];
        }
        w.mean = sum / (double)w.classes;
    }
    return w;
}

static inline size_t grove_rows_of_logits(const grove_call *call) {
    return call->in[0]->dim[0];
}

static inline size_t grove_cost_of_logits(const grove_call *call) {
    return 32 + 10 * grove_width(call->in[0]); /* a row of two takes 8 ns, of ten 22, measured */
}

/* What the targets of a row weigh together [n]: the sum over c of t_c * w_c; 0 where it is ignored.
 */
static inline grove_tensor grove_weight_of_targets(grove_tensor labels, grove_tensor weights,
                                                   int64_t classes,
                                                   const grove_cross_entropy_options *options) {
    grove_tensor own = grove_label_weights(labels, weights, classes, options);
    if (!grove_is_valid(weights) || options->smoothing == 0) {
        return own;
    }
    grove_tensor counts = grove_label_weights(labels, GROVE_NONE, classes, options);
    grove_tensor mean = grove_scale(grove_mean(weights, GROVE_ALL_AXES), options->smoothing);
    return grove_add(grove_scale(own, 1 - options->smoothing), grove_mul(counts, mean));
}

/* Class weights are the last input, if they are given. */
static inline grove_tensor grove_append_with_weights(const grove_op *op, grove_tensor *in,
                                                     int inputs, grove_tensor weights,
                                                     const grove_cross_entropy_options *options) {
    grove_target attributes = grove_target_of(options);
    in[inputs] = weights;
    return grove_append(op, NULL, in, grove_is_valid(weights) ? inputs + 1 : inputs, &attributes);
}

#endif
