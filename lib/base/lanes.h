/* SPDX-License-Identifier: MIT
 * base/lanes.h - sixteen numbers at a time, for kernels whose rows are short: compilers know how to
 * keep them in registers, where they would take a loop over an array of lanes to memory. What a
 * level of processors lacks in width is done in parts; the bits are the same. (Functions take them
 * by address: how they are passed by value differs from level to level.) */
#ifndef GROVE_BASE_LANES_H
#define GROVE_BASE_LANES_H

#include <string.h>

#include "grove/tensor.h"
#include "levels.h"

enum { GROVE_LANES = 16 };

typedef grove_real grove_lanes __attribute__((vector_size(GROVE_LANES * sizeof(grove_real)),
                                              aligned(sizeof(grove_real)), may_alias));

/* lanes = x [count], 0 behind them. */
GROVE_KERNEL void grove_lanes_load(grove_lanes *lanes, const grove_real *x, size_t count) {
    if (count >= GROVE_LANES) {
        *lanes = *(const grove_lanes *)x;
    } else {
        *lanes = (grove_lanes){0};
        memcpy(lanes, x, count * sizeof *x);
    }
}
/* And back. */
GROVE_KERNEL void grove_lanes_store(const grove_lanes *lanes, grove_real *x, size_t count) {
    if (count >= GROVE_LANES) {
        *(grove_lanes *)x = *lanes;
    } else {
        memcpy(x, lanes, count * sizeof *x);
    }
}

/* Half of them. What is compared is compared by halves: with all at a time, in the widest
 * registers, compilers would compare number by number. */
enum { GROVE_HALF_LANES = GROVE_LANES / 2 };
typedef grove_real grove_half_lanes __attribute__((
    vector_size(GROVE_HALF_LANES * sizeof(grove_real)), aligned(sizeof(grove_real)), may_alias));
#define GROVE_LOW(lanes) __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3, 4, 5, 6, 7)
#define GROVE_HIGH(lanes) __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15)
#define GROVE_BOTH(low, high)                                                                      \
    __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

/* Lanes in double, in two halves: in one type with all of them compilers take them one by one. */
typedef double grove_wide_half __attribute__((vector_size(GROVE_HALF_LANES * sizeof(double)),
                                              aligned(sizeof(double)), may_alias));

/* sum [2] += the lanes */
GROVE_KERNEL void grove_lanes_add_wide(const grove_lanes *lanes, grove_wide_half *sum) {
    sum[0] += __builtin_convertvector(GROVE_LOW(*lanes), grove_wide_half);
    sum[1] += __builtin_convertvector(GROVE_HIGH(*lanes), grove_wide_half);
}

/* a where the bits are set, else b: halves. */
#define GROVE_CHOSEN(bits, a, b)                                                                   \
    ((grove_half_lanes)(((bits) & (__typeof__(bits))(a)) | (~(bits) & (__typeof__(bits))(b))))

/* Behind the first `count` they become `rest`. */
GROVE_KERNEL void grove_lanes_cut(grove_lanes *lanes, size_t count, grove_real rest) {
    const grove_half_lanes place = {0, 1, 2, 3, 4, 5, 6, 7}, others = (grove_half_lanes){0} + rest;
    const grove_half_lanes low = GROVE_LOW(*lanes), high = GROVE_HIGH(*lanes);
    if (count < GROVE_LANES) {
        const grove_real end = (grove_real)count;
        *lanes = GROVE_BOTH(GROVE_CHOSEN(place < end, low, others),
                            GROVE_CHOSEN(place + GROVE_HALF_LANES < end, high, others));
    }
}

/* Not below `least`, not above `most`; a NaN stays. */
GROVE_KERNEL void grove_lanes_clamp(grove_lanes *lanes, grove_real least, grove_real most) {
    const grove_half_lanes below = (grove_half_lanes){0} + least;
    const grove_half_lanes above = (grove_half_lanes){0} + most;
    grove_half_lanes low = GROVE_LOW(*lanes), high = GROVE_HIGH(*lanes);
    low = GROVE_CHOSEN(low > above, above, low);
    high = GROVE_CHOSEN(high > above, above, high);
    low = GROVE_CHOSEN(low < below, below, low);
    high = GROVE_CHOSEN(high < below, below, high);
    *lanes = GROVE_BOTH(low, high);
}

/* most = the larger one of both, where part is one; a NaN in part is none. */
GROVE_KERNEL void grove_lanes_raise(grove_lanes *most, const grove_lanes *part) {
    const grove_half_lanes low = GROVE_LOW(*part), high = GROVE_HIGH(*part);
    const grove_half_lanes old_low = GROVE_LOW(*most), old_high = GROVE_HIGH(*most);
    *most = GROVE_BOTH(GROVE_CHOSEN(low > old_low, low, old_low),
                       GROVE_CHOSEN(high > old_high, high, old_high));
}

/* most = the larger one of both; a NaN in either wins, and stays. */
GROVE_KERNEL void grove_lanes_larger(grove_lanes *most, const grove_lanes *part) {
    const grove_half_lanes low = GROVE_LOW(*part), high = GROVE_HIGH(*part);
    const grove_half_lanes old_low = GROVE_LOW(*most), old_high = GROVE_HIGH(*most);
    *most = GROVE_BOTH(GROVE_CHOSEN((low > old_low) | (low != low), low, old_low),
                       GROVE_CHOSEN((high > old_high) | (high != high), high, old_high));
}

/* The lanes moved up by a number of places, around and around. */
#define GROVE_TURNED(lanes, by)                                                                    \
    __builtin_shufflevector(lanes, lanes, (by), (by) + 1, (by) + 2, (by) + 3, (by) + 4, (by) + 5,  \
                            (by) + 6, (by) + 7, (by) + 8, (by) + 9, (by) + 10, (by) + 11,          \
                            (by) + 12, (by) + 13, (by) + 14, (by) + 15)

/* Their sum, and the largest of them, by halves. */
GROVE_KERNEL grove_real grove_lanes_sum(const grove_lanes *lanes) {
    grove_lanes sum = *lanes;
    sum += GROVE_TURNED(sum, 8);
    sum += GROVE_TURNED(sum, 4);
    sum += GROVE_TURNED(sum, 2);
    return sum[0] + sum[1];
}
GROVE_KERNEL grove_real grove_lanes_most(const grove_lanes *lanes) {
    grove_lanes most = *lanes, turned = GROVE_TURNED(most, 8);
    grove_lanes_raise(&most, &turned);
    turned = GROVE_TURNED(most, 4);
    grove_lanes_raise(&most, &turned);
    turned = GROVE_TURNED(most, 2);
    grove_lanes_raise(&most, &turned);
    return most[0] > most[1] ? most[0] : most[1];
}

#endif
