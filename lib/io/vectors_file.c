/* SPDX-License-Identifier: MIT
 *
 * From the vectors of a file to the rows of a table. */
#include "grove/vectors_file.h"

#include "base/error.h"
#include "base/memory.h"

grove_status grove_load_vectors(grove_tensor table, const grove_cell *tokens, size_t count,
                                const char *path, grove_vector_coverage *coverage,
                                grove_error *error) {
    grove_shape shape = grove_node_shape(table);
    grove_allocator allocator = grove_graph_allocator(table.graph);
    if (!grove_parameter_data(table) || grove_node_type(table) != GROVE_REAL || shape.rank != 2) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "vectors are loaded into a table, a parameter [rows, width]: "
                          "this is none");
    }
    if (count > (size_t)shape.dim[0]) {
        char text[96];
        return grove_fail(error, GROVE_BAD_SHAPE,
                          "there are %zu tokens; the table '%.80s' has the shape %s", count,
                          grove_node_name(table), grove_shape_text(shape, text, sizeof text));
    }
    grove_vector_rows rows = {tokens, count, (size_t)shape.dim[1], grove_parameter_data(table)};
    return grove_read_vectors(path, &rows, &allocator, coverage, error);
}

grove_status grove_load_vectors_of_column(grove_tensor table, const grove_schema *schema,
                                          size_t column, const char *path,
                                          grove_vector_coverage *coverage, grove_error *error) {
    enum { VALUES_FROM = 2 }; /* ids 0 and 1 stand for unknown and missing */
    grove_allocator allocator = grove_graph_allocator(table.graph);
    size_t ids = (size_t)grove_schema_ids(schema, column);
    bool hashed = grove_schema_form(schema, column)->buckets > 0;
    if (grove_schema_kind(schema, column) != GROVE_COLUMN_CATEGORICAL || hashed ||
        ids < VALUES_FROM) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "column %zu, '%.80s', has no vocabulary: it must be a categorical one",
                          column, grove_schema_name(schema, column));
    }
    grove_cell *tokens = grove_alloc_zero(&allocator, ids, sizeof *tokens);
    if (!tokens) {
        return grove_fail_memory(error, ids * sizeof *tokens);
    }
    for (size_t id = VALUES_FROM; id < ids; id++) {
        tokens[id] = grove_schema_value(schema, column, (int32_t)id);
    }
    grove_status status = grove_load_vectors(table, tokens, ids, path, coverage, error);
    grove_release(&allocator, tokens);
    return status;
}
