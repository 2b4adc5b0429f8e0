/* SPDX-License-Identifier: MIT
 *
 * cost.h - for programs that measure what something costs: two ways of the same work, timed in
 * turns, so that both see the same machine; the median of each. They are run by hand; with "--once"
 * they only show that they run. */
#ifndef TESTS_COST_H
#define TESTS_COST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COST_MOST = 101 };

typedef struct cost_way {
    const char *name;
    void (*work)(void *state);
    void *state;
    double seconds[COST_MOST];
} cost_way;

static inline bool cost_only_once(int argc, char **argv) {
    return argc > 1 && strcmp(argv[1], "--once") == 0;
}

static inline double cost_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* what others do here does not count */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline int cost_by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of `repeats`, an odd number, after one that does not count; of `count` ways in turns.
 * Each repeat does the work `times` over, and seconds[0] becomes the median of one. */
static inline void cost_measure(cost_way *ways, int count, int repeats, int times) {
    for (int r = -1; r < repeats; r++) {
        for (int w = 0; w < count; w++) {
            double begin = cost_now();
            for (int i = 0; i < times; i++) {
                ways[w].work(ways[w].state);
            }
            ways[w].seconds[r < 0 ? 0 : r] = (cost_now() - begin) / times;
        }
    }
    for (int w = 0; w < count; w++) {
        qsort(ways[w].seconds, (size_t)repeats, sizeof(double), cost_by_size);
        ways[w].seconds[0] = ways[w].seconds[repeats / 2];
    }
}

#endif
