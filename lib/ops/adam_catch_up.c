/* SPDX-License-Identifier: MIT
 *
 * adam_catch_up - makes the row form of Adam exact: gives a row, before it is read again, the
 * updates that the dense form did to it while it rested: Adam's with g = 0 (adam_rest.h).
 *
 * If the rate is a scalar it is taken to have been that always. If it changes, it is the list of
 * the rates of the last updates, and each missed update is done at its own (adam_history.h).
 * Coupled decay would move a row for ever, so it is refused.
 * Shapes: table, m, v [rows, width]; last [rows] ids; rate a scalar or [memory]; step a scalar; ids
 *   [...], or GROVE_NONE for all rows. It goes first in a run, before any lookup.
 * Numerics: to rounding what the dense form does, however long a row rested (with remembered
 *   rates: up to their number of updates).
 * Cost: a few hundred operations for each number of a row, at remembered rates a few thousand more
 *   for the row; independent of how long it rested.
 */
#include "adam_history.h"

static const grove_field fields[] = ADAM_FIELDS;

static bool catch_up_shape(grove_shaping *s) {
    bool some = s->inputs == 7;
    return grove_want_rank(s, 0, 2) && grove_want_type(s, 0, GROVE_REAL) &&
           grove_want_rates(s, 1) && grove_want_moment(s, 2, "m") && grove_want_moment(s, 3, "v") &&
           grove_want_clock(s, 4) && grove_want_row_clock(s, 5) &&
           (!some || grove_want_type(s, 6, GROVE_ID)) && adam_want_exact(s) && adam_want_options(s);
}

/* What is the same for all rows of a run: one of the two. */
typedef struct catching_up {
    fading fading;
    adam_history history;
    bool changes; /* the rate */
} catching_up;

static void catch_up_row(const grove_call *call, void *context, size_t row) {
    catching_up *c = context;
    grove_id *last = call->in[5]->data, step = grove_ids(call, 4)[0];
    size_t width = grove_width(call->in[0]), at = row * width;
    double missed = (double)step - last[row];
    for (size_t i = 0; i < width; i += COLUMNS) {
        rested part = {.w = grove_written(call, 0) + at + i,
                       .m = grove_written(call, 2) + at + i,
                       .v = grove_written(call, 3) + at + i,
                       .count = width - i < COLUMNS ? width - i : COLUMNS};
        if (c->changes) {
            rest_at_rates(&c->history, (double)last[row], missed, &part);
        } else {
            rest(&c->fading, (double)last[row], missed, &part);
        }
    }
    last[row] = step;
}

static grove_status catch_up_run(const grove_call *call, size_t begin, size_t end) {
    catching_up c = {.changes = grove_rates_change(call, 1)};
    size_t count = call->inputs == 7 ? call->in[6]->count : 0;
    grove_status status =
        count ? grove_check_row_ids(call, 6, 0, count, call->in[0]->dim[0]) : GROVE_OK;
    if (status != GROVE_OK) {
        return status;
    }
    end = c.changes ? call->in[0]->dim[0] : end; /* one item: all rows, where no ids name some */
    const grove_id *last = call->in[5]->data, step = grove_ids(call, 4)[0];
    if (!grove_any_rests(call, last, step, 6, begin, end)) {
        return GROVE_OK;
    }
    if (c.changes) {
        c.history = adam_history_of(call);
    } else {
        c.fading = fading_of(call->attributes, (double)grove_reals(call, 1)[0]);
    }
    grove_catch_up(call, 6, begin, end, last, step, catch_up_row, &c);
    return GROVE_OK;
}

/* Rows named by ids are not cut: two tiles might meet in one row. Neither are those at remembered
 * rates: each tile would have to go through all that was missed anew. */
static size_t catch_up_items(const grove_call *call) {
    return call->inputs == 7 || grove_rates_change(call, 1) ? 1 : call->in[0]->dim[0];
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
    /* The same at a remembered rate: that of update 2, in a memory of two. */
    {.inputs = 7,
     .in = {GROVE_TABLE_OF(4, 5, 8),
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(99, 0.5)},
            GROVE_TABLE_OF(0, 8, 0),
            GROVE_TABLE_OF(0, 4, 0),
            GROVE_STEP_OF(2),
            GROVE_CLOCK_OF(1, 1, 1),
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(1, 0, 1)}},
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
    .scratch = adam_history_scratch,
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
