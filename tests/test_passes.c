/* SPDX-License-Identifier: MIT
 *
 * Passes over memory that go piece by piece, for speed, at all widths of a piece, and ids that
 * are looked up: what they yield is that of one plain loop, and nothing is written beside it. */
#include <check.h>
#include <stdlib.h>

#include "base/merge.h"
#include "grove/grove.h"
#include "ops/room.h"

/* ---- broadcasting ---------------------------------------------------------------------------- */

enum { MOST = 3000, GUARD = 64 };
static const grove_real untouched = 12345;

static grove_real number_at(size_t i) {
    return (grove_real)((i * 2654435761u >> 7) % 1001) / 8 - 50;
}

/* out = a - b for the items in three parts that meet in `first` and `second`; one of the two has
 * `width` numbers, the other `count`. */
static void expect_broadcast(size_t width, size_t count, bool is_first, size_t first,
                             size_t second) {
    static grove_real wide[MOST], narrow[MOST], out[MOST + GUARD];
    for (size_t i = 0; i < MOST; i++) {
        wide[i] = number_at(i);
        narrow[i] = number_at(3 * i + 11);
    }
    for (size_t i = 0; i < MOST + GUARD; i++) {
        out[i] = untouched;
    }
    grove_view w = {.data = wide, .count = count}, n = {.data = narrow, .count = width};
    grove_view y = {.data = out, .count = count};
    const grove_view *in[] = {is_first ? &n : &w, is_first ? &w : &n};
    grove_call call = {.op = grove_op_named("sub"), .in = in, .inputs = 2, .out = &y};
    call.op->run(&call, first, second);
    call.op->run(&call, second, count);
    call.op->run(&call, 0, first);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        grove_real difference = wide[i] - narrow[i % width];
        wrong += out[i] != (is_first ? -difference : difference);
    }
    for (size_t i = count; i < MOST + GUARD; i++) {
        wrong += out[i] != untouched;
    }
    ck_assert_uint_eq(wrong, 0);
}

START_TEST(an_operand_of_any_width_is_repeated) {
    static const size_t widths[] = {1, 2, 3, 7, 8, 16, 37, 64, 128, 255, 256, 257, 511, 512, 600};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (size_t rows = 1; rows * widths[i] <= MOST; rows = 3 * rows + 1) {
            size_t count = rows * widths[i];
            expect_broadcast(widths[i], count, true, count / 3, count - count / 4);
            expect_broadcast(widths[i], count, false, count / 5, count / 2);
            expect_broadcast(widths[i], count, false, 0, count);
        }
    }
}
END_TEST

/* ---- pieces of rows -------------------------------------------------------------------------- */

enum { PARTS = 75, ROWS = 29 };

static int64_t width_of(int part) {
    static const int64_t wide[] = {100, 128, 200, 256, 300, 513};
    return part < 69 ? part : wide[part - 69]; /* and an empty one */
}

static int64_t columns_before(int part) {
    int64_t before = 0;
    for (int i = 0; i < part; i++) {
        before += width_of(i);
    }
    return before;
}

/* y is that part of x [ROWS, whole]; if it is padded, among zeros. */
static void expect_part(const grove_real *y, const grove_real *x, int part, bool is_padded) {
    int64_t whole = columns_before(PARTS), before = columns_before(part), width = width_of(part);
    size_t wrong = 0;
    for (int64_t row = 0; row < ROWS; row++) {
        for (int64_t k = 0; k < (is_padded ? whole : width); k++) {
            int64_t column = is_padded ? k : before + k;
            bool inside = column >= before && column < before + width;
            wrong += *y++ != (inside ? x[row * whole + column] : 0);
        }
    }
    ck_assert_uint_eq(wrong, 0);
}

/* Joined, cut and laid into zeros again, pieces of each width are where they belong. */
START_TEST(pieces_of_any_width_are_copied) {
    int64_t whole = columns_before(PARTS);
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input(g, "x", GROVE_REAL, GROVE_SHAPE(ROWS, whole));
    grove_tensor part[PARTS], wanted[2 * PARTS + 1];
    for (int i = 0; i < PARTS; i++) {
        wanted[i] = part[i] = grove_slice(x, 1, columns_before(i), width_of(i));
        wanted[PARTS + i] = grove_pad(part[i], 1, columns_before(i), whole);
    }
    wanted[2 * PARTS] = grove_concat(part, PARTS, 1);
    grove_plan *plan = grove_plan_new(g, wanted, 2 * PARTS + 1, NULL);
    grove_real *numbers = malloc((size_t)(ROWS * whole) * sizeof *numbers);
    for (size_t i = 0; i < (size_t)(ROWS * whole); i++) {
        numbers[i] = number_at(i) + 100;
    }
    grove_bind(plan, x, numbers);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    for (int i = 0; i < PARTS; i++) {
        expect_part(grove_value(plan, wanted[i]), numbers, i, false);
        expect_part(grove_value(plan, wanted[PARTS + i]), numbers, i, true);
    }
    ck_assert_mem_eq(grove_value(plan, wanted[2 * PARTS]), numbers,
                     (size_t)(ROWS * whole) * sizeof *numbers);
    free(numbers);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- lists of ids ---------------------------------------------------------------------------- */

enum { IDS = 300 };

/* Sought or looked up, each id gets the same slot, and nobody none. */
START_TEST(ids_among_few_rows_are_merged_alike) {
    static const size_t rows[] = {1, 2, 10, 299, 2048, 2049, 100000};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        void *scratch[] = {malloc(grove_merge_scratch(IDS)), malloc(grove_merge_scratch(IDS))};
        for (size_t count = 0; count <= IDS; count += 75) {
            grove_id ids[IDS];
            for (size_t i = 0; i < count; i++) {
                ids[i] = i % 7 == 3 ? GROVE_NOBODY : (grove_id)(i * i * 77 % rows[r]);
            }
            grove_merged sought = grove_merge(ids, count, scratch[0]);
            grove_merged found = grove_merge_among(ids, count, rows[r], scratch[1]);
            ck_assert_uint_eq(sought.count, found.count);
            ck_assert_mem_eq(sought.rows, found.rows, sought.count * sizeof(grove_id));
            ck_assert_mem_eq(sought.slot, found.slot, count * sizeof(int32_t));
        }
        free(scratch[0]);
        free(scratch[1]);
    }
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("passes");
    tcase_add_test(cases, an_operand_of_any_width_is_repeated);
    tcase_add_test(cases, pieces_of_any_width_are_copied);
    tcase_add_test(cases, ids_among_few_rows_are_merged_alike);
    Suite *suite = suite_create("passes");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
