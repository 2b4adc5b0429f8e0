/* SPDX-License-Identifier: MIT
 *
 * grove/data_leaks.h - what makes a model look better on validation rows than it will be on new
 * ones: columns that only name the row, rows that stand in both parts, columns that tell the label.
 *
 * These are suspicions with numbers, no proofs. The thresholds are set so that what is common in
 * honest tables stays silent.
 */
#ifndef GROVE_DATA_LEAKS_H
#define GROVE_DATA_LEAKS_H

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code, name.
 *
 * id      Nine of ten training cells of a categorical column hold a value that no other training
 *         row has: such a value is in no new row either, and what is learned of it helps nowhere.
 *         `share`: of the filled cells that are so. Or a numeric column counts: whole numbers, all
 *         different, in half of the places of their range or more, where numbers drawn by chance
 *         would meet. `share`: of those places. `rows`: cells looked at.
 *
 * twins   At least 1 in 100 validation rows has a training row with the same cells in all columns
 *         that the model sees; and they are at least 10 times as many as if the columns were
 *         independent of each other: few columns of few values coincide by chance, and that is no
 *         leak. `rows`, `share`: those validation rows; `other_label`: those of them whose label
 *         less than half of their twins have, so that what is right there is wrong here.
 *
 * tells   One column alone gives away the label. `share`: how much of the label's entropy it takes
 *         away, 1 - loss / entropy, both measured on one half of the training rows with shares that
 *         were counted on the other half: of class c where the value is v
 *
 *             (n(v, c) + p(c)) / (n(v) + 1),    and p(c) for the entropy
 *
 *         so a value met once tells nothing, and to have many is no merit. Numbers are cut into 64
 *         bins of equally many rows. From 0.9 on it is a leak. Or, with two classes of 10 rows, the
 *         ROC AUC of a number is 0.99 or more, or 0.01 or less; then `is_auc`, and `share` is that,
 *         seen from above. `rows`: that were looked at.
 *
 * id and twins want 50 rows; tells wants 200, of at most a tenth as many classes. */
#define GROVE_LEAK_LIST(X) X(ID, "id") X(TWINS, "twins") X(TELLS, "tells")

typedef enum grove_leak_kind {
#define GROVE_LEAK_ENUM(code, name) GROVE_LEAK_##code,
    GROVE_LEAK_LIST(GROVE_LEAK_ENUM)
#undef GROVE_LEAK_ENUM
        GROVE_LEAK_KINDS
} grove_leak_kind;

/* "" for what is no kind. */
GROVE_API const char *grove_leak_name(grove_leak_kind kind);

typedef struct grove_leak {
    grove_leak_kind kind;
    int column; /* of the table; -1 for twins */
    double share;
    bool is_auc;
    size_t rows, other_label;
} grove_leak;

typedef struct grove_leaks {
    grove_leak *list; /* [count] */
    size_t count;
    grove_allocator allocator;
} grove_leaks;

/* Looks at the columns that the schema gives a model, in the rows [.._count] (NULL: the first) of
 * two tables, which may be one; `schema` need not be fitted. Without a label of classes nothing can
 * tell it; without validation rows there are no twins. Takes columns x rows. On failure there is
 * nothing to free. */
GROVE_API grove_status grove_find_leaks(const grove_schema *schema, const grove_table *table,
                                        const size_t *train, size_t train_count,
                                        const grove_table *valid_table, const size_t *valid,
                                        size_t valid_count, const grove_allocator *allocator,
                                        grove_leaks *leaks, grove_error *error);
GROVE_API void grove_leaks_free(grove_leaks *leaks);

#ifdef __cplusplus
}
#endif
#endif
