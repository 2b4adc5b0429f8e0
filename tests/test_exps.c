/* SPDX-License-Identifier: MIT
 *
 * The exponentials of base/exps.h against libm's in double.
 *
 *     test_exps all     goes through every float, and prints the worst (a minute)
 */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/exps.h"

enum { MANY = 4096 };

typedef struct worst {
    double error; /* in units in the last place */
    float at;
    uint64_t looked_at;
} worst;

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void look_at(worst *w, const float *x, const float *y, int count) {
    for (int i = 0; i < count; i++) {
        int exponent;
        double wanted = exp((double)x[i]);
        frexp(wanted, &exponent);
        double error = fabs((double)y[i] - wanted) / ldexp(1, exponent - 24);
        if (!(error <= w->error)) {
            w->error = error;
            w->at = x[i];
        }
    }
    w->looked_at += (uint64_t)count;
}

/* All floats from 0 away to `last`, `step` bits apart. */
static void go_through(worst *w, uint32_t first, float last, uint32_t step) {
    float x[MANY], y[MANY];
    for (uint64_t bits = first; fabsf(float_of((uint32_t)bits)) <= fabsf(last);) {
        int count = 0;
        for (; count < MANY && fabsf(float_of((uint32_t)bits)) <= fabsf(last); bits += step) {
            x[count++] = float_of((uint32_t)bits);
        }
        memcpy(y, x, sizeof y);
        grove_exps(y, (size_t)count, 0, 1);
        look_at(w, x, y, count);
    }
}

static const float lowest = -87.33654f, highest = 88;

START_TEST(an_error_stays_below_a_unit_in_the_last_place) {
    worst w = {0};
    go_through(&w, 0x80000000u, lowest, 509); /* a prime: all low bits are met */
    go_through(&w, 0, highest, 509);
    printf("exps: %llu floats, at most %.3f units in the last place, at %.9g\n",
           (unsigned long long)w.looked_at, w.error, (double)w.at);
    ck_assert_uint_gt(w.looked_at, 4000000);
    ck_assert(w.error < 1);
}
END_TEST

START_TEST(ends_and_what_is_no_number) {
    const float x[] = {0,         -0.0f,  lowest,  nextafterf(lowest, -100),
                       -INFINITY, -1e30f, highest, nextafterf(highest, 100),
                       INFINITY,  1e30f,  NAN};
    float y[sizeof x / sizeof x[0]];
    memcpy(y, x, sizeof y);
    grove_exps(y, sizeof x / sizeof x[0], 0, 1);
    ck_assert(y[0] == 1 && y[1] == 1);
    ck_assert(y[2] >= 0x1p-126f && y[2] < 0x1.1p-126f);
    ck_assert(y[3] == 0 && y[4] == 0 && y[5] == 0);
    ck_assert(isfinite(y[6]) && isinf(y[7]) && isinf(y[8]) && isinf(y[9]) && y[8] > 0);
    ck_assert(isnan(y[10]));
}
END_TEST

/* Whatever the length: the last few, too, and nothing behind them. */
START_TEST(sums_and_factors) {
    float x[3 * MANY + 7], y[3 * MANY + 7];
    const size_t lengths[] = {0, 1, 15, 16, 17, 1023, 1024, 1025, 3 * MANY + 6};
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
        x[i] = (float)((i * 7919) % 2003) / 100 - 15;
    }
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        double wanted = 0;
        memcpy(y, x, sizeof y);
        grove_exps(y, lengths[k], 2, 3);
        for (size_t i = 0; i < lengths[k]; i++) {
            double e = exp((double)(x[i] - 2));
            wanted += e;
            ck_assert(fabs((double)y[i] - 3 * e) <= 3e-7 * 3 * e);
        }
        ck_assert(y[lengths[k]] == x[lengths[k]]);
        ck_assert(fabs(grove_exps_sum(x, lengths[k], 2) - wanted) <= 1e-6 * wanted);
    }
}
END_TEST

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "all") == 0) {
        worst w = {0};
        go_through(&w, 0x80000000u, lowest, 1);
        go_through(&w, 0, highest, 1);
        printf("%llu floats, at most %.4f units in the last place, at %.9g\n",
               (unsigned long long)w.looked_at, w.error, (double)w.at);
        return w.error < 1 ? 0 : 1;
    }
    TCase *all = tcase_create("exps");
    tcase_add_test(all, an_error_stays_below_a_unit_in_the_last_place);
    tcase_add_test(all, ends_and_what_is_no_number);
    tcase_add_test(all, sums_and_factors);
    Suite *suite = suite_create("exps");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
