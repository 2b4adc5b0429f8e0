/* SPDX-License-Identifier: MIT
 *
 * weights.h - how much rows and classes count, as --weight-column and --class-weight say.
 */
#ifndef TOOLS_WEIGHTS_H
#define TOOLS_WEIGHTS_H

#include "common.h"

/* All zero where nothing was asked for; to be freed in any case. */
typedef struct weights {
    float *rows, *valid_rows; /* of the tables, row by row; NULL: they count alike */
    float *classes;           /* [classes]; likewise */
} weights;

/* Weights of the rows of both tables (valid_table may be NULL; both, where the rows are in a file,
 * which has none of --weight-column), and of the classes of the schema,
 * which is fitted; "balanced" ones from what the rows of `train` weigh. */
grove_status make_weights(const options *o, const grove_table *table,
                          const grove_table *valid_table, const grove_schema *schema,
                          const grove_rows *train, weights *w, grove_error *error);
void free_weights(weights *w);

/* Lines about which weights were used, if any were. */
void print_weights(const options *o, const grove_schema *schema, const weights *w);
void print_weights_of_rounds(const options *o); /* the same of cv, where they differ by round */
/* {"column":..., "class_weight":..., "classes":[{"class":..., "weight":...}]}; null without any.
 * Of several rounds, w NULL: without classes. */
json_t *json_weights(const options *o, const grove_schema *schema, const weights *w);

#endif
