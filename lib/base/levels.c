/* SPDX-License-Identifier: MIT */
#include "levels.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef GROVE_HAS_NEON
static const char *const names[] = {"baseline", "neon"};
#else
static const char *const names[] = {"baseline", "v2", "v3", "v4"};
#endif

static grove_level_kind level_of_processor(void) {
#if defined(GROVE_HAS_NEON)
    return GROVE_LEVEL_NEON;
#elif defined(GROVE_HAS_LEVELS)
    __builtin_cpu_init();
    bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi2");
    bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512vl");
    return v4 ? GROVE_LEVEL_V4 : v3 ? GROVE_LEVEL_V3 : v2 ? GROVE_LEVEL_V2 : GROVE_LEVEL_BASELINE;
#else
    return GROVE_LEVEL_BASELINE;
#endif
}

/* What GROVE_CPU names, if the processor has it; a word that is no level is as if not set. */
static grove_level_kind choose(void) {
    grove_level_kind most = level_of_processor();
    const char *wanted = getenv("GROVE_CPU");
    for (int i = 0; wanted && i < (int)most; i++) {
        if (strcmp(wanted, names[i]) == 0) {
            return (grove_level_kind)i;
        }
    }
    return most;
}

/* 0: not chosen yet. Whoever comes first writes what all others would. */
grove_level_kind grove_level(void) {
    static atomic_int chosen;
    int level = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (level == 0) {
        level = 1 + (int)choose();
        atomic_store_explicit(&chosen, level, memory_order_relaxed);
    }
    return (grove_level_kind)(level - 1);
}

const char *grove_level_name(void) {
    return names[grove_level()];
}
