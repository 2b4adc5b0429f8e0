/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "base/names.h"
#include "json_reader.h"
#include "safetensors.h"

struct grove_tensors_writer {
    grove_allocator allocator;
    grove_arena texts; /* names, keys and values */
    grove_tensors_entry *entries;
    size_t count, capacity;
    grove_names names; /* of the entries */
    grove_tensors_text *metadata;
    size_t metadata_count, metadata_capacity;
    size_t data_bytes; /* of all entries together */
    char *block;       /* what grove_tensors_write_bytes gave last */
};

grove_tensors_writer *grove_tensors_writer_new(const grove_allocator *wanted) {
    grove_allocator allocator = grove_allocator_or_default(wanted);
    grove_tensors_writer *writer = grove_alloc_zero(&allocator, 1, sizeof *writer);
    if (writer) {
        writer->allocator = allocator;
        writer->texts.allocator = allocator;
    }
    return writer;
}

void grove_tensors_writer_free(grove_tensors_writer *writer) {
    if (writer) {
        grove_allocator allocator = writer->allocator;
        grove_release(&allocator, writer->block);
        grove_release(&allocator, writer->metadata);
        grove_release(&allocator, writer->entries);
        grove_release(&allocator, writer->names.slots);
        grove_arena_free(&writer->texts);
        grove_release(&allocator, writer);
    }
}

/* ---- adding ---------------------------------------------------------------------------------- */

static bool is_utf8(const char *text) {
    size_t size = strlen(text), length = 1;
    for (size_t at = 0; at < size && length > 0; at += length) {
        length = grove_utf8_length(text + at, size - at);
    }
    return length > 0;
}

static grove_status check_name(const grove_tensors_writer *writer, const char *name,
                               grove_error *error) {
    if (!is_utf8(name)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "the name of tensor %zu is not UTF-8",
                          writer->count);
    }
    if (strcmp(name, GROVE_TENSORS_METADATA) == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "'__metadata__' cannot name a tensor: the format keeps it for texts");
    }
    if (grove_names_find(&writer->names, name) >= 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "there is a tensor '%s' already; names must differ",
                          grove_tensors_show(name).text);
    }
    return GROVE_OK;
}

/* Fills shape, count and bytes. */
static grove_status check_shape(const grove_tensors_writer *writer, grove_tensors_entry *entry,
                                const int64_t *shape, grove_error *error) {
    if (entry->rank > GROVE_TENSORS_MAX_RANK) {
        return grove_fail(error, GROVE_BAD_SHAPE,
                          "tensor '%s' has %zu dimensions; %d is the most that can be written",
                          grove_tensors_show(entry->name).text, entry->rank,
                          GROVE_TENSORS_MAX_RANK);
    }
    for (size_t i = 0; i < entry->rank; i++) {
        if (shape[i] < 0) {
            return grove_fail(error, GROVE_BAD_SHAPE,
                              "dimension %zu of tensor '%s' is %lld; it must not be negative", i,
                              grove_tensors_show(entry->name).text, (long long)shape[i]);
        }
        entry->shape[i] = shape[i];
    }
    if (!grove_tensors_measure(entry) || entry->bytes > SIZE_MAX / 2 - writer->data_bytes) {
        return grove_fail(error, GROVE_BAD_SHAPE,
                          "with tensor '%s' there are more bytes than memory can hold",
                          grove_tensors_show(entry->name).text);
    }
    return GROVE_OK;
}

static grove_status check_entry(const grove_tensors_writer *writer, grove_tensors_entry *entry,
                                const int64_t *shape, grove_error *error) {
    grove_status status = check_name(writer, entry->name, error);
    if (status == GROVE_OK && grove_dtype_size(entry->dtype) == 0) {
        status = grove_fail(error, GROVE_BAD_TYPE, "tensor '%s' has dtype number %d; there is none",
                            grove_tensors_show(entry->name).text, (int)entry->dtype);
    }
    if (status == GROVE_OK) {
        status = check_shape(writer, entry, shape, error);
    }
    if (status == GROVE_OK && !entry->data && entry->bytes > 0) {
        status = grove_fail(error, GROVE_BAD_ARGUMENT,
                            "tensor '%s' has %zu elements, but its data "
                            "are NULL",
                            grove_tensors_show(entry->name).text, entry->count);
    }
    return status;
}

grove_status grove_tensors_add(grove_tensors_writer *writer, const char *name, grove_dtype dtype,
                               size_t rank, const int64_t *shape, const void *data,
                               grove_error *error) {
    grove_tensors_entry entry = {.name = name, .dtype = dtype, .rank = rank, .data = data};
    grove_status status = check_entry(writer, &entry, shape, error);
    if (status != GROVE_OK) {
        return status;
    }
    grove_tensors_entry *entries = grove_grow(&writer->allocator, writer->entries, writer->count,
                                              &writer->capacity, sizeof *entries);
    if (entries) {
        writer->entries = entries;
    }
    entry.name = entries ? grove_arena_text(&writer->texts, name) : NULL;
    if (!entry.name || !grove_names_add(&writer->names, &writer->allocator, entry.name, 0)) {
        return grove_fail_memory(error, strlen(name) + sizeof entry);
    }
    writer->data_bytes += entry.bytes;
    entries[writer->count++] = entry;
    return GROVE_OK;
}

