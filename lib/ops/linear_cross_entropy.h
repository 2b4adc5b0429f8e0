/* SPDX-License-Identifier: MIT
 *
 * ops/linear_cross_entropy.h - what linear_cross_entropy_rows and its adjoints share: their inputs,
 * and the logits of a linear layer, made block by block.
 *
 *                 rows ->
 *      classes | block | block | ...       a block: LINEAR_CLASSES x LINEAR_ROWS logits in scratch,
 *         |    | block | block | ...       made by one product, used, and forgotten
 *
 * Rows of a block are classes, so that what is known of a row of x (its largest logit, its sum of
 * exps) is a column, and sixteen of them are a vector. It also is the way in which no product has
 * to pack what it reads: the weight, which is the most, is read as it lies. A block, its part of
 * the weight and of x fit into a first-level cache.
 *
 * The classes are cut into parts, as many for any number of rows: so threads have something to
 * share where there is one block of rows. The pass goes down the blocks of a part, for each block
 * of rows; so does the gradient of the weight.
 *
 * Inputs: x [n, width], weight [classes, width], labels ids [n]; what the op has besides; from
 * position `at` on the bias [classes] and the class weights [classes], where they are given. The
 * pass, which joins the parts, has its own.
 */
#ifndef GROVE_OPS_LINEAR_CROSS_ENTROPY_H
#define GROVE_OPS_LINEAR_CROSS_ENTROPY_H

#include "base/lanes.h"
#include "base/product.h"
#include "labels.h"

#define LINEAR_FIELDS                                                                              \
    GROVE_FIELD(grove_target, ignore, FLAG), GROVE_FIELD(grove_target, ignored_label, INT),        \
        GROVE_FIELD(grove_target, smoothing, REAL), GROVE_FIELD(grove_target, has_bias, FLAG)

/* `in` holds the first `inputs`, and has room for two more. */
static inline grove_tensor linear_append(const grove_op *op, grove_tensor *in, int inputs,
                                         grove_tensor bias, grove_tensor class_weights,
                                         bool with_mean,
                                         const grove_cross_entropy_options *options) {
    grove_target attributes = grove_target_of(options);
    attributes.with_mean = with_mean;
    attributes.has_bias = grove_is_valid(bias);
    if (grove_is_valid(bias)) {
        in[inputs++] = bias;
    }
    if (grove_is_valid(class_weights)) {
        in[inputs++] = class_weights;
    }
    return grove_append(op, NULL, in, inputs, &attributes);
}

/* For gradient rules: the optional inputs of a node, or GROVE_NONE. */
static inline grove_tensor linear_bias(grove_tensor node, int at) {
    const grove_target *target = grove_attributes(node);
    return target->has_bias ? grove_node_input(node, at) : GROVE_NONE;
}
static inline grove_tensor linear_class_weights(grove_tensor node, int at) {
    const grove_target *target = grove_attributes(node);
    return grove_node_input(node, at + target->has_bias);
}

/* x, weight and labels are the inputs from x on. */
static inline bool linear_want(grove_shaping *s, int x, int at) {
    const grove_target *target = s->attributes;
    if (!grove_want_type(s, x, GROVE_REAL) || !grove_want_rank(s, x, 2) ||
        !grove_want_type(s, x + 1, GROVE_REAL) || !grove_want_rank(s, x + 1, 2) ||
        !grove_want_type(s, x + 2, GROVE_ID)) {
        return false;
    }
    int64_t n = grove_in_shape(s, x).dim[0], classes = grove_in_shape(s, x + 1).dim[0];
    int64_t width = grove_in_shape(s, x + 1).dim[1];
    int weights = at + target->has_bias; /* their position, if they are given */
    if (width <= 0) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the width must be fixed, and at least 1");
    }
    if (s->inputs < weights || s->inputs > weights + 1) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it must have %d inputs, or class weights too",
                            weights);
    }
    return grove_want_target(s, classes) &&
           grove_want_shape(s, x, GROVE_SHAPE(n, width), "x, as wide as the weight,") &&
           grove_want_shape(s, x + 2, GROVE_SHAPE(n), "the labels, one for each row,") &&
           (!target->has_bias || (grove_want_type(s, at, GROVE_REAL) &&
                                  grove_want_shape(s, at, GROVE_SHAPE(classes), "the bias"))) &&
           grove_want_class_weights(s, weights, classes);
}

