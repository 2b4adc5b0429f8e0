/* SPDX-License-Identifier: MIT
 * base/blas.h - the only way to CBLAS: matrix products, on one thread. */
#ifndef GROVE_BASE_BLAS_H
#define GROVE_BASE_BLAS_H

#include <stdbool.h>
#include <stddef.h>

#include "grove/tensor.h"

/* c [m, n] = a [m, k] x b [k, n], row-major and dense. A transposed operand lies as [k, m] or
 * [n, k]; `a_step` is the distance between its rows in memory (of c: n, of b: its width). */
void grove_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                const grove_real *a, size_t a_step, const grove_real *b, grove_real *c);

/* c += a b, otherwise the same. */
void grove_gemm_add(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                    const grove_real *a, size_t a_step, const grove_real *b, grove_real *c);

/* Around a run: OpenBLAS works on one thread in between (grove cuts its own tiles), and the calling
 * program's setting is restored when the last run that overlaps ends. */
void grove_blas_enter(void);
void grove_blas_leave(void);

#endif
