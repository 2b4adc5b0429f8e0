/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "json_reader.h"
#include "safetensors.h"

/* Mistakes of grammar stick in the reader; a mistake of meaning is told at once, in `status`. */
typedef struct parse {
    const grove_tensors_reading *reading;
    grove_tensors_file *file;
    grove_json json;
    const char *tensor; /* whose entry is being read, or NULL */
    grove_status status;
} parse;

static bool going_on(const parse *p) {
    return p->status == GROVE_OK && !p->json.wrong;
}

/* ---- one tensor's entry ---------------------------------------------------------------------- */

static void parse_dtype(parse *p, grove_tensors_entry *entry) {
    const char *name = grove_json_string(&p->json);
    if (!going_on(p)) {
        return;
    }
#define KNOWN(dtype_name, bytes)                                                                   \
    if (strcmp(name, #dtype_name) == 0) {                                                          \
        entry->dtype = GROVE_DTYPE_##dtype_name;                                                   \
        return;                                                                                    \
    }
#define LISTED(dtype_name, bytes) " " #dtype_name
    GROVE_DTYPE_LIST(KNOWN)
    p->status = grove_tensors_refuse(
        p->reading, "tensor '%s' has dtype '%s', which is none of" GROVE_DTYPE_LIST(LISTED),
        grove_tensors_show(p->tensor).text, grove_tensors_show(name).text);
#undef KNOWN
#undef LISTED
}

static void parse_shape(parse *p, grove_tensors_entry *entry) {
    grove_json_expect(&p->json, '[');
    size_t rank = 0;
    for (; going_on(p) && grove_json_next(&p->json, ']', rank); rank++) {
        int64_t dimension = grove_json_count(&p->json);
        if (rank < GROVE_TENSORS_MAX_RANK) {
            entry->shape[rank] = dimension;
        }
    }
    entry->rank = rank;
    if (going_on(p) && rank > GROVE_TENSORS_MAX_RANK) {
        p->status =
            grove_tensors_refuse(p->reading,
                                 "tensor '%s' has %zu dimensions; %d is the "
                                 "most that can be read",
                                 grove_tensors_show(p->tensor).text, rank, GROVE_TENSORS_MAX_RANK);
    }
}

static void parse_offsets(parse *p, grove_tensors_slot *slot) {
    grove_json_expect(&p->json, '[');
    slot->begin = (uint64_t)grove_json_count(&p->json);
    grove_json_expect(&p->json, ',');
    slot->end = (uint64_t)grove_json_count(&p->json);
    grove_json_expect(&p->json, ']');
}

static const char *const FIELDS[] = {"dtype", "shape", "data_offsets"};
enum { DTYPE, SHAPE, OFFSETS, FIELD_COUNT };

static int parse_field_name(parse *p, bool seen[FIELD_COUNT]) {
    const char *name = grove_json_string(&p->json);
    grove_json_expect(&p->json, ':');
    if (!going_on(p)) {
        return FIELD_COUNT;
    }
    int field = 0;
    while (field < FIELD_COUNT && strcmp(name, FIELDS[field]) != 0) {
        field++;
    }
    if (field == FIELD_COUNT || seen[field]) {
        p->status = grove_tensors_refuse(p->reading,
                                         "tensor '%s' has %s '%s'; an entry has dtype, "
                                         "shape and data_offsets, each once",
                                         grove_tensors_show(p->tensor).text,
                                         field == FIELD_COUNT ? "a field" : "a second",
                                         grove_tensors_show(name).text);
        return FIELD_COUNT;
    }
    seen[field] = true;
    return field;
}

static void parse_fields(parse *p, grove_tensors_slot *slot) {
    bool seen[FIELD_COUNT] = {false};
    grove_json_expect(&p->json, '{');
    for (size_t i = 0; going_on(p) && grove_json_next(&p->json, '}', i); i++) {
        int field = parse_field_name(p, seen);
        if (field == DTYPE) {
            parse_dtype(p, &slot->entry);
        } else if (field == SHAPE) {
            parse_shape(p, &slot->entry);
        } else if (field == OFFSETS) {
            parse_offsets(p, slot);
        }
    }
    for (int field = 0; going_on(p) && field < FIELD_COUNT; field++) {
        if (!seen[field]) {
            p->status = grove_tensors_refuse(p->reading, "tensor '%s' has no %s",
                                             grove_tensors_show(p->tensor).text, FIELDS[field]);
        }
    }
}

/* The bytes that the shape asks for against those that the offsets span. */
static void check_span(parse *p, grove_tensors_slot *slot) {
    const grove_tensors_entry *entry = &slot->entry;
    if (!grove_tensors_measure(&slot->entry)) {
        p->status = grove_tensors_refuse(p->reading,
                                         "the shape of tensor '%s' has more elements "
                                         "than memory can hold",
                                         grove_tensors_show(p->tensor).text);
    } else if (slot->end < slot->begin || slot->end - slot->begin != entry->bytes) {
        p->status = grove_tensors_refuse(
            p->reading,
            "tensor '%s' (%zu elements of %s) needs %zu bytes, but its data_offsets are "
            "%llu to %llu",
            grove_tensors_show(p->tensor).text, entry->count, grove_dtype_name(entry->dtype),
            entry->bytes, (unsigned long long)slot->begin, (unsigned long long)slot->end);
    }
}

static void parse_tensor(parse *p, const char *name) {
    grove_tensors_file *file = p->file;
    grove_tensors_slot *slots =
        grove_grow(&file->allocator, file->slots, file->count, &file->capacity, sizeof *slots);
    if (!slots) {
        p->status = grove_fail_memory(p->reading->error, p->json.size);
        return;
    }
    file->slots = slots;
    grove_tensors_slot *slot = &slots[file->count++];
    *slot = (grove_tensors_slot){.entry = {.name = name}};
    p->tensor = name;
    parse_fields(p, slot);
    if (going_on(p)) {
        check_span(p, slot);
    }
    if (going_on(p)) {
        p->tensor = NULL;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void parse_metadata(parse *p) {
    grove_tensors_file *file = p->file;
    grove_json_expect(&p->json, '{');
    for (size_t i = 0; going_on(p) && grove_json_next(&p->json, '}', i); i++) {
        const char *key = grove_json_string(&p->json);
        grove_json_expect(&p->json, ':');
        const char *value = grove_json_string(&p->json);
        grove_tensors_text *texts =
            grove_grow(&file->allocator, file->metadata, file->metadata_count,
                       &file->metadata_capacity, sizeof *texts);
        if (!texts) {
            p->status = grove_fail_memory(p->reading->error, p->json.size);
            return;
        }
        file->metadata = texts;
        texts[file->metadata_count++] = (grove_tensors_text){key, value};
    }
}

static void parse_members(parse *p) {
    bool metadata = false;
    grove_json_expect(&p->json, '{');
    for (size_t i = 0; going_on(p) && grove_json_next(&p->json, '}', i); i++) {
        const char *name = grove_json_string(&p->json);
        grove_json_expect(&p->json, ':');
        if (!going_on(p)) {
            return;
        }
        if (strcmp(name, GROVE_TENSORS_METADATA) != 0) {
            parse_tensor(p, name);
        } else if (metadata) {
            p->status =
                grove_tensors_refuse(p->reading, "'__metadata__' stands twice in the header");
        } else {
            metadata = true;
            parse_metadata(p);
        }
    }
    grove_json_end(&p->json);
}

static grove_status parse_all(parse *p) {
    parse_members(p);
    if (p->status != GROVE_OK) {
        return p->status;
    }
    if (p->json.no_memory) {
        return grove_fail_memory(p->reading->error, p->json.size);
    }
    if (p->json.wrong) {
        return grove_tensors_refuse(p->reading,
                                    "the header is not as it should be at byte %zu%s%s%s:"
                                    " expected %s",
                                    p->json.at, p->tensor ? " (tensor '" : "",
                                    p->tensor ? grove_tensors_show(p->tensor).text : "",
                                    p->tensor ? "')" : "", p->json.wrong);
    }
    return GROVE_OK;
}

/* By place; tensors without bytes share theirs, so then by name. */
static int compare_slots(const void *a, const void *b) {
    const grove_tensors_slot *x = a, *y = b;
    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    if (x->end != y->end) {
        return x->end < y->end ? -1 : 1;
    }
    return strcmp(x->entry.name, y->entry.name);
}

static int compare_names(const void *a, const void *b) {
    const grove_tensors_entry *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static void sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *, const void *)) {
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}

static grove_status index_names(const grove_tensors_reading *reading) {
    grove_tensors_file *file = reading->file;
    sort(file->slots, file->count, sizeof *file->slots, compare_slots);
    sort(file->metadata, file->metadata_count, sizeof *file->metadata, grove_tensors_compare_texts);
    file->by_name = grove_alloc_zero(&file->allocator, file->count, sizeof(void *));
    if (!file->by_name) {
        return grove_fail_memory(reading->error, file->count * sizeof(void *));
    }
    for (size_t i = 0; i < file->count; i++) {
        file->by_name[i] = &file->slots[i].entry;
    }
    sort(file->by_name, file->count, sizeof(void *), compare_names);
    for (size_t i = 1; i < file->count; i++) {
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0) {
            return grove_tensors_refuse(reading, "there are two tensors '%s'; names must differ",
                                        grove_tensors_show(file->by_name[i]->name).text);
        }
    }
    for (size_t i = 1; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i - 1].key, file->metadata[i].key) == 0) {
            return grove_tensors_refuse(reading,
                                        "there are two metadata texts '%s'; keys must "
                                        "differ",
                                        grove_tensors_show(file->metadata[i].key).text);
        }
    }
    return GROVE_OK;
}

