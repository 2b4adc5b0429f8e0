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
    int64_t size; /* of a sweep's point: what is grown; else 0 */
    bool profile;
    bool (*step)(struct job *job); /* false: something failed, and was told */
    void (*end)(struct job *job);  /* frees what `prepare` made; may be NULL */
    double flop;                   /* multiply-adds of products count 2 */
    double bytes; /* read and written by what must go over memory: weights and their state */
    double set;   /* bytes of the memory that those lie in: copies of that size set the pace */
    double rows;  /* met at random in tables that no cache holds */
    double row_bytes;
    double row_set;   /* bytes of the memory that those lie in; 0: more than any cache has */
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

/* A workload at several sizes (sweeps.c). */
typedef struct sweep {
    const char *name, *what;
    bool (*prepare)(job *job);
    int64_t sizes[16]; /* ends with 0 */
} sweep;

extern const sweep sweeps[];
extern const int sweep_count;

/* ---- for those who write workloads (graphs.c) ------------------------------------------------ */

void bench_begin(job *job, int64_t batch);
/* An input with random numbers, bound when the plan is made: normal reals, or ids below `below`. */
grove_tensor bench_reals(job *job, const char *name, grove_shape shape);
grove_tensor bench_ids(job *job, const char *name, grove_shape shape, grove_id below);
/* Makes the training step of this loss the job's step. */
bool bench_train(job *job, grove_tensor loss, grove_tensor step);
/* The same for classes, drawn as labels, with softmax and cross-entropy. */
bool bench_learn_classes(job *job, grove_tensor logits, grove_id classes,
                         const grove_optimizer *optimizer);
/* Dense layers with ReLU between; the last has none. Zero units: that layer is left out. */
grove_tensor bench_mlp(job *job, grove_tensor x, int64_t in, const int64_t *units, int states,
                       bool input_learns);
/* The embedding of an input of this name. */
grove_tensor bench_table(job *job, const char *name, grove_id rows, int64_t width);
/* UCI Adult's categorical columns, a row of each for what is unknown; and six numbers. */
bool bench_adult(job *job, int64_t batch);
/* What dense layers cost: 2 multiply-adds forward, 2 for the weight's gradient, 2 for the input's
 * where it is wanted. */
void bench_count_layer(job *job, double rows, double in, double units, bool input_learns);
/* Parameters that are updated whole, with so many states beside each: the gradient is written and
 * read, weight and states are read and written. */
void bench_count_update(job *job, double parameters, int states);
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
/* Seconds for a row met at random in memory of this size (0: more than any cache has), with
 * prefetching. */
double bench_row_time(double row_bytes, double set);

#endif
