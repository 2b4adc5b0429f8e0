/* SPDX-License-Identifier: MIT
 *
 * profile.h - what a profile has counted, as a table; and the memory of the process. Of the command
 * `grove` and of the bench.
 */
#ifndef TOOLS_PROFILE_H
#define TOOLS_PROFILE_H

#include "grove/plan.h"

enum { PROFILE_OPS = 256 }; /* more than any step has */

/* Prints a line for each op to stdout, in the order given. Nothing for a profile of no runs. */
void print_profile(const grove_op_time *times, size_t count);

/* Of all ops together. */
double profile_seconds(const grove_op_time *times, size_t count);

/* Bytes that the process had in memory at most. */
double peak_memory(void);

#endif
