/* SPDX-License-Identifier: MIT
 *
 * grove/tensor.h - a type, a shape, a handle.
 *
 * Stage one of five. A grove_tensor does not hold numbers: it names a node of a graph, and is
 * passed by value. Its numbers exist where a plan puts them (grove/plan.h), or, for a parameter, in
 * the graph itself.
 */
#ifndef GROVE_TENSOR_H
#define GROVE_TENSOR_H

#include <stdbool.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The number that everything is computed in: float; double in the build that checks gradients. */
#ifdef GROVE_DOUBLE
typedef double grove_real;
#else
typedef float grove_real;
#endif

/* The number of a category, a class, a row of a table: 0, 1, 2... */
typedef int32_t grove_id;

/* What the elements of a tensor are. */
typedef enum grove_type { GROVE_REAL, GROVE_ID } grove_type;

/* The one symbolic size: as many rows as the plan's batch has. A dimension is a number (12), a
 * multiple of the batch (2 * GROVE_BATCH), or both added up (grove_dim(2, 12): 2 * batch + 12), so
 * a graph is made once and planned for any batch. */
#define GROVE_BATCH ((int64_t)-1)

/* The dimension batches * batch + more: each from 0 to 2^31 - 1. The low 32 bits of what is below 0
 * count the batches, so that grove_dim(k, 0) is k * GROVE_BATCH. */
static inline int64_t grove_dim(int64_t batches, int64_t more) {
    return batches > 0 ? -(batches + more * ((int64_t)1 << 32)) : more;
}
/* Its two parts. */
static inline int64_t grove_dim_batches(int64_t dim) {
    return dim < 0 ? (int64_t)(((uint64_t)0 - (uint64_t)dim) & UINT32_MAX) : 0;
}
static inline int64_t grove_dim_more(int64_t dim) {
    return dim < 0 ? (int64_t)(((uint64_t)0 - (uint64_t)dim) >> 32) : dim;
}

enum { GROVE_MAX_RANK = 6 };

/* As many rows of a table as hashing may give to one id or text. */
enum { GROVE_MAX_HASHES = 16 };

/* Row-major. Rank 0 is a scalar. A dimension may be 0; a negative one has the batch in it. */
typedef struct grove_shape {
    int rank;
    int64_t dim[GROVE_MAX_RANK];
} grove_shape;

/* GROVE_SHAPE(GROVE_BATCH, 12) is the shape [batch, 12]; GROVE_AXES(0, 1) a list of axes. Negative
 * axes count from the end: -1 is the last one. (C++ has no such literals: use grove_shape_of.) */
#define GROVE_SHAPE(...)                                                                           \
    grove_shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                      \
                   (const int64_t[]){__VA_ARGS__})
#define GROVE_AXES(...) GROVE_SHAPE(__VA_ARGS__)
#define GROVE_SCALAR grove_shape_of(0, NULL)
#define GROVE_ALL_AXES GROVE_SCALAR

/* The shape of these dimensions; a rank above GROVE_MAX_RANK gives rank -1, which every builder
 * refuses. */
GROVE_API grove_shape grove_shape_of(int rank, const int64_t *dim);
GROVE_API bool grove_shape_equal(grove_shape a, grove_shape b);

/* Writes "[batch, 12]" (always terminated, cut if need be) and returns text. */
GROVE_API const char *grove_shape_text(grove_shape shape, char *text, size_t size);

typedef struct grove_graph grove_graph;

/* A node of a graph. Copy it freely; it dies with its graph. An invalid one (index below 0) comes
 * out of every builder that was given one or that refused: check once, at the end. */
typedef struct grove_tensor {
    grove_graph *graph;
    int32_t index;
} grove_tensor;

/* No tensor: for optional arguments, and the answer where there is none. */
#define GROVE_NONE grove_none()
static inline grove_tensor grove_none(void) {
    grove_tensor none = {NULL, -1};
    return none;
}
static inline bool grove_is_valid(grove_tensor tensor) {
    return tensor.graph != NULL && tensor.index >= 0;
}

#ifdef __cplusplus
}
#endif
#endif
