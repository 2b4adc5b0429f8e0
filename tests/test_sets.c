/* SPDX-License-Identifier: MIT
 *
 * Several labels a row: cells into sets of classes, learning them, a model file, the report against
 * what scikit-learn computes (tests/golden/report_sets.py), a temperature; what is refused; every
 * failing allocation.
 */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

/* ---- tables ---------------------------------------------------------------------------------- */

static grove_table *table_of(const char *const *labels, size_t count) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"x", "tags"};
    ck_assert_int_eq(grove_table_new(names, 2, NULL, &table, &error), GROVE_OK);
    for (size_t i = 0; i < count; i++) {
        const char *cells[] = {i % 2 ? "odd" : "even", labels[i]};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static grove_status fit(const grove_table *table, const grove_column_form *form,
                        const grove_allocator *memory, grove_schema **schema, grove_error *error) {
    const grove_column_wish wish = {"tags", GROVE_COLUMN_LABELS,
                                    form ? *form : (grove_column_form){0}};
    grove_schema_options wishes = {
        .label = "tags", .target = GROVE_TARGET_SET, .wishes = &wish, .wish_count = form != NULL};
    if (memory) {
        wishes.allocator = *memory;
    }
    grove_status status = grove_schema_guess(table, &wishes, schema, error);
    return status == GROVE_OK
               ? grove_schema_fit(*schema, table, NULL, grove_table_rows(table), error)
               : status;
}

static grove_schema *fitted(const grove_table *table, const grove_column_form *form) {
    grove_schema *schema = NULL;
    grove_error error = {0};
    ck_assert_msg(fit(table, form, NULL, &schema, &error) == GROVE_OK, "%s", error.message);
    return schema;
}

static grove_dataset *encoded(const grove_schema *schema, const grove_table *table) {
    const grove_encode_options labelled = {.label_required = true};
    grove_dataset *data = NULL;
    grove_error error = {0};
    ck_assert_msg(grove_schema_encode(schema, table, &labelled, &data, &error) == GROVE_OK, "%s",
                  error.message);
    return data;
}

static void expect_set(grove_label_set set, const char *wanted) {
    char text[64] = "";
    for (size_t i = 0; i < set.count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d ", (int)set.classes[i]);
    }
    ck_assert_str_eq(text, wanted);
}

static void expect_classes(const grove_schema *schema, const char *wanted) {
    char text[128] = "";
    for (int32_t c = 0; c < grove_schema_ids(schema, 1); c++) {
        const grove_cell name = grove_schema_value(schema, 1, c);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s:%d ", (int)name.length,
                 name.bytes, (int)grove_schema_count(schema, 1, c));
    }
    ck_assert_str_eq(text, wanted);
}

/* ---- cells and sets -------------------------------------------------------------------------- */

static const char *const tags[] = {"red;round", " round ;red;red", "", "blue", ";;blue ;", "blue"};
enum { TAGS = sizeof tags / sizeof *tags };

