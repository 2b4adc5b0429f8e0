/* SPDX-License-Identifier: MIT
 *
 * fit.c - the training loop: shuffle, batches, an epoch; validate; keep the best weights.
 *
 * Two plans share the parameters: one for full batches, one for the last, shorter batch. All that
 * is random (order, unknown ids, dropout) is counted, not drawn: the same seed gives the same
 * weights, also where it goes on from a checkpoint (keeper.h).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "fit_profile.h"
#include "fit_rate.h"
#include "grove/embeddings.h"
#include "keeper.h"
#include "predictor.h"
#include "shuffled_rows.h"
#include "trainables.h"
#include "validation.h"

enum {
    REPORT_EVERY = 64 /* batches between two words about progress */
};

typedef struct trainer {
    grove_allocator allocator;
    grove_classifier *classifier;
    grove_fit_options wish;
    const grove_schema *schema;
    grove_rows train, valid;
    size_t *kept; /* the rows of training that count, where some have the weight 0 */
    grove_shuffled_rows shuffled; /* the rows of this epoch */
    grove_feed feed;
    grove_targets targets;
    grove_tensor loss, step, rate;
    grove_plan *full, *rest, *settle;
    grove_plateau plateau; /* its rate is GROVE_NONE where none is watched */
    grove_validation validation;
    grove_op_time *times; /* of both plans; NULL: there is no profile, or no plan yet */
    grove_real *best;     /* all trainable parameters, one after the other */
    double best_loss;
    bool stopped;
    grove_keeper keeper; /* where in the training it is */
    grove_fit_result result;
    grove_error *error;
} trainer;

/* ---- opening --------------------------------------------------------------------------------- */

static bool wants_memory(trainer *t, const void *got, size_t bytes) {
    if (!got) {
        grove_fail_memory(t->error, bytes);
    }
    return got != NULL;
}

static void set_defaults(grove_fit_options *o) {
    o->epochs = o->epochs > 0 ? o->epochs : 20;
    o->batch = o->batch > 0 ? o->batch : 256;
    o->patience = o->patience > 0 ? o->patience : 5;
    o->plateau_patience = o->plateau_patience > 0 ? o->plateau_patience : 2;
}

/* A plan that makes one step; NULL (with the mistake told) if it cannot be. */
static grove_plan *training_plan(trainer *t, const grove_tensor *outputs, int count, size_t batch) {
    grove_plan_options options = {.batch = batch ? (int64_t)batch : GROVE_EMPTY,
                                  .training = true,
                                  .threads = t->wish.threads,
                                  .check_finite = t->wish.check_finite,
                                  .profile = t->wish.profile != NULL,
                                  .allocator = t->allocator};
    grove_plan *plan = grove_plan_new(t->classifier->graph, outputs, count, &options);
    const grove_error *mistake = grove_plan_error(plan);
    if (mistake->status != GROVE_OK) {
        grove_fail(t->error, mistake->status, "%s", mistake->message);
        grove_plan_free(plan);
        return NULL;
    }
    return plan;
}

static bool bind(trainer *t, grove_plan *plan) {
    return grove_feed_bind(&t->feed, plan, t->error) == GROVE_OK &&
           grove_targets_bind(&t->targets, t->classifier, plan) == GROVE_OK;
}

/* By the shorter way, unless rows of small tables, too, are to rest. */
static grove_tensor loss_of(const trainer *t) {
    grove_tensor loss = t->classifier->loss;
    return t->wish.optimizer.lazy ? loss : grove_fold_lookups(loss, (int64_t)t->feed.size);
}

static bool open_plans(trainer *t) {
    if (!grove_plateau_open(&t->plateau, t->classifier->graph, &t->wish, t->valid.count > 0,
                            t->error)) {
        return false;
    }
    t->loss = loss_of(t);
    t->wish.optimizer.clock = t->classifier->clock;
    grove_tensor step = grove_minimize(t->loss, &t->wish.optimizer);
    t->step = step;
    t->rate = grove_rate_of(step, &t->wish.optimizer);
    grove_tensor outputs[] = {step, t->loss, t->rate}, settled = grove_settled(step);
    size_t size = t->feed.size;
    t->full = training_plan(t, outputs, 3, size);
    t->rest = t->full ? training_plan(t, outputs, 3, t->train.count % size) : NULL;
    t->settle = t->rest ? training_plan(t, &settled, 1, 1) : NULL;
    return t->settle && bind(t, t->full) && bind(t, t->rest);
}

