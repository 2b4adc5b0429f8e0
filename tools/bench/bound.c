/* SPDX-License-Identifier: MIT
 *
 * bound.c - what no step can beat: the pace of a matrix product, of a copy, of rows met at random,
 * measured here and now. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

enum { TRIES = 9 };

/* The best of several times that some work takes. */
static double best_time(void (*work)(void *state), void *state) {
    double best = 1e30;
    for (int i = 0; i < TRIES; i++) {
        double begin = now();
        work(state);
        double time = now() - begin;
        best = time < best ? time : best;
    }
    return best;
}

/* OpenBLAS's own, where that is the CBLAS: other libraries are asked as they are. */
void openblas_set_num_threads(int threads) __attribute__((weak));

/* ---- product: [EDGE, EDGE] x [EDGE, EDGE] */

enum { EDGE = 768 };

typedef struct product {
    float *a, *b, *c;
    grove_plan *plan;
} product;

static void by_cblas(void *state) {
    const product *p = state;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, EDGE, EDGE, EDGE, 1, p->a, EDGE, p->b,
                EDGE, 0, p->c, EDGE);
}

static void by_grove(void *state) {
    const product *p = state;
    (void)grove_run(p->plan);
}

/* The CBLAS is asked on one thread only, which OpenBLAS has to be told. */
double bench_product_rate(int threads) {
    const size_t count = (size_t)EDGE * EDGE;
    product p = {.a = malloc(count * sizeof(float)),
                 .b = malloc(count * sizeof(float)),
                 .c = malloc(count * sizeof(float))};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor a = grove_input_reals(g, "a", EDGE, EDGE),
                 b = grove_input_reals(g, "b", EDGE, EDGE);
    grove_tensor c = grove_matmul(a, b, false, false);
    double time = 1e30;
    if (openblas_set_num_threads) {
        openblas_set_num_threads(1);
    }
    if (p.a && p.b && p.c) {
        for (size_t i = 0; i < count; i++) {
            p.a[i] = (float)(i % 7) - 3;
            p.b[i] = (float)(i % 5) - 2;
        }
        p.plan = grove_plan_new(g, &c, 1, &(grove_plan_options){.threads = threads});
        grove_bind(p.plan, a, p.a);
        grove_bind(p.plan, b, p.b);
        time = best_time(by_grove, &p);
        if (threads == 1) {
            double other = best_time(by_cblas, &p);
            time = other < time ? other : time;
        }
    }
    grove_plan_free(p.plan);
    grove_graph_free(g);
    free(p.a);
    free(p.b);
    free(p.c);
    return 2. * EDGE * EDGE * EDGE / time;
}

/* ---- copy ------------------------------------------------------------------------------------ */

typedef struct copy {
    char *from, *to;
    size_t bytes;
    int times;
} copy;

static void copy_over(void *state) {
    const copy *c = state;
    for (int i = 0; i < c->times; i++) {
        memcpy(c->to, c->from, c->bytes);
        __asm__ volatile("" : : "r"(c->to) : "memory"); /* somebody may look: copy each time */
    }
}

double bench_copy_rate(double set, int threads) {
    copy c = {.bytes = (size_t)(set / 2)};
    c.bytes = c.bytes < 4096 ? 4096 : c.bytes > (size_t)64 << 20 ? (size_t)64 << 20 : c.bytes;
    c.times = (int)(((size_t)32 << 20) / c.bytes) + 1;
    c.from = malloc(c.bytes);
    c.to = malloc(c.bytes);
    double rate = 0;
    if (c.from && c.to) {
        memset(c.from, 1, c.bytes);
        memset(c.to, 1, c.bytes);
        rate = 2. * (double)c.bytes * c.times / best_time(copy_over, &c);
    }
    free(c.from);
    free(c.to);
    return rate * threads;
}

/* ---- rows met at random ---------------------------------------------------------------------- */

enum { LEAST = 4096, TABLE = 64 << 20, MOST = 1 << 30, MEETINGS = 100000, AHEAD = 16 };

typedef struct meeting {
    char *table;
    size_t *at; /* [MEETINGS + AHEAD] */
    size_t row_bytes;
    float sum;
} meeting;

static void meet(void *state) {
    meeting *m = state;
    for (size_t i = 0; i < MEETINGS; i++) {
        for (size_t line = 0; line < m->row_bytes; line += 64) {
            __builtin_prefetch(m->table + m->at[i + AHEAD] + line);
        }
        float first;
        memcpy(&first, m->table + m->at[i], sizeof first);
        m->sum += first;
    }
}

double bench_row_time(double row_bytes, double set) {
    size_t bytes = set <= 0 ? TABLE : set < LEAST ? LEAST : set > MOST ? MOST : (size_t)set;
    meeting m = {.row_bytes = (size_t)row_bytes};
    m.table = calloc(bytes + m.row_bytes, 1);
    m.at = malloc((MEETINGS + AHEAD) * sizeof *m.at);
    double time = 0;
    if (m.table && m.at && m.row_bytes > 0) {
        uint64_t random = 1;
        memset(m.table, 0, bytes);
        for (size_t i = 0; i < MEETINGS + AHEAD; i++) {
            m.at[i] = bench_random(&random) % (bytes / m.row_bytes) * m.row_bytes;
        }
        time = best_time(meet, &m) / MEETINGS;
    }
    free(m.table);
    free(m.at);
    return time;
}
