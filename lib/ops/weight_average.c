/* SPDX-License-Identifier: MIT
 *
 * weight_average - a running (exponential moving) average of a parameter, for evaluation (Polyak &
 * Juditsky 1992 averaged evenly; this form forgets):
 *
 *   average <- decay * average + (1 - decay) * w   after each update; it begins as w at the first
 *
 * Rows. Between two updates w stands still, so what k updates without a change of w do is
 *
 *   average <- w + decay^k * (average - w)
 *
 * and it can be done late, as long as it is done before w changes. Hence this goes first in a run,
 * for the rows that the run is about to change (ids, or all), and brings them up to the `step`
 * updates done so far; last[row] is 1 + the number of updates seen, 0 where the row is new. A step
 * then costs no more than the rows it touches. Where resting rows move on (exact adam and momentum)
 * the average sees that movement when the row is met or settled: at the end of the rest, not spread
 * over it.
 * Shapes: average, parameter [rows, ...]; a row is all that has one index of the first axis, a
 *   scalar is one row; step a scalar id; last [rows] ids; ids [...], or GROVE_NONE for all rows.
 * Numerics: decay^k is computed in double.
 * Cost: a subtraction and a product an element of those rows; one pow for a row that rested.
 */
#include "elementwise.h"
#include "rows.h"

struct average {
    double decay;
};

static const grove_field fields[] = {GROVE_FIELD(struct average, decay, REAL),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct average *attributes = s->attributes;
    grove_shape average = grove_in_shape(s, 0);
    grove_shape rows = average.rank ? GROVE_SHAPE(average.dim[0]) : GROVE_SHAPE(1);
    if (!(attributes->decay >= 0 && attributes->decay < 1)) {
        return grove_refuse(s, GROVE_BAD_ARGUMENT, "the decay must be from 0 to below 1");
    }
    if (s->inputs == 5 && (average.rank == 0 || !grove_want_type(s, 4, GROVE_ID))) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "ids need a parameter with rows");
    }
    return grove_want_type(s, 0, GROVE_REAL) && grove_want_moment(s, 1, "the parameter") &&
           grove_want_clock(s, 2) && grove_want_type(s, 3, GROVE_ID) &&
           grove_want_shape(s, 3, rows, "the clock of the rows") && grove_update_shape(s);
}

static size_t rows(const grove_call *call) {
    return call->in[3]->count;
}

static size_t width(const grove_call *call) {
    return call->in[0]->count / (rows(call) ? rows(call) : 1);
}

static grove_id seen_by(const grove_call *call) {
    return grove_ids(call, 2)[0] + (grove_ids(call, 2)[0] < INT32_MAX);
}

static void catch_up_row(const grove_call *call, void *context, size_t row) {
    const double decay = ((const struct average *)call->attributes)->decay;
    const size_t count = width(call), at = row * count;
    const grove_id seen = seen_by(call);
    (void)context;
    grove_id *last = call->in[3]->data;
    grove_real *average = grove_written(call, 0) + at;
    const grove_real *w = grove_reals(call, 1) + at;
    if (last[row] <= 0) {
        memcpy(average, w, count * sizeof *w);
    } else {
        const double missed = (double)seen - last[row];
        const grove_real kept = (grove_real)(missed > 1 ? pow(decay, missed) : decay);
        for (size_t i = 0; i < count; i++) {
            average[i] = w[i] + kept * (average[i] - w[i]);
        }
    }
    last[row] = seen;
}

GROVE_RUN(run) {
    const size_t count = call->inputs == 5 ? call->in[4]->count : 0;
    grove_status status = count ? grove_check_row_ids(call, 4, 0, count, rows(call)) : GROVE_OK;
    if (status == GROVE_OK) {
        grove_catch_up(call, 4, begin, end, grove_ids(call, 3), seen_by(call), catch_up_row, NULL);
    }
    return status;
}

/* Rows named by ids are not cut: two tiles might meet in one row. */
static size_t items(const grove_call *call) {
    return call->inputs == 5 ? 1 : rows(call);
}

static size_t cost(const grove_call *call) {
    return 8 + 2 * width(call);
}

static grove_tensor build(const grove_tensor *in) {
    return grove_weight_average(in[0], in[1], in[2], in[3], in[4], 0.5);
}
static grove_tensor build_all(const grove_tensor *in) {
    return grove_weight_average(in[0], in[1], in[2], in[3], GROVE_NONE, 0.5);
}
static grove_tensor build_endless(const grove_tensor *in) {
    return grove_weight_average(in[0], in[1], in[2], in[3], GROVE_NONE, 1);
}

#define INPUTS                                                                                     \
    {                                                                                              \
        GROVE_TABLE_OF(9, 0, 8), GROVE_TABLE_OF(1, 2, 4), GROVE_STEP_OF(3),                        \
            GROVE_CLOCK_OF(0, 3, 2), {                                                             \
            .type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)                  \
        }                                                                                          \
    }

static const grove_example examples[] = {
    /* Row 0 is new; row 1 is not met; row 2 missed two updates: 4 + 0.25 * (8 - 4). */
    {.inputs = 5,
     .in = INPUTS,
     .build = build,
     .after = {GROVE_NUMBERS(1, 0, 5), NULL, NULL, GROVE_NUMBERS(4, 3, 4)}},
    {.inputs = 4,
     .in = INPUTS,
     .build = build_all,
     .after = {GROVE_NUMBERS(1, 1, 5), NULL, NULL, GROVE_NUMBERS(4, 4, 4)}},
    {.inputs = 4,
     .in = {{.shape = {0}, .values = GROVE_NUMBERS(3), .stored = true},
            GROVE_SCALAR_OF(5),
            GROVE_STEP_OF(1),
            {.type = GROVE_ID, .shape = {1, {1}}, .values = GROVE_NUMBERS(1), .stored = true}},
     .build = build_all,
     .after = {GROVE_NUMBERS(4), NULL, NULL, GROVE_NUMBERS(2)}},
    {.inputs = 4, .in = INPUTS, .build = build_endless, .refused = "from 0 to below 1"},
    {0},
};

GROVE_ROOM(weight_average) = {
    .name = "weight_average",
    .formula = "average <- w + decay^k * (average - w), for the k updates since the last time",
    .min_inputs = 4,
    .max_inputs = 5,
    .flags = GROVE_UPDATE | GROVE_FIRST,
    .written = 1 << 0 | 1 << 3,
    .attribute_size = sizeof(struct average),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .no_gradient = "it changes its state in place",
    .examples = examples,
};

grove_tensor grove_weight_average(grove_tensor average, grove_tensor parameter, grove_tensor step,
                                  grove_tensor last, grove_tensor ids, double decay) {
    struct average attributes = {.decay = decay};
    grove_tensor in[] = {average, parameter, step, last, ids};
    return grove_append(&grove_op_weight_average, NULL, in, grove_is_valid(ids) ? 5 : 4,
                        &attributes);
}
