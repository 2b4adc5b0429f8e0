/* SPDX-License-Identifier: MIT
 * base/functions.h - exp, log, tanh, log1p, gelu and its slope, for loops over many grove_reals.
 *
 * In float each is a few polynomials and no branch: what has cases computes all of them and chooses
 * by comparing, so compilers vectorise the loop around it, and a level of processors (levels.h)
 * changes nothing but the number of lanes: the bits are the same. libm's functions, called number
 * by number, are what such loops would spend nearly all their time in. In double, which is there to
 * check gradients, they are libm's.
 *
 * Coefficients: Cephes (Moshier 1989), single precision, but for gelu. Largest errors, in units in
 * the last place of a float (tests/test_functions.c; `test_functions all` goes through all floats):
 *     exp 1.0 (exp_of_negative 1.0 from -87 on)   log 0.8   tanh 1.4
 *     log1p 1.3 (for x from 0 to 1000, which is what is asked for)
 *     gelu 6.9   its slope 5.2 (which is 0 at -0.75: in units of |Phi(x)| + |x phi(x)|)
 * NaN stays NaN; infinities, zeros and subnormal numbers are met as by libm.
 */
#ifndef GROVE_BASE_FUNCTIONS_H
#define GROVE_BASE_FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "grove/tensor.h"
#include "levels.h"

#ifdef GROVE_DOUBLE

GROVE_KERNEL double grove_exp_of(double x) {
    return exp(x);
}
GROVE_KERNEL double grove_exp_of_negative(double x) {
    return exp(x);
}
GROVE_KERNEL double grove_log_of(double x) {
    return log(x);
}
GROVE_KERNEL double grove_tanh_of(double x) {
    return tanh(x);
}
GROVE_KERNEL double grove_log1p_of(double x) {
    return log1p(x);
}
GROVE_KERNEL double grove_gelu_of(double x) {
    const double size = fabs(x) > 40 ? 40 : fabs(x); /* where 0 is all that is left of the tail */
    return (x > 0 ? x : 0) - size * (erfc(size * 0.70710678118654752440) / 2);
}
GROVE_KERNEL double grove_gelu_slope_of(double x) {
    const double size = fabs(x) > 40 ? 40 : fabs(x);
    const double left = erfc(size * 0.70710678118654752440) / 2 -
                        size * 0.39894228040143267794 * exp(-size * size / 2);
    return x < 0 ? left : 1 - left;
}

#else

GROVE_KERNEL float grove_float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
GROVE_KERNEL uint32_t grove_bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* a where it is so, else b, by bits: of `so ? a : b` with constants compilers make branches, and no
 * vectors. */
GROVE_KERNEL float grove_chosen_float(bool so, float a, float b) {
    const uint32_t mask = 0u - (uint32_t)so;
    return grove_float_of_bits((grove_bits_of(a) & mask) | (grove_bits_of(b) & ~mask));
}
/* 2^k for -126 <= k <= 127 */
GROVE_KERNEL float grove_power_of_2(uint32_t k) {
    return grove_float_of_bits((k << 23) + 0x3f800000u);
}

/* x = k log 2 + r, k whole, |r| <= log(2) / 2, so exp(x) = 2^k exp(r). log 2 is taken off in two
 * parts, the first of which has so few digits that k times it is exact (Cody & Waite 1980). 2^k is
 * multiplied in two halves, which reach the smallest and the largest floats. */
GROVE_KERNEL float grove_exp_of(float x) {
    const float whole = 12582912; /* 3 * 2^22: what is added to it is rounded to a whole number */
    x = x > 89 ? 89 : x;
    x = x < -104 ? -104 : x;
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
    const uint32_t power =
        grove_bits_of(shifted) - 0x4b400000u; /* k: the lowest bits of `shifted` */
    const uint32_t half = ((power + 256) >> 1) - 128;
    return p * grove_power_of_2(half) * grove_power_of_2(power - half);
}

/* exp(x) for x <= 0, for the numbers that a softmax divides by their sum: what would be about
 * 2^-126.5 or less is 0. So one factor is enough, whose exponent, of k = -127, is that of 0. The
 * polynomial of grove_exp_of, added up by pairs. */
GROVE_KERNEL float grove_exp_of_negative(float x) {
    const float whole = 12582912;
    x = x < -88 ? -88 : x;
    const float shifted = x * 1.44269504088896341f + whole;
    const float k = shifted - whole;
    const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    const float z = r * r;
    float p = (r * 1.9875691500e-4f + 1.3981999507e-3f) * z;
    p = (p + (r * 8.3334519073e-3f + 4.1665795894e-2f)) * z;
    p = (p + (r * 1.6666665459e-1f + 5.0000001201e-1f)) * z;
    return (p + r + 1) * grove_power_of_2(grove_bits_of(shifted) - 0x4b400000u);
}

/* x = 2^e m, m from sqrt(1/2) to sqrt(2): log(x) = e log 2 + log(m), the latter by a polynomial in
 * z = m - 1. */
