/* SPDX-License-Identifier: MIT
 *
 * Language models: lines as units, the loss against one worked out by hand, cached places against
 * all of them anew, what is drawn against its probabilities, files.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"

static const char text[] = "anna\nhanna\n\nhenna\r\nnah\nann\nhan\nnana\nena\nanne\nhanah\n";
enum { LINES = 10 };

typedef struct scene {
    grove_lines *lines;
    grove_schema *schema;
    grove_language language;
    grove_line_rows all;
} scene;

static grove_error error;

static void fine(grove_status status) {
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
}

static void open_scene(scene *s, grove_language_options how) {
    fine(grove_lines_of(text, sizeof text - 1, "text", how.units, NULL, &s->lines, &error));
    s->all = (grove_line_rows){s->lines, NULL, grove_lines_count(s->lines)};
    fine(grove_lines_schema(s->all, 1, &s->schema, &error));
    fine(grove_language_new(s->schema, &how, &s->language, &error));
}

static void close_scene(scene *s) {
    grove_language_free(&s->language);
    grove_schema_free(s->schema);
    grove_lines_free(s->lines);
}

/* Small ones, of two layers where a kind has several. */
static grove_language_options small(int kind) {
    return (grove_language_options){.kind = (grove_language_kind)kind,
                                    .places = 9,
                                    .window = kind == GROVE_LANGUAGE_MLP ? 3 : 0,
                                    .width = 8,
                                    .hidden = 12,
                                    .layers = 2,
                                    .heads = kind == GROVE_LANGUAGE_TRANSFORMER ? 2 : 0,
                                    .seed = 5};
}

/* ---- lines ----------------------------------------------------------------------------------- */

START_TEST(lines_are_cut_into_units) {
    grove_lines *lines;
    fine(grove_lines_of("\xEF\xBB\xBFz\xC3\xBCrich\r\n\n  \n\xFFx", 18, "t", GROVE_LETTERS, NULL,
                        &lines, &error));
    ck_assert_uint_eq(grove_lines_count(lines), 3);
    ck_assert_uint_eq(grove_lines_length(lines, 0), 6); /* a letter of two bytes is one */
    ck_assert_uint_eq(grove_lines_text(lines, 0).length, 7);
    ck_assert_uint_eq(grove_lines_length(lines, 1), 2); /* blanks are letters */
    ck_assert_uint_eq(grove_lines_length(lines, 2), 2); /* a byte that is no UTF-8 is one, too */
    ck_assert_uint_eq(grove_lines_number(lines, 2), 4);
    ck_assert_uint_eq(grove_lines_longest(lines), 6);
    grove_lines_free(lines);
    fine(grove_lines_of("one  two\tthree\n   \n one", 23, "t", GROVE_WORDS, NULL, &lines, &error));
    ck_assert_uint_eq(grove_lines_count(lines), 2);
    ck_assert_uint_eq(grove_lines_length(lines, 0), 3);
    grove_schema *schema;
    fine(grove_lines_schema((grove_line_rows){lines, NULL, 2}, 1, &schema, &error));
    ck_assert_str_eq(grove_schema_name(schema, 0), "word");
    ck_assert_int_eq(grove_schema_id(schema, 0, (grove_cell){"one", 3}), 2);
    ck_assert_int_eq(grove_schema_count(schema, 0, 2), 2);
    ck_assert_int_eq(grove_schema_count(schema, 0, 1), 2); /* end marks */
    grove_schema_free(schema);
    grove_lines_free(lines);
}
END_TEST

START_TEST(lines_are_refused) {
    grove_lines *lines;
    ck_assert_int_eq(grove_lines_of("a\nb\0c\n", 6, "t.txt", GROVE_LETTERS, NULL, &lines, &error),
                     GROVE_BAD_DATA);
    ck_assert_ptr_null(lines);
    ck_assert_str_eq(error.message, "t.txt, line 2: a NUL byte: this is no text");
    ck_assert_int_eq(grove_lines_of(" \n\n", 3, "t.txt", GROVE_WORDS, NULL, &lines, &error),
                     GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "t.txt: there is no line with a word in it");
    ck_assert_int_eq(grove_lines_read("/nowhere/x", GROVE_WORDS, NULL, &lines, &error),
                     GROVE_NO_FILE);
}
END_TEST

