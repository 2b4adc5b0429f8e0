/* SPDX-License-Identifier: MIT
 *
 * Whole numbers: codes or amounts? */
#include "schema_pass.h"

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Do these distinct whole numbers [count] fill less than a tenth of their range, and less than half
 * of it up to their lower quartile? */
static bool are_far_apart(const int64_t *numbers, size_t count) {
    int64_t least = numbers[0], most = numbers[0], step = 0;
    for (size_t i = 1; i < count; i++) {
        least = numbers[i] < least ? numbers[i] : least;
        most = numbers[i] > most ? numbers[i] : most;
    }
    for (size_t i = 0; i < count && step != 1; i++) {
        step = common_divisor(numbers[i] - least, step);
    }
    if (step == 0 || (most - least) / step <= 10 * (int64_t)count) {
        return false;
    }
    /* The lower quartile lies beyond twice its rank if at most so many numbers do not. */
    size_t quarter = count / 4, near = 0;
    for (size_t i = 0; i < count; i++) {
        near += (numbers[i] - least) / step <= 2 * (int64_t)quarter;
    }
    return near <= quarter;
}

bool grove_look_for_codes(const grove_strings *values, size_t cells, size_t zeros,
                          const grove_allocator *memory, bool *codes) {
    size_t count = (size_t)values->count;
    *codes = false;
    if (count < 8 || cells < 2 * count || 2 * zeros >= cells) {
        return true;
    }
    int64_t *numbers = grove_alloc(memory, count * sizeof *numbers);
    if (!numbers) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        double number = 0;
        grove_cell cell = grove_strings_at(values, (int32_t)i);
        grove_parse_number(cell.bytes, cell.length, &number);
        numbers[i] = (int64_t)number;
    }
    *codes = are_far_apart(numbers, count);
    grove_release(memory, numbers);
    return true;
}
