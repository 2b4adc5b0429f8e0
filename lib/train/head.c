/* SPDX-License-Identifier: MIT */
#include "head.h"

#include "grove/losses.h"

/* GROVE_NONE where rows count alike. */
static void append_weights(grove_classifier *c, bool weighted) {
    c->weights = weighted ? grove_input_reals(c->graph, "weights", GROVE_BATCH) : GROVE_NONE;
}

/*     logits --- softmax --- "probabilities"
 *        +------ cross-entropy with "label" */
static void append_classes(grove_classifier *c, grove_tensor logits, bool weighted) {
    c->label = grove_input_ids(c->graph, "label", GROVE_BATCH);
    c->answer = c->probabilities = grove_name(grove_softmax(logits), "probabilities");
    append_weights(c, weighted);
    c->loss = weighted ? grove_weighted_mean(
                             grove_softmax_cross_entropy_rows(logits, c->label, GROVE_NONE, NULL),
                             c->weights)
                       : grove_softmax_cross_entropy(logits, c->label);
}

/*     logits --- sigmoid --- "probabilities"
 *        +------ binary cross-entropy with "label", 0 or 1: each class a question of its own */
static void append_sets(grove_classifier *c, grove_tensor logits, int64_t classes, bool weighted) {
    c->label = grove_input_reals(c->graph, "label", GROVE_BATCH, classes);
    c->answer = c->probabilities = grove_name(grove_sigmoid(logits), "probabilities");
    append_weights(c, weighted);
    if (weighted) {
        c->positive_weights = grove_input_reals(c->graph, "positive_weights", classes);
    }
    c->loss = grove_binary_cross_entropy_with(logits, c->label, c->positive_weights, c->weights);
}

static grove_tensor number_loss(const grove_classifier *c, grove_tensor scaled) {
    if (c->number_loss == GROVE_NUMBER_LOSS_MAE) {
        return grove_mean_absolute_error(scaled, c->label, c->weights);
    }
    if (c->number_loss == GROVE_NUMBER_LOSS_HUBER) {
        return grove_huber_loss(scaled, c->label, c->huber_delta, c->weights);
    }
    if (!grove_is_valid(c->weights)) {
        return grove_mean_squared_error(scaled, c->label);
    }
    grove_tensor off = grove_sub(scaled, c->label);
    return grove_weighted_mean(grove_mul(off, off), c->weights);
}

/*     "scaled" --- x deviation + mean --- "prediction"
 *        +------ loss with "label", which is scaled, too: (y - mean) / deviation */
static void append_number(grove_classifier *c, grove_tensor y, const grove_schema *schema,
                          const grove_classifier_options *o) {
    const size_t label = (size_t)grove_schema_label(schema);
    const double deviation = grove_schema_deviation(schema, label);
    c->number_loss = o->number_loss;
    c->huber_delta = o->huber_delta > 0 ? o->huber_delta : 1;
    c->label = grove_input_reals(c->graph, "label", GROVE_BATCH);
    grove_tensor scaled = grove_reshape(y, GROVE_SHAPE(GROVE_BATCH));
    scaled = grove_name(scaled, "scaled");
    c->answer =
        grove_name(grove_shift(grove_scale(scaled, deviation), grove_schema_mean(schema, label)),
                   "prediction");
    append_weights(c, o->weighted);
    c->loss = number_loss(c, scaled);
}

int64_t grove_head_outputs(const grove_schema *schema) {
    const bool number = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    return number ? 1 : grove_schema_ids(schema, (size_t)grove_schema_label(schema));
}

void grove_append_head(grove_classifier *c, grove_tensor y, const grove_schema *schema,
                       const grove_classifier_options *o) {
    if (grove_schema_target(schema) == GROVE_TARGET_NUMBER) {
        append_number(c, y, schema, o);
    } else if (grove_schema_target(schema) == GROVE_TARGET_SET) {
        append_sets(c, y, grove_head_outputs(schema), o->weighted);
    } else {
        append_classes(c, y, o->weighted);
    }
    if (o->own_loss) {
        const bool number = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
        grove_tensor scores = number ? grove_reshape(y, GROVE_SHAPE(GROVE_BATCH)) : y;
        c->loss = o->own_loss(o->own_loss_user, scores, c->label, c->weights);
    }
    c->loss = grove_name(c->loss, "loss");
}
