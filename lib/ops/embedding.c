/* SPDX-License-Identifier: MIT
 *
 * embedding - y[i] = table[ids[i]], and its adjoint scatter_rows.
 *
 * A category is an id. Its row of the table is its vector, learned like any weight. That is what a
 * one-hot row times the table would give, without the product: of 73,000 x 12 numbers the 12 that
 * count are copied.
 *
 * Shapes: table [rows, width], ids [...] -> [..., width].
 * Gradient: table[r] is copied to every i with ids[i] = r, so it gets the sum of their dy[i]: that
 *   is scatter_rows(ids, dy). A repeated id counts as often as it stands there; a row that no id
 *   names gets zero. The adjoint of scatter_rows is the lookup again: dvalues[i] = dtable[ids[i]].
 *   scatter_rows is made in full only if somebody asks for its value: optimizers see the node and
 *   take its ids and values, so that a step's cost does not grow with the table. Two lookups in one
 *   table join into one scatter of both lists. The id GROVE_NOBODY names no row: its values are
 *   passed over, here and in all updates, and get no gradient. A lookup refuses it.
 * Numerics: repeated rows are added in the order of the ids; nothing depends on threads.
 * Errors: an id below 0 or beyond the last row fails the run, in words, before anything is written.
 * Cost: width numbers an id. That every id is checked, always, costs 0.1 to 0.3 nanoseconds an id,
 *   5 to 10 in a hundred of a lookup (73,000 rows of 12 floats, 256 to 65,536 ids, in processor
 *   time on a core of an AMD EPYC: build/tests/cost_check_ids).
 */
#include "dims.h"
#include "widths.h"

/* ---- embedding ------------------------------------------------------------------------------- */

static bool shape(grove_shaping *s) {
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_rank(s, 0, 2) ||
        !grove_want_type(s, 1, GROVE_ID)) {
        return false;
    }
    s->shape = grove_in_shape(s, 1);
    if (s->shape.rank == GROVE_MAX_RANK) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the ids have too many dimensions");
    }
    s->shape.dim[s->shape.rank++] = grove_in_shape(s, 0).dim[1];
    return true;
}

/* table [rows, width], y [ids, width] */
GROVE_KERNEL void look_up(const grove_call *call, size_t begin, size_t end, size_t width) {
    const grove_real *restrict table = grove_reals(call, 0);
    const grove_id *ids = grove_ids(call, 1);
    grove_real *restrict y = grove_out(call);
    for (size_t i = begin; i < end; i++) {
        if (i + GROVE_ROWS_AHEAD < end) {
            size_t later = (size_t)ids[i + GROVE_ROWS_AHEAD];
            grove_fetch(table + later * width, width * sizeof *y);
        }
        memcpy(y + i * width, table + (size_t)ids[i] * width, width * sizeof *y);
    }
}

GROVE_RUN(run) {
    grove_status status = grove_check_ids(call, 1, begin, end, call->in[0]->dim[0]);
    if (status == GROVE_OK) {
        GROVE_BY_WIDTH(look_up, grove_width(call->out), call, begin, end)
    }
    return status;
}

static size_t items(const grove_call *call) {
    return call->in[1]->count;
}

/* A row of 12 numbers takes 1 to 2 ns, one of 128 takes 14; one of 16 out of 64 megabytes 8
 * (measured: build/tests/cost_ops; an addition counts 0.125). */
static size_t cost(const grove_call *call) {
    return 16 + grove_width(call->out);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor table = grove_node_input(y, 0);
    dx[0] = grove_scatter_rows(grove_node_input(y, 1), dy, grove_node_shape(table).dim[0]);
}

/* ---- scatter_rows ---------------------------------------------------------------------------- */

struct scatter {
    int64_t rows;
};

static const grove_field scatter_fields[] = {GROVE_FIELD(struct scatter, rows, INT),
                                             GROVE_NO_MORE_FIELDS};

static bool scatter_shape(grove_shaping *s) {
    const struct scatter *attributes = s->attributes;
    if (!grove_want_values(s, 0, 1)) {
        return false;
    }
    grove_shape values = grove_in_shape(s, 1);
    s->shape = (grove_shape){2, {attributes->rows, values.dim[values.rank - 1]}};
    return attributes->rows >= 0 ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "the number of rows must be fixed, not a batch");
}

/* Items are columns: two tiles of ids might add to one row. */
GROVE_RUN(scatter_run) {
    const grove_id *ids = grove_ids(call, 0);
    const grove_real *values = grove_reals(call, 1); /* [ids, width] */
    const size_t count = call->in[0]->count, width = grove_width(call->out);
    grove_real *table = grove_out(call); /* [rows, width] */
    grove_status status = grove_check_row_ids(call, 0, 0, count, call->out->dim[0]);
    for (size_t r = 0; r < call->out->dim[0]; r++) {
        memset(table + r * width + begin, 0, (end - begin) * sizeof *table);
    }
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        if (ids[i] == GROVE_NOBODY) {
            continue;
        }
        grove_real *restrict row = table + (size_t)ids[i] * width;
        for (size_t k = begin; k < end; k++) {
            row[k] += values[i * width + k];
        }
    }
    return status;
}

