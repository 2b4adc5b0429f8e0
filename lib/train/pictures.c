/* SPDX-License-Identifier: MIT
 *
 * pictures.c - principal components by power iteration; neighbours by the cosine.
 *
 * With x the rows minus their mean, C = x^T x / rows is [width, width]. v <- C v / |C v| turns any
 * v towards the direction of most variance, as the ratio of the two largest variances to the power
 * of the steps. Then C <- C - s v v^T (s = v^T C v, the variance along v) leaves what is at right
 * angles. The trace of C is the whole variance.
 */
#include "grove/pictures.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum { MOST_STEPS = 1000 };
static const double small_turn = 1e-13; /* of 1 - cos(angle) between two steps */

typedef struct components {
    size_t rows, width;
    double *centred;         /* [rows, width] */
    double *covariance;      /* [width, width] */
    double *mean, *v, *next; /* [width] each */
} components;

static void centre(components *c, const grove_real *numbers) {
    memset(c->mean, 0, c->width * sizeof *c->mean);
    for (size_t i = 0; i < c->rows * c->width; i++) {
        c->mean[i % c->width] += (double)numbers[i] / (double)c->rows;
    }
    for (size_t i = 0; i < c->rows * c->width; i++) {
        c->centred[i] = (double)numbers[i] - c->mean[i % c->width];
    }
}

static void covary(components *c) {
    memset(c->covariance, 0, c->width * c->width * sizeof *c->covariance);
    for (size_t i = 0; i < c->rows; i++) {
        const double *x = c->centred + i * c->width;
        for (size_t a = 0; a < c->width; a++) {
            for (size_t b = 0; b < c->width; b++) {
                c->covariance[a * c->width + b] += x[a] * x[b] / (double)c->rows;
            }
        }
    }
}

