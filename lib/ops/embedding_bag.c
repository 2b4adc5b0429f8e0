/* SPDX-License-Identifier: MIT
 *
 * embedding_bag - one vector for a bag of ids: the sum, the mean or the largest of their rows.
 *
 *     y[b] = sum of weight[i] * table[ids[i]]     over all i in bag b (weights 1 unless given)
 *     y[b] = mean of table[ids[i]]
 *     y[b] = max of table[ids[i]], column by column
 *
 * A cell with several values ("red;green"), the words of a line, the films somebody saw: a bag has
 * no order and any size. It is embedding followed by a sum, without the rows written out between.
 *
 * Shapes: table [rows, width]; ids [..., n] -> [..., width], or ids [total] with offsets [bags] ->
 *   [bags, width]; weights as ids. How ids make bags stands in bag.h.
 * Two rules for the padding: it gets no gradient, and it is not counted in the mean. Nor is it ever
 *   the largest. So a bag filled up with padding is the bag without it, bit by bit. An empty bag
 *   yields zeros.
 * Gradient: row r gets weight[i] * dy[b] from each i in bag b with ids[i] = r; dy[b] / size in the
 *   mean; in max each column of dy[b] goes to the first row that has the largest number. That is
 *   scatter_rows(ids, embedding_bag_gradient(dy)): row-sparse. The padding is GROVE_NOBODY in these
 *   ids (embedding_bag_ids), so it touches no row. dweight[i] = <dy[b], table[ids[i]]>.
 * Numerics: sums in double, in the order of the ids, four rows at a time. In max a NaN wins.
 * Errors: an id out of range (unless it is the padding), offsets that fall or do not begin at 0.
 * Cost: width additions an id.
 */
#include "bag_sum.h"

static const grove_field fields[] = BAG_FIELDS;

static bool shape(grove_shaping *s) {
    return bag_want(s, 0, &s->shape);
}

/* ---- run ------------------------------------------------------------------------------------- */

GROVE_KERNEL void run_max(const bags *b, const bag *it, grove_real *y) {
    for (size_t first = 0; first < b->width; first += BAG_COLUMNS) {
        size_t left = b->width - first, count = left < BAG_COLUMNS ? left : BAG_COLUMNS;
        bag_peak peak = {.most = {0}};
        bag_find_peak(b, it, first, count, &peak);
        memcpy(y + first, peak.most, count * sizeof *y);
    }
}

GROVE_RUN(run) {
    bags b = bags_of(call, 0);
    end = end < b.count ? end : b.count;
    grove_status status = bag_check(call, &b, begin, end);
    for (size_t number = begin; number < end && status == GROVE_OK; number++) {
        bag it = bag_at(&b, number);
        grove_real *y = grove_out(call) + number * b.width;
        if (b.a->mode == GROVE_BAG_MAX) {
            run_max(&b, &it, y);
        } else if (!b.weights && it.size == it.end - it.begin && b.width <= BAG_COLUMNS) {
            GROVE_BY_WIDTH(bag_sum_plain, b.width, &b, &it, y)
        } else {
            bag_sum(&b, &it, y);
        }
    }
    return status;
}

static size_t items(const grove_call *call) {
    return bag_items(call, 0);
}
static size_t cost(const grove_call *call) {
    return bag_cost(call, 0);
}

/* ---- grad ------------------------------------------------------------------------------------ */

/* [ids..., width]: the row of each id, as a bag of its own; padding has zeros. */
static grove_tensor rows_of(const bag_inputs *in) {
    grove_embedding_bag_options o = {.padded = in->o.padded, .padding = in->o.padding};
    grove_shape one = grove_node_shape(in->ids);
    one.dim[one.rank++] = 1;
    return grove_embedding_bag(in->table, grove_reshape(in->ids, one), GROVE_NONE, GROVE_NONE, &o);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    bag_inputs in = bag_inputs_of(y, 0);
    dx[0] = grove_scatter_rows(
        in.ids, grove_embedding_bag_gradient(dy, in.table, in.ids, in.offsets, in.weights, &in.o),
        grove_node_shape(in.table).dim[0]);
    if (grove_is_valid(in.weights)) {
        grove_tensor each =
            grove_embedding_bag_gradient(dy, in.table, in.ids, in.offsets, GROVE_NONE, &in.o);
        dx[in.weights_at] = grove_sum(grove_mul(each, rows_of(&in)), GROVE_AXES(-1));
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_embedding_bag_options sum = {.padded = true, .padding = -1};
static const grove_embedding_bag_options mean = {
    .mode = GROVE_BAG_MEAN, .padded = true, .padding = -1};
static const grove_embedding_bag_options max = {
    .mode = GROVE_BAG_MAX, .padded = true, .padding = -1};
static const grove_embedding_bag_options last = {.include_last_offset = true};

static grove_tensor build_sum(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], GROVE_NONE, GROVE_NONE, &sum);
}
static grove_tensor build_mean(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], GROVE_NONE, GROVE_NONE, &mean);
}
static grove_tensor build_max(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], GROVE_NONE, GROVE_NONE, &max);
}
static grove_tensor build_weighted(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], GROVE_NONE, in[2], &sum);
}
static grove_tensor build_offsets(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], in[2], in[3], NULL);
}
static grove_tensor build_last(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], in[2], GROVE_NONE, &last);
}
static grove_tensor build_mean_weighted(const grove_tensor *in) {
    return grove_embedding_bag(in[0], in[1], GROVE_NONE, in[2], &mean);
}

