/* SPDX-License-Identifier: MIT
 *
 * curves.c - the area under the ROC curve, and average precision, of rows in the order of a score.
 */
#include "curves.h"

#include <math.h>

#include "base/error.h"
#include "base/sort.h"

grove_status grove_rank_rows(const float *probabilities, const grove_id *labels, size_t rows,
                             size_t classes, size_t class, const grove_allocator *allocator,
                             grove_ranked *ranked, grove_error *error) {
    size_t bytes = 0;
    grove_keyed *list =
        grove_multiply(rows, 2 * sizeof *list, &bytes) ? grove_alloc(allocator, bytes) : NULL;
    if (!list) {
        return grove_fail_memory(error, bytes);
    }
    for (size_t i = 0; i < rows; i++) {
        list[i] = (grove_keyed){~grove_key_of_float(probabilities[i * classes + class]), i};
    }
    grove_sort_keyed(list, rows, list + rows);
    for (size_t i = 0; i < rows; i++) {
        ranked[i] = (grove_ranked){.row = (uint32_t)list[i].item,
                                   .positive = (size_t)labels[list[i].item] == class,
                                   .ends = i + 1 == rows || list[i].key != list[i + 1].key};
    }
    grove_release(allocator, list);
    return GROVE_OK;
}

/* In whole numbers, twice the pairs: a positive is above each negative after it, and shares those
 * of its own score. So the order of summing rounds nothing. */
double grove_curve_area(const grove_ranked *ranked, size_t rows, const uint32_t *weights) {
    uint64_t positives = 0, negatives = 0, equal_positives = 0, equal_negatives = 0, pairs = 0;
    for (size_t i = 0; i < rows; i++) {
        const uint64_t weight = weights[ranked[i].row];
        equal_positives += ranked[i].positive ? weight : 0;
        equal_negatives += ranked[i].positive ? 0 : weight;
        if (ranked[i].ends) {
            pairs += equal_negatives * (2 * positives + equal_positives);
            positives += equal_positives;
            negatives += equal_negatives;
            equal_positives = equal_negatives = 0;
        }
    }
    return positives && negatives ? (double)pairs / (2 * (double)positives * (double)negatives)
                                  : (double)NAN;
}

double grove_curve_precision(const grove_ranked *ranked, size_t rows, const uint32_t *weights) {
    uint64_t positives = 0, all = 0, equal_positives = 0;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        const uint64_t weight = weights[ranked[i].row];
        all += weight;
        equal_positives += ranked[i].positive ? weight : 0;
        if (ranked[i].ends && equal_positives) {
            positives += equal_positives;
            sum += (double)equal_positives * ((double)positives / (double)all);
            equal_positives = 0;
        }
    }
    return positives ? sum / (double)positives : (double)NAN;
}
