/* SPDX-License-Identifier: MIT
 *
 * A source looked at: what its columns mean, and what encoding them needs. */
#include <string.h>

#include "base/error.h"
#include "grove/data_hash.h"
#include "grove/data_row_file.h"
#include "message.h"
#include "row_file.h"
#include "schema_pass.h"
#include "split.h"
#include "table.h"

bool grove_is_held_out(const grove_holdout *holdout, uint64_t row) {
    const double unit = (double)(grove_split_hash(holdout->seed, 0, row) >> 11) * 0x1p-53;
    return unit < holdout->share;
}

uint64_t grove_hash_block(const grove_table *block, uint64_t hash) {
    const size_t cells = block->rows * block->columns;
    hash = grove_hash(block->ends, cells * sizeof *block->ends, hash);
    return grove_hash(block->bytes, block->ends[cells - 1] + 1, hash);
}

/* What is done with each block of a reading. */
typedef struct reading {
    grove_source *source;
    grove_error *error;
    grove_status (*take)(void *user, const grove_table *block, uint64_t first_row,
                         grove_error *error);
    void *user;
    uint64_t rows, hash;
} reading;

static grove_status read_all(reading *r) {
    const grove_table *block;
    r->rows = 0;
    r->hash = 0;
    grove_status status = grove_source_rewind(r->source, r->error);
    while (status == GROVE_OK) {
        status = grove_source_next(r->source, &block, r->error);
        if (status != GROVE_OK || !block) {
            break;
        }
        r->hash = grove_hash_block(block, r->hash);
        status = r->take(r->user, block, r->rows, r->error);
        r->rows += block->rows;
    }
    return status;
}

/* ---- what is held ---------------------------------------------------------------------------- */

static grove_status too_much(const grove_table *names, size_t column, size_t bytes, uint64_t rows,
                             size_t limit, grove_error *error) {
    char place[GROVE_PLACE_SIZE], quoted[GROVE_QUOTE_SIZE];
    return grove_fail(
        error, GROVE_NO_MEMORY,
        "%s: after %llu rows the different values take %.1f MB, more than the %.1f MB "
        "there is for them; column %s has the most: it may be left out, or taken as "
        "numbers",
        grove_place(place, names->source, 0), (unsigned long long)rows, (double)bytes / 1e6,
        (double)limit / 1e6, grove_quote_text(quoted, names->names[column]));
}

/* ---- guessing -------------------------------------------------------------------------------- */

typedef struct guessing {
    grove_guess guess;
    const grove_schema_options *options;
    size_t limit;
    bool begun;
} guessing;

static grove_status guess_block(void *user, const grove_table *block, uint64_t first_row,
                                grove_error *error) {
    guessing *g = user;
    grove_status status = GROVE_OK;
    size_t column;
    if (!g->begun) {
        g->begun = true;
        status = grove_guess_begin(&g->guess, block, g->options, error);
    }
    if (status == GROVE_OK) {
        status = grove_guess_add(&g->guess, block, error);
    }
    const size_t bytes = status == GROVE_OK ? grove_guess_bytes(&g->guess, &column) : 0;
    return g->limit > 0 && bytes > g->limit
               ? too_much(block, column, bytes, first_row + block->rows, g->limit, error)
               : status;
}

static grove_status guess_source(reading *r, const grove_schema_options *options, size_t limit,
                                 grove_schema **schema) {
    guessing g = {.options = options, .limit = limit};
    r->take = guess_block;
    r->user = &g;
    grove_status status = read_all(r);
    if (status == GROVE_OK && grove_guess_missed(&g.guess)) {
        grove_guess_again(&g.guess);
        status = read_all(r);
    }
    if (status == GROVE_OK) {
        status = grove_guess_end(&g.guess, grove_source_table(r->source), schema, r->error);
    }
    if (g.begun) {
        grove_guess_free(&g.guess);
    }
    return status;
}

/* ---- fitting --------------------------------------------------------------------------------- */

typedef struct fitting {
    grove_fitting fitting;
    const grove_holdout *holdout;
    size_t *rows; /* [room] of the block, for training */
    size_t room, limit;
    uint64_t train_rows;
} fitting;

