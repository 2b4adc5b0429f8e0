/* SPDX-License-Identifier: MIT
 *
 * edges.h - rooms that find the bin of a number: x [..., features], edges [features, bins + 1].
 */
#ifndef GROVE_OPS_EDGES_H
#define GROVE_OPS_EDGES_H

#include "room.h"

/* Are inputs 0 and 1 such numbers and edges, and x of `most` dimensions at most? */
static inline bool grove_want_edges(grove_shaping *s, int most) {
    grove_shape x = grove_in_shape(s, 0), edges = grove_in_shape(s, 1);
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_type(s, 1, GROVE_REAL) ||
        !grove_want_rank(s, 1, 2)) {
        return false;
    }
    if (x.rank < 1 || x.rank > most) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "the numbers must have from 1 to %d dimensions",
                            most);
    }
    return (edges.dim[0] == x.dim[x.rank - 1] && edges.dim[1] >= 2) ||
           grove_refuse(s, GROVE_BAD_SHAPE,
                        "the edges must be a row of two or more for each feature");
}

#endif
