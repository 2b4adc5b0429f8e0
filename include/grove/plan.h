/* SPDX-License-Identifier: MIT
 *
 * grove/plan.h - a plan for one batch size, and running it.
 *
 * Stages four and five of five. A plan takes the nodes that the wanted outputs need, in their
 * order; finds how long each result lives; and lays all of them into one block of memory, where
 * those that do not live at the same time share a place. Running it is then one loop, without an
 * allocation and without a decision.
 *
 * Ownership: the plan owns its block and keeps the graph, which must outlive it. Bound inputs stay
 * the caller's and must stay in place until they are bound anew or the plan is freed. All plans of
 * a graph share its parameters. For inference: one graph, one plan for each thread, no lock.
 */
#ifndef GROVE_PLAN_H
#define GROVE_PLAN_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grove_plan grove_plan;

/* Zero means the default, field by field. */
typedef struct grove_plan_options {
    int64_t batch; /* rows of a batch: what GROVE_BATCH stands for. Default 1; GROVE_EMPTY: none */
    bool training; /* false leaves dropout out, and refuses outputs that are updates */
    bool keep_all; /* nothing shares memory: of every node that the outputs need, the value can be
                      read after a run */
    int threads;   /* that work on large nodes; the results do not depend on it. Default: what the
                      environment variable GROVE_NUM_THREADS says (a plan refuses what is no number
                      from 1 to 1024), else 1. No more work than there are cores, and runs at the
                      same time in threads of yours share the cores out. A plan whose large nodes
                      take less than about a quarter of a millisecond together stays on one thread
                      (the environment variable GROVE_THREADS_FROM moves that
                      bound; it is a number of additions) */
    bool check_finite; /* look at every number, and stop at the first NaN or infinity: see below */
    bool profile;      /* count the time of each op: see grove_plan_profile */
    grove_allocator allocator; /* default: the C library's */
} grove_plan_options;

#define GROVE_EMPTY ((int64_t)-1)

/* A plan that computes these outputs. An update (what grove_minimize returned, a count, a group of
 * them) is one for a training plan; any other plan refuses it, for it would not be done. Returns
 * NULL only when memory is short. A mistake (also one
 * that the graph was built with) is kept in the plan: grove_run returns it. */
GROVE_API grove_plan *grove_plan_new(const grove_graph *graph, const grove_tensor *outputs,
                                     int output_count, const grove_plan_options *options);
GROVE_API void grove_plan_free(grove_plan *plan);

/* Tells where the input's numbers lie: [shape] grove_real for grove_input, grove_id for
 * grove_input_ids. An input that the plan does not need may be bound all the same. */
GROVE_API grove_status grove_bind(grove_plan *plan, grove_tensor input, const void *data);

/* Computes the outputs from the bound inputs and the parameters as they are now. All that only
 * reads comes before all updates, so whatever is read of a parameter is its value before the step,
 * wherever it stands in the graph. On failure (an id out of range, an input not bound) says so in
 * grove_plan_error, and no parameter has made a step; resting rows that the ids name may have been
 * brought up to date, which changes nothing they mean. */
GROVE_API grove_status grove_run(grove_plan *plan);

/* What happened last: of making the plan, or of its last grove_bind or grove_run. Never NULL. */
GROVE_API const grove_error *grove_plan_error(const grove_plan *plan);

/* ---- reading back ---------------------------------------------------------------------------- */

/* The numbers of a node after a run: an output of the plan, a parameter, a bound input, or with
 * keep_all any node; [count] grove_real or grove_id. NULL where they were not kept (the reason
 * stands in grove_plan_error). They are the plan's, and hold until its next run. */
GROVE_API const void *grove_value(grove_plan *plan, grove_tensor tensor);
/* The same for a scalar: its number, or NaN. */
GROVE_API double grove_scalar(grove_plan *plan, grove_tensor tensor);
/* The same by the name of the node. */
GROVE_API const void *grove_value_named(grove_plan *plan, const char *name);
/* How many elements the node has in this plan (0 for a node the plan does not have). */
GROVE_API size_t grove_value_count(const grove_plan *plan, grove_tensor tensor);

