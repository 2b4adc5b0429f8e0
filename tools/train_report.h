/* SPDX-License-Identifier: MIT
 *
 * train_report.h - what grove train tells when it is done.
 */
#ifndef TOOLS_TRAIN_REPORT_H
#define TOOLS_TRAIN_REPORT_H

#include "job.h"

/* Is an estimate of memory asked for, or needed? */
bool plans_memory(const job *j);

/* What has the names of the columns. */
const grove_table *names_of_columns(const job *j);

/* Prints what was trained and how good it is, to stdout; returns an exit code. */
int report_training(job *j);

#endif
