/* SPDX-License-Identifier: MIT
 *
 * keeper_notes.c - the place in a training as arrays in a file, and back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "grove/data_hash.h"
#include "grove/data_sets.h"
#include "keeper.h"
#include "predictor.h"

/* The notes beside the graph's numbers: whole numbers, reals, and a line for each epoch. */
enum { EPOCH, ROW, STEP, PLATEAU_BEGUN, PLATEAU_WAITED, WHOLE };
enum { SUM, MASS, SECONDS, BEST_LOSS, PLATEAU_BEST, REALS };
enum { MEASURES = 15 }; /* of grove_metrics, its two first fields too */
enum { TRAIN_LOSS, VALID_LOSS, IS_BEST, STEPS, RATE, TOOK, VALID, COLUMNS = VALID + MEASURES };

/* Who adds a field to one of these notes it here, or it is lost at a checkpoint. */
_Static_assert(sizeof(grove_metrics) <= MEASURES * sizeof(double), "a metric is not in the notes");
_Static_assert(sizeof(grove_progress) <= sizeof(grove_metrics) + 10 * sizeof(double),
               "a part of the progress is not in the notes");
_Static_assert(sizeof(grove_fit_result) <= sizeof(grove_metrics) + 3 * sizeof(double),
               "a part of the result is not in the notes");

static const grove_dtype real_dtype = sizeof(grove_real) == 4 ? GROVE_DTYPE_F32 : GROVE_DTYPE_F64;

static void put_metrics(double line[MEASURES], const grove_metrics *m) {
    const double all[MEASURES] = {(double)m->target,
                                  (double)m->rows,
                                  m->accuracy,
                                  m->log_loss,
                                  m->roc_auc,
                                  m->baseline_accuracy,
                                  m->hamming_loss,
                                  m->f1_micro,
                                  m->f1_macro,
                                  m->baseline_f1_micro,
                                  m->r2,
                                  m->mean_squared_error,
                                  m->mean_absolute_error,
                                  m->baseline_mean_squared_error,
                                  m->baseline_mean_absolute_error};
    memcpy(line, all, sizeof all);
}

static grove_metrics take_metrics(const double line[MEASURES]) {
    return (grove_metrics){.target = line[0] == 2   ? GROVE_TARGET_SET
                                     : line[0] == 1 ? GROVE_TARGET_NUMBER
                                                    : GROVE_TARGET_CLASS,
                           .rows = grove_count_told(line[1]),
                           .accuracy = line[2],
                           .log_loss = line[3],
                           .roc_auc = line[4],
                           .baseline_accuracy = line[5],
                           .hamming_loss = line[6],
                           .f1_micro = line[7],
                           .f1_macro = line[8],
                           .baseline_f1_micro = line[9],
                           .r2 = line[10],
                           .mean_squared_error = line[11],
                           .mean_absolute_error = line[12],
                           .baseline_mean_squared_error = line[13],
                           .baseline_mean_absolute_error = line[14]};
}

static void put_epoch(double *line, const grove_progress *p) {
    const double line_of_it[COLUMNS] = {
        [TRAIN_LOSS] = p->train_loss,
        [VALID_LOSS] = p->valid_loss,
        [IS_BEST] = p->is_best,
        [STEPS] = (double)p->step,
        [RATE] = p->rate,
        [TOOK] = p->seconds,
    };
    memcpy(line, line_of_it, sizeof line_of_it);
    put_metrics(line + VALID, &p->valid);
}

