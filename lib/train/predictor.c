/* SPDX-License-Identifier: MIT
 *
 * predictor.c - answers of a classifier, its own or loaded, for any number of rows.
 */
#include "predictor.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"

/* ---- batches --------------------------------------------------------------------------------- */

static grove_status find_inputs(grove_feed *feed, const grove_graph *graph,
                                const grove_schema *schema, grove_error *error) {
    char text[512];
    for (size_t i = 0; i < feed->categorical; i++) {
        size_t column = (size_t)grove_schema_categorical(schema, i);
        snprintf(text, sizeof text, "column.%s", grove_schema_name(schema, column));
        feed->inputs[i] = grove_find(graph, text);
        grove_shape shape = grove_node_shape(feed->inputs[i]);
        bool fits = shape.rank == 1 && shape.dim[0] == GROVE_BATCH &&
                    grove_node_type(feed->inputs[i]) == GROVE_ID;
        if (!fits) { /* also where there is none */
            return grove_fail(error, GROVE_NOT_FOUND, "the model has no input '%s' of ids [batch]",
                              text);
        }
    }
    feed->number_input = grove_find(graph, "numbers");
    grove_shape shape = grove_node_shape(feed->number_input);
    bool fits = shape.rank == 2 && shape.dim[0] == GROVE_BATCH &&
                shape.dim[1] == (int64_t)feed->numeric &&
                grove_node_type(feed->number_input) == GROVE_REAL;
    if (feed->numeric > 0 && !fits) {
        return grove_fail(error, GROVE_NOT_FOUND, "the model has no input 'numbers' [batch, %zu]",
                          feed->numeric);
    }
    return GROVE_OK;
}

grove_status grove_feed_open(grove_feed *feed, const grove_graph *graph, const grove_schema *schema,
                             size_t size, grove_error *error) {
    size_t columns = grove_schema_categoricals(schema), features = grove_schema_features(schema);
    *feed = (grove_feed){.allocator = grove_graph_allocator(graph),
                         .size = size,
                         .categorical = columns,
                         .numeric = features,
                         .bag_count = grove_schema_bags(schema)};
    feed->inputs = grove_alloc(&feed->allocator, columns * sizeof(grove_tensor));
    feed->ids = grove_alloc_zero(&feed->allocator, columns * size, sizeof(grove_id));
    feed->numbers = grove_alloc_zero(&feed->allocator, features * size, sizeof(grove_real));
    feed->bags = grove_alloc_zero(&feed->allocator, feed->bag_count, sizeof *feed->bags);
    if (!feed->inputs || !feed->ids || !feed->numbers || !feed->bags) {
        return grove_fail_memory(error, (columns + features) * size * sizeof(grove_real));
    }
    grove_status status = find_inputs(feed, graph, schema, error);
    return status == GROVE_OK
               ? grove_bag_feeds_open(feed->bags, &feed->allocator, graph, schema, size, error)
               : status;
}

void grove_feed_close(grove_feed *feed) {
    if (feed->allocator.resize) {
        grove_release(&feed->allocator, feed->inputs);
        grove_release(&feed->allocator, feed->ids);
        grove_release(&feed->allocator, feed->numbers);
        grove_bag_feeds_close(feed->bags, &feed->allocator, feed->bag_count);
        grove_release(&feed->allocator, feed->bags);
    }
}

grove_status grove_feed_bind(const grove_feed *feed, grove_plan *plan, grove_error *error) {
    grove_status status = grove_plan_error(plan)->status;
    for (size_t i = 0; i < feed->categorical && status == GROVE_OK; i++) {
        status = grove_bind(plan, feed->inputs[i], feed->ids + i * feed->size);
    }
    if (feed->numeric > 0 && status == GROVE_OK) {
        status = grove_bind(plan, feed->number_input, feed->numbers);
    }
    for (size_t i = 0; i < feed->bag_count && status == GROVE_OK; i++) {
        status = grove_bag_feed_bind(&feed->bags[i], plan);
    }
    if (status != GROVE_OK) {
        return grove_fail(error, status, "%s", grove_plan_error(plan)->message);
    }
    return GROVE_OK;
}

