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
 *
 * and a bag or a text a third one, "bag": the rows of training that were looked
 * at, the most ids that a cell holds, and the mean and deviation of their number. So has a label of
 * several values; its most frequent set is a tensor beside the vocabulary.
 */
#include "model_columns.h"

#include <math.h>
#include <stdio.h>

const char *grove_model_part_name(grove_arena *arena, const char *column, const char *part) {
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
    const char *name = grove_model_part_name(&arena, column, part);
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

static grove_status add_usual_set(const grove_model_saving *saving, const grove_schema *schema,
                                  size_t i) {
    const grove_label_set set = grove_schema_usual_set(schema);
    return grove_schema_kind(schema, i) == GROVE_COLUMN_LABELS
               ? add_part(saving, grove_schema_name(schema, i), "usual", GROVE_DTYPE_I32,
                          (int64_t)set.count, set.classes)
               : GROVE_OK;
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

/* Of a form that is not the default; of a text: the default before there was a lower case beyond
 * ASCII. */
static grove_status put_form(const grove_model_saving *saving, grove_model_text *text,
                             const grove_schema *schema, size_t i) {
    const grove_column_form *f = grove_schema_form(schema, i);
    form own = {.min_count = f->min_count,
                .max_values = f->max_values,
                .buckets = f->buckets,
                .split = f->split,
                .sum = f->sum,
                .keep_case = f->keep_case,
                .no_pairs = f->no_pairs,
                .no_parts = f->no_parts,
                .numbers = f->numbers,
                .unknown = f->unknown,
                .ascii_case = f->ascii_case};
    memcpy(&own.seed, &f->seed, sizeof own.seed);
    bool plain = f->missing_count == 0 && !own.min_count && !own.max_values && !own.buckets &&
                 !own.seed && !own.split && !own.keep_case && !own.no_pairs && !own.no_parts &&
                 !own.numbers && !own.unknown &&
                 own.ascii_case == (grove_schema_kind(schema, i) == GROVE_COLUMN_TEXT);
    if (plain) {
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

static void put_bag(grove_model_text *text, const grove_schema *schema, size_t i) {
    grove_bag_size size = grove_schema_bag_size(schema, i);
    bag own = {size.rows, size.longest, size.mean, size.deviation};
    if (has_bag_size(grove_schema_kind(schema, i))) {
        grove_model_put_fields(text, "bag", bag_fields, &own);
    }
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
        put_bag(text, schema, i);
        status = add_vocabulary(saving, name, &vocabulary);
        status = status == GROVE_OK ? add_usual_set(saving, schema, i) : status;
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
