/* SPDX-License-Identifier: MIT
 *
 * lib/plan.h - the inside of a plan: what plan.c decides and run.c follows.
 */
#ifndef GROVE_LIB_PLAN_H
#define GROVE_LIB_PLAN_H

#include <pthread.h>

#include "base/threads.h"
#include "graph.h"
#include "grove/plan.h"

/* One op to run. Its tiles are cut by shapes alone. */
typedef struct grove_step {
    const grove_op *op;
    grove_call call;
    size_t items, tile; /* how many items; how many of them make a tile */
    size_t scratch;     /* bytes for each worker */
    double seconds;     /* that it took, in all profiled runs */
} grove_step;

/* A node of the graph in this plan. Places are counted in the order of running. */
typedef struct grove_place {
    int32_t node;
    int32_t root;        /* the place whose memory this is: its own, or of what it is an alias of */
    int32_t next_alias;  /* chain of all places of one root, from the root on; -1 ends it */
    int32_t last_use;    /* of a root: the last place that reads it */
    bool kept;           /* of a root: lives beyond the run */
    int32_t maker;       /* the place whose step makes what lies here (plan_finish.c) */
    int32_t readers;     /* of a maker: how often that is read */
    size_t reach;        /* how much of its rows, at most, is read */
    int32_t finishes;    /* the product that this place is the end of; -1: it has a step, or none */
    int32_t finished_at; /* of a product: the last place that finishes it */
    grove_finish *finish; /* of a product: what is done to its numbers; NULL: nothing */
    size_t offset;        /* of a root in the block */
    grove_view view;
} grove_place;

struct grove_plan {
    grove_allocator allocator;
    grove_arena arena;
    const grove_graph *graph;
    grove_plan_options options;
    grove_error error;
    bool broken; /* making it failed: it can only say why */
    size_t batch;
    int32_t *place_of; /* [nodes] the place of a node, or -1 */
    size_t nodes;      /* of the graph when the plan was made */
    grove_place *places;
    size_t place_count;
    size_t first_update_place;
    grove_step *steps;
    size_t step_count;
    size_t first_update; /* the updates are the last steps: from this one on */
    bool bound;          /* all inputs are; false where that is to be looked at */
    bool has_run;
    size_t profiled_runs;
    char *block; /* results, then scratch */
    grove_plan_stats stats;
    unsigned char *marks;       /* [nodes] for run_finite.c; NULL without check_finite */
    grove_nonfinite finding;    /* of the last run; its count is 0 where there was none */
    const grove_step *found_at; /* the step that made it; NULL: it was brought along */
    size_t shared_from;         /* the cost of its tiles from which threads take part */
    bool shared;                /* and whether they do */
    grove_pool *pool;           /* NULL where they are not */
    pthread_mutex_t failing;    /* guards error and the three below while tiles run */
    bool failed;
    bool told; /* by grove_call_fail, which knows more than the status of a kernel */
    size_t failed_position;
};

/* Out of memory: the plan becomes one that can only say so. Returns false. */
bool grove_plan_needs_memory(grove_plan *plan, size_t bytes);
/* The input whose memory the node's result is in this plan, or -1 if it has its own. */
int32_t grove_plan_aliased_input(const grove_plan *plan, const grove_node *node);
/* Finds the nodes that are done by the kernel of the product that they read. */
bool grove_plan_find_finishes(grove_plan *plan, const grove_tensor *outputs, int count);
/* Makes the steps from the places, whose views have their sizes and no memory yet. */
bool grove_plan_make_steps(grove_plan *plan);
/* Lays the results out: sets offset of every root that lies in the block; returns the size. Notes
 * in the statistics what they would take unshared, and the most that is held at one time. */
size_t grove_plan_layout(grove_plan *plan);
bool grove_place_in_block(const grove_plan *plan, const grove_place *place);
/* Does the node read this input in this plan? An alias reads only what it is an alias of; another
 * input may have no place. */
bool grove_plan_reads(const grove_plan *plan, const grove_node *node, int32_t input);

#endif
