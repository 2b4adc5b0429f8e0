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

/* On other processors (and below v3, without fused multiply-add) the CBLAS does it all. */
#ifdef GROVE_HAS_LEVELS
#include <immintrin.h>

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

#ifdef GROVE_DOUBLE
#define FUSED_512(a, b, c) _mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c))
#define FUSED_256(a, b, c) _mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c))
#define FIRST_512(x, n) _mm512_maskz_loadu_pd((__mmask8)((1u << (n)) - 1), x)
#define STORE_512(x, n, v) _mm512_mask_storeu_pd(x, (__mmask8)((1u << (n)) - 1), (__m512d)(v))
#define FIRST_256(x, n) _mm256_maskload_pd(x, mask_of(n))
#define STORE_256(x, n, v) _mm256_maskstore_pd(x, mask_of(n), (__m256d)(v))
#define CLIP_512(v) _mm512_max_pd(_mm512_setzero_pd(), (__m512d)(v))
#define MASK_512(x, v)                                                                             \
    _mm512_maskz_mov_pd(_mm512_cmp_pd_mask((__m512d)(x), _mm512_setzero_pd(), _CMP_GT_OQ),         \
                        (__m512d)(v))
#define CLIP_256(v) _mm256_max_pd(_mm256_setzero_pd(), (__m256d)(v))
#define MASK_256(x, v)                                                                             \
    _mm256_and_pd(_mm256_cmp_pd((__m256d)(x), _mm256_setzero_pd(), _CMP_GT_OQ), (__m256d)(v))
#define LOW_512(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_512(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_256(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH_256(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define FUSED_512(a, b, c) _mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c))
#define FUSED_256(a, b, c) _mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c))
#define FIRST_512(x, n) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), x)
#define STORE_512(x, n, v) _mm512_mask_storeu_ps(x, (__mmask16)((1u << (n)) - 1), (__m512)(v))
#define FIRST_256(x, n) _mm256_maskload_ps(x, mask_of(n))
#define STORE_256(x, n, v) _mm256_maskstore_ps(x, mask_of(n), (__m256)(v))
#define CLIP_512(v) _mm512_max_ps(_mm512_setzero_ps(), (__m512)(v))
#define MASK_512(x, v)                                                                             \
    _mm512_maskz_mov_ps(_mm512_cmp_ps_mask((__m512)(x), _mm512_setzero_ps(), _CMP_GT_OQ),          \
                        (__m512)(v))
#define CLIP_256(v) _mm256_max_ps(_mm256_setzero_ps(), (__m256)(v))
#define MASK_256(x, v)                                                                             \
    _mm256_and_ps(_mm256_cmp_ps((__m256)(x), _mm256_setzero_ps(), _CMP_GT_OQ), (__m256)(v))
#define LOW_512(a, b)                                                                              \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_512(a, b)                                                                             \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_256(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_256(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif

/* All bits set in the first n numbers of a vector. */
GROVE_TARGET_V3 static inline __m256i mask_of(size_t n) {
    static const int words[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(
        (const __m256i *)(const void *)(words + 8 - n * sizeof(grove_real) / sizeof(int)));
}

/* AVX-512 has 32 registers: 8 * 2 sums + 2 + 1. */
#define AT(name) name##_v4
#define TARGET GROVE_TARGET_V4
#define VECTOR_BYTES 64
#define FUSED(a, b, c) (vector_v4) FUSED_512(a, b, c)
#define FIRST_OF(x, n) (vector_v4) FIRST_512(x, n)
#define STORE_FIRST(x, n, v) STORE_512(x, n, v)
#define CLIP(v) (vector_v4) CLIP_512(v)
#define MASK(x, v) (vector_v4) MASK_512(x, v)
#define LOW LOW_512
#define HIGH HIGH_512
#define ROWS 8
#define WIDE 2
#define TILES(TILE)                                                                                \
    TILE(1, 1)                                                                                     \
    TILE(2, 1)                                                                                     \
    TILE(3, 1)                                                                                     \
    TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1) TILE(1, 2) TILE(2, 2) TILE(3, 2)        \
        TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2)
#include "product_level.h"

/* AVX2 has 16: 4 * 3 sums + 3 + 1. */
#define AT(name) name##_v3
#define TARGET GROVE_TARGET_V3
#define VECTOR_BYTES 32
#define FUSED(a, b, c) (vector_v3) FUSED_256(a, b, c)
#define FIRST_OF(x, n) (vector_v3) FIRST_256(x, n)
#define STORE_FIRST(x, n, v) STORE_256(x, n, v)
#define CLIP(v) (vector_v3) CLIP_256(v)
#define MASK(x, v) (vector_v3) MASK_256(x, v)
#define LOW LOW_256
#define HIGH HIGH_256
#define ROWS 4
#define WIDE 3
#define TILES(TILE)                                                                                \
    TILE(1, 1)                                                                                     \
    TILE(2, 1)                                                                                     \
    TILE(3, 1)                                                                                     \
    TILE(4, 1) TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(1, 3) TILE(2, 3) TILE(3, 3)        \
        TILE(4, 3)
#include "product_level.h"

size_t grove_product_scratch(const grove_product *p) {
    size_t depth = p->k < PRODUCT_DEPTH ? p->k : PRODUCT_DEPTH;
    size_t numbers = (PRODUCT_WIDEST + (packs_a(p) ? p->m : 0)) * depth + TURNED;
    return (numbers * sizeof(grove_real) + 63) / 64 * 64;
}

bool grove_products_are_own(void) {
    return grove_level() >= GROVE_LEVEL_V3;
}

void grove_matrix_product(const grove_product *p, void *scratch) {
    if (p->m == 0 || p->n == 0 || p->k == 0 || !grove_products_are_own()) {
        multiply_by_cblas(p);
    } else if (grove_level() == GROVE_LEVEL_V3) {
        multiply_v3(p, scratch);
    } else {
        multiply_v4(p, scratch);
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
