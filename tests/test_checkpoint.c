/* SPDX-License-Identifier: MIT
 *
 * A training that is stopped, anywhere, and gone on with in a new graph gives the bytes and the
 * report of one that was not; files of other trainings and damaged ones are refused in words; every
 * failing allocation.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"
#include "lesson.h"

enum { ROWS = 220 };

static char folder[] = "/tmp/grove-checkpoint-XXXXXX";
static char path[64];

/* Half of the kinds are rare, so that rows of the table rest for long. */
static lesson make_lesson(int shift) {
    grove_table *table = NULL;
    grove_error error = {0};
    const char *names[] = {"kind", "size", "label"};
    ck_assert_int_eq(grove_table_new(names, 3, NULL, &table, &error), GROVE_OK);
    for (int i = 0; i < ROWS; i++) {
        char kind[16], size[16];
        int k = i % 5 == 0 ? (i * 7919) % 40 : i % 3, s = (i * 104729 + shift) % 100;
        snprintf(kind, sizeof kind, "k%d", k);
        snprintf(size, sizeof size, "%d.5", s);
        const char *cells[] = {kind, size, (k % 2 == 0) == (s > 50) ? "yes" : "no"};
        ck_assert_int_eq(grove_table_append(table, cells, &error), GROVE_OK);
    }
    return lesson_of(table, &(grove_schema_options){.label = "label"}, "label");
}

/* ---- one training, in pieces ----------------------------------------------------------------- */

typedef struct outcome {
    unsigned char *bytes; /* of all parameters and states, and the run counter */
    size_t size;
    grove_fit_result result;
    grove_progress epochs[32]; /* as they were told, each once */
    int told, told_again;
} outcome;

/* Asks for a stop after so many steps and epochs; and hears of all epochs. */
typedef struct listener {
    int left; /* 0: never */
    outcome *outcome;
} listener;

static grove_fit_wish ask(void *user, const grove_progress *progress) {
    listener *l = user;
    ck_assert_int_ge(progress->epoch, 1);
    return --l->left == 0 ? GROVE_FIT_STOP : GROVE_FIT_GO_ON;
}

static bool hear(void *user, const grove_progress *progress) {
    outcome *o = ((listener *)user)->outcome;
    if (progress->row == progress->rows) {
        ck_assert_int_lt(progress->epoch, 32);
        o->epochs[progress->epoch] = *progress;
        o->epochs[progress->epoch].again = false;
        o->epochs[progress->epoch].seconds = 0;
        o->told_again += progress->again;
        o->told = progress->epoch;
    }
    return true;
}

static void keep_bytes(outcome *o, const grove_graph *g) {
    uint64_t runs = grove_training_runs(g);
    free(o->bytes);
    o->bytes = NULL;
    o->size = 0;
    for (int32_t i = -1; i < grove_parameter_count(g); i++) {
        grove_tensor p = grove_parameter_at(g, i);
        size_t element = grove_node_type(p) == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id);
        size_t one = i < 0 ? sizeof runs : grove_parameter_size(p) * element;
        o->bytes = realloc(o->bytes, o->size + one + 1);
        memcpy(o->bytes + o->size, i < 0 ? &runs : grove_parameter_data(p), one);
        o->size += one;
    }
}

static grove_classifier make_classifier(const lesson *l) {
    grove_classifier c;
    grove_classifier_options options = {
        .hidden = (const int64_t[]){6}, .hidden_count = 1, .dropout = 0.2, .seed = 7};
    ck_assert_int_eq(grove_classifier_new(l->schema, &options, &c, NULL), GROVE_OK);
    return c;
}

static grove_fit_options usual(void) {
    return (grove_fit_options){.epochs = 5,
                               .batch = 32,
                               .seed = 5,
                               .unknown_share = 0.05,
                               .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02}};
}

/* Trains until it ends, or until it was asked to stop; in a new graph. */
static grove_status piece(const lesson *l, grove_fit_options how, grove_fit_checkpoint *kept,
                          int steps, outcome *o, grove_error *error) {
    grove_classifier c = make_classifier(l);
    listener listener = {steps, o};
    how.checkpoint = kept;
    how.progress = hear;
    how.user = &listener;
    if (kept) {
        kept->ask = ask;
        kept->user = &listener;
    }
    o->told_again = 0;
    grove_status status = grove_fit(&c, l->schema, l->train, l->valid, &how, &o->result, error);
    keep_bytes(o, c.graph);
    grove_classifier_free(&c);
    return status;
}

