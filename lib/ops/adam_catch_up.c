/* SPDX-License-Identifier: MIT
 *
 * adam_catch_up - makes the row form of Adam exact: gives a row, before it is read again, the
 * updates that the dense form did to it while it rested.
 *
 * A missed update is Adam's (see adam.c) with g = 0: m and v fade, m moves the row on, and
 * decoupled decay shrinks it. They are done one after the other. Missed movements fade like (beta1
 * / sqrt(beta2))^j, so after `horizon` of them (some 230 for the usual betas) what is left is below
 * rounding, and the rest is done in one go by powers:
 * the cost is bounded and does not grow with the table. Missed updates are done at the present
 * rate: exact while the rate is constant. Coupled decay would move a row for ever, so it is
 * refused.
 * Shapes: table, m, v [rows, width]; last [rows] ids; rate, step scalars; ids [...], or GROVE_NONE
 *   for all rows. It goes first in a run, before any lookup.
 */
#include "adam.h"

static const grove_field fields[] = ADAM_FIELDS;

static bool catch_up_shape(grove_shaping *s) {
    bool some = s->inputs == 7;
    return grove_want_rank(s, 0, 2) && grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_type(s, 1, GROVE_REAL) && grove_want_shape(s, 1, GROVE_SCALAR, "the rate") &&
           grove_want_moment(s, 2, "m") && grove_want_moment(s, 3, "v") && grove_want_clock(s, 4) &&
           grove_want_row_clock(s, 5) && (!some || grove_want_type(s, 6, GROVE_ID)) &&
           adam_want_exact(s) && adam_want_options(s);
}

/* After so many missed updates the movements still to come are below rounding: they are smaller
 * than the first one times ratio^j * 32 (sqrt(1 - beta2^t) may still grow), summed over all j to
 * come. */
static double horizon(const grove_adam_options *o) {
    double ratio = o->beta1 / sqrt(o->beta2);
    double rounding = sizeof(grove_real) == sizeof(float) ? 0x1p-25 : 0x1p-54;
    return ratio < 1 ? ceil(log(rounding * (1 - ratio) / 32) / log(ratio)) : (double)INT32_MAX;
}

enum { BLOCK = 64, COLUMNS = 32 };

/* Some missed updates in a row. The j-th of them takes fall[j] * m / (sqrt(v) * grow[j] + epsilon)
 * from w, m and v being those before the block: the powers of beta are in fall and grow. */
typedef struct block {
    size_t count;
    grove_real fall[BLOCK];    /* rate / (1 - beta1^t) * beta1^(j + 1) */
    grove_real grow[BLOCK];    /* sqrt(beta2)^(j + 1) / sqrt(1 - beta2^t) */
    grove_real fade_m, fade_v; /* beta^count */
} block;

/* The block of updates after number t. Powers first, one from the other; then what vectorises. */
static void fill_block(block *b, const grove_adam_options *o, double rate, double t) {
    double beta1_t[BLOCK], beta2_t[BLOCK], power[BLOCK], root_power[BLOCK];
    double before1 = pow(o->beta1, t), before2 = pow(o->beta2, t), p1 = 1, p2 = 1, r2 = 1;
    const double root = sqrt(o->beta2);
    for (size_t j = 0; j < b->count; j++) {
        p1 *= o->beta1;
        p2 *= o->beta2;
        r2 *= root;
        power[j] = p1;
        root_power[j] = r2;
        beta1_t[j] = before1 * p1;
        beta2_t[j] = before2 * p2;
    }
    for (size_t j = 0; j < b->count; j++) {
        b->fall[j] = (grove_real)(rate * o->scale * power[j] / (1 - beta1_t[j]));
        b->grow[j] = (grove_real)(root_power[j] / sqrt(1 - beta2_t[j]));
    }
    b->fade_m = (grove_real)p1;
    b->fade_v = (grove_real)p2;
}

/* w, m, v: [count], at most COLUMNS */
static void rest(const block *b, grove_real shrink, grove_real epsilon, size_t count,
                 grove_real *restrict w, grove_real *restrict m, grove_real *restrict v) {
    grove_real root[COLUMNS];
    for (size_t i = 0; i < count; i++) {
        root[i] = sqrt(v[i]);
    }
    for (size_t j = 0; j < b->count; j++) {
        const grove_real fall = b->fall[j], grow = b->grow[j];
        for (size_t i = 0; i < count; i++) {
            w[i] = shrink * w[i] - fall * m[i] / (root[i] * grow + epsilon);
        }
    }
    for (size_t i = 0; i < count; i++) {
        m[i] *= b->fade_m;
        v[i] *= b->fade_v;
    }
}

/* The missed updates beyond the horizon: nothing moves, all fades. */
static void fade(const grove_adam_options *o, double rate, double missed, size_t count,
                 grove_real *restrict w, grove_real *restrict m, grove_real *restrict v) {
    grove_real fade_m = (grove_real)pow(o->beta1, missed),
               fade_v = (grove_real)pow(o->beta2, missed);
    double shrink = o->decoupled ? 1 - rate * o->scale * o->decay : 1;
    grove_real fade_w = (grove_real)pow(shrink, missed);
    for (size_t i = 0; i < count; i++) {
        m[i] *= fade_m;
        v[i] *= fade_v;
        w[i] *= fade_w;
    }
}

