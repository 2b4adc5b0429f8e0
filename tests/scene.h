/* SPDX-License-Identifier: MIT
 *
 * scene.h - one worked example of an op, made into a graph with its derivatives and run: in any
 * kind of plan, with any numbers. It knows no op by name.
 *
 * The graph of a scene, r and r2 being random numbers of both signs that are bound like inputs:
 *
 *      leaves -> (copies in the block) -> y -> sum(y * r)                          order 0
 *      dx = the gradients of sum(y * r)                                            order 1
 *      ddx = the gradients of the sum of all sum(dx * r2), also that of r          order 2
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "ops/room.h"

struct grove_plan;

enum {
    SCENE_INPUTS = GROVE_EXAMPLE_INPUTS,
    SCENE_MOST = 512,       /* numbers a tensor of an example may have */
    SCENE_BATCH = 2,        /* what GROVE_BATCH stands for in examples */
    SCENE_R = SCENE_INPUTS, /* the position of r among the leaves that ddx is for */
    SCENE_RESULTS = 1 + SCENE_INPUTS + SCENE_INPUTS + 1,
    SCENE_Y = 0, /* positions among the results */
    SCENE_DX = 1,
    SCENE_DDX = 1 + SCENE_INPUTS
};

typedef union scene_numbers {
    grove_real real[SCENE_MOST];
    grove_id id[SCENE_MOST];
} scene_numbers;

/* What a run gave; `count` is 0 for what there is not. Zero it: results are compared as memory. */
typedef struct scene_results {
    size_t count[SCENE_RESULTS];
    scene_numbers numbers[SCENE_RESULTS];
    size_t stored_count[SCENE_INPUTS];
    scene_numbers stored[SCENE_INPUTS]; /* the stored inputs after the run */
} scene_results;

typedef struct scene_options {
    int order;
    bool copies;     /* the op gets its inputs from inside the block, where memory is shared */
    bool example_dy; /* r is the example's dy */
    grove_allocator allocator;
} scene_options;

typedef struct scene {
    const grove_op *op;
    const grove_example *example;
    scene_options options;
    grove_graph *graph;
    grove_tensor leaf[SCENE_INPUTS + 1]; /* the last one is r */
    grove_tensor r2[SCENE_INPUTS];
    grove_tensor result[SCENE_RESULTS];
    size_t count[SCENE_INPUTS + 1];
    scene_numbers data[SCENE_INPUTS + 1]; /* of the leaves; change them between two runs */
    scene_numbers r2_data[SCENE_INPUTS];
    scene_numbers bound; /* for an op that is itself a leaf to be bound */
} scene;

/* How a scene is planned and run. */
typedef struct scene_run_options {
    bool training, keep_all;
    bool check_finite;
    bool finest;   /* each item is a tile of its own */
    int threads;   /* 0 or 1: none */
    int paint;     /* the byte that the block is filled with before the run; 0: none */
    uint64_t runs; /* training runs that the graph has seen */
} scene_run_options;

/* Builds the graph. Returns the graph's status; close it in any case. */
grove_status scene_open(scene *s, const grove_op *op, const grove_example *example,
                        const scene_options *options);
void scene_close(scene *s);
const grove_error *scene_error(const scene *s);

bool scene_is_real(const scene *s, int input);
/* Takes this input part in checks of gradients? */
bool scene_is_checked(const scene *s, int input);
/* Is there anything to differentiate? */
bool scene_has_gradient(const scene *s);
/* Whether the op does its work in training plans only. */
bool scene_wants_training(const grove_op *op);

/* A plan of all results; NULL if memory is short. */
struct grove_plan *scene_plan(const scene *s, const scene_run_options *options);
/* Fills the stored leaves, binds, runs and copies the results. */
grove_status scene_run(scene *s, struct grove_plan *plan, const scene_run_options *options,
                       scene_results *results);
/* Plans, runs, frees. The error is copied where it is wanted. */
grove_status scene_try(scene *s, const scene_run_options *options, scene_results *results,
                       grove_error *error);

/* Numbers that look random: from 0.3 to 1.9, distinct; and with both signs. */
double scene_draw(size_t position, int salt);
double scene_draw_signed(size_t position, int salt);

#endif
