/* SPDX-License-Identifier: MIT
 *
 * product - products of matrices at the shapes of small models' training steps: billions of
 * multiplications and additions a second, by our kernels and by the CBLAS, in turns; the best of
 * many repeats each.
 *
 *     OPENBLAS_NUM_THREADS=1 build/tests/cost_product [--once]
 *
 * Of a layer [rows, in] x [in, out] three products are asked for: the result, the gradient of the
 * rows (b turned) and that of the weights (a turned).
 */
#include <stdint.h>

#include "base/blas.h"
#include "base/product.h"
#include "cost.h"

enum { MOST = 2048 * 1024, REPEATS = 25 };

static grove_real a[MOST], b[MOST], c[MOST];

typedef struct layer {
    const char *model;
    size_t rows, in, out;
} layer;

static const layer layers[] = {
    {"adult", 256, 70, 128},         {"adult", 256, 128, 64},      {"adult", 256, 64, 2},
    {"mlp_small", 32, 64, 128},      {"mlp_small", 32, 128, 64},   {"mlp_small", 32, 64, 10},
    {"char_mlp", 32, 80, 200},       {"char_mlp", 32, 200, 27},    {"species_sparse", 256, 12, 32},
    {"species_sparse", 256, 32, 10}, {"char_gpt", 2048, 64, 64},   {"char_gpt", 2048, 64, 192},
    {"char_gpt", 2048, 64, 256},     {"char_gpt", 2048, 256, 64},  {"char_gpt", 2048, 64, 65},
    {"ctr", 2048, 429, 256},         {"ctr", 2048, 256, 128},      {"ctr", 2048, 128, 2},
    {"mlp_big", 512, 784, 1024},     {"mlp_big", 512, 1024, 1024}, {"mlp_big", 512, 1024, 10},
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double seconds(const grove_product *p, void *scratch, bool cblas, int times) {
    double begin = now();
    for (int i = 0; i < times; i++) {
        if (cblas) {
            grove_gemm(p);
        } else {
            grove_matrix_product(p, scratch);
        }
    }
    return (now() - begin) / times;
}

static void measure(const char *model, const grove_product *p, bool once) {
    double operations = 2. * (double)p->m * (double)p->n * (double)p->k, best[2] = {1e9, 1e9};
    int times = once ? 1 : 1 + (int)(3e7 / operations), repeats = once ? 1 : REPEATS;
    void *scratch = aligned_alloc(64, grove_product_scratch(p) + 64);
    for (int r = 0; r < repeats && scratch; r++) {
        for (int way = 0; way < 2; way++) {
            double took = seconds(p, scratch, way, times);
            best[way] = took < best[way] ? took : best[way];
        }
    }
    printf("%-15s %5zu %5zu %5zu  %s %s  %9.2f us  %7.1f  %7.1f\n", model, p->m, p->n, p->k,
           p->transpose_a ? "a'" : "a ", p->transpose_b ? "b'" : "b ", 1e6 * best[0],
           1e-9 * operations / best[0], 1e-9 * operations / best[1]);
    free(scratch);
}

int main(int argc, char **argv) {
    bool once = cost_only_once(argc, argv);
    for (size_t i = 0; i < MOST; i++) {
        a[i] = (grove_real)(i % 13) / 8 - 1;
        b[i] = (grove_real)(i % 11) / 8 - 1;
    }
    printf("%-15s %5s %5s %5s  %5s  %12s  %7s  %7s\n", "", "m", "n", "k", "", "ours", "ours",
           "CBLAS");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const layer *l = &layers[i];
        size_t m = l->rows, k = l->in, n = l->out;
        grove_product forward = {
            .m = m, .n = n, .k = k, .a = a, .b = b, .a_step = k, .b_step = n, .c = c, .c_step = n};
        grove_product dx = {.transpose_b = true,
                            .m = m,
                            .n = k,
                            .k = n,
                            .a = a,
                            .b = b,
                            .a_step = n,
                            .b_step = n,
                            .c = c,
                            .c_step = k};
        grove_product dw = {.transpose_a = true,
                            .m = k,
                            .n = n,
                            .k = m,
                            .a = a,
                            .b = b,
                            .a_step = k,
                            .b_step = n,
                            .c = c,
                            .c_step = n};
        measure(l->model, &forward, once);
        measure(l->model, &dx, once);
        measure(l->model, &dw, once);
    }
    return 0;
}