/* ---- the loss -------------------------------------------------------------------------------- */

START_TEST(bigrams_by_hand) {
    grove_lines *lines;
    grove_schema *schema;
    double loss = 0;
    fine(grove_lines_of("ab\nab\nb\n", 8, "t", GROVE_LETTERS, NULL, &lines, &error));
    const grove_line_rows all = {lines, NULL, 3}, last = {lines, (size_t[]){2}, 1};
    fine(grove_lines_schema(all, 1, &schema, &error));
    fine(grove_bigram_loss(schema, all, last, NULL, &loss, &error));
    /* 4 ids. After the mark: a twice, b once, of 3: (1 + 1) / (3 + 4); after b always the mark, all
     * three: (3 + 1) / (3 + 4). */
    ck_assert_double_eq_tol(loss, -(log(2.0 / 7) + log(4.0 / 7)) / 2, 1e-12);
    grove_schema_free(schema);
    grove_lines_free(lines);
}
END_TEST

/* A sample's log probability, summed up on the way, is the loss that measure finds of its text. */
static bool measure_again(void *user, const grove_text_sample *sample) {
    const scene *s = user;
    grove_lines *lines;
    grove_language_score score;
    if (sample->units == 0 || sample->is_cut) {
        return true;
    }
    fine(grove_lines_of(sample->text, sample->length, "sample", GROVE_LETTERS, NULL, &lines,
                        &error));
    const grove_line_rows all = {lines, NULL, 1};
    fine(grove_language_measure(&s->language, s->schema, all, 1, &score, &error));
    ck_assert_uint_eq(score.units, sample->units + 1);
    ck_assert_double_eq_tol(score.loss * (double)score.units, -sample->log_probability, 1e-4);
    grove_lines_free(lines);
    return true;
}

START_TEST(the_loss_is_that_of_the_samples) {
    scene s;
    open_scene(&s, small(_i));
    const grove_generate_options how = {.count = 40, .seed = 7};
    fine(grove_generate(&s.language, s.schema, &how, measure_again, &s, &error));
    grove_language_score score;
    fine(grove_language_measure(&s.language, s.schema, s.all, 1, &score, &error));
    ck_assert_uint_eq(score.units, 39 + LINES);
    ck_assert_uint_eq(score.pieces, LINES);
    double sum = 0;
    for (size_t i = 0; i < LINES; i++) {
        grove_language_score one;
        const grove_line_rows row = {s.lines, &i, 1};
        fine(grove_language_measure(&s.language, s.schema, row, 1, &one, &error));
        sum += one.loss * (double)one.units;
    }
    ck_assert_double_eq_tol(score.loss, sum / (double)score.units, 1e-5);
    close_scene(&s);
}
END_TEST

START_TEST(long_lines_are_read_in_pieces) {
    scene s;
    grove_language_options how = small(_i);
    how.places = 3;
    open_scene(&s, how);
    grove_language_score score;
    fine(grove_language_measure(&s.language, s.schema, s.all, 1, &score, &error));
    ck_assert_uint_eq(score.units, 39 + LINES);
    ck_assert_uint_eq(score.pieces, 2 * LINES); /* of 4 to 6 units with their mark */
    ck_assert(isfinite(score.loss));
    close_scene(&s);
}
END_TEST

