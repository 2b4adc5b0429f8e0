/* SPDX-License-Identifier: MIT
 * base/functions.h - exp, log, tanh, erfc and log1p of a grove_real, for loops over many.
 *
 * In float each is a few polynomials and no branch: what has cases computes all of them and chooses
 * by comparing, so compilers vectorise the loop around it, and a level of processors (levels.h)
 * changes nothing but the number of lanes: the bits are the same. libm's functions, called number
 * by number, are what such loops would spend nearly all their time in. In double, which is there to
 * check gradients, they are libm's.
 *
 * Coefficients: Cephes (Moshier 1989), single precision, but for erfc. Largest errors, in units in
 * the last place of a float (tests/test_functions.c; `test_functions all` goes through all floats):
 *     exp 1.0   log 0.8   tanh 1.4   erfc 6.6   log1p 1.3 (for x from 0 to 1000, which is what is
 *     asked for)
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
GROVE_KERNEL double grove_log_of(double x) {
    return log(x);
}
GROVE_KERNEL double grove_tanh_of(double x) {
    return tanh(x);
}
GROVE_KERNEL double grove_erfc_of(double x) {
    return erfc(x);
}
GROVE_KERNEL double grove_log1p_of(double x) {
    return log1p(x);
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

/* exp(-x^2) for x >= 0: x = h + d, h of 12 bits, so h^2 is exact, and what is left of x^2 is small.
 */
GROVE_KERNEL float grove_bell_of(float x) {
    const float h = grove_float_of_bits(grove_bits_of(x) & 0xfffff000u);
    const float rest = (x - h) * (x + h);
    float p = 1.0f / 24;
    p = p * rest - 1.0f / 6;
    p = p * rest + 0.5f;
    p = p * rest - 1;
    return grove_exp_of(-h * h) * (p * rest + 1);
}

/* With t = 2 / (2 + x), x >= 0: erfc(x) = exp(-x^2) * t * Q(t). On the left 2 minus that. The
 * coefficients: tests/golden/fit_erfc.py. */
GROVE_KERNEL float grove_erfc_of(float x) {
    const float size = fabsf(x) < 11 ? fabsf(x) : 11, t = 2 / (2 + size);
    float q = 3.714791381e-02f;
    q = q * t - 1.991987628e-01f;
    q = q * t + 4.025734393e-01f;
    q = q * t - 3.211352383e-01f;
    q = q * t + 7.945775947e-03f;
    q = q * t + 1.661861739e-02f;
    q = q * t + 6.277593256e-02f;
    q = q * t + 1.834070913e-01f;
    q = q * t + 2.455603539e-01f;
    q = q * t + 2.822147639e-01f;
    q = q * t + 2.820901168e-01f;
    const float right = grove_bell_of(size) * (t * q);
    const float result = x < 0 ? 2 - right : right;
    return x == x ? result : x;
}

/* For 0 <= x <= 1000: log(w) for w = 1 + x, and what w lost in rounding. */
GROVE_KERNEL float grove_log1p_of(float x) {
    const float w = 1 + x;
    return grove_log_of(w) - ((w - 1) - x) / w;
}

#endif

#endif
