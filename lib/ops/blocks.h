/* SPDX-License-Identifier: MIT
 *
 * ops/blocks.h - a product of matrices cut into blocks of the result, which threads share.
 */
#ifndef GROVE_OPS_BLOCKS_H
#define GROVE_OPS_BLOCKS_H

#include <stddef.h>

/* A block has at least so many multiply-adds, if there is more than one (some microseconds), and so
 * many columns, over which what is read of a is used again; rows, over which b is: so many that to
 * pack it costs little; fewer where there would be few blocks, and fewer still if need be. */
enum {
    GROVE_BLOCK_WORK = 1 << 19,
    GROVE_BLOCK_COLUMNS = 32,
    GROVE_BLOCK_ROWS = 128,
    GROVE_FEW_BLOCKS = 4,
    GROVE_MOST_BLOCKS = 32
};

/* A result [m, n] of sums of k products, in down * across blocks [rows, columns], the last ones
 * smaller. Blocks are counted along the first row of blocks, then the next. */
typedef struct grove_blocks {
    size_t m, n, k;
    size_t down, across, rows, columns;
} grove_blocks;

static inline size_t grove_part_of(size_t length, size_t parts, size_t multiple) {
    size_t part = (length + parts - 1) / parts;
    return (part + multiple - 1) / multiple * multiple;
}

/* Halved again and again, rows first: what comes before and after has the same rows, and a thread
 * finds them where it left them. The number is a power of two, for equal shares. */
static inline grove_blocks grove_blocks_of(size_t m, size_t n, size_t k) {
    grove_blocks of = {m, n, k, 1, 1, m, n};
    const size_t work = m * n, most = k > 0 ? 2 * GROVE_BLOCK_WORK / k : work;
    for (size_t count = 1; count < GROVE_MOST_BLOCKS && work > count * most; count *= 2) {
        size_t rows = count < GROVE_FEW_BLOCKS ? GROVE_BLOCK_ROWS / 2 : GROVE_BLOCK_ROWS;
        if (m >= 2 * rows * of.down) {
            of.down *= 2;
        } else if (n >= 2 * GROVE_BLOCK_COLUMNS * of.across) {
            of.across *= 2;
        } else if (m >= GROVE_BLOCK_ROWS / 2 * of.down) {
            of.down *= 2;
        } else {
            break;
        }
    }
    if (of.down * of.across > 1) {
        of.rows = grove_part_of(m, of.down, 8); /* as many as a tile of registers has */
        of.columns = grove_part_of(n, of.across, GROVE_BLOCK_COLUMNS);
        of.down = (m + of.rows - 1) / of.rows;
        of.across = (n + of.columns - 1) / of.columns;
    }
    return of;
}

#endif
