/* SPDX-License-Identifier: MIT
 *
 * rowwise_adagrad - Adagrad with one accumulator for each row in place of one for each number (as
 * the recommendation models of Naumov et al. 2019 train their tables); and rowwise_adagrad_rows,
 * the same for a table whose gradient is row-sparse:
 *
 *   g <- g + decay * w
 *   s[row] <- s[row] + mean of g[row]^2
 *   w[row] <- w[row] - rate * g[row] / (sqrt(s[row]) + epsilon)
 *
 * A table [rows, width] then needs rows numbers of state, not rows * width.
 * Rows. With g = 0 nothing changes, so a resting row rests in the dense form too: both forms are
 * equal without any catching up. Only decay would move it; the row form refuses decay.
 * Shapes: parameter and gradient [rows, ...], sum [rows]; a row is all that has one index of the
 *   first axis, so that a bias [n] has plain Adagrad. A scalar is one row. table [rows, width], ids
 *   [...], values [..., width].
 * Numerics: the mean is added up in double, in order.
 * Cost: one square root and one division a row; some additions and products an element.
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

static bool want_sum(grove_shaping *s, int position) {
    grove_shape parameter = grove_in_shape(s, 0);
    grove_shape wanted = parameter.rank ? GROVE_SHAPE(parameter.dim[0]) : GROVE_SHAPE(1);
    return grove_want_type(s, position, GROVE_REAL) &&
           grove_want_shape(s, position, wanted, "the sum of squares, a number for each row,");
}

static bool shape(grove_shaping *s) {
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_moment(s, 1, "the gradient") &&
           grove_want_type(s, 2, GROVE_REAL) && grove_want_shape(s, 2, GROVE_SCALAR, "the rate") &&
           want_sum(s, 3) && want_options(s);
}

static bool rows_shape(grove_shaping *s) {
    const options *o = s->attributes;
    if (o->decay > 0) {
        return grove_refuse(s, GROVE_UNSUPPORTED, "decay does not reach rows that rest: use none");
    }
    return grove_want_row_update(s, 3) && want_sum(s, 4) && want_options(s);
}

/* One row. w, g: [count]; sum: its number. */
GROVE_KERNEL void apply(const options *o, double rate, size_t count, grove_real *restrict w,
                        grove_real *restrict sum, const grove_real *restrict g) {
    const grove_real decay = (grove_real)o->decay;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double gradient = (double)(g[i] + decay * w[i]);
        squares += gradient * gradient;
    }
    *sum += (grove_real)(squares / (double)(count ? count : 1));
    const grove_real pace = (grove_real)(rate * o->scale) / (sqrt(*sum) + (grove_real)o->epsilon);
    for (size_t i = 0; i < count; i++) {
        w[i] -= pace * (g[i] + decay * w[i]);
    }
}

static size_t rows(const grove_call *call) {
    return call->in[3]->count;
}

static size_t cost(const grove_call *call) {
    return 32 + 4 * (call->in[0]->count / (rows(call) ? rows(call) : 1));
}

GROVE_RUN(run) {
    size_t width = call->in[0]->count / (rows(call) ? rows(call) : 1);
    for (size_t row = begin; row < end; row++) {
        apply(call->attributes, (double)grove_reals(call, 2)[0], width,
              grove_written(call, 0) + row * width, grove_written(call, 3) + row,
              grove_reals(call, 1) + row * width);
    }
    return GROVE_OK;
}

GROVE_KERNEL void update(const grove_call *call, const grove_row_gradient *g, size_t width) {
    const options o = *(const options *)call->attributes;
    const double rate = (double)grove_reals(call, 3)[0];
    grove_real *table = grove_written(call, 0), *sum = grove_written(call, 4);
    for (size_t i = 0; i < g->merged.count; i++) {
        size_t row = (size_t)g->merged.rows[i];
        grove_fetch_row(g, i, table, width);
        grove_fetch_row(g, i, sum, 1);
        apply(&o, rate, width, table + row * width, sum + row, g->values[i]);
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
    return grove_rowwise_adagrad(in[0], in[1], in[2], in[3], &(options){.epsilon = 1});
}
static grove_tensor build_decay(const grove_tensor *in) {
    return grove_rowwise_adagrad(in[0], in[1], in[2], in[3], &(options){.epsilon = 1, .decay = 2});
}
static grove_tensor build_rows(const grove_tensor *in) {
    return grove_rowwise_adagrad_rows(in[0], in[1], in[2], in[3], in[4], &(options){.epsilon = 1});
}
static grove_tensor build_rows_with_decay(const grove_tensor *in) {
    return grove_rowwise_adagrad_rows(in[0], in[1], in[2], in[3], in[4], &(options){.decay = 0.1});
}

#define STORED(rank, ...)                                                                          \
    { .shape = {rank, {2, 2}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }
#define IDS                                                                                        \
    { .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2) }
#define TABLE                                                                                      \
    { .shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6), .stored = true }
