/* SPDX-License-Identifier: MIT
 *
 * train/head.h - the end of a network for rows of a table: answers, and how far they are off.
 */
#ifndef GROVE_TRAIN_HEAD_H
#define GROVE_TRAIN_HEAD_H

#include "grove/train.h"

/* The last layer, called `name`, on h [batch, width], and behind it what the schema's label asks
 * for (the names stand in train.h). Fills in all of the classifier but its graph; what cannot be is
 * the graph's mistake. */
void grove_append_head(grove_classifier *classifier, grove_tensor h, const grove_schema *schema,
                       const grove_classifier_options *options, const char *name);

#endif