static void expect_same(const outcome *a, const outcome *b) {
    ck_assert_uint_eq(a->size, b->size);
    ck_assert_mem_eq(a->bytes, b->bytes, a->size);
    ck_assert_int_eq(a->told, b->told);
    ck_assert_int_eq(a->result.epochs, b->result.epochs);
    ck_assert_int_eq(a->result.best_epoch, b->result.best_epoch);
    ck_assert_mem_eq(&a->result.train_loss, &b->result.train_loss, sizeof(double));
    ck_assert_mem_eq(&a->result.valid, &b->result.valid, sizeof a->result.valid);
    for (int e = 1; e <= a->told; e++) {
        ck_assert_uint_eq(a->epochs[e].step, b->epochs[e].step);
        ck_assert(a->epochs[e].rate == b->epochs[e].rate && a->epochs[e].rate > 0);
        ck_assert_mem_eq(&a->epochs[e].train_loss, &b->epochs[e].train_loss, sizeof(double));
        ck_assert_int_eq(a->epochs[e].is_best, b->epochs[e].is_best);
        ck_assert_mem_eq(&a->epochs[e].valid, &b->epochs[e].valid, sizeof a->epochs[e].valid);
    }
}

/* Stopped every `steps` steps; the number of threads changes from piece to piece. */
static void train_in_pieces(const lesson *l, grove_fit_options how, int steps, outcome *o) {
    grove_fit_checkpoint kept = {.path = path};
    grove_status status = GROVE_INTERRUPTED;
    int pieces = 0;
    for (; status == GROVE_INTERRUPTED && pieces < 100; pieces++) {
        grove_error error = {0};
        kept.resume = pieces > 0;
        how.threads = 1 + pieces % 2;
        status = piece(l, how, &kept, steps, o, &error);
        ck_assert_msg(status == GROVE_OK || status == GROVE_INTERRUPTED, "%s", error.message);
        ck_assert_int_eq(kept.written, status == GROVE_INTERRUPTED);
    }
    ck_assert_int_gt(pieces, 1);
    ck_assert_int_eq(status, GROVE_OK);
    unlink(path);
}

/* Returns the rate of the last epoch. */
static double compare(const lesson *l, grove_fit_options how) {
    outcome whole = {0};
    ck_assert_int_eq(piece(l, how, NULL, 0, &whole, NULL), GROVE_OK);
    for (int steps = 2; steps <= 13; steps += steps < 5 ? 1 : 4) {
        outcome pieces = {0};
        train_in_pieces(l, how, steps, &pieces);
        expect_same(&whole, &pieces);
        free(pieces.bytes);
    }
    free(whole.bytes);
    return whole.epochs[whole.told].rate;
}

static const grove_optimizer optimizers[] = {
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.05, .momentum = 0.9, .nesterov = true, .decay = 0.01},
    {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02},
    {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02, .lazy = true, .clip_norm = 0.5},
    {.kind = GROVE_OPTIMIZER_ADAMW, .rate = 0.02, .average = 0.9},
    {.kind = GROVE_OPTIMIZER_ADAM,
     .rate = 0.05,
     .schedule = {.kind = GROVE_SCHEDULE_COSINE, .steps = 30, .warm_up = 4}},
    {.kind = GROVE_OPTIMIZER_ADAGRAD, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_ROWWISE_ADAGRAD, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.01, .centered = true},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.01, .momentum = 0.9, .lazy = true},
};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

START_TEST(any_optimizer_stopped_anywhere) {
    lesson l = make_lesson(0);
    grove_fit_options how = usual();
    how.optimizer = optimizers[_i];
    compare(&l, how);
    free_lesson(&l);
}
END_TEST

/* With a plateau, with early stopping, without rows to validate on. */
START_TEST(plateau_patience_and_no_validation) {
    lesson l = make_lesson(0);
    grove_fit_options how = usual();
    how.epochs = 12;
    how.optimizer.rate = 1; /* far too fast */
    how.plateau_factor = 0.5;
    how.plateau_patience = 1;
    how.patience = 8;
    ck_assert_double_lt(compare(&l, how), 0.5);
    l.valid.count = 0;
    how = usual();
    how.optimizer.average = 0.8;
    compare(&l, how);
    free_lesson(&l);
}
END_TEST

