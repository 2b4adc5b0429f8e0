/* SPDX-License-Identifier: MIT */
#include "model_columns.h"

#include <stdio.h>

/* A column on its way out of the file. */
typedef struct column {
    grove_model_loading *loading;
    size_t index;
    const char *name;
    char words[128]; /* "column 'species'", for messages */
} column;

/* The list [count] of that dtype; count below 0: of any length. */
static const grove_tensors_entry *claim_part(const column *c, const char *part, grove_dtype dtype,
                                             int64_t count) {
    const char *name = grove_model_part_name(&c->loading->arena, c->name, part);
    if (!name) {
        grove_model_no_memory(c->loading, strlen(c->name));
        return NULL;
    }
    const grove_tensors_entry *entry = grove_model_claim(c->loading, name);
    bool good = entry && entry->dtype == dtype && entry->rank == 1 &&
                (count < 0 || entry->shape[0] == count);
    if (!good) {
        char wanted[48] = "";
        if (count >= 0) {
            snprintf(wanted, sizeof wanted, " of %lld numbers", (long long)count);
        }
        grove_model_refuse(c->loading, "%s: its tensor '%s' %s; it should be %s, one list%s",
                           c->words, grove_tensors_show(name).text,
                           entry ? "has another dtype or shape" : "is missing",
                           grove_dtype_name(dtype), wanted);
    }
    return good ? entry : NULL;
}

/* What data.h says of the column, as a mistake of the file. */
static void tell(const column *c, grove_status status, const grove_error *told) {
    if (status == GROVE_NO_MEMORY && c->loading->status == GROVE_OK) {
        c->loading->status = grove_fail(c->loading->reading.error, status, "%s", told->message);
    } else if (status != GROVE_OK) {
        grove_model_refuse(c->loading, "its columns: %s", told->message);
    }
}

static void set_vocabulary(const column *c, const values *counts) {
    const grove_tensors_entry *offsets = claim_part(c, "offsets", GROVE_DTYPE_I64, -1);
    if (offsets && offsets->count == 0) {
        grove_model_refuse(c->loading, "%s: its list of offsets is empty", c->words);
        return;
    }
    int64_t size = offsets ? offsets->shape[0] - 1 : 0;
    const grove_tensors_entry *bytes = offsets ? claim_part(c, "bytes", GROVE_DTYPE_U8, -1) : NULL;
    const grove_tensors_entry *count = bytes ? claim_part(c, "count", GROVE_DTYPE_I64, size) : NULL;
    if (!count) {
        return;
    }
    grove_vocabulary vocabulary = {.size = size,
                                   .byte_count = bytes->shape[0],
                                   .bytes = bytes->data,
                                   .offsets = offsets->data,
                                   .counts = count->data,
                                   .unknown = counts->unknown,
                                   .missing = counts->missing};
    grove_error told;
    grove_status status =
        grove_schema_set_vocabulary(c->loading->model->schema, c->index, &vocabulary, &told);
    tell(c, status, &told);
}

static void want_key(const column *c, const char *wanted) {
    const char *key = grove_model_key(&c->loading->json);
    if (grove_model_going_on(c->loading) && strcmp(key, wanted) != 0) {
        grove_model_refuse(c->loading, "column %zu has '%s' where '%s' should stand", c->index,
                           grove_tensors_show(key).text, wanted);
    }
}

/* Reads a list of texts, which the arena owns; *count tells how many. NULL when memory is short. */
static const char **read_texts(const column *c, size_t *count) {
    grove_json *json = &c->loading->json;
    size_t room = 4;
    const char **texts = grove_arena_alloc(&c->loading->arena, room * sizeof *texts);
    *count = 0;
    grove_json_expect(json, '[');
    while (texts && grove_model_going_on(c->loading) && grove_json_next(json, ']', *count)) {
        if (*count == room) {
            const char **more = grove_arena_alloc(&c->loading->arena, 2 * room * sizeof *more);
            texts = more ? memcpy(more, texts, room * sizeof *more) : NULL;
            room *= 2;
        }
        if (texts) {
            texts[(*count)++] = grove_json_string(json);
        }
    }
    return texts;
}

static void read_form(const column *c) {
    grove_error told;
    form own = {.ascii_case = grove_schema_form(c->loading->model->schema, c->index)->ascii_case};
    grove_column_form wanted = {0};
    want_key(c, "missing");
    const char **texts = read_texts(c, &wanted.missing_count);
    grove_json_expect(&c->loading->json, ',');
    want_key(c, "form");
    grove_model_read_some_fields(c->loading, form_fields, FIRST_FORM_FIELDS, &own, c->words,
                                 "number");
    if (!texts) {
        grove_model_no_memory(c->loading, wanted.missing_count * sizeof *texts);
    }
    if (!grove_model_going_on(c->loading)) {
        return;
    }
    wanted.missing = texts;
    wanted.min_count = own.min_count;
    wanted.max_values = own.max_values;
    wanted.buckets = own.buckets;
    wanted.split = own.split > 0 && own.split < 0x80 ? (char)own.split : 0;
    wanted.sum = own.sum;
    wanted.keep_case = own.keep_case;
    wanted.no_pairs = own.no_pairs;
    wanted.no_parts = own.no_parts;
    wanted.ascii_case = own.ascii_case;
    wanted.numbers = own.numbers >= 0 && own.numbers < GROVE_NUMBER_FORMS
                         ? (grove_number_form)own.numbers
                         : GROVE_NUMBER_FORMS;
    wanted.unknown = own.unknown >= 0 && own.unknown < GROVE_UNKNOWN_POLICIES
                         ? (grove_unknown_policy)own.unknown
                         : GROVE_UNKNOWN_POLICIES;
    memcpy(&wanted.seed, &own.seed, sizeof wanted.seed);
    tell(c, grove_schema_set_form(c->loading->model->schema, c->index, &wanted, &told), &told);
}

