/* SPDX-License-Identifier: MIT
 *
 * number_bins.c - bins of numbers by their quantiles; knows no graph.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/number_embeddings.h"

enum { USUAL_BINS = 48, USUAL_DISTINCT = 256 };

/* All numbers [rows, features], and the ones of a column, in rising order. */
typedef struct fitting {
    const grove_real *numbers;
    size_t rows, features, wanted;
    size_t quantiles; /* bins of a column that has more numbers than that, at most as many */
    bool distinct;    /* few numbers have a bin each */
    double *sorted;   /* [rows], of which the first `count` are in use */
    size_t count;
    grove_error *error;
} fitting;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static grove_status sort_column(fitting *f, size_t column) {
    f->count = 0;
    for (size_t row = 0; row < f->rows; row++) {
        double number = (double)f->numbers[row * f->features + column];
        if (isinf(number)) {
            return grove_fail(f->error, GROVE_BAD_DATA, "bins: column %zu is infinite in row %zu",
                              column, row);
        }
        if (!isnan(number)) {
            f->sorted[f->count++] = number;
        }
    }
    qsort(f->sorted, f->count, sizeof *f->sorted, by_size);
    return GROVE_OK;
}

/* Of the numbers in use, at t / parts. */
static double quantile(const fitting *f, size_t t, size_t parts) {
    double place = (double)t / (double)parts * (double)(f->count - 1);
    size_t below = (size_t)place;
    below = below < f->count - 1 ? below : f->count - 1;
    size_t above = below + 1 < f->count ? below + 1 : below;
    double step = f->sorted[above] - f->sorted[below];
    return f->sorted[below] + (place - (double)below) * step;
}

/* The quantiles, as far as they differ. Returns the last edge's place. */
static size_t put_quantiles(const fitting *f, size_t parts, grove_real *edges) {
    size_t last = 0;
    edges[0] = (grove_real)f->sorted[0];
    for (size_t t = 1; t <= parts; t++) {
        grove_real edge = (grove_real)quantile(f, t, parts);
        if (edge > edges[last]) {
            edges[++last] = edge;
        }
    }
    return last;
}

static size_t count_distinct(const fitting *f) {
    size_t count = f->count > 0;
    for (size_t i = 1; i < f->count; i++) {
        count += f->sorted[i] > f->sorted[i - 1];
    }
    return count;
}

/* The smallest number, what lies halfway between neighbours, the largest. Numbers so near to each
 * other that nothing lies between them share a bin. */
static size_t put_halves(const fitting *f, grove_real *edges) {
    size_t last = 0;
    edges[0] = (grove_real)f->sorted[0];
    for (size_t i = 1; i < f->count; i++) {
        double low = f->sorted[i - 1], high = f->sorted[i];
        grove_real edge = (grove_real)(low + (high - low) / 2);
        if (high > low && edge > edges[last] && edge < (grove_real)high) {
            edges[++last] = edge;
        }
    }
    if ((grove_real)f->sorted[f->count - 1] > edges[last]) {
        edges[++last] = (grove_real)f->sorted[f->count - 1];
    }
    return last;
}

/* Writes the edges [wanted + 1] of the column, the last one again and again where they are fewer,
 * and tells how many bins they are. */
static grove_status edges_of(fitting *f, size_t column, grove_real *edges, size_t *bins) {
    grove_status status = sort_column(f, column);
    if (status != GROVE_OK) {
        return status;
    }
    if (f->count == 0) {
        return grove_fail(f->error, GROVE_BAD_DATA, "bins: column %zu has no numbers", column);
    }
    bool few = f->distinct && count_distinct(f) <= f->wanted;
    size_t last = few ? put_halves(f, edges) : put_quantiles(f, f->quantiles, edges);
    if (f->distinct && last == 0) { /* a flag that was never set: a bin for it all the same */
        edges[++last] = edges[0] + (edges[0] > 1 ? edges[0] : edges[0] < -1 ? -edges[0] : 1);
    }
    for (size_t t = last + 1; t <= f->wanted; t++) {
        edges[t] = edges[last];
    }
    if (last == 0) {
        return grove_fail(f->error, GROVE_BAD_DATA,
                          "bins: column %zu has one number only, %g: nothing can be learned from "
                          "it; leave it out",
                          column, (double)edges[0]);
    }
    if (!isfinite(edges[last] - edges[0])) {
        return grove_fail(f->error, GROVE_BAD_DATA,
                          "bins: the numbers of column %zu lie too far apart", column);
    }
    *bins = last;
    return GROVE_OK;
}

