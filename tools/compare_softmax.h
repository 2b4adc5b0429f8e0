/* SPDX-License-Identifier: MIT
 *
 * compare_softmax.h - losses of very many classes side by side: what grove compare --softmax found,
 * and how it is told.
 */
#ifndef TOOLS_COMPARE_SOFTMAX_H
#define TOOLS_COMPARE_SOFTMAX_H

#include "job.h"

enum { MOST_LOSSES = 1 + 2 * 16, LOSS_DRAWS = 100, LOSS_ROWS = 256 };

/* How far an estimate is from what it stands for, over draws at the same weights, on the same rows.
 * Of a loss in nats; of a gradient as a share of the full one's length. */
typedef struct estimate_error {
    double bias;   /* of the mean over all draws: signed of a loss, a length of a gradient */
    double spread; /* standard deviation of one draw */
} estimate_error;

/* The network learned by one loss. */
typedef struct compared_loss {
    grove_softmax_kind kind;
    int64_t samples; /* 0: full */
    char name[40];   /* "sampled, 512 draws" */
    int64_t parameters;
    double memory;  /* bytes: parameters, what the optimizer keeps beside them, a step's results */
    double step_us; /* mean over the training steps */
    int epochs, best_epoch;
    grove_estimate log_loss, accuracy, top_10; /* of the full softmax, on the validation rows */
    estimate_error loss;                       /* of sampled softmax; else NaN */
    estimate_error gradient;                   /* of the first layer's weight; full: 0 */
    double cosine; /* mean over draws, of the angle between a draw's gradient and the full one */
} compared_loss;

typedef struct loss_comparison {
    const job *j;
    int64_t classes;
    compared_loss losses[MOST_LOSSES];
    int count;
} loss_comparison;

/* Trains and measures all of them. Complains and returns an exit code on failure. */
int compare_softmax(const options *asked);

/* A table in words, to stdout. */
void print_loss_comparison(const loss_comparison *c);
json_t *json_loss_comparison(const loss_comparison *c);
/* The same as a page with charts. Complains and returns an exit code on failure. */
int write_loss_comparison(const loss_comparison *c, const char *path);

/* How far the losses of `kind` are from the full one at the weights of `full`, over LOSS_DRAWS
 * draws, on the first rows for validation (compare_draws.c). */
grove_status measure_draws(const job *j, const grove_classifier *full, compared_loss *loss,
                           grove_error *error);
/* What network to build for a loss. */
grove_classifier_options network_of_loss(const job *j, const compared_loss *loss);

#endif
