/* SPDX-License-Identifier: MIT
 *
 * One column's vectors kept in four ways: looked up, multiplied by one-hot rows, hashed, by two
 * small tables. A product with a one-hot row is the lookup, to the last digits; the others learn
 * with fewer rows.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 800, KINDS = 40 };

typedef struct scene {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_rows train, valid;
    size_t places[ROWS];
} scene;

/* The label is a matter of the kind alone, but for one row in ten. */
static void open(scene *s) {
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &s->table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16];
        const int k = (i * 7919) % KINDS;
        snprintf(kind, sizeof kind, "k%d", k);
        snprintf(size, sizeof size, "%d", (i * 104729) % 100);
        const bool yes = (k * k) % 7 < 3;
        const char *cells[] = {kind, size, yes != (i % 10 == 0) ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(s->table, cells, &error), GROVE_OK);
        s->places[i] = (size_t)i;
    }
    grove_schema_options wishes = {.label = "label"};
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_schema_guess(s->table, &wishes, &s->schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(s->schema, s->table, s->places, ROWS, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(s->schema, s->table, &labelled, &s->data, &error),
                     GROVE_OK);
    s->train = (grove_rows){s->data, s->places, 600};
    s->valid = (grove_rows){s->data, s->places + 600, ROWS - 600};
}

static void close(scene *s) {
    grove_dataset_free(s->data);
    grove_schema_free(s->schema);
    grove_table_free(s->table);
}

static grove_status build(const scene *s, const grove_table_form *form, grove_classifier *c,
                          grove_error *error) {
    grove_classifier_options options = {
        .hidden = (const int64_t[]){16}, .hidden_count = 1, .tables = form, .seed = 7};
    return grove_classifier_new(s->schema, &options, c, error);
}

static grove_fit_result train(const scene *s, grove_classifier *c, float *answers) {
    grove_fit_options how = {.epochs = 10,
                             .batch = 50,
                             .seed = 5,
                             .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02}};
    grove_fit_result result;
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    ck_assert_msg(grove_fit(c, s->schema, s->train, s->valid, &how, &result, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert_int_eq(grove_predictor_new(c->graph, s->schema, 0, 1, &predictor, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(predictor, s->valid, answers, &error), GROVE_OK);
    grove_predictor_free(predictor);
    return result;
}

static size_t table_size(const grove_classifier *c, const char *name) {
    grove_tensor table = grove_find(c->graph, name);
    return grove_is_valid(table) ? grove_parameter_size(table) : 0;
}

START_TEST(a_one_hot_product_is_the_lookup) {
    static float looked_up[2 * ROWS], multiplied[2 * ROWS];
    scene s;
    grove_classifier a, b;
    grove_error error = {0};
    open(&s);
    ck_assert_int_eq(build(&s, NULL, &a, &error), GROVE_OK);
    ck_assert_int_eq(build(&s, &(grove_table_form){.kind = GROVE_TABLE_ONE_HOT}, &b, &error),
                     GROVE_OK);
    ck_assert_uint_eq(table_size(&a, "table.kind.weight"), table_size(&b, "table.kind.weight"));
    double loss = train(&s, &a, looked_up).valid_loss;
    ck_assert_double_eq_tol(train(&s, &b, multiplied).valid_loss, loss, 1e-4);
    for (size_t i = 0; i < 2 * s.valid.count; i++) {
        ck_assert_float_eq_tol(looked_up[i], multiplied[i], 1e-3F);
    }
    grove_classifier_free(&a);
    grove_classifier_free(&b);
    close(&s);
}
END_TEST

START_TEST(fewer_rows_learn_too) {
    static float answers[2 * ROWS];
    const grove_table_form forms[] = {{GROVE_TABLE_HASHED, .buckets = 20},
                                      {GROVE_TABLE_HASHED, .buckets = 30, .hashes = 1},
                                      {GROVE_TABLE_QUOTIENT, .buckets = 7}};
    scene s;
    grove_error error = {0};
    open(&s);
    const int64_t ids = grove_schema_ids(s.schema, 0), width = grove_nn_embedding_width(ids);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        grove_classifier c;
        ck_assert_msg(build(&s, &forms[i], &c, &error) == GROVE_OK, "%s", error.message);
        const size_t full = (size_t)(ids * width);
        if (forms[i].kind == GROVE_TABLE_HASHED) {
            ck_assert_uint_eq(table_size(&c, "table.kind.weight"),
                              (size_t)(forms[i].buckets * width));
        } else {
            ck_assert_uint_eq(table_size(&c, "table.kind.remainder"), (size_t)(7 * width));
            ck_assert_uint_lt(table_size(&c, "table.kind.quotient"), full / 5);
        }
        grove_fit_result result = train(&s, &c, answers);
        ck_assert(result.valid.accuracy > result.valid.baseline_accuracy + 0.1);
        grove_classifier_free(&c);
    }
    close(&s);
}
END_TEST

START_TEST(forms_that_cannot_be) {
    const grove_table_form forms[] = {{GROVE_TABLE_HASHED, .buckets = 0},
                                      {GROVE_TABLE_HASHED, .buckets = 9, .hashes = 17},
                                      {GROVE_TABLE_QUOTIENT, .buckets = 1 << 20},
                                      {(grove_table_kind)4, .buckets = 3}};
    const char *words[] = {"1 to 2147483647 buckets", "1 to 16 hashes", "1 to as many buckets",
                           "there is no such form of a table"};
    scene s;
    open(&s);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        grove_classifier c;
        grove_error error = {0};
        ck_assert_int_eq(build(&s, &forms[i], &c, &error), GROVE_BAD_ARGUMENT);
        ck_assert_msg(strstr(error.message, words[i]) != NULL, "%s", error.message);
        ck_assert_ptr_null(c.graph);
    }
    close(&s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("table forms");
    TCase *cases = tcase_create("forms");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, a_one_hot_product_is_the_lookup);
    tcase_add_test(cases, fewer_rows_learn_too);
    tcase_add_test(cases, forms_that_cannot_be);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
