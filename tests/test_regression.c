/* SPDX-License-Identifier: MIT
 *
 * Labels that are numbers: what is taken for one, learning them, answers in the units of the table,
 * from a file too; what is refused; every failing allocation.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"
#include "lesson.h"

enum { ROWS = 400, VALID = 100 };

/* price = offset + 40 kind + 3 size, and every `wild`-th row far above (0: none). */
static grove_table *make_table(double offset, int wild) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"kind", "size", "price"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16], price[40];
        const int k = i * 7919 % 5, s = i * 104729 % 97;
        const bool far = wild > 0 && i % wild == 0;
        snprintf(kind, sizeof kind, "k%d", k);
        snprintf(size, sizeof size, "%d", s);
        grove_format_number(price, offset + 40 * k + 3 * s + (far ? 1e4 : 0));
        const char *cells[] = {kind, size, price};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static lesson make_lesson(double offset, int wild) {
    const grove_schema_options wishes = {.label = "price", .target = GROVE_TARGET_NUMBER};
    return lesson_of(make_table(offset, wild), &wishes, NULL);
}

static double price_of(const lesson *l, size_t row) {
    const grove_cell cell = grove_table_cell(l->table, row, 2);
    double price = 0;
    ck_assert(grove_parse_number(cell.bytes, cell.length, &price));
    return price;
}

static grove_fit_options usual(void) {
    return (grove_fit_options){.epochs = 60,
                               .batch = 32,
                               .seed = 5,
                               .patience = 60,
                               .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02}};
}

static grove_classifier make_network(const lesson *l, grove_number_loss loss, bool weighted) {
    grove_classifier c;
    grove_error error = {0};
    grove_classifier_options options = {.hidden = (const int64_t[]){16},
                                        .hidden_count = 1,
                                        .number_loss = loss,
                                        .weighted = weighted,
                                        .seed = 7};
    ck_assert_msg(grove_classifier_new(l->schema, &options, &c, &error) == GROVE_OK, "%s",
                  error.message);
    return c;
}

static grove_fit_result fit(const lesson *l, grove_classifier *c, const grove_fit_options *how) {
    grove_fit_result result;
    grove_error error = {0};
    ck_assert_msg(grove_fit(c, l->schema, l->train, l->valid, how, &result, &error) == GROVE_OK,
                  "%s", error.message);
    return result;
}

