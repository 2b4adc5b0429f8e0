/* SPDX-License-Identifier: MIT
 *
 * graphs.c - training steps as workloads: the models, and what a step of each costs at least. Each
 * is one step (forward, backward, update) in float, its inputs already in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* ---- inputs ---------------------------------------------------------------------------------- */

bool bench_fails(const char *name, const char *why) {
    fprintf(stderr, "bench: %s: %s\n", name, why);
    return false;
}

/* SplitMix64 */
uint64_t bench_random(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static size_t count_of(const job *job, grove_shape shape) {
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        count *= (size_t)(shape.dim[i] < 0 ? job->batch : shape.dim[i]);
    }
    return count;
}

static void *remember(job *job, grove_tensor tensor, size_t bytes) {
    void *data = malloc(bytes);
    if (job->input_count < BENCH_INPUTS) {
        job->inputs[job->input_count].tensor = tensor;
        job->inputs[job->input_count++].data = data;
    }
    return data;
}

/* Sums of four uniform numbers are normal enough. */
grove_tensor bench_reals(job *job, const char *name, grove_shape shape) {
    grove_tensor tensor = grove_input(job->graph, name, GROVE_REAL, shape);
    size_t count = count_of(job, shape);
    uint64_t random = 7;
    grove_real *x = remember(job, tensor, count * sizeof *x);
    for (size_t i = 0; x && i < count; i++) {
        double sum = -2;
        for (int k = 0; k < 4; k++) {
            sum += (double)(bench_random(&random) >> 11) * 0x1p-53;
        }
        x[i] = (grove_real)(sum * 1.732);
    }
    return tensor;
}

grove_tensor bench_ids(job *job, const char *name, grove_shape shape, grove_id below) {
    grove_tensor tensor = grove_input(job->graph, name, GROVE_ID, shape);
    size_t count = count_of(job, shape);
    uint64_t random = 11 + (uint64_t)job->input_count;
    grove_id *ids = remember(job, tensor, count * sizeof *ids);
    for (size_t i = 0; ids && i < count; i++) {
        ids[i] = (grove_id)(bench_random(&random) % (uint64_t)below);
    }
    return tensor;
}

/* ---- the step -------------------------------------------------------------------------------- */

static bool run_plan(job *job) {
    return grove_run(job->plan) == GROVE_OK ||
           bench_fails("run", grove_plan_error(job->plan)->message);
}

static void free_plan(job *job) {
    grove_plan_free(job->plan);
    grove_graph_free(job->graph);
    for (int i = 0; i < job->input_count; i++) {
        free(job->inputs[i].data);
    }
}

bool bench_train(job *job, grove_tensor loss, grove_tensor step) {
    job->outputs[0] = step;
    job->outputs[1] = loss;
    job->plan = grove_plan_new(job->graph, job->outputs, 2,
                               &(grove_plan_options){.batch = job->batch,
                                                     .training = true,
                                                     .threads = job->threads,
                                                     .profile = job->profile});
    for (int i = 0; i < job->input_count; i++) {
        grove_bind(job->plan, job->inputs[i].tensor, job->inputs[i].data);
    }
    job->step = run_plan;
    job->end = free_plan;
    return run_plan(job);
}

void bench_begin(job *job, int64_t batch) {
    job->batch = batch;
    job->graph = grove_graph_new(&(grove_graph_options){.seed = 1});
}

void bench_count_layer(job *job, double rows, double in, double units, bool input_learns) {
    job->flop += rows * in * units * (input_learns ? 6 : 4);
}

void bench_count_update(job *job, double parameters, int states) {
    job->bytes += parameters * sizeof(grove_real) * (2 + 2 * (1 + states));
    job->set += parameters * sizeof(grove_real) * (2 + states);
}

static const int64_t *layers(int64_t a, int64_t b, int64_t c) {
    static int64_t units[3];
    units[0] = a;
    units[1] = b;
    units[2] = c;
    return units;
}

