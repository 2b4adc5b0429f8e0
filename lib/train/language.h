/* SPDX-License-Identifier: MIT
 *
 * language.h - what the parts of a language model share.
 */
#ifndef GROVE_TRAIN_LANGUAGE_H
#define GROVE_TRAIN_LANGUAGE_H

#include "grove/language.h"

/* "block.3" */
enum { GROVE_LANGUAGE_LAYER = 48 };
const char *grove_language_layer(char text[GROVE_LANGUAGE_LAYER], const char *kind, int64_t layer);

/* One place after the other, with what was computed of those before it kept: the state of a gru,
 * keys and values of a transformer, the last units of an mlp. */
typedef struct grove_stepper grove_stepper;

/* `language` gets nodes appended once, called "step.*". On failure *stepper is NULL. */
grove_status grove_stepper_new(const grove_language *language, int64_t batch, int threads,
                               const grove_allocator *allocator, grove_stepper **stepper,
                               grove_error *error);
void grove_stepper_free(grove_stepper *stepper);

/* Before the first place: all rows at the beginning. */
void grove_stepper_begin(grove_stepper *stepper);
/* Reads a unit of each row [batch]; *logits [batch, vocabulary] tell the next one, until the next
 * call. Of a transformer no more than .places calls after begin. */
grove_status grove_stepper_read(grove_stepper *stepper, const int32_t *units,
                                const grove_real **logits, grove_error *error);

#endif