static grove_status check_text(const grove_tensors_writer *writer, const char *key,
                               const char *text, grove_error *error) {
    if (!is_utf8(key) || !is_utf8(text)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "%s of metadata text %zu is not UTF-8",
                          is_utf8(key) ? "the value" : "the key", writer->metadata_count);
    }
    if (strcmp(key, GROVE_TENSORS_CRC32C) == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "the metadata 'crc32c' cannot be set: the writer adds it itself");
    }
    for (size_t i = 0; i < writer->metadata_count; i++) {
        if (strcmp(writer->metadata[i].key, key) == 0) {
            return grove_fail(error, GROVE_BAD_ARGUMENT,
                              "there is a metadata text '%s' already; keys must differ",
                              grove_tensors_show(key).text);
        }
    }
    return GROVE_OK;
}

grove_status grove_tensors_add_metadata(grove_tensors_writer *writer, const char *key,
                                        const char *text, grove_error *error) {
    grove_status status = check_text(writer, key, text, error);
    if (status != GROVE_OK) {
        return status;
    }
    grove_tensors_text *texts =
        grove_grow(&writer->allocator, writer->metadata, writer->metadata_count,
                   &writer->metadata_capacity, sizeof *texts);
    if (texts) {
        writer->metadata = texts;
    }
    const char *key_copy = texts ? grove_arena_text(&writer->texts, key) : NULL;
    const char *text_copy = key_copy ? grove_arena_text(&writer->texts, text) : NULL;
    if (!text_copy) {
        return grove_fail_memory(error, strlen(key) + strlen(text) + sizeof *texts);
    }
    texts[writer->metadata_count++] = (grove_tensors_text){key_copy, text_copy};
    return GROVE_OK;
}

/* ---- the header as a text -------------------------------------------------------------------- */

/* A text that grows; once memory was short it stays `failed` and takes no more. */
typedef struct growing {
    const grove_allocator *allocator;
    char *text;
    size_t size, capacity;
    bool failed;
} growing;

/* Room for `more` bytes. */
static void reserve(growing *to, size_t more) {
    if (to->failed || more <= to->capacity - to->size) {
        return;
    }
    char *larger =
        more <= SIZE_MAX - to->size ? grove_resize(to->allocator, to->text, to->size + more) : NULL;
    if (larger) {
        to->text = larger;
        to->capacity = to->size + more;
    }
    to->failed = !larger;
}

static void put(growing *to, const char *bytes, size_t size) {
    if (size > to->capacity - to->size) {
        reserve(to, size > to->size ? size + 256 : to->size + 256);
    }
    if (!to->failed && size > 0) {
        memcpy(to->text + to->size, bytes, size);
        to->size += size;
    }
}

static void put_text(growing *to, const char *text) {
    put(to, text, strlen(text));
}

static void put_number(growing *to, uint64_t number) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    put(to, digits, (size_t)length);
}

/* As a JSON string: quotes, backslashes and control characters escaped, all else as it is. */
static void put_string(growing *to, const char *text, size_t size) {
    put(to, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[8];
        if (c < 0x20) {
            put(to, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c));
        } else {
            if (c == '"' || c == '\\') {
                put(to, "\\", 1);
            }
            put(to, text + i, 1);
        }
    }
    put(to, "\"", 1);
}

static void put_crc(growing *to, const char *separator, const char *name, uint32_t crc) {
    char hex[16];
    put_text(to, separator);
    put_string(to, name, strlen(name));
    snprintf(hex, sizeof hex, ":\"%08x\"", (unsigned)crc);
    put_text(to, hex);
}

/* The value of the metadata "crc32c": for each tensor, and for what the header says. */
static void put_sums(growing *to, const grove_tensors_writer *writer) {
    grove_crc32c_table table;
    grove_crc32c_init(&table);
    uint32_t header = 0;
    put_text(to, "{");
    for (size_t i = 0; i < writer->count; i++) {
        const grove_tensors_entry *entry = &writer->entries[i];
        put_crc(to, i ? "," : "", entry->name, grove_crc32c(&table, 0, entry->data, entry->bytes));
        header = grove_tensors_crc_entry(&table, header, entry);
    }
    for (size_t i = 0; i < writer->metadata_count; i++) {
        header = grove_tensors_crc_text(&table, header, &writer->metadata[i]);
    }
    put_crc(to, writer->count ? "," : "", GROVE_TENSORS_METADATA, header);
    put_text(to, "}");
}

