/* SPDX-License-Identifier: MIT
 *
 * bench.h - what is measured: a job, made by a workload and done again and again. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "grove/grove.h"

enum { BENCH_INPUTS = 40 };

/* One workload, ready to be done. `done` says what one step of it costs at least; the bound is made
 * of that. */
typedef struct job {
    int threads;
    bool profile;
    bool (*step)(struct job *job); /* false: something failed, and was told */
    void (*end)(struct job *job);  /* frees what `prepare` made; may be NULL */
    double flop;                   /* multiply-adds of products count 2 */
    double bytes; /* read and written by what must go over memory: weights and their state */
    double set;   /* bytes of the memory that those lie in: copies of that size set the pace */
    double rows;  /* met at random in tables that no cache holds */
    double row_bytes;
    const char *unit; /* of what a step does, for "rows a second" and the like; NULL: steps */
    /* Of those that train a graph: */
    grove_graph *graph;
    grove_plan *plan;
    grove_tensor outputs[2];
    int64_t batch;
    struct {
        grove_tensor tensor;
        void *data;
    } inputs[BENCH_INPUTS];
    int input_count;
    void *state; /* of those that do something else */
} job;

typedef struct workload {
    const char *name, *what;
    bool (*prepare)(job *job);
} workload;

extern const workload workloads[];
extern const int workload_count;

/* ---- for those who write workloads (graphs.c) ------------------------------------------------ */

/* An input with random numbers, bound when the plan is made: normal reals, or ids below `below`. */
grove_tensor bench_reals(job *job, const char *name, grove_shape shape);
grove_tensor bench_ids(job *job, const char *name, grove_shape shape, grove_id below);
/* Makes the training step of this loss the job's step. */
bool bench_train(job *job, grove_tensor loss, grove_tensor step);
bool bench_fails(const char *name, const char *why);
uint64_t bench_random(uint64_t *state);

/* ---- uses.c: what is done with models besides training them */

bool bench_predict_row(job *job);
bool bench_predict_cells(job *job);
bool bench_predict(job *job);
bool bench_load_species(job *job);
bool bench_build_1000(job *job);
bool bench_plan_1000(job *job);

/* ---- tables.c: reading tables of text */

bool bench_read_csv(job *job);
bool bench_encode_csv(job *job);
bool bench_learn_csv(job *job);

/* ---- bound.c: what this machine reaches ------------------------------------------------------ */

/* Products of the matrix product that is fastest here (grove's or the CBLAS's own), in FLOP a
 * second, on so many threads. */
double bench_product_rate(int threads);
/* Bytes a second that a copy reads and writes in memory of this size. */
double bench_copy_rate(double set, int threads);
/* Seconds for a row met at random, with prefetching. */
double bench_row_time(double row_bytes);

#endif
