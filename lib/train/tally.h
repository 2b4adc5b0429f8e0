/* SPDX-License-Identifier: MIT
 *
 * tally.h - what all measures but the curves are made of: sums over rows, each row counted as often
 * as a weight says. So a resample costs one walk over the rows, whatever is measured.
 */
#ifndef GROVE_TRAIN_TALLY_H
#define GROVE_TRAIN_TALLY_H

#include "grove/metrics.h"
#include "grove/report.h"

enum { GROVE_TALLY_BINS = 15 };

/* What the measures have to know of a row. */
typedef struct grove_judged {
    double log_loss, brier;
    double top; /* its highest probability */
    uint32_t label, answer;
    uint16_t bin, hit; /* hit: its label is among the top k */
} grove_judged;

typedef struct grove_tally {
    size_t rows, right, hits;
    double log_loss, brier;
    struct {
        size_t right;
        double top;
    } bins[GROVE_TALLY_BINS];
    size_t classes;
    size_t *support, *predicted, *right_of; /* [classes] each */
} grove_tally;

/* All that can be told of so many rows, and nothing is: NaN. */
grove_metrics grove_no_metrics(grove_target_kind target, size_t rows);

/* -log p of the label, p kept off 0 by the rounding of a float. */
double grove_row_log_loss(const float *probabilities, grove_id label);

/* GROVE_BAD_DATA for a label out of range, and for what is no probability, NaN above all. */
grove_status grove_check_answers(const float *probabilities, const grove_id *labels, size_t rows,
                                 size_t classes, grove_error *error);

/* Judges a row by its probabilities [classes]. */
grove_judged grove_judge(const float *probabilities, size_t classes, grove_id label, size_t top_k);

/* Sums up rows [count], each as often as weights [count] says. */
void grove_tally_rows(grove_tally *tally, const grove_judged *rows, const uint32_t *weights,
                      size_t count);

/* Fills in measures [GROVE_MEASURES], all but those of curves, which stay as they are. */
void grove_tally_measures(const grove_tally *tally, double *measures);

#endif
