/* SPDX-License-Identifier: MIT
 *
 * check_op.h - holds an op against everything that its descriptor promises, by its own examples. It
 * names no op, and answers in words, so that it can be tested itself: with ops that lie. */
#ifndef TESTS_CHECK_OP_H
#define TESTS_CHECK_OP_H

#include "scene.h"

typedef struct check_verdict {
    const char *op;
    int example; /* that is being looked at, or -1 */
    int faults;  /* found so far */
    size_t used;
    char words[3000]; /* one line a fault, as many as fit */
} check_verdict;

/* True if no fault was found. Gradients are held against differences where grove_real is double. */
bool check_op(const grove_op *op, check_verdict *verdict);

/* ---- its parts ------------------------------------------------------------------------------- */

void check_fault(check_verdict *verdict, const char *format, ...) GROVE_PRINTF(2, 3);

/* Is a as good as b, relative to the larger one (or to `floor`, if that is larger)? NaN is not. */
bool check_close(double a, double b, double tolerance, double floor);

/* Which inputs have shown a gradient that is not zero, over all examples of an op. */
typedef struct check_seen {
    bool wanted[SCENE_INPUTS], first[SCENE_INPUTS];
    bool second;
} check_seen;

/* Derivatives of first and second order against central differences. */
void check_gradients(const grove_op *op, const grove_example *example, check_seen *seen,
                     check_verdict *verdict);
/* The same bits in every kind of plan, with any number of threads, twice. */
void check_bits(const grove_op *op, const grove_example *example, check_verdict *verdict);
/* An id that no table has is met in words, with nothing changed, or does no harm. */
void check_ids(const grove_op *op, const grove_example *example, check_verdict *verdict);
/* Every allocation fails once. */
void check_memory(const grove_op *op, const grove_example *example, check_verdict *verdict);

#endif