/* ---- the first number that is not finite ----------------------------------------------------- */

/* With .check_finite a run looks at the bound inputs and all that the graph stores (parameters,
 * states, constants) before its first step, and at what each step has made after it. The first NaN
 * or infinity stops it with GROVE_BAD_DATA and a sentence: which op made it, forward or backward
 * (the gradient of what), or which update and parameter; in which row; of what. As updates come
 * last, a bad gradient stops the run before any parameter has moved. (An update that itself makes
 * an infinity cannot be taken back: those before it have been made. Nor can a catch-up.)
 *
 * The results are the same bits, without the option as with it. With it all numbers are read once
 * more, tables whole, and ops that could write over their input do not: it costs some time and
 * memory while you look for a mistake, and one branch for each run while you do not. No layer and
 * no loss of grove needs an infinity on its way; a mask of your own should be a large number. */
typedef enum grove_phase {
    GROVE_PHASE_INPUT,    /* the caller bound it */
    GROVE_PHASE_STORED,   /* a parameter, state or constant had it before the run */
    GROVE_PHASE_FORWARD,  /* an op made it */
    GROVE_PHASE_BACKWARD, /* an op of a backward pass, or one that works on gradients (clipping) */
    GROVE_PHASE_UPDATE    /* an update wrote it */
} grove_phase;

typedef struct grove_nonfinite {
    grove_phase phase;
    grove_tensor node;   /* the op that made the number; or the leaf that brought it along */
    grove_tensor tensor; /* whose number it is: the node's; of an update, what it wrote */
    grove_tensor
        backward_of; /* backward: the node whose gradient rule appended it; or GROVE_NONE */
    grove_tensor gradient_of; /* backward: the node whose gradient this is; or GROVE_NONE */
    grove_tensor parameter;   /* that it belongs to: itself, the one that is updated, or, on the way
                                 back, the next whose gradient depends on it; or GROVE_NONE */
    size_t row, position; /* of the first bad number: index of the first axis, place in that row */
    size_t count;         /* how many numbers of the tensor are not finite */
    double value;         /* of the first: NaN, INFINITY or -INFINITY */
} grove_nonfinite;

/* What stopped the last run, or NULL if it was not this. It holds until the next run. grove_value
 * then gives the numbers of the node's inputs, as they were read, and of the node itself, whether
 * the plan keeps them or not. (What an update writes has been written.) */
GROVE_API const grove_nonfinite *grove_plan_nonfinite(const grove_plan *plan);

/* ---- what a plan costs ----------------------------------------------------------------------- */

typedef struct grove_plan_stats {
    size_t steps;          /* ops in one run */
    size_t block_bytes;    /* the one block, scratch included */
    size_t bound_bytes;    /* the least that a block could have: results held at one time, at the
                              most, and scratch; only holes between them make block_bytes larger */
    size_t unshared_bytes; /* what the results would take if none shared */
    size_t scratch_bytes;  /* of the block: working room for the ops, for each thread its own */
} grove_plan_stats;
GROVE_API grove_plan_stats grove_plan_statistics(const grove_plan *plan);

/* ---- where the time goes --------------------------------------------------------------------- */

/* What a plan with .profile has counted of one op. (It costs two looks at a clock for a step; a
 * plan without it, nothing. Not together with .check_finite.) */
typedef struct grove_op_time {
    const char *op; /* its name */
    size_t steps;   /* of the plan that are this op */
    size_t runs;    /* that were counted */
    double seconds; /* in all of them */
    double bytes;   /* read and written in all of them; of a table that ids point into, a row for
                       each id */
} grove_op_time;

/* Writes a line for each op that the plan has steps of, at most `room` of them, the longest time
 * first; returns how many. 0 without .profile. */
GROVE_API size_t grove_plan_profile(const grove_plan *plan, grove_op_time *times, size_t room);

#ifdef __cplusplus
}
#endif
#endif
