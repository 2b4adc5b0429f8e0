/* SPDX-License-Identifier: MIT
 *
 * Products of matrices by the kernels of this level (GROVE_CPU) against a plain loop in double: all
 * ways an operand may lie, sizes around every tile's edge; and that a number of the result depends
 * on nothing but its row, its column and k. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/levels.h"
#include "base/product.h"

enum { ROOM = 1 << 19, PAST = 5 }; /* numbers between the rows that must not be touched */

static grove_real *numbers(size_t count, unsigned seed) {
    grove_real *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (grove_real)((double)(seed >> 8) * 0x1p-23 - 1);
    }
    return x;
}

static double a_at(const grove_product *p, size_t i, size_t l) {
    return (double)(p->transpose_a ? p->a[l * p->a_step + i] : p->a[i * p->a_step + l]);
}
static double b_at(const grove_product *p, size_t l, size_t j) {
    return (double)(p->transpose_b ? p->b[j * p->b_step + l] : p->b[l * p->b_step + j]);
}

static void *scratch_of(const grove_product *p) {
    size_t bytes = grove_product_scratch(p);
    ck_assert_uint_eq(bytes % 64, 0);
    char *scratch = aligned_alloc(64, bytes + 64);
    memset(scratch, 77, bytes + 64);
    return scratch;
}

static void expect_untouched_end(const char *scratch, const grove_product *p) {
    size_t bytes = grove_product_scratch(p);
    for (size_t i = bytes; i < bytes + 64; i++) {
        ck_assert_msg(scratch[i] == 77, "written past the scratch");
    }
}

static void check_product(size_t m, size_t n, size_t k, bool ta, bool tb, bool add) {
    size_t a_step = (ta ? m : k) + PAST, b_step = (tb ? k : n) + PAST, c_step = n + PAST;
    grove_real *a = numbers((ta ? k : m) * a_step + 1, 1);
    grove_real *b = numbers((tb ? n : k) * b_step + 1, 2);
    grove_real *c = numbers(m * c_step + 1, 3), *before = numbers(m * c_step + 1, 3);
    grove_product p = {.transpose_a = ta,
                       .transpose_b = tb,
                       .add = add,
                       .m = m,
                       .n = n,
                       .k = k,
                       .a = a,
                       .a_step = a_step,
                       .b = b,
                       .b_step = b_step,
                       .c = c,
                       .c_step = c_step};
    char *scratch = scratch_of(&p);
    grove_matrix_product(&p, scratch);
    expect_untouched_end(scratch, &p);
    double unit = sizeof(grove_real) == 4 ? 0x1p-23 : 0x1p-52;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < c_step; j++) {
            double wanted = (double)before[i * c_step + j], size = fabs(wanted);
            wanted = j < n && !add ? 0 : wanted;
            for (size_t l = 0; l < k && j < n; l++) {
                wanted += a_at(&p, i, l) * b_at(&p, l, j);
                size += fabs(a_at(&p, i, l) * b_at(&p, l, j));
            }
            double got = (double)c[i * c_step + j];
            bool good =
                j < n ? fabs(got - wanted) <= unit * (2 + sqrt((double)k)) * size : got == wanted;
            if (!good) { /* an assertion is a write to a file: too much for each number */
                ck_abort_msg("%zu x %zu x %zu%s%s%s at %s: c[%zu][%zu] is %g, not %g", m, n, k,
                             ta ? " a turned" : "", tb ? " b turned" : "", add ? " added" : "",
                             grove_level_name(), i, j, got, wanted);
            }
        }
    }
    free(scratch);
    free(a);
    free(b);
    free(c);
    free(before);
}

static void check_ways(size_t m, size_t n, size_t k) {
    for (int way = 0; way < 8; way++) {
        check_product(m, n, k, way & 1, way & 2, way & 4);
    }
}

START_TEST(sizes_around_a_tile) {
    static const size_t rows[] = {1, 3, 4, 5, 7, 8, 9, 17}, columns[] = {1, 2, 7, 8, 15, 16, 17};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
            check_ways(rows[i], columns[j], 19);
            check_ways(rows[i], columns[j] + 32, 3);
        }
    }
}
END_TEST

START_TEST(long_sums_and_wide_results) {
    check_ways(9, 33, 256);
    check_ways(9, 33, 257);
    check_ways(70, 40, 600);
    check_ways(5, 300, 31);
    check_ways(70, 1, 300); /* few columns, or few left over: computed turned */
    check_ways(64, 2, 40);
    check_ways(100, 34, 16);
    check_ways(1100, 37, 40); /* a turned, with rows so far apart that it is packed */
}
END_TEST

START_TEST(nothing_to_multiply) {
    check_ways(0, 5, 5);
    check_ways(5, 0, 5);
    check_ways(5, 5, 0);
}
END_TEST

/* Rows and columns taken out of a product by themselves are the same bits: here two by two, out of
 * one whose last column is computed in another way. (The CBLAS, which works at lower levels,
 * promises no such thing.) */
