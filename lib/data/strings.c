/* SPDX-License-Identifier: MIT */
#include "strings.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/memory.h"

char *grove_bytes_reserve(const grove_allocator *allocator, char *bytes, size_t used, size_t more,
                          size_t *capacity) {
    if (bytes && more <= *capacity - used) {
        return bytes;
    }
    if (more > SIZE_MAX / 2 - used) {
        return NULL;
    }
    size_t wanted = used + more > 2 * *capacity ? used + more : 2 * *capacity;
    char *larger = grove_resize(allocator, bytes, wanted > 64 ? wanted : 64);
    if (larger) {
        *capacity = wanted > 64 ? wanted : 64;
    }
    return larger;
}

grove_cell grove_strings_at(const grove_strings *strings, int32_t index) {
    const int64_t *offset = strings->offsets + index;
    return (grove_cell){strings->bytes + offset[0], (size_t)(offset[1] - offset[0])};
}

static uint64_t word_at(const char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t half_at(const char *bytes) {
    uint32_t half;
    memcpy(&half, bytes, sizeof half);
    return half;
}

static uint32_t hash_of(const char *bytes, size_t length) {
    return (uint32_t)XXH3_64bits(bytes, length);
}

/* Most strings are short: the two ends of one that overlap in the middle are soon compared. */
static bool same_bytes(const char *a, const char *b, size_t length) {
    if (length > 16) {
        return memcmp(a, b, length) == 0;
    }
    if (length >= 8) {
        return word_at(a) == word_at(b) && word_at(a + length - 8) == word_at(b + length - 8);
    }
    if (length >= 4) {
        return half_at(a) == half_at(b) && half_at(a + length - 4) == half_at(b + length - 4);
    }
    return length == 0 ||
           (a[0] == b[0] && a[length / 2] == b[length / 2] && a[length - 1] == b[length - 1]);
}

/* The slot that holds the string, or the free one where it would stand. There is always a free one:
 * at most three quarters are taken. */
static struct grove_strings_slot *slot_of(const grove_strings *strings, uint32_t hash,
                                          const char *bytes, size_t length) {
    size_t mask = strings->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct grove_strings_slot *slot = &strings->slots[at];
        if (slot->index < 0) {
            return slot;
        }
        if (slot->hash == hash) {
            grove_cell there = grove_strings_at(strings, slot->index);
            if (there.length == length && same_bytes(there.bytes, bytes, length)) {
                return slot;
            }
        }
    }
}

int32_t grove_strings_find(const grove_strings *strings, const char *bytes, size_t length) {
    if (strings->count == 0) {
        return -1;
    }
    return slot_of(strings, hash_of(bytes, length), bytes, length)->index;
}

static bool rehash(grove_strings *strings, size_t slot_count) {
    size_t size;
    struct grove_strings_slot *slots = NULL;
    if (grove_multiply(slot_count, sizeof *slots, &size)) {
        slots = grove_alloc(&strings->allocator, size);
    }
    if (!slots) {
        return false;
    }
    memset(slots, 0xFF, size); /* every index -1 */
    for (size_t i = 0; i < strings->slot_count; i++) {
        if (strings->slots[i].index >= 0) {
            size_t at = strings->slots[i].hash & (slot_count - 1);
            while (slots[at].index >= 0) {
                at = (at + 1) & (slot_count - 1);
            }
            slots[at] = strings->slots[i];
        }
    }
    grove_release(&strings->allocator, strings->slots);
    strings->slots = slots;
    strings->slot_count = slot_count;
    return true;
}

/* Room for one more string of this length, in all three blocks. */
static bool make_room(grove_strings *strings, size_t length) {
    size_t used = strings->offsets ? (size_t)strings->offsets[strings->count] : 0;
    int64_t *offsets = grove_grow(&strings->allocator, strings->offsets, (size_t)strings->count + 1,
                                  &strings->offsets_capacity, sizeof *offsets);
    if (!offsets) {
        return false;
    }
    strings->offsets = offsets;
    strings->offsets[strings->count] = (int64_t)used;
    char *bytes = grove_bytes_reserve(&strings->allocator, strings->bytes, used, length,
                                      &strings->bytes_capacity);
    if (!bytes) {
        return false;
    }
    strings->bytes = bytes;
    if (4 * ((size_t)strings->count + 1) > 3 * strings->slot_count) {
        return rehash(strings, strings->slot_count ? 2 * strings->slot_count : 16);
    }
    return true;
}

