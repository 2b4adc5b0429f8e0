/* SPDX-License-Identifier: MIT
 *
 * train/fit_profile.h - one profile of several plans of the same step.
 */
#ifndef GROVE_TRAIN_FIT_PROFILE_H
#define GROVE_TRAIN_FIT_PROFILE_H

#include "grove/train.h"

/* Lines to work in, enough for all ops of both plans. */
size_t grove_fit_profile_lines(const grove_plan *full, const grove_plan *rest);

/* Fills in all but `times` and `room`, which are the caller's, with what both plans have counted.
 * times [grove_fit_profile_lines] are there to work in. */
void grove_fit_profile_fill(grove_fit_profile *total, const grove_plan *full,
                            const grove_plan *rest, grove_op_time *times);

#endif
