/* SPDX-License-Identifier: MIT
 *
 * ops/bag_sum.h - the sum, or the mean, of the rows of a bag (see embedding_bag.c): for any bag,
 * and a faster one for those without padding and weights. Both yield the same bits.
 */
#ifndef GROVE_OPS_BAG_SUM_H
#define GROVE_OPS_BAG_SUM_H

#include "bag.h"

/* Rows of the table that are added at once: that reads and writes the sums less often. */
enum { ROWS = 4 };
typedef struct few_rows {
    const grove_real *row[ROWS]; /* [count] */
    double weight[ROWS];
    size_t count;
} few_rows;

/* sum [columns] += what has come together. */
GROVE_KERNEL void add_rows(few_rows *few, size_t columns, double *sum) {
    const grove_real *a = few->row[0], *b = few->row[1], *c = few->row[2], *d = few->row[3];
    const double *w = few->weight;
    if (few->count == ROWS) {
        for (size_t k = 0; k < columns; k++) {
            sum[k] += (w[0] * (double)a[k] + w[1] * (double)b[k]) +
                      (w[2] * (double)c[k] + w[3] * (double)d[k]);
        }
        few->count = 0;
        return;
    }
    for (size_t i = 0; i < few->count; i++) {
        for (size_t k = 0; k < columns; k++) {
            sum[k] += w[i] * (double)few->row[i][k];
        }
    }
}

/* The rows of the ids some way ahead, which may be in the bags that come next. */
GROVE_KERNEL void fetch_ahead(const bags *b, size_t i, size_t last) {
    size_t later = i + GROVE_ROWS_AHEAD;
    if (later < last && b->ids[later] >= 0 && (size_t)b->ids[later] < b->rows) {
        grove_fetch(b->table + (size_t)b->ids[later] * b->width, b->width * sizeof *b->table);
    }
}

/* The same as bag_sum for a bag without padding and weights, of at most BAG_COLUMNS columns. */
GROVE_KERNEL void bag_sum_plain(const bags *b, const bag *it, grove_real *restrict y,
                                size_t width) {
    double divisor = b->a->mode == GROVE_BAG_MEAN && it->size > 0 ? (double)it->size : 1;
    double sum[BAG_COLUMNS] = {0};
    const grove_real *restrict table = b->table;
    const grove_id *ids = b->ids;
    size_t i = it->begin;
    for (; i + ROWS <= it->end; i += ROWS) {
        const grove_real *row[ROWS];
        for (size_t r = 0; r < ROWS; r++) {
            fetch_ahead(b, i + r, b->total);
            row[r] = table + (size_t)ids[i + r] * width;
        }
        for (size_t k = 0; k < width; k++) {
            sum[k] +=
                ((double)row[0][k] + (double)row[1][k]) + ((double)row[2][k] + (double)row[3][k]);
        }
    }
    for (; i < it->end; i++) {
        fetch_ahead(b, i, b->total);
        for (size_t k = 0; k < width; k++) {
            sum[k] += (double)table[(size_t)ids[i] * width + k];
        }
    }
    for (size_t k = 0; k < width; k++) {
        y[k] = (grove_real)(sum[k] / divisor);
    }
}

/* y [width]. Rows come together in the order of the ids, as if there were no padding. */
GROVE_KERNEL void bag_sum(const bags *b, const bag *it, grove_real *y) {
    double divisor = b->a->mode == GROVE_BAG_MEAN && it->size > 0 ? (double)it->size : 1;
    for (size_t first = 0; first < b->width; first += BAG_COLUMNS) {
        size_t left = b->width - first, columns = left < BAG_COLUMNS ? left : BAG_COLUMNS;
        double sum[BAG_COLUMNS] = {0};
        few_rows few = {.count = 0};
        for (size_t i = it->begin; i < it->end; i++) {
            if (bag_is_padding(b, i)) {
                continue;
            }
            fetch_ahead(b, i, b->total);
            few.row[few.count] = b->table + (size_t)b->ids[i] * b->width + first;
            few.weight[few.count++] = b->weights ? (double)b->weights[i] : 1;
            if (few.count == ROWS) {
                add_rows(&few, columns, sum);
            }
        }
        add_rows(&few, columns, sum);
        for (size_t k = 0; k < columns; k++) {
            y[first + k] = (grove_real)(sum[k] / divisor);
        }
    }
}

#endif