static grove_status fit_all(fitting *f, grove_number_bins *bins) {
    for (size_t column = 0; column < f->features; column++) {
        size_t count = 0;
        grove_status status = edges_of(f, column, bins->edges + column * (f->wanted + 1), &count);
        if (status != GROVE_OK) {
            return status;
        }
        bins->most = count > bins->most ? count : bins->most;
    }
    for (size_t column = 1; column < f->features; column++) { /* rows of most + 1, no longer */
        memmove(bins->edges + column * (bins->most + 1), bins->edges + column * (f->wanted + 1),
                (bins->most + 1) * sizeof *bins->edges);
    }
    return GROVE_OK;
}

static grove_status fit(fitting f, const grove_allocator *allocator, grove_number_bins *bins) {
    const size_t features = f.features, rows = f.rows;
    f.quantiles = f.quantiles > 0 && f.quantiles < f.wanted ? f.quantiles : f.wanted;
    grove_error *error = f.error;
    if (!bins) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "bins: there is no place to write them to");
    }
    *bins = (grove_number_bins){.features = features,
                                .allocator = grove_allocator_or_default(allocator)};
    if ((!f.numbers && rows > 0) || features == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "bins: there are no columns of numbers");
    }
    size_t edges = 0, bytes = 0;
    bool possible = f.wanted < SIZE_MAX && grove_multiply(features, f.wanted + 1, &edges) &&
                    grove_multiply(edges, sizeof *bins->edges, &bytes);
    bins->edges = possible ? grove_alloc(&bins->allocator, bytes) : NULL;
    f.sorted = grove_alloc_zero(&bins->allocator, rows, sizeof *f.sorted);
    grove_status status = bins->edges && f.sorted
                              ? fit_all(&f, bins)
                              : grove_fail_memory(error, possible ? bytes : SIZE_MAX);
    grove_release(&bins->allocator, f.sorted);
    if (status != GROVE_OK) {
        grove_number_bins_free(bins);
    }
    return status;
}

grove_status grove_number_bins_fit(const grove_real *numbers, size_t rows, size_t features,
                                   size_t wanted, const grove_allocator *allocator,
                                   grove_number_bins *bins, grove_error *error) {
    fitting f = {.numbers = numbers,
                 .rows = rows,
                 .features = features,
                 .wanted = wanted > 0 ? wanted : USUAL_BINS,
                 .error = error};
    return fit(f, allocator, bins);
}

grove_status grove_number_bins_fit_distinct(const grove_real *numbers, size_t rows, size_t features,
                                            size_t wanted, size_t quantiles,
                                            const grove_allocator *allocator,
                                            grove_number_bins *bins, grove_error *error) {
    fitting f = {.numbers = numbers,
                 .rows = rows,
                 .features = features,
                 .wanted = wanted > 0 ? wanted : USUAL_DISTINCT,
                 .quantiles = quantiles,
                 .distinct = true,
                 .error = error};
    return fit(f, allocator, bins);
}

size_t grove_number_bins_count(const grove_number_bins *bins, size_t feature) {
    if (!bins || !bins->edges || feature >= bins->features) {
        return 0;
    }
    const grove_real *edges = bins->edges + feature * (bins->most + 1);
    size_t count = 0;
    while (count < bins->most && edges[count + 1] > edges[count]) {
        count++;
    }
    return count;
}

void grove_number_bins_free(grove_number_bins *bins) {
    if (bins) {
        if (bins->edges) {
            grove_release(&bins->allocator, bins->edges);
        }
        *bins = (grove_number_bins){0};
    }
}
