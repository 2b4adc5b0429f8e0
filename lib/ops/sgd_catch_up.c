/* SPDX-License-Identifier: MIT
 *
 * sgd_catch_up - makes the row form of momentum exact: gives a row, before it is read again, the
 * updates that the dense form did to it while it rested.
 *
 * With g = 0 an update (see sgd.c) is linear in (w, b):
 *
 *   b' = momentum * b + decay * w
 *   w' = w - rate * b'                                   usual form
 *   w' = w - rate * (decay * w + momentum * b')          Nesterov's form
 *
 * so k missed updates are a 2 x 2 matrix. If the rate is a scalar it is taken to have been that
 * always: the k-th power of one matrix, found by repeated squaring, in double; the cost grows with
 * log k alone. If it changes, it is the list of the rates of the last updates, and the products of
 * the last 1, 2, 3... of their matrices are made once for all rows.
 * Shapes: table, buffer [rows, width]; last [rows] ids; rate a scalar or [memory]; step a scalar;
 *   ids [...], or GROVE_NONE for all rows. It goes first in a run, before any lookup.
 */
#include "rates.h"
#include "sgd.h"

static const grove_field fields[] = SGD_FIELDS;

static bool shape(grove_shaping *s) {
    return grove_want_rank(s, 0, 2) && grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_rates(s, 1) && grove_want_moment(s, 2, "the buffer") &&
           grove_want_row_clock(s, 3) && grove_want_clock(s, 4) &&
           (s->inputs < 6 || grove_want_type(s, 5, GROVE_ID)) && sgd_want_options(s, true);
}

/* (w, b) -> (ww * w + wb * b, bw * w + bb * b) */
typedef struct linear {
    double ww, wb, bw, bb;
} linear;

static linear one_update(const grove_sgd_options *o, double rate) {
    double pace = rate * o->scale, momentum = o->momentum, decay = o->decay;
    double own = o->nesterov ? decay + momentum * decay : decay;  /* of w in its own step */
    double bought = o->nesterov ? momentum * momentum : momentum; /* of b in it */
    return (linear){.ww = 1 - pace * own, .wb = -pace * bought, .bw = decay, .bb = momentum};
}

static linear after(linear second, linear first) {
    return (linear){.ww = second.ww * first.ww + second.wb * first.bw,
                    .wb = second.ww * first.wb + second.wb * first.bb,
                    .bw = second.bw * first.ww + second.bb * first.bw,
                    .bb = second.bw * first.wb + second.bb * first.bb};
}

static linear power(linear base, int64_t exponent) {
    linear result = {.ww = 1, .bb = 1};
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2) {
            result = after(base, result);
        }
        base = after(base, base);
    }
    return result;
}

/* What updates did: always the same one; or products[k], what the last k of them did together. */
typedef struct missing {
    linear one;
    const linear *products; /* [longest + 1]; NULL where the rate never changes */
    size_t longest;
} missing;

static missing missing_of(const grove_call *call) {
    const grove_sgd_options *o = call->attributes;
    size_t memory = grove_rates_memory(call, 1);
    if (memory == 0) {
        return (missing){.one = one_update(o, (double)grove_reals(call, 1)[0])};
    }
    grove_id step = grove_ids(call, 4)[0];
    linear *products = call->scratch;
    missing m = {.products = products,
                 .longest = grove_longest_rest(call, call->in[3]->data, step, 5, memory)};
    products[0] = (linear){.ww = 1, .bb = 1};
    for (size_t k = 0; k < m.longest; k++) {
        products[k + 1] = after(products[k], one_update(o, grove_rate_ago(call->in[1], step, k)));
    }
    return m;
}

static linear missed_by(const missing *m, int64_t updates) {
    if (!m->products) {
        return power(m->one, updates);
    }
    return m->products[updates < (int64_t)m->longest ? (size_t)updates : m->longest];
}

static void catch_up_row(const grove_call *call, void *context, size_t row) {
    grove_id *last = call->in[3]->data, step = grove_ids(call, 4)[0];
    size_t width = grove_width(call->in[0]), at = row * width;
    grove_real *w = grove_written(call, 0) + at, *b = grove_written(call, 2) + at;
    linear all = missed_by(context, (int64_t)step - last[row]);
    for (size_t i = 0; i < width; i++) {
        double weight = (double)w[i], buffer = (double)b[i];
        w[i] = (grove_real)(all.ww * weight + all.wb * buffer);
        b[i] = (grove_real)(all.bw * weight + all.bb * buffer);
    }
    last[row] = step;
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    size_t count = call->inputs == 6 ? call->in[5]->count : 0;
    grove_status status =
        count ? grove_check_row_ids(call, 5, 0, count, call->in[0]->dim[0]) : GROVE_OK;
    if (status != GROVE_OK) {
        return status;
    }
    bool changes = grove_rates_change(call, 1); /* one item: all rows, where no ids name some */
    end = changes ? call->in[0]->dim[0] : end;
    const grove_id *last = call->in[3]->data, step = grove_ids(call, 4)[0];
    if (!grove_any_rests(call, last, step, 5, begin, end)) {
        return GROVE_OK;
    }
    missing m = missing_of(call);
    grove_catch_up(call, 5, begin, end, last, step, catch_up_row, &m);
    return GROVE_OK;
}