static bool open_validation(trainer *t) {
    size_t parameters = grove_trainable_count(t->classifier->graph) * sizeof *t->best;
    if (t->valid.count > 0) {
        t->best = grove_alloc(&t->allocator, parameters);
    }
    return (t->valid.count == 0 || wants_memory(t, t->best, parameters)) &&
           grove_validation_open(&t->validation, t->classifier, t->schema, &t->valid, &t->wish,
                                 t->error) == GROVE_OK;
}

static bool open_profile(trainer *t) {
    if (!t->wish.profile) {
        return true;
    }
    size_t bytes = grove_fit_profile_lines(t->full, t->rest) * sizeof *t->times;
    t->times = grove_alloc(&t->allocator, bytes);
    return wants_memory(t, t->times, bytes);
}

/* Rows that do not count are not trained on, so each batch has rows that do. */
static bool drop_weightless(trainer *t) {
    size_t count = 0;
    if (!t->targets.weights || t->targets.in_file) {
        return true;
    }
    t->kept = grove_alloc(&t->allocator, t->train.count * sizeof *t->kept);
    if (!wants_memory(t, t->kept, t->train.count * sizeof *t->kept)) {
        return false;
    }
    for (size_t i = 0; i < t->train.count; i++) {
        const size_t row = grove_row_at(&t->train, i);
        t->kept[count] = row;
        count += grove_weigh(&t->targets.weighing, row) > 0;
    }
    t->train.rows = t->kept;
    t->train.count = count;
    return true;
}

static bool open_trainer(trainer *t) {
    size_t size = (size_t)t->wish.batch;
    size = size > t->train.count ? t->train.count : size;
    return grove_feed_open(&t->feed, t->classifier->graph, t->schema, size, t->error) == GROVE_OK &&
           grove_feed_fits(&t->feed, &t->train, t->error) == GROVE_OK &&
           (t->valid.count == 0 || grove_feed_fits(&t->feed, &t->valid, t->error) == GROVE_OK) &&
           grove_targets_open(&t->targets, t->classifier, t->schema, &t->wish, &t->train, size,
                              t->error) == GROVE_OK &&
           drop_weightless(t) &&
           grove_shuffled_open(&t->shuffled, &t->feed, &t->targets, &t->train, t->wish.seed,
                               t->error) == GROVE_OK &&
           open_plans(t) && open_validation(t) && open_profile(t);
}

static void close_trainer(trainer *t) {
    grove_keeper_close(&t->keeper);
    grove_validation_close(&t->validation);
    grove_plan_free(t->full);
    grove_plan_free(t->rest);
    grove_plan_free(t->settle);
    grove_shuffled_close(&t->shuffled);
    grove_feed_close(&t->feed);
    grove_targets_close(&t->targets);
    grove_release(&t->allocator, t->kept);
    grove_release(&t->allocator, t->best);
    grove_release(&t->allocator, t->times);
}

/* ---- an epoch -------------------------------------------------------------------------------- */

/* A step failed on the rows that were taken last. A bad number in a row of the batch is one
 * in a row of the data. */
static void tell_failure(trainer *t, const grove_plan *plan, int epoch) {
    const grove_error *why = grove_plan_error(plan);
    const grove_nonfinite *found = grove_plan_nonfinite(plan);
    if (!found) {
        grove_fail(t->error, why->status, "%s", why->message);
        return;
    }
    grove_shape shape = grove_node_shape(found->tensor);
    if (shape.rank > 0 && shape.dim[0] == GROVE_BATCH) {
        grove_fail(t->error, why->status,
                   "training, epoch %d: %s (row %" PRIu64 " of the data, from 0)", epoch,
                   why->message, grove_shuffled_row(&t->shuffled, found->row));
    } else {
        grove_fail(t->error, why->status, "training, epoch %d: %s", epoch, why->message);
    }
}

