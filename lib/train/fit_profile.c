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

static void add(grove_fit_profile *total, const grove_op_time *time) {
    size_t i = 0;
    while (i < total->count && strcmp(total->times[i].op, time->op) != 0) {
        i++;
    }
    if (i < total->count) {
        total->times[i].runs += time->runs;
        total->times[i].seconds += time->seconds;
        total->times[i].bytes += time->bytes;
    } else if (i < total->room) {
        total->times[total->count++] = *time;
    }
}

void grove_fit_profile_add(grove_fit_profile *total, const grove_plan *plan, grove_op_time *times) {
    size_t count = grove_plan_profile(plan, times, total->room);
    if (count == 0 || times[0].runs == 0) {
        return; /* the plan of an empty rest is never run */
    }
    total->steps += times[0].runs;
    for (size_t i = 0; i < count; i++) {
        add(total, &times[i]);
    }
    qsort(total->times, total->count, sizeof *total->times, longest_first);
}
