/* SPDX-License-Identifier: MIT */
#include "geometric.h"

#include <math.h>

/* The monic Meixner polynomials for the weights r^x at x = 0, 1, 2...:
 *     p[n+1] = (x - (n + (n + 1) r) / (1 - r)) p[n] - n^2 r / (1 - r)^2 p[n-1] */
typedef struct values {
    double p, before, slope; /* p[N](x), p[N-1](x), p[N]'(x) */
} values;

static values meixner(double r, double x) {
    double p = 1, before = 0, slope = 0, slope_before = 0;
    for (int n = 0; n < GROVE_NODES; n++) {
        double center = (n + (n + 1) * r) / (1 - r), pull = n * n * r / ((1 - r) * (1 - r));
        double next = (x - center) * p - pull * before;
        double slope_next = p + (x - center) * slope - pull * slope_before;
        before = p;
        slope_before = slope;
        p = next;
        slope = slope_next;
    }
    return (values){p, before, slope};
}

/* Newton's method from the left, with the roots already found divided out (Maehly 1954): all roots
 * are real, and from below the smallest one left the steps only go up. */
static double next_root(double r, double x, const double *found, int count) {
    for (int i = 0; i < 100; i++) {
        values v = meixner(r, x);
        double others = 0;
        for (int k = 0; k < count; k++) {
            others += 1 / (x - found[k]);
        }
        double step = v.p / (v.slope - v.p * others);
        x -= step;
        if (!(fabs(step) > 1e-14 * (1 + fabs(x)))) {
            break;
        }
    }
    return x;
}

grove_geometric grove_geometric_rule(double r) {
    grove_geometric rule;
    double x = -0.5, mass = 1 / (1 - r); /* of all weights; times the square norms that follow */
    for (int n = 1; n < GROVE_NODES; n++) {
        mass *= n * n * r / ((1 - r) * (1 - r));
    }
    for (int i = 0; i < GROVE_NODES; i++) {
        x = next_root(r, x, rule.node, i);
        values v = meixner(r, x);
        rule.node[i] = x;
        rule.weight[i] = mass / (v.before * v.slope);
        x += 1e-3 * (1 + x); /* the next root lies to the right */
    }
    for (int i = 0; i < GROVE_NODES; i++) { /* from x = 0, 1... to j = 1, 2... */
        rule.node[i] += 1;
        rule.weight[i] *= r;
    }
    return rule;
}
