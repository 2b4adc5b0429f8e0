/* SPDX-License-Identifier: MIT
 *
 * ops/linear_cross_entropy.h - what linear_cross_entropy_rows and its adjoints share: their inputs,
 * and the logits of a linear layer, made block by block.
 *
 *                 classes ->
 *      rows  | block | block | ...       a block: LINEAR_ROWS x LINEAR_CLASSES logits in scratch,
 *       |    | block | block | ...       made by one product, used, and forgotten
 *
 * The forward pass walks along a row of blocks, the gradient of the weight down a column. Blocks
 * begin at the same places for both, so both see the same bits of a logit.
 *
 * Inputs: x [n, width], weight [classes, width], labels ids [n]; what the op has besides; from
 * position `at` on the bias [classes] and the class weights [classes], where they are given.
 */
#ifndef GROVE_OPS_LINEAR_CROSS_ENTROPY_H
#define GROVE_OPS_LINEAR_CROSS_ENTROPY_H

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

/* ---- kernels --------------------------------------------------------------------------------- */

/* A block of floats is 256 KiB: it stays in a second-level cache, and is large enough that the
 * packing of operands pays. */
enum { LINEAR_ROWS = 128, LINEAR_CLASSES = 512 };

typedef struct linear {
    const grove_target *target;
    const grove_real *x, *weight, *bias; /* [n, width], [classes, width], [classes] or NULL */
    const grove_id *labels;              /* [n] */
    grove_weighting w;
    size_t n, width, classes;
    void *product;     /* working room of products */
    grove_real *block; /* [LINEAR_ROWS, LINEAR_CLASSES], or smaller */
} linear;

static inline size_t linear_least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Of the logits, of the means, and of the weight's gradient: whichever needs most. */
static inline size_t linear_product_room(size_t n, size_t width, size_t classes) {
    size_t rows = linear_least(n, LINEAR_ROWS), count = linear_least(classes, LINEAR_CLASSES);
    size_t logits = grove_product_scratch(
        &(grove_product){.transpose_b = true, .m = rows, .n = count, .k = width});
    size_t means = grove_product_scratch(&(grove_product){.m = rows, .n = width, .k = count});
    size_t slopes = grove_product_scratch(
        &(grove_product){.transpose_a = true, .m = count, .n = width, .k = rows, .a_step = count});
    size_t most = logits > means ? logits : means;
    return most > slopes ? most : slopes;
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
    l.block = (grove_real *)((char *)l.product + linear_product_room(l.n, l.width, l.classes));
    l.bias = l.target->has_bias ? grove_reals(call, at) : NULL;
    l.w = grove_weighting_of(call, at + l.target->has_bias, l.classes);
    return l;
}

/* The logits of `rows` rows, from `row` on, for `count` classes, from `first` on -> block [rows,
 * count]. */
static inline void linear_logits(const linear *l, size_t row, size_t rows, size_t first,
                                 size_t count) {
    const grove_real *x = l->x + row * l->width, *weight = l->weight + first * l->width;
    for (size_t i = 0; i < rows && l->bias; i++) {
        memcpy(l->block + i * count, l->bias + first, count * sizeof *l->block);
    }
    grove_matrix_product(&(grove_product){.transpose_b = true,
                                          .add = l->bias != NULL,
                                          .m = rows,
                                          .n = count,
                                          .k = l->width,
                                          .a = x,
                                          .a_step = l->width,
                                          .b = weight,
                                          .b_step = l->width,
                                          .c = l->block,
                                          .c_step = count},
                         l->product);
}

/* Which class of a block the label is, or `count` if it is none of them. */
static inline size_t linear_place(grove_id label, size_t first, size_t count) {
    bool inside = label >= 0 && (size_t)label >= first && (size_t)label - first < count;
    return inside ? (size_t)label - first : count;
}

/* The numbers of a block: no more than there are rows and classes. */
static inline size_t linear_block_size(size_t n, size_t classes) {
    return linear_least(n, LINEAR_ROWS) * linear_least(classes, LINEAR_CLASSES);
}
static inline size_t linear_scratch(const grove_call *call) {
    size_t n = call->in[0]->dim[0], classes = call->in[1]->dim[0], width = call->in[1]->dim[1];
    return linear_product_room(n, width, classes) +
           linear_block_size(n, classes) * sizeof(grove_real);
}

/* Items: blocks of rows, or of classes. */
static inline size_t linear_row_blocks(const grove_call *call) {
    return (call->in[0]->dim[0] + LINEAR_ROWS - 1) / LINEAR_ROWS;
}
static inline size_t linear_class_blocks(const grove_call *call) {
    return (call->in[1]->dim[0] + LINEAR_CLASSES - 1) / LINEAR_CLASSES;
}

/* In additions: a logit costs a product over the width (matmul.c), and an exp. */
static inline size_t linear_cost_of_rows(const grove_call *call) {
    size_t rows = linear_least(call->in[0]->dim[0], LINEAR_ROWS);
    return rows * call->in[1]->dim[0] * (call->in[1]->dim[1] / 16 + 4);
}
static inline size_t linear_cost_of_classes(const grove_call *call) {
    size_t classes = linear_least(call->in[1]->dim[0], LINEAR_CLASSES);
    return call->in[0]->dim[0] * classes * (call->in[1]->dim[1] / 8 + 4);
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

#endif
