/* SPDX-License-Identifier: MIT
 *
 * gradient_check.c - gradients against differences: parameter by parameter, component by component,
 * to a verdict and a sentence.
 */
#include "grove/gradient_check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gradient_checker.h"

#define IS_FLOAT (sizeof(grove_real) == sizeof(float))
#define EPSILON (IS_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON)

enum { SAMPLES = 100, RESTING = 8, NOISE_LINES = 5 };

const char *grove_gradient_verdict_words(grove_gradient_verdict verdict) {
    switch (verdict) {
#define VERDICT_WORDS(code, name, words)                                                           \
    case GROVE_GRADIENT_##name:                                                                    \
        return words;
        GROVE_GRADIENT_VERDICT_LIST(VERDICT_WORDS)
#undef VERDICT_WORDS
    }
    return "unknown";
}

/* ---- one parameter --------------------------------------------------------------------------- */

static grove_line line_at(const grove_checker *c, const grove_target *t, size_t position) {
    return (grove_line){.x = t->numbers,
                        .count = t->size,
                        .position = position,
                        .direction = t->analytic,
                        .still = c->still};
}

/* How many numbers that dimension of the plan has. */
static size_t size_of(const grove_checker *c, int64_t dim) {
    size_t batch = c->wish.batch > 0 ? (size_t)c->wish.batch : 1;
    return (size_t)grove_dim_batches(dim) * batch + (size_t)grove_dim_more(dim);
}

/* What may move the loss comes first, then some of what must not. Returns how many of each. */
static size_t draw(grove_checker *c, const grove_target *t, size_t *resting) {
    int64_t wish = c->wish.samples;
    size_t wanted = wish == GROVE_ALL_COMPONENTS ? t->size : wish > 0 ? (size_t)wish : SAMPLES;
    size_t some = wish == GROVE_ALL_COMPONENTS ? t->size : RESTING;
    const char *name = grove_node_name(t->tensor);
    for (size_t i = 0; i < t->size; i++) {
        c->live[i] = t->reader_count < 0 || (t->analytic && t->analytic[i] != 0);
    }
    grove_shape shape = grove_node_shape(t->tensor);
    size_t rows = t->size > 0 && shape.rank > 0 ? size_of(c, shape.dim[0]) : 1;
    for (int k = 0; k < t->reader_count; k++) {
        const grove_id *ids = grove_value(c->slopes, t->readers[k]);
        size_t count = ids ? grove_value_count(c->slopes, t->readers[k]) : 0;
        grove_mark_rows(ids, count, t->size / rows, c->live, t->size);
    }
    size_t live =
        grove_draw_positions(c->live, true, t->size, wanted, c->wish.seed, name, c->positions);
    size_t left = t->size - live;
    *resting = grove_draw_positions(c->live, false, t->size, some < left ? some : left,
                                    c->wish.seed, name, c->positions + live);
    return live;
}

/* A low one of five lines, for kinks nearby make some too large, and a line on which nothing moves
 * says nothing; and a loss is rounded at least to its own last place: evenly within it, hence 0.3.
 */
static void measure_noise(grove_checker *c, const grove_target *t, size_t live) {
    double seen[NOISE_LINES]; /* above 0, rising */
    size_t count = 0;
    for (size_t i = 0; i < NOISE_LINES && i < live; i++) {
        grove_line line = line_at(c, t, c->positions[i * (live - 1) / (NOISE_LINES - 1)]);
        double noise = grove_probe_noise(&c->probe, &line);
        size_t place = count;
        for (; noise > 0 && place > 0 && seen[place - 1] > noise; place--) {
            seen[place] = seen[place - 1];
        }
        if (noise > 0) {
            seen[place] = noise;
            count++;
        }
    }
    double low = count > 0 ? seen[count / 4] : 0;
    c->probe.noise = fmax(low, 0.3 * EPSILON * fabs(c->probe.at_rest));
}

static void note(grove_parameter_check *p, grove_judgement judgement, const grove_slope *slope) {
    size_t *counts[] = {[GROVE_SLOPE_AGREES] = &p->agreeing,
                        [GROVE_SLOPE_ZERO] = &p->zero,
                        [GROVE_SLOPE_TOO_SMALL] = &p->too_small,
                        [GROVE_SLOPE_KINK] = &p->kinks,
                        [GROVE_SLOPE_WRONG] = &p->wrong};
    bool judged = judgement == GROVE_SLOPE_AGREES || judgement == GROVE_SLOPE_WRONG;
    bool first = judged && p->agreeing + p->wrong == 0;
    bool others = judged || p->agreeing + p->wrong == 0;
    bool worse =
        p->checked == 0 || slope->error * p->worst.allowed > p->worst.error * slope->allowed;
    if (first || (others && worse)) {
        p->worst = *slope;
    }
    p->checked++;
    ++*counts[judgement];
}

