/* SPDX-License-Identifier: MIT
 *
 * baseline.c - logistic regression on the columns of a table; linear, of a label of numbers.
 *
 *     column.<a> -- its `kept` most frequent ids -- logistic.<a> [kept, classes] --+
 *     column.<b> ---------------------------------- logistic.<b> [kept, classes] --+-- + -- softmax
 *     numbers ------------------------------------- logistic.numbers [classes, features] --+
 */
#include "grove/baseline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/embeddings.h"
#include "grove/losses.h"
#include "head.h"
#include "predictor.h"

enum {
    FEW_ROWS = 8192, /* below them batches are small, so that there are steps enough */
    STEPS = 6000,    /* of a whole training, about, unless it stops before */
    MOST_EPOCHS = 200
};

/* ---- the weights ----------------------------------------------------------------------------- */

grove_status grove_logistic_new(const grove_schema *schema, const size_t *kept,
                                const grove_allocator *allocator, grove_logistic *logistic,
                                grove_error *error) {
    grove_logistic l = {.classes = (size_t)grove_head_outputs(schema),
                        .categoricals = grove_schema_categoricals(schema),
                        .features = grove_schema_features(schema),
                        .target = grove_schema_target(schema),
                        .allocator = grove_allocator_or_default(allocator)};
    *logistic = (grove_logistic){0};
    l.inputs = l.features + 1;
    for (size_t i = 0; i < l.categoricals; i++) {
        const int64_t ids = grove_schema_ids(schema, (size_t)grove_schema_categorical(schema, i));
        if (kept[i] < 1 || kept[i] > (size_t)ids) {
            return grove_fail(error, GROVE_BAD_ARGUMENT,
                              "logistic regression: weights for %zu of %zu ids", kept[i],
                              (size_t)ids);
        }
        l.inputs += kept[i];
    }
    size_t count = 0;
    const bool fits = grove_multiply(l.inputs, l.classes, &count);
    l.kept = grove_alloc_zero(&l.allocator, l.categoricals, sizeof *l.kept);
    l.weights = fits ? grove_alloc_zero(&l.allocator, count, sizeof *l.weights) : NULL;
    if (!l.kept || !l.weights) {
        grove_logistic_free(&l);
        return grove_fail_memory(error, count * sizeof *l.weights);
    }
    memcpy(l.kept, kept, l.categoricals * sizeof *l.kept);
    *logistic = l;
    return GROVE_OK;
}

void grove_logistic_free(grove_logistic *logistic) {
    if (logistic && logistic->allocator.resize) {
        grove_release(&logistic->allocator, logistic->kept);
        grove_release(&logistic->allocator, logistic->weights);
        *logistic = (grove_logistic){0};
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void add(float *sums, const float *weights, float times, size_t classes) {
    for (size_t c = 0; c < classes; c++) {
        sums[c] += times * weights[c];
    }
}

static void softmax(float *x, size_t count) {
    float most = x[0], sum = 0;
    for (size_t c = 1; c < count; c++) {
        most = x[c] > most ? x[c] : most;
    }
    for (size_t c = 0; c < count; c++) {
        x[c] = expf(x[c] - most);
        sum += x[c];
    }
    for (size_t c = 0; c < count; c++) {
        x[c] /= sum;
    }
}

static void sigmoid(float *x, size_t count) {
    for (size_t c = 0; c < count; c++) {
        x[c] = 1 / (1 + expf(-x[c]));
    }
}

static void answer(const grove_logistic *l, const grove_dataset *dataset, size_t row, float *p) {
    const float *weights = l->weights;
    memset(p, 0, l->classes * sizeof *p);
    for (size_t i = 0; i < l->categoricals; i++) {
        const int32_t id = grove_dataset_ids(dataset, i)[row];
        const size_t own = id >= 0 && (size_t)id < l->kept[i] ? (size_t)id : 0;
        add(p, weights + own * l->classes, 1, l->classes);
        weights += l->kept[i] * l->classes;
    }
    const float *numbers = grove_dataset_numbers(dataset) + row * l->features;
    for (size_t k = 0; k < l->features; k++) {
        add(p, weights + k * l->classes, numbers[k], l->classes);
    }
    add(p, weights + l->features * l->classes, 1, l->classes);
    if (l->target != GROVE_TARGET_NUMBER) {
        (l->target == GROVE_TARGET_SET ? sigmoid : softmax)(p, l->classes);
    }
}

grove_status grove_logistic_run(const grove_logistic *l, grove_rows rows, float *probabilities,
                                grove_error *error) {
    const grove_dataset *d = rows.dataset;
    if (!d || grove_dataset_categoricals(d) != l->categoricals ||
        grove_dataset_features(d) != l->features) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "logistic regression: the rows are of other columns");
    }
    for (size_t i = 0; i < rows.count; i++) {
        answer(l, d, grove_row_at(&rows, i), probabilities + i * l->classes);
    }
    return GROVE_OK;
}

