/* SPDX-License-Identifier: MIT
 *
 * train/gradient_probe.h - the slope of a loss along a line, by differences, and what it may be off
 * by. grove/gradient_check.h derives the method.
 */
#ifndef GROVE_TRAIN_GRADIENT_PROBE_H
#define GROVE_TRAIN_GRADIENT_PROBE_H

#include "grove/gradient_check.h"

/* A loss that is computed again and again, always with the same random numbers. */
typedef struct grove_probe {
    grove_plan *plan;
    grove_tensor loss;
    uint64_t runs;       /* training runs the graph has seen: the random numbers hang on it */
    double first_step;   /* as a share of max(|x|, 1) */
    double resolution;   /* the share of a slope that its bound may be, for it to be judged */
    double tolerance;    /* 0: derived */
    double at_rest;      /* the loss where nothing is moved */
    double noise;        /* standard deviation of the loss's rounding error */
    grove_status status; /* of the first run that failed */
} grove_probe;

/* The way along which a parameter is moved: x = still + t * direction / length. */
typedef struct grove_line {
    grove_real *x; /* [count], where the plan reads it */
    size_t count;
    size_t position;             /* the one component that moves, or GROVE_WHOLE: */
    const grove_real *direction; /* [count] */
    double length;               /* of the direction */
    grove_real *still;           /* [count], room to remember x */
} grove_line;

typedef enum grove_judgement {
    GROVE_SLOPE_AGREES,
    GROVE_SLOPE_ZERO,
    GROVE_SLOPE_TOO_SMALL,
    GROVE_SLOPE_KINK,
    GROVE_SLOPE_WRONG
} grove_judgement;

/* The loss with x moved by t; x is put back at once. *moved is by how much it was moved, rounding
 * included. NaN where the run fails. */
double grove_probe_loss(grove_probe *probe, const grove_line *line, double t, double *moved);

/* The standard deviation of the loss's rounding error, seen along this line; 0 where it does not
 * move at all. */
double grove_probe_noise(grove_probe *probe, const grove_line *line);

/* Holds an analytic slope (`slope->analytic`) against differences, and fills in the rest.
 * `rounding` is what the analytic one may be off by itself. */
grove_judgement grove_probe_judge(grove_probe *probe, const grove_line *line, double rounding,
                                  grove_slope *slope);

#endif
