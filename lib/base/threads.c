/* SPDX-License-Identifier: MIT
 *
 * One word, the gate, says whether there is a job and who is at it: tickets that are left, and how
 * many workers are inside.
 *
 *     caller   writes the job down, opens the gate: so many tickets, nobody inside
 *     worker   sees tickets: takes one and is inside; takes tiles until there are none: first
 *              those of its own share, then what is left of others'
 *     anyone   who finds no tile left closes the gate: no tickets
 *     worker   leaves
 *     caller   waits until nobody is inside; then the job may be forgotten, for only those inside
 *              read it
 *
 * Shares are the same from job to job, so that a thread mostly finds in its core's cache what it
 * left there: a line that lies in another's costs several times as much.
 *
 * Sleeping. A worker counts itself as asleep and then looks at the gate once more; the caller opens
 * the gate and then looks who is asleep. One of the two sees the other (both are sequentially
 * consistent), so no job is slept through. A caller that finds enough workers awake takes no lock.
 */
#ifdef __linux__
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"

enum { TICKET = 1 << 16, INSIDE = TICKET - 1, LOOKS = 32, LINE = 64 };
enum { THREADS_FROM = 2000000 };
enum { WORTH_A_CALL = 8 }; /* tiles: a call takes the caller as long as a part of a tile or two */

/* Seconds. A worker looks out for at most LOOK_OUT, as long as jobs come within that time; where
 * they do not, for half as long each time. A caller looks for PATIENCE at those still inside. */
#define LOOK_OUT 100e-6
#define PATIENCE 50e-6

typedef struct seat {
    grove_pool *pool;
    pthread_t thread;
    size_t number; /* of the worker, from 1; seat 0 is the caller's */
    char apart[LINE];
    atomic_size_t next; /* the tile of this seat's share to be taken next */
    char also_apart[LINE];
} seat;

struct grove_pool {
    grove_allocator allocator;
    int workers, cores; /* threads started; cores there are for them and the caller */
    grove_work *work;   /* the job */
    void *context;
    size_t tiles, shares; /* of the job: shares as even as can be, for the first seats */
    char apart[LINE];     /* what one writes and others watch has a line of the cache to itself */
    atomic_uint gate;     /* tickets * TICKET + workers inside */
    char also_apart[LINE];
    atomic_bool closing;
    atomic_bool caller_sleeps;
    atomic_int asleep; /* workers that lie down and have not been called */
    int calls;         /* that nobody has answered yet; guarded by the lock */
    size_t alone;      /* tiles of the last jobs for which workers were missing */
    pthread_mutex_t lock;
    pthread_cond_t bell, done;
    seat seats[];
};

