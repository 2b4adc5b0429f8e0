/* SPDX-License-Identifier: MIT
 *
 * base/sort.h against the C library's qsort: every length up to some hundred, keys of few and of
 * many bytes, equal ones in their order. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/sort.h"

enum { MANY = 5000 };

static int by_key_and_item(const void *left, const void *right) {
    const grove_keyed *a = left, *b = right;
    return a->key != b->key ? (a->key > b->key ? 1 : -1)
                            : (a->item > b->item) - (a->item < b->item);
}

static void check_sorted(size_t count, uint64_t mask) {
    static grove_keyed list[MANY + 1], wanted[MANY], spare[MANY + 1];
    uint64_t state = count + mask;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        wanted[i] = list[i] = (grove_keyed){(state ^ state >> 29) & mask, i};
    }
    list[count] = spare[count] = (grove_keyed){7, 7};
    grove_sort_keyed(list, count, spare);
    qsort(wanted, count, sizeof *wanted, by_key_and_item);
    size_t same = 0;
    while (same < count && list[same].key == wanted[same].key &&
           list[same].item == wanted[same].item) {
        same++;
    }
    ck_assert_uint_eq(same, count);
    ck_assert_uint_eq(list[count].key, 7);
    ck_assert_uint_eq(spare[count].key, 7);
}

START_TEST(as_by_comparing) {
    const uint64_t masks[] = {0, 1, 0xFF, 0xFF00, 0xFF00FF, UINT64_C(0xFF) << 56, UINT64_MAX};
    for (size_t k = 0; k < sizeof masks / sizeof *masks; k++) {
        for (size_t count = 0; count < 300; count++) {
            check_sorted(count, masks[k]);
        }
        check_sorted(MANY, masks[k]);
    }
}
END_TEST

START_TEST(keys_are_in_the_order_of_numbers) {
    const int32_t whole[] = {INT32_MIN, -1000000, -1, 0, 1, 255, 256, INT32_MAX};
    const float reals[] = {-INFINITY, -3.5F, -1e-30F, 0, 1e-45F, 1e-30F, 0.25F, 1, INFINITY};
    for (size_t i = 1; i < sizeof whole / sizeof *whole; i++) {
        ck_assert_uint_lt(grove_key_of_int(whole[i - 1]), grove_key_of_int(whole[i]));
    }
    for (size_t i = 1; i < sizeof reals / sizeof *reals; i++) {
        ck_assert_uint_lt(grove_key_of_float(reals[i - 1]), grove_key_of_float(reals[i]));
    }
    ck_assert_uint_eq(grove_key_of_float(-0.0F), grove_key_of_float(0.0F));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sort");
    TCase *tests = tcase_create("sort");
    tcase_add_test(tests, as_by_comparing);
    tcase_add_test(tests, keys_are_in_the_order_of_numbers);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
