/* SPDX-License-Identifier: MIT
 * base/random.h - counter-based random numbers: a value depends on (seed, stream, step, position)
 * and on nothing else, so it does not matter who asks first or on which thread.
 *
 * Philox4x32-10: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
 * */
#ifndef GROVE_BASE_RANDOM_H
#define GROVE_BASE_RANDOM_H

#include <stdint.h>

/* Four random words from a 128-bit counter and a 64-bit key. */
void grove_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The four words number `block` of a stream. */
void grove_random_block(uint64_t seed, uint32_t stream, uint32_t step, uint64_t block,
                        uint32_t out[4]);

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
