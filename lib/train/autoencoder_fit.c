/* SPDX-License-Identifier: MIT
 *
 * autoencoder_fit.c - training an autoencoder, and what it restores of rows.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/autoencoder.h"
#include "predictor.h"
#include "trainables.h"

enum { BATCH = 512 };

typedef struct trainer {
    grove_autoencoder *a;
    const grove_schema *schema;
    grove_rows train, valid;
    grove_autoencoder_fit_options wish;
    grove_allocator allocator;
    grove_feed feed;
    grove_tensor step, loss;
    grove_plan *plan;
    size_t *order;    /* [train.count] */
    grove_real *best; /* all trainable parameters */
    float *errors;    /* [valid.count, columns] */
    grove_autoencoder_result *result;
    grove_error *error;
} trainer;

static grove_status tell(const grove_plan *plan, grove_error *error) {
    const grove_error *why = grove_plan_error(plan);
    return why->status == GROVE_OK ? GROVE_OK : grove_fail(error, why->status, "%s", why->message);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void keep(float *to, const grove_real *from, size_t begin, size_t count) {
    for (size_t i = 0; to && i < count; i++) {
        to[begin + i] = (float)from[i];
    }
}

static grove_status run_rows(grove_feed *feed, grove_plan *plan, const grove_tensor *outputs,
                             grove_rows rows, size_t columns, float *errors, float *hits,
                             grove_error *error) {
    grove_status status = tell(plan, error);
    status = status ? status : grove_feed_bind(feed, plan, error);
    status = status ? status : grove_feed_fits(feed, &rows, error);
    for (size_t begin = 0; begin < rows.count && status == GROVE_OK; begin += feed->size) {
        const size_t left = rows.count - begin, count = left < feed->size ? left : feed->size;
        status = grove_feed_batch(feed, &rows, begin, count, error);
        if (status == GROVE_OK && grove_run(plan) != GROVE_OK) {
            return tell(plan, error);
        }
        if (status == GROVE_OK) {
            keep(errors, grove_value(plan, outputs[0]), begin * columns, count * columns);
            keep(hits, grove_value(plan, outputs[1]), begin * columns, count * columns);
        }
    }
    return status;
}

static bool is_per_column(grove_tensor node, size_t columns) {
    const grove_shape shape = grove_node_shape(node);
    return shape.rank == 2 && shape.dim[0] == GROVE_BATCH && shape.dim[1] == (int64_t)columns &&
           grove_node_type(node) == GROVE_REAL;
}

grove_status grove_autoencoder_run(const grove_graph *graph, const grove_schema *schema,
                                   grove_rows rows, int threads, float *errors, float *hits,
                                   grove_error *error) {
    if (!graph || !schema || (rows.count > 0 && !rows.dataset)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "there is no autoencoder, or there are no rows");
    }
    const size_t columns = grove_autoencoder_columns(schema);
    const grove_tensor outputs[] = {grove_find(graph, "errors"), grove_find(graph, "hits")};
    if (!is_per_column(outputs[0], columns) || !is_per_column(outputs[1], columns)) {
        return grove_fail(error, GROVE_NOT_FOUND, "the model is no autoencoder of these columns");
    }
    grove_feed feed = {0};
    grove_status status = grove_feed_open(&feed, graph, schema, BATCH, error);
    if (status == GROVE_OK) {
        const grove_plan_options options = {
            .batch = BATCH, .threads = threads, .allocator = grove_graph_allocator(graph)};
        grove_plan *plan = grove_plan_new(graph, outputs, 2, &options);
        status = plan ? run_rows(&feed, plan, outputs, rows, columns, errors, hits, error)
                      : grove_fail_memory(error, sizeof outputs);
        grove_plan_free(plan);
    }
    grove_feed_close(&feed);
    return status;
}

/* ---- the baseline ---------------------------------------------------------------------------- */

/* Shares of training rows, each value counted once more than it was met. */
static void guess_category(const grove_schema *schema, const grove_rows *rows, size_t i,
                           double *error, double *hits) {
    const size_t column = (size_t)grove_schema_categorical(schema, i);
    const int64_t ids = grove_schema_ids(schema, column);
    double all = 0;
    int32_t most = 0;
    for (int32_t id = 0; id < ids; id++) {
        const int64_t count = grove_schema_count(schema, column, id);
        all += (double)count + 1;
        most = count > grove_schema_count(schema, column, most) ? id : most;
    }
    for (size_t r = 0; r < rows->count; r++) {
        const int32_t id = grove_dataset_ids(rows->dataset, i)[grove_row_at(rows, r)];
        *error -= log(((double)grove_schema_count(schema, column, id) + 1) / all);
        *hits += id == most;
    }
}

