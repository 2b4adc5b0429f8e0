/* SPDX-License-Identifier: MIT */
#include "shuffled_rows.h"

#include "base/error.h"

enum { WINDOW_BLOCKS = GROVE_PACKED_BLOCKS };

static size_t block_rows(const grove_shuffled_rows *s, size_t block) {
    const size_t left = s->rows.count - block * GROVE_BLOCK_ROWS;
    return left < GROVE_BLOCK_ROWS ? left : GROVE_BLOCK_ROWS;
}

/* ---- opening --------------------------------------------------------------------------------- */

static grove_status open_file(grove_shuffled_rows *s, const grove_feed *feed,
                              const grove_targets *targets, grove_error *error) {
    const size_t window = (size_t)WINDOW_BLOCKS * GROVE_BLOCK_ROWS;
    s->count = (s->rows.count + GROVE_BLOCK_ROWS - 1) / GROVE_BLOCK_ROWS;
    s->blocks = grove_alloc(&s->allocator, s->count * sizeof *s->blocks);
    s->order = grove_alloc(&s->allocator, window * sizeof *s->order);
    s->listed = grove_alloc(&s->allocator, window * sizeof *s->listed);
    s->taken = grove_alloc_zero(&s->allocator, feed->size, sizeof *s->taken);
    if (!s->blocks || !s->order || !s->listed || !s->taken) {
        return grove_fail_memory(error, (s->count + 2 * window) * sizeof *s->order);
    }
    grove_packed_open_file(&s->packed, feed, targets, s->file);
    return GROVE_OK;
}

grove_status grove_shuffled_open(grove_shuffled_rows *s, const grove_feed *feed,
                                 const grove_targets *targets, const grove_rows *rows,
                                 uint64_t seed, grove_error *error) {
    *s = (grove_shuffled_rows){.allocator = feed->allocator, .rows = *rows, .seed = seed};
    s->file = rows->dataset ? grove_dataset_file(rows->dataset) : NULL;
    if (s->file) {
        return open_file(s, feed, targets, error);
    }
    s->held = rows->count;
    s->order = grove_alloc(&s->allocator, rows->count * sizeof *s->order);
    return s->order ? grove_packed_open(&s->packed, feed, targets, rows, error)
                    : grove_fail_memory(error, rows->count * sizeof *s->order);
}

void grove_shuffled_close(grove_shuffled_rows *s) {
    if (s->allocator.resize) {
        grove_packed_close(&s->packed);
        grove_release(&s->allocator, s->order);
        grove_release(&s->allocator, s->listed);
        grove_release(&s->allocator, s->taken);
        grove_release(&s->allocator, s->blocks);
    }
}

/* ---- windows of a file ----------------------------------------------------------------------- */

/* Reads the next blocks and shuffles their rows. A block is given GROVE_BLOCK_ROWS places in the
 * window, also the last one, which may not need them. */
static grove_status next_window(grove_shuffled_rows *s, grove_error *error) {
    const size_t left = s->count - s->next, take = left < WINDOW_BLOCKS ? left : WINDOW_BLOCKS;
    s->first += s->held;
    s->held = 0;
    s->from = s->next;
    grove_packed_release(&s->packed);
    for (size_t i = 0; i < take; i++) {
        const size_t block = s->blocks[s->next + i], rows = block_rows(s, block);
        grove_status status =
            grove_packed_read(&s->packed, grove_dataset_part(s->rows.dataset), block, error);
        if (status != GROVE_OK) {
            return status;
        }
        for (size_t row = 0; row < rows; row++) {
            s->listed[s->held++] = i * GROVE_BLOCK_ROWS + row;
        }
    }
    grove_shuffle(s->listed, s->held, s->seed + s->next + 1, s->epoch, s->order);
    s->next += take;
    return GROVE_OK;
}

void grove_shuffled_begin(grove_shuffled_rows *s, uint64_t epoch) {
    s->epoch = epoch;
    if (!s->file) {
        grove_shuffle(NULL, s->rows.count, s->seed, epoch, s->order);
        return;
    }
    grove_packed_release(&s->packed);
    grove_shuffle(NULL, s->count, s->seed, epoch, s->blocks);
    s->first = s->held = s->from = s->next = 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

grove_status grove_shuffled_take(grove_shuffled_rows *s, size_t begin, size_t count,
                                 grove_feed *feed, grove_targets *targets, grove_error *error) {
    s->begin = begin;
    for (size_t at = 0, some; at < count; at += some) {
        const size_t row = begin + at;
        while (row >= s->first + s->held) {
            grove_status status = next_window(s, error);
            if (status != GROVE_OK) {
                return status;
            }
        }
        const size_t known = s->first + s->held - row;
        some = count - at < known ? count - at : known;
        grove_packed_take(&s->packed, s->order + row - s->first, some, known, feed, targets, at);
        for (size_t i = 0; i < some && s->file; i++) {
            s->taken[at + i] = grove_shuffled_place(s, row + i);
        }
    }
    return GROVE_OK;
}

size_t grove_shuffled_place(const grove_shuffled_rows *s, size_t i) {
    const size_t place = s->order[i - s->first];
    if (!s->file) {
        return place;
    }
    const size_t block = s->blocks[s->from + place / GROVE_BLOCK_ROWS];
    return block * GROVE_BLOCK_ROWS + place % GROVE_BLOCK_ROWS;
}

uint64_t grove_shuffled_row(const grove_shuffled_rows *s, size_t i) {
    return s->file ? grove_row_file_source_row(s->file, grove_dataset_part(s->rows.dataset),
                                               s->taken[i])
                   : grove_row_at(&s->rows, s->order[s->begin + i]);
}
