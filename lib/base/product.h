/* SPDX-License-Identifier: MIT
 * base/product.h - products of matrices, on one thread.
 *
 * Where the processor has fused multiply-add and wide registers, by kernels of our own, which do
 * without the cost of a call that is made for large matrices; elsewhere by the CBLAS. */
#ifndef GROVE_BASE_PRODUCT_H
#define GROVE_BASE_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "grove/tensor.h"

/* c [m, n] = a [m, k] x b [k, n], or c += where `add` is set; row-major. A transposed operand lies
 * as [k, m] or [n, k]. A step is the distance between rows as they lie in memory. Each number of
 * the result depends on its row of a and its column of b alone: not on m, n, or its place. */
typedef struct grove_product {
    bool transpose_a, transpose_b, add;
    size_t m, n, k;
    const grove_real *a, *b;
    size_t a_step, b_step;
    grove_real *c;
    size_t c_step;
    /* What is done to a number before it is stored, in this order; NULL or false: not that. */
    const grove_real *row;    /* [n] is added */
    const grove_real *matrix; /* [m, n] is added; its rows, and those of mask, are c_step apart */
    const grove_real *mask;   /* [m, n]: where it is not above 0, the number becomes 0 */
    bool clip;                /* a number below 0 becomes 0 */
} grove_product;

/* The same done to numbers that are stored already. */
void grove_product_finish(const grove_product *product);

/* Bytes of working room for a product, or for one with smaller m, n or k; a multiple of 64. Its
 * matrices are not looked at. */
size_t grove_product_scratch(const grove_product *product);

/* Are all products done by kernels of our own here? (Empty ones need none.) */
bool grove_products_are_own(void);

/* scratch: aligned to 64 bytes. */
void grove_matrix_product(const grove_product *product, void *scratch);

#endif
