/* SPDX-License-Identifier: MIT
 *
 * Training a classifier on rows of a table: the best weights, the same bits on any number of
 * threads, every failing allocation; and the metrics against numbers worked out by hand.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"
#include "lesson.h"

enum { ROWS = 600, VALID = 150 };

/* A table whose label depends on a category and a number; every seventh number is missing. */
static grove_table *make_table(void) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16];
        int k = (i * 7919) % 23, s = (i * 104729) % 100;
        snprintf(kind, sizeof kind, "k%d", k);
        snprintf(size, sizeof size, "%d", s);
        bool yes = (k % 2 == 0) == (s > 50);
        const char *cells[] = {kind, i % 7 == 0 ? "" : size, yes || i % 11 == 0 ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return table;
}

static lesson make_lesson(void) {
    return lesson_of(make_table(), &(grove_schema_options){.label = "label"}, "label");
}

static grove_classifier make_classifier(const lesson *l, int64_t units) {
    grove_classifier c;
    grove_error error = {0};
    grove_classifier_options options = {.hidden = (const int64_t[]){units, units / 2},
                                        .hidden_count = 2,
                                        .dropout = 0.2,
                                        .seed = 7};
    ck_assert_msg(grove_classifier_new(l->schema, &options, &c, &error) == GROVE_OK, "%s",
                  error.message);
    return c;
}

static grove_fit_options usual(void) {
    return (grove_fit_options){.epochs = 8,
                               .batch = 64,
                               .seed = 5,
                               .unknown_share = 0.05,
                               .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.01}};
}

/* In batches of that many rows: products of another number of rows may round otherwise. */
static grove_metrics metrics_by(int64_t batch, const grove_classifier *c, const lesson *l,
                                grove_rows rows) {
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    grove_metrics metrics;
    static float answers[2 * ROWS];
    static grove_id labels[ROWS];
    ck_assert_int_eq(grove_predictor_new(c->graph, l->schema, batch, 1, &predictor, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(predictor, rows, answers, &error), GROVE_OK);
    for (size_t i = 0; i < rows.count; i++) {
        labels[i] = grove_dataset_labels(rows.dataset)[rows.rows[i]];
    }
    ck_assert_int_eq(grove_classification_metrics(answers, labels, rows.count, 2,
                                                  grove_schema_majority(l->schema), NULL, &metrics,
                                                  &error),
                     GROVE_OK);
    grove_predictor_free(predictor);
    return metrics;
}

/* In batches as fit validates by. */
static grove_metrics metrics_of(const grove_classifier *c, const lesson *l, grove_rows rows) {
    return metrics_by(512, c, l, rows);
}

START_TEST(the_best_epochs_weights_are_given_back) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.epochs = 60;
    how.optimizer.rate = 0.05; /* fast enough to overfit */
    how.patience = 4;
    ck_assert_msg(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert_int_eq(result.epochs, result.best_epoch + how.patience);
    grove_metrics now = metrics_of(&c, &l, l.valid);
    ck_assert(now.log_loss == result.valid.log_loss);
    ck_assert(now.accuracy == result.valid.accuracy);
    ck_assert(now.accuracy > now.baseline_accuracy + 0.1);
    /* A number of rows that leaves a rest changes nothing but rounding. */
    ck_assert_double_eq_tol(metrics_by(37, &c, &l, l.valid).log_loss, now.log_loss, 1e-6);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* Stops in the third epoch. */
static bool stop_soon(void *user, const grove_progress *progress) {
    int *best = user;
    if (progress->row == progress->rows && progress->is_best) {
        *best = progress->epoch;
    }
    return !(progress->epoch == 3 && progress->row == progress->rows);
}

START_TEST(a_stopped_training_gives_the_best_so_far) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    int best = 0;
    how.progress = stop_soon;
    how.user = &best;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error), GROVE_OK);
    ck_assert_int_eq(result.epochs, 3);
    ck_assert_int_eq(result.best_epoch, best);
    ck_assert(metrics_of(&c, &l, l.valid).log_loss == result.valid.log_loss);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* ---- the unknown category -------------------------------------------------------------------- */

