/* SPDX-License-Identifier: MIT
 *
 * grove/ops.h - the builders of all ops. One op is one row of ops.def; each row is expanded here
 * into a prototype, and in the library into its table and its numbers.
 */
#ifndef GROVE_OPS_H
#define GROVE_OPS_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For softmax_ and linear_cross_entropy_rows; zero means the plain loss. */
typedef struct grove_cross_entropy_options {
    bool ignore;            /* rows whose label is ignored_label count for nothing */
    grove_id ignored_label; /* may be any id, also -1 */
    double smoothing;       /* in [0, 1): this share of the target is spread over all classes */
} grove_cross_entropy_options;

/* An id that names no row. Where ids say which rows get something (scatter_rows and the updates) it
 * is passed over; where they are looked up it is refused like any other that is out of range. It is
 * made by ops, for padding and for rows that are frozen. */
#define GROVE_NOBODY INT32_MIN

/* For embedding_bag: what becomes of the rows that a bag of ids names. */
typedef enum grove_bag_mode { GROVE_BAG_SUM, GROVE_BAG_MEAN, GROVE_BAG_MAX } grove_bag_mode;
typedef struct grove_embedding_bag_options {
    grove_bag_mode mode;
    bool padded;      /* ids that are equal to `padding` are not in the bag: they add nothing, are
                         not counted in a mean, are never the largest, and get no gradient */
    grove_id padding; /* goes with `padded`, and must be 0 without; may be any id, also -1 */
    bool include_last_offset; /* the offsets end with the number of all ids: one more than bags */
} grove_embedding_bag_options;

/* For the updates. `decay` is the weight decay, 0 for none; `scale` multiplies the rate (a
 * parameter's own rate), 0 meaning 1. */
typedef struct grove_sgd_options {
    double momentum; /* 0: none */
    bool nesterov;
    double decay; /* coupled: added to the gradient as decay * parameter */
    double scale;
} grove_sgd_options;

typedef struct grove_adam_options {
    double beta1, beta2, epsilon; /* 0 means 0.9, 0.999, 1e-8 */
    double decay;
    bool decoupled; /* AdamW: parameter -= rate * decay * parameter; else added to the gradient */
    double scale;
} grove_adam_options;

typedef struct grove_adagrad_options {
    double epsilon; /* 0 means 1e-10 */
    double decay;   /* coupled; dense form only */
    double scale;
} grove_adagrad_options;

typedef struct grove_rmsprop_options {
    double alpha, epsilon; /* 0 means 0.99, 1e-8 */
    double momentum;       /* 0: none */
    bool centered;         /* divides by the standard deviation of gradients, not their size */
    double decay;          /* coupled: added to the gradient as decay * parameter */
    double scale;
} grove_rmsprop_options;

#define GROVE_OP(name, parameters, contract) GROVE_API grove_tensor grove_##name parameters;
#include "ops.def"
#undef GROVE_OP

/* The constant once more, of ids. */
GROVE_API grove_tensor grove_constant_ids(grove_graph *graph, const char *name, grove_shape shape,
                                          const grove_id *ids);

/* grove_input_ids(g, "species", GROVE_BATCH): an input of ids, its shape written as a list. */
#define grove_input_reals(graph, name, ...)                                                        \
    grove_input(graph, name, GROVE_REAL, GROVE_SHAPE(__VA_ARGS__))
#define grove_input_ids(graph, name, ...)                                                          \
    grove_input(graph, name, GROVE_ID, GROVE_SHAPE(__VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