/* One step on the rows of the epoch from `begin` on; adds the sum of their losses, and what they
 * weigh. False after a mistake, and a loss that is no number is one. */
static bool train_batch(trainer *t, size_t begin, size_t count, int epoch,
                        grove_losses_so_far *sum) {
    grove_plan *plan = count == t->feed.size ? t->full : t->rest;
    if (grove_shuffled_take(&t->shuffled, begin, count, &t->feed, &t->targets, t->error) !=
        GROVE_OK) {
        return false;
    }
    grove_feed_forget(&t->feed, count, t->wish.unknown_share, t->wish.seed, (uint32_t)epoch, begin);
    if (grove_run(plan) != GROVE_OK) {
        tell_failure(t, plan, epoch);
        return false;
    }
    const double mass = grove_targets_mass(&t->targets, count);
    sum->loss += grove_scalar(plan, t->loss) * mass;
    sum->mass += mass;
    if (!isfinite(sum->loss)) {
        grove_fail(t->error, GROVE_BAD_DATA,
                   "training: the loss of epoch %d is no longer a finite number; a smaller rate "
                   "may help",
                   epoch);
    }
    return isfinite(sum->loss);
}

static void report(trainer *t, grove_progress *progress) {
    if (!t->stopped && t->wish.progress && !t->wish.progress(t->wish.user, progress)) {
        t->stopped = true;
    }
}

static bool train_epoch(trainer *t, grove_progress *progress) {
    grove_losses_so_far sum = t->keeper.sum;
    size_t first = t->keeper.row, batches = first / t->feed.size;
    progress->step = t->keeper.step;
    grove_shuffled_begin(&t->shuffled, (uint64_t)progress->epoch);
    for (size_t begin = first; begin < t->train.count && !t->stopped; begin += t->feed.size) {
        size_t left = t->train.count - begin, count = left < t->feed.size ? left : t->feed.size;
        if (!train_batch(t, begin, count, progress->epoch, &sum)) {
            return false;
        }
        progress->row = begin + count;
        progress->train_loss = sum.loss / sum.mass;
        progress->rate = grove_scalar(count == t->feed.size ? t->full : t->rest, t->rate);
        progress->step++;
        if (++batches % REPORT_EVERY == 0 && progress->row < t->train.count) {
            report(t, progress);
        }
        if (!t->stopped && !grove_keeper_step(&t->keeper, progress, sum, t->error)) {
            return false;
        }
    }
    return true;
}

/* ---- validation, and the best weights -------------------------------------------------------- */

static bool validate(trainer *t, grove_progress *progress) {
    if (grove_run(t->settle) != GROVE_OK) {
        return grove_fail(t->error, GROVE_BAD_DATA, "%s", grove_plan_error(t->settle)->message) ==
               GROVE_OK;
    }
    return t->valid.count == 0 || grove_validation_run(&t->validation, &progress->valid,
                                                       &progress->valid_loss, t->error) == GROVE_OK;
}

/* Where the optimizer keeps averages, they are what is validated and given back. */
static bool swap_averages(trainer *t) {
    grove_status status = t->wish.optimizer.average > 0 ? grove_swap_averages(t->step) : GROVE_OK;
    if (status != GROVE_OK) {
        grove_fail(t->error, status, "training: %s",
                   grove_graph_notice(t->classifier->graph)->message);
    }
    return status == GROVE_OK;
}

static bool end_epoch(trainer *t, grove_progress *progress) {
    bool averaged = t->valid.count > 0;
    if ((averaged && !swap_averages(t)) || !validate(t, progress)) {
        return false;
    }
    progress->is_best = t->valid.count == 0 || !(progress->valid_loss >= t->best_loss);
    t->result.epochs = progress->epoch;
    if (progress->is_best) {
        t->best_loss = progress->valid_loss;
        t->result.best_epoch = progress->epoch;
        t->result.train_loss = progress->train_loss;
        t->result.valid_loss = progress->valid_loss;
        t->result.valid = progress->valid;
        if (t->best) {
            grove_trainable_copy(t->classifier->graph, t->best, false);
        }
    }
    if (grove_is_valid(t->plateau.rate)) {
        grove_plateau_step(&t->plateau, progress->valid_loss);
    }
    progress->seconds = grove_keeper_seconds(&t->keeper);
    report(t, progress);
    return !averaged || swap_averages(t);
}

