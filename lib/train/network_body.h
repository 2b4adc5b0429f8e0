/* SPDX-License-Identifier: MIT
 *
 * train/network_body.h - what stands between the vectors of the columns and the answer.
 */
#ifndef GROVE_TRAIN_NETWORK_BODY_H
#define GROVE_TRAIN_NETWORK_BODY_H

#include "network_inputs.h"

/* -> [batch, outputs], by the options' architecture. */
grove_tensor grove_network_body(grove_network_inputs *inputs, const grove_schema *schema,
                                const grove_classifier_options *options, int64_t outputs);

/* The linear part of a wide-deep network -> [batch, outputs] (network_wide.c). */
grove_tensor grove_network_wide(grove_network_inputs *inputs, const grove_schema *schema,
                                const grove_classifier_options *options, int64_t outputs);

/* The sum of options->stages weak models, each scaled -> [batch, outputs] (network_boost.c). */
grove_status grove_network_boosted(grove_graph *graph, const grove_schema *schema,
                                   const grove_classifier_options *options, int64_t outputs,
                                   grove_tensor *scores, grove_error *error);

#endif
