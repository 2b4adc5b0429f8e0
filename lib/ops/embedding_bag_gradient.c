/* SPDX-License-Identifier: MIT
 *
 * embedding_bag_gradient - what each id of a bag gets of the bag's gradient (see embedding_bag.c).
 *
 *     y[i] = weight[i] * dy[b]    sum (weights 1 unless given)
 *     y[i] = dy[b] / size of b    mean
 *     y[i] = dy[b]                max: in the columns where i is the first to have the largest
 *                                 number; 0 in the others
 *
 * with i in bag b; 0 for padding. Ids and y together are the gradient of the table, row-sparse.
 *
 * Shapes: dy [bags..., width], table [rows, width], ids (and offsets), weights as in embedding_bag
 *   -> [ids..., width]. Only max reads the table.
 * Gradient: y is linear in dy; with dy = 1 it is the share c[i] that i has in its bag. So ddy[b] =
 *   the sum of c[i] * dy'[i] over bag b, dy' being the gradient of y. dweight[i] = <dy'[i], dy[b]>.
 *   The table decides only who is the largest: no gradient.
 * Cost: width numbers an id.
 */
#include "bag.h"

static const grove_field fields[] = BAG_FIELDS;

static bool shape(grove_shaping *s) {
    grove_shape bags;
    if (!bag_want(s, 1, &bags) || !grove_want_type(s, 0, GROVE_REAL) ||
        !grove_want_shape(s, 0, bags, "the gradient of the bags")) {
        return false;
    }
    s->shape = grove_in_shape(s, 2);
    s->shape.dim[s->shape.rank++] = grove_in_shape(s, 1).dim[1];
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* row [width] = share * dy */
GROVE_KERNEL void give(double share, const grove_real *restrict dy, grove_real *restrict row,
                       size_t width) {
    for (size_t k = 0; k < width; k++) {
        row[k] = (grove_real)(share * (double)dy[k]);
    }
}

/* dy [width]; y [ids, width], of which the bag's own are written. Without weights all get the same:
 * it is computed for the first of them. */
GROVE_KERNEL void run_sum(const bags *b, const bag *it, const grove_real *dy, grove_real *y,
                          size_t width) {
    double equal = b->a->mode == GROVE_BAG_MEAN ? 1 / (double)it->size : 1;
    const grove_real *before = NULL;
    for (size_t i = it->begin; i < it->end; i++) {
        grove_real *row = y + i * width;
        if (bag_is_padding(b, i)) {
            memset(row, 0, width * sizeof *row);
        } else if (before) {
            memcpy(row, before, width * sizeof *row);
        } else {
            give(b->weights ? (double)b->weights[i] : equal, dy, row, width);
            before = b->weights ? NULL : row;
        }
    }
}

GROVE_KERNEL void run_max(const bags *b, const bag *it, const grove_real *dy, grove_real *y) {
    memset(y + it->begin * b->width, 0, (it->end - it->begin) * b->width * sizeof *y);
    for (size_t first = 0; first < b->width && it->size > 0; first += BAG_COLUMNS) {
        size_t left = b->width - first, count = left < BAG_COLUMNS ? left : BAG_COLUMNS;
        bag_peak peak = {.most = {0}};
        bag_find_peak(b, it, first, count, &peak);
        for (size_t k = 0; k < count; k++) {
            y[peak.place[k] * b->width + first + k] = dy[first + k];
        }
    }
}

GROVE_RUN(run) {
    bags b = bags_of(call, 1);
    end = end < b.count ? end : b.count;
    grove_status status = bag_check(call, &b, begin, end);
    for (size_t number = begin; number < end && status == GROVE_OK; number++) {
        bag it = bag_at(&b, number);
        const grove_real *dy = grove_reals(call, 0) + number * b.width;
        if (b.a->mode == GROVE_BAG_MAX) {
            run_max(&b, &it, dy, grove_out(call));
        } else {
            GROVE_BY_WIDTH(run_sum, b.width, &b, &it, dy, grove_out(call))
        }
    }
    return status;
}

static size_t items(const grove_call *call) {
    return bag_items(call, 1);
}
static size_t cost(const grove_call *call) {
    return bag_cost(call, 1);
}

/* ---- grad ------------------------------------------------------------------------------------ */

/* x [ids..., width] summed up over each bag -> [bags..., width]: over an axis of the matrix, or by
 * a bag of the rows of x. */
static grove_tensor sum_bags(const bag_inputs *in, grove_tensor x) {
    if (!grove_is_valid(in->offsets)) {
        return grove_sum(x, GROVE_AXES(-2));
    }
    grove_embedding_bag_options o = {.include_last_offset = in->o.include_last_offset};
    grove_tensor places = grove_positions(x.graph, grove_node_shape(in->ids).dim[0]);
    return grove_embedding_bag(x, places, in->offsets, GROVE_NONE, &o);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    bag_inputs in = bag_inputs_of(y, 1);
    grove_tensor inner = grove_node_input(y, 0);
    grove_tensor ones = grove_fill(y.graph, grove_node_shape(inner), 1);
    grove_tensor shares =
        grove_embedding_bag_gradient(ones, in.table, in.ids, in.offsets, in.weights, &in.o);
    dx[0] = sum_bags(&in, grove_mul(shares, dy));
    if (grove_is_valid(in.weights)) {
        grove_tensor each =
            grove_embedding_bag_gradient(inner, in.table, in.ids, in.offsets, GROVE_NONE, &in.o);
        dx[in.weights_at] = grove_sum(grove_mul(each, dy), GROVE_AXES(-1));
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_embedding_bag_options sum = {.padded = true, .padding = GROVE_NOBODY};
static const grove_embedding_bag_options mean = {
    .mode = GROVE_BAG_MEAN, .padded = true, .padding = GROVE_NOBODY};
static const grove_embedding_bag_options max = {
    .mode = GROVE_BAG_MAX, .padded = true, .padding = GROVE_NOBODY};

static grove_tensor build_sum(const grove_tensor *in) {
    return grove_embedding_bag_gradient(in[0], in[1], in[2], GROVE_NONE, GROVE_NONE, &sum);
}
static grove_tensor build_mean(const grove_tensor *in) {
    return grove_embedding_bag_gradient(in[0], in[1], in[2], GROVE_NONE, GROVE_NONE, &mean);
}
static grove_tensor build_max(const grove_tensor *in) {
    return grove_embedding_bag_gradient(in[0], in[1], in[2], GROVE_NONE, GROVE_NONE, &max);
}
static grove_tensor build_offsets(const grove_tensor *in) {
    return grove_embedding_bag_gradient(in[0], in[1], in[2], in[3], in[4], NULL);
}
static grove_tensor build_max_offsets(const grove_tensor *in) {
    grove_embedding_bag_options o = {.mode = GROVE_BAG_MAX, .include_last_offset = true};
    return grove_embedding_bag_gradient(in[0], in[1], in[2], in[3], GROVE_NONE, &o);
}

#define NONE GROVE_NOBODY
#define DY                                                                                         \
    { .shape = {2, {2, 2}}, .values = GROVE_NUMBERS(6, 8, 1, 2) }

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {DY, BAG_TABLE(false), BAG_IDS(2, BAG_MATRIX, 2, 0, 2, 3, NONE, NONE)},
     .build = build_sum,
     .out = GROVE_NUMBERS(6, 8, 6, 8, 6, 8, 1, 2, 0, 0, 0, 0),
     .dy = GROVE_NUMBERS(1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60),
     .dx = {GROVE_NUMBERS(6, 60, 4, 40)}},
    {.inputs = 3,
     .in = {DY, BAG_TABLE(false), BAG_IDS(2, BAG_MATRIX, 2, NONE, 0, NONE, NONE, NONE)},
     .build = build_mean,
     .out = GROVE_NUMBERS(3, 4, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0)},
    /* Row 2 stands there twice: its first place gets it all. */
    {.inputs = 3,
     .in = {DY, BAG_TABLE(false), BAG_IDS(2, BAG_MATRIX, 0, 2, 2, NONE, NONE, NONE)},
     .build = build_max,
     .out = GROVE_NUMBERS(0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
    {.inputs = 5,
     .in = {DY,
            BAG_TABLE(false),
            BAG_IDS(1, {4}, 2, 0, 2, 3),
            BAG_IDS(1, {2}, 0, 3),
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(1, 2, 0.5, -1)}},
     .build = build_offsets,
     .out = GROVE_NUMBERS(6, 8, 12, 16, 3, 4, -1, -2)},
    {.inputs = 4,
     .in = {DY, BAG_TABLE(false), BAG_IDS(1, {4}, 2, 0, 2, 3), BAG_IDS(1, {3}, 0, 3, 4)},
     .build = build_max_offsets},
    {.inputs = 3,
     .in = {{.shape = {2, {3, 2}}},
            BAG_TABLE(false),
            BAG_IDS(2, BAG_MATRIX, 2, 0, 2, 3, NONE, NONE)},
     .build = build_sum,
     .refused = "the gradient of the bags must have the shape [2, 2]"},
    {0},
};

GROVE_ROOM(embedding_bag_gradient) = {
    .name = "embedding_bag_gradient",
    .formula = "y[i] = share of i in bag b * dy[b], i in bag b",
    .min_inputs = 3,
    .max_inputs = 5,
    .attribute_size = sizeof(bag_attributes),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_embedding_bag_gradient(grove_tensor dy, grove_tensor table, grove_tensor ids,
                                          grove_tensor offsets, grove_tensor weights,
                                          const grove_embedding_bag_options *options) {
    grove_tensor in[5] = {dy, table, ids};
    return bag_append(&grove_op_embedding_bag_gradient, in, 1, offsets, weights, options);
}
