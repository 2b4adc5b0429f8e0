/* SPDX-License-Identifier: MIT
 *
 * base/product_level.h - the matrix product for one level of processors; product.c includes it once
 * for each, with the level's own words defined before:
 *   AT(name)           the name of this level's copy
 *   TARGET             the attribute that builds a function for the level
 *   VECTOR_BYTES       of a register
 *   FUSED(a, b, c)     a * b + c of vectors, rounded once
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

typedef grove_real AT(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(grove_real)),
                                             may_alias));

/* ---- packing b ------------------------------------------------------------------------------- */

/* LANES columns of b, which lie as rows (`step` apart), become LANES rows of the panel: after
 * log2(LANES) rounds of interleaving vector i with vector i + LANES / 2, rows are columns. */
TARGET static inline void AT(turn)(const grove_real *b, size_t step, grove_real *panel) {
    AT(vector) v[LANES], t[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        v[i] = *(const AT(vector) *)(b + (size_t)i * step);
    }
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
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        *(AT(vector) *)(panel + (size_t)i * PANEL) = v[i];
    }
}

/* Columns first..first+columns-1 of b, from row l on, `depth` of them: panel [depth, PANEL], with
 * zeros beside the columns up to a whole vector. */
TARGET static void AT(pack)(const grove_product *p, size_t l, size_t depth, size_t first,
                            size_t columns, grove_real *panel) {
    const size_t row = p->transpose_b ? 1 : p->b_step, column = p->transpose_b ? p->b_step : 1;
    const grove_real *b = p->b + l * row + first * column;
    size_t whole = columns / LANES * LANES, padded = (columns + LANES - 1) / LANES * LANES;
    for (size_t j = 0; column == 1 && j < whole; j += LANES) {
        for (size_t i = 0; i < depth; i++) {
            *(AT(vector) *)(panel + i * PANEL + j) = *(const AT(vector) *)(b + i * row + j);
        }
    }
    size_t turned = depth / LANES * LANES;
    for (size_t j = 0; column != 1 && j < whole; j += LANES) {
        for (size_t i = 0; i < turned; i += LANES) {
            AT(turn)(b + i + j * column, column, panel + i * PANEL + j);
        }
        for (size_t i = turned; i < depth; i++) {
            for (size_t k = j; k < j + LANES; k++) {
                panel[i * PANEL + k] = b[i * row + k * column];
            }
        }
    }
    for (size_t i = 0; i < depth && whole < padded; i++) {
        for (size_t j = whole; j < padded; j++) {
            panel[i * PANEL + j] = j < columns ? b[i * row + j * column] : 0;
        }
    }
}

/* ---- one tile -------------------------------------------------------------------------------- */

/* Writes one vector of which `columns` numbers count. */
TARGET static inline void AT(store)(grove_real *c, AT(vector) sum, size_t columns, bool add) {
    if (columns >= LANES) {
        if (add) {
            sum += *(const AT(vector) *)c;
        }
        *(AT(vector) *)c = sum;
        return;
    }
    grove_real numbers[LANES];
    memcpy(numbers, &sum, sizeof numbers);
    for (size_t j = 0; j < columns; j++) {
        c[j] = add ? c[j] + numbers[j] : numbers[j];
    }
}

/* c [rows, columns] (+)= a [rows, depth] x panel [depth, wide * LANES], with rows and wide known to
 * the compiler, which keeps the sums in registers. The last vector may reach beyond `columns`. */
TARGET static inline __attribute__((always_inline)) void
AT(tile)(const int rows, const int wide, size_t depth, const grove_real *a, size_t a_row,
         size_t a_column, const grove_real *panel, size_t step, grove_real *c, size_t c_step,
         size_t columns, bool add) {
    AT(vector) sum[ROWS][WIDE] = {{{0}}};
    for (size_t l = 0; l < depth; l++) {
        AT(vector) b[WIDE];
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++) {
            b[j] = *(const AT(vector) *)(panel + j * LANES);
        }
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const AT(vector) spread = a[(size_t)i * a_row] - (AT(vector)){0};
#pragma GCC unroll 4
            for (int j = 0; j < wide; j++) {
                sum[i][j] = FUSED(spread, b[j], sum[i][j]);
            }
        }
        a += a_column;
        panel += step;
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (int j = 0; j < wide; j++) {
            AT(store)(c + (size_t)i * c_step + j * LANES, sum[i][j], columns - (size_t)(j * LANES),
                      add);
        }
    }
}

typedef void AT(tile_of)(size_t depth, const grove_real *a, size_t a_row, size_t a_column,
                         const grove_real *panel, size_t step, grove_real *c, size_t c_step,
                         size_t columns, bool add);

#define TILE(rows, wide)                                                                           \
    TARGET static void AT(tile_##rows##_##wide)(                                                   \
        size_t depth, const grove_real *a, size_t a_row, size_t a_column, const grove_real *panel, \
        size_t step, grove_real *c, size_t c_step, size_t columns, bool add) {                     \
        AT(tile)(rows, wide, depth, a, a_row, a_column, panel, step, c, c_step, columns, add);     \
    }
TILES(TILE)
#undef TILE

#define TILE(rows, wide) [rows - 1][wide - 1] = AT(tile_##rows##_##wide),
static AT(tile_of) *const AT(tiles)[ROWS][WIDE] = {TILES(TILE)};
#undef TILE

/* ---- the whole product ----------------------------------------------------------------------- */

/* A column of tiles: all rows, over one panel. a begins at the block of l. */
TARGET static void AT(column_of_tiles)(const grove_product *p, const grove_real *a, size_t a_row,
                                       size_t a_column, size_t depth, const grove_real *panel,
                                       size_t step, size_t first, bool add) {
    size_t columns = p->n - first < PANEL ? p->n - first : PANEL;
    size_t wide = (columns + LANES - 1) / LANES;
    for (size_t i = 0; i < p->m; i += ROWS) {
        size_t rows = p->m - i < ROWS ? p->m - i : ROWS;
        AT(tiles)[rows - 1][wide - 1](depth, a + i * a_row, a_row, a_column, panel, step,
                                      p->c + i * p->c_step + first, p->c_step, columns, add);
    }
}

/* Block of l by block of l; in each, panel by panel of b. Where b's rows lie beside each other and
 * are met by few rows of a, tiles read b itself. */
TARGET static void AT(multiply)(const grove_product *p, grove_real *scratch) {
    const size_t most = depth_of(p->k);
    for (size_t l = 0; l < p->k; l += most) {
        const size_t depth = p->k - l < most ? p->k - l : most;
        size_t a_row = p->transpose_a ? 1 : p->a_step, a_column = p->transpose_a ? p->a_step : 1;
        const grove_real *a = p->a + l * a_column;
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
            AT(column_of_tiles)(p, a, a_row, a_column, depth,
                                in_place ? p->b + l * p->b_step + first : panel,
                                in_place ? p->b_step : (size_t)PANEL, first, p->add || l > 0);
        }
    }
}

#undef AT
#undef TARGET
#undef VECTOR_BYTES
#undef FUSED
#undef LOW
#undef HIGH
#undef ROWS
#undef WIDE
#undef TILES
#undef LANES
#undef PANEL
