/* SPDX-License-Identifier: MIT
 *
 * fit_profile.c - one profile of several plans of the same step: op by op, times, bytes and runs
 * are added; how often a step has the op is the same in all of them.
 */
#include "fit_profile.h"

#include <stdlib.h>
#include <string.h>

static int longest_first(const void *a, const void *b) {
    double x = ((const grove_op_time *)a)->seconds, y = ((const grove_op_time *)b)->seconds;
    return (x < y) - (x > y);
}

/* Adds to the line of that op among the `count` there are; returns how many there are then. */
static size_t add(grove_op_time *times, size_t count, const grove_op_time *time) {
    size_t i = 0;
    while (i < count && strcmp(times[i].op, time->op) != 0) {
        i++;
    }
    if (i == count) {
        times[i] = *time;
        return count + 1;
    }
    times[i].runs += time->runs;
    times[i].seconds += time->seconds;
    times[i].bytes += time->bytes;
    return count;
}

size_t grove_fit_profile_lines(const grove_plan *full, const grove_plan *rest) {
    return grove_plan_statistics(full).steps + grove_plan_statistics(rest).steps;
}

/* The plan's lines go behind the `count` there are; each stays there, or joins one before it. */
static size_t add_plan(grove_fit_profile *total, const grove_plan *plan, grove_op_time *times,
                       size_t count) {
    grove_op_time *of_plan = times + count;
    size_t lines = grove_plan_profile(plan, of_plan, grove_plan_statistics(plan).steps);
    if (lines == 0 || of_plan[0].runs == 0) {
        return count; /* the plan of an empty rest is never run */
    }
    total->steps += of_plan[0].runs;
    for (size_t i = 0; i < lines; i++) {
        count = add(times, count, &of_plan[i]);
    }
    return count;
}

void grove_fit_profile_fill(grove_fit_profile *total, const grove_plan *full,
                            const grove_plan *rest, grove_op_time *times) {
    size_t count = add_plan(total, full, times, 0);
    count = add_plan(total, rest, times, count);
    qsort(times, count, sizeof *times, longest_first);
    total->plan = grove_plan_statistics(full);
    total->count = count < total->room ? count : total->room;
    for (size_t i = 0; i < total->count; i++) {
        total->times[i] = times[i];
    }
}
