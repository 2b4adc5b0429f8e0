/* SPDX-License-Identifier: MIT
 *
 * train/network_inputs.h - how a schema's columns enter a network: an input for each, and a vector
 * for each thing that is said of a row.
 */
#ifndef GROVE_TRAIN_NETWORK_INPUTS_H
#define GROVE_TRAIN_NETWORK_INPUTS_H

#include "base/memory.h"
#include "grove/train.h"

/* The last layer, where it is one product that makes all logits. */
typedef struct grove_last_layer {
    grove_tensor x, weight; /* [batch, in], [outputs, in] */
    grove_tensor bias;      /* [outputs]; a table [outputs, 1] where classes are drawn */
    grove_tensor logits;    /* [batch, outputs] */
} grove_last_layer;

typedef struct grove_network_inputs {
    grove_allocator allocator;
    grove_tensor *ids;     /* [columns] of each categorical column: [batch] */
    grove_tensor *vectors; /* [columns + bags] what stands for them: [batch, its width] */
    int columns;
    int bags;                 /* whose vectors follow */
    grove_tensor numbers;     /* [batch, features]; GROVE_NONE: there are none */
    grove_number_form *forms; /* [features] */
    grove_tensor binned; /* [batch, features with bins, number_width]; GROVE_NONE: there are none */
    grove_tensor waves;  /* [batch, features with waves, number_width]; likewise */
    int64_t width;       /* that all vectors have; 0: each its own */
    grove_graph *graph;
    grove_last_layer last; /* of the body, when it is there */
    grove_bayes bayes;
    int draw; /* of GROVE_BAYES_DRAWS, from 0 */
    grove_tensor kl,
        kl_rows;     /* of GROVE_BAYES_TRAIN so far: a scalar, and [batch]; or GROVE_NONE */
    char prefix[24]; /* of the names of this network's parameters: "", "member.2." */
} grove_network_inputs;

/* Appends inputs and lookups to the graph, whose error has any mistake; inputs that are there
 * already are shared. `member` counts the networks of a graph from 0. To be closed in any case. */
grove_status grove_network_inputs_open(grove_network_inputs *inputs, grove_graph *graph,
                                       const grove_schema *schema,
                                       const grove_classifier_options *options, int member,
                                       grove_error *error);
/* Looks the vectors up once more, of the next draw. */
grove_status grove_network_inputs_redraw(grove_network_inputs *inputs, const grove_schema *schema,
                                         grove_error *error);
void grove_network_inputs_close(grove_network_inputs *inputs);

/* The name with this network's prefix. */
enum { GROVE_NETWORK_NAME = 560 };
GROVE_PRINTF(3, 4)
const char *grove_network_name(const grove_network_inputs *inputs, char text[GROVE_NETWORK_NAME],
                               const char *format, ...);

/* All vectors of a row side by side, with their dropout, and its numbers: [batch, width];
 * GROVE_NONE where all columns are texts. */
grove_tensor grove_network_inputs_beside(grove_network_inputs *inputs,
                                         const grove_classifier_options *options);

#endif
