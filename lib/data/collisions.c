/* SPDX-License-Identifier: MIT
 *
 * collisions.c - which categories share rows. (How many would by chance: chance.c.)
 *
 * Whatever is alike is brought together by sorting: categories by all their rows, to find those
 * that are merged; then (category, row) by row. Both sorts keep the order of what is equal, and
 * begin with the categories by falling weight: so the members of each group stand in that order,
 * and its heaviest pairs are the first ones.
 */
#include "grove/data_collisions.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "chance.h"

typedef struct counting {
    size_t count, hashes;
    grove_collision_options wish;
    uint32_t *rows;          /* [count, hashes]: the rows of each category, rising */
    uint32_t *order, *spare; /* [count * hashes] */
    uint32_t *keys;          /* [count, 2]: the weights, so that larger ones come first */
    bool *shares;            /* [count]: is a row of the category another's too? */
} counting;

static double weight_of(const counting *c, size_t category) {
    return c->wish.weights ? c->wish.weights[category] : 1;
}

/* ---- what is given --------------------------------------------------------------------------- */

static grove_status check(const grove_id *ids, size_t categories, int hashes, int64_t buckets,
                          const double *weights, grove_error *error) {
    size_t total;
    if (hashes < 1 || hashes > GROVE_MAX_HASHES || buckets < 1 || buckets > INT32_MAX) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "collisions: there must be 1 to %d hashes and 1 to 2147483647 buckets, "
                          "not %d and %" PRId64,
                          GROVE_MAX_HASHES, hashes, buckets);
    }
    if (!ids && categories > 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "collisions: there are no rows");
    }
    if (!grove_multiply(categories, (size_t)hashes, &total) || total > INT32_MAX) {
        return grove_fail(error, GROVE_UNSUPPORTED,
                          "collisions: %zu categories are more than are counted", categories);
    }
    for (size_t i = 0; i < total; i++) {
        if (ids[i] < 0 || ids[i] >= buckets) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "collisions: row %zu of category %zu is %" PRId32
                              ", it must be from 0 to %" PRId64,
                              i % (size_t)hashes, i / (size_t)hashes, ids[i], buckets - 1);
        }
    }
    for (size_t i = 0; weights && i < categories; i++) {
        if (!(weights[i] >= 0 && isfinite(weights[i]))) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "collisions: the weight of category %zu is %g, it must be a finite "
                              "number from 0 up",
                              i, weights[i]);
        }
    }
    return GROVE_OK;
}

static void take_rows(counting *c, const grove_id *ids) {
    for (size_t i = 0; i < c->count; i++) {
        uint32_t *rows = c->rows + i * c->hashes;
        for (size_t j = 0; j < c->hashes; j++) {
            uint32_t row = (uint32_t)ids[i * c->hashes + j];
            size_t at = j;
            for (; at > 0 && rows[at - 1] > row; at--) {
                rows[at] = rows[at - 1];
            }
            rows[at] = row;
        }
    }
}

/* The bits of doubles from 0 up, taken as whole numbers, are in the order of the doubles. */
static void take_weights(counting *c) {
    for (size_t i = 0; i < c->count; i++) {
        double weight = weight_of(c, i) + 0.0; /* -0 becomes 0 */
        uint64_t bits;
        memcpy(&bits, &weight, sizeof bits);
        c->keys[2 * i] = (uint32_t)~bits;
        c->keys[2 * i + 1] = (uint32_t)(~bits >> 32);
    }
}

/* ---- sorting --------------------------------------------------------------------------------- */

enum { DIGIT = 11, DIGITS = 1 << DIGIT };

/* Sorts the first items of `order` by keys[item * stride], digit by digit; equals keep their order.
 * Linear, and no memory but `spare`, with which `order` may change places. */
static void sort_by(counting *c, size_t items, const uint32_t *keys, size_t stride) {
    for (int shift = 0; shift < 32; shift += DIGIT) {
        size_t start[DIGITS] = {0};
        for (size_t i = 0; i < items; i++) {
            start[keys[c->order[i] * stride] >> shift & (DIGITS - 1)]++;
        }
        size_t sum = 0;
        for (size_t d = 0; d < DIGITS; d++) {
            size_t size = start[d];
            start[d] = sum;
            sum += size;
        }
        for (size_t i = 0; i < items; i++) {
            c->spare[start[keys[c->order[i] * stride] >> shift & (DIGITS - 1)]++] = c->order[i];
        }
        uint32_t *sorted = c->spare;
        c->spare = c->order;
        c->order = sorted;
    }
}

