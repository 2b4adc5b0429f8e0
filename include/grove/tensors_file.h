/* SPDX-License-Identifier: MIT
 *
 * grove/tensors_file.h - named arrays in a file: safetensors, read strictly and written whole.
 *
 *     8 bytes      N, the size of the header, little-endian
 *     N bytes      the header: a JSON object, filled up with spaces
 *     the rest     the arrays, one after the other: row-major, little-endian, no gap, no overlap
 *
 * The header says for each array what it is and where it lies, counted from the header's end:
 *
 *     {"__metadata__": {"producer": "grove"},
 *      "out.weight": {"dtype": "F32", "shape": [10, 32], "data_offsets": [0, 1280]},
 *      "out.bias":   {"dtype": "F32", "shape": [10],     "data_offsets": [1280, 1320]}}
 *
 * "__metadata__" holds texts only. A scalar has the shape []. Any safetensors reader opens what is
 * written here. One metadata key is grove's own: "crc32c", a JSON object that gives for each tensor
 * the CRC32C of its bytes as 8 hex digits, and under "__metadata__" that of all else the header
 * says. Where it stands it is checked, so that a damaged file is refused, not used.
 *
 * Ownership: a grove_tensors_file owns all that its accessors return. A writer copies names, shapes
 * and texts, and borrows the data until it is freed. Every _free takes NULL.
 */
#ifndef GROVE_TENSORS_FILE_H
#define GROVE_TENSORS_FILE_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is in the file --------------------------------------------------------------------- */

/* The types of elements: name, bytes. F is floating point (BF16: the upper half of an F32), I
 * signed, U unsigned; a BOOL is a byte. */
/* clang-format off */
#define GROVE_DTYPE_LIST(X)                                                                        \
    X(F64, 8) X(F32, 4) X(F16, 2) X(BF16, 2)                                                       \
    X(I64, 8) X(I32, 4) X(I16, 2) X(I8, 1)                                                         \
    X(U64, 8) X(U32, 4) X(U16, 2) X(U8, 1)                                                         \
    X(BOOL, 1)
/* clang-format on */

typedef enum grove_dtype {
#define GROVE_DTYPE_ENUM(name, bytes) GROVE_DTYPE_##name,
    GROVE_DTYPE_LIST(GROVE_DTYPE_ENUM)
#undef GROVE_DTYPE_ENUM
} grove_dtype;

/* "F32" and 4; "unknown" and 0 for a number that is no dtype. */
GROVE_API const char *grove_dtype_name(grove_dtype dtype);
GROVE_API size_t grove_dtype_size(grove_dtype dtype);

#define GROVE_TENSORS_MAX_RANK 8

typedef struct grove_tensors_entry {
    const char *name;
    grove_dtype dtype;
    size_t rank;
    int64_t shape[GROVE_TENSORS_MAX_RANK]; /* the first `rank` of them; the others are 0 */
    size_t count;                          /* of elements: the product of the shape, 1 for [] */
    size_t bytes;                          /* count times the dtype's size */
    const void *data;                      /* [count], aligned to at least 8 bytes */
} grove_tensors_entry;

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct grove_tensors_file grove_tensors_file;

/* Reads a file whole; allocator NULL means the C library's. GROVE_NO_FILE if it cannot be read,
 * GROVE_BAD_FILE if anything in it is not as the format says: every count, offset and length is
 * checked against the size of the file before memory for the data is asked for. On failure *file is
 * NULL. */
GROVE_API grove_status grove_tensors_read(const char *path, const grove_allocator *allocator,
                                          grove_tensors_file **file, grove_error *error);

/* The same from memory: `bytes` is [size] and no longer needed afterwards; `name` stands in
 * messages where a path would. */
GROVE_API grove_status grove_tensors_read_bytes(const void *bytes, size_t size, const char *name,
                                                const grove_allocator *allocator,
                                                grove_tensors_file **file, grove_error *error);
GROVE_API void grove_tensors_free(grove_tensors_file *file);

/* The tensors in the order of their data. NULL where there is none of that index or name. */
GROVE_API size_t grove_tensors_count(const grove_tensors_file *file);
GROVE_API const grove_tensors_entry *grove_tensors_at(const grove_tensors_file *file, size_t index);
GROVE_API const grove_tensors_entry *grove_tensors_find(const grove_tensors_file *file,
                                                        const char *name);

/* The texts of "__metadata__" in the order of their keys, "crc32c" among them. NULL where there is
 * none. */
GROVE_API size_t grove_tensors_metadata_count(const grove_tensors_file *file);
GROVE_API const char *grove_tensors_metadata_key(const grove_tensors_file *file, size_t index);
GROVE_API const char *grove_tensors_metadata_at(const grove_tensors_file *file, size_t index);
GROVE_API const char *grove_tensors_metadata(const grove_tensors_file *file, const char *key);

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct grove_tensors_writer grove_tensors_writer;

/* An empty writer; NULL when memory is short. */
GROVE_API grove_tensors_writer *grove_tensors_writer_new(const grove_allocator *allocator);
GROVE_API void grove_tensors_writer_free(grove_tensors_writer *writer);

/* Adds a tensor. `data` [product of shape] may be NULL if there are no elements. Refuses a name
 * that is taken, "__metadata__", or not UTF-8; a rank above 8; a negative or too large shape. */
GROVE_API grove_status grove_tensors_add(grove_tensors_writer *writer, const char *name,
                                         grove_dtype dtype, size_t rank, const int64_t *shape,
                                         const void *data, grove_error *error);

/* Adds a text to "__metadata__". Refuses a key that is taken, "crc32c" (grove writes it), and what
 * is not UTF-8. */
GROVE_API grove_status grove_tensors_add_metadata(grove_tensors_writer *writer, const char *key,
                                                  const char *text, grove_error *error);

/* Writes the file: all of it, or on failure nothing, and a file that stood at `path` stays as it
 * was. The same content gives the same bytes, in whatever order it was added: empty tensors come
 * first, then large elements before small ones (so each lies aligned), then by name; metadata by
 * key. "-" is standard output. */
GROVE_API grove_status grove_tensors_write(grove_tensors_writer *writer, const char *path,
                                           grove_error *error);

/* The same bytes in memory. The block is the writer's, and holds until the next call of this or
 * until the writer is freed. */
GROVE_API grove_status grove_tensors_write_bytes(grove_tensors_writer *writer, const void **bytes,
                                                 size_t *size, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
