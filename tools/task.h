/* SPDX-License-Identifier: MIT
 *
 * task.h - what is to be predicted, a class, a number or a set of classes: as --task or
 * --label-split says, or the label's column shows.
 */
#ifndef TOOLS_TASK_H
#define TOOLS_TASK_H

#include "job.h"

/* Does --task or the schema file say what the label holds? Else its values decide. */
bool task_is_given(const options *o, grove_target_kind *target, char reason[GROVE_REASON_SIZE]);

/* Sets j->target and why; refuses options that belong to another one. */
grove_status decide_task(job *j);
grove_status check_task(job *j); /* the same where both are known */

/* The column whose values both parts of a split have alike: the label, if it holds classes; else
 * NULL. */
const char *strata_of(const job *j);

/* Rows have sets of classes, and those for validation are drawn by the rarest class of each. */
bool splits_by_rarest(const job *j);

/* As --loss and --huber-delta, or --softmax and its like, say. */
void set_loss(const options *o, grove_classifier_options *network);

/* A line, and {"kind":..., "reason":..., "loss":...}. */
void print_task(const job *j);
json_t *json_task(const job *j);

#endif