/* More epochs than were wished at first: as if they had been wished from the beginning. */
START_TEST(more_epochs_and_what_is_told_again) {
    lesson l = make_lesson(0);
    grove_fit_options how = usual(), longer = usual();
    grove_fit_checkpoint kept = {.path = path};
    grove_error error = {0};
    outcome whole = {0}, o = {0};
    longer.epochs = 7;
    how.epochs = 3;
    ck_assert_int_eq(piece(&l, longer, NULL, 0, &whole, NULL), GROVE_OK);
    grove_classifier c = make_classifier(&l);
    how.checkpoint = &kept; /* nobody to ask: one after each epoch */
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &o.result, NULL), GROVE_OK);
    ck_assert_int_eq(kept.written, 3);
    ck_assert_int_eq(kept.failed, 0);
    grove_classifier_free(&c);
    kept = (grove_fit_checkpoint){.path = path, .resume = true};
    ck_assert_int_eq(piece(&l, longer, &kept, 0, &o, NULL), GROVE_OK);
    ck_assert_int_eq(o.told_again, 3);
    expect_same(&whole, &o);
    how.epochs = 3; /* one that is over already is only handed out */
    ck_assert_int_eq(piece(&l, how, &kept, 0, &o, NULL), GROVE_OK);
    ck_assert_int_eq(o.result.epochs, 3);
    how.epochs = 2;
    ck_assert_int_eq(piece(&l, how, &kept, 0, &o, &error), GROVE_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "in epoch 3 already, and 2 are wanted"));
    unlink(path);
    free(whole.bytes);
    free(o.bytes);
    free_lesson(&l);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------- */

static void stop_after(const lesson *l, int steps) {
    outcome o = {0};
    grove_error error = {0};
    grove_fit_checkpoint kept = {.path = path, .options = "layers 1\ndropout 0.2"};
    ck_assert_int_eq(piece(l, usual(), &kept, steps, &o, &error), GROVE_INTERRUPTED);
    ck_assert_str_eq(error.message, "training was stopped in epoch 1, after 96 of 165 rows");
    free(o.bytes);
}

static void refused(const lesson *l, grove_fit_options how, const char *options,
                    const char *words) {
    outcome o = {0};
    grove_error error = {0};
    grove_fit_checkpoint kept = {.path = path, .options = options, .resume = true};
    ck_assert_int_ne(piece(l, how, &kept, 0, &o, &error), GROVE_OK);
    ck_assert_msg(strstr(error.message, words) != NULL, "\"%s\" is not in \"%s\"", words,
                  error.message);
    ck_assert_ptr_nonnull(strstr(error.message, path));
    free(o.bytes);
}

START_TEST(the_checkpoint_of_another_training) {
    lesson l = make_lesson(0), other = make_lesson(1);
    const char *options = "layers 1\ndropout 0.2";
    grove_fit_options how = usual();
    refused(&l, how, options, "cannot read");
    stop_after(&l, 3);
    refused(&other, how, options, "it belongs to other data, or to another split of them");
    refused(&l, how, "layers 1\ndropout 0.25", "with 'dropout 0.2', not 'dropout 0.25'");
    refused(&l, how, NULL, "with 'layers 1', not 'batch 32'");
    how.batch = 16;
    refused(&l, how, options, "with 'batch 32', not 'batch 16'");
    how = usual();
    how.seed = 6;
    refused(&l, how, options, "with 'seed 5', not 'seed 6'");
    how = usual();
    how.unknown_share = 0.06;
    refused(&l, how, options, "with 'unknown share 0.05', not 'unknown share 0.06'");
    how = usual();
    how.optimizer.rate = 0.03;
    refused(&l, how, options, "it belongs to another model, or to another optimizer");
    other.train = l.train;
    other.train.count--;
    lesson fewer = l;
    fewer.train = other.train;
    refused(&fewer, usual(), options, "another split");
    other.train = (grove_rows){other.data, other.split.train, other.split.train_count};
    unlink(path);
    free_lesson(&l);
    free_lesson(&other);
}
END_TEST

static char *read_whole(long *size) {
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)*size);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)*size, file), (size_t)*size);
    fclose(file);
    return bytes;
}

static void write_bytes(const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* Cut off anywhere, or with one bit turned anywhere: never gone on with. */
START_TEST(a_damaged_checkpoint) {
    lesson l = make_lesson(0);
    const char *options = "layers 1\ndropout 0.2";
    long size;
    stop_after(&l, 3);
    char *bytes = read_whole(&size);
    for (long i = 0; i < 60; i++) {
        write_bytes(bytes, (size_t)(size * i / 60));
        refused(&l, usual(), options, "");
    }
    for (long i = 0; i < 120; i++) {
        long at = (size - 1) * i / 119;
        bytes[at] ^= (char)(1 << i % 8);
        write_bytes(bytes, (size_t)size);
        refused(&l, usual(), options, "");
        bytes[at] ^= (char)(1 << i % 8);
    }
    grove_classifier c = make_classifier(&l);
    ck_assert_int_eq(grove_save(path, &c.probabilities, 1, NULL, NULL), GROVE_OK);
    refused(&l, usual(), options, "it is no checkpoint of a training");
    grove_classifier_free(&c);
    unlink(path);
    free(bytes);
    free_lesson(&l);
}
END_TEST

/* Training goes on, unless it is to stop there; and the earlier file stays. */
START_TEST(a_checkpoint_that_cannot_be_written) {
    lesson l = make_lesson(0);
    grove_fit_options how = usual();
    grove_fit_result result;
    grove_error error = {0};
    outcome o = {0};
    grove_classifier c = make_classifier(&l);
    grove_fit_checkpoint kept = {.path = "/nowhere/at/all"};
    how.checkpoint = &kept;
    ck_assert_int_eq(grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error), GROVE_OK);
    ck_assert_int_eq(kept.failed, how.epochs);
    ck_assert_int_eq(kept.written, 0);
    ck_assert_ptr_nonnull(strstr(kept.error.message, "/nowhere/at/all"));
    grove_classifier_free(&c);
    ck_assert_int_eq(piece(&l, usual(), &kept, 3, &o, &error), GROVE_NO_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "cannot write '/nowhere/at/all'"));
    kept.path = NULL;
    ck_assert_int_eq(piece(&l, usual(), &kept, 3, &o, &error), GROVE_BAD_ARGUMENT);
    free(o.bytes);
    free_lesson(&l);
}
END_TEST