grove_tensor bench_mlp(job *job, grove_tensor x, int64_t in, const int64_t *units, int states,
                       bool input_learns) {
    static const char *const names[] = {"dense1", "dense2", "dense3"};
    for (int i = 0; i < 3; i++) {
        if (units[i] == 0) {
            continue;
        }
        x = grove_nn_dense(x, units[i], names[i]);
        x = i < 2 ? grove_relu(x) : x;
        bench_count_layer(job, (double)job->batch, (double)in, (double)units[i], input_learns);
        bench_count_update(job, (double)(in + 1) * (double)units[i], states);
        in = units[i];
        input_learns = true;
    }
    return x;
}

/* ---- the workloads --------------------------------------------------------------------------- */

bool bench_learn_classes(job *job, grove_tensor logits, grove_id classes,
                         const grove_optimizer *optimizer) {
    grove_tensor label = bench_ids(job, "label", GROVE_SHAPE(GROVE_BATCH), classes);
    grove_tensor loss = grove_softmax_cross_entropy(logits, label);
    return bench_train(job, loss, grove_minimize(loss, optimizer));
}

static bool mlp_small(job *job) {
    bench_begin(job, 32);
    grove_tensor x = bench_reals(job, "x", GROVE_SHAPE(GROVE_BATCH, 64));
    return bench_learn_classes(job, bench_mlp(job, x, 64, layers(128, 64, 10), 2, false), 10,
                               GROVE_ADAM(0));
}

static bool mlp_big(job *job) {
    bench_begin(job, 512);
    grove_tensor x = bench_reals(job, "x", GROVE_SHAPE(GROVE_BATCH, 784));
    return bench_learn_classes(job, bench_mlp(job, x, 784, layers(1024, 1024, 10), 2, false), 10,
                               GROVE_ADAM(0));
}

/* 27 letters x 10 numbers, 8 of them in a row; the learned input makes the first layer's too. */
static bool char_mlp(job *job) {
    bench_begin(job, 32);
    grove_tensor letters = bench_ids(job, "letters", GROVE_SHAPE(GROVE_BATCH, 8), 27);
    grove_tensor x = grove_nn_embedding(letters, 27, 10, "letter");
    x = grove_reshape(x, GROVE_SHAPE(GROVE_BATCH, 80));
    x = grove_tanh(grove_nn_dense(x, 200, "hidden"));
    x = grove_nn_dense(x, 27, "out");
    bench_count_layer(job, 32, 80, 200, true);
    bench_count_layer(job, 32, 200, 27, true);
    bench_count_update(job, 27 * 10 + 81 * 200 + 201 * 27, 0);
    return bench_learn_classes(job, x, 27, GROVE_SGD(.rate = 0.1));
}

grove_tensor bench_table(job *job, const char *name, grove_id rows, int64_t width) {
    grove_tensor ids = bench_ids(job, name, GROVE_SHAPE(GROVE_BATCH), rows);
    char weight[48];
    snprintf(weight, sizeof weight, "table.%s", name);
    return grove_nn_embedding(ids, rows, width, weight);
}

bool bench_adult(job *job, int64_t batch) {
    static const grove_id rows[] = {9, 16, 7, 15, 6, 5, 2, 42};
    grove_tensor parts[9];
    double cells = 0;
    bench_begin(job, batch);
    for (int i = 0; i < 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "column%d", i + 1);
        parts[i] = bench_table(job, name, rows[i], 8);
        cells += rows[i] * 8;
    }
    parts[8] = bench_reals(job, "numbers", GROVE_SHAPE(GROVE_BATCH, 6));
    grove_tensor x = grove_concat(parts, 9, 1);
    bench_count_update(job, cells, 2);
    return bench_learn_classes(job, bench_mlp(job, x, 70, layers(128, 64, 2), 2, true), 2,
                               GROVE_ADAM(0));
}

static bool adult(job *job) {
    return bench_adult(job, 256);
}

