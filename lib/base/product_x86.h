/* SPDX-License-Identifier: MIT
 *
 * base/product_x86.h - the words of product_level.h for x86-64-v3 and v4; product.c includes it. */
#include <immintrin.h>

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
    TILE(4, 1)                                                                                     \
    TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1) TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2)        \
        TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2)
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
    TILE(4, 1)                                                                                     \
    TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3)
#include "product_level.h"

static void multiply(const grove_product *p, grove_real *scratch) {
    if (grove_level() == GROVE_LEVEL_V3) {
        multiply_v3(p, scratch);
    } else {
        multiply_v4(p, scratch);
    }
}