START_TEST(cells_become_sets) {
    grove_table *table = table_of(tags, TAGS);
    grove_schema *schema = fitted(table, NULL);
    grove_dataset *data = encoded(schema, table);
    size_t rows = 9;
    ck_assert_int_eq(grove_schema_kind(schema, 1), GROVE_COLUMN_LABELS);
    ck_assert_int_eq(grove_schema_target(schema), GROVE_TARGET_SET);
    ck_assert_int_eq(grove_schema_form(schema, 1)->split, ';');
    expect_classes(schema, "blue:3 red:2 round:2 ");
    const char *wanted[TAGS] = {"1 2 ", "1 2 ", "", "0 ", "0 ", "0 "};
    ck_assert(grove_dataset_has_sets(data) && !grove_dataset_labels(data));
    for (size_t i = 0; i < TAGS; i++) {
        expect_set(grove_dataset_set(data, i), wanted[i]);
    }
    ck_assert_uint_eq(grove_dataset_unknown_classes(data, &rows), 0);
    ck_assert_uint_eq(rows, 0);
    expect_set(grove_schema_usual_set(schema), "0 ");
    ck_assert_double_eq(grove_schema_prior(schema, 0), 0.5);
    ck_assert(isnan(grove_schema_prior(schema, 3)) && isnan(grove_schema_prior(schema, -1)));
    const grove_bag_size size = grove_schema_bag_size(schema, 1);
    ck_assert(size.rows == TAGS && size.longest == 2);
    ck_assert_double_eq_tol(size.mean, 7.0 / 6, 1e-12);
    unsigned char truth[2 * 3];
    grove_dataset_indicators(data, (const size_t[]){3, 0}, 2, 3, truth);
    ck_assert(memcmp(truth, (unsigned char[]){1, 0, 0, 0, 1, 1}, sizeof truth) == 0);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

START_TEST(what_is_new_is_counted_and_left_out) {
    const char *const others[] = {"round;green", "green;huge;huge", "red", "NA"};
    grove_table *table = table_of(tags, TAGS), *new = table_of(others, 4);
    grove_schema *schema = fitted(table, NULL);
    grove_dataset *data = encoded(schema, new);
    size_t rows = 0;
    expect_set(grove_dataset_set(data, 0), "2 ");
    expect_set(grove_dataset_set(data, 1), "");
    expect_set(grove_dataset_set(data, 2), "1 ");
    ck_assert_uint_eq(grove_dataset_unknown_classes(data, &rows), 5);
    ck_assert_uint_eq(rows, 3);
    ck_assert_int_eq(grove_dataset_unknown(data, GROVE_ALL_COLUMNS), 0);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(new);
    grove_table_free(table);
}
END_TEST

/* By number where all are numbers; another sign; cells that are missing; the most frequent ones. */
START_TEST(forms) {
    const char *const numbers[] = {"10|9", "9", "NA", "9|100", "10"};
    grove_table *table = table_of(numbers, 5);
    const char *const missing[] = {"NA"};
    grove_column_form form = {.split = '|', .missing = missing, .missing_count = 1};
    grove_schema *schema = fitted(table, &form);
    grove_dataset *data = encoded(schema, table);
    expect_classes(schema, "9:3 10:2 100:1 ");
    expect_set(grove_dataset_set(data, 2), "");
    expect_set(grove_dataset_set(data, 3), "0 2 ");
    grove_dataset_free(data);
    grove_schema_free(schema);
    form.max_values = 2;
    schema = fitted(table, &form);
    expect_classes(schema, "9:3 10:2 ");
    grove_schema_free(schema);
    form =
        (grove_column_form){.split = '|', .missing = missing, .missing_count = 1, .min_count = 3};
    schema = fitted(table, &form);
    expect_classes(schema, "9:3 ");
    data = encoded(schema, table);
    ck_assert_uint_eq(grove_dataset_unknown_classes(data, NULL), 3);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

static void expect_refused(const char *const *labels, size_t count, const grove_column_form *form,
                           const char *words) {
    grove_table *table = table_of(labels, count);
    grove_schema *schema = NULL;
    grove_error error = {0};
    ck_assert_int_ne(fit(table, form, NULL, &schema, &error), GROVE_OK);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    grove_schema_free(schema);
    grove_table_free(table);
}

START_TEST(what_has_nothing_to_learn) {
    expect_refused((const char *const[]){"", " ; ", ";"}, 3, NULL,
                   "column 'tags': every label is empty: no row has a class to be learned");
    expect_refused((const char *const[]){"a;b", "b;a", "a;b;b"}, 3, NULL,
                   "column 'tags': every row has the same labels, 'a', 'b'; there is nothing");
    expect_refused(tags, TAGS, &(grove_column_form){.split = ';', .min_count = 4},
                   "no class is in as many rows as its min_count asks for");
    expect_refused(tags, TAGS, &(grove_column_form){.split = 0, .min_count = 1, .buckets = 8},
                   "only a categorical column, a bag or a text is hashed");
}
END_TEST

START_TEST(a_schema_made_again) {
    grove_schema *schema = grove_schema_new(NULL);
    grove_error error = {0};
    const int64_t offsets[] = {0, 1, 2}, counts[] = {3, 4};
    const grove_vocabulary two = {
        .size = 2, .byte_count = 2, .bytes = "ab", .offsets = offsets, .counts = counts};
    ck_assert_int_eq(grove_schema_add_column(schema, "t", GROVE_COLUMN_LABELS, NULL, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_schema_set_vocabulary(schema, 0, &two, &error), GROVE_OK);
    const int32_t both[] = {0, 1}, twice[] = {1, 1}, far[] = {0, 2}, below[] = {-1};
    const grove_label_set bad[] = {{twice, 2}, {far, 2}, {below, 1}};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(grove_schema_set_usual_set(schema, 0, bad[i], &error), GROVE_BAD_DATA);
        ck_assert_ptr_nonnull(strstr(error.message, "the usual set of column 't'"));
    }
    ck_assert_int_eq(grove_schema_set_usual_set(schema, 1, bad[0], &error), GROVE_BAD_ARGUMENT);
    const grove_label_set good = {both, 2}, none = {NULL, 0};
    ck_assert_int_eq(grove_schema_set_usual_set(schema, 0, good, &error), GROVE_OK);
    expect_set(grove_schema_usual_set(schema), "0 1 ");
    ck_assert_int_eq(grove_schema_set_usual_set(schema, 0, none, &error), GROVE_OK);
    expect_set(grove_schema_usual_set(schema), "");
    ck_assert_int_eq(
        grove_schema_set_vocabulary(schema, 0, &(grove_vocabulary){.offsets = offsets}, &error),
        GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "labels need a class or more"));
    grove_schema_free(schema);
}
END_TEST

/* ---- learning -------------------------------------------------------------------------------- */

enum { ROWS = 300, CLASSES = 40 };

/* Class c is there where the number has the bit c % 5: 40 classes fill two words of a row. */
static grove_table *make_table(void) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"x", "tags"};
    ck_assert_int_eq(grove_table_new(names, 2, NULL, &table, &error), GROVE_OK);
    for (unsigned i = 0; i < ROWS; i++) {
        char x[16], text[400] = "";
        const unsigned value = i * 7919u % 32;
        snprintf(x, sizeof x, "v%u", value);
        for (unsigned c = 0; c < CLASSES; c++) {
            if (value >> c % 5 & 1) {
                snprintf(text + strlen(text), sizeof text - strlen(text), "c%02u;", c);
            }
        }
        const char *cells[] = {x, text};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

typedef struct lesson {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_rows all;
} lesson;

static lesson make_lesson(void) {
    lesson l = {.table = make_table()};
    l.schema = fitted(l.table, NULL);
    l.data = encoded(l.schema, l.table);
    l.all = (grove_rows){l.data, NULL, ROWS};
    return l;
}

static void free_lesson(lesson *l) {
    grove_dataset_free(l->data);
    grove_schema_free(l->schema);
    grove_table_free(l->table);
}

static grove_fit_options usual(int epochs) {
    return (grove_fit_options){.epochs = epochs,
                               .batch = 32,
                               .seed = 5,
                               .patience = epochs,
                               .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02}};
}

