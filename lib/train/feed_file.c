/* SPDX-License-Identifier: MIT
 *
 * feed_file.c - rows of a file, one after the other, as a plan reads them. */
#include <string.h>

#include "base/error.h"
#include "predictor.h"

grove_status grove_feed_fits_file(const grove_feed *feed, const grove_rows *rows,
                                  grove_error *error) {
    const grove_dataset *d = rows->dataset;
    if (rows->count != grove_dataset_rows(d) || rows->rows) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "some rows of a file are asked for, it gives all of a part, %zu",
                          grove_dataset_rows(d));
    }
    if (feed->bag_count > 0) {
        return grove_fail(error, GROVE_UNSUPPORTED,
                          "a file of rows holds no bags and no texts: leave these columns out, or "
                          "read the table as a whole");
    }
    if (grove_dataset_categoricals(d) == feed->categorical &&
        grove_dataset_features(d) == feed->numeric) {
        return GROVE_OK;
    }
    return grove_fail(error, GROVE_BAD_DATA,
                      "the file does not have the %zu columns of ids and %zu features that the "
                      "model wants",
                      feed->categorical, feed->numeric);
}

/* Rows [count] of one block, from `words` on. */
static void feed_words(grove_feed *feed, const int32_t *words, size_t width, size_t count,
                       size_t at) {
    for (size_t c = 0; c < feed->categorical; c++) {
        grove_id *restrict to = feed->ids + c * feed->size + at;
        for (size_t i = 0; i < count; i++) {
            to[i] = words[i * width + c];
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float *from = (const float *)(words + i * width + feed->categorical + 1);
        grove_real *to = feed->numbers + (at + i) * feed->numeric;
        for (size_t k = 0; k < feed->numeric; k++) {
            to[k] = (grove_real)from[k];
        }
    }
}

/* Row `begin` and those behind it, as many of `count` as its block has: *some. */
static grove_status read_rows(const grove_rows *rows, size_t begin, size_t count, size_t *some,
                              int32_t **words, grove_error *error) {
    const size_t left = GROVE_BLOCK_ROWS - begin % GROVE_BLOCK_ROWS;
    *some = count < left ? count : left;
    return grove_row_file_read(grove_dataset_file(rows->dataset), grove_dataset_part(rows->dataset),
                               begin, *some, words, error);
}

grove_status grove_feed_file(grove_feed *feed, const grove_rows *rows, size_t begin, size_t count,
                             grove_error *error) {
    const grove_row_file *file = grove_dataset_file(rows->dataset);
    const size_t width = grove_row_file_width(file);
    for (size_t at = 0, some; at < count; at += some) {
        int32_t *words;
        grove_status status = read_rows(rows, begin + at, count - at, &some, &words, error);
        if (status != GROVE_OK) {
            return status;
        }
        feed_words(feed, words, width, some, at);
        grove_row_file_release(file, words);
    }
    return GROVE_OK;
}

grove_status grove_targets_of_file(const grove_rows *rows, void *targets, grove_error *error) {
    const grove_row_file *file = grove_dataset_file(rows->dataset);
    const size_t width = grove_row_file_width(file), column = grove_row_file_categoricals(file);
    for (size_t row = 0, some; row < rows->count; row += some) {
        int32_t *words;
        grove_status status = read_rows(rows, row, rows->count - row, &some, &words, error);
        if (status != GROVE_OK) {
            return status;
        }
        for (size_t i = 0; i < some; i++) {
            memcpy((char *)targets + (row + i) * sizeof *words, words + i * width + column,
                   sizeof *words);
        }
        grove_row_file_release(file, words);
    }
    return GROVE_OK;
}

grove_status grove_numbers_of_file(const grove_rows *rows, size_t wanted, grove_real *numbers,
                                   grove_error *error) {
    const grove_row_file *file = grove_dataset_file(rows->dataset);
    const size_t features = grove_row_file_features(file);
    const size_t column = grove_row_file_categoricals(file) + 1;
    for (size_t i = 0, some; i < wanted; i++) {
        const size_t row = (size_t)((double)i * (double)rows->count / (double)wanted);
        int32_t *words;
        grove_status status = read_rows(rows, row, 1, &some, &words, error);
        if (status != GROVE_OK) {
            return status;
        }
        const float *from = (const float *)(words + column);
        for (size_t k = 0; k < features; k++) {
            numbers[i * features + k] = (grove_real)from[k];
        }
        grove_row_file_release(file, words);
    }
    return GROVE_OK;
}
