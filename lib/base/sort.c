/* SPDX-License-Identifier: MIT
 *
 * From the lowest byte of the keys to the highest, each time keeping the order of equals (radix
 * sort; Hollerith's tabulating machines sorted cards so). A byte that is the same in all keys costs
 * nothing but its count: small numbers are sorted in one or two passes. */
#include "sort.h"

enum { KEY_BYTES = 8, BYTE_VALUES = 256, FEW = 32 };

static size_t byte_of(uint64_t key, int byte) {
    return (size_t)(key >> 8 * byte & 0xFF);
}

/* For a list so short that counting bytes takes longer. */
static void insert_each(grove_keyed *list, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const grove_keyed kept = list[i];
        size_t to = i;
        for (; to > 0 && list[to - 1].key > kept.key; to--) {
            list[to] = list[to - 1];
        }
        list[to] = kept;
    }
}

/* Counts [BYTE_VALUES] become the places where each value begins. */
static void places_of(size_t *counts) {
    size_t place = 0;
    for (size_t value = 0; value < BYTE_VALUES; value++) {
        const size_t count = counts[value];
        counts[value] = place;
        place += count;
    }
}

void grove_sort_keyed(grove_keyed *list, size_t count, grove_keyed *spare) {
    size_t counts[KEY_BYTES][BYTE_VALUES] = {0};
    grove_keyed *from = list, *to = spare;
    if (count <= FEW) {
        insert_each(list, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        for (int byte = 0; byte < KEY_BYTES; byte++) {
            counts[byte][byte_of(list[i].key, byte)]++;
        }
    }
    for (int byte = 0; byte < KEY_BYTES; byte++) {
        if (counts[byte][byte_of(from[0].key, byte)] == count) {
            continue;
        }
        places_of(counts[byte]);
        for (size_t i = 0; i < count; i++) {
            to[counts[byte][byte_of(from[i].key, byte)]++] = from[i];
        }
        grove_keyed *swapped = from;
        from = to;
        to = swapped;
    }
    if (from != list) {
        memcpy(list, from, count * sizeof *list);
    }
}
