/* SPDX-License-Identifier: MIT
 *
 * ops/room.h - what a room of the house has besides the public contract of an op, grove/op.h.
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

#include "base/levels.h"
#include "grove/op.h"

/* Flags that only ops of the house have: most of them leaves, which a graph and its plans know more
 * of than an op can say. */
enum {
    GROVE_STORED = 32,   /* a leaf whose memory the graph owns */
    GROVE_BOUND = 64,    /* a leaf that the caller binds */
    GROVE_TRAINED = 128, /* a stored leaf that gradients and optimizers are for */

    /* A step's numbers may be finished on their way to memory. */
    GROVE_FINISHES = 1 << 16, /* its kernel heeds call->finish */
    GROVE_ADDS = 1 << 17,     /* the op is y = a + b, broadcasting the smaller */
    GROVE_CLIPS = 1 << 18,    /* y = 0 > x ? 0 : x */
    GROVE_MASKS = 1 << 19,    /* y = x > 0 ? dy : 0, of inputs dy and x */
    GROVE_OF_FINISHING = GROVE_FINISHES | GROVE_ADDS | GROVE_CLIPS | GROVE_MASKS
};

/* What a kernel with GROVE_FINISHES does to each number of its result before it stores it, in this
 * order. (NULL or false: not that.) */
typedef struct grove_finish {
    const grove_view *row;    /* is added: one number for each column */
    const grove_view *matrix; /* is added: as many numbers as the result has */
    const grove_view *mask;   /* as many: where they are not above 0, the result becomes 0 */
    bool clip;                /* where the result is below 0, it becomes 0 */
    size_t columns;           /* only so many of each row's numbers, the first ones, are read by
                                 anybody; 0: all */
} grove_finish;

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

/* Heads a kernel that is built for each level of processors (base/levels.h):
 *
 *     GROVE_RUN(run) { ... items begin..end-1 of call ... }
 *
 * is a function grove_status run(const grove_call *call, size_t begin, size_t end). What it calls
 * in its loops must be compiled into it: a GROVE_KERNEL, too. */
#define GROVE_RUN_PARAMETERS (const grove_call *call, size_t begin, size_t end)
#define GROVE_RUN(name)                                                                            \
    GROVE_KERNEL grove_status name##_kernel GROVE_RUN_PARAMETERS;                                  \
    GROVE_BY_LEVEL(grove_status, name, name##_kernel, GROVE_RUN_PARAMETERS, (call, begin, end))    \
    GROVE_KERNEL grove_status name##_kernel GROVE_RUN_PARAMETERS

/* The op of that name in the table, or NULL. */
const grove_op *grove_op_named(const char *name);

/* Can an op that is not of the table work? If not, `fault` [size] says why in a sentence. */
bool grove_op_is_sound(const grove_op *op, char *fault, size_t size);

#endif
