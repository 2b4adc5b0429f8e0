/* SPDX-License-Identifier: MIT */
#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "memory.h"

enum { SPINS = 2000 }; /* looks at the bell before a worker lies down: a few microseconds */

typedef struct seat {
    grove_pool *pool;
    pthread_t thread;
    size_t number; /* of the worker, from 1 */
} seat;

struct grove_pool {
    grove_allocator allocator;
    int workers; /* threads started */
    pthread_mutex_t lock;
    pthread_cond_t bell, done;
    atomic_uint round; /* rises with each job; workers wait for it to change */
    atomic_bool closing;
    atomic_size_t next; /* the tile to be taken next */
    atomic_int busy;    /* workers that have not finished this round */
    grove_work *work;
    void *context;
    size_t tiles;
    seat seats[];
};

static void take_tiles(grove_pool *pool, size_t worker) {
    for (;;) {
        size_t tile = atomic_fetch_add(&pool->next, 1);
        if (tile >= pool->tiles) {
            return;
        }
        pool->work(pool->context, worker, tile);
    }
}

/* Returns the new round, after a short look-out and then a sleep. */
static unsigned wait_for_round(grove_pool *pool, unsigned seen) {
    for (int i = 0; i < SPINS; i++) {
        unsigned round = atomic_load(&pool->round);
        if (round != seen) {
            return round;
        }
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->round) == seen) {
        pthread_cond_wait(&pool->bell, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return atomic_load(&pool->round);
}

static void *worker(void *argument) {
    seat *own = argument;
    grove_pool *pool = own->pool;
    unsigned round = 0;
    for (;;) {
        round = wait_for_round(pool, round);
        if (atomic_load(&pool->closing)) {
            return NULL;
        }
        take_tiles(pool, own->number);
        if (atomic_fetch_sub(&pool->busy, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void ring(grove_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->round, 1);
    pthread_cond_broadcast(&pool->bell);
    pthread_mutex_unlock(&pool->lock);
}

grove_pool *grove_pool_new(const grove_allocator *allocator, int threads) {
    size_t wanted = threads > 1 ? (size_t)threads - 1 : 0;
    grove_pool *pool = grove_alloc_zero(allocator, 1, sizeof *pool + wanted * sizeof(seat));
    if (!pool) {
        return NULL;
    }
    pool->allocator = *allocator;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->bell, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (size_t i = 0; i < wanted; i++) {
        seat *own = &pool->seats[i];
        own->pool = pool;
        own->number = i + 1;
        if (pthread_create(&own->thread, NULL, worker, own) != 0) {
            break;
        }
        pool->workers++;
    }
    return pool;
}

void grove_pool_free(grove_pool *pool) {
    if (!pool) {
        return;
    }
    atomic_store(&pool->closing, true);
    ring(pool);
    for (int i = 0; i < pool->workers; i++) {
        pthread_join(pool->seats[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->bell);
    pthread_mutex_destroy(&pool->lock);
    grove_allocator allocator = pool->allocator;
    grove_release(&allocator, pool);
}

void grove_pool_run(grove_pool *pool, grove_work *work, void *context, size_t tiles) {
    pool->work = work;
    pool->context = context;
    pool->tiles = tiles;
    atomic_store(&pool->next, 0);
    atomic_store(&pool->busy, pool->workers);
    ring(pool);
    take_tiles(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->busy) > 0) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}
