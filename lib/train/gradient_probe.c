/* SPDX-License-Identifier: MIT
 *
 * gradient_probe.c - slopes by differences, at steps that shrink by four, and their bounds.
 *
 * Steps h_0 > h_1 > ... are powers of two times max(|x|, 1). At each, two losses:
 *     D = (f(h) - f(-h)) / 2h,   E = (16 D(h) - D(4h)) / 15,   jump = slope ahead - slope behind
 * Near a smooth point jump = h f'' and shrinks with h; at a corner it stays.
 */
#include "gradient_probe.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define IS_FLOAT (sizeof(grove_real) == sizeof(float))
#define EPSILON (IS_FLOAT ? (double)FLT_EPSILON : DBL_EPSILON)

enum { MOST_LEVELS = 10, FLOAT_LEVELS = 6, DOUBLE_LEVELS = 9 };

/* ---- moving ---------------------------------------------------------------------------------- */

static double moved_loss(grove_probe *p) {
    grove_set_training_runs(p->loss.graph, p->runs);
    grove_status status = p->status == GROVE_OK ? grove_run(p->plan) : p->status;
    p->status = p->status == GROVE_OK ? status : p->status;
    return status == GROVE_OK ? grove_scalar(p->plan, p->loss) : (double)NAN;
}

double grove_probe_loss(grove_probe *p, const grove_line *line, double t, double *moved) {
    *moved = t;
    if (line->position != GROVE_WHOLE) {
        grove_real *x = &line->x[line->position], still = *x;
        *x = (grove_real)((double)still + t);
        *moved = (double)*x - (double)still;
        double loss = moved_loss(p);
        memcpy(x, &still, sizeof still);
        return loss;
    }
    memcpy(line->still, line->x, line->count * sizeof *line->x);
    for (size_t i = 0; i < line->count; i++) {
        double way = t * (double)line->direction[i] / line->length;
        line->x[i] = (grove_real)((double)line->x[i] + way);
    }
    double loss = moved_loss(p);
    memcpy(line->x, line->still, line->count * sizeof *line->x);
    return loss;
}

/* The size of what moves, but at least 1; as a power of two, so that steps are hardly rounded. NaN
 * is passed over. (Compared, not by fmax: at that loop gcc 12 for Arm crashes.) */
static double scale_of(const grove_line *line) {
    const bool whole = line->position == GROVE_WHOLE;
    const grove_real *x = whole ? line->x : &line->x[line->position];
    double largest = 1;
    for (size_t i = 0; i < (whole ? line->count : 1); i++) {
        const double size = fabs((double)x[i]);
        largest = size > largest ? size : largest;
    }
    return isfinite(largest) ? exp2(floor(log2(largest))) : 1;
}

/* ---- rounding -------------------------------------------------------------------------------- */

enum { NOISE_POINTS = 9, NOISE_LEAST_ORDER = 4, NOISE_MOST_ORDER = 6 };

/* Differences of order k are free of what is smooth, and their squares are (2k)! / (k!)^2 times the
 * variance of a single value. The smallest order's estimate may hold something smooth, the largest
 * is of three numbers only: the smallest estimate is taken. */
