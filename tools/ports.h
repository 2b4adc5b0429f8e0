/* SPDX-License-Identifier: MIT
 *
 * ports.h - the inputs of any graph that a program saved, filled from the columns of a table.
 */
#ifndef TOOLS_PORTS_H
#define TOOLS_PORTS_H

#include "common.h"

enum { MOST_PORTS = 64 };

/* A node whose rows go by the batch, and where its numbers are while a batch is worked on. */
typedef struct port {
    grove_tensor tensor;
    char name[256];
    size_t width; /* numbers in a row */
    int *columns; /* [width] of the table, for inputs */
    void *data;   /* [batch, width] grove_real or grove_id, for inputs */
} port;

/* An input [batch] called x reads the column x; an input [batch, 3] the columns x.0, x.1, x.2. Ids
 * are whole numbers, all else numbers. */
typedef struct ports {
    const grove_model *model;
    const grove_table *table;
    size_t batch;
    port inputs[MOST_PORTS];
    int count;
    int code; /* of the mistake that `why` tells */
    char why[600];
} ports;

/* Notes a mistake and returns false. */
GROVE_PRINTF(3, 4) bool ports_refuse(ports *p, int code, const char *format, ...);

/* Finds out what a row of this node is; `position` names it where it has no name. */
bool open_port(ports *all, port *p, grove_tensor tensor, int position);
/* All inputs of the model's graph: model, table and batch are set. To be closed in any case. */
bool open_inputs(ports *all);
void close_inputs(ports *all);

/* Reads rows order[begin]... of the table (NULL: begin...); places beyond `count` hold the first of
 * them again. */
bool read_rows(ports *all, const size_t *order, size_t begin, size_t count);

/* The column of the k-th number in a row. */
void column_name(const port *p, size_t k, char *text, size_t size);

#endif
