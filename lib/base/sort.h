/* SPDX-License-Identifier: MIT
 * base/sort.h - sorting by whole numbers, without comparing. */
#ifndef GROVE_BASE_SORT_H
#define GROVE_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct grove_keyed {
    uint64_t key;
    size_t item;
} grove_keyed;

/* Sorts list [count] by key, the least first; items of equal keys stay in their order. What `spare`
 * [count] holds afterwards is of no use. */
void grove_sort_keyed(grove_keyed *list, size_t count, grove_keyed *spare);

/* Keys in the order of the numbers: all but NaN, which stand at the ends, as their signs say. -0
 * and 0 have one key. */
static inline uint64_t grove_key_of_int(int32_t number) {
    return (uint32_t)number ^ UINT32_C(0x80000000);
}

static inline uint64_t grove_key_of_float(float number) {
    uint32_t bits;
    number += 0.0F; /* no -0 */
    memcpy(&bits, &number, sizeof bits);
    return bits & UINT32_C(0x80000000) ? ~bits : bits | UINT32_C(0x80000000);
}

static inline uint64_t grove_key_of_double(double number) {
    uint64_t bits;
    number += 0.0;
    memcpy(&bits, &number, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

#endif