/* ---- training -------------------------------------------------------------------------------- */

typedef struct regression {
    const grove_schema *schema;
    grove_logistic_options wish;
    grove_allocator allocator;
    grove_logistic *logistic;
    grove_classifier classifier;
    size_t *rows; /* that were drawn; NULL: all are trained on */
    bool short_of_memory;
    grove_error *error;
} regression;

static size_t ids_of(const regression *r, size_t i) {
    const size_t column = (size_t)grove_schema_categorical(r->schema, i);
    return (size_t)grove_schema_ids(r->schema, column);
}

static size_t count_inputs(const regression *r, size_t most, size_t *kept) {
    size_t inputs = grove_schema_features(r->schema) + 1;
    for (size_t i = 0; i < grove_schema_categoricals(r->schema); i++) {
        const size_t ids = ids_of(r, i);
        const size_t own = ids < most + 2 ? ids : most + 2; /* with the unknown and the missing */
        inputs += own;
        if (kept) {
            kept[i] = own;
        }
    }
    return inputs;
}

/* Halves the number of values that have weights until all of them fit. */
static grove_status make_weights(regression *r) {
    const size_t columns = grove_schema_categoricals(r->schema);
    const size_t classes = (size_t)grove_head_outputs(r->schema);
    size_t most = r->wish.most_values;
    while (most > 1 && count_inputs(r, most, NULL) > r->wish.most_weights / (classes + 1)) {
        most /= 2;
    }
    size_t *kept = grove_alloc_zero(&r->allocator, columns, sizeof *kept);
    if (!kept) {
        return grove_fail_memory(r->error, columns * sizeof *kept);
    }
    count_inputs(r, most, kept);
    grove_status status = grove_logistic_new(r->schema, kept, &r->allocator, r->logistic, r->error);
    grove_release(&r->allocator, kept);
    return status;
}

/* Ids from `kept` on are id 0 to it. */
static grove_tensor keep_frequent(regression *r, grove_tensor ids, size_t i) {
    const size_t all = ids_of(r, i), kept = r->logistic->kept[i];
    char text[64];
    grove_id *map = kept < all ? grove_alloc_zero(&r->allocator, all, sizeof *map) : NULL;
    if (!map) {
        r->short_of_memory = r->short_of_memory || kept < all;
        return ids;
    }
    for (size_t id = 0; id < kept; id++) {
        map[id] = (grove_id)id;
    }
    snprintf(text, sizeof text, "kept.%zu", i);
    ids = grove_map_ids(
        ids, grove_constant_ids(r->classifier.graph, text, GROVE_SHAPE((int64_t)all), map));
    grove_release(&r->allocator, map);
    return ids;
}

static void build(regression *r) {
    const grove_logistic *l = r->logistic;
    const int64_t classes = (int64_t)l->classes;
    const grove_init zeros = {.kind = GROVE_INIT_ZEROS};
    grove_graph *g = r->classifier.graph;
    char text[512];
    grove_tensor logits = grove_parameter(g, "logistic.bias", GROVE_SHAPE(classes), zeros);
    for (size_t i = 0; i < l->categoricals; i++) {
        const size_t column = (size_t)grove_schema_categorical(r->schema, i);
        snprintf(text, sizeof text, "column.%s", grove_schema_name(r->schema, column));
        grove_tensor ids = keep_frequent(r, grove_input_ids(g, text, GROVE_BATCH), i);
        snprintf(text, sizeof text, "logistic.%zu", i);
        grove_tensor own =
            grove_nn_embedding_with(ids, (int64_t)l->kept[i], classes, text,
                                    &(grove_embedding_options){.table_init = &zeros});
        logits = grove_add(own, logits);
    }
    if (l->features > 0) {
        grove_tensor numbers = grove_input_reals(g, "numbers", GROVE_BATCH, (int64_t)l->features);
        grove_dense_options plain = {.no_bias = true, .weight_init = &zeros};
        logits =
            grove_add(grove_nn_dense_with(numbers, classes, "logistic.numbers", &plain), logits);
    }
    grove_append_head(&r->classifier, logits, NULL, r->schema,
                      &(grove_classifier_options){.seed = 0});
}

