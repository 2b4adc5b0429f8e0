/* SPDX-License-Identifier: MIT
 *
 * grove/data_row_file.h - rows for a model where they do not fit in memory: in a file, by blocks.
 *
 * A source (data_source.h) is read block by block, several times, and never held:
 *
 *     grove_survey_source    what each column means; then vocabularies and scales of the training
 *                            rows: the schema, the same as grove_schema_guess and _fit would make
 *     grove_row_file_write   all rows by that schema: for each an id for each categorical column,
 *                            the label, a number for each feature, in 4 bytes each
 *
 * Which rows are held out is decided row by row, for nobody knows yet how many there are: those
 * whose hash of seed and row number lies below the share. So it is about that share, and classes
 * are not balanced between the parts as grove_split_rows does.
 *
 * A file of rows has blocks of GROVE_BLOCK_ROWS rows of one part, in the order in which they were
 * filled. They are read when they are looked at, so the file may be larger than memory; one that is
 * cut short meanwhile is told. (Mapped, it would end the program by a signal.)
 *
 * Ownership: a row file owns its file; rows that were read are given back before it is freed. Every
 * _free takes NULL.
 */
#ifndef GROVE_DATA_ROW_FILE_H
#define GROVE_DATA_ROW_FILE_H

#include "data.h"
#include "data_source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- looking at a source --------------------------------------------------------------------- */

typedef struct grove_holdout {
    double share; /* of the rows, from 0 to below 1; 0: none */
    uint64_t seed;
} grove_holdout;

/* Is row `row` of the source, counted from 0, for validation? */
GROVE_API bool grove_is_held_out(const grove_holdout *holdout, uint64_t row);

/* What a source holds. */
typedef struct grove_survey_result {
    uint64_t rows, train_rows, valid_rows;
    uint64_t hash; /* of its cells */
} grove_survey_result;

/* Guesses and fits, in two readings (three where a column of numbers turns out to hold text late).
 * `limit`: values that are held may take so many bytes, 0: any number. Refused as by
 * grove_schema_guess and grove_schema_fit, and with GROVE_NO_MEMORY where values take more: the
 * column that has the most is named. On failure *schema is NULL. */
GROVE_API grove_status grove_survey_source(grove_source *source,
                                           const grove_schema_options *options,
                                           const grove_holdout *holdout, size_t limit,
                                           grove_schema **schema, grove_survey_result *result,
                                           grove_error *error);

/* Rows and hash of a source that nothing is learned from: all of them are for validation. */
GROVE_API grove_status grove_count_source(grove_source *source, grove_survey_result *result,
                                          grove_error *error);

/* ---- writing rows ---------------------------------------------------------------------------- */

/* What is written. Files of the same key hold the same rows. */
typedef struct grove_row_file_plan {
    const grove_schema *schema; /* fitted, with a label */
    grove_source *source;
    const grove_survey_result *surveyed; /* of the source */
    const grove_holdout *holdout;
    grove_source *valid; /* more rows, all of them for validation; or NULL */
    const grove_survey_result *valid_counted;
} grove_row_file_plan;

GROVE_API uint64_t grove_row_file_key(const grove_row_file_plan *plan);

/* The bytes that the file will have. */
GROVE_API uint64_t grove_row_file_size(const grove_row_file_plan *plan);

/* Reads the sources once more, and writes a file of rows through the sink, from front to back.
 * GROVE_NO_FILE if the sink does not take the bytes; GROVE_BAD_DATA as of grove_schema_encode, and
 * where a source is not what it was. */
GROVE_API grove_status grove_row_file_write(const grove_row_file_plan *plan, grove_csv_sink sink,
                                            void *user, grove_error *error);

/* ---- reading them ---------------------------------------------------------------------------- */

typedef struct grove_row_file grove_row_file;
enum { GROVE_BLOCK_ROWS = 1024 };

/* Writes a file without a name to that folder, and opens it: it is gone when it is freed. On
 * failure *file is NULL. GROVE_NO_FILE tells what is wrong with the folder, as that it is full. */
GROVE_API grove_status grove_row_file_temporary(const grove_row_file_plan *plan, const char *folder,
                                                grove_row_file **file, grove_error *error);

/* Opens a file that was written for the same key, and looks at all of its bytes. GROVE_NOT_FOUND if
 * there is none, or if it is an old one, or damaged: it may be written anew. GROVE_BAD_FILE if it
 * is no file of rows, but something else. On failure *file is NULL. */
GROVE_API grove_status grove_row_file_open(const char *path, const grove_row_file_plan *plan,
                                           grove_row_file **file, grove_error *error);
GROVE_API void grove_row_file_free(grove_row_file *file);

GROVE_API size_t grove_row_file_rows(const grove_row_file *file, grove_part part);
/* The words of 4 bytes from one row to the next; how many are ids, and behind the label numbers. */
GROVE_API size_t grove_row_file_width(const grove_row_file *file);
GROVE_API size_t grove_row_file_categoricals(const grove_row_file *file);
GROVE_API size_t grove_row_file_features(const grove_row_file *file);
/* Of all rows: the same for the same rows. */
GROVE_API uint64_t grove_row_file_hash(const grove_row_file *file);

/* *words [count, width]: rows row .. row + count - 1 of a part, all of one block (a multiple of
 * GROVE_BLOCK_ROWS begins one); of the last block all may be read, also beyond the last row. To be
 * given back. GROVE_NO_FILE where the file does not give them any more; then *words is NULL. */
GROVE_API grove_status grove_row_file_read(const grove_row_file *file, grove_part part, size_t row,
                                           size_t count, int32_t **words, grove_error *error);
GROVE_API void grove_row_file_release(const grove_row_file *file, int32_t *words);

/* The rows of a part as a dataset, which is the file's and ends with it. It has rows, categoricals
 * and features; NULL in place of ids, numbers and labels, for they are not in memory. And back: the
 * file of a dataset, or NULL, and its part. */
GROVE_API const grove_dataset *grove_row_file_dataset(const grove_row_file *file, grove_part part);
GROVE_API const grove_row_file *grove_dataset_file(const grove_dataset *dataset);
GROVE_API grove_part grove_dataset_part(const grove_dataset *dataset);

/* Which row of the source is row i of the part, both counted from 0? */
GROVE_API uint64_t grove_row_file_source_row(const grove_row_file *file, grove_part part, size_t i);

#ifdef __cplusplus
}
#endif
#endif
