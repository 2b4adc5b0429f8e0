/* SPDX-License-Identifier: MIT */
#include "blas.h"

#include <cblas.h>
#include <string.h>

#ifdef GROVE_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

void grove_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                const grove_real *a, size_t a_step, const grove_real *b, grove_real *c) {
    if (m == 0 || n == 0) {
        return;
    }
    if (k == 0) { /* CBLAS asks for leading dimensions of at least 1 */
        memset(c, 0, m * n * sizeof *c);
        return;
    }
    GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
         transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a, (int)a_step, b,
         (int)(transpose_b ? k : n), 0, c, (int)n);
}

void grove_gemm_add(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
                    const grove_real *a, size_t a_step, const grove_real *b, grove_real *c) {
    if (m == 0 || n == 0 || k == 0) {
        return;
    }
    GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
         transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a, (int)a_step, b,
         (int)(transpose_b ? k : n), 1, c, (int)n);
}

#ifdef GROVE_HAS_OPENBLAS_THREADS
#include <pthread.h>

/* OpenBLAS keeps its number of threads in a global of its own; this mirrors it, so that runs in
 * several threads of the caller do not restore each other's setting. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int runs, callers_setting;

void grove_blas_enter(void) {
    pthread_mutex_lock(&lock);
    if (runs++ == 0) {
        callers_setting = openblas_get_num_threads();
        if (callers_setting != 1) {
            openblas_set_num_threads(1);
        }
    }
    pthread_mutex_unlock(&lock);
}

void grove_blas_leave(void) {
    pthread_mutex_lock(&lock);
    if (--runs == 0 && callers_setting != 1) {
        openblas_set_num_threads(callers_setting);
    }
    pthread_mutex_unlock(&lock);
}
#else
void grove_blas_enter(void) {
}
void grove_blas_leave(void) {
}
#endif
