/* SPDX-License-Identifier: MIT
 *
 * Bags. The weights of a text are those of information retrieval (Salton & Buckley 1988): a piece
 * that is met n times in a cell, and in df of N training cells, weighs
 *
 *     (1 + ln n) (1 + ln((1 + N) / (1 + df)))
 *
 * divided by the length of all weights of its sort, so that long and short texts arrive in the same
 * range. Of a hashed column df is not known, and the second factor is left out. The values of a bag
 * weigh 1 each, or in a mean 1 / n. */
#include "bag.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_id(const void *left, const void *right) {
    const grove_bag_item *a = left, *b = right;
    return (a->id > b->id) - (a->id < b->id);
}

static int32_t id_of(const grove_bag_items *bag, grove_cell piece) {
    if (bag->form->buckets > 0) {
        return grove_hashed_id(bag->form, piece);
    }
    int32_t found = bag->add ? grove_strings_add(bag->add, piece.bytes, piece.length)
                             : grove_strings_find(bag->find, piece.bytes, piece.length);
    return found >= 0 ? GROVE_FIRST_VALUE_ID + found : bag->add ? -1 : GROVE_UNKNOWN_ID;
}

static bool add_id(grove_bag_items *bag, int32_t id, int sort) {
    grove_bag_item *items =
        grove_grow(&bag->allocator, bag->items, bag->count, &bag->capacity, sizeof *items);
    if (items) {
        bag->items = items;
        items[bag->count++] = (grove_bag_item){.id = id, .sort = sort, .weight = 1};
    }
    return items != NULL;
}

static bool add(void *user, grove_cell piece, int sort) {
    const int32_t id = id_of(user, piece);
    return id >= 0 && add_id(user, id, sort);
}

bool grove_bag_take(grove_bag_items *bag, grove_column_kind kind, grove_cell cell) {
    bag->count = 0;
    bool taken = kind == GROVE_COLUMN_TEXT ? grove_pieces_of_text(cell, bag->form, add, bag)
                                           : grove_pieces_of_bag(cell, bag->form->split, add, bag);
    if (!taken || bag->count == 0) {
        return taken;
    }
    qsort(bag->items, bag->count, sizeof *bag->items, by_id);
    size_t kept = 0;
    for (size_t i = 1; i < bag->count; i++) {
        if (bag->items[i].id == bag->items[kept].id) {
            bag->items[kept].weight++;
        } else {
            bag->items[++kept] = bag->items[i];
        }
    }
    bag->count = kept + 1;
    return true;
}

void grove_bag_free(grove_bag_items *bag) {
    grove_release(&bag->allocator, bag->items);
    bag->items = NULL;
}

/* ---- weights --------------------------------------------------------------------------------- */

static void weigh_text(grove_bag_items *bag, const grove_column *column) {
    double squares[2] = {0};
    for (size_t i = 0; i < bag->count; i++) {
        grove_bag_item *item = &bag->items[i];
        double weight = 1 + log((double)item->weight);
        if (column->form.buckets == 0 && item->id >= GROVE_FIRST_VALUE_ID) {
            const int64_t met = column->counts[item->id - GROVE_FIRST_VALUE_ID];
            weight *= 1 + log((1 + (double)column->rows) / (1 + (double)met));
        }
        item->weight = (float)weight;
        squares[item->sort] += weight * weight;
    }
    for (size_t i = 0; i < bag->count; i++) {
        grove_bag_item *item = &bag->items[i];
        item->weight = (float)((double)item->weight / sqrt(squares[item->sort]));
    }
}

static void weigh_values(grove_bag_items *bag, const grove_column *column) {
    float all = 0;
    for (size_t i = 0; i < bag->count; i++) {
        all += bag->items[i].weight;
    }
    for (size_t i = 0; i < bag->count && !column->form.sum; i++) {
        bag->items[i].weight /= all;
    }
}

/* Words that training did not see say nothing about a text, unless there is nothing else. */
static void drop_unknown(grove_bag_items *bag) {
    if (bag->count > 1 && bag->items[0].id == GROVE_UNKNOWN_ID) {
        memmove(bag->items, bag->items + 1, --bag->count * sizeof *bag->items);
    }
}

bool grove_bag_encode(grove_bag_items *bag, const grove_column *column, grove_cell cell) {
    const bool missing = grove_lacks(&column->form, cell);
    bag->form = &column->form;
    bag->find = &column->values;
    if (!grove_bag_take(bag, column->kind, missing ? (grove_cell){"", 0} : cell)) {
        return false;
    }
    if (bag->count == 0 && !add_id(bag, missing ? GROVE_MISSING_ID : GROVE_UNKNOWN_ID, 0)) {
        return false;
    }
    if (column->kind == GROVE_COLUMN_TEXT) {
        drop_unknown(bag);
    }
    /* The ids are by frequency: the rarest are cut off. */
    bag->count = bag->count > (size_t)column->longest ? (size_t)column->longest : bag->count;
    (column->kind == GROVE_COLUMN_TEXT ? weigh_text : weigh_values)(bag, column);
    return true;
}