static grove_judgement check_whole(grove_checker *c, const grove_target *t, double rounding,
                                   grove_parameter_check *p) {
    grove_line line = line_at(c, t, GROVE_WHOLE);
    double sum = 0;
    for (size_t i = 0; i < t->size && t->analytic; i++) {
        double share = (double)t->analytic[i] / t->largest;
        sum += share * share;
    }
    line.length = t->largest * sqrt(sum);
    p->whole = (grove_slope){.position = GROVE_WHOLE, .analytic = line.length};
    return line.length > 0 && isfinite(line.length)
               ? grove_probe_judge(&c->probe, &line, rounding, &p->whole)
               : GROVE_SLOPE_ZERO;
}

static grove_gradient_verdict verdict_on(const grove_checker *c, const grove_target *t,
                                         const grove_parameter_check *p, bool whole_is_wrong,
                                         double worst_bound) {
    if (p->wrong > 0 || (whole_is_wrong && p->kinks == 0)) {
        return GROVE_GRADIENT_WRONG;
    }
    if (whole_is_wrong) { /* corners on both sides of a line may look like one slope */
        return GROVE_GRADIENT_UNJUDGED;
    }
    if (p->whole_is_judged) {
        return GROVE_GRADIENT_AGREES;
    }
    if (2 * p->kinks > p->checked - p->zero) {
        return GROVE_GRADIENT_UNJUDGED;
    }
    if (t->largest == 0) {
        return GROVE_GRADIENT_ZERO;
    }
    if (p->agreeing > 0) {
        return GROVE_GRADIENT_AGREES;
    }
    return worst_bound <= c->probe.resolution * c->largest ? GROVE_GRADIENT_BELOW_NOISE
                                                           : GROVE_GRADIENT_UNJUDGED;
}

static void check_one(grove_checker *c, const grove_target *t, grove_parameter_check *p) {
    size_t resting = 0;
    double worst_bound = 0, rounding = 8 * EPSILON * t->largest;
    *p = (grove_parameter_check){
        .parameter = t->tensor, .name = grove_node_name(t->tensor), .size = t->size};
    if (!isfinite(t->largest) || !isfinite(c->probe.at_rest)) {
        p->verdict = GROVE_GRADIENT_NOT_FINITE;
        return;
    }
    size_t live = draw(c, t, &resting);
    measure_noise(c, t, live);
    for (size_t i = 0; i < live + resting && c->probe.status == GROVE_OK; i++) {
        size_t position = c->positions[i];
        grove_line line = line_at(c, t, position);
        grove_slope slope = {.analytic = t->analytic ? (double)t->analytic[position] : 0};
        note(p, grove_probe_judge(&c->probe, &line, rounding, &slope), &slope);
        worst_bound = fmax(worst_bound, slope.allowed);
    }
    grove_judgement whole = check_whole(c, t, rounding * sqrt((double)t->size), p);
    p->whole_is_judged = whole == GROVE_SLOPE_AGREES;
    p->verdict = verdict_on(c, t, p, whole == GROVE_SLOPE_WRONG, worst_bound);
}

/* ---- words ----------------------------------------------------------------------------------- */

static double relative(const grove_slope *s) {
    double scale = fmax(fabs(s->analytic), fabs(s->numeric));
    return scale > 0 ? s->error / scale : 0;
}

/* "component [3, 7]", or the line along the gradient. */
static void place_words(const grove_checker *c, const grove_target *t, size_t position, char *text,
                        size_t room) {
    size_t rest = position;
    grove_shape shape = grove_node_shape(t->tensor);
    if (position == GROVE_WHOLE) {
        snprintf(text, room, "its slope along itself");
        return;
    }
    for (int i = shape.rank - 1; i >= 0; i--) {
        size_t size = size_of(c, shape.dim[i]);
        shape.dim[i] = (int64_t)(rest % size);
        rest /= size;
    }
    char place[96];
    snprintf(text, room, "component %s", grove_shape_text(shape, place, sizeof place));
}

static void tell_wrong(const grove_checker *c, const grove_target *t,
                       const grove_parameter_check *p, char *words, size_t size) {
    char place[128];
    const grove_slope *s = p->wrong > 0 ? &p->worst : &p->whole;
    place_words(c, t, s->position, place, sizeof place);
    snprintf(words, size,
             "the gradient of '%.80s' is wrong: %s is %.9g, by differences %.9g, which is off by "
             "%.2g where %.2g is allowed (%zu of the %zu components checked are wrong)",
             p->name, place, s->analytic, s->numeric, s->error, s->allowed, p->wrong, p->checked);
}