static void pause_a_little(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* ---- cores, and who runs on them ------------------------------------------------------------- */

int grove_cores(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
#endif
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores < GROVE_MOST_THREADS ? (int)cores : GROVE_MOST_THREADS;
}

int grove_threads_wished(void) {
    const char *wish = getenv("GROVE_NUM_THREADS");
    if (!wish || !*wish) {
        return 1;
    }
    bool digits = strspn(wish, "0123456789") == strlen(wish);
    long threads = digits ? strtol(wish, NULL, 10) : 0;
    return threads <= GROVE_MOST_THREADS ? (int)threads : 0;
}

bool grove_threads_from(size_t *cost) {
    const char *wish = getenv("GROVE_THREADS_FROM");
    *cost = THREADS_FROM;
    if (!wish || !*wish) {
        return true;
    }
    errno = 0;
    *cost = (size_t)strtoull(wish, NULL, 10);
    return errno == 0 && strspn(wish, "0123456789") == strlen(wish);
}

static atomic_int runs;

void grove_threads_enter(void) {
    atomic_fetch_add(&runs, 1);
}

void grove_threads_leave(void) {
    atomic_fetch_sub(&runs, 1);
}

/* How many workers a job is for. */
static unsigned tickets_for(const grove_pool *pool, size_t tiles) {
    int sharing = atomic_load_explicit(&runs, memory_order_relaxed);
    int cores = sharing > 1 ? pool->cores / sharing : pool->cores;
    int most = cores - 1 < pool->workers ? cores - 1 : pool->workers;
    size_t tickets = most > 0 ? (size_t)most : 0;
    return (unsigned)(tickets < tiles ? tickets : tiles - 1);
}

/* ---- a worker -------------------------------------------------------------------------------- */

static size_t share_begins(const grove_pool *pool, size_t share) {
    return pool->tiles * share / pool->shares;
}

static void take_tiles(grove_pool *pool, size_t worker) {
    for (size_t i = 0; i < pool->shares; i++) {
        size_t share = (worker + i) % pool->shares, end = share_begins(pool, share + 1);
        for (;;) {
            size_t tile = atomic_fetch_add(&pool->seats[share].next, 1);
            if (tile >= end) {
                break;
            }
            pool->work(pool->context, worker, tile);
        }
    }
}

static bool enter(grove_pool *pool) {
    unsigned gate = atomic_load(&pool->gate);
    while (gate >= TICKET) {
        if (atomic_compare_exchange_weak(&pool->gate, &gate, gate - TICKET + 1)) {
            return true;
        }
    }
    return false;
}

static void leave(grove_pool *pool) {
    atomic_fetch_and(&pool->gate, INSIDE);
    if (atomic_fetch_sub(&pool->gate, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Is there a job within so many seconds? */
static bool look_out(grove_pool *pool, double seconds) {
    double end = grove_seconds_now() + seconds;
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (atomic_load_explicit(&pool->gate, memory_order_relaxed) >= TICKET) {
                return true;
            }
            pause_a_little();
        }
    } while (!atomic_load(&pool->closing) && grove_seconds_now() < end);
    return false;
}

/* Sleeps until called; or not at all if there is a job by now. */
static void lie_down(grove_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->asleep, 1);
    if (atomic_load(&pool->gate) >= TICKET) {
        atomic_fetch_sub(&pool->asleep, 1);
    } else {
        while (pool->calls == 0 && !atomic_load(&pool->closing)) {
            pthread_cond_wait(&pool->bell, &pool->lock);
        }
        pool->calls -= pool->calls > 0;
    }
    pthread_mutex_unlock(&pool->lock);
}

static void *worker(void *argument) {
    seat *own = argument;
    grove_pool *pool = own->pool;
    double look_out_for = 0, begin = grove_seconds_now();
    while (!atomic_load(&pool->closing)) {
        if (!look_out(pool, look_out_for)) {
            lie_down(pool);
            look_out(pool, LOOK_OUT); /* if the job is done by now, the next may be near */
        }
        if (enter(pool)) {
            double waited = grove_seconds_now() - begin;
            look_out_for = waited < LOOK_OUT ? LOOK_OUT : look_out_for / 2;
            take_tiles(pool, own->number);
            leave(pool);
            begin = grove_seconds_now();
        }
    }
    return NULL;
}

/* ---- the caller ------------------------------------------------------------------------------ */

/* Sees to it that so many workers are awake, if not for this job alone, then for it and the next.
 */
static void call_workers(grove_pool *pool, int wanted) {
    int missing = wanted - (pool->workers - atomic_load(&pool->asleep));
    pool->alone = missing > 0 ? pool->alone + pool->tiles : 0;
    if (pool->alone < WORTH_A_CALL) {
        return;
    }
    pool->alone = 0;
    pthread_mutex_lock(&pool->lock);
    int asleep = atomic_load(&pool->asleep);
    missing = missing < asleep ? missing : asleep;
    atomic_fetch_sub(&pool->asleep, missing);
    pool->calls += missing;
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < missing; i++) {
        pthread_cond_signal(&pool->bell);
    }
}

static bool somebody_inside(const grove_pool *pool) {
    return (atomic_load(&pool->gate) & INSIDE) != 0;
}

static void wait_for_those_inside(grove_pool *pool) {
    double end = grove_seconds_now() + PATIENCE;
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (!somebody_inside(pool)) {
                return;
            }
            pause_a_little();
        }
    } while (grove_seconds_now() < end);
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (somebody_inside(pool)) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

void grove_pool_run(grove_pool *pool, grove_work *work, void *context, size_t tiles) {
    unsigned tickets = tiles > 1 ? tickets_for(pool, tiles) : 0;
    if (tickets == 0) {
        for (size_t tile = 0; tile < tiles; tile++) {
            work(context, 0, tile);
        }
        return;
    }
    pool->work = work;
    pool->context = context;
    pool->tiles = tiles;
    pool->shares = tickets + 1;
    for (size_t share = 0; share < pool->shares; share++) {
        atomic_store_explicit(&pool->seats[share].next, share_begins(pool, share),
                              memory_order_relaxed); /* seen by who sees the gate open */
    }
    atomic_store(&pool->gate, tickets * TICKET);
    call_workers(pool, (int)tickets);
    take_tiles(pool, 0);
    atomic_fetch_and(&pool->gate, INSIDE);
    if (somebody_inside(pool)) {
        wait_for_those_inside(pool);
    }
}

/* ---- the pool -------------------------------------------------------------------------------- */

grove_pool *grove_pool_new(const grove_allocator *allocator, int threads, int cores) {
    size_t wanted = threads > 1 ? (size_t)threads - 1 : 0;
    grove_pool *pool = grove_alloc_zero(allocator, 1, sizeof *pool + (wanted + 1) * sizeof(seat));
    if (!pool) {
        return NULL;
    }
    pool->allocator = *allocator;
    pool->cores = cores;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->bell, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (size_t i = 1; i <= wanted; i++) {
        seat *own = &pool->seats[i];
        own->pool = pool;
        own->number = i;
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
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->closing, true);
    pthread_cond_broadcast(&pool->bell);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->workers; i++) {
        pthread_join(pool->seats[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->bell);
    pthread_mutex_destroy(&pool->lock);
    grove_allocator allocator = pool->allocator;
    grove_release(&allocator, pool);
}
