/* SPDX-License-Identifier: MIT
 *
 * grove/calibrate.h - making a classifier as sure as it is right.
 *
 * A trained network is often too sure of itself. Temperature scaling divides its logits by one
 * number T, found on rows that it was not trained on: the one that makes their log loss least (Guo
 * et al. 2017). The order of the classes in a row stays, and so do the answers; probabilities come
 * nearer to shares.
 */
#ifndef GROVE_CALIBRATE_H
#define GROVE_CALIBRATE_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Temperatures are looked for from 1/20 to 20; one at an end says that the rows would have it
 * further. */
#define GROVE_LEAST_TEMPERATURE 0.05
#define GROVE_MOST_TEMPERATURE 20.0

/* The temperature for probabilities [rows, classes] that were made with 1, and labels [rows]. The
 * log loss is convex in 1 / T, so its slope is halved down to the one place where it is 0; takes 60
 * walks over rows x classes. GROVE_BAD_DATA for no rows, a label that is no class, a probability
 * that is not from 0 to 1. */
GROVE_API grove_status grove_fit_temperature(const float *probabilities, const grove_id *labels,
                                             size_t rows, size_t classes, double *temperature,
                                             grove_error *error);

/* The same where rows have several classes: one temperature for all of them, by the binary
 * cross-entropy. probabilities [rows, classes], truth of as many 0 or 1. */
GROVE_API grove_status grove_fit_set_temperature(const float *probabilities,
                                                 const unsigned char *truth, size_t rows,
                                                 size_t classes, double *temperature,
                                                 grove_error *error);

/* Divides the logits behind the softmax or the sigmoids "probabilities" by the temperature: weight
 * and bias of the layer that makes them are divided, and tables whose vectors are added to it, or,
 * of networks that were joined, the number that is there for it: the graph stays as it is, and so
 * does what it costs. GROVE_UNSUPPORTED where the logits are no
 * sum of products with parameters of their own. */
GROVE_API grove_status grove_apply_temperature(grove_graph *graph, double temperature,
                                               grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
