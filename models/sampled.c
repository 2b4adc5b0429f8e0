/* SPDX-License-Identifier: MIT
 *
 * sampled - one of 20,000 classes, learned without ever adding up 20,000 scores.
 *
 * A shop has 200 kinds of things in 100 colours; each pair is a product with a number of its own.
 * From kind and colour the model is to tell the product, and it does not know how they are
 * numbered. A full softmax computes a score for each product, at each step, for each row. The
 * sampled losses look at the label and at a few products drawn at random:
 *
 *     sampled softmax      estimates the sum over all products from those that were drawn
 *     noise-contrastive    asks of a product: was it the label, or noise?
 *     negative sampling    the same, without telling it how likely noise is
 *
 * Some products are bought often and most are rare, so they are drawn by their counts to the power
 * of 3/4. All four models see the same rows, and answer the same questions afterwards, each by
 * scores of all products. What differs is what a step costs: for the price of one pass over the
 * rows with the full softmax, a sampled loss makes twenty and has half of it left. (Six passes
 * bring the full softmax to the same accuracy.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"

enum {
    KINDS = 200,
    COLOURS = 100,
    PRODUCTS = KINDS * COLOURS,
    WIDTH = 16, /* of each of the two tables */
    BATCH = 32,
    SAMPLES = 64, /* products drawn for a batch */
    STEPS = 120,  /* to see all rows once */
    QUESTIONS = 500,
    PASSES_BY_SAMPLES = 20 /* over the rows; the full softmax makes one */
};

typedef struct rows {
    grove_id *kind, *colour, *product; /* [STEPS * BATCH + QUESTIONS] each; the last are asked */
    double counts[PRODUCTS];
} rows;

/* ---- data ------------------------------------------------------------------------------------ */

