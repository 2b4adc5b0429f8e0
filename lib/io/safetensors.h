/* SPDX-License-Identifier: MIT
 * io/safetensors.h - what reading and writing of safetensors share.
 *
 * safetensors.c reads the bytes, safetensors_header.c understands the header, safetensors_crc.c
 * checks the sums, safetensors_write.c writes. */
#ifndef GROVE_IO_SAFETENSORS_H
#define GROVE_IO_SAFETENSORS_H

#include <stdbool.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "crc32c.h"
#include "grove/tensors_file.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors is little-endian: on this machine its arrays would need their bytes swapped"
#endif

#define GROVE_TENSORS_HEADER_LIMIT 100000000
#define GROVE_TENSORS_METADATA "__metadata__"
#define GROVE_TENSORS_CRC32C "crc32c"

enum { GROVE_TENSORS_ALIGNMENT = 8 };

typedef struct grove_tensors_text {
    const char *key, *value;
} grove_tensors_text;

/* An entry and its data_offsets. */
typedef struct grove_tensors_slot {
    grove_tensors_entry entry; /* first: slots and entries share their address */
    uint64_t begin, end;
} grove_tensors_slot;

struct grove_tensors_file {
    grove_allocator allocator;
    grove_arena texts;         /* names, keys and values */
    grove_tensors_slot *slots; /* [count], in the order of the data */
    size_t count, capacity;
    const grove_tensors_entry **by_name; /* [count] */
    grove_tensors_text *metadata;        /* [metadata_count], in the order of the keys */
    size_t metadata_count, metadata_capacity;
    unsigned char *data; /* all the arrays, each aligned */
};

/* A file being read. */
typedef struct grove_tensors_reading {
    const char *name; /* of the file, for messages */
    grove_tensors_file *file;
    grove_error *error;
} grove_tensors_reading;

/* GROVE_BAD_FILE with a sentence that begins with the file's name. */
grove_status grove_tensors_refuse(const grove_tensors_reading *reading, const char *format, ...)
    GROVE_PRINTF(2, 3);

/* A name out of a file made fit for a message: at most 80 bytes, no control characters. */
typedef struct grove_tensors_shown {
    char text[84];
} grove_tensors_shown;
grove_tensors_shown grove_tensors_show(const char *name);

/* header [size] -> slots, by_name and metadata of the file, all checked against one another and
 * against the size of the data area. Asks for no memory but the entries' own. */
grove_status grove_tensors_parse_header(const grove_tensors_reading *reading, const char *header,
                                        size_t size, uint64_t data_bytes);

/* Compares the data with the checksums in the metadata, if there are any. */
grove_status grove_tensors_check_crc(const grove_tensors_reading *reading);

/* The checksum of what a header says: of each entry in the order of the data, then of each text in
 * the order of the keys, without "crc32c" itself. */
uint32_t grove_tensors_crc_entry(const grove_crc32c_table *table, uint32_t before,
                                 const grove_tensors_entry *entry);
uint32_t grove_tensors_crc_text(const grove_crc32c_table *table, uint32_t before,
                                const grove_tensors_text *text);

/* The size in elements and bytes of entry->shape; false if that overflows. */
bool grove_tensors_measure(grove_tensors_entry *entry);
/* For qsort: texts by key. */
int grove_tensors_compare_texts(const void *a, const void *b);

#endif
