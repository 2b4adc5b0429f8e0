/* SPDX-License-Identifier: MIT
 * base/levels.h - one source, built for several kinds of processors, chosen at run time.
 *
 * A loop that is worth it is written once, as a GROVE_KERNEL, and built by GROVE_BY_LEVEL as many
 * times as there are levels:
 *
 *     GROVE_KERNEL float sum_any(const float *x, size_t n) { ...; return sum; }
 *     GROVE_BY_LEVEL(float, sum, sum_any, (const float *x, size_t n), (x, n))
 *
 * and `sum(x, n)` runs the copy for the level at hand. (A kernel returns something.) No copy
 * contracts or reorders what the source does not, so plain loops give the same bits at all levels.
 * (Matrix products do not: they are written with fused multiply-adds where the level has them.)
 *
 * Levels are those of the x86-64 ABI supplement. On 64-bit Arm, where NEON is part of the baseline,
 * loops are built once, and the level "neon" differs by the matrix products alone, which are the
 * CBLAS's at the baseline. Elsewhere the baseline is the only one. The environment variable
 * GROVE_CPU (baseline, v2, v3, v4; baseline, neon) forces a lower one; it is read once. */
#ifndef GROVE_BASE_LEVELS_H
#define GROVE_BASE_LEVELS_H

#include "grove/status.h" /* grove_level_name */

#if defined(__aarch64__) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define GROVE_HAS_NEON 1
#endif

typedef enum grove_level_kind {
    GROVE_LEVEL_BASELINE, /* what the compiler was told to build for */
#ifdef GROVE_HAS_NEON
    GROVE_LEVEL_NEON,
    GROVE_LEVEL_FUSED = GROVE_LEVEL_NEON /* from here on there is fused multiply-add */
#else
    GROVE_LEVEL_V2, /* SSE4.2 */
    GROVE_LEVEL_V3, /* AVX2 and fused multiply-add */
    GROVE_LEVEL_V4, /* AVX-512 */
    GROVE_LEVEL_FUSED = GROVE_LEVEL_V3
#endif
} grove_level_kind;

/* The level that kernels run at, the same for the whole life of the program. */
grove_level_kind grove_level(void);

#define GROVE_KERNEL static inline __attribute__((always_inline))

#ifdef GROVE_HAS_LEVELS
#define GROVE_TARGET_V2 __attribute__((target("arch=x86-64-v2")))
#define GROVE_TARGET_V3 __attribute__((target("arch=x86-64-v3")))
#ifdef __clang__
#define GROVE_TARGET_V4 __attribute__((target("arch=x86-64-v4")))
#else
#define GROVE_TARGET_V4 __attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#endif
#define GROVE_BY_LEVEL(result, name, kernel, parameters, arguments)                                \
    static result name##_baseline parameters {                                                     \
        return kernel arguments;                                                                   \
    }                                                                                              \
    GROVE_TARGET_V2 static result name##_v2 parameters {                                           \
        return kernel arguments;                                                                   \
    }                                                                                              \
    GROVE_TARGET_V3 static result name##_v3 parameters {                                           \
        return kernel arguments;                                                                   \
    }                                                                                              \
    GROVE_TARGET_V4 static result name##_v4 parameters {                                           \
        return kernel arguments;                                                                   \
    }                                                                                              \
    static result name parameters {                                                                \
        switch (grove_level()) {                                                                   \
        case GROVE_LEVEL_V4:                                                                       \
            return name##_v4 arguments;                                                            \
        case GROVE_LEVEL_V3:                                                                       \
            return name##_v3 arguments;                                                            \
        case GROVE_LEVEL_V2:                                                                       \
            return name##_v2 arguments;                                                            \
        default:                                                                                   \
            return name##_baseline arguments;                                                      \
        }                                                                                          \
    }
#else
#define GROVE_BY_LEVEL(result, name, kernel, parameters, arguments)                                \
    static result name parameters {                                                                \
        return kernel arguments;                                                                   \
    }
#endif

#endif
