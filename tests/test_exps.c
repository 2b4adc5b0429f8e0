/* SPDX-License-Identifier: MIT
 *
 * The sums of exponentials of base/exps.h: at every length, with a shift and a factor. (How exact
 * each exponential is: test_functions.c.)
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/exps.h"

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

int main(void) {
    Suite *suite = suite_create("exps");
    TCase *sums = tcase_create("sums");
    tcase_add_test(sums, sums_and_factors);
    suite_add_tcase(suite, sums);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
