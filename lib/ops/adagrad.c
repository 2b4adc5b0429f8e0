/* SPDX-License-Identifier: MIT
 *
 * adagrad - Adagrad (Duchi, Hazan & Singer, JMLR 2011), dense; and adagrad_rows, the same for a
 * table whose gradient is row-sparse:
 *
 *   g <- g + decay * w
 *   s <- s + g^2
 *   w <- w - rate * g / (sqrt(s) + epsilon)
 *
 * Rows. With g = 0 nothing changes, so a resting row rests in the dense form too: both forms are
 * equal without any catching up. Only decay would move it; the row form refuses decay.
 * Shapes: parameter, gradient, sum of one shape; table [rows, width], ids [...], values [...,
 *   width].
 * Cost: one square root and one division an element (of a met row, in the row form).
 */
#include "elementwise.h"
#include "rows.h"

typedef grove_adagrad_options options;

static const grove_field fields[] = {GROVE_FIELD(options, epsilon, REAL),
                                     GROVE_FIELD(options, decay, REAL),
                                     GROVE_FIELD(options, scale, REAL), GROVE_NO_MORE_FIELDS};

static bool want_options(grove_shaping *s) {
    const options *o = s->attributes;
    if (!(o->epsilon > 0 && o->decay >= 0 && o->scale > 0) || !isfinite(o->epsilon + o->decay) ||
        !isfinite(o->scale)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT,
                            "epsilon and scale must be above 0, the decay 0 or above");
    }
    return grove_update_shape(s);
}

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_moment(s, 1, "the gradient") &&
           grove_want_type(s, 2, GROVE_REAL) && grove_want_shape(s, 2, GROVE_SCALAR, "the rate") &&
           grove_want_moment(s, 3, "the sum of squares") && want_options(s);
}

static bool rows_shape(grove_shaping *s) {
    const options *o = s->attributes;
    if (o->decay > 0) {
        return grove_refuse(s, GROVE_UNSUPPORTED, "decay does not reach rows that rest: use none");
    }
    return grove_want_row_update(s, 3) && grove_want_moment(s, 4, "the sum of squares") &&
           want_options(s);
}

/* w, sum, g: [count] */
GROVE_KERNEL void apply(const options *o, double rate, size_t count, grove_real *restrict w,
                        grove_real *restrict sum, const grove_real *restrict g) {
    const grove_real pace = (grove_real)(rate * o->scale), epsilon = (grove_real)o->epsilon;
    const grove_real decay = (grove_real)o->decay;
    for (size_t i = 0; i < count; i++) {
        const grove_real gradient = g[i] + decay * w[i];
        sum[i] += gradient * gradient;
        w[i] -= pace * gradient / (sqrt(sum[i]) + epsilon);
    }
}

GROVE_RUN(run) {
    apply(call->attributes, (double)grove_reals(call, 2)[0], end - begin,
          grove_written(call, 0) + begin, grove_written(call, 3) + begin,
          grove_reals(call, 1) + begin);
    return GROVE_OK;
}

