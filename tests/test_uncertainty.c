/* SPDX-License-Identifier: MIT
 *
 * How unsure an answer is: entropies by hand, and what joined networks disagree about, held against
 * the same worked out from the members one by one.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 300, MEMBERS = 3, CLASSES = 3 };

typedef struct scene {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_rows rows;
    size_t places[ROWS];
    grove_classifier members[MEMBERS], joined;
} scene;

static grove_classifier_options options_of(int member) {
    static const int64_t hidden[] = {8};
    return (grove_classifier_options){
        .hidden = hidden, .hidden_count = 1, .seed = (uint64_t)member + 3};
}

/* The members are not trained: they disagree from the start. */
static void open(scene *s, const char *label, grove_target_kind target) {
    grove_error error = {0};
    grove_classifier_options options[MEMBERS];
    const char *names[] = {"kind", "size", "class", "price", "tags"};
    ck_assert_int_eq(grove_table_new(names, 5, NULL, &s->table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16], price[16];
        const char *tags[] = {"red", "red;round", "", "round"};
        snprintf(kind, sizeof kind, "k%d", i % 20);
        snprintf(size, sizeof size, "%d", (i * 104729) % 100);
        snprintf(price, sizeof price, "%d.5", 100 + (i * 7919) % 5000);
        const char *cells[] = {kind, size, &"a\0b\0c"[2 * (i * 31 % CLASSES)], price, tags[i % 4]};
        ck_assert_int_eq(grove_table_append(s->table, cells, &error), GROVE_OK);
        s->places[i] = (size_t)i;
    }
    const char *ignored[] = {"class", "price", "tags"};
    const char *others[2];
    for (size_t i = 0, n = 0; i < 3; i++) {
        if (strcmp(ignored[i], label) != 0) {
            others[n++] = ignored[i];
        }
    }
    grove_schema_options wishes = {
        .label = label, .target = target, .ignore = others, .ignore_count = 2};
    grove_encode_options labelled = {.label_required = target != GROVE_TARGET_SET};
    ck_assert_msg(grove_schema_guess(s->table, &wishes, &s->schema, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_msg(grove_schema_fit(s->schema, s->table, s->places, ROWS, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_msg(grove_schema_encode(s->schema, s->table, &labelled, &s->data, &error) == GROVE_OK,
                  "%s", error.message);
    s->rows = (grove_rows){s->data, s->places, ROWS};
    for (int k = 0; k < MEMBERS; k++) {
        options[k] = options_of(k);
        ck_assert_int_eq(grove_classifier_new(s->schema, &options[k], &s->members[k], &error),
                         GROVE_OK);
    }
    ck_assert_msg(grove_classifier_join(s->schema, options, s->members, MEMBERS, &s->joined,
                                        &error) == GROVE_OK,
                  "%s", error.message);
}

static void close(scene *s) {
    for (int k = 0; k < MEMBERS; k++) {
        grove_classifier_free(&s->members[k]);
    }
    grove_classifier_free(&s->joined);
    grove_dataset_free(s->data);
    grove_schema_free(s->schema);
    grove_table_free(s->table);
}

/* answers [ROWS, outputs] of one graph */
static size_t answers_of(const scene *s, const grove_graph *graph, float *answers) {
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    ck_assert_int_eq(grove_predictor_new(graph, s->schema, 0, 1, &predictor, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(predictor, s->rows, answers, &error), GROVE_OK);
    const size_t outputs = grove_predictor_classes(predictor);
    grove_predictor_free(predictor);
    return outputs;
}

static void spread_of(const scene *s, double *spread) {
    grove_disagreement *d = NULL;
    grove_error error = {0};
    ck_assert_msg(grove_disagreement_new(s->joined.graph, s->schema, 64, 1, &d, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert_int_eq(grove_disagreement_members(d), MEMBERS);
    ck_assert_int_eq(grove_disagreement_run(d, s->rows, spread, &error), GROVE_OK);
    grove_disagreement_free(d);
}

START_TEST(entropies_by_hand) {
    const float even[] = {0.25F, 0.25F, 0.25F, 0.25F}, sure[] = {0, 1, 0}, some[] = {0.5F, 0.5F, 0};
    ck_assert_double_eq_tol(grove_entropy(even, 4), log(4), 1e-12);
    ck_assert_double_eq(grove_entropy(sure, 3), 0);
    ck_assert_double_eq_tol(grove_entropy(some, 3), log(2), 1e-12);
    ck_assert_double_eq_tol(grove_binary_entropy(some, 3), 2 * log(2), 1e-12);
    ck_assert_double_eq(grove_binary_entropy(sure, 3), 0);
    ck_assert_double_eq(grove_entropy(even, 0), 0);
}
END_TEST

/* entropy of the mean - mean of the entropies, from each member's own answers. */
static void compare(const char *label, grove_target_kind target,
                    double (*entropy)(const float *p, size_t classes)) {
    static float own[MEMBERS][ROWS * CLASSES];
    static double spread[ROWS];
    scene s = {0};
    size_t classes = 0;
    double most = 0;
    open(&s, label, target);
    for (int k = 0; k < MEMBERS; k++) {
        classes = answers_of(&s, s.members[k].graph, own[k]);
    }
    spread_of(&s, spread);
    for (size_t i = 0; i < ROWS; i++) {
        float mean[CLASSES] = {0};
        double wanted = 0;
        for (int k = 0; k < MEMBERS; k++) {
            for (size_t c = 0; c < classes; c++) {
                mean[c] += own[k][i * classes + c] / MEMBERS;
            }
            wanted -= entropy(own[k] + i * classes, classes) / MEMBERS;
        }
        wanted += entropy(mean, classes);
        ck_assert_double_eq_tol(spread[i], wanted, 1e-6);
        most = fmax(most, spread[i]);
    }
    ck_assert(most > 1e-4);
    close(&s);
}

START_TEST(mutual_information_of_classes) {
    compare("class", GROVE_TARGET_CLASS, grove_entropy);
}
END_TEST

START_TEST(mutual_information_of_several_classes_a_row) {
    compare("tags", GROVE_TARGET_SET, grove_binary_entropy);
}
END_TEST

START_TEST(the_deviation_of_numbers) {
    static float own[MEMBERS][ROWS];
    static double spread[ROWS];
    scene s = {0};
    open(&s, "price", GROVE_TARGET_NUMBER);
    for (int k = 0; k < MEMBERS; k++) {
        ck_assert_uint_eq(answers_of(&s, s.members[k].graph, own[k]), 1);
    }
    spread_of(&s, spread);
    for (size_t i = 0; i < ROWS; i++) {
        double mean = 0, squares = 0;
        for (int k = 0; k < MEMBERS; k++) {
            mean += (double)own[k][i] / MEMBERS;
        }
        for (int k = 0; k < MEMBERS; k++) {
            squares += ((double)own[k][i] - mean) * ((double)own[k][i] - mean);
        }
        ck_assert_double_eq_tol(spread[i], sqrt(squares / (MEMBERS - 1)), 1e-2);
        ck_assert(spread[i] > 1);
    }
    close(&s);
}
END_TEST

START_TEST(one_network_does_not_disagree) {
    scene s = {0};
    grove_disagreement *d = NULL;
    grove_error error = {0};
    double spread;
    open(&s, "class", GROVE_TARGET_CLASS);
    ck_assert_int_eq(grove_disagreement_new(s.members[0].graph, s.schema, 0, 1, &d, &error),
                     GROVE_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.message, "a single network"));
    ck_assert_ptr_null(d);
    ck_assert_int_eq(grove_disagreement_new(NULL, s.schema, 0, 1, &d, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_disagreement_run(NULL, s.rows, &spread, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_disagreement_members(NULL), 0);
    grove_disagreement_free(NULL);
    close(&s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uncertainty");
    TCase *cases = tcase_create("uncertainty");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, entropies_by_hand);
    tcase_add_test(cases, mutual_information_of_classes);
    tcase_add_test(cases, mutual_information_of_several_classes_a_row);
    tcase_add_test(cases, the_deviation_of_numbers);
    tcase_add_test(cases, one_network_does_not_disagree);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