START_TEST(training_learns_and_is_the_same_for_any_threads) {
    double losses[2];
    for (int threads = 1; threads <= 2; threads++) {
        scene s;
        grove_language_fit_result result;
        grove_language_score before, after;
        open_scene(&s, small(_i));
        fine(grove_language_measure(&s.language, s.schema, s.all, 1, &before, &error));
        const grove_language_fit_options how = {
            .epochs = 30, .batch = 4, .rate = 0.01, .threads = threads, .seed = 3};
        fine(grove_language_fit(&s.language, s.schema, s.all, s.all, &how, &result, &error));
        fine(grove_language_measure(&s.language, s.schema, s.all, 1, &after, &error));
        ck_assert_double_lt(after.loss, before.loss - 0.5);
        ck_assert_double_eq(after.loss, result.valid_loss); /* the best weights are those kept */
        losses[threads - 1] = after.loss;
        close_scene(&s);
    }
    ck_assert_double_eq(losses[0], losses[1]);
}
END_TEST

/* ---- generating ------------------------------------------------------------------------------ */

typedef struct heard {
    char all[4000];
    double likely;
    size_t count;
} heard;

static bool hear(void *user, const grove_text_sample *s) {
    heard *h = user;
    ck_assert_uint_eq(s->number, h->count++);
    ck_assert_uint_eq(s->length, strlen(s->text));
    strncat(h->all, s->text, sizeof h->all - strlen(h->all) - 2);
    strcat(h->all, s->is_cut ? "~" : "|");
    h->likely += s->log_probability;
    return true;
}

static heard generate(const scene *s, grove_generate_options how) {
    heard h = {.count = 0};
    fine(grove_generate(&s->language, s->schema, &how, hear, &h, &error));
    return h;
}

START_TEST(cached_places_are_those_of_the_whole_graph) {
    scene s;
    open_scene(&s, small(_i));
    grove_generate_options how = {.count = 30, .seed = 11, .batch = 7};
    const heard cached = generate(&s, how);
    how.uncached = true;
    const heard anew = generate(&s, how);
    ck_assert_str_eq(cached.all, anew.all);
    ck_assert_double_eq_tol(cached.likely, anew.likely, 1e-4);
    ck_assert_ptr_nonnull(strchr(cached.all, '|'));
    how = (grove_generate_options){.count = 30, .seed = 11, .batch = 64, .threads = 2};
    ck_assert_str_eq(generate(&s, how).all, cached.all); /* whatever the batch */
    how.seed = 12;
    ck_assert_str_ne(generate(&s, how).all, cached.all);
    close_scene(&s);
}
END_TEST

