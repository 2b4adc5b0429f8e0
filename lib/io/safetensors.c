/* SPDX-License-Identifier: MIT */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"

/* ---- dtypes, names, sizes -------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t size;
} DTYPES[] = {
#define ROW(name, bytes) {#name, bytes},
    GROVE_DTYPE_LIST(ROW)
#undef ROW
};

enum { DTYPE_COUNT = sizeof DTYPES / sizeof DTYPES[0] };

const char *grove_dtype_name(grove_dtype dtype) {
    return (unsigned)dtype < DTYPE_COUNT ? DTYPES[dtype].name : "unknown";
}

size_t grove_dtype_size(grove_dtype dtype) {
    return (unsigned)dtype < DTYPE_COUNT ? DTYPES[dtype].size : 0;
}

bool grove_tensors_measure(grove_tensors_entry *entry) {
    entry->count = 1;
    for (size_t i = 0; i < entry->rank; i++) {
        uint64_t dimension = (uint64_t)entry->shape[i];
        if (dimension > SIZE_MAX ||
            !grove_multiply(entry->count, (size_t)dimension, &entry->count)) {
            return false;
        }
    }
    /* Half of what a size_t holds: sums of a few such numbers need no check. */
    return grove_multiply(entry->count, grove_dtype_size(entry->dtype), &entry->bytes) &&
           entry->bytes <= SIZE_MAX / 2;
}

grove_tensors_shown grove_tensors_show(const char *name) {
    grove_tensors_shown shown = {""};
    size_t length = strlen(name);
    size_t limit = sizeof shown.text - sizeof "...";
    size_t kept = length <= limit ? length : limit;
    while (kept < length && kept > 0 && ((unsigned char)name[kept] & 0xC0) == 0x80) {
        kept--; /* not through the middle of a character */
    }
    for (size_t i = 0; i < kept; i++) {
        unsigned char c = (unsigned char)name[i];
        shown.text[i] = c < 0x20 || c == 0x7F ? '?' : name[i];
    }
    if (kept < length) {
        memcpy(shown.text + kept, "...", 4);
    }
    return shown;
}

int grove_tensors_compare_texts(const void *a, const void *b) {
    const grove_tensors_text *x = a, *y = b;
    return strcmp(x->key, y->key);
}

grove_status grove_tensors_refuse(const grove_tensors_reading *reading, const char *format, ...) {
    char sentence[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return grove_fail(reading->error, GROVE_BAD_FILE, "'%.160s': %s", reading->name, sentence);
}

/* ---- where the bytes come from --------------------------------------------------------------- */

typedef struct source {
    int descriptor;             /* of a file, or -1: then */
    const unsigned char *bytes; /* [size], the next ones */
    uint64_t size;              /* of the whole */
} source;

/* The next `size` bytes; the caller has checked that there are as many. */
static grove_status take(const grove_tensors_reading *reading, source *from, void *to,
                         size_t size) {
    if (from->descriptor < 0) {
        if (size > 0) {
            memcpy(to, from->bytes, size);
            from->bytes += size;
        }
        return GROVE_OK;
    }
    for (char *at = to; size > 0;) {
        ssize_t got = read(from->descriptor, at, size);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        } else if (got == 0) {
            return grove_tensors_refuse(reading, "the file became shorter while it was read");
        } else if (errno != EINTR) {
            return grove_fail_errno(reading->error, "read", reading->name, errno);
        }
    }
    return GROVE_OK;
}

/* ---- the header ------------------------------------------------------------------------------ */

static grove_status check_header_size(const grove_tensors_reading *reading, uint64_t header,
                                      uint64_t file) {
    if (header > GROVE_TENSORS_HEADER_LIMIT) {
        return grove_tensors_refuse(reading,
                                    "it says that its header has %llu bytes; %d is the "
                                    "most a safetensors file may have",
                                    (unsigned long long)header, GROVE_TENSORS_HEADER_LIMIT);
    }
    if (header > file - 8) {
        return grove_tensors_refuse(reading,
                                    "it says that its header has %llu bytes, but only %llu "
                                    "follow: the file is cut or no safetensors file",
                                    (unsigned long long)header, (unsigned long long)(file - 8));
    }
    return GROVE_OK;
}

