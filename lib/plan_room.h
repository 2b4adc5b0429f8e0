/* SPDX-License-Identifier: MIT
 *
 * lib/plan_room.h - a line of bytes, given away and taken back in pieces, while a plan is laid out.
 *
 *      | piece 0: given | piece 1: a hole | piece 3: given | piece 2: a hole |  end
 *
 * Each request gets the smallest hole that holds it, the first of several alike; else a new piece
 * behind the end. Two holes never touch: a piece that comes back is joined with its neighbours. A
 * treap finds the hole, so that a million pieces are no matter.
 */
#ifndef GROVE_LIB_PLAN_ROOM_H
#define GROVE_LIB_PLAN_ROOM_H

#include "base/memory.h"

typedef struct grove_piece {
    size_t offset, size;
    int32_t before, after; /* its neighbours in the line, or -1 */
    int32_t left, right;   /* of a hole in the treap, by size, then offset; or -1 */
    bool hole;
} grove_piece;

typedef struct grove_room {
    grove_piece *pieces; /* [most] */
    int32_t count;
    int32_t last;  /* the piece at the end of the line, or -1 */
    int32_t holes; /* the top of the treap, or -1 */
    size_t end;
} grove_room;

/* Room for at most so many requests; false when memory is short. Release `pieces` at the end. */
bool grove_room_open(grove_room *room, const grove_allocator *allocator, size_t most);

/* The number of a piece of that size, above 0. */
int32_t grove_room_take(grove_room *room, size_t size);
void grove_room_give_back(grove_room *room, int32_t piece);

#endif
