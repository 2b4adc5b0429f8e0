/* SPDX-License-Identifier: MIT
 * base/memory.h - the only way to the system allocator; sizes that cannot overflow; an arena.
 *
 * Every block of the library comes from a grove_allocator that its owner (graph, plan, table)
 * carries, so a caller can count, bound or fail them. */
#ifndef GROVE_BASE_MEMORY_H
#define GROVE_BASE_MEMORY_H

#include <stdbool.h>

#include "grove/status.h"

/* The allocator to use: *wanted if it has a function, else the C library's. */
grove_allocator grove_allocator_or_default(const grove_allocator *wanted);

/* Uninitialised, zeroed, resized (contents kept), freed (NULL is fine). All return NULL when
 * memory is short; a size of 0 gives a valid block of one byte. */
void *grove_alloc(const grove_allocator *allocator, size_t size);
void *grove_alloc_zero(const grove_allocator *allocator, size_t count, size_t size);
void *grove_resize(const grove_allocator *allocator, void *pointer, size_t size);
void grove_release(const grove_allocator *allocator, void *pointer);
char *grove_copy_text(const grove_allocator *allocator, const char *text);

/* A block aligned to 64 bytes (a cache line, a vector register), to be released with
 * grove_release_aligned. */
void *grove_alloc_aligned(const grove_allocator *allocator, size_t size);
void grove_release_aligned(const grove_allocator *allocator, void *pointer);

/* *product = a * b, false if that does not fit in a size_t. The one overflow check of the house. */
bool grove_multiply(size_t a, size_t b, size_t *product);

/* Makes room for one more item in a growing array: doubles *capacity when count reaches it.
 * Returns the array (perhaps moved), or NULL when memory is short (the old array stays valid). */
void *grove_grow(const grove_allocator *allocator, void *array, size_t count, size_t *capacity,
                 size_t item_size);

/* An arena: many small pieces that die together. Zero it with its allocator set; free at the end.
 * */
typedef struct grove_arena {
    grove_allocator allocator;
    struct grove_arena_chunk *chunk;
} grove_arena;

void *grove_arena_alloc(grove_arena *arena, size_t size); /* 16-byte aligned, zeroed; or NULL */
char *grove_arena_text(grove_arena *arena, const char *text);
void grove_arena_free(grove_arena *arena);

#endif