/* `first` is the byte after the header's size. Text, for example, has neither a size in its first 8
 * bytes nor a '{' after them; a file that was cut has both. */
static grove_status check_beginning(const grove_tensors_reading *reading, uint64_t header,
                                    char first, uint64_t file) {
    if (file > 8 && first != '{') {
        return grove_tensors_refuse(reading,
                                    "it is no safetensors file: such a file begins with 8 bytes "
                                    "that give the size of its header, and a '{'");
    }
    return check_header_size(reading, header, file);
}

static grove_status read_header(const grove_tensors_reading *reading, source *from) {
    if (from->size < 8) {
        return grove_tensors_refuse(reading,
                                    "it has %llu bytes; a safetensors file begins with 8 "
                                    "that give the size of its header",
                                    (unsigned long long)from->size);
    }
    uint64_t size;
    char first = '{';
    grove_status status = take(reading, from, &size, sizeof size);
    if (status == GROVE_OK && from->size > 8) {
        status = take(reading, from, &first, 1);
    }
    if (status == GROVE_OK) {
        status = check_beginning(reading, size, first, from->size);
    }
    if (status != GROVE_OK) {
        return status;
    }
    char *header = grove_alloc(&reading->file->allocator, (size_t)size);
    if (!header) {
        return grove_fail_memory(reading->error, (size_t)size);
    }
    if (size > 0) {
        header[0] = first;
        status = take(reading, from, header + 1, (size_t)size - 1);
    }
    if (status == GROVE_OK) {
        status = grove_tensors_parse_header(reading, header, (size_t)size, from->size - 8 - size);
    }
    grove_release(&reading->file->allocator, header);
    return status;
}

/* ---- the data -------------------------------------------------------------------------------- */

static size_t round_up(size_t bytes) {
    return (bytes + GROVE_TENSORS_ALIGNMENT - 1) / GROVE_TENSORS_ALIGNMENT *
           GROVE_TENSORS_ALIGNMENT;
}

/* What the data take once each tensor begins aligned; false if that overflows. */
static bool measure_block(const grove_tensors_file *file, size_t *size) {
    *size = 0;
    for (size_t i = 0; i < file->count; i++) {
        size_t bytes = round_up(file->slots[i].entry.bytes);
        if (bytes > SIZE_MAX / 2 - *size) {
            return false;
        }
        *size += bytes;
    }
    return true;
}

/* Packed data at the front of the block -> each tensor aligned. Places only move up, so from the
 * last to the first none is overwritten before it has moved. In files written by grove all places
 * fit already, up to the first odd length. */
static void spread(grove_tensors_file *file, size_t block_size) {
    size_t place = block_size;
    for (size_t i = file->count; i-- > 0;) {
        grove_tensors_slot *slot = &file->slots[i];
        place -= round_up(slot->entry.bytes);
        slot->entry.data = file->data + place;
        if (place != slot->begin) {
            memmove(file->data + place, file->data + slot->begin, slot->entry.bytes);
        }
    }
}

static grove_status read_data(const grove_tensors_reading *reading, source *from) {
    grove_tensors_file *file = reading->file;
    size_t packed = file->count ? (size_t)file->slots[file->count - 1].end : 0;
    size_t size;
    if (!measure_block(file, &size)) {
        return grove_fail_memory(reading->error, SIZE_MAX);
    }
    file->data = grove_alloc_aligned(&file->allocator, size);
    if (!file->data) {
        return grove_fail_memory(reading->error, size);
    }
    grove_status status = take(reading, from, file->data, packed);
    if (status == GROVE_OK) {
        spread(file, size);
    }
    return status;
}

