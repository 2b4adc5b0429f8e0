/* SPDX-License-Identifier: MIT
 *
 * ops/room.h - the contract between an op's room and the stages.
 *
 * A room is one file that ends in one descriptor (two or three where an op and its adjoints share
 * it). Everything the house knows of an op stands in its descriptor; no stage names an op. The
 * order in a room: comment (formula, shapes, gradient derived, numerics, cost) - attributes - shape
 * - run - grad - worked example - descriptor - builder.
 *
 * Rooms see this file, base/ and the public builders; never another room, never a stage's insides.
 */
#ifndef GROVE_OPS_ROOM_H
#define GROVE_OPS_ROOM_H

#include <stddef.h>
#include <string.h>

#include "grove/ops.h"

typedef struct grove_op grove_op;

/* ---- attributes: what a node knows besides its inputs; plain data, saved in model files ------ */

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
bool grove_refuse(grove_shaping *shaping, grove_status status, const char *format, ...)
    GROVE_PRINTF(3, 4);

grove_shape grove_in_shape(const grove_shaping *shaping, int position);

/* Ready-made shape functions and checks. */
bool grove_same_shape(grove_shaping *shaping); /* all inputs real and of one shape, so the result */
bool grove_broadcast_shapes(grove_shaping *shaping); /* two real inputs that broadcast */
bool grove_update_shape(grove_shaping *shaping);     /* the result is empty: [0] */
bool grove_want_type(grove_shaping *shaping, int position, grove_type type);
bool grove_want_shape(grove_shaping *shaping, int position, grove_shape shape, const char *what);
bool grove_want_rank(grove_shaping *shaping, int position, int rank);
/* Input `values` must be real and hold a row for each id of input `ids`: [ids..., width]. */
bool grove_want_values(grove_shaping *shaping, int ids, int values);
/* Brings negative axes to 0..rank-1, in rising order; an empty list becomes all axes. */
bool grove_want_axes(grove_shaping *shaping, grove_shape axes, int rank, grove_shape *sorted);

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
    const void *attributes;
    const grove_view *out;
    const grove_view *const *in;
    int inputs;
    void *scratch; /* as many bytes as `scratch` of the descriptor asked for, 64-byte aligned */
    uint64_t seed; /* of the graph */
    uint64_t run;  /* which training run this is; random numbers depend on it */
    int32_t node;  /* index in the graph */
    struct grove_plan *plan; /* for grove_call_fail */
} grove_call;

/* Reports bad data (an id, a label) met at this position of the input (the smallest position wins,
 * whatever the threads do); the sentence is completed with op, node and input. Returns status. */
grove_status grove_call_fail(const grove_call *call, int input, size_t position,
                             grove_status status, const char *format, ...) GROVE_PRINTF(5, 6);

/* Checks that every id of the input lies in 0..rows-1; the message names input, row, position,
 * value and range. Each kernel that follows ids does this before it writes anything. */
grove_status grove_check_ids(const grove_call *call, int input, size_t begin, size_t end,
                             size_t rows);
/* The same where ids say which rows get something: GROVE_NOBODY is fine, and is passed over. */
grove_status grove_check_row_ids(const grove_call *call, int input, size_t begin, size_t end,
                                 size_t rows);

static inline const grove_real *grove_reals(const grove_call *call, int position) {
    return call->in[position]->data;
}
static inline grove_real *grove_written(const grove_call *call, int position) {
    return call->in[position]->data; /* an input that the descriptor lists as written */
}
static inline const grove_id *grove_ids(const grove_call *call, int position) {
    return call->in[position]->data;
}
static inline grove_real *grove_out(const grove_call *call) {
    return call->out->data;
}
/* The last dimension (1 for a scalar), and how many rows of that width there are. */
static inline size_t grove_width(const grove_view *view) {
    return view->rank ? view->dim[view->rank - 1] : 1;
}
static inline size_t grove_rows(const grove_view *view) {
    size_t width = grove_width(view);
    return width ? view->count / width : 0;
}

/* How a kernel's work is counted in items, which tiles cut: ready-made functions. */
size_t grove_by_element(const grove_call *call); /* the elements of the result */
size_t grove_by_row(const grove_call *call);     /* its rows */
size_t grove_as_one(const grove_call *call);     /* not to be cut */

/* ---- the worked example: test, manual and lesson at once ------------------------------------- */

typedef struct grove_example_tensor {
    grove_type type;
    grove_shape shape;    /* literal: {2, {3, 4}} */
    const double *values; /* NULL: the test draws some (ids: 0, 1, 2...) */
    bool stored;          /* a parameter or state, for ops that write in place */
    bool no_check;        /* leave out of gradient checks: the op has no gradient for it, or it is
                             piecewise constant in it */
} grove_example_tensor;

enum { GROVE_EXAMPLE_INPUTS = 9 };

