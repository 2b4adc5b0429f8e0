/* SPDX-License-Identifier: MIT
 *
 * data/distance.c - how far a name is from another: which one did they mean? */
#include "grove/data_table.h"

static size_t least_of(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment (Damerau 1964 with Levenshtein's table): d[i][j], of the first i bytes
 * of a and the first j of b, is the least of what came before plus 1; two rows of it are kept
 * besides the one that is made. */
size_t grove_cell_distance(grove_cell a, grove_cell b) {
    enum { MOST = 63 };
    size_t rows[3][MOST + 1], m = least_of(a.length, MOST), n = least_of(b.length, MOST);
    for (size_t j = 0; j <= n; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= m; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            now[j] = before[j - 1] + (a.bytes[i - 1] != b.bytes[j - 1]);
            now[j] = least_of(now[j], least_of(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a.bytes[i - 1] == b.bytes[j - 2] &&
                a.bytes[i - 2] == b.bytes[j - 1]) {
                now[j] = least_of(now[j], twice[j - 2] + 1);
            }
        }
    }
    return rows[m % 3][n];
}