static grove_status read_source(source *from, const char *name, const grove_allocator *wanted,
                                grove_tensors_file **file, grove_error *error) {
    grove_allocator allocator = grove_allocator_or_default(wanted);
    grove_tensors_reading reading = {name, grove_alloc_zero(&allocator, 1, sizeof **file), error};
    if (!reading.file) {
        return grove_fail_memory(error, sizeof **file);
    }
    reading.file->allocator = allocator;
    reading.file->texts.allocator = allocator;
    grove_status status = read_header(&reading, from);
    if (status == GROVE_OK) {
        status = read_data(&reading, from);
    }
    if (status == GROVE_OK) {
        status = grove_tensors_check_crc(&reading);
    }
    if (status != GROVE_OK) {
        grove_tensors_free(reading.file);
        return status;
    }
    *file = reading.file;
    return GROVE_OK;
}

/* ---- the public functions -------------------------------------------------------------------- */

grove_status grove_tensors_read_bytes(const void *bytes, size_t size, const char *name,
                                      const grove_allocator *allocator, grove_tensors_file **file,
                                      grove_error *error) {
    source from = {.descriptor = -1, .bytes = bytes, .size = size};
    *file = NULL;
    return read_source(&from, name, allocator, file, error);
}

/* Without waiting for whoever might fill a pipe. */
static grove_status open_source(const char *path, source *from, grove_error *error) {
    struct stat found;
    from->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (from->descriptor < 0 || fstat(from->descriptor, &found) != 0) {
        return grove_fail_errno(error, "read", path, errno);
    }
    if (S_ISDIR(found.st_mode)) {
        return grove_fail_errno(error, "read", path, EISDIR);
    }
    if (!S_ISREG(found.st_mode)) {
        return grove_fail(error, GROVE_NO_FILE,
                          "cannot read '%.300s': its size must be known "
                          "beforehand, and it is no regular file",
                          path);
    }
    from->size = (uint64_t)found.st_size;
    return GROVE_OK;
}

grove_status grove_tensors_read(const char *path, const grove_allocator *allocator,
                                grove_tensors_file **file, grove_error *error) {
    source from = {.descriptor = -1};
    *file = NULL;
    grove_status status = open_source(path, &from, error);
    if (status == GROVE_OK) {
        status = read_source(&from, path, allocator, file, error);
    }
    if (from.descriptor >= 0) {
        close(from.descriptor);
    }
    return status;
}

void grove_tensors_free(grove_tensors_file *file) {
    if (file) {
        grove_allocator allocator = file->allocator;
        grove_release_aligned(&allocator, file->data);
        grove_release(&allocator, (void *)file->by_name);
        grove_release(&allocator, file->metadata);
        grove_release(&allocator, file->slots);
        grove_arena_free(&file->texts);
        grove_release(&allocator, file);
    }
}

size_t grove_tensors_count(const grove_tensors_file *file) {
    return file->count;
}

const grove_tensors_entry *grove_tensors_at(const grove_tensors_file *file, size_t index) {
    return index < file->count ? &file->slots[index].entry : NULL;
}

static int compare_key(const void *key, const void *item) {
    const grove_tensors_entry *const *entry = item;
    return strcmp(key, (*entry)->name);
}

const grove_tensors_entry *grove_tensors_find(const grove_tensors_file *file, const char *name) {
    const grove_tensors_entry **found =
        bsearch(name, file->by_name, file->count, sizeof file->by_name[0], compare_key);
    return found ? *found : NULL;
}

size_t grove_tensors_metadata_count(const grove_tensors_file *file) {
    return file->metadata_count;
}

const char *grove_tensors_metadata_key(const grove_tensors_file *file, size_t index) {
    return index < file->metadata_count ? file->metadata[index].key : NULL;
}

const char *grove_tensors_metadata_at(const grove_tensors_file *file, size_t index) {
    return index < file->metadata_count ? file->metadata[index].value : NULL;
}

const char *grove_tensors_metadata(const grove_tensors_file *file, const char *key) {
    grove_tensors_text wanted = {key, NULL};
    const grove_tensors_text *found = file->metadata_count
                                          ? bsearch(&wanted, file->metadata, file->metadata_count,
                                                    sizeof wanted, grove_tensors_compare_texts)
                                          : NULL;
    return found ? found->value : NULL;
}
