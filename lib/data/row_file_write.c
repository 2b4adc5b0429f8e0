/* SPDX-License-Identifier: MIT
 *
 * Rows of sources into a file: encoded, packed, block by block. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "grove/data_hash.h"
#include "row_file.h"
#include "schema.h"
#include "table.h"
#include "temporary.h"

/* ---- what the file is ------------------------------------------------------------------------ */

static uint64_t hash_text(const char *text, uint64_t hash) {
    return grove_hash(text, strlen(text) + 1, hash);
}

static uint64_t hash_form(const grove_column_form *form, uint64_t hash) {
    const uint64_t numbers[] = {(uint64_t)form->buckets, form->seed, form->missing_count};
    hash = grove_hash(numbers, sizeof numbers, hash);
    for (size_t i = 0; i < form->missing_count; i++) {
        hash = hash_text(form->missing[i], hash);
    }
    return hash;
}

/* All that encoding depends on. */
static uint64_t hash_schema(const grove_schema *schema, uint64_t hash) {
    for (size_t i = 0; i < schema->count; i++) {
        const grove_column *c = &schema->columns[i];
        const grove_strings *v = &c->values;
        const double numbers[] = {(double)c->kind, c->mean, c->deviation, (double)(c->missing > 0)};
        hash = grove_hash(numbers, sizeof numbers, hash_text(c->name, hash_form(&c->form, hash)));
        if (v->count > 0) {
            hash = grove_hash(v->offsets, ((size_t)v->count + 1) * sizeof *v->offsets, hash);
            hash = grove_hash(v->bytes, (size_t)v->offsets[v->count], hash);
        }
    }
    return hash;
}

uint64_t grove_row_file_key(const grove_row_file_plan *plan) {
    uint64_t hash = hash_schema(plan->schema, 1);
    hash = grove_hash(&plan->surveyed->hash, sizeof plan->surveyed->hash, hash);
    hash = grove_hash(&plan->holdout->share, sizeof plan->holdout->share, hash);
    hash = grove_hash(&plan->holdout->seed, sizeof plan->holdout->seed, hash);
    return plan->valid
               ? grove_hash(&plan->valid_counted->hash, sizeof plan->valid_counted->hash, hash)
               : hash;
}

/* A row begins at a multiple of 16 bytes. */
grove_row_head grove_row_head_of(const grove_row_file_plan *plan) {
    enum { WORDS = 4 };
    const size_t ids = grove_schema_categoricals(plan->schema);
    const size_t features = grove_schema_features(plan->schema);
    return (grove_row_head){.magic = "grove rows 1",
                            .order = 0x01020304,
                            .width = (uint32_t)((ids + 1 + features + WORDS - 1) / WORDS * WORDS),
                            .categoricals = (uint32_t)ids,
                            .features = (uint32_t)features,
                            .key = grove_row_file_key(plan)};
}

static uint64_t blocks_of(uint64_t rows) {
    return (rows + GROVE_BLOCK_ROWS - 1) / GROVE_BLOCK_ROWS;
}

uint64_t grove_row_file_size(const grove_row_file_plan *plan) {
    const uint64_t valid = plan->valid ? plan->valid_counted->rows : plan->surveyed->valid_rows;
    const uint64_t blocks = blocks_of(plan->surveyed->train_rows) + blocks_of(valid);
    const uint64_t block = (uint64_t)GROVE_BLOCK_ROWS * grove_row_head_of(plan).width * 4;
    return GROVE_ROW_HEAD_BYTES + blocks * (block + 1) + sizeof(grove_row_tail);
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct writer {
    const grove_row_file_plan *plan;
    grove_allocator allocator;
    grove_row_head head;
    grove_row_tail tail;
    grove_csv_sink sink;
    void *user;
    int32_t *blocks[GROVE_ROW_PARTS]; /* under way, [GROVE_BLOCK_ROWS, width] */
    size_t filled[GROVE_ROW_PARTS];   /* rows of it */
    uint8_t *parts;                   /* [tail.blocks] */
    size_t room;
    grove_error *error;
} writer;

static grove_status put(writer *w, const void *bytes, size_t size) {
    return w->sink(w->user, bytes, size) == 0
               ? GROVE_OK
               : grove_fail(w->error, GROVE_NO_FILE, "the rows cannot be written");
}

static grove_status put_head(writer *w) {
    char bytes[GROVE_ROW_HEAD_BYTES] = {0};
    memcpy(bytes, &w->head, sizeof w->head);
    return put(w, bytes, sizeof bytes);
}

/* The block of a part, full or the last one. */
static grove_status put_block(writer *w, int part) {
    const size_t row = w->head.width * sizeof **w->blocks, size = GROVE_BLOCK_ROWS * row;
    uint8_t *parts = grove_grow(&w->allocator, w->parts, (size_t)w->tail.blocks, &w->room, 1);
    if (!parts) {
        return grove_fail_memory(w->error, 2 * w->room);
    }
    w->parts = parts;
    parts[w->tail.blocks++] = (uint8_t)part;
    memset((char *)w->blocks[part] + w->filled[part] * row, 0, size - w->filled[part] * row);
    w->tail.hash = grove_hash(w->blocks[part], size, w->tail.hash);
    w->filled[part] = 0;
    return put(w, w->blocks[part], size);
}

static void pack_row(const writer *w, const grove_dataset *rows, size_t row, int32_t *words) {
    const size_t ids = w->head.categoricals, features = w->head.features;
    for (size_t c = 0; c < ids; c++) {
        words[c] = grove_dataset_ids(rows, c)[row];
    }
    if (grove_dataset_labels(rows)) {
        words[ids] = grove_dataset_labels(rows)[row];
    } else {
        memcpy(words + ids, grove_dataset_targets(rows) + row, sizeof *words);
    }
    memcpy(words + ids + 1, grove_dataset_numbers(rows) + row * features, features * sizeof(float));
}

static grove_status put_rows(writer *w, const grove_dataset *rows, uint64_t first_row,
                             bool all_valid) {
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < grove_dataset_rows(rows) && status == GROVE_OK; i++) {
        const bool held_out = all_valid || grove_is_held_out(w->plan->holdout, first_row + i);
        const int part = held_out ? GROVE_PART_VALID : GROVE_PART_TRAIN;
        pack_row(w, rows, i, w->blocks[part] + w->filled[part] * w->head.width);
        w->tail.rows[part]++;
        if (++w->filled[part] == GROVE_BLOCK_ROWS) {
            status = put_block(w, part);
        }
    }
    return status;
}