static bool species(job *job, bool lazy, bool onehot) {
    grove_tensor x;
    bench_begin(job, 256);
    if (onehot) {
        bench_ids(job, "species", GROVE_SHAPE(GROVE_BATCH), 73000);
        const grove_id *id = job->inputs[0].data;
        grove_real *row = calloc((size_t)256 * 73000, sizeof *row);
        x = grove_input_reals(job->graph, "onehot", GROVE_BATCH, 73000);
        if (!row) {
            return bench_fails("species_onehot", "out of memory");
        }
        for (size_t i = 0; i < 256; i++) {
            row[i * 73000 + (size_t)id[i]] = 1;
        }
        job->inputs[0].tensor = x;
        free(job->inputs[0].data);
        job->inputs[0].data = row;
        x = grove_nn_dense_with(x, 12, "embedding", &(grove_dense_options){.no_bias = true});
        bench_count_layer(job, 256, 73000, 12, false);
        bench_count_update(job, 73000 * 12, 2);
    } else {
        x = bench_table(job, "species", 73000, 12);
        job->rows = 256 * 3;
        job->row_bytes = 48;
    }
    x = bench_mlp(job, x, 12, layers(0, 32, 10), 2, true);
    return bench_learn_classes(job, x, 10, GROVE_ADAM(.lazy = lazy));
}

static bool species_sparse(job *job) {
    return species(job, true, false);
}
static bool species_exact(job *job) {
    return species(job, false, false);
}
static bool species_onehot(job *job) {
    return species(job, false, true);
}

static bool text_bag(job *job) {
    bench_begin(job, 64);
    grove_tensor words = bench_ids(job, "words", GROVE_SHAPE(GROVE_BATCH, 40), 100000);
    grove_tensor x =
        grove_nn_embedding_bag(words, 100000, 16, "word",
                               &(grove_nn_embedding_bag_options){.bag = {.mode = GROVE_BAG_MEAN}});
    job->rows = 64 * 40;
    job->row_bytes = 64;
    x = bench_mlp(job, x, 16, layers(0, 0, 4), 0, true);
    return bench_learn_classes(job, x, 4, GROVE_SGD(.rate = 0.1));
}

/* DLRM's shape. Two optimizers share the backward pass's loss: one for tables, one for the rest. */
static bool ctr(job *job) {
    grove_tensor parts[27];
    bench_begin(job, 2048);
    for (int i = 0; i < 26; i++) {
        char name[32];
        snprintf(name, sizeof name, "column%d", i + 1);
        parts[i] = bench_table(job, name, 100000, 16);
    }
    parts[26] = bench_reals(job, "numbers", GROVE_SHAPE(GROVE_BATCH, 13));
    grove_tensor x = grove_concat(parts, 27, 1);
    job->rows = 2048 * 26 * 2;
    job->row_bytes = 64;
    x = bench_mlp(job, x, 429, layers(256, 128, 2), 2, true);
    return bench_learn_classes(job, x, 2, GROVE_ADAGRAD(.rate = 0.01));
}

/* The loss that never writes its logits. */
static bool softmax_wide(job *job) {
    bench_begin(job, 64);
    grove_tensor x = bench_reals(job, "x", GROVE_SHAPE(GROVE_BATCH, 64));
    grove_tensor h = grove_relu(grove_nn_dense(x, 64, "hidden"));
    grove_nn_dense(h, 73000, "out");
    grove_tensor label = bench_ids(job, "label", GROVE_SHAPE(GROVE_BATCH), 73000);
    grove_tensor loss =
        grove_linear_cross_entropy(h, grove_find(job->graph, "out.weight"),
                                   grove_find(job->graph, "out.bias"), label, GROVE_NONE, NULL);
    bench_count_layer(job, 64, 64, 64, false);
    bench_count_layer(job, 64, 64, 73000, true);
    bench_count_update(job, 64. * 65 + 73000. * 65, 0);
    return bench_train(job, loss, grove_minimize(loss, GROVE_SGD(.rate = 0.1)));
}

