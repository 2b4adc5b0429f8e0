/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "json_reader.h"
#include "safetensors.h"

/* With its terminating NUL, so that "ab", "c" and "a", "bc" differ. */
static uint32_t crc_string(const grove_crc32c_table *table, uint32_t before, const char *string) {
    return grove_crc32c(table, before, string, strlen(string) + 1);
}

uint32_t grove_tensors_crc_entry(const grove_crc32c_table *table, uint32_t before,
                                 const grove_tensors_entry *entry) {
    uint32_t crc = crc_string(table, before, entry->name);
    crc = crc_string(table, crc, grove_dtype_name(entry->dtype));
    int64_t rank = (int64_t)entry->rank;
    crc = grove_crc32c(table, crc, &rank, sizeof rank);
    return grove_crc32c(table, crc, entry->shape, entry->rank * sizeof entry->shape[0]);
}

uint32_t grove_tensors_crc_text(const grove_crc32c_table *table, uint32_t before,
                                const grove_tensors_text *text) {
    if (strcmp(text->key, GROVE_TENSORS_CRC32C) == 0) {
        return before;
    }
    return crc_string(table, crc_string(table, before, text->key), text->value);
}

static uint32_t crc_header(const grove_crc32c_table *table, const grove_tensors_file *file) {
    uint32_t crc = 0;
    for (size_t i = 0; i < file->count; i++) {
        crc = grove_tensors_crc_entry(table, crc, &file->slots[i].entry);
    }
    for (size_t i = 0; i < file->metadata_count; i++) {
        crc = grove_tensors_crc_text(table, crc, &file->metadata[i]);
    }
    return crc;
}

/* Exactly 8 hex digits, in either case. */
static bool parse_hex(const char *text, uint32_t *value) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    *value = 0;
    for (size_t i = 0; i < 8; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit) {
            return false;
        }
        *value = *value << 4 | (uint32_t)((digit - digits) & 15);
    }
    return text[8] == '\0';
}

static grove_status check_one(const grove_tensors_reading *reading, const grove_crc32c_table *table,
                              const char *name, const char *hex) {
    bool header = strcmp(name, GROVE_TENSORS_METADATA) == 0;
    const grove_tensors_entry *entry = grove_tensors_find(reading->file, name);
    uint32_t wanted;
    if (!parse_hex(hex, &wanted)) {
        return grove_tensors_refuse(reading, "the crc32c of '%s' is '%s' instead of 8 hex digits",
                                    grove_tensors_show(name).text, grove_tensors_show(hex).text);
    }
    if (!entry && !header) {
        return grove_tensors_refuse(reading,
                                    "a crc32c is given for '%s', but no tensor has that "
                                    "name",
                                    grove_tensors_show(name).text);
    }
    uint32_t found = header ? crc_header(table, reading->file)
                            : grove_crc32c(table, 0, entry->data, entry->bytes);
    if (found != wanted) {
        return grove_tensors_refuse(reading,
                                    "the bytes of '%s' are damaged: their crc32c is %08x "
                                    "and should be %08x",
                                    header ? "the header" : grove_tensors_show(name).text,
                                    (unsigned)found, (unsigned)wanted);
    }
    return GROVE_OK;
}

static grove_status check_all(const grove_tensors_reading *reading, grove_json *json) {
    grove_crc32c_table table;
    grove_crc32c_init(&table);
    grove_status status = GROVE_OK;
    grove_json_expect(json, '{');
    for (size_t i = 0; status == GROVE_OK && grove_json_next(json, '}', i); i++) {
        const char *name = grove_json_string(json);
        grove_json_expect(json, ':');
        const char *hex = grove_json_string(json);
        if (!json->wrong) {
            status = check_one(reading, &table, name, hex);
        }
    }
    if (status != GROVE_OK) {
        return status;
    }
    grove_json_end(json);
    if (json->no_memory) {
        return grove_fail_memory(reading->error, json->size);
    }
    if (json->wrong) {
        return grove_tensors_refuse(reading,
                                    "the metadata 'crc32c' must be a JSON object of "
                                    "strings; at its byte %zu %s is missing",
                                    json->at, json->wrong);
    }
    return GROVE_OK;
}

grove_status grove_tensors_check_crc(const grove_tensors_reading *reading) {
    const char *sums = grove_tensors_metadata(reading->file, GROVE_TENSORS_CRC32C);
    if (!sums) {
        return GROVE_OK;
    }
    grove_arena arena = {.allocator = reading->file->allocator};
    grove_json json = {.text = sums, .size = strlen(sums), .arena = &arena};
    grove_status status = check_all(reading, &json);
    grove_arena_free(&arena);
    return status;
}
