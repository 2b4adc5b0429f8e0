/* SPDX-License-Identifier: MIT */
#include "leaks.h"

#include <string.h>

static void describe(char *text, size_t size, const char *name, const grove_leak *leak,
                     bool classes, const char *measured) {
    char rows[40], other[40];
    int used;
    with_commas(rows, (int64_t)leak->rows);
    switch (leak->kind) {
    case GROVE_LEAK_ID:
        snprintf(text, size,
                 "column '%.80s' is nearly an id: %.1f %% of %s cells say no more than which row "
                 "this is; --ignore leaves it out",
                 name, 100 * leak->share, rows);
        return;
    case GROVE_LEAK_TWINS:
        used = snprintf(text, size,
                        "%s %s rows (%.1f %%) have the same cells as a training row, so measures "
                        "may be better than on new rows",
                        rows, measured, 100 * leak->share);
        if (classes && used >= 0 && (size_t)used < size) {
            snprintf(text + used, size - (size_t)used,
                     "; %s of them have another label than most of those",
                     with_commas(other, (int64_t)leak->other_label));
        }
        return;
    default:
        snprintf(text, size,
                 leak->is_auc ? "column '%.80s' tells the label by itself (ROC AUC %.4f): is it "
                                "known of new rows?"
                              : "column '%.80s' tells the label by itself (%.1f %% of its "
                                "entropy): is it known of new rows?",
                 name, leak->is_auc ? leak->share : 100 * leak->share);
    }
}

void print_leaks(const char *command, const grove_table *table, const grove_leaks *leaks,
                 bool classes, const char *measured) {
    for (size_t i = 0; i < leaks->count; i++) {
        const grove_leak *leak = &leaks->list[i];
        char text[400];
        describe(text, sizeof text,
                 leak->column < 0 ? "" : grove_table_name(table, (size_t)leak->column), leak,
                 classes, measured);
        fprintf(stderr, "grove %s: warning: ", command);
        print_plain(stderr, text);
        fputc('\n', stderr);
    }
}

json_t *json_leaks(const grove_table *table, const grove_leaks *leaks, bool classes) {
    json_t *list = json_array();
    for (size_t i = 0; i < leaks->count; i++) {
        const grove_leak *leak = &leaks->list[i];
        const char *name = leak->column < 0 ? "" : grove_table_name(table, (size_t)leak->column);
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:s, s:f, s:I, s:o}", "kind", grove_leak_name(leak->kind),
                      "column", leak->column < 0 ? json_null() : json_text(name, strlen(name)),
                      "measure", leak->is_auc ? "roc_auc" : "share", "share", leak->share, "rows",
                      (json_int_t)leak->rows, "other_label",
                      classes ? json_integer((json_int_t)leak->other_label) : json_null()));
    }
    return list;
}
