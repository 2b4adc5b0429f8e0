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
                         .numeric = features};
    feed->inputs = grove_alloc(&feed->allocator, columns * sizeof(grove_tensor));
    feed->ids = grove_alloc_zero(&feed->allocator, columns * size, sizeof(grove_id));
    feed->numbers = grove_alloc_zero(&feed->allocator, features * size, sizeof(grove_real));
    if (!feed->inputs || !feed->ids || !feed->numbers) {
        return grove_fail_memory(error, (columns + features) * size * sizeof(grove_real));
    }
    return find_inputs(feed, graph, schema, error);
}

void grove_feed_close(grove_feed *feed) {
    if (feed->allocator.resize) {
        grove_release(&feed->allocator, feed->inputs);
        grove_release(&feed->allocator, feed->ids);
        grove_release(&feed->allocator, feed->numbers);
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
    if (last_is_there && no_more && grove_dataset_features(dataset) == feed->numeric) {
        return GROVE_OK;
    }
    return grove_fail(error, GROVE_BAD_DATA,
                      "the dataset does not have the %zu columns of ids and %zu features that the "
                      "model wants",
                      feed->categorical, feed->numeric);
}

/* ---- the predictor --------------------------------------------------------------------------- */

struct grove_predictor {
    grove_feed feed;
    const grove_schema *schema;
    grove_tensor answer;
    grove_plan *plan;
    size_t classes;
    bool is_number;
    double center, deviation; /* by which it was scaled */
};

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
    grove_status status = open_predictor(p, graph, schema, batch > 0 ? batch : 256, threads, error);
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

static grove_status run(grove_predictor *p, size_t rows, float *probabilities, grove_error *error) {
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
    if (grove_rows_in_file(rows)) {
        grove_status status = grove_feed_file(&p->feed, rows, begin, count, error);
        return status == GROVE_OK ? run(p, count, probabilities, error) : status;
    }
    if (rows->rows) {
        grove_feed_rows(&p->feed, rows->dataset, rows->rows + begin, count);
    } else {
        feed_range(&p->feed, rows->dataset, begin, count);
    }
    return run(p, count, probabilities, error);
}

/* In double, so that a large mean costs no digits. */
static double in_units(const grove_predictor *p, float answer) {
    return p->center + p->deviation * (double)answer;
}

grove_status grove_predictor_raw(grove_predictor *predictor, grove_rows rows, float *probabilities,
                                 grove_error *error) {
    if (!predictor || !probabilities) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no predictor, or nowhere to answer");
    }
    size_t size = predictor->feed.size;
    grove_status status = grove_feed_fits(&predictor->feed, &rows, error);
    for (size_t begin = 0; begin < rows.count && status == GROVE_OK; begin += size) {
        size_t left = rows.count - begin, count = left < size ? left : size;
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
    for (size_t begin = 0; begin < rows.count && status == GROVE_OK; begin += size) {
        const size_t left = rows.count - begin, count = left < size ? left : size;
        grove_feed_rows(&p->feed, rows.dataset, rows.rows + begin, count);
        grove_feed_column(&p->feed, p->schema, column, rows.dataset, others + begin, count);
        status = run(p, count, probabilities + begin * p->classes, error);
    }
    return status;
}

grove_status grove_predictor_run(grove_predictor *predictor, grove_rows rows, float *probabilities,
                                 grove_error *error) {
    grove_status status = grove_predictor_raw(predictor, rows, probabilities, error);
    for (size_t i = 0; i < rows.count && status == GROVE_OK && predictor->is_number; i++) {
        probabilities[i] = (float)in_units(predictor, probabilities[i]);
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
        numbers[i] = in_units(p, answers[i]);
    }
    grove_release(&p->feed.allocator, answers);
    return status;
}

/* ---- one row of cells ------------------------------------------------------------------------ */

static grove_status bad_cell(const grove_predictor *p, size_t column, grove_cell cell,
                             const char *words, grove_error *error) {
    return grove_fail(error, GROVE_BAD_DATA, "column '%.80s': '%.*s' %s",
                      grove_schema_name(p->schema, column),
                      (int)(cell.length < 60 ? cell.length : 60), cell.bytes, words);
}

/* As grove_schema_encode: an empty cell is the mean, and said to be missing where that can be. */
static grove_status set_number(grove_predictor *p, size_t column, grove_cell cell, size_t *feature,
                               grove_error *error) {
    grove_real *to = p->feed.numbers + *feature;
    bool says_missing = grove_schema_missing(p->schema, column) > 0;
    bool missing = grove_schema_is_missing(p->schema, column, cell);
    double x = grove_schema_mean(p->schema, column);
    if (!missing && !grove_parse_number(cell.bytes, cell.length, &x)) {
        return bad_cell(p, column, cell, "is not a number", error);
    }
    x = (x - grove_schema_mean(p->schema, column)) / grove_schema_deviation(p->schema, column);
    if (!(fabs(x) <= (double)FLT_MAX)) {
        return bad_cell(p, column, cell, "is too far from the numbers of the training rows", error);
    }
    to[0] = (grove_real)(float)x;
    if (says_missing) {
        to[1] = missing;
    }
    *feature += says_missing ? 2 : 1;
    return GROVE_OK;
}

grove_status grove_predictor_row(grove_predictor *p, const grove_cell *cells, float *probabilities,
                                 grove_error *error) {
    if (!p || !cells || !probabilities) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "there is no predictor, no row, or nowhere to answer");
    }
    size_t ids = 0, feature = 0, columns = grove_schema_columns(p->schema);
    grove_status status = GROVE_OK;
    for (size_t c = 0; c < columns && status == GROVE_OK; c++) {
        grove_column_kind kind = grove_schema_kind(p->schema, c);
        if (kind == GROVE_COLUMN_CATEGORICAL) {
            p->feed.ids[ids++ * p->feed.size] = grove_schema_id(p->schema, c, cells[c]);
        } else if (kind == GROVE_COLUMN_NUMERIC) {
            status = set_number(p, c, cells[c], &feature, error);
        }
    }
    if (status == GROVE_OK) {
        status = run(p, 1, probabilities, error);
    }
    if (status == GROVE_OK && p->is_number) {
        probabilities[0] = (float)in_units(p, probabilities[0]);
    }
    return status;
}
