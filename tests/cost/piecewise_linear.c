/* SPDX-License-Identifier: MIT
 *
 * piecewise_linear - what the op piecewise_linear saves: against the same encoding composed of
 * other ops, alone and in a training step of a small model (PLE-LR, a hidden layer, Adam).
 *
 *     build/tests/cost_piecewise_linear [--once]
 */
#include "cost.h"

#include "grove/grove.h"

enum { BATCH = 256, FEATURES = 14, BINS = 48, WIDTH = 24, HIDDEN = 128, REPEATS = 15 };

typedef struct model {
    grove_graph *graph;
    grove_plan *encode, *step;
    grove_tensor code;
} model;

/* The four constants [features, bins] that the composition needs. */
static grove_tensor constant(grove_graph *g, const char *name, const grove_number_bins *bins) {
    static grove_real numbers[FEATURES * BINS];
    for (int i = 0; i < FEATURES * BINS; i++) {
        const grove_real *edge = bins->edges + i / BINS * (BINS + 1) + i % BINS;
        numbers[i] = strcmp(name, "low") == 0     ? edge[0]
                     : strcmp(name, "width") == 0 ? edge[1] - edge[0]
                     : strcmp(name, "first") == 0 ? (grove_real)(i % BINS == 0)
                                                  : (grove_real)(i % BINS == BINS - 1);
    }
    return grove_constant(g, name, GROVE_SHAPE(FEATURES, BINS), numbers);
}

static grove_tensor compose(grove_tensor x, const grove_number_bins *bins) {
    grove_graph *g = x.graph;
    grove_shape wide = GROVE_SHAPE(GROVE_BATCH, FEATURES, BINS);
    grove_tensor u = grove_sub(grove_broadcast(x, wide, GROVE_AXES(2)), constant(g, "low", bins));
    u = grove_div(u, constant(g, "width", bins));
    grove_tensor below = grove_mul(grove_relu(grove_neg(u)), constant(g, "first", bins));
    grove_tensor above = grove_mul(grove_relu(grove_shift(u, -1)), constant(g, "last", bins));
    return grove_add(grove_sub(grove_clip(u, 0, 1), below), above);
}

static model make(bool composed, const grove_number_bins *bins, const grove_real *numbers,
                  const grove_id *labels) {
    model m = {.graph = grove_graph_new(&(grove_graph_options){.seed = 1})};
    grove_tensor x = grove_input_reals(m.graph, "x", GROVE_BATCH, FEATURES);
    grove_tensor label = grove_input_ids(m.graph, "label", GROVE_BATCH);
    m.code = composed ? compose(x, bins) : grove_nn_piecewise_linear(x, bins, "bins");
    grove_tensor h = grove_relu(grove_nn_dense_by_feature(m.code, WIDTH, "numbers"));
    h = grove_reshape(h, GROVE_SHAPE(GROVE_BATCH, FEATURES * WIDTH));
    h = grove_relu(grove_nn_dense(h, HIDDEN, "hidden"));
    grove_tensor loss = grove_softmax_cross_entropy(grove_nn_dense(h, 2, "out"), label);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 1e-3));
    m.encode = grove_plan_new(m.graph, &m.code, 1, &(grove_plan_options){.batch = BATCH});
    m.step =
        grove_plan_new(m.graph, &step, 1, &(grove_plan_options){.batch = BATCH, .training = true});
    grove_bind(m.encode, x, numbers);
    grove_bind(m.step, x, numbers);
    grove_bind(m.step, label, labels);
    return m;
}

static void run(void *state) {
    if (grove_run(state) != GROVE_OK) {
        fprintf(stderr, "%s\n", grove_plan_error(state)->message);
        abort();
    }
}

static void measure(const char *what, void *op, void *composed, int repeats, int times) {
    cost_way ways[] = {{.name = "op", .work = run, .state = op},
                       {.name = "composed", .work = run, .state = composed}};
    cost_measure(ways, 2, repeats, times);
    printf("%-14s  %10.1f  %10.1f  %6.2f\n", what, 1e6 * ways[0].seconds[0],
           1e6 * ways[1].seconds[0], ways[1].seconds[0] / ways[0].seconds[0]);
}

int main(int argc, char **argv) {
    static grove_real numbers[BATCH * FEATURES];
    static grove_id labels[BATCH];
    bool once = cost_only_once(argc, argv);
    grove_number_bins bins;
    uint32_t random = 1;
    for (int i = 0; i < BATCH * FEATURES; i++) {
        random = random * 1664525u + 1013904223u;
        numbers[i] = (grove_real)(random >> 8) / (grove_real)(1 << 24);
        labels[i / FEATURES] = (grove_id)(random >> 31);
    }
    if (grove_number_bins_fit(numbers, BATCH, FEATURES, BINS, NULL, &bins, NULL) != GROVE_OK) {
        return 1;
    }
    model op = make(false, &bins, numbers, labels), composed = make(true, &bins, numbers, labels);
    printf("%d rows, %d features, %d bins, one thread; microseconds\n", BATCH, FEATURES, BINS);
    printf("%-14s  %10s  %10s  %6s\n", "", "op", "composed", "ratio");
    measure("encoding", op.encode, composed.encode, once ? 1 : REPEATS, once ? 1 : 50);
    measure("training step", op.step, composed.step, once ? 1 : REPEATS, once ? 1 : 20);
    model *all[] = {&op, &composed};
    for (int i = 0; i < 2; i++) {
        grove_plan_free(all[i]->encode);
        grove_plan_free(all[i]->step);
        grove_graph_free(all[i]->graph);
    }
    grove_number_bins_free(&bins);
    return 0;
}
