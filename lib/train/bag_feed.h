/* SPDX-License-Identifier: MIT
 * train/bag_feed.h - the bags of one column for a batch of rows, in the form that a plan reads.
 *
 * A batch has one list of ids, and offsets where each row's begin. The list's length is fixed by
 * the graph, k ids for each row of the batch and c more: c is the most that one row holds, so that
 * one row always fits. What is left of the list is padding. A graph that has no input for a column
 * does without it. */
#ifndef GROVE_TRAIN_BAG_FEED_H
#define GROVE_TRAIN_BAG_FEED_H

#include "base/memory.h"
#include "grove/data_bags.h"
#include "grove/train.h"

typedef struct grove_bag_feed {
    grove_tensor ids_input, offsets_input, weights_input;
    size_t each, more; /* k and c */
    size_t size;       /* rows */
    grove_id *ids;     /* [each * size + more] */
    grove_real *weights;
    grove_id *offsets; /* [size] */
    size_t used;       /* ids of this batch so far */
    size_t cut;        /* ids of all batches that had no room */
} grove_bag_feed;

/* The three inputs of a column, made when the graph is built: "column.<name>",
 * "column.<name>.offsets", "column.<name>.weights". */
typedef struct grove_bag_inputs {
    grove_tensor ids, offsets, weights;
} grove_bag_inputs;
grove_bag_inputs grove_bag_inputs_new(grove_graph *graph, const grove_schema *schema,
                                      size_t column);

/* feeds [bags of the schema], to be closed also after a failure. */
grove_status grove_bag_feeds_open(grove_bag_feed *feeds, const grove_allocator *allocator,
                                  const grove_graph *graph, const grove_schema *schema, size_t size,
                                  grove_error *error);
void grove_bag_feeds_close(grove_bag_feed *feeds, const grove_allocator *allocator, size_t count);
grove_status grove_bag_feed_bind(const grove_bag_feed *feed, grove_plan *plan);

/* Of all bags of a dataset, gone on from that hash. */
uint64_t grove_bags_hash(const grove_dataset *dataset, uint64_t hash);

/* The ids that a batch of so many rows has room for. */
static inline size_t grove_bag_room(const grove_bag_feed *feed, size_t rows) {
    return feed->each * rows + feed->more;
}

/* Begins a batch; adds the bag of row `place`, which is the next one, in a batch of `rows`; ends
 * it: rows from `filled` on are empty. Of a bag that does not fit the end is cut off. */
static inline void grove_bag_begin(grove_bag_feed *feed) {
    feed->used = 0;
}
void grove_bag_add(grove_bag_feed *feed, size_t place, size_t rows, grove_bag bag);
void grove_bag_end(grove_bag_feed *feed, size_t filled, size_t rows);

#endif
