/* SPDX-License-Identifier: MIT */
#include "plan_room.h"

bool grove_room_open(grove_room *room, const grove_allocator *allocator, size_t most) {
    size_t bytes = 0;
    *room = (grove_room){.last = -1, .holes = -1};
    if (most < INT32_MAX && grove_multiply(most, sizeof *room->pieces, &bytes)) {
        room->pieces = grove_alloc(allocator, bytes);
    }
    return room->pieces != NULL;
}

/* ---- the treap: a search tree, and by hashes of its members a heap; so it is flat ------------ */

static bool is_smaller(const grove_piece *a, const grove_piece *b) {
    return a->size != b->size ? a->size < b->size : a->offset < b->offset;
}

/* Looks random, and is the same wherever the plan is made. */
static uint32_t height_of(int32_t piece) {
    uint32_t x = ((uint32_t)piece + 1) * 0x9E3779B1u;
    x = (x ^ x >> 15) * 0x85EBCA77u;
    return x ^ x >> 13;
}

/* Two trees, all of the first below all of the second, become one. */
static int32_t join(grove_piece *pieces, int32_t a, int32_t b) {
    int32_t top, *place = &top;
    while (a >= 0 && b >= 0) {
        bool a_above = height_of(a) > height_of(b);
        *place = a_above ? a : b;
        place = a_above ? &pieces[a].right : &pieces[b].left;
        a = a_above ? *place : a;
        b = a_above ? b : *place;
    }
    *place = a >= 0 ? a : b;
    return top;
}

/* The link at which the piece hangs, or is to hang. */
static int32_t *link_of(grove_room *room, int32_t piece) {
    int32_t *link = &room->holes;
    while (*link >= 0 && *link != piece && height_of(*link) > height_of(piece)) {
        grove_piece *at = &room->pieces[*link];
        link = is_smaller(&room->pieces[piece], at) ? &at->left : &at->right;
    }
    return link;
}

static void add_hole(grove_room *room, int32_t piece) {
    grove_piece *pieces = room->pieces;
    int32_t *link = link_of(room, piece), rest = *link;
    int32_t *below = &pieces[piece].left, *above = &pieces[piece].right;
    while (rest >= 0) { /* what hung there is parted in two */
        bool smaller = is_smaller(&pieces[rest], &pieces[piece]);
        *(smaller ? below : above) = rest;
        if (smaller) {
            below = &pieces[rest].right;
        } else {
            above = &pieces[rest].left;
        }
        rest = smaller ? *below : *above;
    }
    *below = *above = -1;
    *link = piece;
    pieces[piece].hole = true;
}

static void remove_hole(grove_room *room, int32_t piece) {
    grove_piece *hole = &room->pieces[piece];
    *link_of(room, piece) = join(room->pieces, hole->left, hole->right);
    hole->hole = false;
}

static int32_t smallest_hole(const grove_room *room, size_t size) {
    int32_t best = -1;
    for (int32_t at = room->holes; at >= 0;) {
        bool fits = room->pieces[at].size >= size;
        best = fits ? at : best;
        at = fits ? room->pieces[at].left : room->pieces[at].right;
    }
    return best;
}

/* ---- the line -------------------------------------------------------------------------------- */

/* A new piece before this one; -1: at the end. */
static int32_t insert(grove_room *room, int32_t after, size_t offset, size_t size) {
    int32_t piece = room->count++, before = after >= 0 ? room->pieces[after].before : room->last;
    room->pieces[piece] = (grove_piece){
        .offset = offset, .size = size, .before = before, .after = after, .left = -1, .right = -1};
    if (before >= 0) {
        room->pieces[before].after = piece;
    }
    *(after >= 0 ? &room->pieces[after].before : &room->last) = piece;
    return piece;
}

int32_t grove_room_take(grove_room *room, size_t size) {
    int32_t hole = smallest_hole(room, size);
    if (hole < 0) {
        room->end += size;
        return insert(room, -1, room->end - size, size);
    }
    grove_piece *rest = &room->pieces[hole];
    remove_hole(room, hole);
    if (rest->size == size) {
        return hole;
    }
    int32_t piece = insert(room, hole, rest->offset, size);
    rest->offset += size;
    rest->size -= size;
    add_hole(room, hole);
    return piece;
}

/* The piece takes in the one behind it, a hole. */
static void swallow_next(grove_room *room, int32_t piece) {
    int32_t next = room->pieces[piece].after, beyond = room->pieces[next].after;
    room->pieces[piece].size += room->pieces[next].size;
    room->pieces[piece].after = beyond;
    *(beyond >= 0 ? &room->pieces[beyond].before : &room->last) = piece;
}

void grove_room_give_back(grove_room *room, int32_t piece) {
    int32_t before = room->pieces[piece].before, after = room->pieces[piece].after;
    if (after >= 0 && room->pieces[after].hole) {
        remove_hole(room, after);
        swallow_next(room, piece);
    }
    if (before >= 0 && room->pieces[before].hole) {
        remove_hole(room, before);
        swallow_next(room, before);
        piece = before;
    }
    add_hole(room, piece);
}
