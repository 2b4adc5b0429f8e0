/* SPDX-License-Identifier: MIT
 *
 * train/gradient_sample.h - which components of a parameter are checked.
 */
#ifndef GROVE_TRAIN_GRADIENT_SAMPLE_H
#define GROVE_TRAIN_GRADIENT_SAMPLE_H

#include "grove/gradient_check.h"

enum { GROVE_MOST_READERS = 16 };

/* Which nodes does the loss depend on? reaches [loss.index + 1]. */
void grove_mark_reached(grove_tensor loss, bool *reaches);

/* The ids by which the loss reads rows of the parameter. Returns how many lists of them there are,
 * or -1 where it is not read by rows alone. */
int grove_row_readers(grove_tensor parameter, grove_tensor loss, const bool *reaches,
                      grove_tensor readers[GROVE_MOST_READERS]);

/* Marks the components of rows that these ids name; those out of range name none. */
void grove_mark_rows(const grove_id *ids, size_t count, size_t width, bool *marks, size_t size);

/* Draws `wanted` of the positions whose mark is `mark`, in rising order; all where there are not
 * more. Returns how many. What is drawn depends on seed and name. */
size_t grove_draw_positions(const bool *marks, bool mark, size_t size, size_t wanted, uint64_t seed,
                            const char *name, size_t *positions);

#endif
