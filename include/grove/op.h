/* SPDX-License-Identifier: MIT
 *
 * grove/op.h - an op of your own: what it is, computes and passes back, in one descriptor.
 *
 * For those who miss an op that the others cannot compose, or not fast enough. grove's own ops are
 * written against this file, and no stage names one of them; so an op of yours is appended,
 * differentiated, planned, cut for threads and saved by the same code. y = x^2, for example:
 *
 *     static grove_status run_square(const grove_call *call, size_t begin, size_t end) {
 *         const grove_real *x = grove_reals(call, 0);
 *         for (size_t i = begin; i < end; i++) {
 *             grove_out(call)[i] = x[i] * x[i];
 *         }
 *         return GROVE_OK;
 *     }
 *     static void grad_square(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
 *         dx[0] = grove_scale(grove_mul(dy, grove_node_input(y, 0)), 2);
 *     }
 *     static const grove_op square = {.name = "square", .min_inputs = 1, .max_inputs = 1,
 *                                     .shape = grove_same_shape, .run = run_square,
 *                                     .items = grove_by_element, .grad = grad_square};
 *     ...
 *     grove_tensor y = grove_append1(&square, x, NULL);
 *
 * A whole program is models/own_op.c. (C++17 has no designated initializers: begin with an empty
 * struct and set its members.)
 *
 * Ownership: a descriptor stays the caller's. It must not change while a graph has nodes of it, and
 * live until the last of those graphs, loaded ones as well, is freed. Its functions take no memory
 * and keep nothing; `run` and `check` are called by several threads at once.
 */
#ifndef GROVE_OP_H
#define GROVE_OP_H

#include "op_example.h"
#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct grove_op grove_op;

/* ---- attributes: what a node knows besides its inputs; plain data, saved in model files ---------
 * A struct of the op's own, all of whose members that matter are listed as fields; others are 0 in
 * a model that was loaded. */

typedef enum grove_field_kind {
    GROVE_FIELD_FLAG, /* bool */
    GROVE_FIELD_INT,  /* int64_t */
    GROVE_FIELD_REAL, /* double */
    GROVE_FIELD_SHAPE /* grove_shape: a shape or a list of axes */
} grove_field_kind;

typedef struct grove_field {
    const char *name; /* NULL ends a list */
    grove_field_kind kind;
    size_t offset;
} grove_field;