double grove_probe_noise(grove_probe *p, const grove_line *line) {
    double f[NOISE_POINTS], moved, step = scale_of(line) * (IS_FLOAT ? 0x1p-11 : 0x1p-20);
    double least = INFINITY, gain = 1;
    for (int i = 0; i < NOISE_POINTS; i++) {
        f[i] = grove_probe_loss(p, line, (i - NOISE_POINTS / 2) * step, &moved);
    }
    for (int k = 1; k <= NOISE_MOST_ORDER; k++) {
        double sum = 0;
        gain *= 2.0 * (2 * k - 1) / k; /* (2k)! / (k!)^2 */
        for (int i = 0; i + k < NOISE_POINTS; i++) {
            f[i] = f[i + 1] - f[i];
            sum += f[i] * f[i];
        }
        if (k >= NOISE_LEAST_ORDER) {
            least = fmin(least, sqrt(sum / (NOISE_POINTS - k) / gain));
        }
    }
    return isfinite(least) ? least : 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

typedef struct level {
    double step;
    double slope, jump;       /* D; slope ahead - slope behind */
    double fine;              /* E */
    double truncation, noise; /* what E may be off by */
    bool moves;               /* the loss does not stay exactly the same */
} level;

/* So much of the loss's rounding is in E: 0.76 deviations / h, ten times. */
static double noise_at(const grove_probe *p, double step) {
    return 8 * p->noise / step;
}

static double bound(const level *l, double rounding) {
    return l->truncation + l->noise + rounding;
}

static level measure(grove_probe *p, const grove_line *line, double step) {
    double ahead, behind;
    double after = grove_probe_loss(p, line, step, &ahead);
    double before = grove_probe_loss(p, line, -step, &behind);
    level l = {.step = step, .truncation = INFINITY, .noise = noise_at(p, step)};
    l.slope = (after - before) / (ahead - behind);
    l.jump = (after - p->at_rest) / ahead - (before - p->at_rest) / behind;
    l.moves = after != p->at_rest || before != p->at_rest;
    return l;
}

/* From the third step on: does D converge as that of a smooth function? */
static void refine(level *l) {
    l[0].fine = (16 * l[0].slope - l[-1].slope) / 15;
    double change = fabs(l[0].fine - l[-1].fine);
    double last = fabs(l[0].slope - l[-1].slope), before = fabs(l[-1].slope - l[-2].slope);
    bool converges = last <= fmax(before / 8, l->noise) && change <= fmax(last / 2, l->noise);
    l->truncation = converges ? change / 2 : 8 * change;
    if (!isfinite(l->truncation)) { /* the loss is not, so far away */
        l->truncation = INFINITY;
    }
}

/* ---- the judgement --------------------------------------------------------------------------- */

/* Off by more than its bound, at this step. */
static bool differs(const level *l, double analytic, double rounding) {
    return !(fabs(analytic - l->fine) <= bound(l, rounding));
}

/* Is there a corner so near that E has the mean of both sides' slopes? Then what is ahead and what
 * is behind stays apart as h goes to 0 (the curvature's share in the jump, h f'', is taken out as
 * in E), by twice of what E is off by. */
static bool is_corner(const level *l, double analytic, double rounding) {
    double gap = fabs(4 * l[0].jump - l[-1].jump) / 3;
    return gap > 2 * l->noise && fabs(analytic - l->fine) <= 1.5 * gap + bound(l, rounding);
}

/* A step may be too large to see a corner within it: then a smaller one decides, if it is sharp
 * enough to see the disagreement at all. *confirmed: there are such steps, and they disagree. */
static int deciding(const level *levels, int best, int count, double analytic, double rounding,
                    bool *confirmed) {
    double error = fabs(analytic - levels[best].fine);
    *confirmed = false;
    for (int k = best + 1; k < count; k++) {
        if (levels[k].noise + rounding <= error / 3) {
            if (!differs(&levels[k], analytic, rounding)) {
                return k;
            }
            *confirmed = true;
        }
    }
    return best;
}

static grove_judgement judge(const grove_probe *p, const level *levels, int best, int count,
                             double rounding, grove_slope *slope) {
    double a = slope->analytic;
    bool confirmed = false;
    if (differs(&levels[best], a, rounding)) {
        best = deciding(levels, best, count, a, rounding, &confirmed);
    }
    const level *l = &levels[best];
    double scale = fmax(fabs(a), fabs(l->fine)), least = bound(l, rounding);
    slope->numeric = l->fine;
    slope->error = fabs(a - l->fine);
    slope->allowed = fmax(least, p->tolerance * scale);
    if (!isfinite(l->fine)) {
        return GROVE_SLOPE_KINK;
    }
    if (slope->error <= slope->allowed) {
        bool sharp = least <= p->resolution * scale;
        bool rough = l->truncation > l->noise + rounding;
        return sharp ? GROVE_SLOPE_AGREES : rough ? GROVE_SLOPE_KINK : GROVE_SLOPE_TOO_SMALL;
    }
    if (!confirmed) {
        return GROVE_SLOPE_KINK;
    }
    for (int k = best; k < count; k++) {
        if (is_corner(&levels[k], a, rounding)) {
            return GROVE_SLOPE_KINK;
        }
    }
    return GROVE_SLOPE_WRONG;
}

/* Whether a smaller step could tell more than the best so far. */
static bool goes_on(const grove_probe *p, const level *best, double step, double rounding,
                    double analytic) {
    double least = bound(best, rounding), error = fabs(analytic - best->fine);
    double scale = fmax(fabs(analytic), fabs(best->fine));
    double target = IS_FLOAT ? p->resolution / 4 : fmin(p->resolution / 4, 1e-9);
    if (!(error <= least)) { /* is it a corner that a smaller step would leave behind? */
        return !(noise_at(p, step / 4) > error / 3);
    }
    return least > target * scale && noise_at(p, step / 4) < least;
}

grove_judgement grove_probe_judge(grove_probe *p, const grove_line *line, double rounding,
                                  grove_slope *slope) {
    level levels[MOST_LEVELS];
    double step = p->first_step * scale_of(line);
    int most = IS_FLOAT ? FLOAT_LEVELS : DOUBLE_LEVELS, best = 2, count = 0;
    bool moves = slope->analytic != 0;
    slope->position = line->position;
    for (; count < most && p->status == GROVE_OK; count++, step /= 4) {
        level *l = &levels[count];
        *l = measure(p, line, step);
        moves = moves || l->moves;
        if (count == 1) {
            l->fine = (16 * l->slope - l[-1].slope) / 15;
            if (!moves) {
                slope->numeric = slope->error = slope->allowed = 0;
                return GROVE_SLOPE_ZERO;
            }
        } else if (count > 1) {
            refine(l);
            best = bound(l, rounding) < bound(&levels[best], rounding) ? count : best;
            if (!goes_on(p, &levels[best], step, rounding, slope->analytic)) {
                count++;
                break;
            }
        }
    }
    return p->status == GROVE_OK ? judge(p, levels, best, count, rounding, slope)
                                 : GROVE_SLOPE_TOO_SMALL;
}
