/* SPDX-License-Identifier: MIT
 *
 * set_tally.h - judging rows of several classes one by one, and sums over them, each row counted by
 * a weight. So a resample costs one walk over the rows and their marks. The formulas stand in
 * grove/report_sets.h.
 */
#ifndef GROVE_TRAIN_SET_TALLY_H
#define GROVE_TRAIN_SET_TALLY_H

#include "grove/report_sets.h"

/* A class that a row has, or is answered with. */
typedef struct grove_set_mark {
    uint32_t label_class;
    uint16_t is_true, is_answer;
} grove_set_mark;

typedef struct grove_judged_set {
    double log_loss;
    double ranking, coverage; /* label_ranking_average_precision, coverage_error */
    size_t marks;             /* how many the row has */
    uint32_t support, predicted, right;
} grove_judged_set;

/* Whose classes are answered: those of `always` [classes], or where that is NULL those of the
 * threshold and above. */
typedef struct grove_set_judge {
    size_t classes;
    double threshold;
    const unsigned char *always;
} grove_set_judge;

/* Judges a row by its probabilities [classes] and truth [classes]; writes its marks [classes]. */
grove_judged_set grove_judge_set(const grove_set_judge *judge, const float *probabilities,
                                 const unsigned char *truth, grove_set_mark *marks);
/* Fills in .ranking and .coverage, which take classes x support steps. */
void grove_rank_set(const float *probabilities, const unsigned char *truth, size_t classes,
                    grove_judged_set *row);

/* -log p of what is, c or not c, with the weight `positive` of what is c. */
double grove_pair_log_loss(float probability, bool is_true, double positive);

typedef struct grove_set_tally {
    size_t classes;
    double *support, *predicted, *right; /* [classes] each */
    double rows, exact, wrong, log_loss, f1, jaccard, ranking, coverage;
} grove_set_tally;

/* All sums 0; the arrays stay. */
void grove_set_tally_begin(grove_set_tally *tally);
void grove_set_tally_row(grove_set_tally *tally, const grove_judged_set *row,
                         const grove_set_mark *marks, double weight);
/* Fills in measures [GROVE_SET_MEASURES], all but those of curves, which stay as they are. */
void grove_set_tally_measures(const grove_set_tally *tally, double *measures);

/* GROVE_BAD_DATA for a probability that is none, and for a truth that is not 0 or 1. */
grove_status grove_check_sets_answered(const float *probabilities, const unsigned char *truth,
                                       size_t rows, size_t classes, grove_error *error);

#endif
