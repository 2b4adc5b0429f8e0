/* SPDX-License-Identifier: MIT
 * data/csv_run.h - copying the bytes of a cell up to the next one that means something.
 *
 * Eight bytes are looked at together, as one number: x - 0x01..01 & ~x has the high bit set in each
 * byte of x that is zero, and subtracting n tells of those below n. A borrow can make bytes above
 * such a one look so, too; the lowest is always right. */
#ifndef GROVE_DATA_CSV_RUN_H
#define GROVE_DATA_CSV_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Eight times the byte that a run ends at. It ends at a quote and at control bytes below 14 (among
 * them NUL, LF and CR) in any case. */
typedef struct grove_csv_run {
    uint64_t stop;
    unsigned char byte;
} grove_csv_run;

#define GROVE_EACH_BYTE UINT64_C(0x0101010101010101)
enum { GROVE_FIRST_TEXT_BYTE = 14 };

static inline grove_csv_run grove_csv_run_to(char byte) {
    return (grove_csv_run){GROVE_EACH_BYTE * (unsigned char)byte, (unsigned char)byte};
}

/* The first byte is the lowest of the number, on any machine. */
static inline uint64_t grove_eight_bytes(const char *from) {
    const unsigned char *b = (const unsigned char *)from;
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

static inline uint64_t grove_bytes_below(uint64_t word, uint64_t limit) {
    return (word - GROVE_EACH_BYTE * limit) & ~word & GROVE_EACH_BYTE << 7;
}

/* The high bit of each byte that ends a run, and no other: here nothing is borrowed, since sums of
 * seven bits do not reach the next byte. */
static inline uint64_t grove_csv_ends(const grove_csv_run *run, uint64_t word) {
    const uint64_t high = GROVE_EACH_BYTE << 7, low = ~high;
    const uint64_t stop = word ^ run->stop, quote = word ^ GROVE_EACH_BYTE * '"';
    const uint64_t more = GROVE_EACH_BYTE * (128 - GROVE_FIRST_TEXT_BYTE);
    const uint64_t text = (((stop & low) + low) | stop) & (((quote & low) + low) | quote) &
                          (((word & low) + more) | word);
    return ~text & high;
}

/* How many bytes stand below the lowest byte whose high bit is set: they are made 01, and added. */
static inline size_t grove_bytes_before(uint64_t hits) {
    uint64_t lowest = hits & (0 - hits);
    return (size_t)((((lowest >> 7) - 1) & GROVE_EACH_BYTE) * GROVE_EACH_BYTE >> 56);
}

/* Copies what stands before the run's end and says how many bytes that is; behind them, up to
 * `size` bytes from `to` on may be overwritten. */
static inline size_t grove_csv_copy(const grove_csv_run *run, const char *from, size_t size,
                                    char *to) {
    const uint64_t quote = GROVE_EACH_BYTE * '"';
    size_t done = 0;
    for (; size - done >= 8; done += 8) {
        uint64_t word = grove_eight_bytes(from + done);
        uint64_t hits = grove_bytes_below(word ^ run->stop, 1) |
                        grove_bytes_below(word ^ quote, 1) |
                        grove_bytes_below(word, GROVE_FIRST_TEXT_BYTE);
        memcpy(to + done, from + done, 8);
        if (hits) {
            return done + grove_bytes_before(hits);
        }
    }
    for (; done < size; done++) {
        unsigned char byte = (unsigned char)from[done];
        if (byte == run->byte || byte == '"' || byte < GROVE_FIRST_TEXT_BYTE) {
            break;
        }
        to[done] = (char)byte;
    }
    return done;
}

#endif
