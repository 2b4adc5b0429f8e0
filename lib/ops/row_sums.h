/* SPDX-License-Identifier: MIT
 *
 * ops/row_sums.h - rows that lie anywhere, added up: y = r_0 + r_1 + ..., in this order.
 *
 * A row is short, and y would be written and read again for each: so eight are added in one pass
 * over y, then four, two, one. The bits are those of one after the other.
 */
#ifndef GROVE_OPS_ROW_SUMS_H
#define GROVE_OPS_ROW_SUMS_H

#include "room.h"

enum { GROVE_ROWS_TOGETHER = 8 };

/* y [width] = or += the rows; their count is known to the compiler. */
GROVE_KERNEL void grove_add_known(const grove_real *const *rows, size_t count, bool first,
                                  size_t width, grove_real *restrict y) {
    const grove_real *r[GROVE_ROWS_TOGETHER];
    for (size_t i = 0; i < GROVE_ROWS_TOGETHER; i++) {
        r[i] = rows[i < count ? i : 0];
    }
    for (size_t k = 0; k < width; k++) {
        grove_real sum = first ? r[0][k] : y[k] + r[0][k];
        for (size_t i = 1; i < count; i++) {
            sum += r[i][k];
        }
        y[k] = sum;
    }
}

/* y [width] = the sum of the rows [count], at least one; or, with `more`, += it. */
GROVE_KERNEL void grove_add_rows(const grove_real *const *rows, size_t count, bool more,
                                 size_t width, grove_real *y) {
    for (size_t taken; count > 0; rows += taken, count -= taken, more = true) {
        taken = count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
        if (taken == 8 && more) {
            grove_add_known(rows, 8, false, width, y);
        } else if (taken == 8) {
            grove_add_known(rows, 8, true, width, y);
        } else if (taken == 4 && more) {
            grove_add_known(rows, 4, false, width, y);
        } else if (taken == 4) {
            grove_add_known(rows, 4, true, width, y);
        } else if (taken == 2) {
            grove_add_known(rows, 2, !more, width, y);
        } else {
            grove_add_known(rows, 1, !more, width, y);
        }
    }
}

#endif
