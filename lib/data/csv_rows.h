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
    GROVE_CSV_CLOSED_BLANK, /* blanks behind it */
    GROVE_CSV_COMMENT       /* a line that is passed over */
} grove_csv_cell_state;

typedef struct grove_csv_reader {
    grove_table *table;
    bool no_header, trim;
    bool guess;   /* the separator: from the first bytes */
    char comment; /* 0: there are none */
    size_t skip;  /* so many lines */
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
    size_t max_bad_rows;        /* so many rows of too many or too few cells are passed over */
    grove_status status;        /* the first mistake; nothing is read after it */
    grove_error *error;
} grove_csv_reader;

/* Makes the table, which is the caller's from then on. The options are checked. */
grove_status grove_csv_begin(grove_csv_reader *r, const char *name,
                             const grove_csv_options *options, grove_error *error);
/* Takes the first bytes, which tell the separator; `whole`: nothing comes behind them. */
void grove_csv_feed_first(grove_csv_reader *r, const char *bytes, size_t size, bool whole);
/* Takes the next bytes of the file. */
void grove_csv_feed(grove_csv_reader *r, const char *bytes, size_t size);
/* There are no more. */
void grove_csv_finish(grove_csv_reader *r);
void grove_csv_out_of_memory(grove_csv_reader *r, size_t size);
void grove_csv_separate_by(grove_csv_reader *r, char separator);

/* Comma, semicolon, tab or '|': what gives the same number of cells, above one, to the most of the
 * first lines, and to more than half of them; the first of these where two do. Tab goes before all
 * where the name ends in .tsv. Comma where there seems to be one column. `whole`: nothing comes
 * behind these bytes. */
char grove_csv_guess_separator(const grove_csv_reader *r, const char *bytes, size_t size,
                               bool whole);

#endif