/* The data area must be filled, each byte by one tensor. */
static grove_status check_layout(const grove_tensors_reading *reading, uint64_t data_bytes) {
    const grove_tensors_file *file = reading->file;
    uint64_t at = 0;
    for (size_t i = 0; i < file->count; i++) {
        const grove_tensors_slot *slot = &file->slots[i];
        if (slot->begin != at) {
            return grove_tensors_refuse(
                reading,
                "the data of tensor '%s' begin at %llu and should begin at %llu, where the "
                "tensor before it ends",
                grove_tensors_show(slot->entry.name).text, (unsigned long long)slot->begin,
                (unsigned long long)at);
        }
        at = slot->end;
    }
    if (at != data_bytes) {
        return grove_tensors_refuse(reading,
                                    "the tensors take %llu bytes, but %llu follow the "
                                    "header: the file is cut or has something added",
                                    (unsigned long long)at, (unsigned long long)data_bytes);
    }
    return GROVE_OK;
}

grove_status grove_tensors_parse_header(const grove_tensors_reading *reading, const char *header,
                                        size_t size, uint64_t data_bytes) {
    while (size > 0 && header[size - 1] == ' ') {
        size--;
    }
    if (size == 0 || header[0] != '{' || header[size - 1] != '}') {
        return grove_tensors_refuse(reading,
                                    "the header must be a JSON object that begins with '{' "
                                    "at once and ends with '}' and spaces");
    }
    parse p = {.reading = reading, .file = reading->file};
    p.json = (grove_json){.text = header, .size = size, .arena = &reading->file->texts};
    grove_status status = parse_all(&p);
    if (status == GROVE_OK) {
        status = index_names(reading);
    }
    return status == GROVE_OK ? check_layout(reading, data_bytes) : status;
}
