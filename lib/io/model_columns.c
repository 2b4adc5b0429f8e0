/* SPDX-License-Identifier: MIT
 *
 * The schema as JSON, and its lists of values as tensors: tens of thousands of names do not belong
 * into a header.
 *
 *     [{"name":"species","kind":"categorical","reason":"text","values":{"unknown":3,"missing":0}},
 *      {"name":"height","kind":"numeric","reason":"numbers",
 *       "scale":{"mean":12.5,"std":4.25,"missing":0}},
 *      {"name":"price","kind":"target","reason":"...",
 *       "scale":{"mean":12.5,"std":4.25,"median":11}},
 *      {"name":"note","kind":"ignored","reason":"..."}]
 *
 * A column that is read in a form of its own has two members more:
 *
 *     "missing":["NA"],"form":{"min_count":0,"max_values":0,"buckets":1000,"seed":1}
 */
#include <math.h>
#include <stdio.h>

#include "model.h"

/* The training cells of ids 0 and 1. */
typedef struct values {
    int64_t unknown, missing;
} values;
static const grove_field value_fields[] = {GROVE_FIELD(values, unknown, INT),
                                           GROVE_FIELD(values, missing, INT), GROVE_NO_MORE_FIELDS};

typedef struct scale {
    double mean, std;
    int64_t missing;
} scale;
static const grove_field scale_fields[] = {GROVE_FIELD(scale, mean, REAL),
                                           GROVE_FIELD(scale, std, REAL),
                                           GROVE_FIELD(scale, missing, INT), GROVE_NO_MORE_FIELDS};

typedef struct form {
    int64_t min_count, max_values, buckets;
    int64_t seed; /* the bits of an uint64_t */
} form;
static const grove_field form_fields[] = {
    GROVE_FIELD(form, min_count, INT), GROVE_FIELD(form, max_values, INT),
    GROVE_FIELD(form, buckets, INT), GROVE_FIELD(form, seed, INT), GROVE_NO_MORE_FIELDS};

typedef struct target_scale {
    double mean, std, median;
} target_scale;
static const grove_field target_fields[] = {
    GROVE_FIELD(target_scale, mean, REAL), GROVE_FIELD(target_scale, std, REAL),
    GROVE_FIELD(target_scale, median, REAL), GROVE_NO_MORE_FIELDS};

static bool has_values(grove_column_kind kind) {
    return kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_LABEL;
}

