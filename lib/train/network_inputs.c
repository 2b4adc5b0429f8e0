/* SPDX-License-Identifier: MIT
 *
 * network_inputs.c - columns of a table as inputs and vectors.
 */
#include "network_inputs.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "grove/bayesian.h"
#include "grove/embeddings.h"
#include "network_bags.h"
#include "network_numbers.h"

enum { TOKEN_WIDTH = 32 };

/* Tokens are all of one width. */
static int64_t width_of(const grove_classifier_options *o) {
    const bool tokens = o->architecture == GROVE_ARCHITECTURE_TRANSFORMER;
    return o->embedding_width > 0 ? o->embedding_width : tokens ? TOKEN_WIDTH : 0;
}

const char *grove_network_name(const grove_network_inputs *in, char text[GROVE_NETWORK_NAME],
                               const char *format, ...) {
    va_list more;
    int used = snprintf(text, GROVE_NETWORK_NAME, "%s", in->prefix);
    va_start(more, format);
    vsnprintf(text + used, (size_t)(GROVE_NETWORK_NAME - used), format, more);
    va_end(more);
    return text;
}

static grove_tensor ids_called(grove_graph *g, const char *name) {
    grove_tensor there = grove_find(g, name);
    return grove_is_valid(there) ? there : grove_input_ids(g, name, GROVE_BATCH);
}

/* What a lookup in a full table does, by a product: ids [batch] -> [batch, width]. */
static grove_tensor multiplied(grove_tensor ids, int64_t rows, int64_t width, const char *name) {
    char text[GROVE_NETWORK_NAME + 8];
    grove_init init = {.kind = GROVE_INIT_NORMAL, .b = sqrt(1 / (double)width)};
    snprintf(text, sizeof text, "%s.weight", name);
    grove_tensor table = grove_parameter(ids.graph, text, GROVE_SHAPE(rows, width), init);
    return grove_name(grove_matmul(grove_one_hot(ids, rows), table, false, false), name);
}

static grove_tensor vectors_of(grove_tensor ids, int64_t rows, int64_t width, const char *name,
                               const grove_table_form *form) {
    switch (form ? form->kind : GROVE_TABLE_FULL) {
    case GROVE_TABLE_ONE_HOT:
        return multiplied(ids, rows, width, name);
    case GROVE_TABLE_HASHED:
        return grove_nn_hashed_embedding(
            ids, form->buckets, width, name,
            &(grove_nn_hashed_embedding_options){.hashes = form->hashes});
    case GROVE_TABLE_QUOTIENT:
        return grove_nn_quotient_remainder_embedding(ids, rows, form->buckets, width, name, NULL);
    default:
        return grove_nn_embedding(ids, rows, width, name);
    }
}

static grove_tensor both(grove_tensor a, grove_tensor b) {
    return grove_is_valid(a) ? grove_add(a, b) : b;
}

/* How often training rows have each id. */
static int64_t *counts_of(const grove_network_inputs *in, const grove_schema *schema,
                          size_t column) {
    const int64_t rows = grove_schema_ids(schema, column);
    int64_t *counts = grove_alloc_zero(&in->allocator, (size_t)rows, sizeof *counts);
    for (int64_t id = 0; id < rows && counts; id++) {
        counts[id] = grove_schema_count(schema, column, (int32_t)id);
    }
    return counts;
}

static grove_status open_bayesian(grove_network_inputs *in, const grove_schema *schema, int i,
                                  int64_t rows, int64_t width, const char *name,
                                  grove_error *error) {
    if (in->bayes.mode == GROVE_BAYES_DRAWS) {
        in->vectors[i] = grove_nn_bayesian_embedding_draw(in->ids[i], rows, width, name, in->draw);
        return GROVE_OK;
    }
    int64_t *counts = counts_of(in, schema, (size_t)grove_schema_categorical(schema, (size_t)i));
    if (!counts) {
        return grove_fail_memory(error, (size_t)rows * sizeof *counts);
    }
    const double times = in->bayes.prior > 0 ? in->bayes.prior : 1;
    const grove_bayesian_options how = {.prior = times / sqrt((double)width)};
    grove_tensor kl;
    in->vectors[i] = grove_nn_bayesian_embedding(in->ids[i], rows, width, name, counts, &how, &kl);
    in->kl_rows = both(in->kl_rows, kl);
    grove_release(&in->allocator, counts);
    return GROVE_OK;
}

