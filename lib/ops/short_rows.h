/* SPDX-License-Identifier: MIT
 *
 * ops/short_rows.h - the exponentials of a softmax where rows are short: sixteen rows at a time,
 * turned, so that a lane is a row.
 *
 * A row of ten logits fills no vector, and its largest and its sum cost more than its exponentials.
 * Turned, both are plain maxima and sums of vectors. A row's numbers depend on nothing but the row:
 * which others stand beside it makes no difference.
 */
#ifndef GROVE_OPS_SHORT_ROWS_H
#define GROVE_OPS_SHORT_ROWS_H

#include "base/exps.h"
#include "room.h"

enum { GROVE_SHORT_ROW = 128 }; /* so wide at most */

/* Of the row i: exp(x[c] - largest) in exps[c][i]; their sum, in double. */
typedef struct grove_short_rows {
    grove_lanes exps[GROVE_SHORT_ROW];
    grove_lanes largest;
    grove_wide_half sum[2];
} grove_short_rows;

/* exps[c][i] = x[i][c] of x [rows, width]; rows that are missing are 0. */
GROVE_KERNEL void grove_turn_rows(const grove_real *x, size_t rows, size_t width,
                                  grove_lanes *exps) {
    grove_real *turned = (grove_real *)exps;
    if (rows < GROVE_LANES) {
        memset(exps, 0, width * sizeof *exps);
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < width; c++) {
            turned[c * GROVE_LANES + i] = x[i * width + c];
        }
    }
}

/* x [rows, width], of at most GROVE_LANES rows, at most GROVE_SHORT_ROW wide. */
GROVE_KERNEL void grove_short_rows_exps(grove_short_rows *s, const grove_real *x, size_t rows,
                                        size_t width) {
    grove_turn_rows(x, rows, width, s->exps);
    s->largest = s->exps[0];
    for (size_t c = 1; c < width; c++) {
        grove_lanes_larger(&s->largest, &s->exps[c]);
    }
    grove_wide_half sum[2] = {{0}, {0}};
    for (size_t c = 0; c < width; c++) {
        grove_lanes e = s->exps[c] - s->largest;
        grove_lanes_exp(&e);
        s->exps[c] = e;
        grove_lanes_add_wide(&e, sum);
    }
    memcpy(s->sum, sum, sizeof sum);
}

/* log of the sums [GROVE_LANES]. A sum is 1 and what the others add; where that is little, the loss
 * is that. */
GROVE_KERNEL void grove_short_rows_logs(const grove_short_rows *s, grove_real *logs) {
    grove_real others[GROVE_LANES];
    for (int i = 0; i < GROVE_LANES; i++) {
        others[i] = (grove_real)(s->sum[i / GROVE_HALF_LANES][i % GROVE_HALF_LANES] - 1);
    }
    for (int i = 0; i < GROVE_LANES; i++) {
        logs[i] = grove_log1p_of(others[i]);
    }
}

/* y [width] = factor * the exponentials of the row i */
GROVE_KERNEL void grove_short_row(const grove_short_rows *s, size_t i, size_t width,
                                  grove_real factor, grove_real *y) {
    const grove_real *turned = (const grove_real *)s->exps;
    for (size_t c = 0; c < width; c++) {
        y[c] = factor * turned[c * GROVE_LANES + i];
    }
}

/* A statement: the rows begin..end-1 of x [..., width], the short ones sixteen at a time, or fewer,
 * and with their exponentials:
 *
 *     some(const grove_short_rows *, size_t first, size_t rows, what else is handed on)
 *     one(size_t row, what else is handed on)                        for each, where rows are long
 *
 * Of `some` the result may lie where its rows of x do: they have been read. */
#define GROVE_BY_LENGTH(some, one, x, width, begin, end, ...)                                      \
    if ((width) <= GROVE_SHORT_ROW) {                                                              \
        grove_short_rows at_hand;                                                                  \
        for (size_t first = (begin); first < (end); first += GROVE_LANES) {                        \
            const size_t rows = (end)-first < GROVE_LANES ? (end)-first : GROVE_LANES;             \
            grove_short_rows_exps(&at_hand, (x) + first * (width), rows, width);                   \
            some(&at_hand, first, rows, __VA_ARGS__);                                              \
        }                                                                                          \
    } else {                                                                                       \
        for (size_t row = (begin); row < (end); row++) {                                           \
            one(row, __VA_ARGS__);                                                                 \
        }                                                                                          \
    }

#endif