static void predict(const grove_graph *graph, const grove_schema *schema, grove_rows rows,
                    double *numbers) {
    grove_predictor *predictor;
    grove_error error = {0};
    ck_assert_msg(grove_predictor_new(graph, schema, 0, 1, &predictor, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_uint_eq(grove_predictor_classes(predictor), 1);
    ck_assert_int_eq(grove_predictor_numbers(predictor, rows, numbers, &error), GROVE_OK);
    grove_predictor_free(predictor);
}

/* ---- what is taken for a number -------------------------------------------------------------- */

static void expect_guess(const char *format, int distinct, grove_target_kind kind,
                         const char *words) {
    grove_table *table = NULL;
    grove_target_kind guessed;
    char reason[GROVE_REASON_SIZE];
    const char *names[] = {"y"};
    ck_assert_int_eq(grove_table_new(names, 1, NULL, &table, NULL), GROVE_OK);
    for (int i = 0; i < 200; i++) {
        char text[40];
        snprintf(text, sizeof text, format, i % distinct + 1);
        ck_assert_int_eq(grove_table_append(table, &(const char *){text}, NULL), GROVE_OK);
    }
    ck_assert_int_eq(grove_guess_target(table, "y", &guessed, reason, NULL), GROVE_OK);
    ck_assert_msg(guessed == kind && strstr(reason, words), "'%s': %s, not '%s'", format, reason,
                  words);
    grove_table_free(table);
}

START_TEST(many_distinct_numbers_are_a_number) {
    expect_guess("%d", 21, GROVE_TARGET_NUMBER, "more than 20 distinct ones");
    expect_guess("%d", 20, GROVE_TARGET_CLASS, "of only 20 distinct ones");
    expect_guess("%d.5", 100, GROVE_TARGET_NUMBER, "more than 20 distinct ones");
    expect_guess("-%de-3", 100, GROVE_TARGET_NUMBER, "more than 20 distinct ones");
    expect_guess("%d.0", 2, GROVE_TARGET_CLASS, "of only 2 distinct ones");
    expect_guess("0%d", 100, GROVE_TARGET_CLASS, "with leading zeros: codes");
    expect_guess("1234567890123%03d", 100, GROVE_TARGET_CLASS, "more than 15 digits: codes");
    expect_guess("c%d", 100, GROVE_TARGET_CLASS, "the label is text, as 'c1' on line 1");
    grove_table *table = make_table(0, 0);
    grove_target_kind kind;
    char reason[GROVE_REASON_SIZE];
    grove_error error;
    ck_assert_int_eq(grove_guess_target(table, "prize", &kind, reason, &error), GROVE_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.message, "the nearest name is 'price'"));
    grove_table_free(table);
}
END_TEST

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

START_TEST(mean_deviation_and_median_are_of_training_rows) {
    lesson l = make_lesson(100, 0);
    const size_t label = (size_t)grove_schema_label(l.schema);
    double sum = 0, squares = 0, sorted[ROWS];
    ck_assert_int_eq(grove_schema_kind(l.schema, label), GROVE_COLUMN_TARGET);
    ck_assert_int_eq(grove_schema_target(l.schema), GROVE_TARGET_NUMBER);
    ck_assert_int_eq(grove_schema_ids(l.schema, label), 0);
    ck_assert_ptr_null(grove_dataset_labels(l.data));
    const grove_center center = grove_schema_center(l.schema);
    for (size_t i = 0; i < l.train.count; i++) {
        const double price = price_of(&l, l.split.train[i]);
        sum += price;
        squares += price * price;
        sorted[i] = price;
    }
    const double n = (double)l.train.count, mean = sum / n;
    ck_assert_double_eq_tol(center.mean, mean, 1e-9);
    ck_assert_double_eq_tol(grove_schema_deviation(l.schema, label),
                            sqrt(squares / n - mean * mean), 1e-6);
    qsort(sorted, l.train.count, sizeof *sorted, by_size);
    ck_assert_uint_eq(l.train.count % 2, 0); /* so that it is the mean of two */
    const double *middle = sorted + l.train.count / 2;
    ck_assert_double_lt(middle[-1], middle[0]);
    ck_assert_double_eq_tol(center.median, (middle[-1] + middle[0]) / 2, 1e-9);
    for (size_t row = 0; row < ROWS; row++) {
        const double back = mean + grove_schema_deviation(l.schema, label) *
                                       (double)grove_dataset_targets(l.data)[row];
        ck_assert_double_eq_tol(back, price_of(&l, row), 1e-3);
    }
    free_lesson(&l);
}
END_TEST

/* ---- learning -------------------------------------------------------------------------------- */

START_TEST(numbers_are_learned) {
    lesson l = make_lesson(-200, 0);
    for (int loss = GROVE_NUMBER_LOSS_MSE; loss <= GROVE_NUMBER_LOSS_HUBER; loss++) {
        grove_classifier c = make_network(&l, (grove_number_loss)loss, false);
        grove_fit_options how = usual();
        grove_fit_result result = fit(&l, &c, &how);
        ck_assert_int_eq(result.valid.target, GROVE_TARGET_NUMBER);
        ck_assert_double_gt(result.valid.r2, 0.98);
        ck_assert_double_lt(result.valid.mean_absolute_error,
                            0.2 * result.valid.baseline_mean_absolute_error);
        ck_assert(isnan(result.valid.accuracy));
        /* what fit says of the best weights is what they answer */
        double numbers[ROWS], truth[ROWS];
        grove_metrics again;
        predict(c.graph, l.schema, l.valid, numbers);
        for (size_t i = 0; i < l.valid.count; i++) {
            truth[i] = price_of(&l, l.split.valid[i]);
        }
        ck_assert_int_eq(grove_number_metrics(numbers, truth, NULL, l.valid.count,
                                              grove_schema_center(l.schema), &again, NULL),
                         GROVE_OK);
        ck_assert_double_eq_tol(again.r2, result.valid.r2, 1e-5);
        if (loss == GROVE_NUMBER_LOSS_MSE) {
            const double d = grove_schema_deviation(l.schema, 2);
            ck_assert_double_eq_tol(result.valid_loss, again.mean_squared_error / d / d, 1e-5);
        } else if (loss == GROVE_NUMBER_LOSS_MAE) {
            const double d = grove_schema_deviation(l.schema, 2);
            ck_assert_double_eq_tol(result.valid_loss, again.mean_absolute_error / d, 1e-5);
        }
        grove_classifier_free(&c);
    }
    free_lesson(&l);
}
END_TEST

/* The network's loss and validation's are the same formula: on the same rows, the same number. */
START_TEST(the_loss_of_validation_is_that_of_training) {
    lesson l = make_lesson(0, 9);
    const int64_t batch = (int64_t)l.train.count;
    for (int loss = GROVE_NUMBER_LOSS_MSE; loss <= GROVE_NUMBER_LOSS_HUBER; loss++) {
        grove_classifier c = make_network(&l, (grove_number_loss)loss, false);
        grove_fit_options how = usual();
        grove_fit_result result;
        how.epochs = 1;
        how.batch = batch;
        how.optimizer = (grove_optimizer){.rate = 1e-12}; /* moves nothing */
        ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.train, &how, &result, NULL), GROVE_OK);
        ck_assert_double_eq_tol(result.valid_loss, result.train_loss, 1e-5);
        grove_classifier_free(&c);
    }
    free_lesson(&l);
}
END_TEST

