/* SPDX-License-Identifier: MIT
 * data/schema_wish.h - what was asked for of columns, for guessing the others. */
#ifndef GROVE_DATA_SCHEMA_WISH_H
#define GROVE_DATA_SCHEMA_WISH_H

#include "schema.h"

/* Of one column. */
typedef struct grove_column_asked {
    int kind;                      /* GROVE_TO_GUESS: nothing */
    bool own;                      /* the form is its own, not that of all columns */
    const grove_column_form *form; /* of its own */
} grove_column_asked;
enum { GROVE_TO_GUESS = -1 };

/* wanted [columns of the table] by the lists and wishes of the options. */
grove_status grove_read_wishes(const grove_table *table, const grove_schema_options *options,
                               grove_column_asked *wanted, grove_error *error);

#endif