/* The next random number, from 0 to below 1 (SplitMix64). */
static double draw(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* One of n, the first ones more often than the last. */
static grove_id pick(uint64_t *state, int n) {
    double u = draw(state);
    return (grove_id)(n * u * u * u * u * u * u);
}

/* A count begins at 1: also what nobody bought yet may be drawn. */
static bool make_rows(rows *r) {
    size_t count = STEPS * BATCH + QUESTIONS;
    uint64_t state = 1;
    r->kind = malloc(3 * count * sizeof *r->kind);
    if (!r->kind) {
        return false;
    }
    r->colour = r->kind + count;
    r->product = r->colour + count;
    for (size_t i = 0; i < PRODUCTS; i++) {
        r->counts[i] = 1;
    }
    for (size_t i = 0; i < count; i++) {
        r->kind[i] = pick(&state, KINDS);
        r->colour[i] = pick(&state, COLOURS);
        r->product[i] = (r->kind[i] * COLOURS + r->colour[i]) * 7 % PRODUCTS;
        r->counts[r->product[i]] += i < STEPS * BATCH;
    }
    return true;
}

/* ---- the model, four times ------------------------------------------------------------------- */

typedef enum loss_kind { FULL, SOFTMAX, CONTRASTIVE, NEGATIVE, LOSSES } loss_kind;
static const char *const loss_names[LOSSES] = {"full softmax", "sampled softmax",
                                               "noise-contrastive", "negative sampling"};

typedef struct model {
    grove_graph *graph;
    grove_tensor kind, colour, product; /* inputs */
    grove_tensor weight, bias;          /* the output table: [products, 2 * width], [products, 1] */
    grove_tensor scores, step;
} model;

static model build(loss_kind kind, const double *counts) {
    model m = {.graph = grove_graph_new(&(grove_graph_options){.seed = 1})};
    grove_graph *g = m.graph;
    m.kind = grove_input_ids(g, "kind", GROVE_BATCH);
    m.colour = grove_input_ids(g, "colour", GROVE_BATCH);
    m.product = grove_input_ids(g, "product", GROVE_BATCH);
    grove_tensor parts[] = {grove_nn_embedding(m.kind, KINDS, WIDTH, "kind"),
                            grove_nn_embedding(m.colour, COLOURS, WIDTH, "colour")};
    grove_tensor x = grove_concat(parts, 2, 1);
    m.weight = grove_parameter(g, "out.weight", GROVE_SHAPE(PRODUCTS, 2 * WIDTH), (grove_init){0});
    /* -log(20,000): scores that are log-probabilities from the start, as contrasting wants it. */
    m.bias = grove_parameter(g, "out.bias", GROVE_SHAPE(PRODUCTS, 1),
                             (grove_init){GROVE_INIT_CONSTANT, .a = -9.9});
    m.scores = grove_add(grove_matmul(x, m.weight, false, true),
                         grove_reshape(m.bias, GROVE_SHAPE(PRODUCTS)));

    grove_sampler sampler = grove_sampler_unigram(g, counts, PRODUCTS, 0.75, "product");
    grove_sampled_options options = {.sampler = &sampler, .samples = SAMPLES};
    grove_tensor loss = GROVE_NONE;
    switch (kind) {
    case SOFTMAX:
        loss = grove_sampled_softmax_loss(x, m.weight, m.bias, m.product, &options);
        break;
    case CONTRASTIVE:
        loss = grove_noise_contrastive_loss(x, m.weight, m.bias, m.product, &options);
        break;
    case NEGATIVE: /* learns how much likelier than noise a product is; so that is added again */
        loss = grove_negative_sampling_loss(x, m.weight, m.bias, m.product, &options);
        m.scores = grove_add(m.scores, grove_sampler_log_q(&sampler, grove_positions(g, PRODUCTS)));
        break;
    default:
        loss = grove_softmax_cross_entropy(m.scores, m.product);
        break;
    }
    m.step = grove_minimize(loss, GROVE_ADAGRAD(.rate = 0.5));
    return m;
}

static void bind(const model *m, grove_plan *plan, const rows *r, size_t first) {
    grove_bind(plan, m->kind, r->kind + first);
    grove_bind(plan, m->colour, r->colour + first);
    grove_bind(plan, m->product, r->product + first);
}

/* The share of the questions that the highest score answers. */
static double accuracy(const model *m, const rows *r) {
    const size_t first = STEPS * BATCH;
    size_t right = 0;
    grove_plan *plan =
        grove_plan_new(m->graph, &m->scores, 1, &(grove_plan_options){.batch = QUESTIONS});
    bind(m, plan, r, first);
    const grove_real *scores = grove_run(plan) == GROVE_OK ? grove_value(plan, m->scores) : NULL;
    for (size_t i = 0; scores && i < QUESTIONS; i++) {
        const grove_real *of_row = scores + i * PRODUCTS;
        size_t best = 0;
        for (size_t k = 1; k < PRODUCTS; k++) {
            best = of_row[k] > of_row[best] ? k : best;
        }
        right += best == (size_t)r->product[first + i];
    }
    grove_plan_free(plan);
    return (double)right / QUESTIONS;
}

/* How many numbers of the output table differ from `before`. */
static size_t changed(const model *m, const grove_real *before) {
    const grove_real *now = grove_parameter_data(m->weight);
    size_t count = 0;
    for (size_t i = 0; i < grove_parameter_size(m->weight); i++) {
        count += now[i] != before[i];
    }
    return count;
}

/* How many numbers the nodes of a step have. (In a plan that keeps each of them: in others, what is
 * done on a product's way to memory makes none of its own.) */
static size_t numbers_of_step(const model *m) {
    grove_plan *plan =
        grove_plan_new(m->graph, &m->step, 1,
                       &(grove_plan_options){.batch = BATCH, .training = true, .keep_all = true});
    size_t numbers = grove_plan_statistics(plan).unshared_bytes / sizeof(grove_real);
    grove_plan_free(plan);
    return numbers;
}

/* What a loss came to. */
typedef struct outcome {
    double accuracy;
    size_t made;    /* numbers that a step computes, gradients included */
    size_t changed; /* numbers of the output table that the last step changed */
    size_t all;     /* numbers made in all steps */
} outcome;

static bool train(loss_kind kind, const rows *r, grove_real *before, outcome *o) {
    model m = build(kind, r->counts);
    grove_plan *plan = grove_plan_new(m.graph, &m.step, 1,
                                      &(grove_plan_options){.batch = BATCH, .training = true});
    const size_t passes = kind == FULL ? 1 : PASSES_BY_SAMPLES, steps = passes * STEPS;
    bool good = true;
    for (size_t i = 0; i < steps && good; i++) {
        bind(&m, plan, r, i % STEPS * BATCH);
        if (i == steps - 1) {
            memcpy(before, grove_parameter_data(m.weight),
                   grove_parameter_size(m.weight) * sizeof *before);
        }
        good = grove_run(plan) == GROVE_OK;
    }
    if (good) {
        o->made = numbers_of_step(&m);
        o->all = o->made * steps;
        o->changed = changed(&m, before);
        o->accuracy = accuracy(&m, r);
        printf("%-18s %6zu %8.3f %13zu %13zu %13zu\n", loss_names[kind], passes, o->accuracy,
               o->made, o->changed, o->all);
    } else {
        fprintf(stderr, "sampled: %s\n", grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
    grove_graph_free(m.graph);
    return good;
}

int main(void) {
    static rows r;
    static grove_real before[PRODUCTS * 2 * WIDTH];
    outcome o[LOSSES] = {{0}};
    bool good = make_rows(&r);
    printf("%d products, %d rows in batches of %d, %d products drawn for each\n\n", PRODUCTS,
           STEPS * BATCH, BATCH, SAMPLES);
    printf("%-18s %6s %8s %13s %13s %13s\n", "", "", "", "a step makes", "and moves", "all make");
    printf("%-18s %6s %8s %13s %13s %13s\n", "loss", "passes", "accuracy", "numbers", "weights",
           "numbers");
    for (int kind = FULL; kind < LOSSES && good; kind++) {
        good = train((loss_kind)kind, &r, before, &o[kind]) && o[kind].accuracy > 0.6 &&
               o[kind].accuracy >= o[FULL].accuracy &&
               (kind == FULL || (o[kind].all < o[FULL].all / 2 && o[kind].changed < 4000));
    }
    free(r.kind);
    return good ? 0 : 1;
}
