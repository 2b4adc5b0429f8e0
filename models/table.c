/* SPDX-License-Identifier: MIT
 *
 * table - a classifier for rows of a table, made by hand: will a seedling thrive where it stands?
 *
 *     species (40), soil (6), slope (4)   categories: each column gets a table of vectors
 *     rain, shade                         numbers, of mean 0 and deviation about 1
 *
 * Each species needs some water and some shade, each soil and slope holds or loses water: none of
 * that stands in the rows, only the names do. A seedling thrives where its place is near to what
 * it needs. One label in ten is drawn at random, so at best 95 rows of 100 can be foretold.
 */
#include <stdio.h>

#include "grove/grove.h"

enum { SPECIES, SOIL, SLOPE, COLUMNS };
enum { NUMBERS = 2, ROWS = 16000, VALID = 4000, BATCH = 200, EPOCHS = 20, PATIENCE = 3 };
static const char *const column_names[COLUMNS] = {"species", "soil", "slope"};
static const uint64_t column_values[COLUMNS] = {40, 6, 4};

typedef struct rows {
    grove_id ids[COLUMNS][ROWS], label[ROWS]; /* label 1: it thrives */
    grove_real numbers[ROWS][NUMBERS];
} rows;

typedef struct model {
    grove_graph *graph;
    grove_tensor column[COLUMNS], numbers, label, probabilities, loss;
    grove_tensor step;
    grove_plan *train, *valid;
} model;