static void take_epoch(grove_progress *p, const double *line) {
    p->train_loss = line[TRAIN_LOSS];
    p->valid_loss = line[VALID_LOSS];
    p->is_best = line[IS_BEST] != 0;
    p->step = grove_count_told(line[STEPS]);
    p->rate = line[RATE];
    p->seconds = line[TOOK];
    p->valid = take_metrics(line + VALID);
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static uint64_t hash_sets(const grove_dataset *d, size_t count, uint64_t hash) {
    for (size_t row = 0; row < count && grove_dataset_has_sets(d); row++) {
        const grove_label_set set = grove_dataset_set(d, row);
        const uint64_t size = set.count;
        hash = grove_hash(&size, sizeof size, hash);
        hash = grove_hash(set.count ? set.classes : (const int32_t *)&size,
                          set.count * sizeof *set.classes, hash);
    }
    return hash;
}

static uint64_t hash_rows(const grove_rows *rows, uint64_t hash) {
    const grove_dataset *d = rows->dataset;
    size_t count = d ? grove_dataset_rows(d) : 0, features = d ? grove_dataset_features(d) : 0;
    hash = grove_hash(&rows->count, sizeof rows->count, hash);
    if (rows->count == 0) {
        return hash;
    }
    if (grove_rows_in_file(rows)) {
        const uint64_t own = grove_row_file_hash(grove_dataset_file(rows->dataset));
        return grove_hash(&own, sizeof own, hash);
    }
    for (size_t i = 0; i < grove_dataset_categoricals(d); i++) {
        hash = grove_hash(grove_dataset_ids(d, i), count * sizeof(int32_t), hash);
    }
    hash = grove_bags_hash(d, hash);
    if (features > 0) {
        hash = grove_hash(grove_dataset_numbers(d), count * features * sizeof(float), hash);
    }
    const void *target = grove_dataset_labels(d);
    target = target ? target : grove_dataset_targets(d); /* of as many bytes */
    hash = target ? grove_hash(target, count * sizeof(int32_t), hash) : hash_sets(d, count, hash);
    return rows->rows ? grove_hash(rows->rows, rows->count * sizeof *rows->rows, hash) : hash;
}

/* Weights of a dataset's rows; that there are none is something else than any. */
static uint64_t hash_weights(const grove_rows *rows, const float *weights, uint64_t hash) {
    return weights && rows->count > 0
               ? grove_hash(weights, grove_dataset_rows(rows->dataset) * sizeof *weights, hash + 1)
               : hash;
}

/* Weights of classes show in no label. */
static uint64_t hash_classes(const grove_keeper *k, uint64_t hash) {
    return k->options->class_weights
               ? grove_hash(k->options->class_weights, k->classes * sizeof(float), hash + 1)
               : hash;
}

static void data_text(const grove_keeper *k, char text[24]) {
    uint64_t hash = hash_rows(&k->valid, hash_rows(&k->train, 0));
    hash = hash_weights(&k->train, k->options->weights, hash);
    hash = hash_weights(&k->valid, k->options->valid_weights, hash);
    snprintf(text, 24, "%016" PRIx64, hash_classes(k, hash));
}

/* The options that the result depends on and the graph does not tell, a line each; to be released.
 * Threads change nothing, and epochs and patience only when it ends. */
static char *options_text(const grove_keeper *k) {
    const grove_fit_options *o = k->options;
    const char *own = o->checkpoint->options ? o->checkpoint->options : "";
    grove_allocator allocator = grove_graph_allocator(k->graph);
    size_t length = strlen(own), room = length + 320;
    char share[32], factor[32], *text = grove_alloc(&allocator, room);
    if (text) {
        snprintf(text, room,
                 "%s%sbatch %" PRId64 "\nseed %" PRIu64 "\nunknown share %s\nplateau factor %s\n"
                 "plateau patience %d\n",
                 own, length && own[length - 1] != '\n' ? "\n" : "", o->batch, o->seed,
                 grove_format_number(share, o->unknown_share),
                 grove_format_number(factor, o->plateau_factor), o->plateau_patience);
    }
    return text;
}

/* The first lines of two texts that differ, in words. */
static grove_status tell_difference(const char *theirs, const char *ours, grove_error *error) {
    for (;;) {
        size_t a = strcspn(theirs, "\n"), b = strcspn(ours, "\n");
        if (a != b || memcmp(theirs, ours, a) != 0) {
            return grove_fail(error, GROVE_BAD_FILE,
                              "it was written by a training with '%.*s', not '%.*s'",
                              (int)(a < 120 ? a : 120), theirs, (int)(b < 120 ? b : 120), ours);
        }
        theirs += a + (theirs[a] == '\n');
        ours += b + (ours[b] == '\n');
    }
}

static grove_status check_owner(const grove_keeper *k, const grove_tensors_file *file,
                                grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(k->graph);
    const char *theirs = grove_tensors_metadata(file, "options");
    const char *data = grove_tensors_metadata(file, "data");
    if (!theirs || !data) {
        return grove_fail(error, GROVE_BAD_FILE, "it is no checkpoint of a training");
    }
    char *ours = options_text(k), text[24];
    if (!ours) {
        return grove_fail_memory(error, strlen(theirs));
    }
    grove_status status =
        strcmp(theirs, ours) == 0 ? GROVE_OK : tell_difference(theirs, ours, error);
    grove_release(&allocator, ours);
    data_text(k, text);
    if (status == GROVE_OK && strcmp(data, text) != 0) {
        status = grove_fail(error, GROVE_BAD_FILE,
                            "it belongs to other data, or to another split of them");
    }
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

static grove_status add_texts(const grove_keeper *k, grove_tensors_writer *writer,
                              grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(k->graph);
    char data[24], *options = options_text(k);
    if (!options) {
        return grove_fail_memory(error, 320);
    }
    data_text(k, data);
    grove_status status = grove_tensors_add_metadata(writer, "schema", "1", error);
    if (status == GROVE_OK) {
        status = grove_tensors_add_metadata(writer, "data", data, error);
    }
    if (status == GROVE_OK) {
        status = grove_tensors_add_metadata(writer, "options", options, error);
    }
    grove_release(&allocator, options);
    return status;
}

/* `lines` [epochs so far, COLUMNS] is filled here. */
static grove_status write_notes(const grove_keeper *k, grove_tensors_writer *writer, double *lines,
                                grove_error *error) {
    const int64_t whole[WHOLE] = {[EPOCH] = k->epoch,
                                  [ROW] = (int64_t)k->row,
                                  [STEP] = (int64_t)k->step,
                                  [PLATEAU_BEGUN] = k->plateau->begun,
                                  [PLATEAU_WAITED] = k->plateau->waited};
    const double reals[REALS] = {[SUM] = k->sum.loss,
                                 [MASS] = k->sum.mass,
                                 [SECONDS] = k->seconds,
                                 [BEST_LOSS] = *k->best_loss,
                                 [PLATEAU_BEST] = k->plateau->best};
    for (int i = 0; i < k->epoch - 1; i++) {
        put_epoch(lines + (size_t)i * COLUMNS, &k->epochs[i]);
    }
    const struct {
        const char *name;
        grove_dtype dtype;
        size_t rank;
        int64_t shape[2];
        const void *data;
    } notes[] = {
        {"fit.place", GROVE_DTYPE_I64, 1, {WHOLE}, whole},
        {"fit.numbers", GROVE_DTYPE_F64, 1, {REALS}, reals},
        {"fit.epochs", GROVE_DTYPE_F64, 2, {k->epoch - 1, COLUMNS}, lines},
        {"fit.best", real_dtype, 1, {k->best ? (int64_t)k->best_count : 0}, k->best},
    };
    grove_status status = add_texts(k, writer, error);
    for (size_t i = 0; status == GROVE_OK && i < sizeof notes / sizeof *notes; i++) {
        status = grove_tensors_add(writer, notes[i].name, notes[i].dtype, notes[i].rank,
                                   notes[i].shape, notes[i].data, error);
    }
    if (status == GROVE_OK) {
        status = grove_state_add(writer, k->graph, error);
    }
    return status == GROVE_OK ? grove_tensors_write(writer, k->options->checkpoint->path, error)
                              : status;
}

grove_status grove_keeper_write(grove_keeper *keeper, grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(keeper->graph);
    size_t bytes = (size_t)keeper->epoch * COLUMNS * sizeof(double);
    double *lines = grove_alloc(&allocator, bytes);
    grove_tensors_writer *writer = grove_tensors_writer_new(&allocator);
    grove_status status = lines && writer ? write_notes(keeper, writer, lines, error)
                                          : grove_fail_memory(error, bytes);
    grove_tensors_writer_free(writer);
    grove_release(&allocator, lines);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const void *find(const grove_tensors_file *file, const char *name, grove_dtype dtype,
                        size_t count, grove_error *error) {
    const grove_tensors_entry *entry = grove_tensors_find(file, name);
    if (!entry || entry->dtype != dtype || entry->count != count) {
        grove_fail(error, GROVE_BAD_FILE, "'%s' is not there, or of another size", name);
        return NULL;
    }
    return entry->data;
}

/* Would a training of these options have come to this place at all? */
static grove_status check_end(const grove_keeper *k, grove_error *error) {
    const grove_fit_options *o = k->options;
    int done = k->epoch - 1, best = 0, last = done - (k->row == 0);
    if (done > o->epochs || (done == o->epochs && k->row > 0)) {
        return grove_fail(error, GROVE_BAD_FILE, "it is in epoch %d already, and %d are wanted",
                          k->row > 0 ? k->epoch : done, o->epochs);
    }
    for (int e = 1; e <= last; e++) {
        best = k->epochs[e - 1].is_best ? e : best;
        if (k->best && e - best >= o->patience) {
            return grove_fail(error, GROVE_BAD_FILE,
                              "with a patience of %d the training would have ended before, after "
                              "epoch %d",
                              o->patience, e);
        }
    }
    return GROVE_OK;
}

static grove_status take_epochs(grove_keeper *k, const double *lines, grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(k->graph);
    size_t count = (size_t)k->epoch - 1;
    k->room = count + 1;
    k->epochs = grove_alloc_zero(&allocator, k->room, sizeof *k->epochs);
    if (!k->epochs) {
        return grove_fail_memory(error, k->room * sizeof *k->epochs);
    }
    for (size_t i = 0; i < count; i++) {
        grove_progress *p = &k->epochs[i];
        *p = (grove_progress){.epoch = (int)i + 1,
                              .epochs = k->options->epochs,
                              .row = k->train.count,
                              .rows = k->train.count,
                              .again = true};
        take_epoch(p, lines + i * COLUMNS);
        k->result->epochs = p->epoch;
        if (p->is_best) {
            k->result->best_epoch = p->epoch;
            k->result->train_loss = p->train_loss;
            k->result->valid_loss = p->valid_loss;
            k->result->valid = p->valid;
        }
    }
    return check_end(k, error);
}

static grove_status take_place(grove_keeper *k, const int64_t *whole, const double *reals,
                               grove_error *error) {
    size_t batch = (size_t)k->options->batch, rows = k->train.count;
    bool good = whole[EPOCH] >= 1 && whole[EPOCH] < INT32_MAX && whole[ROW] >= 0 &&
                (size_t)whole[ROW] < rows && (size_t)whole[ROW] % batch == 0 && whole[STEP] >= 0;
    if (!good) {
        return grove_fail(error, GROVE_BAD_FILE, "its place is none in this training");
    }
    k->epoch = (int)whole[EPOCH];
    k->row = (size_t)whole[ROW];
    k->step = (size_t)whole[STEP];
    k->sum = (grove_losses_so_far){reals[SUM], reals[MASS]};
    k->seconds = reals[SECONDS];
    *k->best_loss = reals[BEST_LOSS];
    k->plateau->begun = whole[PLATEAU_BEGUN] != 0;
    k->plateau->waited = (int)whole[PLATEAU_WAITED];
    k->plateau->best = reals[PLATEAU_BEST];
    return GROVE_OK;
}

static grove_status take(grove_keeper *k, const grove_tensors_file *file, grove_error *error) {
    grove_status status = check_owner(k, file, error);
    const int64_t *whole = NULL;
    const double *reals = NULL, *lines = NULL;
    const grove_real *best = NULL;
    size_t best_count = k->best ? k->best_count : 0;
    if (status == GROVE_OK) {
        whole = find(file, "fit.place", GROVE_DTYPE_I64, WHOLE, error);
        reals = find(file, "fit.numbers", GROVE_DTYPE_F64, REALS, error);
        status = whole && reals ? take_place(k, whole, reals, error) : GROVE_BAD_FILE;
    }
    if (status == GROVE_OK) {
        lines = find(file, "fit.epochs", GROVE_DTYPE_F64, (size_t)(k->epoch - 1) * COLUMNS, error);
        best = find(file, "fit.best", real_dtype, best_count, error);
        status = lines && best ? take_epochs(k, lines, error) : GROVE_BAD_FILE;
    }
    if (status == GROVE_OK) {
        status = grove_state_take(file, k->graph, error);
    }
    if (status == GROVE_OK && best_count > 0) {
        memcpy(k->best, best, best_count * sizeof *best);
    }
    return status;
}

grove_status grove_keeper_read(grove_keeper *keeper, grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(keeper->graph);
    const char *path = keeper->options->checkpoint->path;
    grove_tensors_file *file = NULL;
    grove_error why = {0};
    grove_status status = grove_tensors_read(path, &allocator, &file, error);
    if (status != GROVE_OK) {
        return status;
    }
    status = take(keeper, file, &why);
    grove_tensors_free(file);
    if (status == GROVE_BAD_FILE) {
        grove_fail(error, status, "cannot go on from '%.200s': %s", path, why.message);
    } else if (status != GROVE_OK) {
        *error = why;
    }
    return status;
}