static grove_classifier make_network(const lesson *l, bool weighted) {
    grove_classifier c;
    grove_error error = {0};
    const grove_classifier_options options = {
        .hidden = (const int64_t[]){16}, .hidden_count = 1, .weighted = weighted, .seed = 7};
    ck_assert_msg(grove_classifier_new(l->schema, &options, &c, &error) == GROVE_OK, "%s",
                  error.message);
    return c;
}

static void answer(const grove_graph *graph, const lesson *l, float *p) {
    grove_predictor *predictor;
    grove_error error = {0};
    ck_assert_msg(grove_predictor_new(graph, l->schema, 0, 1, &predictor, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_uint_eq(grove_predictor_classes(predictor), CLASSES);
    ck_assert_int_eq(grove_predictor_run(predictor, l->all, p, &error), GROVE_OK);
    grove_predictor_free(predictor);
}

static grove_fit_result train(const lesson *l, grove_classifier *c, const grove_fit_options *how) {
    grove_fit_result result;
    grove_error error = {0};
    ck_assert_msg(grove_fit(c, l->schema, l->all, l->all, how, &result, &error) == GROVE_OK, "%s",
                  error.message);
    return result;
}

static float answers[ROWS * CLASSES], others[ROWS * CLASSES];

START_TEST(sets_are_learned) {
    lesson l = make_lesson();
    grove_classifier c = make_network(&l, false);
    const grove_fit_options how = usual(40);
    const grove_fit_result result = train(&l, &c, &how);
    ck_assert_int_eq(result.valid.target, GROVE_TARGET_SET);
    ck_assert_double_gt(result.valid.accuracy, 0.99);
    ck_assert_double_gt(result.valid.f1_macro, 0.99);
    ck_assert_double_lt(result.valid.hamming_loss, 0.01);
    ck_assert_double_lt(result.valid.log_loss, 0.1);
    ck_assert_double_eq_tol(result.valid.log_loss, result.valid_loss, 1e-12);
    answer(c.graph, &l, answers);
    double sum = 0; /* the loss, once more */
    for (size_t i = 0; i < ROWS; i++) {
        const grove_label_set set = grove_dataset_set(l.data, i);
        for (size_t k = 0, next = 0; k < CLASSES; k++) {
            const bool own = next < set.count && (size_t)set.classes[next] == k;
            next += own;
            const double p = (double)answers[i * CLASSES + k];
            sum -= log(own ? p : 1 - p) / ROWS / CLASSES;
        }
    }
    ck_assert_double_eq_tol(sum, result.valid_loss, 1e-6);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(a_model_file_knows_it) {
    lesson l = make_lesson();
    grove_classifier c = make_network(&l, false);
    const grove_fit_options how = usual(2);
    grove_error error = {0};
    grove_model *model = NULL;
    char path[] = "sets_XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    train(&l, &c, &how);
    answer(c.graph, &l, answers);
    const grove_save_options options = {.schema = l.schema};
    ck_assert_msg(grove_save(path, &c.answer, 1, &options, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    unlink(path);
    const grove_schema *loaded = grove_model_schema(model);
    ck_assert_int_eq(grove_schema_target(loaded), GROVE_TARGET_SET);
    ck_assert_int_eq(grove_schema_form(loaded, 1)->split, ';');
    for (int32_t k = 0; k < CLASSES; k++) {
        ck_assert_double_eq(grove_schema_prior(loaded, k), grove_schema_prior(l.schema, k));
    }
    const grove_label_set a = grove_schema_usual_set(l.schema), b = grove_schema_usual_set(loaded);
    ck_assert_uint_eq(a.count, b.count);
    ck_assert(a.count == 0 || memcmp(a.classes, b.classes, a.count * sizeof *a.classes) == 0);
    answer(grove_model_graph(model), &l, others);
    ck_assert(memcmp(answers, others, sizeof answers) == 0);
    grove_model_free(model);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* Weights of rows: a weight of 0 is a row that is not there. Weights of classes: of those that are
 * there, and so probabilities rise. Both in the validation loss as in training. */
START_TEST(weights_count) {
    lesson l = make_lesson();
    static float rows[ROWS], heavy[CLASSES];
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = i % 3 ? 2 : 0;
    }
    for (size_t k = 0; k < CLASSES; k++) {
        heavy[k] = k == 3 ? 1000 : 1;
    }
    grove_classifier plain = make_network(&l, true), c = make_network(&l, true);
    grove_fit_options how = usual(1);
    grove_metrics metrics;
    grove_error error = {0};
    double loss = 0, weighted = 0;
    train(&l, &plain, &how);
    ck_assert_int_eq(grove_fit_validate(&plain, l.schema, l.all, &how, &metrics, &loss, &error),
                     GROVE_OK);
    how.class_weights = heavy;
    ck_assert_int_eq(grove_fit_validate(&plain, l.schema, l.all, &how, &metrics, &weighted, &error),
                     GROVE_OK);
    answer(plain.graph, &l, answers);
    double more = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const grove_label_set set = grove_dataset_set(l.data, i);
        for (size_t k = 0; k < set.count; k++) {
            more -= set.classes[k] == 3 ? 999 * log((double)answers[i * CLASSES + 3]) : 0;
        }
    }
    ck_assert_double_eq_tol(weighted - loss, more / ROWS / CLASSES, 1e-5 * weighted);
    how.weights = how.valid_weights = rows;
    const grove_fit_result result = train(&l, &c, &how);
    ck_assert_double_gt(result.valid_loss, 0);
    answer(c.graph, &l, others);
    double before = 0, after = 0;
    for (size_t i = 0; i < ROWS; i++) {
        before += (double)answers[i * CLASSES + 3];
        after += (double)others[i * CLASSES + 3];
    }
    ck_assert_double_gt(after, before + 20);
    heavy[5] = NAN;
    grove_fit_result none;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.all, l.all, &how, &none, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "class 5 has the weight nan"));
    grove_classifier_free(&plain);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* The mean of the members' probabilities, each by itself. */
START_TEST(several_are_joined) {
    lesson l = make_lesson();
    grove_classifier c[2], joined;
    grove_error error = {0};
    const grove_classifier_options options[] = {
        {.hidden = (const int64_t[]){8}, .hidden_count = 1, .seed = 1},
        {.hidden = (const int64_t[]){16}, .hidden_count = 1, .seed = 2}};
    static float own[2][ROWS * CLASSES];
    for (int k = 0; k < 2; k++) {
        const grove_fit_options how = usual(3 + 20 * k);
        ck_assert_int_eq(grove_classifier_new(l.schema, &options[k], &c[k], &error), GROVE_OK);
        train(&l, &c[k], &how);
        answer(c[k].graph, &l, own[k]);
    }
    ck_assert_msg(grove_classifier_join(l.schema, options, c, 2, &joined, &error) == GROVE_OK, "%s",
                  error.message);
    answer(joined.graph, &l, answers);
    for (size_t i = 0; i < ROWS * CLASSES; i++) {
        const double mean = ((double)own[0][i] + (double)own[1][i]) / 2;
        ck_assert_double_eq_tol((double)answers[i], mean, 1e-6);
    }
    grove_classifier_free(&joined);
    grove_classifier_free(&c[0]);
    grove_classifier_free(&c[1]);
    free_lesson(&l);
}
END_TEST

/* One class in a sigmoid of its own is what logistic regression does of it alone. */
START_TEST(a_linear_baseline) {
    lesson l = make_lesson();
    grove_logistic linear;
    grove_error error = {0};
    ck_assert_msg(grove_logistic_fit(l.schema, l.all, l.all, NULL, &linear, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert(linear.target == GROVE_TARGET_SET && linear.classes == CLASSES);
    ck_assert_int_eq(grove_logistic_run(&linear, l.all, answers, &error), GROVE_OK);
    static unsigned char truth[ROWS * CLASSES];
    grove_dataset_indicators(l.data, NULL, ROWS, CLASSES, truth);
    for (size_t i = 0; i < ROWS * CLASSES; i++) {
        ck_assert((answers[i] > 0.5f) == (truth[i] == 1));
    }
    grove_logistic_free(&linear);
    free_lesson(&l);
}
END_TEST

/* ---- the report, against scikit-learn -------------------------------------------------------- */

enum { MOST_ROWS = 128, MOST_CLASSES = 6, WHOLE = 1024 };

typedef struct case_of_file {
    char name[64];
    size_t rows, classes;
    grove_set_report_options options;
    unsigned char truth[MOST_ROWS * MOST_CLASSES];
    float probabilities[MOST_ROWS * MOST_CLASSES];
    grove_estimate measures[GROVE_SET_MEASURES];
    double by_class[MOST_CLASSES][6]; /* as the file has them */
    double temperature;
} case_of_file;

static double read_number(FILE *file) {
    double number = 0;
    ck_assert_int_eq(fscanf(file, "%lf", &number), 1);
    return number;
}

static void expect_word(FILE *file, const char *expected) {
    char word[64] = "";
    ck_assert_int_eq(fscanf(file, "%63s", word), 1);
    ck_assert_str_eq(word, expected);
}

static bool read_case(FILE *file, case_of_file *c) {
    size_t threshold = 0;
    memset(c, 0, sizeof *c);
    if (fscanf(file, " case %63s %zu %zu %zu %zu %" SCNu64, c->name, &c->rows, &c->classes,
               &threshold, &c->options.resamples, &c->options.seed) != 6) {
        return false;
    }
    ck_assert(c->rows <= MOST_ROWS && c->classes <= MOST_CLASSES);
    c->options.threshold = (double)threshold / WHOLE;
    for (size_t i = 0; i < c->rows; i++) {
        for (size_t k = 0; k < c->classes; k++) {
            c->truth[i * c->classes + k] = (unsigned char)read_number(file);
        }
        for (size_t k = 0; k < c->classes; k++) {
            c->probabilities[i * c->classes + k] = (float)(read_number(file) / WHOLE);
        }
    }
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        expect_word(file, "measure");
        expect_word(file, grove_set_measure_name((grove_set_measure)i));
        c->measures[i].value = read_number(file);
        c->measures[i].low = read_number(file);
        c->measures[i].high = read_number(file);
    }
    for (size_t k = 0; k < c->classes; k++) {
        expect_word(file, "class");
        for (int i = 0; i < 6; i++) {
            c->by_class[k][i] = read_number(file);
        }
    }
    expect_word(file, "temperature");
    c->temperature = read_number(file);
    return true;
}

static bool close_to(double a, double b, double tolerance) {
    return (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance;
}

/* How many numbers differ. */
static int differences(const case_of_file *c, bool tell) {
    grove_set_report report;
    grove_error error = {0};
    int found = 0;
    ck_assert_msg(grove_multilabel_report(c->probabilities, c->truth, c->rows, c->classes,
                                          &c->options, &report, &error) == GROVE_OK,
                  "%s: %s", c->name, error.message);
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        const grove_estimate is = report.measures[i], should = c->measures[i];
        if (!close_to(is.value, should.value, 1e-12) || !close_to(is.low, should.low, 1e-12) ||
            !close_to(is.high, should.high, 1e-12)) {
            found++;
            if (tell) {
                fprintf(stderr, "%s: %s is %.15g (%.15g to %.15g), not %.15g (%.15g to %.15g)\n",
                        c->name, grove_set_measure_name((grove_set_measure)i), is.value, is.low,
                        is.high, should.value, should.low, should.high);
            }
        }
    }
    for (size_t k = 0; k < c->classes; k++) {
        const grove_set_class *is = &report.by_class[k];
        const double own[] = {(double)is->counts.support,
                              is->counts.precision.value,
                              is->counts.recall.value,
                              is->counts.f1,
                              is->roc_auc,
                              is->average_precision};
        for (int i = 0; i < 6; i++) {
            found += !close_to(own[i], c->by_class[k][i], 1e-12);
        }
    }
    grove_set_report_free(&report);
    return found;
}

/* Where all is right or all wrong, the end of what is looked for is the answer. */
static void expect_temperature(const case_of_file *c) {
    double temperature = 0;
    grove_error error = {0};
    ck_assert_int_eq(grove_fit_set_temperature(c->probabilities, c->truth, c->rows, c->classes,
                                               &temperature, &error),
                     GROVE_OK);
    ck_assert_msg(close_to(temperature / c->temperature, 1, 1e-5), "%s: temperature %.9g, not %.9g",
                  c->name, temperature, c->temperature);
}

START_TEST(as_scikit_learn) {
    char path[512];
    static case_of_file c;
    int cases = 0;
    snprintf(path, sizeof path, "%s/report_sets.txt",
             getenv("GROVE_GOLDEN") ? getenv("GROVE_GOLDEN") : ".");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is not there", path);
    ck_assert(fscanf(file, "#%*[^\n]") == 0);
    for (; read_case(file, &c); cases++) {
        ck_assert_msg(differences(&c, true) == 0, "%s", c.name);
        expect_temperature(&c);
        if (cases == 1) { /* a wrong seed, threshold or truth is seen */
            c.options.seed++;
            ck_assert_int_gt(differences(&c, false), 10);
            c.options.seed--;
            c.options.threshold = 0.6;
            ck_assert_int_gt(differences(&c, false), 10);
            c.options.threshold = 0.5;
            c.truth[7] = !c.truth[7];
            ck_assert_int_gt(differences(&c, false), 15);
        }
    }
    ck_assert(feof(file));
    ck_assert_int_eq(cases, 14);
    fclose(file);
}
END_TEST

/* ---- the edges ------------------------------------------------------------------------------- */

static const float two[] = {0.9f, 0.2f, 0.4f, 0.6f};
static const unsigned char truth_of_two[] = {1, 0, 0, 1};

START_TEST(edges_of_a_report) {
    grove_set_report r, other;
    grove_error error = {0};
    ck_assert_int_eq(grove_multilabel_report(two, truth_of_two, 0, 2, NULL, &r, &error), GROVE_OK);
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        ck_assert(isnan(r.measures[i].value) && isnan(r.measures[i].low));
    }
    grove_set_report_free(&r);
    ck_assert_int_eq(grove_multilabel_report(two, truth_of_two, 4, 1, NULL, &r, &error), GROVE_OK);
    ck_assert_double_eq(r.measures[GROVE_SET_ACCURACY].value, 1);
    ck_assert_double_eq(r.threshold, 0.5);
    ck_assert_uint_eq(r.resamples, 1000);
    grove_set_report_free(&r);
    const unsigned char always[] = {1, 0};
    const grove_set_report_options said = {.always = always, .resamples = 10, .threads = 2};
    ck_assert_int_eq(grove_multilabel_report(two, truth_of_two, 2, 2, &said, &r, &error), GROVE_OK);
    ck_assert_double_eq(r.measures[GROVE_SET_ACCURACY].value, 0.5);
    ck_assert_uint_eq(r.by_class[0].counts.predicted, 2);
    const grove_set_report_options again = {.always = always, .resamples = 10};
    ck_assert_int_eq(grove_multilabel_report(two, truth_of_two, 2, 2, &again, &other, &error),
                     GROVE_OK);
    ck_assert(memcmp(r.measures, other.measures, sizeof r.measures) == 0);
    grove_set_report_free(&r);
    grove_set_report_free(&other);
    grove_set_report_free(&r);
    grove_set_report_free(NULL);
    ck_assert_str_eq(grove_set_measure_name(GROVE_SET_HAMMING_LOSS), "hamming_loss");
    ck_assert_ptr_null(grove_set_measure_name(GROVE_SET_MEASURES));
    ck_assert_int_eq(grove_set_measure_better(GROVE_SET_COVERAGE_ERROR), -1);
    ck_assert_int_eq(grove_set_measure_better(GROVE_SET_MEASURES), 0);
}
END_TEST

static void expect_no_report(const float *p, const unsigned char *truth, size_t classes,
                             const grove_set_report_options *o, grove_status status,
                             const char *words) {
    grove_set_report r;
    grove_error error = {0};
    ck_assert_int_eq(grove_multilabel_report(p, truth, 2, classes, o, &r, &error), status);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_ptr_null(r.by_class);
}

START_TEST(what_is_refused) {
    const float bad[] = {0.5f, 0.5f, 0.5f, NAN};
    const unsigned char twos[] = {1, 0, 2, 0};
    double temperature;
    grove_error error = {0};
    expect_no_report(bad, truth_of_two, 2, NULL, GROVE_BAD_DATA,
                     "the probability of class 1 in row 1 is nan");
    expect_no_report(two, twos, 2, NULL, GROVE_BAD_DATA, "the truth of class 0 in row 1 is 2");
    expect_no_report(two, truth_of_two, 0, NULL, GROVE_BAD_ARGUMENT, "there must be a class");
    expect_no_report(two, truth_of_two, 2, &(grove_set_report_options){.threshold = 1.5},
                     GROVE_BAD_ARGUMENT, "the threshold is 1.5");
    expect_no_report(two, truth_of_two, 2, &(grove_set_report_options){.threads = -1},
                     GROVE_BAD_ARGUMENT, "the number of threads");
    ck_assert_int_eq(grove_fit_set_temperature(two, truth_of_two, 0, 2, &temperature, &error),
                     GROVE_BAD_DATA);
    ck_assert_int_eq(grove_fit_set_temperature(bad, truth_of_two, 2, 2, &temperature, &error),
                     GROVE_BAD_DATA);
}
END_TEST

/* ---- short memory ---------------------------------------------------------------------------- */

START_TEST(every_failing_allocation_of_a_report) {
    static case_of_file c = {.rows = 2, .classes = 2};
    for (size_t at = 1;; at++) {
        hostile_memory memory = {.fail_at = at};
        grove_set_report report;
        grove_error error = {0};
        const grove_set_report_options options = {.resamples = 20,
                                                  .allocator = hostile_allocator(&memory)};
        const grove_status status = grove_multilabel_report(two, truth_of_two, c.rows, c.classes,
                                                            &options, &report, &error);
        if (status == GROVE_OK) {
            grove_set_report_free(&report);
            ck_assert_uint_eq(memory.live, 0);
            ck_assert_uint_gt(at, 8);
            break;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
        ck_assert_uint_eq(memory.live, 0);
    }
}
END_TEST

START_TEST(every_failing_allocation_of_a_schema) {
    grove_table *table = table_of(tags, TAGS);
    const grove_encode_options labelled = {.label_required = true};
    for (size_t at = 1;; at++) {
        hostile_memory memory = {.fail_at = at};
        const grove_allocator allocator = hostile_allocator(&memory);
        grove_schema *schema = NULL;
        grove_dataset *data = NULL;
        grove_error error = {0};
        grove_status status = fit(table, NULL, &allocator, &schema, &error);
        if (status == GROVE_OK) {
            status = grove_schema_encode(schema, table, &labelled, &data, &error);
        }
        if (status == GROVE_OK) {
            expect_set(grove_dataset_set(data, 0), "1 2 ");
        }
        grove_dataset_free(data);
        grove_schema_free(schema);
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK) {
            break;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
    }
    grove_table_free(table);
}
END_TEST

START_TEST(every_failing_allocation_of_a_training) {
    lesson l = make_lesson();
    l.all.count = 40;
    const size_t strides[] = {1, 3, 7, 13};
    size_t at = 1;
    for (size_t step = 0;; step++, at += strides[step % 4]) {
        hostile_memory memory = {.fail_at = at};
        const grove_classifier_options options = {.hidden_count = 0,
                                                  .allocator = hostile_allocator(&memory)};
        grove_classifier c;
        grove_fit_options how = usual(1);
        grove_fit_result result;
        grove_error error = {0};
        grove_status status = grove_classifier_new(l.schema, &options, &c, &error);
        if (status == GROVE_OK) {
            status = grove_fit(&c, l.schema, l.all, l.all, &how, &result, &error);
            grove_classifier_free(&c);
        }
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK) {
            break;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
    }
    ck_assert_uint_gt(at, 60);
    free_lesson(&l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sets");
    TCase *cells = tcase_create("cells"), *learning = tcase_create("learning");
    TCase *report = tcase_create("report"), *memory = tcase_create("memory");
    tcase_add_test(cells, cells_become_sets);
    tcase_add_test(cells, what_is_new_is_counted_and_left_out);
    tcase_add_test(cells, forms);
    tcase_add_test(cells, what_has_nothing_to_learn);
    tcase_add_test(cells, a_schema_made_again);
    tcase_add_test(learning, sets_are_learned);
    tcase_add_test(learning, a_model_file_knows_it);
    tcase_add_test(learning, weights_count);
    tcase_add_test(learning, several_are_joined);
    tcase_add_test(learning, a_linear_baseline);
    tcase_add_test(report, as_scikit_learn);
    tcase_add_test(report, edges_of_a_report);
    tcase_add_test(report, what_is_refused);
    tcase_add_test(memory, every_failing_allocation_of_a_report);
    tcase_add_test(memory, every_failing_allocation_of_a_schema);
    tcase_add_test(memory, every_failing_allocation_of_a_training);
    TCase *all[] = {cells, learning, report, memory};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        tcase_set_timeout(all[i], 60);
        suite_add_tcase(suite, all[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