/* Counts the epochs in which the row of what is unknown has moved, and those in which the row of
 * the only training row's own category has. */
typedef struct watcher {
    const grove_real *unknown, *own; /* [width] */
    size_t width;
    grove_real before[2][64];
    int unknown_moves, own_moves;
} watcher;

static bool has_moved(const grove_real *now, grove_real *before, size_t width) {
    bool moved = memcmp(now, before, width * sizeof *now) != 0;
    memcpy(before, now, width * sizeof *now);
    return moved;
}

static bool watch(void *user, const grove_progress *progress) {
    watcher *w = user;
    if (progress->row == progress->rows) {
        w->unknown_moves += has_moved(w->unknown, w->before[0], w->width);
        w->own_moves += has_moved(w->own, w->before[1], w->width);
    }
    return true;
}

/* One training row, so that an epoch is one step: it moves the row of its category, or that of
 * what is unknown, as often as the share says. */
START_TEST(the_unknown_row_is_trained_by_its_share) {
    enum { EPOCHS = 1500 };
    const double shares[] = {0, 0.1, 0.4}, share = shares[_i];
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_tensor table = grove_find(c.graph, "table.kind.weight");
    size_t width = (size_t)grove_node_shape(table).dim[1], row = l.train.rows[0];
    grove_id id = grove_dataset_ids(l.data, 0)[row];
    const grove_real *w = grove_parameter_data(table);
    watcher watcher = {.unknown = w, .own = w + (size_t)id * width, .width = width};
    memcpy(watcher.before[0], watcher.unknown, width * sizeof *w);
    memcpy(watcher.before[1], watcher.own, width * sizeof *w);
    grove_fit_options how = {.epochs = EPOCHS,
                             .batch = 1,
                             .seed = 5,
                             .unknown_share = share,
                             .optimizer = {.kind = GROVE_OPTIMIZER_SGD, .rate = 1e-4},
                             .progress = watch,
                             .user = &watcher};
    grove_rows one = {l.data, &row, 1}, none = {.dataset = l.data, .count = 0};
    grove_fit_result result;
    grove_error error = {0};
    ck_assert_int_ge(id, 2);
    ck_assert_msg(grove_fit(&c, l.schema, one, none, &how, &result, &error) == GROVE_OK, "%s",
                  error.message);
    double seen = (double)watcher.unknown_moves / EPOCHS;
    double wide = 4.5 * sqrt(share * (1 - share) / EPOCHS);
    printf("unknown in %.4f of the steps, expected %.4f +- %.4f\n", seen, share, wide);
    ck_assert(fabs(seen - share) <= wide);
    int moves = watcher.unknown_moves + watcher.own_moves; /* none where dropout cut all ways */
    ck_assert_int_le(moves, EPOCHS);
    ck_assert_int_ge(moves, EPOCHS * 99 / 100);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* All parameters and states, one after the other; to be freed. */
static unsigned char *all_bytes(const grove_graph *g, size_t *size) {
    unsigned char *bytes = NULL;
    *size = 0;
    for (int32_t i = 0; i < grove_parameter_count(g); i++) {
        grove_tensor p = grove_parameter_at(g, i);
        size_t one = grove_parameter_size(p) *
                     (grove_node_type(p) == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id));
        bytes = realloc(bytes, *size + one + 1);
        memcpy(bytes + *size, grove_parameter_data(p), one);
        *size += one;
    }
    return bytes;
}

