/* SPDX-License-Identifier: MIT
 *
 * grove/data_unknown.h - what training did not see: which rows have such cells, and what is made of
 * them.
 *
 * A cell is unknown where grove_dataset_unknown counts it: a category that is not in the
 * vocabulary, and a missing number of a column that lacked none in training.
 */
#ifndef GROVE_DATA_UNKNOWN_H
#define GROVE_DATA_UNKNOWN_H

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Applies policies [columns of the schema] (NULL: what the forms of its columns say, data_form.h)
 * to a dataset that was just encoded from this table by this schema, and tells in rows [rows of the
 * dataset] (or NULL) which ones have an unknown cell, whatever becomes of it. Counts of unknown and
 * missing cells stay as they are. GROVE_BAD_DATA with column, line and value for the first cell,
 * column by column, that is an error. */
GROVE_API grove_status grove_dataset_settle_unknown(grove_dataset *dataset,
                                                    const grove_schema *schema,
                                                    const grove_table *table,
                                                    const grove_unknown_policy *policies,
                                                    bool *rows, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
