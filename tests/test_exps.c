/* SPDX-License-Identifier: MIT
 *
 * The sums of exponentials of base/exps.h: at every length, with a shift and a factor. (How exact
 * each exponential is: test_functions.c.)
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/exps.h"
#include "ops/short_rows.h"

enum { MANY = 4096 };

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
        grove_exps(y, lengths[k], 2, 3, y);
        for (size_t i = 0; i < lengths[k]; i++) {
            double e = exp((double)(x[i] - 2));
            wanted += e;
            ck_assert(fabs((double)y[i] - 3 * e) <= 3e-7 * 3 * e);
        }
        ck_assert(y[lengths[k]] == x[lengths[k]]);
        ck_assert(fabs(grove_exps(x, lengths[k], 2, 1, NULL) - wanted) <= 1e-6 * wanted);
    }
}
END_TEST

/* Sixteen at a time or one by one: the same bits. */
START_TEST(lanes_and_single_numbers_are_the_same_bits) {
    for (int i = -2000; i < 2000; i++) {
        grove_lanes lanes;
        float x[GROVE_LANES];
        for (int k = 0; k < GROVE_LANES; k++) {
            x[k] = (float)i * 0.061f + (float)k * 0.003f;
        }
        x[5] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
        memcpy(&lanes, x, sizeof x);
        grove_lanes_exp(&lanes);
        for (int k = 0; k < GROVE_LANES; k++) {
            float wanted = grove_exp_of(x[k]), got = lanes[k];
            ck_assert_msg(memcmp(&wanted, &got, sizeof got) == 0 || (isnan(wanted) && isnan(got)),
                          "exp(%.9g) is %.9g among lanes, else %.9g", (double)x[k], (double)got,
                          (double)wanted);
        }
    }
}
END_TEST

/* Turned sixteen at a time: sums as with one row, NaN and infinities too; logarithms of sums near 1
 * keep their digits; which rows stand beside a row makes no difference. */
START_TEST(short_rows_are_turned) {
    const size_t widths[] = {1, 2, 10, 17, GROVE_SHORT_ROW};
    static float x[GROVE_LANES * GROVE_SHORT_ROW], y[GROVE_SHORT_ROW];
    static grove_short_rows all, one;
    for (size_t k = 0; k < sizeof widths / sizeof widths[0]; k++) {
        const size_t width = widths[k];
        for (size_t i = 0; i < GROVE_LANES * width; i++) {
            x[i] = (float)((i * 7919) % 2003) / 40 - 15;
        }
        x[3 * width] = NAN;
        x[4 * width + width / 2] = -INFINITY;
        grove_short_rows_exps(&all, x, GROVE_LANES, width);
        for (size_t i = 0; i < GROVE_LANES; i++) {
            const float *row = x + i * width;
            float logs[GROVE_LANES], largest = row[0];
            double wanted = 0;
            for (size_t c = 0; c < width; c++) {
                largest = row[c] > largest ? row[c] : largest;
            }
            for (size_t c = 0; c < width; c++) {
                wanted += exp((double)(row[c] - largest));
            }
            grove_short_rows_exps(&one, row, 1, width);
            grove_short_rows_logs(&one, logs);
            grove_short_row(&one, 0, width, 1, y);
            const double sum = ((const double *)all.sum)[i];
            ck_assert(memcmp(&sum, one.sum, sizeof sum) == 0 || isnan(sum));
            ck_assert_int_eq(isnan(sum), isnan(wanted));
            if (!isnan(sum)) {
                const double of_log = fabs((double)logs[0] - log(wanted));
                ck_assert(fabs(sum - wanted) <= 1e-6 * wanted);
                ck_assert(of_log <= 1e-6 * log(wanted) + 1e-12);
                ck_assert(y[width - 1] == ((const float *)&one.exps[width - 1])[0]);
            }
        }
    }
    const float sure[] = {0, -18};
    float logs[GROVE_LANES];
    grove_short_rows_exps(&one, sure, 1, 2);
    grove_short_rows_logs(&one, logs);
    ck_assert(fabs((double)logs[0] / exp(-18) - 1) < 1e-6);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("exps");
    TCase *sums = tcase_create("sums");
    tcase_add_test(sums, sums_and_factors);
    tcase_add_test(sums, lanes_and_single_numbers_are_the_same_bits);
    tcase_add_test(sums, short_rows_are_turned);
    suite_add_tcase(suite, sums);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
