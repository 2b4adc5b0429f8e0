/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <string.h>

#include "profile.h"

enum { WORD = 4 };

/* ---- a table --------------------------------------------------------------------------------- */

/* Cells as text, with what ends each of them; where each ends and each row begins; encoded and
 * packed, a word a cell each; the order of rows, and their part. */
double table_memory(const grove_table *block, double file_bytes) {
    const size_t rows = grove_table_rows(block), columns = grove_table_columns(block);
    const double row_words = (double)((columns + 3) / 4 * 4);
    double text = 0;
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < columns; c++) {
            text += (double)grove_table_cell(block, row, c).length + 1;
        }
    }
    file_bytes = file_bytes > 0 ? file_bytes : text;
    const double all_rows = file_bytes * (double)rows / text, cells = all_rows * (double)columns;
    return file_bytes + cells * (8 + WORD) + all_rows * (8 + row_words * WORD + 8 + 8);
}

/* ---- the parts ------------------------------------------------------------------------------- */

/* Bytes, and for each value where it begins, how often it was met, and its place in the index. */
static double values_memory(const grove_schema *schema) {
    double sum = 0;
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        const grove_vocabulary v = grove_schema_vocabulary(schema, i);
        sum += (double)v.byte_count + (double)v.size * (8 + 8 + 16);
    }
    return sum;
}

static double classes_of(const job *j) {
    const int64_t ids = grove_schema_ids(j->schema, (size_t)grove_schema_label(j->schema));
    return ids > 0 ? (double)ids : 1;
}

/* Members stay, each with what its optimizer keeps, until they are joined to one more model. A
 * training on all rows comes on top of the model that was measured; and the best so far is kept. */
static double models_memory(const job *j) {
    const bool high = strcmp(j->o->effort, "high") == 0;
    const double members = j->o->members > 0 ? (double)j->o->members : high ? HIGH_MEMBERS : 1;
    const planned *p = &j->planned;
    return members * p->trained + (members > 1 ? members * p->model : 0) +
           (j->valid.count > 0 ? p->model : 0) + (j->settings.refit ? members * p->trained : 0);
}

static double rows_memory(const job *j) {
    enum { WINDOW = 64 * GROVE_BLOCK_ROWS };
    const double each = j->target == GROVE_TARGET_CLASS && classes_of(j) > 2
                            ? sizeof(grove_judged_row)
                            : classes_of(j) * WORD;
    const double answers = (double)j->valid.count * (each + WORD);
    if (!j->stream.source) {
        return answers + table_memory(j->table, 0) +
               (j->valid_table ? table_memory(j->valid_table, 0) : 0);
    }
    const double width = (double)grove_row_file_width(j->stream.rows) * WORD;
    return answers + WINDOW * (width + 16) + (double)j->train.count / GROVE_BLOCK_ROWS * 16;
}

memory_estimate estimate_memory(const job *j) {
    return (memory_estimate){.values = values_memory(j->schema),
                             .tables = models_memory(j),
                             .rows = rows_memory(j),
                             .step = j->planned.plans,
                             .process = PROCESS_MEMORY};
}

double all_of(const memory_estimate *e) {
    return e->values + e->tables + e->rows + e->step + e->process;
}

/* ---- in words -------------------------------------------------------------------------------- */

void print_estimate(const memory_estimate *e, double most) {
    fprintf(stderr,
            "memory: about %.1f MB: %.1f for values, %.1f for numbers that are trained and what "
            "the optimizer keeps, %.1f for rows, %.1f for a step, %.0f for the program",
            all_of(e) / 1e6, e->values / 1e6, e->tables / 1e6, e->rows / 1e6, e->step / 1e6,
            e->process / 1e6);
    if (most > 0) {
        fprintf(stderr, "; --max-memory is %.1f MB", most / 1e6);
    }
    fputc('\n', stderr);
}

json_t *json_memory_of(const memory_estimate *e, const job *j) {
    const double most = j->o->max_memory;
    return json_pack("{s:f, s:o, s:f, s:b, s:f, s:b}", "estimate_bytes", all_of(e), "limit_bytes",
                     most > 0 ? json_real(most) : json_null(), "peak_bytes", peak_memory(),
                     "streamed", j->stream.source != NULL, "row_bytes", j->stream.written,
                     "cache_used", j->stream.reused);
}

int check_memory(const memory_estimate *e, const job *j) {
    char sentence[400];
    if (j->planned.too_much) {
        snprintf(sentence, sizeof sentence,
                 "a model of these settings alone would take more than the %.1f MB of "
                 "--max-memory: --max-vocab, --hash-above and --embedding-dim make tables smaller",
                 j->o->max_memory / 1e6);
        return complain(j->command, EXIT_RUN_TIME, sentence);
    }
    if (j->o->max_memory == 0 || all_of(e) <= j->o->max_memory) {
        return EXIT_DONE;
    }
    snprintf(sentence, sizeof sentence,
             "training would take about %.1f MB (%.1f for values, %.1f for what is trained, %.1f "
             "for rows), more than the %.1f MB of --max-memory: --max-vocab, --hash-above and "
             "--embedding-dim make tables smaller, --valid-fraction the rows to validate on",
             all_of(e) / 1e6, e->values / 1e6, e->tables / 1e6, e->rows / 1e6,
             j->o->max_memory / 1e6);
    return complain(j->command, EXIT_RUN_TIME, sentence);
}
