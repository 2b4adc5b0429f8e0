/* SPDX-License-Identifier: MIT */
#include "tables.h"

#include <inttypes.h>

typedef struct table_size {
    int64_t rows, width;
    int64_t rule; /* the width that the rule gives */
    bool is_text; /* which has a number for each class */
} table_size;

/* False for a column that has no table, or not in this graph. */
static bool size_of(const grove_schema *schema, size_t column, const grove_graph *graph,
                    table_size *size) {
    const grove_column_kind kind = grove_schema_kind(schema, column);
    if (kind == GROVE_COLUMN_NUMERIC || kind == GROVE_COLUMN_TARGET || kind == GROVE_COLUMN_LABEL ||
        kind == GROVE_COLUMN_LABELS || kind == GROVE_COLUMN_IGNORED ||
        (kind == GROVE_COLUMN_TEXT && !graph)) {
        return false;
    }
    int64_t rows = grove_schema_ids(schema, column), rule = grove_nn_embedding_width(rows);
    *size = (table_size){.rows = rows, .width = rule, .rule = rule};
    size->is_text = kind == GROVE_COLUMN_TEXT;
    if (graph) {
        char name[512];
        snprintf(name, sizeof name, "table.%s.weight", grove_schema_name(schema, column));
        grove_shape shape = grove_node_shape(grove_find(graph, name));
        if (shape.rank != 2) {
            return false;
        }
        size->rows = shape.dim[0];
        size->width = shape.dim[1];
    }
    return true;
}

/* "640 bytes", "1.9 kB", "2.5 MB" */
static const char *in_bytes(char text[40], double bytes) {
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    int unit = -1;
    for (; bytes >= 1000 && unit < 3; unit++) {
        bytes /= 1000;
    }
    snprintf(text, 40, unit < 0 ? "%.0f bytes" : "%.1f %s", bytes, unit < 0 ? "" : units[unit]);
    return text;
}

static void print_table(FILE *stream, const char *name, table_size size) {
    char rows[40], parameters[40], bytes[40];
    fprintf(stream, "table of '");
    print_plain(stream, name);
    fprintf(stream, "': %s rows x %" PRId64 " numbers = %s parameters, %s (",
            with_commas(rows, size.rows), size.width,
            with_commas(parameters, size.rows * size.width),
            in_bytes(bytes, (double)size.rows * (double)size.width * sizeof(grove_real)));
    if (size.is_text) {
        fprintf(stream, "a number for each class)\n");
    } else if (size.width == size.rule) {
        fprintf(stream, "width by the rule " GROVE_EMBEDDING_WIDTH_RULE ")\n");
    } else {
        fprintf(stream, "the rule " GROVE_EMBEDDING_WIDTH_RULE ", gives a width of %" PRId64 ")\n",
                size.rule);
    }
}

void print_tables(FILE *stream, const grove_schema *schema, const grove_graph *graph) {
    table_size size;
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        if (size_of(schema, i, graph, &size)) {
            print_table(stream, grove_schema_name(schema, i), size);
        }
    }
}

json_t *json_add_tables(json_t *columns, const grove_schema *schema, const grove_graph *graph) {
    table_size size;
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        if (size_of(schema, i, graph, &size)) {
            json_object_set_new(json_array_get(columns, i), "embedding",
                                json_pack("{s:I, s:I, s:I, s:s, s:I}", "rows",
                                          (json_int_t)size.rows, "width", (json_int_t)size.width,
                                          "parameters", (json_int_t)(size.rows * size.width),
                                          "rule", GROVE_EMBEDDING_WIDTH_RULE, "rule_width",
                                          (json_int_t)size.rule));
        }
    }
    return columns;
}
