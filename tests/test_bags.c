/* SPDX-License-Identifier: MIT
 *
 * Bags and texts: what a cell is taken apart into, what its pieces weigh, and that a model reads
 * them the same in any batch, trained on, saved and loaded.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/words.h"
#include "grove/grove.h"
#include "hostile_allocator.h"

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool join(void *user, grove_cell piece, int sort) {
    char *text = user;
    size_t used = strlen(text);
    snprintf(text + used, 1000 - used, "%s%.*s", used ? "|" : "", (int)piece.length, piece.bytes);
    ck_assert_int_eq(sort, piece.bytes[0] == '#' ? GROVE_PIECE_PART : GROVE_PIECE_WORD);
    return true;
}

static grove_cell cell_of(const char *text) {
    return (grove_cell){text, strlen(text)};
}

static void expect_text(const char *cell, const grove_column_form *form, const char *wanted) {
    char text[1000] = "";
    ck_assert(grove_pieces_of_text(cell_of(cell), form, join, text));
    ck_assert_str_eq(text, wanted);
}

static void expect_bag(const char *cell, const char *wanted) {
    char text[1000] = "";
    ck_assert(grove_pieces_of_bag(cell_of(cell), ';', join, text));
    ck_assert_str_eq(text, wanted);
}

START_TEST(a_text_is_words_pairs_and_parts) {
    const grove_column_form words = {.no_pairs = true, .no_parts = true},
                            pairs = {.no_parts = true}, parts = {.no_pairs = true},
                            cases = {.no_pairs = true, .no_parts = true, .keep_case = true};
    expect_text("Crude-OIL prices, 1987!", &words, "crude|oil|prices|1987");
    expect_text("Crude-OIL", &cases, "Crude|OIL");
    /* Of other letters, too: E with an acute accent, a Greek sigma, a Cyrillic zhe. */
    const grove_column_form ascii = {.no_pairs = true, .no_parts = true, .ascii_case = true};
    expect_text("\xC3\x89T\xC3\x89 \xCE\xA3 \xD0\x96", &words,
                "\xC3\xA9t\xC3\xA9|\xCF\x83|\xD0\xB6");
    expect_text("\xC3\x89T \xCE\xA3 \xD0\x96", &ascii, "\xC3\x89t|\xCE\xA3|\xD0\x96");
    expect_text("a bc d", &pairs, "a|bc|a bc|d|bc d");
    expect_text("ab", &parts, "ab|#<ab|#<ab>|#ab>");
    /* Characters are counted, not bytes: here two of them have two bytes each. */
    expect_text("\xC3\xB6\xC3\xBC", &parts,
                "\xC3\xB6\xC3\xBC|#<\xC3\xB6\xC3\xBC|#<\xC3\xB6\xC3\xBC>|#\xC3\xB6\xC3\xBC>");
    expect_text(" .,;- ", &words, "");
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[199] = '\0';
    char wanted[65] = "";
    memset(wanted, 'x', 64);
    expect_text(longest, &words, wanted);
    ck_assert_uint_eq(grove_count_words(cell_of("one, two  three")), 3);
}
END_TEST

START_TEST(a_bag_is_what_stands_between_its_signs) {
    expect_bag("a;b c; d ;;e;", "a|b c|d|e");
    expect_bag("one", "one");
    expect_bag(" ; ;", "");
}
END_TEST

/* ---- a table --------------------------------------------------------------------------------- */

enum { ROWS = 240, TRAIN = 200, LABEL = 4, COLUMNS = 5 };
static const char *const names[COLUMNS] = {"tags", "note", "kind", "size", "label"};