typedef struct grove_example {
    int inputs;
    grove_example_tensor in[GROVE_EXAMPLE_INPUTS];
    grove_tensor (*build)(const grove_tensor *in);
    const double *out;                      /* what it yields; NULL: only gradients are checked */
    const double *dy;                       /* an incoming gradient, */
    const double *dx[GROVE_EXAMPLE_INPUTS]; /* and what each input then gets */
    const double *after[GROVE_EXAMPLE_INPUTS]; /* for stored inputs: their numbers after the run */
    const char *refused; /* not an example: this build must be refused with these words in it */
} grove_example;

/* Numbers of an example, in static storage. */
#define GROVE_NUMBERS(...) ((const double[]){__VA_ARGS__})

/* ---- the descriptor -------------------------------------------------------------------------- */

enum {
    GROVE_ALIAS = 1,      /* the result is input 0's memory, seen otherwise; there is no kernel,
                             and other inputs are not computed for it */
    GROVE_IN_PLACE = 2,   /* the kernel may write its result over input 0 (same size) */
    GROVE_TRAINING = 4,   /* outside training the result is its last input itself, an alias */
    GROVE_UPDATE = 8,     /* changes its written inputs; outside training it is left out */
    GROVE_FIRST = 16,     /* an update that goes before all else in a run */
    GROVE_STORED = 32,    /* a leaf whose memory the graph owns */
    GROVE_BOUND = 64,     /* a leaf that the caller binds */
    GROVE_TRAINED = 128,  /* a stored leaf that gradients and optimizers are for */
    GROVE_PIECEWISE = 256 /* its second derivative is zero wherever it exists */
};

struct grove_op {
    const char *name;
    const char *formula; /* one line, for manual, pictures and traces */
    int min_inputs, max_inputs;
    unsigned flags;
    unsigned written; /* bit i: input i is changed in place, and must be a parameter or state */
    size_t attribute_size;
    const grove_field *fields;
    bool (*shape)(grove_shaping *shaping);
    grove_status (*run)(const grove_call *call, size_t begin, size_t end); /* items begin..end-1 */
    size_t (*items)(const grove_call *call);                               /* NULL: grove_as_one */
    size_t (*cost)(const grove_call *call);    /* of an item, in additions; NULL: 1 */
    size_t (*scratch)(const grove_call *call); /* bytes; NULL: none */
    /* For updates: finds whatever would make run fail. All are asked before any of them runs. */
    grove_status (*check)(const grove_call *call);
    /* dx[i] = the node that computes the gradient of input i, given that of y; those that get none
     * stay as they are (GROVE_NONE). */
    void (*grad)(grove_tensor y, grove_tensor dy, grove_tensor *dx);
    const char *no_gradient; /* where grad is NULL: why */
    /* Joins two contributions to one gradient that are both results of this op, when that keeps a
     * property an ordinary sum would lose; NULL: they are added. */
    grove_tensor (*join)(grove_tensor a, grove_tensor b);
    const grove_example *examples; /* the first is the worked one; ends where build is NULL */
};

/* Numbers of the rows: a room without its row does not compile. */
enum {
#define GROVE_OP(name, parameters, contract) GROVE_ROW_##name,
#include "grove/ops.def"
#undef GROVE_OP
    GROVE_ROWS /* how many there are */
};

/* The one table, made from ops.def; in its order. */
extern const grove_op *const grove_op_table[GROVE_ROWS];

/* Heads a descriptor: `GROVE_ROOM(relu) = { .formula = ... };` */
#define GROVE_ROOM(row)                                                                            \
    enum { grove_row_of_##row = GROVE_ROW_##row };                                                 \
    extern const grove_op grove_op_##row;                                                          \
    const grove_op grove_op_##row

/* ---- building -------------------------------------------------------------------------------- */

/* Appends a node; `attributes` are copied. Returns GROVE_NONE after any mistake. `graph` may be
 * NULL where there are inputs. */
grove_tensor grove_append(const grove_op *op, grove_graph *graph, const grove_tensor *in,
                          int inputs, const void *attributes);
grove_tensor grove_append1(const grove_op *op, grove_tensor x, const void *attributes);
grove_tensor grove_append2(const grove_op *op, grove_tensor a, grove_tensor b,
                           const void *attributes);

/* For gradient rules: the attributes of a node. */
const void *grove_attributes(grove_tensor tensor);

/* Says what a builder refuses before there is a node; returns GROVE_NONE. */
grove_tensor grove_refuse_builder(grove_graph *graph, const grove_op *op, grove_status status,
                                  const char *format, ...) GROVE_PRINTF(4, 5);

/* Sums away the leading axes that broadcasting repeated, so that dx has x's shape. */
grove_tensor grove_sum_to(grove_tensor dx, grove_tensor x);

#endif