static double flag_error(double share, bool missing) {
    const double p = fmin(fmax(missing ? share : 1 - share, 1e-6), 1);
    return -log(p);
}

/* The mean is 0; where numbers may be missing, feature k + 1 says whether they are. */
static double guess_number(const grove_schema *schema, const grove_rows *rows, size_t k,
                           bool has_flag, double share) {
    const size_t features = grove_schema_features(schema);
    const float *numbers = grove_dataset_numbers(rows->dataset);
    double error = 0;
    for (size_t r = 0; r < rows->count; r++) {
        const float *x = numbers + grove_row_at(rows, r) * features + k;
        const bool missing = has_flag && x[1] > 0;
        error += missing ? 0 : (double)x[0] * (double)x[0];
        error += has_flag ? flag_error(share, missing) : 0;
    }
    return error;
}

grove_status grove_autoencoder_baseline(const grove_schema *schema, grove_rows rows, double *errors,
                                        double *hits, grove_error *error) {
    if (!schema || !rows.dataset || rows.count == 0 || !errors || !hits) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there are no rows, or nowhere to answer");
    }
    const size_t categorical = grove_schema_categoricals(schema);
    const size_t features = grove_schema_features(schema);
    const size_t columns = grove_autoencoder_columns(schema);
    memset(errors, 0, columns * sizeof *errors);
    memset(hits, 0, columns * sizeof *hits);
    for (size_t i = 0; i < categorical; i++) {
        guess_category(schema, &rows, i, &errors[i], &hits[i]);
    }
    size_t at = categorical;
    for (size_t k = 0; k < features; k++) {
        bool flag = false, next = false;
        const int column = grove_schema_feature(schema, k, &flag);
        if (!flag) {
            const bool has =
                k + 1 < features && grove_schema_feature(schema, k + 1, &next) == column && next;
            double missing = 0; /* of these rows: training keeps no count of all of its rows */
            for (size_t r = 0; r < rows.count && has; r++) {
                const size_t row = grove_row_at(&rows, r);
                missing += grove_dataset_numbers(rows.dataset)[row * features + k + 1] > 0;
            }
            errors[at++] = guess_number(schema, &rows, k, has, missing / (double)rows.count);
        }
    }
    for (size_t i = 0; i < columns; i++) {
        errors[i] /= (double)rows.count;
        hits[i] /= (double)rows.count;
    }
    return GROVE_OK;
}

/* ---- training -------------------------------------------------------------------------------- */

static grove_status open_trainer(trainer *t) {
    const size_t rows = t->train.count, wish = (size_t)t->wish.batch;
    const size_t size = wish < rows ? wish : rows;
    const grove_optimizer adam = {
        .kind = GROVE_OPTIMIZER_ADAM, .rate = t->wish.rate, .average = 0.98};
    grove_status status = grove_feed_open(&t->feed, t->a->graph, t->schema, size, t->error);
    status = status ? status : grove_feed_fits(&t->feed, &t->train, t->error);
    if (status != GROVE_OK) {
        return status;
    }
    t->loss = t->a->loss;
    t->step = grove_minimize(t->loss, &adam);
    const grove_tensor outputs[] = {t->step, t->loss};
    t->plan = grove_plan_new(t->a->graph, outputs, 2,
                             &(grove_plan_options){.batch = (int64_t)size,
                                                   .training = true,
                                                   .threads = t->wish.threads,
                                                   .allocator = t->allocator});
    const size_t parameters = grove_trainable_count(t->a->graph) * sizeof *t->best;
    const size_t cells = t->valid.count * grove_autoencoder_columns(t->schema);
    t->order = grove_alloc(&t->allocator, rows * sizeof *t->order);
    t->best = grove_alloc(&t->allocator, parameters);
    t->errors = grove_alloc(&t->allocator, (cells + 1) * sizeof *t->errors);
    if (!t->plan || !t->order || !t->best || !t->errors) {
        return grove_fail_memory(t->error, parameters);
    }
    status = tell(t->plan, t->error);
    return status ? status : grove_feed_bind(&t->feed, t->plan, t->error);
}

static void close_trainer(trainer *t) {
    grove_plan_free(t->plan);
    grove_feed_close(&t->feed);
    grove_release(&t->allocator, t->order);
    grove_release(&t->allocator, t->best);
    grove_release(&t->allocator, t->errors);
}

