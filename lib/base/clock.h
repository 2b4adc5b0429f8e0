/* SPDX-License-Identifier: MIT
 * base/clock.h - how much time passed: a clock that nobody sets. */
#ifndef GROVE_BASE_CLOCK_H
#define GROVE_BASE_CLOCK_H

#include <time.h>

/* Since some moment: only differences mean something. */
static inline double grove_seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
