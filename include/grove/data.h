/* SPDX-License-Identifier: MIT
 *
 * grove/data.h - from a table of text to the numbers a model takes: schema, dataset, split, batch.
 *
 * A model multiplies and adds; it cannot read "Douglas fir". Three steps lead from text to numbers:
 *
 *     guess     what does each column mean: a category, a number, the label, nothing?
 *     fit       look at the training rows, and at no others, and note what encoding needs
 *     encode    turn the rows of any table into ids and numbers, always by the same notes
 *
 * The schema is those notes. It is stored with the model; without it, weights mean nothing.
 *
 * A categorical column has a vocabulary: a list that gives each value a number, its id, so that row
 * `id` of an embedding table can be what the model knows about that value. Two ids are no values:
 *
 *     id 0   unknown: any value that is not in the list. New data brings values that training never
 *            saw. They are no error, and guessing a known one for them would be a lie; so they have
 *            a row of their own. It learns from the rare values that are left out of the list.
 *     id 1   missing: the empty cell. That nobody filled it in may say a lot (no entry under
 *            "spouse"), or nothing; given its own row, the model finds out which.
 *     id 2.. the values, the most frequent first; equally frequent ones ordered by their bytes.
 *
 * A numeric column becomes a feature: (x - mean) / standard deviation of the training rows, so that
 * metres and milligrams arrive in the same range. An empty cell becomes 0, which is the mean; where
 * training rows had empty cells, a second feature says so: 1 for a missing number, else 0.
 *
 * The label has classes, in order: by number if all of them are numbers, else by their bytes. Or it
 * is a number, a target: then it is learned as (y - mean) / deviation, and answers are turned back.
 * Or a row has any number of classes, also none (data_sets.h).
 *
 * Ownership: a schema owns what its accessors return, a dataset its arrays; tables are only read. A
 * dataset no longer needs its table, nor its schema. Every _free takes NULL.
 */
#ifndef GROVE_DATA_H
#define GROVE_DATA_H

#include "data_form.h"
#include "data_split.h"
#include "data_table.h"
#include "targets.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the schema: what each column means ------------------------------------------------------ */

/* Zero means the default, field by field. The lists name columns whose kind is not guessed. */
typedef struct grove_schema_options {
    const char *label;        /* NULL: there is none */
    grove_target_kind target; /* what it holds */
    const char *const *categorical;
    size_t categorical_count;
    const char *const *numeric;
    size_t numeric_count;
    const char *const *ignore;
    size_t ignore_count;
    int64_t min_count;  /* values that fewer training rows have stay out of the vocabulary. Default:
                           2, so that those met once teach the unknown row; but 1 for a column where
                           this would cost more than a twentieth of its cells. */
    int64_t max_values; /* a text column of more distinct values is ignored, unless it is named
                           above; 0: no limit */
    const grove_column_wish *wishes; /* [wish_count] as the lists, each with its form; a column that
                                        the lists name as well is what they say */
    size_t wish_count;
    grove_column_form form; /* of all columns without a wish; .buckets: of none. Its seed, where
                               columns are hashed */
    int64_t hash_above; /* a categorical column of more distinct values, without a wish, is hashed
                           into so many buckets; 0: none is */
    grove_allocator allocator;
} grove_schema_options;

/* Guesses the kind of each column, and notes why (grove_schema_reason):
 *
 *     ignored       all cells are empty, or all have the same value
 *     categorical   text; and whole numbers that look like codes, where adding them or halving them
 *                   would make no sense:
 *                   - one has leading zeros, or more than 15 digits (a double would round it)
 *                   - or they are far apart and come again and again: there are 8 values or more;
 *                     each is met twice or more on average; they fill less than a tenth of their
 *                     range (in steps of their greatest common divisor: prices in whole hundreds
 *                     are no codes), and less than half of it up to their lower quartile (counts
 *                     are dense there); and fewer than half of the cells are 0 (as amounts are)
 *     numeric       else, where each cell that is not empty is a number
 *     text          other cells, of five words or more on average, of which half or more differ
 *
 * Refused: a name that the table does not have (the message tells the nearest), a column that was
 * given two kinds, text in a column said to be numeric, a label with an empty cell or only one
 * value. On failure *schema is NULL. */