/* Finds the place to begin at, and tells of the epochs that were before it. */
static bool find_place(trainer *t) {
    t->best_loss = (double)INFINITY;
    t->keeper =
        (grove_keeper){.graph = t->classifier->graph,
                       .options = &t->wish,
                       .train = t->train,
                       .valid = t->valid,
                       .classes = t->targets.weighing.class_count,
                       .best = t->best,
                       .best_count = t->best ? grove_trainable_count(t->classifier->graph) : 0,
                       .best_loss = &t->best_loss,
                       .plateau = &t->plateau,
                       .result = &t->result};
    if (!grove_keeper_open(&t->keeper, t->error)) {
        return false;
    }
    for (int i = 0; i < t->keeper.epoch - 1; i++) {
        report(t, &t->keeper.epochs[i]);
    }
    return true;
}

static bool lost_patience(const trainer *t) {
    return t->best && t->result.epochs - t->result.best_epoch >= t->wish.patience;
}

static bool train(trainer *t) {
    if (!find_place(t)) {
        return false;
    }
    while (t->keeper.epoch <= t->wish.epochs && !t->stopped && !lost_patience(t)) {
        grove_progress progress = {
            .epoch = t->keeper.epoch, .epochs = t->wish.epochs, .rows = t->train.count};
        if (!train_epoch(t, &progress) || !end_epoch(t, &progress)) {
            return false;
        }
        if (!t->stopped && !grove_keeper_epoch(&t->keeper, &progress, t->error)) {
            return false;
        }
    }
    return t->best || swap_averages(t);
}

/* Whatever ended the training. */
static void tell_profile(trainer *t) {
    if (t->times) {
        grove_fit_profile_fill(t->wish.profile, t->full, t->rest, t->times);
    }
}

static size_t count_cut(const grove_feed *feed) {
    size_t cut = 0;
    for (size_t i = 0; i < feed->bag_count && feed->bags; i++) {
        cut += feed->bags[i].cut;
    }
    return cut;
}

grove_status grove_fit(grove_classifier *classifier, const grove_schema *schema,
                       grove_rows train_rows, grove_rows valid, const grove_fit_options *options,
                       grove_fit_result *result, grove_error *error) {
    grove_error own = {0};
    if (!classifier || !classifier->graph || !schema || !options || !result) {
        return grove_fail(
            error, GROVE_BAD_ARGUMENT,
            "training needs a classifier, a schema, options and a place for the result");
    }
    trainer t = {.classifier = classifier,
                 .allocator = grove_graph_allocator(classifier->graph),
                 .wish = *options,
                 .schema = schema,
                 .train = train_rows,
                 .valid = valid,
                 .error = error ? error : &own};
    *result = (grove_fit_result){0};
    if (t.wish.profile) {
        *t.wish.profile =
            (grove_fit_profile){.times = t.wish.profile->times, .room = t.wish.profile->room};
    }
    if (train_rows.count == 0 || !grove_have_targets(&train_rows, schema) ||
        !grove_have_targets(&valid, schema)) {
        return grove_fail(error, GROVE_BAD_DATA, "training: there are no rows with labels");
    }
    set_defaults(&t.wish);
    grove_error_clear(t.error);
    bool good = open_trainer(&t) && train(&t);
    if (t.best && t.result.best_epoch > 0) {
        grove_trainable_copy(t.classifier->graph, t.best, true); /* whatever ended the training */
    }
    tell_profile(&t);
    if (t.wish.cut) {
        *t.wish.cut = count_cut(&t.feed);
    }
    close_trainer(&t);
    *result = t.result;
    return good ? GROVE_OK : t.error->status;
}
