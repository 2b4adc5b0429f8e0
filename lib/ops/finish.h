/* SPDX-License-Identifier: MIT
 *
 * ops/finish.h - what a plan wants done to the numbers of a product before they are stored.
 */
#ifndef GROVE_OPS_FINISH_H
#define GROVE_OPS_FINISH_H

#include "base/product.h"
#include "room.h"

static inline const grove_real *grove_numbers_from(const grove_view *view, size_t at) {
    return view ? (const grove_real *)view->data + at : NULL;
}

/* For the part of the result that begins at element `at`, in that column. finish: NULL for none. */
static inline void grove_finish_product(const grove_finish *finish, grove_product *part, size_t at,
                                        size_t column) {
    if (finish) {
        part->row = grove_numbers_from(finish->row, column);
        part->matrix = grove_numbers_from(finish->matrix, at);
        part->mask = grove_numbers_from(finish->mask, at);
        part->clip = finish->clip;
    }
}

#endif
