/* SPDX-License-Identifier: MIT
 * base/exps.h - sums of exponentials, and the exponentials themselves: what a softmax is made of.
 *
 * To be used in a kernel (levels.h). The numbers are added in float in as many lanes as the widest
 * registers have, and in double after every RUN of them: an order that depends on the count alone.
 * What is left at the end goes through the same lanes, filled up with exp(-infinity) = 0. */
#ifndef GROVE_BASE_EXPS_H
#define GROVE_BASE_EXPS_H

#include "functions.h"

enum { GROVE_EXPS_LANES = 16, GROVE_EXPS_RUN = 64 * GROVE_EXPS_LANES };

/* The sum of factor * exp(x[i] - shift), which are written into y [count] unless it is NULL; y may
 * be x. (Whether it is NULL is known when this is compiled into its caller.) */
GROVE_KERNEL double grove_exps(const grove_real *x, size_t count, grove_real shift,
                               grove_real factor, grove_real *y) {
    enum { LANES = GROVE_EXPS_LANES, RUN = GROVE_EXPS_RUN };
    double total = 0;
    size_t i = 0;
    while (i + LANES <= count) {
        size_t end = count - i < RUN ? count - (count - i) % LANES : i + RUN;
        grove_real lane[LANES] = {0};
        for (; i < end; i += LANES) {
            for (size_t k = 0; k < LANES; k++) {
                const grove_real e = factor * grove_exp_of(x[i + k] - shift);
                lane[k] += e;
                if (y) {
                    y[i + k] = e;
                }
            }
        }
        for (size_t k = 0; k < LANES; k++) {
            total += (double)lane[k];
        }
    }
    if (i < count) {
        const size_t left = count - i;
        grove_real rest[LANES];
        for (size_t k = 0; k < LANES; k++) {
            rest[k] = k < left ? x[i + k] : -(grove_real)INFINITY;
        }
        for (size_t k = 0; k < LANES; k++) {
            rest[k] = factor * grove_exp_of(rest[k] - shift);
        }
        for (size_t k = 0; k < left; k++) {
            total += (double)rest[k];
        }
        if (y) {
            memcpy(y + i, rest, left * sizeof *y);
        }
    }
    return total;
}

#endif
