/* SPDX-License-Identifier: MIT
 * data/row_file.h - what stands in a file of rows.
 *
 *     head     [HEAD_BYTES]
 *     blocks   [blocks][GROVE_BLOCK_ROWS, width] words; unused rows are zeros
 *     parts    [blocks] bytes: the part whose rows a block holds
 *     tail     how many rows, and the hash of all blocks: written last, so a file that ends with it
 *              is whole
 *
 * In the byte order of the machine that wrote it, which the head tells: it is a cache. */
#ifndef GROVE_DATA_ROW_FILE_INSIDE_H
#define GROVE_DATA_ROW_FILE_INSIDE_H

#include <stdio.h>

#include "grove/data_row_file.h"

enum { GROVE_ROW_HEAD_BYTES = 4096, GROVE_ROW_PARTS = 2 };

typedef struct grove_row_head {
    char magic[16];
    uint32_t order; /* of bytes: 0x01020304 */
    uint32_t width, categoricals, features;
    uint64_t key;
} grove_row_head;

typedef struct grove_row_tail {
    uint64_t blocks, rows[GROVE_ROW_PARTS], hash;
    char magic[16];
} grove_row_tail;

grove_row_head grove_row_head_of(const grove_row_file_plan *plan);

/* Opens what was written to the stream, which becomes the file's, also on failure. */
grove_status grove_row_file_take(FILE *stream, const char *name, const grove_row_file_plan *plan,
                                 grove_row_file **file, grove_error *error);

/* The dataset of a part; NULL when memory is short (dataset.c). */
grove_dataset *grove_dataset_in_file(const grove_allocator *memory, const grove_row_file *file,
                                     grove_part part);

/* The cells of a block, and those of the blocks before it. */
uint64_t grove_hash_block(const grove_table *block, uint64_t hash);
/* "big.csv has changed while it was read" */
grove_status grove_source_changed(const grove_source *source, grove_error *error);

#endif
