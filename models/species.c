/* SPDX-License-Identifier: MIT
 *
 * species - the first program: to which group does a species of tree belong?
 *
 * There are 73,000 species and ten groups. The model is told neither which species go together nor
 * what a species is: it sees rows (species, group), and from them it learns 12 numbers for each
 * species, its vector. One row in ten names a group drawn at random, so nobody could be right more
 * often than in 91 rows of 100: the nine in ten that are sound, and a tenth of the others by luck.
 */
#include <stdio.h>

#include "grove/grove.h"

enum { SPECIES = 73000, GROUPS = 10, WIDTH = 12, BATCH = 2048, STEPS = 400, NEW_ROWS = 10000 };

static const char *const group_names[GROUPS] = {"oaks",    "pines",   "palms",  "maples",
                                                "birches", "willows", "cedars", "acacias",
                                                "figs",    "baobabs"};

/* A random number that depends on these two alone (the mix of SplitMix64): no state, no order. */
static uint64_t hash(uint64_t purpose, uint64_t i) {
    uint64_t z = (i + purpose * 0x100000001u) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* The secret. */
static grove_id group_of(grove_id species) {
    return (grove_id)(hash(1, (uint64_t)species) % GROUPS);
}

/* Rows number first, first + 1... of an endless table. */
static void draw_rows(uint64_t first, size_t count, grove_id *species, grove_id *group) {
    for (size_t i = 0; i < count; i++) {
        species[i] = (grove_id)(hash(2, first + i) % SPECIES);
        bool is_sound = hash(3, first + i) % 10 != 0;
        group[i] = is_sound ? group_of(species[i]) : (grove_id)(hash(4, first + i) % GROUPS);
    }
}

/* Of rows [count] of logits [count, GROUPS]: the share whose largest logit is the group's. */
static double accuracy(const grove_real *logits, const grove_id *group, size_t count) {
    size_t right = 0;
    for (size_t i = 0; i < count; i++) {
        const grove_real *row = logits + i * GROUPS;
        grove_id best = 0;
        for (grove_id k = 1; k < GROUPS; k++) {
            best = row[k] > row[best] ? k : best;
        }
        right += best == group[i];
    }
    return (double)right / (double)count;
}

/* The other species whose vector lies nearest. table [SPECIES, WIDTH] */
static grove_id nearest(const grove_real *table, grove_id species) {
    double least = 0;
    grove_id found = -1;
    for (grove_id other = 0; other < SPECIES; other++) {
        double distance = 0;
        for (size_t k = 0; k < WIDTH; k++) {
            double d = (double)table[(size_t)other * WIDTH + k] -
                       (double)table[(size_t)species * WIDTH + k];
            distance += d * d;
        }
        if (other != species && (found < 0 || distance < least)) {
            least = distance;
            found = other;
        }
    }
    return found;
}

/* Runs a plan. Whatever went wrong, in building the graph too, is told here. */
static bool run(grove_plan *plan) {
    bool good = grove_run(plan) == GROVE_OK;
    if (!good) {
        fprintf(stderr, "species: %s\n", grove_plan_error(plan)->message);
    }
    return good;
}

int main(void) {
    static grove_id species_ids[NEW_ROWS], group_ids[NEW_ROWS];
    bool good = true;

    /* ---- the model, and its training --------------------------------------------------------- */
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor species = grove_input_ids(g, "species", GROVE_BATCH);
    grove_tensor group = grove_input_ids(g, "group", GROVE_BATCH);

    grove_tensor vector = grove_nn_embedding(species, SPECIES, WIDTH, "vector"); /* [batch, 12] */
    grove_tensor hidden = grove_relu(grove_nn_dense(vector, 32, "hidden"));      /* [batch, 32] */
    grove_tensor logits = grove_nn_dense(hidden, GROUPS, "out");                 /* [batch, 10] */
    grove_tensor loss = grove_softmax_cross_entropy(logits, group);              /* one number */
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.01)); /* gradients, updates */

    grove_plan *train = grove_plan_new(g, (grove_tensor[]){step, loss}, 2,
                                       &(grove_plan_options){.batch = BATCH, .training = true});
    grove_bind(train, species, species_ids);
    grove_bind(train, group, group_ids);
    for (uint64_t i = 0; i < STEPS && good; i++) {
        draw_rows(i * BATCH, BATCH, species_ids, group_ids);
        good = run(train);
    }
    /* ---- trained ----------------------------------------------------------------------------- */

    /* Rows of the table that no batch met of late are brought up to date before they are read. */
    good = good && grove_settle(step) == GROVE_OK;
    grove_plan *test = grove_plan_new(g, &logits, 1, &(grove_plan_options){.batch = NEW_ROWS});
    grove_bind(test, species, species_ids);
    draw_rows((uint64_t)1 << 40, NEW_ROWS, species_ids, group_ids);
    if (good && run(test)) {
        double share = accuracy(grove_value(test, logits), group_ids, NEW_ROWS);
        grove_id one = 4711;
        grove_id other = nearest(grove_parameter_data(grove_find(g, "vector.weight")), one);
        printf("%d species, %d rows seen, last loss %.3f\n"
               "right on %d new rows: %.1f %% (at best: 91 %%, by guessing: 10 %%)\n"
               "species %d belongs to the %s; the one with the nearest vector, %d, to the %s\n",
               SPECIES, STEPS * BATCH, grove_scalar(train, loss), NEW_ROWS, 100 * share, (int)one,
               group_names[group_of(one)], (int)other, group_names[group_of(other)]);
        good = share >= 0.95 * 0.91 && group_of(one) == group_of(other);
    }
    grove_plan_free(test);
    grove_plan_free(train);
    grove_graph_free(g);
    return good ? 0 : 1;
}
