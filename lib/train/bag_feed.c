/* SPDX-License-Identifier: MIT */
#include "bag_feed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "grove/data_hash.h"
#include "predictor.h"

enum { NAME_SIZE = 512 };

static void name_input(char text[NAME_SIZE], const char *column, const char *part) {
    snprintf(text, NAME_SIZE, "column.%s%s", column, part);
}

/* Room for the mean of the rows and half a deviation more, which a batch of 256 rows exceeds as
 * seldom as a normal number exceeds 8 deviations. */
grove_bag_inputs grove_bag_inputs_new(grove_graph *graph, const grove_schema *schema,
                                      size_t column) {
    const grove_bag_size size = grove_schema_bag_size(schema, column);
    const char *name = grove_schema_name(schema, column);
    const int64_t room = grove_dim(1 + (int64_t)ceil(size.mean + size.deviation / 2), size.longest);
    char text[NAME_SIZE];
    grove_bag_inputs in;
    name_input(text, name, "");
    const bool shared = grove_is_valid(grove_find(graph, text)); /* by an earlier network */
    in.ids = shared ? grove_find(graph, text) : grove_input_ids(graph, text, room);
    name_input(text, name, ".weights");
    in.weights = shared ? grove_find(graph, text) : grove_input_reals(graph, text, room);
    name_input(text, name, ".offsets");
    in.offsets = shared ? grove_find(graph, text) : grove_input_ids(graph, text, GROVE_BATCH);
    return in;
}

/* ---- opening --------------------------------------------------------------------------------- */

static grove_tensor find(const grove_graph *graph, const char *column, const char *part,
                         grove_type type) {
    char text[NAME_SIZE];
    name_input(text, column, part);
    grove_tensor input = grove_find(graph, text);
    bool fits = grove_node_shape(input).rank == 1 && grove_node_type(input) == type;
    return fits ? input : GROVE_NONE;
}

static grove_status open_feed(grove_bag_feed *f, const grove_allocator *memory,
                              const grove_graph *graph, const char *column, int64_t longest,
                              grove_error *error) {
    char text[NAME_SIZE];
    name_input(text, column, "");
    if (!grove_is_valid(grove_find(graph, text))) {
        return GROVE_OK; /* it does without */
    }
    f->ids_input = find(graph, column, "", GROVE_ID);
    f->weights_input = find(graph, column, ".weights", GROVE_REAL);
    f->offsets_input = find(graph, column, ".offsets", GROVE_ID);
    const int64_t room = grove_node_shape(f->ids_input).dim[0];
    const int64_t more = room < 0 ? grove_dim_more(room) : 0;
    const bool fits = grove_is_valid(f->ids_input) && more >= longest &&
                      grove_node_shape(f->offsets_input).dim[0] == GROVE_BATCH &&
                      grove_node_shape(f->weights_input).dim[0] == room;
    if (!fits) {
        return grove_fail(error, GROVE_NOT_FOUND,
                          "the model has no inputs 'column.%.80s' that take bags of %lld ids",
                          column, (long long)longest);
    }
    f->each = (size_t)grove_dim_batches(room);
    f->more = (size_t)more;
    size_t count = 0, bytes = 0;
    if (grove_multiply(f->size, f->each, &count) &&
        grove_multiply(count + f->more, sizeof(double), &bytes)) {
        f->ids = grove_alloc_zero(memory, count + f->more, sizeof *f->ids);
        f->weights = grove_alloc_zero(memory, count + f->more, sizeof *f->weights);
        f->offsets = grove_alloc_zero(memory, f->size, sizeof *f->offsets);
    }
    return f->ids && f->weights && f->offsets ? GROVE_OK : grove_fail_memory(error, bytes);
}

grove_status grove_bag_feeds_open(grove_bag_feed *feeds, const grove_allocator *memory,
                                  const grove_graph *graph, const grove_schema *schema, size_t size,
                                  grove_error *error) {
    grove_status status = GROVE_OK;
    for (size_t i = 0; i < grove_schema_bags(schema) && status == GROVE_OK; i++) {
        const size_t column = (size_t)grove_schema_bag(schema, i);
        feeds[i].size = size;
        status = open_feed(&feeds[i], memory, graph, grove_schema_name(schema, column),
                           grove_schema_bag_size(schema, column).longest, error);
        if (feeds[i].ids) { /* places that no row was fed to hold padding */
            grove_bag_end(&feeds[i], 0, size);
        }
    }
    return status;
}

