/* SPDX-License-Identifier: MIT */
#include "unknown.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

/* ---- --unknown ------------------------------------------------------------------------------- */

static bool read_policy(const char *word, grove_unknown_policy *policy) {
    for (int i = 0; i < GROVE_UNKNOWN_POLICIES; i++) {
        if (strcmp(word, grove_unknown_policy_name((grove_unknown_policy)i)) == 0) {
            *policy = (grove_unknown_policy)i;
            return true;
        }
    }
    return false;
}

static int refuse_column(const char *command, const answers *a, const char *name) {
    char meant[SUGGESTION_SIZE], sentence[400];
    suggestion near = {.wanted = name};
    for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
        consider(&near, grove_schema_name(a->schema, i));
    }
    snprintf(sentence, sizeof sentence, "--unknown: the model has no column '%.100s'%s", name,
             in_words(meant, &near, ""));
    return complain(command, EXIT_USAGE, sentence);
}

/* "error", or "city=error". */
static int read_item(const char *command, answers *a, const char *item) {
    char name[300], sentence[400];
    const char *sign = strrchr(item, '=');
    grove_unknown_policy policy;
    if (!read_policy(sign ? sign + 1 : item, &policy)) {
        snprintf(sentence, sizeof sentence,
                 "--unknown takes unknown, error or missing, for all columns or as COLUMN=error, "
                 "not '%.100s'",
                 item);
        return complain(command, EXIT_USAGE, sentence);
    }
    if (!sign) {
        for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
            a->policies[i] = policy;
        }
        return EXIT_DONE;
    }
    snprintf(name, sizeof name, "%.*s", (int)(sign - item), item);
    const int column = grove_schema_column(a->schema, name);
    if (column < 0) {
        return refuse_column(command, a, name);
    }
    a->policies[column] = policy;
    return EXIT_DONE;
}

int settle_unknown(const char *command, const options *o, const grove_table *table, answers *a) {
    grove_error error = {0};
    int code = EXIT_DONE;
    const bool first = !a->policies;
    if (first) {
        a->policies = calloc(grove_schema_columns(a->schema) + 1, sizeof *a->policies);
    }
    free(a->unknown_rows);
    a->unknown_rows = calloc(a->rows + 1, sizeof *a->unknown_rows);
    if (!a->policies || !a->unknown_rows) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t i = 0; i < o->unknown.count && first && code == EXIT_DONE; i++) {
        code = read_item(command, a, o->unknown.items[i]);
    }
    if (code == EXIT_DONE && grove_dataset_settle_unknown(a->data, a->schema, table, a->policies,
                                                          a->unknown_rows, &error) != GROVE_OK) {
        code = complain(command, code_of_data(error.status), error.message);
    }
    return code;
}

/* ---- counts ---------------------------------------------------------------------------------- */

static int64_t all_unknown(const answers *a) {
    int64_t sum = 0;
    for (size_t i = 0; i < grove_schema_columns(a->schema) && a->unknown; i++) {
        sum += a->unknown[i];
    }
    return sum;
}

double unknown_share(const answers *a) {
    return a->cells ? (double)all_unknown(a) / (double)a->cells : 0;
}

bool note_unknown(answers *a) {
    const size_t columns = grove_schema_columns(a->schema);
    a->unknown = a->unknown ? a->unknown : calloc(columns + 1, sizeof *a->unknown);
    for (size_t i = 0; i < columns && a->unknown; i++) {
        a->unknown[i] += grove_dataset_unknown(a->data, i);
    }
    a->cells += grove_dataset_cells(a->data);
    return a->unknown != NULL;
}

static size_t rows_with(const answers *a) {
    size_t count = 0;
    for (size_t i = 0; i < a->rows; i++) {
        count += a->unknown_rows[i];
    }
    return count;
}

void report_unknown(const char *command, const answers *a) {
    int64_t all = all_unknown(a);
    const char *between = ":";
    if (all == 0) {
        return;
    }
    fprintf(stderr,
            "grove %s: %" PRId64 " of %" PRId64 " cells (%.2f %%) hold what training did "
            "not see",
            command, all, a->cells, 100 * unknown_share(a));
    for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
        int64_t unknown = a->unknown[i];
        if (unknown > 0) {
            fprintf(stderr, "%s ", between);
            print_plain(stderr, grove_schema_name(a->schema, i));
            fprintf(stderr, " %" PRId64, unknown);
            between = ",";
        }
    }
    fprintf(stderr, "\n");
}

json_t *json_unknown(const answers *a) {
    json_t *columns = json_array();
    for (size_t i = 0; i < grove_schema_columns(a->schema); i++) {
        const int64_t unknown = a->unknown[i];
        const char *name = grove_schema_name(a->schema, i);
        if (unknown > 0) {
            json_array_append_new(columns, json_pack("{s:o, s:I, s:s}", "column",
                                                     json_text(name, strlen(name)), "cells",
                                                     (json_int_t)unknown, "policy",
                                                     grove_unknown_policy_name(a->policies[i])));
        }
    }
    return json_pack("{s:I, s:o, s:I, s:o}", "cells", (json_int_t)all_unknown(a), "share",
                     json_number(unknown_share(a)), "rows", (json_int_t)rows_with(a), "columns",
                     columns);
}

/* ---- measures -------------------------------------------------------------------------------- */

int measure_unknown(const char *command, const answers *a, unknown_metrics *metrics) {
    *metrics = (unknown_metrics){.with = {.rows = 0}};
    size_t *rows = calloc(a->rows + 1, sizeof *rows);
    int code = rows ? EXIT_DONE : complain(command, EXIT_RUN_TIME, "out of memory");
    for (int with = 0; with < 2 && code == EXIT_DONE; with++) {
        size_t count = 0;
        for (size_t i = 0; i < a->rows; i++) {
            if (a->unknown_rows[i] == (with == 1)) {
                rows[count++] = i;
            }
        }
        if (count > 0) {
            code =
                measure_answers(command, a, rows, count, with ? &metrics->with : &metrics->without);
        }
    }
    free(rows);
    return code;
}

void print_unknown_metrics(const answers *a, const unknown_metrics *m) {
    char rows[40];
    printf("unknown cells      %.2f %%\n", 100 * unknown_share(a));
    if (m->with.rows == 0) {
        return;
    }
    const bool numbers = a->numbers != NULL;
    printf("  %s of %s row%s with such cells: %.4g", numbers ? "mean absolute error" : "accuracy",
           with_commas(rows, (int64_t)m->with.rows), m->with.rows == 1 ? "" : "s",
           numbers ? m->with.mean_absolute_error : m->with.accuracy);
    if (m->without.rows > 0) {
        printf("; of the rest: %.4g",
               numbers ? m->without.mean_absolute_error : m->without.accuracy);
    }
    printf("\n");
}

json_t *json_measured_unknown(const answers *a) {
    unknown_metrics m;
    json_t *object = json_unknown(a);
    if (measure_unknown("evaluate", a, &m) != EXIT_DONE) {
        json_decref(object);
        return NULL;
    }
    json_object_set_new(object, "with_unknown",
                        m.with.rows > 0 ? json_metrics(&m.with) : json_null());
    json_object_set_new(object, "without_unknown",
                        m.without.rows > 0 ? json_metrics(&m.without) : json_null());
    return object;
}
