/* SPDX-License-Identifier: MIT
 *
 * grove/graph.h - the graph: nodes are appended, never changed.
 *
 * Stage two of five. The graph owns its nodes, their names and the memory of its parameters; free
 * it after its plans. A node's inputs always have smaller indices than the node itself, so counting
 * upwards is the forward order and counting downwards the backward order.
 *
 * Mistakes are sticky: the first one stands in grove_graph_error, later builders return invalid
 * tensors, and making a plan returns it. So a model reads like a formula and is checked once.
 *
 * A graph is built by one thread. Once built it is only read by inference plans, so any number of
 * threads may run one plan each; training writes its parameters and wants them to itself.
 */
#ifndef GROVE_GRAPH_H
#define GROVE_GRAPH_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default, field by field. */
typedef struct grove_graph_options {
    uint64_t seed;             /* of every random number: parameters, dropout. 0 is a seed too. */
    grove_allocator allocator; /* default: the C library's */
} grove_graph_options;

/* NULL options: all defaults. Returns NULL only when memory is short; every function of grove takes
 * that NULL and answers GROVE_NO_MEMORY. */
GROVE_API grove_graph *grove_graph_new(const grove_graph_options *options);
GROVE_API void grove_graph_free(grove_graph *graph);

GROVE_API uint64_t grove_seed(const grove_graph *graph);

/* The first mistake (status GROVE_OK and an empty message where there is none). Never NULL. */
GROVE_API const grove_error *grove_graph_error(const grove_graph *graph);

/* What the last call that builds nothing and failed said: grove_settle, grove_swap_averages,
 * grove_set_rate. The graph is as good as before: it can be planned, trained and saved. GROVE_OK
 * and an empty message where none failed yet; a call that goes well leaves it. Never NULL. */
GROVE_API const grove_error *grove_graph_notice(const grove_graph *graph);

/* For those who write layers of their own: notes a mistake, in words (the first one is kept), or a
 * failure of a call that builds nothing (the last one is kept; returns its status); and where the
 * graph takes its memory from. */
GROVE_API void grove_mistake(grove_graph *graph, grove_status status, const char *format, ...)
    GROVE_PRINTF(3, 4);
GROVE_API grove_status grove_notice(grove_graph *graph, grove_status status, const char *format,
                                    ...) GROVE_PRINTF(3, 4);
GROVE_API grove_allocator grove_graph_allocator(const grove_graph *graph);

/* ---- names: "hidden" for the output of a layer, "hidden.weight" for its parameter ------------ */

/* Names a node, and returns it. A name belongs to one node (another use of it is a mistake). */
GROVE_API grove_tensor grove_name(grove_tensor tensor, const char *name);
/* The node of that name; GROVE_NONE if there is none (that is no mistake: one may ask). */
GROVE_API grove_tensor grove_find(const grove_graph *graph, const char *name);

/* ---- looking at nodes: for pictures, traces, checks, and those who are curious --------------- */

GROVE_API int32_t grove_node_count(const grove_graph *graph);
/* The node of that index, or GROVE_NONE. */
GROVE_API grove_tensor grove_node_at(const grove_graph *graph, int32_t index);
GROVE_API const char *grove_node_op(grove_tensor tensor);      /* "matmul"; "" for an invalid one */
GROVE_API const char *grove_node_formula(grove_tensor tensor); /* "y = max(x, 0)" */
/* Why no gradient passes the node, "ids have no slope"; "" for an op that has a gradient. */
GROVE_API const char *grove_node_no_gradient(grove_tensor tensor);
GROVE_API const char *grove_node_name(grove_tensor tensor); /* "" where it has none */
GROVE_API grove_type grove_node_type(grove_tensor tensor);
GROVE_API grove_shape grove_node_shape(grove_tensor tensor);
GROVE_API int grove_node_inputs(grove_tensor tensor);                       /* how many */
GROVE_API grove_tensor grove_node_input(grove_tensor tensor, int position); /* or GROVE_NONE */
/* Reads the node of its first input, a table, only the rows that its second one, ids, names? */
GROVE_API bool grove_node_is_lookup(grove_tensor tensor);
/* Is the node a product of its first input and its second one, of which one may be a weight? */
GROVE_API bool grove_node_is_product(grove_tensor tensor);