/* Out of the graph: [kept, classes] as they are, those of numbers the other way round. */
static void take_weights(const regression *r) {
    const grove_logistic *l = r->logistic;
    const grove_graph *g = r->classifier.graph;
    float *to = l->weights;
    char text[64];
    for (size_t i = 0; i < l->categoricals; i++) {
        snprintf(text, sizeof text, "logistic.%zu.weight", i);
        const grove_real *from = grove_parameter_data(grove_find(g, text));
        for (size_t k = 0; k < l->kept[i] * l->classes; k++) {
            *to++ = (float)from[k];
        }
    }
    const grove_real *numbers = grove_parameter_data(grove_find(g, "logistic.numbers.weight"));
    for (size_t k = 0; k < l->features * l->classes; k++) {
        *to++ = (float)numbers[k % l->classes * l->features + k / l->classes];
    }
    const grove_real *bias = grove_parameter_data(grove_find(g, "logistic.bias"));
    for (size_t c = 0; c < l->classes; c++) {
        *to++ = (float)bias[c];
    }
}

static grove_status draw_rows(regression *r, grove_rows *train) {
    size_t bytes = 0;
    if (train->count <= r->wish.most_rows) {
        return GROVE_OK;
    }
    r->rows = grove_multiply(train->count, sizeof *r->rows, &bytes)
                  ? grove_alloc(&r->allocator, bytes)
                  : NULL;
    if (!r->rows) {
        return grove_fail_memory(r->error, bytes);
    }
    grove_shuffle(train->rows, train->count, r->wish.seed, 0, r->rows);
    *train = (grove_rows){train->dataset, r->rows, r->wish.most_rows};
    return GROVE_OK;
}

static grove_status fit(regression *r, grove_rows train, grove_rows valid) {
    grove_status status = draw_rows(r, &train);
    if (status != GROVE_OK) {
        return status;
    }
    const size_t batch = train.count < FEW_ROWS ? 32 : 256;
    const size_t epochs = STEPS * batch / (train.count + 1) + 1;
    grove_fit_options how = {.epochs = (int)(epochs < MOST_EPOCHS ? epochs : MOST_EPOCHS),
                             .batch = (int64_t)batch,
                             .patience = 5,
                             .plateau_factor = valid.count > 0 ? 0.3 : 0,
                             .plateau_patience = 1,
                             .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.01},
                             .seed = r->wish.seed,
                             .threads = r->wish.threads};
    grove_fit_result result;
    build(r);
    if (r->short_of_memory) {
        return grove_fail_memory(r->error, sizeof(grove_id));
    }
    const grove_error *mistake = grove_graph_error(r->classifier.graph);
    if (mistake->status != GROVE_OK) {
        return grove_fail(r->error, mistake->status, "%s", mistake->message);
    }
    status = grove_fit(&r->classifier, r->schema, train, valid, &how, &result, r->error);
    if (status == GROVE_OK) {
        take_weights(r);
    }
    return status;
}

grove_status grove_logistic_fit(const grove_schema *schema, grove_rows train, grove_rows valid,
                                const grove_logistic_options *options, grove_logistic *logistic,
                                grove_error *error) {
    const grove_logistic_options wish = options ? *options : (grove_logistic_options){0};
    regression r = {.schema = schema,
                    .wish = wish,
                    .allocator = grove_allocator_or_default(&wish.allocator),
                    .logistic = logistic,
                    .error = error};
    *logistic = (grove_logistic){0};
    if (!schema || grove_schema_label(schema) < 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "logistic regression needs a schema that has a label");
    }
    if (grove_schema_categoricals(schema) + grove_schema_features(schema) == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "logistic regression: there must be a column to learn from");
    }
    r.wish.most_values = wish.most_values ? wish.most_values : 1000;
    r.wish.most_weights = wish.most_weights ? wish.most_weights : (size_t)1 << 18;
    r.wish.most_rows = wish.most_rows ? wish.most_rows : 200000;
    grove_status status = make_weights(&r);
    r.classifier.graph =
        grove_graph_new(&(grove_graph_options){.seed = wish.seed, .allocator = wish.allocator});
    status = status == GROVE_OK ? fit(&r, train, valid) : status;
    grove_classifier_free(&r.classifier);
    grove_release(&r.allocator, r.rows);
    if (status != GROVE_OK) {
        grove_logistic_free(logistic);
    }
    return status;
}
