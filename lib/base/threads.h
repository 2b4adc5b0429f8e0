/* SPDX-License-Identifier: MIT
 * base/threads.h - a pool of threads that take tiles. What a tile is depends on shapes alone, so
 * how many threads there are, and who takes what, changes no result. */
#ifndef GROVE_BASE_THREADS_H
#define GROVE_BASE_THREADS_H

#include <stddef.h>

#include "grove/status.h"

typedef struct grove_pool grove_pool;

/* A pool in which `threads` work, the caller's own included (so threads - 1 are started). NULL when
 * memory is short; a pool with fewer threads when the system gives no more. */
grove_pool *grove_pool_new(const grove_allocator *allocator, int threads);
void grove_pool_free(grove_pool *pool);

/* Calls work(context, worker, tile) once for every tile 0..tiles-1 and returns when all are done.
 * The worker, 0..threads-1 (0 is the caller), does one tile at a time: it may have room of its own,
 * but what it makes of a tile must not depend on its number. */
typedef void grove_work(void *context, size_t worker, size_t tile);
void grove_pool_run(grove_pool *pool, grove_work *work, void *context, size_t tiles);

#endif