/* Rows named by ids are not cut: two tiles might meet in one row. Neither are those at remembered
 * rates: each tile would have to go through all that was missed anew. */
static size_t items(const grove_call *call) {
    return call->inputs == 6 || grove_rates_change(call, 1) ? 1 : call->in[0]->dim[0];
}

static size_t scratch(const grove_call *call) {
    size_t memory = grove_rates_memory(call, 1);
    return memory ? (memory + 1) * sizeof(linear) : 0;
}

static size_t cost(const grove_call *call) {
    return 64 + grove_width(call->in[0]);
}

static grove_tensor build(const grove_tensor *in) {
    grove_sgd_options o = {.momentum = 0.5};
    return grove_sgd_catch_up(in[0], in[1], in[2], in[3], in[4], in[5], &o);
}
static grove_tensor build_nesterov(const grove_tensor *in) {
    grove_sgd_options o = {.momentum = 0.5, .nesterov = true};
    return grove_sgd_catch_up(in[0], in[1], in[2], in[3], in[4], GROVE_NONE, &o);
}

#define INPUTS                                                                                     \
    {                                                                                              \
        GROVE_TABLE_OF(1, 2, 3), {.shape = {0}, .values = GROVE_NUMBERS(0.25)},                    \
            GROVE_TABLE_OF(0, 8, 8),                                                               \
            {.type = GROVE_ID,                                                                     \
             .shape = {1, {3}},                                                                    \
             .values = GROVE_NUMBERS(1, 1, 1),                                                     \
             .stored = true},                                                                      \
            {.type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(3), .stored = true}, {        \
            .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(1, 0, 1)                  \
        }                                                                                          \
    }

static const grove_example examples[] = {
    /* Two missed updates: the buffer 8 becomes 4, then 2; row 1 moves by 0.25 * (4 + 2). Row 2 is
     * not met: still to come. */
    {.inputs = 6,
     .in = INPUTS,
     .build = build,
     .after = {GROVE_NUMBERS(1, 0.5, 3), NULL, GROVE_NUMBERS(0, 2, 8), GROVE_NUMBERS(3, 3, 1)}},
    /* All rows, by 0.25 * 0.5 * (4 + 2). */
    {.inputs = 5,
     .in = INPUTS,
     .build = build_nesterov,
     .after = {GROVE_NUMBERS(1, 1.25, 2.25), NULL, GROVE_NUMBERS(0, 2, 2), GROVE_NUMBERS(3, 3, 3)}},
    /* At remembered rates: update 2 went by 0.25, update 3 by 0.125; row 1 moves by 0.25 * 4 +
     * 0.125 * 2. */
    {.inputs = 6,
     .in = {GROVE_TABLE_OF(1, 2, 3),
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(0.125, 0.25)},
            GROVE_TABLE_OF(0, 8, 8),
            GROVE_CLOCK_OF(1, 1, 1),
            GROVE_STEP_OF(3),
            {.type = GROVE_ID, .shape = {1, {2}}, .values = GROVE_NUMBERS(1, 0)}},
     .build = build,
     .after = {GROVE_NUMBERS(1, 0.75, 3), NULL, GROVE_NUMBERS(0, 2, 8), GROVE_NUMBERS(3, 3, 1)}},
    {.inputs = 6,
     .in = {GROVE_TABLE_OF(1, 2, 3),
            {.shape = {2, {1, 2}}},
            GROVE_TABLE_OF(1, 2, 3),
            {.type = GROVE_ID, .shape = {1, {3}}, .stored = true},
            {.type = GROVE_ID, .shape = {0}, .stored = true},
            {.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build,
     .refused = "the rate must be a scalar, or the list of those remembered"},
    {0},
};

GROVE_ROOM(sgd_catch_up) = {
    .name = "sgd_catch_up",
    .formula = "sgd with g = 0, for each update that a row missed",
    .min_inputs = 5,
    .max_inputs = 6,
    .flags = GROVE_UPDATE | GROVE_FIRST,
    .written = 1 << 0 | 1 << 2 | 1 << 3,
    .attribute_size = sizeof(grove_sgd_options),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .scratch = scratch,
    .no_gradient = "it changes its parameter in place",
    .examples = examples,
};

grove_tensor grove_sgd_catch_up(grove_tensor table, grove_tensor rate, grove_tensor buffer,
                                grove_tensor last, grove_tensor step, grove_tensor ids,
                                const grove_sgd_options *given) {
    grove_sgd_options o = sgd_with_defaults(given);
    grove_tensor in[] = {table, rate, buffer, last, step, ids};
    return grove_append(&grove_op_sgd_catch_up, NULL, in, grove_is_valid(ids) ? 6 : 5, &o);
}
