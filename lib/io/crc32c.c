/* SPDX-License-Identifier: MIT */
#include "crc32c.h"

#include <string.h>

#include "base/levels.h"

#ifdef GROVE_HAS_LEVELS
#include <nmmintrin.h>
#endif

/* The polynomial 0x1EDC6F41 with its bits reversed, since the lowest bit comes first. */
static const uint32_t POLYNOMIAL = 0x82F63B78u;

void grove_crc32c_init(grove_crc32c_table *table) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        }
        table->of[0][byte] = crc;
    }
    for (int k = 1; k < 8; k++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = table->of[k - 1][byte];
            table->of[k][byte] = (crc >> 8) ^ table->of[0][crc & 0xFF];
        }
    }
}

/* Eight bytes at once: their contributions do not depend on each other, so the eight look-ups run
 * side by side. */
static uint32_t eight_bytes(const grove_crc32c_table *t, uint32_t crc, const unsigned char *b) {
    return t->of[7][(crc ^ b[0]) & 0xFF] ^ t->of[6][((crc >> 8) ^ b[1]) & 0xFF] ^
           t->of[5][((crc >> 16) ^ b[2]) & 0xFF] ^ t->of[4][((crc >> 24) ^ b[3]) & 0xFF] ^
           t->of[3][b[4]] ^ t->of[2][b[5]] ^ t->of[1][b[6]] ^ t->of[0][b[7]];
}

uint32_t grove_crc32c_by_table(const grove_crc32c_table *table, uint32_t before, const void *bytes,
                               size_t size) {
    const unsigned char *at = bytes;
    uint32_t crc = ~before;
    for (; size >= 8; size -= 8, at += 8) {
        crc = eight_bytes(table, crc, at);
    }
    for (; size > 0; size--, at++) {
        crc = (crc >> 8) ^ table->of[0][(crc ^ *at) & 0xFF];
    }
    return ~crc;
}

/* SSE4.2 has an instruction for this very polynomial. */
#if defined(GROVE_HAS_LEVELS) && defined(__x86_64__)
GROVE_TARGET_V2 static uint32_t by_instruction(uint32_t before, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    uint64_t crc = ~before, eight;
    for (; size >= 8; size -= 8, at += 8) {
        memcpy(&eight, at, sizeof eight);
        crc = _mm_crc32_u64(crc, eight);
    }
    for (; size > 0; size--, at++) {
        crc = _mm_crc32_u8((uint32_t)crc, *at);
    }
    return ~(uint32_t)crc;
}

uint32_t grove_crc32c(const grove_crc32c_table *table, uint32_t before, const void *bytes,
                      size_t size) {
    return grove_level() >= GROVE_LEVEL_V2 ? by_instruction(before, bytes, size)
                                           : grove_crc32c_by_table(table, before, bytes, size);
}
#else
uint32_t grove_crc32c(const grove_crc32c_table *table, uint32_t before, const void *bytes,
                      size_t size) {
    return grove_crc32c_by_table(table, before, bytes, size);
}
#endif
