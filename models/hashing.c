/* SPDX-License-Identifier: MIT
 *
 * hashing - does every species need a row of its own?
 *
 * The task of species.c: rows (species, group), of which one in ten has a group drawn at random;
 * but here some species are seen often and most of them seldom, as in nature. It is learned five
 * times: with a full table; with hashed tables of an eighth of its rows; and with two tables, by
 * quotient and remainder, of about as many rows together. Two species that have the same rows are
 * one to the model, and at best it learns the group of the one that it sees more often. How many
 * such pairs there are, and how many there would be by chance, is printed beside the result.
 */
#include <stdio.h>

#include "grove/grove.h"

enum { SPECIES = 24000, GROUPS = 10, WIDTH = 12, BUCKETS = 3000, BATCH = 1024, STEPS = 500 };
enum { NEW_ROWS = 10000, FORMS = 5, HASH_SEED = 1 };

/* Rows for each species: 0 where there is no hash. */
static const struct form {
    const char *name;
    int hashes;
    bool weighted, quotients;
} forms[FORMS] = {{"full table", 0, false, false},
                  {"1 hash", 1, false, false},
                  {"2 hashes", 2, false, false},
                  {"2 hashes, weighted", 2, true, false},
                  {"quotient, remainder", 0, false, true}};

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

/* Rows number first, first + 1... of an endless table. Small numbers are drawn more often. */
static void draw_rows(uint64_t first, size_t count, grove_id *species, grove_id *group) {
    for (size_t i = 0; i < count; i++) {
        double u = (double)(hash(2, first + i) >> 11) * 0x1p-53;
        species[i] = (grove_id)(SPECIES * u * u * u);
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

static grove_tensor embed(const struct form *form, grove_tensor species) {
    if (form->hashes > 0) {
        grove_nn_hashed_embedding_options o = {.hashes = form->hashes,
                                               .seed = HASH_SEED,
                                               .importance_rows = form->weighted ? SPECIES : 0};
        return grove_nn_hashed_embedding(species, BUCKETS, WIDTH, "vector", &o);
    }
    return form->quotients ? grove_nn_quotient_remainder_embedding(species, SPECIES, BUCKETS, WIDTH,
                                                                   "vector", NULL)
                           : grove_nn_embedding(species, SPECIES, WIDTH, "vector");
}

/* Runs a plan. Whatever went wrong, in building the graph too, is told here. */
static bool run(grove_plan *plan) {
    bool good = grove_run(plan) == GROVE_OK;
    if (!good) {
        fprintf(stderr, "hashing: %s\n", grove_plan_error(plan)->message);
    }
    return good;
}

/* All that the optimizer may change. */
static size_t parameters(const grove_graph *g) {
    size_t count = 0;
    for (int32_t i = 0; i < grove_parameter_count(g); i++) {
        grove_tensor p = grove_parameter_at(g, i);
        count += grove_parameter_is_trainable(p) ? grove_parameter_size(p) : 0;
    }
    return count;
}

/* Trains a model with this form of embedding; the share of new rows that it gets right, or -1. */
static double train(const struct form *form, size_t *size) {
    static grove_id species_ids[NEW_ROWS], group_ids[NEW_ROWS];
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor species = grove_input_ids(g, "species", GROVE_BATCH);
    grove_tensor group = grove_input_ids(g, "group", GROVE_BATCH);
    grove_tensor hidden = grove_relu(grove_nn_dense(embed(form, species), 32, "hidden"));
    grove_tensor logits = grove_nn_dense(hidden, GROUPS, "out");
    grove_tensor loss = grove_softmax_cross_entropy(logits, group);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.01));

    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = BATCH, .training = true});
    grove_bind(plan, species, species_ids);
    grove_bind(plan, group, group_ids);
    bool good = true;
    for (uint64_t i = 0; i < STEPS && good; i++) {
        draw_rows(i * BATCH, BATCH, species_ids, group_ids);
        good = run(plan);
    }
    good = good && grove_settle(step) == GROVE_OK;
    grove_plan *test = grove_plan_new(g, &logits, 1, &(grove_plan_options){.batch = NEW_ROWS});
    grove_bind(test, species, species_ids);
    draw_rows((uint64_t)1 << 40, NEW_ROWS, species_ids, group_ids);
    double share =
        good && run(test) ? accuracy(grove_value(test, logits), group_ids, NEW_ROWS) : -1;
    *size = parameters(g);
    grove_plan_free(test);
    grove_plan_free(plan);
    grove_graph_free(g);
    return share;
}

/* What the layer's hash does to all species: their rows are computed by a graph of two nodes. */
static bool count_collisions(int hashes, const double *weights, grove_collision *worst,
                             grove_collision_report *report) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor rows = grove_hash_ids(grove_positions(g, SPECIES), BUCKETS, hashes, HASH_SEED);
    grove_plan *plan = grove_plan_new(g, &rows, 1, NULL);
    grove_collision_options o = {.weights = weights, .heaviest = worst, .room = 1};
    grove_error error;
    bool good = run(plan);
    if (good && grove_report_collisions(grove_value(plan, rows), SPECIES, hashes, BUCKETS, &o,
                                        report, &error) != GROVE_OK) {
        fprintf(stderr, "hashing: %s\n", error.message);
        good = false;
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

/* How many rows of data each species has among those that training sees. */
static void count_rows(double *weights) {
    static grove_id species[BATCH], group[BATCH];
    for (uint64_t i = 0; i < STEPS; i++) {
        draw_rows(i * BATCH, BATCH, species, group);
        for (size_t k = 0; k < BATCH; k++) {
            weights[species[k]]++;
        }
    }
}

int main(void) {
    static double weights[SPECIES], share[FORMS];
    grove_collision_report report = {0};
    grove_collision worst[2];
    bool good = true;
    count_rows(weights);
    printf("%-20s %10s %8s   pairs of species that are one, and expected\n", "", "parameters",
           "right");
    for (int f = 0; f < FORMS && good; f++) {
        size_t size;
        share[f] = train(&forms[f], &size);
        good = share[f] >= 0;
        printf("%-20s %10zu %6.1f %%", forms[f].name, size, 100 * share[f]);
        if (good && forms[f].hashes > 0) {
            int k = forms[f].hashes;
            good = count_collisions(k, weights, &worst[k - 1], &report);
            printf("   %llu, %.1f expected; they have %.1f %% of the rows",
                   (unsigned long long)report.merged_pairs, report.merged_pairs_expected,
                   100 * report.merged_weight);
        }
        printf("\n");
    }
    if (good) {
        printf("at best: 91 %%, by guessing: 10 %%\n"
               "the worst pair with 1 hash: species %zu and %zu have row %d, and %.0f rows of data "
               "or more each\n",
               worst[0].first, worst[0].second, (int)worst[0].row, worst[0].weight);
        bool near_chance = (double)report.merged_pairs < 2 * report.merged_pairs_expected;
        good = near_chance && share[0] > 0.95 * 0.91 && share[2] > share[1] + 0.1 &&
               share[4] > share[1] + 0.1;
    }
    return good ? 0 : 1;
}
