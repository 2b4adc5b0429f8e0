/* SPDX-License-Identifier: MIT
 * data/strings.h - distinct strings, numbered in the order of their arrival.
 *
 * The bytes lie one after the other in one pool, as a model file stores them; a hash table with
 * open addressing finds them again. */
#ifndef GROVE_DATA_STRINGS_H
#define GROVE_DATA_STRINGS_H

#include "grove/data_table.h"

struct grove_strings_slot {
    uint32_t hash;
    int32_t index; /* of the string; -1: free */
};

/* Zero it with its allocator set. */
typedef struct grove_strings {
    grove_allocator allocator;
    char *bytes;
    size_t bytes_capacity;
    int64_t
        *offsets; /* [count + 1]: string i is bytes[offsets[i]] to offsets[i + 1]; NULL at first */
    size_t offsets_capacity;
    int32_t count;
    struct grove_strings_slot *slots; /* [slot_count], a power of two, at most 3/4 of them taken */
    size_t slot_count;
} grove_strings;

/* Room for so many more strings of so many bytes in all, so that adding them moves nothing. False
 * when memory is short. */
bool grove_strings_reserve(grove_strings *strings, size_t count, size_t bytes);

/* The number of the string, added if it was not there; -1 when memory is short. */
int32_t grove_strings_add(grove_strings *strings, const char *bytes, size_t length);
/* The same for up to GROVE_STRINGS_AT_ONCE of them, faster: what they need of a large table is on
 * its way before the first is looked at. Those of no length are passed over, with the number -1.
 * False when memory is short. */
enum { GROVE_STRINGS_AT_ONCE = 32 };
bool grove_strings_add_all(grove_strings *strings, const grove_cell *cells, size_t count,
                           int32_t *indices);
void grove_strings_find_all(const grove_strings *strings, const grove_cell *cells, size_t count,
                            int32_t *indices);
/* -1 if it is not there. */
int32_t grove_strings_find(const grove_strings *strings, const char *bytes, size_t length);
grove_cell grove_strings_at(const grove_strings *strings, int32_t index);
/* The bytes of memory that it holds. */
size_t grove_strings_size(const grove_strings *strings);
/* Gives the memory back; what remains is empty, and can be used again. */
void grove_strings_free(grove_strings *strings);

/* A growing block of bytes: room for `more` behind `used`. NULL when memory is short (the old block
 * stays valid). */
char *grove_bytes_reserve(const grove_allocator *allocator, char *bytes, size_t used, size_t more,
                          size_t *capacity);

#endif
