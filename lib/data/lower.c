/* SPDX-License-Identifier: MIT
 *
 * lower.c - lower case by a table of ranges. (UnicodeData.txt, field 13, of Unicode 15; in these
 * blocks letters have kept their lower case since they were added, as Unicode promises.) */
#include "lower.h"

#include <stdint.h>

/* Letters first to last that are `add` below their lower case; with `pairs` only every other one,
 * from the first on: upper and lower case take turns there. */
typedef struct range {
    uint16_t first, last;
    int16_t add;
    bool pairs;
} range;

static const range ranges[] = {
    {0x00C0, 0x00D6, 32, false}, {0x00D8, 0x00DE, 32, false}, /* but for the sign of times */
    {0x0100, 0x012E, 1, true},   {0x0132, 0x0136, 1, true},     {0x0139, 0x0147, 1, true},
    {0x014A, 0x0176, 1, true},   {0x0178, 0x0178, -121, false}, {0x0179, 0x017D, 1, true},
    {0x0386, 0x0386, 38, false}, {0x0388, 0x038A, 37, false},   {0x038C, 0x038C, 64, false},
    {0x038E, 0x038F, 63, false}, {0x0391, 0x03A1, 32, false},   {0x03A3, 0x03AB, 32, false},
    {0x0400, 0x040F, 80, false}, {0x0410, 0x042F, 32, false},   {0x0460, 0x0480, 1, true},
    {0x048A, 0x04BE, 1, true},   {0x04C0, 0x04C0, 15, false},   {0x04C1, 0x04CD, 1, true},
    {0x04D0, 0x052E, 1, true},
};
enum { RANGES = sizeof ranges / sizeof *ranges };

static unsigned lower_of(unsigned letter) {
    for (int i = 0; i < RANGES && letter >= ranges[i].first; i++) {
        const range *r = &ranges[i];
        if (letter <= r->last) {
            const bool is_upper = !r->pairs || (letter - r->first) % 2 == 0;
            return is_upper ? (unsigned)((int)letter + r->add) : letter;
        }
    }
    return letter;
}

void grove_lower(char *bytes, size_t size, bool ascii) {
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        const unsigned next = i + 1 < size ? (unsigned char)bytes[i + 1] : 0;
        if (c >= 'A' && c <= 'Z') {
            bytes[i] = (char)(c + ('a' - 'A'));
        } else if (!ascii && c >= 0xC2 && c <= 0xDF && (next & 0xC0) == 0x80) {
            const unsigned letter = lower_of((c & 0x1Fu) << 6 | (next & 0x3Fu));
            bytes[i] = (char)(0xC0 | letter >> 6);
            bytes[++i] = (char)(0x80 | (letter & 0x3F));
        }
    }
}
