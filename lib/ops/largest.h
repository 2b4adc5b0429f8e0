/* SPDX-License-Identifier: MIT
 *
 * ops/largest.h - the largest of numbers that lie beside each other: for max, and for all that
 * subtracts it before an exp.
 */
#ifndef GROVE_OPS_LARGEST_H
#define GROVE_OPS_LARGEST_H

#include "room.h"

/* A NaN wins, and stays. (| and not ||: then there is no branch, and compilers vectorise.) */
GROVE_KERNEL grove_real grove_larger(grove_real a, grove_real b) {
    return ((b > a) | (b != b)) ? b : a;
}

/* Of `first` and x [count]. Which order is taken makes no difference, so it is eight at a time. */
GROVE_KERNEL grove_real grove_largest(grove_real first, const grove_real *x, size_t count) {
    enum { LANES = 8 };
    grove_real lane[LANES];
    size_t i = 0;
    for (size_t k = 0; k < LANES; k++) {
        lane[k] = first;
    }
    for (; i + LANES <= count; i += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            lane[k] = grove_larger(lane[k], x[i + k]);
        }
    }
    for (; i < count; i++) {
        lane[0] = grove_larger(lane[0], x[i]);
    }
    for (size_t k = 1; k < LANES; k++) {
        lane[0] = grove_larger(lane[0], lane[k]);
    }
    return lane[0];
}

#endif
