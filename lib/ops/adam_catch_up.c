/* SPDX-License-Identifier: MIT
 *
 * adam_catch_up - makes the row form of Adam exact: gives a row, before it is read again, the
 * updates that the dense form did to it while it rested.
 *
 * A missed update is Adam's (see adam.c) with g = 0: m and v fade, m moves the row on, and
 * decoupled decay shrinks it. A few of them, and those of the first steps of a training, are done
 * one by one.
 * Many are done in one go: the movements are a sum with the geometric weights beta1^j of a function
 * that varies slowly (v and its correction), which a rule of 8 nodes gives to rounding
 * (base/geometric.h). So the cost does not grow with the time a row rests, nor with the table.
 * Missed updates are done at the present rate: exact while the rate is constant. Coupled decay
 * would move a row for ever, so it is refused.
 * Shapes: table, m, v [rows, width]; last [rows] ids; rate, step scalars; ids [...], or GROVE_NONE
 *   for all rows. It goes first in a run, before any lookup.
 */
#include "adam.h"
#include "base/geometric.h"

static const grove_field fields[] = ADAM_FIELDS;

static bool catch_up_shape(grove_shaping *s) {
    bool some = s->inputs == 7;
    return grove_want_rank(s, 0, 2) && grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_type(s, 1, GROVE_REAL) && grove_want_shape(s, 1, GROVE_SCALAR, "the rate") &&
           grove_want_moment(s, 2, "m") && grove_want_moment(s, 3, "v") && grove_want_clock(s, 4) &&
           grove_want_row_clock(s, 5) && (!some || grove_want_type(s, 6, GROVE_ID)) &&
           adam_want_exact(s) && adam_want_options(s);
}

/* ---- what a row missed ----------------------------------------------------------------------- */

/* What is the same for all rows of a run. */
typedef struct fading {
    const grove_adam_options *o;
    double pace;               /* rate * scale */
    double shrink;             /* of w in an update: 1 - rate * decay, or 1 */
    double ratio;              /* how movements fade against w: beta1 / shrink */
    double horizon;            /* after so many updates what is left of them is below rounding */
    double smooth_from;        /* from this update on the rule below holds */
    grove_geometric rule;      /* for sums with the weights ratio^j */
    double power[GROVE_NODES]; /* beta2^node */
} fading;

enum { FEW = 16 }; /* missed updates that are done one by one */

static fading fading_of(const grove_adam_options *o, double rate) {
    fading f = {.o = o, .pace = rate * o->scale, .shrink = 1, .smooth_from = INT32_MAX};
    double fade = o->beta1 / sqrt(o->beta2);
    double rounding = sizeof(grove_real) == sizeof(float) ? 0x1p-25 : 0x1p-54;
    if (o->decoupled) {
        f.shrink -= f.pace * o->decay;
    }
    /* What is to come is smaller than the first movement times fade^j * 32 (sqrt(1 - beta2^t) may
     * still grow), summed over all j to come. */
    f.horizon = fade < 1 ? ceil(log(rounding * (1 - fade) / 32) / log(fade)) : (double)INT32_MAX;
    f.ratio = o->beta1 / f.shrink;
    bool slow = f.ratio > 0.3 && f.ratio < 0.999 && 50 * (1 - o->beta2) < 1 - f.ratio;
    if (slow) {
        f.rule = grove_geometric_rule(f.ratio);
        for (int n = 0; n < GROVE_NODES; n++) {
            f.power[n] = pow(o->beta2, f.rule.node[n]);
        }
        f.smooth_from = 40 / (1 - f.ratio); /* there beta1^t is below rounding, too */
    }
    return f;
}

/* The pieces of a row; its columns are worked on in chunks of at most COLUMNS. */
enum { COLUMNS = 32 };
typedef struct rested {
    grove_real *w, *m, *v;
    size_t count;
} rested;

/* One missed update: that of the dense form with g = 0. beta1_t, beta2_t: the betas' powers. */
static void miss_one(const fading *f, double beta1_t, double beta2_t, const rested *row) {
    adam_update u = adam_update_from(f->o, f->pace / f->o->scale, beta1_t, beta2_t);
    for (size_t i = 0; i < row->count; i++) {
        row->m[i] *= u.beta1;
        row->v[i] *= u.beta2;
        row->w[i] =
            u.shrink * row->w[i] - u.pace * row->m[i] / (sqrt(row->v[i]) * u.unbias + u.epsilon);
    }
}

