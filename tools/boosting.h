/* SPDX-License-Identifier: MIT
 *
 * boosting.h - a model that is a sum of weak ones (grove/boost.h): its training, and what its
 * stages came to.
 */
#ifndef TOOLS_BOOSTING_H
#define TOOLS_BOOSTING_H

#include "common.h"

typedef struct boosting {
    grove_boost_stage stages[GROVE_MOST_STAGES];
    grove_boost_result result; /* .stages 0: there was no boosting */
} boosting;

/* Changes settings that were chosen, for so many rows of training, to those of a weak model. */
void settle_boosting(const options *o, size_t rows, grove_settings *settings);

/* Trains so many stages of these settings at most; fills in `b`, and `result` as if stages were
 * epochs. */
grove_status fit_boosted(const options *o, int stages, const grove_settings *settings,
                         const grove_schema *schema, grove_rows train, grove_rows valid,
                         const grove_classifier_options *network, const grove_fit_options *fit,
                         boosting *b, grove_classifier *model, grove_fit_result *result,
                         grove_error *error);

/* The curve of strong against weak: the losses after each stage; and that in words, a line each. */
json_t *json_boosting(const boosting *b);
void print_boosting(const json_t *told);
/* The metadata "boosting" of a model, to be freed; NULL when memory is short. And that of a model
 * that was read; NULL where it has none. */
char *boosting_text(const boosting *b);
json_t *read_boosting(const grove_model *model);

#endif
