/* SPDX-License-Identifier: MIT
 *
 * schedules.c - the learning rate over time: factors made of nodes, and rates that a training loop
 * sets.
 */
#include "grove/schedules.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* ---- what is asked for ----------------------------------------------------------------------- */

static grove_schedule with_defaults(const grove_schedule *given) {
    grove_schedule s = given ? *given : (grove_schedule){.kind = GROVE_SCHEDULE_CONSTANT};
    s.gamma = s.gamma == 0 ? 0.1 : s.gamma;
    s.rise = s.rise == 0 ? 0.3 : s.rise;
    s.start = s.start == 0 ? 1.0 / 25 : s.start;
    if (s.kind == GROVE_SCHEDULE_ONE_CYCLE && s.floor == 0) {
        s.floor = s.start / 10000;
    }
    return s;
}

static bool is_share(double x) {
    return x >= 0 && x <= 1;
}

/* The updates that go up, and those that go down, from the first to the last. */
static double rise_of(const grove_schedule *s) {
    return s->rise * (double)s->steps - 1;
}
static double fall_of(const grove_schedule *s) {
    return (double)(s->steps - 1) - rise_of(s);
}

/* NULL, or what is wrong. */
static const char *fault_of(const grove_schedule *s) {
    bool stairs = s->kind == GROVE_SCHEDULE_STEP, one_cycle = s->kind == GROVE_SCHEDULE_ONE_CYCLE;
    if (s->kind < GROVE_SCHEDULE_CONSTANT || s->kind > GROVE_SCHEDULE_ONE_CYCLE) {
        return "the kind must be constant, step, cosine or one-cycle";
    }
    if (s->warm_up < 0 || s->warm_up > INT32_MAX || s->steps > INT32_MAX ||
        (one_cycle && s->warm_up > 0)) {
        return "warm_up and steps must be whole numbers of updates, and one-cycle has no warm_up";
    }
    if (stairs && !(s->every > 0 && s->every <= INT32_MAX && s->gamma > 0 && isfinite(s->gamma))) {
        return "a stair must last at least one update (every), and gamma be above 0";
    }
    if (s->kind == GROVE_SCHEDULE_COSINE && s->steps <= s->warm_up) {
        return "a cosine needs more steps than its warm_up has";
    }
    if (!is_share(s->floor) || !is_share(s->start)) {
        return "floor and start must be shares of the rate, from 0 to 1";
    }
    if (one_cycle && !(is_share(s->rise) && rise_of(s) > 0 && fall_of(s) > 0)) {
        return "one cycle needs at least one step up and one down: more steps, or another rise";
    }
    return NULL;
}

/* ---- factors --------------------------------------------------------------------------------- */

/* From `from` at x = 0 to `to` at x = length in half a cosine, and on at `to`; x from any side. */
static grove_tensor half_cosine(grove_tensor x, double length, double from, double to) {
    grove_tensor angle = grove_scale(grove_clip(grove_scale(x, 1 / length), 0, 1), pi);
    return grove_shift(grove_scale(grove_cos(angle), (from - to) / 2), (from + to) / 2);
}

/* gamma^floor(u / every); half an update more, for 1 / every is not exact. */
static grove_tensor stairs(const grove_schedule *s, grove_tensor u) {
    grove_tensor stair = grove_floor(grove_scale(grove_shift(u, 0.5), 1 / (double)s->every));
    return grove_exp(grove_scale(stair, log(s->gamma)));
}

/* Up, times down: each of the two is 1 while the other one moves. */
static grove_tensor one_cycle(const grove_schedule *s, grove_tensor t) {
    grove_tensor up = half_cosine(t, rise_of(s), s->start, 1);
    grove_tensor down = half_cosine(grove_shift(t, -rise_of(s)), fall_of(s), 1, s->floor);
    return grove_mul(up, down);
}

