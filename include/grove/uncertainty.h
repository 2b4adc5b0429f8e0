/* SPDX-License-Identifier: MIT
 *
 * grove/uncertainty.h - how unsure an answer is, and how much of that more rows could take away.
 *
 * A row may be hard in itself: two classes are as likely as each other, and whoever knows that is
 * as good as anybody can be. Or the model has not seen enough of its kind. A single network does
 * not tell one from the other; several that were trained apart do, for where they have learned
 * they agree. Of members' probabilities p_k, k = 1..K, with the mean p:
 *
 *     entropy(p)             all of it, in nats: from 0 (sure) to log(classes)
 *     mean of entropy(p_k)   what is left where each member believes itself: the row's own
 *     mutual information     the difference: what the members disagree about. 0 where they agree
 *
 * (Houlsby et al. 2011, "Bayesian active learning by disagreement"; of ensembles Lakshminarayanan,
 * Pritzel & Blundell 2017.) Of numbers it is the standard deviation of what the members predict.
 *
 * Ownership: a grove_disagreement keeps the graph and the schema it was made for and dies before
 * them. _free takes NULL.
 */
#ifndef GROVE_UNCERTAINTY_H
#define GROVE_UNCERTAINTY_H

#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of probabilities [classes] that sum to 1: the sum of -p log p, in nats; 0 log 0 is 0. */
GROVE_API double grove_entropy(const float *probabilities, size_t classes);

/* The same of classes that are questions of their own, each with a probability: the sum over them
 * of -p log p - (1 - p) log(1 - p). */
GROVE_API double grove_binary_entropy(const float *probabilities, size_t classes);

typedef struct grove_disagreement grove_disagreement;

/* For a graph of joined networks (grove_classifier_join), its own or loaded, planned for `batch`
 * rows (0: 256) and `threads` (as of a plan). GROVE_NOT_FOUND where the model is a single network,
 * or was joined by a version of grove that did not name its members. */
GROVE_API grove_status grove_disagreement_new(const grove_graph *graph, const grove_schema *schema,
                                              int64_t batch, int threads,
                                              grove_disagreement **disagreement,
                                              grove_error *error);
GROVE_API void grove_disagreement_free(grove_disagreement *disagreement);
GROVE_API int grove_disagreement_members(const grove_disagreement *disagreement);

/* spread [rows.count]: of classes the mutual information in nats, summed over classes where a row
 * may have several; of numbers the standard deviation of the members' predictions (by K - 1), in
 * the units of the table. A temperature (calibrate.h) does not change it: it is of the members. */
GROVE_API grove_status grove_disagreement_run(grove_disagreement *disagreement, grove_rows rows,
                                              double *spread, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