static grove_status fit_block(void *user, const grove_table *block, uint64_t first_row,
                              grove_error *error) {
    fitting *f = user;
    const grove_allocator *memory = &f->fitting.schema->allocator;
    size_t count = 0, column;
    if (block->rows > f->room) {
        size_t *rows = grove_resize(memory, f->rows, block->rows * sizeof *rows);
        if (!rows) {
            return grove_fail_memory(error, block->rows * sizeof *rows);
        }
        f->rows = rows;
        f->room = block->rows;
    }
    for (size_t i = 0; i < block->rows; i++) {
        f->rows[count] = i;
        count += !grove_is_held_out(f->holdout, first_row + i);
    }
    f->train_rows += count;
    grove_status status = grove_fitting_add(&f->fitting, block, f->rows, count, error);
    const size_t bytes = status == GROVE_OK ? grove_fitting_bytes(&f->fitting, &column) : 0;
    if (f->limit > 0 && bytes > f->limit) {
        const char *name = f->fitting.schema->columns[column].name;
        int position = grove_table_find(block, name);
        return too_much(block, position < 0 ? 0 : (size_t)position, bytes, first_row + block->rows,
                        f->limit, error);
    }
    return status;
}

static grove_status fit_source(reading *r, const grove_holdout *holdout, size_t limit,
                               grove_schema *schema, uint64_t *train_rows) {
    fitting f = {.holdout = holdout, .limit = limit};
    grove_status status =
        grove_fitting_begin(&f.fitting, schema, grove_source_table(r->source), r->error);
    r->take = fit_block;
    r->user = &f;
    if (status == GROVE_OK) {
        status = read_all(r);
    }
    if (status == GROVE_OK) {
        status = grove_fitting_end(&f.fitting, grove_source_table(r->source), r->error);
    }
    grove_fitting_free(&f.fitting);
    grove_release(&schema->allocator, f.rows);
    *train_rows = f.train_rows;
    return status;
}

/* ---- what a file of rows has a place for ---------------------------------------------------- */

/* A word for each cell: an id, a number or a label. */
static bool has_place(grove_column_kind kind) {
    return kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_NUMERIC ||
           kind == GROVE_COLUMN_LABEL || kind == GROVE_COLUMN_TARGET ||
           kind == GROVE_COLUMN_IGNORED;
}

static grove_status check_places(const grove_schema *schema, grove_error *error) {
    char quoted[GROVE_QUOTE_SIZE];
    for (size_t i = 0; i < schema->count; i++) {
        const grove_column *column = &schema->columns[i];
        if (column->kind == GROVE_COLUMN_LABELS) {
            return grove_fail(error, GROVE_UNSUPPORTED,
                              "column %s holds several labels a row, which have no place in a file "
                              "of rows: such a table is held in memory",
                              grove_quote_text(quoted, column->name));
        }
        if (!has_place(column->kind)) {
            return grove_fail(error, GROVE_UNSUPPORTED,
                              "column %s is taken as a %s, which has no place in a file of rows: "
                              "there, it may be left out, or taken as categorical",
                              grove_quote_text(quoted, column->name),
                              grove_column_kind_name(column->kind));
        }
    }
    return GROVE_OK;
}

/* ---- both ------------------------------------------------------------------------------------ */

grove_status grove_source_changed(const grove_source *source, grove_error *error) {
    char place[GROVE_PLACE_SIZE];
    return grove_fail(error, GROVE_BAD_DATA, "%s has changed while it was read",
                      grove_place(place, grove_source_table(source)->source, 0));
}

grove_status grove_survey_source(grove_source *source, const grove_schema_options *options,
                                 const grove_holdout *holdout, size_t limit, grove_schema **schema,
                                 grove_survey_result *result, grove_error *error) {
    reading r = {.source = source, .error = error};
    uint64_t train_rows = 0;
    *schema = NULL;
    *result = (grove_survey_result){0};
    grove_status status = grove_check_fraction(holdout->share, error);
    if (status == GROVE_OK) {
        status = guess_source(&r, options, limit, schema);
    }
    if (status == GROVE_OK) {
        status = check_places(*schema, error);
    }
    const uint64_t rows = r.rows, hash = r.hash;
    if (status == GROVE_OK) {
        status = fit_source(&r, holdout, limit, *schema, &train_rows);
    }
    if (status == GROVE_OK && (r.rows != rows || r.hash != hash)) {
        status = grove_source_changed(source, error);
    }
    if (status != GROVE_OK) {
        grove_schema_free(*schema);
        *schema = NULL;
        return status;
    }
    *result = (grove_survey_result){rows, train_rows, rows - train_rows, hash};
    return GROVE_OK;
}

static grove_status count_block(void *user, const grove_table *block, uint64_t first_row,
                                grove_error *error) {
    (void)user, (void)block, (void)first_row, (void)error;
    return GROVE_OK;
}

grove_status grove_count_source(grove_source *source, grove_survey_result *result,
                                grove_error *error) {
    reading r = {.source = source, .error = error, .take = count_block};
    grove_status status = read_all(&r);
    *result = (grove_survey_result){.rows = r.rows, .valid_rows = r.rows, .hash = r.hash};
    return status;
}
