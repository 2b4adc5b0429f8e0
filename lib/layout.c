/* SPDX-License-Identifier: MIT
 *
 * layout.c - stage four, the part that lays results into one block.
 *
 *      offset ->
 *      | x        | h             | free | dy   |
 *                                 ^ a hole: what lay here is dead
 *
 * Places are taken in the order of running. A result goes into the smallest hole that holds it,
 * else behind the end; when its last reader has run, its place becomes a hole again, joined with
 * the holes beside it. An op that may work in place takes over its dying input's memory without a
 * move.
 */
#include "plan.h"
#include "plan_room.h"

enum { ALIGNMENT = 64 };

typedef struct layout {
    grove_plan *plan;
    grove_room room;
    int32_t *piece; /* [places] the piece of the room that a root has, or -1 where it needs none */
    size_t unshared;
} layout;

static size_t bytes_of(const grove_place *place) {
    size_t bytes = place->view.count * grove_type_size(place->view.type);
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void give_room_back(layout *l, const grove_place *root) {
    int32_t piece = l->piece[root - l->plan->places];
    if (piece >= 0) {
        grove_room_give_back(&l->room, piece);
    }
}

static grove_place *root_of_input(const layout *l, const grove_place *place, int32_t input) {
    const grove_node *node = &l->plan->graph->nodes[place->node];
    return &l->plan->places[l->plan->places[l->plan->place_of[node->in[input]]].root];
}

/* May the result be written over input 0? Only if nobody else reads that, now or later, and each
 * number takes the place of its own: an alias may be smaller than its root. With check_finite the
 * caller may want to read it when the run stops here. */
static bool works_in_place(const layout *l, const grove_place *place) {
    const grove_node *node = &l->plan->graph->nodes[place->node];
    const grove_plan_options *options = &l->plan->options;
    if (!(node->op->flags & GROVE_IN_PLACE) || options->keep_all || options->check_finite) {
        return false;
    }
    const grove_place *first = root_of_input(l, place, 0);
    const grove_view *read = &l->plan->places[l->plan->place_of[node->in[0]]].view;
    for (int32_t k = 1; k < node->inputs; k++) {
        if (root_of_input(l, place, k) == first) {
            return false;
        }
    }
    return first->last_use == place - l->plan->places && !first->kept &&
           grove_place_in_block(l->plan, first) && read->count == place->view.count &&
           read->type == place->view.type;
}

/* Gives back what this place was the last to read (and its own result, if nobody reads that). */
static void bury(layout *l, grove_place *place, int32_t now, bool in_place) {
    const grove_node *node = &l->plan->graph->nodes[place->node];
    for (int32_t k = node->inputs; k-- > 0;) {
        if (!grove_plan_reads(l->plan, node, k)) {
            continue;
        }
        grove_place *root = root_of_input(l, place, k);
        bool dies = root->last_use == now && !root->kept && grove_place_in_block(l->plan, root);
        if (dies && !(in_place && k == 0)) {
            root->last_use = -1; /* buried: an op that reads it twice must not free it twice */
            give_room_back(l, root);
        }
    }
    if (place->root == now && place->last_use == now && !place->kept) {
        give_room_back(l, place);
    }
}

/* An empty result needs no room, and lies where the block begins. */
static void place_result(layout *l, grove_place *place, bool in_place) {
    int32_t *piece = &l->piece[place - l->plan->places];
    if (in_place) {
        *piece = l->piece[root_of_input(l, place, 0) - l->plan->places];
    } else {
        *piece = bytes_of(place) ? grove_room_take(&l->room, bytes_of(place)) : -1;
    }
    place->offset = *piece >= 0 ? l->room.pieces[*piece].offset : 0;
}

static void lay(layout *l, int32_t now) {
    grove_place *place = &l->plan->places[now];
    bool in_place = false;
    if (place->root == now && grove_place_in_block(l->plan, place)) {
        in_place = works_in_place(l, place);
        l->unshared += bytes_of(place);
        place_result(l, place, in_place);
    }
    if (!(l->plan->graph->nodes[place->node].op->flags & (GROVE_STORED | GROVE_BOUND))) {
        bury(l, place, now, in_place);
    }
}

static bool sizes_add_up(const grove_plan *plan) {
    size_t total = 0;
    for (size_t i = 0; i < plan->place_count; i++) {
        size_t bytes = bytes_of(&plan->places[i]);
        if (bytes > SIZE_MAX / 4 - total) {
            return false;
        }
        total += bytes;
    }
    return true;
}

size_t grove_plan_layout(grove_plan *plan, size_t *unshared) {
    if (!sizes_add_up(plan)) {
        return SIZE_MAX;
    }
    layout l = {.plan = plan};
    l.piece = grove_alloc(&plan->allocator, plan->place_count * sizeof *l.piece);
    size_t end = SIZE_MAX;
    if (grove_room_open(&l.room, &plan->allocator, plan->place_count) && l.piece) {
        for (size_t i = 0; i < plan->place_count; i++) {
            lay(&l, (int32_t)i);
        }
        end = l.room.end;
    }
    grove_release(&plan->allocator, l.room.pieces);
    grove_release(&plan->allocator, l.piece);
    *unshared = l.unshared;
    return end;
}