/* Column i, whose input is there or made. */
static grove_status open_column(grove_network_inputs *in, const grove_schema *schema, int i,
                                const grove_table_form *forms, grove_error *error) {
    char text[GROVE_NETWORK_NAME];
    size_t column = (size_t)grove_schema_categorical(schema, (size_t)i);
    const char *name = grove_schema_name(schema, column);
    int64_t rows = grove_schema_ids(schema, column);
    int64_t width = in->width ? in->width : grove_nn_embedding_width(rows);
    snprintf(text, sizeof text, "column.%s", name);
    in->ids[i] = ids_called(in->graph, text);
    grove_network_name(in, text, "table.%s", name);
    if (in->bayes.mode != GROVE_BAYES_NONE) {
        return open_bayesian(in, schema, i, rows, width, text, error);
    }
    in->vectors[i] = vectors_of(in->ids[i], rows, width, text, forms ? &forms[i] : NULL);
    return GROVE_OK;
}

grove_status grove_network_inputs_redraw(grove_network_inputs *in, const grove_schema *schema,
                                         grove_error *error) {
    grove_status status = GROVE_OK;
    in->draw++;
    for (int i = 0; i < in->columns && status == GROVE_OK; i++) {
        status = open_column(in, schema, i, NULL, error);
    }
    return status;
}

grove_status grove_network_inputs_open(grove_network_inputs *in, grove_graph *graph,
                                       const grove_schema *schema,
                                       const grove_classifier_options *options, int member,
                                       grove_error *error) {
    const size_t columns = grove_schema_categoricals(schema);
    *in = (grove_network_inputs){.allocator = grove_allocator_or_default(&options->allocator),
                                 .numbers = GROVE_NONE,
                                 .binned = GROVE_NONE,
                                 .waves = GROVE_NONE,
                                 .bayes = options->bayes,
                                 .kl = GROVE_NONE,
                                 .kl_rows = GROVE_NONE,
                                 .graph = graph,
                                 .width = width_of(options)};
    if (member > 0) {
        const char *word = options->stages > 0 ? "stage" : "member";
        snprintf(in->prefix, sizeof in->prefix, "%s.%d.", word, member + 1);
    }
    in->ids = grove_alloc_zero(&in->allocator, columns, sizeof *in->ids);
    const size_t bags = grove_network_bag_count(schema), features = grove_schema_features(schema);
    const size_t room = columns + bags + 4 + features;
    in->vectors = grove_alloc_zero(&in->allocator, room, sizeof *in->vectors);
    in->forms = grove_alloc_zero(&in->allocator, features, sizeof *in->forms);
    if (!in->ids || !in->vectors || !in->forms) {
        return grove_fail_memory(error, room * sizeof *in->ids);
    }
    in->columns = (int)columns;
    for (int i = 0; i < in->columns; i++) {
        const grove_status status = open_column(in, schema, i, options->tables, error);
        if (status != GROVE_OK) {
            return status;
        }
    }
    grove_network_bags(in, schema, in->vectors + columns);
    in->bags = (int)bags;
    return grove_network_numbers(in, schema, options, error);
}

void grove_network_inputs_close(grove_network_inputs *in) {
    if (in->allocator.resize) {
        grove_release(&in->allocator, in->ids);
        grove_release(&in->allocator, in->vectors);
        grove_release(&in->allocator, in->forms);
    }
}

static grove_tensor join(const grove_tensor *parts, int count) {
    return count == 0 ? GROVE_NONE : count == 1 ? parts[0] : grove_concat(parts, count, 1);
}

static grove_tensor flat(grove_tensor vectors) {
    grove_shape shape = grove_node_shape(vectors);
    return grove_reshape(vectors, GROVE_SHAPE(GROVE_BATCH, shape.dim[1] * shape.dim[2]));
}

/* Behind the columns' vectors there is room for four more. */
grove_tensor grove_network_inputs_beside(grove_network_inputs *in,
                                         const grove_classifier_options *options) {
    grove_tensor *parts = in->vectors;
    int count = in->columns + in->bags;
    if (grove_is_valid(in->binned)) {
        parts[count++] = flat(in->binned);
    }
    if (grove_is_valid(in->waves)) {
        parts[count++] = flat(in->waves);
    }
    if (count > 0 && options->table_dropout > 0) {
        parts[0] = grove_dropout(join(parts, count), options->table_dropout);
        count = 1;
    }
    if (grove_is_valid(in->numbers)) {
        parts[count++] = in->numbers;
    }
    return join(parts, count);
}
