/* SPDX-License-Identifier: MIT
 *
 * autoencoder - a vector for each row of a table, learned without a label; and cells that are
 * missing, restored.
 *
 *     bird (60)     a name
 *     family (12)   hangs on the bird
 *     habitat (5)   hangs on the family, but for one bird in ten
 *
 * A row is squeezed through five numbers, the code, from which all three cells are to be told. In
 * training a cell in three is hidden (Vincent et al. 2008), so the code must hold what cells say
 * about each other. Then families are hidden that it was never asked about alone, and are told from
 * the code.
 */
#include <stdio.h>

#include "grove/grove.h"

enum { BIRD, FAMILY, HABITAT, COLUMNS };
enum { ROWS = 2000, BATCH = 100, EPOCHS = 60, CODE = 5 };
static const char *const names[COLUMNS] = {"bird", "family", "habitat"};
static const grove_id values[COLUMNS] = {60, 12, 5}; /* the id after the last one is "hidden" */

typedef struct model {
    grove_graph *graph;
    grove_tensor cell[COLUMNS], shown[COLUMNS]; /* what is asked, and what is seen: ids [batch] */
    grove_tensor logits[COLUMNS], code, loss, step;
} model;

static void draw_rows(grove_id rows[COLUMNS][ROWS]) {
    for (int i = 0; i < ROWS; i++) {
        const grove_id bird = (grove_id)(i * 7919 % 60), family = bird * 7 % 12;
        rows[BIRD][i] = bird;
        rows[FAMILY][i] = family;
        rows[HABITAT][i] = i % 10 == 0 ? i / 10 % 5 : family * 3 % 5;
    }
}

static model build(void) {
    model m = {.graph = grove_graph_new(&(grove_graph_options){.seed = 1})};
    grove_tensor part[COLUMNS], error = GROVE_NONE;
    char name[32];
    for (int c = 0; c < COLUMNS; c++) {
        m.cell[c] = grove_input_ids(m.graph, names[c], GROVE_BATCH);
        snprintf(name, sizeof name, "shown.%s", names[c]);
        m.shown[c] = grove_input_ids(m.graph, name, GROVE_BATCH);
        grove_tensor seen = grove_replace_ids(m.shown[c], 1 / 3.0, values[c], values[c] + 1);
        snprintf(name, sizeof name, "table.%s", names[c]);
        part[c] = grove_nn_embedding(seen, values[c] + 1, 8, name);
    }
    grove_tensor x = grove_concat(part, COLUMNS, 1); /* [batch, 24] */
    x = grove_relu(grove_nn_dense(x, 48, "encoder"));
    m.code = grove_nn_dense(x, CODE, "code");
    x = grove_relu(grove_nn_dense(m.code, 48, "decoder"));
    for (int c = 0; c < COLUMNS; c++) {
        snprintf(name, sizeof name, "tell.%s", names[c]);
        m.logits[c] = grove_nn_dense(x, values[c], name);
        grove_tensor own = grove_softmax_cross_entropy(m.logits[c], m.cell[c]);
        error = c ? grove_add(error, own) : own;
    }
    m.loss = error;
    m.step = grove_minimize(m.loss, GROVE_ADAM(.rate = 5e-3));
    return m;
}

static bool train(const model *m, grove_id rows[COLUMNS][ROWS]) {
    const grove_tensor wanted[] = {m->step, m->loss};
    grove_plan *plan = grove_plan_new(m->graph, wanted, 2,
                                      &(grove_plan_options){.batch = BATCH, .training = true});
    bool good = true;
    for (int epoch = 1; epoch <= EPOCHS && good; epoch++) {
        double sum = 0;
        for (int first = 0; first < ROWS && good; first += BATCH) {
            for (int c = 0; c < COLUMNS; c++) {
                grove_bind(plan, m->cell[c], rows[c] + first);
                grove_bind(plan, m->shown[c], rows[c] + first);
            }
            good = grove_run(plan) == GROVE_OK;
            sum += grove_scalar(plan, m->loss);
        }
        if (epoch % 20 == 0) {
            printf("epoch %d: loss %.3f, with a third of the cells hidden\n", epoch,
                   sum / (ROWS / BATCH));
        }
    }
    if (!good) {
        fprintf(stderr, "autoencoder: %s\n", grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
    return good && grove_settle(m->step) == GROVE_OK;
}

/* The share of rows whose cell of a column is told when it is hidden. */
static double restored(const model *m, grove_id rows[COLUMNS][ROWS], int column) {
    static grove_id hidden[ROWS];
    const grove_tensor *told = &m->logits[column];
    grove_plan *plan = grove_plan_new(m->graph, told, 1, &(grove_plan_options){.batch = ROWS});
    int right = 0;
    for (int c = 0; c < COLUMNS; c++) {
        grove_bind(plan, m->shown[c], c == column ? hidden : rows[c]);
    }
    for (int i = 0; i < ROWS; i++) {
        hidden[i] = values[column];
    }
    const grove_real *logits = grove_run(plan) == GROVE_OK ? grove_value(plan, *told) : NULL;
    for (int i = 0; i < ROWS && logits; i++, logits += values[column]) {
        grove_id best = 0;
        for (grove_id v = 1; v < values[column]; v++) {
            best = logits[v] > logits[best] ? v : best;
        }
        right += best == rows[column][i];
    }
    grove_plan_free(plan);
    return (double)right / ROWS;
}

int main(void) {
    static grove_id rows[COLUMNS][ROWS];
    draw_rows(rows);
    model m = build();
    bool good = train(&m, rows);
    const double family = good ? restored(&m, rows, FAMILY) : 0;
    const double habitat = good ? restored(&m, rows, HABITAT) : 0;
    printf("hidden and restored from %d numbers: families %.1f %% (guessing: 8.3 %%), habitats "
           "%.1f %% (at best 92 %%)\n",
           CODE, 100 * family, 100 * habitat);
    grove_graph_free(m.graph);
    return good && family > 0.95 && habitat > 0.85 ? 0 : 1;
}
