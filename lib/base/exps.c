/* SPDX-License-Identifier: MIT
 *
 * exps.c - in float, exp by a polynomial, in loops that compilers vectorise.
 *
 * x = k * log 2 + r, k whole, |r| <= log(2) / 2, so exp(x) = 2^k * exp(r). log 2 is taken off in
 * two parts, the first of which has so few digits that k times it is exact (Cody & Waite 1980);
 * exp(r) is a polynomial of degree 7 with the coefficients of Cephes (Moshier 1989).
 *
 * Error: below 1 unit in the last place for all floats from -87.33654 to 88 (tests/test_exps.c;
 * `test_exps all` goes through all 2,237,574,225 of them: at most 0.9903). Above 88 the result is
 * infinite, and where it would lie below the smallest normal number, it is 0. NaN stays NaN.
 * In double it is libm's exp.
 *
 * The same loops are built for several kinds of processors (levels.h); all give the same bits.
 * Nanoseconds a number on one core of an AMD EPYC (family 26): expf 4.0, this with SSE2 1.2, with
 * AVX2 or AVX-512 0.3 to 0.4.
 */
#include "exps.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "levels.h"

#ifdef GROVE_DOUBLE
GROVE_KERNEL double exp_of(double x) {
    return exp(x);
}
#else
/* All cases are computed and one is chosen by its bits: there is no branch. */
GROVE_KERNEL float exp_of(float x) {
    const float whole = 12582912; /* 3 * 2^22: what is added to it is rounded to a whole number */
    const float shifted = x * 1.44269504088896341f + whole;
    const float k = shifted - whole;
    const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1;
    uint32_t bits;
    float power; /* 2^k: k stands in the lowest bits of `shifted` */
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;
    memcpy(&power, &bits, sizeof bits);
    float y = p * power;
    const uint32_t low = -(uint32_t)(x < -87.33654f), high = -(uint32_t)(x > 88.0f);
    memcpy(&bits, &y, sizeof bits);
    bits = (bits & ~(low | high)) | (high & 0x7f800000u);
    memcpy(&y, &bits, sizeof bits);
    return y;
}
#endif

enum { LANES = 16, RUN = 64 * LANES }; /* a lane adds at most 64 numbers before double takes over */

/* Written where `y` is not NULL (what the caller passes is known when this is compiled into it). */
GROVE_KERNEL double pass(const grove_real *x, size_t count, grove_real shift, grove_real factor,
                         grove_real *y) {
    double total = 0;
    size_t i = 0;
    while (i + LANES <= count) {
        size_t end = count - i < RUN ? count - (count - i) % LANES : i + RUN;
        grove_real lane[LANES] = {0};
        for (; i < end; i += LANES) {
            for (size_t k = 0; k < LANES; k++) {
                const grove_real e = factor * exp_of(x[i + k] - shift);
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
    for (; i < count; i++) {
        const grove_real e = factor * exp_of(x[i] - shift);
        total += (double)e;
        if (y) {
            y[i] = e;
        }
    }
    return total;
}

GROVE_KERNEL double sum_any(const grove_real *x, size_t count, grove_real shift) {
    return pass(x, count, shift, 1, NULL);
}
GROVE_BY_LEVEL(double, sum_pass, sum_any, (const grove_real *x, size_t count, grove_real shift),
               (x, count, shift))

GROVE_KERNEL double write_any(grove_real *x, size_t count, grove_real shift, grove_real factor) {
    return pass(x, count, shift, factor, x);
}
GROVE_BY_LEVEL(double, write_pass, write_any,
               (grove_real * x, size_t count, grove_real shift, grove_real factor),
               (x, count, shift, factor))

double grove_exps_sum(const grove_real *x, size_t count, grove_real shift) {
    return sum_pass(x, count, shift);
}

double grove_exps(grove_real *x, size_t count, grove_real shift, grove_real factor) {
    return write_pass(x, count, shift, factor);
}