GROVE_KERNEL float grove_log_of(float x) {
    const uint32_t given = grove_bits_of(x), tiny = given < 0x00800000u;
    const float scale = grove_power_of_2(tiny * 23);              /* of subnormals */
    const uint32_t bits = grove_bits_of(x * scale) - 0x3f3504f3u; /* of sqrt(1/2) */
    const uint32_t power = (bits >> 23) - (bits >> 31) * 512u - tiny * 23u;
    const float e = (float)(int32_t)power;
    const float z = grove_float_of_bits((bits & 0x007fffffu) + 0x3f3504f3u) - 1;
    float p = 7.0376836292e-2f;
    p = p * z - 1.1514610310e-1f;
    p = p * z + 1.1676998740e-1f;
    p = p * z - 1.2420140846e-1f;
    p = p * z + 1.4249322787e-1f;
    p = p * z - 1.6668057665e-1f;
    p = p * z + 2.0000714765e-1f;
    p = p * z - 2.4999993993e-1f;
    p = p * z + 3.3333331174e-1f;
    const float square = z * z;
    float y = p * z * square + e * -2.12194440e-4f - 0.5f * square;
    y = (z + y) + e * 0.693359375f;
    y = grove_chosen_float(given == 0x7f800000u, INFINITY, y);
    y = grove_chosen_float(given << 1 == 0, -INFINITY, y);
    return grove_chosen_float((given > 0x7f800000u) & (given != 0x80000000u), NAN, y);
}

/* Near 0 an odd polynomial, else 1 - 2 / (exp(2 |x|) + 1) with the sign of x. */
GROVE_KERNEL float grove_tanh_of(float x) {
    const float size = fabsf(x), z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    const float near = p * z * x + x;
    const float far = 1 - 2 / (grove_exp_of(2 * size) + 1);
    const float signed_far = x < 0 ? -far : far;
    const float y = size < 0.625f ? near : signed_far;
    return x == 0 ? x : y; /* -0 too */
}

/* What gelu and its slope are made of, for 0 <= x <= 15: bell = 2^64 exp(-x^2 / 2), which is far
 * from the smallest floats, and ratio = Phi(-x) exp(x^2 / 2): their product is 2^64 Phi(-x).
 *
 * bell: x = h + d, h of 12 bits, so h^2 is exact, and what is left of x^2 joins the remainder that
 *   the polynomial of exp is given.
 * ratio: a quotient of polynomials of degrees 4 and 5, off by 1.2e-8 at most (tests/golden/
 *   fit_gelu.py). All their coefficients are positive: nothing cancels. */
typedef struct grove_tail {
    float bell, ratio;
} grove_tail;

GROVE_KERNEL grove_tail grove_tail_of(float x) {
    const float whole = 12582912, square = x * x;
    const float h = grove_float_of_bits(grove_bits_of(x) & 0xfffff000u);
    const float rest = (x - h) * (x + h);
    const float shifted = square * -0.72134752044448170f + whole;
    const float k = shifted - whole;
    const float r = (h * h * -0.5f - k * 0.693359375f) + (k * 2.12194440e-4f - rest * 0.5f);
    const float z = r * r;
    float p = (r * 1.9875691500e-4f + 1.3981999507e-3f) * z;
    p = (p + (r * 8.3334519073e-3f + 4.1665795894e-2f)) * z;
    p = (p + (r * 1.6666665459e-1f + 5.0000001201e-1f)) * z;
    p = p + r + 1;
    const uint32_t power = grove_bits_of(shifted) - 0x4b400000u; /* k */
    const float above =
        (x * 4.392830420e-1f + 5.000000000e-1f) +
        (x * 4.088103498e-2f + (square * 4.153216630e-3f + 1.839688573e-1f)) * square;
    const float below =
        (x * 1.676451091f + 1) +
        ((x * 4.714079573e-1f + 1.205547098f) + (x * 1.041045857e-2f + 1.024796748e-1f) * square) *
            square;
    return (grove_tail){p * grove_power_of_2(power + 64), above / below};
}

GROVE_KERNEL float grove_size_in_tail(float x) {
    const float size = fabsf(x);
    return size > 15 ? 15 : size; /* where the tail lies below half the smallest float */
}

/* x Phi(x) = max(x, 0) - |x| Phi(-|x|) */
GROVE_KERNEL float grove_gelu_of(float x) {
    const float size = grove_size_in_tail(x), positive = x > 0 ? x : 0;
    const grove_tail tail = grove_tail_of(size);
    return positive - size * (tail.bell * tail.ratio) * 0x1p-64f;
}

/* Its derivative, Phi(x) + x phi(x): on the left Phi(-|x|) - |x| phi(x), on the right 1 minus that.
 */
GROVE_KERNEL float grove_gelu_slope_of(float x) {
    const float size = grove_size_in_tail(x);
    const grove_tail tail = grove_tail_of(size);
    const float left = tail.bell * (tail.ratio - size * 0.39894228040143267794f) * 0x1p-64f;
    const float right = 1 - left;
    return x < 0 ? left : right;
}

/* For 0 <= x <= 1000: log(w) for w = 1 + x, and what w lost in rounding. */
GROVE_KERNEL float grove_log1p_of(float x) {
    const float w = 1 + x;
    return grove_log_of(w) - ((w - 1) - x) / w;
}

#endif

#endif
