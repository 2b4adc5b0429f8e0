/* SPDX-License-Identifier: MIT
 *
 * freeze.c - rows of a table that training leaves as they are.
 *
 * A state of the table says for each row its own number, or GROVE_NOBODY if it is frozen. A
 * row-sparse gradient scatter_rows(ids, values) becomes scatter_rows(map_ids(ids, state), values):
 * then no update finds a frozen row in its list. A dense gradient becomes the scatter of all the
 * other rows, each named once, so that the update by rows does what the dense one would. What goes
 * over all rows without a list (grove_settle) goes by their clocks.
 */
#include "freeze.h"

#include <inttypes.h>
#include <string.h>

#include "grove/embeddings.h"
#include "layer.h"

static grove_tensor find_part(grove_tensor table, const char *part) {
    grove_part_name name;
    return grove_find(table.graph, grove_part(&name, grove_node_name(table), part));
}

static grove_tensor make_part(grove_tensor table, const char *part, int64_t count) {
    grove_part_name name;
    grove_part(&name, grove_node_name(table), part);
    return grove_state(table.graph, name.text, GROVE_ID, GROVE_SHAPE(count));
}

/* [rows]: the row's own number, or GROVE_NOBODY; NULL where no row was ever frozen. */
static grove_id *map_of(grove_tensor table) {
    return grove_parameter_data(find_part(table, "row_or_nobody"));
}

static size_t rows_of(grove_tensor table) {
    return (size_t)grove_node_shape(table).dim[0];
}

/* ---- freezing -------------------------------------------------------------------------------- */

static grove_status refuse(grove_tensor table, const char *words) {
    grove_mistake(table.graph, GROVE_BAD_ARGUMENT, "freeze_rows: '%s' %s", grove_node_name(table),
                  words);
    return GROVE_BAD_ARGUMENT;
}

static grove_status check(grove_tensor table, const grove_id *rows, size_t count) {
    if (!grove_parameter_is_trainable(table) || grove_node_shape(table).rank != 2) {
        return refuse(table, "is no table: a parameter [rows, width] is wanted");
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i] < 0 || (size_t)rows[i] >= rows_of(table)) {
            char words[96];
            snprintf(words, sizeof words, "has the rows from 0 to %" PRId64 ", and no row %" PRId32,
                     grove_node_shape(table).dim[0] - 1, rows[i]);
            return refuse(table, words);
        }
    }
    return GROVE_OK;
}

static grove_id *make_map(grove_tensor table) {
    grove_id *map =
        grove_parameter_data(make_part(table, "row_or_nobody", (int64_t)rows_of(table)));
    for (size_t i = 0; map && i < rows_of(table); i++) {
        map[i] = (grove_id)i;
    }
    return map;
}

grove_status grove_freeze_rows(grove_tensor table, const grove_id *rows, size_t count) {
    if (!grove_is_valid(table)) {
        return table.graph ? grove_graph_error(table.graph)->status : GROVE_BAD_ARGUMENT;
    }
    grove_status status = check(table, rows, count);
    if (status != GROVE_OK) {
        return status;
    }
    grove_id *map = map_of(table);
    map = map ? map : make_map(table);
    if (!map) {
        return grove_graph_error(table.graph)->status;
    }
    for (size_t i = 0; i < count; i++) {
        map[rows[i]] = GROVE_NOBODY;
    }
    return GROVE_OK;
}

size_t grove_frozen_rows(grove_tensor table) {
    const grove_id *map = grove_is_valid(table) ? map_of(table) : NULL;
    size_t frozen = 0;
    for (size_t i = 0; map && i < rows_of(table); i++) {
        frozen += map[i] == GROVE_NOBODY;
    }
    return frozen;
}

/* ---- for optimizers -------------------------------------------------------------------------- */

/* A state [trained] with the numbers of all rows that are not frozen. */
static grove_tensor trained_rows(grove_tensor table) {
    grove_tensor list = find_part(table, "trained_rows");
    if (grove_is_valid(list)) {
        return list;
    }
    size_t rows = rows_of(table), at = 0;
    list = make_part(table, "trained_rows", (int64_t)(rows - grove_frozen_rows(table)));
    const grove_id *map = map_of(table);
    grove_id *numbers = grove_parameter_data(list);
    for (size_t i = 0; numbers && i < rows; i++) {
        if (map[i] != GROVE_NOBODY) {
            numbers[at++] = map[i];
        }
    }
    return list;
}

grove_tensor grove_without_frozen_rows(grove_tensor parameter, grove_tensor gradient) {
    if (grove_frozen_rows(parameter) == 0) {
        return gradient;
    }
    grove_tensor ids, values;
    if (strcmp(grove_node_op(gradient), "scatter_rows") == 0) {
        ids = grove_map_ids(grove_node_input(gradient, 0), find_part(parameter, "row_or_nobody"));
        values = grove_node_input(gradient, 1);
    } else {
        ids = trained_rows(parameter);
        values = grove_embedding(gradient, ids);
    }
    return grove_scatter_rows(ids, values, grove_node_shape(parameter).dim[0]);
}

void grove_stop_frozen_clocks(grove_tensor parameter, grove_tensor clock) {
    const grove_id *map = map_of(parameter);
    grove_id *last = grove_parameter_data(clock);
    for (size_t i = 0; map && last && i < rows_of(parameter); i++) {
        if (map[i] == GROVE_NOBODY) {
            last[i] = INT32_MAX;
        }
    }
}
