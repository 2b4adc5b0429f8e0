/* SPDX-License-Identifier: MIT
 * base/threads.h - a pool of threads that take tiles. What a tile is depends on shapes alone, so
 * how many threads there are, and who takes what, changes no result.
 *
 * A worker that has nothing to do looks out for a while and then lies down: a pool in use costs
 * less than a microsecond a job, an idle one nothing. Nobody waits for a worker that did not come:
 * a job is done when its tiles are. */
#ifndef GROVE_BASE_THREADS_H
#define GROVE_BASE_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "grove/status.h"

typedef struct grove_pool grove_pool;

enum { GROVE_MOST_THREADS = 1024 };

/* A pool in which `threads` work, the caller's own included (so threads - 1 are started); but not
 * more at a time than there are cores. NULL when memory is short; a pool with fewer threads when
 * the system gives no more. */
grove_pool *grove_pool_new(const grove_allocator *allocator, int threads, int cores);
void grove_pool_free(grove_pool *pool);

/* Calls work(context, worker, tile) once for every tile 0..tiles-1 and returns when all are done.
 * The worker, 0..threads-1 (0 is the caller), does one tile at a time: it may have room of its own,
 * but what it makes of a tile must not depend on its number. One caller at a time. */
typedef void grove_work(void *context, size_t worker, size_t tile);
void grove_pool_run(grove_pool *pool, grove_work *work, void *context, size_t tiles);

/* How many cores the process may use. */
int grove_cores(void);

/* How many threads the environment variable GROVE_NUM_THREADS wishes for: 1 if it is not set or
 * empty, 0 if it is no whole number from 1 to GROVE_MOST_THREADS. */
int grove_threads_wished(void);

/* What the steps of a plan that are cut into tiles must cost together, in additions (op.h), for
 * threads to take part: what the environment variable GROVE_THREADS_FROM says; if it is not set or
 * empty, about a quarter of a millisecond. Below that they lose more than they win: what one core
 * has written costs another several times as much to read. False if it is no whole number. */
bool grove_threads_from(size_t *cost);

/* Around a run, whether it has a pool or not: runs at the same time, in threads of the calling
 * program, share the cores out, and their pools' workers rest where there is none left. */
void grove_threads_enter(void);
void grove_threads_leave(void);

#endif