/* Pre-norm blocks of a decoder: 4 layers, 4 heads, 64 wide, 64 letters. */
static bool char_gpt(job *job) {
    bench_begin(job, 32);
    grove_tensor letters = bench_ids(job, "letters", GROVE_SHAPE(GROVE_BATCH, 64), 65);
    grove_tensor label = bench_ids(job, "label", GROVE_SHAPE(GROVE_BATCH, 64), 65);
    grove_tensor x = grove_nn_embedding(letters, 65, 64, "letter");
    x = grove_nn_position_embedding(x, "position");
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "block%d", i + 1);
        x = grove_nn_transformer_block(x, 4, name, &(grove_transformer_options){.causal = true});
        bench_count_layer(job, 2048, 64, 12 * 64, true);
        job->flop += 6. * 2 * 2048 * 64 * 64; /* queries by keys, weights by values */
        bench_count_update(job, 12. * 64 * 64 + 13 * 64, 2);
    }
    x = grove_nn_layer_norm(x, "norm", NULL);
    x = grove_nn_dense_with(x, 65, "out", &(grove_dense_options){.no_bias = true});
    bench_count_layer(job, 2048, 64, 65, true);
    bench_count_update(job, 65. * 64 * 2 + 64. * 64, 2);
    x = grove_reshape(x, GROVE_SHAPE(64 * GROVE_BATCH, 65));
    grove_tensor loss =
        grove_softmax_cross_entropy(x, grove_reshape(label, GROVE_SHAPE(64 * GROVE_BATCH)));
    return bench_train(job, loss, grove_minimize(loss, GROVE_ADAM(0)));
}

const workload workloads[] = {
    {"mlp_small", "64-128-64-10 ReLU, softmax cross-entropy, batch 32, Adam", mlp_small},
    {"char_mlp", "27 letters x 10, 8 in a row, 200 tanh, 27; batch 32, SGD", char_mlp},
    {"adult", "8 categorical columns x 8, 6 numbers, 128-64-2, batch 256, Adam", adult},
    {"species_sparse", "table 73,000 x 12, 32 ReLU, 10; batch 256, lazy Adam by rows",
     species_sparse},
    {"species_exact", "the same, by the exact form of Adam by rows", species_exact},
    {"species_onehot", "the same model fed rows of 73,000 numbers, dense Adam", species_onehot},
    {"text_bag", "mean of 40 words from 100,000 x 16, 4 classes, batch 64, SGD", text_bag},
    {"ctr", "26 tables 100,000 x 16, 13 numbers, 256-128-2, batch 2048, Adagrad", ctr},
    {"softmax_wide", "64-64-73,000 full softmax, batch 64, SGD", softmax_wide},
    {"char_gpt", "transformer: 65 letters, 64 positions, 64 wide, 4 heads, 4 layers, batch 32",
     char_gpt},
    {"mlp_big", "784-1024-1024-10 ReLU, batch 512, Adam", mlp_big},
    {"predict_row", "one row of ids and numbers through a loaded model of Adult's shape",
     bench_predict_row},
    {"predict_cells", "one row of text through it: cells to be looked up and read as numbers",
     bench_predict_cells},
    {"predict", "the command grove predict on a file of 16,281 such rows", bench_predict},
    {"read_csv", "a table of 200,000 rows and 10 columns (19 MB) read, its cells kept as text",
     bench_read_csv},
    {"encode_csv", "the same, and its columns encoded by a fitted schema", bench_encode_csv},
    {"learn_csv", "the same, with a schema guessed and fitted each time", bench_learn_csv},
    {"load_species", "a model file of 73,000 names and a table 73,000 x 12", bench_load_species},
    {"build_1000", "a training step of 1,000 nodes, its backward pass and updates appended",
     bench_build_1000},
    {"plan_1000", "a plan for it", bench_plan_1000},
};
const int workload_count = sizeof workloads / sizeof *workloads;
