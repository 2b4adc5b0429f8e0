/* SPDX-License-Identifier: MIT
 *
 * Golden numbers: what PyTorch computed for some hundred cases. golden/README.md says how they were
 * made; $GROVE_GOLDEN is the folder where they lie.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static const char *const files[] = {
    "ops.txt",       "embeddings.txt", "losses.txt",     "many_classes.txt", "layers.txt",
    "attention.txt", "second.txt",     "optimizers.txt", "schedules.txt",    "curves.txt",
};
enum { FILES = sizeof files / sizeof *files, FEWEST_CASES = 1000 };

/* ---- files ----------------------------------------------------------------------------------- */

/* With `wrong`, counts the cases in which spoiled numbers were not noticed. */
static void check_file(const char *name, golden_tally *t, int *wrong) {
    const char *folder = getenv("GROVE_GOLDEN");
    char path[1000];
    golden_reader reader;
    golden_case c;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "tests/golden", name);
    ck_assert_msg(golden_open(&reader, path), "%s: %s", path, reader.problem);
    t->file = name;
    while (golden_next(&reader, &c)) {
        size_t used = t->used;
        int before = t->faults, spoiled = wrong ? golden_spoil(&c) : 0;
        golden_check(&c, t);
        if (wrong && t->faults - before == spoiled) {
            t->words[t->used = used] = '\0';
        } else if (wrong) {
            (*wrong)++;
            golden_fault(t, &c, "%d faults in %d wrong results", t->faults - before, spoiled);
        }
        golden_case_free(&c);
    }
    golden_case_free(&c);
    ck_assert_msg(!reader.problem, "%s:%d: %s", name, reader.number, reader.problem);
    golden_close(&reader);
}

START_TEST(as_pytorch_has_it) {
    golden_tally t = {.cases = 0};
    check_file(files[_i], &t, NULL);
    printf("%s: %d cases, the largest error is %.2g of what is tolerated\n", files[_i], t.cases,
           t.worst);
    ck_assert_msg(t.faults == 0, "%d results differ:%s", t.faults, t.words);
    ck_assert_int_gt(t.cases, 0);
}
END_TEST

/* Each result of each case is looked at, with its tolerance. */
START_TEST(wrong_numbers_are_noticed) {
    golden_tally t = {.cases = 0};
    int wrong = 0;
    check_file(files[_i], &t, &wrong);
    ck_assert_msg(wrong == 0, "%d cases let wrong numbers pass:%s", wrong, t.words);
}
END_TEST

/* In the graphs of cases; or there is a reason why not. */
START_TEST(every_op_has_numbers) {
    golden_tally t = {.cases = 0};
    char missing[1000] = "";
    for (int i = 0; i < FILES; i++) {
        check_file(files[i], &t, NULL);
    }
    for (int row = 0; row < GROVE_ROWS; row++) {
        const char *op = grove_op_table[row]->name;
        size_t used = strlen(missing);
        ck_assert_msg(!t.op[row] || !golden_is_exception(op),
                      "%s has golden numbers and is an exception", op);
        if (!t.op[row] && !golden_is_exception(op)) {
            snprintf(missing + used, sizeof missing - used, " %s", op);
        }
    }
    ck_assert_msg(!missing[0],
                  "no golden numbers (golden/README.md says how to add them), and no "
                  "reason in golden_builders.c:%s",
                  missing);
    ck_assert_int_ge(t.cases, FEWEST_CASES);
}
END_TEST

static const char *const malformed[] = {
    "case a\nend\n",
    "tolerance 1e-9\ncase a\nend\n",
    "tolerance 0 0\ncase a\nend\n",
    "tolerance 1 1\ncase a\nreal x 2 1 2\n",
    "tolerance 1 1\ncase a\nreal x 2 1\nend\n",
    "tolerance 1 1\ncase a\nreal x 2 1 2 3\nend\n",
    "tolerance 1 1\ncase a\nreal x 2 1 2y\nend\n",
    "tolerance 1 1\ncase a\nreal x 2xy 1 2\nend\n",
    "tolerance 1 1\ncase a\nimaginary x 1 1\nend\n",
};

START_TEST(malformed_files_are_refused) {
    golden_reader reader = {
        .file = fmemopen((void *)(uintptr_t)malformed[_i], strlen(malformed[_i]), "r")};
    golden_case c;
    ck_assert(!golden_next(&reader, &c));
    ck_assert_ptr_nonnull(reader.problem);
    golden_case_free(&c);
    golden_close(&reader);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("golden");
    TCase *cases = tcase_create("golden");
    tcase_add_loop_test(cases, as_pytorch_has_it, 0, FILES);
    tcase_add_loop_test(cases, wrong_numbers_are_noticed, 0, FILES);
    tcase_add_test(cases, every_op_has_numbers);
    tcase_add_loop_test(cases, malformed_files_are_refused, 0,
                        (int)(sizeof malformed / sizeof *malformed));
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