/* "vocab.<column>.<part>" in the arena, or NULL. */
static const char *part_name(grove_arena *arena, const char *column, const char *part) {
    size_t size = strlen(column) + strlen(part) + sizeof "vocab..";
    char *name = grove_arena_alloc(arena, size);
    if (name) {
        snprintf(name, size, "vocab.%s.%s", column, part);
    }
    return name;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static grove_status add_part(const grove_model_saving *saving, const char *column, const char *part,
                             grove_dtype dtype, int64_t count, const void *data) {
    grove_arena arena = {.allocator = grove_graph_allocator(saving->graph)};
    const char *name = part_name(&arena, column, part);
    grove_status status = name ? grove_model_add_tensor(saving, name, dtype, 1, &count, data)
                               : grove_fail_memory(saving->error, strlen(column));
    grove_arena_free(&arena);
    return status;
}

static grove_status add_vocabulary(const grove_model_saving *saving, const char *column,
                                   const grove_vocabulary *v) {
    grove_status status =
        add_part(saving, column, "bytes", GROVE_DTYPE_U8, v->byte_count, v->bytes);
    if (status == GROVE_OK) {
        status = add_part(saving, column, "offsets", GROVE_DTYPE_I64, v->size + 1, v->offsets);
    }
    if (status == GROVE_OK) {
        status = add_part(saving, column, "count", GROVE_DTYPE_I64, v->size, v->counts);
    }
    return status;
}

static grove_status check_column(const grove_model_saving *saving, const grove_schema *schema,
                                 size_t i) {
    const char *name = grove_schema_name(schema, i);
    grove_column_kind kind = grove_schema_kind(schema, i);
    double mean = grove_schema_mean(schema, i), deviation = grove_schema_deviation(schema, i);
    if (!grove_model_is_utf8(name)) {
        return grove_model_fail(saving, GROVE_BAD_DATA,
                                "the name of column %zu of the schema is not UTF-8", i);
    }
    bool fitted = !has_values(kind) || grove_schema_ids(schema, i) > 0;
    if (kind == GROVE_COLUMN_NUMERIC || kind == GROVE_COLUMN_TARGET) {
        fitted = isfinite(mean) && isfinite(deviation) && deviation > 0;
    }
    return fitted ? GROVE_OK
                  : grove_model_fail(saving, GROVE_BAD_ARGUMENT,
                                     "the schema's column '%s' was never fitted to training rows",
                                     grove_tensors_show(name).text);
}

/* Of a form that is not the default. */
static grove_status put_form(const grove_model_saving *saving, grove_model_text *text,
                             const grove_schema *schema, size_t i) {
    const grove_column_form *f = grove_schema_form(schema, i);
    form own = {f->min_count, f->max_values, f->buckets, 0};
    memcpy(&own.seed, &f->seed, sizeof own.seed);
    if (f->missing_count == 0 && !own.min_count && !own.max_values && !own.buckets && !own.seed) {
        return GROVE_OK;
    }
    grove_model_put(text, ",\"missing\":[");
    for (size_t k = 0; k < f->missing_count; k++) {
        if (!grove_model_is_utf8(f->missing[k])) {
            return grove_model_fail(saving, GROVE_BAD_DATA,
                                    "column '%s': a cell that is said to be missing is not UTF-8",
                                    grove_tensors_show(grove_schema_name(schema, i)).text);
        }
        grove_model_put(text, k ? "," : "");
        grove_model_put_string(text, f->missing[k]);
    }
    grove_model_put(text, "]");
    grove_model_put_fields(text, "form", form_fields, &own);
    return GROVE_OK;
}

static grove_status put_column(const grove_model_saving *saving, grove_model_text *text,
                               const grove_schema *schema, size_t i) {
    const char *name = grove_schema_name(schema, i), *reason = grove_schema_reason(schema, i);
    grove_column_kind kind = grove_schema_kind(schema, i);
    grove_status status = check_column(saving, schema, i);
    if (status != GROVE_OK) {
        return status;
    }
    grove_model_put(text, i ? ",{\"name\":" : "{\"name\":");
    grove_model_put_string(text, name);
    grove_model_put(text, ",\"kind\":");
    grove_model_put_string(text, grove_column_kind_name(kind));
    grove_model_put(text, ",\"reason\":");
    /* Words for people, which may quote a cell: not worth losing a trained model for. */
    grove_model_put_string(text, grove_model_is_utf8(reason) ? reason : "");
    if (has_values(kind)) {
        grove_vocabulary vocabulary = grove_schema_vocabulary(schema, i);
        values counts = {vocabulary.unknown, vocabulary.missing};
        grove_model_put_fields(text, "values", value_fields, &counts);
        status = add_vocabulary(saving, name, &vocabulary);
    } else if (kind == GROVE_COLUMN_NUMERIC) {
        scale own = {grove_schema_mean(schema, i), grove_schema_deviation(schema, i),
                     grove_schema_missing(schema, i)};
        grove_model_put_fields(text, "scale", scale_fields, &own);
    } else if (kind == GROVE_COLUMN_TARGET) {
        target_scale own = {grove_schema_mean(schema, i), grove_schema_deviation(schema, i),
                            grove_schema_median(schema, i)};
        grove_model_put_fields(text, "scale", target_fields, &own);
    }
    status = status == GROVE_OK ? put_form(saving, text, schema, i) : status;
    grove_model_put(text, "}");
    return status;
}

grove_status grove_model_save_columns(const grove_model_saving *saving,
                                      const grove_schema *schema) {
    grove_model_text text = {.allocator = grove_graph_allocator(saving->graph)};
    grove_status status = GROVE_OK;
    grove_model_put(&text, "[");
    for (size_t i = 0; status == GROVE_OK && i < grove_schema_columns(schema); i++) {
        status = put_column(saving, &text, schema, i);
    }
    grove_model_put(&text, "]");
    if (status == GROVE_OK && text.failed) {
        status = grove_fail_memory(saving->error, text.capacity);
    }
    if (status == GROVE_OK) {
        status = grove_model_add_text(saving, "columns", text.bytes);
    }
    grove_release(&text.allocator, text.bytes);
    return status;
}

/* ---- loading --------------------------------------------------------------------------------- */

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
    const char *name = part_name(&c->loading->arena, c->name, part);
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
    form own = {0};
    grove_column_form wanted = {0};
    want_key(c, "missing");
    const char **texts = read_texts(c, &wanted.missing_count);
    grove_json_expect(&c->loading->json, ',');
    want_key(c, "form");
    grove_model_read_fields(c->loading, form_fields, &own, c->words, "number");
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
    memcpy(&wanted.seed, &own.seed, sizeof wanted.seed);
    tell(c, grove_schema_set_form(c->loading->model->schema, c->index, &wanted, &told), &told);
}

/* The members that a kind has besides name, kind and reason. */
static void read_rest(column *c, grove_column_kind kind) {
    grove_json *json = &c->loading->json;
    values counts = {0};
    scale own = {0};
    target_scale target = {0};
    if (has_values(kind)) {
        grove_json_expect(json, ',');
        want_key(c, "values");
        grove_model_read_fields(c->loading, value_fields, &counts, c->words, "number");
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