static void tell_fault(const grove_checker *c, const grove_target *t,
                       const grove_parameter_check *p, char *words, size_t size) {
    switch (p->verdict) {
    case GROVE_GRADIENT_WRONG:
        tell_wrong(c, t, p, words, size);
        break;
    case GROVE_GRADIENT_ZERO:
        snprintf(words, size,
                 "the gradient of '%.80s' is zero in all of its %zu components: no way leads back "
                 "to it, or all ways are dead here",
                 p->name, p->size);
        break;
    case GROVE_GRADIENT_NOT_FINITE:
        snprintf(words, size, "the gradient of '%.80s' is not finite", p->name);
        break;
    default:
        snprintf(words, size,
                 "the gradient of '%.80s' cannot be judged: of %zu components %zu lie at kinks and "
                 "%zu are too small beside the rounding of the loss",
                 p->name, p->checked, p->kinks, p->too_small);
    }
}

static void tell_all(const grove_gradient_report *r, char *words, size_t size) {
    size_t agreeing = 0, zero = 0, too_small = 0, kinks = 0;
    double worst = 0;
    int agree = 0;
    for (int i = 0; i < r->count; i++) {
        const grove_parameter_check *p = &r->checks[i];
        agree += p->verdict == GROVE_GRADIENT_AGREES;
        agreeing += p->agreeing, zero += p->zero, too_small += p->too_small, kinks += p->kinks;
        worst = p->agreeing > 0 ? fmax(worst, relative(&p->worst)) : worst;
    }
    snprintf(
        words, size,
        "%d of %d gradients agree with differences: %zu components within %.1e of their size, %zu "
        "exactly zero on both sides, %zu too small to judge, %zu at kinks",
        agree, r->count, agreeing, worst, zero, too_small, kinks);
}

static void conclude(grove_checker *c) {
    grove_gradient_report *r = c->report;
    bool judged = false;
    r->passed = true;
    for (int i = 0; i < r->count; i++) {
        judged = judged || r->checks[i].verdict == GROVE_GRADIENT_AGREES;
        if (r->passed && r->checks[i].verdict >= GROVE_GRADIENT_WRONG) {
            r->passed = false;
            tell_fault(c, &c->targets[i], &r->checks[i], r->words, sizeof r->words);
        }
    }
    if (!isfinite(r->loss)) {
        snprintf(
            r->words, sizeof r->words,
            "the loss is %s: there is nothing to compare; a plan with .check_finite (grove train "
            "--check-finite) names the node where that begins",
            isnan(r->loss) ? "not a number" : "infinite");
    } else if (r->passed && !judged) {
        r->passed = false;
        snprintf(r->words, sizeof r->words,
                 "nothing could be judged: all gradients are below the rounding of the loss");
    } else if (r->passed) {
        tell_all(r, r->words, sizeof r->words);
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

static grove_status check_all(grove_checker *c, const grove_tensor *parameters, int count) {
    grove_gradient_report *r = c->report;
    if (!grove_checker_open(c, parameters, count)) {
        return c->error->status;
    }
    size_t bytes = (size_t)c->count * sizeof *r->checks;
    r->checks = grove_alloc(&r->allocator, bytes);
    if (!r->checks) {
        return grove_fail_memory(c->error, bytes);
    }
    c->probe.plan = c->forward;
    for (; r->count < c->count && c->probe.status == GROVE_OK; r->count++) {
        check_one(c, &c->targets[r->count], &r->checks[r->count]);
    }
    if (c->probe.status != GROVE_OK) {
        return grove_fail(c->error, c->probe.status, "%s", grove_plan_error(c->forward)->message);
    }
    conclude(c);
    return GROVE_OK;
}

grove_status grove_check_gradients(grove_tensor loss, const grove_tensor *parameters, int count,
                                   const grove_binding *bindings, int binding_count,
                                   const grove_gradient_check_options *options,
                                   grove_gradient_report *report, grove_error *error) {
    grove_error own = {0};
    grove_checker c = {.loss = loss,
                       .bindings = bindings,
                       .binding_count = binding_count,
                       .report = report,
                       .error = error ? error : &own};
    if (!report) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "gradient check: there is no report");
    }
    c.wish = options ? *options : (grove_gradient_check_options){0};
    c.wish.allocator = grove_allocator_or_default(&c.wish.allocator);
    *report = (grove_gradient_report){.loss = (double)NAN, .allocator = c.wish.allocator};
    double step = IS_FLOAT ? 0x1p-1 : 0x1p-5, share = IS_FLOAT ? 0x1p-6 : 0x1p-12;
    c.probe = (grove_probe){.loss = loss,
                            .runs = grove_training_runs(loss.graph),
                            .first_step = c.wish.step > 0 ? c.wish.step : step,
                            .resolution = c.wish.tolerance > 0 ? c.wish.tolerance : share,
                            .tolerance = c.wish.tolerance};
    grove_status status = check_all(&c, parameters, count);
    grove_checker_close(&c);
    grove_set_training_runs(loss.graph, c.probe.runs);
    return status;
}

void grove_gradient_report_free(grove_gradient_report *report) {
    if (report) {
        if (report->allocator.resize) {
            grove_release(&report->allocator, report->checks);
        }
        *report = (grove_gradient_report){0};
    }
}
