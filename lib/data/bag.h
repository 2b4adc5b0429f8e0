/* SPDX-License-Identifier: MIT
 * data/bag.h - a cell of several values, or of text, as ids that each have a weight. */
#ifndef GROVE_DATA_BAG_H
#define GROVE_DATA_BAG_H

#include "schema.h"
#include "words.h"

/* An id of a cell, and how often it was met there. */
typedef struct grove_bag_item {
    int32_t id;
    int sort; /* of its piece */
    float weight;
} grove_bag_item;

/* The items of one cell; the room is used again for the next. Zero it, and set its allocator. */
typedef struct grove_bag_items {
    grove_allocator allocator;
    grove_bag_item *items; /* [count] by id, each once */
    size_t count, capacity;
    /* What finds the id of a piece: the form's hash, or this list. */
    const grove_column_form *form;
    grove_strings *add;        /* that grows by what is new; NULL: */
    const grove_strings *find; /* that does not */
} grove_bag_items;

/* Takes a cell apart. Pieces without an id have the id 0. False when memory is short. */
bool grove_bag_take(grove_bag_items *bag, grove_column_kind kind, grove_cell cell);
void grove_bag_free(grove_bag_items *bag);

/* The same for encoding: the ids of a fitted column, and what they weigh. An empty cell holds the
 * id for missing, one of which nothing is known that for unknown. */
bool grove_bag_encode(grove_bag_items *bag, const grove_column *column, grove_cell cell);

/* A column is a bag: of several values, or of the pieces of a text. */
static inline bool grove_is_bag(grove_column_kind kind) {
    return kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_TEXT;
}

#endif
