/* SPDX-License-Identifier: MIT */
#include "unknown.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

/* ---- --unknown ------------------------------------------------------------------------------- */

static int refuse_column(const char *command, const grove_schema *schema, const char *name) {
    char meant[SUGGESTION_SIZE], sentence[400];
    suggestion near = {.wanted = name};
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        consider(&near, grove_schema_name(schema, i));
    }
    snprintf(sentence, sizeof sentence, "--unknown: there is no column '%.100s'%s", name,
             in_words(meant, &near, ""));
    return complain(command, EXIT_USAGE, sentence);
}

static bool can_be_unknown(const grove_schema *schema, size_t column) {
    const grove_column_kind kind = grove_schema_kind(schema, column);
    return kind == GROVE_COLUMN_CATEGORICAL || kind == GROVE_COLUMN_NUMERIC;
}

/* "error", or "city=error". */
static int read_item(const char *command, const grove_schema *schema, const char *item,
                     grove_unknown_policy *policies) {
    char name[300], sentence[400];
    const char *sign = strrchr(item, '=');
    grove_unknown_policy policy;
    if (!grove_unknown_policy_from_name(sign ? sign + 1 : item, &policy)) {
        snprintf(sentence, sizeof sentence,
                 "--unknown takes unknown, error or missing, for all columns or as COLUMN=error, "
                 "not '%.100s'",
                 item);
        return complain(command, EXIT_USAGE, sentence);
    }
    for (size_t i = 0; i < grove_schema_columns(schema) && !sign; i++) {
        policies[i] = can_be_unknown(schema, i) ? policy : GROVE_UNKNOWN_ROW;
    }
    if (!sign) {
        return EXIT_DONE;
    }
    snprintf(name, sizeof name, "%.*s", (int)(sign - item), item);
    const int column = grove_schema_column(schema, name);
    if (column < 0) {
        return refuse_column(command, schema, name);
    }
    if (!can_be_unknown(schema, (size_t)column)) {
        snprintf(sentence, sizeof sentence,
                 "--unknown: column '%.100s' is %s; only categorical and numeric columns have "
                 "cells that are unknown",
                 name, grove_column_kind_name(grove_schema_kind(schema, (size_t)column)));
        return complain(command, EXIT_USAGE, sentence);
    }
    policies[column] = policy;
    return EXIT_DONE;
}

/* Of all columns: as the schema says, unless --unknown does. To be freed; NULL with an exit code
 * after a mistake. */
static grove_unknown_policy *read_policies(const char *command, const options *o,
                                           const grove_schema *schema, int *code) {
    const size_t columns = grove_schema_columns(schema);
    grove_unknown_policy *policies = calloc(columns + 1, sizeof *policies);
    *code = policies ? EXIT_DONE : complain(command, EXIT_RUN_TIME, "out of memory");
    for (size_t i = 0; i < columns && policies; i++) {
        policies[i] = grove_schema_form(schema, i)->unknown;
    }
    for (size_t i = 0; i < o->unknown.count && *code == EXIT_DONE; i++) {
        *code = read_item(command, schema, o->unknown.items[i], policies);
    }
    if (*code != EXIT_DONE) {
        free(policies);
        policies = NULL;
    }
    return policies;
}

int keep_policies(const char *command, const options *o, grove_schema *schema) {
    int code;
    grove_error error = {0};
    grove_unknown_policy *policies = read_policies(command, o, schema, &code);
    for (size_t i = 0; i < grove_schema_columns(schema) && code == EXIT_DONE; i++) {
        grove_column_form form = *grove_schema_form(schema, i);
        form.unknown = policies[i];
        if (grove_schema_set_form(schema, i, &form, &error) != GROVE_OK) {
            code = complain(command, code_of_data(error.status), error.message);
        }
    }
    free(policies);
    return code;
}

int settle_unknown(const char *command, const options *o, const grove_table *table, answers *a) {
    grove_error error = {0};
    int code = EXIT_DONE;
    if (!a->policies) {
        a->policies = read_policies(command, o, a->schema, &code);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    free(a->unknown_rows);
    a->unknown_rows = calloc(a->rows + 1, sizeof *a->unknown_rows);
    if (!a->unknown_rows) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    if (grove_dataset_settle_unknown(a->data, a->schema, table, a->policies, a->unknown_rows,
                                     &error) != GROVE_OK) {
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