START_TEST(prompts_lengths_and_the_most_likely) {
    scene s;
    open_scene(&s, small(_i));
    grove_generate_options how = {.count = 5, .prompt = {"han", 3}, .longest = 4};
    const heard h = generate(&s, how);
    for (const char *at = h.all; *at; at = strpbrk(at, "|~") + 1) {
        ck_assert(strncmp(at, "han", 3) == 0);
        ck_assert(strcspn(at, "|~") <= 4);
    }
    how = (grove_generate_options){.count = 3, .greedy = true};
    const heard same = generate(&s, how);
    how.top_k = 1;
    how.greedy = false;
    ck_assert_str_eq(generate(&s, how).all, same.all);
    how = (grove_generate_options){.prompt = {"x", 1}};
    ck_assert_int_eq(grove_generate(&s.language, s.schema, &how, hear, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "the prompt: training did not see the letter 'x'");
    how = (grove_generate_options){.prompt = {"hannahannah", 11}};
    ck_assert_int_eq(grove_generate(&s.language, s.schema, &how, hear, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    how = (grove_generate_options){.longest = 20};
    if (_i == GROVE_LANGUAGE_TRANSFORMER) {
        ck_assert_int_eq(grove_generate(&s.language, s.schema, &how, hear, NULL, &error),
                         GROVE_BAD_ARGUMENT);
    } else {
        generate(&s, how); /* they have no last place */
    }
    close_scene(&s);
}
END_TEST

/* Chi-square of many draws against the probabilities that the options mean: 7 degrees of freedom
 * and a chance of 0.001 to be above 24.3. */
static void check_draws(double temperature, int64_t top_k) {
    enum { IDS = 9, DRAWS = 20000 };
    const grove_real logits[IDS] = {9, 1, 0.5F, -1, 2, 0, 0.25F, -0.5F, 1.5F};
    double room[IDS], p[IDS] = {0}, sum = 0, chi = 0;
    size_t counts[IDS] = {0};
    for (int i = 1; i < IDS; i++) {
        int above = 0;
        for (int k = 1; k < IDS; k++) {
            above += logits[k] > logits[i];
        }
        p[i] = top_k == 0 || above < top_k ? exp((double)logits[i] / temperature) : 0;
        sum += p[i];
    }
    for (size_t i = 0; i < DRAWS; i++) {
        const double u = ((double)((i * 7919) % DRAWS) + 0.5) / DRAWS; /* spread, in no order */
        const double v = fmod(u + 0.37 * sin((double)i), 1);
        counts[grove_draw_unit(logits, IDS, temperature, top_k, v < 0 ? v + 1 : v, room)]++;
    }
    ck_assert_uint_eq(counts[0], 0); /* the unknown one */
    for (int i = 1; i < IDS; i++) {
        const double expected = DRAWS * p[i] / sum;
        ck_assert(p[i] > 0 || counts[i] == 0);
        chi += p[i] > 0 ? pow((double)counts[i] - expected, 2) / expected : 0;
    }
    ck_assert_msg(chi < 24.3, "chi-square %g", chi);
}

START_TEST(draws_have_their_probabilities) {
    check_draws(1, 0);
    check_draws(0.5, 0);
    check_draws(3, 0);
    check_draws(1, 3);
    check_draws(2, 8);
    const grove_real equal[] = {0, 1, 1, 1, 1};
    double room[5];
    for (int i = 0; i < 10; i++) { /* of equal ones the first are taken */
        ck_assert_int_le(grove_draw_unit(equal, 5, 1, 2, i / 10.0, room), 2);
    }
    ck_assert_int_eq(grove_draw_unit(equal, 5, 1, 0, 0, room), 1);
    ck_assert_int_eq(grove_draw_unit(equal, 5, 1, 0, 1 - 1e-17, room), 4);
}
END_TEST

/* Samples of one unit at most: how often each letter comes, against its log probability. */
typedef struct firsts {
    size_t counts[27];
    double likely[27];
} firsts;

static bool count_first(void *user, const grove_text_sample *s) {
    firsts *f = user;
    const int place = s->length ? s->text[0] - 'a' : 26;
    f->counts[place]++;
    if (s->is_cut || s->length == 0) { /* else the end mark is counted in */
        f->likely[place] = s->log_probability;
    }
    return true;
}

START_TEST(samples_have_the_probabilities_of_the_model) {
    enum { SAMPLES = 4000 };
    scene s;
    open_scene(&s, small(_i));
    grove_language_fit_result result;
    const grove_language_fit_options fit = {.epochs = 20, .batch = 4, .rate = 0.01};
    fine(grove_language_fit(&s.language, s.schema, s.all, (grove_line_rows){s.lines, NULL, 0}, &fit,
                            &result, &error));
    firsts f = {{0}, {0}};
    const grove_generate_options how = {.count = SAMPLES, .seed = 2, .longest = 1};
    fine(grove_generate(&s.language, s.schema, &how, count_first, &f, &error));
    double chi = 0;
    for (int k = 0; k < 27; k++) {
        const double expected = SAMPLES * exp(f.likely[k]);
        chi += f.likely[k] < 0 ? pow((double)f.counts[k] - expected, 2) / expected : 0;
    }
    ck_assert_msg(chi < 18.5, "chi-square %g", chi); /* 4 degrees of freedom, 0.001 */
    close_scene(&s);
}
END_TEST

/* ---- vectors and files ----------------------------------------------------------------------- */

START_TEST(vectors_of_lines) {
    scene s;
    open_scene(&s, small(_i));
    const size_t width = grove_language_width(&s.language);
    float *all = calloc(LINES, width * sizeof *all), *one = calloc(1, width * sizeof *one);
    fine(grove_language_vectors(&s.language, s.schema, s.all, 1, all, &error));
    for (size_t i = 0; i < LINES; i++) {
        const grove_line_rows row = {s.lines, &i, 1};
        fine(grove_language_vectors(&s.language, s.schema, row, 1, one, &error));
        for (size_t k = 0; k < width; k++) {
            ck_assert_float_eq_tol(one[k], all[i * width + k], 1e-5F);
        }
    }
    ck_assert_mem_ne(all, all + width, width * sizeof *all);
    free(one);
    free(all);
    close_scene(&s);
}
END_TEST

START_TEST(a_file_gives_the_same_text) {
    scene s;
    char path[] = "language.XXXXXX";
    grove_model *model;
    scene loaded = {0};
    open_scene(&s, small(_i));
    ck_assert_int_ge(mkstemp(path), 0);
    const grove_metadata note = {"training", "{}"};
    fine(grove_language_save(path, &s.language, s.schema, &note, 1, &error));
    const heard before = generate(&s, (grove_generate_options){.count = 20, .seed = 4});
    fine(grove_load(path, NULL, &model, &error));
    ck_assert(grove_model_is_language(model));
    fine(grove_language_open(model, &loaded.language, &error));
    ck_assert_mem_eq(&loaded.language.how.kind, &s.language.how.kind, sizeof(grove_language_kind));
    heard h = {.count = 0};
    const grove_generate_options how = {.count = 20, .seed = 4};
    fine(grove_generate(&loaded.language, grove_model_schema(model), &how, hear, &h, &error));
    ck_assert_str_eq(h.all, before.all);
    grove_model_free(model);
    unlink(path);
    close_scene(&s);
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
    scene s;
    grove_language other;
    open_scene(&s, small(0));
    const grove_language_options bad[] = {{.width = 10, .heads = 3},
                                          {.places = -1},
                                          {.layers = 65},
                                          {.kind = (grove_language_kind)7}};
    const char *const words[] = {"language model: 3 heads do not divide the width 10",
                                 "language model: places must be from 1 to 4096, not -1",
                                 "language model: layers must be from 1 to 64, not 65",
                                 "language model: 7 is no kind of one"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(grove_language_new(s.schema, &bad[i], &other, &error), GROVE_BAD_ARGUMENT);
        ck_assert_str_eq(error.message, words[i]);
    }
    const grove_line_rows none = {s.lines, NULL, 0};
    grove_language_fit_result result;
    ck_assert_int_eq(grove_language_fit(&s.language, s.schema, none, none, NULL, &result, &error),
                     GROVE_BAD_ARGUMENT);
    const grove_generate_options cold = {.temperature = -1};
    ck_assert_int_eq(grove_generate(&s.language, s.schema, &cold, hear, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    close_scene(&s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("language");
    TCase *tests = tcase_create("language");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, lines_are_cut_into_units);
    tcase_add_test(tests, lines_are_refused);
    tcase_add_test(tests, bigrams_by_hand);
    tcase_add_loop_test(tests, the_loss_is_that_of_the_samples, 0, 3);
    tcase_add_loop_test(tests, long_lines_are_read_in_pieces, 0, 3);
    tcase_add_loop_test(tests, training_learns_and_is_the_same_for_any_threads, 0, 3);
    tcase_add_loop_test(tests, cached_places_are_those_of_the_whole_graph, 0, 3);
    tcase_add_loop_test(tests, prompts_lengths_and_the_most_likely, 0, 3);
    tcase_add_test(tests, draws_have_their_probabilities);
    tcase_add_loop_test(tests, samples_have_the_probabilities_of_the_model, 0, 3);
    tcase_add_loop_test(tests, vectors_of_lines, 0, 3);
    tcase_add_loop_test(tests, a_file_gives_the_same_text, 0, 3);
    tcase_add_test(tests, what_cannot_be_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
