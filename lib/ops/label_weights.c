/* SPDX-License-Identifier: MIT
 *
 * label_weights - y = w[label]: what each row counts in a mean over rows; 0 where its label is the
 * ignored one.
 *
 * Divide the sum of softmax_cross_entropy_rows by the sum of these, and the loss is a weighted mean
 * over the rows that count, whatever their number.
 *
 * Shapes: labels ids [n], class weights w [classes] (without them each class weighs 1) -> [n].
 * Gradient: none: labels and weights are given, not learned.
 * Errors: a label outside 0..classes-1 (and not the ignored one) fails the run, in words, before
 *   anything is written.
 * Cost: one look-up a row.
 */
#include "labels.h"

static const grove_field fields[] = {GROVE_FIELD(grove_target, ignore, FLAG),
                                     GROVE_FIELD(grove_target, ignored_label, INT),
                                     GROVE_FIELD(grove_target, classes, INT), GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const grove_target *target = s->attributes;
    s->shape = grove_in_shape(s, 0);
    return grove_want_type(s, 0, GROVE_ID) && grove_want_rank(s, 0, 1) &&
           grove_want_target(s, target->classes) && grove_want_class_weights(s, 1, target->classes);
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const grove_target *target = call->attributes;
    const grove_real *weights = grove_class_weights(call, 1); /* [classes] */
    const grove_id *labels = grove_ids(call, 0);              /* [n] */
    grove_real *y = grove_out(call);                          /* [n] */
    grove_status status = grove_check_labels(call, 0, begin, end, (size_t)target->classes);
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        y[i] = grove_is_ignored(target, labels[i]) ? 0 : weights ? weights[labels[i]] : 1;
    }
    return status;
}

static const grove_cross_entropy_options ignoring = {.ignore = true, .ignored_label = -1};

static grove_tensor build(const grove_tensor *in) {
    return grove_label_weights(in[0], in[1], 3, &ignoring);
}
static grove_tensor build_plain(const grove_tensor *in) {
    return grove_label_weights(in[0], GROVE_NONE, 3, NULL);
}
static grove_tensor build_batch(const grove_tensor *in) {
    return grove_label_weights(in[0], GROVE_NONE, GROVE_BATCH, NULL);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}, .values = GROVE_NUMBERS(2, 0, -1, 2)},
            {.shape = {1, {3}}, .values = GROVE_NUMBERS(0.5, 1, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(4, 0.5, 0, 4)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(0, 2)}},
     .build = build_plain,
     .out = GROVE_NUMBERS(1, 1)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}}},
     .build = build_batch,
     .refused = "the number of classes must be fixed, and at least 1"},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {2}}}, {.shape = {1, {4}}}},
     .build = build,
     .refused = "the class weights must have the shape [3]"},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {2, {2, 2}}}},
     .build = build_plain,
     .refused = "input 0 must have 1 dimension"},
    {.inputs = 1,
     .in = {{.shape = {1, {2}}}},
     .build = build_plain,
     .refused = "input 0 must be a tensor of ids"},
    {0},
};

GROVE_ROOM(label_weights) = {
    .name = "label_weights",
    .formula = "y = weight of the label, 0 if ignored",
    .min_inputs = 1,
    .max_inputs = 2,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "it is made of labels and class weights, which are given, not learned",
    .examples = examples,
};

grove_tensor grove_label_weights(grove_tensor labels, grove_tensor class_weights, int64_t classes,
                                 const grove_cross_entropy_options *options) {
    grove_target attributes = grove_target_of(options);
    attributes.smoothing = 0; /* it moves the target, not what the row counts */
    attributes.classes = classes;
    grove_tensor in[2] = {labels, class_weights};
    return grove_append(&grove_op_label_weights, NULL, in, grove_is_valid(class_weights) ? 2 : 1,
                        &attributes);
}
