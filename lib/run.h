/* SPDX-License-Identifier: MIT
 *
 * lib/run.h - what run.c, run_finite.c and run_profile.c share.
 */
#ifndef GROVE_LIB_RUN_H
#define GROVE_LIB_RUN_H

#include "plan.h"

/* Runs one step; before the first update, asks all updates whether they can be made. */
void grove_run_step(grove_plan *plan, size_t step);

/* Runs all steps, and counts the time of each. */
void grove_run_profiled(grove_plan *plan);

/* Runs all steps, and stops at the first number that is not finite. */
void grove_run_checked(grove_plan *plan);
/* Did the last run stop at a step that reads or made this root? Then its numbers are in place. */
bool grove_run_stopped_at(const grove_plan *plan, const grove_place *root);

#endif