#define VALUES                                                                                     \
    { .shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 2, 0, 0, 2, 2) }
#define SUMS                                                                                       \
    { .shape = {1, {3}}, .values = GROVE_NUMBERS(4, 5, 3.5), .stored = true }

static const grove_example examples[] = {
    /* Row 0: s = 12 + (1 + 5^2) / 2. Row 1 has no gradient and rests. */
    {.inputs = 4,
     .in = {STORED(2, 1, 2, 3, 4),
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(1, 5, 0, 0)},
            GROVE_SCALAR_OF(0.5),
            STORED(1, 12, 9)},
     .build = build,
     .after = {GROVE_NUMBERS(1 - 0.5 * 1 / 6, 2 - 0.5 * 5 / 6, 3, 4), NULL, NULL,
               GROVE_NUMBERS(25, 9)}},
    /* A bias: each number is a row. g = 1 + 2 * 1 and 0 + 2 * 2. */
    {.inputs = 4,
     .in = {STORED(1, 1, 2),
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(1, 0)},
            GROVE_SCALAR_OF(0.5),
            STORED(1, 0, 9)},
     .build = build_decay,
     .after = {GROVE_NUMBERS(1 - 0.5 * 3 / 4, 2 - 0.5 * 4 / 6), NULL, NULL, GROVE_NUMBERS(9, 25)}},
    {.inputs = 4,
     .in = {STORED(2, 1, 2, 3, 4),
            {.shape = {2, {2, 2}}},
            GROVE_SCALAR_OF(0.5),
            STORED(2, 1, 2, 3, 4)},
     .build = build,
     .refused = "a number for each row, must have the shape [2]"},
    {0},
};
static const grove_example rows_examples[] = {
    /* Row 2 stands there twice, with (1, 2) and (2, 2): s = 3.5 + (3^2 + 4^2) / 2. */
    {.inputs = 5,
     .in = {TABLE, IDS, VALUES, GROVE_SCALAR_OF(0.5), SUMS},
     .build = build_rows,
     .after = {GROVE_NUMBERS(1, 2, 3, 4, 5 - 0.5 * 3 / 5, 6 - 0.5 * 4 / 5), NULL, NULL, NULL,
               GROVE_NUMBERS(4, 5, 16)}},
    {.inputs = 5,
     .in = {TABLE, IDS, VALUES, GROVE_SCALAR_OF(0.5), SUMS},
     .build = build_rows_with_decay,
     .refused = "decay does not reach rows"},
    {0},
};

GROVE_ROOM(rowwise_adagrad) = {
    .name = "rowwise_adagrad",
    .formula = "s <- s + mean of g[row]^2; w <- w - rate * g / (sqrt(s) + epsilon)",
    .min_inputs = 4,
    .max_inputs = 4,
    .flags = GROVE_UPDATE,
    .written = 1 << 0 | 1 << 3,
    .attribute_size = sizeof(options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = rows,
    .cost = cost,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

GROVE_ROOM(rowwise_adagrad_rows) = {
    .name = "rowwise_adagrad_rows",
    .formula = "rowwise_adagrad on the rows that the ids name",
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
    .no_gradient = "it changes its parameter in place",
    .examples = rows_examples,
};

static options with_defaults(const grove_adagrad_options *given) {
    options o = given ? *given : (options){0};
    o.epsilon = o.epsilon == 0 ? 1e-10 : o.epsilon;
    o.scale = o.scale == 0 ? 1 : o.scale;
    return o;
}

grove_tensor grove_rowwise_adagrad(grove_tensor parameter, grove_tensor gradient, grove_tensor rate,
                                   grove_tensor sum, const grove_adagrad_options *given) {
    options o = with_defaults(given);
    grove_tensor in[] = {parameter, gradient, rate, sum};
    return grove_append(&grove_op_rowwise_adagrad, NULL, in, 4, &o);
}

grove_tensor grove_rowwise_adagrad_rows(grove_tensor table, grove_tensor ids, grove_tensor values,
                                        grove_tensor rate, grove_tensor sum,
                                        const grove_adagrad_options *given) {
    options o = with_defaults(given);
    grove_tensor in[] = {table, ids, values, rate, sum};
    return grove_append(&grove_op_rowwise_adagrad_rows, NULL, in, 5, &o);
}
