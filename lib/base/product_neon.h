/* SPDX-License-Identifier: MIT
 *
 * base/product_neon.h - the words of product_level.h for 64-bit Arm; product.c includes it. */
#include <arm_neon.h>

/* NEON has 32 registers: 6 * 4 sums + 4 + 1, and what there is left for the next ones. */
#define AT(name) name##_neon
#define TARGET
#define VECTOR_BYTES 16
#define ROWS 6
#define WIDE 4
#define TILES(TILE)                                                                                \
    TILE(1, 1)                                                                                     \
    TILE(2, 1)                                                                                     \
    TILE(3, 1)                                                                                     \
    TILE(4, 1)                                                                                     \
    TILE(5, 1) TILE(6, 1) TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)        \
        TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3) TILE(5, 3) TILE(6, 3) TILE(1, 4) TILE(2, 4)    \
            TILE(3, 4) TILE(4, 4) TILE(5, 4) TILE(6, 4)

#ifdef GROVE_DOUBLE
typedef float64x2_t neon_vector;
#define FUSED(a, b, c) (vector_neon) vfmaq_f64((neon_vector)(c), (neon_vector)(a), (neon_vector)(b))
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#else
typedef float32x4_t neon_vector;
#define FUSED(a, b, c) (vector_neon) vfmaq_f32((neon_vector)(c), (neon_vector)(a), (neon_vector)(b))
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* There are no masks for what lies in memory: numbers at an edge go one by one. */
static inline neon_vector neon_first_of(const grove_real *x, size_t n) {
    neon_vector v = {0};
    for (size_t i = 0; i < sizeof v / sizeof *x; i++) {
        if (i < n) {
            v[i] = x[i];
        }
    }
    return v;
}
#define FIRST_OF(x, n) (vector_neon) neon_first_of(x, n)

static inline void neon_store_first(grove_real *x, size_t n, neon_vector v) {
    for (size_t i = 0; i < sizeof v / sizeof *x; i++) {
        if (i < n) {
            x[i] = v[i];
        }
    }
}
#define STORE_FIRST(x, n, v) neon_store_first(x, n, (neon_vector)(v))

/* By comparing, as `finished` does: a NaN stays. */
static inline neon_vector neon_clip(neon_vector v) {
    return (neon_vector)(~(v < 0) & (__typeof__(v < 0))v);
}
static inline neon_vector neon_mask(neon_vector x, neon_vector v) {
    return (neon_vector)((x > 0) & (__typeof__(x > 0))v);
}
#define CLIP(v) (vector_neon) neon_clip((neon_vector)(v))
#define MASK(x, v) (vector_neon) neon_mask((neon_vector)(x), (neon_vector)(v))

/* gcc loads what a tile needs long before it is needed, and has no registers left for the sums. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("no-schedule-insns")
#endif
#include "product_level.h"
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

static void multiply(const grove_product *p, grove_real *scratch) {
    multiply_neon(p, scratch);
}