/* Column by column: the reads of one column do not wait for each other. */
void grove_feed_rows(grove_feed *feed, const grove_dataset *dataset, const size_t *rows,
                     size_t count) {
    for (size_t c = 0; c < feed->categorical; c++) {
        const int32_t *from = grove_dataset_ids(dataset, c);
        grove_id *restrict to = feed->ids + c * feed->size;
        for (size_t i = 0; i < count; i++) {
            to[i] = from[rows[i]];
        }
    }
    const float *numbers = grove_dataset_numbers(dataset);
    grove_real *restrict to = feed->numbers;
    for (size_t i = 0; i < count; i++, to += feed->numeric) {
        const float *from = numbers + rows[i] * feed->numeric;
        for (size_t k = 0; k < feed->numeric; k++) {
            to[k] = (grove_real)from[k];
        }
    }
    grove_feed_bags(feed, dataset, rows, 0, count, feed->size);
}

void grove_feed_column(grove_feed *feed, const grove_schema *schema, size_t column,
                       const grove_dataset *dataset, const size_t *rows, size_t count) {
    bool says_missing;
    for (size_t c = 0; c < feed->categorical; c++) {
        const int32_t *from = grove_dataset_ids(dataset, c);
        const size_t own = grove_schema_categorical(schema, c) == (int)column ? count : 0;
        for (size_t i = 0; i < own; i++) {
            feed->ids[c * feed->size + i] = from[rows[i]];
        }
    }
    const float *from = grove_dataset_numbers(dataset);
    for (size_t k = 0; k < feed->numeric; k++) {
        const bool is_own = grove_schema_feature(schema, k, &says_missing) == (int)column;
        for (size_t i = 0; i < (is_own ? count : 0); i++) {
            feed->numbers[i * feed->numeric + k] = (grove_real)from[rows[i] * feed->numeric + k];
        }
    }
    for (size_t i = 0; i < feed->bag_count; i++) {
        if (grove_schema_bag(schema, i) == (int)column) {
            grove_feed_bag(feed, i, dataset, rows, 0, count, feed->size);
        }
    }
}

static void feed_range(grove_feed *feed, const grove_dataset *dataset, size_t begin, size_t count) {
    for (size_t c = 0; c < feed->categorical; c++) {
        memcpy(feed->ids + c * feed->size, grove_dataset_ids(dataset, c) + begin,
               count * sizeof(grove_id));
    }
    const float *from = grove_dataset_numbers(dataset) + begin * feed->numeric;
    for (size_t i = 0; i < count * feed->numeric; i++) {
        feed->numbers[i] = (grove_real)from[i];
    }
    grove_feed_bags(feed, dataset, NULL, begin, count, feed->size);
}

grove_status grove_feed_batch(grove_feed *feed, const grove_rows *rows, size_t begin, size_t count,
                              grove_error *error) {
    if (grove_rows_in_file(rows)) {
        return grove_feed_file(feed, rows, begin, count, error);
    }
    if (rows->rows) {
        grove_feed_rows(feed, rows->dataset, rows->rows + begin, count);
    } else {
        feed_range(feed, rows->dataset, begin, count);
    }
    return GROVE_OK;
}

/* Cells are counted column by column. From one that is forgotten to the next it is a geometrically
 * distributed number of cells, so what is kept costs nothing. */
void grove_feed_forget(grove_feed *feed, size_t count, double share, uint64_t seed, uint32_t epoch,
                       uint64_t batch) {
    size_t cells = feed->categorical * count, cell = 0;
    double slope = share < 1 ? 1 / log1p(-share) : 0;
    uint32_t words[4];
    for (uint32_t n = 0; share > 0; n++, cell++) {
        if (n % 4 == 0) {
            grove_random_block(seed, n / 4, epoch, batch, words);
        }
        double gap = slope * log1p(-grove_unit24(words[n % 4]));
        if (!(gap < (double)(cells - cell))) {
            return;
        }
        cell += (size_t)gap;
        feed->ids[cell / count * feed->size + cell % count] = 0;
    }
}

