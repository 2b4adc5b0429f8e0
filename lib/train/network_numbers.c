/* SPDX-License-Identifier: MIT
 *
 * network_numbers.c - numbers of a table as inputs and vectors.
 */
#include "network_numbers.h"

#include <string.h>

#include "base/error.h"

enum { BIN_WIDTH = 8, WAVE_WIDTH = 24 };
/* So that waves begin with about a turn for each deviation, as curves in tables have; with the 0.01
 * of number_embeddings.h a training of a few thousand steps hardly leaves the straight line. */
static const double wave_sigma = 1;

grove_number_form grove_network_number_form(const grove_schema *schema, size_t feature,
                                            grove_number_form usual) {
    bool says_missing;
    const int column = grove_schema_feature(schema, feature, &says_missing);
    const grove_number_form own = grove_schema_form(schema, (size_t)column)->numbers;
    const grove_number_form form = own != GROVE_NUMBERS_AUTO ? own : usual;
    return says_missing && form == GROVE_NUMBERS_PERIODIC ? GROVE_NUMBERS_STANDARD : form;
}

static size_t features_of(const grove_network_inputs *in) {
    return (size_t)grove_node_shape(in->numbers).dim[1];
}

static grove_tensor join(const grove_tensor *parts, int count) {
    return count == 0 ? GROVE_NONE : count == 1 ? parts[0] : grove_concat(parts, count, 1);
}

/* Of x [batch, features, ...] the features of that form, in their order; x, where all have it;
 * GROVE_NONE, where none has. `parts` has room for all. */
static grove_tensor pick(const grove_network_inputs *in, grove_tensor x, grove_number_form form,
                         grove_tensor *parts) {
    const size_t features = features_of(in);
    int count = 0;
    for (size_t begin = 0, end; begin < features; begin = end) {
        for (end = begin + 1; end < features && in->forms[end] == in->forms[begin]; end++) {
        }
        if (in->forms[begin] == form) {
            parts[count++] = end - begin == features
                                 ? x
                                 : grove_slice(x, 1, (int64_t)begin, (int64_t)(end - begin));
        }
    }
    return join(parts, count);
}

/* The bins of those features that have some. `edges` is to be released. */
static bool own_bins(const grove_network_inputs *in, const grove_number_bins *all,
                     grove_number_bins *own) {
    const size_t row = all->most + 1;
    *own = (grove_number_bins){.most = all->most};
    own->edges = grove_alloc(&in->allocator, features_of(in) * row * sizeof *own->edges);
    for (size_t f = 0; f < features_of(in) && own->edges; f++) {
        if (in->forms[f] == GROVE_NUMBERS_BINS) {
            memcpy(own->edges + own->features++ * row, all->edges + f * row,
                   row * sizeof *own->edges);
        }
    }
    return own->edges != NULL;
}

/* Names cannot be those of columns, for these begin with "table.". */
static grove_status open_bins(grove_network_inputs *in, grove_tensor x,
                              const grove_classifier_options *o, int64_t width,
                              grove_error *error) {
    char text[GROVE_NETWORK_NAME];
    grove_number_bins own;
    if (!o->bins || o->bins->features != features_of(in)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "classifier: numbers in bins need the bins of all %zu features",
                          features_of(in));
    }
    if (!own_bins(in, o->bins, &own)) {
        return grove_fail_memory(error, features_of(in) * (o->bins->most + 1) * sizeof(grove_real));
    }
    in->binned = grove_nn_binned_embedding(x, &own, width ? width : BIN_WIDTH,
                                           grove_network_name(in, text, "bins"));
    grove_release(&in->allocator, own.edges);
    return GROVE_OK;
}

/* "PLR" of number_embeddings.h: waves, a dense layer for each feature, ReLU. */
static grove_tensor open_waves(const grove_network_inputs *in, grove_tensor x, int64_t width) {
    char text[GROVE_NETWORK_NAME];
    const grove_periodic_options how = {.sigma = wave_sigma};
    grove_tensor turns = grove_nn_periodic(x, grove_network_name(in, text, "periodic"), &how);
    return grove_relu(grove_nn_dense_by_feature(turns, width ? width : WAVE_WIDTH,
                                                grove_network_name(in, text, "waves")));
}

grove_status grove_network_numbers(grove_network_inputs *in, const grove_schema *schema,
                                   const grove_classifier_options *o, grove_error *error) {
    const int64_t features = (int64_t)grove_schema_features(schema);
    const bool tokens = o->architecture == GROVE_ARCHITECTURE_TRANSFORMER;
    const int64_t width = tokens ? in->width : o->number_width;
    const grove_number_form usual = o->numbers != GROVE_NUMBERS_AUTO ? o->numbers
                                    : o->bins                        ? GROVE_NUMBERS_BINS
                                                                     : GROVE_NUMBERS_STANDARD;
    grove_tensor *room = in->vectors + in->columns + in->bags;
    if (features == 0) {
        return GROVE_OK;
    }
    in->numbers = grove_find(in->graph, "numbers");
    if (!grove_is_valid(in->numbers)) {
        in->numbers = grove_input_reals(in->graph, "numbers", GROVE_BATCH, features);
    }
    if (!grove_is_valid(in->numbers)) {
        return GROVE_OK; /* the graph has the mistake */
    }
    for (size_t f = 0; f < features_of(in); f++) {
        in->forms[f] = grove_network_number_form(schema, f, usual);
    }
    grove_tensor waving = pick(in, in->numbers, GROVE_NUMBERS_PERIODIC, room);
    in->waves = grove_is_valid(waving) ? open_waves(in, waving, width) : GROVE_NONE;
    grove_tensor binned = pick(in, in->numbers, GROVE_NUMBERS_BINS, room);
    return grove_is_valid(binned) ? open_bins(in, binned, o, width, error) : GROVE_OK;
}

grove_tensor grove_network_number_tokens(grove_network_inputs *in) {
    static const grove_number_form order[] = {GROVE_NUMBERS_BINS, GROVE_NUMBERS_PERIODIC,
                                              GROVE_NUMBERS_STANDARD};
    char name[GROVE_NETWORK_NAME];
    grove_tensor lines =
        grove_nn_linear_numbers(in->numbers, in->width, grove_network_name(in, name, "lines"));
    const grove_tensor beside[] = {in->binned, in->waves, GROVE_NONE};
    grove_tensor tokens[3];
    int count = 0;
    for (int i = 0; i < 3; i++) {
        grove_tensor own = pick(in, lines, order[i], in->vectors + in->columns + in->bags);
        if (grove_is_valid(own)) {
            tokens[count++] = grove_is_valid(beside[i]) ? grove_add(own, beside[i]) : own;
        }
    }
    return join(tokens, count);
}
