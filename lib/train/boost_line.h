/* SPDX-License-Identifier: MIT
 *
 * train/boost_line.h - the loss of rows along a line of scores: before + rate * step.
 *
 * The network is run once; what then varies is one number, and the loss alone is computed.
 */
#ifndef GROVE_TRAIN_BOOST_LINE_H
#define GROVE_TRAIN_BOOST_LINE_H

#include "targets.h"

typedef struct grove_boost_line {
    grove_allocator allocator;
    grove_rows rows;
    size_t size, outputs;      /* rows of a batch of the loss */
    grove_real *before, *step; /* [rows, outputs] */
    grove_classifier head;     /* the loss of scores that are inputs */
    grove_tensor in_before, in_step, rate, slope;
    grove_plan *full, *rest; /* of the loss and its slope */
    grove_targets targets;
    int32_t *words;
} grove_boost_line;

/* Runs the network on the rows for its tensors `before` and `step` [batch, outputs]; GROVE_NONE:
 * zeros. Weights are those of options->weights, the loss that of `network`. To be closed also after
 * a failure. */
grove_status grove_boost_line_open(grove_boost_line *line, const grove_graph *graph,
                                   grove_tensor before, grove_tensor step,
                                   const grove_schema *schema,
                                   const grove_classifier_options *network,
                                   const grove_fit_options *options, grove_rows rows,
                                   grove_error *error);
void grove_boost_line_close(grove_boost_line *line);

/* The mean loss of the rows at a rate, and its slope there. */
grove_status grove_boost_line_at(grove_boost_line *line, double rate, double *loss, double *slope,
                                 grove_error *error);

/* The rate from 0 up that makes the loss least, and that loss; 0 where none makes it less. */
grove_status grove_boost_line_search(grove_boost_line *line, double *rate, double *loss,
                                     grove_error *error);

#endif
