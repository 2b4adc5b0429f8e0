/* SPDX-License-Identifier: MIT
 *
 * network_bags.c - bags and texts as vectors.
 *
 * A piece of a text says directly which classes it speaks for: its row of the table has a number
 * for each class, and these are added to the logits. Texts are told apart by such linear models as
 * well as by any (Joulin et al. 2017); hidden layers only learn the rare pieces by heart.
 */
#include "network_bags.h"

#include "grove/embeddings.h"

/* Adam moves a number by no more than its rate in a step, however large the gradient; so this says
 * how soon a piece that is met a few times is heard. A larger one is done in fewer epochs, and is
 * right less often. */
static const double loudness = 2;

static bool is_text(const grove_schema *schema, size_t column) {
    return grove_schema_kind(schema, column) == GROVE_COLUMN_TEXT;
}

/* In training a share of what a cell holds is dropped, and the rest counts for more. */
static grove_tensor bag_vector(const grove_network_inputs *network, const grove_schema *schema,
                               size_t column, int64_t width, const grove_init *init,
                               double dropout) {
    char text[GROVE_NETWORK_NAME];
    const grove_bag_inputs in = grove_bag_inputs_new(network->graph, schema, column);
    grove_network_name(network, text, "table.%s", grove_schema_name(schema, column));
    grove_nn_embedding_bag_options how = {
        .bag = {.padded = true, .padding = GROVE_NOBODY},
        .offsets = in.offsets,
        .weights = dropout > 0 ? grove_dropout(in.weights, dropout) : in.weights,
        .table_init = init};
    return grove_nn_embedding_bag(in.ids, grove_schema_ids(schema, column), width, text, &how);
}

size_t grove_network_bag_count(const grove_schema *schema) {
    size_t count = 0;
    for (size_t i = 0; i < grove_schema_bags(schema); i++) {
        count += !is_text(schema, (size_t)grove_schema_bag(schema, i));
    }
    return count;
}

void grove_network_bags(const grove_network_inputs *inputs, const grove_schema *schema,
                        grove_tensor *vectors) {
    for (size_t i = 0; i < grove_schema_bags(schema); i++) {
        const size_t column = (size_t)grove_schema_bag(schema, i);
        const int64_t rule = grove_nn_embedding_width(grove_schema_ids(schema, column));
        if (!is_text(schema, column)) {
            *vectors++ =
                bag_vector(inputs, schema, column, inputs->width ? inputs->width : rule, NULL, 0);
        }
    }
}

grove_tensor grove_network_texts(const grove_network_inputs *inputs, const grove_schema *schema,
                                 int64_t classes, double dropout, grove_tensor logits) {
    static const grove_init zeros = {.kind = GROVE_INIT_ZEROS};
    for (size_t i = 0; i < grove_schema_bags(schema); i++) {
        const size_t column = (size_t)grove_schema_bag(schema, i);
        if (is_text(schema, column)) {
            grove_tensor own =
                grove_scale(bag_vector(inputs, schema, column, classes, &zeros, dropout), loudness);
            logits = grove_is_valid(logits) ? grove_add(logits, own) : own;
        }
    }
    return logits;
}