static void check_parts(bool ta, bool tb, bool add) {
    enum { M = 37, N = 65, K = 300 };
    grove_real *a = numbers(M * K, 1), *b = numbers(N * K, 2), *all = numbers(M * N, 3);
    grove_real *before = numbers(M * N, 3);
    const size_t a_step = ta ? M : K, b_step = tb ? K : N;
    grove_product p = {.transpose_a = ta,
                       .transpose_b = tb,
                       .add = add,
                       .m = M,
                       .n = N,
                       .k = K,
                       .a = a,
                       .a_step = a_step,
                       .b = b,
                       .b_step = b_step,
                       .c = all,
                       .c_step = N};
    void *scratch = scratch_of(&p);
    grove_matrix_product(&p, scratch);
    for (size_t i = 0; i < M; i += 4) {
        for (size_t j = 0; j < N; j += 4) {
            grove_real part[4];
            size_t rows = i + 2 <= M ? 2 : 1, columns = j + 2 <= N ? 2 : 1;
            for (size_t r = 0; r < rows; r++) {
                memcpy(part + r * columns, before + (i + r) * N + j, columns * sizeof *part);
            }
            grove_product q = p;
            q.m = rows;
            q.n = columns;
            q.a = a + (ta ? i : i * K);
            q.b = b + (tb ? j * K : j);
            q.c = part;
            q.c_step = columns;
            grove_matrix_product(&q, scratch);
            for (size_t r = 0; r < rows; r++) {
                ck_assert_mem_eq(part + r * columns, all + (i + r) * N + j, columns * sizeof *part);
            }
        }
    }
    free(scratch);
    free(a);
    free(b);
    free(all);
    free(before);
}

START_TEST(a_number_depends_on_its_row_and_column_alone) {
    for (int way = 0; way < 8 && grove_products_are_own(); way++) {
        check_parts(way & 1, way & 2, way & 4);
    }
}
END_TEST

/* What a product does to its numbers before it stores them is, bit by bit, what is done to them
 * afterwards; NaN and zeros of both signs among them. */
static void check_finish(grove_product *p, int what, const grove_real *others) {
    const size_t count = p->m * p->c_step;
    grove_real *c = numbers(count + 1, 3), *later = numbers(count + 1, 3);
    p->row = NULL;
    p->matrix = p->mask = NULL;
    p->clip = false;
    p->c = later;
    void *scratch = scratch_of(p);
    grove_matrix_product(p, scratch);
    p->row = what & 1 ? others : NULL;
    p->matrix = what & 2 ? others + 100 : NULL;
    p->clip = what & 4;
    p->mask = what & 8 ? others + 200 : NULL;
    grove_product_finish(p);
    p->c = c;
    grove_matrix_product(p, scratch);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&c[i], &later[i], sizeof *c) == 0 || (isnan(c[i]) && isnan(later[i]))) {
            continue;
        }
        ck_abort_msg("%zu x %zu x %zu, finished by %d at %s: %zu is %g, not %g", p->m, p->n, p->k,
                     what, grove_level_name(), i, (double)c[i], (double)later[i]);
    }
    free(scratch);
    free(c);
    free(later);
}

START_TEST(numbers_are_finished_as_they_would_be_afterwards) {
    static const size_t sizes[][3] = {{9, 37, 19}, {17, 64, 300}, {40, 2, 40}, {33, 34, 16},
                                      {1, 1, 1},   {8, 32, 0},    {0, 5, 5},   {1100, 37, 40}};
    grove_real *a = numbers(1 << 17, 1), *b = numbers(1 << 17, 2), *others = numbers(1 << 17, 5);
    for (size_t i = 0; i < 1 << 17; i += 7) {
        others[i] = i % 3 == 0 ? (grove_real)NAN : i % 3 == 1 ? (grove_real)0 : -(grove_real)0;
    }
    a[3] = b[5] = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int what = 0; what < 16 * 8; what++) {
            const size_t m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
            grove_product p = {.transpose_a = what & 16,
                               .transpose_b = what & 32,
                               .add = what & 64,
                               .m = m,
                               .n = n,
                               .k = k,
                               .a = a,
                               .b = b,
                               .a_step = what & 16 ? m : k,
                               .b_step = what & 32 ? k : n,
                               .c_step = n + PAST};
            check_finish(&p, what & 15, others);
        }
    }
    free(a);
    free(b);
    free(others);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("product");
    TCase *sizes = tcase_create("sizes");
    tcase_set_timeout(sizes, 60);
    tcase_add_test(sizes, sizes_around_a_tile);
    tcase_add_test(sizes, long_sums_and_wide_results);
    tcase_add_test(sizes, nothing_to_multiply);
    tcase_add_test(sizes, a_number_depends_on_its_row_and_column_alone);
    tcase_add_test(sizes, numbers_are_finished_as_they_would_be_afterwards);
    suite_add_tcase(suite, sizes);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
