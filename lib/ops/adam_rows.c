/* SPDX-License-Identifier: MIT
 *
 * adam_rows - Adam and AdamW (see adam.c) for a table whose gradient is row-sparse: only the rows
 * that the ids name are touched, so the cost does not grow with the table.
 *
 * A row that no id names has the gradient 0, yet the dense form moves it, for m is not zero. There
 * are two row forms. The plain lazy one (`last` is GROVE_NONE) leaves resting rows and their
 * moments alone: a row does not move while it rests, its moments do not fade, and decoupled decay
 * reaches it only when it is met. The exact one notes in last[row] how far the row has come, and
 * adam_catch_up does what it missed when it is met again.
 * Shapes: table, m, v [rows, width]; ids [...]; values [..., width]; last [rows] ids; rate, step
 *   scalars. An id that stands there twice is met once, with the sum of its values.
 * Cost: one square root and one division for each number of a met row.
 */
#include "adam.h"

static const grove_field fields[] = ADAM_FIELDS;

static bool rows_shape(grove_shaping *s) {
    bool exact = s->inputs == 8;
    return grove_want_row_update(s, 3) && grove_want_moment(s, 4, "m") &&
           grove_want_moment(s, 5, "v") && grove_want_clock(s, 6) &&
           (!exact || (grove_want_row_clock(s, 7) && adam_want_exact(s))) && adam_want_options(s);
}

GROVE_KERNEL void update(const grove_call *call, const grove_row_gradient *g, size_t width) {
    grove_real *table = grove_written(call, 0);
    grove_real *m = grove_written(call, 4), *v = grove_written(call, 5);
    grove_id t = grove_update_number(grove_ids(call, 6)[0]);
    grove_id *last = call->inputs == 8 ? call->in[7]->data : NULL;
    adam_update u = adam_update_number(call->attributes, (double)grove_reals(call, 3)[0], t);
    for (size_t i = 0; i < g->merged.count; i++) {
        size_t row = (size_t)g->merged.rows[i], at = row * width;
        grove_fetch_row(g, i, table, width);
        grove_fetch_row(g, i, m, width);
        grove_fetch_row(g, i, v, width);
        grove_fetch_clock(g, i, last);
        adam_apply(&u, width, table + at, m + at, v + at, g->values[i]);
        if (last) {
            last[row] = t;
        }
    }
}

GROVE_RUN(rows_run) {
    grove_row_gradient g;
    grove_status status = grove_gather_rows(call, begin, end, &g);
    if (status == GROVE_OK) {
        GROVE_BY_WIDTH(update, g.width, call, &g)
    }
    return status;
}

static grove_tensor build_rows(const grove_tensor *in) {
    grove_adam_options o = {.beta1 = 0.5, .beta2 = 0.75, .epsilon = 1};
    return grove_adam_rows(in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7], &o);
}
static grove_tensor build_rows_coupled(const grove_tensor *in) {
    grove_adam_options o = {.decay = 1};
    return grove_adam_rows(in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7], &o);
}
#define ROWS                                                                                       \
    {                                                                                              \
        GROVE_TABLE_OF(1, 2, 3),                                                                   \
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)},               \
            {.shape = {2, {3, 1}}, .values = GROVE_NUMBERS(1, 2, 3)}, GROVE_SCALAR_OF(0.5),        \
            GROVE_TABLE_OF(0, 9, 0), GROVE_TABLE_OF(0, 9, 0), GROVE_STEP_OF(0),                    \
            GROVE_CLOCK_OF(0, 0, 0)                                                                \
    }

static const grove_example rows_examples[] = {
    /* Row 2 stands there twice, with 1 and 3: one update with 4. Row 1 rests, moments and all. */
    {.inputs = 8,
     .in = ROWS,
     .build = build_rows,
     .after = {GROVE_NUMBERS(1 - 0.5 * 2 / (2 + 1.), 2, 3 - 0.5 * 4 / (4 + 1.)), NULL, NULL, NULL,
               GROVE_NUMBERS(1, 9, 2), GROVE_NUMBERS(1, 9, 4), NULL, GROVE_NUMBERS(1, 0, 1)}},
    {.inputs = 8, .in = ROWS, .build = build_rows_coupled, .refused = "cannot be caught up"},
    {0},
};

GROVE_ROOM(adam_rows) = {
    .name = "adam_rows",
    .formula = "adam on the rows that the ids name",
    .min_inputs = 7,
    .max_inputs = 8,
    .flags = GROVE_UPDATE | GROVE_SEAMLESS,
    .written = 1 << 0 | 1 << 4 | 1 << 5 | 1 << 7,
    .attribute_size = sizeof(grove_adam_options),
    .fields = fields,
    .shape = rows_shape,
    .run = rows_run,
    .items = grove_row_shares,
    .cost = grove_cost_of_share,
    .scratch = grove_row_gradient_scratch,
    .check = grove_check_row_update,
    .no_gradient = "it changes its parameter in place",
    .examples = rows_examples,
};

grove_tensor grove_adam_rows(grove_tensor table, grove_tensor ids, grove_tensor values,
                             grove_tensor rate, grove_tensor m, grove_tensor v, grove_tensor step,
                             grove_tensor last, const grove_adam_options *given) {
    grove_adam_options o = adam_with_defaults(given);
    grove_tensor in[] = {table, ids, values, rate, m, v, step, last};
    return grove_append(&grove_op_adam_rows, NULL, in, grove_is_valid(last) ? 8 : 7, &o);
}
