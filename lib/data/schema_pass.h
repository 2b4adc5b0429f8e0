/* SPDX-License-Identifier: MIT
 * data/schema_pass.h - guessing and fitting, block by block: a table that is whole is one block.
 *
 *     begin with the names of the columns, add each block, end; free in any case
 *
 * A block is a table of the same columns. Rows are counted in their block, so what is wrong with
 * a row is told while its block is there: of several mistakes in a block the one in the first
 * column. */
#ifndef GROVE_DATA_SCHEMA_PASS_H
#define GROVE_DATA_SCHEMA_PASS_H

#include "schema_wish.h"

typedef struct grove_guess {
    grove_schema_options options;
    struct grove_survey *surveys; /* [columns] */
    grove_column_asked *wanted;   /* [columns] */
    size_t columns, rows;
} grove_guess;

grove_status grove_guess_begin(grove_guess *g, const grove_table *names,
                               const grove_schema_options *options, grove_error *error);
grove_status grove_guess_add(grove_guess *g, const grove_table *block, grove_error *error);
grove_status grove_guess_end(grove_guess *g, const grove_table *names, grove_schema **schema,
                             grove_error *error);
void grove_guess_free(grove_guess *g);

/* The bytes of the values that are held; *column: the one that has the most of them. */
size_t grove_guess_bytes(const grove_guess *g, size_t *column);

/* Have values of a column passed by that ought to be counted? It looked like numbers with a
 * fraction, of which none are kept, until a cell was met that is none. Then all blocks must be
 * added once more: grove_guess_again forgets what was seen, and knows that column now. */
bool grove_guess_missed(const grove_guess *g);
void grove_guess_again(grove_guess *g);

/* Of a column of `cells` whole numbers, `zeros` of which are "0", with these values of at most 15
 * digits: are they codes? *codes tells; false when memory is short. */
bool grove_look_for_codes(const grove_strings *values, size_t cells, size_t zeros,
                          const grove_allocator *memory, bool *codes);

typedef struct grove_fitting {
    grove_schema *schema;
    struct grove_notes *notes; /* [columns of the schema] */
    size_t rows;               /* that were added */
} grove_fitting;

grove_status grove_fitting_begin(grove_fitting *f, grove_schema *schema, const grove_table *names,
                                 grove_error *error);
/* Rows [count] of the block; NULL: the first count. */
grove_status grove_fitting_add(grove_fitting *f, const grove_table *block, const size_t *rows,
                               size_t count, grove_error *error);
grove_status grove_fitting_end(grove_fitting *f, const grove_table *names, grove_error *error);
void grove_fitting_free(grove_fitting *f);
size_t grove_fitting_bytes(const grove_fitting *f, size_t *column);

#endif
