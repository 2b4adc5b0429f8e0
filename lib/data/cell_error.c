/* SPDX-License-Identifier: MIT
 *
 * Sentences about one cell, in the one wording used by guess, fit and encode. */
#include <string.h>

#include "base/error.h"
#include "message.h"
#include "schema.h"
#include "table.h"

grove_status grove_bad_cell(const grove_table *table, size_t row, size_t column, const char *words,
                            grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE], value[GROVE_QUOTE_SIZE];
    return grove_fail(error, GROVE_BAD_DATA, "%s, column %s: %s %s",
                      grove_table_place(place, table, row),
                      grove_quote_text(name, table->names[column]),
                      grove_quote(value, grove_table_at(table, row, column)), words);
}

grove_status grove_no_label(const grove_table *table, size_t row, size_t column,
                            grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE];
    return grove_fail(error, GROVE_BAD_DATA, "%s, column %s: the label is missing",
                      grove_table_place(place, table, row),
                      grove_quote_text(name, table->names[column]));
}

grove_status grove_one_label(const grove_table *table, size_t column, grove_cell value,
                             grove_error *error) {
    char place[GROVE_PLACE_SIZE], name[GROVE_QUOTE_SIZE], quoted[GROVE_QUOTE_SIZE];
    return grove_fail(error, GROVE_BAD_DATA,
                      "%s, column %s: every row has the label %s; there is nothing to tell apart",
                      grove_place(place, table->source, 0),
                      grove_quote_text(name, table->names[column]), grove_quote(quoted, value));
}

grove_status grove_lacks_column(const grove_table *table, const char *name, grove_error *error) {
    char place[GROVE_PLACE_SIZE], quoted[GROVE_QUOTE_SIZE], list[GROVE_LIST_SIZE];
    size_t used = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const char *there = table->names[i];
        if (!grove_list_add(list, &used, (grove_cell){there, strlen(there)})) {
            break;
        }
    }
    return grove_fail(error, GROVE_BAD_DATA,
                      "%s has no column %s, which the model needs (it has %s)",
                      grove_place(place, table->source, 0), grove_quote_text(quoted, name), list);
}