#define GROVE_FIELD(type, member, kind)                                                            \
    { #member, GROVE_FIELD_##kind, offsetof(type, member) }
#define GROVE_NO_MORE_FIELDS                                                                       \
    { NULL, GROVE_FIELD_FLAG, 0 }

/* ---- shape: is this node possible, and what does it yield? --------------------------------------
 * Called whenever a node is appended, by a builder or from a model file: it checks inputs and
 * attributes, trusts nothing, and fills in type and shape (or refuses). */

typedef struct grove_shaping {
    const grove_op *op;
    grove_graph *graph;
    const grove_tensor *in;
    int inputs;
    const void *attributes;
    grove_type type; /* of the result; GROVE_REAL unless set */
    grove_shape shape;
} grove_shaping;

/* Refuses in words. The sentence is completed with op, node and the shapes of all inputs. */
GROVE_API bool grove_refuse(grove_shaping *shaping, grove_status status, const char *format, ...)
    GROVE_PRINTF(3, 4);

GROVE_API grove_shape grove_in_shape(const grove_shaping *shaping, int position);

/* Ready-made shape functions and checks. All inputs real and of one shape, so the result; two real
 * inputs that broadcast; the result is empty: [0]. */
GROVE_API bool grove_same_shape(grove_shaping *shaping);
GROVE_API bool grove_broadcast_shapes(grove_shaping *shaping);
GROVE_API bool grove_update_shape(grove_shaping *shaping);
GROVE_API bool grove_want_type(grove_shaping *shaping, int position, grove_type type);
GROVE_API bool grove_want_shape(grove_shaping *shaping, int position, grove_shape shape,
                                const char *what);
GROVE_API bool grove_want_rank(grove_shaping *shaping, int position, int rank);
/* Input `values` must be real and hold a row for each id of input `ids`: [ids..., width]. */
GROVE_API bool grove_want_values(grove_shaping *shaping, int ids, int values);
/* Brings negative axes to 0..rank-1, in rising order; an empty list becomes all axes. */
GROVE_API bool grove_want_axes(grove_shaping *shaping, grove_shape axes, int rank,
                               grove_shape *sorted);

/* ---- run: the kernel ------------------------------------------------------------------------- */

/* The numbers of a node in a plan: all dimensions known, memory laid out. Row-major, dense. */
typedef struct grove_view {
    void *data;
    size_t count; /* of elements */
    size_t dim[GROVE_MAX_RANK];
    int rank;
    grove_type type;
} grove_view;

typedef struct grove_call {
    const grove_op *op; /* whose `user` may be of use */
    const void *attributes;
    const grove_view *out;
    const grove_view *const *in;
    int inputs;
    void *scratch; /* as many bytes as `scratch` of the descriptor asked for, 64-byte aligned; tiles
                      that run at the same time have different ones */
    uint64_t seed; /* of the graph */
    uint64_t run;  /* which training run this is; random numbers depend on it, on seed, node and
                      position, and on nothing else */
    int32_t node;  /* index in the graph */
    size_t batch;  /* of the plan: what GROVE_BATCH stands for */
    struct grove_plan *plan;           /* for grove_call_fail */
    const struct grove_finish *finish; /* for ops of the house: what else is done to the result */
} grove_call;

/* Reports bad data (an id, a label) met at this position of the input (the smallest position wins,
 * whatever the threads do); the sentence is completed with op, node and input. An input of -1: it
 * is no input's fault. Returns status, for `run` to return. */
GROVE_API grove_status grove_call_fail(const grove_call *call, int input, size_t position,
                                       grove_status status, const char *format, ...)
    GROVE_PRINTF(5, 6);

/* Checks that every id of the input lies in 0..rows-1; the message names input, row, position,
 * value and range. Each kernel that follows ids does this before it writes anything. */
GROVE_API grove_status grove_check_ids(const grove_call *call, int input, size_t begin, size_t end,
                                       size_t rows);
/* The same where ids say which rows get something: GROVE_NOBODY is fine, and is passed over. */
GROVE_API grove_status grove_check_row_ids(const grove_call *call, int input, size_t begin,
                                           size_t end, size_t rows);

static inline const grove_real *grove_reals(const grove_call *call, int position) {
    return (const grove_real *)call->in[position]->data;
}
static inline grove_real *grove_written(const grove_call *call, int position) {
    return (grove_real *)call->in[position]->data; /* an input listed as written */
}
static inline const grove_id *grove_ids(const grove_call *call, int position) {
    return (const grove_id *)call->in[position]->data;
}
static inline grove_real *grove_out(const grove_call *call) {
    return (grove_real *)call->out->data;
}
/* The last dimension (1 for a scalar), and how many rows of that width there are. */
static inline size_t grove_width(const grove_view *view) {
    return view->rank ? view->dim[view->rank - 1] : 1;
}
static inline size_t grove_row_count(const grove_view *view) {
    size_t width = grove_width(view);
    return width ? view->count / width : 0;
}

/* How a kernel's work is counted in items, which tiles cut: ready-made functions. By the elements
 * of the result; by its rows; not to be cut. */
GROVE_API size_t grove_by_element(const grove_call *call);
GROVE_API size_t grove_by_row(const grove_call *call);
GROVE_API size_t grove_as_one(const grove_call *call);

/* ---- the descriptor -------------------------------------------------------------------------- */

enum {
    GROVE_ALIAS = 1,       /* the result is input 0's memory, seen otherwise; there is no kernel,
                             and other inputs are not computed for it */
    GROVE_IN_PLACE = 2,    /* the kernel may write its result over input 0 (same size) */
    GROVE_TRAINING = 4,    /* outside training the result is its last input itself, an alias */
    GROVE_UPDATE = 8,      /* changes its written inputs; only a training plan has it */
    GROVE_FIRST = 16,      /* an update that goes before all else in a run */
    GROVE_PIECEWISE = 256, /* its second derivative is zero wherever it exists */
    GROVE_LOOKUP = 512,    /* of input 0, a table, it reads the rows alone that input 1, ids, names;
                              so optimizers let the other rows rest */
    GROVE_SEAMLESS = 1024, /* where its items are cut changes no bit, and cuts cost something; so
                              one thread takes them all at once */
    GROVE_PRODUCT = 2048   /* a product of input 0 and input 1: a layer, where one of them is
                              trained (grove_nn_depth) */
};

struct grove_op {
    const char *name;    /* letters, digits and _; model files tell ops by it, so no other op that
                            one graph has, and none of grove's, is called the same. A prefix of
                            your own keeps clear of what grove may add */
    const char *formula; /* one line, for manual, pictures and traces; NULL: "" */
    int min_inputs, max_inputs;
    unsigned flags;
    unsigned written; /* bit i: input i is changed in place, and must be a parameter or state */
    size_t attribute_size;
    const grove_field *fields;
    const void *user; /* yours, handed through and not saved: an op may be made at run time */
    bool (*shape)(grove_shaping *shaping);
    grove_status (*run)(const grove_call *call, size_t begin, size_t end); /* items begin..end-1 */
    /* Asked when a plan is made: the views have their sizes, and no memory yet. */
    size_t (*items)(const grove_call *call);   /* NULL: grove_as_one */
    size_t (*cost)(const grove_call *call);    /* of an item, in additions; NULL: 1 */
    size_t (*scratch)(const grove_call *call); /* bytes, for a tile; NULL: none */
    /* How far the kernel reaches into the rows of input 0 (its last axis): numbers behind that many
     * are not read, so that whoever makes them may leave them out. NULL: it may read all. */
    size_t (*reach)(const grove_call *call);
    /* For updates: finds whatever would make run fail. All are asked before any of them runs. */
    grove_status (*check)(const grove_call *call);
    /* dx[i] = the node that computes the gradient of input i, given that of y; those that get none
     * stay as they are (GROVE_NONE). Made of builders, so that it has a gradient itself. */
    void (*grad)(grove_tensor y, grove_tensor dy, grove_tensor *dx);
    const char *no_gradient; /* where grad is NULL: why. Gradients end here silently */
    /* Joins two contributions to one gradient that are both results of this op, when that keeps a
     * property an ordinary sum would lose; NULL: they are added. */
    grove_tensor (*join)(grove_tensor a, grove_tensor b);
    const grove_example *examples; /* the first is the worked one; ends where build is NULL */
};

/* ---- building -------------------------------------------------------------------------------- */

/* Appends a node; `attributes` are copied. Returns GROVE_NONE after any mistake, a descriptor that
 * cannot work included (say, one without a name). `graph` may be NULL where there are inputs. */
GROVE_API grove_tensor grove_append(const grove_op *op, grove_graph *graph, const grove_tensor *in,
                                    int inputs, const void *attributes);
GROVE_API grove_tensor grove_append1(const grove_op *op, grove_tensor x, const void *attributes);
GROVE_API grove_tensor grove_append2(const grove_op *op, grove_tensor a, grove_tensor b,
                                     const void *attributes);

/* Says what a builder refuses before there is a node; returns GROVE_NONE. */
GROVE_API grove_tensor grove_refuse_builder(grove_graph *graph, const grove_op *op,
                                            grove_status status, const char *format, ...)
    GROVE_PRINTF(4, 5);

/* For gradient rules: the descriptor of a node and its attributes (NULL for an invalid tensor), and
 * the sum over the leading axes that broadcasting repeated, so that dx has x's shape. */
GROVE_API const grove_op *grove_node_descriptor(grove_tensor tensor);
GROVE_API const void *grove_attributes(grove_tensor tensor);
GROVE_API grove_tensor grove_sum_to(grove_tensor dx, grove_tensor x);

#ifdef __cplusplus
}
#endif
#endif
