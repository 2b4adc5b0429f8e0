/* SPDX-License-Identifier: MIT
 *
 * sets.h - labels of several classes: as text, as a matrix, and what of them a model does not know.
 */
#ifndef TOOLS_SETS_H
#define TOOLS_SETS_H

#include "common.h"

/* How the cells of the label are read, where they hold several classes: as --label-split says, or
 * the schema file. It points into the options. */
grove_column_form form_of_sets(const options *o);

/* Those of all rows of a table, whatever its other columns are. Zero it; to be freed. */
typedef struct label_sets {
    grove_schema *schema; /* of the label alone */
    grove_dataset *data;
} label_sets;
grove_status read_sets(const options *o, const grove_table *table, label_sets *sets,
                       grove_error *error);
void free_sets(label_sets *sets);

/* A table of as many rows with one column, STRATUM: the rarest class of each row, so that to draw
 * class by class of it spreads rare ones. */
#define STRATUM "the rarest class"
grove_status strata_of_sets(const label_sets *sets, grove_table **strata, grove_error *error);

/* The classes among [classes] that the flags say, in their order, with the label's split between
 * them: to be freed; NULL when memory is short. */
char *set_text(const grove_schema *schema, const unsigned char *flags, size_t classes);

/* Those of a row's probabilities that reach the threshold (0: the usual one). */
void answer_set(const float *probabilities, size_t classes, double threshold, unsigned char *flags);
double threshold_of(const options *o);

/* Flags [rows, classes] of what rows [count] (NULL: the first) have, and [classes] of the schema's
 * usual set; to be freed. NULL when memory is short. */
unsigned char *truth_of_sets(const grove_dataset *data, const size_t *rows, size_t count,
                             size_t classes);
unsigned char *usual_set(const grove_schema *schema, size_t classes);

/* One line on stderr, if there are any: which rows do not have them, and what that means. */
void tell_unknown_classes(const char *command, const grove_dataset *data, const char *who,
                          const char *meaning);
/* {"labels":..., "rows":...} */
json_t *json_unknown_classes(const grove_dataset *data);

#endif