static const grove_example examples[] = {
    /* Row 2 is in the first bag twice. The second bag holds row 3 alone. Row 1 is in none. */
    {.inputs = 2,
     .in = {BAG_TABLE(true), BAG_IDS(2, BAG_MATRIX, 2, 0, 2, 3, -1, -1)},
     .build = build_sum,
     .out = GROVE_NUMBERS(7, 80, 4, 10),
     .dy = GROVE_NUMBERS(1, 10, 100, 1000),
     .dx = {GROVE_NUMBERS(1, 10, 0, 0, 2, 20, 100, 1000)}},
    {.inputs = 2,
     .in = {BAG_TABLE(true), BAG_IDS(2, BAG_MATRIX, 2, 0, -1, -1, -1, -1)},
     .build = build_mean,
     .out = GROVE_NUMBERS(2, 30, 0, 0),
     .dy = GROVE_NUMBERS(2, 4, 6, 8),
     .dx = {GROVE_NUMBERS(1, 2, 0, 0, 1, 2, 0, 0)}},
    /* Columns have their largest number in different rows. */
    {.inputs = 2,
     .in = {BAG_TABLE(true), BAG_IDS(2, BAG_MATRIX, 0, 2, 2, -1, -1, -1)},
     .build = build_max,
     .out = GROVE_NUMBERS(3, 40, 0, 0),
     .dy = GROVE_NUMBERS(5, 6, 7, 8),
     .dx = {GROVE_NUMBERS(0, 6, 0, 0, 5, 0, 0, 0)}},
    /* Three bags, the second one empty: 3 + 2 * 1 + 0.5 * 3; nothing; -1 * 4. */
    {.inputs = 4,
     .in = {BAG_TABLE(true),
            BAG_IDS(1, {4}, 2, 0, 2, 3),
            BAG_IDS(1, {3}, 0, 3, 3),
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(1, 2, 0.5, -1)}},
     .build = build_offsets,
     .out = GROVE_NUMBERS(6.5, 110, 0, 0, -4, -10),
     .dy = GROVE_NUMBERS(1, 1, 1, 1, 2, 3),
     .dx = {GROVE_NUMBERS(2, 2, 0, 0, 1.5, 1.5, -2, -3), NULL, NULL,
            GROVE_NUMBERS(23, 41, 23, 38)}},
    {.inputs = 3,
     .in = {BAG_TABLE(true), BAG_IDS(2, BAG_MATRIX, 2, 0, 2, 3, -1, -1), {.shape = {2, {2, 3}}}},
     .build = build_weighted},
    {.inputs = 3,
     .in = {BAG_TABLE(true), BAG_IDS(1, {4}, 2, 0, 2, 3), BAG_IDS(1, {3}, 0, 1, 4)},
     .build = build_last},
    {.inputs = 3,
     .in = {BAG_TABLE(true), BAG_IDS(2, BAG_MATRIX, 0, 1, 2, 3, 0, 1), {.shape = {2, {2, 3}}}},
     .build = build_mean_weighted,
     .refused = "weights are for the mode sum"},
    {.inputs = 3,
     .in = {BAG_TABLE(true), BAG_IDS(2, BAG_MATRIX, 0, 1, 2, 3, 0, 1), {.shape = {2, {2, 2}}}},
     .build = build_weighted,
     .refused = "the weights, one for each id, must have the shape [2, 3]"},
    {.inputs = 3,
     .in = {BAG_TABLE(true),
            BAG_IDS(1, {2}, 0, 1),
            {.type = GROVE_ID, .shape = {1, {GROVE_BATCH}}}},
     .build = build_last,
     .refused = "must have a fixed size of 1 or more"},
    {.inputs = 2,
     .in = {BAG_TABLE(true), {.type = GROVE_ID, .shape = {0}}},
     .build = build_sum,
     .refused = "the ids must have 1 to 5 dimensions"},
    {0},
};

GROVE_ROOM(embedding_bag) = {
    .name = "embedding_bag",
    .formula = "y[b] = sum, mean or max of table[ids[i]] over i in bag b",
    .min_inputs = 2,
    .max_inputs = 4,
    .flags = GROVE_LOOKUP,
    .attribute_size = sizeof(bag_attributes),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_embedding_bag(grove_tensor table, grove_tensor ids, grove_tensor offsets,
                                 grove_tensor weights, const grove_embedding_bag_options *options) {
    grove_tensor in[4] = {table, ids};
    return bag_append(&grove_op_embedding_bag, in, 0, offsets, weights, options);
}
