/* SPDX-License-Identifier: MIT
 *
 * base/product_level.h - the matrix product for one level of processors; product.c includes it once
 * for each, with the level's own words defined before:
 *   AT(name)           the name of this level's copy
 *   TARGET             the attribute that builds a function for the level
 *   VECTOR_BYTES       of a register
 *   FUSED(a, b, c)     a * b + c of vectors, rounded once
 *   FIRST_OF(x, n)     the n numbers from x on, zeros beside them; no other is touched
 *   STORE_FIRST(x, n, v)  stores n numbers of v, and touches no other
 *   CLIP(v), MASK(x, v)   0 where v is below 0; 0 where x is not above 0
 *   LOW, HIGH          of two vectors: their lower, their upper halves interleaved
 *   ROWS, WIDE         a tile of the result is ROWS rows of WIDE vectors: as many as there are
 *                      registers for, beside WIDE vectors of b and one number of a
 *   TILES(TILE)        TILE(rows, wide) for all that are not larger than that
 *
 * A tile stays in registers while l runs: for each l, WIDE vectors of b are loaded and ROWS numbers
 * of a are spread over a vector each (Goto & van de Geijn 2008; Van Zee & van de Geijn 2015). Each
 * number of the result is one chain of fused multiply-adds along l, in blocks of at most
 * PRODUCT_DEPTH: it does not depend on what else is computed, nor on who computes it.
 */

#define LANES (VECTOR_BYTES / (int)sizeof(grove_real))
#define PANEL (WIDE * LANES)

/* Before a loop over a tile, whose sums stay in registers if it is unrolled. */
#ifdef __clang__
#define WHOLLY _Pragma("clang loop unroll(full)")
#else
#define WHOLLY _Pragma("GCC unroll 16")
#endif

typedef grove_real AT(vector)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(grove_real)), may_alias));

/* ---- packing b ------------------------------------------------------------------------------- */

/* LANES columns of b, which lie as rows, become LANES rows: after log2(LANES) rounds of
 * interleaving vector i with vector i + LANES / 2, rows are columns. */
TARGET static inline __attribute__((always_inline)) void AT(interleave)(AT(vector) v[LANES]) {
    AT(vector) t[LANES];
#pragma GCC unroll 4
    for (int round = 1; round < LANES; round *= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < LANES / 2; i++) {
            t[2 * i] = LOW(v[i], v[i + LANES / 2]);
            t[2 * i + 1] = HIGH(v[i], v[i + LANES / 2]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) {
            v[i] = t[i];
        }
    }
}

/* Such columns, `step` apart, into LANES rows of the panel. */
TARGET static inline void AT(turn)(const grove_real *b, size_t step, grove_real *panel) {
    AT(vector) v[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        v[i] = *(const AT(vector) *)(b + (size_t)i * step);
    }
    AT(interleave)(v);
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        *(AT(vector) *)(panel + (size_t)i * PANEL) = v[i];
    }
}

/* Where fewer columns are left, or fewer rows of the panel. */
TARGET static void AT(turn_edge)(const grove_real *b, size_t step, size_t columns, size_t rows,
                                 grove_real *panel) {
    AT(vector) v[LANES] = {{0}};
    for (size_t i = 0; i < columns; i++) {
        v[i] = FIRST_OF(b + i * step, rows);
    }
    AT(interleave)(v);
    for (size_t i = 0; i < rows; i++) {
        *(AT(vector) *)(panel + i * PANEL) = v[i];
    }
}

/* Columns first..first+columns-1 of b, from row l on, `depth` of them: panel [depth, PANEL], with
 * zeros beside the columns up to a whole vector. */
