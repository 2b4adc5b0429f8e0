/* SPDX-License-Identifier: MIT */
#include "hostile_allocator.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In front of each block: how large it is. As long as malloc's alignment, so that this is kept. */
enum { HEAD = 2 * sizeof(size_t), RUBBISH = 0xA5 };

static size_t size_of(const void *pointer) {
    size_t size;
    memcpy(&size, (const char *)pointer - HEAD, sizeof size);
    return size;
}

static void give_back(hostile_memory *memory, void *pointer) {
    if (pointer) {
        size_t size = size_of(pointer);
        memory->live--;
        memory->bytes -= size;
        memset(pointer, RUBBISH, size);
        free((char *)pointer - HEAD);
    }
}

static bool must_fail(hostile_memory *memory) {
    memory->calls++;
    return memory->fail_at && (memory->calls == memory->fail_at ||
                               (memory->for_good && memory->calls > memory->fail_at));
}

static void *resize(void *user, void *pointer, size_t size) {
    hostile_memory *memory = user;
    if (size == 0) {
        give_back(memory, pointer);
        return NULL;
    }
    if (must_fail(memory) || size > SIZE_MAX - HEAD) {
        return NULL;
    }
    char *block = malloc(HEAD + size);
    if (!block) {
        return NULL;
    }
    memcpy(block, &size, sizeof size);
    block += HEAD;
    memset(block, RUBBISH, size);
    if (pointer) {
        size_t kept = size_of(pointer);
        memcpy(block, pointer, kept < size ? kept : size);
    }
    give_back(memory, pointer);
    memory->live++;
    memory->bytes += size;
    memory->most_bytes = memory->bytes > memory->most_bytes ? memory->bytes : memory->most_bytes;
    return block;
}

grove_allocator hostile_allocator(hostile_memory *memory) {
    return (grove_allocator){.resize = resize, .user = memory};
}
