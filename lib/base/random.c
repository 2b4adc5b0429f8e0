/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <stddef.h>

void grove_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < GROVE_PHILOX_ROUNDS; round++) {
        uint64_t left = (uint64_t)GROVE_PHILOX_LEFT * c0, right = (uint64_t)GROVE_PHILOX_RIGHT * c2;
        uint32_t n0 = (uint32_t)(right >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(left >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)right;
        c3 = (uint32_t)left;
        c0 = n0;
        c2 = n2;
        k0 += GROVE_PHILOX_KEY_0;
        k1 += GROVE_PHILOX_KEY_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void grove_random_block(uint64_t seed, uint32_t stream, uint32_t step, uint64_t block,
                        uint32_t out[4]) {
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream, step};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    grove_philox(counter, key, out);
}

uint64_t grove_hash_name(const char *text) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; text[i]; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001B3u;
    }
    hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93u;
    return hash ^ (hash >> 32);
}