static void put_metadata(growing *to, const grove_tensors_writer *writer) {
    growing sums = {.allocator = to->allocator};
    put_sums(&sums, writer);
    put_text(to, "{\"" GROVE_TENSORS_METADATA "\":{\"" GROVE_TENSORS_CRC32C "\":");
    put_string(to, sums.text, sums.size);
    to->failed = to->failed || sums.failed;
    grove_release(to->allocator, sums.text);
    for (size_t i = 0; i < writer->metadata_count; i++) {
        const grove_tensors_text *text = &writer->metadata[i];
        put_text(to, ",");
        put_string(to, text->key, strlen(text->key));
        put_text(to, ":");
        put_string(to, text->value, strlen(text->value));
    }
    put_text(to, "}");
}

static void put_entry(growing *to, const grove_tensors_entry *entry, uint64_t begin) {
    put_text(to, ",");
    put_string(to, entry->name, strlen(entry->name));
    put_text(to, ":{\"dtype\":\"");
    put_text(to, grove_dtype_name(entry->dtype));
    put_text(to, "\",\"shape\":[");
    for (size_t i = 0; i < entry->rank; i++) {
        put_text(to, i ? "," : "");
        put_number(to, (uint64_t)entry->shape[i]);
    }
    put_text(to, "],\"data_offsets\":[");
    put_number(to, begin);
    put_text(to, ",");
    put_number(to, begin + entry->bytes);
    put_text(to, "]}");
}

/* Tensors without bytes come first, so that a reader, which knows only places and names, finds the
 * same order. */
static int compare_entries(const void *a, const void *b) {
    const grove_tensors_entry *x = a, *y = b;
    size_t x_size = x->bytes ? grove_dtype_size(x->dtype) : SIZE_MAX;
    size_t y_size = y->bytes ? grove_dtype_size(y->dtype) : SIZE_MAX;
    if (x_size != y_size) {
        return x_size > y_size ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

/* The 8 bytes of the size, then the header with its padding. */
static grove_status make_front(grove_tensors_writer *writer, growing *front, grove_error *error) {
    if (writer->count > 1) {
        qsort(writer->entries, writer->count, sizeof *writer->entries, compare_entries);
    }
    if (writer->metadata_count > 1) {
        qsort(writer->metadata, writer->metadata_count, sizeof *writer->metadata,
              grove_tensors_compare_texts);
    }
    uint64_t size = 0, begin = 0;
    put(front, (const char *)&size, sizeof size);
    put_metadata(front, writer);
    for (size_t i = 0; i < writer->count; i++) {
        put_entry(front, &writer->entries[i], begin);
        begin += writer->entries[i].bytes;
    }
    put_text(front, "}");
    while (!front->failed && front->size % GROVE_TENSORS_ALIGNMENT != 0) {
        put_text(front, " ");
    }
    if (front->failed) {
        return grove_fail_memory(error, front->size);
    }
    size = front->size - sizeof size;
    memcpy(front->text, &size, sizeof size);
    if (size > GROVE_TENSORS_HEADER_LIMIT) {
        return grove_fail(error, GROVE_UNSUPPORTED,
                          "names and metadata take %llu bytes; %d is the most that the header of a "
                          "safetensors file may have",
                          (unsigned long long)size, GROVE_TENSORS_HEADER_LIMIT);
    }
    return GROVE_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static grove_status write_file(const grove_tensors_writer *writer, const growing *front,
                               const char *path, grove_error *error) {
    grove_atomic_file file;
    grove_atomic_begin(&file, &writer->allocator, path, error);
    grove_atomic_write(&file, front->text, front->size);
    for (size_t i = 0; i < writer->count; i++) {
        grove_atomic_write(&file, writer->entries[i].data, writer->entries[i].bytes);
    }
    return grove_atomic_commit(&file, error);
}

grove_status grove_tensors_write(grove_tensors_writer *writer, const char *path,
                                 grove_error *error) {
    growing front = {.allocator = &writer->allocator};
    grove_status status = make_front(writer, &front, error);
    if (status == GROVE_OK) {
        status = write_file(writer, &front, path, error);
    }
    grove_release(&writer->allocator, front.text);
    return status;
}

grove_status grove_tensors_write_bytes(grove_tensors_writer *writer, const void **bytes,
                                       size_t *size, grove_error *error) {
    growing block = {.allocator = &writer->allocator};
    grove_status status = make_front(writer, &block, error);
    reserve(&block, writer->data_bytes);
    for (size_t i = 0; status == GROVE_OK && i < writer->count; i++) {
        put(&block, writer->entries[i].data, writer->entries[i].bytes);
    }
    if (block.failed) {
        status = grove_fail_memory(error, writer->data_bytes);
    }
    if (status != GROVE_OK) {
        grove_release(&writer->allocator, block.text);
        return status;
    }
    grove_release(&writer->allocator, writer->block);
    writer->block = block.text;
    *bytes = block.text;
    *size = block.size;
    return GROVE_OK;
}