grove_status grove_feed_fits(const grove_feed *feed, const grove_rows *rows, grove_error *error) {
    const grove_dataset *dataset = rows->dataset;
    if (grove_rows_in_file(rows)) {
        return grove_feed_fits_file(feed, rows, error);
    }
    if (!dataset) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no dataset");
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (grove_row_at(rows, i) >= grove_dataset_rows(dataset)) {
            return grove_fail(error, GROVE_BAD_ARGUMENT, "row %zu of a dataset of %zu rows",
                              grove_row_at(rows, i), grove_dataset_rows(dataset));
        }
    }
    bool last_is_there =
        feed->categorical == 0 || grove_dataset_ids(dataset, feed->categorical - 1);
    bool no_more = !grove_dataset_ids(dataset, feed->categorical);
    if (last_is_there && no_more && grove_dataset_bags(dataset) == feed->bag_count &&
        grove_dataset_features(dataset) == feed->numeric) {
        return GROVE_OK;
    }
    return grove_fail(error, GROVE_BAD_DATA,
                      "the dataset does not have the %zu columns of ids and %zu features that the "
                      "model wants",
                      feed->categorical, feed->numeric);
}

/* ---- the predictor --------------------------------------------------------------------------- */

static grove_status open_predictor(grove_predictor *p, const grove_graph *graph,
                                   const grove_schema *schema, int64_t size, int threads,
                                   grove_error *error) {
    grove_status status = grove_feed_open(&p->feed, graph, schema, (size_t)size, error);
    if (status != GROVE_OK) {
        return status;
    }
    p->schema = schema;
    p->is_number = grove_schema_target(schema) == GROVE_TARGET_NUMBER;
    p->center = grove_schema_center(schema).mean;
    p->deviation = grove_schema_deviation(schema, (size_t)grove_schema_label(schema));
    p->answer = grove_find(graph, p->is_number ? "scaled" : "probabilities");
    grove_shape shape = grove_node_shape(p->answer);
    if (shape.rank != (p->is_number ? 1 : 2) || shape.dim[0] != GROVE_BATCH ||
        (!p->is_number && shape.dim[1] < 1) || grove_node_type(p->answer) != GROVE_REAL) {
        return grove_fail(error, GROVE_NOT_FOUND, "the model has no output %s",
                          p->is_number ? "'scaled' [batch]" : "'probabilities' [batch, classes]");
    }
    p->classes = p->is_number ? 1 : (size_t)shape.dim[1];
    grove_plan_options options = {
        .batch = size, .threads = threads, .allocator = p->feed.allocator};
    p->plan = grove_plan_new(graph, &p->answer, 1, &options);
    return grove_feed_bind(&p->feed, p->plan, error);
}

static size_t answers_of(const grove_graph *graph) {
    const grove_shape shape = grove_node_shape(grove_find(graph, "probabilities"));
    return shape.rank == 2 && shape.dim[1] > 0 ? (size_t)shape.dim[1] : 1;
}

grove_status grove_predictor_new(const grove_graph *graph, const grove_schema *schema,
                                 int64_t batch, int threads, grove_predictor **predictor,
                                 grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(graph);
    *predictor = NULL;
    if (!graph || !schema || batch < 0 || batch > INT32_MAX) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "a predictor needs a graph, a schema, and a batch of 0 rows or more");
    }
    grove_predictor *p = grove_alloc_zero(&allocator, 1, sizeof *p);
    if (!p) {
        return grove_fail_memory(error, sizeof *p);
    }
    const int64_t size = batch > 0 ? batch : (int64_t)grove_rows_at_once(256, answers_of(graph));
    grove_status status = open_predictor(p, graph, schema, size, threads, error);
    if (status != GROVE_OK) {
        p->feed.allocator = allocator;
        grove_predictor_free(p);
        return status;
    }
    *predictor = p;
    return GROVE_OK;
}

void grove_predictor_free(grove_predictor *predictor) {
    if (predictor) {
        grove_allocator allocator = predictor->feed.allocator;
        grove_plan_free(predictor->plan);
        grove_feed_close(&predictor->feed);
        grove_release(&allocator, predictor);
    }
}

