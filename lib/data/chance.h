/* SPDX-License-Identifier: MIT
 * data/chance.h - what collisions are to be expected. */
#ifndef GROVE_DATA_CHANCE_H
#define GROVE_DATA_CHANCE_H

#include "grove/data_collisions.h"

/* Fills in the numbers that are expected; all stay as they are if there are no categories. */
void grove_expect_collisions(size_t categories, size_t hashes, int64_t buckets,
                             grove_collision_report *report);

#endif