static void read_bag(const column *c, grove_column_kind kind, grove_bag_size *size) {
    bag own = {0};
    if (has_bag_size(kind)) {
        grove_json_expect(&c->loading->json, ',');
        want_key(c, "bag");
        grove_model_read_fields(c->loading, bag_fields, &own, c->words, "number");
        *size = (grove_bag_size){own.rows, own.longest, own.mean, own.std};
    }
}

static void set_bag(const column *c, grove_column_kind kind, const grove_bag_size *size) {
    grove_error told;
    if (has_bag_size(kind) && grove_model_going_on(c->loading)) {
        tell(c, grove_schema_set_bag_size(c->loading->model->schema, c->index, size, &told), &told);
    }
}

static void set_usual_set(const column *c, grove_column_kind kind) {
    grove_error told;
    const grove_tensors_entry *usual =
        kind == GROVE_COLUMN_LABELS && grove_model_going_on(c->loading)
            ? claim_part(c, "usual", GROVE_DTYPE_I32, -1)
            : NULL;
    if (usual) {
        const grove_label_set set = {usual->data, (size_t)usual->shape[0]};
        tell(c, grove_schema_set_usual_set(c->loading->model->schema, c->index, set, &told), &told);
    }
}

/* The members that a kind has besides name, kind and reason. */
static void read_rest(column *c, grove_column_kind kind) {
    grove_json *json = &c->loading->json;
    values counts = {0};
    scale own = {0};
    target_scale target = {0};
    grove_bag_size size = {0};
    if (has_values(kind)) {
        grove_json_expect(json, ',');
        want_key(c, "values");
        grove_model_read_fields(c->loading, value_fields, &counts, c->words, "number");
        read_bag(c, kind, &size);
    } else if (kind == GROVE_COLUMN_NUMERIC) {
        grove_json_expect(json, ',');
        want_key(c, "scale");
        grove_model_read_fields(c->loading, scale_fields, &own, c->words, "number");
    } else if (kind == GROVE_COLUMN_TARGET) {
        grove_json_expect(json, ',');
        want_key(c, "scale");
        grove_model_read_fields(c->loading, target_fields, &target, c->words, "number");
    }
    if (grove_json_take(json, ',')) {
        read_form(c);
    }
    grove_json_expect(json, '}');
    if (!grove_model_going_on(c->loading)) {
        return;
    }
    if (has_values(kind)) {
        set_vocabulary(c, &counts);
        set_bag(c, kind, &size);
        set_usual_set(c, kind);
    } else if (kind == GROVE_COLUMN_NUMERIC) {
        grove_error told;
        tell(c,
             grove_schema_set_scale(c->loading->model->schema, c->index, own.mean, own.std,
                                    own.missing, &told),
             &told);
    } else if (kind == GROVE_COLUMN_TARGET) {
        grove_error told;
        tell(c,
             grove_schema_set_target(c->loading->model->schema, c->index, target.mean, target.std,
                                     target.median, &told),
             &told);
    }
}

static void read_column(grove_model_loading *loading, size_t index) {
    grove_json *json = &loading->json;
    column c = {.loading = loading, .index = index};
    grove_json_expect(json, '{');
    want_key(&c, "name");
    c.name = grove_json_string(json);
    grove_json_expect(json, ',');
    want_key(&c, "kind");
    const char *kind_name = grove_json_string(json);
    grove_json_expect(json, ',');
    want_key(&c, "reason");
    const char *reason = grove_json_string(json);
    if (!grove_model_going_on(loading)) {
        return;
    }
    snprintf(c.words, sizeof c.words, "column '%s'", grove_tensors_show(c.name).text);
    grove_column_kind kind;
    if (!grove_column_kind_from_name(kind_name, &kind)) {
        grove_model_refuse(loading, "%s: '%s' is no kind of column", c.words,
                           grove_tensors_show(kind_name).text);
        return;
    }
    grove_error told;
    tell(&c, grove_schema_add_column(loading->model->schema, c.name, kind, reason, &told), &told);
    if (grove_model_going_on(loading) && kind == GROVE_COLUMN_TEXT) {
        const grove_column_form at_first = {.ascii_case = true}; /* where the file does not say */
        tell(&c, grove_schema_set_form(loading->model->schema, index, &at_first, &told), &told);
    }
    if (grove_model_going_on(loading)) {
        read_rest(&c, kind);
    }
}

void grove_model_load_columns(grove_model_loading *loading, const char *text) {
    loading->model->schema = grove_schema_new(&loading->model->allocator);
    if (!loading->model->schema) {
        grove_model_no_memory(loading, 1);
        return;
    }
    grove_model_open_json(loading, "columns", text);
    grove_json_expect(&loading->json, '[');
    for (size_t i = 0; grove_model_going_on(loading) && grove_json_next(&loading->json, ']', i);
         i++) {
        read_column(loading, i);
    }
    grove_model_close_json(loading);
}
