/* SPDX-License-Identifier: MIT
 *
 * network_wide.c - the linear part of a wide-deep network: each category, each number and each
 * cross of columns adds its own weights to the logits. All begin at zero, so that it is the
 * training that says which of them matter.
 */
#include "grove/embeddings.h"
#include "network_body.h"

enum { BUCKETS = 65536 };
static const grove_init zero = {.kind = GROVE_INIT_CONSTANT};

static grove_tensor add(grove_tensor sum, grove_tensor more) {
    return grove_is_valid(sum) ? grove_add(sum, more) : more;
}

static grove_tensor of_columns(grove_network_inputs *in, const grove_schema *schema,
                               int64_t outputs) {
    grove_tensor sum = GROVE_NONE;
    for (int i = 0; i < in->columns; i++) {
        char text[GROVE_NETWORK_NAME];
        size_t column = (size_t)grove_schema_categorical(schema, (size_t)i);
        grove_network_name(in, text, "wide.%s", grove_schema_name(schema, column));
        sum = add(sum,
                  grove_nn_embedding_with(in->ids[i], grove_schema_ids(schema, column), outputs,
                                          text, &(grove_embedding_options){.table_init = &zero}));
    }
    return sum;
}

static grove_tensor of_numbers(grove_network_inputs *in, int64_t outputs) {
    char text[GROVE_NETWORK_NAME];
    return grove_is_valid(in->numbers)
               ? grove_nn_dense_with(in->numbers, outputs, grove_network_name(in, text, "wide"),
                                     &(grove_dense_options){.weight_init = &zero})
               : GROVE_NONE;
}

/* The row of each cross in the one table: ids [batch, crosses]. Crosses differ in their seeds. */
static grove_tensor rows_of_crosses(grove_network_inputs *in, const grove_classifier_options *o,
                                    int64_t buckets, grove_tensor *rows) {
    for (int k = 0; k < o->cross_count; k++) {
        grove_tensor crossed[GROVE_MOST_CROSSED];
        for (int c = 0; c < o->crosses[k].count; c++) {
            crossed[c] =
                grove_reshape(in->ids[o->crosses[k].columns[c]], GROVE_SHAPE(GROVE_BATCH, 1));
        }
        grove_tensor both = grove_concat(crossed, o->crosses[k].count, 1);
        rows[k] =
            grove_reshape(grove_cross_ids(both, buckets, (uint64_t)k), GROVE_SHAPE(GROVE_BATCH, 1));
    }
    return o->cross_count == 1 ? rows[0] : grove_concat(rows, o->cross_count, 1);
}

static grove_tensor of_crosses(grove_network_inputs *in, const grove_classifier_options *o,
                               int64_t outputs) {
    const int64_t buckets = o->cross_buckets > 0 ? o->cross_buckets : BUCKETS;
    char text[GROVE_NETWORK_NAME];
    size_t bytes = (size_t)o->cross_count * sizeof(grove_tensor);
    grove_tensor *rows = grove_alloc(&in->allocator, bytes);
    if (!rows) {
        grove_mistake(in->ids[0].graph, GROVE_NO_MEMORY, "out of memory: %zu bytes", bytes);
        return GROVE_NONE;
    }
    grove_tensor ids = rows_of_crosses(in, o, buckets, rows); /* [batch, crosses] */
    grove_release(&in->allocator, rows);
    grove_tensor table = grove_parameter(ids.graph, grove_network_name(in, text, "crosses.weight"),
                                         GROVE_SHAPE(buckets, outputs), zero);
    if (o->cross_dropout == 0) {
        return grove_embedding_bag(table, ids, GROVE_NONE, GROVE_NONE, NULL);
    }
    return grove_sum(grove_dropout(grove_embedding(table, ids), o->cross_dropout), GROVE_AXES(1));
}

grove_tensor grove_network_wide(grove_network_inputs *in, const grove_schema *schema,
                                const grove_classifier_options *o, int64_t outputs) {
    grove_tensor sum = of_columns(in, schema, outputs);
    if (grove_is_valid(in->numbers)) {
        sum = add(sum, of_numbers(in, outputs));
    }
    return o->cross_count > 0 ? add(sum, of_crosses(in, o, outputs)) : sum;
}