static double miss_some(const fading *f, double t, double missed, const rested *row) {
    double beta1_t = pow(f->o->beta1, t), beta2_t = pow(f->o->beta2, t), done = 0;
    for (; done < missed && done < f->horizon; done++) {
        beta1_t *= f->o->beta1;
        beta2_t *= f->o->beta2;
        miss_one(f, beta1_t, beta2_t, row);
    }
    return done;
}

/* At each node after an update: sqrt(v), over sqrt(v) at update t, with the correction of v.
 * `since` is beta2^(updates since t), `now` is beta2^(the update's number). */
static void growth(const fading *f, double since, double now, grove_real grow[GROVE_NODES]) {
    for (int n = 0; n < GROVE_NODES; n++) {
        grow[n] = (grove_real)sqrt(since * f->power[n] / (1 - now * f->power[n]));
    }
}

/* Many missed updates after number t, in one go. With the corrections of m gone, w after k of them
 * is
 *
 *     shrink^k * (w - pace * m * sum of ratio^j / (sqrt(v) * growth(j) + epsilon), j = 1 ... k)
 *
 * The sum to k is the sum without end, less ratio^k times the sum without end from k on. */
static void miss_many(const fading *f, double t, double k, const rested *row) {
    grove_real weight[2 * GROVE_NODES], grow[2 * GROVE_NODES];
    double later = pow(f->ratio, k), at_t = pow(f->o->beta2, t), in_k = pow(f->o->beta2, k);
    growth(f, 1, at_t, grow);
    growth(f, in_k, at_t * in_k, grow + GROVE_NODES);
    for (int n = 0; n < GROVE_NODES; n++) {
        weight[n] = (grove_real)(f->pace * f->rule.weight[n]);
        weight[GROVE_NODES + n] = (grove_real)(-later * f->pace * f->rule.weight[n]);
    }
    const grove_real epsilon = (grove_real)f->o->epsilon;
    grove_real root[COLUMNS], sum[COLUMNS] = {0};
    for (size_t i = 0; i < row->count; i++) {
        root[i] = sqrt(row->v[i]);
    }
    for (int n = 0; n < (k < f->horizon ? 2 : 1) * GROVE_NODES; n++) {
        for (size_t i = 0; i < row->count; i++) {
            sum[i] += weight[n] / (root[i] * grow[n] + epsilon);
        }
    }
    for (size_t i = 0; i < row->count; i++) {
        row->w[i] -= row->m[i] * sum[i];
    }
}

/* What is left of moments and weights after k updates in which nothing moves. */
static void fade(const fading *f, double k, const rested *row) {
    grove_real fade_m = (grove_real)pow(f->o->beta1, k), fade_v = (grove_real)pow(f->o->beta2, k);
    grove_real fade_w = (grove_real)pow(f->shrink, k);
    for (size_t i = 0; i < row->count; i++) {
        row->m[i] *= fade_m;
        row->v[i] *= fade_v;
        row->w[i] *= fade_w;
    }
}

static bool moves(const rested *row) {
    for (size_t i = 0; i < row->count; i++) {
        if (row->m[i] != 0) {
            return true;
        }
    }
    return false;
}

static void rest(const fading *f, double t, double missed, const rested *row) {
    double done = 0;
    if (moves(row) && t >= f->smooth_from && missed > FEW) {
        miss_many(f, t, missed, row);
    } else if (moves(row)) {
        done = miss_some(f, t, missed, row);
    }
    fade(f, missed - done, row);
}

static void catch_up_row(const grove_call *call, const void *context, size_t row) {
    grove_id *last = call->in[5]->data, step = grove_ids(call, 4)[0];
    size_t width = grove_width(call->in[0]), at = row * width;
    double missed = (double)step - last[row];
    for (size_t i = 0; i < width && missed > 0; i += COLUMNS) {
        rested part = {.w = grove_written(call, 0) + at + i,
                       .m = grove_written(call, 2) + at + i,
                       .v = grove_written(call, 3) + at + i,
                       .count = width - i < COLUMNS ? width - i : COLUMNS};
        rest(context, (double)last[row], missed, &part);
    }
    if (missed > 0) {
        last[row] = step;
    }
}

static grove_status catch_up_run(const grove_call *call, size_t begin, size_t end) {
    fading f = fading_of(call->attributes, (double)grove_reals(call, 1)[0]);
    return grove_catch_up(call, 6, begin, end, catch_up_row, &f);
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

#define RESTED                                                                                     \
    {                                                                                              \
        GROVE_TABLE_OF(4, 5, 8), GROVE_SCALAR_OF(0.5), GROVE_TABLE_OF(0, 8, 0),                    \
            GROVE_TABLE_OF(0, 4, 0), GROVE_STEP_OF(2), GROVE_CLOCK_OF(1, 1, 1), {                  \
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