void grove_bag_feeds_close(grove_bag_feed *feeds, const grove_allocator *memory, size_t count) {
    for (size_t i = 0; i < count && feeds; i++) {
        grove_release(memory, feeds[i].ids);
        grove_release(memory, feeds[i].weights);
        grove_release(memory, feeds[i].offsets);
    }
}

grove_status grove_bag_feed_bind(const grove_bag_feed *feed, grove_plan *plan) {
    grove_status status = feed->ids ? grove_bind(plan, feed->ids_input, feed->ids) : GROVE_OK;
    if (!feed->ids) {
        return status;
    }
    if (status == GROVE_OK) {
        status = grove_bind(plan, feed->weights_input, feed->weights);
    }
    return status == GROVE_OK ? grove_bind(plan, feed->offsets_input, feed->offsets) : status;
}

/* ---- a batch --------------------------------------------------------------------------------- */

void grove_bag_add(grove_bag_feed *feed, size_t place, size_t rows, grove_bag bag) {
    if (!feed->ids) {
        return;
    }
    const size_t left = grove_bag_room(feed, rows) - feed->used;
    const size_t count = bag.count < left ? bag.count : left;
    feed->cut += bag.count - count;
    feed->offsets[place] = (grove_id)feed->used;
    memcpy(feed->ids + feed->used, bag.ids, count * sizeof *bag.ids);
    for (size_t i = 0; i < count; i++) {
        feed->weights[feed->used + i] = (grove_real)bag.weights[i];
    }
    feed->used += count;
}

void grove_bag_end(grove_bag_feed *feed, size_t filled, size_t rows) {
    for (size_t i = filled; i < rows && feed->ids; i++) {
        feed->offsets[i] = (grove_id)feed->used;
    }
    for (size_t i = feed->used; i < grove_bag_room(feed, rows); i++) {
        feed->ids[i] = GROVE_NOBODY;
        feed->weights[i] = 0;
    }
}

/* ---- the bags of a feed ---------------------------------------------------------------------- */

void grove_feed_bag(grove_feed *feed, size_t i, const grove_dataset *dataset, const size_t *rows,
                    size_t begin, size_t count, size_t size) {
    grove_bag_feed *bag = &feed->bags[i];
    grove_bag_begin(bag);
    for (size_t k = 0; k < count; k++) {
        const size_t row = rows ? rows[k] : begin + k;
        grove_bag_add(bag, k, size, grove_dataset_bag(dataset, i, row));
    }
    grove_bag_end(bag, count, size);
}

void grove_feed_bags(grove_feed *feed, const grove_dataset *dataset, const size_t *rows,
                     size_t begin, size_t count, size_t size) {
    for (size_t i = 0; i < feed->bag_count; i++) {
        grove_feed_bag(feed, i, dataset, rows, begin, count, size);
    }
}

size_t grove_feed_room(const grove_feed *feed, const grove_rows *rows, size_t begin, size_t count) {
    for (size_t i = 0; i < feed->bag_count; i++) {
        const size_t room = grove_bag_room(&feed->bags[i], feed->size);
        size_t used = 0, k = 0;
        for (; k < count && feed->bags[i].ids; k++) {
            used += grove_dataset_bag(rows->dataset, i, grove_row_at(rows, begin + k)).count;
            if (used > room) {
                break;
            }
        }
        count = feed->bags[i].ids ? k : count;
    }
    return count;
}

uint64_t grove_bags_hash(const grove_dataset *dataset, uint64_t hash) {
    for (size_t i = 0; i < grove_dataset_bags(dataset); i++) {
        for (size_t row = 0; row < grove_dataset_rows(dataset); row++) {
            const grove_bag bag = grove_dataset_bag(dataset, i, row);
            hash = grove_hash(bag.ids, bag.count * sizeof *bag.ids, hash);
            hash = grove_hash(bag.weights, bag.count * sizeof *bag.weights, hash);
        }
    }
    return hash;
}