/* What a row is about shows in one of its tags, and in one word of its note. */
static grove_table *make_table(void) {
    static const char *const topics[] = {"oil", "grain", "ship"};
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_new(names, COLUMNS, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char tags[80], note[160], kind[16], size[16];
        const int topic = i * 7919 % 3;
        snprintf(tags, sizeof tags, "t%d;%s;t%d", i % 7, topics[topic], i % 5);
        snprintf(note, sizeof note, "The %s report number %d of day %d%s", topics[topic], i % 13,
                 i % 31,
                 i % 40 == 0 ? " and a much longer tail of words that nobody else has" : "");
        snprintf(kind, sizeof kind, "k%d", i % 4);
        snprintf(size, sizeof size, "%d", i % 50);
        const char *cells[] = {i % 17 == 3 ? "" : tags, i % 19 == 5 ? "" : note, kind, size,
                               topics[topic]};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static grove_status make_schema(const grove_table *table, const grove_allocator *allocator,
                                int64_t buckets, grove_schema **schema, grove_error *error) {
    const grove_column_wish wishes[] = {
        {"tags", GROVE_COLUMN_BAG, {.split = ';', .buckets = buckets, .seed = 3}},
        {"note", GROVE_COLUMN_TEXT, {.buckets = buckets, .min_count = 2}}};
    grove_schema_options options = {.label = "label", .wishes = wishes, .wish_count = 2};
    options.allocator = allocator ? *allocator : (grove_allocator){0};
    grove_status status = grove_schema_guess(table, &options, schema, error);
    if (status == GROVE_OK) {
        status = grove_schema_fit(*schema, table, NULL, TRAIN, error);
    }
    return status;
}

static grove_schema *schema_of(const grove_table *table, int64_t buckets) {
    grove_schema *schema = NULL;
    grove_error error;
    ck_assert_msg(make_schema(table, NULL, buckets, &schema, &error) == GROVE_OK, "%s",
                  error.message);
    return schema;
}

static grove_dataset *encode(const grove_schema *schema, const grove_table *table) {
    grove_dataset *data;
    grove_error error;
    const grove_encode_options options = {.label_required = true};
    ck_assert_int_eq(grove_schema_encode(schema, table, &options, &data, &error), GROVE_OK);
    return data;
}

START_TEST(bags_are_encoded) {
    grove_table *table = make_table();
    grove_schema *schema = schema_of(table, 0);
    grove_dataset *data = encode(schema, table);
    ck_assert_uint_eq(grove_schema_bags(schema), 2);
    ck_assert_int_eq(grove_schema_bag(schema, 1), 1);
    ck_assert_int_eq(grove_schema_bag(schema, 2), -1);
    ck_assert_uint_eq(grove_dataset_bags(data), 2);
    grove_bag bag = grove_dataset_bag(data, 0, 1); /* "t1;grain;t1": two thirds are t1 */
    ck_assert_uint_eq(bag.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const grove_cell value = grove_schema_value(schema, 0, bag.ids[i]);
        const bool tag = value.bytes[0] == 't';
        ck_assert_msg(fabsf(bag.weights[i] - (tag ? 2 : 1) / 3.0F) < 1e-6F, "weight %g",
                      (double)bag.weights[i]);
    }
    bag = grove_dataset_bag(data, 0, 3); /* empty */
    ck_assert(bag.count == 1 && bag.ids[0] == 1 && bag.weights[0] == 1);
    ck_assert_int_eq(grove_dataset_missing(data, 0), 14);
    ck_assert_int_eq(grove_schema_missing(schema, 0), 12);
    /* A new value is unknown; new words of a text are passed over. */
    int32_t ids[GROVE_LONGEST_BAG];
    float weights[GROVE_LONGEST_BAG];
    size_t count;
    grove_error error;
    ck_assert_int_eq(
        grove_schema_bag_cell(schema, 0, cell_of("oil;what"), ids, weights, &count, &error), 0);
    ck_assert(count == 2 && ids[0] == 0);
    ck_assert_int_eq(
        grove_schema_bag_cell(schema, 1, cell_of("zz oil"), ids, weights, &count, &error), 0);
    ck_assert(count >= 1 && ids[0] >= 2);
    ck_assert_int_eq(grove_schema_bag_cell(schema, 1, cell_of("zz"), ids, weights, &count, &error),
                     0);
    ck_assert(count == 1 && ids[0] == 0);
    ck_assert_int_eq(grove_schema_bag_cell(schema, 2, cell_of("k"), ids, weights, &count, &error),
                     GROVE_BAD_ARGUMENT);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

/* By the formula of data/bag.c, worked out here once more. */
START_TEST(pieces_of_a_text_are_weighed) {
    grove_table *table = make_table();
    grove_schema *schema = schema_of(table, 0);
    int32_t ids[GROVE_LONGEST_BAG];
    float weights[GROVE_LONGEST_BAG];
    size_t count;
    grove_error error;
    const int32_t oil = grove_schema_id(schema, 1, cell_of("oil")),
                  the = grove_schema_id(schema, 1, cell_of("the")),
                  part = grove_schema_id(schema, 1, cell_of("#<oil"));
    ck_assert(oil >= 2 && the >= 2 && part >= 2);
    ck_assert_int_eq(grove_schema_bag_cell(schema, 1, cell_of("Oil, oil the. OIL"), ids, weights,
                                           &count, &error),
                     0);
    double a = (1 + log(3)) * (1 + log(201.0 / (1 + (double)grove_schema_count(schema, 1, oil))));
    double b = 1 + log(201.0 / (1 + (double)grove_schema_count(schema, 1, the)));
    double words = 0, parts = 0, of_oil = 0, of_the = 0;
    for (size_t i = 0; i < count; i++) {
        const double square = (double)weights[i] * (double)weights[i];
        const bool is_part = grove_schema_value(schema, 1, ids[i]).bytes[0] == '#';
        *(is_part ? &parts : &words) += square;
        of_oil = ids[i] == oil ? (double)weights[i] : of_oil;
        of_the = ids[i] == the ? (double)weights[i] : of_the;
        ck_assert(i == 0 || ids[i] > ids[i - 1]);
    }
    ck_assert_msg(fabs(of_oil / of_the - a / b) < 1e-5, "%g is not %g", of_oil / of_the, a / b);
    ck_assert(fabs(words - 1) < 1e-5 && fabs(parts - 1) < 1e-5);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

/* ---- models ---------------------------------------------------------------------------------- */

static grove_classifier train(const grove_schema *schema, const grove_dataset *data, int threads) {
    size_t rows[TRAIN], valid[ROWS - TRAIN];
    grove_classifier c;
    grove_error error;
    grove_fit_result result;
    for (size_t i = 0; i < ROWS; i++) {
        *(i < TRAIN ? &rows[i] : &valid[i - TRAIN]) = i;
    }
    grove_classifier_options network = {
        .hidden = (const int64_t[]){8}, .hidden_count = 1, .word_dropout = 0.3, .seed = 1};
    ck_assert_int_eq(grove_classifier_new(schema, &network, &c, &error), GROVE_OK);
    grove_fit_options how = {.epochs = 12,
                             .batch = 16, /* 200 rows: the last batch is shorter */
                             .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.01},
                             .threads = threads,
                             .seed = 2};
    grove_status status = grove_fit(&c, schema, (grove_rows){data, rows, TRAIN},
                                    (grove_rows){data, valid, ROWS - TRAIN}, &how, &result, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    ck_assert_msg(result.valid.accuracy > 0.95, "accuracy %g", result.valid.accuracy);
    return c;
}

static void answer(const grove_graph *graph, const grove_schema *schema, const grove_dataset *data,
                   int64_t batch, float p[ROWS][3]) {
    grove_predictor *predictor;
    grove_error error;
    grove_status status = grove_predictor_new(graph, schema, batch, 1, &predictor, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    status = grove_predictor_run(predictor, (grove_rows){data, NULL, ROWS}, p[0], &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    grove_predictor_free(predictor);
}

static void expect_same(float a[ROWS][3], float b[ROWS][3], float tolerance, const char *words) {
    for (size_t i = 0; i < ROWS * 3; i++) {
        const float x = a[i / 3][i % 3], y = b[i / 3][i % 3];
        ck_assert_msg(fabsf(x - y) <= tolerance, "%s: row %zu: %g, not %g", words, i / 3, (double)y,
                      (double)x);
    }
}

static size_t cut_of(const grove_schema *schema, const grove_dataset *data, const size_t *rows,
                     size_t count, int64_t batch) {
    grove_classifier c;
    grove_error error;
    grove_fit_result result;
    grove_classifier_options network = {.seed = 1};
    size_t cut = SIZE_MAX;
    grove_fit_options how = {.epochs = 2, .batch = batch, .seed = 2, .cut = &cut};
    const grove_rows none = {data, NULL, 0};
    ck_assert_int_eq(grove_classifier_new(schema, &network, &c, &error), GROVE_OK);
    ck_assert_msg(grove_fit(&c, schema, (grove_rows){data, rows, count}, none, &how, &result,
                            &error) == GROVE_OK,
                  "%s", error.message);
    grove_classifier_free(&c);
    return cut;
}

/* Five notes with a long tail in one batch, and each by itself. */
START_TEST(what_has_no_room_in_a_batch_is_counted) {
    static const size_t longest[] = {0, 40, 80, 120, 160};
    grove_table *table = make_table();
    grove_schema *schema = schema_of(table, 0);
    grove_dataset *data = encode(schema, table);
    const size_t cut = cut_of(schema, data, longest, 5, 5);
    ck_assert_uint_gt(cut, 0);
    ck_assert_uint_eq(cut % 2, 0); /* two epochs of the same batch */
    ck_assert_uint_eq(cut_of(schema, data, longest, 5, 1), 0);
    ck_assert_uint_eq(cut_of(schema, data, NULL, TRAIN, TRAIN), 0);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

/* _i: hashed or not. */
START_TEST(a_row_is_answered_alike_in_any_batch) {
    static float all[ROWS][3], other[ROWS][3];
    grove_table *table = make_table();
    grove_schema *schema = schema_of(table, _i ? 300 : 0);
    grove_dataset *data = encode(schema, table);
    grove_classifier c = train(schema, data, 1), again = train(schema, data, 2);
    answer(c.graph, schema, data, 0, all);
    answer(again.graph, schema, data, 0, other);
    expect_same(all, other, 0, "on two threads");
    for (int64_t batch = 1; batch < 50; batch += 6) {
        answer(c.graph, schema, data, batch, other);
        expect_same(all, other, 1e-6F, "in batches");
    }
    grove_predictor *one, *many;
    grove_error error;
    /* The longest row again and again: a batch has room for few of them. */
    static const size_t longest[ROWS] = {0};
    ck_assert_int_eq(grove_predictor_new(c.graph, schema, 64, 1, &many, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(many, (grove_rows){data, longest, ROWS}, other[0], &error),
                     GROVE_OK);
    grove_predictor_free(many);
    for (size_t row = 0; row < ROWS; row++) {
        ck_assert_msg(fabsf(other[row][0] - all[0][0]) <= 1e-6F, "long row %zu: %g, not %g", row,
                      (double)other[row][0], (double)all[0][0]);
    }
    ck_assert_int_eq(grove_predictor_new(c.graph, schema, 1, 1, &one, &error), GROVE_OK);
    for (size_t row = 0; row < ROWS; row++) {
        grove_cell cells[COLUMNS];
        for (size_t k = 0; k < COLUMNS; k++) {
            cells[k] = grove_table_cell(table, row, k);
        }
        ck_assert_int_eq(grove_predictor_row(one, cells, other[row], &error), GROVE_OK);
    }
    expect_same(all, other, 1e-6F, "row by row");
    grove_predictor_free(one);
    grove_classifier_free(&again);
    grove_classifier_free(&c);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

START_TEST(a_saved_model_reads_them_the_same) {
    static float all[ROWS][3], other[ROWS][3];
    char path[] = "/tmp/grove_bags_XXXXXX";
    grove_table *table = make_table();
    grove_schema *schema = schema_of(table, _i ? 300 : 0);
    grove_dataset *data = encode(schema, table);
    grove_classifier c = train(schema, data, 1);
    answer(c.graph, schema, data, 0, all);
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    grove_error error;
    grove_save_options options = {.schema = schema};
    grove_status status = grove_save(path, &c.probabilities, 1, &options, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    grove_model *model;
    status = grove_load(path, NULL, &model, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    const grove_schema *loaded = grove_model_schema(model);
    grove_dataset *read = encode(loaded, table);
    answer(grove_model_graph(model), loaded, read, 0, other);
    expect_same(all, other, 0, "loaded");
    ck_assert_int_eq(grove_schema_form(loaded, 0)->split, ';');
    ck_assert_int_eq(grove_schema_bag_size(loaded, 1).longest,
                     grove_schema_bag_size(schema, 1).longest);
    grove_dataset_free(read);
    grove_model_free(model);
    remove(path);
    grove_classifier_free(&c);
    grove_dataset_free(data);
    grove_schema_free(schema);
    grove_table_free(table);
}
END_TEST

/* ---- what is refused, and short memory ------------------------------------------------------- */

START_TEST(forms_that_cannot_be_are_refused) {
    static const struct {
        grove_column_kind kind;
        grove_column_form form;
        const char *words;
    } cases[] = {
        {GROVE_COLUMN_BAG, {.split = 0}, "has one ASCII character between its values"},
        {GROVE_COLUMN_BAG, {.split = '\n'}, "has one ASCII character between its values"},
        {GROVE_COLUMN_TEXT, {.split = ';'}, "has one ASCII character between its values"},
        {GROVE_COLUMN_NUMERIC, {.buckets = 3}, "only a categorical column, a bag or a text"},
        {GROVE_COLUMN_TEXT, {.sum = true}, "only the vectors of a bag are summed"},
        {GROVE_COLUMN_BAG, {.split = ';', .no_pairs = true}, "only a text has words"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grove_error error;
        grove_schema *schema = grove_schema_new(NULL);
        ck_assert_int_eq(grove_schema_add_column(schema, "c", cases[i].kind, "", &error), 0);
        ck_assert_int_eq(grove_schema_set_form(schema, 0, &cases[i].form, &error),
                         GROVE_BAD_ARGUMENT);
        ck_assert_msg(strstr(error.message, cases[i].words) != NULL, "%s", error.message);
        const grove_bag_size size = {.rows = 1, .longest = GROVE_LONGEST_BAG + 1};
        ck_assert_int_ne(grove_schema_set_bag_size(schema, 0, &size, &error), GROVE_OK);
        grove_schema_free(schema);
    }
}
END_TEST

START_TEST(short_memory_is_survived) {
    grove_table *table = make_table();
    grove_status status = GROVE_NO_MEMORY;
    for (size_t at = 1; status != GROVE_OK; at += 1 + at / 16) {
        hostile_memory memory = {.fail_at = at, .for_good = at % 2 == 0};
        grove_allocator allocator = hostile_allocator(&memory);
        grove_schema *schema = NULL;
        grove_dataset *data = NULL;
        grove_error error;
        status = make_schema(table, &allocator, 0, &schema, &error);
        if (status == GROVE_OK) {
            status = grove_schema_encode(schema, table, NULL, &data, &error);
        }
        ck_assert(status == GROVE_OK || status == GROVE_NO_MEMORY);
        grove_dataset_free(data);
        grove_schema_free(schema);
        ck_assert_uint_eq(memory.live, 0);
    }
    grove_table_free(table);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bags");
    TCase *pieces = tcase_create("pieces"), *models = tcase_create("models");
    tcase_add_test(pieces, a_text_is_words_pairs_and_parts);
    tcase_add_test(pieces, a_bag_is_what_stands_between_its_signs);
    tcase_add_test(pieces, bags_are_encoded);
    tcase_add_test(pieces, pieces_of_a_text_are_weighed);
    tcase_add_test(pieces, forms_that_cannot_be_are_refused);
    tcase_add_test(pieces, short_memory_is_survived);
    tcase_add_test(models, what_has_no_room_in_a_batch_is_counted);
    tcase_add_loop_test(models, a_row_is_answered_alike_in_any_batch, 0, 2);
    tcase_add_loop_test(models, a_saved_model_reads_them_the_same, 0, 2);
    suite_add_tcase(suite, pieces);
    suite_add_tcase(suite, models);
    tcase_set_timeout(models, 60);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
