/* SPDX-License-Identifier: MIT
 * data/unpack.h - the bytes of a stream, unpacked on the way where they begin as gzip's or zstd's.
 *
 * An archive may be several members (gzip) or frames (zstd), one after the other. zstd takes the
 * memory of its own from malloc, for its stable interface knows no other. */
#ifndef GROVE_DATA_UNPACK_H
#define GROVE_DATA_UNPACK_H

#include <stdbool.h>
#include <stdio.h>

#include "grove/status.h"

enum { GROVE_PACKED_BLOCK = 1 << 16 };

typedef struct grove_packing grove_packing;

typedef struct grove_unpacker {
    FILE *stream;
    const char *source; /* for messages */
    const grove_allocator *allocator;
    grove_error *error;
    const grove_packing *packing; /* NULL: none */
    void *state;                  /* of its library */
    char *block;                  /* as it stands in the stream: [size], from `at` on to be taken */
    size_t at, size;
    bool within;         /* a member was begun and not ended */
    grove_status status; /* the first mistake; nothing is read after it */
} grove_unpacker;

/* Reads the first block of the stream, which tells how it is packed. To be ended in any case. */
grove_status grove_unpack_begin(grove_unpacker *u, FILE *stream, const char *source,
                                const grove_allocator *allocator, grove_error *error);
/* The next bytes, `size` unless there are no more, or something was wrong (the status tells). */
size_t grove_unpack(grove_unpacker *u, char *to, size_t size);
void grove_unpack_end(grove_unpacker *u);

#endif
