/* SPDX-License-Identifier: MIT
 *
 * autoencoder.c - the network of an autoencoder (grove/autoencoder.h).
 */
#include "grove/autoencoder.h"


#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/data_bags.h"
#include "grove/embeddings.h"
#include "grove/layers.h"

enum { NAME = 560, MOST_HIDDEN = 16 };

typedef struct builder {
    const grove_schema *schema;
    grove_autoencoder_options wish;
    grove_graph *graph;
    size_t categorical, features, columns;
    grove_tensor *ids;    /* [categorical] */
    grove_tensor *parts;  /* [columns + 1] of what is put side by side */
    grove_tensor *errors; /* [columns] each [batch, 1] */
    grove_tensor *hits;   /* likewise */
    grove_tensor numbers; /* [batch, features] */
} builder;

/* ---- columns --------------------------------------------------------------------------------- */

/* Features of one column stand side by side: its number, then whether that is missing. */
static int feature_column(const grove_schema *schema, size_t feature, bool *says_missing) {
    return grove_schema_feature(schema, feature, says_missing);
}

size_t grove_autoencoder_columns(const grove_schema *schema) {
    size_t count = grove_schema_categoricals(schema);
    for (size_t k = 0; k < grove_schema_features(schema); k++) {
        bool flag = false;
        feature_column(schema, k, &flag);
        count += !flag;
    }
    return count;
}

int grove_autoencoder_column(const grove_schema *schema, size_t i) {
    const size_t categorical = grove_schema_categoricals(schema);
    size_t number = i - categorical;
    if (i < categorical) {
        return grove_schema_categorical(schema, i);
    }
    for (size_t k = 0; k < grove_schema_features(schema); k++) {
        bool flag = false;
        const int column = feature_column(schema, k, &flag);
        if (!flag && number-- == 0) {
            return column;
        }
    }
    return -1;
}

/* ---- the encoder ----------------------------------------------------------------------------- */

/* Hidden numbers are 0, their mean; those that are shown are as they were. */
static grove_tensor hide(const builder *b, grove_tensor x) {
    const double p = b->wish.corrupt;
    return p > 0 ? grove_when_training(grove_scale(grove_dropout(x, p), 1 - p), x) : x;
}

static grove_tensor encode_column(builder *b, size_t i) {
    char name[NAME];
    const size_t column = (size_t)grove_schema_categorical(b->schema, i);
    const int64_t rows = grove_schema_ids(b->schema, column);
    snprintf(name, sizeof name, "column.%s", grove_schema_name(b->schema, column));
    b->ids[i] = grove_input_ids(b->graph, name, GROVE_BATCH);
    grove_tensor shown = b->ids[i];
    if (b->wish.corrupt > 0) {
        shown = grove_replace_ids(shown, b->wish.corrupt, 0, rows);
    }
    snprintf(name, sizeof name, "table.%s", grove_schema_name(b->schema, column));
    return grove_nn_embedding(shown, rows, grove_nn_embedding_width(rows), name);
}

static grove_tensor encode(builder *b) {
    char name[64];
    size_t count = 0;
    for (size_t i = 0; i < b->categorical; i++) {
        b->parts[count++] = encode_column(b, i);
    }
    if (b->features > 0) {
        b->numbers = grove_input_reals(b->graph, "numbers", GROVE_BATCH, (int64_t)b->features);
        b->parts[count++] = hide(b, b->numbers);
    }
    grove_tensor x = count > 1 ? grove_concat(b->parts, (int)count, 1) : b->parts[0];
    for (int i = 0; i < b->wish.hidden_count; i++) {
        snprintf(name, sizeof name, "encoder.%d", i);
        x = grove_relu(grove_nn_dense(x, b->wish.hidden[i], name));
    }
    return grove_nn_dense(x, b->wish.code, "code");
}

/* ---- the decoder ----------------------------------------------------------------------------- */

static grove_tensor as_column(grove_tensor rows) {
    return grove_reshape(rows, GROVE_SHAPE(GROVE_BATCH, 1));
}

/* x [batch, width] -> logits of the column's values. */
static void decode_column(builder *b, grove_tensor x, size_t i) {
    char name[NAME];
    const size_t column = (size_t)grove_schema_categorical(b->schema, i);
    const int64_t rows = grove_schema_ids(b->schema, column);
    snprintf(name, sizeof name, "decode.%s", grove_schema_name(b->schema, column));
    grove_tensor logits = grove_nn_dense(x, rows, name);
    b->errors[i] = as_column(grove_softmax_cross_entropy_rows(logits, b->ids[i], GROVE_NONE, NULL));
    grove_tensor best = grove_is_max(logits, grove_max(logits, GROVE_AXES(1)), GROVE_AXES(1));
    grove_tensor own = grove_sum(grove_mul(best, grove_one_hot(b->ids[i], rows)), GROVE_AXES(1));
    b->hits[i] = as_column(own);
}

/* told and x [batch, features]: the k-th feature is a number; the next may say that it is missing.
 */
static grove_tensor number_error(const builder *b, grove_tensor told, size_t k) {
    const int64_t at = (int64_t)k;
    bool flag = false;
    const int column = feature_column(b->schema, k, &flag);
    grove_tensor off = grove_sub(grove_slice(told, 1, at, 1), grove_slice(b->numbers, 1, at, 1));
    grove_tensor error = grove_mul(off, off);
    if (k + 1 < b->features && feature_column(b->schema, k + 1, &flag) == column && flag) {
        grove_tensor missing = grove_slice(b->numbers, 1, at + 1, 1);
        grove_tensor there = grove_shift(grove_neg(missing), 1);
        error = grove_add(grove_mul(error, there), grove_binary_cross_entropy_elements(
                                                       grove_slice(told, 1, at + 1, 1), missing));
    }
    return error;
}

