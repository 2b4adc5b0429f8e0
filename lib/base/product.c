/* SPDX-License-Identifier: MIT */
#include "product.h"

#include <string.h>

#include "blas.h"
#include "levels.h"

static bool has_end(const grove_product *p) {
    return p->row || p->matrix || p->mask || p->clip;
}

/* Number `at` of the result, which stands in column j. */
static inline grove_real finished(const grove_product *p, grove_real y, size_t at, size_t j) {
    y = p->row ? y + p->row[j] : y;
    y = p->matrix ? y + p->matrix[at] : y;
    y = p->clip && 0 > y ? 0 : y;
    return p->mask && !(p->mask[at] > 0) ? 0 : y;
}

void grove_product_finish(const grove_product *p) {
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            const size_t at = i * p->c_step + j;
            p->c[at] = finished(p, p->c[at], at, j);
        }
    }
}

/* The CBLAS knows of nothing to be done at the end. */
static void multiply_by_cblas(const grove_product *p) {
    grove_gemm(p);
    if (has_end(p)) {
        grove_product_finish(p);
    }
}

/* On other processors (and at levels without fused multiply-add) the CBLAS does it all. */
#if defined(GROVE_HAS_LEVELS) || defined(GROVE_HAS_NEON)

enum {
    PRODUCT_DEPTH = 256, /* so many l at a time: a panel of b stays in the nearest cache */
    PRODUCT_FEW = 64,    /* rows of a for which b is not packed if it need not be */
    PRODUCT_FAR = 1024,  /* numbers from row to row of a transposed a that get in the cache's way */
    PRODUCT_LONG = 16,   /* k from which a result of few columns is worth turning */
    PRODUCT_WIDEST = 32, /* numbers of a panel at most */
    TURNED = 16 * PRODUCT_WIDEST /* numbers of a turned result: columns that fill no vector */
};

/* Blocks of like depth, as few as can be. */
static size_t depth_of(size_t k) {
    size_t blocks = (k + PRODUCT_DEPTH - 1) / PRODUCT_DEPTH;
    return blocks ? (k + blocks - 1) / blocks : 0;
}

/* A transposed a is read along l with large steps, which all fall on few places of the cache. */
static bool packs_a(const grove_product *p) {
    return p->transpose_a && p->a_step >= PRODUCT_FAR && p->n > PRODUCT_WIDEST;
}

/* Is it quicker to compute the result turned? Each l costs a vector for each row; turned, one for
 * each column and `lanes` rows, and for a half of the rows if a must be turned for it. */
static bool pays_turned(const grove_product *p, size_t lanes) {
    size_t turned = p->n * ((p->m + lanes - 1) / lanes) + (p->transpose_a ? 0 : p->m / 2);
    return p->n > 0 && p->k >= PRODUCT_LONG && 4 * turned < 3 * p->m;
}

#ifdef GROVE_HAS_NEON
#include "product_neon.h"
#else
#include "product_x86.h"
#endif

size_t grove_product_scratch(const grove_product *p) {
    size_t depth = p->k < PRODUCT_DEPTH ? p->k : PRODUCT_DEPTH;
    size_t numbers = (PRODUCT_WIDEST + (packs_a(p) ? p->m : 0)) * depth + TURNED;
    return (numbers * sizeof(grove_real) + 63) / 64 * 64;
}

bool grove_products_are_own(void) {
    return grove_level() >= GROVE_LEVEL_FUSED;
}

void grove_matrix_product(const grove_product *p, void *scratch) {
    if (p->m == 0 || p->n == 0 || p->k == 0 || !grove_products_are_own()) {
        multiply_by_cblas(p);
    } else {
        multiply(p, scratch);
    }
}
#else
bool grove_products_are_own(void) {
    return false;
}

size_t grove_product_scratch(const grove_product *product) {
    (void)product;
    return 0;
}

void grove_matrix_product(const grove_product *p, void *scratch) {
    (void)scratch;
    multiply_by_cblas(p);
}
#endif
