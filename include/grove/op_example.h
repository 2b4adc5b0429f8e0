/* SPDX-License-Identifier: MIT
 *
 * grove/op_example.h - worked examples of an op: test, manual and lesson at once.
 *
 * An example is data: inputs, the builder, and what must come out. Whoever tests an op walks its
 * list and holds it against the numbers, against central differences, against every kind of plan;
 * whoever explains it prints the first one. An op works without examples; nobody knows it, then.
 */
#ifndef GROVE_OP_EXAMPLE_H
#define GROVE_OP_EXAMPLE_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grove_example_tensor {
    grove_type type;
    grove_shape shape;    /* literal: {2, {3, 4}} */
    const double *values; /* NULL: the test draws some (ids: 0, 1, 2...) */
    bool stored;          /* a parameter or state, for ops that write in place */
    bool no_check;        /* leave out of gradient checks: the op has no gradient for it, or it is
                             piecewise constant in it */
} grove_example_tensor;

enum { GROVE_EXAMPLE_INPUTS = 10 };

typedef struct grove_example {
    int inputs;
    grove_example_tensor in[GROVE_EXAMPLE_INPUTS];
    grove_tensor (*build)(const grove_tensor *in);
    const double *out;                      /* what it yields; NULL: only gradients are checked */
    const double *dy;                       /* an incoming gradient, */
    const double *dx[GROVE_EXAMPLE_INPUTS]; /* and what each input then gets */
    const double *after[GROVE_EXAMPLE_INPUTS]; /* for stored inputs: their numbers after the run */
    const char *refused; /* not an example: this build must be refused with these words in it */
} grove_example;

/* Numbers of an example, in static storage. (C++ has no such literals: name an array.) */
#define GROVE_NUMBERS(...) ((const double[]){__VA_ARGS__})

#ifdef __cplusplus
}
#endif
#endif