TARGET static void AT(pack)(const grove_product *p, size_t l, size_t depth, size_t first,
                            size_t columns, grove_real *panel) {
    const size_t row = p->transpose_b ? 1 : p->b_step, column = p->transpose_b ? p->b_step : 1;
    const grove_real *b = p->b + l * row + first * column;
    for (size_t j = 0; j < columns; j += LANES) {
        const grove_real *from = b + j * column;
        size_t some = columns - j < LANES ? columns - j : LANES;
        for (size_t i = 0; column == 1 && i < depth; i++) {
            *(AT(vector) *)(panel + i * PANEL + j) =
                some == LANES ? *(const AT(vector) *)(from + i * row)
                              : (AT(vector))FIRST_OF(from + i * row, some);
        }
        for (size_t i = 0; column != 1 && i < depth; i += LANES) {
            size_t rows = depth - i < LANES ? depth - i : LANES;
            grove_real *to = panel + i * PANEL + j;
            if (some == LANES && rows == LANES) {
                AT(turn)(from + i, column, to);
            } else {
                AT(turn_edge)(from + i, column, some, rows, to);
            }
        }
    }
}

/* ---- one tile -------------------------------------------------------------------------------- */

/* The first `columns` numbers from x on, at most a vector of them. */
TARGET static inline AT(vector) AT(load)(const grove_real *x, size_t columns) {
    return columns >= LANES ? *(const AT(vector) *)x : (AT(vector))FIRST_OF(x, columns);
}

/* Writes one vector of which `columns` numbers count. */
TARGET static inline void AT(store)(grove_real *c, AT(vector) sum, size_t columns) {
    if (columns >= LANES) {
        *(AT(vector) *)c = sum;
    } else {
        STORE_FIRST(c, columns, sum);
    }
}

/* For vector j of row i of a tile: which of its numbers count, and where numbers lie that are rows
 * apart as c's. */
#define COUNT(j) (columns - (size_t)((j)*LANES))
#define NUMBERS(x, i, j) AT(load)((x) + (size_t)(i)*c_step + (j)*LANES, COUNT(j))
#define EACH_VECTOR WHOLLY for (int i = 0; i < rows; i++) WHOLLY for (int j = 0; j < wide; j++)

/* What is done to a tile's numbers at the end; p: the whole product, in which the tile lies
 * at c and begins in column `first`. */
TARGET static inline __attribute__((always_inline)) void
AT(finish)(const int rows, const int wide, AT(vector) sum[ROWS][WIDE], const grove_product *p,
           const grove_real *c, size_t c_step, size_t first, size_t columns) {
    const ptrdiff_t at = c - p->c;
    if (p->row) {
        AT(vector) row[WIDE];
        for (int j = 0; j < wide; j++) {
            row[j] = AT(load)(p->row + first + j * LANES, COUNT(j));
        }
        EACH_VECTOR {
            sum[i][j] += row[j];
        }
    }
    if (p->matrix) {
        EACH_VECTOR {
            sum[i][j] += NUMBERS(p->matrix + at, i, j);
        }
    }
    if (p->clip) {
        EACH_VECTOR {
            sum[i][j] = CLIP(sum[i][j]);
        }
    }
    if (p->mask) {
        EACH_VECTOR {
            sum[i][j] = MASK(NUMBERS(p->mask + at, i, j), sum[i][j]);
        }
    }
}

/* c [rows, columns] (+)= a [rows, depth] x panel [depth, wide * LANES], with rows and wide known to
 * the compiler, which keeps the sums in registers. The last vector may reach beyond `columns`. end:
 * the product that ends with this, and does something to its numbers; or NULL. */