/* What linear_cross_entropy_rows_pass yields of the same inputs, and a gradient of its first two
 * columns: the inputs at these positions. */
static inline bool linear_want_pass(grove_shaping *s, int x, int pass, int pairs) {
    int64_t n = grove_in_shape(s, x).dim[0], width = grove_in_shape(s, x).dim[1];
    return grove_want_type(s, pass, GROVE_REAL) &&
           grove_want_shape(s, pass, GROVE_SHAPE(n, 2 + width), "what the pass yields") &&
           grove_want_type(s, pairs, GROVE_REAL) &&
           grove_want_shape(s, pairs, GROVE_SHAPE(n, 2), "loss and divisor, or their gradient,");
}

/* ---- blocks and parts ------------------------------------------------------------------------ */

/* A part has at least LINEAR_PART classes, and there are at most LINEAR_PARTS of them. */
enum { LINEAR_ROWS = 64, LINEAR_CLASSES = 64, LINEAR_PART = 512, LINEAR_PARTS = 16 };

static inline size_t linear_least(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t linear_pieces(size_t count, size_t size) {
    return (count + size - 1) / size;
}

/* Classes of a part (the last one may have fewer), whole blocks of them; and how many parts. */
static inline size_t linear_part(size_t classes) {
    size_t most = linear_pieces(classes, LINEAR_PARTS);
    most = most > LINEAR_PART ? most : LINEAR_PART;
    return linear_pieces(most, LINEAR_CLASSES) * LINEAR_CLASSES;
}
static inline size_t linear_parts(size_t classes) {
    return linear_pieces(classes, linear_part(classes));
}

/* ---- kernels --------------------------------------------------------------------------------- */

typedef struct linear {
    const grove_target *target;
    const grove_real *x, *weight, *bias; /* [n, width], [classes, width], [classes] or NULL */
    const grove_id *labels;              /* [n] */
    grove_weighting w;
    size_t n, width, classes;
    size_t row, rows, step; /* the rows at hand; how many they are, and filled up to whole lanes */
    void *product;          /* working room of products */
    grove_real *turned;     /* [width, step] the rows at hand, transposed, and 0 behind them */
    grove_real *block;      /* [LINEAR_CLASSES, step], or fewer */
    grove_real *means;      /* [rows, width], for the pass */
} linear;

/* Rows of a block of n, at most, in whole lanes. */
static inline size_t linear_most_rows(size_t n) {
    return linear_pieces(linear_least(n, LINEAR_ROWS), GROVE_LANES) * GROVE_LANES;
}

/* Bytes for the products: logits, means, and the weight's gradient, whichever needs most. */
static inline size_t linear_product_room(size_t n, size_t width, size_t classes) {
    size_t rows = linear_most_rows(n), count = linear_least(classes, LINEAR_CLASSES);
    size_t logits = grove_product_scratch(&(grove_product){.m = count, .n = rows, .k = width});
    size_t means = grove_product_scratch(
        &(grove_product){.transpose_a = true, .m = rows, .n = width, .k = count, .a_step = rows});
    size_t slopes = grove_product_scratch(&(grove_product){.m = count, .n = width, .k = rows});
    size_t most = logits > means ? logits : means;
    return most > slopes ? most : slopes;
}

/* Bytes: for products, rows of x, a block, and means where they are asked for. */
static inline size_t linear_scratch(const grove_call *call) {
    const grove_target *target = call->attributes;
    size_t n = call->in[0]->dim[0], classes = call->in[1]->dim[0], width = call->in[1]->dim[1];
    size_t count = linear_least(classes, LINEAR_CLASSES);
    size_t numbers = linear_most_rows(n) * (width + count + (target->with_mean ? width : 0));
    return linear_product_room(n, width, classes) + numbers * sizeof(grove_real);
}

static inline linear linear_of(const grove_call *call, int at) {
    linear l = {.target = call->attributes,
                .x = grove_reals(call, 0),
                .weight = grove_reals(call, 1),
                .labels = grove_ids(call, 2),
                .n = call->in[0]->dim[0],
                .width = call->in[1]->dim[1],
                .classes = call->in[1]->dim[0],
                .product = call->scratch};
    size_t rows = linear_most_rows(l.n), count = linear_least(l.classes, LINEAR_CLASSES);
    l.turned = (grove_real *)((char *)l.product + linear_product_room(l.n, l.width, l.classes));
    l.block = l.turned + rows * l.width;
    l.means = l.block + rows * count;
    l.bias = l.target->has_bias ? grove_reals(call, at) : NULL;
    l.w = grove_weighting_of(call, at + l.target->has_bias, l.classes);
    return l;
}

/* Takes the block of rows from `row` on. */
GROVE_KERNEL void linear_take_rows(linear *l, size_t row) {
    const grove_real *x = l->x + row * l->width;
    l->row = row;
    l->rows = linear_least(l->n - row, LINEAR_ROWS);
    l->step = linear_most_rows(l->rows);
    for (size_t k = 0; k < l->width; k++) {
        for (size_t i = 0; i < l->step; i++) {
            l->turned[k * l->step + i] = i < l->rows ? x[i * l->width + k] : 0;
        }
    }
}

/* The logits of the rows at hand, for `count` classes, from `first` on -> block [count, step]. */
static inline void linear_logits(const linear *l, size_t first, size_t count) {
    for (size_t c = 0; c < count && l->bias; c++) {
        for (size_t i = 0; i < l->step; i++) {
            l->block[c * l->step + i] = l->bias[first + c];
        }
    }
    grove_matrix_product(&(grove_product){.add = l->bias != NULL,
                                          .m = count,
                                          .n = l->step,
                                          .k = l->width,
                                          .a = l->weight + first * l->width,
                                          .a_step = l->width,
                                          .b = l->turned,
                                          .b_step = l->step,
                                          .c = l->block,
                                          .c_step = l->step},
                         l->product);
}

/* Asks for the weight's row of that class, if there is one: a block ahead, while exps are made. */
GROVE_KERNEL void linear_fetch(const linear *l, size_t c) {
    const grove_real *row = l->weight + c * l->width;
    for (size_t k = 0; k < l->width && c < l->classes; k += 64 / sizeof *row) {
        __builtin_prefetch(row + k, 0, 2);
    }
}

/* Which class of a block the label is, or `count` if it is none of them. */
static inline size_t linear_place(grove_id label, size_t first, size_t count) {
    bool inside = label >= 0 && (size_t)label >= first && (size_t)label - first < count;
    return inside ? (size_t)label - first : count;
}

/* In additions: a logit costs products over the width (matmul.c), and an exp. */
static inline size_t linear_cost(size_t rows, size_t classes, size_t width, size_t products) {
    return rows * classes * (products * width / 16 + 4);
}

/* Pieces of worked examples: a row x = (0, log 3) with W = (1 0, 0 1) has the logits x, and so the
 * shares 1/4 and 3/4. */
#define LINEAR_LOG_3 1.0986122886681098
#define LINEAR_MATRIX(m, n)                                                                        \
    {                                                                                              \
        .shape = { 2, {m, n} }                                                                     \
    }
#define LINEAR_LIST(n)                                                                             \
    {                                                                                              \
        .shape = { 1, {n} }                                                                        \
    }
#define LINEAR_LABELS(n, ...)                                                                      \
    { .type = GROVE_ID, .shape = {1, {n}}, .values = GROVE_NUMBERS(__VA_ARGS__) }

/* x, W and labels of the worked example. Of the next: x, W, labels, class weights. */
#define LINEAR_WORKED                                                                              \
    {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(0, LINEAR_LOG_3, 0, LINEAR_LOG_3)},             \
        {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 0, 0, 1)}, LINEAR_LABELS(2, 0, 1)
#define LINEAR_WEIGHTED                                                                            \
    LINEAR_MATRIX(2, 3), LINEAR_MATRIX(3, 3), LINEAR_LABELS(2, 2, 0), {                            \
        .shape = {1, {3}}, .no_check = true                                                        \
    }

#endif
