/* SPDX-License-Identifier: MIT
 * base/random.h - counter-based random numbers: a value depends on (seed, stream, step, position)
 * and on nothing else, so it does not matter who asks first or on which thread.
 *
 * Philox4x32-10: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
 * */
#ifndef GROVE_BASE_RANDOM_H
#define GROVE_BASE_RANDOM_H

#include <stdint.h>

#include "levels.h"

enum { GROVE_PHILOX_ROUNDS = 10, GROVE_RANDOM_BLOCKS = 16 };
#define GROVE_PHILOX_LEFT 0xD2511F53u
#define GROVE_PHILOX_RIGHT 0xCD9E8D57u
#define GROVE_PHILOX_KEY_0 0x9E3779B9u
#define GROVE_PHILOX_KEY_1 0xBB67AE85u

/* Four random words from a 128-bit counter and a 64-bit key. */
void grove_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The four words number `block` of a stream. */
void grove_random_block(uint64_t seed, uint32_t stream, uint32_t step, uint64_t block,
                        uint32_t out[4]);

/* The words of the blocks block, block + 1... of which there are GROVE_RANDOM_BLOCKS, four after
 * four: the same as of grove_random_block, in vectors. To be used in a kernel (levels.h). */
GROVE_KERNEL void grove_random_blocks(uint64_t seed, uint32_t stream, uint32_t step, uint64_t block,
                                      uint32_t *words) {
    uint32_t c0[GROVE_RANDOM_BLOCKS], c1[GROVE_RANDOM_BLOCKS];
    uint32_t c2[GROVE_RANDOM_BLOCKS], c3[GROVE_RANDOM_BLOCKS];
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (uint32_t i = 0; i < GROVE_RANDOM_BLOCKS; i++) {
        c0[i] = (uint32_t)(block + i);
        c1[i] = (uint32_t)((block + i) >> 32);
        c2[i] = stream;
        c3[i] = step;
    }
    for (int round = 0; round < GROVE_PHILOX_ROUNDS; round++) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 1 /* unrolled, it is no loop any more that vectors could be made of */
#endif
        for (int i = 0; i < GROVE_RANDOM_BLOCKS; i++) {
            const uint64_t left = (uint64_t)GROVE_PHILOX_LEFT * c0[i];
            const uint64_t right = (uint64_t)GROVE_PHILOX_RIGHT * c2[i];
            c0[i] = (uint32_t)(right >> 32) ^ c1[i] ^ k0;
            c2[i] = (uint32_t)(left >> 32) ^ c3[i] ^ k1;
            c1[i] = (uint32_t)right;
            c3[i] = (uint32_t)left;
        }
        k0 += GROVE_PHILOX_KEY_0;
        k1 += GROVE_PHILOX_KEY_1;
    }
    for (int i = 0; i < GROVE_RANDOM_BLOCKS; i++) {
        words[4 * i] = c0[i];
        words[4 * i + 1] = c1[i];
        words[4 * i + 2] = c2[i];
        words[4 * i + 3] = c3[i];
    }
}

/* A word as a number in [0, 1), of 24 bits; two as one of 53 bits. */
static inline double grove_unit24(uint32_t word) {
    return (double)(word >> 8) * 0x1p-24;
}
static inline double grove_unit53(uint32_t high, uint32_t low) {
    return (double)(((uint64_t)high << 21) ^ (low >> 11)) * 0x1p-53;
}

/* A hash of a text into 64 bits (FNV-1a, finished by a mix), for streams that go by name. */
uint64_t grove_hash_name(const char *text);

#endif