/* One row in nine is far off: the absolute error passes it by, the squared one does not. */
START_TEST(far_rows_pull_at_squares_alone) {
    lesson l = make_lesson(0, 9);
    double off[2] = {0, 0};
    for (int loss = GROVE_NUMBER_LOSS_MSE; loss <= GROVE_NUMBER_LOSS_MAE; loss++) {
        grove_classifier c = make_network(&l, (grove_number_loss)loss, false);
        grove_fit_options how = usual();
        double numbers[ROWS];
        fit(&l, &c, &how);
        predict(c.graph, l.schema, (grove_rows){l.data, NULL, ROWS}, numbers);
        for (size_t i = 0; i < ROWS; i++) {
            off[loss] += i % 9 ? fabs(numbers[i] - price_of(&l, i)) / ROWS : 0;
        }
        grove_classifier_free(&c);
    }
    ck_assert_double_lt(5 * off[1], off[0]);
    free_lesson(&l);
}
END_TEST

START_TEST(a_large_mean_costs_no_digits) {
    lesson l = make_lesson(1e9, 0);
    grove_classifier c = make_network(&l, GROVE_NUMBER_LOSS_MSE, false);
    grove_fit_options how = usual();
    double numbers[ROWS], worst = 0;
    grove_fit_result result = fit(&l, &c, &how);
    ck_assert_double_gt(result.valid.r2, 0.98);
    predict(c.graph, l.schema, (grove_rows){l.data, NULL, ROWS}, numbers);
    for (size_t i = 0; i < ROWS; i++) {
        worst = fmax(worst, fabs(numbers[i] - price_of(&l, i)));
    }
    ck_assert_double_lt(worst, 60); /* a float of 1e9 is known to 64 */
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(a_row_of_weight_two_is_two_rows) {
    lesson l = make_lesson(0, 0);
    static size_t twice[2 * ROWS];
    float weights[ROWS];
    size_t count = 0;
    for (size_t i = 0; i < l.train.count; i++) {
        const size_t row = l.split.train[i];
        weights[row] = (float)(row % 3);
        for (size_t k = 0; k < row % 3; k++) {
            twice[count++] = row;
        }
    }
    double one[ROWS], other[ROWS];
    for (int loss = GROVE_NUMBER_LOSS_MSE; loss <= GROVE_NUMBER_LOSS_HUBER; loss++) {
        grove_fit_options how = usual();
        grove_fit_result result;
        grove_rows all = {l.data, NULL, ROWS}, none = {0}, repeated = {l.data, twice, count};
        how.batch = 2 * ROWS;
        how.optimizer = (grove_optimizer){.rate = 0.2};
        grove_classifier c = make_network(&l, (grove_number_loss)loss, false);
        ck_assert_int_eq(grove_fit(&c, l.schema, repeated, none, &how, &result, NULL), GROVE_OK);
        predict(c.graph, l.schema, all, one);
        grove_classifier_free(&c);
        c = make_network(&l, (grove_number_loss)loss, true);
        how.weights = weights;
        ck_assert_int_eq(grove_fit(&c, l.schema, l.train, none, &how, &result, NULL), GROVE_OK);
        predict(c.graph, l.schema, all, other);
        grove_classifier_free(&c);
        for (size_t i = 0; i < ROWS; i++) {
            ck_assert_double_eq_tol(one[i], other[i], 0.5);
        }
    }
    free_lesson(&l);
}
END_TEST

/* ---- measures -------------------------------------------------------------------------------- */

START_TEST(measures_as_scikit_learn) {
    const double p[] = {2.5, 0, 2, 8}, y[] = {3, -0.5, 2, 7};
    const float weights[] = {1, 2, 0, 1};
    const grove_center center = {2, 2.5};
    grove_metrics m;
    grove_error error;
    ck_assert_int_eq(grove_number_metrics(p, y, NULL, 4, center, &m, &error), GROVE_OK);
    ck_assert_double_eq_tol(m.r2, 0.9486081370449679, 1e-15);
    ck_assert_double_eq_tol(m.mean_squared_error, 0.375, 1e-15);
    ck_assert_double_eq_tol(m.mean_absolute_error, 0.5, 1e-15);
    ck_assert_double_eq_tol(m.baseline_mean_squared_error, (1 + 6.25 + 0 + 25) / 4, 1e-15);
    ck_assert_double_eq_tol(m.baseline_mean_absolute_error, (0.5 + 3 + 0.5 + 4.5) / 4, 1e-15);
    ck_assert_int_eq(grove_number_metrics(p, y, weights, 4, center, &m, &error), GROVE_OK);
    ck_assert_double_eq_tol(m.mean_squared_error, (0.25 + 0.5 + 1) / 4, 1e-15);
    ck_assert_double_eq_tol(m.r2, 1 - 1.75 / (0.5625 + 2 * 7.5625 + 22.5625), 1e-15);
    ck_assert_int_eq(grove_number_metrics(p, y, NULL, 1, center, &m, &error), GROVE_OK);
    ck_assert(isnan(m.r2) && m.mean_absolute_error == 0.5);
    const double bad[] = {1, (double)NAN};
    ck_assert_int_eq(grove_number_metrics(bad, y, NULL, 2, center, &m, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "row 1"));
}
END_TEST

START_TEST(a_report_as_scikit_learn) {
    const double p[] = {2.5, 0, 2, 8}, y[] = {3, -0.5, 2, 7}, flat[] = {1, 1, 1, 1};
    grove_number_report r, again;
    const grove_report_options how = {.resamples = 200, .seed = 3};
    ck_assert_int_eq(grove_regression_report(p, y, 4, (grove_center){2, 2.5}, &how, &r, NULL),
                     GROVE_OK);
    const double wanted[] = {
        0.9486081370449679, 0.9571734475374732, 0.375, 0.6123724356957945, 0.5, 0.5, 1};
    for (int i = 0; i < GROVE_NUMBER_MEASURES; i++) {
        ck_assert_double_eq_tol(r.measures[i].value, wanted[i], 1e-14);
        ck_assert_ptr_nonnull(grove_number_measure_name((grove_number_measure)i));
    }
    ck_assert_double_eq_tol(r.baseline[GROVE_NUMBER_MEAN_SQUARED_ERROR], 32.25 / 4, 1e-14);
    ck_assert_double_eq_tol(r.baseline[GROVE_NUMBER_MEAN_ABSOLUTE_ERROR], 8.5 / 4, 1e-14);
    ck_assert_double_eq_tol(r.baseline[GROVE_NUMBER_MEDIAN_ABSOLUTE_ERROR], 1.75, 1e-14);
    ck_assert_double_lt(r.measures[GROVE_NUMBER_MEAN_ABSOLUTE_ERROR].low, 0.5);
    ck_assert_double_gt(r.measures[GROVE_NUMBER_MEAN_ABSOLUTE_ERROR].high, 0.5);
    ck_assert(isnan(r.measures[GROVE_NUMBER_MAX_ERROR].low));
    ck_assert_int_eq(grove_regression_report(p, y, 4, (grove_center){2, 2.5}, &how, &again, NULL),
                     GROVE_OK);
    ck_assert_mem_eq(&r.measures[2], &again.measures[2], sizeof r.measures[2]);
    ck_assert_int_eq(grove_regression_report(p, flat, 4, (grove_center){1, 1}, &how, &r, NULL),
                     GROVE_OK);
    ck_assert(isnan(r.measures[GROVE_NUMBER_R2].value));
    ck_assert_int_eq(grove_regression_report(p, y, 0, (grove_center){1, 1}, &how, &r, NULL),
                     GROVE_OK);
    ck_assert(isnan(r.measures[GROVE_NUMBER_MEAN_SQUARED_ERROR].value));
    for (size_t at = 1; at < 4; at++) {
        hostile_memory memory = {.fail_at = at};
        grove_report_options hostile = {.resamples = 5, .allocator = hostile_allocator(&memory)};
        ck_assert_int_eq(
            grove_regression_report(p, y, 4, (grove_center){2, 2.5}, &hostile, &r, NULL),
            GROVE_NO_MEMORY);
        ck_assert_uint_eq(memory.live, 0);
    }
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

static char folder[] = "/tmp/grove-regression-XXXXXX";
static char path[64];

START_TEST(a_file_knows_the_scale) {
    lesson l = make_lesson(500, 0);
    grove_classifier c = make_network(&l, GROVE_NUMBER_LOSS_MSE, false);
    grove_fit_options how = usual();
    grove_model *model;
    grove_error error = {0};
    how.epochs = 5;
    fit(&l, &c, &how);
    grove_save_options options = {.schema = l.schema};
    ck_assert_msg(grove_save(path, &c.answer, 1, &options, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    const grove_schema *schema = grove_model_schema(model);
    const grove_center center = grove_schema_center(schema), ours = grove_schema_center(l.schema);
    ck_assert(center.mean == ours.mean && center.median == ours.median);
    ck_assert(grove_schema_deviation(schema, 2) == grove_schema_deviation(l.schema, 2));
    double one[ROWS], other[ROWS];
    float floats[ROWS], row;
    grove_rows all = {l.data, NULL, ROWS};
    predict(c.graph, l.schema, all, one);
    predict(grove_model_graph(model), schema, all, other);
    ck_assert_mem_eq(one, other, sizeof one);
    grove_predictor *predictor;
    ck_assert_int_eq(grove_predictor_new(c.graph, l.schema, 0, 1, &predictor, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(predictor, all, floats, &error), GROVE_OK);
    for (size_t i = 0; i < ROWS; i++) {
        ck_assert(floats[i] == (float)one[i]);
    }
    grove_predictor_free(predictor);
    grove_cell cells[3];
    for (size_t k = 0; k < 3; k++) {
        cells[k] = grove_table_cell(l.table, 5, k);
    }
    ck_assert_int_eq(grove_predictor_new(c.graph, l.schema, 1, 1, &predictor, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_row(predictor, cells, &row, &error), GROVE_OK);
    ck_assert_double_eq_tol((double)row, one[5], 1e-2);
    grove_predictor_free(predictor);
    grove_model_free(model);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

static grove_fit_wish stop_at_once(void *user, const grove_progress *progress) {
    (void)user, (void)progress;
    return GROVE_FIT_STOP;
}

START_TEST(a_training_is_gone_on_with) {
    lesson l = make_lesson(0, 0), other = make_lesson(1, 9);
    grove_fit_checkpoint kept = {.path = path, .ask = stop_at_once};
    grove_fit_options how = usual();
    double whole[ROWS], pieces[ROWS];
    grove_rows all = {l.data, NULL, ROWS};
    grove_error error = {0};
    grove_fit_result result;
    how.epochs = 3;
    grove_classifier c = make_network(&l, GROVE_NUMBER_LOSS_HUBER, false);
    grove_fit_result at_once = fit(&l, &c, &how);
    predict(c.graph, l.schema, all, whole);
    grove_classifier_free(&c);
    how.checkpoint = &kept;
    c = make_network(&l, GROVE_NUMBER_LOSS_HUBER, false);
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_INTERRUPTED);
    grove_classifier_free(&c);
    kept.resume = true;
    kept.ask = NULL;
    c = make_network(&l, GROVE_NUMBER_LOSS_HUBER, false);
    ck_assert_int_eq(grove_fit(&c, other.schema, other.train, other.valid, &how, &result, &error),
                     GROVE_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "other data"));
    grove_classifier_free(&c);
    c = make_network(&l, GROVE_NUMBER_LOSS_HUBER, false);
    result = fit(&l, &c, &how);
    predict(c.graph, l.schema, all, pieces);
    grove_classifier_free(&c);
    ck_assert_mem_eq(whole, pieces, sizeof whole);
    ck_assert_mem_eq(&result.valid.r2, &at_once.valid.r2, sizeof result.valid.r2);
    ck_assert(result.valid.mean_absolute_error == at_once.valid.mean_absolute_error);
    free_lesson(&other);
    free_lesson(&l);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------- */

static void expect_refusal(const char *csv, size_t size, const char *words) {
    grove_table *table;
    grove_schema *schema;
    grove_error error = {0};
    grove_schema_options wishes = {.label = "y", .target = GROVE_TARGET_NUMBER};
    ck_assert_int_eq(grove_table_read_csv_bytes(csv, size, "t.csv", NULL, &table, &error),
                     GROVE_OK);
    grove_status status = grove_schema_guess(table, &wishes, &schema, &error);
    if (status == GROVE_OK) {
        status = grove_schema_fit(schema, table, NULL, grove_table_rows(table), &error);
    }
    ck_assert_int_eq(status, GROVE_BAD_DATA);
    ck_assert_msg(strstr(error.message, words), "%s", error.message);
    grove_schema_free(schema);
    grove_table_free(table);
}

START_TEST(what_is_no_number_is_refused) {
#define EXPECT(csv, words) expect_refusal(csv, sizeof csv - 1, words)
    EXPECT("x,y\n1,2\n2,high\n", "t.csv: line 3, column 'y': 'high' is not a number");
    EXPECT("x,y\n1,2\n2,\n3,4\n", "t.csv: line 3, column 'y': the label is missing");
    EXPECT("x,y\n1,2\n2,2\n3,2.0\n", "every row has the label");
#undef EXPECT
    lesson l = make_lesson(0, 0);
    grove_table *table;
    grove_dataset *data;
    grove_error error = {0};
    static const char csv[] = "kind,size,price\nk1,3,5\nk1,3,dear\n";
    ck_assert_int_eq(grove_table_read_csv_bytes(csv, sizeof csv - 1, "t.csv", NULL, &table, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, table,
                                         &(grove_encode_options){.label_required = true}, &data,
                                         &error),
                     GROVE_BAD_DATA);
    ck_assert_msg(strstr(error.message, "line 3, column 'price': 'dear' is not a number"), "%s",
                  error.message);
    grove_table_free(table);
    /* classes have weights, numbers have none */
    const float classes[] = {1, 2};
    grove_classifier c = make_network(&l, GROVE_NUMBER_LOSS_MSE, true);
    grove_fit_options how = usual();
    grove_fit_result result;
    how.class_weights = classes;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_msg(strstr(error.message, "the label is a number"), "%s", error.message);
    grove_classifier_free(&c);
    grove_classifier_options options = {.huber_delta = -1};
    ck_assert_int_eq(grove_classifier_new(l.schema, &options, &c, &error), GROVE_BAD_ARGUMENT);
    free_lesson(&l);
}
END_TEST

static grove_status everything(const grove_allocator *allocator, const grove_table *table) {
    grove_schema_options wishes = {
        .label = "price", .target = GROVE_TARGET_NUMBER, .allocator = *allocator};
    grove_encode_options labelled = {.label_required = true};
    grove_classifier_options options = {.seed = 7, .allocator = *allocator};
    grove_fit_options how = {.epochs = 1, .optimizer = {.rate = 0.01}};
    grove_schema *schema = NULL;
    grove_dataset *data = NULL;
    grove_classifier c = {0};
    grove_predictor *predictor = NULL;
    grove_fit_result result;
    double numbers[ROWS];
    grove_status status = grove_schema_guess(table, &wishes, &schema, NULL);
    if (status == GROVE_OK) {
        status = grove_schema_fit(schema, table, NULL, ROWS, NULL);
    }
    if (status == GROVE_OK) {
        status = grove_schema_encode(schema, table, &labelled, &data, NULL);
    }
    grove_rows train = {data, NULL, ROWS - VALID}, all = {data, NULL, ROWS};
    if (status == GROVE_OK) {
        status = grove_classifier_new(schema, &options, &c, NULL);
    }
    if (status == GROVE_OK) {
        status = grove_fit(&c, schema, train, all, &how, &result, NULL);
    }
    if (status == GROVE_OK) {
        status = grove_predictor_new(c.graph, schema, 0, 1, &predictor, NULL);
    }
    if (status == GROVE_OK) {
        status = grove_predictor_numbers(predictor, all, numbers, NULL);
    }
    grove_predictor_free(predictor);
    grove_classifier_free(&c);
    grove_dataset_free(data);
    grove_schema_free(schema);
    return status;
}

START_TEST(every_allocation_may_fail) {
    grove_table *table = make_table(0, 0);
    grove_status status = GROVE_NO_MEMORY;
    for (size_t at = 1; status != GROVE_OK; at++) {
        hostile_memory memory = {.fail_at = at};
        grove_allocator allocator = hostile_allocator(&memory);
        status = everything(&allocator, table);
        ck_assert_msg(status == GROVE_OK || status == GROVE_NO_MEMORY, "%d", (int)status);
        ck_assert_uint_eq(memory.live, 0);
        ck_assert_uint_lt(at, 5000);
    }
    grove_table_free(table);
}
END_TEST

int main(void) {
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/kept.safetensors", folder);
    Suite *suite = suite_create("regression");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, many_distinct_numbers_are_a_number);
    tcase_add_test(tests, mean_deviation_and_median_are_of_training_rows);
    tcase_add_test(tests, numbers_are_learned);
    tcase_add_test(tests, the_loss_of_validation_is_that_of_training);
    tcase_add_test(tests, far_rows_pull_at_squares_alone);
    tcase_add_test(tests, a_large_mean_costs_no_digits);
    tcase_add_test(tests, a_row_of_weight_two_is_two_rows);
    tcase_add_test(tests, measures_as_scikit_learn);
    tcase_add_test(tests, a_report_as_scikit_learn);
    tcase_add_test(tests, a_file_knows_the_scale);
    tcase_add_test(tests, a_training_is_gone_on_with);
    tcase_add_test(tests, what_is_no_number_is_refused);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink(path);
    rmdir(folder);
    return failed != 0;
}
