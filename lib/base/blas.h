/* SPDX-License-Identifier: MIT
 * base/blas.h - the only way to CBLAS: matrix products, on one thread. */
#ifndef GROVE_BASE_BLAS_H
#define GROVE_BASE_BLAS_H

#include "product.h"

/* The product by the CBLAS: what grove_matrix_product does where it has no kernel of its own, and
 * what tests compare its kernels with. */
void grove_gemm(const grove_product *product);

/* Around a run: OpenBLAS works on one thread in between (grove cuts its own tiles), and the calling
 * program's setting is restored when the last run that overlaps ends. */
void grove_blas_enter(void);
void grove_blas_leave(void);

#endif
