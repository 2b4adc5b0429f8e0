/* SPDX-License-Identifier: MIT
 *
 * train/keeper.h - where a training is, kept in a file and found again: what grove_fit needs for
 * grove/checkpoint.h.
 *
 * The keeper knows the place. grove_fit begins each epoch at .row with the sum .sum, tells of each
 * step and of each epoch's end, and stops where it is told false.
 */
#ifndef GROVE_TRAIN_KEEPER_H
#define GROVE_TRAIN_KEEPER_H

#include "base/memory.h"
#include "grove/checkpoint.h"

/* Of losses, each times what its rows weigh, and of those weights. */
typedef struct grove_losses_so_far {
    double loss, mass;
} grove_losses_so_far;

typedef struct grove_keeper {
    /* set by grove_fit */
    grove_graph *graph;
    const grove_fit_options *options; /* with the defaults filled in */
    grove_rows train, valid;
    size_t classes;   /* that the options have weights of, if any */
    grove_real *best; /* [best_count] the best weights so far; NULL: none are kept */
    size_t best_count;
    double *best_loss;
    grove_plateau *plateau;
    grove_fit_result *result;

    /* the place: `row` rows of this epoch are done, with these sums, in so many seconds before
     * `begun` */
    int epoch;
    size_t row, step;
    grove_losses_so_far sum;
    double seconds, begun;
    grove_progress *epochs; /* [epoch - 1] as they were reported; kept if there are checkpoints */
    size_t room;
} grove_keeper;

/* The place is the beginning, or, where the options say so, that of the file. False with the
 * mistake told. To be closed in either case. */
bool grove_keeper_open(grove_keeper *keeper, grove_error *error);
void grove_keeper_close(grove_keeper *keeper);

/* How long the epoch has taken so far. */
double grove_keeper_seconds(const grove_keeper *keeper);

/* After a step that is not the epoch's last; after an epoch. False if training is to end here. */
bool grove_keeper_step(grove_keeper *keeper, const grove_progress *progress,
                       grove_losses_so_far sum, grove_error *error);
bool grove_keeper_epoch(grove_keeper *keeper, const grove_progress *progress, grove_error *error);

/* ---- the file (keeper_notes.c) --------------------------------------------------------------- */

grove_status grove_keeper_write(grove_keeper *keeper, grove_error *error);
/* Fills in place, epochs, result, best weights and the graph's numbers. */
grove_status grove_keeper_read(grove_keeper *keeper, grove_error *error);

/* A count that a file tells as a double; it may say anything. */
static inline size_t grove_count_told(double number) {
    return number >= 0 && number < 0x1p53 ? (size_t)number : 0;
}

#endif
