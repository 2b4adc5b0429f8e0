/* SPDX-License-Identifier: MIT
 *
 * sweeps.c - one workload at several sizes: how a step's time grows with what is grown. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* ---- vocabulary ------------------------------------------------------------------------------ */

/* Each step has other rows, as in training: were they the same ones again and again, they would lie
 * in a cache, whatever the table's size, and no row would ever rest. */
enum { BATCHES = 1024, BATCH = 256, WIDTH = 12, HIDDEN = 32, CLASSES = 10 };

typedef struct batches {
    grove_id *ids; /* [BATCHES, BATCH] */
    int next;
    void (*end)(job *job);
} batches;

static bool step_on(job *job) {
    batches *b = job->state;
    const grove_id *ids = b->ids + (size_t)b->next * BATCH;
    b->next = (b->next + 1) % BATCHES;
    return (grove_bind(job->plan, job->inputs[0].tensor, ids) == GROVE_OK &&
            grove_run(job->plan) == GROVE_OK) ||
           bench_fails("vocabulary", grove_plan_error(job->plan)->message);
}

static void end_batches(job *job) {
    batches *b = job->state;
    b->end(job);
    free(b->ids);
    free(b);
}

static bool deal_batches(job *job) {
    batches *b = calloc(1, sizeof *b);
    grove_id *ids = malloc(sizeof *ids * BATCHES * BATCH);
    if (!b || !ids) {
        free(b);
        free(ids);
        return bench_fails("vocabulary", "out of memory");
    }
    uint64_t random = 5;
    for (size_t i = 0; i < (size_t)BATCHES * BATCH; i++) {
        ids[i] = (grove_id)(bench_random(&random) % (uint64_t)job->size);
    }
    *b = (batches){.ids = ids, .end = job->end};
    job->state = b;
    job->step = step_on;
    job->end = end_batches;
    return true;
}

/* The graph as in the midst of a long training: rows have moments, and each has rested for a time
 * of its own, at most twice the mean. Rows that the beginning of a training meets for the first
 * time are not typical: what they missed is made up for one by one (adam_rest.h). */
static bool grow_old(job *job) {
    enum { STEPS = 1 << 20 };
    static const char table[] = "table.species.weight";
    grove_real *moments[2];
    const char *endings[] = {"adam_m", "adam_v"};
    grove_id *step = grove_parameter_data(grove_find(job->graph, "optimizer.step")), *last;
    char name[64];
    uint64_t random = 3;
    snprintf(name, sizeof name, "%s.last_step", table);
    last = grove_parameter_data(grove_find(job->graph, name)); /* none of the lazy form */
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s.%s", table, endings[i]);
        moments[i] = grove_parameter_data(grove_find(job->graph, name));
    }
    if (!step || !moments[0] || !moments[1]) {
        return bench_fails("vocabulary", "the optimizer's state is not where it was");
    }
    *step = STEPS;
    for (int64_t row = 0; row < job->size; row++) {
        for (int64_t k = row * WIDTH; k < (row + 1) * WIDTH; k++) {
            moments[0][k] = (grove_real)((double)(bench_random(&random) >> 11) * 0x1p-63);
            moments[1][k] = (grove_real)1e-6;
        }
        if (last) {
            last[row] =
                STEPS - (grove_id)(bench_random(&random) % (uint64_t)(2 * job->size / BATCH + 1));
        }
    }
    return true;
}

/* A row is met in the table and in both of its moments. */
static bool vocabulary_with(job *job, bool lazy) {
    static const int64_t units[] = {0, HIDDEN, CLASSES};
    bench_begin(job, BATCH);
    grove_tensor x = bench_table(job, "species", (grove_id)job->size, WIDTH);
    job->rows = BATCH * 3;
    job->row_bytes = WIDTH * sizeof(grove_real);
    job->row_set = 3 * job->row_bytes * (double)job->size;
    x = bench_mlp(job, x, WIDTH, units, 2, true);
    return bench_learn_classes(job, x, CLASSES, GROVE_ADAM(.lazy = lazy)) && grow_old(job) &&
           deal_batches(job);
}

static bool vocabulary(job *job) {
    return vocabulary_with(job, true);
}
static bool vocabulary_exact(job *job) {
    return vocabulary_with(job, false);
}

/* ---- batch, width, layers -------------------------------------------------------------------- */

static bool batch(job *job) {
    return bench_adult(job, job->size);
}

static bool width(job *job) {
    const int64_t units[] = {job->size, job->size, CLASSES};
    bench_begin(job, 64);
    grove_tensor x = bench_reals(job, "x", GROVE_SHAPE(GROVE_BATCH, 64));
    return bench_learn_classes(job, bench_mlp(job, x, 64, units, 2, false), CLASSES, GROVE_ADAM(0));
}

static bool layers(job *job) {
    enum { ROWS = 64, UNITS = 64 };
    bench_begin(job, ROWS);
    grove_tensor x = bench_reals(job, "x", GROVE_SHAPE(GROVE_BATCH, UNITS));
    for (int i = 0; i < job->size; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer%d", i + 1);
        x = grove_relu(grove_nn_dense(x, UNITS, name));
        bench_count_layer(job, ROWS, UNITS, UNITS, i > 0);
        bench_count_update(job, (UNITS + 1) * UNITS, 2);
    }
    x = grove_nn_dense(x, CLASSES, "out");
    bench_count_layer(job, ROWS, UNITS, CLASSES, true);
    bench_count_update(job, (UNITS + 1) * CLASSES, 2);
    return bench_learn_classes(job, x, CLASSES, GROVE_ADAM(0));
}

const sweep sweeps[] = {
    {"vocabulary",
     "rows of a table, 12 numbers wide; 32 ReLU, 10; batch 256, lazy Adam by rows",
     vocabulary,
     {1000, 3000, 10000, 30000, 100000, 300000, 1000000, 3000000, 10000000}},
    {"exact",
     "the same, by the exact form of Adam by rows",
     vocabulary_exact,
     {1000, 3000, 10000, 30000, 100000, 300000, 1000000, 3000000, 10000000}},
    {"batch",
     "rows of a batch; the model of adult",
     batch,
     {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}},
    {"width",
     "units of both hidden layers; 64 numbers, 10 classes, batch 64, Adam",
     width,
     {16, 32, 64, 128, 256, 512, 1024, 2048, 4096}},
    {"layers",
     "hidden layers of 64 units; 64 numbers, 10 classes, batch 64, Adam",
     layers,
     {1, 2, 4, 8, 16, 32, 64, 128}},
};
const int sweep_count = sizeof sweeps / sizeof *sweeps;
