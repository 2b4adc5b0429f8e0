/* SPDX-License-Identifier: MIT
 *
 * train/gradient_checker.h - a gradient check that has been opened: what is to be checked, the two
 * plans, the analytic gradients.
 */
#ifndef GROVE_TRAIN_GRADIENT_CHECKER_H
#define GROVE_TRAIN_GRADIENT_CHECKER_H

#include "base/error.h"
#include "base/memory.h"
#include "gradient_probe.h"
#include "gradient_sample.h"

typedef struct grove_target {
    grove_tensor tensor, gradient;
    size_t size;
    grove_real *numbers;        /* [size], where plans read them */
    grove_real *copy;           /* of a bound input, whose own numbers must not be moved */
    const grove_real *analytic; /* [size]; NULL: zero */
    double largest;             /* of the analytic, by size; NaN if one is */
    grove_tensor readers[GROVE_MOST_READERS];
    int reader_count; /* -1: not read by rows alone */
} grove_target;

typedef struct grove_checker {
    grove_gradient_check_options wish;
    grove_tensor loss;
    const grove_binding *bindings;
    int binding_count;
    bool *reaches; /* [loss.index + 1] */
    grove_target *targets;
    int count;
    grove_plan *slopes, *forward;
    grove_probe probe;
    double largest; /* of all gradients */
    bool *live;     /* [size of the largest parameter]: may its gradient be other than zero? */
    grove_real *still;
    size_t *positions;
    grove_gradient_report *report;
    grove_error *error;
} grove_checker;

/* Checks what is asked for, makes the plans, and runs the backward pass. False, with the reason in
 * c->error, where that cannot be; to be closed in any case. */
bool grove_checker_open(grove_checker *c, const grove_tensor *parameters, int count);
void grove_checker_close(grove_checker *c);

#endif
