/* SPDX-License-Identifier: MIT
 * data/csv_rows.h - rows of a table out of the bytes of a CSV file, block by block.
 *
 * A state says what the cell under way is; a block may end anywhere in it. */
#ifndef GROVE_DATA_CSV_ROWS_H
#define GROVE_DATA_CSV_ROWS_H

#include "csv_run.h"
#include "grove/data_table.h"

typedef enum grove_csv_cell_state {
    GROVE_CSV_PLAIN,  /* outside quotes; perhaps nothing of the cell was seen */
    GROVE_CSV_QUOTED, /* within quotes */
    GROVE_CSV_CLOSED, /* a quote was met within quotes: it ends the cell, or a second one follows */
    GROVE_CSV_CLOSED_BLANK /* blanks behind it */
} grove_csv_cell_state;

typedef struct grove_csv_reader {
    grove_table *table;
    bool no_header, trim;
    char separator;
    grove_csv_run separators; /* where to stop outside quotes, and within */
    grove_csv_run quotes;
    bool started;               /* the first bytes were seen, a byte order mark skipped */
    const char *block;          /* the bytes under way */
    bool after_cr;              /* the block before them ended with a CR */
    grove_csv_cell_state state; /* of the cell under way */
    size_t length;              /* its bytes; they stand in the pool, behind the cells before it */
    size_t line;                /* the one under way, from 1 */
    size_t cell_line;           /* where the cell under way began */
    size_t row_line;            /* where the row under way began */
    size_t header_line;         /* where the row began that says how many cells there are */
    size_t row_cells;           /* of the row under way */
    grove_status status;        /* the first mistake; nothing is read after it */
    grove_error *error;
} grove_csv_reader;

/* Takes the next bytes of the file. */
void grove_csv_feed(grove_csv_reader *r, const char *bytes, size_t size);
/* There are no more. */
void grove_csv_finish(grove_csv_reader *r);
void grove_csv_out_of_memory(grove_csv_reader *r, size_t size);

#endif
