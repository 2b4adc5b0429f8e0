/* SPDX-License-Identifier: MIT
 *
 * resample.c - drawing rows with replacement; percentiles; Wilson's interval.
 *
 * Efron, "Bootstrap methods: another look at the jackknife", 1979. Wilson, "Probable inference, the
 * law of succession, and statistical inference", 1927.
 */
#include "resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "base/threads.h"

enum { WORDS = 4 * GROVE_RANDOM_BLOCKS };

GROVE_KERNEL size_t draw_any(uint64_t seed, uint32_t stream, uint32_t number, uint32_t *weights,
                             size_t rows) {
    uint32_t words[WORDS];
    for (size_t first = 0; first < rows; first += WORDS) {
        const size_t end = rows - first < WORDS ? rows - first : WORDS;
        grove_random_blocks(seed, stream, number, first / 4, words);
        for (size_t i = 0; i < end; i++) {
            weights[((uint64_t)words[i] * rows) >> 32]++;
        }
    }
    return rows;
}

GROVE_BY_LEVEL(size_t, draw, draw_any,
               (uint64_t seed, uint32_t stream, uint32_t number, uint32_t *weights, size_t rows),
               (seed, stream, number, weights, rows))

void grove_resample(uint64_t seed, uint32_t number, uint32_t *weights, size_t rows) {
    memset(weights, 0, rows * sizeof *weights);
    draw(seed, (uint32_t)grove_hash_name("bootstrap"), number, weights, rows);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between the two numbers next to the place, linear, as numpy.quantile does. */
static double quantile(const double *sorted, size_t count, double share) {
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

void grove_percentiles(double *values, size_t count, grove_estimate *estimate) {
    size_t defined = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(values[i])) {
            values[defined++] = values[i];
        }
    }
    estimate->low = estimate->high = (double)NAN;
    if (defined > 0 && 2 * defined >= count) {
        qsort(values, defined, sizeof *values, compare);
        estimate->low = quantile(values, defined, 0.025);
        estimate->high = quantile(values, defined, 0.975);
    }
}

grove_status grove_report_threads(int wished, size_t *threads, grove_error *error) {
    const int wanted = wished ? wished : grove_threads_wished(), cores = grove_cores();
    if (wanted <= 0 || wanted > GROVE_MOST_THREADS) {
        return grove_fail(
            error, GROVE_BAD_ARGUMENT,
            "report: the number of threads, .threads or else the environment variable "
            "GROVE_NUM_THREADS, must be from 1 to %d",
            GROVE_MOST_THREADS);
    }
    *threads = (size_t)(wanted < cores ? wanted : cores);
    return GROVE_OK;
}

/* Of the shares p the ones with |part / whole - p| <= z sqrt(p (1 - p) / whole). */
grove_estimate grove_wilson(size_t part, size_t whole) {
    const double z = 1.959963984540054, n = (double)whole;
    if (whole == 0) {
        return (grove_estimate){(double)NAN, 0, 1};
    }
    const double p = (double)part / n, scale = 1 + z * z / n;
    const double middle = p + z * z / (2 * n);
    const double reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (grove_estimate){p, part == 0 ? 0 : (middle - reach) / scale,
                            part == whole ? 1 : (middle + reach) / scale};
}