GROVE_API grove_status grove_schema_guess(const grove_table *table,
                                          const grove_schema_options *options,
                                          grove_schema **schema, grove_error *error);

/* Does the column of this name hold classes, or numbers that are to be predicted? Numbers, where
 * all its cells are numbers and more than 20 are distinct, none of which is written like a code:
 * with leading zeros or more than 15 digits. The reason stands in words. */
enum { GROVE_REASON_SIZE = 160 };
GROVE_API grove_status grove_guess_target(const grove_table *table, const char *label,
                                          grove_target_kind *kind, char reason[GROVE_REASON_SIZE],
                                          grove_error *error);

/* Notes vocabularies, classes, means and deviations from the given rows [row_count] of the table;
 * rows NULL means the first row_count. To be given training rows only: what the schema knows, the
 * model knows. May be called again; on failure the columns noted before it failed are new. */
GROVE_API grove_status grove_schema_fit(grove_schema *schema, const grove_table *table,
                                        const size_t *rows, size_t row_count, grove_error *error);
GROVE_API void grove_schema_free(grove_schema *schema);

/* ---- looking at a schema --------------------------------------------------------------------- */

/* Columns in the order of the table. A column that is not there: "", ignored, 0, -1. */
GROVE_API size_t grove_schema_columns(const grove_schema *schema);
GROVE_API const char *grove_schema_name(const grove_schema *schema, size_t column);
GROVE_API grove_column_kind grove_schema_kind(const grove_schema *schema, size_t column);
GROVE_API const char *grove_schema_reason(const grove_schema *schema, size_t column);
GROVE_API int grove_schema_column(const grove_schema *schema, const char *name); /* or -1 */
GROVE_API int grove_schema_label(const grove_schema *schema);                    /* or -1 */
GROVE_API grove_target_kind grove_schema_target(const grove_schema *schema);     /* of the label */

/* The i-th categorical column; the column of the i-th feature, and whether that feature says
 * "missing". -1 where there is none. */
GROVE_API size_t grove_schema_categoricals(const grove_schema *schema);
GROVE_API int grove_schema_categorical(const grove_schema *schema, size_t i);
GROVE_API size_t grove_schema_features(const grove_schema *schema);
GROVE_API int grove_schema_feature(const grove_schema *schema, size_t i, bool *says_missing);

/* How many ids the column has. Categorical: rows an embedding table needs, values (or buckets) + 2;
 * label: classes; else 0. */
GROVE_API int64_t grove_schema_ids(const grove_schema *schema, size_t column);
/* The value of an id, as many training rows had it. It does not end with a NUL. Ids 0 and 1 of a
 * categorical column: "(unknown)", "(missing)"; an id that is not there: {"", 0} and 0. */
GROVE_API grove_cell grove_schema_value(const grove_schema *schema, size_t column, int32_t id);
GROVE_API int64_t grove_schema_count(const grove_schema *schema, size_t column, int32_t id);
/* The id of a value. Categorical: 0 if unknown, 1 if empty; label: -1 if unknown. */
GROVE_API int32_t grove_schema_id(const grove_schema *schema, size_t column, grove_cell value);

/* What a numeric column or a target is scaled by, and a target's median; and, of any column, how
 * many training cells were empty. */
GROVE_API double grove_schema_mean(const grove_schema *schema, size_t column);
GROVE_API double grove_schema_deviation(const grove_schema *schema, size_t column);
GROVE_API double grove_schema_median(const grove_schema *schema, size_t column);
GROVE_API int64_t grove_schema_missing(const grove_schema *schema, size_t column);

/* ---- storing a schema and making it again ---------------------------------------------------- */

/* The values of a column one after the other: value v is bytes[offsets[v]] to offsets[v + 1] and
 * has the id v + 2 (a class: v). unknown and missing count the training cells of ids 0 and 1. */
typedef struct grove_vocabulary {
    int64_t size;           /* V, the values */
    int64_t byte_count;     /* = offsets[V] */
    const char *bytes;      /* [byte_count] */
    const int64_t *offsets; /* [V + 1], from 0, ascending */
    const int64_t *counts;  /* [V] */
    int64_t unknown, missing;
} grove_vocabulary;

/* The column's own; all zero for a column that has none. */
GROVE_API grove_vocabulary grove_schema_vocabulary(const grove_schema *schema, size_t column);