/* ---- states alone, and memory ---------------------------------------------------------------- */

START_TEST(graphs_are_told_apart) {
    lesson l = make_lesson(0);
    grove_classifier a = make_classifier(&l), b = make_classifier(&l), c;
    ck_assert_uint_eq(grove_graph_hash(a.graph), grove_graph_hash(b.graph));
    grove_classifier_options options = {
        .hidden = (const int64_t[]){6}, .hidden_count = 1, .dropout = 0.3, .seed = 7};
    ck_assert_int_eq(grove_classifier_new(l.schema, &options, &c, NULL), GROVE_OK);
    ck_assert_uint_ne(grove_graph_hash(a.graph), grove_graph_hash(c.graph));
    grove_minimize(b.loss, GROVE_ADAM(.rate = 0.1));
    ck_assert_uint_ne(grove_graph_hash(a.graph), grove_graph_hash(b.graph));
    grove_minimize(a.loss, GROVE_ADAM(.rate = 0.2));
    ck_assert_uint_ne(grove_graph_hash(a.graph), grove_graph_hash(b.graph));
    ck_assert_int_eq(grove_state_add(NULL, a.graph, NULL), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_state_take(NULL, a.graph, NULL), GROVE_BAD_ARGUMENT);
    grove_graph_hash(NULL);
    grove_classifier_free(&a);
    grove_classifier_free(&b);
    grove_classifier_free(&c);
    free_lesson(&l);
}
END_TEST

/* Training, writing, reading: the n-th allocation fails, for every n. */
START_TEST(every_allocation_may_fail) {
    lesson l = make_lesson(0);
    stop_after(&l, 3);
    for (size_t n = 1;; n += n < 300 ? 1 : 7) {
        hostile_memory memory = {.fail_at = n, .for_good = true};
        grove_classifier_options options = {.hidden = (const int64_t[]){6},
                                            .hidden_count = 1,
                                            .dropout = 0.2,
                                            .seed = 7,
                                            .allocator = hostile_allocator(&memory)};
        grove_fit_checkpoint kept = {
            .path = path, .options = "layers 1\ndropout 0.2", .resume = true};
        grove_fit_options how = usual();
        grove_fit_result result;
        grove_classifier c;
        grove_error error = {0};
        how.checkpoint = &kept;
        grove_status status = grove_classifier_new(l.schema, &options, &c, &error);
        if (status == GROVE_OK) {
            status = grove_fit(&c, l.schema, l.train, l.valid, &how, &result, &error);
            grove_classifier_free(&c);
        }
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK && kept.failed == 0) {
            ck_assert_uint_gt(n, 100);
            break;
        }
        ck_assert_msg((status == GROVE_OK ? kept.error.status : status) == GROVE_NO_MEMORY,
                      "allocation %zu: %s", n, error.message);
        if (kept.written > 0) {
            stop_after(&l, 3);
        }
    }
    unlink(path);
    free_lesson(&l);
}
END_TEST

int main(void) {
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/x.ckpt.safetensors", folder);
    TCase *cases = tcase_create("checkpoint");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, any_optimizer_stopped_anywhere, 0, OPTIMIZERS);
    tcase_add_test(cases, plateau_patience_and_no_validation);
    tcase_add_test(cases, more_epochs_and_what_is_told_again);
    tcase_add_test(cases, the_checkpoint_of_another_training);
    tcase_add_test(cases, a_damaged_checkpoint);
    tcase_add_test(cases, a_checkpoint_that_cannot_be_written);
    tcase_add_test(cases, graphs_are_told_apart);
    tcase_add_test(cases, every_allocation_may_fail);
    Suite *suite = suite_create("checkpoint");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    rmdir(folder);
    return failed != 0;
}
