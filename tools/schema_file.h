/* SPDX-License-Identifier: MIT
 *
 * schema_file.h - what columns mean, as a JSON file that inspect writes, a person edits, and train
 * reads:
 *
 *     {"schema": 1,
 *      "columns": [
 *        {"name": "species", "type": "categorical", "reason": "text, 150 distinct values",
 *         "missing": [""], "min_count": null, "max_values": null, "hash": null},
 *        {"name": "height", "type": "numeric", "missing": ["", "NA"]}]}
 *
 * A bag has a "split" and a "combine" besides what a categorical column has, a text "lower",
 * "pairs" and "parts". A key that is left out, or null, is the default; a column that is left out
 * is guessed.
 */
#ifndef TOOLS_SCHEMA_FILE_H
#define TOOLS_SCHEMA_FILE_H

#include "common.h"

/* Columns as a file says; lives as long as the program. */
typedef struct schema_wishes {
    json_t *file; /* owns the texts */
    grove_column_wish *items;
    size_t count;
} schema_wishes;

/* Reads the file of --schema to o->wishes, and the label to o->label where it was not given.
 * Complains and returns an exit code on failure. */
int read_schema_file(const char *command, options *o);

/* Writes it, whole or not at all. */
int write_schema_file(const char *command, const char *path, const grove_schema *schema);

#endif