TARGET static inline __attribute__((always_inline)) void
AT(tile)(const int rows, const int wide, size_t depth, const grove_real *a, size_t a_row,
         size_t a_column, const grove_real *panel, size_t step, grove_real *c, size_t c_step,
         size_t columns, bool add, const grove_product *end, size_t first) {
    AT(vector) sum[ROWS][WIDE] = {{{0}}};
    for (size_t l = 0; l < depth; l++) {
        AT(vector) b[WIDE];
        WHOLLY for (int j = 0; j < wide; j++) {
            b[j] = *(const AT(vector) *)(panel + j * LANES);
        }
        WHOLLY for (int i = 0; i < rows; i++) {
            const AT(vector) spread = a[(size_t)i * a_row] - (AT(vector)){0};
            WHOLLY for (int j = 0; j < wide; j++) {
                sum[i][j] = FUSED(spread, b[j], sum[i][j]);
            }
        }
        a += a_column;
        panel += step;
    }
    if (add) {
        EACH_VECTOR {
            sum[i][j] += NUMBERS(c, i, j);
        }
    }
    if (end) {
        AT(finish)(rows, wide, sum, end, c, c_step, first, columns);
    }
    EACH_VECTOR {
        AT(store)(c + (size_t)i * c_step + j * LANES, sum[i][j], COUNT(j));
    }
}

typedef void AT(tile_of)(size_t depth, const grove_real *a, size_t a_row, size_t a_column,
                         const grove_real *panel, size_t step, grove_real *c, size_t c_step,
                         size_t columns, bool add, const grove_product *end, size_t first);

#define TILE(rows, wide)                                                                           \
    TARGET static void AT(tile_##rows##_##wide)(                                                   \
        size_t depth, const grove_real *a, size_t a_row, size_t a_column, const grove_real *panel, \
        size_t step, grove_real *c, size_t c_step, size_t columns, bool add,                       \
        const grove_product *end, size_t first) {                                                  \
        AT(tile)                                                                                   \
        (rows, wide, depth, a, a_row, a_column, panel, step, c, c_step, columns, add, end, first); \
    }
TILES(TILE)
#undef TILE

#define TILE(rows, wide) [rows - 1][wide - 1] = AT(tile_##rows##_##wide),
static AT(tile_of) *const AT(tiles)[ROWS][WIDE] = {TILES(TILE)};
#undef TILE

/* ---- the whole product ----------------------------------------------------------------------- */

/* A column of tiles: all rows, over one panel. a begins at the block of l; `ends`: it is the last
 * one, and there is something to be done to the numbers. */
TARGET static void AT(column_of_tiles)(const grove_product *p, const grove_real *a, size_t a_row,
                                       size_t a_column, size_t depth, const grove_real *panel,
                                       size_t step, size_t first, bool add, bool ends) {
    size_t columns = p->n - first < PANEL ? p->n - first : PANEL;
    size_t wide = (columns + LANES - 1) / LANES;
    for (size_t i = 0; i < p->m; i += ROWS) {
        size_t rows = p->m - i < ROWS ? p->m - i : ROWS;
        AT(tile_of) *const tile = AT(tiles)[rows - 1][wide - 1];
        tile(depth, a + i * a_row, a_row, a_column, panel, step, p->c + i * p->c_step + first,
             p->c_step, columns, add, ends ? p : NULL, first);
    }
}

/* Block of l by block of l; in each, panel by panel of b. Where b's rows lie beside each other and
 * are met by few rows of a, tiles read b itself. */
TARGET static void AT(multiply_all)(const grove_product *p, grove_real *scratch) {
    const size_t most = depth_of(p->k);
    for (size_t l = 0; l < p->k; l += most) {
        const size_t depth = p->k - l < most ? p->k - l : most;
        size_t a_row = p->transpose_a ? 1 : p->a_step, a_column = p->transpose_a ? p->a_step : 1;
        const grove_real *a = p->a + l * a_column;
        const bool ends = has_end(p) && l + depth == p->k;
        grove_real *panel = scratch;
        if (packs_a(p)) {
            panel += p->m * most;
            for (size_t i = 0; i < depth; i++) {
                memcpy(scratch + i * p->m, a + i * a_column, p->m * sizeof *a);
            }
            a = scratch;
            a_column = p->m;
        }
        for (size_t first = 0; first < p->n; first += PANEL) {
            size_t columns = p->n - first < PANEL ? p->n - first : PANEL;
            bool in_place = !p->transpose_b && columns % LANES == 0 && p->m <= PRODUCT_FEW;
            if (!in_place) {
                AT(pack)(p, l, depth, first, columns, panel);
            }
            AT(column_of_tiles)
            (p, a, a_row, a_column, depth, in_place ? p->b + l * p->b_step + first : panel,
             in_place ? p->b_step : (size_t)PANEL, first, p->add || l > 0, ends);
        }
    }
}