static size_t scatter_items(const grove_call *call) {
    return grove_width(call->out);
}

static size_t scatter_cost(const grove_call *call) {
    return call->in[0]->count / 2 + call->out->dim[0] / 4 + 1;
}

/* The lookup again, as bags of one id each: there nobody has a row of zeros. */
static void scatter_grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_embedding_bag_options nobody = {.padded = true, .padding = GROVE_NOBODY};
    grove_tensor ids = grove_node_input(y, 0);
    grove_shape one = grove_node_shape(ids);
    one.dim[one.rank++] = 1;
    dx[1] = grove_embedding_bag(dy, grove_reshape(ids, one), GROVE_NONE, GROVE_NONE, &nobody);
}

/* The ids and values of a scatter as lists; false where they have no such shape. */
static bool flatten(grove_tensor scatter, grove_tensor *ids, grove_tensor *values) {
    *ids = grove_node_input(scatter, 0);
    *values = grove_node_input(scatter, 1);
    grove_shape shape = grove_node_shape(*ids);
    grove_extent extent;
    int64_t flat;
    if (shape.rank == 1) {
        return true;
    }
    if (!grove_extent_of(shape, shape.rank, &extent) || !grove_extent_as_dim(&extent, &flat)) {
        return false;
    }
    *ids = grove_reshape(*ids, GROVE_SHAPE(flat));
    *values = grove_reshape(*values, GROVE_SHAPE(flat, grove_node_shape(scatter).dim[1]));
    return true;
}

/* scatter(i, v) + scatter(j, w) = scatter(i then j, v then w), flattened to one list. */
static grove_tensor scatter_join(grove_tensor a, grove_tensor b) {
    grove_tensor ids[2], values[2];
    if (!flatten(a, &ids[0], &values[0]) || !flatten(b, &ids[1], &values[1])) {
        return GROVE_NONE; /* batch x batch ids have no flat shape: added in the dense form */
    }
    return grove_scatter_rows(grove_concat(ids, 2, 0), grove_concat(values, 2, 0),
                              grove_node_shape(a).dim[0]);
}

/* ---- examples -------------------------------------------------------------------------------- */

static grove_tensor build(const grove_tensor *in) {
    return grove_embedding(in[0], in[1]);
}
static grove_tensor build_scatter(const grove_tensor *in) {
    return grove_scatter_rows(in[0], in[1], 3);
}
static const grove_example examples[] = {
    /* The id 2 stands there twice: its row gets both gradients. Row 1 is not named: zero. */
    {.inputs = 2,
     .in = {{.shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)}},
     .build = build,
     .out = GROVE_NUMBERS(5, 6, 1, 2, 5, 6),
     .dy = GROVE_NUMBERS(1, 10, 2, 20, 4, 40),
     .dx = {GROVE_NUMBERS(2, 20, 0, 0, 5, 50)}},
    {.inputs = 2,
     .in = {{.shape = {2, {4, 3}}}, {.type = GROVE_ID, .shape = {2, {2, 2}}}},
     .build = build},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "input 0 must have 2 dimensions"},
    {.inputs = 2,
     .in = {{.shape = {2, {3, 2}}}, {.shape = {1, {3}}}},
     .build = build,
     .refused = "input 1 must be a tensor of ids"},
    {0},
};

static const grove_example scatter_examples[] = {
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)},
            {.shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 10, 2, 20, 4, 40)}},
     .build = build_scatter,
     .out = GROVE_NUMBERS(2, 20, 0, 0, 5, 50),
     .dy = GROVE_NUMBERS(1, 2, 3, 4, 5, 6),
     .dx = {NULL, GROVE_NUMBERS(5, 6, 1, 2, 5, 6)}},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}, {.shape = {2, {2, 2}}}},
     .build = build_scatter,
     .refused = "the values must be a row for each id"},
    {0},
};

/* ---- descriptors ----------------------------------------------------------------------------- */

GROVE_ROOM(embedding) = {
    .name = "embedding",
    .formula = "y[i] = table[ids[i]]",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_PIECEWISE | GROVE_LOOKUP,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .grad = grad,
    .examples = examples,
};

GROVE_ROOM(scatter_rows) = {
    .name = "scatter_rows",
    .formula = "table = 0; table[ids[i]] += values[i]",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_PIECEWISE | GROVE_SEAMLESS,
    .attribute_size = sizeof(struct scatter),
    .fields = scatter_fields,
    .shape = scatter_shape,
    .run = scatter_run,
    .items = scatter_items,
    .cost = scatter_cost,
    .grad = scatter_grad,
    .join = scatter_join,
    .examples = scatter_examples,
};

grove_tensor grove_embedding(grove_tensor table, grove_tensor ids) {
    return grove_append2(&grove_op_embedding, table, ids, NULL);
}

grove_tensor grove_scatter_rows(grove_tensor ids, grove_tensor values, int64_t rows) {
    return grove_append2(&grove_op_scatter_rows, ids, values, &(struct scatter){.rows = rows});
}
