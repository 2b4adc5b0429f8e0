/* SPDX-License-Identifier: MIT
 *
 * planned.h - how much memory the training of a model takes: it is built and planned, with memory
 * that is counted, and given back before it begins.
 */
#ifndef TOOLS_PLANNED_H
#define TOOLS_PLANNED_H

#include <stdbool.h>

/* In bytes. */
typedef struct planned {
    double model;   /* its graph and its numbers */
    double trained; /* the same, and what the optimizer keeps */
    double plans;   /* what a step computes: of a batch, of the last one, of validation */
    bool too_much;  /* more than the limit; the rest is not known */
} planned;

struct job;

/* 0 bytes: there is no limit. Complains and returns an exit code where there can be no model; one
 * that is too large is none of these. */
int plan_model(const struct job *j, double limit, planned *p);

#endif