/* Whole batches: which rows are left over differs from epoch to epoch. */
static grove_status train_epoch(trainer *t, int epoch, double *loss) {
    const size_t size = t->feed.size, batches = t->train.count / size;
    double sum = 0;
    grove_shuffle(t->train.rows, t->train.count, t->wish.seed, (uint64_t)epoch, t->order);
    for (size_t i = 0; i < batches; i++) {
        grove_feed_rows(&t->feed, t->train.dataset, t->order + i * size, size);
        if (grove_run(t->plan) != GROVE_OK) {
            return tell(t->plan, t->error);
        }
        sum += grove_scalar(t->plan, t->loss);
    }
    *loss = sum / (double)batches;
    return isfinite(*loss) ? GROVE_OK
                           : grove_fail(t->error, GROVE_BAD_DATA,
                                        "training: the loss of epoch %d is no longer a finite "
                                        "number; a smaller rate may help",
                                        epoch);
}

static grove_status validate(trainer *t, double *loss) {
    const size_t columns = grove_autoencoder_columns(t->schema);
    grove_status status = GROVE_OK;
    *loss = 0;
    if (t->valid.count > 0) {
        status = grove_autoencoder_run(t->a->graph, t->schema, t->valid, t->wish.threads, t->errors,
                                       NULL, t->error);
    }
    for (size_t i = 0; i < t->valid.count * columns && status == GROVE_OK; i++) {
        *loss += (double)t->errors[i] / (double)t->valid.count;
    }
    return status;
}

static bool swap(trainer *t) {
    return grove_swap_averages(t->step) == GROVE_OK;
}

static grove_status end_epoch(trainer *t, grove_autoencoder_progress *p) {
    if (!swap(t)) {
        return grove_fail_memory(t->error, 0);
    }
    grove_status status = validate(t, &p->valid_loss);
    grove_autoencoder_result *r = t->result;
    p->is_best = p->epoch == 1 || t->valid.count == 0 || p->valid_loss < r->valid_loss;
    r->epochs = p->epoch;
    if (status == GROVE_OK && p->is_best) {
        r->best_epoch = p->epoch;
        r->train_loss = p->train_loss;
        r->valid_loss = p->valid_loss;
        grove_trainable_copy(t->a->graph, t->best, false);
    }
    return swap(t) ? status : grove_fail_memory(t->error, 0);
}

static grove_status train(trainer *t) {
    grove_status status = GROVE_OK;
    bool go_on = true;
    for (int epoch = 1; epoch <= t->wish.epochs && go_on && status == GROVE_OK; epoch++) {
        grove_autoencoder_progress p = {.epoch = epoch, .epochs = t->wish.epochs};
        status = train_epoch(t, epoch, &p.train_loss);
        status = status ? status : end_epoch(t, &p);
        if (status == GROVE_OK && t->wish.go_on) {
            go_on = t->wish.go_on(t->wish.user, &p);
        }
        go_on = go_on && epoch - t->result->best_epoch < t->wish.patience;
    }
    if (t->result->best_epoch > 0) {
        grove_trainable_copy(t->a->graph, t->best, true);
    }
    return status;
}

grove_status grove_autoencoder_fit(grove_autoencoder *autoencoder, const grove_schema *schema,
                                   grove_rows train_rows, grove_rows valid,
                                   const grove_autoencoder_fit_options *options,
                                   grove_autoencoder_result *result, grove_error *error) {
    if (!autoencoder || !autoencoder->graph || !schema || !options || !result ||
        train_rows.count == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "training needs an autoencoder, a schema, rows, options and a place for "
                          "the result");
    }
    grove_error own = {0};
    trainer t = {.a = autoencoder,
                 .schema = schema,
                 .train = train_rows,
                 .valid = valid,
                 .wish = *options,
                 .allocator = grove_graph_allocator(autoencoder->graph),
                 .result = result,
                 .error = error ? error : &own};
    *result = (grove_autoencoder_result){0};
    t.wish.epochs = t.wish.epochs > 0 ? t.wish.epochs : 30;
    t.wish.patience = t.wish.patience > 0 ? t.wish.patience : 5;
    t.wish.batch = t.wish.batch > 0 ? t.wish.batch : 256;
    t.wish.rate = t.wish.rate > 0 ? t.wish.rate : 0.002;
    grove_status status = open_trainer(&t);
    status = status ? status : train(&t);
    close_trainer(&t);
    return status;
}
