/* SPDX-License-Identifier: MIT
 *
 * rmsprop_rows - RMSprop (see rmsprop.c) for a table whose gradient is row-sparse: only the rows
 * that the ids name are touched, so the cost does not grow with the table.
 *
 * With g = 0 and neither momentum nor decay, v and a fade and w stays: a row that rested for k
 * updates is made up for, when it is met, by alpha^k, whatever the rate was. That is the exact
 * form, which keeps in last[row] how far the row has come. Momentum and decay would move w while it
 * rests; there is only the lazy form for them (`last` is GROVE_NONE): a resting row rests, averages
 * and all.
 * Shapes: table, v, a, b [rows, width]; ids [...]; values [..., width]; last [rows] ids; rate, step
 *   scalars. An id that stands there twice is met once, with the sum of its values.
 * Cost: one square root and one division for each number of a met row, and one pow a row.
 */
#include "rmsprop.h"

static const grove_field fields[] = RMSPROP_FIELDS;

/* Where `last` stands, or 0 in the lazy form. */
static int last_of(const grove_rmsprop_options *o, int inputs) {
    int position = 6 + rmsprop_averages(o);
    return inputs > position ? position : 0;
}

static bool rows_shape(grove_shaping *s) {
    const grove_rmsprop_options *o = s->attributes;
    int last = last_of(o, s->inputs);
    if (last && (o->momentum > 0 || o->decay > 0)) {
        return grove_refuse(s, GROVE_UNSUPPORTED,
                            "momentum and decay would move rows that rest: use none, or the lazy "
                            "form");
    }
    return grove_want_row_update(s, 3) && grove_want_moment(s, 4, "the average of squares") &&
           grove_want_clock(s, 5) && rmsprop_want_averages(s, 6) &&
           (!last || grove_want_row_clock(s, last)) && rmsprop_want_options(s);
}

static void fade(const grove_rmsprop_options *o, double updates, const rmsprop_kept *k) {
    const grove_real factor = (grove_real)pow(o->alpha, updates);
    for (size_t i = 0; i < k->count; i++) {
        k->v[i] *= factor;
        if (k->a) {
            k->a[i] *= factor;
        }
    }
}

GROVE_RUN(rows_run) {
    const grove_rmsprop_options *o = call->attributes;
    grove_row_gradient g;
    grove_status status = grove_gather_rows(call, begin, end, &g);
    if (status != GROVE_OK) {
        return status;
    }
    int position = last_of(o, call->inputs);
    grove_id *last = position ? call->in[position]->data : NULL, step = grove_ids(call, 5)[0];
    for (size_t i = 0; i < g.merged.count; i++) {
        size_t row = (size_t)g.merged.rows[i];
        grove_fetch_row(&g, i, grove_reals(call, 0), g.width);
        grove_fetch_row(&g, i, grove_reals(call, 4), g.width);
        rmsprop_kept k = rmsprop_piece(call, 4, 6, row * g.width, g.width);
        if (last && step > last[row]) {
            fade(o, (double)step - last[row], &k);
        }
        if (last) {
            last[row] = step + 1;
        }
        rmsprop_apply(o, (double)grove_reals(call, 3)[0], &k, g.values[i]);
    }
    return status;
}

static grove_tensor build_rows(const grove_tensor *in) {
    grove_rmsprop_options o = {.alpha = 0.5, .epsilon = 1};
    return grove_rmsprop_rows(in[0], in[1], in[2], in[3], in[4], in[5], GROVE_NONE, GROVE_NONE,
                              in[6], &o);
}
static grove_tensor build_lazy(const grove_tensor *in) {
    grove_rmsprop_options o = {.alpha = 0.5, .epsilon = 1, .momentum = 0.5};
    return grove_rmsprop_rows(in[0], in[1], in[2], in[3], in[4], in[5], GROVE_NONE, in[7],
                              GROVE_NONE, &o);
}
static grove_tensor build_restless(const grove_tensor *in) {
    grove_rmsprop_options o = {.momentum = 0.5};
    return grove_rmsprop_rows(in[0], in[1], in[2], in[3], in[4], in[5], GROVE_NONE, in[7], in[6],
                              &o);
}

#define ROWS                                                                                       \
    {                                                                                              \
        GROVE_TABLE_OF(1, 2, 3),                                                                   \
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)},               \
            {.shape = {2, {3, 1}}, .values = GROVE_NUMBERS(1, 2, 3)}, GROVE_SCALAR_OF(0.5),        \
            GROVE_TABLE_OF(0, 9, 32), GROVE_STEP_OF(3), GROVE_CLOCK_OF(3, 0, 1),                   \
            GROVE_TABLE_OF(4, 4, 4)                                                                \
    }

static const grove_example examples[] = {
    /* Row 2 stands there twice, with 1 and 3, and missed two updates: 32 faded to 8, then the mean
     * of 8 and 4^2. Row 0 missed none: v = 2. Row 1 rests. */
    {.inputs = 7,
     .in = ROWS,
     .build = build_rows,
     .after = {GROVE_NUMBERS(1 - 0.5 * 2 / 2.4142135623730951, 2, 3 - 0.5 * 4 / 4.4641016151377544),
               NULL, NULL, NULL, GROVE_NUMBERS(2, 9, 12), NULL, GROVE_NUMBERS(4, 0, 4)}},
    /* v of row 2 is the mean of 32 and 16; b = 0.5 * 4 + g / (sqrt(v) + 1). */
    {.inputs = 8,
     .in = ROWS,
     .build = build_lazy,
     .after = {GROVE_NUMBERS(1 - 0.5 * (2 + 2 / 2.4142135623730951), 2,
                             3 - 0.5 * (2 + 4 / 5.8989794855663560)),
               NULL, NULL, NULL, GROVE_NUMBERS(2, 9, 24), NULL, GROVE_NUMBERS(3, 0, 1),
               GROVE_NUMBERS(2 + 2 / 2.4142135623730951, 4, 2 + 4 / 5.8989794855663560)}},
    {.inputs = 8, .in = ROWS, .build = build_restless, .refused = "would move rows that rest"},
    {0},
};

GROVE_ROOM(rmsprop_rows) = {
    .name = "rmsprop_rows",
    .formula = "rmsprop on the rows that the ids name",
    .min_inputs = 6,
    .max_inputs = 9,
    .flags = GROVE_UPDATE | GROVE_SEAMLESS,
    .written = 1 << 0 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 8,
    .attribute_size = sizeof(grove_rmsprop_options),
    .fields = fields,
    .shape = rows_shape,
    .run = rows_run,
    .items = grove_row_shares,
    .cost = grove_cost_of_share,
    .scratch = grove_row_gradient_scratch,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

grove_tensor grove_rmsprop_rows(grove_tensor table, grove_tensor ids, grove_tensor values,
                                grove_tensor rate, grove_tensor square, grove_tensor step,
                                grove_tensor average, grove_tensor buffer, grove_tensor last,
                                const grove_rmsprop_options *given) {
    grove_rmsprop_options o = rmsprop_with_defaults(given);
    grove_tensor in[9] = {table, ids, values, rate, square, step};
    int inputs = rmsprop_add_kept(in, 6, average, buffer, last);
    return grove_append(&grove_op_rmsprop_rows, NULL, in, inputs, &o);
}
