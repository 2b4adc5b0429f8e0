/* SPDX-License-Identifier: MIT */
#include "grove/data_unknown.h"

#include <string.h>

#include "base/error.h"
#include "dataset.h"
#include "schema.h"
#include "table.h"

static const char *const words[] = {
#define GROVE_UNKNOWN_POLICY_WORD(code, word) word,
    GROVE_UNKNOWN_POLICY_LIST(GROVE_UNKNOWN_POLICY_WORD)
#undef GROVE_UNKNOWN_POLICY_WORD
};

const char *grove_unknown_policy_name(grove_unknown_policy policy) {
    return (unsigned)policy < GROVE_UNKNOWN_POLICIES ? words[policy] : "";
}

bool grove_unknown_policy_from_name(const char *name, grove_unknown_policy *policy) {
    for (int i = 0; i < GROVE_UNKNOWN_POLICIES; i++) {
        if (strcmp(name, words[i]) == 0) {
            *policy = (grove_unknown_policy)i;
            return true;
        }
    }
    return false;
}

/* A column on its way. */
typedef struct settling {
    const grove_schema *schema;
    const grove_table *table;
    size_t column, position;
    grove_unknown_policy policy;
    bool *rows; /* or NULL */
} settling;

static grove_status refuse(const settling *s, size_t row, const char *words, grove_error *error) {
    return grove_bad_cell(s->table, row, s->position, words, error);
}

static void mark(const settling *s, size_t row) {
    if (s->rows) {
        s->rows[row] = true;
    }
}

static grove_status settle_ids(const settling *s, int32_t *ids, size_t rows, grove_error *error) {
    const bool as_missing = s->policy == GROVE_UNKNOWN_MISSING &&
                            grove_schema_count(s->schema, s->column, GROVE_MISSING_ID) > 0;
    for (size_t row = 0; row < rows; row++) {
        if (ids[row] != GROVE_UNKNOWN_ID) {
            continue;
        }
        if (s->policy == GROVE_UNKNOWN_ERROR) {
            return refuse(s, row, "is a category that training did not see", error);
        }
        mark(s, row);
        ids[row] = as_missing ? GROVE_MISSING_ID : GROVE_UNKNOWN_ID;
    }
    return GROVE_OK;
}

static grove_status settle_numbers(const settling *s, size_t rows, grove_error *error) {
    const grove_column *column = &s->schema->columns[s->column];
    for (size_t row = 0; row < rows && column->missing == 0; row++) {
        if (!grove_lacks(&column->form, grove_table_at(s->table, row, s->position))) {
            continue;
        }
        if (s->policy == GROVE_UNKNOWN_ERROR) {
            return refuse(s, row, "is missing, as no number of this column was in training", error);
        }
        mark(s, row);
    }
    return GROVE_OK;
}

grove_status grove_dataset_settle_unknown(grove_dataset *dataset, const grove_schema *schema,
                                          const grove_table *table,
                                          const grove_unknown_policy *policies, bool *rows,
                                          grove_error *error) {
    const size_t count = grove_dataset_rows(dataset);
    grove_status status = GROVE_OK;
    size_t categorical = 0;
    if (dataset->file) {
        return grove_fail(error, GROVE_UNSUPPORTED, "rows in a file cannot be settled anew");
    }
    for (size_t row = 0; row < count && rows; row++) {
        rows[row] = false;
    }
    for (size_t c = 0; c < schema->count && status == GROVE_OK; c++) {
        const grove_column_kind kind = schema->columns[c].kind;
        const int position = grove_table_find(table, schema->columns[c].name);
        const settling s = {.schema = schema,
                            .table = table,
                            .column = c,
                            .position = position < 0 ? 0 : (size_t)position,
                            .policy = policies ? policies[c] : schema->columns[c].form.unknown,
                            .rows = rows};
        if (kind == GROVE_COLUMN_CATEGORICAL) {
            status = settle_ids(&s, dataset->ids + categorical++ * count, count, error);
        } else if (kind == GROVE_COLUMN_NUMERIC && position >= 0) {
            status = settle_numbers(&s, count, error);
        }
    }
    return status;
}
