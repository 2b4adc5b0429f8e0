/* SPDX-License-Identifier: MIT
 *
 * posterior.h - of a Bayesian model (train --bayesian): how wide the distributions of categories'
 * vectors are, by how many training rows had the category.
 */
#ifndef TOOLS_POSTERIOR_H
#define TOOLS_POSTERIOR_H

#include "common.h"

/* Is any table one of distributions? */
bool is_bayesian(const grove_schema *schema, const grove_graph *graph);

/* [{"column", "prior", "points": [[training rows, deviation]...], of the most frequent values,
 *   "bins": [{"least", "most", "values", "deviation"}]}] of each such column: the deviation of a
 * vector is the mean over its numbers, "prior" that of rows that nothing was learned of. */
json_t *json_posteriors(const grove_schema *schema, const grove_graph *graph);

/* The bins in words, below a line of what they are. */
void print_posteriors(const grove_schema *schema, const grove_graph *graph);

#endif
