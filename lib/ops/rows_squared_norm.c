/* SPDX-License-Identifier: MIT
 *
 * rows_squared_norm - y = |scatter_rows(ids, values)|^2 without making the scattered table: what
 * the clipping of gradients by their global norm asks of a row-sparse one.
 *
 * Shapes: ids [...], values [..., width] -> a scalar. Values of a repeated id are added before they
 *   are squared. Sums are kept in double.
 * Cost: the list's length; not the table's.
 */
#include "base/merge.h"
#include "room.h"

static bool shape(grove_shaping *s) {
    s->shape = (grove_shape){0};
    return grove_want_values(s, 0, 1);
}

static size_t scratch(const grove_call *call) {
    return grove_merge_scratch(call->in[0]->count) + call->in[1]->count * sizeof(grove_real);
}

GROVE_RUN(run) {
    (void)begin;
    (void)end;
    size_t count = call->in[0]->count, width = grove_width(call->in[1]);
    grove_status status = grove_check_row_ids(call, 0, 0, count, INT32_MAX);
    if (status != GROVE_OK) {
        return status;
    }
    grove_merged merged = grove_merge(grove_ids(call, 0), count, call->scratch);
    grove_real *sums = (grove_real *)((char *)call->scratch + grove_merge_scratch(count));
    grove_merge_sum(&merged, grove_reals(call, 1), count, width, sums);
    double total = 0;
    for (size_t i = 0; i < merged.count * width; i++) {
        total += (double)sums[i] * (double)sums[i];
    }
    grove_out(call)[0] = (grove_real)total;
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_rows_squared_norm(in[0], in[1]);
}

static const grove_example examples[] = {
    /* Rows merged first: (5, 50) and (2, 20). */
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)},
            {.shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 10, 2, 20, 4, 40)}},
     .build = build,
     .out = GROVE_NUMBERS(2929)},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}, {.shape = {1, {3}}}},
     .build = build,
     .refused = "the values must be a row for each id"},
    {0},
};

GROVE_ROOM(rows_squared_norm) = {
    .name = "rows_squared_norm",
    .formula = "y = sum over rows r of |sum of values[i] with ids[i] = r|^2",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .run = run,
    .scratch = scratch,
    .no_gradient = "it measures gradients for clipping, and is not meant to be trained through",
    .examples = examples,
};

grove_tensor grove_rows_squared_norm(grove_tensor ids, grove_tensor values) {
    return grove_append2(&grove_op_rows_squared_norm, ids, values, NULL);
}