bool grove_strings_reserve(grove_strings *strings, size_t more, size_t bytes) {
    size_t used = strings->offsets ? (size_t)strings->offsets[strings->count] : 0;
    size_t count = (size_t)strings->count + more, slots = 16, size;
    if (more > INT32_MAX || !grove_multiply(count + 1, sizeof *strings->offsets, &size)) {
        return false;
    }
    for (; 3 * slots < 4 * count; slots *= 2) {
    }
    if (count + 1 > strings->offsets_capacity) {
        int64_t *offsets = grove_resize(&strings->allocator, strings->offsets, size);
        if (!offsets) {
            return false;
        }
        strings->offsets = offsets;
        strings->offsets[strings->count] = (int64_t)used;
        strings->offsets_capacity = count + 1;
    }
    char *larger = grove_bytes_reserve(&strings->allocator, strings->bytes, used, bytes,
                                       &strings->bytes_capacity);
    strings->bytes = larger ? larger : strings->bytes;
    return larger && (slots <= strings->slot_count || rehash(strings, slots));
}

static int32_t add(grove_strings *strings, uint32_t hash, const char *bytes, size_t length) {
    if (strings->count > 0) {
        struct grove_strings_slot *slot = slot_of(strings, hash, bytes, length);
        if (slot->index >= 0) {
            return slot->index;
        }
    }
    /* Ids of a vocabulary are 2 above these numbers, and are int32 too. */
    if (strings->count >= INT32_MAX - 2 || !make_room(strings, length)) {
        return -1;
    }
    int64_t used = strings->offsets[strings->count];
    if (length > 0) {
        memcpy(strings->bytes + used, bytes, length);
    }
    *slot_of(strings, hash, bytes, length) = (struct grove_strings_slot){hash, strings->count};
    strings->count++;
    strings->offsets[strings->count] = used + (int64_t)length;
    return strings->count - 1;
}

int32_t grove_strings_add(grove_strings *strings, const char *bytes, size_t length) {
    return add(strings, hash_of(bytes, length), bytes, length);
}

/* ---- many at once ---------------------------------------------------------------------------- */

enum { LARGE_TABLE = 1 << 12 }; /* slots; smaller ones are near anyway */

static void fetch(const void *address) {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
}

/* A lookup waits for the slot, then for the offset, then for the bytes: here all wait together. */
static void hash_all(const grove_strings *strings, const grove_cell *cells, size_t count,
                     uint32_t *hashes) {
    const size_t mask = strings->slot_count - 1;
    const bool large = strings->slot_count >= LARGE_TABLE;
    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash_of(cells[i].bytes, cells[i].length);
        if (large) {
            fetch(&strings->slots[hashes[i] & mask]);
        }
    }
    for (int step = 0; step < 2 && large; step++) {
        for (size_t i = 0; i < count; i++) {
            struct grove_strings_slot slot = strings->slots[hashes[i] & mask];
            if (slot.index >= 0 && slot.hash == hashes[i]) {
                const int64_t *offset = strings->offsets + slot.index;
                fetch(step == 0 ? (const void *)offset : strings->bytes + *offset);
            }
        }
    }
}

bool grove_strings_add_all(grove_strings *strings, const grove_cell *cells, size_t count,
                           int32_t *indices) {
    uint32_t hashes[GROVE_STRINGS_AT_ONCE];
    hash_all(strings, cells, count, hashes);
    for (size_t i = 0; i < count; i++) {
        const bool wanted = cells[i].length > 0;
        indices[i] = wanted ? add(strings, hashes[i], cells[i].bytes, cells[i].length) : -1;
        if (wanted && indices[i] < 0) {
            return false;
        }
    }
    return true;
}

void grove_strings_find_all(const grove_strings *strings, const grove_cell *cells, size_t count,
                            int32_t *indices) {
    uint32_t hashes[GROVE_STRINGS_AT_ONCE];
    const bool any = strings->count > 0;
    if (any) {
        hash_all(strings, cells, count, hashes);
    }
    for (size_t i = 0; i < count; i++) {
        indices[i] = any && cells[i].length > 0
                         ? slot_of(strings, hashes[i], cells[i].bytes, cells[i].length)->index
                         : -1;
    }
}

size_t grove_strings_size(const grove_strings *strings) {
    return strings->bytes_capacity + strings->offsets_capacity * sizeof *strings->offsets +
           strings->slot_count * sizeof *strings->slots;
}

void grove_strings_free(grove_strings *strings) {
    grove_release(&strings->allocator, strings->bytes);
    grove_release(&strings->allocator, strings->offsets);
    grove_release(&strings->allocator, strings->slots);
    *strings = (grove_strings){.allocator = strings->allocator};
}