START_TEST(the_same_bits_on_any_number_of_threads) {
    lesson l = make_lesson();
    unsigned char *first = NULL;
    size_t first_size = 0;
    const int threads[] = {1, 2, 3, 1};
    for (int i = 0; i < 4; i++) {
        grove_classifier c = make_classifier(&l, 512);
        grove_fit_options how = usual();
        grove_fit_result result;
        grove_error error = {0};
        size_t size;
        how.batch = 400; /* so large that products are cut into tiles */
        how.epochs = 3;
        how.threads = threads[i];
        how.seed = i == 3 ? 6 : 5; /* another seed must give other bits */
        ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                         GROVE_OK);
        unsigned char *bytes = all_bytes(c.graph, &size);
        if (!first) {
            first = bytes;
            first_size = size;
        } else {
            ck_assert_uint_eq(size, first_size);
            ck_assert_int_eq(memcmp(bytes, first, size) == 0, i < 3);
            free(bytes);
        }
        grove_classifier_free(&c);
    }
    free(first);
    free_lesson(&l);
}
END_TEST

/* One epoch, with this decay of averages; copies the first weights out. */
static void train_briefly(const lesson *l, double average, grove_rows valid, grove_real *weights) {
    grove_classifier c = make_classifier(l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.optimizer.average = average;
    how.epochs = 1;
    ck_assert_msg(grove_fit(&c, l->schema, l->train, valid, &how, &result, &error) == GROVE_OK,
                  "%s", error.message);
    if (valid.count > 0) {
        ck_assert(metrics_of(&c, l, valid).log_loss == result.valid.log_loss);
    }
    memcpy(weights, grove_parameter_data(grove_find(c.graph, "mlp.0.weight")),
           16 * sizeof *weights);
    grove_classifier_free(&c);
}

/* The first weights of a network, and after one epoch. */
static void train_by_seeds(const lesson *l, uint64_t network, uint64_t rows, grove_real first[16],
                           grove_real last[16]) {
    grove_classifier c;
    grove_error error = {0};
    grove_fit_options how = {.epochs = 1,
                             .batch = 64,
                             .seed = rows,
                             .optimizer = {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.01}};
    const grove_classifier_options plain = {
        .hidden = (const int64_t[]){16}, .hidden_count = 1, .seed = network};
    grove_fit_result result;
    ck_assert_int_eq(grove_classifier_new(l->schema, &plain, &c, &error), GROVE_OK);
    const grove_real *weights = grove_parameter_data(grove_find(c.graph, "mlp.0.weight"));
    memcpy(first, weights, 16 * sizeof *first);
    ck_assert_int_eq(grove_fit(&c, l->schema, l->train, l->valid, &how, &result, &error), GROVE_OK);
    memcpy(last, weights, 16 * sizeof *last);
    grove_classifier_free(&c);
}

/* Without dropout and unknown cells, nothing else is drawn. */
START_TEST(one_seed_draws_weights_and_the_other_the_order_of_rows) {
    lesson l = make_lesson();
    grove_real first[3][16], last[3][16];
    train_by_seeds(&l, 1, 1, first[0], last[0]);
    train_by_seeds(&l, 2, 1, first[1], last[1]);
    train_by_seeds(&l, 1, 2, first[2], last[2]);
    ck_assert(memcmp(first[0], first[1], sizeof *first) != 0);
    ck_assert(memcmp(first[0], first[2], sizeof *first) == 0);
    ck_assert(memcmp(last[0], last[2], sizeof *last) != 0);
    free_lesson(&l);
}
END_TEST

/* Where averages are kept, they are what is given back, with validation and without. */
START_TEST(averages_are_given_back) {
    lesson l = make_lesson();
    grove_rows none = {.dataset = l.data, .count = 0};
    grove_real plain[16], validated[16], averaged[16];
    train_briefly(&l, 0, l.valid, plain);
    train_briefly(&l, 0.9, l.valid, validated);
    train_briefly(&l, 0.9, none, averaged);
    ck_assert(memcmp(validated, averaged, sizeof averaged) == 0);
    ck_assert(memcmp(plain, averaged, sizeof averaged) != 0);
    free_lesson(&l);
}
END_TEST

START_TEST(a_plateau_lowers_the_rate) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.optimizer.rate = 0.05;
    how.plateau_factor = 0.5;
    how.plateau_patience = 1;
    how.epochs = 12;
    how.patience = 12;
    ck_assert_msg(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert(grove_get_rate(grove_find(c.graph, "plateau.rate")) < 0.03);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(a_plateau_wants_a_rate) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.plateau_factor = 0.5;
    how.optimizer.rate = 0;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "a rate of the optimizer"));
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* The loss of a huge rate is no number soon: an error in words, and the best weights back. */
START_TEST(a_loss_that_is_no_number) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.optimizer = (grove_optimizer){.kind = GROVE_OPTIMIZER_SGD, .rate = 1e30};
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "is no longer a finite number"));
    ck_assert_ptr_nonnull(strstr(error.message, "epoch 1"));
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* With the look it is found where it is made, and told with op, parameter and row. */
START_TEST(the_first_bad_number_is_told) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.check_finite = true;
    how.optimizer = (grove_optimizer){.kind = GROVE_OPTIMIZER_SGD, .rate = 1e30};
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_BAD_DATA);
    const char *words[] = {"training, epoch 1: ", "it was made here", "'mlp.", " (row ",
                           " of the data, from 0)"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ck_assert_msg(strstr(error.message, words[i]) != NULL, "\"%s\" is not in \"%s\"", words[i],
                      error.message);
    }
    grove_classifier_free(&c);
    c = make_classifier(&l, 16);
    grove_real *weight = grove_parameter_data(grove_find(c.graph, "mlp.0.weight"));
    weight[3] = (grove_real)NAN;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "'mlp.0.weight'): nan at row 0, column 3"));
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* Of an epoch: ids read, rows written, and read as many as there are ids, or the whole table. */
static double bytes_of_lookups(const grove_classifier *c, size_t rows, size_t batch) {
    grove_shape table = grove_node_shape(grove_find(c->graph, "table.kind.weight"));
    double bytes = 0;
    for (size_t begin = 0; begin < rows; begin += batch) {
        size_t ids = rows - begin < batch ? rows - begin : batch;
        size_t read = ids < (size_t)table.dim[0] ? ids : (size_t)table.dim[0];
        bytes += (double)((ids + read) * (size_t)table.dim[1] * sizeof(grove_real));
        bytes += (double)(ids * sizeof(grove_id));
    }
    return bytes;
}

