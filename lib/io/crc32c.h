/* SPDX-License-Identifier: MIT
 * io/crc32c.h - the checksum CRC32C (Castagnoli): 0xE3069283 for the nine bytes "123456789". */
#ifndef GROVE_IO_CRC32C_H
#define GROVE_IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* of[k][b] is what byte b contributes when k more bytes follow it. 8 KiB, made in microseconds:
 * whoever checks a file makes one, and no global table has to be guarded. */
typedef struct grove_crc32c_table {
    uint32_t of[8][256];
} grove_crc32c_table;

void grove_crc32c_init(grove_crc32c_table *table);

/* The checksum of bytes [size] that follow others whose checksum is `before` (0 at the start). */
uint32_t grove_crc32c(const grove_crc32c_table *table, uint32_t before, const void *bytes,
                      size_t size);

/* The same by look-ups alone: what grove_crc32c does where the processor has no instruction for it,
 * and what tests compare it with. */
uint32_t grove_crc32c_by_table(const grove_crc32c_table *table, uint32_t before, const void *bytes,
                               size_t size);

#endif