/* A number from 0 to below 1 that depends on these two alone (the mix of SplitMix64). */
static double random_number(uint64_t purpose, uint64_t i) {
    uint64_t z = (i + purpose * 0x100000001u) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* The secret: what the names of row i stand for. */
static bool thrives(const rows *r, size_t i) {
    uint64_t species = (uint64_t)r->ids[SPECIES][i];
    double held = 2 * random_number(11, (uint64_t)r->ids[SOIL][i]) +
                  random_number(12, (uint64_t)r->ids[SLOPE][i]) - 1.5;
    double water = (double)r->numbers[i][0] + held - 3 * random_number(13, species) + 1.5;
    double shade = (double)r->numbers[i][1] - 3 * random_number(14, species) + 1.5;
    return water * water + shade * shade < 2;
}

/* Rows number first, first + 1... of an endless table. */
static void draw_rows(uint64_t first, size_t count, rows *r) {
    for (size_t i = 0; i < count; i++) {
        uint64_t row = first + i;
        for (uint64_t c = 0; c < COLUMNS; c++) {
            r->ids[c][i] = (grove_id)(random_number(c, row) * (double)column_values[c]);
        }
        for (uint64_t k = 0; k < NUMBERS; k++) {
            r->numbers[i][k] = (grove_real)(3.4 * random_number(COLUMNS + k, row) - 1.7);
        }
        bool is_luck = random_number(7, row) < 0.1;
        r->label[i] = is_luck ? random_number(8, row) < 0.5 : thrives(r, i);
    }
}

static model build(void) {
    model m = {.graph = grove_graph_new(&(grove_graph_options){.seed = 1})};
    grove_tensor part[COLUMNS + 1];
    for (int c = 0; c < COLUMNS; c++) {
        char table[32];
        snprintf(table, sizeof table, "table.%s", column_names[c]);
        m.column[c] = grove_input_ids(m.graph, column_names[c], GROVE_BATCH);
        part[c] = grove_nn_embedding(m.column[c], (int64_t)column_values[c], 4, table);
    }
    part[COLUMNS] = m.numbers = grove_input_reals(m.graph, "numbers", GROVE_BATCH, NUMBERS);
    m.label = grove_input_ids(m.graph, "label", GROVE_BATCH);
    grove_tensor x = grove_concat(part, COLUMNS + 1, 1); /* [batch, 4 + 4 + 4 + 2] */
    x = grove_dropout(grove_relu(grove_nn_dense(x, 64, "mlp.0")), 0.05);
    x = grove_dropout(grove_relu(grove_nn_dense(x, 32, "mlp.1")), 0.05);
    x = grove_nn_dense(x, 2, "mlp.2");
    m.probabilities = grove_softmax(x);
    m.loss = grove_softmax_cross_entropy(x, m.label);
    grove_tensor step = grove_minimize(m.loss, GROVE_ADAMW(.rate = 4e-3, .clip_norm = 1));

    /* Three plans of one graph. The second brings up to date what batches left behind: rows of the
     * tables that they did not name. */
    grove_tensor wanted[] = {m.loss, m.probabilities};
    m.train =
        grove_plan_new(m.graph, &step, 1, &(grove_plan_options){.batch = BATCH, .training = true});
    m.step = step;
    m.valid = grove_plan_new(m.graph, wanted, 2, &(grove_plan_options){.batch = VALID});
    return m;
}

/* Lets a plan read the rows from `first` on. */
static void bind(grove_plan *plan, const model *m, const rows *r, size_t first) {
    for (int c = 0; c < COLUMNS; c++) {
        grove_bind(plan, m->column[c], r->ids[c] + first);
    }
    grove_bind(plan, m->numbers, r->numbers + first);
    grove_bind(plan, m->label, r->label + first);
}

/* Runs a plan. Whatever went wrong, in building the graph too, is told here. */
static bool run(grove_plan *plan) {
    bool good = grove_run(plan) == GROVE_OK;
    if (!good) {
        fprintf(stderr, "table: %s\n", grove_plan_error(plan)->message);
    }
    return good;
}

/* The share of the rows of which p [count, 2] tells the label. */
static double accuracy(const grove_real *p, const grove_id *label, size_t count) {
    size_t right = 0;
    for (size_t i = 0; i < count; i++) {
        right += (p[2 * i + 1] > p[2 * i]) == label[i];
    }
    return (double)right / (double)count;
}

/* Trains until the loss on rows that training does not see has not fallen for PATIENCE epochs. */
static bool train(model *m, const rows *seen, const rows *unseen) {
    double least = 0;
    bind(m->valid, m, unseen, 0);
    for (int epoch = 1, best = 1; epoch <= EPOCHS && epoch - best <= PATIENCE; epoch++) {
        bool good = true;
        for (size_t first = 0; first < ROWS && good; first += BATCH) {
            bind(m->train, m, seen, first);
            good = run(m->train);
        }
        if (!good || grove_settle(m->step) != GROVE_OK || !run(m->valid)) {
            return false;
        }
        double loss = grove_scalar(m->valid, m->loss);
        best = epoch == 1 || loss < least ? epoch : best;
        least = best == epoch ? loss : least;
        printf("epoch %2d: loss on unseen rows %.4f%s\n", epoch, loss, best == epoch ? "" : " (!)");
    }
    return true;
}

int main(void) {
    static rows seen, unseen;
    draw_rows(0, ROWS, &seen);
    draw_rows(ROWS, VALID, &unseen);
    model m = build();
    bool good = train(&m, &seen, &unseen);
    if (good) {
        const grove_real *p = grove_value(m.valid, m.probabilities);
        double share = accuracy(p, unseen.label, VALID), thriving = 0;
        for (size_t i = 0; i < VALID; i++) {
            thriving += unseen.label[i] / (double)VALID;
        }
        printf("right on unseen rows: %.1f %% (at best: 95 %%, always the same answer: %.1f %%)\n"
               "species %d, soil %d, slope %d, rain %+.1f, shade %+.1f: will thrive with a "
               "probability of %.0f %% (and it %s)\n",
               100 * share, 100 * (thriving > 0.5 ? thriving : 1 - thriving),
               (int)unseen.ids[SPECIES][0], (int)unseen.ids[SOIL][0], (int)unseen.ids[SLOPE][0],
               unseen.numbers[0][0], unseen.numbers[0][1], 100 * p[1],
               unseen.label[0] ? "does" : "does not");
        good = share > 0.9;
    }
    grove_plan_free(m.train);
    grove_plan_free(m.valid);
    grove_graph_free(m.graph);
    return good ? 0 : 1;
}