/* What was counted: every op of the step, in full batches and in the last, shorter one. */
START_TEST(a_profile_of_all_steps) {
    lesson l = make_lesson();
    const size_t batches[] = {64, 50, 4096}; /* with a rest; without one; one batch */
    for (int i = 0; i < 3; i++) {
        grove_classifier c = make_classifier(&l, 16), plain = make_classifier(&l, 16);
        grove_op_time times[40];
        grove_fit_profile profile = {.times = times, .room = 40};
        grove_fit_options how = usual();
        grove_fit_result result, other;
        how.batch = (int64_t)batches[i];
        ck_assert_int_eq(grove_fit(&plain, l.schema, l.train, l.valid, &how, &other, NULL),
                         GROVE_OK);
        how.profile = &profile;
        ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, NULL), GROVE_OK);
        ck_assert_mem_eq(&result.valid, &other.valid, sizeof result.valid);
        size_t epochs = (size_t)result.epochs, rows = l.train.count;
        ck_assert_uint_eq(profile.steps, epochs * ((rows + batches[i] - 1) / batches[i]));
        ck_assert_uint_gt(profile.plan.block_bytes, 0);
        size_t steps = 0;
        for (size_t k = 0; k < profile.count; k++) {
            ck_assert_uint_eq(times[k].runs, profile.steps);
            ck_assert(times[k].seconds > 0);
            ck_assert(k == 0 || times[k].seconds <= times[k - 1].seconds);
            if (strcmp(times[k].op, "embedding") == 0) {
                ck_assert(times[k].bytes ==
                          (double)epochs * bytes_of_lookups(&c, rows, batches[i]));
            }
            steps += times[k].steps;
        }
        ck_assert_uint_eq(steps, profile.plan.steps);
        grove_classifier_free(&c);
        grove_classifier_free(&plain);
    }
    free_lesson(&l);
}
END_TEST