static bool moves(const grove_real *m, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (m[i] != 0) {
            return true;
        }
    }
    return false;
}

static void catch_up_row(const grove_call *call, size_t row) {
    const grove_adam_options *o = call->attributes;
    grove_id *last = call->in[5]->data, step = grove_ids(call, 4)[0];
    size_t width = grove_width(call->in[0]), at = row * width;
    grove_real *w = grove_written(call, 0) + at, *m = grove_written(call, 2) + at;
    grove_real *v = grove_written(call, 3) + at;
    double rate = (double)grove_reals(call, 1)[0], missed = (double)step - last[row];
    if (missed <= 0) {
        return;
    }
    double most = moves(m, width) ? horizon(o) : 0, done = 0;
    const grove_real shrink = (grove_real)(o->decoupled ? 1 - rate * o->scale * o->decay : 1);
    block b;
    most = most < missed ? most : missed;
    for (; done < most; done += (double)b.count) {
        b.count = most - done < BLOCK ? (size_t)(most - done) : BLOCK;
        fill_block(&b, o, rate, (double)last[row] + done);
        for (size_t i = 0; i < width; i += COLUMNS) {
            size_t count = width - i < COLUMNS ? width - i : COLUMNS;
            rest(&b, shrink, (grove_real)o->epsilon, count, w + i, m + i, v + i);
        }
    }
    if (done < missed) {
        fade(o, rate, missed - done, width, w, m, v);
    }
    last[row] = step;
}

static grove_status catch_up_run(const grove_call *call, size_t begin, size_t end) {
    return grove_catch_up(call, 6, begin, end, catch_up_row);
}

/* Rows named by ids are not cut: two tiles might meet in one row. */
static size_t catch_up_items(const grove_call *call) {
    return call->inputs == 7 ? 1 : call->in[0]->dim[0];
}

static size_t catch_up_cost(const grove_call *call) {
    return 64 * grove_width(call->in[0]);
}

static grove_tensor build_catch_up(const grove_tensor *in) {
    grove_adam_options o = {
        .beta1 = 0.5, .beta2 = 0.25, .epsilon = 1, .decay = 1, .decoupled = true};
    return grove_adam_catch_up(in[0], in[1], in[2], in[3], in[4], in[5], in[6], &o);
}
static grove_tensor build_catch_up_coupled(const grove_tensor *in) {
    grove_adam_options o = {.decay = 1};
    return grove_adam_catch_up(in[0], in[1], in[2], in[3], in[4], in[5], in[6], &o);
}

#define SCALAR(x)                                                                                  \
    { .shape = {0}, .values = GROVE_NUMBERS(x) }
#define STEP(x)                                                                                    \
    { .type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(x), .stored = true }
#define TABLE(...)                                                                                 \
    { .shape = {2, {3, 1}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }
#define CLOCK(...)                                                                                 \
    { .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(__VA_ARGS__), .stored = true }
#define RESTED                                                                                     \
    {                                                                                              \
        TABLE(4, 5, 8), SCALAR(0.5), TABLE(0, 8, 0), TABLE(0, 4, 0), STEP(2), CLOCK(1, 1, 1), {    \
            .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(1, 0, 1)                  \
        }                                                                                          \
    }

static const grove_example catch_up_examples[] = {
    /* Update 2 was missed. Row 1: m = 4, v = 1; corrections 1 - 0.25 and 1 - 0.0625. Row 0 has no
     * movement left, only decay. Row 2 is not met: still to come. */
    {.inputs = 7,
     .in = RESTED,
     .build = build_catch_up,
     .after = {GROVE_NUMBERS(2, 2.5 - 0.5 / 0.75 * 4 / (1 / 0.96824583655185426 + 1), 8), NULL,
               GROVE_NUMBERS(0, 4, 0), GROVE_NUMBERS(0, 1, 0), NULL, GROVE_NUMBERS(2, 2, 1)}},
    {.inputs = 7, .in = RESTED, .build = build_catch_up_coupled, .refused = "cannot be caught up"},
    {0},
};

GROVE_ROOM(adam_catch_up) = {
    .name = "adam_catch_up",
    .formula = "adam with g = 0, for each update that a row missed",
    .min_inputs = 6,
    .max_inputs = 7,
    .flags = GROVE_UPDATE | GROVE_FIRST,
    .written = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 5,
    .attribute_size = sizeof(grove_adam_options),
    .fields = fields,
    .shape = catch_up_shape,
    .run = catch_up_run,
    .items = catch_up_items,
    .cost = catch_up_cost,
    .no_gradient = "it changes its parameter in place",
    .examples = catch_up_examples,
};

grove_tensor grove_adam_catch_up(grove_tensor table, grove_tensor rate, grove_tensor m,
                                 grove_tensor v, grove_tensor step, grove_tensor last,
                                 grove_tensor ids, const grove_adam_options *given) {
    grove_adam_options o = adam_with_defaults(given);
    grove_tensor in[] = {table, rate, m, v, step, last, ids};
    return grove_append(&grove_op_adam_catch_up, NULL, in, grove_is_valid(ids) ? 7 : 6, &o);
}
