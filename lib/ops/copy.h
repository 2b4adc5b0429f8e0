/* SPDX-License-Identifier: MIT
 *
 * ops/copy.h - copying pieces of rows: from rows of one length into rows of another one.
 *
 * Pieces are often short (a column of embeddings is 8 numbers wide), and a copy of an unknown
 * length costs more than what it moves. So pieces are moved in blocks of a known length, the last
 * of which overlaps the one before: two moves do for a piece of one block to two.
 */
#ifndef GROVE_OPS_COPY_H
#define GROVE_OPS_COPY_H

#include "room.h"

/* All lengths are in bytes. Rows [count] of `step` each, of which a piece is meant. */
typedef struct grove_pieces {
    char *to;
    const char *from;
    size_t to_step, from_step;
    size_t count, length;
} grove_pieces;

enum { GROVE_LONG_PIECE = 1024 }; /* from here on the C library knows better */

/* length >= block. */
GROVE_KERNEL void grove_copy_blocks(const grove_pieces *p, size_t block) {
    for (size_t i = 0; i < p->count; i++) {
        char *to = p->to + i * p->to_step;
        const char *from = p->from + i * p->from_step;
        for (size_t at = 0; at + block < p->length; at += block) {
            memcpy(to + at, from + at, block);
        }
        memcpy(to + p->length - block, from + p->length - block, block);
    }
}

GROVE_KERNEL void grove_copy_pieces(const grove_pieces *p) {
    if (p->length >= GROVE_LONG_PIECE) {
        grove_copy_blocks(p, p->length);
    } else if (p->length >= 64) {
        grove_copy_blocks(p, 64);
    } else if (p->length >= 32) {
        grove_copy_blocks(p, 32);
    } else if (p->length >= 16) {
        grove_copy_blocks(p, 16);
    } else if (p->length >= 8) {
        grove_copy_blocks(p, 8);
    } else if (p->length >= 4) {
        grove_copy_blocks(p, 4);
    }
}

#endif
