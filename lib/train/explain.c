/* SPDX-License-Identifier: MIT
 *
 * explain.c - what lies behind a report's numbers: bins of confidence, points of curves,
 * accuracy by the frequency of categories.
 */
#include "grove/explain.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "curves.h"
#include "predictor.h"
#include "tally.h"

/* ---- confidence ------------------------------------------------------------------------------ */

grove_status grove_reliability(const float *probabilities, const grove_id *labels, size_t rows,
                               size_t classes, grove_reliability_bin bins[GROVE_RELIABILITY_BINS],
                               grove_error *error) {
    double sums[GROVE_RELIABILITY_BINS] = {0};
    grove_status status = grove_check_answers(probabilities, labels, rows, classes, error);
    for (int b = 0; b < GROVE_RELIABILITY_BINS; b++) {
        bins[b] = (grove_reliability_bin){.rows = 0};
    }
    for (size_t i = 0; i < rows && status == GROVE_OK; i++) {
        const grove_judged row = grove_judge(probabilities + i * classes, classes, labels[i], 1);
        bins[row.bin].rows++;
        bins[row.bin].right += row.answer == row.label;
        sums[row.bin] += row.top;
    }
    for (int b = 0; b < GROVE_RELIABILITY_BINS; b++) {
        bins[b].confidence = bins[b].rows ? sums[b] / (double)bins[b].rows : (double)NAN;
        bins[b].accuracy = grove_wilson(bins[b].right, bins[b].rows);
    }
    return status;
}

/* ---- curves ---------------------------------------------------------------------------------- */

typedef struct curve {
    const float *probabilities;
    size_t rows, classes, class;
    const grove_ranked *ranked; /* [rows] */
    double positives, negatives;
    grove_curve_point *points;
    size_t count, most;
} curve;

/* Of the rows from the highest score on, so many of the class and so many others. */
static grove_curve_point point_of(const curve *c, double threshold, double hits, double misses) {
    return (grove_curve_point){.threshold = threshold,
                               .false_positive_rate = misses / c->negatives,
                               .recall = hits / c->positives,
                               .precision = hits + misses > 0 ? hits / (hits + misses) : 1};
}

/* How far along the curve, from 0 to 2. */
static double place_of(const grove_curve_point *p) {
    return p->false_positive_rate + p->recall;
}

/* Both curves go the same way: up, and to the right. A point is kept when it has passed the next of
 * most - 2 equal steps; the first and the last one are kept in any case. */
static void walk(curve *c) {
    const double step = 2 / (double)(c->most - 2);
    double hits = 0, misses = 0;
    c->points[c->count++] = point_of(c, (double)INFINITY, 0, 0);
    for (size_t i = 0; i < c->rows; i++) {
        hits += c->ranked[i].positive;
        misses += !c->ranked[i].positive;
        if (!c->ranked[i].ends) {
            continue;
        }
        const double score = (double)c->probabilities[c->ranked[i].row * c->classes + c->class];
        const grove_curve_point point = point_of(c, score, hits, misses);
        const bool passed =
            floor(place_of(&point) / step) > floor(place_of(&c->points[c->count - 1]) / step);
        if (i + 1 == c->rows || c->rows < c->most - 1 || passed) {
            c->points[c->count++] = point;
        }
    }
}

static void count_class(curve *c, const grove_id *labels) {
    for (size_t i = 0; i < c->rows; i++) {
        c->positives += (size_t)labels[i] == c->class;
    }
    c->negatives = (double)c->rows - c->positives;
}

grove_status grove_curve_points(const float *probabilities, const grove_id *labels, size_t rows,
                                size_t classes, size_t class_index, size_t most,
                                const grove_allocator *allocator, grove_curve_point *points,
                                size_t *count, grove_error *error) {
    const grove_allocator own = grove_allocator_or_default(allocator);
    curve c = {.probabilities = probabilities,
               .rows = rows,
               .classes = classes,
               .class = class_index,
               .points = points,
               .most = most};
    size_t bytes = 0;
    *count = 0;
    if (most < 3 || class_index >= classes) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "curve: class %zu of %zu, %zu points: there must be such a class, and 3 "
                          "points or more",
                          class_index, classes, most);
    }
    grove_status status = grove_check_answers(probabilities, labels, rows, classes, error);
    count_class(&c, labels);
    if (status != GROVE_OK || c.positives == 0 || c.negatives == 0) {
        return status;
    }
    grove_ranked *ranked =
        grove_multiply(rows, sizeof *ranked, &bytes) ? grove_alloc(&own, bytes) : NULL;
    status = ranked ? grove_rank_rows(probabilities, labels, rows, classes, class_index, &own,
                                      ranked, error)
                    : grove_fail_memory(error, bytes);
    if (status == GROVE_OK) {
        c.ranked = ranked;
        walk(&c);
        *count = c.count;
    }
    grove_release(&own, ranked);
    return status;
}

/* ---- frequency ------------------------------------------------------------------------------- */

