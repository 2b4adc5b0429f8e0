/* SPDX-License-Identifier: MIT
 *
 * merge_rows - y[i] = the sum of all values of the id ids[i] where i is its first place in the
 * list, 0 at its later places. scatter_rows(ids, y) is scatter_rows(ids, values), but each row now
 * stands in one place: what looks at single numbers of a row-sparse gradient (clipping by value)
 * then sees those of the dense one.
 *
 * Shapes: ids [...], values [..., width] -> the shape of values. What is GROVE_NOBODY's becomes 0.
 * Numerics: values of one id are added in the order of the list.
 * Cost: the list's length; not the table's.
 */
#include "base/merge.h"
#include "room.h"

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 1);
    return grove_want_values(s, 0, 1);
}

static size_t scratch(const grove_call *call) {
    return grove_merge_scratch(call->in[0]->count) + call->in[1]->count * sizeof(grove_real);
}

GROVE_RUN(run) {
    (void)begin; /* not cut: rows are merged across the whole list */
    (void)end;
    size_t count = call->in[0]->count, width = grove_width(call->in[1]), seen = 0;
    grove_status status = grove_check_row_ids(call, 0, 0, count, INT32_MAX);
    if (status != GROVE_OK) {
        return status;
    }
    grove_merged merged = grove_merge(grove_ids(call, 0), count, call->scratch);
    grove_real *sums = (grove_real *)((char *)call->scratch + grove_merge_scratch(count));
    grove_real *y = grove_out(call); /* [ids, width] */
    grove_merge_sum(&merged, grove_reals(call, 1), count, width, sums);
    memset(y, 0, call->out->count * sizeof *y);
    for (size_t i = 0; i < count; i++) {
        if ((size_t)merged.slot[i] == seen) { /* slots are given in the order of appearance */
            memcpy(y + i * width, sums + seen * width, width * sizeof *y);
            seen++;
        }
    }
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_merge_rows(in[0], in[1]);
}

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {4}}, .values = GROVE_NUMBERS(2, 0, 2, 2)},
            {.shape = {2, {4, 2}}, .values = GROVE_NUMBERS(1, 10, 2, 20, 4, 40, 8, 80)}},
     .build = build,
     .out = GROVE_NUMBERS(13, 130, 2, 20, 0, 0, 0, 0)},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(1, GROVE_NOBODY, 1)},
            {.shape = {2, {3, 1}}, .values = GROVE_NUMBERS(1, 2, 4)}},
     .build = build,
     .out = GROVE_NUMBERS(5, 0, 0)},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {2, {2, 2}}}, {.shape = {3, {2, 2, 3}}}},
     .build = build},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}, {.shape = {1, {3}}}},
     .build = build,
     .refused = "the values must be a row for each id"},
    {0},
};

GROVE_ROOM(merge_rows) = {
    .name = "merge_rows",
    .formula = "y[i] = sum of values[k] with ids[k] = ids[i] at the first such i, 0 at the others",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .run = run,
    .scratch = scratch,
    .no_gradient = "it prepares gradients for clipping, and is not meant to be trained through",
    .examples = examples,
};

grove_tensor grove_merge_rows(grove_tensor ids, grove_tensor values) {
    return grove_append2(&grove_op_merge_rows, ids, values, NULL);
}
