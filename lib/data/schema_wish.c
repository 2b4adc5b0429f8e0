/* SPDX-License-Identifier: MIT
 *
 * What was asked for of columns whose kind is not to be guessed. */
#include "schema_wish.h"

#include "base/error.h"
#include "message.h"
#include "table.h"
#include "target.h"

static grove_status ask_for(const grove_table *table, const char *const *names, size_t count,
                            grove_column_kind kind, grove_column_asked *wanted,
                            grove_error *error) {
    for (size_t i = 0; i < count; i++) {
        int column = grove_table_find(table, names[i]);
        if (column < 0) {
            return grove_no_column(table, names[i], error);
        }
        int before = wanted[column].kind;
        if (before != GROVE_TO_GUESS && before != (int)kind) {
            char quoted[GROVE_QUOTE_SIZE];
            return grove_fail(error, GROVE_BAD_ARGUMENT, "column %s cannot be both %s and %s",
                              grove_quote_text(quoted, names[i]),
                              grove_column_kind_name((grove_column_kind)before),
                              grove_column_kind_name(kind));
        }
        wanted[column].kind = (int)kind;
    }
    return GROVE_OK;
}

/* What stands in the lists goes before a wish. */
static grove_status add_wishes(const grove_table *table, const grove_schema_options *options,
                               grove_column_asked *wanted, grove_error *error) {
    for (size_t i = 0; i < options->wish_count; i++) {
        const grove_column_wish *own = &options->wishes[i];
        int column = grove_table_find(table, own->name);
        if (column < 0) {
            return grove_no_column(table, own->name, error);
        }
        grove_column_asked *w = &wanted[column];
        if (w->own) {
            char quoted[GROVE_QUOTE_SIZE];
            return grove_fail(error, GROVE_BAD_ARGUMENT, "column %s is wished for twice",
                              grove_quote_text(quoted, own->name));
        }
        if (w->kind == GROVE_TO_GUESS || w->kind == (int)own->kind) {
            *w = (grove_column_asked){.kind = (int)own->kind, .form = &own->form, .own = true};
        }
    }
    return GROVE_OK;
}

grove_status grove_read_wishes(const grove_table *table, const grove_schema_options *options,
                               grove_column_asked *wanted, grove_error *error) {
    for (size_t i = 0; i < table->columns; i++) {
        wanted[i] = (grove_column_asked){.kind = GROVE_TO_GUESS};
    }
    const struct {
        const char *const *names;
        size_t count;
        grove_column_kind kind;
    } lists[] = {
        {&options->label, options->label != NULL, grove_target_column(options->target)},
        {options->categorical, options->categorical_count, GROVE_COLUMN_CATEGORICAL},
        {options->numeric, options->numeric_count, GROVE_COLUMN_NUMERIC},
        {options->ignore, options->ignore_count, GROVE_COLUMN_IGNORED},
    };
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && status == GROVE_OK; i++) {
        status = ask_for(table, lists[i].names, lists[i].count, lists[i].kind, wanted, error);
    }
    return status == GROVE_OK ? add_wishes(table, options, wanted, error) : status;
}