enum { UNKNOWN_BIN, MISSING_BIN, FIRST_BIN };

static int bin_of(int64_t count) {
    int bin = FIRST_BIN;
    for (; count >= 10 && bin + 1 < GROVE_FREQUENCY_BINS; bin++) {
        count /= 10;
    }
    return bin;
}

static int bin_of_cell(const grove_schema *schema, size_t column, int32_t id) {
    const int64_t count = grove_schema_count(schema, column, id);
    return id == 0 ? UNKNOWN_BIN : id == 1 ? MISSING_BIN : bin_of(count);
}

/* Values of a hashed column are not counted: it has no vocabulary. */
static bool is_counted(const grove_schema *schema, size_t column) {
    return grove_schema_form(schema, column)->buckets == 0;
}

/* By the rarest of its categories; -1 where none is counted. */
static int bin_of_row(const grove_schema *schema, const grove_dataset *dataset, size_t row) {
    int64_t rarest = INT64_MAX;
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        const int32_t id = grove_dataset_ids(dataset, i)[row];
        const size_t column = (size_t)grove_schema_categorical(schema, i);
        if (is_counted(schema, column)) {
            const int64_t count = id == 0 ? 0 : grove_schema_count(schema, column, id);
            rarest = count < rarest ? count : rarest;
        }
    }
    return rarest == INT64_MAX ? -1 : rarest == 0 ? UNKNOWN_BIN : bin_of(rarest);
}

static void name_bins(grove_frequency_bin *bins) {
    int64_t least = 1;
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        bins[b] = (grove_frequency_bin){.rows = 0};
        if (b >= FIRST_BIN) {
            bins[b].least = least;
            bins[b].most = b + 1 < GROVE_FREQUENCY_BINS ? 10 * least - 1 : INT64_MAX;
            least *= 10;
        }
    }
}

/* Which categorical column it is, -1 if none. */
static int categorical_of(const grove_schema *schema, size_t column) {
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        if (grove_schema_categorical(schema, i) == (int)column) {
            return (int)i;
        }
    }
    return -1;
}

static bool can_count(const grove_schema *schema, size_t column) {
    return column == GROVE_ALL_COLUMNS ||
           (categorical_of(schema, column) >= 0 && is_counted(schema, column));
}

static int bin_at(const grove_schema *schema, const grove_dataset *dataset, size_t column,
                  size_t row) {
    if (column == GROVE_ALL_COLUMNS) {
        return bin_of_row(schema, dataset, row);
    }
    const size_t which = (size_t)categorical_of(schema, column);
    return bin_of_cell(schema, column, grove_dataset_ids(dataset, which)[row]);
}

grove_status grove_accuracy_by_frequency(const grove_schema *schema, grove_rows rows,
                                         const float *probabilities, size_t classes, size_t column,
                                         grove_frequency_bin bins[GROVE_FREQUENCY_BINS],
                                         grove_error *error) {
    const grove_id *labels = grove_dataset_labels(rows.dataset);
    name_bins(bins);
    if (!labels || !can_count(schema, column)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "accuracy by frequency needs labels, and a categorical column with a "
                          "vocabulary");
    }
    for (size_t i = 0; i < rows.count; i++) {
        const size_t row = grove_row_at(&rows, i);
        const float *p = probabilities + i * classes;
        grove_status status = grove_check_answers(p, labels + row, 1, classes, error);
        if (status != GROVE_OK) {
            return status;
        }
        const grove_judged judged = grove_judge(p, classes, labels[row], 1);
        const int bin = bin_at(schema, rows.dataset, column, row);
        if (bin >= 0) {
            bins[bin].rows++;
            bins[bin].right += judged.answer == judged.label;
        }
    }
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        bins[b].accuracy = grove_wilson(bins[b].right, bins[b].rows);
    }
    return GROVE_OK;
}

grove_status grove_error_by_frequency(const grove_schema *schema, grove_rows rows,
                                      const double *errors, size_t column,
                                      const grove_allocator *allocator,
                                      grove_frequency_bin bins[GROVE_FREQUENCY_BINS],
                                      grove_error *error) {
    const grove_allocator own = grove_allocator_or_default(allocator);
    name_bins(bins);
    if (!can_count(schema, column)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "error by frequency needs a categorical column with a vocabulary");
    }
    double *of_bin = grove_alloc_zero(&own, rows.count + 1, sizeof *of_bin);
    if (!of_bin) {
        return grove_fail_memory(error, (rows.count + 1) * sizeof *of_bin);
    }
    for (int b = 0; b < GROVE_FREQUENCY_BINS; b++) {
        for (size_t i = 0; i < rows.count; i++) {
            if (bin_at(schema, rows.dataset, column, grove_row_at(&rows, i)) == b) {
                of_bin[bins[b].rows++] = errors[i];
            }
        }
        bins[b].error = grove_mean_estimate(of_bin, bins[b].rows);
    }
    grove_release(&own, of_bin);
    return GROVE_OK;
}
