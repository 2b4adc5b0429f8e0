/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A large block asks for large pages, and begins where one begins: rows met at random then miss the
 * table of pages less often. (A page is a large one only if all of it lies in the block: of 6.4 MB
 * that begin anywhere, a third would be left on small ones. With updates of rows of 26 tables of
 * that size a miss is half of the time.) And since whoever asks for a fresh block writes most of
 * it, its pages are asked for at once: a fault for each costs more than clearing it. No is an
 * answer, to both. */
enum { LARGE_PAGE = 1 << 21, MANY_PAGES = 1 << 17 };

static void ask_for_pages(void *block, size_t size, bool fresh) {
    long known = sysconf(_SC_PAGESIZE);
    uintptr_t page = known > 0 ? (uintptr_t)known : 4096;
    uintptr_t begin = (uintptr_t)block / page * page; /* whole pages, so that neighbours join */
    uintptr_t end = ((uintptr_t)block + size + page - 1) / page * page;
#ifdef MADV_HUGEPAGE
    if (size >= LARGE_PAGE) {
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
#endif
#ifdef MADV_POPULATE_WRITE
    if (fresh) {
        (void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
    }
#endif
}

static void *fresh_block(size_t size) {
    void *block;
    if (size < LARGE_PAGE) {
        return malloc(size);
    }
    return posix_memalign(&block, LARGE_PAGE, size) == 0 ? block : NULL;
}

static void *system_resize(void *user, void *pointer, size_t size) {
    (void)user;
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    void *block = pointer ? realloc(pointer, size) : fresh_block(size);
    if (block && size >= MANY_PAGES) {
        ask_for_pages(block, size, !pointer);
    }
    return block;
}

grove_allocator grove_allocator_or_default(const grove_allocator *wanted) {
    if (wanted && wanted->resize) {
        return *wanted;
    }
    return (grove_allocator){.resize = system_resize};
}

void *grove_resize(const grove_allocator *allocator, void *pointer, size_t size) {
    return allocator->resize(allocator->user, pointer, size ? size : 1);
}

void *grove_alloc(const grove_allocator *allocator, size_t size) {
    return grove_resize(allocator, NULL, size);
}

void *grove_alloc_zero(const grove_allocator *allocator, size_t count, size_t size) {
    size_t bytes;
    if (!grove_multiply(count, size, &bytes)) {
        return NULL;
    }
    void *block = grove_alloc(allocator, bytes);
    if (block) {
        memset(block, 0, bytes);
    }
    return block;
}

void grove_release(const grove_allocator *allocator, void *pointer) {
    if (pointer) {
        allocator->resize(allocator->user, pointer, 0);
    }
}

char *grove_copy_text(const grove_allocator *allocator, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = grove_alloc(allocator, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

enum { ALIGNMENT = 64 };

/* The pointer that the allocator gave stands just below the aligned block. */
void *grove_alloc_aligned(const grove_allocator *allocator, size_t size) {
    if (size > SIZE_MAX - ALIGNMENT - sizeof(void *)) {
        return NULL;
    }
    char *block = grove_alloc(allocator, size + ALIGNMENT + sizeof(void *));
    if (!block) {
        return NULL;
    }
    uintptr_t start = (uintptr_t)block + sizeof(void *);
    size_t padding = (size_t)(-start & (ALIGNMENT - 1));
    char *aligned = block + sizeof(void *) + padding;
    memcpy(aligned - sizeof(void *), &block, sizeof block);
    return aligned;
}

void grove_release_aligned(const grove_allocator *allocator, void *pointer) {
    if (pointer) {
        void *block;
        memcpy(&block, (char *)pointer - sizeof(void *), sizeof block);
        grove_release(allocator, block);
    }
}

bool grove_multiply(size_t a, size_t b, size_t *product) {
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *product = a * b;
    return true;
}

void *grove_grow(const grove_allocator *allocator, void *array, size_t count, size_t *capacity,
                 size_t item_size) {
    if (count < *capacity) {
        return array;
    }
    size_t wanted = *capacity ? *capacity * 2 : 16;
    size_t bytes;
    if (wanted <= *capacity || !grove_multiply(wanted, item_size, &bytes)) {
        return NULL;
    }
    void *larger = grove_resize(allocator, array, bytes);
    if (larger) {
        *capacity = wanted;
    }
    return larger;
}

enum { CHUNK_BYTES = 1 << 14, PIECE_ALIGNMENT = 16 };

/* The pieces follow the header; `used` counts it in. */
struct grove_arena_chunk {
    struct grove_arena_chunk *older;
    size_t size, used;
    char padding[PIECE_ALIGNMENT - (sizeof(void *) + 2 * sizeof(size_t)) % PIECE_ALIGNMENT];
};

static struct grove_arena_chunk *add_chunk(grove_arena *arena, size_t piece) {
    size_t header = sizeof(struct grove_arena_chunk);
    size_t size = header + piece > CHUNK_BYTES ? header + piece : CHUNK_BYTES;
    struct grove_arena_chunk *chunk = grove_alloc(&arena->allocator, size);
    if (chunk) {
        chunk->older = arena->chunk;
        chunk->size = size;
        chunk->used = header;
        arena->chunk = chunk;
    }
    return chunk;
}

void *grove_arena_alloc(grove_arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + PIECE_ALIGNMENT - 1) / PIECE_ALIGNMENT * PIECE_ALIGNMENT;
    struct grove_arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < size) {
        chunk = add_chunk(arena, size);
    }
    if (!chunk) {
        return NULL;
    }
    void *piece = (char *)chunk + chunk->used;
    chunk->used += size;
    return memset(piece, 0, size);
}

char *grove_arena_text(grove_arena *arena, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = grove_arena_alloc(arena, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

void grove_arena_free(grove_arena *arena) {
    while (arena->chunk) {
        struct grove_arena_chunk *older = arena->chunk->older;
        grove_release(&arena->allocator, arena->chunk);
        arena->chunk = older;
    }
}
