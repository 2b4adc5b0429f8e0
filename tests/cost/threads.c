/* SPDX-License-Identifier: MIT
 *
 * threads - what a pool costs, in nanoseconds a job: jobs of empty tiles, and of tiles of about two
 * microseconds, which two threads should do in half the time and as little more as may be. One job
 * right after another finds the worker awake; after a pause it finds him asleep, and pays for the
 * call if the job is large enough to be worth one.
 *
 *     build/tests/cost_threads [--once]
 *
 * By the wall clock: that is what somebody who waits for a job pays.
 */
#include <stdint.h>

#include "base/memory.h"
#include "base/threads.h"
#include "cost.h"

enum { REPEATS = 101, JOBS = 500, SLEEPY_JOBS = 20, SLEEPY_REPEATS = 11, TURNS = 1000 };

static void empty(void *context, size_t worker, size_t tile) {
    (void)context;
    (void)worker;
    (void)tile;
}

static void busy(void *context, size_t worker, size_t tile) {
    uint64_t x = tile + 1;
    (void)worker;
    for (int i = 0; i < TURNS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    ((uint64_t *)context)[8 * tile] = x;
}

static double wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Of the jobs alone; before each a pause of so many microseconds. */
static double job_time(grove_pool *pool, grove_work *work, size_t tiles, int jobs, long pause) {
    static uint64_t results[8 * 32];
    double sum = 0;
    for (int i = 0; i < jobs; i++) {
        if (pause > 0) {
            nanosleep(&(struct timespec){.tv_nsec = 1000 * pause}, NULL);
        }
        double begin = wall();
        grove_pool_run(pool, work, results, tiles);
        sum += wall() - begin;
    }
    return 1e9 * sum / jobs;
}

static void measure(const char *what, grove_pool *pool, grove_work *work, size_t tiles, long pause,
                    bool once) {
    double times[REPEATS];
    int repeats = once ? 1 : pause ? SLEEPY_REPEATS : REPEATS;
    int jobs = once ? 2 : pause ? SLEEPY_JOBS : JOBS;
    job_time(pool, work, tiles, jobs, pause);
    for (int i = 0; i < repeats; i++) {
        times[i] = job_time(pool, work, tiles, jobs, pause);
    }
    qsort(times, (size_t)repeats, sizeof *times, cost_by_size);
    printf("%-42s %5zu  %8.0f  %8.0f\n", what, tiles, times[0], times[repeats / 2]);
}

int main(int argc, char **argv) {
    bool once = cost_only_once(argc, argv);
    grove_allocator allocator = grove_allocator_or_default(NULL);
    grove_pool *one = grove_pool_new(&allocator, 1, 1), *two = grove_pool_new(&allocator, 2, 2);
    if (!one || !two) {
        return 1;
    }
    printf("%-42s %5s  %8s  %8s\n", "nanoseconds a job", "tiles", "best", "median");
    measure("empty tiles, one thread", one, empty, 2, 0, once);
    measure("empty tiles, two threads", two, empty, 2, 0, once);
    measure("empty tiles, two threads", two, empty, 32, 0, once);
    measure("empty tiles, two, a millisecond between", two, empty, 2, 1000, once);
    measure("empty tiles, two, a millisecond between", two, empty, 32, 1000, once);
    measure("busy tiles, one thread", one, busy, 2, 0, once);
    measure("busy tiles, two threads", two, busy, 2, 0, once);
    measure("busy tiles, one thread", one, busy, 32, 0, once);
    measure("busy tiles, two threads", two, busy, 32, 0, once);
    measure("busy tiles, two, a millisecond between", two, busy, 32, 1000, once);
    grove_pool_free(one);
    grove_pool_free(two);
    return 0;
}