START_TEST(a_profile_with_little_room_or_beside_check_finite) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_op_time times[1];
    grove_fit_profile profile = {.times = times, .room = 1, .count = 7, .steps = 7};
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    how.epochs = 1;
    how.profile = &profile;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error), GROVE_OK);
    ck_assert_uint_eq(profile.count, 1);
    ck_assert_double_gt(times[0].seconds, 0); /* which op it is, test_plan looks at */
    ck_assert_uint_eq(profile.steps, (l.train.count + 63) / 64);
    grove_classifier_free(&c);
    c = make_classifier(&l, 16);
    profile = (grove_fit_profile){0};
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error), GROVE_OK);
    ck_assert_uint_eq(profile.count, 0);
    ck_assert_uint_eq(profile.steps, (l.train.count + 63) / 64);
    ck_assert_uint_gt(profile.plan.block_bytes, 0);
    grove_classifier_free(&c);
    c = make_classifier(&l, 16);
    how.check_finite = true;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "profile and check_finite do not go together"));
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(what_cannot_be_trained) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    grove_rows none = {.dataset = l.data, .count = 0};
    ck_assert_int_eq(grove_fit(&c, l.schema, none, l.valid, &how, &result, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "no rows with labels"));
    grove_classifier_free(&c);

    grove_classifier_options options = {.hidden = (const int64_t[]){0}, .hidden_count = 1};
    ck_assert_int_eq(grove_classifier_new(l.schema, &options, &c, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "1 unit or more"));
    options =
        (grove_classifier_options){.dropout = 1, .hidden = (const int64_t[]){2}, .hidden_count = 1};
    ck_assert_int_eq(grove_classifier_new(l.schema, &options, &c, &error), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "dropout"));
    free_lesson(&l);
}
END_TEST

/* Building, training, answering: the n-th allocation fails, for every n. */
START_TEST(every_allocation_may_fail) {
    lesson l = make_lesson();
    for (size_t n = 1;; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_allocator allocator = hostile_allocator(&memory);
        grove_classifier_options options = {.hidden = (const int64_t[]){4},
                                            .hidden_count = 1,
                                            .dropout = 0.5,
                                            .allocator = allocator};
        grove_fit_options how = usual();
        grove_op_time times[8];
        grove_fit_profile profile = {.times = times, .room = 8};
        grove_fit_result result;
        grove_classifier c;
        grove_error error = {0};
        how.epochs = 2;
        how.threads = 2;
        how.profile = &profile;
        grove_status status = grove_classifier_new(l.schema, &options, &c, &error);
        if (status == GROVE_OK) {
            status = grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error);
            grove_classifier_free(&c);
        }
        ck_assert_msg(memory.live == 0, "%zu blocks were lost when allocation %zu failed",
                      memory.live, n);
        if (status == GROVE_OK) {
            ck_assert_uint_gt(n, 50);
            break;
        }
        ck_assert_msg(status == GROVE_NO_MEMORY, "allocation %zu: %s", n, error.message);
    }
    free_lesson(&l);
}
END_TEST

