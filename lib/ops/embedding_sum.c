/* SPDX-License-Identifier: MIT
 *
 * embedding_sum - y[i] = table_0[ids_0[i]] + table_1[ids_1[i]] + ...: one row of each of several
 * tables, added up.
 *
 * What a word is, where it stands and whose it is; or what each column of a row of data brings to
 * the first layer, once its table was multiplied by that layer's weight (grove_fold_lookups).
 *
 * Shapes: tables [rows of its own, width], and for each of them ids [...], all of one shape ->
 *   [..., width]. Inputs are tables and ids in turn.
 * Gradient: each table's row is copied to every i that names it, whatever the others add, so it
 *   gets what it would get alone: scatter_rows(ids, dy), row-sparse.
 * Numerics: added in the order of the tables; nothing depends on threads.
 * Errors: an id below 0 or beyond its table's last row fails the run, in words.
 * Cost: width additions a table. An item is a row of the result.
 */
#include "dims.h"
#include "row_sums.h"

static bool shape(grove_shaping *s) {
    if (s->inputs % 2 != 0) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "it takes tables and ids in turn");
    }
    const grove_shape first = grove_in_shape(s, 0), ids = grove_in_shape(s, 1);
    for (int i = 0; i < s->inputs; i += 2) {
        if (!grove_want_type(s, i, GROVE_REAL) || !grove_want_rank(s, i, 2) ||
            !grove_want_type(s, i + 1, GROVE_ID) || !grove_want_shape(s, i + 1, ids, "all ids")) {
            return false;
        }
        if (grove_in_shape(s, i).dim[1] != first.dim[1]) {
            return grove_refuse(s, GROVE_BAD_SHAPE, "all tables must be of one width");
        }
    }
    s->shape = ids;
    if (ids.rank == GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the ids have too many dimensions");
    }
    s->shape.dim[s->shape.rank++] = first.dim[1];
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

GROVE_RUN(run) {
    const size_t tables = (size_t)call->inputs / 2, width = grove_width(call->out);
    grove_status status = GROVE_OK;
    for (size_t t = 0; t < tables && status == GROVE_OK; t++) {
        status = grove_check_ids(call, (int)(2 * t) + 1, begin, end, call->in[2 * t]->dim[0]);
    }
    for (size_t i = begin; i < end && status == GROVE_OK; i++) {
        for (size_t t = 0, some; t < tables; t += some) {
            const grove_real *rows[GROVE_ROWS_TOGETHER];
            some = tables - t < GROVE_ROWS_TOGETHER ? tables - t : GROVE_ROWS_TOGETHER;
            for (size_t k = 0; k < some; k++) {
                const int at = (int)(2 * (t + k));
                rows[k] = grove_reals(call, at) + (size_t)grove_ids(call, at + 1)[i] * width;
            }
            grove_add_rows(rows, some, t > 0, width, grove_out(call) + i * width);
        }
    }
    return status;
}

static size_t items(const grove_call *call) {
    return call->in[1]->count;
}

static size_t cost(const grove_call *call) {
    return 8 + (size_t)call->inputs / 2 * (4 + grove_width(call->out) / 8);
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    for (int i = 0; i < grove_node_inputs(y); i += 2) {
        dx[i] = grove_scatter_rows(grove_node_input(y, i + 1), dy,
                                   grove_node_shape(grove_node_input(y, i)).dim[0]);
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_embedding_sum(in, 2);
}
static grove_tensor build_five(const grove_tensor *in) {
    return grove_embedding_sum(in, 5);
}

#define TABLE(rows, ...)                                                                           \
    { .shape = {2, {rows, 2}}, .values = GROVE_NUMBERS(__VA_ARGS__) }
#define IDS(...)                                                                                   \
    { .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(__VA_ARGS__) }

static const grove_example examples[] = {
    /* Row 1 of the first table is named twice, row 2 of the second never. */
    {.inputs = 4,
     .in = {TABLE(2, 1, 2, 3, 4), IDS(1, 0, 1), TABLE(3, 10, 20, 30, 40, 50, 60), IDS(0, 1, 1)},
     .build = build,
     .out = GROVE_NUMBERS(13, 24, 31, 42, 33, 44),
     .dy = GROVE_NUMBERS(1, 10, 2, 20, 4, 40),
     .dx = {GROVE_NUMBERS(2, 20, 5, 50), NULL, GROVE_NUMBERS(1, 10, 6, 60, 0, 0)}},
    {.inputs = 10,
     .in = {TABLE(2, 1, 2, 3, 4), IDS(1, 0, 1), TABLE(2, 5, 6, 7, 8), IDS(0, 1, 1), TABLE(1, 1, 1),
            IDS(0, 0, 0), TABLE(2, 9, 8, 7, 6), IDS(1, 1, 0), TABLE(2, 5, 4, 3, 2), IDS(0, 0, 1)},
     .build = build_five},
    {.inputs = 4,
     .in = {TABLE(2, 1, 2, 3, 4), IDS(1, 0, 1), {.shape = {2, {2, 3}}}, IDS(0, 1, 1)},
     .build = build,
     .refused = "all tables must be of one width"},
    {.inputs = 4,
     .in = {TABLE(2, 1, 2, 3, 4),
            IDS(1, 0, 1),
            TABLE(2, 1, 2, 3, 4),
            {.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(0, 1)}},
     .build = build,
     .refused = "all ids must have the shape [3]"},
    {0},
};

GROVE_ROOM(embedding_sum) = {
    .name = "embedding_sum",
    .formula = "y[i] = table_0[ids_0[i]] + table_1[ids_1[i]] + ...",
    .min_inputs = 2,
    .max_inputs = INT16_MAX,
    .flags = GROVE_PIECEWISE,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_embedding_sum(const grove_tensor *tables_and_ids, int tables) {
    return grove_append(&grove_op_embedding_sum, NULL, tables_and_ids, 2 * tables, NULL);
}