static double dot(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* y = C x; returns x^T C x. */
static double apply(const components *c, const double *x, double *y) {
    for (size_t a = 0; a < c->width; a++) {
        y[a] = dot(c->covariance + a * c->width, x, c->width);
    }
    return dot(x, y, c->width);
}

/* Begins where the variance is: the row of C with the largest diagonal, no direction of which is
 * at right angles to all of it unless nothing varies along it. */
static bool begin(components *c) {
    size_t best = 0;
    for (size_t a = 0; a < c->width; a++) {
        best = c->covariance[a * (c->width + 1)] > c->covariance[best * (c->width + 1)] ? a : best;
    }
    memcpy(c->v, c->covariance + best * c->width, c->width * sizeof *c->v);
    const double length = sqrt(dot(c->v, c->v, c->width));
    for (size_t a = 0; a < c->width; a++) {
        c->v[a] = length > 0 ? c->v[a] / length : 0;
    }
    return length > 0;
}

static void point_up(components *c) {
    size_t best = 0;
    for (size_t a = 0; a < c->width; a++) {
        best = fabs(c->v[a]) > fabs(c->v[best]) ? a : best;
    }
    for (size_t a = 0; c->v[best] < 0 && a < c->width; a++) {
        c->v[a] = a == best ? c->v[a] : -c->v[a];
    }
    c->v[best] = fabs(c->v[best]);
}

/* Finds v, takes it out of C, and returns the variance along it. */
static double next_direction(components *c) {
    double variance = 0;
    bool turns = begin(c);
    for (int step = 0; step < MOST_STEPS && turns; step++) {
        apply(c, c->v, c->next);
        const double length = sqrt(dot(c->next, c->next, c->width));
        turns = length > 0 && 1 - fabs(dot(c->v, c->next, c->width)) / length > small_turn;
        for (size_t a = 0; a < c->width && length > 0; a++) {
            c->v[a] = c->next[a] / length;
        }
    }
    point_up(c);
    variance = apply(c, c->v, c->next);
    for (size_t a = 0; a < c->width; a++) {
        for (size_t b = 0; b < c->width; b++) {
            c->covariance[a * c->width + b] -= variance * c->v[a] * c->v[b];
        }
    }
    return variance;
}

static void find_axes(components *c, size_t axes, double *points, double *explained) {
    double whole = 0;
    for (size_t a = 0; a < c->width; a++) {
        whole += c->covariance[a * (c->width + 1)];
    }
    for (size_t k = 0; k < axes; k++) {
        const bool there = whole > 0 && k < c->width;
        const double variance = there ? next_direction(c) : 0;
        explained[k] = there && variance > 0 ? variance / whole : 0;
        for (size_t i = 0; i < c->rows; i++) {
            points[i * axes + k] =
                explained[k] > 0 ? dot(c->centred + i * c->width, c->v, c->width) : 0;
        }
    }
}

grove_status grove_principal_components(const grove_real *numbers, size_t rows, size_t width,
                                        size_t axes, const grove_allocator *allocator,
                                        double *points, double *explained, grove_error *error) {
    const grove_allocator own = grove_allocator_or_default(allocator);
    size_t count = 0, squares = 0, bytes = 0;
    components c = {.rows = rows, .width = width};
    const bool fits = grove_multiply(rows, width, &count) &&
                      grove_multiply(width, width + 3, &squares) && count < SIZE_MAX - squares &&
                      grove_multiply(count + squares, sizeof(double), &bytes);
    c.centred = fits ? grove_alloc(&own, bytes) : NULL;
    if (!c.centred) {
        return grove_fail_memory(error, bytes);
    }
    c.covariance = c.centred + count;
    c.mean = c.covariance + width * width;
    c.v = c.mean + width;
    c.next = c.v + width;
    if (rows > 0 && width > 0) {
        centre(&c, numbers);
        covary(&c);
    }
    memset(explained, 0, axes * sizeof *explained);
    if (rows > 0) {
        find_axes(&c, axes, points, explained);
    }
    grove_release(&own, c.centred);
    return GROVE_OK;
}

/* ---- neighbours ------------------------------------------------------------------------------ */

static double cosine(const grove_real *numbers, const double *lengths, size_t width, size_t a,
                     size_t b) {
    double sum = 0;
    for (size_t k = 0; k < width; k++) {
        sum += (double)numbers[a * width + k] * (double)numbers[b * width + k];
    }
    return lengths[a] > 0 && lengths[b] > 0 ? sum / (lengths[a] * lengths[b]) : 0;
}

/* Keeps the best [count] in order: b goes behind all that are as near as it is. */
static void insert(grove_id *best, double *nearness, size_t count, size_t b, double near) {
    size_t at = count;
    while (at > 0 && (best[at - 1] < 0 || near > nearness[at - 1])) {
        if (at < count) {
            best[at] = best[at - 1];
            nearness[at] = nearness[at - 1];
        }
        at--;
    }
    if (at < count) {
        best[at] = (grove_id)b;
        nearness[at] = near;
    }
}

grove_status grove_cosine_neighbours(const grove_real *numbers, size_t rows, size_t width,
                                     size_t count, const grove_allocator *allocator,
                                     grove_id *neighbours, grove_error *error) {
    const grove_allocator own = grove_allocator_or_default(allocator);
    size_t bytes = 0;
    if (rows > INT32_MAX) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "neighbours: %zu rows, there can be 2^31 - 1 at most", rows);
    }
    double *lengths =
        grove_multiply(rows + count, sizeof *lengths, &bytes) ? grove_alloc(&own, bytes) : NULL;
    if (!lengths) {
        return grove_fail_memory(error, bytes);
    }
    for (size_t a = 0; a < rows; a++) {
        lengths[a] = 1;
        lengths[a] = sqrt(cosine(numbers, lengths, width, a, a));
    }
    for (size_t a = 0; a < rows; a++) {
        grove_id *best = neighbours + a * count;
        for (size_t k = 0; k < count; k++) {
            best[k] = -1;
        }
        for (size_t b = 0; b < rows; b++) {
            if (b != a) {
                insert(best, lengths + rows, count, b, cosine(numbers, lengths, width, a, b));
            }
        }
    }
    grove_release(&own, lengths);
    return GROVE_OK;
}
