/* SPDX-License-Identifier: MIT
 *
 * predictor_row.c - the answer for one row of cells. */
#include <float.h>
#include <math.h>

#include "base/error.h"
#include "predictor.h"

static grove_status bad_cell(const grove_predictor *p, size_t column, grove_cell cell,
                             const char *words, grove_error *error) {
    return grove_fail(error, GROVE_BAD_DATA, "column '%.80s': '%.*s' %s",
                      grove_schema_name(p->schema, column),
                      (int)(cell.length < 60 ? cell.length : 60), cell.bytes, words);
}

/* Ids of no value (data.h). */
enum { UNKNOWN_ID = 0, MISSING_ID = 1 };

static grove_status set_id(const grove_predictor *p, size_t column, grove_cell cell, int32_t *id,
                           grove_error *error) {
    const grove_unknown_policy policy = grove_schema_form(p->schema, column)->unknown;
    *id = grove_schema_id(p->schema, column, cell);
    if (*id == UNKNOWN_ID && policy == GROVE_UNKNOWN_ERROR) {
        return bad_cell(p, column, cell, "is a category that training did not see", error);
    }
    if (*id == UNKNOWN_ID && policy == GROVE_UNKNOWN_MISSING &&
        grove_schema_count(p->schema, column, MISSING_ID) > 0) {
        *id = MISSING_ID;
    }
    return GROVE_OK;
}

/* As grove_schema_encode: an empty cell is the mean, and said to be missing where that can be. */
static grove_status set_number(grove_predictor *p, size_t column, grove_cell cell, size_t *feature,
                               grove_error *error) {
    grove_real *to = p->feed.numbers + *feature;
    bool says_missing = grove_schema_missing(p->schema, column) > 0;
    bool missing = grove_schema_is_missing(p->schema, column, cell);
    double x = grove_schema_mean(p->schema, column);
    if (missing && !says_missing &&
        grove_schema_form(p->schema, column)->unknown == GROVE_UNKNOWN_ERROR) {
        return bad_cell(p, column, cell, "is missing, as no number of this column was in training",
                        error);
    }
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

/* One bag holds no more than its longest, for which there is room behind those of other rows. */
static grove_status set_bag(grove_predictor *p, size_t column, size_t bag, grove_cell cell,
                            grove_error *error) {
    grove_bag_feed *feed = &p->feed.bags[bag];
    const size_t longest = (size_t)grove_schema_bag_size(p->schema, column).longest;
    int32_t *ids = grove_alloc(&p->feed.allocator, longest * sizeof *ids);
    float *weights = grove_alloc(&p->feed.allocator, longest * sizeof *weights);
    size_t count = 0;
    grove_status status =
        ids && weights ? grove_schema_bag_cell(p->schema, column, cell, ids, weights, &count, error)
                       : grove_fail_memory(error, longest * sizeof *ids);
    if (status == GROVE_OK) {
        grove_bag_begin(feed);
        grove_bag_add(feed, 0, feed->size, (grove_bag){ids, weights, count});
        grove_bag_end(feed, 1, feed->size);
    }
    grove_release(&p->feed.allocator, ids);
    grove_release(&p->feed.allocator, weights);
    return status;
}

grove_status grove_predictor_row(grove_predictor *p, const grove_cell *cells, float *probabilities,
                                 grove_error *error) {
    if (!p || !cells || !probabilities) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "there is no predictor, no row, or nowhere to answer");
    }
    size_t ids = 0, feature = 0, bags = 0, columns = grove_schema_columns(p->schema);
    grove_status status = GROVE_OK;
    for (size_t c = 0; c < columns && status == GROVE_OK; c++) {
        grove_column_kind kind = grove_schema_kind(p->schema, c);
        if (kind == GROVE_COLUMN_CATEGORICAL) {
            status = set_id(p, c, cells[c], &p->feed.ids[ids++ * p->feed.size], error);
        } else if (kind == GROVE_COLUMN_NUMERIC) {
            status = set_number(p, c, cells[c], &feature, error);
        } else if (kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_TEXT) {
            status = set_bag(p, c, bags++, cells[c], error);
        }
    }
    if (status == GROVE_OK) {
        status = grove_predictor_answer(p, 1, probabilities, error);
    }
    if (status == GROVE_OK && p->is_number) {
        probabilities[0] = (float)grove_predictor_units(p, probabilities[0]);
    }
    return status;
}