/* A schema without columns (NULL when memory is short), to which columns are added in order, and to
 * each what fit would have noted. reason may be NULL. What cannot be right is refused: a name that
 * is empty or taken, a second label, offsets that do not fit, a value twice or empty, a negative
 * count, a deviation that is not above 0. */
GROVE_API grove_schema *grove_schema_new(const grove_allocator *allocator);
GROVE_API grove_status grove_schema_add_column(grove_schema *schema, const char *name,
                                               grove_column_kind kind, const char *reason,
                                               grove_error *error);
GROVE_API grove_status grove_schema_set_vocabulary(grove_schema *schema, size_t column,
                                                   const grove_vocabulary *vocabulary,
                                                   grove_error *error);
GROVE_API grove_status grove_schema_set_scale(grove_schema *schema, size_t column, double mean,
                                              double deviation, int64_t missing,
                                              grove_error *error);
GROVE_API grove_status grove_schema_set_target(grove_schema *schema, size_t column, double mean,
                                               double deviation, double median, grove_error *error);

/* ---- the dataset: a table as a model takes it ------------------------------------------------ */

typedef struct grove_dataset grove_dataset;

typedef struct grove_encode_options {
    bool label_required; /* labels are encoded; else the column need not be there */
} grove_encode_options;

/* Encodes all rows of a table. Columns are found by name; those the schema does not know are of no
 * interest. Refused, with column, line and value: a column that is not there, text in a numeric
 * column, a number too far off for a float, a label that training did not see. *dataset takes its
 * memory as the schema does; on failure it is NULL. */
GROVE_API grove_status grove_schema_encode(const grove_schema *schema, const grove_table *table,
                                           const grove_encode_options *options,
                                           grove_dataset **dataset, grove_error *error);
GROVE_API void grove_dataset_free(grove_dataset *dataset);

GROVE_API size_t grove_dataset_rows(const grove_dataset *dataset);
GROVE_API size_t grove_dataset_categoricals(const grove_dataset *dataset);
GROVE_API size_t grove_dataset_features(const grove_dataset *dataset);
/* Of the i-th categorical column [rows], or NULL; numbers [rows, features]; labels [rows], or NULL
 * where none were asked for, or are no classes; targets [rows], scaled, or NULL likewise. */
GROVE_API const int32_t *grove_dataset_ids(const grove_dataset *dataset, size_t i);
GROVE_API const float *grove_dataset_numbers(const grove_dataset *dataset);
GROVE_API const int32_t *grove_dataset_labels(const grove_dataset *dataset);
GROVE_API const float *grove_dataset_targets(const grove_dataset *dataset);

/* How many cells of categorical and numeric columns there are; how many were unknown: values not in
 * the vocabulary, and empty cells of numeric columns that had none in training; how many missing:
 * all other empty cells. `column` counts as in the schema; GROVE_ALL_COLUMNS sums up. */
#define GROVE_ALL_COLUMNS ((size_t)-1)
GROVE_API int64_t grove_dataset_cells(const grove_dataset *dataset);
GROVE_API int64_t grove_dataset_unknown(const grove_dataset *dataset, size_t column);
GROVE_API int64_t grove_dataset_missing(const grove_dataset *dataset, size_t column);

/* ---- shuffles and batches, the same on every machine; splits: data_split.h ------------------- */

/* order [count] = rows [count] (NULL: 0, 1...) in the random order of this seed and epoch. Nothing
 * else enters: epoch 7 can be shuffled without the six before it. By Fisher and Yates: for i from
 * count - 1 down to 1, swap i with hash(seed, epoch, i) mod (i + 1); the hash is SplitMix64's. */
GROVE_API void grove_shuffle(const size_t *rows, size_t count, uint64_t seed, uint64_t epoch,
                             size_t *order);

/* The caller's memory for `size` rows; what is NULL is left out. */
typedef struct grove_batch {
    int32_t *const *ids; /* for each categorical column [size] */
    float *numbers;      /* [size, features] */
    int32_t *labels;     /* [size] */
} grove_batch;

/* Copies rows order[start] ... order[start + size - 1] to the batch (NULL: start, start + 1...). */
GROVE_API grove_status grove_dataset_gather(const grove_dataset *dataset, const size_t *order,
                                            size_t start, size_t size, const grove_batch *batch,
                                            grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