GROVE_KERNEL void update(const grove_call *call, const grove_row_gradient *g, size_t width) {
    const options o = *(const options *)call->attributes;
    const double rate = (double)grove_reals(call, 3)[0];
    grove_real *table = grove_written(call, 0), *sum = grove_written(call, 4);
    for (size_t i = 0; i < g->merged.count; i++) {
        size_t at = (size_t)g->merged.rows[i] * width;
        grove_fetch_row(g, i, table, width);
        grove_fetch_row(g, i, sum, width);
        apply(&o, rate, width, table + at, sum + at, g->values[i]);
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

static grove_tensor build(const grove_tensor *in) {
    return grove_adagrad(in[0], in[1], in[2], in[3], &(options){.epsilon = 1});
}
static grove_tensor build_negative(const grove_tensor *in) {
    return grove_adagrad(in[0], in[1], in[2], in[3], &(options){.epsilon = -1});
}
static grove_tensor build_rows(const grove_tensor *in) {
    return grove_adagrad_rows(in[0], in[1], in[2], in[3], in[4], &(options){.epsilon = 1});
}
static grove_tensor build_rows_with_decay(const grove_tensor *in) {
    return grove_adagrad_rows(in[0], in[1], in[2], in[3], in[4], &(options){.decay = 0.1});
}

#define INPUTS                                                                                     \
    {                                                                                              \
        {.shape = {1, {2}}, .values = GROVE_NUMBERS(1, 2), .stored = true},                        \
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(4, 0)},                                    \
            {.shape = {0}, .values = GROVE_NUMBERS(0.5)}, {                                        \
            .shape = {1, {2}}, .values = GROVE_NUMBERS(9, 7), .stored = true                       \
        }                                                                                          \
    }
#define ROWS                                                                                       \
    {                                                                                              \
        GROVE_TABLE_OF(1, 2, 3),                                                                   \
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)},               \
            {.shape = {2, {3, 1}}, .values = GROVE_NUMBERS(1, 3, 3)},                              \
            {.shape = {0}, .values = GROVE_NUMBERS(0.5)}, GROVE_TABLE_OF(0, 5, 9)                  \
    }

static const grove_example examples[] = {
    /* s = 9 + 16; the second element has no gradient and rests. */
    {.inputs = 4,
     .in = INPUTS,
     .build = build,
     .after = {GROVE_NUMBERS(1 - 0.5 * 4 / 6, 2), NULL, NULL, GROVE_NUMBERS(25, 7)}},
    {.inputs = 4, .in = INPUTS, .build = build_negative, .refused = "must be above 0"},
    {0},
};
static const grove_example rows_examples[] = {
    /* Row 2 stands there twice, with 1 and 3: s = 9 + 4^2. */
    {.inputs = 5,
     .in = ROWS,
     .build = build_rows,
     .after = {GROVE_NUMBERS(1 - 0.5 * 3 / 4, 2, 3 - 0.5 * 4 / 6), NULL, NULL, NULL,
               GROVE_NUMBERS(9, 5, 25)}},
    {.inputs = 5,
     .in = ROWS,
     .build = build_rows_with_decay,
     .refused = "decay does not reach rows"},
    {0},
};

GROVE_ROOM(adagrad) = {
    .name = "adagrad",
    .formula = "s <- s + g^2; w <- w - rate * g / (sqrt(s) + epsilon)",
    .min_inputs = 4,
    .max_inputs = 4,
    .flags = GROVE_UPDATE,
    .written = 1 << 0 | 1 << 3,
    .attribute_size = sizeof(options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_parameter,
    .cost = grove_cost_of_update,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

GROVE_ROOM(adagrad_rows) = {
    .name = "adagrad_rows",
    .formula = "adagrad on the rows that the ids name",
    .min_inputs = 5,
    .max_inputs = 5,
    .flags = GROVE_UPDATE | GROVE_SEAMLESS,
    .written = 1 << 0 | 1 << 4,
    .attribute_size = sizeof(options),
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

static options with_defaults(const grove_adagrad_options *given) {
    options o = given ? *given : (options){0};
    o.epsilon = o.epsilon == 0 ? 1e-10 : o.epsilon;
    o.scale = o.scale == 0 ? 1 : o.scale;
    return o;
}

grove_tensor grove_adagrad(grove_tensor parameter, grove_tensor gradient, grove_tensor rate,
                           grove_tensor sum, const grove_adagrad_options *given) {
    options o = with_defaults(given);
    grove_tensor in[] = {parameter, gradient, rate, sum};
    return grove_append(&grove_op_adagrad, NULL, in, 4, &o);
}

grove_tensor grove_adagrad_rows(grove_tensor table, grove_tensor ids, grove_tensor values,
                                grove_tensor rate, grove_tensor sum,
                                const grove_adagrad_options *given) {
    options o = with_defaults(given);
    grove_tensor in[] = {table, ids, values, rate, sum};
    return grove_append(&grove_op_adagrad_rows, NULL, in, 5, &o);
}
