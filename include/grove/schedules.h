/* SPDX-License-Identifier: MIT
 *
 * grove/schedules.h - how the learning rate changes while a model learns.
 *
 * A schedule is a handful of nodes: a factor, computed anew in each step from the optimizer's clock
 * (how many updates were done before this one: t = 0, 1, 2...), times the rate. So it is part of
 * the training step, is seen in a picture of the graph, and goes on where a saved training left
 * off. grove_minimize makes it from `.schedule` of the optimizer:
 *
 *     grove_minimize(loss, GROVE_ADAM(.rate = 1e-3, .schedule = {GROVE_SCHEDULE_COSINE,
 *                                                                .steps = 10000, .warm_up = 500}));
 */
#ifndef GROVE_SCHEDULES_H
#define GROVE_SCHEDULES_H

#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With u = t - warm_up updates since the end of the warm-up (0 during it):
 *   constant   1
 *   step       gamma^floor(u / every)
 *   cosine     from 1 down to `floor` in half a cosine, at t = steps; then it stays there
 *              (Loshchilov & Hutter 2017)
 *   one-cycle  from `start` up to 1 in half a cosine for the share `rise` of the steps, then down
 *              to `floor` for the rest; then it stays there (Smith 2018; the form and the defaults
 *              of torch.optim.lr_scheduler.OneCycleLR; the momentum keeps still)
 */
typedef enum grove_schedule_kind {
    GROVE_SCHEDULE_CONSTANT,
    GROVE_SCHEDULE_STEP,
    GROVE_SCHEDULE_COSINE,
    GROVE_SCHEDULE_ONE_CYCLE
} grove_schedule_kind;

/* Zero means the default, field by field; all zero is the constant rate. Shares are of the rate. */
typedef struct grove_schedule {
    grove_schedule_kind kind;
    int64_t steps;   /* cosine, one-cycle: updates of the whole training, the warm-up counted */
    int64_t warm_up; /* update t < warm_up has (t + 1) / warm_up of the rate. Not for one-cycle,
                        which has its own */
    int64_t every;   /* step: so many updates to a stair */
    double gamma;    /* step: what each stair multiplies the rate by; above 0; 0.1 */
    double floor;    /* the share left at the end; cosine: 0, one-cycle: start / 10000 */
    double start;    /* one-cycle: the share at the beginning; 1 / 25 */
    double rise;     /* one-cycle: the share of the steps that go up; 0.3 */
} grove_schedule;

/* The factor of the update that comes after `step` updates: a scalar. step is a scalar id, an
 * optimizer's clock ("optimizer.step"); NULL is the constant schedule. Reckoned in grove_real:
 * where that is float, stairs are exact up to four million updates. */
GROVE_API grove_tensor grove_schedule_factor(grove_tensor step, const grove_schedule *schedule);

/* A clock for `.clock` of an optimizer, made before it, so that a `.rate_node` of your own can be
 * computed from it: grove_real_of(clock) is t. */
GROVE_API grove_tensor grove_clock(grove_graph *graph, const char *name);

/* ---- from the training loop ------------------------------------------------------------------ */

/* A rate that the training loop sets: a scalar state, for `.rate_node` of an optimizer. (A schedule
 * multiplies it.) */
GROVE_API grove_tensor grove_rate_state(grove_graph *graph, const char *name, double rate);
/* Writes the rate: a finite number from 0 up. Else it stays, and grove_graph_notice says why. */
GROVE_API grove_status grove_set_rate(grove_tensor rate_state, double rate);
/* What it stands at now; NaN for what is no rate state. */
GROVE_API double grove_get_rate(grove_tensor rate_state);

/* Lowers a rate where the loss no longer falls (as torch.optim.lr_scheduler.ReduceLROnPlateau). Set
 * the first part, leave the second at zero. */
typedef struct grove_plateau {
    grove_tensor rate; /* made by grove_rate_state */
    double factor;     /* what the rate is multiplied by, above 0 and below 1; 0: 0.1 */
    int patience;      /* calls without a better loss that are let pass; 0 means 10, -1 none */
    double threshold;  /* better is: below (1 - threshold) * best; 0: 1e-4 */
    double least;      /* the rate goes no lower */

    bool begun; /* its own notes */
    double best;
    int waited;
} grove_plateau;

/* To be called once an epoch with the loss on rows that are not trained on. True if it lowered the
 * rate. A loss that is no number counts as no better. */
GROVE_API bool grove_plateau_step(grove_plateau *plateau, double loss);

#ifdef __cplusplus
}
#endif
#endif
