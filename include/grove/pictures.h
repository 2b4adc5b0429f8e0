/* SPDX-License-Identifier: MIT
 *
 * grove/pictures.h - vectors that were learned, brought down to two dimensions to be looked at; and
 * which of them are neighbours in all dimensions, since a picture may lie about that.
 *
 * Ownership: everything is written into the caller's arrays.
 */
#ifndef GROVE_PICTURES_H
#define GROVE_PICTURES_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Principal components (Pearson 1901; Hotelling 1933): numbers [rows, width], minus their mean,
 * laid on the `axes` directions along which they vary most, each at right angles to those before.
 *
 *     points [rows, axes]    where each vector lies on them
 *     explained [axes]       the share of the whole variance that lies along each; the sum says how
 *                            much the picture tells. 0 where all vectors are the same
 *
 * A direction's sign is chosen so that its largest component is above 0. Directions beyond the
 * width are zeros. In double; takes rows x width^2, and up to 1,000 x width^2 for each axis. */
GROVE_API grove_status grove_principal_components(const grove_real *numbers, size_t rows,
                                                  size_t width, size_t axes,
                                                  const grove_allocator *allocator, double *points,
                                                  double *explained, grove_error *error);

/* For each of numbers [rows, width] the `count` others whose vectors have the highest cosine of the
 * angle with its own, the highest first, of equal ones the first: neighbours [rows, count], filled
 * up with -1 where there are not so many. A vector of zeros has the cosine 0 with all.
 * Takes rows^2 x width. */
GROVE_API grove_status grove_cosine_neighbours(const grove_real *numbers, size_t rows, size_t width,
                                               size_t count, const grove_allocator *allocator,
                                               grove_id *neighbours, grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
