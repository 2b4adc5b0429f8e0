/* SPDX-License-Identifier: MIT
 *
 * sgd_rows - stochastic gradient descent (see sgd.c) for a table whose gradient is row-sparse: only
 * the rows that the ids name are touched, so the cost does not grow with the table.
 *
 * Without momentum and decay a resting row does not move, and this equals the dense form. With
 * momentum it does move in the dense form, for its buffer is not zero. The plain lazy row form
 * (`last` is GROVE_NONE) lets it rest: it does not move, its buffer does not fade, decay reaches it
 * only when it is met. The exact form notes in last[row] how far the row has come, and sgd_catch_up
 * does what it missed when it is met again.
 * Shapes: table, buffer [rows, width]; ids [...]; values [..., width]; last [rows] ids; rate, step
 *   scalars. An id that stands there twice is met once, with the sum of its values.
 * Cost: two or three additions and products for each number of a met row.
 */
#include "sgd.h"

static const grove_field fields[] = SGD_FIELDS;

static bool shape(grove_shaping *s) {
    if (s->inputs == 6) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "the clock of the rows needs the step beside it");
    }
    return grove_want_row_update(s, 3) &&
           (s->inputs < 5 || grove_want_moment(s, 4, "the buffer")) &&
           (s->inputs < 7 || (grove_want_row_clock(s, 5) && grove_want_clock(s, 6))) &&
           sgd_want_options(s, s->inputs >= 5);
}

GROVE_KERNEL void update(const grove_call *call, const grove_row_gradient *g, size_t width) {
    const grove_sgd_options o = *(const grove_sgd_options *)call->attributes;
    const double rate = (double)grove_reals(call, 3)[0];
    grove_real *table = grove_written(call, 0);
    grove_real *buffer = call->inputs >= 5 ? grove_written(call, 4) : NULL;
    grove_id *last = call->inputs == 7 ? call->in[5]->data : NULL;
    for (size_t i = 0; i < g->merged.count; i++) {
        size_t row = (size_t)g->merged.rows[i], at = row * width;
        grove_fetch_row(g, i, table, width);
        grove_fetch_row(g, i, buffer, width);
        grove_fetch_clock(g, i, last);
        sgd_apply(&o, rate, width, table + at, buffer ? buffer + at : NULL, g->values[i]);
        if (last) {
            last[row] = grove_update_number(grove_ids(call, 6)[0]);
        }
    }
}

GROVE_RUN(run) {
    grove_row_gradient g;
    grove_status status = grove_gather_rows(call, begin, end, &g);
    if (status == GROVE_OK) {
        GROVE_BY_WIDTH(update, g.width, call, &g)
    }
    return status;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_sgd_rows(in[0], in[1], in[2], in[3], GROVE_NONE, GROVE_NONE, GROVE_NONE, NULL);
}
static grove_tensor build_exact(const grove_tensor *in) {
    grove_sgd_options o = {.momentum = 0.5};
    return grove_sgd_rows(in[0], in[1], in[2], in[3], in[4], in[5], in[6], &o);
}
static grove_tensor build_without_buffer(const grove_tensor *in) {
    grove_sgd_options o = {.momentum = 0.5};
    return grove_sgd_rows(in[0], in[1], in[2], in[3], GROVE_NONE, GROVE_NONE, GROVE_NONE, &o);
}

#define INPUTS                                                                                     \
    {                                                                                              \
        GROVE_TABLE_OF(1, 2, 3),                                                                   \
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)},               \
            {.shape = {2, {3, 1}}, .values = GROVE_NUMBERS(1, 2, 3)},                              \
            {.shape = {0}, .values = GROVE_NUMBERS(0.5)}, GROVE_TABLE_OF(8, 9, 0),                 \
            {.type = GROVE_ID,                                                                     \
             .shape = {1, {3}},                                                                    \
             .values = GROVE_NUMBERS(6, 3, 6),                                                     \
             .stored = true},                                                                      \
        {                                                                                          \
            .type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(6), .stored = true             \
        }                                                                                          \
    }

static const grove_example examples[] = {
    /* Row 2 stands there twice, with 1 and 3: one step of 0.5 * 4. Row 1 rests. */
    {.inputs = 4, .in = INPUTS, .build = build, .after = {GROVE_NUMBERS(0, 2, 1)}},
    {.inputs = 7,
     .in = INPUTS,
     .build = build_exact,
     .after = {GROVE_NUMBERS(1 - 0.5 * 6, 2, 1), NULL, NULL, NULL, GROVE_NUMBERS(6, 9, 4),
               GROVE_NUMBERS(7, 3, 7)}},
    {.inputs = 4,
     .in = INPUTS,
     .build = build_without_buffer,
     .refused = "momentum needs a buffer"},
    {0},
};

GROVE_ROOM(sgd_rows) = {
    .name = "sgd_rows",
    .formula = "sgd on the rows that the ids name",
    .min_inputs = 4,
    .max_inputs = 7,
    .flags = GROVE_UPDATE | GROVE_SEAMLESS,
    .written = 1 << 0 | 1 << 4 | 1 << 5,
    .attribute_size = sizeof(grove_sgd_options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_row_shares,
    .cost = grove_cost_of_share,
    .scratch = grove_row_gradient_scratch,
    .check = grove_check_row_update,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

grove_tensor grove_sgd_rows(grove_tensor table, grove_tensor ids, grove_tensor values,
                            grove_tensor rate, grove_tensor buffer, grove_tensor last,
                            grove_tensor step, const grove_sgd_options *given) {
    grove_sgd_options o = sgd_with_defaults(given);
    grove_tensor in[] = {table, ids, values, rate, buffer, last, step};
    int inputs = grove_is_valid(last) ? 7 : grove_is_valid(buffer) ? 5 : 4;
    return grove_append(&grove_op_sgd_rows, NULL, in, inputs, &o);
}
