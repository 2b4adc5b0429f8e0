/* SPDX-License-Identifier: MIT */
#include "head.h"

#include <math.h>
#include <stdlib.h>

#include "grove/losses.h"

/* GROVE_NONE where rows count alike. */
static void append_weights(grove_classifier *c, bool weighted) {
    c->weights = weighted ? grove_input_reals(c->graph, "weights", GROVE_BATCH) : GROVE_NONE;
}

/* ---- classes --------------------------------------------------------------------------------- */

/* From so many classes on the logits of a training step are not written to memory. */
enum { MANY_CLASSES = 16384, SAMPLES = 512 };

static grove_tensor full_loss(const grove_classifier *c, grove_tensor logits, bool weighted) {
    return weighted ? grove_weighted_mean(
                          grove_softmax_cross_entropy_rows(logits, c->label, GROVE_NONE, NULL),
                          c->weights)
                    : grove_softmax_cross_entropy(logits, c->label);
}

/* The same without logits. */
static grove_tensor passing_loss(const grove_classifier *c, const grove_last_layer *last) {
    if (!grove_is_valid(c->weights)) {
        return grove_linear_cross_entropy(last->x, last->weight, last->bias, c->label, GROVE_NONE,
                                          NULL);
    }
    grove_tensor pairs = grove_linear_cross_entropy_rows(last->x, last->weight, last->bias,
                                                         c->label, GROVE_NONE, NULL);
    grove_tensor rows = grove_reshape(grove_slice(pairs, 1, 0, 1), GROVE_SHAPE(GROVE_BATCH));
    return grove_weighted_mean(rows, c->weights);
}

typedef struct counted {
    double count;
    int64_t class;
} counted;

static int by_count(const void *a, const void *b) {
    const counted *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                                : (x->class > y->class) - (x->class < y->class);
}

/* Log-uniform draws want the most frequent class first, and labels are in another order: so each
 * gets the chance of its rank. counts [classes] become chances. */
static void rank(double *counts, counted *order, int64_t classes) {
    for (int64_t i = 0; i < classes; i++) {
        order[i] = (counted){counts[i], i};
    }
    qsort(order, (size_t)classes, sizeof *order, by_count);
    for (int64_t i = 0; i < classes; i++) {
        counts[order[i].class] = log1p(1 / ((double)i + 1));
    }
}

/* Rows of each class in training; one that has none may be drawn, too. A sampler of no classes
 * after a mistake, which is the graph's. */
static grove_sampler counted_sampler(grove_graph *g, const grove_schema *schema, int64_t classes,
                                     bool by_rank) {
    const grove_allocator allocator = grove_graph_allocator(g);
    const size_t label = (size_t)grove_schema_label(schema);
    double *counts = grove_alloc(&allocator, (size_t)classes * sizeof *counts);
    counted *order = grove_alloc(&allocator, (size_t)classes * sizeof *order);
    grove_sampler sampler = {.classes = 0};
    for (int64_t i = 0; i < classes && counts && order; i++) {
        const int64_t rows = grove_schema_count(schema, label, (int32_t)i);
        counts[i] = rows > 0 ? (double)rows : 1;
    }
    if (!counts || !order) {
        grove_mistake(g, GROVE_NO_MEMORY, "out of memory: %zu bytes",
                      (size_t)classes * sizeof *order);
    } else if (by_rank) {
        rank(counts, order, classes);
        sampler = grove_sampler_unigram(g, counts, classes, 1, "sampler");
    } else {
        sampler = grove_sampler_unigram(g, counts, classes, 0, "sampler");
    }
    grove_release(&allocator, counts);
    grove_release(&allocator, order);
    return sampler;
}

static grove_tensor drawn_loss(const grove_classifier *c, const grove_last_layer *last,
                               const grove_schema *schema, const grove_classifier_options *o) {
    const int64_t classes = grove_node_shape(last->weight).dim[0];
    const grove_sampler sampler =
        o->sampler == GROVE_SAMPLER_UNIFORM
            ? grove_sampler_uniform(classes)
            : counted_sampler(c->graph, schema, classes, o->sampler == GROVE_SAMPLER_LOG_UNIFORM);
    const grove_sampled_options how = {.sampler = &sampler,
                                       .samples = o->samples > 0 ? o->samples : SAMPLES,
                                       .weights = c->weights};
    return (o->softmax == GROVE_SOFTMAX_NCE
                ? grove_noise_contrastive_loss
                : grove_sampled_softmax_loss)(last->x, last->weight, last->bias, c->label, &how);
}

/*     logits --- softmax --- "probabilities"
 *        +------ cross-entropy with "label", or what stands for it */
static void append_classes(grove_classifier *c, grove_tensor logits, const grove_last_layer *last,
                           const grove_schema *schema, const grove_classifier_options *o) {
    c->label = grove_input_ids(c->graph, "label", GROVE_BATCH);
    c->answer = c->probabilities = grove_name(grove_softmax(logits), "probabilities");
    append_weights(c, o->weighted);
    if (last && o->softmax != GROVE_SOFTMAX_FULL) {
        c->loss = drawn_loss(c, last, schema, o);
    } else if (last && grove_node_shape(logits).dim[1] >= MANY_CLASSES) {
        c->loss = passing_loss(c, last);
    } else {
        c->loss = full_loss(c, logits, o->weighted);
    }
}

/* ---- sets, numbers --------------------------------------------------------------------------- */

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

void grove_append_head(grove_classifier *c, grove_tensor y, const grove_last_layer *last,
                       const grove_schema *schema, const grove_classifier_options *o) {
    if (grove_schema_target(schema) == GROVE_TARGET_NUMBER) {
        append_number(c, y, schema, o);
    } else if (grove_schema_target(schema) == GROVE_TARGET_SET) {
        append_sets(c, y, grove_head_outputs(schema), o->weighted);
    } else {
        append_classes(c, y, last, schema, o);
    }
    if (o->own_loss) {
        const bool number = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
        grove_tensor scores = number ? grove_reshape(y, GROVE_SHAPE(GROVE_BATCH)) : y;
        c->loss = o->own_loss(o->own_loss_user, scores, c->label, c->weights);
    }
    c->loss = grove_name(c->loss, "loss");
}
