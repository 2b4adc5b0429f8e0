/* SPDX-License-Identifier: MIT
 *
 * What a training step costs with grove_linear_cross_entropy, against the same step with the logits
 * written out (dense layer, softmax_cross_entropy): 256 rows, width 64, sgd, one thread, 1,000 to
 * 50,000 classes. The two take turns, so that what else the machine does hits both; printed are the
 * median times, the median of the ratios, and the plans' blocks.
 *
 *     linear_cross_entropy [TURNS [MOST_CLASSES]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "grove/grove.h"

enum { N = 256, WIDTH = 64, WORDS = 1000, MOST_TURNS = 1000 };

typedef struct contestant {
    grove_graph *graph;
    grove_plan *plan, *evaluation;
    grove_tensor loss;
    grove_id words[N], labels[N];
    double step[MOST_TURNS], forward[MOST_TURNS];
} contestant;

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static void open_contestant(contestant *c, int64_t classes, bool fused) {
    c->graph = grove_graph_new(NULL);
    grove_tensor word = grove_input_ids(c->graph, "word", GROVE_BATCH);
    grove_tensor label = grove_input_ids(c->graph, "label", GROVE_BATCH);
    grove_tensor h = grove_nn_embedding(word, WORDS, WIDTH, "words");
    grove_tensor logits = grove_nn_dense(h, classes, "out");
    c->loss = fused ? grove_linear_cross_entropy(h, grove_find(c->graph, "out.weight"),
                                                 grove_find(c->graph, "out.bias"), label,
                                                 GROVE_NONE, NULL)
                    : grove_softmax_cross_entropy(logits, label);
    grove_tensor step = grove_minimize(c->loss, GROVE_SGD(.rate = 0.1));
    c->plan = grove_plan_new(c->graph, (grove_tensor[]){step, c->loss}, 2,
                             &(grove_plan_options){.batch = N, .training = true});
    c->evaluation = grove_plan_new(c->graph, &c->loss, 1, &(grove_plan_options){.batch = N});
    for (int i = 0; i < N; i++) {
        c->words[i] = (grove_id)(i * 7 % WORDS);
        c->labels[i] = (grove_id)(i * 7919 % classes);
    }
    grove_plan *plans[] = {c->plan, c->evaluation};
    for (int i = 0; i < 2; i++) {
        grove_bind(plans[i], word, c->words);
        grove_bind(plans[i], label, c->labels);
    }
}

static void close_contestant(contestant *c) {
    grove_plan_free(c->plan);
    grove_plan_free(c->evaluation);
    grove_graph_free(c->graph);
}

static bool take_turn(contestant *c, int turn) {
    double begin = milliseconds();
    bool good = grove_run(c->plan) == GROVE_OK;
    double between = milliseconds();
    good = good && grove_run(c->evaluation) == GROVE_OK;
    c->step[turn] = between - begin;
    c->forward[turn] = milliseconds() - between;
    return good;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *numbers, int count) {
    qsort(numbers, (size_t)count, sizeof *numbers, by_size);
    return numbers[count / 2];
}

static double ratio(const double *a, const double *b, int count) {
    double ratios[MOST_TURNS];
    for (int i = 0; i < count; i++) {
        ratios[i] = a[i] / b[i];
    }
    return median(ratios, count);
}

static bool compare(int64_t classes, int turns) {
    static contestant written, fused;
    bool good = true;
    open_contestant(&written, classes, false);
    open_contestant(&fused, classes, true);
    good =
        take_turn(&written, 0) && take_turn(&fused, 0); /* memory is touched for the first time */
    for (int turn = 0; turn < turns && good; turn++) {
        good = take_turn(&written, turn) && take_turn(&fused, turn);
    }
    double steps = ratio(written.step, fused.step, turns);
    double forwards = ratio(written.forward, fused.forward, turns);
    printf("%7lld  %7.2f %7.2f %5.2f   %7.2f %7.2f %5.2f   %6.1f %6.1f\n", (long long)classes,
           median(written.step, turns), median(fused.step, turns), steps,
           median(written.forward, turns), median(fused.forward, turns), forwards,
           (double)grove_plan_statistics(written.plan).block_bytes * 1e-6,
           (double)grove_plan_statistics(fused.plan).block_bytes * 1e-6);
    close_contestant(&written);
    close_contestant(&fused);
    return good;
}

int main(int argc, char **argv) {
    static const int64_t sizes[] = {100, 1000, 10000, 50000};
    int turns = argc > 1 ? atoi(argv[1]) : 51;
    int64_t most = argc > 2 ? atoll(argv[2]) : 50000;
    bool good = turns > 0 && turns <= MOST_TURNS;
    printf("         training step, ms         loss alone, ms            block, MB\n"
           "classes  written   fused ratio   written   fused ratio   written  fused\n");
    for (int i = 0; i < 4 && good; i++) {
        if (sizes[i] <= most) {
            good = compare(sizes[i], turns);
        }
    }
    return good ? 0 : 1;
}
