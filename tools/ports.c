/* SPDX-License-Identifier: MIT */
#include "ports.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool ports_refuse(ports *p, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->why, sizeof p->why, format, arguments);
    va_end(arguments);
    p->code = code;
    return false;
}

/* ---- opening --------------------------------------------------------------------------------- */

void column_name(const port *p, size_t k, char *text, size_t size) {
    bool single = grove_node_shape(p->tensor).rank == 1;
    snprintf(text, size, single ? "%s" : "%s.%zu", p->name, k);
}

bool open_port(ports *all, port *p, grove_tensor tensor, int position) {
    char text[96];
    grove_shape shape = grove_node_shape(tensor);
    *p = (port){.tensor = tensor, .width = 1};
    snprintf(p->name, sizeof p->name, "%s", grove_node_name(tensor));
    if (!p->name[0]) {
        snprintf(p->name, sizeof p->name, "output%d", position);
    }
    for (int i = 1; i < shape.rank; i++) {
        p->width *= shape.dim[i] > 0 && p->width < 1000000 ? (size_t)shape.dim[i] : 0;
    }
    if (shape.rank >= 1 && shape.dim[0] == GROVE_BATCH && p->width > 0 && p->width < 1000000) {
        return true;
    }
    return ports_refuse(all, EXIT_BAD_MODEL,
                        "'%s' of the model has the shape %s; a table can only be run through "
                        "[batch, ...], fewer than a million numbers in a row",
                        p->name, grove_shape_text(shape, text, sizeof text));
}

static bool open_input(ports *all, grove_tensor tensor) {
    char name[300];
    port *p = &all->inputs[all->count];
    if (!open_port(all, p, tensor, 0)) {
        return false;
    }
    all->count++;
    p->columns = calloc(p->width, sizeof *p->columns);
    p->data = calloc(p->width * all->batch, sizeof(double));
    if (!p->columns || !p->data) {
        return ports_refuse(all, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t k = 0; k < p->width; k++) {
        column_name(p, k, name, sizeof name);
        p->columns[k] = grove_table_find(all->table, name);
        if (p->columns[k] < 0) {
            return ports_refuse(all, EXIT_BAD_DATA, "%s has no column '%s', which the model reads",
                                grove_table_source(all->table), name);
        }
    }
    return true;
}

bool open_inputs(ports *all) {
    const grove_graph *graph = grove_model_graph(all->model);
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        grove_tensor node = grove_node_at(graph, i);
        bool is_input = strcmp(grove_node_op(node), "input") == 0;
        if (is_input && all->count == MOST_PORTS) {
            return ports_refuse(all, EXIT_BAD_MODEL, "the model has more than %d inputs",
                                MOST_PORTS);
        }
        if (is_input && !open_input(all, node)) {
            return false;
        }
    }
    return true;
}

void close_inputs(ports *all) {
    for (int i = 0; i < all->count; i++) {
        free(all->inputs[i].columns);
        free(all->inputs[i].data);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool read_cell(ports *all, port *p, size_t place, size_t k, size_t row) {
    double value;
    size_t column = (size_t)p->columns[k];
    grove_cell cell = grove_table_cell(all->table, row, column);
    bool ids = grove_node_type(p->tensor) == GROVE_ID;
    bool good = grove_table_number(all->table, cell, &value) &&
                (!ids || (value == floor(value) && fabs(value) <= INT32_MAX));
    if (!good) {
        return ports_refuse(all, EXIT_BAD_DATA, "%s: %s %zu, column '%.80s': '%.80s' is no %s",
                            grove_table_source(all->table), grove_table_unit(all->table),
                            grove_table_line(all->table, row), grove_table_name(all->table, column),
                            cell.bytes, ids ? "id, a whole number" : "number");
    }
    if (ids) {
        ((grove_id *)p->data)[place * p->width + k] = (grove_id)value;
    } else {
        ((grove_real *)p->data)[place * p->width + k] = (grove_real)value;
    }
    return true;
}

bool read_rows(ports *all, const size_t *order, size_t begin, size_t count) {
    for (int i = 0; i < all->count; i++) {
        port *p = &all->inputs[i];
        for (size_t place = 0; place < all->batch; place++) {
            size_t at = place < count ? begin + place : begin;
            for (size_t k = 0; k < p->width; k++) {
                if (!read_cell(all, p, place, k, order ? order[at] : at)) {
                    return false;
                }
            }
        }
    }
    return true;
}
