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

/* A row of a table, a weight: once, for the optimizer, as the best so far, as an average. */
static double copies(const grove_settings *s, bool validates) {
    const double kept = s->optimizer == GROVE_OPTIMIZER_SGD       ? 0
                        : s->optimizer == GROVE_OPTIMIZER_ADAGRAD ? 1
                        : s->optimizer == GROVE_OPTIMIZER_RMSPROP ? 1
                                                                  : 2;
    return 1 + kept + validates + (s->average > 0);
}

static double width_of_column(const job *j, int64_t ids) {
    return (double)(j->settings.embedding_width ? j->settings.embedding_width
                                                : grove_nn_embedding_width(ids));
}

static double classes_of(const job *j) {
    const int64_t ids = grove_schema_ids(j->schema, (size_t)grove_schema_label(j->schema));
    return ids > 0 ? (double)ids : 1;
}

/* Numbers of tables and layers; *inputs: of the first layer, *units: of all layers. */
static double parameters(const job *j, double *rows, double *inputs, double *units) {
    double sum = 0, before;
    *rows = 0;
    *inputs = (double)grove_schema_features(j->schema);
    for (size_t i = 0; i < grove_schema_categoricals(j->schema); i++) {
        const int64_t ids =
            grove_schema_ids(j->schema, (size_t)grove_schema_categorical(j->schema, i));
        *rows += (double)ids;
        *inputs += width_of_column(j, ids);
        sum += (double)ids * width_of_column(j, ids);
    }
    *units = 0;
    before = *inputs;
    for (int i = 0; i < j->settings.hidden_count; i++) {
        const double width = (double)j->settings.hidden[i];
        sum += (before + 1) * width;
        *units += width;
        before = width;
    }
    *units += classes_of(j);
    return sum + (before + 1) * classes_of(j);
}

static double rows_memory(const job *j) {
    enum { WINDOW = 64 * GROVE_BLOCK_ROWS };
    const double answers = (double)j->valid.count * (classes_of(j) + 1) * WORD;
    if (!j->stream.source) {
        return answers + table_memory(j->table, 0) +
               (j->valid_table ? table_memory(j->valid_table, 0) : 0);
    }
    const double width = (double)grove_row_file_width(j->stream.rows) * WORD;
    return answers + WINDOW * (width + 16) + (double)j->train.count / GROVE_BLOCK_ROWS * 16;
}

/* Results and their gradients live side by side; and where numbers are embedded, wider. */
static double step_memory(const job *j, double inputs, double units) {
    const double batch = (double)j->settings.batch;
    return batch * WORD * (4 * inputs + 4 * units) + 1e6;
}

memory_estimate estimate_memory(const job *j) {
    double rows, inputs, units;
    const double count = parameters(j, &rows, &inputs, &units);
    return (memory_estimate){.values = values_memory(j->schema),
                             .tables = count * WORD * copies(&j->settings, j->valid.count > 0) +
                                       rows * WORD,
                             .rows = rows_memory(j),
                             .step = step_memory(j, inputs, units),
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