static void order_by_weight(counting *c) {
    for (size_t i = 0; i < c->count; i++) {
        c->order[i] = (uint32_t)i;
    }
    if (c->wish.weights) {
        sort_by(c, c->count, c->keys, 2);
        sort_by(c, c->count, c->keys + 1, 2);
    }
}

/* Categories with the same rows stand together. */
static void order_by_rows(counting *c) {
    order_by_weight(c);
    for (size_t j = c->hashes; j-- > 0;) {
        sort_by(c, c->count, c->rows + j, c->hashes);
    }
}

/* Places in `rows` that hold the same row stand together; of a category that has a row twice, one.
 * Returns how many there are. */
static size_t order_by_row(counting *c) {
    size_t places = 0;
    order_by_weight(c);
    for (size_t i = 0; i < c->count; i++) {
        size_t first = c->order[i] * c->hashes;
        for (size_t at = first; at < first + c->hashes; at++) {
            if (at == first || c->rows[at] != c->rows[at - 1]) {
                c->spare[places++] = (uint32_t)at;
            }
        }
    }
    uint32_t *all = c->spare;
    c->spare = c->order;
    c->order = all;
    sort_by(c, places, c->rows, 1);
    return places;
}

/* ---- the heaviest pairs: a heap with the lightest of them on top ----------------------------- */

typedef struct heap {
    grove_collision *pair; /* [room] */
    size_t size, room;
} heap;

static bool is_lighter(const grove_collision *a, const grove_collision *b) {
    if (a->weight != b->weight) {
        return a->weight < b->weight;
    }
    return a->first != b->first ? a->first > b->first : a->second > b->second;
}

static void swap(grove_collision *a, grove_collision *b) {
    grove_collision kept = *a;
    *a = *b;
    *b = kept;
}

static void sink(grove_collision *pair, size_t size) {
    for (size_t at = 0, below = 1; below < size; below = 2 * at + 1) {
        if (below + 1 < size && is_lighter(&pair[below + 1], &pair[below])) {
            below++;
        }
        if (!is_lighter(&pair[below], &pair[at])) {
            return;
        }
        swap(&pair[at], &pair[below]);
        at = below;
    }
}

static bool has_room(const heap *h, double weight) {
    return h->size < h->room || (h->room > 0 && weight > h->pair[0].weight);
}

/* There must be room for it. */
static void put(heap *h, grove_collision pair) {
    if (h->size == h->room) {
        h->pair[0] = pair;
        sink(h->pair, h->size);
        return;
    }
    size_t at = h->size++;
    h->pair[at] = pair;
    for (; at > 0 && is_lighter(&h->pair[at], &h->pair[(at - 1) / 2]); at = (at - 1) / 2) {
        swap(&h->pair[at], &h->pair[(at - 1) / 2]);
    }
}

static void sort_by_falling_weight(heap *h) {
    for (size_t left = h->size; left > 1; left--) {
        swap(&h->pair[0], &h->pair[left - 1]);
        sink(h->pair, left - 1);
    }
}

/* How many rows two categories share, and the smallest of them. */
static int rows_in_common(const counting *c, size_t a, size_t b, uint32_t *smallest) {
    const uint32_t *of_a = c->rows + a * c->hashes, *of_b = c->rows + b * c->hashes;
    int shared = 0;
    for (size_t i = 0, j = 0; i < c->hashes && j < c->hashes;) {
        if (of_a[i] == of_b[j]) {
            *smallest = shared++ ? *smallest : of_a[i];
            i++;
            j++;
        } else if (of_a[i] < of_b[j]) {
            i++;
        } else {
            j++;
        }
    }
    return shared;
}

/* Offers the pairs of a group, whose members are items [size] divided by `divisor`. `row` is the
 * one they share: a pair that shares a smaller one was offered there, and one that is merged was
 * offered before. Whatever is offered again stands in the heap: so in no group more than `room`
 * pairs are looked at in vain. */