static void decode(builder *b, grove_tensor x) {
    char name[64];
    for (int i = 0; i < b->wish.hidden_count; i++) {
        snprintf(name, sizeof name, "decoder.%d", i);
        x = grove_relu(grove_nn_dense(x, b->wish.hidden[b->wish.hidden_count - 1 - i], name));
    }
    for (size_t i = 0; i < b->categorical; i++) {
        decode_column(b, x, i);
    }
    size_t at = b->categorical;
    grove_tensor told = GROVE_NONE;
    if (b->features > 0) {
        told = grove_nn_dense(x, (int64_t)b->features, "decode.numbers");
    }
    for (size_t k = 0; k < b->features; k++) {
        bool flag = false;
        feature_column(b->schema, k, &flag);
        if (!flag) {
            b->errors[at] = number_error(b, told, k);
            b->hits[at++] = grove_fill(b->graph, GROVE_SHAPE(GROVE_BATCH, 1), 0);
        }
    }
}

/* ---- all together ---------------------------------------------------------------------------- */

static grove_tensor beside(const grove_tensor *parts, size_t count, const char *name) {
    grove_tensor all = grove_concat(parts, (int)count, 1);
    return grove_name(all, name);
}

static grove_status check(const grove_schema *schema, const grove_autoencoder_options *o,
                          grove_error *error) {
    if (grove_schema_label(schema) >= 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "an autoencoder has no label");
    }
    if (grove_autoencoder_columns(schema) == 0 || grove_schema_bags(schema) > 0) {
        return grove_fail(error, GROVE_BAD_DATA,
                          "an autoencoder restores categories and numbers: there must be some, and "
                          "no bags and texts (column '%.200s')",
                          grove_schema_bags(schema) > 0
                              ? grove_schema_name(schema, (size_t)grove_schema_bag(schema, 0))
                              : "");
    }
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        const size_t column = (size_t)grove_schema_categorical(schema, i);
        if (grove_schema_ids(schema, column) > GROVE_MOST_DECODED) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "column '%.200s' has %lld values to be restored, and an autoencoder "
                              "takes up to %d",
                              grove_schema_name(schema, column),
                              (long long)grove_schema_ids(schema, column), GROVE_MOST_DECODED);
        }
    }
    bool good = o->code >= 0 && o->hidden_count <= MOST_HIDDEN && o->corrupt >= 0 && o->corrupt < 1;
    for (int i = 0; i < o->hidden_count && good; i++) {
        good = o->hidden[i] > 0;
    }
    return good ? GROVE_OK
                : grove_fail(error, GROVE_BAD_ARGUMENT,
                             "an autoencoder has 1 unit or more in a layer, 16 hidden layers at "
                             "most, and hides a share from 0 to below 1");
}

static grove_status build(builder *b, grove_autoencoder *a, grove_error *error) {
    a->code = encode(b);
    decode(b, a->code);
    a->errors = beside(b->errors, b->columns, "errors");
    a->hits = beside(b->hits, b->columns, "hits");
    a->loss = grove_name(grove_mean(grove_sum(a->errors, GROVE_AXES(1)), GROVE_ALL_AXES), "loss");
    const grove_error *mistake = grove_graph_error(b->graph);
    return mistake->status == GROVE_OK ? GROVE_OK
                                       : grove_fail(error, mistake->status, "%s", mistake->message);
}

grove_status grove_autoencoder_new(const grove_schema *schema,
                                   const grove_autoencoder_options *options,
                                   grove_autoencoder *autoencoder, grove_error *error) {
    *autoencoder = (grove_autoencoder){0};
    if (!schema || !options) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "an autoencoder needs a schema and options");
    }
    grove_status status = check(schema, options, error);
    if (status != GROVE_OK) {
        return status;
    }
    const grove_allocator allocator = grove_allocator_or_default(&options->allocator);
    builder b = {.schema = schema,
                 .wish = *options,
                 .categorical = grove_schema_categoricals(schema),
                 .features = grove_schema_features(schema),
                 .columns = grove_autoencoder_columns(schema)};
    b.wish.code = b.wish.code > 0 ? b.wish.code : 32;
    const size_t room = b.categorical + 3 * b.columns + 1;
    grove_tensor *tensors = grove_alloc_zero(&allocator, room, sizeof *tensors);
    b.graph = autoencoder->graph = grove_graph_new(
        &(grove_graph_options){.seed = options->seed, .allocator = options->allocator});
    if (tensors) {
        b.errors = tensors;
        b.hits = tensors + b.columns;
        b.parts = b.hits + b.columns;
        b.ids = b.parts + b.columns + 1;
        status = build(&b, autoencoder, error);
    } else {
        status = grove_fail_memory(error, room * sizeof *tensors);
    }
    grove_release(&allocator, tensors);
    if (status != GROVE_OK) {
        grove_autoencoder_free(autoencoder);
    }
    return status;
}

void grove_autoencoder_free(grove_autoencoder *autoencoder) {
    if (autoencoder) {
        grove_graph_free(autoencoder->graph);
        *autoencoder = (grove_autoencoder){0};
    }
}
