/* SPDX-License-Identifier: MIT
 * base/exps.h - sums of exponentials, and the exponentials themselves: what a softmax is made of.
 *
 * To be used in a kernel (levels.h). The numbers are added in float, in sixteen lanes, and in
 * double after every GROVE_EXPS_RUN of them: an order that depends on the count alone. What is left
 * at the end goes through the same lanes, filled up with exp(-infinity) = 0. */
#ifndef GROVE_BASE_EXPS_H
#define GROVE_BASE_EXPS_H

#include "functions.h"
#include "lanes.h"

enum { GROVE_EXPS_RUN = 64 * GROVE_LANES };

/* grove_exp_of, sixteen at a time, to the same bits: in rows as short as ten numbers no compiler
 * finds the vectors by itself. */
GROVE_KERNEL void grove_lanes_exp(grove_lanes *lanes) {
#ifdef GROVE_DOUBLE
    for (int i = 0; i < GROVE_LANES; i++) {
        (*lanes)[i] = exp((*lanes)[i]);
    }
#else
    typedef uint32_t words __attribute__((vector_size(GROVE_LANES * sizeof(uint32_t))));
    const float whole = 12582912;
    grove_lanes x = *lanes;
    grove_lanes_clamp(&x, -104, 89);
    const grove_lanes shifted = x * 1.44269504088896341f + whole;
    const grove_lanes k = shifted - whole;
    const grove_lanes r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    grove_lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const words power = (words)shifted - 0x4b400000u;
    const words half = ((power + 256u) >> 1) - 128u;
    *lanes = p * (grove_lanes)((half << 23) + 0x3f800000u) *
             (grove_lanes)(((power - half) << 23) + 0x3f800000u);
#endif
}

/* The sum of the lanes in double: where a row is nearly sure of one class, the small ones count. */
GROVE_KERNEL double grove_lanes_total(const grove_lanes *lanes) {
    double sum[GROVE_LANES];
    for (int i = 0; i < GROVE_LANES; i++) {
        sum[i] = (double)(*lanes)[i];
    }
    for (int half = GROVE_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            sum[i] += sum[i + half];
        }
    }
    return sum[0];
}

/* The sum of factor * exp(x[i] - shift), which are written into y [count] unless it is NULL; y may
 * be x. (Whether it is NULL is known when this is compiled into its caller.) */
GROVE_KERNEL double grove_exps(const grove_real *x, size_t count, grove_real shift,
                               grove_real factor, grove_real *y) {
    double total = 0;
    for (size_t i = 0; i < count;) {
        const size_t end = count - i < GROVE_EXPS_RUN ? count : i + GROVE_EXPS_RUN;
        grove_lanes sum = {0};
        for (; i < end; i += GROVE_LANES) {
            grove_lanes e;
            grove_lanes_load(&e, x + i, end - i);
            grove_lanes_cut(&e, end - i, -(grove_real)INFINITY);
            e -= shift;
            grove_lanes_exp(&e);
            e *= factor;
            sum += e;
            if (y) {
                grove_lanes_store(&e, y + i, end - i);
            }
        }
        total += grove_lanes_total(&sum);
    }
    return total;
}

#endif
