/* SPDX-License-Identifier: MIT
 * base/names.h - finding a number by its name: a hash table, the same on every machine. */
#ifndef GROVE_BASE_NAMES_H
#define GROVE_BASE_NAMES_H

#include "memory.h"

typedef struct grove_name_slot {
    const char *name; /* whoever added it keeps it; NULL: the slot is free */
    uint64_t hash;
    int32_t number;
} grove_name_slot;

/* Zero it; at the end release `slots`. */
typedef struct grove_names {
    grove_name_slot *slots; /* [capacity], a power of two and at least twice the count */
    size_t count, capacity;
} grove_names;

/* The number that was added with this name, or -1. */
int32_t grove_names_find(const grove_names *names, const char *name);

/* Adds a name that is not there yet, and a number from 0 up. False, and all is as it was, when
 * memory is short. */
bool grove_names_add(grove_names *names, const grove_allocator *allocator, const char *name,
                     int32_t number);

#endif
