/* SPDX-License-Identifier: MIT
 *
 * softmax.h - labels of very many classes: how their softmax is learned (--softmax), and what is
 * not told of them.
 */
#ifndef TOOLS_SOFTMAX_H
#define TOOLS_SOFTMAX_H

#include "common.h"

/* From so many classes on the probabilities of all of them are kept for no table. */
enum { MANY_CLASSES = 10000 };

/* As --softmax, --samples and --sampler say. */
void set_softmax(const options *o, grove_classifier_options *network);

/* Draws the settings that a sampled softmax wants, where they are not given: before the others are
 * chosen; and says why, behind. */
void settle_softmax(const options *o, grove_settings *settings);
void explain_softmax(const options *o, grove_settings *settings);

/* "softmax  sampled: 512 classes drawn for a batch, unigram", where it is not full. */
void print_softmax(const options *o);
/* {"kind": "sampled", "sampler": "unigram", "samples": 512} */
json_t *json_softmax(const options *o);

/* Refuses what would keep the probabilities of all classes for all rows, where they are too many:
 * complains, and returns an exit code. `what` begins the sentence, `instead` ends it. */
int refuse_many_classes(const char *command, const char *what, size_t rows, size_t classes,
                        const char *instead);

#endif
