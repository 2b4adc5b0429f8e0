/* SPDX-License-Identifier: MIT
 *
 * cv_sets.h - a cross-validation where rows have several classes. A rare class may be in no
 * training row of a round, so classes are those of all rows: a round that has not met one gives it
 * the probability 0, and is measured so.
 */
#ifndef TOOLS_CV_SETS_H
#define TOOLS_CV_SETS_H

#include "cv.h"
#include "job.h"
#include "sets.h"

/* Puts what the job's model says of its tested rows among probabilities [rows, all classes], and
 * measures it. */
grove_status cv_sets_test(const label_sets *sets, job *j, float *probabilities, cv_round *round);

#endif
