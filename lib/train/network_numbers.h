/* SPDX-License-Identifier: MIT
 *
 * train/network_numbers.h - how numbers enter a network: as they are, and beside that as vectors of
 * bins or of waves, column by column.
 */
#ifndef GROVE_TRAIN_NETWORK_NUMBERS_H
#define GROVE_TRAIN_NETWORK_NUMBERS_H

#include "network_inputs.h"

/* What the column of this feature says, else what is usual. That a number is missing is no number:
 * it has no waves. */
grove_number_form grove_network_number_form(const grove_schema *schema, size_t feature,
                                            grove_number_form usual);

/* Appends .numbers and the vectors beside them, where there are features. */
grove_status grove_network_numbers(grove_network_inputs *inputs, const grove_schema *schema,
                                   const grove_classifier_options *options, grove_error *error);

/* A token for each feature, [batch, features, inputs.width]; those with bins come first, then those
 * with waves. */
grove_tensor grove_network_number_tokens(grove_network_inputs *inputs);

#endif
