/* SPDX-License-Identifier: MIT
 * train/network_bags.h - how bags and texts enter a network. */
#ifndef GROVE_TRAIN_NETWORK_BAGS_H
#define GROVE_TRAIN_NETWORK_BAGS_H

#include "bag_feed.h"
#include "network_inputs.h"

/* How many columns are bags, and no texts. */
size_t grove_network_bag_count(const grove_schema *schema);

/* vectors [that many] of [batch, its width]: the vectors of what a cell holds, added up by weight.
 */
void grove_network_bags(const grove_network_inputs *inputs, const grove_schema *schema,
                        grove_tensor *vectors);

/* logits [batch, classes] (GROVE_NONE: there are none yet), with what the texts of a row add. */
grove_tensor grove_network_texts(const grove_network_inputs *inputs, const grove_schema *schema,
                                 int64_t classes, double dropout, grove_tensor logits);

#endif
