/* SPDX-License-Identifier: MIT
 *
 * cv.h - what a cross-validation found, and how it is told.
 */
#ifndef TOOLS_CV_H
#define TOOLS_CV_H

#include "common.h"

enum { CV_MOST_MEASURES = GROVE_SET_MEASURES };
_Static_assert((int)GROVE_MEASURES <= CV_MOST_MEASURES, "a measure has no room");

/* One model, tested on rows that nothing of it knows. */
typedef struct cv_round {
    size_t train, valid, test; /* rows */
    int epochs, best_epoch;
    double measures[CV_MOST_MEASURES]; /* those of cv_measure_name */
    double baseline; /* the accuracy of always answering the most frequent class, or set, in
                        training; of numbers NaN */
} cv_round;

typedef struct cv_result {
    const options *o;
    size_t rows, classes;
    grove_target_kind target;
    cv_round *rounds; /* [count], fold after fold, repeat after repeat */
    size_t count;
} cv_result;

/* The mean over rounds and where the true mean is with 95 % confidence; NaN where a round has NaN,
 * and no interval for less than two rounds. */
typedef struct cv_estimate {
    double mean, deviation, low, high;
} cv_estimate;
cv_estimate estimate_rounds(const cv_result *r, int measure);

/* Of classes those of grove/report.h, of sets of grove/report_sets.h; of numbers r2, the errors and
 * those of always answering the training rows' mean, and their median. */
int cv_measures(const cv_result *r);
const char *cv_measure_name(const cv_result *r, int measure);

void print_cv_header(const cv_result *r);
void print_cv_round(const cv_result *r, size_t round);
void print_cv_means(const cv_result *r);
json_t *json_cv(const cv_result *r);

#endif
