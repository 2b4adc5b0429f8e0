/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <string.h>

/* FNV-1a (Fowler, Noll, Vo), 64 bits; the last line brings its high bits, which are the better
 * mixed ones, down to where slots are chosen by. */
static uint64_t hash_of(const char *name) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    }
    return hash ^ hash >> 32;
}

/* Where the name stands, or the free slot where its search ended. There always is a free one. */
static grove_name_slot *slot_of(const grove_names *names, const char *name, uint64_t hash) {
    size_t at = (size_t)hash & (names->capacity - 1);
    for (;; at = (at + 1) & (names->capacity - 1)) {
        grove_name_slot *slot = &names->slots[at];
        if (!slot->name || (slot->hash == hash && strcmp(slot->name, name) == 0)) {
            return slot;
        }
    }
}

int32_t grove_names_find(const grove_names *names, const char *name) {
    if (names->capacity == 0) {
        return -1;
    }
    const grove_name_slot *slot = slot_of(names, name, hash_of(name));
    return slot->name ? slot->number : -1;
}

static bool make_room(grove_names *names, const grove_allocator *allocator) {
    if (names->count < names->capacity / 2) {
        return true;
    }
    grove_names larger = {.count = names->count,
                          .capacity = names->capacity ? 2 * names->capacity : 32};
    larger.slots = grove_alloc_zero(allocator, larger.capacity, sizeof *larger.slots);
    if (!larger.slots) {
        return false;
    }
    for (size_t i = 0; i < names->capacity; i++) {
        const grove_name_slot *old = &names->slots[i];
        if (old->name) {
            *slot_of(&larger, old->name, old->hash) = *old;
        }
    }
    grove_release(allocator, names->slots);
    *names = larger;
    return true;
}

bool grove_names_add(grove_names *names, const grove_allocator *allocator, const char *name,
                     int32_t number) {
    if (!make_room(names, allocator)) {
        return false;
    }
    uint64_t hash = hash_of(name);
    *slot_of(names, name, hash) = (grove_name_slot){name, hash, number};
    names->count++;
    return true;
}
