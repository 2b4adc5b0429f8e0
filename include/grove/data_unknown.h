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

/* Code, its word in options and reports. */
#define GROVE_UNKNOWN_POLICY_LIST(X) X(ROW, "unknown") X(ERROR, "error") X(MISSING, "missing")

/* What is made of the unknown cells of a column. ROW: the row of id 0, which learned from rare
 * values. ERROR: the table is refused. MISSING: a category is taken as an empty cell, if training
 * saw some in that column; else, and for numbers, as ROW. */
typedef enum grove_unknown_policy {
#define GROVE_UNKNOWN_POLICY_ENUM(code, word) GROVE_UNKNOWN_##code,
    GROVE_UNKNOWN_POLICY_LIST(GROVE_UNKNOWN_POLICY_ENUM)
#undef GROVE_UNKNOWN_POLICY_ENUM
        GROVE_UNKNOWN_POLICIES
} grove_unknown_policy;

/* "unknown"...; "" for what is none. */
GROVE_API const char *grove_unknown_policy_name(grove_unknown_policy policy);

/* Applies policies [columns of the schema] (NULL: all ROW) to a dataset that was just encoded from
 * this table by this schema, and tells in rows [rows of the dataset] (or NULL) which ones have an
 * unknown cell, whatever becomes of it. Counts of unknown and missing cells stay as they are.
 * GROVE_BAD_DATA with column, line and value for the first cell, column by column, that is an
 * error. */
GROVE_API grove_status grove_dataset_settle_unknown(grove_dataset *dataset,
                                                    const grove_schema *schema,
                                                    const grove_table *table,
                                                    const grove_unknown_policy *policies,
                                                    bool *rows, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
