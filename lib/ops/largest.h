/* SPDX-License-Identifier: MIT
 *
 * ops/largest.h - the largest of numbers that lie beside each other: for max, and for all that
 * subtracts it before an exp.
 */
#ifndef GROVE_OPS_LARGEST_H
#define GROVE_OPS_LARGEST_H

#include "base/lanes.h"
#include "room.h"

/* A NaN wins, and stays. (| and not ||: then there is no branch, and compilers vectorise.) */
GROVE_KERNEL grove_real grove_larger(grove_real a, grove_real b) {
    return ((b > a) | (b != b)) ? b : a;
}

/* Of `first` and x [count]. Which order is taken makes no difference, so it is many at a time. */
GROVE_KERNEL grove_real grove_largest(grove_real first, const grove_real *x, size_t count) {
    size_t k = 0;
    if (count >= GROVE_LANES) {
        grove_lanes most = (grove_lanes){0} + first;
        for (; k + GROVE_LANES <= count; k += GROVE_LANES) {
            grove_lanes_larger(&most, (const grove_lanes *)(x + k));
        }
        for (size_t i = 0; i < GROVE_LANES; i++) {
            first = grove_larger(first, most[i]);
        }
    }
    for (; k < count; k++) {
        first = grove_larger(first, x[k]);
    }
    return first;
}

#endif