/* Rows that are not there, and things that are missing. */
/* The same bits as for the same row of a dataset; empty and unknown cells, too. */
START_TEST(a_row_of_cells_is_answered_like_one_of_a_dataset) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    const char *strange[] = {"k-none", "12", "yes"};
    ck_assert_int_eq(grove_table_append(l.table, strange, &error), GROVE_OK);
    grove_dataset *data;
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, NULL, &data, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_new(c.graph, l.schema, 1, 1, &predictor, &error), GROVE_OK);
    for (size_t row = 0; row < grove_table_rows(l.table); row++) {
        float one[2], other[2];
        grove_cell cells[3];
        for (size_t column = 0; column < 3; column++) {
            cells[column] = grove_table_cell(l.table, row, column);
        }
        ck_assert_int_eq(grove_predictor_run(predictor, (grove_rows){data, &row, 1}, one, &error),
                         GROVE_OK);
        ck_assert_int_eq(grove_predictor_row(predictor, cells, other, &error), GROVE_OK);
        ck_assert_mem_eq(one, other, sizeof one);
    }
    float answer[2], missing[2];
    grove_cell cells[] = {{"k1", 2}, {"1x", 2}, {"", 0}};
    /* What the schema says of cells that training did not see; no kind was missing in training, so
     * that is no other row. */
    const grove_cell unseen[] = {{"k-none", 6}, {"12", 2}, {"", 0}};
    grove_column_form form = {.unknown = GROVE_UNKNOWN_MISSING};
    ck_assert_int_eq(grove_predictor_row(predictor, unseen, answer, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_set_form(l.schema, 0, &form, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_row(predictor, unseen, missing, &error), GROVE_OK);
    ck_assert_mem_eq(answer, missing, sizeof answer);
    form.unknown = GROVE_UNKNOWN_ERROR;
    ck_assert_int_eq(grove_schema_set_form(l.schema, 0, &form, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_row(predictor, unseen, answer, &error), GROVE_BAD_DATA);
    ck_assert_str_eq(error.message,
                     "column 'kind': 'k-none' is a category that training did not see");
    ck_assert_int_eq(grove_predictor_row(predictor, cells, answer, &error), GROVE_BAD_DATA);
    ck_assert_str_eq(error.message, "column 'size': '1x' is not a number");
    cells[1] = (grove_cell){"1e300", 5};
    ck_assert_int_eq(grove_predictor_row(predictor, cells, answer, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "too far"));
    ck_assert_int_eq(grove_predictor_row(predictor, NULL, answer, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_predictor_row(NULL, cells, answer, &error), GROVE_BAD_ARGUMENT);
    grove_predictor_free(predictor);
    grove_dataset_free(data);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(rows_beyond_the_dataset) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_predictor *predictor = NULL;
    grove_error error = {0};
    const size_t beyond[] = {3, ROWS};
    float answers[4];
    grove_rows rows = {l.data, beyond, 2}, too_many = {l.data, NULL, ROWS + 1};
    ck_assert_int_eq(grove_fit(&c, l.schema, rows, l.valid, &how, &result, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "row 600 of a dataset of 600 rows"));
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, too_many, &how, &result, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_predictor_new(c.graph, l.schema, 0, 1, &predictor, &error), GROVE_OK);
    ck_assert_int_eq(grove_predictor_run(predictor, rows, answers, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_predictor_run(NULL, rows, answers, &error), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, NULL, &result, &error),
                     GROVE_BAD_ARGUMENT);
    grove_predictor_free(predictor);
    ck_assert_int_eq(grove_predictor_new(c.graph, NULL, 0, 1, &predictor, &error),
                     GROVE_BAD_ARGUMENT);
    grove_classifier_free(&c);
    ck_assert_int_eq(grove_classifier_new(l.schema, NULL, &c, &error), GROVE_BAD_ARGUMENT);
    free_lesson(&l);
}
END_TEST

/* A model whose inputs have the right names and the wrong shapes or types. */
START_TEST(inputs_of_another_form) {
    lesson l = make_lesson();
    for (int i = 0; i < 4; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_input(g, "column.kind", i == 0 ? GROVE_REAL : GROVE_ID,
                    i == 1 ? GROVE_SHAPE(GROVE_BATCH, 5000) : GROVE_SHAPE(GROVE_BATCH));
        grove_tensor numbers = grove_input(
            g, "numbers", GROVE_REAL, i == 2 ? GROVE_SHAPE(7, 2) : GROVE_SHAPE(GROVE_BATCH, 2));
        grove_name(grove_softmax(numbers), "probabilities");
        grove_predictor *predictor = NULL;
        grove_error error = {0};
        grove_status status = grove_predictor_new(g, l.schema, 0, 1, &predictor, &error);
        ck_assert_int_eq(status, i < 3 ? GROVE_NOT_FOUND : GROVE_OK);
        grove_predictor_free(predictor);
        grove_graph_free(g);
    }
    free_lesson(&l);
}
END_TEST

START_TEST(training_goes_on_in_a_second_fit) {
    lesson l = make_lesson();
    grove_classifier c = make_classifier(&l, 16);
    grove_fit_options how = usual();
    grove_fit_result first, second;
    grove_error error = {0};
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &first, &error), GROVE_OK);
    ck_assert_msg(grove_fit(&c, l.schema, l.train, l.valid, &how, &second, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert(second.train_loss < first.train_loss);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

START_TEST(metrics_by_hand) {
    /* Scores of class 1: 0.9 0.6 0.6 0.2; labels 1 1 0 0. Of the 4 pairs, 3 are right and one ties.
     * */
    const float p[] = {0.1f, 0.9f, 0.4f, 0.6f, 0.4f, 0.6f, 0.8f, 0.2f};
    const grove_id labels[] = {1, 1, 0, 0};
    grove_metrics m;
    grove_error error = {0};
    ck_assert_int_eq(grove_classification_metrics(p, labels, 4, 2, 0, NULL, &m, &error), GROVE_OK);
    ck_assert_double_eq(m.accuracy, 0.75);
    ck_assert_double_eq(m.baseline_accuracy, 0.5);
    ck_assert_double_eq(m.roc_auc, 3.5 / 4);
    ck_assert_double_eq_tol(m.log_loss, -(log(0.9) + log(0.6) + log(0.4) + log(0.8)) / 4, 1e-7);

    const float none[] = {0.5f, 0.5f, NAN, NAN, NAN, NAN, 0.8f, 0.2f}; /* as bad weights answer */
    ck_assert_int_eq(grove_classification_metrics(none, labels, 4, 2, 0, NULL, &m, &error),
                     GROVE_OK);
    ck_assert(isnan(m.roc_auc) && isnan(m.log_loss));

    const float sure[] = {0, 1, 0};
    ck_assert_int_eq(
        grove_classification_metrics(sure, (const grove_id[]){2}, 1, 3, 0, NULL, &m, &error),
        GROVE_OK);
    ck_assert_double_eq_tol(m.log_loss, 15.942385, 1e-5); /* -log(2^-23): the rounding of a float */
    ck_assert(isnan(m.roc_auc));

    ck_assert_int_eq(
        grove_classification_metrics(sure, (const grove_id[]){3}, 1, 3, 0, NULL, &m, &error),
        GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "the label of row 0 is 3"));
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("train");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, the_best_epochs_weights_are_given_back);
    tcase_add_test(cases, a_stopped_training_gives_the_best_so_far);
    tcase_add_loop_test(cases, the_unknown_row_is_trained_by_its_share, 0, 3);
    tcase_add_test(cases, the_same_bits_on_any_number_of_threads);
    tcase_add_test(cases, one_seed_draws_weights_and_the_other_the_order_of_rows);
    tcase_add_test(cases, averages_are_given_back);
    tcase_add_test(cases, a_plateau_lowers_the_rate);
    tcase_add_test(cases, a_plateau_wants_a_rate);
    tcase_add_test(cases, a_loss_that_is_no_number);
    tcase_add_test(cases, the_first_bad_number_is_told);
    tcase_add_test(cases, a_profile_of_all_steps);
    tcase_add_test(cases, a_profile_with_little_room_or_beside_check_finite);
    tcase_add_test(cases, what_cannot_be_trained);
    tcase_add_test(cases, every_allocation_may_fail);
    tcase_add_test(cases, a_row_of_cells_is_answered_like_one_of_a_dataset);
    tcase_add_test(cases, rows_beyond_the_dataset);
    tcase_add_test(cases, inputs_of_another_form);
    tcase_add_test(cases, training_goes_on_in_a_second_fit);
    tcase_add_test(cases, metrics_by_hand);
    Suite *suite = suite_create("train");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
