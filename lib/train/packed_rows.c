/* SPDX-License-Identifier: MIT */
#include "packed_rows.h"

#include <string.h>

#include "base/error.h"

/* Rows begin at multiples of 16 bytes, so few cross a line; they are packed in stretches that stay
 * near while column after column is written. */
enum { WORDS = 4, ROWS_AHEAD = 32, ROWS_AT_ONCE = 256 };

/* Rows begin..end - 1 of those to be packed. */
static void pack(grove_packed_rows *p, const grove_targets *targets, const grove_rows *rows,
                 size_t begin, size_t end) {
    const grove_dataset *dataset = rows->dataset;
    const float *numbers = grove_dataset_numbers(dataset);
    for (size_t c = 0; c < p->categorical; c++) {
        const int32_t *from = grove_dataset_ids(dataset, c);
        for (size_t i = begin; i < end; i++) {
            p->words[i * p->width + c] = from[grove_row_at(rows, i)];
        }
    }
    for (size_t i = begin; i < end; i++) {
        const size_t row = grove_row_at(rows, i);
        int32_t *target = p->words + i * p->width + p->categorical;
        grove_targets_pack(targets, dataset, row, target);
        memcpy(target + p->target, numbers + row * p->numeric, p->numeric * sizeof *numbers);
    }
}

grove_status grove_packed_open(grove_packed_rows *packed, const grove_feed *feed,
                               const grove_targets *targets, const grove_rows *rows,
                               grove_error *error) {
    size_t bytes = 0;
    *packed = (grove_packed_rows){.allocator = feed->allocator,
                                  .rows = *rows,
                                  .categorical = feed->categorical,
                                  .numeric = feed->numeric,
                                  .target = targets->words};
    packed->width =
        (feed->categorical + targets->words + feed->numeric + WORDS - 1) / WORDS * WORDS;
    if (grove_multiply(rows->count, packed->width * sizeof *packed->words, &bytes)) {
        packed->words = grove_alloc_aligned(&packed->allocator, bytes);
    }
    if (!packed->words) {
        return grove_fail_memory(error, bytes);
    }
    for (size_t i = 0, end; i < rows->count; i = end) {
        end = rows->count - i < ROWS_AT_ONCE ? rows->count : i + ROWS_AT_ONCE;
        pack(packed, targets, rows, i, end);
    }
    return GROVE_OK;
}

void grove_packed_open_file(grove_packed_rows *packed, const grove_feed *feed,
                            const grove_targets *targets, const grove_row_file *file) {
    *packed = (grove_packed_rows){.allocator = feed->allocator,
                                  .categorical = feed->categorical,
                                  .numeric = feed->numeric,
                                  .target = targets->words,
                                  .width = grove_row_file_width(file),
                                  .file = file};
}

grove_status grove_packed_read(grove_packed_rows *packed, grove_part part, size_t block,
                               grove_error *error) {
    grove_status status = grove_row_file_read(packed->file, part, block * GROVE_BLOCK_ROWS,
                                              GROVE_BLOCK_ROWS, &packed->blocks[packed->held],
                                              error);
    packed->held += status == GROVE_OK;
    return status;
}

void grove_packed_release(grove_packed_rows *packed) {
    while (packed->held > 0) {
        grove_row_file_release(packed->file, packed->blocks[--packed->held]);
    }
}

void grove_packed_close(grove_packed_rows *packed) {
    grove_packed_release(packed);
    if (packed->words) {
        grove_release_aligned(&packed->allocator, packed->words);
        packed->words = NULL;
    }
}

static const int32_t *row_at(const grove_packed_rows *packed, size_t row) {
    return packed->words
               ? packed->words + row * packed->width
               : packed->blocks[row / GROVE_BLOCK_ROWS] + row % GROVE_BLOCK_ROWS * packed->width;
}

static void fetch(const grove_packed_rows *packed, size_t row) {
#if defined(__GNUC__)
    const int32_t *words = row_at(packed, row);
    __builtin_prefetch(words);
    __builtin_prefetch(words + packed->width - 1);
#else
    (void)packed, (void)row;
#endif
}

enum { TAKEN = 16 }; /* rows at a time: near, and a column of them is soon written */

static void take_some(const int32_t *const rows[TAKEN], size_t some, size_t at,
                      const grove_packed_rows *packed, grove_feed *feed, grove_targets *targets) {
    const size_t categorical = packed->categorical, numeric = packed->numeric;
    for (size_t c = 0; c < categorical; c++) {
        grove_id *restrict to = feed->ids + c * feed->size + at;
        for (size_t i = 0; i < some; i++) {
            to[i] = rows[i][c];
        }
    }
    grove_targets_take(targets, rows, categorical, some, at);
    for (size_t i = 0; i < some; i++) {
        const float *from = (const float *)(rows[i] + categorical + packed->target);
        grove_real *restrict to = feed->numbers + (at + i) * numeric;
        for (size_t k = 0; k < numeric; k++) {
            to[k] = (grove_real)from[k];
        }
    }
}

/* Bags are lists that lie in one piece already. */
static void take_bags(const grove_packed_rows *packed, const size_t *order, size_t count,
                      grove_feed *feed) {
    for (size_t i = 0; i < feed->bag_count; i++) {
        grove_bag_feed *bag = &feed->bags[i];
        grove_bag_begin(bag);
        for (size_t k = 0; k < count; k++) {
            const size_t row = grove_row_at(&packed->rows, order[k]);
            grove_bag_add(bag, k, count, grove_dataset_bag(packed->rows.dataset, i, row));
        }
        grove_bag_end(bag, count, count);
    }
}

void grove_packed_take(const grove_packed_rows *packed, const size_t *order, size_t count,
                       size_t known, grove_feed *feed, grove_targets *targets, size_t at) {
    const int32_t *rows[TAKEN];
    for (size_t begin = 0; begin < count; begin += TAKEN) {
        const size_t some = count - begin < TAKEN ? count - begin : TAKEN;
        for (size_t i = 0; i < some; i++) {
            rows[i] = row_at(packed, order[begin + i]);
            if (begin + i + ROWS_AHEAD < known) {
                fetch(packed, order[begin + i + ROWS_AHEAD]);
            }
        }
        take_some(rows, some, at + begin, packed, feed, targets);
    }
    take_bags(packed, order, count, feed);
}
