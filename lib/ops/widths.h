/* SPDX-License-Identifier: MIT
 *
 * ops/widths.h - what kernels that go from row to row of a table need: loops of a known length, and
 * rows that are on their way before they are needed.
 *
 * A row is short, so a loop of unknown length over it spends much on its setting up; rows are
 * met at random, which no processor foresees, though the ids tell it.
 */
#ifndef GROVE_OPS_WIDTHS_H
#define GROVE_OPS_WIDTHS_H

#include "room.h"

/* `kernel(..., width);` with the most frequent widths as constants: a GROVE_KERNEL is built anew
 * for each of them. The numbers are the same. */
#define GROVE_BY_WIDTH(kernel, width, ...)                                                         \
    switch (width) {                                                                               \
    case 4:                                                                                        \
        kernel(__VA_ARGS__, 4);                                                                    \
        break;                                                                                     \
    case 8:                                                                                        \
        kernel(__VA_ARGS__, 8);                                                                    \
        break;                                                                                     \
    case 12:                                                                                       \
        kernel(__VA_ARGS__, 12);                                                                   \
        break;                                                                                     \
    case 16:                                                                                       \
        kernel(__VA_ARGS__, 16);                                                                   \
        break;                                                                                     \
    case 32:                                                                                       \
        kernel(__VA_ARGS__, 32);                                                                   \
        break;                                                                                     \
    default:                                                                                       \
        kernel(__VA_ARGS__, width);                                                                \
    }

/* How many rows before its turn a row is fetched; of a long row its first lines, for the rest then
 * follows by itself. (Measured on an AMD EPYC, tables of 4 MB and more: a lookup or an update of
 * rows of one line takes 0.7 of the time that it takes with 12; 32 or 48 are no gain where an
 * update has four tables.) */
enum { GROVE_ROWS_AHEAD = 24, GROVE_LINE = 64, GROVE_LINES_FETCHED = 4 };

GROVE_KERNEL void grove_fetch(const void *row, size_t bytes) {
    const char *from = row;
    for (size_t at = 0; at < bytes && at < GROVE_LINES_FETCHED * GROVE_LINE; at += GROVE_LINE) {
        __builtin_prefetch(from + at);
    }
    if (bytes % GROVE_LINE != 0 && bytes < GROVE_LINES_FETCHED * GROVE_LINE) {
        __builtin_prefetch(from + bytes - 1); /* it may reach into one more line */
    }
}

#endif
