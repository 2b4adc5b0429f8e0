/* SPDX-License-Identifier: MIT
 *
 * nn/minimize.h - an optimizer while it is being built: minimize.c finds the gradients and the
 * rate, updates.c gives each parameter the update that fits.
 */
#ifndef GROVE_NN_MINIMIZE_H
#define GROVE_NN_MINIMIZE_H

#include <string.h>

#include "grove/nn.h"
#include "readers.h"

/* What is being built. */
typedef struct minimizer {
    grove_graph *graph;
    grove_optimizer wish;
    char name[64];
    grove_tensor rate, step;
    grove_tensor
        rates; /* what missed updates are done at: the rate, or the list of the last ones */
    bool rate_changes;
    grove_tensor *parameter, *gradient; /* [count] */
    grove_tensor *update, *settling;    /* updates, and what settles resting rows */
    int count, updates, settlings;
    grove_tensor loss;
    bool *below;           /* [loss.index + 1] what the loss depends on */
    grove_readers readers; /* of the nodes up to the loss */
} minimizer;

static inline void add_update(minimizer *m, grove_tensor update) {
    m->update[m->updates++] = update;
}

/* A gradient that is a scatter of rows is row-sparse: its ids and values say it all. */
static inline bool is_row_sparse(grove_tensor gradient) {
    return strcmp(grove_node_op(gradient), "scatter_rows") == 0;
}

static inline grove_tensor ids_of(grove_tensor gradient) {
    return grove_node_input(gradient, 0);
}

static inline grove_tensor values_of(grove_tensor gradient) {
    return grove_node_input(gradient, 1);
}

/* Does any table have resting rows that are caught up, at the rates of the updates they missed? */
bool grove_catches_up(const minimizer *m);

/* Adds the update of parameter i, and what its resting rows and its running average need. */
void grove_add_update_of(minimizer *m, int i);

#endif
