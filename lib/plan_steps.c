/* SPDX-License-Identifier: MIT
 *
 * plan_steps.c - the part of stage four that makes the steps: which op, on which views, cut into
 * which tiles, with how much scratch.
 */
#include "plan.h"

/* A tile is worth handing to a thread when it takes some microseconds; more than MOST_TILES serve
 * nobody. Their number is a power of two, so that two threads, or four, have equal shares. */
enum { TILE_COST = 1 << 14, MOST_TILES = 32 };

static void cut_tiles(grove_step *step) {
    size_t cost = step->op->cost ? step->op->cost(&step->call) : 1, tiles = 1;
    step->items = (step->op->items ? step->op->items : grove_as_one)(&step->call);
    while (tiles < MOST_TILES && step->items / tiles > TILE_COST / (cost ? cost : 1)) {
        tiles *= 2;
    }
    step->tile = (step->items + tiles - 1) / tiles;
    step->tile = step->tile ? step->tile : 1;
}

/* Tiles that run at the same time have scratch of their own. (Alignment: each begins at a multiple
 * of 64 bytes.) */
static bool find_scratch(grove_plan *plan, grove_step *step) {
    size_t threads = plan->options.threads > 1 ? (size_t)plan->options.threads : 1;
    size_t bytes = step->op->scratch ? step->op->scratch(&step->call) : 0;
    if (bytes > SIZE_MAX / 2 / threads - 63) {
        return grove_plan_needs_memory(plan, bytes);
    }
    step->scratch = (bytes + 63) / 64 * 64;
    bytes = step->scratch * (step->items > 1 ? threads : 1);
    if (bytes > plan->stats.scratch_bytes) {
        plan->stats.scratch_bytes = bytes;
    }
    return true;
}

static bool add_step(grove_plan *plan, grove_place *place) {
    const grove_node *node = &plan->graph->nodes[place->node];
    const grove_view **in = grove_arena_alloc(&plan->arena, (size_t)node->inputs * sizeof *in);
    if (!in) {
        return grove_plan_needs_memory(plan, (size_t)node->inputs * sizeof *in);
    }
    for (int32_t k = 0; k < node->inputs; k++) {
        in[k] = &plan->places[plan->place_of[node->in[k]]].view;
    }
    grove_step *step = &plan->steps[plan->step_count++];
    step->op = node->op;
    step->call = (grove_call){.op = node->op,
                              .attributes = node->attributes,
                              .out = &place->view,
                              .in = in,
                              .inputs = node->inputs,
                              .seed = plan->graph->seed,
                              .node = place->node,
                              .batch = plan->batch,
                              .plan = plan,
                              .finish = place->finish};
    cut_tiles(step);
    return find_scratch(plan, step);
}

/* What the steps cost that are cut into tiles. */
static size_t cost_of_tiles(const grove_plan *plan) {
    size_t sum = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        const grove_step *step = &plan->steps[i];
        size_t cost = step->op->cost ? step->op->cost(&step->call) : 1;
        if (step->tile < step->items) {
            sum +=
                cost > (SIZE_MAX / 2 - sum) / step->items ? SIZE_MAX / 2 - sum : cost * step->items;
        }
    }
    return sum;
}

bool grove_plan_make_steps(grove_plan *plan) {
    plan->steps = grove_arena_alloc(&plan->arena, plan->place_count * sizeof *plan->steps);
    if (!plan->steps) {
        return grove_plan_needs_memory(plan, plan->place_count * sizeof *plan->steps);
    }
    plan->first_update = SIZE_MAX;
    for (size_t i = 0; i < plan->place_count; i++) {
        const grove_node *node = &plan->graph->nodes[plan->places[i].node];
        if (i == plan->first_update_place) {
            plan->first_update = plan->step_count;
        }
        if (node->op->run && grove_plan_aliased_input(plan, node) < 0 &&
            plan->places[i].finishes < 0 && !add_step(plan, &plan->places[i])) {
            return false;
        }
    }
    plan->stats.steps = plan->step_count;
    const size_t cost = plan->options.threads > 1 ? cost_of_tiles(plan) : 0;
    plan->shared = cost > 0 && cost >= plan->shared_from;
    return true;
}