static grove_status put_source(writer *w, grove_source *source, const grove_survey_result *counted,
                               bool all_valid) {
    const grove_encode_options labelled = {.label_required = true};
    const grove_table *block;
    uint64_t row = 0, hash = 0;
    grove_status status = grove_source_rewind(source, w->error);
    while (status == GROVE_OK) {
        grove_dataset *rows = NULL;
        status = grove_source_next(source, &block, w->error);
        if (status != GROVE_OK || !block) {
            break;
        }
        hash = grove_hash_block(block, hash);
        status = grove_schema_encode(w->plan->schema, block, &labelled, &rows, w->error);
        if (status == GROVE_OK) {
            status = put_rows(w, rows, row, all_valid);
        }
        row += block->rows;
        grove_dataset_free(rows);
    }
    return status == GROVE_OK && (row != counted->rows || hash != counted->hash)
               ? grove_source_changed(source, w->error)
               : status;
}

static grove_status put_tail(writer *w) {
    grove_status status = GROVE_OK;
    for (int part = 0; part < GROVE_ROW_PARTS && status == GROVE_OK; part++) {
        status = w->filled[part] > 0 ? put_block(w, part) : GROVE_OK;
    }
    if (status == GROVE_OK) {
        status = put(w, w->parts, (size_t)w->tail.blocks);
    }
    memcpy(w->tail.magic, w->head.magic, sizeof w->tail.magic);
    return status == GROVE_OK ? put(w, &w->tail, sizeof w->tail) : status;
}

static grove_status put_all(writer *w) {
    const grove_row_file_plan *p = w->plan;
    const size_t size = GROVE_BLOCK_ROWS * w->head.width * sizeof **w->blocks;
    for (int part = 0; part < GROVE_ROW_PARTS; part++) {
        w->blocks[part] = grove_alloc_zero(&w->allocator, size, 1); /* words nobody uses, too */
        if (!w->blocks[part]) {
            return grove_fail_memory(w->error, size);
        }
    }
    grove_status status = put_head(w);
    if (status == GROVE_OK) {
        status = put_source(w, p->source, p->surveyed, false);
    }
    if (status == GROVE_OK && p->valid) {
        status = put_source(w, p->valid, p->valid_counted, true);
    }
    return status == GROVE_OK ? put_tail(w) : status;
}

grove_status grove_row_file_write(const grove_row_file_plan *plan, grove_csv_sink sink, void *user,
                                  grove_error *error) {
    grove_error_clear(error);
    writer w = {.plan = plan,
                .allocator = plan->schema->allocator,
                .head = grove_row_head_of(plan),
                .sink = sink,
                .user = user,
                .error = error};
    grove_status status = put_all(&w);
    grove_release(&w.allocator, w.blocks[0]);
    grove_release(&w.allocator, w.blocks[1]);
    grove_release(&w.allocator, w.parts);
    return status;
}

/* ---- without a name -------------------------------------------------------------------------- */

grove_status grove_row_file_temporary(const grove_row_file_plan *plan, const char *folder,
                                      grove_row_file **file, grove_error *error) {
    *file = NULL;
    FILE *stream = grove_temporary_open(folder, &plan->schema->allocator, error);
    if (!stream) {
        return error ? error->status : GROVE_NO_FILE;
    }
    errno = 0;
    grove_status status = grove_row_file_write(plan, grove_csv_to_file, stream, error);
    if (status == GROVE_NO_FILE || (status == GROVE_OK && fflush(stream) != 0)) {
        status = grove_temporary_failed(folder, "rows", errno, error);
    }
    if (status != GROVE_OK) {
        fclose(stream);
        return status;
    }
    return grove_row_file_take(stream, folder, plan, file, error);
}
