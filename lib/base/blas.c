/* SPDX-License-Identifier: MIT */
#include "blas.h"

#include <cblas.h>
#include <string.h>

#ifdef GROVE_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

void grove_gemm(const grove_product *p) {
    if (p->m == 0 || p->n == 0) {
        return;
    }
    for (size_t i = 0; i < p->m && p->k == 0 && !p->add; i++) {
        memset(p->c + i * p->c_step, 0, p->n * sizeof *p->c);
    }
    if (p->k > 0) { /* CBLAS asks for leading dimensions of at least 1 */
        GEMM(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
             p->transpose_b ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, 1, p->a,
             (int)p->a_step, p->b, (int)p->b_step, p->add ? 1 : 0, p->c, (int)p->c_step);
    }
}

#ifdef GROVE_HAS_OPENBLAS_THREADS
#include <pthread.h>

/* OpenBLAS keeps its number of threads in a global of its own; this mirrors it, so that runs in
 * several threads of the caller do not restore each other's setting. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int runs, callers_setting;

void grove_blas_enter(void) {
    if (grove_products_are_own()) { /* then the CBLAS is left alone */
        return;
    }
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
    if (grove_products_are_own()) { /* then the CBLAS is left alone */
        return;
    }
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
