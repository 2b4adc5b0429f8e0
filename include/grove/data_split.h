/* SPDX-License-Identifier: MIT
 *
 * grove/data_split.h - which rows are trained on, which validated on, which kept for a test.
 *
 * What is measured on rows that were trained on says nothing of new ones. How new rows differ from
 * old ones says which split is the honest one:
 *
 *     drawn, class by class   new rows are more of the same
 *     whole groups            new rows come from persons, shops, machines that were not seen yet
 *     by time                 new rows come later
 *     given                   someone has decided: a column or a file has a word for each row
 *
 * The same seed gives the same split on every machine. Each function takes memory from `allocator`
 * (NULL: the default) and fills *split in; on failure that has no rows, and may be freed.
 */
#ifndef GROVE_DATA_SPLIT_H
#define GROVE_DATA_SPLIT_H

#include "data_table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Code, its word in columns and files. */
#define GROVE_PART_LIST(X) X(TRAIN, "train") X(VALID, "valid") X(TEST, "test")

typedef enum grove_part {
#define GROVE_PART_ENUM(code, word) GROVE_PART_##code,
    GROVE_PART_LIST(GROVE_PART_ENUM)
#undef GROVE_PART_ENUM
        GROVE_PARTS
} grove_part;

/* "train"...; "" for what is no part. */
GROVE_API const char *grove_part_name(grove_part part);

/* Parts of 0 ... rows - 1, each ascending; one block of memory, freed by grove_split_free. Only a
 * split that is given has rows for a test. */
typedef struct grove_split {
    size_t *train, *valid, *test;
    size_t train_count, valid_count, test_count;
    grove_allocator allocator;
} grove_split;

GROVE_API void grove_split_free(grove_split *split);

/* ---- drawn, class by class ------------------------------------------------------------------- */

/* Draws round(fraction * rows) rows for validation, class by class (labels [rows], any numbers;
 * NULL: one class), so that both parts have the same mix. A class keeps at least one training row.
 * Within a class those rows are drawn that have the smallest hash of (seed, row). */
GROVE_API grove_status grove_split_rows(size_t rows, const int32_t *labels, double fraction,
                                        uint64_t seed, const grove_allocator *allocator,
                                        grove_split *split, grove_error *error);
/* The same for a table, class by class of that column; NULL: one class. */
GROVE_API grove_status grove_split_table(const grove_table *table, const char *label,
                                         double fraction, uint64_t seed,
                                         const grove_allocator *allocator, grove_split *split,
                                         grove_error *error);

/* ---- whole groups, and time ------------------------------------------------------------------ */

/* Rows that have the same cell in column `group` stay together; those whose cell is empty are one
 * group, for nobody knows them to be several. Groups are visited in an order that the seed decides,
 * several times over, and one is drawn, or given back, if that brings the drawn rows of all classes
 * c (of column `label`; NULL: one class) nearer to the share: if it makes smaller the sum over c of
 *
 *     (drawn(c) - fraction * rows(c))^2 / rows(c)
 *
 * A group that holds the last training rows of a class is not drawn. GROVE_BAD_DATA where there is
 * one group only, or where each is so large that none can be drawn. */
GROVE_API grove_status grove_split_groups(const grove_table *table, const char *group,
                                          const char *label, double fraction, uint64_t seed,
                                          const grove_allocator *allocator, grove_split *split,
                                          grove_error *error);

/* The last rows by column `time` are validated on. Its cells are all numbers, or all of them ISO
 * 8601: "2024-12-31", with " " or "T" and "23:59", "23:59:59" or "23:59:59.5" behind, and "Z" or
 * "+01:00" behind that (none: Z). Rows of one time stay together; of the places between two times
 * that is taken which gives the share most nearly, the later one of two. GROVE_BAD_DATA for another
 * cell, with its line, and where all rows have one time. */
GROVE_API grove_status grove_split_time(const grove_table *table, const char *time, double fraction,
                                        const grove_allocator *allocator, grove_split *split,
                                        grove_error *error);

/* ---- given ----------------------------------------------------------------------------------- */

/* A column of the words "train", "valid" (or "validation") and "test". With `value`, rows that have
 * this value are validated on, and the others trained on. GROVE_BAD_DATA for another word, with its
 * line, a value that no row has, and where no row is left to train on. */
GROVE_API grove_status grove_split_column(const grove_table *table, const char *column,
                                          const char *value, const grove_allocator *allocator,
                                          grove_split *split, grove_error *error);

/* A file for a table of so many rows: a word on each line, or what grove_split_write wrote. `path`
 * as of grove_table_read_csv; refused as a column is, and a file for another number of rows. */
GROVE_API grove_status grove_split_read(const char *path, size_t rows,
                                        const grove_allocator *allocator, grove_split *split,
                                        grove_error *error);

/* "row,part", then a line for each row, counted from 1: "1,train". GROVE_NO_FILE if the sink does
 * not take the bytes. */
GROVE_API grove_status grove_split_write(const grove_split *split, grove_csv_sink sink, void *user);

/* ---- folds, for cross-validation ------------------------------------------------------------- */

/* Deals the rows to `folds` folds: fold [rows] of the table, from 0 to folds - 1. Class by class of
 * column `label` (NULL: one class), so that folds differ by at most one row, in all and in each
 * class. With `group` (NULL: none), whole groups: the largest first, each to the fold where it adds
 * least to the sum over folds and classes of rows(fold, class)^2 / rows(class); the smaller fold
 * where two are alike. GROVE_BAD_DATA where there are fewer rows, or groups, than folds, and where
 * all rows of a class are in one fold, as of a class with a single row they are: what is trained on
 * the others would not know it. GROVE_BAD_ARGUMENT for fewer than 2 folds. */
GROVE_API grove_status grove_split_folds(const grove_table *table, const char *label,
                                         const char *group, int folds, uint64_t seed, int32_t *fold,
                                         grove_error *error);

/* One round of it: the rows of fold `test` are for the test; of the others, a share is validated
 * on, drawn as grove_split_table or, with `group`, grove_split_groups would, and the rest trained
 * on. `fold` as grove_split_folds wrote it. */
GROVE_API grove_status grove_split_fold(const grove_table *table, const char *label,
                                        const char *group, const int32_t *fold, int32_t test,
                                        double fraction, uint64_t seed,
                                        const grove_allocator *allocator, grove_split *split,
                                        grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