/* The value of an attribute that is a flag or a whole number, by its name in model files: "axis" of
 * a concat; 0 where the node has none of that name. */
GROVE_API int64_t grove_node_attribute(grove_tensor tensor, const char *name);

/* The output, computed from `to` instead of `from`, a node of its type and shape that it depends
 * on: all that lies between is appended once more, with the same parameters, attributes and, the
 * suffix behind them, names (which `to` gets as well, if it is younger than the output). The output
 * itself where it does not depend on `from`; GROVE_NONE after a mistake. What draws random numbers
 * draws others in the copy. */
GROVE_API grove_tensor grove_substitute(grove_tensor output, grove_tensor from, grove_tensor to,
                                        const char *suffix);

/* A number that two graphs share if they are the same computation: seed, ops, attributes, names,
 * shapes, what is whose input; not the numbers that parameters have. Others differ, but for chance
 * (1 in 2^64). Of no use against those who want two to be alike. */
GROVE_API uint64_t grove_graph_hash(const grove_graph *graph);

/* ---- parameters ------------------------------------------------------------------------------ */

/* How a parameter begins. Random kinds draw each number from (graph's seed, the parameter's name or
 * own seed, position): adding one parameter never changes another's numbers. Fan-in is the product
 * of all dimensions but the first, fan-out the first: a weight is [out, in], as in PyTorch. */
typedef enum grove_init_kind {
    GROVE_INIT_ZEROS,
    GROVE_INIT_CONSTANT,        /* a */
    GROVE_INIT_NORMAL,          /* mean a, standard deviation b: 0 is 0, there is no default */
    GROVE_INIT_UNIFORM,         /* from a to b; likewise */
    GROVE_INIT_XAVIER_UNIFORM,  /* Glorot & Bengio 2010: +-sqrt(6 / (fan_in + fan_out)) */
    GROVE_INIT_XAVIER_NORMAL,   /* standard deviation sqrt(2 / (fan_in + fan_out)) */
    GROVE_INIT_KAIMING_UNIFORM, /* He et al. 2015, for ReLU: +-sqrt(6 / fan_in) */
    GROVE_INIT_KAIMING_NORMAL   /* standard deviation sqrt(2 / fan_in) */
} grove_init_kind;

typedef struct grove_init {
    grove_init_kind kind;
    double a, b;
    uint64_t seed; /* 0: made from the parameter's name */
} grove_init;

/* What the optimizer may do to one parameter; all zero means: the usual. */
typedef enum grove_decay { GROVE_DECAY_BY_RULE, GROVE_DECAY_ON, GROVE_DECAY_OFF } grove_decay;
typedef struct grove_parameter_options {
    bool frozen;       /* gets no update */
    double rate;       /* its own multiple of the learning rate, 0 or above; 0 means 1 */
    grove_decay decay; /* by rule: on for weights of two or more dimensions, off for biases and
                          embedding tables */
} grove_parameter_options;

/* Sets the options of a parameter. To be called before grove_minimize looks at them: updates that
 * are in the graph already stay as they are. */
GROVE_API grove_status grove_parameter_set(grove_tensor parameter,
                                           const grove_parameter_options *options);
GROVE_API grove_parameter_options grove_parameter_get(grove_tensor parameter);

/* Every parameter and every state of an optimizer, in the order they were made. */
GROVE_API int32_t grove_parameter_count(const grove_graph *graph);
GROVE_API grove_tensor grove_parameter_at(const grove_graph *graph, int32_t position);
/* True for what grove_parameter made, false for an optimizer's moments and counters. */
GROVE_API bool grove_parameter_is_trainable(grove_tensor parameter);

/* A parameter's numbers, where they lie: [count] grove_real, or grove_id for a state of type
 * GROVE_ID. They are the graph's; writing into them between two runs is allowed. NULL for a node
 * that is no parameter. */
GROVE_API void *grove_parameter_data(grove_tensor parameter);
GROVE_API size_t grove_parameter_size(grove_tensor parameter); /* the number of elements */

/* How many training runs this graph has seen. Random numbers of a run (dropout) depend on it, so
 * whoever restores parameters to go on training restores it too. */
GROVE_API uint64_t grove_training_runs(const grove_graph *graph);
GROVE_API void grove_set_training_runs(grove_graph *graph, uint64_t runs);

#ifdef __cplusplus
}
#endif
#endif