static grove_tensor after_warm_up(const grove_schedule *s, grove_tensor u) {
    switch (s->kind) {
    case GROVE_SCHEDULE_STEP:
        return stairs(s, u);
    case GROVE_SCHEDULE_COSINE:
        return half_cosine(u, (double)(s->steps - s->warm_up), 1, s->floor);
    case GROVE_SCHEDULE_ONE_CYCLE:
        return one_cycle(s, u);
    case GROVE_SCHEDULE_CONSTANT:
        break;
    }
    return grove_fill(u.graph, GROVE_SCALAR, 1);
}

grove_tensor grove_schedule_factor(grove_tensor step, const grove_schedule *schedule) {
    grove_schedule s = with_defaults(schedule);
    const char *fault = fault_of(&s);
    if (!grove_is_valid(step)) {
        return GROVE_NONE;
    }
    if (fault || grove_node_shape(step).rank != 0) {
        grove_mistake(step.graph, GROVE_BAD_ARGUMENT, "schedule: %s",
                      fault ? fault : "the clock must be a scalar id");
        return GROVE_NONE;
    }
    grove_tensor t = grove_real_of(step);
    if (s.warm_up == 0) {
        return after_warm_up(&s, t);
    }
    grove_tensor u = grove_maximum(grove_shift(t, -(double)s.warm_up), 0);
    grove_tensor ramp = grove_clip(grove_scale(grove_shift(t, 1), 1 / (double)s.warm_up), 0, 1);
    return grove_mul(ramp, after_warm_up(&s, u));
}

grove_tensor grove_clock(grove_graph *graph, const char *name) {
    return grove_state(graph, name, GROVE_ID, GROVE_SCALAR);
}

/* ---- from the training loop ------------------------------------------------------------------ */

static grove_real *rate_of(grove_tensor state) {
    bool good = grove_is_valid(state) && grove_node_type(state) == GROVE_REAL &&
                grove_parameter_size(state) == 1;
    return good ? grove_parameter_data(state) : NULL;
}

static bool write_rate(grove_real *number, double rate) {
    bool good = number && rate >= 0 && isfinite((grove_real)rate);
    if (good) {
        *number = (grove_real)rate;
    }
    return good;
}

grove_tensor grove_rate_state(grove_graph *graph, const char *name, double rate) {
    grove_tensor state = grove_state(graph, name, GROVE_REAL, GROVE_SCALAR);
    if (grove_is_valid(state) && !write_rate(rate_of(state), rate)) {
        grove_mistake(graph, GROVE_BAD_ARGUMENT,
                      "rate state: the rate must be a finite number from 0 up");
        return GROVE_NONE;
    }
    return state;
}

grove_status grove_set_rate(grove_tensor rate_state, double rate) {
    grove_real *number = rate_of(rate_state);
    if (!number) {
        return grove_notice(rate_state.graph, GROVE_BAD_ARGUMENT,
                            "set rate: the tensor is no rate state, which is one stored real "
                            "number");
    }
    return write_rate(number, rate)
               ? GROVE_OK
               : grove_notice(rate_state.graph, GROVE_BAD_ARGUMENT,
                              "set rate: '%s' cannot be %g: a rate is a finite number from 0 up",
                              grove_node_name(rate_state), rate);
}

double grove_get_rate(grove_tensor rate_state) {
    const grove_real *number = rate_of(rate_state);
    return number ? (double)*number : (double)NAN;
}

bool grove_plateau_step(grove_plateau *plateau, double loss) {
    double factor = plateau->factor == 0 ? 0.1 : plateau->factor;
    double threshold = plateau->threshold > 0 ? plateau->threshold : 1e-4;
    int patience = plateau->patience < 0 ? 0 : plateau->patience ? plateau->patience : 10;
    /* Losses may be negative: better by a share of their size. */
    if (!isnan(loss) &&
        (!plateau->begun || loss < plateau->best - threshold * fabs(plateau->best))) {
        plateau->begun = true;
        plateau->best = loss;
        plateau->waited = 0;
        return false;
    }
    if (++plateau->waited <= patience) {
        return false;
    }
    plateau->waited = 0;
    double now = grove_get_rate(plateau->rate), lower = now * factor;
    lower = (double)(grove_real)(lower > plateau->least ? lower : plateau->least);
    return factor > 0 && lower < now && grove_set_rate(plateau->rate, lower) == GROVE_OK;
}