static void offer(const counting *c, const uint32_t *items, size_t size, size_t divisor,
                  const uint32_t *row, heap *h) {
    for (size_t j = 1; j < size; j++) {
        size_t b = items[j] / divisor;
        double weight = weight_of(c, b); /* the lighter of the two */
        if (!has_room(h, weight)) {
            return;
        }
        for (size_t i = 0; i < j && has_room(h, weight); i++) {
            size_t a = items[i] / divisor;
            uint32_t smallest = 0;
            int shared = rows_in_common(c, a, b, &smallest);
            if (!row || (smallest == *row && (size_t)shared < c->hashes)) {
                put(h, (grove_collision){a < b ? a : b, a < b ? b : a, shared, (grove_id)smallest,
                                         weight});
            }
        }
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

static bool same_rows(const counting *c, uint32_t a, uint32_t b) {
    return memcmp(c->rows + a * c->hashes, c->rows + b * c->hashes, c->hashes * sizeof *c->rows) ==
           0;
}

static void count_merged(counting *c, grove_collision_report *report, heap *h) {
    order_by_rows(c);
    for (size_t begin = 0, end; begin < c->count; begin = end) {
        const uint32_t *group = c->order + begin;
        for (end = begin + 1; end < c->count && same_rows(c, *group, c->order[end]);) {
            end++;
        }
        size_t size = end - begin;
        for (size_t i = 0; i < size && size > 1; i++) {
            report->merged_weight += weight_of(c, group[i]);
        }
        report->merged += size > 1 ? size : 0;
        report->merged_pairs += (uint64_t)size * (size - 1) / 2;
        offer(c, group, size, 1, NULL, h);
    }
}

static void count_sharing(counting *c, grove_collision_report *report, heap *h) {
    size_t places = order_by_row(c);
    for (size_t begin = 0, end; begin < places; begin = end) {
        const uint32_t *group = c->order + begin, row = c->rows[*group];
        for (end = begin + 1; end < places && c->rows[c->order[end]] == row;) {
            end++;
        }
        size_t size = end - begin;
        for (size_t i = 0; i < size && size > 1; i++) {
            c->shares[group[i] / c->hashes] = true;
        }
        report->rows_used++;
        report->row_pairs += (uint64_t)size * (size - 1) / 2;
        if (size > report->fullest) {
            report->fullest = size;
            report->fullest_row = (grove_id)row;
        }
        offer(c, group, size, c->hashes, &row, h);
    }
    for (size_t i = 0; i < c->count; i++) {
        report->sharing += c->shares[i];
        report->sharing_weight += c->shares[i] ? weight_of(c, i) : 0;
    }
}

static void count_all(counting *c, grove_collision_report *report) {
    heap merged = {.pair = c->wish.heaviest, .room = c->wish.heaviest ? c->wish.room : 0};
    count_merged(c, report, &merged);
    sort_by_falling_weight(&merged);
    heap others = {.room = merged.room - merged.size};
    others.pair = others.room > 0 ? merged.pair + merged.size : NULL;
    count_sharing(c, report, &others);
    sort_by_falling_weight(&others);
    report->listed = merged.size + others.size;
    double total = 0;
    for (size_t i = 0; i < c->count; i++) {
        total += weight_of(c, i);
    }
    report->merged_weight = total > 0 ? report->merged_weight / total : 0;
    report->sharing_weight = total > 0 ? report->sharing_weight / total : 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool make_blocks(counting *c, const grove_allocator *allocator) {
    size_t ids = c->count * c->hashes;
    c->rows = grove_alloc(allocator, ids * sizeof *c->rows);
    c->order = grove_alloc(allocator, ids * sizeof *c->order);
    c->spare = grove_alloc(allocator, ids * sizeof *c->spare);
    c->keys = grove_alloc(allocator, 2 * c->count * sizeof *c->keys);
    c->shares = grove_alloc_zero(allocator, c->count, sizeof *c->shares);
    return c->rows && c->order && c->spare && c->keys && c->shares;
}

static void release_blocks(const counting *c, const grove_allocator *allocator) {
    grove_release(allocator, c->rows);
    grove_release(allocator, c->order);
    grove_release(allocator, c->spare);
    grove_release(allocator, c->keys);
    grove_release(allocator, c->shares);
}

grove_status grove_report_collisions(const grove_id *ids, size_t categories, int hashes,
                                     int64_t buckets, const grove_collision_options *options,
                                     grove_collision_report *report, grove_error *error) {
    counting c = {.count = categories, .hashes = (size_t)hashes};
    c.wish = options ? *options : (grove_collision_options){0};
    grove_allocator allocator = grove_allocator_or_default(&c.wish.allocator);
    grove_error_clear(error);
    if (!report) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "collisions: there is no report to write to");
    }
    *report = (grove_collision_report){0};
    grove_status status = check(ids, categories, hashes, buckets, c.wish.weights, error);
    if (status != GROVE_OK) {
        return status;
    }
    if (make_blocks(&c, &allocator)) {
        take_rows(&c, ids);
        take_weights(&c);
        count_all(&c, report);
        grove_expect_collisions(c.count, c.hashes, buckets, report);
    } else {
        status = grove_fail_memory(error, 12 * c.count * c.hashes + 9 * c.count);
    }
    release_blocks(&c, &allocator);
    return status;
}