size_t grove_predictor_classes(const grove_predictor *predictor) {
    return predictor ? predictor->classes : 0;
}

grove_status grove_predictor_answer(grove_predictor *p, size_t rows, float *probabilities,
                                    grove_error *error) {
    if (grove_run(p->plan) != GROVE_OK) {
        const grove_error *why = grove_plan_error(p->plan);
        return grove_fail(error, why->status, "%s", why->message);
    }
    const grove_real *answer = grove_value(p->plan, p->answer);
    for (size_t i = 0; i < rows * p->classes; i++) {
        probabilities[i] = (float)answer[i];
    }
    return GROVE_OK;
}

/* Answers for the rows begin..begin + count - 1; places beyond them hold what they held, and those
 * answers are not read. */
static grove_status answer_batch(grove_predictor *p, const grove_rows *rows, size_t begin,
                                 size_t count, float *probabilities, grove_error *error) {
    grove_status status = grove_feed_batch(&p->feed, rows, begin, count, error);
    return status == GROVE_OK ? grove_predictor_answer(p, count, probabilities, error) : status;
}

/* In double, so that a large mean costs no digits. */
double grove_predictor_units(const grove_predictor *p, float answer) {
    return p->center + p->deviation * (double)answer;
}

grove_status grove_predictor_raw(grove_predictor *predictor, grove_rows rows, float *probabilities,
                                 grove_error *error) {
    if (!predictor || !probabilities) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no predictor, or nowhere to answer");
    }
    size_t size = predictor->feed.size;
    grove_status status = grove_feed_fits(&predictor->feed, &rows, error);
    for (size_t begin = 0, count; begin < rows.count && status == GROVE_OK; begin += count) {
        const size_t left = rows.count - begin;
        count = grove_feed_room(&predictor->feed, &rows, begin, left < size ? left : size);
        status = answer_batch(predictor, &rows, begin, count,
                              probabilities + begin * predictor->classes, error);
    }
    return status;
}

grove_status grove_predictor_run_mixed(grove_predictor *p, grove_rows rows, size_t column,
                                       const size_t *others, float *probabilities,
                                       grove_error *error) {
    const size_t size = p->feed.size;
    grove_status status = grove_feed_fits(&p->feed, &rows, error);
    for (size_t begin = 0, count; begin < rows.count && status == GROVE_OK; begin += count) {
        const grove_rows mixed = {rows.dataset, others, rows.count};
        const size_t left = rows.count - begin;
        count = grove_feed_room(&p->feed, &rows, begin, left < size ? left : size);
        count = grove_feed_room(&p->feed, &mixed, begin, count);
        grove_feed_rows(&p->feed, rows.dataset, rows.rows + begin, count);
        grove_feed_column(&p->feed, p->schema, column, rows.dataset, others + begin, count);
        status = grove_predictor_answer(p, count, probabilities + begin * p->classes, error);
    }
    return status;
}

grove_status grove_predictor_run(grove_predictor *predictor, grove_rows rows, float *probabilities,
                                 grove_error *error) {
    grove_status status = grove_predictor_raw(predictor, rows, probabilities, error);
    for (size_t i = 0; i < rows.count && status == GROVE_OK && predictor->is_number; i++) {
        probabilities[i] = (float)grove_predictor_units(predictor, probabilities[i]);
    }
    return status;
}

grove_status grove_predictor_numbers(grove_predictor *p, grove_rows rows, double *numbers,
                                     grove_error *error) {
    if (!p || !numbers || !p->is_number) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "there is no predictor of numbers, or nowhere to answer");
    }
    float *answers = grove_alloc(&p->feed.allocator, (rows.count + 1) * sizeof *answers);
    if (!answers) {
        return grove_fail_memory(error, (rows.count + 1) * sizeof *answers);
    }
    grove_status status = grove_predictor_raw(p, rows, answers, error);
    for (size_t i = 0; i < rows.count && status == GROVE_OK; i++) {
        numbers[i] = grove_predictor_units(p, answers[i]);
    }
    grove_release(&p->feed.allocator, answers);
    return status;
}
