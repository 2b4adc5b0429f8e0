/* SPDX-License-Identifier: MIT
 *
 * train/fit_profile.h - one profile of several plans of the same step.
 */
#ifndef GROVE_TRAIN_FIT_PROFILE_H
#define GROVE_TRAIN_FIT_PROFILE_H

#include "grove/train.h"

/* Adds what the plan has counted. times [total->room] is room to work in. */
void grove_fit_profile_add(grove_fit_profile *total, const grove_plan *plan, grove_op_time *times);

#endif