/* A turned result [n, PANEL], n < LANES, becomes `count` rows of c, from row `first` on. */
TARGET static void AT(lay_down)(const grove_product *p, const grove_real *turned, size_t first,
                                size_t count) {
    for (size_t r = 0; r < count; r += LANES) {
        AT(vector) v[LANES] = {{0}};
        for (size_t j = 0; j < p->n; j++) {
            v[j] = *(const AT(vector) *)(turned + j * PANEL + r);
        }
        AT(interleave)(v);
        for (size_t i = 0; i < LANES && r + i < count; i++) {
            AT(vector) row[ROWS][WIDE];
            grove_real *c = p->c + (first + r + i) * p->c_step;
            row[0][0] = v[i];
            if (has_end(p)) {
                AT(finish)(1, 1, row, p, c, p->c_step, 0, p->n);
            }
            STORE_FIRST(c, p->n, row[0][0]);
        }
    }
}

/* Few columns fill no vector: c' = b' a' is computed instead, whose rows are long, PANEL numbers of
 * each at a time, and laid down as columns. (The same products, added in the same order.) */
TARGET static void AT(multiply_turned)(const grove_product *p, grove_real *scratch) {
    grove_real *turned = scratch; /* [n, PANEL] */
    for (size_t i = 0; i < p->m; i += PANEL) {
        size_t rows = p->m - i < PANEL ? p->m - i : PANEL;
        grove_real *c = p->c + i * p->c_step;
        grove_product part = {.transpose_a = !p->transpose_b,
                              .transpose_b = !p->transpose_a,
                              .add = p->add,
                              .m = p->n,
                              .n = rows,
                              .k = p->k,
                              .a = p->b,
                              .a_step = p->b_step,
                              .b = p->a + (p->transpose_a ? i : i * p->a_step),
                              .b_step = p->a_step,
                              .c = turned,
                              .c_step = PANEL};
        for (size_t j = 0; p->add && j < rows * p->n; j++) {
            turned[j % p->n * PANEL + j / p->n] = c[j / p->n * p->c_step + j % p->n];
        }
        AT(multiply_all)(&part, scratch + TURNED);
        AT(lay_down)(p, turned, i, rows);
    }
}

TARGET static void AT(multiply)(const grove_product *p, grove_real *scratch) {
    grove_product most = *p, rest = *p;
    rest.n = p->n % LANES;
    if (!pays_turned(&rest, LANES)) {
        AT(multiply_all)(p, scratch);
        return;
    }
    most.n = p->n - rest.n;
    rest.b += p->transpose_b ? most.n * p->b_step : most.n;
    rest.c += most.n;
    rest.row = p->row ? p->row + most.n : NULL;
    rest.matrix = p->matrix ? p->matrix + most.n : NULL;
    rest.mask = p->mask ? p->mask + most.n : NULL;
    if (most.n > 0) {
        AT(multiply_all)(&most, scratch);
    }
    AT(multiply_turned)(&rest, scratch);
}

#undef AT
#undef TARGET
#undef WHOLLY
#undef VECTOR_BYTES
#undef FUSED
#undef FIRST_OF
#undef STORE_FIRST
#undef COUNT
#undef NUMBERS
#undef EACH_VECTOR
#undef CLIP
#undef MASK
#undef LOW
#undef HIGH
#undef ROWS
#undef WIDE
#undef TILES
#undef LANES
#undef PANEL
