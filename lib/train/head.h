/* SPDX-License-Identifier: MIT
 *
 * train/head.h - the end of a network for rows of a table: answers, and how far they are off.
 */
#ifndef GROVE_TRAIN_HEAD_H
#define GROVE_TRAIN_HEAD_H

#include "network_inputs.h"

/* How many numbers the last layer makes of a row: a logit for each class, or the one number. */
int64_t grove_head_outputs(const grove_schema *schema);

/* Behind the last layer, y [batch, outputs], what the schema's label asks for (the names stand in
 * train.h). `last` is that layer, where y is all that it makes, or NULL: where there are many
 * classes, the loss takes the layer's weights in place of the logits. Fills in all of the
 * classifier but its graph; what cannot be is the graph's mistake. */
void grove_append_head(grove_classifier *classifier, grove_tensor y, const grove_last_layer *last,
                       const grove_schema *schema, const grove_classifier_options *options);

#endif
