/* SPDX-License-Identifier: MIT
 *
 * pairs.h - which two categorical columns say together what neither says alone.
 */
#ifndef GROVE_PAIRS_H
#define GROVE_PAIRS_H

#include "grove/train.h"

/* share: of the variance of the label that the sum of an effect for each value of the one column
 * and one for each of the other leaves, what an effect for each two values takes away. */
typedef struct grove_pair {
    int columns[2]; /* among the categorical ones, the smaller first */
    double share;
} grove_pair;

/* The pairs [room] that say more than chance and a tenth of what is left, and a
 * hundredth of all variance, the strongest first;
 * *count of them. Rows that lie in a file are not looked at, nor are labels that are sets: none. */
grove_status grove_find_pairs(const grove_schema *schema, grove_rows train, grove_pair *pairs,
                              int room, int *count, grove_error *error);

#endif
