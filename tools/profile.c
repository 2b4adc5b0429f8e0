/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <stdio.h>
#include <sys/resource.h>

double profile_seconds(const grove_op_time *times, size_t count) {
    double seconds = 0;
    for (size_t i = 0; i < count; i++) {
        seconds += times[i].seconds;
    }
    return seconds;
}

void print_profile(const grove_op_time *times, size_t count) {
    double total = profile_seconds(times, count);
    if (count == 0 || total <= 0) {
        return;
    }
    printf("%-32s %9s %10s %10s %7s %11s %7s\n", "op", "runs", "seconds", "us a step", "share",
           "kB a step", "GB/s");
    for (size_t i = 0; i < count; i++) {
        const grove_op_time *t = &times[i];
        double steps = (double)t->runs;
        printf("%-32s %9zu %10.4f %10.2f %6.1f%% %11.1f %7.1f\n", t->op, t->steps * t->runs,
               t->seconds, t->seconds / steps * 1e6, 100 * t->seconds / total,
               t->bytes / steps / 1e3, t->seconds > 0 ? t->bytes / t->seconds / 1e9 : 0);
    }
}

/* Linux counts in kilobytes. */
double peak_memory(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}
