/* SPDX-License-Identifier: MIT
 *
 * grove/data_sets.h - labels of several values: a row has any number of classes, also none.
 *
 * The cell "fruit;red;round" of such a column (GROVE_COLUMN_LABELS) names three classes; what
 * stands between them is its form's .split. Blanks around a class are dropped, one that stands
 * there twice counts once, and the empty cell is the empty set. Classes are in the order of data.h,
 * by number or by bytes; all that training rows have, unless the form has a .min_count or
 * .max_values. A class that the schema does not know is left out of a row's set, and counted.
 *
 * Ownership: a schema owns its usual set, a dataset its sets.
 */
#ifndef GROVE_DATA_SETS_H
#define GROVE_DATA_SETS_H

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Classes in rising order, each once. */
typedef struct grove_label_set {
    const int32_t *classes; /* [count] */
    size_t count;
} grove_label_set;

/* The set that most training rows have (of equally many the one met first): what a model without
 * inputs would always answer. Empty for a label of another kind. */
GROVE_API grove_label_set grove_schema_usual_set(const grove_schema *schema);
/* To make a schema again, after its vocabulary was set. Refused: what is no set of its classes. */
GROVE_API grove_status grove_schema_set_usual_set(grove_schema *schema, size_t column,
                                                  grove_label_set set, grove_error *error);
/* The share of training rows that have the class; NaN where that is not known. */
GROVE_API double grove_schema_prior(const grove_schema *schema, int32_t label_class);

/* Were labels asked for, and are they sets? Those of a row, which must be there. */
GROVE_API bool grove_dataset_has_sets(const grove_dataset *dataset);
GROVE_API grove_label_set grove_dataset_set(const grove_dataset *dataset, size_t row);
/* How many classes the schema does not know, and in how many rows (rows may be NULL). */
GROVE_API size_t grove_dataset_unknown_classes(const grove_dataset *dataset, size_t *rows);

/* truth [count, classes]: 1 for the classes of rows[i] (NULL: row i), else 0. */
GROVE_API void grove_dataset_indicators(const grove_dataset *dataset, const size_t *rows,
                                        size_t count, size_t classes, unsigned char *truth);

#ifdef __cplusplus
}
#endif
#endif
