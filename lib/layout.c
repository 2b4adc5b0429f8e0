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
 *
 * Where holes make the block larger than what lives at one time, it is laid out once more, the
 * largest results first (plan_greedy.h); the smaller of the two blocks counts.
 */
#include "plan.h"
#include "plan_greedy.h"
#include "plan_room.h"

/* The second way compares each result with each: beyond so many it would be felt. */
enum { ALIGNMENT = 64, MOST_LIVES = 2000 };

typedef struct layout {
    grove_plan *plan;
    grove_room room;
    int32_t *piece; /* [places] the piece of the room that a root has, or -1 where it needs none */
    grove_life *lives; /* [places] the first life_count: one for what lies in the block, and for */
    int32_t *life;     /* [places] all that is written over it in place: which one a root has */
    size_t life_count;
    int32_t now; /* the place that is laid */
    size_t live; /* bytes of the results that are held at this time */
} layout;

static size_t bytes_of(const grove_place *place) {
    size_t bytes = place->view.count * grove_type_size(place->view.type);
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void give_room_back(layout *l, const grove_place *root) {
    int32_t piece = l->piece[root - l->plan->places];
    if (piece >= 0) {
        l->live -= bytes_of(root);
        l->lives[l->life[root - l->plan->places]].death = l->now;
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
    grove_plan_stats *stats = &l->plan->stats;
    int32_t *piece = &l->piece[l->now], *life = &l->life[l->now];
    if (in_place) {
        ptrdiff_t first = root_of_input(l, place, 0) - l->plan->places;
        *piece = l->piece[first];
        *life = l->life[first];
    } else {
        size_t bytes = bytes_of(place);
        l->live += bytes;
        stats->bound_bytes = l->live > stats->bound_bytes ? l->live : stats->bound_bytes;
        *piece = bytes ? grove_room_take(&l->room, bytes) : -1;
        *life = (int32_t)l->life_count++;
        l->lives[*life] = (grove_life){.birth = l->now, .death = INT32_MAX, .bytes = bytes};
    }
    place->offset = *piece >= 0 ? l->room.pieces[*piece].offset : 0;
}

static void lay(layout *l, int32_t now) {
    grove_place *place = &l->plan->places[now];
    bool in_place = false;
    l->now = now;
    l->life[now] = -1;
    if (place->root == now && grove_place_in_block(l->plan, place)) {
        in_place = works_in_place(l, place);
        l->plan->stats.unshared_bytes += bytes_of(place);
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

/* Returns the smaller size; SIZE_MAX when memory is short. */
static size_t lay_largest_first(layout *l) {
    const grove_allocator *allocator = &l->plan->allocator;
    size_t end = l->room.end;
    if (end == l->plan->stats.bound_bytes || l->life_count > MOST_LIVES) {
        return end;
    }
    grove_life **lists = grove_alloc(allocator, 2 * l->life_count * sizeof *lists);
    if (!lists) {
        return SIZE_MAX;
    }
    size_t other = grove_plan_greedy(l->lives, l->life_count, lists, lists + l->life_count);
    for (size_t i = 0; i < l->plan->place_count && other < end; i++) {
        if (l->life[i] >= 0) {
            l->plan->places[i].offset = l->lives[l->life[i]].offset;
        }
    }
    grove_release(allocator, lists);
    return other < end ? other : end;
}

size_t grove_plan_layout(grove_plan *plan) {
    if (!sizes_add_up(plan)) {
        return SIZE_MAX;
    }
    layout l = {.plan = plan};
    size_t count = plan->place_count, end = SIZE_MAX;
    l.piece = grove_alloc(&plan->allocator, count * sizeof *l.piece);
    l.life = grove_alloc(&plan->allocator, count * sizeof *l.life);
    l.lives = grove_alloc(&plan->allocator, count * sizeof *l.lives);
    if (grove_room_open(&l.room, &plan->allocator, count) && l.piece && l.life && l.lives) {
        for (size_t i = 0; i < count; i++) {
            lay(&l, (int32_t)i);
        }
        end = lay_largest_first(&l);
    }
    grove_release(&plan->allocator, l.room.pieces);
    grove_release(&plan->allocator, l.piece);
    grove_release(&plan->allocator, l.life);
    grove_release(&plan->allocator, l.lives);
    return end;
}
